//! Everything that can go wrong with a capture, each in one sentence: what happened, where, how to mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::walk::MAX_CAPTURED;

/// Why a capture cannot be opened or read on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// There is nothing of this name.
    #[error("cannot open capture `{path}`: no such file; check its name and folder")]
    NotFound {
        /// The capture.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file may not be read by this user.
    #[error("cannot open capture `{path}`: permission denied; ask its owner for the right to read it")]
    PermissionDenied {
        /// The capture.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The name is that of a folder.
    #[error(
        "cannot open capture `{path}`: it is a folder; name the captures in it, for instance `{path}/*.pcap`"
    )]
    Directory {
        /// The folder.
        path: PathBuf,
    },
    /// The system refuses for another reason.
    #[error("cannot open capture `{path}`: {source}; check that it is a readable file")]
    Open {
        /// The capture.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file or stream has no bytes at all.
    #[error("cannot read capture `{path}`: it is empty; check that what wrote it ran to its end")]
    Empty {
        /// The capture.
        path: PathBuf,
    },
    /// The first bytes are those of no format weir reads.
    #[error(
        "`{path}` is no capture: {begins} {found}; weir reads pcap, pcapng, and gzip or zstd of them",
        begins = if *is_unpacked { "decompressed, it begins with" } else { "it begins with" }
    )]
    UnknownMagic {
        /// The file.
        path: PathBuf,
        /// Whether `found` are the first decompressed bytes of a compressed file.
        is_unpacked: bool,
        /// Its first bytes.
        found: Magic,
    },
    /// The input ends within the file header, a record or a block.
    #[error(
        "cannot read capture `{path}`: {place} needs {wanted} bytes but only {found} are left; \
         the file was cut, whole packets read: {packets}", packets = place.packets
    )]
    Cut {
        /// The capture.
        path: PathBuf,
        /// The record or block that was cut.
        place: Place,
        /// Bytes it needs.
        wanted: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A record or block that cannot be what it claims.
    #[error(
        "cannot read capture `{path}`: {place} {fault}; \
         the file is damaged there, packets read before: {packets}", packets = place.packets
    )]
    Damaged {
        /// The capture.
        path: PathBuf,
        /// The record or block at fault.
        place: Place,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The system, or the decompression, failed in the middle.
    #[error(
        "cannot read capture `{path}`: {source} while reading {place}; check the device or decompress the \
         file by itself; packets read before: {packets}", packets = place.packets
    )]
    Io {
        /// The capture.
        path: PathBuf,
        /// The record or block that could not be had.
        place: Place,
        /// What the system or the decompressor said.
        source: io::Error,
    },
}

impl CaptureError {
    /// True if the input only ends too early, false if what it has is damaged or cannot be had.
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Cut { .. } => true,
            Self::Io { source, .. } => source.kind() == io::ErrorKind::UnexpectedEof,
            _ => false,
        }
    }

    /// The error for what the system said when the capture was opened.
    pub(super) fn opening(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path, source },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { path, source },
            io::ErrorKind::IsADirectory => Self::Directory { path },
            _ => Self::Open { path, source },
        }
    }
}

/// The record (pcap) or block (pcapng) an error speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the format calls its pieces.
    pub unit: Unit,
    /// Number of the piece, the first is 1.
    pub number: u64,
    /// Its first byte, counted from the start of the capture.
    pub offset: u64,
    /// Whether `offset` counts in the decompressed bytes of a compressed file.
    pub is_unpacked: bool,
    /// Packets delivered before it.
    pub packets: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::FileHeader => f.write_str("the file header")?,
            Unit::Record => write!(f, "record {} at byte {}", self.number, self.offset)?,
            Unit::Block => write!(f, "block {} at byte {}", self.number, self.offset)?,
        }
        if self.is_unpacked { f.write_str(" of the decompressed data") } else { Ok(()) }
    }
}

/// A piece of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// What stands before the first record of a classic capture.
    FileHeader,
    /// One packet of a classic capture.
    Record,
    /// One block of pcapng, with a packet or without.
    Block,
}

/// What is wrong with a record or block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file header of a classic capture is not one.
    #[error("is not that of a pcap file")]
    ClassicHeader,
    /// A classic capture of a version nobody wrote down.
    #[error("is of pcap version {major}.{minor}, and weir reads version 2")]
    ClassicVersion {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// More captured bytes than a packet may have.
    #[error("claims {claimed} captured bytes, and no packet has more than {MAX_CAPTURED}")]
    CapturedTooLong {
        /// The captured length of the record.
        claimed: u32,
    },
    /// A block length that the format does not allow.
    #[error("claims a length of {claimed} bytes, and a block has at least 12 and a multiple of 4")]
    BlockLength {
        /// The first length field of the block.
        claimed: u32,
    },
    /// A block that would need more memory than is granted.
    #[error("claims a length of {claimed} bytes, and no block has more than {limit}")]
    BlockTooLong {
        /// The first length field of the block.
        claimed: u32,
        /// The limit.
        limit: u32,
    },
    /// The length is repeated at the end of a block, and here it is another one.
    #[error("begins with the length {start} but ends with the length {end}")]
    BlockLengthsDiffer {
        /// The first length field.
        start: u32,
        /// The last one.
        end: u32,
    },
    /// A block that has no room for the fields of its type.
    #[error("is of type {kind} and needs {wanted} bytes for its fields but has {found}")]
    BlockTooShort {
        /// Block type.
        kind: u32,
        /// Bytes of the fixed fields.
        wanted: usize,
        /// Bytes of the body.
        found: usize,
    },
    /// A packet longer than the block it stands in.
    #[error("claims {claimed} captured bytes but has room for {room}")]
    PacketExceedsBlock {
        /// The captured length.
        claimed: u32,
        /// Bytes behind the fixed fields.
        room: usize,
    },
    /// A section header without the number that tells the byte order.
    #[error("is a section header whose byte order cannot be told from {found}")]
    SectionByteOrder {
        /// What stands in place of the byte-order magic.
        found: Magic,
    },
    /// A section of a version nobody wrote down.
    #[error("is a section header of pcapng version {major}.{minor}, and weir reads version 1")]
    SectionVersion {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
}

/// Up to four bytes that should have told a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Magic {
    bytes: [u8; 4],
    len: usize,
}

impl Magic {
    /// The first bytes of `start`.
    pub(super) fn of(start: &[u8]) -> Self {
        let len = start.len().min(4);
        let mut bytes = [0; 4];
        bytes[..len].copy_from_slice(&start[..len]);
        Self { bytes, len }
    }
}

impl fmt::Display for Magic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.bytes[..self.len].iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{byte:02x}")?;
        }
        Ok(())
    }
}
