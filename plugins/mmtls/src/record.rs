//! Bytes of a stream in order in, its records counted.
//!
//! A record is `type, version, length, body` with a header of five bytes. Records follow each other without a
//! byte between, so the walk keeps the header at hand and the number of bytes to skip, and needs no more.

use super::bits;
use super::hello::{self, Hello};
use weir_sdk::ArrayVec;

/// First byte of all versions, in which records differ from those of TLS.
pub const MAJOR: u8 = 0xf1;
/// Bytes of a record header.
pub const HEADER_LEN: usize = 5;

/// What a record carries, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Alert = 0,
    Handshake = 1,
    Data = 2,
    Early = 3,
}

impl Kind {
    fn of(number: u8) -> Option<Self> {
        match number {
            0x15 => Some(Self::Alert),
            0x16 => Some(Self::Handshake),
            0x17 => Some(Self::Data),
            0x19 => Some(Self::Early),
            _ => None,
        }
    }

    fn begins_with_hello(self) -> bool {
        matches!(self, Self::Handshake | Self::Early)
    }
}

/// A record header.
#[derive(Clone, Copy, Debug)]
struct Header {
    kind: Kind,
    minor: u8,
    len: u16,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let [kind, MAJOR, minor @ 1..=15, high, low] = *bytes else { return None };
        let len = u16::from_be_bytes([high, low]);
        Kind::of(kind).filter(|_| len > 0).map(|kind| Self { kind, minor, len })
    }
}

/// Whether these bytes, five at most, can be the beginning of a record header.
pub fn may_begin(bytes: &[u8]) -> bool {
    let fits = |place: usize, test: fn(u8) -> bool| bytes.get(place).is_none_or(|&byte| test(byte));
    let is_kind = |byte| Kind::of(byte).is_some();
    fits(0, is_kind)
        && fits(1, |byte| byte == MAJOR)
        && fits(2, |byte| (1..=15).contains(&byte))
        && (bytes.len() < HEADER_LEN || Header::parse(bytes).is_some())
}

/// The records of a direction.
#[derive(Debug, Default)]
pub struct Counts {
    /// Records whose header was seen, by kind.
    pub records: [u32; 4],
    /// Bytes of their bodies as the headers say, by kind.
    pub bytes: [u64; 4],
    /// The longest body.
    pub len_max: u16,
    /// Bit n: version 0xf100 + n.
    pub versions: u16,
}

/// The walk over the records of a direction.
#[derive(Debug, Default)]
pub struct Walk {
    pub counts: Counts,
    /// Bits of [`bits::EVIDENCE`] about records.
    pub evidence: u16,
    /// The first hello.
    pub hello: Option<Hello>,
    /// What the first record is.
    pub first: Option<Kind>,
    /// Something else stood where a record had to be.
    pub is_broken: bool,
    /// Where the next header stands is not known.
    is_lost: bool,
    /// The record at hand is the first of a body or a stream.
    is_first: bool,
    /// The stream was met midway, so its first handshake record may be any.
    is_midway: bool,
    header: ArrayVec<u8, HEADER_LEN>,
    /// Bytes of the body at hand that are still to come.
    left: u32,
    /// Bytes until the end of the HTTP body, which no record exceeds.
    limit: u64,
    hello_body: ArrayVec<u8, { hello::WANTED }>,
    /// Length of the record that may hold a hello; 0 if none is awaited.
    hello_len: u16,
}

impl Walk {
    /// A body of `limit` bytes, or a stream, begins with a record.
    pub fn begin(&mut self, limit: u64, is_midway: bool) {
        self.header.clear();
        self.hello_body.clear();
        (self.left, self.hello_len, self.limit) = (0, 0, limit);
        (self.is_first, self.is_lost, self.is_midway) = (true, false, is_midway);
    }

    /// Goes on where a record may begin, if the last one was lost or the connection is another one.
    pub fn resume(&mut self, bytes: &[u8], is_new_connection: bool) {
        if (self.is_lost || is_new_connection)
            && Header::parse(&bytes[..bytes.len().min(HEADER_LEN)]).is_some()
        {
            self.begin(u64::MAX, true);
        }
    }

