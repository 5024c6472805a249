//! The command under test: built once per process, run with a time limit.
//!
//! `WEIR_COMMAND` names a command that is built already (an installed one, or a stand-in); without it
//! `cargo build --release` makes the default members of the workspace.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::workspace_root;

/// How often a running command is looked after.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Path of the command, built on first use.
///
/// # Panics
/// If it cannot be built, with what cargo says.
pub fn weir() -> &'static Path {
    static COMMAND: OnceLock<PathBuf> = OnceLock::new();
    COMMAND.get_or_init(|| env::var_os("WEIR_COMMAND").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--message-format=json-render-diagnostics"])
        .current_dir(workspace_root())
        .output()
        .expect("cargo can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo build --release failed:\n{said}");
    let messages = String::from_utf8_lossy(&output.stdout);
    messages.lines().find_map(executable_of_weir).expect("the default members build the command `weir`")
}

/// The path in a message of cargo that reports the command as built.
fn executable_of_weir(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["target"]["name"] != "weir" {
        return None;
    }
    message["executable"].as_str().map(PathBuf::from)
}

/// How a run of the command ended.
#[derive(Debug)]
pub struct Finished {
    /// Exit status; `None` if a signal ended it, the time limit included.
    pub status: Option<i32>,
    /// What ended it, for a reader: `exit status: 2`, `signal: 6 (SIGABRT)`, `killed after 2 s`.
    pub ended: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// Time from start to end.
    pub took: Duration,
}

impl Finished {
    /// The lines on standard error that say something.
    pub fn said(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| !line.trim().is_empty()).collect()
    }
}

/// Runs weir with `arguments`; standard output is thrown away.
pub fn run_weir<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, limit: Duration) -> Finished {
    run(Command::new(weir()).args(arguments).stdout(Stdio::null()), limit)
}

/// Runs any command, without input and without the settings that weir takes from its environment.
pub fn run(command: &mut Command, limit: Duration) -> Finished {
    run_while(command.stdin(Stdio::null()), limit, |_| ())
}

/// The same, but its input is as the command says, and `begun` is called as soon as it runs. What takes time
/// there must be done by another thread, or the limit does not hold.
pub fn run_while(command: &mut Command, limit: Duration, begun: impl FnOnce(&mut Child)) -> Finished {
    let mut stderr = tempfile::tempfile().expect("a temporary file can be made");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WEIR_")) {
        command.env_remove(name);
    }
    let written = stderr.try_clone().expect("a file has a second handle");
    command.stderr(written);
    let start = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    begun(&mut child);
    let status = wait(&mut child, start + limit);
    let took = start.elapsed();
    let ended =
        status.map_or_else(|| format!("killed after {} s", limit.as_secs_f32()), |status| status.to_string());
    Finished { status: status.and_then(|status| status.code()), ended, stderr: text_of(&mut stderr), took }
}

/// Waits for the end, at the latest until `deadline`: then the process is killed and there is no status.
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        let ended = child.try_wait().expect("a started process can be waited for");
        if ended.is_some() {
            return ended;
        }
        if Instant::now() >= deadline {
            child.kill().expect("our own process can be killed");
            child.wait().expect("a killed process ends");
            return None;
        }
        sleep(LOOK_AGAIN);
    }
}

fn text_of(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("a temporary file can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Finished {
        run(Command::new("sh").args(["-c", script]), limit)
    }

    #[test]
    fn status_and_error_text_are_kept() {
        let finished = shell("echo one >&2; echo >&2; exit 3", Duration::from_secs(5));
        assert_eq!((finished.status, finished.said()), (Some(3), vec!["one"]));
    }

    #[test]
    fn a_command_that_does_not_end_is_killed_at_the_limit() {
        let finished = shell("exec sleep 5", Duration::from_millis(50));
        assert_eq!((finished.status, finished.ended.as_str()), (None, "killed after 0.05 s"));
    }

    #[test]
    fn a_signal_leaves_no_exit_status() {
        let finished = shell("kill -ABRT $$", Duration::from_secs(5));
        assert_eq!(finished.status, None);
        assert!(finished.ended.starts_with("signal: 6"), "{}", finished.ended);
    }

    #[test]
    fn the_built_command_is_found_among_the_messages_of_cargo() {
        let path = executable_of_weir(r#"{"target":{"name":"weir"},"executable":"a/weir"}"#);
        assert_eq!(path, Some(PathBuf::from("a/weir")));
        assert_eq!(executable_of_weir(r#"{"target":{"name":"weir"},"executable":null}"#), None);
        assert_eq!(executable_of_weir(r#"{"target":{"name":"other"},"executable":"a/other"}"#), None);
    }
}
