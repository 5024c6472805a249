//! The bytes a batch of records points into: a buffer that follows the input.

use std::fmt;
use std::io::{self, ErrorKind, Read};

/// Bytes read at once: few enough to stay in the second-level cache until they are decoded, enough work that waking
/// another thread for what stands in them does not count.
pub(super) const CHUNK: usize = 256 << 10;

/// The bytes at hand and the place the reader has come to.
#[derive(Debug)]
pub(super) struct Window {
    stream: Stream,
    /// The first byte that is not yet passed.
    pub(super) at: usize,
    /// Bytes of the capture that stood before the window.
    base: u64,
}

impl Window {
    pub(super) fn new(source: Box<dyn Read + Send>, chunk: usize) -> Self {
        let stream = Stream { source, buffer: Vec::new(), filled: 0, chunk };
        Self { stream, at: 0, base: 0 }
    }

    /// All bytes of the window, passed ones included.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.stream.buffer[..self.stream.filled]
    }

    /// The bytes that are not yet passed.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes()[self.at..]
    }

    /// Position of the reader in the capture.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Sees to it that `wanted` bytes are at hand from the reader's place on; false if the input ends before.
    /// Moves the bytes: records found before no longer point at theirs.
    pub(super) fn want(&mut self, wanted: usize) -> io::Result<bool> {
        if self.rest().len() >= wanted {
            return Ok(true);
        }
        self.drop_front();
        self.stream.fill(wanted)?;
        Ok(self.rest().len() >= wanted)
    }

    /// Exchanges the buffer for `other`, so that the bytes outlive the next read; what is not yet passed goes
    /// on in `other`.
    pub(super) fn exchange(&mut self, other: &mut Vec<u8>) {
        let Stream { buffer, filled, .. } = &mut self.stream;
        if other.len() < buffer.len() {
            other.resize(buffer.len(), 0);
        }
        let rest = *filled - self.at;
        other[..rest].copy_from_slice(&buffer[self.at..*filled]);
        std::mem::swap(buffer, other);
        *filled = rest;
        self.base += self.at as u64;
        self.at = 0;
    }

    fn drop_front(&mut self) {
        self.stream.drop_front(self.at);
        self.base += self.at as u64;
        self.at = 0;
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
