//! A packet in, the TCP header that it carries out.

use weir_sdk::Packet;

use crate::bits::flags;

/// Header flags (RFC 9293 section 3.1).
pub(crate) const FIN: u8 = flags::FIN as u8;
pub(crate) const SYN: u8 = flags::SYN as u8;
pub(crate) const RST: u8 = flags::RST as u8;
pub(crate) const PSH: u8 = flags::PSH as u8;
pub(crate) const ACK: u8 = flags::ACK as u8;
pub(crate) const URG: u8 = flags::URG as u8;
/// The two that RFC 3168 added.
const ECN: u8 = (flags::ECE | flags::CWR) as u8;

const TCP: u8 = 6;
/// Bytes up to and with the window, without which a header says nothing.
const UP_TO_WINDOW: usize = 16;
/// Length of a header without options.
const MIN_HEADER: usize = 20;

/// A TCP header that is captured as far as its window.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub(crate) sequence: u32,
    pub(crate) acknowledgment: u32,
    pub(crate) flags: u8,
    /// The window field, not scaled.
    pub(crate) window: u16,
    /// Payload bytes on the wire.
    pub(crate) len: u32,
    pub(crate) time_ns: i64,
    /// Captured bytes of the datagram from the header on.
    bytes: &'a [u8],
}

impl<'a> Segment<'a> {
    /// The segment of a packet whose captured layer 4 is `bytes`; none for other protocols, later fragments, and
    /// headers that are cut.
    #[inline]
    pub(crate) fn of(packet: &Packet<'a>, bytes: &'a [u8]) -> Option<Self> {
        if packet.l4_proto != TCP || packet.has(weir_sdk::flag::LATER_FRAGMENT) {
            return None;
        }
        let header: &[u8; UP_TO_WINDOW] = bytes.first_chunk()?;
        let word =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Some(Self {
            sequence: word(4),
            acknowledgment: word(8),
            flags: header[13],
            window: u16::from_be_bytes([header[14], header[15]]),
            len: packet.payload_len,
            time_ns: packet.time_ns,
            bytes,
        })
    }

    /// Itself, if of FIN, SYN, RST and ACK it has ACK alone. That is said so that the compiler leaves out what happens
    /// to others.
    #[inline(always)]
    pub(crate) fn as_acknowledgment(&self) -> Option<Self> {
        let flags = self.flags & !(FIN | SYN | RST) | ACK;
        (self.control() == ACK).then_some(Self { flags, ..*self })
    }

    /// Whether a flag is set.
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Of FIN, SYN, RST and ACK those that are set.
    pub(crate) fn control(&self) -> u8 {
        self.flags & (FIN | SYN | RST | ACK)
    }

    /// The six flags of RFC 793.
    pub(crate) fn six_flags(&self) -> u8 {
        self.flags & !ECN
    }

    /// Neither FIN nor SYN nor RST.
    pub(crate) fn is_plain(&self) -> bool {
        is_plain(self.flags)
    }

    /// Whether the header has options.
    #[inline]
    pub(crate) fn has_options(&self) -> bool {
        self.header_len() > MIN_HEADER
    }

    /// The options; none if they are cut, or longer than the datagram.
    pub(crate) fn options(&self) -> Option<&'a [u8]> {
        self.bytes.get(MIN_HEADER..self.header_len())
    }

    /// The data offset counts words of four bytes.
    fn header_len(&self) -> usize {
        usize::from(self.bytes[12] >> 4) * 4
    }
}

/// Neither FIN nor SYN nor RST.
pub(crate) fn is_plain(flags: u8) -> bool {
    flags & (FIN | SYN | RST) == 0
}
