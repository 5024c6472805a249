//! Reads a column of the plugin `good`, counts what it hears, and panics when the third flow ends.

use weir_sdk::{Ahead, Columns, FinishedRow, FinishedRows, Options, RowPlugin, Start, export_row_plugin};

/// Counts starts until it panics.
pub struct ReadsRows {
    started: u64,
    wants: Vec<String>,
    batch: usize,
}

/// What the test may ask for.
#[derive(Options)]
pub struct Settings {
    /// A column that is read into `reads_rows_number`.
    #[option(default = "")]
    column: String,
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
    /// What stands in the column that the option names.
    #[column(unit = "none")]
    pub reads_rows_number: Option<f64>,
}

impl RowPlugin for ReadsRows {
    const NAME: &'static str = "reads_rows";
    const SUMMARY: &'static str = "reads what `good` counted";
    const ON_BY_DEFAULT: bool = false;
    const NEEDS: &'static [&'static str] = &["good_packets"];

    type Options = Settings;
    type Row<'a> = Row;

    fn open(settings: Settings) -> Result<Self, String> {
        let wants = Some(settings.column).filter(|column| !column.is_empty());
        Ok(Self { started: 0, wants: wants.into_iter().collect(), batch: 0 })
    }

    fn wants(&self) -> Vec<String> {
        self.wants.clone()
    }

    fn prepare(&mut self, ahead: &Ahead<'_>) -> Result<(), String> {
        match ahead.columns.iter().find(|column| !column.value.kind.is_number() || column.value.list) {
            Some(column) => Err(format!("column `{}` holds no numbers", column.name)),
            None => Ok(()),
        }
    }

    fn batch(&mut self, rows: &FinishedRows<'_>) {
        self.batch = rows.len();
    }

    fn notice(&self) -> Option<String> {
        Some("three flows will be too many".to_owned())
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        vec![("starts", self.started)]
    }

    fn started(&mut self, _start: &Start) {
        self.started += 1;
    }

    fn row(&mut self, row: &FinishedRow<'_>) -> Row {
        assert!(row.flow_index() != 3, "three flows are too many");
        assert!(row.index() < self.batch, "a batch is seen before its rows");
        Row {
            reads_rows_started: self.started,
            reads_rows_packets: row.u64(0),
            reads_rows_number: row.number(1),
        }
    }
}

export_row_plugin!(ReadsRows);
