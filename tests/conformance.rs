//! Every table of reference rows against what `weir --profile tranalyzer` prints for its capture.
//!
//! The figures show with `cargo test -p weir-tests --test conformance -- --nocapture`; every unequal cell goes
//! to `target/conformance.tsv`. `WEIR_CONFORMANCE=ndpi/dns` compares only captures whose path contains that
//! text. What is left out, and why, stands in `src/rules.rs`.

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use weir_tests::command::run_weir;
use weir_tests::compare::{Counts, Difference, MISSING, Outcome, compare};
use weir_tests::report::{self, Groups};
use weir_tests::rules::UNDEFINED;
use weir_tests::table::Table;
use weir_tests::{files_below, shared, target_folder, two_at_a_time};

/// The groups that decide; the others hold broken and odd packets and are reported.
const DECIDING: [&str; 7] = ["ndpi", "nfstream", "citizenlab", "ja4", "mercury", "ipfixprobe", "zeek"];
/// Percentage of rows that must have a partner, and of cells that must be equal, in all and by column.
const AT_LEAST: f64 = 99.5;
const LIMIT: Duration = Duration::from_secs(20);
const GOLDEN_SUFFIX: &str = ".flows.txt";

/// Columns that every run prints: those of the core, of basicFlow without geo database, and of basicStats.
const ALWAYS: [&str; 35] = [
    "dir",
    "flowInd",
    "flowStat",
    "timeFirst",
    "timeLast",
    "duration",
    "numHdrDesc",
    "numHdrs",
    "hdrDesc",
    "srcMac",
    "dstMac",
    "ethType",
    "vlanID",
    "srcIP",
    "srcPort",
    "dstIP",
    "dstPort",
    "l4Proto",
    "pktsSnt",
    "pktsRcvd",
    "padBytesSnt",
    "l7BytesSnt",
    "l7BytesRcvd",
    "minL7PktSz",
    "maxL7PktSz",
    "avgL7PktSz",
    "stdL7PktSz",
    "minIAT",
    "maxIAT",
    "avgIAT",
    "stdIAT",
    "pktps",
    "bytps",
    "pktAsm",
    "bytAsm",
];

/// What became of one capture.
struct Compared {
    capture: String,
    outcome: Outcome,
    /// Why there are no rows of ours.
    failure: Option<String>,
    /// A column that should not be there, or is not there and should.
    wrong_header: Option<String>,
}

#[test]
fn rows_agree_with_the_reference() {
    let Some(shared) = shared() else { return };
    let captures = captures_with_rows(&shared.join("golden"));
    assert!(!captures.is_empty(), "no table of reference rows fits WEIR_CONFORMANCE");
    let compared = two_at_a_time(&captures, |capture| compare_capture(&shared, capture));
    let groups = gather(&compared);
    print_report(&groups);
    compared.iter().filter_map(|one| one.failure.as_ref()).for_each(|failure| println!("no rows: {failure}"));
    write_list(&groups);
    let decides = report::together(&groups, DECIDING);
    print!("{}", report::figures_line("deciding groups", &decides));
    let wrong_header = compared.iter().find_map(|one| one.wrong_header.as_ref());
    assert_eq!(wrong_header, None, "the header is not the reference's");
    assert!(decides.rows.percent() >= AT_LEAST, "only {:.3} % of the rows pair", decides.rows.percent());
    assert!(
        decides.cells().percent() >= AT_LEAST,
        "only {:.3} % of the cells agree",
        decides.cells().percent()
    );
    for (column, counts) in &decides.columns {
        assert!(
            counts.percent() >= AT_LEAST,
            "only {:.3} % of the cells of {column} agree",
            counts.percent()
        );
    }
}

/// Paths of the captures that have reference rows and are read as they are by the reference.
fn captures_with_rows(golden: &Path) -> Vec<String> {
    let wanted = env::var("WEIR_CONFORMANCE").unwrap_or_default();
    let paths = files_below(golden).into_iter().filter_map(|path| {
        let path = path.strip_prefix(golden).expect("a file below the folder").to_str()?.to_owned();
        path.strip_suffix(GOLDEN_SUFFIX).map(str::to_owned)
    });
    paths
        .filter(|path| path.contains(&wanted) && !UNDEFINED.iter().any(|(undefined, _)| undefined == path))
        .collect()
}

fn compare_capture(shared: &Path, capture: &str) -> Compared {
    let golden =
        fs::read(shared.join("golden").join(format!("{capture}{GOLDEN_SUFFIX}"))).expect("listed before");
    let golden = Table::parse(&String::from_utf8_lossy(&golden)).expect("the reference prints whole rows");
    let ours = rows_of_weir(&shared.join("captures").join(capture));
    let named = |text: String| format!("{capture}: {text}");
    let (outcome, failure, wrong_header) = match ours {
        Ok(ours) => (compare(capture, &golden, &ours), None, wrong_header(&golden, &ours).map(named)),
        Err(failure) => (all_missing(capture, &golden, &failure), Some(named(failure)), None),
    };
    Compared { capture: capture.to_owned(), outcome, failure, wrong_header }
}

/// The table that weir writes, or a sentence on why there is none.
fn rows_of_weir(capture: &Path) -> Result<Table, String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let written = folder.path().join("flows.txt");
    let arguments =
        [capture.as_os_str(), "--profile".as_ref(), "tranalyzer".as_ref(), "-q".as_ref(), "-w".as_ref()];
    let finished = run_weir(arguments.into_iter().chain([written.as_os_str()]), LIMIT);
    if !matches!(finished.status, Some(0 | 3)) {
        return Err(format!("{}, {}", finished.ended, finished.said().join(" / ")));
    }
    let bytes = fs::read(&written).map_err(|error| format!("no rows: {error}"))?;
    Table::parse(&String::from_utf8_lossy(&bytes))
}

/// A column that the reference does not know, or one that must be there and is not.
fn wrong_header(golden: &Table, ours: &Table) -> Option<String> {
    if let Some(unknown) = ours.columns().iter().find(|column| !golden.has(column)) {
        return Some(format!("column `{unknown}` is none of the reference's"));
    }
    let absent = ALWAYS.iter().find(|column| !ours.has(column))?;
    Some(format!("column `{absent}` is missing"))
}

/// A run that gave no table: every row of the reference is missing.
fn all_missing(capture: &str, golden: &Table, failure: &str) -> Outcome {
    let unequal = golden.len() as u64;
    let difference = Difference {
        capture: capture.to_owned(),
        key: format!("{unequal} rows"),
        column: MISSING.to_owned(),
        reference: String::new(),
        ours: failure.replace(['\t', '\n'], " "),
    };
    Outcome {
        reference_rows: unequal,
        rows: Counts { unequal, ..Counts::default() },
        differences: vec![difference],
        ..Outcome::default()
    }
}

fn gather(compared: &[Compared]) -> Groups {
    let mut groups = Groups::new();
    for Compared { capture, outcome, .. } in compared {
        groups.entry(report::group(capture).to_owned()).or_default().add(outcome);
    }
    groups
}

fn write_list(groups: &Groups) {
    let folder = target_folder();
    let written = fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join("conformance.tsv"), report::list(groups)));
    written.expect("the target folder is writable");
}

fn print_report(groups: &Groups) {
    let all = report::together(groups, groups.keys().map(String::as_str));
    println!("{}", report::unequal_columns(groups));
    println!("{}", report::columns(&all));
    println!("{}", report::rules_used(&all));
    println!("{}", report::figures(groups));
    println!("left out as undefined: {} captures", UNDEFINED.len());
}
