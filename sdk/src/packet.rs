//! One packet as a plugin sees it: facts worked out once by core, and the captured bytes.
//!
//! Lengths follow one rule throughout: what the headers say was on the wire, not what the capture kept,
//! so that a capture cut by its snap length gives the same statistics as a full one. Offsets count from
//! the first captured byte of the frame.

use std::ops::Deref;

use crate::value::{Ip, Mac};

/// An offset that does not exist: the frame has no such header.
pub const NO_OFFSET: u16 = u16::MAX;

/// Bits of [`PacketFacts::flags`].
pub mod flag {
    /// A layer-4 header was reached (never on a later fragment or a layer-2 packet).
    pub const HAS_L4: u8 = 0x01;
    /// First fragment of a datagram: offset 0, more to come.
    pub const FIRST_FRAGMENT: u8 = 0x02;
    /// A fragment with an offset above 0: it carries no layer-4 header.
    pub const LATER_FRAGMENT: u8 = 0x04;
    /// More fragments follow.
    pub const MORE_FRAGMENTS: u8 = 0x08;
    /// The packet opened its direction.
    pub const STARTS_DIRECTION: u8 = 0x10;
    /// The packet opened its conversation.
    pub const STARTS_FLOW: u8 = 0x20;
    /// The TCP header is captured at least to its flag byte: [`super::PacketFacts::tcp_flags`] holds.
    pub const HAS_TCP_FLAGS: u8 = 0x40;
    /// Checksum and length of layer 4 were found right. Where it is not set, nobody has looked, or they are not
    /// ([`crate::Reads::CHECKSUMS`]).
    pub const L4_VERIFIED: u8 = 0x80;
}

/// The facts of one packet, as they cross the plugin boundary.
///
/// Later versions of the SDK may only add fields at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketFacts {
    /// Time of capture, nanoseconds since 1970-01-01 UTC.
    pub time_ns: i64,
    /// Number of the packet in the run, from 1, in the order of the input.
    pub ordinal: u64,
    /// Where the captured bytes begin in the window of the batch.
    pub start: u64,
    /// What this packet contributes to the flow status ([`crate::status`]).
    pub status: u64,
    /// Bytes captured.
    pub captured_len: u32,
    /// Bytes on the wire, as the capture record says.
    pub wire_len: u32,
    /// The chain of headers, a key for [`crate::End::header_chain`].
    pub header_chain: u32,
    /// Identification of the fragmented datagram (IPv4: 16 bits, also where not fragmented; IPv6: 32 bits).
    pub fragment_id: u32,
    /// Length of the innermost IP packet from its header on, as its header says (see `wire_len` for the fallback).
    pub l3_len: u32,
    /// Layer-7 length computed from the headers, on the wire; 0 where the computed length is negative. It
    /// exceeds 65,535 in what segmentation offload joined.
    pub payload_len: u32,
    /// Innermost IP header (layer-2 flows: first byte behind the last ethertype or LLC header).
    pub l3_offset: u16,
    /// First byte behind the IP header and its extension headers.
    pub l4_offset: u16,
    /// First byte behind the layer-4 header.
    pub payload_offset: u16,
    /// Source MAC address, or [`NO_OFFSET`].
    pub src_mac_offset: u16,
    /// Destination MAC address, or [`NO_OFFSET`].
    pub dst_mac_offset: u16,
    /// Bytes of link-layer padding.
    pub padding_len: u16,
    /// 0x0800 or 0x86dd for IP; for layer 2 the last ethertype, or DSAP and SSAP.
    pub ethertype: u16,
    /// Source port; 0 where the protocol has none.
    pub src_port: u16,
    /// Destination port; 0 where the protocol has none.
    pub dst_port: u16,
    /// Offset of a fragment in units of 8 bytes.
    pub fragment_offset: u16,
    /// VLAN id that belongs to the flow key: the innermost tag of the last tag stack, 0 if untagged.
    pub vlan_id: u16,
    /// The outermost three 12-bit VLAN ids of the last tag stack, outermost first.
    pub vlan_tags: [u16; 3],
    /// Number of tags of that stack (it may exceed 3).
    pub vlan_count: u8,
    /// IP protocol, or the last next-header value of IPv6; 0 for layer 2.
    pub l4_proto: u8,
    /// 4, 6, or 0 for a layer-2 packet.
    pub ip_version: u8,
    /// The TCP flag byte, if [`flag::HAS_TCP_FLAGS`].
    pub tcp_flags: u8,
    /// 0: sent by A, 1: sent by B ([`Side`]).
    pub side: u8,
    /// Bits of [`flag`].
    pub flags: u8,
    /// Captured bytes at the end of the frame that are not at hand, since no plugin reads them ([`crate::Reads`]).
    pub withheld_len: u32,
}