    /// Takes the next bytes.
    pub fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_lost {
            let taken = if self.left > 0 { self.take_body(bytes) } else { self.take_header(bytes) };
            bytes = &bytes[taken..];
        }
    }

    /// The next `count` bytes are missing.
    pub fn miss(&mut self, count: u64) {
        if count == 0 {
            return;
        }
        if self.hello_body.len() < hello::LEAST {
            self.hello_len = 0;
        }
        self.read_hello();
        if count <= u64::from(self.left) {
            self.limit = self.limit.saturating_sub(count);
            self.left -= count as u32;
        } else {
            self.is_lost = true;
        }
    }

    /// A body, or a segment, ends here.
    pub fn end_piece(&mut self) {
        if self.first.is_some() && self.is_at_boundary() {
            self.evidence |= bits::WHOLE_RECORD;
        }
    }

    /// An HTTP body ends here: no record may be unfinished.
    pub fn end_body(&mut self) {
        self.end_piece();
        self.is_broken |= !self.is_lost && !self.is_at_boundary();
    }

    /// Whether these are records of MMTLS beyond doubt: what begins like one goes on like one.
    pub fn is_confirmed(&self) -> bool {
        let whole = self.evidence & bits::WHOLE_RECORD != 0 && !self.is_broken;
        self.begins_with_record() && (whole || self.evidence & (bits::CHAINED_RECORD | bits::HELLO) != 0)
    }

    /// Whether a body or the stream begins with a record.
    pub fn begins_with_record(&self) -> bool {
        self.evidence & bits::FIRST_RECORD != 0
    }

    fn is_at_boundary(&self) -> bool {
        !self.is_lost && self.left == 0 && self.header.is_empty()
    }

    fn take_header(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(HEADER_LEN - self.header.len());
        self.header.extend(bytes[..taken].iter().copied());
        self.limit = self.limit.saturating_sub(taken as u64);
        if self.header.is_full() {
            let header = Header::parse(&self.header).filter(|header| u64::from(header.len) <= self.limit);
            self.header.clear();
            match header {
                Some(header) => self.begin_record(header),
                None => self.give_up(),
            }
        }
        taken
    }

    fn take_body(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.left as usize);
        if self.hello_len > 0 {
            let room = self.hello_body.remaining_capacity().min(taken);
            self.hello_body.extend(bytes[..room].iter().copied());
        }
        self.left -= taken as u32;
        self.limit = self.limit.saturating_sub(taken as u64);
        if self.left == 0 || self.hello_body.is_full() {
            self.read_hello();
        }
        taken
    }

    fn begin_record(&mut self, header: Header) {
        if std::mem::take(&mut self.is_first) {
            self.begin_first_record(header);
        } else if self.begins_with_record() {
            self.evidence |= bits::CHAINED_RECORD;
        }
        self.left = header.len.into();
        let Counts { records, bytes, len_max, versions } = &mut self.counts;
        records[header.kind as usize] = records[header.kind as usize].saturating_add(1);
        bytes[header.kind as usize] += u64::from(header.len);
        *len_max = header.len.max(*len_max);
        *versions |= 1 << header.minor;
    }

    fn begin_first_record(&mut self, header: Header) {
        self.first.get_or_insert(header.kind);
        if header.kind.begins_with_hello() {
            self.hello_len = header.len;
        }
        if self.is_midway || !header.kind.begins_with_hello() {
            self.evidence |= bits::FIRST_RECORD;
        }
    }

    /// What begins a connection must be a hello; midway a handshake record may be encrypted.
    fn read_hello(&mut self) {
        if self.hello_len == 0 {
            return;
        }
        let hello = Hello::parse(&self.hello_body, std::mem::take(&mut self.hello_len));
        match hello {
            Some(hello) => {
                self.evidence |= bits::FIRST_RECORD | bits::HELLO;
                self.hello.get_or_insert(hello);
            }
            None if self.is_midway => {}
            None => self.give_up(),
        }
        self.hello_body.clear();
    }

    fn give_up(&mut self) {
        (self.is_broken, self.is_lost) = (true, true);
    }
}
