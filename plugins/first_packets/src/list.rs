//! The packets listed of a flow: the first of them beside the flow's other state, which is all that many flows have.

use std::ops::Deref;

use weir_sdk::ArrayVec;

use crate::Listed;

/// Packets that need no memory of their own.
pub(crate) const FEW: usize = 4;
/// Room for all that may be listed is made at once if they are no more than these: a list that grows by doubling moves
/// its packets several times, and leaves holes of all sizes behind.
pub(crate) const MOST_AT_ONCE: usize = 64;

/// Packets in order.
pub(crate) enum List {
    Few(ArrayVec<Listed, FEW>),
    Many(Vec<Listed>),
}

impl Default for List {
    fn default() -> Self {
        Self::Few(ArrayVec::new_const())
    }
}

impl List {
    /// Adds a packet to a list that will have `most` at most.
    #[inline]
    pub(crate) fn push(&mut self, packet: Listed, most: usize) {
        match self {
            Self::Few(few) if !few.is_full() => few.push(packet),
            Self::Few(few) => {
                let mut many = Vec::with_capacity(if most <= MOST_AT_ONCE { most } else { 4 * FEW });
                many.extend_from_slice(few);
                many.push(packet);
                *self = Self::Many(many);
            }
            Self::Many(many) => many.push(packet),
        }
    }
}

impl Deref for List {
    type Target = [Listed];

    #[inline]
    fn deref(&self) -> &[Listed] {
        match self {
            Self::Few(few) => few,
            Self::Many(many) => many,
        }
    }
}
