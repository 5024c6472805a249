//! The bytes a batch of records points into: a mapped file, or a buffer that follows a stream.

use std::fmt;
use std::io::{self, ErrorKind, Read};

use super::map::Map;

/// Bytes read from a stream at once: few enough to stay in the second-level cache until they are decoded.
pub(super) const CHUNK: usize = 256 << 10;

/// Why no further bytes can be had, other than the end of the input.
#[derive(Debug)]
pub(super) enum Refused {
    Io(io::Error),
    Shrunk { was: u64, is: u64 },
}

/// The bytes at hand and the place the reader has come to.
#[derive(Debug)]
pub(super) struct Window {
    bytes: Bytes,
    /// The first byte that is not yet passed.
    pub(super) at: usize,
    /// Bytes of the capture that stood before the window.
    base: u64,
}

#[derive(Debug)]
enum Bytes {
    Map(Map),
    Stream(Stream),
}

impl Window {
    pub(super) fn map(map: Map) -> Self {
        Self { bytes: Bytes::Map(map), at: 0, base: 0 }
    }

    pub(super) fn stream(source: Box<dyn Read + Send>, chunk: usize) -> Self {
        let stream = Stream { source, buffer: Vec::new(), filled: 0, chunk };
        Self { bytes: Bytes::Stream(stream), at: 0, base: 0 }
    }

    /// All bytes of the window, passed ones included.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Map(map) => map.bytes(),
            Bytes::Stream(stream) => &stream.buffer[..stream.filled],
        }
    }

    /// The bytes that are not yet passed.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes()[self.at..]
    }

    /// Position of the reader in the capture.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Whether [`Self::want`] moves the bytes, so that records found before no longer point at theirs.
    pub(super) fn moves(&self) -> bool {
        matches!(self.bytes, Bytes::Stream(_))
    }

    /// Sees to it that `wanted` bytes are at hand from the reader's place on; false if the input ends before.
    pub(super) fn want(&mut self, wanted: usize) -> Result<bool, Refused> {
        if self.rest().len() >= wanted {
            return Ok(true);
        }
        match &mut self.bytes {
            Bytes::Map(map) => map.show(self.at.saturating_add(wanted))?,
            Bytes::Stream(stream) => {
                stream.drop_front(self.at);
                self.base += self.at as u64;
                self.at = 0;
                stream.fill(wanted).map_err(Refused::Io)?;
            }
        }
        Ok(self.rest().len() >= wanted)
    }
}

/// A buffer that holds what was read and not yet passed. It grows to the longest record met, which the record
/// limits bound, and is used again and again.
struct Stream {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    filled: usize,
    chunk: usize,
}

impl Stream {
    /// Moves what is left behind the first `passed` bytes to the front.
    fn drop_front(&mut self, passed: usize) {
        self.buffer.copy_within(passed..self.filled, 0);
        self.filled -= passed;
    }

    /// Reads until `wanted` bytes are held or the input ends. Takes what comes: a slow pipe is not waited for
    /// longer than the next record needs.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.buffer.len() < wanted.max(self.chunk) {
            self.buffer.resize(wanted.next_multiple_of(self.chunk), 0);
        }
        while self.filled < wanted {
            match self.source.read(&mut self.buffer[self.filled..]) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("filled", &self.filled)
            .field("chunk", &self.chunk)
            .finish_non_exhaustive()
    }
}
