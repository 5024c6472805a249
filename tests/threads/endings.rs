//! Runs of several workers that do not end as they should: nobody waits for anybody who is gone.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use weir_tests::command::{Finished, run, run_while, weir};
use weir_traffic::packet::flags::ACK;
use weir_traffic::packet::{Ends, Ip, Packet, Payload, Tcp, Transport};
use weir_traffic::{Format, capture};

use super::place::Place;
use super::{a_busy_link, plugins};

/// Whoever takes longer hangs.
const LIMIT: Duration = Duration::from_secs(30);
const WORKERS: [&str; 2] = ["-j", "3"];

/// Forty flows of five packets each between many hosts, so that each worker has some.
fn forty_flows() -> Vec<u8> {
    let packet = |at: u8| {
        let flow = at % 40;
        let payload = Payload::Pattern(8);
        let tcp = Tcp { src_port: 2000, dst_port: 3000, flags: ACK, payload, ..Tcp::default() };
        let ends = Ends::V4([192, 0, 2, flow].into(), [198, 51, 100, flow % 7].into());
        Packet::ip(1_000_000 * i64::from(at), Ip::new(ends, Transport::Tcp(tcp)))
    };
    capture(&(0..200).map(packet).collect::<Vec<_>>(), Format::PcapNanos)
}

/// Each line but the last is a row with as many cells as the header, and so is the last.
fn are_whole_rows(text: &str) -> bool {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    text.ends_with('\n') && reader.records().all(|row| row.is_ok())
}

/// One line on standard error, which says how to mend it behind its semicolon.
fn one_sentence(finished: &Finished) -> String {
    let said = finished.said();
    let [sentence] = said.as_slice() else { panic!("one sentence is wanted: {finished:?}") };
    assert!(sentence.starts_with("error: ") && sentence.contains("; "), "{sentence}");
    (*sentence).to_owned()
}

mod a_plugin_that_panics {
    use super::*;

    /// Runs plugins beside `good`, of which all rows must be there; the warnings of the run.
    fn warnings_beside_good(names: &[&str]) -> Vec<String> {
        let place = Place::with(&forty_flows());
        let names = [&["good"], names].concat();
        plugins::put(&place.path("."), &names);
        let names = names.join(",");
        let options =
            ["-q", "-w", "rows.csv", "--summary", "summary.json", "--plugin-dir", ".", "-p", &names];
        let finished = place.run(&[&options[..], &WORKERS, &["--batch", "7"]].concat());
        assert_eq!(finished.status, Some(3), "{finished:?}");
        let summary = place.written_summary();
        assert_eq!((&summary["rows"], &summary["packets"]["in_flows"]), (&40.into(), &200.into()));
        assert_eq!(cells(&place, "good_packets_a"), ["5"; 40]);
        let warnings = summary["warnings"].as_array().expect("warnings are a list").iter();
        let warnings: Vec<String> =
            warnings.map(|warning| warning.as_str().expect("a warning is text").to_owned()).collect();
        let said: Vec<String> = warnings.iter().map(|warning| format!("warning: {warning}")).collect();
        assert_eq!(finished.said(), said);
        warnings
    }

    fn cells(place: &Place, column: &str) -> Vec<String> {
        let rows = place.text("rows.csv");
        let mut reader = csv::Reader::from_reader(rows.as_bytes());
        let header = reader.headers().expect("a header stands first").clone();
        let at = header.iter().position(|name| name == column).expect("the column is there");
        reader.records().map(|row| row.expect("rows are whole")[at].to_owned()).collect()
    }

    /// With every worker that met it; the first is told of.
    #[test]
    fn in_packet_is_told_once() {
        let warnings = warnings_beside_good(&["panics_in_packet"]);
        let [warning] = warnings.as_slice() else { panic!("one warning, not {warnings:?}") };
        let begin = "plugin `panics_in_packet` panicked while it took packet 81: three packets are too many";
        assert!(warning.starts_with(begin), "{warning}");
    }

    #[test]
    fn in_finish_is_told_once() {
        let warnings = warnings_beside_good(&["panics_in_finish"]);
        let [warning] = warnings.as_slice() else { panic!("one warning, not {warnings:?}") };
        assert!(
            warning.starts_with("plugin `panics_in_finish` panicked while it finished flow "),
            "{warning}"
        );
    }

    #[test]
    fn in_drop_does_not_end_the_program() {
        let warnings = warnings_beside_good(&["panics_in_drop"]);
        let [warning] = warnings.as_slice() else { panic!("one warning, not {warnings:?}") };
        assert!(warning.starts_with("plugin `panics_in_drop` panicked while it finished flow "), "{warning}");
    }

    #[test]
    fn and_reads_rows_is_told_once() {
        let warnings = warnings_beside_good(&["reads_rows"]);
        let [warning] = warnings.as_slice() else { panic!("one warning, not {warnings:?}") };
        assert!(warning.starts_with("plugin `reads_rows` panicked while it finished flow 3"), "{warning}");
    }

    #[test]
    fn is_told_once_beside_others_that_panic() {
        let names = ["panics_in_packet", "panics_in_finish", "panics_in_drop", "reads_rows"];
        let warnings = warnings_beside_good(&names);
        for name in names {
            let of_it = warnings.iter().filter(|warning| warning.contains(&format!("`{name}`"))).count();
            assert_eq!(of_it, 1, "{name} in {warnings:#?}");
        }
    }
}

