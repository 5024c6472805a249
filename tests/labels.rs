//! Labels of a file beside the rows of the flows that they mean; what the summary and the list of ambiguous flows say.

#[path = "boundary/capture.rs"]
mod capture;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use capture::{Sent, tcp, udp};
use serde_json::Value;
use tempfile::TempDir;
use weir_tests::command::{Finished, run_weir};
use weir_tests::workspace_root;

const LIMIT: Duration = Duration::from_secs(60);

/// A web flow with its answer, two queries for names, and one that no line means.
const FLOWS: [fn() -> Sent; 5] = [
    || tcp(1000, (1, 1000), (2, 443), b"ask"),
    || tcp(1001, (2, 443), (1, 1000), b"answer"),
    || udp(2000, (1, 2000), (3, 53), b"name?"),
    || udp(3000, (4, 3000), (3, 53), b"name?"),
    || udp(4000, (5, 1), (6, 2), b"?"),
];

/// The first line names the server first.
const LABELS: &str = "src_ip,src_port,dst_ip,dst_port,l4_proto,start,end,label,app\n\
    10.0.0.2,443,10.0.0.1,1000,tcp,0.5,1970-01-01T00:00:02Z,web,browser\n\
    10.0.0.0/29,53,,1024-65535,17,,,names,\n\
    ,3000,,,,2,4,chat,phone\n";

/// A folder with a capture and labels.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn with(labels: &str) -> Self {
        let bench = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        capture::write(&bench.path("x.pcap"), &FLOWS.map(|flow| flow()));
        fs::write(bench.path("labels.csv"), labels).expect("a file in a temporary folder can be written");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Names in arguments that begin with `@` stand in the folder.
    fn run(&self, arguments: &str) -> Finished {
        let root = format!("{}/", self.folder.path().display());
        let arguments =
            format!("-q -p basic_flow,label -o label.file=@labels.csv {arguments}").replace('@', &root);
        run_weir(arguments.split(' '), LIMIT)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Cells of some columns, row by row.
    fn cells(&self, name: &str, columns: &[&str]) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(self.path(name)).expect("rows were written");
        let rows = reader.deserialize().map(|row| row.expect("rows are CSV"));
        rows.map(|row: BTreeMap<String, String>| columns.iter().map(|&column| row[column].clone()).collect())
            .collect()
    }

    fn counts(&self) -> Value {
        let summary: Value = serde_json::from_str(&self.text("summary.json")).expect("the summary is JSON");
        summary["plugin_counts"]["label"].clone()
    }
}

#[test]
fn flows_have_the_labels_of_their_lines_and_the_summary_counts_them() {
    let bench = Bench::with(LABELS);
    let finished = bench.run("-o label.ambiguous=@list.csv --summary @summary.json -w @rows.csv @x.pcap");
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    let columns = ["src_ip", "label", "label_match", "label_line", "label_fields"];
    let expected = [
        ["10.0.0.1", "web", "matched", "2", "{\"app\":\"browser\"}"],
        ["10.0.0.1", "names", "matched", "3", ""],
        ["10.0.0.4", "", "ambiguous", "3", ""],
        ["10.0.0.5", "", "unmatched", "", ""],
    ];
    assert_eq!(bench.cells("rows.csv", &columns), expected);
    assert_eq!(bench.counts(), serde_json::json!({"matched": 2, "unmatched": 1, "ambiguous": 1}));
    let listed = "flow_index,src_ip,src_port,dst_ip,dst_port,l4_proto,time_first,time_last,lines,labels\n\
        3,10.0.0.4,3000,10.0.0.3,53,17,3000000000,3000000000,3;4,names;chat\n";
    assert_eq!(bench.text("list.csv"), listed);
}

#[test]
fn both_directions_have_the_label_and_the_flow_counts_once() {
    let bench = Bench::with(LABELS);
    let finished = bench.run("--rows direction --summary @summary.json -w @rows.csv @x.pcap");
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    let cells = bench.cells("rows.csv", &["direction", "label"]);
    assert_eq!(cells[..3], [["A", "web"], ["B", "web"], ["A", "names"]]);
    assert_eq!(bench.counts()["matched"], 2);
}

