//! Every format says the same: pyarrow and pandas read in Parquet, Arrow, and JSON Lines what stands in CSV.
//!
//! `formats.py` compares the cells; `requirements.txt` names what it needs. Where that is not installed, the test says
//! that it was skipped; with `CI=true` it must run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use tempfile::TempDir;
use weir_tests::command::run_weir;
use weir_tests::workspace_root;

const LIMIT: Duration = Duration::from_secs(60);
const FORMATS: [&str; 4] = ["csv", "parquet", "arrow", "jsonl"];

/// Whether Python has what `formats.py` needs.
fn has_python() -> bool {
    let mut python = Command::new("python3");
    let imports = python.args(["-c", "import numpy, pandas, pyarrow"]);
    let is_there = imports.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let is_wanted = env::var_os("CI").is_some_and(|value| value == "true");
    assert!(is_there || !is_wanted, "python3 lacks what tests/requirements.txt names");
    if !is_there {
        println!("skipped: python3 lacks what tests/requirements.txt names");
    }
    is_there
}

fn write(format: &str, folder: &Path, options: &[&str]) {
    let rows = folder.join(format!("rows.{format}"));
    let sample = workspace_root().join("tests/captures/sample.pcap");
    let mut arguments: Vec<&std::ffi::OsStr> = options.iter().map(std::ffi::OsStr::new).collect();
    arguments.extend(["-q".as_ref(), "-w".as_ref(), rows.as_os_str(), sample.as_os_str()]);
    let finished = run_weir(arguments, LIMIT);
    assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""));
}

/// Writes the rows of the sample in all formats and has Python compare them.
fn check(shape: &str, threads: &str) {
    if !has_python() {
        return;
    }
    let folder = TempDir::new().expect("a temporary folder can be made");
    for format in FORMATS {
        write(format, folder.path(), &["--rows", shape, "-j", threads]);
    }
    let script = workspace_root().join("tests/formats.py");
    let output = Command::new("python3").arg(script).arg(folder.path()).output();
    let output = output.expect("python3 can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let csv = fs::read_to_string(folder.path().join("rows.csv")).expect("weir has written its rows");
    let rows = csv.lines().count() - 1;
    assert!(rows > 0 && said.starts_with(&format!("{rows} rows of ")), "{said}");
    println!("{shape}, {threads} workers: {said}");
}

#[test]
fn conversations_of_one_worker_are_equal_in_all_formats() {
    check("conversation", "1");
}

#[test]
fn conversations_of_three_workers_are_equal_in_all_formats() {
    check("conversation", "3");
}

#[test]
fn directions_of_one_worker_are_equal_in_all_formats() {
    check("direction", "1");
}

#[test]
fn directions_of_three_workers_are_equal_in_all_formats() {
    check("direction", "3");
}
