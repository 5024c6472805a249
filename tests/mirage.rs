//! `--format mirage` says what CSV says, and `--format` refuses what it does not know.
//!
//! `mirage.py` compares the two; it needs nothing but Python itself. Where there is none, the test says that it was
//! skipped; with `CI=true` it must run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use tempfile::TempDir;
use weir_tests::command::{Finished, run_weir};
use weir_tests::workspace_root;

const LIMIT: Duration = Duration::from_secs(60);
const PLUGINS: [&str; 2] = ["-p", "+first_packets"];

fn has_python() -> bool {
    let mut python = Command::new("python3");
    let is_there =
        python.arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    let is_wanted = env::var_os("CI").is_some_and(|value| value == "true");
    assert!(is_there || !is_wanted, "there is no python3");
    if !is_there {
        println!("skipped: there is no python3");
    }
    is_there
}

fn weir(folder: &Path, rows: &str, options: &[&str]) -> Finished {
    let sample = workspace_root().join("tests/captures/sample.pcap");
    let rows = folder.join(rows);
    let arguments = ["-q", "-w"].map(AsRef::as_ref).into_iter().chain([rows.as_os_str(), sample.as_os_str()]);
    run_weir(arguments.chain(options.iter().map(AsRef::as_ref)), LIMIT)
}

fn write(folder: &Path, rows: &str, options: &[&str]) {
    let finished = weir(folder, rows, &[&PLUGINS, options].concat());
    assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""));
}

/// What Python says of the two files.
fn compare(options: &[&str]) -> String {
    let folder = TempDir::new().expect("a temporary folder can be made");
    write(folder.path(), "rows.csv", options);
    write(folder.path(), "rows.mirage.json", options);
    let script = workspace_root().join("tests/mirage.py");
    let output = Command::new("python3").arg(script).arg(folder.path()).output();
    let output = output.expect("python3 can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{options:?}: {said}");
    said
}

/// The sample has flows of the same 5-tuple, which must not take each other's place.
#[test]
fn biflows_say_what_csv_says() {
    if !has_python() {
        return;
    }
    let all = &["-o", "first_packets.count=0"][..];
    for options in [all, &["-o", "first_packets.count=3"], &["-j", "3", "--active-timeout", "10ms"]] {
        let said = compare(options);
        assert!(!said.ends_with(" 0 of names used before\n"), "{said}");
    }
}

#[test]
fn many_workers_write_the_bytes_of_one() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let biflows = |workers| {
        write(
            folder.path(),
            "rows.json.gz",
            &["--format", "mirage", "--active-timeout", "10ms", "-j", workers],
        );
        fs::read(folder.path().join("rows.json.gz")).expect("weir has written its rows")
    };
    assert_eq!(biflows("1"), biflows("4"));
}

#[test]
fn tables_beside_biflows_are_csv() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let options = ["-p", "+first_packets,+bursts"];
    let finished = weir(folder.path(), "rows.mirage.json", &options);
    assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""));
    let table = fs::read_to_string(folder.path().join("rows.bursts.csv")).expect("the table is there");
    assert!(table.starts_with("flow_index,burst_index,"));
}

#[test]
fn the_name_of_the_output_follows_the_format() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let capture = folder.path().join("x.pcap");
    fs::copy(workspace_root().join("tests/captures/sample.pcap"), &capture).expect("it can be copied");
    for (format, name) in [("mirage", "x.mirage.json"), ("jsonl", "x.flows.jsonl")] {
        for more in [&[][..], &["--per-file"]] {
            let options = [&PLUGINS[..], &["-q", "--format", format], more].concat();
            let arguments = options.iter().map(AsRef::as_ref).chain([capture.as_os_str()]);
            assert_eq!(run_weir(arguments, LIMIT).status, Some(0));
            fs::remove_file(folder.path().join(name)).expect("the rows stand beside the capture");
        }
    }
}

#[test]
fn what_cannot_be_written_is_refused_with_what_to_do() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let refused = |options: &[&str]| {
        let finished = weir(folder.path(), "rows.json", options);
        assert_eq!(finished.status, Some(1));
        finished.stderr
    };
    assert_eq!(
        refused(&["--format", "mirag"]),
        "error: `--format mirag`: no such format; known are csv, tsv, jsonl, mirage, parquet, and arrow; \
         did you mean `mirage`?\n"
    );
    assert_eq!(
        refused(&["--format", "mirage"]),
        "error: format `mirage` needs column `first_packets_direction`, which no plugin of this run gives; \
         add `first_packets` to `-p`\n"
    );
    assert!(
        refused(&[&PLUGINS[..], &["--format", "mirage", "--rows", "direction"]].concat())
            .ends_with("it stands in rows of the other kind, `--rows conversation`\n")
    );
    assert!(fs::read_dir(folder.path()).expect("it is there").next().is_none(), "nothing is written");
}
