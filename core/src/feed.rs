//! The captures of a run, one after the other, as one stream of records.
//!
//! What cannot be opened or read to its end becomes a warning; its whole packets count.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::capture::{CaptureError, Reader, Record};
use crate::error::RunError;
use crate::progress::Progress;

/// Records that are handed on at once, if the bytes at hand hold so many and nothing else is wanted.
const RECORDS: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// Reads captures until the last ends or a signal comes.
pub(crate) struct Feed<'a> {
    captures: Vec<PathBuf>,
    /// Where in `captures` the next stands.
    next: usize,
    reader: Option<Reader>,
    progress: &'a Progress,
    interrupted: &'a AtomicBool,
    batch: usize,
    /// What was not as it should be, a sentence each.
    pub(crate) warnings: Vec<String>,
    /// Something could not be read.
    pub(crate) is_partial: bool,
}

impl<'a> Feed<'a> {
    /// Opens the first capture that can be opened, so that a run without any fails before it writes.
    pub(crate) fn open(
        captures: Vec<PathBuf>,
        progress: &'a Progress,
        interrupted: &'a AtomicBool,
        batch: Option<NonZeroUsize>,
    ) -> Result<Self, RunError> {
        let mut feed = Self {
            captures,
            next: 0,
            reader: None,
            progress,
            interrupted,
            batch: batch.unwrap_or(RECORDS).get(),
            warnings: Vec::new(),
            is_partial: false,
        };
        let first_error = feed.open_readable();
        if feed.reader.is_some() {
            return Ok(feed);
        }
        let no_input = || RunError::Usage("no capture was named; try `weir --help`".into());
        Err(first_error.map_or_else(no_input, RunError::from))
    }

    /// Clears `records` and fills it with the next ones, which point into [`window`](Self::window); false at the
    /// end of the last capture, or after a signal.
    pub(crate) fn advance(&mut self, records: &mut Vec<Record>) -> bool {
        records.clear();
        while !self.interrupted.load(Ordering::Relaxed) {
            let Some(reader) = &mut self.reader else {
                return false;
            };
            let before = reader.bytes_read();
            let outcome = reader.next_batch(records, self.batch).map(drop);
            if let Err(error) = &outcome {
                self.warn(error);
            }
            if let (Ok(()), Some(reader), false) = (outcome, &self.reader, records.is_empty()) {
                self.progress.advance(reader.bytes_read() - before, records.len() as u64);
                return true;
            }
            self.open_following();
        }
        false
    }

    /// The bytes that the records of the last batch point into.
    pub(crate) fn window(&self) -> &[u8] {
        self.reader.as_ref().map_or(&[], Reader::window)
    }

    /// Makes `buffer` hold the window of the last batch, for as long as its records are needed.
    pub(crate) fn exchange(&mut self, buffer: &mut Vec<u8>) {
        if let Some(reader) = &mut self.reader {
            reader.exchange(buffer);
        }
    }

    /// The captures of the run.
    pub(crate) fn captures(&self) -> &[PathBuf] {
        &self.captures
    }

    fn open_following(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.warnings.extend(reader.warnings().sentences());
        }
        self.open_readable();
    }

    /// Opens the next capture that can be opened; gives why the first that could not be was passed over.
    fn open_readable(&mut self) -> Option<CaptureError> {
        let mut first_error = None;
        while self.reader.is_none() && self.next < self.captures.len() {
            match self.open_next() {
                Ok(reader) => self.reader = Some(reader),
                Err(error) => {
                    self.warn(&error);
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error
    }

    fn open_next(&mut self) -> Result<Reader, CaptureError> {
        self.next += 1;
        Reader::open(&self.captures[self.next - 1])
    }

    fn warn(&mut self, error: &CaptureError) {
        self.is_partial = true;
        self.warnings.push(error.to_string());
    }
}

/// Size of all captures, if all are files.
pub(crate) fn total_bytes(captures: &[impl AsRef<Path>]) -> Option<u64> {
    let size = |path: &Path| path.metadata().ok().filter(|metadata| metadata.is_file()).map(|m| m.len());
    captures.iter().map(|path| size(path.as_ref())).sum()
}
