//! Reads a column of the plugin `good`, counts what it hears, and panics when the third flow ends.

use weir_sdk::{Columns, FinishedRow, RowPlugin, Start, export_row_plugin};

/// Counts starts until it panics.
#[derive(Default)]
pub struct ReadsRows {
    started: u64,
}

/// One row.
#[derive(Columns)]
#[columns(scope = "direction", source = "boundary tests")]
pub struct Row {
    /// Directions that began so far.
    #[column(unit = "none")]
    pub reads_rows_started: u64,
    /// What `good` counted.
    #[column(unit = "packets")]
    pub reads_rows_packets: Option<u64>,
}

impl RowPlugin for ReadsRows {
    const NAME: &'static str = "reads_rows";
    const SUMMARY: &'static str = "reads what `good` counted";
    const ON_BY_DEFAULT: bool = false;
    const NEEDS: &'static [&'static str] = &["good_packets"];

    type Options = ();
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self::default())
    }

    fn started(&mut self, _start: &Start) {
        self.started += 1;
    }

    fn row(&mut self, row: &FinishedRow<'_>) -> Row {
        assert!(row.flow_index() != 3, "three flows are too many");
        Row { reads_rows_started: self.started, reads_rows_packets: row.u64(0) }
    }
}

export_row_plugin!(ReadsRows);
