//! Values by number: those of a column that repeat themselves are written once.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::BuildHasher;

use crate::sink::cell::Address;

/// An odd number whose product with another one has that one's low bits spread over its high ones.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Different numbers, in the order in which they came first.
#[derive(Default)]
pub(super) struct Numbers {
    /// One more than the place of a number in `keys`, and nothing where it is zero.
    slots: Vec<u32>,
    keys: Vec<u64>,
}

impl Numbers {
    /// Numbers the values, unless more than `limit` of them are different.
    pub(super) fn number(
        &mut self,
        values: impl ExactSizeIterator<Item = u64>,
        limit: usize,
        places: &mut Vec<u32>,
    ) -> bool {
        let bits = (4 * limit.min(values.len())).next_power_of_two().trailing_zeros().max(4);
        self.slots.clear();
        self.slots.resize(1 << bits, 0);
        self.keys.clear();
        places.clear();
        places.reserve(values.len());
        for value in values {
            let place = self.place(value, u64::BITS - bits);
            if self.keys.len() > limit {
                return false;
            }
            places.push(place);
        }
        true
    }

    /// Many numbers have only low bits, and floats mostly high ones: a product with an odd number spreads the low
    /// bits, and the high ones are folded onto them first.
    #[inline(always)]
    fn place(&mut self, value: u64, shift: u32) -> u32 {
        let mask = self.slots.len() - 1;
        let mut slot = ((value ^ value >> 32).wrapping_mul(SPREAD) >> shift) as usize;
        loop {
            match self.slots[slot & mask] {
                0 => break,
                known if self.keys[known as usize - 1] == value => return known - 1,
                _ => slot += 1,
            }
        }
        self.keys.push(value);
        self.slots[slot & mask] = self.keys.len() as u32;
        self.keys.len() as u32 - 1
    }

    /// The different numbers.
    pub(super) fn keys(&self) -> &[u64] {
        &self.keys
    }
}

/// Different texts or addresses, in the order in which they came first.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    table: HashTable<u32>,
    /// Addresses stand beside their numbers: few of them are met again soon, and to look one up where all texts stand
    /// costs two misses of the cache more.
    addresses: HashTable<(Address, u32)>,
    hasher: RandomState,
}

impl Texts {
    /// The number of a text.
    pub(super) fn number(&mut self, text: &[u8]) -> u32 {
        let Self { bytes, ends, table, hasher, .. } = self;
        let of = |bytes: &[u8]| hasher.hash_one(bytes);
        let known = |&number: &u32| part(bytes, ends, number);
        match table.entry(of(text), |number| known(number) == text, |number| of(known(number))) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let number = append(bytes, ends, text);
                place.insert(number);
                number
            }
        }
    }

    /// The number of an address.
    pub(super) fn number_of_address(&mut self, address: &Address) -> u32 {
        let Self { bytes, ends, addresses, hasher, .. } = self;
        let of = |address: &Address| hasher.hash_one(address);
        match addresses.entry(of(address), |(known, _)| known == address, |(known, _)| of(known)) {
            Entry::Occupied(known) => known.get().1,
            Entry::Vacant(place) => {
                let number = append(bytes, ends, address);
                place.insert((*address, number));
                number
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + 8 * self.ends.len()
    }

    /// The different texts.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).map(|number| part(&self.bytes, &self.ends, number))
    }

    /// Forgets them and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.table.clear();
        self.addresses.clear();
    }
}

/// Texts that were numbered a moment ago, by a few bits of them: most come again soon, and to compare them costs less than to
/// look them up among all.
pub(super) struct Recent<'a>([Option<(&'a [u8], u32)>; 1 << RECENT_BITS]);

const RECENT_BITS: u32 = 6;

impl Default for Recent<'_> {
    fn default() -> Self {
        Self([None; 1 << RECENT_BITS])
    }
}

impl<'a> Recent<'a> {
    /// The number that a text has in `texts`.
    pub(super) fn number(&mut self, text: &'a [u8], texts: &mut Texts) -> u32 {
        let recent = &mut self.0[bits_of(text)];
        match *recent {
            Some((known, number)) if known == text => number,
            _ => {
                let number = texts.number(text);
                *recent = Some((text, number));
                number
            }
        }
    }
}

/// A few bits of the length, the first bytes, and the last ones.
fn bits_of(text: &[u8]) -> usize {
    let ends = text.first_chunk().zip(text.last_chunk());
    let mixed = match ends {
        Some((&first, &last)) => u64::from_le_bytes(first) ^ u64::from_le_bytes(last).rotate_left(29),
        None => text.iter().fold(0, |all, &byte| all << 8 | u64::from(byte)),
    };
    ((mixed ^ text.len() as u64).wrapping_mul(SPREAD) >> (u64::BITS - RECENT_BITS)) as usize
}

/// Appends a text that is not there, and gives its number.
fn append(bytes: &mut Vec<u8>, ends: &mut Vec<u32>, text: &[u8]) -> u32 {
    bytes.extend_from_slice(text);
    ends.push(bytes.len() as u32);
    ends.len() as u32 - 1
}

fn part<'a>(bytes: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let end_of = |number: usize| ends[number] as usize;
    let start = (number as usize).checked_sub(1).map_or(0, end_of);
    &bytes[start..end_of(number as usize)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbered_as_they_come() {
        let (mut numbers, mut places) = (Numbers::default(), Vec::new());
        assert!(numbers.number([7, 0, 7, u64::MAX, 0].into_iter(), 3, &mut places));
        assert_eq!((numbers.keys(), &places[..]), (&[7, 0, u64::MAX][..], &[0, 1, 0, 2, 1][..]));
        assert!(!numbers.number([1, 2, 3, 4].into_iter(), 3, &mut places));
        assert!(numbers.number((0..10_000u32).map(u64::from), 10_000, &mut places));
        assert!(places.iter().copied().eq(0..10_000));
    }

    #[test]
    fn recent_texts_have_the_numbers_that_all_have() {
        let texts: Vec<String> =
            (0..3000).map(|n: u32| "x".repeat(n as usize % 20) + &(n % 7).to_string()).collect();
        let (mut direct, mut behind, mut recent) = (Texts::default(), Texts::default(), Recent::default());
        for text in &texts {
            let text = text.as_bytes();
            assert_eq!(recent.number(text, &mut behind), direct.number(text));
        }
        assert_eq!(recent.number(b"", &mut behind), direct.number(b""));
        assert_eq!(behind.len(), direct.len());
    }

    #[test]
    fn addresses_have_the_numbers_that_their_texts_would_have() {
        let (mut addresses, mut texts) = (Texts::default(), Texts::default());
        for round in 0..2 {
            for n in 0..3000u32 {
                let mut address = [0; 17];
                address[..4].copy_from_slice(&(n % 700 * 7919).to_le_bytes());
                address[16] = (n % 3) as u8;
                assert_eq!(addresses.number_of_address(&address), texts.number(&address), "{round}, {n}");
            }
            assert!(addresses.iter().eq(texts.iter()));
            addresses.clear();
            texts.clear();
            assert_eq!(addresses.len(), 0);
        }
    }

    #[test]
    fn texts_are_numbered_as_they_come() {
        let mut texts = Texts::default();
        let numbers = [&b"a"[..], b"", b"bc", b"a", b""].map(|text| texts.number(text));
        assert_eq!((numbers, texts.len()), ([0, 1, 2, 0, 1], 3));
        assert_eq!(texts.iter().collect::<Vec<_>>(), [&b"a"[..], b"", b"bc"]);
        texts.clear();
        assert_eq!((texts.number(b"bc"), texts.len()), (0, 1));
    }
}
