//! Frames from bytes, and what decoding makes of them: the ground of all tests of this stage.

use std::ops::Deref;

use weir_sdk::{Ip, Packet, PacketFacts};

use super::link::link_type;
use super::{Decoded, Decoder, NoFlow};
use crate::capture::Record;

/// What a frame gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) facts: PacketFacts,
    pub(super) chain: String,
    pub(super) count: u16,
    /// Source and destination, in an IP flow.
    pub(super) addresses: Option<(Ip, Ip)>,
}

impl Deref for Seen {
    type Target = PacketFacts;

    fn deref(&self) -> &PacketFacts {
        &self.facts
    }
}

/// Decodes a frame of a link type of which `wire_len` bytes were on the wire.
pub(super) fn decode_cut(link: u16, frame: &[u8], wire_len: usize) -> Result<Seen, NoFlow> {
    let mut decoder = Decoder::new();
    let record = Record {
        time_ns: 1,
        start: 0,
        captured_len: frame.len() as u32,
        wire_len: wire_len as u32,
        link_type: link,
    };
    let mut facts = PacketFacts::default();
    match decoder.decode(&record, frame, &mut facts) {
        Decoded::NoFlow(reason) => Err(reason),
        Decoded::Flow => {
            let chain = decoder.chains().texts().get(facts.header_chain).expect("a flow has a chain");
            let packet = Packet::new(&facts, frame);
            let addresses = packet.src_ip().zip(packet.dst_ip());
            Ok(Seen { chain: chain.text.to_owned(), count: chain.count, addresses, facts })
        }
    }
}

/// Decodes a complete frame of a link type.
pub(super) fn decode_on(link: u16, frame: &[u8]) -> Result<Seen, NoFlow> {
    decode_cut(link, frame, frame.len())
}

/// Decodes a complete Ethernet frame that has a flow.
pub(super) fn decode(frame: &[u8]) -> Seen {
    decode_on(link_type::ETHERNET, frame).expect("the frame has a flow")
}

/// Asks for the header chain and the status of a complete Ethernet frame.
#[track_caller]
pub(super) fn check(frame: &[u8], chain: &str, status: u64) -> Seen {
    check_on(link_type::ETHERNET, frame, chain, status)
}

/// The same for a link type.
#[track_caller]
pub(super) fn check_on(link: u16, frame: &[u8], chain: &str, status: u64) -> Seen {
    check_cut(link, frame, frame.len(), chain, status)
}

/// The same for the first bytes of a frame.
#[track_caller]
pub(super) fn check_cut(link: u16, frame: &[u8], captured: usize, chain: &str, status: u64) -> Seen {
    let seen = decode_cut(link, &frame[..captured], frame.len()).expect("the frame has a flow");
    assert_eq!((seen.chain.as_str(), format!("{:#x}", seen.status)), (chain, format!("{status:#x}")));
    seen
}

/// Asks why a frame of a link type has no flow.
#[track_caller]
pub(super) fn check_none(link: u16, frame: &[u8], reason: NoFlow) {
    assert_eq!(decode_on(link, frame).err(), Some(reason));
}

/// Pieces, one behind the other.
pub(super) fn join(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.concat()
}

/// An Ethernet frame.
pub(super) fn eth(kind: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &kind.to_be_bytes(), payload])
}

/// An Ethernet frame with its tags in front of an ethertype.
pub(super) fn tagged(ids: &[u16], kind: u16, payload: &[u8]) -> Vec<u8> {
    let tags: Vec<u8> = ids.iter().flat_map(|id| [&[0x81, 0x00], &id.to_be_bytes()[..]].concat()).collect();
    join(&[&eth(0, &[])[..12], &tags, &kind.to_be_bytes(), payload])
}

/// An Ethernet frame padded to 60 bytes.
pub(super) fn padded(mut frame: Vec<u8>) -> Vec<u8> {
    frame.resize(60, 0);
    frame
}

/// 10.0.0.1 to 10.0.0.2, identification 7.
pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_fragment(protocol, 0, payload)
}

