//! Which flows of real captures are MMTLS or APNs: those that the table of truth names, and no others.
//!
//! The figures show with `cargo test -p weir-tests --test messaging -- --nocapture`. The captures stand beside the
//! workspace; without them the test says so and passes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use weir_tests::command::run_weir;
use weir_tests::{files_below, shared, two_at_a_time};

const TRUTH: &str = "truth_mmtls_apns.csv";
const LIMIT: Duration = Duration::from_secs(30);

/// Plugins, and the columns of their verdicts.
const DETECTORS: [(&str, &str); 2] = [("mmtls", "mmtls_verdict"), ("apns", "apns_verdict")];

/// Column and verdicts that a flow of a class may have; none of the two columns may say anything else.
const CLASSES: [(&str, &str, &[&str]); 4] = [
    ("mmtls-http", "mmtls_verdict", &["http"]),
    ("mmtls-tcp", "mmtls_verdict", &["tcp"]),
    ("apns-5223-apple-net", "apns_verdict", &["certain", "likely"]),
    ("apns-alpn", "apns_verdict", &["certain", "likely"]),
];

/// Capture and both ends, the lesser first.
type Flow = (String, [(String, String); 2]);

/// A verdict: column and text.
type Verdicts = BTreeSet<(String, String)>;

fn flow(capture: &str, ends: [(&str, &str); 2]) -> Flow {
    let mut ends = ends.map(|(address, port)| (address.to_owned(), port.to_owned()));
    ends.sort();
    (capture.to_owned(), ends)
}

/// The class of each flow in the table of truth.
fn truth(captures: &Path) -> BTreeMap<Flow, String> {
    let mut reader = csv::Reader::from_path(captures.join(TRUTH)).expect("the table of truth is there");
    let records = reader.records().map(|record| record.expect("the table of truth is CSV"));
    records.map(|one| (flow(&one[0], [(&one[1], &one[2]), (&one[3], &one[4])]), one[5].to_owned())).collect()
}

/// The flows of a capture that have a verdict.
fn verdicts(captures: &Path, path: &Path) -> Vec<(Flow, Verdicts)> {
    let name = path.strip_prefix(captures).expect("a file below the folder").to_string_lossy().into_owned();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let written = folder.path().join("flows.csv");
    let plugins =
        DETECTORS.iter().fold("basic_flow".to_owned(), |all, (plugin, _)| format!("{all},{plugin}"));
    let arguments = [path.as_os_str(), "-q".as_ref(), "-p".as_ref(), plugins.as_ref(), "-w".as_ref()];
    let finished = run_weir(arguments.into_iter().chain([written.as_os_str()]), LIMIT);
    assert!(finished.status.is_some_and(|status| status < 100), "{name}: {}", finished.ended);
    assert!(!finished.stderr.contains("panic"), "{name}: {}", finished.stderr);
    // What is no capture has no rows.
    let Ok(mut reader) = csv::Reader::from_path(&written) else { return Vec::new() };
    let header = reader.headers().expect("rows have a header").clone();
    let place = |column: &str| header.iter().position(|name| name == column).expect("the column is there");
    let ends = ["src_ip", "src_port", "dst_ip", "dst_port"].map(place);
    let columns = DETECTORS.map(|(_, column)| (column, place(column)));
    let rows = reader.records().map(|row| row.expect("rows are CSV"));
    let told = rows.map(|row| {
        let [src_ip, src_port, dst_ip, dst_port] = ends.map(|place| &row[place]);
        let said = columns.iter().map(|&(column, place)| (column.to_owned(), row[place].to_owned()));
        let said = said.filter(|(_, verdict)| !verdict.is_empty()).collect();
        (flow(&name, [(src_ip, src_port), (dst_ip, dst_port)]), said)
    });
    told.filter(|(_, said): &(_, Verdicts)| !said.is_empty()).collect()
}

/// Whether a flow of this class, none if the truth does not name it, may have these verdicts.
fn is_right(class: Option<&str>, said: &Verdicts) -> bool {
    match CLASSES.iter().find(|(name, ..)| Some(*name) == class) {
        Some((_, column, allowed)) => {
            said.len() == 1
                && said.iter().all(|(of, verdict)| of == column && allowed.contains(&verdict.as_str()))
        }
        None => said.is_empty(),
    }
}

#[test]
fn the_flows_of_the_truth_are_found_and_no_others() {
    let Some(shared) = shared() else { return };
    let captures = shared.join("captures");
    let truth = truth(&captures);
    let files: Vec<_> = files_below(&captures)
        .into_iter()
        .filter(|path| path.parent() != Some(&captures) && path.extension() != Some("md".as_ref()))
        .collect();
    let mut found: BTreeMap<Flow, Verdicts> = BTreeMap::new();
    for (flow, said) in two_at_a_time(&files, |path| verdicts(&captures, path)).into_iter().flatten() {
        found.entry(flow).or_default().extend(said);
    }
    let none = Verdicts::new();
    let mut figures: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for flow in truth.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let (class, said) = (truth.get(flow).map(String::as_str), found.get(flow).unwrap_or(&none));
        let (right, all) = figures.entry(class.unwrap_or("not in the truth, with a verdict")).or_default();
        *all += 1;
        if is_right(class, said) {
            *right += 1;
        } else {
            wrong.push(format!("{flow:?} is {class:?} and said to be {said:?}"));
        }
    }
    println!("{} captures", files.len());
    figures.iter().for_each(|(class, (right, all))| println!("{class}: {right} of {all} right"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
