//! Every shared capture, broken ones included: the command survives it, says what it could not read, and its
//! summary adds up.
//!
//! The figures show with `cargo test -p weir-tests --test corpus -- --nocapture`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use weir_tests::command::{Finished, run_weir};
use weir_tests::{files_below, shared, two_at_a_time};

/// The longest that any of these small files may take.
const LIMIT: Duration = Duration::from_secs(2);

/// What a row stands for; both forms are tried, on alternate files.
#[derive(Clone, Copy)]
struct Form {
    option: &'static str,
    /// Name of the count in the summary.
    counted: &'static str,
}

const FORMS: [Form; 2] = [
    Form { option: "conversation", counted: "conversations" },
    Form { option: "direction", counted: "directions" },
];

#[test]
fn every_capture_is_survived_and_accounted_for() {
    let Some(shared) = shared() else { return };
    let captures: Vec<(PathBuf, Form)> =
        captures_below(&shared.join("captures")).zip(FORMS.into_iter().cycle()).collect();
    let runs = two_at_a_time(&captures, |(capture, form)| run(capture, *form));
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    let mut complaints = Vec::new();
    for ((capture, _), (finished, verdict)) in captures.iter().zip(&runs) {
        *endings.entry(finished.ended.clone()).or_default() += 1;
        complaints
            .extend(verdict.as_ref().err().map(|complaint| format!("{}: {complaint}", capture.display())));
    }
    print_report(&endings, &captures, &runs);
    assert!(
        complaints.is_empty(),
        "{} of {} captures:\n{}",
        complaints.len(),
        captures.len(),
        complaints.join("\n")
    );
}

/// All files but the tables and pages that describe them.
fn captures_below(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let describes = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "csv" || ending == "md");
    files_below(folder).into_iter().filter(move |path| !describes(path))
}

fn print_report(
    endings: &BTreeMap<String, usize>,
    captures: &[(PathBuf, Form)],
    runs: &[(Finished, Result<(), String>)],
) {
    for (ending, times) in endings {
        println!("{times:>6} {ending}");
    }
    let total: Duration = runs.iter().map(|(finished, _)| finished.took).sum();
    let slowest = captures.iter().zip(runs).max_by_key(|(_, (finished, _))| finished.took);
    if let Some(((capture, _), (finished, _))) = slowest {
        println!("{total:.1?} in all, longest {:.3?} for {}", finished.took, capture.display());
    }
}

fn run(capture: &Path, form: Form) -> (Finished, Result<(), String>) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (rows, summary) = (folder.path().join("flows.csv"), folder.path().join("summary.json"));
    let arguments: [&OsStr; 7] = [
        capture.as_os_str(),
        "-w".as_ref(),
        rows.as_os_str(),
        "--summary".as_ref(),
        summary.as_os_str(),
        "--rows".as_ref(),
        form.option.as_ref(),
    ];
    let finished = run_weir(arguments, LIMIT);
    let verdict = judge(&finished, &rows, &summary, form);
    (finished, verdict)
}

fn judge(finished: &Finished, rows: &Path, summary: &Path, form: Form) -> Result<(), String> {
    if finished.stderr.contains("panicked") {
        return Err(format!("panicked: {}", finished.stderr));
    }
    match finished.status {
        Some(status @ (0 | 3)) => accounted_for(i64::from(status), rows, summary, form),
        Some(2) => refused(finished, rows),
        _ => Err(format!("{}: {}", finished.ended, finished.said().join(" / "))),
    }
}

/// Unreadable input: one sentence says so, and there are no rows.
fn refused(finished: &Finished, rows: &Path) -> Result<(), String> {
    let said = finished.said();
    match said.as_slice() {
        [sentence] if sentence.contains("error") => {}
        _ => return Err(format!("status 2 wants one line with `error`, there are {}: {said:?}", said.len())),
    }
    if rows.exists() { Err("status 2, yet there is a file of rows".into()) } else { Ok(()) }
}

/// Rows were written: their number is that of the summary, and every packet read is counted once.
fn accounted_for(status: i64, rows: &Path, summary: &Path, form: Form) -> Result<(), String> {
    let text = fs::read_to_string(summary).map_err(|error| format!("no summary: {error}"))?;
    let summary: Value =
        serde_json::from_str(&text).map_err(|error| format!("the summary is no JSON: {error}"))?;
    let packets = &summary["packets"];
    let reasons =
        packets["not_in_flows"].as_object().ok_or("no object `packets.not_in_flows` in the summary")?;
    let elsewhere: u64 =
        reasons.values().map(|count| number(count, "not_in_flows")).sum::<Result<u64, String>>()?;
    let (read, in_flows) =
        (number(&packets["read"], "packets.read")?, number(&packets["in_flows"], "packets.in_flows")?);
    if read != in_flows + elsewhere {
        return Err(format!("{read} packets read, but {in_flows} in flows and {elsewhere} elsewhere"));
    }
    let counted = number(&summary["flows"][form.counted], form.counted)?;
    let written = csv_rows(&fs::read(rows).map_err(|error| format!("no rows: {error}"))?);
    if counted != written {
        return Err(format!("the summary counts {counted} {}, the file has {written} rows", form.counted));
    }
    if summary["exit_status"].as_i64() != Some(status) {
        return Err(format!("exit status {status}, the summary says {}", summary["exit_status"]));
    }
    Ok(())
}

fn number(value: &Value, name: &str) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| format!("`{name}` of the summary is no count: {value}"))
}

/// Rows behind the header. RFC 4180: a line end within quotes belongs to a cell.
fn csv_rows(text: &[u8]) -> u64 {
    let mut quoted = false;
    let mut lines: u64 = 0;
    for byte in text {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => lines += 1,
            _ => {}
        }
    }
    lines.saturating_sub(1)
}

#[test]
fn line_ends_within_quotes_are_no_rows() {
    assert_eq!(csv_rows(b""), 0);
    assert_eq!(csv_rows(b"a,b\n1,2\n\"x\n\"\"y\",2\n"), 2);
}
