//! Ways to run that have rules of their own: many captures with rows of their own, a limit on memory, and a
//! profile.

#[path = "threads/place.rs"]
mod place;

use std::collections::HashMap;
use std::fs;

use place::Place;
use weir_traffic::{Format, bench_capture, capture, sample::sample};

/// Many users, made up: more flows than the limits below leave room for.
fn link(packets: u64, flows: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    bench_capture(packets, flows, 7, &mut bytes).expect("a vector takes every byte");
    bytes
}

/// A folder with a sample as `x.pcap` and a link as `y.pcap`.
fn two_captures() -> Place {
    let place = Place::with(&capture(&sample(), Format::PcapMicros));
    fs::write(place.path("y.pcap"), link(2_000, 200)).expect("the folder is ours");
    place
}

#[test]
fn each_capture_has_the_rows_that_a_run_of_its_own_gives() {
    let place = two_captures();
    let finished = place.run(&["y.pcap", "--per-file", "-q", "-w", "each-{}.csv"]);
    assert!(finished.status == Some(0) && finished.stderr.is_empty(), "{finished:?}");
    let of_x = place.rows(&["-j", "1"]);
    fs::rename(place.path("y.pcap"), place.path("x.pcap")).expect("the folder is ours");
    let of_y = place.rows(&["-j", "1"]);
    assert!(of_x != of_y && place.text("each-x.csv") == of_x && place.text("each-y.csv") == of_y);
    assert!(place.text("columns.json").contains("flow_index"), "one dictionary serves both");
}

#[test]
fn without_a_name_rows_stand_beside_each_capture() {
    let place = two_captures();
    let summary = place.run(&["y.pcap", "--per-file", "--summary", "summary.json"]);
    assert_eq!(summary.status, Some(0), "{summary:?}");
    assert!(place.path("x.flows.csv").exists() && place.path("y.flows.csv").exists());
    let summary = place.written_summary();
    assert_eq!((&summary["files"], &summary["rows"]), (&2.into(), &221.into()));
}

#[test]
fn a_capture_that_cannot_be_read_is_a_warning_beside_others() {
    let place = two_captures();
    let finished = place.run(&["none.pcap", "--per-file", "-q"]);
    assert_eq!(finished.status, Some(3));
    assert!(matches!(finished.said()[..], [warning] if warning.contains("none.pcap")), "{finished:?}");
    assert!(place.path("x.flows.csv").exists());
}

#[test]
fn rows_of_two_captures_cannot_go_to_one_file() {
    let place = two_captures();
    let one_file = place.run(&["y.pcap", "--per-file", "-w", "all.csv"]);
    assert!(one_file.status == Some(1) && one_file.stderr.contains("`{}`"), "{one_file:?}");
    fs::create_dir(place.path("sub")).expect("the folder is ours");
    fs::copy(place.path("x.pcap"), place.path("sub/x.pcap")).expect("the folder is ours");
    let same_name = place.run(&["sub/x.pcap", "--per-file", "-w", "{}.csv"]);
    assert!(same_name.status == Some(1) && same_name.stderr.contains("would both go to"), "{same_name:?}");
}

/// Cells of a column by row.
fn column(rows: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(rows.as_bytes());
    let at = reader.headers().expect("rows have a header").iter().position(|column| column == name);
    let at = at.unwrap_or_else(|| panic!("there is no column {name}"));
    reader.records().map(|row| row.expect("rows are CSV")[at].to_owned()).collect()
}

fn sum(rows: &str, name: &str) -> u64 {
    column(rows, name).iter().filter_map(|cell| cell.parse::<u64>().ok()).sum()
}

#[test]
fn a_limit_on_memory_ends_flows_early_and_loses_no_packet() {
    const LIMIT_REACHED: u64 = 0x0000_0400_0000_0000;
    let place = Place::with(&link(30_000, 3_000));
    let options = ["--memory-limit", "500kB", "-w", "rows.csv", "-j", "1", "--summary", "summary.json"];
    let finished = place.run(&options);
    assert!(finished.status == Some(0) && finished.stderr.contains("--memory-limit"), "{finished:?}");
    let rows = place.text("rows.csv");
    let early = column(&rows, "flow_status_a")
        .into_iter()
        .filter(|status| status.parse::<u64>().is_ok_and(|status| status & LIMIT_REACHED != 0));
    let counted = place.written_summary()["flows"]["ended_by_limit"].as_u64().unwrap_or(0);
    assert!(counted > 0 && early.count() as u64 == counted);
    let packets = sum(&rows, "packets_sent_a") + sum(&rows, "packets_sent_b");
    assert_eq!(packets, 30_000);
    for threads in ["2", "5"] {
        place.run(&["--memory-limit", "500kB", "-w", "rows.csv", "-j", threads, "--batch", "50"]);
        assert!(place.text("rows.csv") == rows, "{threads} workers end other flows");
    }
}

#[test]
fn a_profile_names_every_stage_and_plugin() {
    let place = Place::with(&link(20_000, 1_000));
    for threads in ["1", "2"] {
        let summary = place.summary(&["-j", threads, "--profile-plugins"]);
        let stages = summary["profile"].as_array().expect("a profile is a list");
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let times: HashMap<(String, String), f64> = stages
            .iter()
            .map(|s| ((text(&s["plugin"]), text(&s["work"])), s["ns_a_packet"].as_f64().unwrap_or(0.0)))
            .collect();
        for (plugin, work) in [
            ("", "read"),
            ("", "decode"),
            ("", "flow table"),
            ("tcp_flags", "packets"),
            ("conn_stat", "rows"),
        ] {
            let time = times.get(&(plugin.to_owned(), work.to_owned()));
            assert!(time.is_some_and(|&time| time > 0.0), "{plugin} {work}: {time:?}");
        }
    }
    assert_eq!(place.summary(&[])["profile"], serde_json::json!([]), "it costs nothing if nobody asks");
}
