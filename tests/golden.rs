//! Captures of our own making give the rows that stand in `golden/`, and the sample is what the generator makes.
//!
//! `WEIR_ACCEPT=1 cargo test -p weir-tests --test golden` accepts new rows; the commit says why they changed.

use std::path::{Path, PathBuf};
use std::{env, fs};

use tempfile::TempDir;
use weir_tests::command::run_weir;
use weir_tests::workspace_root;
use weir_traffic::messaging::{disturb::merge, scenes};
use weir_traffic::sample::sample;
use weir_traffic::{Format, capture};

fn in_tests(path: &str) -> PathBuf {
    workspace_root().join("tests").join(path)
}

fn is_accepting() -> bool {
    env::var_os("WEIR_ACCEPT").is_some_and(|value| value == "1")
}

/// Compares bytes with a file, or puts them there.
fn check(found: &[u8], path: &Path) {
    if is_accepting() {
        return fs::write(path, found)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }
    let expected = fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    if found != expected {
        panic!("{} is not what we get now; {}", path.display(), first_difference(found, &expected));
    }
}

fn first_difference(found: &[u8], expected: &[u8]) -> String {
    let [found, expected] = [found, expected].map(String::from_utf8_lossy);
    let (mut found, mut expected) = (found.lines(), expected.lines());
    for number in 1.. {
        match (found.next(), expected.next()) {
            (None, None) => break,
            (found, expected) if found == expected => {}
            (found, expected) => {
                return format!(
                    "line {number} is\n{}\nand should be\n{}",
                    found.unwrap_or("(missing)"),
                    expected.unwrap_or("(missing)")
                );
            }
        }
    }
    "the ends of lines differ".to_owned()
}

/// Runs weir over the sample and compares what it writes with the file of that name in `golden/`.
fn check_rows(name: &str, options: &[&str]) {
    check_rows_of(&in_tests("captures/sample.pcap"), name, options);
}

/// The same for any capture.
fn check_rows_of(capture: &Path, name: &str, options: &[&str]) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let rows = folder.path().join(name);
    let mut arguments: Vec<&std::ffi::OsStr> = options.iter().map(std::ffi::OsStr::new).collect();
    arguments.extend(["-q".as_ref(), "-w".as_ref(), rows.as_os_str(), capture.as_os_str()]);
    let finished = run_weir(arguments, std::time::Duration::from_secs(10));
    assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""));
    check(&fs::read(&rows).expect("weir has written its rows"), &in_tests("golden").join(name));
}

#[test]
fn the_sample_capture_is_what_the_generator_makes() {
    check(&capture(&sample(), Format::PcapMicros), &in_tests("captures/sample.pcap"));
}

#[test]
fn conversations_of_the_sample_are_those_accepted() {
    check_rows("sample.csv", &[]);
}

#[test]
fn directions_of_the_sample_are_those_accepted() {
    check_rows("sample.directions.csv", &["--rows", "direction"]);
}

#[test]
fn tranalyzer_rows_of_the_sample_are_those_accepted() {
    check_rows("sample.txt", &["--profile", "tranalyzer"]);
}

#[test]
fn conversations_of_messaging_are_those_accepted() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = folder.path().join("messaging.pcap");
    let packets = merge(scenes().into_iter().map(|scene| scene.packets));
    fs::write(&file, capture(&packets, Format::PcapMicros)).expect("the folder takes a capture");
    check_rows_of(&file, "messaging.csv", &["-p", "basic_flow,mmtls,apns"]);
}
