//! Captures → the rows that weir writes, and whether they are those expected.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use weir_tests::command::weir;
use weir_tests::oracle::{Column, Expected, Value};

/// Columns of plugins that a build may be without.
const OPTIONAL: [&str; 1] = ["tcp_state_anomalies"];

/// In which form rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Weir,
    Tranalyzer,
}

/// A row, by column name.
pub type Row = BTreeMap<String, String>;

/// The rows of one capture.
pub fn rows_of(capture: &[u8], dialect: Dialect) -> Vec<Row> {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let path = write(&folder, "x.pcap", capture);
    run(&folder, &[path], None, dialect)
}

/// The rows of captures that are named one after the other.
pub fn rows_of_files(captures: &[Vec<u8>]) -> Vec<Row> {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let name = |at: usize| format!("{at}.pcap");
    let paths: Vec<PathBuf> =
        captures.iter().enumerate().map(|(at, capture)| write(&folder, &name(at), capture)).collect();
    run(&folder, &paths, None, Dialect::Weir)
}

/// The rows of a capture that comes through a pipe.
pub fn rows_through_pipe(capture: &[u8]) -> Vec<Row> {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let path = write(&folder, "x.pcap", capture);
    run(&folder, &[PathBuf::from("-")], Some(&path), Dialect::Weir)
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("a file in a temporary folder can be written");
    path
}

fn run(folder: &TempDir, inputs: &[PathBuf], piped: Option<&Path>, dialect: Dialect) -> Vec<Row> {
    let (name, options): (_, &[&str]) = match dialect {
        Dialect::Weir => ("rows.csv", &["--rows", "direction"]),
        Dialect::Tranalyzer => ("rows.txt", &["--profile", "tranalyzer"]),
    };
    let rows = folder.path().join(name);
    let mut command = Command::new(weir());
    command.args(inputs).args(options).arg("-q").arg("-w").arg(&rows).stderr(Stdio::piped());
    let mut feeder = piped.map(|path| {
        let capture = File::open(path).expect("the capture was written");
        // Through another process, so that standard input is a pipe and not a file.
        Command::new("cat").stdin(capture).stdout(Stdio::piped()).spawn().expect("`cat` can be started")
    });
    command.stdin(match &mut feeder {
        Some(feeder) => Stdio::from(feeder.stdout.take().expect("its output is a pipe")),
        None => Stdio::null(),
    });
    let output = command.output().expect("weir can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "weir ended with {}: {said}", output.status);
    if let Some(mut feeder) = feeder {
        feeder.wait().expect("`cat` ends when it has nothing to say");
    }
    read(&rows, dialect)
}

fn read(path: &Path, dialect: Dialect) -> Vec<Row> {
    let text = fs::read_to_string(path).expect("weir has written its rows");
    let (delimiter, text) = match dialect {
        Dialect::Weir => (b',', text.as_str()),
        Dialect::Tranalyzer => (b'\t', text.strip_prefix('%').expect("the header begins with %")),
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(dialect == Dialect::Weir)
        .from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("each row has as many cells as the header")).collect()
}

/// Compares rows with what is expected of them; the error tells the first difference.
pub fn compare(expected: &Expected, rows: &[Row], dialect: Dialect, in_order: bool) -> Result<(), String> {
    if expected.rows.len() != rows.len() {
        return Err(format!("{} rows, expected {}", rows.len(), expected.rows.len()));
    }
    let mut expected_rows: Vec<&Vec<Column>> = expected.rows.iter().collect();
    let mut rows: Vec<&Row> = rows.iter().collect();
    if !(in_order && expected.order_is_defined) {
        expected_rows.sort_by_key(|columns| expected_identity(columns));
        rows.sort_by_key(|row| identity(row));
    }
    for (number, (columns, row)) in expected_rows.iter().zip(rows).enumerate() {
        for column in columns.iter() {
            is_cell(column, row, dialect).map_err(|error| format!("row {number}: {error}\n{row:?}"))?;
        }
    }
    Ok(())
}

/// Whether two runs wrote the same; the error tells the first difference.
pub fn same(rows: &[Row], others: &[Row]) -> Result<(), String> {
    if rows.len() != others.len() {
        return Err(format!("{} rows, and {} the other way", rows.len(), others.len()));
    }
    match (0..rows.len()).find(|&number| rows[number] != others[number]) {
        Some(number) => {
            Err(format!("row {number}:\n{:?}\nand the other way:\n{:?}", rows[number], others[number]))
        }
        None => Ok(()),
    }
}

/// Flow number and direction, as text: enough to put rows of both kinds in the same order.
fn identity(row: &Row) -> (String, String) {
    let cell =
        |name: &str, tranalyzer: &str| row.get(name).or(row.get(tranalyzer)).cloned().unwrap_or_default();
    (cell("flow_index", "flowInd"), cell("direction", "dir"))
}

fn expected_identity(columns: &[Column]) -> (String, String) {
    let text =
        |name: &str| match columns.iter().find(|column| column.name == name).map(|column| &column.value) {
            Some(Value::Number(Some(number))) => number.to_string(),
            Some(Value::Text(text)) => (*text).to_owned(),
            _ => String::new(),
        };
    (text("flow_index"), text("direction"))
}

fn is_cell(column: &Column, row: &Row, dialect: Dialect) -> Result<(), String> {
    let (name, is_fine): (_, fn(&_, &str) -> bool) = match (dialect, column.tranalyzer) {
        (Dialect::Weir, _) => (column.name, Value::is_csv),
        (Dialect::Tranalyzer, Some(name)) => (name, Value::is_tranalyzer),
        (Dialect::Tranalyzer, None) => return Ok(()),
    };
    match row.get(name) {
        Some(cell) if is_fine(&column.value, cell) => Ok(()),
        Some(cell) => Err(format!("`{name}` is {cell:?}, expected {:?}", column.value)),
        None if OPTIONAL.contains(&column.name) => Ok(()),
        None => Err(format!("there is no column `{name}`")),
    }
}
