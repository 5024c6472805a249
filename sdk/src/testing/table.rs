//! The rows that a plugin added to a table, for its tests.

use crate::abi::ColumnCells;
use crate::columns::{Cell, Column, ColumnBuffer};
use crate::finished::{ip, number};
use crate::value::Ip;

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
        let (column, buffer) = self.column(name);
        assert!(column.value.kind.is_number() && !column.value.list, "column `{name}` holds no numbers");
        let cells = ColumnCells::of(buffer);
        let cell = |row| number(column.value.kind, cells.values(), row).filter(|_| cells.is_present(row));
        (0..buffer.rows).map(cell).collect()
    }

    /// A column of addresses; nulls are none.
    ///
    /// # Panics
    ///
    /// If there is no such column, or it holds something else.
    pub fn ips(&self, name: &str) -> Vec<Option<Ip>> {
        let (column, buffer) = self.column(name);
        assert!(column.value == <Ip as Cell>::TYPE, "column `{name}` holds no addresses");
        let cells = ColumnCells::of(buffer);
        let cell = |row| ip(cells.values(), row).filter(|_| cells.is_present(row));
        (0..buffer.rows).map(cell).collect()
    }

    fn column(&self, name: &str) -> &(Column, ColumnBuffer) {
        let found = self.columns.iter().find(|(column, _)| column.name == name);
        found.unwrap_or_else(|| panic!("the table has no column `{name}`"))
    }
}
