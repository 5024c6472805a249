//! An open capture, and the loop that turns its bytes into batches of records.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Record;
use super::classic::{self, Classic};
use super::error::{CaptureError, Fault, Magic, Place, Unit};
use super::open::{self, Opened};
use super::pcapng::{self, Pcapng};
use super::walk::{Batch, Cursor, Stop};
use super::warnings::Warnings;
use super::window::{CHUNK, Window};

/// An open capture that hands out records in batches.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    window: Window,
    format: Format,
    is_unpacked: bool,
    taken: Arc<AtomicU64>,
    total: Option<u64>,
    packets: u64,
    is_at_end: bool,
}

#[derive(Debug)]
enum Format {
    /// Told by its magic, the rest of the file header not yet read.
    ClassicHeader,
    Classic(Classic),
    Pcapng(Pcapng),
}

impl Reader {
    /// Opens a capture: a file, or `-`, standard input. The format, pcap or
    /// pcapng, and a compression with gzip or zstd are told by the first bytes.
    ///
    /// # Errors
    /// If there is no such file, it may not be read, or it is no capture.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        Self::recognise(open::open(path)?)
    }

    /// Reads a capture from a stream; `name` stands for it in messages.
    ///
    /// # Errors
    /// If the stream is no capture or cannot be read.
    pub fn from_stream(name: &str, source: impl Read + Send + 'static) -> Result<Self, CaptureError> {
        Self::from_chunks(name, source, CHUNK)
    }

    /// As [`Self::from_stream`], with a buffer that begins with and grows by `chunk` bytes.
    pub(super) fn from_chunks(
        name: &str,
        source: impl Read + Send + 'static,
        chunk: usize,
    ) -> Result<Self, CaptureError> {
        let opened = open::open_stream(name.into(), Box::new(source), chunk);
        Self::recognise(opened.map_err(|source| CaptureError::opening(Path::new(name), source))?)
    }

    fn recognise(opened: Opened) -> Result<Self, CaptureError> {
        let Opened { path, window, is_unpacked, taken, total } = opened;
        let (packets, is_at_end) = (0, false);
        let mut reader = Self {
            path,
            window,
            format: Format::ClassicHeader,
            is_unpacked,
            taken,
            total,
            packets,
            is_at_end,
        };
        reader.recognise_format()?;
        Ok(reader)
    }

    /// Tells the format by the first bytes; a pcapng capture needs no more, a classic one its whole file
    /// header.
    fn recognise_format(&mut self) -> Result<(), CaptureError> {
        self.want(4)?;
        match self.window.rest().first_chunk::<4>() {
            Some(&pcapng::MAGIC) => self.format = Format::Pcapng(Pcapng::new()),
            Some(&magic) if classic::has_magic(magic) => self.format = self.classic_header()?,
            _ => return Err(self.unknown_magic()),
        }
        Ok(())
    }

    fn classic_header(&mut self) -> Result<Format, CaptureError> {
        self.want(classic::FILE_HEADER_LEN)?;
        let header = self.window.rest().first_chunk::<{ classic::FILE_HEADER_LEN }>();
        let header = header.ok_or_else(|| self.cut(classic::FILE_HEADER_LEN))?;
        let format = Classic::from_header(header).map_err(|fault| self.damaged(fault))?;
        self.window.at += classic::FILE_HEADER_LEN;
        Ok(Format::Classic(format))
    }

    /// Clears `batch`, fills it with the next records, `limit` or fewer, and returns the window they point
    /// into. An empty batch is the end of the input.
    ///
    /// # Errors
    /// If the rest cannot be read. All whole records before the fault have then been delivered by earlier
    /// calls, and later calls give empty batches.
    pub fn next_batch(&mut self, batch: &mut Vec<Record>, limit: usize) -> Result<&[u8], CaptureError> {
        batch.clear();
        if !self.is_at_end
            && let Err(error) = self.fill(batch, limit.max(1))
        {
            batch.clear();
            self.is_at_end = true;
            return Err(error);
        }
        self.packets += batch.len() as u64;
        Ok(self.window.bytes())
    }

    /// Walks on until the batch is full, the input ends, or, with records in the batch, anything else stops
    /// the walk: the next call then meets it again with an empty batch.
    fn fill(&mut self, batch: &mut Vec<Record>, limit: usize) -> Result<(), CaptureError> {
        loop {
            match self.walk(batch, limit) {
                Stop::Full => return Ok(()),
                Stop::Wants(_) if !batch.is_empty() => return Ok(()),
                Stop::Wants(wanted) if self.want(wanted)? => {}
                Stop::Bad(_) if !batch.is_empty() => return Ok(()),
                Stop::Wants(_) if self.window.rest().is_empty() => break,
                Stop::Wants(wanted) => return Err(self.cut(wanted)),
                Stop::Bad(fault) => return Err(self.damaged(fault)),
            }
        }
        self.is_at_end = true;
        Ok(())
    }

    fn walk(&mut self, records: &mut Vec<Record>, limit: usize) -> Stop {
        let mut cursor = Cursor { bytes: self.window.bytes(), at: self.window.at };
        let mut batch = Batch { records, limit };
        let stop = match &mut self.format {
            Format::ClassicHeader => Stop::Bad(Fault::ClassicHeader),
            Format::Classic(format) => format.walk(&mut cursor, &mut batch),
            Format::Pcapng(format) => format.walk(&mut cursor, &mut batch),
        };
        self.window.at = cursor.at;
        stop
    }

    /// The bytes that the records of the last batch point into.
    pub fn window(&self) -> &[u8] {
        self.window.bytes()
    }

    /// Exchanges the buffer behind the window of the last batch for `other`: the bytes of the batch are then
    /// `other`'s, and stay as they are while the reader goes on.
    pub fn exchange(&mut self, other: &mut Vec<u8>) {
        self.window.exchange(other);
    }

    /// Bytes of the input read so far; for a compressed file those of the file.
    pub fn bytes_read(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Size of the input, if it is a file; none for a pipe.
    pub fn bytes_total(&self) -> Option<u64> {
        self.total
    }

    /// What was passed over so far.
    pub fn warnings(&self) -> Warnings {
        match &self.format {
            Format::Pcapng(format) => format.warnings(),
            Format::ClassicHeader | Format::Classic(_) => Warnings::default(),
        }
    }
}