impl PacketFacts {
    /// Whether a bit of [`flag`] is set.
    #[inline]
    pub fn has(&self, bit: u8) -> bool {
        self.flags & bit != 0
    }
}

/// Bits of [`StreamFacts::flags`].
pub mod stream_flag {
    /// The bytes stand in the buffer of the batch, not in its window.
    pub const BUFFERED: u32 = 0x01;
    /// Bytes between these and those shown before are missing.
    pub const FOLLOWS_GAP: u32 = 0x02;
    /// The connection began before the capture.
    pub const MID_STREAM: u32 = 0x04;
}

/// The bytes of its direction's TCP stream that a packet brought in order, as they cross the plugin boundary.
///
/// Later versions of the SDK may only add fields at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// Where they begin in the window of the batch, or in its buffer.
    pub start: u64,
    /// Where they stand in the stream.
    pub offset: u64,
    /// How many they are; 0 if the packet brought none.
    pub len: u32,
    /// Bits of [`stream_flag`].
    pub flags: u32,
}

impl StreamFacts {
    /// Without what is beyond so many bytes of the stream: another plugin may have asked for more.
    #[inline]
    pub(crate) fn within(self, wanted: u64) -> Self {
        let left = u32::try_from(wanted.saturating_sub(self.offset)).unwrap_or(u32::MAX);
        Self { len: self.len.min(left), ..self }
    }
}

/// Bytes of a TCP stream, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamBytes<'a> {
    /// Where the first stands in the stream of its direction; missing bytes count.
    pub offset: u64,
    /// The bytes, at least one; they follow those shown before, unless `follows_gap`.
    pub bytes: &'a [u8],
    /// Bytes between these and those shown before are missing.
    pub follows_gap: bool,
    /// The connection began before the capture, so that `offset` counts from somewhere within.
    pub is_mid_stream: bool,
}

/// The two directions of a conversation. `A` is the initiator by the direction rule of core, `B` answers.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Sent by the initiator.
    A = 0,
    /// Sent by the responder.
    B = 1,
}

impl Side {
    /// The side that a stored 0 or 1 means.
    #[inline]
    pub fn from_bit(bit: u8) -> Self {
        if bit == 0 { Side::A } else { Side::B }
    }

    /// The opposite side.
    #[inline]
    pub fn other(self) -> Self {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

/// One packet: its facts (by dereference) and its captured bytes.
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    facts: &'a PacketFacts,
    window: &'a [u8],
    stream: Option<(&'a StreamFacts, &'a [u8])>,
}

impl Deref for Packet<'_> {
    type Target = PacketFacts;

    #[inline]
    fn deref(&self) -> &PacketFacts {
        self.facts
    }
}

impl<'a> Packet<'a> {
    /// A packet from its facts and the window its `start` points into.
    #[inline]
    pub fn new(facts: &'a PacketFacts, window: &'a [u8]) -> Self {
        Self { facts, window, stream: None }
    }

    /// The same packet with what it brought of its TCP stream, and the buffer of the batch.
    #[inline]
    pub fn with_stream(self, stream: &'a StreamFacts, buffer: &'a [u8]) -> Self {
        Self { stream: Some((stream, buffer)), ..self }
    }

