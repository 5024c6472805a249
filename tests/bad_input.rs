//! What the command says when it cannot do what it was asked: one sentence with what happened, where, and how
//! to mend it; an exit status of its own; and nothing under the name of the output.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use weir_tests::command::{Finished, run, run_weir, weir};

const LIMIT: Duration = Duration::from_secs(10);
const USAGE: i32 = 1;
const UNREADABLE: i32 = 2;

/// A folder of its own for each test, with the name of the output that must not come to be.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a temporary file can be written");
        path
    }

    /// Runs weir on `input` and checks that it refuses with one of `statuses`, naming all of `names`.
    fn refuses(&self, input: &Path, statuses: &[i32], names: &[&str]) {
        let output = self.path("out.csv");
        self.refuses_output(input, &output, &[], statuses, names);
    }

    fn refuses_output(&self, input: &Path, output: &Path, more: &[&str], statuses: &[i32], names: &[&str]) {
        let mut arguments: Vec<OsString> = vec![input.into(), "-w".into(), output.into()];
        arguments.extend(more.iter().map(OsString::from));
        check_sentence(&run_weir(arguments, LIMIT), statuses, names);
        assert!(!output.exists(), "{} is there", output.display());
    }
}

/// One line that names what and where; behind its semicolon it says how to mend it.
fn check_sentence(finished: &Finished, statuses: &[i32], names: &[&str]) {
    let said = finished.said();
    let [sentence] = said.as_slice() else {
        panic!("one sentence is wanted, not {said:?} ({})", finished.ended)
    };
    let status = finished.status.filter(|status| statuses.contains(status));
    assert!(status.is_some(), "{} instead of {statuses:?}: {sentence}", finished.ended);
    for name in names {
        assert!(sentence.contains(name), "`{name}` is not named: {sentence}");
    }
    let remedy = sentence.split_once("; ").map_or("", |(_, remedy)| remedy);
    assert!(!remedy.trim().is_empty(), "how to mend it is not said behind a semicolon: {sentence}");
}

/// A capture of this many UDP flows, one packet each (pcap, little-endian, Ethernet).
fn capture(flows: u16) -> Vec<u8> {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for flow in 0..flows {
        let frame = udp_frame(2000 + flow);
        let length = u32::try_from(frame.len()).expect("a short frame");
        for field in [1, u32::from(flow), length, length] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(frame);
    }
    bytes
}

/// Ethernet, IPv4 from 10.0.0.1 to 10.0.0.2, UDP without payload.
fn udp_frame(source_port: u16) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
    frame.extend([0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0x66, 0xce, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(source_port.to_be_bytes());
    frame.extend([0x1f, 0x90, 0, 8, 0, 0]);
    frame
}

#[test]
fn the_capture_of_these_tests_is_a_good_one() {
    let place = Place::new();
    let (input, output) = (place.file("good.pcap", &capture(3)), place.path("out.csv"));
    let finished = run_weir([input.as_os_str(), "-w".as_ref(), output.as_os_str()], LIMIT);
    assert_eq!(finished.status, Some(0), "{}", finished.stderr);
    assert_eq!(fs::read_to_string(output).expect("rows were written").lines().count(), 4);
}

#[test]
fn a_missing_file_is_named() {
    let place = Place::new();
    place.refuses(&place.path("absent.pcap"), &[UNREADABLE], &["absent.pcap"]);
}

#[test]
fn a_folder_without_captures_is_named() {
    let place = Place::new();
    let folder = place.path("empty-folder");
    fs::create_dir(&folder).expect("a temporary folder can be made");
    place.refuses(&folder, &[USAGE, UNREADABLE], &["empty-folder"]);
}

#[test]
fn an_empty_file_is_no_capture() {
    let place = Place::new();
    place.refuses(&place.file("empty.pcap", b""), &[UNREADABLE], &["empty.pcap"]);
}

#[test]
fn a_text_file_is_no_capture() {
    let place = Place::new();
    let text = place.file("letter.pcap", b"Dear reader, this is no capture but a letter of some length.\n");
    place.refuses(&text, &[UNREADABLE], &["letter.pcap"]);
}

#[test]
fn a_file_without_permission_is_named() {
    let place = Place::new();
    let locked = place.file("locked.pcap", &capture(1));
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("the owner sets permissions");
    if File::open(&locked).is_ok() {
        println!("skipped: this user reads files of mode 000");
        return;
    }
    place.refuses(&locked, &[UNREADABLE], &["locked.pcap", "ermission"]);
}

#[test]
fn an_unknown_plugin_is_answered_with_the_name_that_was_meant() {
    let place = Place::new();
    let (input, output) = (place.file("good.pcap", &capture(1)), place.path("out.csv"));
    let names = ["basic_stat`", "did you mean `basic_stats`"];
    place.refuses_output(&input, &output, &["-p", "basic_stat"], &[USAGE], &names);
}

#[test]
fn an_output_folder_that_is_not_there_is_named() {
    let place = Place::new();
    let (input, output) = (place.file("good.pcap", &capture(1)), place.path("absent/out.csv"));
    place.refuses_output(&input, &output, &[], &[USAGE, UNREADABLE], &["absent"]);
}

#[test]
fn an_output_folder_that_is_a_file_is_named() {
    let place = Place::new();
    let (input, output) = (place.file("good.pcap", &capture(1)), place.file("note.txt", b"").join("out.csv"));
    place.refuses_output(&input, &output, &[], &[USAGE, UNREADABLE], &["note.txt"]);
}

#[test]
fn an_output_folder_that_takes_no_files_is_named() {
    // Not even root creates files there.
    let unwritable = Path::new("/proc/self");
    if !unwritable.is_dir() {
        println!("skipped: no /proc");
        return;
    }
    let place = Place::new();
    let input = place.file("good.pcap", &capture(1));
    place.refuses_output(&input, &unwritable.join("out.csv"), &[], &[USAGE, UNREADABLE], &["/proc/self"]);
}

#[test]
fn a_full_standard_output_is_an_error() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: no /dev/full");
        return;
    };
    let place = Place::new();
    let input = place.file("good.pcap", &capture(200));
    let finished = run(Command::new(weir()).arg(input).args(["-w", "-"]).stdout(full), LIMIT);
    check_sentence(&finished, &[USAGE, UNREADABLE], &["standard output"]);
}

/// Mounts one page of memory over the folder, in a mount namespace that ends with the shell.
const ON_A_FULL_DISK: &str = r#"
mount -t tmpfs -o size=4k weir-tests "$1" 2>/dev/null || exit 99
"$2" "$3" -w "$1/out.csv"
status=$?
test -e "$1/out.csv" && exit 98
exit $status
"#;

#[test]
fn a_full_disk_is_named_and_leaves_no_output() {
    let place = Place::new();
    let (disk, input) = (place.path("disk"), place.file("good.pcap", &capture(1000)));
    fs::create_dir(&disk).expect("a temporary folder can be made");
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "sh", "-c", ON_A_FULL_DISK, "sh"]).arg(&disk).arg(weir()).arg(input);
    if !Command::new("unshare").args(["--mount", "true"]).output().is_ok_and(|output| output.status.success())
    {
        println!("skipped: no mount namespace for this user");
        return;
    }
    let finished = run(&mut shell, LIMIT);
    if finished.status == Some(99) {
        println!("skipped: no tmpfs can be mounted here");
        return;
    }
    check_sentence(&finished, &[USAGE, UNREADABLE], &["out.csv"]);
}
