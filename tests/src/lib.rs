//! What the whole-program tests share, and partly the benches: where things stand, how the command is built and run,
//! and how two tables of rows are compared.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`command`] | build the command once, run it with a time limit |
//! | [`table`] | the Tranalyzer text format, cells by column name |
//! | [`compare`] | pair the rows of two tables, judge their cells |
//! | [`rules`] | where the reference and weir differ on purpose |
//! | [`report`] | counts and examples, per group and per column |
//! | [`oracle`] | the rows of a capture, worked out slowly from descriptions of its packets |

pub mod command;
pub mod compare;
pub mod oracle;
pub mod report;
pub mod rules;
pub mod table;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

/// The folder of the workspace manifest.
pub fn workspace_root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("this package stands in a folder of the workspace").to_path_buf()
}

/// The folder that cargo builds into: `CARGO_TARGET_DIR`, or `target` in the workspace.
pub fn target_folder() -> PathBuf {
    workspace_root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The folder with captures and reference rows: `WEIR_SHARED`, or `shared` beside the workspace. They are not
/// part of the project, so `None` means that a test says so and passes.
pub fn shared() -> Option<PathBuf> {
    let folder = match env::var_os("WEIR_SHARED") {
        Some(named) => PathBuf::from(named),
        None => workspace_root().parent()?.join("shared"),
    };
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no ../shared");
    None
}

/// All files below `folder`, sorted by path.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a listed folder names its entries").path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// What `work` gives for each item, in the order of the items; two items are worked on at a time.
pub fn two_at_a_time<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let mut done = Vec::new();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(turn) else { return done };
            done.push((turn, work(item)));
        }
    };
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let workers = [scope.spawn(take_turns), scope.spawn(take_turns)];
        workers.into_iter().flat_map(|worker| worker.join().expect("the work does not panic")).collect()
    });
    results.sort_by_key(|(turn, _)| *turn);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_items() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(
            two_at_a_time(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
    }

    #[test]
    fn the_workspace_root_holds_the_manifest_of_the_workspace() {
        let manifest = fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }
}
