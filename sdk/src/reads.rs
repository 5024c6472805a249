//! What of a packet's bytes plugins read, and what need not be handed to them.

use crate::checksum::{self, protocol};
use crate::packet::{Packet, PacketFacts, flag};
use crate::plugin::FlowPlugin;

/// What of a packet's bytes a plugin reads.
///
/// Plugins get the headers alone of packets of which no plugin of the run reads more: where several workers share the
/// packets, payload then stays where it was read. For that a packet must be a TCP segment or UDP datagram that is no
/// fragment, wholly captured, and long enough for its header. All others come whole, whatever is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads(pub u32);

const CHECKSUMS: u32 = 0x01;
const PAYLOAD: u32 = 0x02;

/// Shortest headers (RFC 9293 section 3.1, RFC 768).
const TCP_HEADER: u32 = 20;
const UDP_HEADER: u32 = 8;

impl Reads {
    /// The frame up to the payload of TCP or UDP.
    pub const HEADERS: Reads = Reads(0);
    /// As much, and the checksum and length of layer 4 against all that they cover, unless
    /// [`flag::L4_VERIFIED`] says that they were found right.
    pub const CHECKSUMS: Reads = Reads(CHECKSUMS);
    /// Everything.
    pub const ALL: Reads = Reads(CHECKSUMS | PAYLOAD);

    /// What a plugin reads: everything if it asks for streams, else what it says.
    pub(crate) const fn of<P: FlowPlugin>() -> Reads {
        if P::STREAM_BYTES > 0 { Reads::ALL } else { P::READS }
    }

    /// What either reads.
    ///
    /// ```
    /// use weir_sdk::Reads;
    ///
    /// assert_eq!(Reads::HEADERS.and(Reads::CHECKSUMS), Reads::CHECKSUMS);
    /// assert!(Reads::CHECKSUMS.and(Reads::ALL).payload());
    /// ```
    pub const fn and(self, other: Reads) -> Reads {
        Reads(self.0 | other.0)
    }

    /// Whether payload is read.
    pub const fn payload(self) -> bool {
        self.0 & PAYLOAD != 0
    }

    /// Withholds the bytes of a packet that are not read: they no longer belong to its [`Packet::bytes`]. What must
    /// be verified for that is; a packet that is not right in every respect stays whole.
    ///
    /// ```
    /// use weir_sdk::testing::packet;
    /// use weir_sdk::{Packet, Reads};
    ///
    /// let datagram = packet().payload(b"hello");
    /// let (mut facts, frame) = (datagram.facts(), datagram.frame());
    /// assert_eq!(Packet::new(&facts, &frame).payload(), b"hello");
    /// Reads::HEADERS.withhold(&mut facts, &frame);
    /// let packet = Packet::new(&facts, &frame);
    /// assert_eq!((packet.payload(), packet.payload_len), (&b""[..], 5));
    /// assert_eq!(packet.bytes().len(), usize::from(packet.payload_offset));
    /// ```
    #[inline]
    pub fn withhold(self, facts: &mut PacketFacts, window: &[u8]) {
        if self.payload() || !has_whole_header(facts) {
            return;
        }
        if self.0 & CHECKSUMS != 0 {
            if !is_right(&Packet::new(facts, window)) {
                return;
            }
            facts.flags |= flag::L4_VERIFIED;
        }
        facts.withheld_len = facts.captured_len - u32::from(facts.payload_offset);
    }
}

/// Whether it is a wholly captured segment or datagram whose header ends before it does.
#[inline]
fn has_whole_header(facts: &PacketFacts) -> bool {
    let min_header = match facts.l4_proto {
        protocol::TCP => TCP_HEADER,
        protocol::UDP => UDP_HEADER,
        _ => return false,
    };
    let is_fragment = facts.has(flag::FIRST_FRAGMENT | flag::LATER_FRAGMENT | flag::MORE_FRAGMENTS);
    let end = u32::from(facts.l3_offset).saturating_add(facts.l3_len);
    facts.ip_version != 0
        && facts.has(flag::HAS_L4)
        && !is_fragment
        && end <= facts.captured_len
        && u32::from(facts.l4_offset) + min_header <= u32::from(facts.payload_offset)
        && u32::from(facts.payload_offset) <= end
}

#[inline]
fn is_right(packet: &Packet<'_>) -> bool {
    let l4 = packet.l4_bytes();
    checksum::l4_is_right(packet, packet.l3_bytes(), l4)
        && !(packet.l4_proto == protocol::UDP && checksum::udp_length_is_wrong(l4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestPacket, packet};

    /// What is left of a packet, and whether it was verified.
    fn left(reads: Reads, of: &TestPacket, spoil: Option<usize>) -> (usize, bool) {
        let (mut facts, mut frame) = (of.facts(), of.frame());
        if let Some(from_end) = spoil {
            let at = frame.len() - from_end;
            frame[at] ^= 0x10;
        }
        reads.withhold(&mut facts, &frame);
        (Packet::new(&facts, &frame).bytes().len(), facts.has(flag::L4_VERIFIED))
    }

    const HEADERS_OF_UDP: usize = 14 + 20 + 8;

    #[test]
    fn headers_stay_and_payload_goes() {
        let datagram = packet().payload([7; 100]);
        assert_eq!(left(Reads::HEADERS, &datagram, None), (HEADERS_OF_UDP, false));
        assert_eq!(left(Reads::CHECKSUMS, &datagram, None), (HEADERS_OF_UDP, true));
        assert_eq!(left(Reads::ALL, &datagram, None), (HEADERS_OF_UDP + 100, false));
        assert_eq!(
            left(Reads::CHECKSUMS, &packet().tcp(2000, 3000).payload(b"hello"), None),
            (14 + 20 + 20, true)
        );
    }

    #[test]
    fn what_is_wrong_stays_whole_for_those_who_verify() {
        let datagram = packet().payload([7; 100]);
        let (in_payload, in_length) = (Some(1), Some(100 + 4));
        for spoil in [in_payload, in_length] {
            assert_eq!(left(Reads::CHECKSUMS, &datagram, spoil), (HEADERS_OF_UDP + 100, false));
            assert_eq!(left(Reads::HEADERS, &datagram, spoil), (HEADERS_OF_UDP, false));
        }
    }

    #[test]
    fn what_is_no_whole_segment_or_datagram_stays_as_it_is() {
        let cut = packet().payload([7; 100]).captured(120);
        assert_eq!(left(Reads::HEADERS, &cut, None), (120, false));
        let first = packet().payload([7; 64]).fragment(0, true);
        assert_eq!(left(Reads::HEADERS, &first, None).0, first.frame().len());
        let later = packet().payload([7; 64]).fragment(8, false);
        assert_eq!(left(Reads::HEADERS, &later, None).0, later.frame().len());
        let header_cut = packet().tcp(2000, 3000).change(|facts| facts.payload_offset -= 12);
        assert_eq!(left(Reads::HEADERS, &header_cut, None).0, header_cut.frame().len());
    }
}
