//! What holds for every frame: the two paths agree, and offsets stay inside.

use proptest::prelude::*;
use weir_sdk::packet::NO_OFFSET;
use weir_sdk::{Packet, PacketFacts};

use super::link::link_type;
use super::testing::{eth, inner_v6, ipv4_fragment, ipv6, tagged, tcp, udp};
use super::{Decoded, Decoder, fast};
use crate::capture::Record;

const LINKS: [u16; 26] = [
    link_type::NULL,
    link_type::ETHERNET,
    link_type::PPP,
    link_type::RAW_BSD,
    link_type::RAW_OPENBSD,
    link_type::PPP_HDLC,
    link_type::SYMANTEC,
    link_type::RAW,
    link_type::C_HDLC,
    link_type::WLAN,
    link_type::FRAME_RELAY,
    link_type::LOOP,
    link_type::LINUX_SLL,
    link_type::PRISM,
    link_type::RADIOTAP,
    link_type::JUNIPER_ATM1,
    link_type::PPP_PPPD,
    link_type::JUNIPER_PPPOE,
    link_type::JUNIPER_ETHER,
    link_type::PPI,
    link_type::C_HDLC_WITH_DIR,
    link_type::FRAME_RELAY_WITH_DIR,
    link_type::IPV4,
    link_type::IPV6,
    link_type::ETHERNET_MPACKET,
    link_type::LINUX_SLL2,
];

fn record(link: u16, frame: &[u8], wire: usize) -> Record {
    Record { time_ns: 0, start: 0, captured_len: frame.len() as u32, wire_len: wire as u32, link_type: link }
}

fn decode(link: u16, frame: &[u8], wire: usize) -> Option<PacketFacts> {
    let mut facts = PacketFacts::default();
    let decoded = Decoder::new().decode(&record(link, frame, wire), frame, &mut facts);
    (decoded == Decoded::Flow).then_some(facts)
}

fn carefully(frame: &[u8], wire: usize) -> Option<PacketFacts> {
    let mut facts = PacketFacts::default();
    let record = record(link_type::ETHERNET, frame, wire);
    let decoded = Decoder::new().decode_carefully(&record, frame, &mut facts);
    (decoded == Decoded::Flow).then_some(facts)
}

/// The facts of the fast path, if it takes the frame.
fn quickly(frame: &[u8], wire: usize) -> Option<PacketFacts> {
    let mut facts = PacketFacts::default();
    fast::decode(&record(link_type::ETHERNET, frame, wire), frame, &mut facts).map(|()| facts)
}

fn offsets(facts: &PacketFacts) -> [(u16, u32); 5] {
    [
        (facts.l3_offset, 0),
        (facts.l4_offset, 0),
        (facts.payload_offset, 0),
        (facts.src_mac_offset, 6),
        (facts.dst_mac_offset, 6),
    ]
}

fn stands_inside(facts: &PacketFacts) -> bool {
    offsets(facts)
        .iter()
        .all(|&(offset, len)| offset == NO_OFFSET || u32::from(offset) + len <= facts.captured_len)
}

/// An IP flow has its whole header captured.
fn has_addresses(facts: &PacketFacts, frame: &[u8]) -> bool {
    let packet = Packet::new(facts, frame);
    facts.ip_version == 0 || (packet.src_ip().is_some() && packet.dst_ip().is_some())
}

fn port() -> impl Strategy<Value = u16> {
    prop_oneof![
        6 => any::<u16>(),
        1 => proptest::sample::select(vec![
            0u16, 53, 443, 1024, 1025, 1701, 1900, 2123, 2152, 3544, 4500, 4789, 4790, 5072, 5246, 5247,
            6081, 12222, 12223
        ])
    ]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let start = proptest::sample::select(vec![
        vec![0x60],
        vec![0, 0],
        vec![0, 1],
        vec![22, 0xfe, 0xfd],
        vec![8, 0, 0, 0, 0, 0, 1, 0],
        vec![0x30, 255],
        inner_v6(),
        [&[0; 8], &inner_v6()[..]].concat(),
    ]);
    let start = prop_oneof![3 => Just(vec![]), 1 => start];
    (start, proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(start, rest)| [start, rest].concat())
}

