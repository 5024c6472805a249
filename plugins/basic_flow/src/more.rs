//! What few directions need beyond the first of each kind: further chains, MAC addresses, and VLAN tags.

use weir_sdk::{ArrayVec, Mac};

use crate::chains::LaterChains;
use crate::{MAX_MACS, MAX_VLAN_TAGS, VLAN_TAGS_IN_PLACE};

/// Made when the first of it turns up.
#[derive(Default)]
pub(crate) struct More(Option<Box<Kept>>);

/// What stands behind the first ones, in order of appearance.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) chains: LaterChains,
    pub(crate) src_macs: LaterMacs,
    pub(crate) dst_macs: LaterMacs,
    pub(crate) vlan_ids: ArrayVec<u16, { MAX_VLAN_TAGS - VLAN_TAGS_IN_PLACE }>,
}

/// Distinct MAC addresses behind the first one.
#[derive(Default)]
pub(crate) struct LaterMacs(ArrayVec<Mac, { MAX_MACS - 1 }>);

impl More {
    pub(crate) fn get(&self) -> Option<&Kept> {
        self.0.as_deref()
    }

    #[cold]
    pub(crate) fn get_or_make(&mut self) -> &mut Kept {
        self.0.get_or_insert_default()
    }
}

impl LaterMacs {
    /// Keeps an address that is new, as long as there is room.
    pub(crate) fn remember(&mut self, mac: Mac) {
        if !self.0.contains(&mac) {
            // Without room the address is left out, which the column says.
            let _ = self.0.try_push(mac);
        }
    }

    pub(crate) fn as_slice(&self) -> &[Mac] {
        &self.0
    }
}
