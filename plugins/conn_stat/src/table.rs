//! Small entries, found by the hash that each of them carries.
//!
//! Open addressing with linear probing: the entries of a search stand one behind the other, so nearly every search
//! reads one cache line. An entry that goes is filled from behind, so that nothing marks where it was.

/// What stands in a table.
pub(crate) trait Entry: Copy + Default {
    /// The hash that it is found by, as [`hash_of`] makes it; 0 is that of a free place.
    fn hash(&self) -> u32;
}

/// A hash that is not 0.
pub(crate) fn hash_of(hash: u64) -> u32 {
    /// The highest bit decides nothing: a table of so many places would not fit in memory.
    const IN_USE: u32 = 1 << 31;
    (hash >> 32) as u32 | IN_USE
}

/// The entries; their places are a power of two.
pub(crate) struct Table<E> {
    places: Vec<E>,
    len: usize,
}

impl<E: Entry> Default for Table<E> {
    fn default() -> Self {
        Self { places: vec![E::default(); 16], len: 0 }
    }
}

impl<E: Entry> Table<E> {
    /// Where the entry with this hash stands of which `is_it` says that it is the one.
    #[inline]
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(&E) -> bool) -> Option<usize> {
        let mut at = self.home(hash);
        loop {
            let entry = &self.places[at];
            if entry.hash() == hash && is_it(entry) {
                return Some(at);
            }
            if entry.hash() == 0 {
                return None;
            }
            at = self.behind(at);
        }
    }

    /// Asks for the memory in which a search for this hash begins.
    #[inline]
    pub(crate) fn ask_for(&self, hash: u32) {
        weir_sdk::prefetch(&self.places[self.home(hash)]);
    }

    /// The entry at a place that [`find`](Self::find) gave.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> &E {
        &self.places[place]
    }

    /// The same, to be changed.
    #[inline]
    pub(crate) fn at(&mut self, place: usize) -> &mut E {
        &mut self.places[place]
    }

    /// Adds an entry that is not there.
    pub(crate) fn insert(&mut self, entry: E) {
        if (self.len + 1) * 4 > self.places.len() * 3 {
            self.grow();
        }
        self.len += 1;
        self.put(entry);
    }

    /// Takes out what stands at a place. Entries behind it may move up, into it or a later place.
    pub(crate) fn remove(&mut self, place: usize) {
        self.len -= 1;
        let (mut free, mut at) = (place, self.behind(place));
        while self.places[at].hash() != 0 {
            let way = self.distance(self.home(self.places[at].hash()), at);
            // It may stand in the free place if that is no farther from where it is than its home.
            if way >= self.distance(free, at) {
                self.places[free] = self.places[at];
                free = at;
            }
            at = self.behind(at);
        }
        self.places[free] = E::default();
    }

    #[cold]
    fn grow(&mut self) {
        let places = vec![E::default(); self.places.len() * 2];
        let old = std::mem::replace(&mut self.places, places);
        old.into_iter().filter(|entry| entry.hash() != 0).for_each(|entry| self.put(entry));
    }

    fn put(&mut self, entry: E) {
        let mut at = self.home(entry.hash());
        while self.places[at].hash() != 0 {
            at = self.behind(at);
        }
        self.places[at] = entry;
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.places.len() - 1)
    }

    #[inline]
    fn behind(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }

    /// How many steps lead from one place to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.places.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Default)]
    struct Number {
        hash: u32,
        number: u32,
    }

    impl Entry for Number {
        fn hash(&self) -> u32 {
            self.hash
        }
    }

    #[test]
    fn entries_that_share_their_places_are_found_until_they_are_removed() {
        // Few hashes, at the end of the table too, so that searches run into each other and around.
        let hash = |number: u32| hash_of(u64::from(number % 7 * 5 + 10) << 32);
        let mut table = Table::default();
        let mut there = std::collections::BTreeSet::new();
        for step in 0..4000_u32 {
            let number = step * step % 97;
            let found = table.find(hash(number), |entry: &Number| entry.number == number);
            assert_eq!(found.is_some(), there.contains(&number), "step {step}");
            match found {
                Some(place) => {
                    table.remove(place);
                    there.remove(&number);
                }
                None => {
                    table.insert(Number { hash: hash(number), number });
                    there.insert(number);
                }
            }
            assert_eq!(table.len, there.len());
        }
        for number in 0..97 {
            let found = table.find(hash(number), |entry| entry.number == number);
            assert_eq!(found.is_some(), there.contains(&number));
        }
    }
}
