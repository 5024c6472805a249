//! Cells like the one before them, appended together.

use super::{ColumnBuffer, ValueType, part};

impl ColumnBuffer {
    /// Appends the cell of the last row of a column of the given type so many times; nothing if there is no row.
    pub(crate) fn repeat_rows(&mut self, value: ValueType, count: usize) {
        let Some(last) = self.rows.checked_sub(1) else { return };
        // Many rows are repeated where nothing was found, so cells are mostly null, empty, or zero.
        let is_short = match value.kind.width() {
            _ if value.list => repeat_if_empty(&mut self.list_ends, last, count),
            Some(width) => repeat_if_zero(&mut self.values, width, count),
            None => repeat_if_empty(&mut self.text_ends, last, count),
        };
        if !is_short {
            (0..count).for_each(|_| self.repeat_row(value));
            return;
        }
        let presence = if self.validity[last / 8] >> (last % 8) & 1 != 0 { u8::MAX } else { 0 };
        (0..count).step_by(8).for_each(|first| self.end_rows(presence, (count - first).min(8)));
    }
}

/// Repeats the last end if nothing stands before it; whether that is so.
fn repeat_if_empty(ends: &mut Vec<u32>, last: usize, count: usize) -> bool {
    let is_empty = part(ends, last).is_empty();
    if is_empty {
        ends.resize(ends.len() + count, ends[last]);
    }
    is_empty
}

/// Repeats the last element if it is all zero; whether that is so.
fn repeat_if_zero(values: &mut Vec<u8>, width: usize, count: usize) -> bool {
    let is_zero = values[values.len() - width..].iter().all(|&byte| byte == 0);
    if is_zero {
        values.resize(values.len() + width * count, 0);
    }
    is_zero
}
