//! The public captures, many of them broken on purpose. They are no part of the repository: the test is
//! skipped where they are absent.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Reading, read_all};
use crate::capture::{Reader, Warnings};

const PATIENCE: Duration = Duration::from_secs(10);

fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("WEIR_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let captures = shared.join("captures");
    captures.is_dir().then_some(captures)
}

fn files_under(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the captures are readable") {
        let path = entry.expect("the captures are readable").path();
        if path.is_dir() { files_under(&path, files) } else { files.push(path) }
    }
}

fn reading(reader: Result<Reader, crate::capture::CaptureError>, limit: usize) -> Reading {
    match reader {
        Ok(reader) => read_all(reader, limit),
        Err(error) => Reading { packets: Vec::new(), error: Some(error), warnings: Warnings::default() },
    }
}

/// The file as a stream under its own name, so that messages are the same too.
fn streamed(path: &Path) -> Reading {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .expect("the captures are readable");
    let name = path.to_str().expect("the captures have plain names");
    reading(Reader::from_chunks(name, Cursor::new(bytes), 1000), 7)
}

#[test]
fn every_public_capture_is_read_to_an_end_and_alike_by_file_and_stream() {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: no captures at ../shared/captures (or $WEIR_SHARED/captures)");
        return;
    };
    let mut files = Vec::new();
    files_under(&corpus, &mut files);
    for path in files {
        let start = Instant::now();
        let from_file = reading(Reader::open(&path), 256);
        assert_eq!(from_file.essence(), streamed(&path).essence(), "{}", path.display());
        assert!(start.elapsed() < PATIENCE, "{} takes {:?}", path.display(), start.elapsed());
    }
}
