//! The test plugins of `tests/plugins`: built once, put into folders as a test needs them.
//!
//! They are built into a folder of their own, `target/test-plugins`, which the command does not search; only
//! the test that wants a broken library meets it.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use weir_tests::{target_folder, workspace_root};

/// The library of a test plugin. It is not named like a plugin's, so that no search finds it by chance.
pub fn library(name: &str) -> PathBuf {
    built().join(format!("{DLL_PREFIX}weir_test_plugin_{name}{DLL_SUFFIX}"))
}

/// What the library of a plugin is called.
pub fn file_name(name: &str) -> String {
    format!("{DLL_PREFIX}weir_plugin_{name}{DLL_SUFFIX}")
}

/// Copies plugins into a folder.
pub fn put(folder: &Path, names: &[&str]) {
    for name in names {
        fs::copy(library(name), folder.join(file_name(name))).expect("a built library can be copied");
    }
}

/// The folder with the libraries, built on first use with the profile of the command.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let target = target_folder().join("test-plugins");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(workspace_root())
            .args(["build", "--release", "--quiet", "--target-dir"])
            .arg(&target);
        cargo.args(packages().iter().flat_map(|package| ["-p", package]));
        let output = cargo.output().expect("cargo can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the test plugins cannot be built:\n{said}");
        target.join("release")
    })
}

/// One package for each folder of `tests/plugins`.
fn packages() -> Vec<String> {
    let folder = workspace_root().join("tests/plugins");
    let entries = fs::read_dir(folder).expect("the test plugins stand in a folder");
    let names = entries.map(|entry| entry.expect("a folder names its entries").file_name());
    names.map(|name| format!("weir-test-plugin-{}", name.to_string_lossy().replace('_', "-"))).collect()
}
