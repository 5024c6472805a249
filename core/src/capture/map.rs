//! A capture file as memory, the one place of the readers that needs `unsafe`.
//!
//! Bytes are shown in steps of [`STEP`]; before each step the size of the file is asked for, because touching
//! a mapped page behind the end of a file that has shrunk kills the process (SIGBUS). What remains is a race:
//! a file cut between that question and the use of the bytes shown by it. Closing it would need a signal
//! handler or a copy of every byte; a capture that is rewritten while it is read is not worth either. Growing
//! does no harm: what is added after opening is not seen.

use std::fs::File;
use std::io;

use memmap2::Mmap;

use super::window::Refused;

/// Bytes shown between two looks at the size of the file.
const STEP: usize = 8 << 20;

/// A mapped file, of which the first `shown` bytes may be touched.
#[derive(Debug)]
pub(super) struct Map {
    map: Mmap,
    file: File,
    shown: usize,
}

impl Map {
    /// Maps the whole file; nothing is shown yet.
    pub(super) fn new(file: File) -> io::Result<Self> {
        // SAFETY: the map is private and read-only, and the file is not written by this program. If another
        // program shortens it, `show` refuses to go on; the race that remains is told of above.
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Self { map, file, shown: 0 })
    }

    /// The bytes that may be touched.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map[..self.shown]
    }

    /// Shows the next step, up to byte `end` at least, or all there is.
    pub(super) fn show(&mut self, end: usize) -> Result<(), Refused> {
        self.check_size()?;
        let step_end = self.shown.saturating_add(STEP).max(end);
        self.shown = step_end.min(self.map.len());
        Ok(())
    }

    fn check_size(&self) -> Result<(), Refused> {
        let was = self.map.len() as u64;
        let is = self.file.metadata().map_err(Refused::Io)?.len();
        if is < was { Err(Refused::Shrunk { was, is }) } else { Ok(()) }
    }
}
