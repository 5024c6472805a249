//! The handshake messages of one direction of DTLS, joined from records and fragments (RFC 6347 section 4).
//!
//! Datagrams of other protocols may come between them, as they do in WebRTC.

use crate::messages::{LONGEST_MESSAGE, Next};
use crate::pieces::Pieces;

/// Type, version, epoch, sequence number, and length of a record (RFC 6347 section 4.1).
const RECORD_HEADER: usize = 13;
/// Type, length, message number, and fragment of a message (RFC 6347 section 4.2.2).
const MESSAGE_HEADER: usize = 12;
/// Messages of a direction that are kept in mind, in part or as read.
const MOST_MESSAGES: usize = 16;
const HANDSHAKE: u8 = 22;

/// Whether a datagram begins with a handshake record that is not encrypted.
pub fn may_begin(payload: &[u8]) -> bool {
    payload.first() == Some(&HANDSHAKE) && Record::split(payload).is_some_and(|(record, _)| record.epoch == 0)
}

/// A record of a datagram.
struct Record<'d> {
    kind: u8,
    version: u16,
    epoch: u16,
    body: &'d [u8],
}

impl<'d> Record<'d> {
    fn split(datagram: &'d [u8]) -> Option<(Self, &'d [u8])> {
        let (header, rest) = datagram.split_first_chunk::<RECORD_HEADER>()?;
        let &[kind, v1, v2, e1, e2, _, _, _, _, _, _, high, low] = header;
        let version = u16::from_be_bytes([v1, v2]);
        // 0x0100 is a number from before RFC 4347, which one maker still sends.
        if !matches!(version, 0xfeff | 0xfefd | 0xfefc | 0x0100) {
            return None;
        }
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        Some((Self { kind, version, epoch: u16::from_be_bytes([e1, e2]), body }, rest))
    }
}

/// A fragment of a message.
struct Fragment<'r> {
    kind: u8,
    length: usize,
    number: u16,
    offset: usize,
    body: &'r [u8],
}

impl<'r> Fragment<'r> {
    fn split(record: &'r [u8]) -> Option<(Self, &'r [u8])> {
        let (header, rest) = record.split_first_chunk::<MESSAGE_HEADER>()?;
        let three = |at: usize| u32::from_be_bytes([0, header[at], header[at + 1], header[at + 2]]) as usize;
        let (body, rest) = rest.split_at_checked(three(9))?;
        let number = u16::from_be_bytes([header[4], header[5]]);
        let fragment = Self { kind: header[0], length: three(1), number, offset: three(6), body };
        (fragment.offset + body.len() <= fragment.length).then_some((fragment, rest))
    }
}

/// A message of which some fragments came.
struct Message {
    number: u16,
    pieces: Pieces,
    bytes: Vec<u8>,
    is_read: bool,
}

/// What came of a direction's messages.
#[derive(Default)]
pub struct Fragments {
    first_version: u16,
    messages: Vec<Message>,
}

impl Fragments {
    /// Gives type, body, and version of the first record with each message that a datagram completes to `take`.
    pub fn read(&mut self, mut payload: &[u8], mut take: impl FnMut(u8, &[u8], u16) -> Next) -> Next {
        while let Some((record, rest)) = Record::split(payload) {
            payload = rest;
            // What follows the first epoch is encrypted.
            if record.epoch != 0 {
                return Next::Enough;
            }
            if record.kind == HANDSHAKE {
                let next = self.read_record(&record, &mut take);
                if next != Next::More {
                    return next;
                }
            }
        }
        Next::More
    }

    /// Whether a message has begun and none was read.
    pub fn is_cut(&self) -> bool {
        !self.messages.is_empty() && !self.messages.iter().any(|message| message.is_read)
    }

    fn read_record(&mut self, record: &Record<'_>, take: &mut impl FnMut(u8, &[u8], u16) -> Next) -> Next {
        if self.first_version == 0 {
            self.first_version = record.version;
        }
        let mut rest = record.body;
        while let Some((fragment, behind)) = Fragment::split(rest) {
            rest = behind;
            if fragment.length > LONGEST_MESSAGE {
                return Next::Malformed;
            }
            let version = self.first_version;
            let next = match self.whole(&fragment) {
                Some(body) => take(fragment.kind, &body, version),
                None => Next::More,
            };
            if next != Next::More {
                return next;
            }
        }
        if rest.is_empty() { Next::More } else { Next::Malformed }
    }

