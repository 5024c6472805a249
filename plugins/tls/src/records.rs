//! The handshake messages of one direction of TCP, joined from records that any number of segments brought.

use weir_sdk::ArrayVec;

use crate::messages::{Messages, Next, handshake};

/// Type, version, and length of a record (RFC 8446 section 5.1).
const HEADER: usize = 5;
/// Bytes of the longest record: 2^14, and what encryption or compression may add (RFC 5246 section 6.2.3).
const LONGEST_RECORD: u16 = (1 << 14) + 2048;
/// In so many bytes of a stream a hello is looked for at the beginning of lines, too: behind the words of a proxy, or of
/// another protocol in segments that were joined.
const SEARCHED: u64 = 512;

mod content {
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    pub const ALERT: u8 = 21;
    pub const HANDSHAKE: u8 = 22;
    pub const APPLICATION_DATA: u8 = 23;
}

/// The end of a line, and the type of a handshake record.
const LINE_AND_RECORD: &[u8] = &[b'\n', content::HANDSHAKE];

/// Where a hello may begin in the bytes of a stream that stand at `offset`.
pub fn find_hello(bytes: &[u8], offset: u64) -> Option<usize> {
    if may_begin(bytes) {
        return Some(0);
    }
    // A server that does not know the name warns before its hello (RFC 6066 section 3).
    if let [content::ALERT, 3, _, 0, 2, _, _, behind @ ..] = bytes
        && may_begin(behind)
        && !behind.is_empty()
    {
        return Some(bytes.len() - behind.len());
    }
    let left = usize::try_from(SEARCHED.saturating_sub(offset)).unwrap_or(0).min(bytes.len());
    if !has_line_and_record(&bytes[..left]) {
        return None;
    }
    (1..left)
        .find(|&place| bytes[place - 1..].starts_with(LINE_AND_RECORD) && begins_for_sure(&bytes[place..]))
}

/// Whether a line ends before what may be a record. Nearly always none does, so all bytes are looked at without a branch
/// for each: the compiler uses vectors.
fn has_line_and_record(bytes: &[u8]) -> bool {
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    pairs.fold(false, |any, (&first, &second)| any | ((first == b'\n') & (second == content::HANDSHAKE)))
}

/// Whether bytes, be they few, may begin with a record that begins with a hello.
fn may_begin(bytes: &[u8]) -> bool {
    let fits = |(place, byte): (usize, &u8)| match place {
        0 => *byte == content::HANDSHAKE,
        1 => *byte == 3,
        2 => *byte <= 4,
        5 => is_hello(*byte),
        // The version of the hello, or that of a draft of TLS 1.3.
        9 => matches!(*byte, 3 | 0x7f | 0xfb),
        _ => true,
    };
    bytes.iter().enumerate().take(HEADER + 5).all(fits)
}

/// Whether record and message agree that a hello begins here.
fn begins_for_sure(bytes: &[u8]) -> bool {
    let &[_, 3, 0..=4, high, low, kind, 0, b, c, 3, 0..=3, ..] = bytes else { return false };
    let (record, message) = (u16::from_be_bytes([high, low]), u16::from_be_bytes([b, c]));
    is_hello(kind) && record <= LONGEST_RECORD && (message >= record || record - message >= 4)
}

fn is_hello(kind: u8) -> bool {
    matches!(kind, handshake::CLIENT_HELLO | handshake::SERVER_HELLO)
}

/// What stands in the records of a direction.
pub enum Item<'b> {
    /// A whole handshake message.
    Message {
        /// Its type.
        kind: u8,
        /// What follows its header.
        body: &'b [u8],
        /// Version of the direction's first record.
        record_version: u16,
    },
    /// Up to TLS 1.2, what follows is encrypted.
    ChangeCipherSpec,
    /// What is encrypted for sure.
    ApplicationData,
}

/// Messages are cut from bytes in order.
#[derive(Default)]
pub struct Records {
    header: ArrayVec<u8, HEADER>,
    /// Type of the record whose bytes come.
    kind: u8,
    /// Bytes of it that are still to come.
    left: usize,
    first_version: u16,
    /// Whether the first message is known to be a hello.
    has_hello: bool,
    /// Whether that was read.
    is_read: bool,
    /// Whether a ChangeCipherSpec came.
    has_changed: bool,
    messages: Messages,
}

impl Records {
    /// Reads on, and gives each item to `take` until that has enough.
    pub fn read(&mut self, mut bytes: &[u8], mut take: impl FnMut(Item<'_>) -> Next) -> Next {
        let mut next = Next::More;
        while !bytes.is_empty() && next == Next::More {
            let wanted = if self.left == 0 { HEADER - self.header.len() } else { self.left };
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            next = if self.left == 0 {
                self.read_header(taken, &mut take)
            } else {
                self.left -= taken.len();
                self.read_body(taken, &mut take)
            };
        }
        next
    }

    /// Whether a hello has begun and its end was not read.
    pub fn is_cut(&self) -> bool {
        self.has_hello && !self.is_read
    }

    fn read_header(&mut self, bytes: &[u8], take: &mut impl FnMut(Item<'_>) -> Next) -> Next {
        self.header.extend(bytes.iter().copied());
        let [kind, major, minor, high, low] = self.header[..] else { return Next::More };
        self.header.clear();
        let length = u16::from_be_bytes([high, low]);
        if major != 3 || length > LONGEST_RECORD {
            return self.unreadable();
        }
        if self.first_version == 0 {
            self.first_version = u16::from_be_bytes([major, minor]);
        }
        (self.kind, self.left) = (kind, usize::from(length));
        match kind {
            content::HANDSHAKE | content::ALERT => Next::More,
            content::CHANGE_CIPHER_SPEC => {
                self.has_changed = true;
                take(Item::ChangeCipherSpec)
            }
            content::APPLICATION_DATA => take(Item::ApplicationData),
            _ => self.unreadable(),
        }
    }

    fn read_body(&mut self, bytes: &[u8], take: &mut impl FnMut(Item<'_>) -> Next) -> Next {
        if self.kind != content::HANDSHAKE {
            return Next::More;
        }
        let first = self.messages.kind().or_else(|| bytes.first().copied());
        if !self.has_hello && !first.is_some_and(is_hello) {
            return Next::Foreign;
        }
        self.has_hello = true;
        let (record_version, is_read) = (self.first_version, &mut self.is_read);
        let next = self.messages.read(bytes, |kind, body| {
            *is_read = true;
            take(Item::Message { kind, body, record_version })
        });
        // Behind a ChangeCipherSpec what looks like a long message may be an encrypted one.
        if self.has_changed && next == Next::Malformed { Next::Enough } else { next }
    }

    fn unreadable(&self) -> Next {
        match (self.has_hello, self.has_changed) {
            (false, _) => Next::Foreign,
            (true, false) => Next::Malformed,
            (true, true) => Next::Enough,
        }
    }
}