    /// The bytes of its direction's TCP stream that this packet brought in order: reassembled, each byte once.
    /// None if it brought none, beyond [`FlowPlugin::STREAM_BYTES`](crate::FlowPlugin::STREAM_BYTES), and where no
    /// plugin of the run asks for streams.
    #[inline]
    pub fn stream(&self) -> Option<StreamBytes<'a>> {
        let (facts, buffer) = self.stream.filter(|(facts, _)| facts.len > 0)?;
        let has = |bit: u32| facts.flags & bit != 0;
        let bytes = if has(stream_flag::BUFFERED) { buffer } else { self.window };
        let start = facts.start as usize;
        Some(StreamBytes {
            offset: facts.offset,
            bytes: bytes.get(start..start.checked_add(facts.len as usize)?)?,
            follows_gap: has(stream_flag::FOLLOWS_GAP),
            is_mid_stream: has(stream_flag::MID_STREAM),
        })
    }

    /// Whether bytes of its stream are missing before those that [`stream`](Self::stream) gives.
    #[inline]
    pub fn follows_gap(&self) -> bool {
        self.stream.is_some_and(|(facts, _)| facts.flags & stream_flag::FOLLOWS_GAP != 0)
    }

    /// The captured bytes of the frame, as far as they are at hand; empty if the facts point outside the window.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        let start = self.facts.start as usize;
        let len = self.facts.captured_len.saturating_sub(self.facts.withheld_len) as usize;
        self.window.get(start..start.saturating_add(len)).unwrap_or(&[])
    }

    /// `N` bytes at `offset` of the frame, if they were captured.
    #[inline]
    pub fn array<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.bytes().get(offset..offset.checked_add(N)?)?.try_into().ok()
    }

    /// The captured bytes from the innermost IP header on.
    #[inline]
    pub fn l3_bytes(&self) -> &'a [u8] {
        self.bytes().get(usize::from(self.facts.l3_offset)..).unwrap_or(&[])
    }

    /// The captured bytes from the layer-4 header on, without link-layer padding.
    #[inline]
    pub fn l4_bytes(&self) -> &'a [u8] {
        let from = usize::from(self.facts.l4_offset);
        let to = usize::from(self.facts.l3_offset) + self.facts.l3_len as usize;
        let bytes = self.bytes();
        bytes.get(from..to.min(bytes.len())).unwrap_or(&[])
    }

    /// The captured layer-7 bytes, without link-layer padding.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        let from = usize::from(self.facts.payload_offset);
        let bytes = self.bytes();
        let to = from.saturating_add(self.facts.payload_len as usize);
        bytes.get(from..to.min(bytes.len())).unwrap_or(&[])
    }

    /// Source address of the innermost IP header; none for layer 2.
    #[inline]
    pub fn src_ip(&self) -> Option<Ip> {
        self.ip_at(12, 8)
    }

    /// Destination address of the innermost IP header; none for layer 2.
    #[inline]
    pub fn dst_ip(&self) -> Option<Ip> {
        self.ip_at(16, 24)
    }

    /// Source and destination address of the innermost IP header; none for layer 2.
    ///
    /// ```
    /// use weir_sdk::{Ip, Packet, PacketFacts};
    ///
    /// let frame = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 9];
    /// let facts = PacketFacts { captured_len: 20, ip_version: 4, ..PacketFacts::default() };
    /// let ips = Packet::new(&facts, &frame).ips();
    /// assert_eq!(ips, Some((Ip::V4([192, 0, 2, 1]), Ip::V4([192, 0, 2, 9]))));
    /// ```
    #[inline]
    pub fn ips(&self) -> Option<(Ip, Ip)> {
        let l3 = usize::from(self.facts.l3_offset);
        match self.facts.ip_version {
            4 => {
                let [a, b, c, d, dst @ ..] = self.array::<8>(l3 + 12)?;
                Some((Ip::V4([a, b, c, d]), Ip::V4(dst)))
            }
            6 => Some((Ip::V6(self.array(l3 + 8)?), Ip::V6(self.array(l3 + 24)?))),
            _ => None,
        }
    }

    /// Source MAC address where the link has one.
    #[inline]
    pub fn src_mac(&self) -> Option<Mac> {
        self.mac_at(self.facts.src_mac_offset)
    }

    /// Destination MAC address where the link has one.
    #[inline]
    pub fn dst_mac(&self) -> Option<Mac> {
        self.mac_at(self.facts.dst_mac_offset)
    }

    /// Source and destination MAC address, each where the link has one.
    #[inline]
    pub fn macs(&self) -> (Option<Mac>, Option<Mac>) {
        // Nearly all frames begin with both, so they are read together.
        if (self.facts.dst_mac_offset, self.facts.src_mac_offset) == (0, 6)
            && let Some([a, b, c, d, e, f, rest @ ..]) = self.bytes().first_chunk::<12>()
        {
            return (Some(Mac(*rest)), Some(Mac([*a, *b, *c, *d, *e, *f])));
        }
        (self.src_mac(), self.dst_mac())
    }

    /// Which direction sent it.
    #[inline]
    pub fn side(&self) -> Side {
        Side::from_bit(self.facts.side)
    }

    fn mac_at(&self, offset: u16) -> Option<Mac> {
        if offset == NO_OFFSET { None } else { self.array(usize::from(offset)).map(Mac) }
    }

    fn ip_at(&self, v4: usize, v6: usize) -> Option<Ip> {
        let l3 = usize::from(self.facts.l3_offset);
        match self.facts.ip_version {
            4 => self.array(l3 + v4).map(Ip::V4),
            6 => self.array(l3 + v6).map(Ip::V6),
            _ => None,
        }
    }
}