    /// The message that this fragment completes.
    fn whole(&mut self, fragment: &Fragment<'_>) -> Option<Vec<u8>> {
        let message = self.message(fragment.number)?;
        if message.is_read {
            return None;
        }
        message.pieces.keep(fragment.offset, fragment.body);
        message.pieces.drain(&mut message.bytes);
        message.is_read = message.bytes.len() == fragment.length;
        message.is_read.then(|| std::mem::take(&mut message.bytes))
    }

    fn message(&mut self, number: u16) -> Option<&mut Message> {
        let known = self.messages.iter().position(|message| message.number == number);
        let at = known.unwrap_or(self.messages.len());
        if known.is_none() {
            if at == MOST_MESSAGES {
                return None;
            }
            let (pieces, bytes) = Default::default();
            self.messages.push(Message { number, pieces, bytes, is_read: false });
        }
        self.messages.get_mut(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DTLS_1_2: u16 = 0xfefd;

    fn record(epoch: u8, body: &[u8]) -> Vec<u8> {
        let [high, low] = (body.len() as u16).to_be_bytes();
        [&[HANDSHAKE, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 1, high, low][..], body].concat()
    }

    /// A fragment of a message of kind 1.
    fn fragment(number: u8, length: usize, offset: usize, body: &[u8]) -> Vec<u8> {
        let three = |value: usize| (value as u32).to_be_bytes()[1..].to_vec();
        [&[1][..], &three(length), &[0, number], &three(offset), &three(body.len()), body].concat()
    }

    /// What the datagrams bring, and how the last of them ends.
    fn read(datagrams: &[Vec<u8>]) -> (Vec<Vec<u8>>, Next) {
        let (mut fragments, mut bodies, mut last) = (Fragments::default(), Vec::new(), Next::More);
        for datagram in datagrams {
            last = fragments.read(datagram, |kind, body, version| {
                assert_eq!((kind, version), (1, DTLS_1_2));
                bodies.push(body.to_vec());
                Next::More
            });
        }
        (bodies, last)
    }

    #[test]
    fn a_message_is_joined_from_fragments_in_any_order() {
        let one = record(0, &fragment(0, 9, 0, b"abcd"));
        let two = record(0, &fragment(0, 9, 3, b"defghi"));
        let expected = (vec![b"abcdefghi".to_vec()], Next::More);
        assert_eq!(read(&[one.clone(), two.clone()]), expected);
        assert_eq!(read(&[two.clone(), two.clone(), one.clone(), one.clone(), two.clone()]), expected);
        assert_eq!(read(&[[one, two].concat()]), expected);
    }

    #[test]
    fn messages_that_share_a_record_or_come_again_are_read_once() {
        let both = record(0, &[fragment(0, 2, 0, b"ab"), fragment(1, 0, 0, b"")].concat());
        assert_eq!(read(&[both.clone(), both]), (vec![b"ab".to_vec(), Vec::new()], Next::More));
    }

    #[test]
    fn what_is_encrypted_ends_the_reading() {
        assert_eq!(read(&[record(1, b"anything")]), (Vec::new(), Next::Enough));
        assert!(!may_begin(&record(1, b"anything")) && may_begin(&record(0, b"anything")));
        assert!(!may_begin(b"\x16\xfe\xfd") && !may_begin(&[HANDSHAKE; 60]));
    }

    #[test]
    fn lengths_that_lie_are_malformed() {
        let beyond_its_message = record(0, &fragment(0, 3, 2, b"ab"));
        let beyond_its_record = record(0, &fragment(0, 9, 0, b"abcd")[..14]);
        let giant = record(0, &fragment(0, 1 << 20, 0, b"ab"));
        for datagram in [beyond_its_message, beyond_its_record, giant] {
            assert_eq!(read(&[datagram]), (Vec::new(), Next::Malformed));
        }
    }

    #[test]
    fn messages_kept_in_mind_are_bounded() {
        let mut fragments = Fragments::default();
        for number in 0..=255 {
            fragments.read(&record(0, &fragment(number, 9, 0, b"ab")), |_, _, _| Next::More);
        }
        assert_eq!(fragments.messages.len(), MOST_MESSAGES);
        assert!(fragments.is_cut());
    }
}
