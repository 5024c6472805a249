//! A whole run: the library's own, with the plugins that `cargo build --release` builds.

use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use weir::plugins::{PluginSet, Selection};
use weir::summary::Summary;
use weir::{RunConfig, run};
use weir_tests::command::weir;

/// The folder that holds the plugins, beside the command, which is built if it is not.
fn release_folder() -> PathBuf {
    weir().parent().expect("the command stands in a folder").to_owned()
}

/// The two plugins that every row begins with.
pub const BASIC: &[&str] = &["basic_flow", "basic_stats"];
/// All that are on by default: the columns of Tranalyzer's standard set.
pub const STANDARD: &[&str] = &[];
/// Those that find messengers and what they send, none of which is on by default.
pub const MESSAGING: &[&str] = &["mmtls", "apns", "lengths", "bursts", "first_packets", "tls", "dns", "http"];

/// The plugins of the standard set.
///
/// # Panics
///
/// If they cannot be built.
pub fn standard() -> PluginSet {
    let selection = Selection { folders: vec![release_folder()], ..Selection::default() };
    PluginSet::load(&selection).expect("the plugins stand beside the command")
}

/// From a capture to CSV with these plugins, on one thread.
///
/// # Panics
///
/// If the plugins cannot be built, or the run fails.
pub fn run_to_csv(capture: &Path, folder: &Path, plugins: &[&str]) -> Summary {
    let wanted = plugins.iter().map(|name| (*name).to_owned()).collect();
    let config = RunConfig {
        inputs: vec![capture.to_owned()],
        output: Some(folder.join("bench.flows.csv")),
        plugins: Selection { folders: vec![release_folder()], wanted, ..Selection::default() },
        threads: NonZeroU8::new(1),
        quiet: true,
        ..RunConfig::default()
    };
    let summary = run(&config, &AtomicBool::new(false));
    summary.unwrap_or_else(|error| panic!("{error}"))
}
