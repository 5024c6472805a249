//! What the plugin `classifier` says in runs of each kind, and what is said of a model that does not fit the run.
//!
//! The models are written by hand, so each label follows from the row that it stands in.

use std::ffi::OsStr;
use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use weir_tests::command::{Finished, run_weir};
use weir_tests::workspace_root;

const LIMIT: Duration = Duration::from_secs(60);

/// More packets from A than from B `up`, fewer or as many `down`; asked in rows of conversations.
const DIRECTION: &str = r#"{"weir_model": 1, "missing": {"constant": 0},
    "columns": [{"name": "packets_sent_a", "type": "u64"}, {"name": "packets_sent_b", "type": "u64"}],
    "classes": ["down", "up"],
    "estimator": {"kind": "linear", "vectors": [[1, -1]], "intercepts": [-0.5], "link": "logistic"}}"#;

/// Above 2 packets `long`; asked in rows of directions.
const LENGTH: &str = r#"{"weir_model": 1, "missing": "skip", "columns": [{"name": "packets_sent"}],
    "classes": ["short", "long"],
    "estimator": {"kind": "linear", "vectors": [[1]], "intercepts": [-2.5], "link": "none"}}"#;

/// Asks twice, the second time where the first said `down`.
const CHAIN: &str = r#"{"weir_chain": 1, "models": [
    {"file": "direction.json"}, {"file": "again.json", "when": {"direction": ["down"]}}]}"#;

/// A folder with the models and what is made of them.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let files = [("direction", DIRECTION), ("again", DIRECTION), ("length", LENGTH), ("chain", CHAIN)];
        for (name, text) in files {
            fs::write(folder.path().join(format!("{name}.json")), text).expect("the folder is ours");
        }
        Self(folder)
    }

    /// Runs weir over the sample with a model.
    fn run(&self, model: &str, more: &[&str]) -> Finished {
        let option = format!("classifier.model={}", self.0.path().join(model).display());
        let rows = self.0.path().join("rows.csv");
        let sample = workspace_root().join("tests/captures/sample.pcap");
        let mut arguments: Vec<&OsStr> = ["-q", "-o", &option, "-w"].map(AsRef::as_ref).to_vec();
        arguments.extend([rows.as_os_str(), sample.as_os_str()]);
        arguments.extend(more.iter().map(OsStr::new));
        if !more.contains(&"-p") {
            arguments.extend(["-p", "+classifier"].map(OsStr::new));
        }
        run_weir(arguments, LIMIT)
    }

    /// Runs it and gives these columns of each row.
    fn rows<const N: usize>(&self, model: &str, more: &[&str], columns: [&str; N]) -> Vec<[String; N]> {
        let finished = self.run(model, more);
        assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""));
        let mut reader = csv::Reader::from_path(self.0.path().join("rows.csv")).expect("there are rows");
        let header = reader.headers().expect("rows have a header").clone();
        let places =
            columns.map(|column| header.iter().position(|name| name == column).expect("the column is there"));
        let records = reader.records().map(|record| record.expect("rows are CSV"));
        records.map(|record| places.map(|place| record[place].to_owned())).collect()
    }

    fn refused(&self, model: &str, more: &[&str]) -> String {
        let finished = self.run(model, more);
        assert_eq!(finished.status, Some(1), "{}", finished.stderr);
        assert!(!self.0.path().join("rows.csv").exists());
        finished.said().join("\n")
    }
}

fn count(text: &str) -> u64 {
    if text.is_empty() { 0 } else { text.parse().expect("a count") }
}

#[test]
fn conversations_are_labelled_by_both_directions_with_any_number_of_workers() {
    let bench = Bench::new();
    let columns = ["packets_sent_a", "packets_sent_b", "class_label", "class_model"];
    let rows = bench.rows("direction.json", &["-j", "1"], columns);
    assert!(rows.len() > 10);
    for [a, b, label, model] in &rows {
        let expected = if count(a) > count(b) { "up" } else { "down" };
        assert_eq!((label.as_str(), model.as_str()), (expected, "direction"), "{a} and {b} packets");
    }
    assert_eq!(bench.rows("direction.json", &["-j", "3"], columns), rows);
}

