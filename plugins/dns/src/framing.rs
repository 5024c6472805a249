//! The bytes of a TCP direction → its messages, each behind a length of two bytes (RFC 1035 section 4.2.2).

use weir_sdk::StreamBytes;

/// What is kept of a direction of TCP.
#[derive(Default)]
pub(crate) struct Framing {
    /// The beginning of a message, its length included; never longer than one message.
    begun: Vec<u8>,
    /// Where messages begin is not known any more, or these are none.
    is_lost: bool,
}

impl Framing {
    /// Shows each message that these bytes complete, as long as `take` says that it is one.
    pub(crate) fn follow(&mut self, stream: &StreamBytes<'_>, mut take: impl FnMut(&[u8]) -> bool) {
        self.is_lost |= stream.follows_gap;
        let mut rest = stream.bytes;
        while !self.is_lost && !rest.is_empty() {
            rest = self.fill(rest);
            if let Some(message) = self.message() {
                self.is_lost = !take(message);
                self.begun.clear();
            }
        }
        if self.is_lost {
            self.begun = Vec::new();
        }
    }

    /// Takes what belongs to the message that was begun; gives the rest.
    fn fill<'b>(&mut self, mut bytes: &'b [u8]) -> &'b [u8] {
        // First the length, then what it asks for.
        for _ in 0..2 {
            let missing = self.wanted().saturating_sub(self.begun.len());
            let (own, rest) = bytes.split_at(missing.min(bytes.len()));
            self.begun.extend_from_slice(own);
            bytes = rest;
        }
        bytes
    }

    /// Bytes up to the end of the length field, and once that is known, of the message.
    fn wanted(&self) -> usize {
        self.begun.first_chunk().map_or(2, |len| 2 + usize::from(u16::from_be_bytes(*len)))
    }

    fn message(&self) -> Option<&[u8]> {
        (self.begun.len() >= 2).then(|| self.begun.get(2..self.wanted())).flatten()
    }
}
