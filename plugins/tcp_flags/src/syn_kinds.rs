//! Kinds of the options of SYN segments in, the same in their order out.
//!
//! Nearly all SYN segments are made of a handful of kinds: as many as are kept of those fit in one word.

use weir_sdk::ArrayVec;

use crate::rare::{Kept, Rare};

/// So many kinds are kept.
pub(crate) const MAX_SYN_KINDS: usize = 20;
/// NOP, maximum segment size, window scale, SACK permitted, timestamps, Multipath TCP, Fast Open. The code of a
/// kind is its place in here, from 1 on, so that 0 is none.
const COMMON: [u8; 7] = [1, 2, 3, 4, 8, 30, 34];
const CODE_BITS: usize = 3;
const CODE: u64 = (1 << CODE_BITS) - 1;
/// All kinds stand in the list for those that are not common. Codes never reach the highest bits.
const ELSEWHERE: u64 = u64::MAX;

/// The kinds of a direction: their codes, the first one lowest.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SynKinds(u64);

impl SynKinds {
    /// Adds a kind; without room it is left out, which the column says.
    pub(crate) fn push(&mut self, kind: u8, rare: &mut Rare) {
        match code(kind) {
            Some(code) if self.0 != ELSEWHERE => self.push_code(code),
            _ => self.push_elsewhere(kind, rare),
        }
    }

    /// Whether they stand in what the direction keeps, and not in here.
    pub(crate) fn are_elsewhere(self) -> bool {
        self.0 == ELSEWHERE
    }

    /// Equal for equal kinds, unless they stand elsewhere.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// The kinds of a direction that keeps this.
    pub(crate) fn all(self, kept: &Kept) -> ArrayVec<u8, MAX_SYN_KINDS> {
        if self.0 == ELSEWHERE { kept.syn_kinds.clone() } else { self.decode() }
    }

    fn push_code(&mut self, code: u64) {
        let len = self.len();
        if len < MAX_SYN_KINDS {
            self.0 |= code << (len * CODE_BITS);
        }
    }

    #[cold]
    fn push_elsewhere(&mut self, kind: u8, rare: &mut Rare) {
        if self.0 != ELSEWHERE {
            if self.len() == MAX_SYN_KINDS {
                return;
            }
            rare.get_or_make().syn_kinds = self.decode();
            self.0 = ELSEWHERE;
        }
        let _ = rare.get_or_make().syn_kinds.try_push(kind);
    }

    fn len(self) -> usize {
        (u64::BITS - self.0.leading_zeros()).div_ceil(CODE_BITS as u32) as usize
    }

    fn decode(self) -> ArrayVec<u8, MAX_SYN_KINDS> {
        let codes = (0..self.len()).map(|place| self.0 >> (place * CODE_BITS) & CODE);
        codes.map(|code| COMMON[code as usize - 1]).collect()
    }
}

fn code(kind: u8) -> Option<u64> {
    COMMON.iter().position(|&common| common == kind).map(|place| place as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether these kinds come back as they are, cut to as many as are kept; and whether that took a box.
    fn check(kinds: &[u8]) -> bool {
        let (mut own, mut rare) = (SynKinds::default(), Rare::default());
        kinds.iter().for_each(|&kind| own.push(kind, &mut rare));
        let kept = &kinds[..kinds.len().min(MAX_SYN_KINDS)];
        assert_eq!(own.all(rare.get().unwrap_or(&Kept::default())).as_slice(), kept);
        rare.get().is_some()
    }

    #[test]
    fn as_many_common_kinds_as_are_kept_need_no_box() {
        assert!(!check(&[]));
        assert!(!check(&[2, 4, 8, 1, 3]));
        for kind in COMMON {
            assert!(!check(&[kind; MAX_SYN_KINDS]));
            assert!(!check(&[kind; MAX_SYN_KINDS + 1]));
        }
    }

    #[test]
    fn a_kind_that_is_not_common_keeps_its_place() {
        for place in 0..MAX_SYN_KINDS {
            let mut kinds = [1, 2, 3, 4, 8, 30, 34].repeat(3);
            kinds[place] = 19;
            assert!(check(&kinds));
            kinds[place] = 0;
            assert!(check(&kinds));
        }
        assert!(check(&[255; 2 * MAX_SYN_KINDS]));
    }

    #[test]
    fn a_kind_without_room_needs_no_box() {
        let mut kinds = [8; MAX_SYN_KINDS + 1];
        kinds[MAX_SYN_KINDS] = 19;
        assert!(!check(&kinds));
    }
}
