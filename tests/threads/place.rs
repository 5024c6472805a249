//! A folder with a capture, in which the command is run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use weir_tests::command::{Finished, run, weir};

/// Far more than any run takes: whoever needs it hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Parts of a summary that are of one run only.
const OF_ONE_RUN: [&str; 2] = ["elapsed_seconds", "output"];

/// Plugins that write a table of their own name.
const TABLES: [&str; 2] = ["bursts", "dialogs"];

/// Whether an argument adds a plugin.
fn names(argument: &OsStr, plugin: &str) -> bool {
    argument
        .to_str()
        .is_some_and(|argument| argument.split(',').any(|part| part.strip_prefix('+') == Some(plugin)))
}

/// A folder of its own for each test.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// With a capture.
    pub fn with(capture: &[u8]) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        fs::write(place.path("x.pcap"), capture).expect("a file in a temporary folder can be written");
        place
    }

    /// Something in the folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command, reading the capture.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(weir());
        command.current_dir(self.folder.path()).arg("x.pcap").args(arguments).stdout(Stdio::null());
        command
    }

    /// How it ended.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Finished {
        run(&mut self.command(arguments), LIMIT)
    }

    /// The rows that were written, and those of tables, byte by byte.
    pub fn rows<S: AsRef<OsStr>>(&self, arguments: &[S]) -> String {
        let is_tranalyzer = arguments.iter().any(|argument| argument.as_ref() == "tranalyzer");
        let name = if is_tranalyzer { "rows.txt" } else { "rows.csv" };
        let plain = ["-q", "-w", name].map(OsStr::new);
        let arguments: Vec<&OsStr> = plain.into_iter().chain(arguments.iter().map(AsRef::as_ref)).collect();
        let finished = self.run(&arguments);
        assert!(finished.status == Some(0) && finished.stderr.is_empty(), "{arguments:?}: {finished:?}");
        // Only that of this run: the tests of other runs may have left theirs.
        let tables =
            arguments.iter().flat_map(|argument| TABLES.iter().filter(|table| names(argument, table)));
        let table = tables.map(|table| self.text(&name.replacen('.', &format!(".{table}."), 1)));
        self.text(name) + &table.collect::<String>()
    }

    /// What a file holds.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the command has written it")
    }

    /// What the summary says of the capture.
    pub fn summary(&self, arguments: &[&str]) -> Value {
        let finished = self.run(&[&["-w", "rows.csv", "--summary", "summary.json"], arguments].concat());
        assert_eq!(finished.status, Some(0), "{arguments:?}: {finished:?}");
        self.written_summary()
    }

    /// The summary of the last run that was asked for one.
    pub fn written_summary(&self) -> Value {
        let mut summary: Value = serde_json::from_str(&self.text("summary.json")).expect("it is JSON");
        let parts = summary.as_object_mut().expect("a summary has parts");
        OF_ONE_RUN.iter().for_each(|part| drop(parts.remove(*part)));
        summary
    }
}
