//! Which cells of a batch are present: for each direction one bit a column.
//!
//! Columns say for themselves which of their cells are present, one bit a direction. Whoever prints rows asks the
//! other way round, and most of what a wide row has may be absent: then a few words tell where the next cell is.

use weir_sdk::abi::ColumnCells;

/// Columns whose bits are turned together, and directions.
const SIDE: usize = 8;

/// Bits of columns by direction.
pub(super) struct Presence {
    /// Those of each direction, the first column in the lowest, and behind them those of a direction without cells.
    bits: Vec<u64>,
    words: usize,
}

impl Presence {
    /// The bits of these columns, in order, for so many directions.
    pub(super) fn of(columns: &[&ColumnCells<'_>], directions: usize) -> Self {
        let words = columns.len().div_ceil(u64::BITS as usize);
        let mut bits = vec![0; (directions + 1) * words];
        for (group, columns) in columns.chunks(SIDE).enumerate() {
            let (word, shift) = (group / SIDE, group % SIDE * SIDE);
            for first in (0..directions).step_by(SIDE) {
                let bytes = turned(columns, first);
                for (direction, byte) in (first..directions).zip(bytes.to_le_bytes()) {
                    bits[direction * words + word] |= u64::from(byte) << shift;
                }
            }
        }
        Self { bits, words }
    }

    /// The bits of a direction; none is set for one that is not there.
    #[inline]
    pub(super) fn direction(&self, direction: Option<usize>) -> &[u64] {
        let last = self.bits.len() - self.words;
        let start = direction.map_or(last, |direction| direction * self.words);
        self.bits.get(start..start + self.words).unwrap_or(&self.bits[last..])
    }
}

/// The bits of up to eight columns for eight directions: a byte for each direction.
#[inline]
fn turned(columns: &[&ColumnCells<'_>], first: usize) -> u64 {
    let mut bytes = [0; SIDE];
    for (byte, column) in bytes.iter_mut().zip(columns) {
        *byte = column.validity().get(first / SIDE).copied().unwrap_or(0);
    }
    transposed(u64::from_le_bytes(bytes))
}

/// Bit `j` of byte `i` becomes bit `i` of byte `j`: blocks of one bit, of two, and of four change places (Hacker's
/// Delight, section 7-3).
#[inline]
fn transposed(bits: u64) -> u64 {
    let swap = |bits: u64, shift: u32, mask: u64| {
        let differing = (bits ^ (bits >> shift)) & mask;
        bits ^ differing ^ (differing << shift)
    };
    let bits = swap(bits, 7, 0x00aa_00aa_00aa_00aa);
    let bits = swap(bits, 14, 0x0000_cccc_0000_cccc);
    swap(bits, 28, 0x0000_0000_f0f0_f0f0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_sdk::columns::ColumnBuffer;

    use super::*;
    use crate::sink::samples::buffer;

    proptest! {
        #[test]
        fn columns_say_the_same_by_themselves(
            cells in proptest::collection::vec(proptest::collection::vec(any::<Option<u16>>(), 40), 0..140),
            directions in 0usize..=40,
        ) {
            let buffers: Vec<ColumnBuffer> = cells.iter().cloned().map(buffer).collect();
            let columns: Vec<ColumnCells<'_>> = buffers.iter().map(ColumnCells::of).collect();
            let presence = Presence::of(&columns.iter().collect::<Vec<_>>(), directions);
            for direction in 0..directions {
                for (at, column) in cells.iter().enumerate() {
                    let bit = presence.direction(Some(direction))[at / 64] >> (at % 64) & 1;
                    prop_assert_eq!(bit == 1, column[direction].is_some());
                }
            }
            for missing in [None, Some(directions + 7)] {
                prop_assert!(presence.direction(missing).iter().all(|&word| word == 0));
            }
        }
    }

    #[test]
    fn a_column_without_rows_has_no_cells() {
        let full = buffer([1u8; 9]);
        let presence = Presence::of(&[&ColumnCells::NONE, &ColumnCells::of(&full)], 9);
        assert_eq!(presence.direction(Some(8)), [0b10]);
    }
}
