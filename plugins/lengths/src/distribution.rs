//! All lengths of a flow: exact quartiles in bounded memory.
//!
//! Most flows have few packets, whose lengths stand beside the flow's other state. Those of longer flows are gathered
//! elsewhere and turned into counts before there are more of them than lengths that differ (`counts.rs`).

use weir_sdk::ArrayVec;

use crate::counts::Counts;
use crate::ordered::Ordered;

/// Lengths of a flow that need no memory of their own.
pub(crate) const FEW: usize = 22;

/// Every length of a flow, in no order.
pub(crate) enum Distribution {
    Few(ArrayVec<u16, FEW>),
    Many(Box<Counts>),
}

impl Default for Distribution {
    fn default() -> Self {
        Self::Few(ArrayVec::new_const())
    }
}

impl Distribution {
    #[inline]
    pub(crate) fn add(&mut self, len: u32) {
        match (self, u16::try_from(len)) {
            (Self::Few(few), Ok(short)) if !few.is_full() => few.push(short),
            (Self::Many(counts), _) => counts.add(len),
            (distribution, _) => distribution.add_to_many(len),
        }
    }

    #[cold]
    fn add_to_many(&mut self, len: u32) {
        if let Self::Few(few) = self {
            let mut counts = Box::<Counts>::default();
            few.iter().for_each(|&len| counts.add(len.into()));
            *self = Self::Many(counts);
        }
        if let Self::Many(counts) = self {
            counts.add(len);
        }
    }

    /// The lengths in order.
    pub(crate) fn ordered(&self) -> Ordered {
        match self {
            Self::Few(few) => Ordered::of_few(few.clone()),
            Self::Many(counts) => counts.ordered(),
        }
    }
}