/// The same with flags and fragment offset.
pub(super) fn ipv4_fragment(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let [len_high, len_low] = (20 + payload.len() as u16).to_be_bytes();
    let [high, low] = fragment.to_be_bytes();
    let header = [0x45, 0, len_high, len_low, 0, 7, high, low, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    join(&[&header, payload])
}

/// 2001:db8::1 to 2001:db8::2.
pub(super) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = [0; 40];
    header[0] = 0x60;
    header[4..6].copy_from_slice(&(payload.len() as u16).to_be_bytes());
    header[6] = next;
    header[7] = 64;
    for (at, last) in [(8, 1), (24, 2)] {
        header[at..at + 4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        header[at + 15] = last;
    }
    join(&[&header, payload])
}

/// A UDP datagram.
pub(super) fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let len = 8 + payload.len() as u16;
    join(&[&src.to_be_bytes(), &dst.to_be_bytes(), &len.to_be_bytes(), &[0, 0], payload])
}

/// A TCP segment with ACK and PSH.
pub(super) fn tcp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let rest = [0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0];
    join(&[&src.to_be_bytes(), &dst.to_be_bytes(), &rest, payload])
}

/// The inner packet of tunnel tests: UDP 2000 to 3000 with 5 bytes, in IPv4 from 192.0.2.1 to 192.0.2.2.
pub(super) fn inner_v4() -> Vec<u8> {
    let mut packet = ipv4(17, &udp(2000, 3000, b"hello"));
    packet[12..20].copy_from_slice(&INNER_V4.concat());
    packet
}

/// The same in IPv6 from 2001:db8::101 to 2001:db8::102.
pub(super) fn inner_v6() -> Vec<u8> {
    let mut packet = ipv6(17, &udp(2000, 3000, b"hello"));
    packet[8..40].copy_from_slice(&INNER_V6.concat());
    packet
}

const INNER_V4: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];
const INNER_V6: [[u8; 16]; 2] = [
    [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
    [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2],
];

/// An Ethernet frame with UDP over IPv4.
pub(super) fn over_udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ipv4(17, &udp(src, dst, payload)))
}

/// An Ethernet frame with an IP protocol over IPv4.
pub(super) fn over_ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ipv4(protocol, payload))
}

/// An Ethernet frame with a protocol over IPv6.
pub(super) fn over_ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    eth(0x86dd, &ipv6(next, payload))
}

/// Asserts that addresses, ports, and lengths are those of the inner packet.
#[track_caller]
pub(super) fn is_inner(seen: &Seen) {
    let expected = match seen.ip_version {
        4 => INNER_V4.map(Ip::V4),
        _ => INNER_V6.map(Ip::V6),
    };
    assert_eq!(seen.addresses, Some(expected.into()));
    assert_eq!((seen.l4_proto, seen.l3_len, seen.l4_offset), inner_layers(seen));
    is_datagram(seen);
}

/// Protocol, layer-3 length, and layer-4 offset of the inner packet, from where it stands.
fn inner_layers(seen: &Seen) -> (u8, u32, u16) {
    let header = if seen.ip_version == 4 { 20 } else { 40 };
    (17, u32::from(header) + 13, seen.l3_offset + header)
}

/// Asserts that ports and payload are those of the datagram from port 2000 to 3000 with 5 bytes.
#[track_caller]
pub(super) fn is_datagram(seen: &Seen) {
    assert_eq!((seen.src_port, seen.dst_port, seen.payload_len), (2000, 3000, 5));
    assert_eq!(seen.payload_offset, seen.l4_offset + 8);
}

/// Asserts that the flow is that of the carrier: from 10.0.0.1 or 2001:db8::1, with these ports.
#[track_caller]
pub(super) fn is_carrier(seen: &Seen, src_port: u16, dst_port: u16) {
    assert_eq!((seen.l3_offset, seen.src_port, seen.dst_port), (14, src_port, dst_port));
    assert_eq!((seen.dst_mac_offset, seen.src_mac_offset), (0, 6));
}
