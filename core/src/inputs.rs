//! What the user named → the captures to read, in order.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::capture::begins_like_capture;
use crate::error::RunError;

/// Files stay as they are; a folder stands for the captures in it, by name.
///
/// # Errors
///
/// A folder that cannot be listed or holds no capture.
pub fn expand(named: &[PathBuf]) -> Result<Vec<PathBuf>, RunError> {
    let mut captures = Vec::new();
    for path in named {
        if path.is_dir() {
            captures.extend(captures_in(path)?);
        } else {
            captures.push(path.clone());
        }
    }
    Ok(captures)
}

fn captures_in(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| RunError::Folder { path: folder.to_owned(), reason: error.to_string() })?;
    let mut captures: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && is_capture(path))
        .collect();
    captures.sort();
    if captures.is_empty() { Err(RunError::NoCaptures { path: folder.to_owned() }) } else { Ok(captures) }
}

/// By its first bytes; a compressed file may turn out to hold something else.
fn is_capture(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && begins_like_capture(start)
}

/// `capture` for `folder/capture.pcap.gz`: the name that outputs are made of, in the capture's folder.
pub fn stem(capture: &Path) -> PathBuf {
    let mut stem = capture.to_owned();
    if stem.extension().is_some_and(|extension| extension == "gz" || extension == "zst") {
        stem.set_extension("");
    }
    stem.with_extension("")
}
