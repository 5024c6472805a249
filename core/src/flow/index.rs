//! Key → slot: a hash index of eight-byte entries, made to be prefetched a batch ahead.
//!
//! Open addressing with linear probing. An entry holds 32 bits of the hash and the slot, so a probe
//! compares hashes before it touches a record, growing never reads a record, and a cache line holds
//! eight entries. `hashbrown` searches small tables faster, but gives no way to prefetch a group, and
//! takes three times as long among a million flows; `docs/performance.md` has the figures of both.

use crate::memory::{prefetch, want_huge_pages};

/// An index from hashes to slots. Whether a slot's key is really equal is the caller's to say.
pub struct Index {
    /// Hash in the upper half, slot + 1 in the lower; 0 is empty.
    entries: Box<[u64]>,
    occupied: usize,
}

const FEWEST: usize = 1024;

impl Default for Index {
    fn default() -> Self {
        Self { entries: vec![0; FEWEST].into_boxed_slice(), occupied: 0 }
    }
}

impl Index {
    /// Asks for the cache line where a search for `hash` will begin.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        prefetch(&self.entries[self.home(hash as u32)]);
    }

    /// The first slot whose hash fits, without a look at its key: what to prefetch next.
    #[inline]
    pub fn guess(&self, hash: u64) -> Option<u32> {
        self.find(hash, |_| true)
    }

    /// The slot with this hash whose key `is_equal` accepts.
    #[inline]
    pub fn find(&self, hash: u64, mut is_equal: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash as u32);
        loop {
            let entry = self.entries[at];
            if entry == 0 {
                return None;
            }
            if (entry >> 32) as u32 == hash as u32 && is_equal(slot_of(entry)) {
                return Some(slot_of(entry));
            }
            at = self.next(at);
        }
    }

    /// Adds a slot that is not in the index.
    pub fn insert(&mut self, hash: u64, slot: u32) {
        // At most five eighths full, so that probes stay short.
        if self.occupied * 8 >= self.entries.len() * 5 {
            self.grow();
        }
        self.occupied += 1;
        self.place((hash & 0xffff_ffff) << 32 | u64::from(slot + 1));
    }

    /// Takes a slot out; does nothing if it is not there.
    pub fn remove(&mut self, hash: u64, slot: u32) {
        let wanted = (hash & 0xffff_ffff) << 32 | u64::from(slot + 1);
        let mut at = self.home(hash as u32);
        while self.entries[at] != wanted {
            if self.entries[at] == 0 {
                return;
            }
            at = self.next(at);
        }
        self.occupied -= 1;
        self.close_gap(at);
    }

    /// Moves later entries of the probe run back, so that no search stops short at the gap.
    fn close_gap(&mut self, mut gap: usize) {
        let mask = self.entries.len() - 1;
        let mut at = gap;
        loop {
            at = self.next(at);
            let entry = self.entries[at];
            if entry == 0 {
                break;
            }
            let home = self.home((entry >> 32) as u32);
            // It may move if its home is not between the gap and where it stands.
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(gap) & mask) {
                self.entries[gap] = entry;
                gap = at;
            }
        }
        self.entries[gap] = 0;
    }

    fn grow(&mut self) {
        let larger = zeroed(self.entries.len() * 2);
        let entries = std::mem::replace(&mut self.entries, larger);
        entries.iter().filter(|&&entry| entry != 0).for_each(|&entry| self.place(entry));
    }

    fn place(&mut self, entry: u64) {
        let mut at = self.home((entry >> 32) as u32);
        while self.entries[at] != 0 {
            at = self.next(at);
        }
        self.entries[at] = entry;
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.entries.len() - 1)
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        (at + 1) & (self.entries.len() - 1)
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.entries.len() * size_of::<u64>()
    }
}

fn zeroed(entries: usize) -> Box<[u64]> {
    let mut memory = Vec::with_capacity(entries);
    want_huge_pages(memory.spare_capacity_mut());
    memory.resize(entries, 0);
    memory.into_boxed_slice()
}

#[inline]
fn slot_of(entry: u64) -> u32 {
    entry as u32 - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// Few distinct hashes, so that runs are long and wrap around.
        #[test]
        fn behaves_like_a_map(steps in prop::collection::vec((any::<bool>(), 0u64..40, 0u32..200), 0..600)) {
            let mut index = Index::default();
            let mut map: HashMap<u32, u64> = HashMap::new();
            for (insert, hash, slot) in steps {
                let hash = hash + 1000;
                if insert && !map.contains_key(&slot) {
                    index.insert(hash, slot);
                    map.insert(slot, hash);
                } else if let Some(hash) = map.remove(&slot) {
                    index.remove(hash, slot);
                }
            }
            for slot in 0..200 {
                let found = (1000..1040).find(|&hash| index.find(hash, |found| found == slot).is_some());
                prop_assert_eq!(found, map.get(&slot).copied());
            }
        }
    }

    #[test]
    fn grows_beyond_its_first_size_and_keeps_every_slot() {
        let mut index = Index::default();
        (0..5000).for_each(|slot| index.insert(u64::from(slot) * 7919, slot));
        assert!(
            (0..5000).all(|slot| index.find(u64::from(slot) * 7919, |found| found == slot) == Some(slot))
        );
    }
}
