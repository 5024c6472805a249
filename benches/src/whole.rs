//! A whole run: the library's own, with the plugins that `cargo build --release` built.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use weir::plugins::Selection;
use weir::summary::Summary;
use weir::{RunConfig, run};

/// The folder that holds the plugins, `target/release`: benches stand in a folder below it.
fn release_folder() -> PathBuf {
    let bench = std::env::current_exe().expect("a process knows its file");
    bench.ancestors().nth(2).expect("benches stand in target/release/deps").to_owned()
}

/// From a capture to CSV, both plugins loaded.
///
/// # Panics
///
/// If the plugins are not built, or the run fails.
pub fn run_to_csv(capture: &Path, folder: &Path) -> Summary {
    let config = RunConfig {
        inputs: vec![capture.to_owned()],
        output: Some(folder.join("bench.flows.csv")),
        plugins: Selection { folders: vec![release_folder()], ..Selection::default() },
        quiet: true,
        ..RunConfig::default()
    };
    let summary = run(&config, &AtomicBool::new(false));
    summary.unwrap_or_else(|error| panic!("{error}; `cargo build --release` builds the plugins"))
}
