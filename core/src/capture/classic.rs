//! The classic pcap format: one file header, then records, each a header of 16 bytes and the frame.
//!
//! In: the bytes of a window. Out: [`Record`]s. The format is that of draft-ietf-opsawg-pcap; beside it
//! stands the "modified" one of Alexey Kuznetzov's patch, whose record headers have eight more bytes.

use pcap_file::{Endianness, TsResolution, pcap::PcapHeader};

use super::Record;
use super::bytes::ByteOrder;
use super::error::Fault;
use super::walk::{Batch, Cursor, Stop, checked_captured_len};

/// Length of the file header.
pub(super) const FILE_HEADER_LEN: usize = 24;
/// Length of a record header: seconds, fraction, captured length, length on the wire.
const RECORD_HEADER_LEN: usize = 16;
/// The modified format adds interface index, protocol and packet type.
const MODIFIED_RECORD_HEADER_LEN: usize = 24;

const PLAIN_MAGIC: [u8; 4] = 0xa1b2_c3d4_u32.to_be_bytes();
const PLAIN_MAGIC_SWAPPED: [u8; 4] = 0xa1b2_c3d4_u32.to_le_bytes();
const NANO_MAGIC: [u8; 4] = 0xa1b2_3c4d_u32.to_be_bytes();
const NANO_MAGIC_SWAPPED: [u8; 4] = 0xa1b2_3c4d_u32.to_le_bytes();
const MODIFIED_MAGIC: [u8; 4] = 0xa1b2_cd34_u32.to_be_bytes();
const MODIFIED_MAGIC_SWAPPED: [u8; 4] = 0xa1b2_cd34_u32.to_le_bytes();

/// Positions in a record header.
mod field {
    pub(super) const SECONDS: usize = 0;
    pub(super) const FRACTION: usize = 4;
    pub(super) const CAPTURED_LEN: usize = 8;
    pub(super) const WIRE_LEN: usize = 12;
}

/// True if a file with these first bytes is a classic capture.
pub(super) fn has_magic(start: [u8; 4]) -> bool {
    matches!(
        start,
        PLAIN_MAGIC
            | PLAIN_MAGIC_SWAPPED
            | NANO_MAGIC
            | NANO_MAGIC_SWAPPED
            | MODIFIED_MAGIC
            | MODIFIED_MAGIC_SWAPPED
    )
}

/// What the file header says about all records.
#[derive(Debug)]
pub(super) struct Classic {
    order: ByteOrder,
    ns_per_fraction: u32,
    record_header_len: usize,
    captured_len_at: usize,
    wire_len_at: usize,
    link_type: u16,
}

impl Classic {
    /// Reads the file header.
    pub(super) fn from_header(header: &[u8; FILE_HEADER_LEN]) -> Result<Self, Fault> {
        let (header, is_modified) = with_plain_magic(header);
        let (_, parsed) = PcapHeader::from_slice(&header).map_err(|_| Fault::ClassicHeader)?;
        if parsed.version_major != 2 {
            return Err(Fault::ClassicVersion { major: parsed.version_major, minor: parsed.version_minor });
        }
        let (captured_len_at, wire_len_at) = length_fields(parsed.version_minor);
        Ok(Self {
            order: byte_order(parsed.endianness),
            ns_per_fraction: ns_per_fraction(parsed.ts_resolution),
            record_header_len: if is_modified { MODIFIED_RECORD_HEADER_LEN } else { RECORD_HEADER_LEN },
            captured_len_at,
            wire_len_at,
            // The upper half of the field tells of frame check sequences; the link type is the lower half.
            link_type: u32::from(parsed.datalink) as u16,
        })
    }

    /// Adds the next records to the batch until it is full or the window ends.
    pub(super) fn walk(&self, cursor: &mut Cursor<'_>, batch: &mut Batch<'_>) -> Stop {
        while !batch.is_full() {
            match self.next(cursor) {
                Ok(record) => batch.records.push(record),
                Err(stop) => return stop,
            }
        }
        Stop::Full
    }

    #[inline]
    fn next(&self, cursor: &mut Cursor<'_>) -> Result<Record, Stop> {
        let rest = cursor.rest();
        let header: &[u8; RECORD_HEADER_LEN] =
            rest.first_chunk().ok_or(Stop::Wants(self.record_header_len))?;
        let captured_len = checked_captured_len(self.order.u32(header, self.captured_len_at))?;
        let record_len = self.record_header_len + captured_len as usize;
        if rest.len() < record_len {
            return Err(Stop::Wants(record_len));
        }
        let start = cursor.at + self.record_header_len;
        cursor.at += record_len;
        let wire_len = self.order.u32(header, self.wire_len_at);
        Ok(Record { time_ns: self.time_ns(header), start, captured_len, wire_len, link_type: self.link_type })
    }

    /// Two unsigned 32-bit fields: even the largest fit into 63 bits of nanoseconds. A fraction of a second
    /// or more is added as it is.
    #[inline]
    fn time_ns(&self, header: &[u8; RECORD_HEADER_LEN]) -> i64 {
        let seconds = i64::from(self.order.u32(header, field::SECONDS));
        let fraction = i64::from(self.order.u32(header, field::FRACTION));
        seconds * 1_000_000_000 + fraction * i64::from(self.ns_per_fraction)
    }
}

/// The modified format has the plain file header but for its magic, so pcap-file reads it once that is the
/// plain one.
fn with_plain_magic(header: &[u8; FILE_HEADER_LEN]) -> ([u8; FILE_HEADER_LEN], bool) {
    let mut plain = *header;
    let magic = match [header[0], header[1], header[2], header[3]] {
        MODIFIED_MAGIC => PLAIN_MAGIC,
        MODIFIED_MAGIC_SWAPPED => PLAIN_MAGIC_SWAPPED,
        _ => return (plain, false),
    };
    plain[..4].copy_from_slice(&magic);
    (plain, true)
}

/// Where captured length and length on the wire stand: before version 2.3 they were written the other way
/// round.
fn length_fields(version_minor: u16) -> (usize, usize) {
    if version_minor < 3 {
        (field::WIRE_LEN, field::CAPTURED_LEN)
    } else {
        (field::CAPTURED_LEN, field::WIRE_LEN)
    }
}

fn byte_order(endianness: Endianness) -> ByteOrder {
    match endianness {
        Endianness::Little => ByteOrder::Little,
        Endianness::Big => ByteOrder::Big,
    }
}

fn ns_per_fraction(resolution: TsResolution) -> u32 {
    match resolution {
        TsResolution::MicroSecond => 1_000,
        TsResolution::NanoSecond => 1,
    }
}
