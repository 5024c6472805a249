//! The shortest text of a single, for numbers of everyday size; all others are left to the zmij crate.
//!
//! The way is that of Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020), and shorter than
//! there: for numbers of this size the powers of ten that it needs are whole, so that every product is exact. Text is
//! put together in a register and stored at once, where the crate moves bytes about in memory: a row has some twenty such
//! numbers, and `docs/performance.md` has the figures.

use super::number::{Short, ZEROS, eight_digits};

/// Biased exponents of numbers from 2^-19 to 2^20, which are printed without an exponent.
const EVERYDAY: std::ops::Range<u32> = 108..147;
/// Bits of a significand that are stored.
const STORED: u32 = 23;
/// The stored exponent of numbers whose significand counts ones.
const BIAS: i32 = 150;

/// 10^0 to 10^13.
static TENS: [u64; 14] = tens();

const fn tens() -> [u64; 14] {
    let mut powers = [1; 14];
    let mut power = 1;
    while power < powers.len() {
        powers[power] = 10 * powers[power - 1];
        power += 1;
    }
    powers
}

/// Digits of a [`Decimal`], zeros before the first included.
const DIGITS: usize = 9;
/// 10^8.
const FIRST_DIGIT: u32 = 100_000_000;

/// `digits` with so many of them behind the point; below 2 * 10^8.
struct Decimal {
    digits: u32,
    behind_point: usize,
}

/// Puts a number that is no zero and neither very small nor very large, and says how long it is.
#[inline(always)]
pub(super) fn put_everyday(room: &mut Short, value: f32) -> Option<usize> {
    let bits = value.to_bits();
    let exponent = bits >> STORED & 0xff;
    if !EVERYDAY.contains(&exponent) {
        return None;
    }
    room[0] = b'-';
    let sign = (bits >> 31) as usize;
    Some(put_decimal(room, sign, shortest(bits & ((1 << STORED) - 1), exponent)))
}

/// Of the decimals with fewest digits that read as the number, the one nearest to it.
#[inline(always)]
fn shortest(stored: u32, biased: u32) -> Decimal {
    let significand = stored | 1 << STORED;
    let shift = (BIAS - biased as i32) as u32;
    // The number below a power of two is nearer to it than the one above.
    let is_power_of_two = stored == 0;
    let behind_point = places(shift, is_power_of_two);
    let unit = TENS[behind_point];
    // In units of 2^-shift / 4: the number, what the last place is worth, and half the way to the next numbers; the middle of
    // the way reads as the number if the significand is even.
    let scaled = u128::from(unit) * u128::from(4 * significand);
    let place = 4 << shift;
    let is_open = u64::from(significand & 1);
    let half_down = if is_power_of_two { unit } else { 2 * unit } - is_open;
    let half_up = 2 * unit - is_open;
    // Shifts of less than a word are cheaper, if the compiler knows of it.
    let (whole, rest) = ((scaled >> ((shift + 2) & 63)) as u32, scaled as u64 & (place - 1));
    let tens = whole / 10;
    let above_tens = u64::from(whole - 10 * tens) * place + rest;
    let (down, up) = (above_tens <= half_down, 10 * place - above_tens <= half_up);
    if down != up {
        return Decimal { digits: 10 * (tens + u32::from(up)), behind_point };
    }
    let (down, up) = (rest <= half_down, place - rest <= half_up);
    let is_nearer_above = 2 * rest > place || (2 * rest == place && whole & 1 == 1);
    let rounds_up = if down != up { up } else { is_nearer_above };
    Decimal { digits: whole + u32::from(rounds_up), behind_point }
}

/// The places behind the point of which the last is worth no more than what a significand's lowest bit stands for,
/// 2^-shift (of a power of two, three quarters of it): logarithms to the base of ten, exact for exponents of singles.
#[inline(always)]
fn places(shift: u32, is_power_of_two: bool) -> usize {
    let three_quarters = if is_power_of_two { 524_031 } else { 0 };
    (-((-(shift as i32) * 1_262_611 - three_quarters) >> 22)) as usize
}

/// Puts a decimal behind the sign, which has so many bytes.
#[inline(always)]
fn put_decimal(room: &mut Short, sign: usize, Decimal { digits, behind_point }: Decimal) -> usize {
    let first = u32::from(digits >= FIRST_DIGIT);
    let eight = eight_digits(u64::from(digits - first * FIRST_DIGIT));
    let text = u128::from(eight | ZEROS) << 8 | u128::from(b'0' + first as u8);
    let zeros_behind = eight.leading_zeros() as usize / 8;
    if behind_point < DIGITS {
        let whole = DIGITS - behind_point;
        let zeros_before = if first == 1 { 0 } else { 1 + eight.trailing_zeros() as usize / 8 };
        let (before, behind) = (zeros_before.min(whole - 1), zeros_behind.min(behind_point - 1));
        let point = (8 * whole as u32) & 63;
        let before_point = u128::from((1u64 << point) - 1);
        let with_point =
            text & before_point | u128::from(u64::from(b'.') << point) | (text & !before_point) << 8;
        let shown = with_point >> ((8 * before as u32) & 63);
        room[sign..][..16].copy_from_slice(&shown.to_le_bytes());
        sign + DIGITS + 1 - before - behind
    } else {
        let at = sign + 2 + (behind_point - DIGITS);
        room[sign..][..8].copy_from_slice(b"0.000000");
        room[at..][..16].copy_from_slice(&text.to_le_bytes());
        at + DIGITS - zeros_behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::number::SHORT;

    /// What is put equals what the crate prints.
    fn check(value: f32) {
        let mut room = [0; SHORT];
        let len = put_everyday(&mut room, value).unwrap();
        let expected = zmij::Buffer::new().format(value).to_owned();
        assert_eq!(std::str::from_utf8(&room[..len]).unwrap(), expected, "{value:e}");
    }

    #[test]
    fn numbers_of_every_size_print_as_zmij_prints_them() {
        for exponent in EVERYDAY {
            let first = exponent << STORED;
            // Powers of two and what is next to them, and others by a step that is no power of two.
            let near = [first, first + 1, first + 2, first + (1 << STORED) - 1];
            let steps = (first..first + (1 << STORED)).step_by(997);
            near.into_iter().chain(steps).map(f32::from_bits).for_each(|value| {
                check(value);
                check(-value);
            });
        }
    }

    #[test]
    fn decimals_of_few_digits_print_as_they_are_written() {
        for scale in [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0f64] {
            for number in 1..10_000 {
                check((f64::from(number) * scale) as f32);
            }
        }
    }

    #[test]
    fn what_is_left_to_others_is_not_put() {
        let others = [0.0, -0.0, 1e-6, 1_048_576.0, f32::NAN, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE];
        assert!(others.into_iter().all(|value| put_everyday(&mut [0; SHORT], value).is_none()));
        assert_eq!(put_everyday(&mut [0; SHORT], 1_048_575.9), Some("1048575.9".len()));
    }
}
