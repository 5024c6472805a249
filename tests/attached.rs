//! Row plugins at tables: `-p +classifier@bursts` labels the rows of a table, not those of flows.

use std::fs;
use std::io::BufWriter;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use weir_tests::command::{Finished, run_weir, weir};
use weir_traffic::bench_capture;

const LIMIT: Duration = Duration::from_secs(60);

/// Bursts of more than a thousand bytes, as a decision tree.
const MODEL: &str = r#"{
    "weir_model": 1,
    "columns": [{"name": "burst_bytes", "type": "u64"}],
    "classes": ["small", "large"],
    "missing": "skip",
    "estimator": {
        "kind": "trees", "precision": "double", "combine": "mean", "base": [0, 0], "link": "identity",
        "trees": [{
            "columns": [0, 0, 0], "thresholds": [1000, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1],
            "values": [[], [1, 0], [0, 1]]
        }]
    }
}"#;

/// A folder with a capture and the model.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a temporary folder can be made");
    let file = fs::File::create(place.path().join("x.pcap")).expect("the folder is writable");
    bench_capture(3000, 200, 7, &mut BufWriter::new(file)).expect("the folder is writable");
    fs::write(place.path().join("size.json"), MODEL).expect("the folder is writable");
    place
}

fn run(place: &TempDir, arguments: &[&str]) -> Finished {
    let path = |name: &str| place.path().join(name).to_string_lossy().into_owned();
    let model = format!("classifier@bursts.model={}", path("size.json"));
    let own = ["-q".into(), path("x.pcap"), "-w".into(), path("rows.flows.csv"), "-o".into(), model];
    run_weir(own.into_iter().chain(arguments.iter().map(ToString::to_string)), LIMIT)
}

fn table(place: &TempDir) -> Vec<(u64, String)> {
    let mut reader =
        csv::Reader::from_path(place.path().join("rows.bursts.csv")).expect("the table is there");
    let header = reader.headers().expect("it has a header").clone();
    let place_of = |name: &str| header.iter().position(|column| column == name).expect("the column is there");
    let (bytes, label) = (place_of("burst_bytes"), place_of("class_label"));
    let rows = reader.records().map(|row| row.expect("each row is whole"));
    rows.map(|row| (row[bytes].parse().expect("a number"), row[label].to_owned())).collect()
}

#[test]
fn each_row_of_the_table_has_its_label_with_any_number_of_workers() {
    let place = place();
    let mut tables = Vec::new();
    for workers in ["1", "3"] {
        let finished = run(&place, &["-p", "+bursts,+classifier@bursts", "-j", workers]);
        assert_eq!(finished.status, Some(0), "{}", finished.stderr);
        tables.push(table(&place));
        let flows = fs::read_to_string(place.path().join("rows.flows.csv")).expect("the rows are there");
        assert!(!flows.lines().next().unwrap_or_default().contains("class_label"));
    }
    let labels: Vec<&str> = tables[0].iter().map(|(_, label)| label.as_str()).collect();
    assert!(labels.contains(&"small") && labels.contains(&"large"));
    for (bytes, label) in &tables[0] {
        assert_eq!(label, if *bytes > 1000 { "large" } else { "small" }, "{bytes} bytes");
    }
    assert_eq!(tables[0], tables[1]);
}

fn check_refused(arguments: &[&str], said: &str) {
    let finished = run(&place(), arguments);
    assert_eq!(finished.status, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
}

#[test]
fn what_does_not_fit_is_refused_with_a_sentence() {
    check_refused(&["-p", "+bursts,+classifier@burst"], "no plugin of this run writes a table `burst`");
    check_refused(&["-p", "+classifier@bursts"], "no plugin of this run writes a table `bursts`");
    check_refused(&["-p", "+bursts,+tls@bursts"], "plugin `tls` cannot read the rows of a table");
    check_refused(&["-p", "+bursts,+conn_stat@bursts,+classifier@bursts"], "plugin `conn_stat@bursts` reads");
}

#[test]
fn rows_on_standard_output_go_without_tables_with_any_number_of_workers() {
    let place = place();
    let capture = place.path().join("x.pcap");
    let rows = ["1", "3"].map(|workers| {
        let plugins = "+bursts,+first_packets,+dialogs";
        let arguments = ["-q", "-j", workers, "-p", plugins, "-w", "-"];
        let ended = Command::new(weir()).args(arguments).arg(&capture).output().expect("the command starts");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.contains("tables are not written"), "{said}");
        ended.stdout
    });
    assert!(!rows[0].is_empty());
    assert_eq!(rows[0], rows[1]);
}
