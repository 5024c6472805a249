//! Tables: files of rows beside that of the flows, for what a flow has many of, such as bursts or dialogs.
//!
//! A plugin declares its tables ([`FlowPlugin::TABLES`](crate::FlowPlugin::TABLES)), each with the columns of a row
//! type of its own, and adds rows when a flow ends. Core writes `capture.NAME.csv` beside `capture.flows.csv`, in
//! the same format, with a dictionary of its own, and with the rows in the order of the flows that they belong to.

use crate::columns::{Column, ColumnBuffer, Columns};

/// The declaration of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Lower snake case, plural; part of the name of its file.
    pub name: &'static str,
    /// What a row stands for, one line.
    pub summary: &'static str,
    /// Its columns, in order. Their scope says nothing here.
    pub columns: &'static [Column],
}

impl Table {
    /// A table whose rows are of a type.
    ///
    /// ```
    /// use weir_sdk::{Columns, Table};
    ///
    /// #[derive(Columns)]
    /// #[columns(scope = "flow")]
    /// struct Burst {
    ///     /// Number of the flow.
    ///     #[column(unit = "none", source = "weir")]
    ///     flow_index: u64,
    /// }
    ///
    /// const BURSTS: Table = Table::of::<Burst>("bursts", "Payload packets that follow each other closely.");
    /// assert_eq!(BURSTS.columns[0].name, "flow_index");
    /// ```
    pub const fn of<R: Columns>(name: &'static str, summary: &'static str) -> Self {
        Self { name, summary, columns: R::COLUMNS }
    }
}

/// Where a plugin adds rows to its tables.
pub struct Tables<'b> {
    tables: &'static [Table],
    /// For each table: how many rows it had at each flow, then its columns.
    buffers: &'b mut [ColumnBuffer],
}

impl<'b> Tables<'b> {
    /// How many buffers tables take.
    pub(crate) fn buffers_of(tables: &[Table]) -> usize {
        tables.iter().map(|table| 1 + table.columns.len()).sum()
    }

    pub(crate) fn new(tables: &'static [Table], buffers: &'b mut [ColumnBuffer]) -> Self {
        Self { tables, buffers }
    }

    /// Adds a row to the table that stands at this place among those of the plugin.
    ///
    /// # Panics
    ///
    /// If there is no such table, or its rows are of another type.
    pub fn add<R: Columns>(&mut self, table: usize, row: R) {
        let declared = self.tables[table].columns;
        assert!(
            declared == R::COLUMNS,
            "a row of another type was added to table `{}`",
            self.tables[table].name
        );
        let first = Self::buffers_of(&self.tables[..table]) + 1;
        row.append(&mut self.buffers[first..first + declared.len()]);
    }

    /// Notes how many rows each table has got so far.
    pub(crate) fn end_flow(&mut self) {
        let mut rest = &mut *self.buffers;
        for table in self.tables {
            let (own, after) = rest.split_at_mut(1 + table.columns.len());
            if let [lengths, columns @ ..] = own {
                lengths.end_list_at(columns.first().map_or(0, |column| column.rows));
            }
            rest = after;
        }
    }
}
