//! One behaviour of messaging traffic at a time: a scene of our own making through the whole program.
//!
//! What is expected follows from what the scene's ends wrote and from the definitions of the columns. A scene is
//! one connection, so one row; columns that a check does not name may say anything.

#[path = "scenes/apns.rs"]
mod apns;
#[path = "scenes/mmtls.rs"]
mod mmtls;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::time::Duration;

use weir_tests::command::run_weir;
use weir_traffic::messaging::scenes;
use weir_traffic::{Format, capture};

const LIMIT: Duration = Duration::from_secs(10);

/// The row of a scene by column, with these options besides.
fn row(name: &str, options: &[&str]) -> BTreeMap<String, String> {
    let scene = scenes().into_iter().find(|scene| scene.name == name).expect("a test names a scene");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let [read, written] = ["x.pcap", "x.csv"].map(|file| folder.path().join(file));
    fs::write(&read, capture(&scene.packets, Format::PcapNanos)).expect("the folder takes a capture");
    let plain = ["-q", "-p", "basic_flow,mmtls,apns"].iter().chain(options).map(OsStr::new);
    let arguments = plain.chain([read.as_os_str(), "-w".as_ref(), written.as_os_str()]);
    let finished = run_weir(arguments, LIMIT);
    assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""), "{name}");
    let mut reader = csv::Reader::from_path(&written).expect("weir has written rows");
    let header = reader.headers().expect("rows have a header").clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("rows are CSV")).collect();
    let [row] = &rows[..] else { panic!("{name} has {} rows", rows.len()) };
    header.iter().zip(row).map(|(column, cell)| (column.to_owned(), cell.to_owned())).collect()
}

/// Cells of the row of a scene; an empty text is an absent value.
fn check(name: &str, expected: &[(&str, &str)]) {
    check_with(name, &[], expected);
}

/// The same with options.
fn check_with(name: &str, options: &[&str], expected: &[(&str, &str)]) {
    let row = row(name, options);
    let found: Vec<(&str, &str)> = expected
        .iter()
        .map(|&(column, _)| (column, row.get(column).expect("a test names columns").as_str()))
        .collect();
    assert_eq!(found, expected, "{name}");
}

/// Neither plugin says anything.
fn check_none(name: &str) {
    let row = row(name, &[]);
    let said = row.iter().filter(|(column, _)| column.starts_with("mmtls_") || column.starts_with("apns_"));
    let said: Vec<_> = said.filter(|(_, cell)| !cell.is_empty()).collect();
    assert!(said.is_empty(), "{name}: {said:?}");
}