#[test]
fn directions_are_labelled_one_by_one() {
    let columns = ["packets_sent", "class_label", "class_probability"];
    let rows = Bench::new().rows("length.json", &["--rows", "direction"], columns);
    assert!(rows.iter().any(|[_, label, _]| label == "long"));
    for [packets, label, probability] in &rows {
        let expected = if count(packets) > 2 { "long" } else { "short" };
        assert_eq!((label.as_str(), probability.as_str()), (expected, ""), "{packets} packets");
    }
}

#[test]
fn a_chain_asks_its_second_model_where_the_first_said_so() {
    let rows = Bench::new().rows("chain.json", &[], ["class_label", "class_model", "class_opinions"]);
    let up = ["up", "direction", r#"["up",""]"#].map(str::to_owned);
    let down = ["down", "again", r#"["down","down"]"#].map(str::to_owned);
    assert!(rows.contains(&up) && rows.contains(&down));
    assert!(rows.iter().all(|row| *row == up || *row == down), "{rows:?}");
}

#[test]
fn each_capture_of_many_is_labelled() {
    let bench = Bench::new();
    let template = bench.0.path().join("{}.out.csv");
    let sample = workspace_root().join("tests/captures/sample.pcap");
    let copies = ["one", "two", "three"].map(|name| bench.0.path().join(format!("{name}.pcap")));
    for copy in &copies {
        fs::copy(&sample, copy).expect("the folder is ours");
    }
    let option = format!("classifier.model={}", bench.0.path().join("chain.json").display());
    let mut arguments: Vec<&OsStr> =
        ["-q", "--per-file", "-p", "+classifier", "-o", &option, "-w"].map(AsRef::as_ref).to_vec();
    arguments.push(template.as_os_str());
    arguments.extend(copies.iter().map(|copy| copy.as_os_str()));
    let finished = run_weir(arguments, LIMIT);
    assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""));
    let written = ["one", "two", "three"].map(|name| {
        fs::read_to_string(bench.0.path().join(format!("{name}.out.csv"))).expect("each has its rows")
    });
    assert!(written[0].contains(",down,") && written.iter().all(|rows| *rows == written[0]));
}

#[test]
fn a_model_that_does_not_fit_the_run_is_refused_with_a_sentence() {
    let bench = Bench::new();
    let check = |model: &str, more: &[&str], expected: &str| {
        let said = bench.refused(model, more);
        assert!(said.contains(expected), "{said}\nshould say\n{expected}");
    };
    check(
        "length.json",
        &[],
        "plugin `classifier` reads column `packets_sent`, which no plugin of this run gives; it stands in rows of the \
         other kind, `--rows direction`",
    );
    check(
        "length.json",
        &["--rows", "direction", "-p", "basic_flow,classifier"],
        "plugin `classifier` reads column `packets_sent`, which no plugin of this run gives; add `basic_stats` to `-p`",
    );
    let model = |name: &str, text: String| {
        fs::write(bench.0.path().join(name), text).expect("the folder is ours");
        name.to_owned()
    };
    let typo = model("typo.json", DIRECTION.replace("packets_sent_b", "packet_sent_b"));
    check(
        &typo,
        &[],
        "reads column `packet_sent_b`, which no plugin of this run gives; did you mean `packets_sent_b`?",
    );
    let narrow = model("narrow.json", DIRECTION.replacen("u64", "u16", 1));
    check(
        &narrow,
        &[],
        "plugin `classifier` cannot be opened: model `narrow` reads column `packets_sent_a` as `u16`, but in this run it \
         is `u64`; ",
    );
    let torn = model("torn.json", DIRECTION[..100].to_owned());
    check(&torn, &[], "torn.json`: it is no model file (");
    check("none.json", &[], "cannot read model `");
}