#[test]
fn a_full_standard_output_ends_the_run_with_one_sentence() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: no /dev/full");
        return;
    };
    let place = Place::with(&a_busy_link());
    let arguments = [&WORKERS[..], &["-w", "-", "--idle-timeout", "0.05", "--batch", "100"]].concat();
    let finished = run(place.command(&arguments).stdout(full), LIMIT);
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert!(one_sentence(&finished).contains("standard output"), "{finished:?}");
}

/// Files may have a few MiB and no more, and to try is an error instead of a signal.
const LITTLE_SPACE: &str = r#"trap "" XFSZ; ulimit -f 5000; exec "$@""#;

#[test]
fn a_file_that_may_not_grow_ends_the_run_and_keeps_whole_rows() {
    let place = Place::with(&a_busy_link());
    let mut shell = Command::new("sh");
    shell.current_dir(place.path(".")).args(["-c", LITTLE_SPACE, "sh"]).arg(weir());
    shell.args(["x.pcap", "-w", "rows.csv", "--idle-timeout", "0.05"]).args(WORKERS).stdout(Stdio::null());
    let finished = run(&mut shell, LIMIT);
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert!(one_sentence(&finished).contains("rows.csv"), "{finished:?}");
    assert!(!place.path("rows.csv").exists());
    let rows = place.text("rows.csv.partial");
    assert!(rows.lines().count() > 1000 && are_whole_rows(&rows), "{} bytes", rows.len());
}

/// `$1` is the command; what follows are its arguments.
const ONLY_THE_FIRST_LINE: &str = r#"{ "$@"; echo $? >status; } | head -n 1 >first"#;

#[test]
fn a_reader_that_leaves_ends_the_run() {
    let place = Place::with(&a_busy_link());
    let sentence = |workers: &[&str]| {
        let mut shell = Command::new("sh");
        shell.current_dir(place.path(".")).args(["-c", ONLY_THE_FIRST_LINE, "sh"]).arg(weir());
        shell.args(["x.pcap", "-w", "-", "--idle-timeout", "0.05"]).args(workers);
        let finished = run(&mut shell, LIMIT);
        assert_eq!(finished.status, Some(0), "{finished:?}");
        assert!(place.text("first").contains("flow_index"), "the header comes first");
        (place.text("status"), one_sentence(&finished))
    };
    assert_eq!(sentence(&WORKERS), sentence(&["-j", "1"]));
}

/// Feeds a capture to a command that is interrupted when it has read about half of it.
fn feed_and_interrupt(child: &mut Child, capture: Vec<u8>) {
    let (mut input, process) = (child.stdin.take().expect("its input is a pipe"), child.id());
    thread::spawn(move || {
        let (head, tail) = capture.split_at(capture.len() / 2);
        input.write_all(head).expect("the command reads");
        let kill = Command::new("kill").args(["-INT", &process.to_string()]).status();
        assert!(kill.is_ok_and(|status| status.success()), "a running process can be interrupted");
        // It may have gone by now.
        let _ = input.write_all(tail);
    });
}

#[test]
fn an_interrupted_run_leaves_a_json_object_that_is_closed() {
    let place = Place::with(&[]);
    for workers in [&["-j", "1"][..], &WORKERS] {
        let mut command = Command::new(weir());
        command.current_dir(place.path(".")).args(["-", "-w", "rows.mirage.json", "--idle-timeout", "0.05"]);
        command.args(["-q", "-p", "+first_packets"]).args(workers).stdin(Stdio::piped());
        let finished = run_while(&mut command, LIMIT, |child| feed_and_interrupt(child, a_busy_link()));
        assert_eq!(finished.status, Some(130), "{workers:?}: {finished:?}");
        let rows = place.text("rows.mirage.json.partial");
        let biflows: serde_json::Value = serde_json::from_str(&rows).expect("it is JSON");
        assert!(biflows.as_object().is_some_and(|biflows| !biflows.is_empty()), "{workers:?}");
        fs::remove_file(place.path("rows.mirage.json.partial")).expect("it is there");
    }
}

#[test]
fn an_interrupted_run_keeps_whole_rows() {
    let place = Place::with(&[]);
    for workers in [&["-j", "1"][..], &WORKERS] {
        let mut command = Command::new(weir());
        command.current_dir(place.path(".")).args(["-", "-w", "rows.csv", "--idle-timeout", "0.05"]);
        command.args(["-q", "--summary", "summary.json"]).args(workers).stdin(Stdio::piped());
        let finished = run_while(&mut command, LIMIT, |child| feed_and_interrupt(child, a_busy_link()));
        assert_eq!(finished.status, Some(130), "{workers:?}: {finished:?}");
        assert!(!place.path("rows.csv").exists());
        let rows = place.text("rows.csv.partial");
        assert!(are_whole_rows(&rows), "{workers:?}: {} bytes", rows.len());
        let summary = place.written_summary();
        assert_eq!(summary["rows"], rows.lines().count() - 1);
        let read = summary["packets"]["read"].as_u64().expect("packets are counted");
        assert!((1..30_000).contains(&read), "{workers:?}: {read} packets");
        fs::remove_file(place.path("rows.csv.partial")).expect("it is there");
    }
}
