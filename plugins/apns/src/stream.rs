//! Bytes of a TLS direction in order in, its hello and the lengths of its messages out.
//!
//! A message is what the sender wrote at once, as far as can be seen: the application-data records up to the first
//! segment that ends where a record ends, headers included. Most are one record in one segment.

use super::hello::{self, Hello};
use weir_sdk::{ArrayVec, StreamBytes};

const HEADER_LEN: usize = 5;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// RFC 8446 section 5.2, RFC 5246 section 6.2.3: the most that encryption may add to 2^14 bytes.
const MAX_RECORD: u16 = (1 << 14) + 2048;
/// A longer hello is not read.
const MAX_HELLO: usize = 1 << 14;
/// Bytes before a handshake message: type and length.
const MESSAGE_HEADER: usize = 4;
const TLS_1_0: u8 = 1;
const NONCE_LEN: usize = 8;
/// Block length of AES.
const BLOCK: u16 = 16;

/// A message that has ended, and what it is.
pub type Length = u32;

/// The walk over the records of a direction.
#[derive(Debug, Default)]
pub struct Stream {
    /// The hello, until somebody takes it.
    pub hello: Option<Hello>,
    /// A record of TLS was met.
    pub has_records: bool,
    /// The stream began with what is no TLS.
    pub is_other: bool,
    /// Records of application data have a version above TLS 1.0, and lengths that are no whole blocks.
    pub has_odd_lengths: bool,
    pub is_tls_1_0: bool,
    /// The first eight bytes of two neighbouring records of application data count up by one: RFC 5288 section 3
    /// lets an explicit nonce do so, and nothing else does.
    pub has_nonces: bool,
    pub data_records: u64,
    next: u64,
    is_begun: bool,
    /// The start of the connection was not seen.
    is_midway: bool,
    is_lost: bool,
    header: ArrayVec<u8, HEADER_LEN>,
    left: u16,
    /// Of the record at hand.
    kind: u8,
    nonce: ArrayVec<u8, NONCE_LEN>,
    last_nonce: Option<u64>,
    /// Bytes of the message at hand.
    message: Length,
    /// Handshake messages until the hello is whole; empty from then on.
    hello_bytes: Vec<u8>,
    is_hello_done: bool,
}

impl Stream {
    /// Takes the next bytes, `missing` ones that were not captured behind them; gives the length of the message
    /// that ended with them.
    pub fn take(&mut self, stream: &StreamBytes<'_>, missing: u64) -> Option<Length> {
        let gap = stream.offset.saturating_sub(self.next);
        let is_new_connection = self.is_begun && stream.follows_gap && stream.offset <= self.next;
        if is_new_connection {
            self.lose();
        } else if self.is_begun {
            self.miss(gap);
        }
        if !self.is_begun {
            (self.is_begun, self.is_midway) = (true, stream.is_mid_stream || stream.offset > 0);
        }
        self.next = stream.offset + stream.bytes.len() as u64 + missing;
        self.resume(stream.bytes);
        self.walk(stream.bytes);
        self.miss(missing);
        self.end_message()
    }

    /// Neither TLS nor the start of something else has been met.
    pub fn is_unknown(&self) -> bool {
        self.is_lost && !self.has_records
    }

    fn end_message(&mut self) -> Option<Length> {
        let is_at_boundary = !self.is_lost && self.left == 0 && self.header.is_empty();
        (is_at_boundary && self.message > 0).then(|| std::mem::take(&mut self.message))
    }

    /// Midway a record is first met, or met again, at the start of a segment.
    fn resume(&mut self, bytes: &[u8]) {
        let is_record = bytes.get(..HEADER_LEN).is_some_and(is_header);
        if self.is_lost && is_record {
            (self.is_lost, self.left, self.message) = (false, 0, 0);
            self.header.clear();
        } else if self.is_midway && !self.has_records && !is_record {
            self.is_lost = true;
        }
    }

    fn walk(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_lost {
            let taken = if self.left > 0 { self.take_body(bytes) } else { self.take_header(bytes) };
            bytes = &bytes[taken..];
        }
    }

    fn take_body(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.left.into());
        self.left -= taken as u16;
        match self.kind {
            HANDSHAKE if !self.is_hello_done => {
                self.hello_bytes.extend(&bytes[..taken]);
                self.read_hello();
            }
            APPLICATION_DATA => self.take_nonce(&bytes[..taken]),
            _ => {}
        }
        taken
    }

    fn take_nonce(&mut self, bytes: &[u8]) {
        let room = self.nonce.remaining_capacity();
        if room == 0 {
            return;
        }
        self.nonce.extend(bytes.iter().copied().take(room));
        if let Some(nonce) = self.nonce.first_chunk().copied().map(u64::from_be_bytes) {
            self.has_nonces |= self.last_nonce.is_some_and(|last| nonce == last.wrapping_add(1));
            self.last_nonce = Some(nonce);
        }
    }

    fn take_header(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(HEADER_LEN - self.header.len());
        self.header.extend(bytes[..taken].iter().copied());
        if let [kind, _, minor, high, low] = self.header[..] {
            let is_record = is_header(&self.header);
            self.header.clear();
            if is_record {
                self.begin_record(kind, minor, u16::from_be_bytes([high, low]));
            } else {
                self.is_other |= !self.has_records && !self.is_midway;
                self.lose();
            }
        }
        taken
    }

    fn begin_record(&mut self, kind: u8, minor: u8, len: u16) {
        (self.has_records, self.left, self.kind) = (true, len, kind);
        if kind != HANDSHAKE {
            self.forget_hello();
        }
        if kind == APPLICATION_DATA {
            self.data_records += 1;
            self.is_tls_1_0 |= minor <= TLS_1_0;
            self.has_odd_lengths |= !len.is_multiple_of(BLOCK);
            self.nonce.clear();
            self.message = self.message.saturating_add(u32::from(len) + HEADER_LEN as u32);
        }
    }

    fn read_hello(&mut self) {
        let [_, high, middle, low, ..] = self.hello_bytes[..] else { return };
        let len = u32::from_be_bytes([0, high, middle, low]) as usize + MESSAGE_HEADER;
        if let Some(message) = self.hello_bytes.get(..len) {
            self.hello = hello::parse(message);
            self.forget_hello();
        } else if len > MAX_HELLO {
            self.forget_hello();
        }
    }

    fn forget_hello(&mut self) {
        (self.is_hello_done, self.hello_bytes) = (true, Vec::new());
    }

    fn miss(&mut self, count: u64) {
        if count == 0 {
            return;
        }
        self.forget_hello();
        match u16::try_from(count) {
            Ok(count) if count <= self.left => self.left -= count,
            _ => self.lose(),
        }
    }

    fn lose(&mut self) {
        (self.is_lost, self.left, self.message) = (true, 0, 0);
        self.header.clear();
    }
}

/// Whether these five bytes are the header of a TLS record.
fn is_header(bytes: &[u8]) -> bool {
    let [kind, major, minor, high, low] = *bytes else { return false };
    let len = u16::from_be_bytes([high, low]);
    (20..=23).contains(&kind) && major == 3 && minor <= 4 && (1..=MAX_RECORD).contains(&len)
}
