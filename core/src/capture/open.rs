//! A path → a [`Window`] over the bytes of a capture, decompressed if need be.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::classic;
use super::error::CaptureError;
use super::pcapng;
use super::window::{CHUNK, Window};

/// An input whose format is not known yet.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) window: Window,
    /// Whether the window shows decompressed bytes.
    pub(super) is_unpacked: bool,
    /// Bytes taken from the input.
    pub(super) taken: Arc<AtomicU64>,
    /// Size of the input, if it has one.
    pub(super) total: Option<u64>,
}

/// Opens standard input for `-`, else a file.
pub(super) fn open(path: &Path) -> Result<Opened, CaptureError> {
    if path == Path::new("-") {
        let name = PathBuf::from("standard input");
        return open_stream(name.clone(), Box::new(io::stdin()), CHUNK)
            .map_err(|source| CaptureError::opening(&name, source));
    }
    let failed = |source| CaptureError::opening(path, source);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(CaptureError::Directory { path: path.to_owned() });
    }
    open_file(path.to_owned(), file, &metadata).map_err(failed)
}

/// Files, too, are read in chunks that stay in the processor's cache. Measured faster than a memory map by a
/// fifth of a whole run (`docs/performance.md`), since nothing waits for memory or page faults, and a file that
/// shrinks does no harm.
fn open_file(path: PathBuf, file: File, metadata: &Metadata) -> io::Result<Opened> {
    let total = metadata.is_file().then_some(metadata.len());
    Ok(Opened { total, ..open_stream(path, Box::new(file), CHUNK)? })
}

/// Opens what can only be read forwards.
pub(super) fn open_stream(
    path: PathBuf,
    mut source: Box<dyn Read + Send>,
    chunk: usize,
) -> io::Result<Opened> {
    let start = first_bytes(&mut source)?;
    from_start(path, start, source, chunk)
}

/// A stream of which `start` was already read.
fn from_start(
    path: PathBuf,
    start: Vec<u8>,
    source: Box<dyn Read + Send>,
    chunk: usize,
) -> io::Result<Opened> {
    let packing = Packing::of(&start);
    let taken = Arc::new(AtomicU64::new(0));
    let source = Counted { source: Cursor::new(start).chain(source), taken: Arc::clone(&taken) };
    let window = Window::new(packing.unpacked(source)?, chunk);
    Ok(Opened { path, window, is_unpacked: packing != Packing::None, taken, total: None })
}

/// Up to four bytes, enough to tell every format.
fn first_bytes(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(4);
    source.take(4).read_to_end(&mut start)?;
    Ok(start)
}

/// Whether a file with these first bytes is a capture, or compressed and may be one.
pub fn begins_like_capture(start: [u8; 4]) -> bool {
    classic::has_magic(start) || start == pcapng::MAGIC || Packing::of(&start) != Packing::None
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    /// Told by the first bytes: RFC 1952 2.3.1, RFC 8878 3.1.1 (a zstd file may begin with a skippable frame,
    /// 3.1.2).
    fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Self::Zstd,
            _ => Self::None,
        }
    }

    fn unpacked(self, source: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::None => Box::new(source),
            Self::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, source))),
            Self::Zstd => Box::new(zstd::Decoder::new(source)?),
        })
    }
}

/// Counts what is read, for the progress of compressed files.
struct Counted<R> {
    source: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
