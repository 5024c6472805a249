//! Tables: files of rows beside that of the flows, for what a flow has many of, such as bursts or dialogs.
//!
//! A plugin declares its tables ([`FlowPlugin::TABLES`](crate::FlowPlugin::TABLES)), each with the columns of a row
//! type of its own, and adds rows when a flow ends. Core writes `capture.NAME.csv` beside `capture.flows.csv`, in
//! the same format, with a dictionary of its own, and with the rows in the order of the flows that they belong to.

use std::cell::Cell;
use std::ptr;

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
            are_same(declared, R::COLUMNS),
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

/// Whether these are the same columns. Those of one type may stand in several places of a library, so each is compared;
/// but nearly always the two are those that were compared last.
fn are_same(declared: &'static [Column], given: &'static [Column]) -> bool {
    thread_local! {
        static EQUAL: Cell<[&'static [Column]; 2]> = const { Cell::new([&[]; 2]) };
    }
    let [last_declared, last_given] = EQUAL.get();
    if ptr::eq(declared, last_declared) && ptr::eq(given, last_given) {
        return true;
    }
    let are_equal = declared == given;
    if are_equal {
        EQUAL.set([declared, given]);
    }
    are_equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::{Cell as _, Scope};

    const fn column(name: &'static str) -> Column {
        Column {
            name,
            value: <u64 as crate::columns::Cell>::TYPE,
            scope: Scope::Flow,
            unit: "none",
            definition: "A number.",
            source: "a test",
            tags: &[],
            aliases: &[],
            bits: &[],
            tranalyzer: None,
        }
    }

    macro_rules! row {
        ($row:ident, $column:literal) => {
            struct $row(u64);

            impl Columns for $row {
                const COLUMNS: &'static [Column] = &[column($column)];

                fn append(self, buffers: &mut [ColumnBuffer]) {
                    self.0.append(&mut buffers[0]);
                }

                fn put(self, _: usize, _: &mut [ColumnBuffer], _: &mut [u8]) {
                    unreachable!("rows of tables are appended");
                }
            }
        };
    }

    row!(Burst, "burst");
    row!(Dialog, "dialog");

    const TABLES: &[Table] = &[Table::of::<Burst>("bursts", "One."), Table::of::<Dialog>("dialogs", "Two.")];

    fn buffers() -> Vec<ColumnBuffer> {
        vec![ColumnBuffer::default(); Tables::buffers_of(TABLES)]
    }

    #[test]
    fn each_table_takes_rows_of_its_own_type() {
        let mut buffers = buffers();
        let mut tables = Tables::new(TABLES, &mut buffers);
        for number in 0..3 {
            tables.add(0, Burst(number));
            tables.add(1, Dialog(number));
            tables.add(1, Dialog(number));
        }
        assert_eq!(buffers.iter().map(|buffer| buffer.rows).collect::<Vec<_>>(), [0, 3, 0, 6]);
    }

    #[test]
    #[should_panic(expected = "a row of another type was added to table `bursts`")]
    fn a_row_of_another_type_is_refused_behind_one_of_the_right_type() {
        let mut buffers = buffers();
        let mut tables = Tables::new(TABLES, &mut buffers);
        tables.add(0, Burst(1));
        tables.add(0, Dialog(2));
    }
}
