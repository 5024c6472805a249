//! The encodings of Parquet that pages are made of: numbers of few bits end to end, runs, and differences.
//!
//! `docs/performance.md`, *How Parquet encodes*, says why they are written here; the words are those of the format's
//! specification (`Encodings.md`).

/// Appends an unsigned LEB128 number.
pub(super) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_zigzag(value: i64, out: &mut Vec<u8>) {
    put_varint(((value << 1) ^ (value >> 63)) as u64, out);
}

/// Bits that it takes to write any of these, or'ed together.
pub(super) fn width_of(bits: u64) -> u32 {
    u64::BITS - bits.leading_zeros()
}

/// Appends numbers of `width` bits each, lowest bits first, and fills up the last byte.
pub(super) fn pack<V: Copy + Default + Into<u64>>(values: &[V], width: u32, out: &mut Vec<u8>) {
    let start = out.len();
    let bytes = (values.len() * width as usize).div_ceil(8);
    // Up to sixteen bytes are written at a time, of which the next numbers overwrite what these do not need.
    out.resize(start + bytes + 16, 0);
    let pack = if width <= 16 { pack_eights } else { pack_each };
    pack(values, width, &mut out[start..]);
    out.truncate(start + bytes);
}

/// Eight numbers fill as many bytes as each has bits, and go out together.
fn pack_eights<V: Copy + Default + Into<u64>>(values: &[V], width: u32, out: &mut [u8]) {
    let four = |values: &[V]| values.iter().rfold(0, |bits, &value| bits << width | value.into());
    let (eights, rest) = values.as_chunks::<8>();
    let mut last = [V::default(); 8];
    last[..rest.len()].copy_from_slice(rest);
    eights.iter().chain([&last]).enumerate().for_each(|(number, eight)| {
        let bits = u128::from(four(&eight[..4])) | u128::from(four(&eight[4..])) << (4 * width);
        if let Some(out) = out.get_mut(number * width as usize..).and_then(<[u8]>::first_chunk_mut) {
            *out = bits.to_le_bytes();
        }
    });
}

fn pack_each<V: Copy + Into<u64>>(values: &[V], width: u32, out: &mut [u8]) {
    let mut packer = Packer { out, at: 0, bits: 0, count: 0 };
    for &value in values {
        let value = value.into();
        if width <= 32 {
            packer.push(value, width);
        } else {
            packer.push(value & 0xffff_ffff, 32);
            packer.push(value >> 32, width - 32);
        }
    }
}

/// Whole bytes go out at once, so that fewer than eight bits wait.
struct Packer<'a> {
    out: &'a mut [u8],
    at: usize,
    bits: u64,
    count: u32,
}

impl Packer<'_> {
    #[inline(always)]
    fn push(&mut self, value: u64, width: u32) {
        self.bits |= value << self.count;
        self.count += width;
        if let Some(out) = self.out.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut) {
            *out = self.bits.to_le_bytes();
        }
        self.at += self.count as usize / 8;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }
}

