//! Where plugin libraries are looked for, and what they are called.

use std::collections::BTreeMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use crate::plugins::error::PluginError;

/// The folders to look in, first found first: those the user named, then those beside the command.
///
/// # Errors
///
/// [`PluginError::NoFolder`] if the user named something else.
pub fn folders(named: &[PathBuf]) -> Result<Vec<PathBuf>, PluginError> {
    if let Some(path) = named.iter().find(|folder| !folder.is_dir()) {
        return Err(PluginError::NoFolder { path: path.clone() });
    }
    let mut folders = named.to_vec();
    if let Some(home) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        folders.push(home.to_owned());
        folders.push(home.join("plugins"));
        folders.push(home.join("../lib/weir/plugins"));
    }
    folders.retain(|folder| folder.is_dir());
    Ok(folders)
}

/// The folders as a message names them.
pub fn describe(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
    if names.is_empty() { "any folder".into() } else { names.join(", ") }
}

/// Every library named like a plugin, by plugin name; of two with one name the first found counts.
pub fn libraries(folders: &[PathBuf]) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if let Some(name) = plugin_name(&path) {
                found.entry(name).or_insert(path);
            }
        }
    }
    found
}

/// `basic_flow` for `libweir_plugin_basic_flow.so`.
pub fn plugin_name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let stem = file.strip_prefix(DLL_PREFIX)?.strip_suffix(DLL_SUFFIX)?;
    stem.strip_prefix("weir_plugin_").map(str::to_owned)
}
