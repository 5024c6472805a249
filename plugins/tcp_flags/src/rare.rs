//! What few directions need, kept apart so that all the others stay small.

use weir_sdk::ArrayVec;

use crate::header_options::HeaderOptions;
use crate::ip::Fragments;
use crate::options::Multipath;
use crate::syn_kinds::MAX_SYN_KINDS;

/// Made when the first of it turns up.
#[derive(Default)]
pub(crate) struct Rare(Option<Box<Kept>>);

/// What such a direction keeps; each subject has its part.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) header_options: HeaderOptions,
    pub(crate) fragments: Fragments,
    pub(crate) ttl_changes: u32,
    pub(crate) multipath: Multipath,
    pub(crate) syn_kinds: ArrayVec<u8, MAX_SYN_KINDS>,
    /// Plain segments with a window of 0.
    pub(crate) zero_windows: u32,
    /// How often the sum of bytes sent, or acknowledged, reached another 2^32.
    pub(crate) sent_carry: u32,
    pub(crate) acked_carry: u32,
}

impl Rare {
    pub(crate) fn get(&self) -> Option<&Kept> {
        self.0.as_deref()
    }

    #[cold]
    pub(crate) fn get_or_make(&mut self) -> &mut Kept {
        self.0.get_or_insert_default()
    }
}
