//! Rows like the one before them: they are counted, and appended together.

use crate::columns::{Column, ColumnBuffer};

/// What is known of the last row, and how many like it are still to be appended.
#[derive(Default)]
pub(super) struct Repeats {
    is_blank: bool,
    waiting: usize,
}

impl Repeats {
    /// Whether a blank row would be like the last one.
    pub(super) fn last_is_blank(&self) -> bool {
        self.is_blank
    }

    /// One row more is like the last one.
    pub(super) fn wait(&mut self) {
        self.waiting += 1;
    }

    /// A row that is appended next is blank or not. To be called after [`append`](Self::append).
    pub(super) fn begin(&mut self, is_blank: bool) {
        self.is_blank = is_blank;
    }

    /// Appends the rows that wait.
    pub(super) fn append(&mut self, buffers: &mut [ColumnBuffer], declared: &[Column]) {
        let columns = buffers.iter_mut().zip(declared);
        match std::mem::take(&mut self.waiting) {
            0 => {}
            1 => columns.for_each(|(cells, column)| cells.repeat_row(column.value)),
            count => columns.for_each(|(cells, column)| cells.repeat_rows(column.value, count)),
        }
    }
}
