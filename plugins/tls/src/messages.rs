//! Handshake messages, cut from the bytes that carry them.

/// Bytes of the longest message that is read.
pub const LONGEST_MESSAGE: usize = 64 << 10;
/// Type and length of a handshake message (RFC 8446 section 4).
const HEADER: usize = 4;

/// Handshake types (RFC 8446 section 4, RFC 6347 section 4.3.2).
pub mod handshake {
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const HELLO_VERIFY_REQUEST: u8 = 3;
    pub const CERTIFICATE: u8 = 11;
    pub const SERVER_HELLO_DONE: u8 = 14;
}

/// Whether to read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Further messages are wanted.
    More,
    /// Nothing that follows is wanted, or can be read.
    Enough,
    /// It is no handshake, though its first bytes looked like one.
    Foreign,
    /// It is a handshake, and it cannot be read.
    Malformed,
}

/// Bytes of messages, of which the last may be cut.
#[derive(Default)]
pub struct Messages(Vec<u8>);

impl Messages {
    /// Reads on, and gives type and body of each whole message to `take` until that has enough.
    pub fn read(&mut self, bytes: &[u8], mut take: impl FnMut(u8, &[u8]) -> Next) -> Next {
        self.0.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(&[kind, a, b, c]) = self.0[from..].first_chunk::<HEADER>() {
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            if length > LONGEST_MESSAGE {
                return Next::Malformed;
            }
            let begin = from + HEADER;
            let Some(body) = self.0.get(begin..begin + length) else { break };
            let next = take(kind, body);
            if next != Next::More {
                return next;
            }
            from = begin + length;
        }
        self.0.drain(..from);
        Next::More
    }

    /// Type of the message that is not whole.
    pub fn kind(&self) -> Option<u8> {
        self.0.first().copied()
    }
}
