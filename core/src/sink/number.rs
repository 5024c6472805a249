//! Numbers → text, without allocation: shortest round trip for our own formats, C's conversions for
//! Tranalyzer's.

use std::io::Write;

use super::single::put_everyday;

/// Nanoseconds in a second.
const NANOSECONDS: u64 = 1_000_000_000;

/// The texts of the numbers below a thousand: up to three digits, and in the last byte how many they are.
static SMALL: [[u8; 4]; 1000] = small();

const fn small() -> [[u8; 4]; 1000] {
    let mut texts = [[0; 4]; 1000];
    let mut number = 0;
    while number < texts.len() {
        let digits =
            [b'0' + (number / 100) as u8, b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        texts[number] = match number {
            0..10 => [digits[2], 0, 0, 1],
            10..100 => [digits[1], digits[2], 0, 2],
            _ => [digits[0], digits[1], digits[2], 3],
        };
        number += 1;
    }
    texts
}

/// Short for any number, or for another text that is as short.
pub(super) type Short = [u8; SHORT];
pub(super) const SHORT: usize = 32;

/// Puts `42` at the start of the room, and says how long it is. Most numbers in rows are small, and up to
/// three digits need no conversion.
#[inline(always)]
pub(super) fn put_unsigned(room: &mut Short, value: u64) -> usize {
    match SMALL.get(value as usize) {
        Some(text) => {
            room[..4].copy_from_slice(text);
            usize::from(text[3])
        }
        None => put_large(room, value),
    }
}

/// `-42`.
#[inline(always)]
pub(super) fn put_signed(room: &mut Short, value: i64) -> usize {
    if value < 0 { put_negative(room, value.unsigned_abs()) } else { put_unsigned(room, value as u64) }
}

#[cold]
fn put_negative(room: &mut Short, magnitude: u64) -> usize {
    let mut digits = [0; SHORT];
    let len = put_unsigned(&mut digits, magnitude);
    room[0] = b'-';
    room[1..].copy_from_slice(&digits[..SHORT - 1]);
    1 + len
}

/// Puts the digits of a byte, and says where they end.
#[inline(always)]
pub(super) fn put_byte(room: &mut Short, at: usize, value: u8) -> usize {
    let text = &SMALL[usize::from(value)];
    room[at..at + 4].copy_from_slice(text);
    at + usize::from(text[3])
}

/// Numbers below this have at most eight digits, which are converted as a group.
const GROUP: u64 = 100_000_000;

/// Groups of eight digits, the first of them without its zeros.
#[inline(never)]
fn put_large(room: &mut Short, value: u64) -> usize {
    if value < GROUP {
        return put_first_group(room, value);
    }
    let (before, last) = (value / GROUP, value % GROUP);
    let len = if before < GROUP {
        put_first_group(room, before)
    } else {
        let len = put_first_group(room, before / GROUP);
        put_group(room, len, before % GROUP)
    };
    put_group(room, len, last)
}

/// One to eight digits of a number that is not zero.
#[inline(always)]
fn put_first_group(room: &mut Short, value: u64) -> usize {
    let digits = eight_digits(value);
    let zeros = digits.trailing_zeros() / 8;
    room[..8].copy_from_slice(&((digits | ZEROS) >> (8 * zeros)).to_le_bytes());
    8 - zeros as usize
}

#[inline(always)]
fn put_group(room: &mut Short, at: usize, value: u64) -> usize {
    room[at..at + 8].copy_from_slice(&(eight_digits(value) | ZEROS).to_le_bytes());
    at + 8
}

/// Eight times the character of zero.
pub(super) const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// The digits of a number below 10^8, the first in the lowest byte: halves of four digits, then of two, then of
/// one, all lanes at once. The products are quotients by 100 and by 10, exact for numbers of that size.
#[inline(always)]
pub(super) fn eight_digits(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

/// Quarters below this print alike as singles and as doubles: the next decimal with a digit less is farther away than the
/// next single.
const PLAIN: f64 = 1e6;
/// 2^52: added to a smaller number, it leaves no place for a fraction, and the lowest bits of the sum are the
/// whole number.
const NO_FRACTION: f64 = 4_503_599_627_370_496.0;

/// What quarters have behind the whole number, and in the last byte how long that is.
const QUARTERS: [[u8; 4]; 4] = [*b".0\0\x02", *b".25\x03", *b".5\0\x02", *b".75\x03"];

/// Puts a number of few digits that is a whole one or has quarters behind it; most numbers in rows are whole, and quartiles
/// of whole numbers are quarters.
#[inline(always)]
fn put_quarters(room: &mut Short, value: f64) -> Option<usize> {
    let sum = 4.0 * value + NO_FRACTION;
    if sum - NO_FRACTION != 4.0 * value || value >= PLAIN || !value.is_sign_positive() {
        return None;
    }
    let quarters = sum.to_bits() & u64::from(u32::MAX);
    let len = put_unsigned(room, quarters / 4);
    let behind = &QUARTERS[quarters as usize % 4];
    room[len..len + 4].copy_from_slice(behind);
    Some(len + usize::from(behind[3]))
}

/// A floating-point number.
pub(super) trait Float: zmij::Float + Into<f64> {
    /// Puts the shortest text if there is a faster way to it than that of the crate.
    fn put_everyday(self, room: &mut Short) -> Option<usize>;
}

impl Float for f32 {
    #[inline(always)]
    fn put_everyday(self, room: &mut Short) -> Option<usize> {
        put_everyday(room, self)
    }
}

impl Float for f64 {
    #[inline(always)]
    fn put_everyday(self, _: &mut Short) -> Option<usize> {
        None
    }
}

/// The shortest text that reads back as the same number; `NaN`, `inf`, `-inf`.
#[inline]
pub(super) fn put_shortest(room: &mut Short, value: impl Float) -> usize {
    if let Some(len) = put_quarters(room, value.into()) {
        return len;
    }
    match value.put_everyday(room) {
        Some(len) => len,
        None => put_by_crate(room, value),
    }
}

#[inline(never)]
fn put_by_crate(room: &mut Short, value: impl Float) -> usize {
    put_short(room, zmij::Buffer::new().format(value).as_bytes())
}

/// Puts a text of no more bytes than the room has.
#[inline(always)]
fn put_short(room: &mut Short, text: &[u8]) -> usize {
    let is_put = put_checked(room, text, |_| false);
    debug_assert!(is_put.is_some());
    is_put.unwrap_or(0)
}

/// Puts a text, unless it is longer than the room or holds such a byte. Copies of a fixed size take the place
/// of a call to the library's copy, which for so few bytes costs more than what it copies, and of a loop over
/// the bytes.
#[inline(always)]
pub(super) fn put_checked(room: &mut Short, text: &[u8], is_refused: impl Fn(u8) -> bool) -> Option<usize> {
    // Most are of 8 to 15 bytes: shortest floats, and header chains.
    match text.len() {
        8..16 => put_overlapping::<8>(room, text, is_refused),
        16..=32 => put_overlapping::<16>(room, text, is_refused),
        33.. => None,
        4..8 => put_overlapping::<4>(room, text, is_refused),
        2..4 => put_overlapping::<2>(room, text, is_refused),
        1 => put_overlapping::<1>(room, text, is_refused),
        0 => Some(0),
    }
}

/// Puts `N` to `2 * N` bytes as the first `N` and, over their end, the last `N`.
#[inline(always)]
fn put_overlapping<const N: usize>(
    room: &mut Short,
    text: &[u8],
    is_refused: impl Fn(u8) -> bool,
) -> Option<usize> {
    let (first, last) = (text.first_chunk::<N>()?, text.last_chunk::<N>()?);
    let refused = first.iter().zip(last).fold(false, |any, (&a, &b)| any | is_refused(a) | is_refused(b));
    room[..N].copy_from_slice(first);
    room[text.len() - N..text.len()].copy_from_slice(last);
    (!refused).then_some(text.len())
}

/// Appends what is put.
#[inline]
pub(super) fn push(out: &mut Vec<u8>, put: impl FnOnce(&mut Short) -> usize) {
    let mut room = [0; SHORT];
    let len = put(&mut room);
    out.extend_from_slice(&room[..len]);
}

/// [`put_unsigned`] behind a text.
#[inline]
pub(super) fn push_unsigned(out: &mut Vec<u8>, value: u64) {
    push(out, |room| put_unsigned(room, value));
}

/// [`put_signed`] behind a text.
#[inline]
pub(super) fn push_signed(out: &mut Vec<u8>, value: i64) {
    push(out, |room| put_signed(room, value));
}

/// [`put_shortest`] behind a text.
#[inline]
pub(super) fn push_shortest(out: &mut Vec<u8>, value: impl Float) {
    push(out, |room| put_shortest(room, value));
}

/// The last `digits` lower-case hexadecimal digits.
#[inline]
pub(super) fn push_hex(out: &mut Vec<u8>, value: u64, digits: u32) {
    for place in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(value >> (4 * place) & 0xf) as usize]);
    }
}

