//! What the walks over the records of both formats share: where they stand, what they fill, why they stop.

use super::Record;
use super::error::Fault;

/// Most bytes one packet may have captured: libpcap's MAXIMUM_SNAPLEN. More is taken for damage.
pub(super) const MAX_CAPTURED: u32 = 262_144;

/// The bytes at hand and the place the walk has come to.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }
}

/// The records collected so far and how many are wanted.
pub(super) struct Batch<'a> {
    pub(super) records: &'a mut Vec<Record>,
    pub(super) limit: usize,
}

impl Batch<'_> {
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= self.limit
    }
}

/// Why a walk went no further. The cursor stands at the first record that was not passed.
#[derive(Debug)]
pub(super) enum Stop {
    /// The batch has as many records as were asked for.
    Full,
    /// The next record needs this many bytes from the cursor on, and the window has fewer.
    Wants(usize),
    /// The next record cannot be read.
    Bad(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Bad(fault)
    }
}

/// A captured length, if a packet may have it.
#[inline]
pub(super) fn checked_captured_len(claimed: u32) -> Result<u32, Fault> {
    if claimed > MAX_CAPTURED { Err(Fault::CapturedTooLong { claimed }) } else { Ok(claimed) }
}