fn ip_packet() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let other = proptest::sample::select(vec![1u8, 4, 41, 47, 50, 51, 58, 97, 103, 132, 136, 0, 44]);
    let protocol = prop_oneof![2 => Just(6u8), 3 => Just(17), 1 => other];
    let fragment = prop_oneof![6 => Just(0u16), 2 => Just(0x4000), 1 => Just(0x2000), 1 => any::<u16>()];
    let offset = prop_oneof![4 => Just(0x50u8), 1 => any::<u8>()];
    (any::<bool>(), protocol, port(), port(), payload(), fragment, offset).prop_map(
        |(is_v6, protocol, src, dst, payload, fragment, offset)| {
            let mut segment = tcp(src, dst, &payload);
            segment[12] = offset;
            if protocol != 6 {
                segment = udp(src, dst, &payload);
            }
            if is_v6 {
                (0x86dd, ipv6(protocol, &segment))
            } else {
                (0x0800, ipv4_fragment(protocol, fragment, &segment))
            }
        },
    )
}

/// Ethernet frames that are nearly what they should be: tags, trailers, a few changed header bytes, a cut.
fn frame() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let tag = prop_oneof![1 => Just(0), 3 => any::<u16>()];
    let tags = prop_oneof![3 => Just(vec![]), 2 => proptest::collection::vec(tag, 0..4)];
    let byte = prop_oneof![1 => Just(0u8), 1 => 0u8..64, 1 => any::<u8>()];
    let changes = prop_oneof![2 => Just(vec![]), 1 => proptest::collection::vec((12usize..60, byte), 1..3)];
    let trailer = prop_oneof![2 => Just(0usize), 1 => 0usize..20];
    let cut = prop_oneof![3 => Just(0usize), 1 => 0usize..60];
    (ip_packet(), tags, changes, trailer, cut).prop_map(|((kind, packet), tags, changes, trailer, cut)| {
        let mut frame = if tags.is_empty() { eth(kind, &packet) } else { tagged(&tags, kind, &packet) };
        frame.resize(frame.len() + trailer, 0);
        for (at, byte) in changes {
            if let Some(place) = frame.get_mut(at) {
                *place = byte;
            }
        }
        let wire = frame.len();
        frame.truncate(wire.saturating_sub(cut));
        (frame, wire)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16384, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_path_agrees_with_the_careful_path((frame, wire) in frame()) {
        if let Some(fast) = quickly(&frame, wire) {
            prop_assert_eq!(Some(fast), carefully(&frame, wire));
        }
    }

    #[test]
    fn near_frames_keep_their_offsets_inside((frame, wire) in frame()) {
        if let Some(facts) = decode(link_type::ETHERNET, &frame, wire) {
            prop_assert!(stands_inside(&facts) && has_addresses(&facts, &frame), "{:?}", facts);
        }
    }

    #[test]
    fn random_bytes_on_any_link_keep_their_offsets_inside(
        link in proptest::sample::select(LINKS.to_vec()),
        frame in proptest::collection::vec(any::<u8>(), 0..200),
        wire in 0usize..3000,
    ) {
        if let Some(facts) = decode(link, &frame, wire) {
            prop_assert!(stands_inside(&facts) && has_addresses(&facts, &frame), "{:?}", facts);
        }
    }
}

#[test]
fn a_frame_of_64_kib_keeps_its_offsets_inside() {
    let nested = vec![0x42; 200_000];
    for link in LINKS {
        if let Some(facts) = decode(link, &nested, nested.len()) {
            assert!(stands_inside(&facts), "{facts:?}");
        }
    }
}

#[test]
fn the_fast_path_takes_plain_packets() {
    for kind in [
        (0x0800u16, ipv4_fragment(6, 0x4000, &tcp(40000, 443, b"hello"))),
        (0x86dd, ipv6(17, &udp(53, 4000, b"hi"))),
    ] {
        assert!(quickly(&eth(kind.0, &kind.1), 100).is_some());
        assert!(quickly(&tagged(&[3, 4], kind.0, &kind.1), 100).is_some());
    }
}

#[test]
fn the_fast_path_leaves_a_datagram_that_is_too_short_for_tcp() {
    let mut segment = tcp(40000, 443, &[]);
    segment[12] = 0x20;
    let mut frame = eth(0x0800, &ipv4_fragment(6, 0, &segment));
    frame[17] = 39;
    assert_eq!(quickly(&frame, frame.len()), None);
    // Flags that are captured but lie behind the end of the datagram are none.
    let mut frame = eth(0x86dd, &ipv6(6, &segment));
    frame[19] = 1;
    assert_eq!(quickly(&frame, frame.len()), None);
    assert_eq!(decode(link_type::ETHERNET, &frame, frame.len()).map(|facts| facts.tcp_flags), Some(0));
}
