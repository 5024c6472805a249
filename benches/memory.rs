//! How many bytes of memory does a live conversation take?
//!
//! Whole runs in processes of their own, over captures whose flows are all alive at the end; the answer is the
//! most memory that was resident (Linux: VmHWM). Two figures: with one row written at the end for each flow,
//! and before any row is made. Without `--bench`, as `cargo test` runs it, only the smallest run is made.

use std::path::Path;
use std::process::Command;

use weir_benches::traffic::Capture;
use weir_benches::{is_test, stages, whole};

/// Live conversations.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
/// Asks this program to be one of the runs.
const RUN: &str = "--one-run";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, stage, capture, folder] = &arguments[..]
        && flag == RUN
    {
        return one_run(stage, Path::new(capture), Path::new(folder));
    }
    let sizes = if is_test() { &SIZES[..1] } else { &SIZES[..] };
    println!(
        "| live conversations | decoder and table, MiB | whole run, MiB | bytes a conversation, table | whole run |"
    );
    println!("| --- | --- | --- | --- | --- |");
    let [table_rest, whole_rest] = ["table", "whole"].map(|stage| peak(stage, &Capture::of_live_flows(1, 1)));
    for &flows in sizes {
        let capture = Capture::of_live_flows(2 * flows, flows);
        let [table, whole] = ["table", "whole"].map(|stage| peak(stage, &capture));
        let each = |peak: u64, rest: u64| peak.saturating_sub(rest) / flows;
        println!(
            "| {flows} | {:.1} | {:.1} | {} | {} |",
            mebibytes(table),
            mebibytes(whole),
            each(table, table_rest),
            each(whole, whole_rest)
        );
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Most memory that was resident in a run of its own.
fn peak(stage: &str, capture: &Capture) -> u64 {
    let own = std::env::current_exe().expect("a process knows its file");
    let (path, folder) = (capture.path(), capture.folder());
    let output = Command::new(own).args([RUN, stage]).arg(&path).arg(folder).output();
    let output = output.expect("this program runs once more");
    let text = String::from_utf8_lossy(&output.stdout);
    let [flows, kib] = numbers(&text).unwrap_or_else(|| {
        panic!("the run failed: {}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(flows, capture.flows, "every flow is one conversation");
    kib * 1024
}

fn numbers(text: &str) -> Option<[u64; 2]> {
    let mut numbers = text.split_whitespace().map(str::parse);
    Some([numbers.next()?.ok()?, numbers.next()?.ok()?])
}

fn one_run(stage: &str, capture: &Path, folder: &Path) {
    let conversations = if stage == "table" {
        stages::assign(capture).live
    } else {
        whole::run_to_csv(capture, folder, whole::STANDARD).counts.conversations
    };
    println!("{conversations} {}", peak_kib());
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this bench needs Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("Linux tells the peak of the resident memory")
}