/// Appends a run of one number (RLE).
pub(super) fn put_run(value: u64, length: usize, width: u32, out: &mut Vec<u8>) {
    put_varint((length as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// Appends the header of so many numbers that stand end to end, bit by bit, behind it.
pub(super) fn put_packed_header(count: usize, out: &mut Vec<u8>) {
    put_varint((count.div_ceil(8) as u64) << 1 | 1, out);
}

/// Appends numbers as RLE or bit-packed hybrid.
pub(super) fn put_hybrid<V: Copy + Default + Into<u64>>(values: &[V], width: u32, out: &mut Vec<u8>) {
    put_packed_header(values.len(), out);
    let end = out.len() + values.len().div_ceil(8) * width as usize;
    pack(values, width, out);
    out.resize(end, 0);
}

/// Numbers of a block and of a miniblock, as everybody writes them.
const BLOCK: usize = 128;
const MINIBLOCKS: usize = 4;
const MINIBLOCK: usize = BLOCK / MINIBLOCKS;

/// Appends numbers as DELTA_BINARY_PACKED. Those of 32 bits stand in the low half, and their differences wrap there.
pub(super) fn put_deltas(values: impl ExactSizeIterator<Item = u64>, is_narrow: bool, out: &mut Vec<u8>) {
    put_varint(BLOCK as u64, out);
    put_varint(MINIBLOCKS as u64, out);
    put_varint(values.len() as u64, out);
    let signed = |value: u64| if is_narrow { i64::from(value as i32) } else { value as i64 };
    let mut values = values;
    let mut last = signed(values.next().unwrap_or(0));
    put_zigzag(last, out);
    let mut deltas = [0; BLOCK];
    while values.len() > 0 {
        let count = values.len().min(BLOCK);
        for (delta, value) in deltas.iter_mut().zip(&mut values) {
            let value = signed(value);
            *delta = signed(value.wrapping_sub(last) as u64);
            last = value;
        }
        put_block(&deltas[..count], out);
    }
}

fn put_block(deltas: &[i64], out: &mut Vec<u8>) {
    let least = deltas.iter().copied().min().unwrap_or(0);
    put_zigzag(least, out);
    let mut above = [0; BLOCK];
    for (above, delta) in above.iter_mut().zip(deltas) {
        *above = delta.wrapping_sub(least) as u64;
    }
    let widths = out.len();
    out.extend_from_slice(&[0; MINIBLOCKS]);
    for (at, numbers) in above.chunks(MINIBLOCK).take(deltas.len().div_ceil(MINIBLOCK)).enumerate() {
        let width = width_of(numbers.iter().fold(0, |bits, number| bits | number));
        out[widths + at] = width as u8;
        pack(numbers, width, out);
    }
}

/// Appends the first bytes of all numbers, then the second ones, and so on (BYTE_STREAM_SPLIT).
pub(super) fn put_split<const WIDTH: usize>(values: &[[u8; WIDTH]], out: &mut Vec<u8>) {
    for byte in 0..WIDTH {
        out.extend(values.iter().map(|value| value[byte]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(values: &[u64], width: u32) -> Vec<u8> {
        let mut out = vec![0xee];
        pack(values, width, &mut out);
        out[1..].to_vec()
    }

    #[test]
    fn numbers_stand_bit_by_bit() {
        // The example of the specification.
        assert_eq!(packed(&[0, 1, 2, 3, 4, 5, 6, 7], 3), [0b1000_1000, 0b1100_0110, 0b1111_1010]);
        assert_eq!(packed(&[1, 0, 1], 1), [0b101]);
        assert_eq!(packed(&[u64::MAX, 1], 64), [[0xff; 8], [1, 0, 0, 0, 0, 0, 0, 0]].concat());
        assert!(packed(&[], 7).is_empty());
    }

    #[test]
    fn every_width_can_be_read_back() {
        for width in 1..=64 {
            let values: Vec<u64> =
                (1..100u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - width)).collect();
            let bytes = packed(&values, width);
            assert_eq!(bytes.len(), (99 * width as usize).div_ceil(8));
            let bit = |at: usize| u64::from(bytes[at / 8] >> (at % 8) & 1);
            for (at, &value) in values.iter().enumerate() {
                let width = width as usize;
                assert_eq!((0..width).map(|n| bit(at * width + n) << n).sum::<u64>(), value);
            }
        }
    }

    #[test]
    fn deltas_are_those_of_the_specification() {
        let mut out = Vec::new();
        put_deltas([7u64, 5, 3, 1, 2, 3, 4, 5].into_iter(), false, &mut out);
        let header = [128, 1, 4, 8, 14];
        // The least difference is -2; above it stand 0 0 0 3 3 3 3 in two bits each, filled up with zeros.
        let block = [3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0];
        assert_eq!(out, [&header[..], &block[..]].concat());
    }

    #[test]
    fn narrow_differences_wrap() {
        let mut out = Vec::new();
        put_deltas([u64::from(u32::MAX), 0].into_iter(), true, &mut out);
        assert_eq!(out, [128, 1, 4, 2, 1, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn runs_say_how_long_they_are() {
        let mut out = Vec::new();
        put_run(4, 300, 9, &mut out);
        assert_eq!(out, [0xd8, 4, 4, 0]);
    }

    #[test]
    fn bytes_of_a_kind_stand_together() {
        let mut out = Vec::new();
        put_split(&[[1, 2], [3, 4], [5, 6]], &mut out);
        assert_eq!(out, [1, 3, 5, 2, 4, 6]);
    }
}
