//! Frames from bytes, and what decoding makes of them: the ground of all tests of this stage.

use weir_sdk::PacketFacts;

use super::link::link_type;
use super::{Decoded, Decoder, NoFlow};
use crate::capture::Record;

/// What a frame gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) facts: PacketFacts,
    pub(super) chain: String,
    pub(super) count: u16,
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
            let chain = decoder.chains().get(facts.header_chain).expect("a flow has a chain");
            Ok(Seen { facts, chain: chain.text.to_owned(), count: chain.count })
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
pub(super) fn check(frame: &[u8], chain: &str, status: u64) -> PacketFacts {
    let seen = decode(frame);
    assert_eq!((seen.chain.as_str(), format!("{:#x}", seen.facts.status)), (chain, format!("{status:#x}")));
    seen.facts
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

/// The inner packet of tunnel tests: UDP 2000 to 3000 with 5 bytes, in IPv4.
pub(super) fn inner_v4() -> Vec<u8> {
    ipv4(17, &udp(2000, 3000, b"hello"))
}

/// The same in IPv6.
pub(super) fn inner_v6() -> Vec<u8> {
    ipv6(17, &udp(2000, 3000, b"hello"))
}

/// An Ethernet frame with UDP over IPv4.
pub(super) fn over_udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ipv4(17, &udp(src, dst, payload)))
}

/// An Ethernet frame with an IP protocol over IPv4.
pub(super) fn over_ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ipv4(protocol, payload))
}

/// Asserts that the facts are those of the inner packet.
pub(super) fn is_inner(facts: &PacketFacts) {
    assert_eq!((facts.src_port, facts.dst_port, facts.payload_len), (2000, 3000, 5));
}