#[test]
fn workers_do_not_change_labels() {
    let bench = Bench::with(LABELS);
    bench.run("-j 1 -w @one.csv @x.pcap");
    bench.run("-j 3 -w @three.csv @x.pcap");
    assert_eq!(bench.text("one.csv"), bench.text("three.csv"));
}

#[test]
fn captures_with_rows_of_their_own_share_counts_and_list() {
    let bench = Bench::with(LABELS);
    fs::copy(bench.path("x.pcap"), bench.path("y.pcap")).expect("a file can be copied");
    let finished = bench.run(
        "--per-file -j 1 -o label.ambiguous=@list.csv --summary @summary.json -w @{}.csv @x.pcap @y.pcap",
    );
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    assert_eq!(bench.text("x.csv"), bench.text("y.csv"));
    assert_eq!(bench.counts(), serde_json::json!({"matched": 4, "unmatched": 2, "ambiguous": 2}));
    assert_eq!(bench.text("list.csv").lines().count(), 3);
}

#[test]
fn overlaps_of_the_file_are_told_once() {
    let bench = Bench::with("src_port,start,end,label\n1000,0,5,a\n1000,4,8,b\n");
    bench.run("--summary @summary.json -w @rows.csv @x.pcap");
    let summary: Value = serde_json::from_str(&bench.text("summary.json")).expect("the summary is JSON");
    let said = "plugin `label`: lines 2 and 3 of its file ask the same at overlapping times but have different labels; \
        a flow that matches both is ambiguous and has none";
    assert_eq!(summary["notices"], serde_json::json!([said]));
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_the_place() {
    let bench = Bench::with("src_ip,label\n10.0.0.1,a\n10.0.0.1x,b\n");
    let finished = bench.run("-w @rows.csv @x.pcap");
    assert_eq!((finished.status, finished.said().len()), (Some(1), 1), "{}", finished.stderr);
    let place = "labels.csv`, line 3: `src_ip` is `10.0.0.1x`, but it must be an address or a subnet";
    assert!(finished.stderr.contains(place), "{}", finished.stderr);
    assert!(!bench.path("rows.csv").exists());
}

/// The first three flows, as their programs made them.
const TRACE: &str = r#"
7 0000000000.500000 execve("/usr/bin/browser", ["browser"], 0x1 /* 9 vars */) = 0
7 0000000000.900000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 0000000000.950000 connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("10.0.0.2")}, 16) = 0
7 0000000000.960000 sendto(3<TCP:[10.0.0.1:1000->10.0.0.2:443]>, "ask", 3, 0, NULL, 0) = 3
8 0000000001.950000 socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 4
8 0000000001.960000 bind(4, {sa_family=AF_INET, sin_port=htons(2000), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
8 0000000001.970000 sendto(4, "name?", 5, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.3")}, 16) = 5
8 0000000002.500000 close(4) = 0
"#;

#[test]
fn a_socket_log_becomes_labels_of_the_flows_in_a_capture() {
    let bench = Bench::with(LABELS);
    fs::write(bench.path("trace.log"), TRACE).expect("a file in a temporary folder can be written");
    let mut python = Command::new("python3");
    python.current_dir(workspace_root().join("python"));
    python.args(["-m", "weir.labels", "strace"]).arg(bench.path("trace.log")).stderr(Stdio::inherit());
    let Ok(output) = python.output() else {
        println!("skipped: no python3");
        return;
    };
    assert!(output.status.success(), "{}", output.status);
    fs::write(bench.path("labels.csv"), output.stdout).expect("a file in a temporary folder can be written");
    let finished = bench.run("-w @rows.csv @x.pcap");
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    let labels = bench.cells("rows.csv", &["label", "label_fields"]);
    let browser = ["browser", "{\"pid\":\"7\"}"];
    assert_eq!(labels[..2], [browser, ["pid-8", "{\"pid\":\"8\"}"]]);
    assert_eq!(labels[2..], [["", ""], ["", ""]]);
}
