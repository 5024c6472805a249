//! What the SYN of a direction said in; its JA4T fingerprint out.

use std::cell::RefCell;

use weir_sdk::{ArrayString, ArrayVec};

use crate::rare::Kept;
use crate::syn_kinds::SynKinds;

/// Room for the longest one: a window of 10 digits, 20 kinds of 3 with marks between them, 5 and 3 digits, and three
/// marks.
const MAX_TEXT: usize = 10 + 20 * 4 - 1 + 5 + 3 + 3;
/// A fingerprint needs no memory of its own.
pub(crate) type Fingerprint = ArrayString<MAX_TEXT>;
/// One that is being made.
type Ascii = ArrayVec<u8, MAX_TEXT>;

/// So many are remembered: systems have few of them, and their rows are many.
const REMEMBERED: usize = 64;

/// What a fingerprint is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syn {
    pub(crate) window: u32,
    pub(crate) kinds: SynKinds,
    pub(crate) mss: u16,
    pub(crate) shift: Option<u8>,
}

/// Those that were made lately.
pub(crate) struct Fingerprints(RefCell<Vec<Option<(Syn, Fingerprint)>>>);

impl Default for Fingerprints {
    fn default() -> Self {
        Self(RefCell::new(vec![None; REMEMBERED]))
    }
}

impl Fingerprints {
    /// That of a direction that keeps this.
    pub(crate) fn of(&self, syn: Syn, kept: &Kept) -> Fingerprint {
        if syn.kinds.are_elsewhere() {
            return syn.fingerprint(kept);
        }
        let place = &mut self.0.borrow_mut()[syn.place()];
        match place {
            Some((known, text)) if *known == syn => *text,
            _ => place.insert((syn, syn.fingerprint(kept))).1,
        }
    }
}

impl Syn {
    /// Where it is remembered.
    fn place(&self) -> usize {
        let numbers =
            u64::from(self.window) << 24 ^ u64::from(self.mss) << 8 ^ u64::from(self.shift.unwrap_or(255));
        let mixed = (numbers ^ self.kinds.bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as usize % REMEMBERED
    }

    /// JA4T: window, option kinds, MSS and window scale of a SYN.
    fn fingerprint(&self, kept: &Kept) -> Fingerprint {
        let mut text = Ascii::new();
        let kinds = self.kinds.all(kept);
        push_decimal(&mut text, self.window);
        for (index, &kind) in kinds.iter().enumerate() {
            text.push(if index == 0 { b'_' } else { b'-' });
            push_decimal(&mut text, kind.into());
        }
        if kinds.is_empty() {
            text.extend(*b"_00");
        }
        text.push(b'_');
        if self.mss < 10 {
            text.push(b'0');
        }
        push_decimal(&mut text, self.mss.into());
        text.push(b'_');
        match self.shift {
            Some(shift) => push_decimal(&mut text, shift.into()),
            None => text.extend(*b"00"),
        }
        let text = std::str::from_utf8(&text).expect("digits and marks between them");
        Fingerprint::from(text).expect("both have the same room")
    }
}

/// Decimal digits, without the detour of the formatting machinery.
fn push_decimal(text: &mut Ascii, number: u32) {
    let digit = |number: u32| b'0' + (number % 10) as u8;
    // Most numbers, those of option kinds, have one digit.
    if number < 10 {
        return text.push(digit(number));
    }
    let mut digits = ArrayVec::<u8, 10>::new();
    let mut rest = number;
    while rest > 0 {
        digits.push(digit(rest));
        rest /= 10;
    }
    text.extend(digits.into_iter().rev());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syn(window: u32, mss: u16, shift: Option<u8>) -> Syn {
        Syn { window, kinds: SynKinds::default(), mss, shift }
    }

    #[test]
    fn fingerprints_do_not_depend_on_those_before() {
        let (fingerprints, kept) = (Fingerprints::default(), Kept::default());
        for _ in 0..2 {
            for window in 0..500 {
                let found = fingerprints.of(syn(window, 1460, Some(7)), &kept);
                assert_eq!(found.as_str(), format!("{window}_00_1460_7"));
            }
        }
        assert_eq!(fingerprints.of(syn(1, 9, None), &kept).as_str(), "1_00_09_00");
        assert_eq!(fingerprints.of(syn(1, 10, Some(0)), &kept).as_str(), "1_00_10_0");
    }

    #[test]
    fn the_longest_fingerprint_has_room() {
        let (mut kinds, mut rare) = (SynKinds::default(), crate::rare::Rare::default());
        (0..30).for_each(|_| kinds.push(255, &mut rare));
        let syn = Syn { window: u32::MAX, kinds, mss: u16::MAX, shift: Some(255) };
        let text = Fingerprints::default().of(syn, rare.get().unwrap());
        assert_eq!(text.as_str(), format!("4294967295_{}_65535_255", ["255"; 20].join("-")));
    }
}
