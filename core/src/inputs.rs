//! What the user named → the captures to read, in order.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

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

/// By its first bytes: pcap in either byte order and resolution, pcapng, gzip, zstd.
fn is_capture(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    let pcap = [0xa1b2_c3d4u32, 0xa1b2_3c4d, 0xa1b2_cd34];
    read.is_ok()
        && (pcap.contains(&u32::from_be_bytes(magic))
            || pcap.contains(&u32::from_le_bytes(magic))
            || magic == [0x0a, 0x0d, 0x0d, 0x0a]
            || magic.starts_with(&[0x1f, 0x8b])
            || magic == [0x28, 0xb5, 0x2f, 0xfd])
}

/// `capture` for `folder/capture.pcap.gz`: the name that outputs are made of, in the capture's folder.
pub fn stem(capture: &Path) -> PathBuf {
    let mut stem = capture.to_owned();
    if stem.extension().is_some_and(|extension| extension == "gz" || extension == "zst") {
        stem.set_extension("");
    }
    stem.with_extension("")
}