/// What is said when it cannot go on.
impl Reader {
    fn want(&mut self, wanted: usize) -> Result<bool, CaptureError> {
        self.window.want(wanted).map_err(|source| {
            let (path, place) = (self.path.clone(), self.place());
            CaptureError::Io { path, place, source }
        })
    }

    fn place(&self) -> Place {
        let (unit, passed) = match &self.format {
            Format::ClassicHeader => (Unit::FileHeader, 0),
            Format::Classic(_) => (Unit::Record, self.packets),
            Format::Pcapng(format) => (Unit::Block, format.blocks()),
        };
        let offset = self.window.offset();
        Place { unit, number: passed + 1, offset, is_unpacked: self.is_unpacked, packets: self.packets }
    }

    fn cut(&self, wanted: usize) -> CaptureError {
        let found = self.window.rest().len() as u64;
        CaptureError::Cut { path: self.path.clone(), place: self.place(), wanted: wanted as u64, found }
    }

    fn damaged(&self, fault: Fault) -> CaptureError {
        CaptureError::Damaged { path: self.path.clone(), place: self.place(), fault }
    }

    fn unknown_magic(&self) -> CaptureError {
        let path = self.path.clone();
        match self.window.rest() {
            [] => CaptureError::Empty { path },
            start => {
                CaptureError::UnknownMagic { path, is_unpacked: self.is_unpacked, found: Magic::of(start) }
            }
        }
    }
}