/// Nanoseconds as signed seconds with nine decimals.
pub(super) fn push_seconds(out: &mut Vec<u8>, nanoseconds: i64) {
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let magnitude = nanoseconds.unsigned_abs();
    push_unsigned(out, magnitude / NANOSECONDS);
    out.push(b'.');
    push_padded(out, magnitude % NANOSECONDS, 9);
}

/// The last `digits` decimal digits, zeros first.
fn push_padded(out: &mut Vec<u8>, value: u64, digits: usize) {
    let start = out.len();
    out.resize(start + digits, b'0');
    let mut rest = value;
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// C's `%f`: six decimals.
pub(super) fn push_fixed(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        write!(out, "{value:.6}").expect("a Vec takes every byte");
    } else {
        push_not_finite(out, value);
    }
}

/// C's `%.7g`: seven significant digits, trailing zeros removed, exponent form below 1e-4 and from 1e7 on.
pub(super) fn push_general(out: &mut Vec<u8>, value: f32) {
    if !value.is_finite() {
        return push_not_finite(out, value.into());
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value == 0.0 {
        return out.push(b'0');
    }
    let (digits, exponent) = seven_digits(value.abs());
    let digits = without_trailing_zeros(&digits);
    match exponent {
        -4..=-1 => push_below_one(out, digits, exponent),
        0..=6 => push_around_point(out, digits, exponent as usize + 1),
        _ => push_exponent_form(out, digits, exponent),
    }
}

fn push_not_finite(out: &mut Vec<u8>, value: f64) {
    let sign: &[u8] = if value.is_sign_negative() { b"-" } else { b"" };
    out.extend_from_slice(sign);
    out.extend_from_slice(if value.is_nan() { b"nan" } else { b"inf" });
}

fn without_trailing_zeros(digits: &[u8; 7]) -> &[u8] {
    let last = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(0);
    &digits[..=last]
}

fn push_below_one(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    out.extend_from_slice(b"0.");
    (exponent..-1).for_each(|_| out.push(b'0'));
    out.extend_from_slice(digits);
}

/// Digits with the point behind the first `whole` of them.
fn push_around_point(out: &mut Vec<u8>, digits: &[u8], whole: usize) {
    let (before, after) = digits.split_at(whole.min(digits.len()));
    out.extend_from_slice(before);
    (before.len()..whole).for_each(|_| out.push(b'0'));
    if !after.is_empty() {
        out.push(b'.');
        out.extend_from_slice(after);
    }
}

fn push_exponent_form(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    push_around_point(out, digits, 1);
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    push_padded(out, exponent.unsigned_abs().into(), 2);
}

/// The seven digits nearest to a positive number, ties to even, and the decimal exponent of the first.
fn seven_digits(value: f32) -> ([u8; 7], i32) {
    let (mantissa, binary) = parts(value);
    let magnitude = binary + mantissa.ilog2() as i32;
    // 1233 / 4096 is log10(2) from below, so the first guess is right or one too small.
    let mut exponent = (magnitude * 1233) >> 12;
    loop {
        match scaled(mantissa, binary, 6 - exponent) {
            Some(number) if number < 10_000_000 => return (digits_of(number), exponent),
            Some(_) => exponent += 1,
            None => return seven_digits_of_tiny(value),
        }
    }
}

/// A positive number is its mantissa times two to its exponent.
fn parts(value: f32) -> (u32, i32) {
    let (fraction, biased) = (value.to_bits() & 0x7f_ffff, (value.to_bits() >> 23 & 0xff) as i32);
    if biased == 0 { (fraction, -149) } else { (fraction | 0x80_0000, biased - 150) }
}

/// `mantissa * 2^binary * 10^decimal` to the nearest integer, ties to even; `None` if 128 bits are too few
/// for an exact answer.
fn scaled(mantissa: u32, binary: i32, decimal: i32) -> Option<u128> {
    let times = |base: u128, power: i32| base.checked_pow(power.max(0).unsigned_abs());
    let numerator = u128::from(mantissa).checked_mul(times(2, binary)?)?.checked_mul(times(10, decimal)?)?;
    let denominator = times(2, -binary)?.checked_mul(times(10, -decimal)?)?;
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    let rounds_up = match rest.cmp(&(denominator - rest)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => whole % 2 == 1,
        std::cmp::Ordering::Greater => true,
    };
    Some(whole + u128::from(rounds_up))
}

fn digits_of(number: u128) -> [u8; 7] {
    let mut digits = [b'0'; 7];
    let mut rest = number as u32;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

/// The same through Rust's own exact conversion, which is slower but knows no limit.
fn seven_digits_of_tiny(value: f32) -> ([u8; 7], i32) {
    let text = format!("{value:.6e}");
    let (significand, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut digits = [b'0'; 7];
    let figures = significand.bytes().filter(u8::is_ascii_digit);
    digits.iter_mut().zip(figures).for_each(|(digit, figure)| *digit = figure);
    (digits, exponent.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(print: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        print(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn general(value: f32) -> String {
        text(|out| push_general(out, value))
    }

    /// What C prints, worked out in the obvious way from Rust's exact scientific form.
    fn general_oracle(value: f32) -> String {
        let scientific = format!("{value:.6e}");
        let (significand, exponent) = scientific.split_once('e').unwrap();
        let exponent: i32 = exponent.parse().unwrap();
        let trim = |text: &str| match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text.to_owned(),
        };
        if (-4..7).contains(&exponent) {
            trim(&format!("{value:.*}", (6 - exponent) as usize))
        } else {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trim(significand), exponent.abs())
        }
    }

    #[test]
    fn general_numbers_print_as_c_prints_them() {
        // The right side is the output of C's printf("%.7g").
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (0.5, "0.5"),
            (65535.0, "65535"),
            (4_294_967_295.0, "4.294967e+09"),
            (1_073_741.8, "1073742"),
            (-0.420_560_75, "-0.4205607"),
            (3.6e-5, "3.6e-05"),
            (0.0001, "0.0001"),
            (9_999_999.0, "9999999"),
            (10_000_000.0, "1e+07"),
            (0.000_099_999_99, "9.999999e-05"),
            (f32::MAX, "3.402823e+38"),
            (f32::MIN_POSITIVE, "1.175494e-38"),
            (1e-45, "1.401298e-45"),
            (16_777_216.0, "1.677722e+07"),
            (8_388_608.5, "8388608"),
            (100.0, "100"),
        ];
        for (value, expected) in cases {
            assert_eq!(general(value), expected);
        }
    }

    #[test]
    fn what_is_no_finite_number_prints_as_c_prints_it() {
        let cases =
            [(f32::NAN, "nan"), (-f32::NAN, "-nan"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")];
        for (value, expected) in cases {
            assert_eq!(general(value), expected);
            assert_eq!(text(|out| push_fixed(out, value.into())), expected);
        }
    }

    #[test]
    fn integers_around_powers_of_ten_print_every_digit() {
        for power in (0..20).map(|exponent| 10u64.pow(exponent)) {
            for value in [power - 1, power, power + 1, power + power / 10, power.saturating_mul(9)] {
                assert_eq!(text(|out| push_unsigned(out, value)), value.to_string());
            }
        }
    }

    #[test]
    fn eight_digits_are_right_for_every_half() {
        for half in 0..10_000 {
            for value in [half, half * 10_000, half * 10_001] {
                let digits = (eight_digits(value) | ZEROS).to_le_bytes();
                assert_eq!(digits, format!("{value:08}").as_bytes());
            }
        }
    }

    #[test]
    fn seconds_have_nine_decimals_and_one_sign() {
        let seconds = |nanoseconds| text(|out| push_seconds(out, nanoseconds));
        assert_eq!(seconds(0), "0.000000000");
        assert_eq!(seconds(1_178_922_637_041_165_000), "1178922637.041165000");
        assert_eq!(seconds(-500_000_000), "-0.500000000");
        assert_eq!(seconds(-1_000_000_001), "-1.000000001");
        assert_eq!(seconds(i64::MIN), "-9223372036.854775808");
    }

    #[test]
    fn fixed_numbers_have_six_decimals() {
        let fixed = |value| text(|out| push_fixed(out, value));
        assert_eq!(fixed(0.0), "0.000000");
        assert_eq!(fixed(-1.5), "-1.500000");
        assert_eq!(fixed(1e15), "1000000000000000.000000");
    }

    #[test]
    fn shortest_numbers_name_what_is_not_finite_as_pandas_reads_it() {
        let shortest = |value: f64| text(|out| push_shortest(out, value));
        assert_eq!(shortest(f64::NAN), "NaN");
        assert_eq!(shortest(f64::INFINITY), "inf");
        assert_eq!(shortest(f64::NEG_INFINITY), "-inf");
        assert_eq!(shortest(0.1), "0.1");
        assert_eq!(
            (shortest(0.0), shortest(-0.0), shortest(-3.0)),
            ("0.0".into(), "-0.0".into(), "-3.0".into())
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn integers_print_as_the_standard_library_prints_them(value in any::<i64>(), shift in 0u32..64) {
            let (signed, unsigned) = (value >> shift, value as u64 >> shift);
            prop_assert_eq!(text(|out| push_signed(out, signed)), signed.to_string());
            prop_assert_eq!(text(|out| push_unsigned(out, unsigned)), unsigned.to_string());
        }

        #[test]
        fn floats_print_as_zmij_prints_them(bits in any::<u64>(), whole in -2_000_000i32..2_000_000) {
            let single = f32::from_bits(bits as u32);
            let double = f64::from_bits(bits);
            for value in [single, whole as f32, (whole / 1000) as f32, whole as f32 / 8.0] {
                let expected = zmij::Buffer::new().format(value).to_owned();
                prop_assert_eq!(text(|out| push_shortest(out, value)), expected);
            }
            for value in [double, f64::from(whole), f64::from(whole) / 1000.0] {
                let expected = zmij::Buffer::new().format(value).to_owned();
                prop_assert_eq!(text(|out| push_shortest(out, value)), expected);
            }
        }

        #[test]
        fn general_numbers_agree_with_the_oracle(bits in any::<u32>()) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite() && value != 0.0);
            prop_assert_eq!(general(value), general_oracle(value));
        }

        #[test]
        fn general_numbers_of_everyday_size_agree_with_the_oracle(value in -1e9f32..1e9, scale in -12i32..3) {
            let value = value * 10f32.powi(scale);
            prop_assume!(value != 0.0);
            prop_assert_eq!(general(value), general_oracle(value));
        }
    }
}
