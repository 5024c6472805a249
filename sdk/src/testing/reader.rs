//! A row plugin at work in a test: starts and finished rows in, cells and rows of tables out.

use crate::columns::{ColumnBuffer, Columns};
use crate::options::Options;
use crate::plugin::{RowPlugin, Start};
use crate::tables::Tables;

use super::{TestRows, TestTable, check_declared};

/// A row plugin with the rows that it added to its tables so far.
pub struct TestReader<P> {
    plugin: P,
    tables: Vec<ColumnBuffer>,
}

impl<P: RowPlugin> TestReader<P> {
    /// Opens the plugin with these options, as `-o plugin.name=value` does.
    ///
    /// # Errors
    ///
    /// The sentence with which it, or the parser of its options, refuses one.
    pub fn open(options: &[(&str, &str)]) -> Result<Self, String> {
        let plugin = P::open(P::Options::parse(options)?)?;
        Ok(Self { plugin, tables: vec![ColumnBuffer::default(); Tables::buffers_of(P::TABLES)] })
    }

    /// A direction began.
    pub fn start(&mut self, start: &Start) {
        self.plugin.started(start);
    }

    /// The cells that the plugin gives for these rows, one after the other.
    pub fn read(&mut self, rows: &TestRows, mut take: impl FnMut(P::Row<'_>)) {
        let Self { plugin, tables } = self;
        rows.read(|rows| {
            plugin.batch(rows);
            for row in rows.iter() {
                take(plugin.row(&row));
                let mut tables = Tables::new(P::TABLES, tables);
                plugin.table_rows(&mut tables);
                tables.end_flow();
            }
        });
    }

    /// The run is over.
    pub fn end(&mut self) {
        self.plugin.last_table_rows(&mut Tables::new(P::TABLES, &mut self.tables));
    }

    /// What the plugin wants the user to know when the run is over.
    pub fn last_notice(&self) -> Option<String> {
        self.plugin.last_notice()
    }

    /// The rows that stand in a table so far, which has this place among those of the plugin.
    ///
    /// # Panics
    ///
    /// If there is no such table.
    pub fn table(&self, table: usize) -> TestTable {
        let first = Tables::buffers_of(&P::TABLES[..table]) + 1;
        let columns = P::TABLES[table].columns;
        TestTable::new(columns, &self.tables[first..first + columns.len()])
    }
}

/// As [`check_columns`](super::check_columns), for a row plugin.
///
/// # Panics
///
/// With a sentence that names the column and what it lacks.
pub fn check_row_columns<P: RowPlugin>() {
    check_declared(<P::Row<'static> as Columns>::COLUMNS, P::TABLES);
}
