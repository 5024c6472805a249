//! The rows that a plugin added to a table, for its tests.

use crate::columns::{Column, ColumnBuffer, Kind};

/// Rows of a table, to be asked for by the names of their columns.
#[derive(Clone, Debug)]
pub struct TestTable {
    columns: Vec<(Column, ColumnBuffer)>,
}

impl TestTable {
    pub(super) fn new(columns: &[Column], buffers: &[ColumnBuffer]) -> Self {
        Self { columns: columns.iter().copied().zip(buffers.iter().cloned()).collect() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, buffer)| buffer.rows)
    }

    /// A column of numbers, of times and durations in nanoseconds, or of true and false as 1 and 0; nulls are none.
    ///
    /// # Panics
    ///
    /// If there is no such column, or it holds something else.
    pub fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        let found = self.columns.iter().find(|(column, _)| column.name == name);
        let (column, buffer) = found.unwrap_or_else(|| panic!("the table has no column `{name}`"));
        let width = column.value.kind.width().filter(|_| !column.value.list);
        let width = width.unwrap_or_else(|| panic!("column `{name}` holds no numbers"));
        let cells = buffer.values.chunks(width).enumerate();
        let is_there = |row: usize| buffer.validity[row / 8] >> (row % 8) & 1 == 1;
        cells.map(|(row, bytes)| is_there(row).then(|| number(column.value.kind, bytes))).collect()
    }
}

fn number(kind: Kind, bytes: &[u8]) -> f64 {
    let mut wide = [0; 8];
    wide[..bytes.len().min(8)].copy_from_slice(&bytes[..bytes.len().min(8)]);
    match kind {
        Kind::F64 => f64::from_le_bytes(wide),
        Kind::F32 => f32::from_le_bytes([wide[0], wide[1], wide[2], wide[3]]).into(),
        Kind::I64 | Kind::Time | Kind::Duration => i64::from_le_bytes(wide) as f64,
        Kind::Bool | Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => u64::from_le_bytes(wide) as f64,
        Kind::Mac | Kind::Ip | Kind::Text => panic!("a {} is no number", kind.name()),
    }
}
