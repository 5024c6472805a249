//! What etherparse says of the packets that it knows, too: tags, Linux cooked and raw links, extension headers, and
//! what stands where a tunnel is said to end.

use etherparse::{
    LaxNetSlice, LaxSlicedPacket, LinuxSllHeaderSlice, LinuxSllProtocolType, PacketBuilder, TransportSlice,
};
use proptest::prelude::*;
use weir_sdk::Ip;

use super::link::link_type;
use super::testing::*;

/// Addresses, ports and payload length.
#[derive(Debug, Default, PartialEq)]
struct Opinion {
    addresses: Option<(Ip, Ip)>,
    ports: (u16, u16),
    payload_len: usize,
}

fn our_opinion(seen: &Seen) -> Opinion {
    Opinion {
        addresses: seen.addresses,
        ports: (seen.src_port, seen.dst_port),
        payload_len: seen.payload_len as usize,
    }
}

fn second_opinion(sliced: &LaxSlicedPacket<'_>) -> Opinion {
    let addresses = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            Some((Ip::V4(ip.header().source()), Ip::V4(ip.header().destination())))
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            Some((Ip::V6(ip.header().source()), Ip::V6(ip.header().destination())))
        }
        _ => None,
    };
    let (ports, payload_len) = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => ((tcp.source_port(), tcp.destination_port()), tcp.payload().len()),
        Some(TransportSlice::Udp(udp)) => ((udp.source_port(), udp.destination_port()), udp.payload().len()),
        _ => ((0, 0), 0),
    };
    Opinion { addresses, ports, payload_len }
}

fn agree_on_ethernet(frame: &[u8]) {
    let sliced = LaxSlicedPacket::from_ethernet(frame).expect("an Ethernet header");
    assert_eq!(our_opinion(&decode(frame)), second_opinion(&sliced));
}

/// Compares what we say of a frame with what stands at the offset of its innermost IP header.
fn agree_on_the_innermost_packet(frame: &[u8]) {
    let seen = decode(frame);
    let innermost = &frame[usize::from(seen.l3_offset)..];
    let sliced = LaxSlicedPacket::from_ip(innermost).expect("an IP header");
    assert_eq!(our_opinion(&seen), second_opinion(&sliced));
    is_inner(&seen);
}

/// TCP or UDP in IPv4 or IPv6 behind up to two tags.
fn built(is_v6: bool, is_tcp: bool, vlans: &[u16], ports: (u16, u16), body: &[u8]) -> Vec<u8> {
    let link = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let vlans: Vec<_> = vlans.iter().map(|&id| id.try_into().expect("12 bits")).collect();
    let (v4, v6) = (([10, 0, 0, 1], [10, 0, 0, 2]), ([1; 16], [2; 16]));
    let net = match (vlans.as_slice(), is_v6) {
        ([], true) => link.ipv6(v6.0, v6.1, 64),
        ([], false) => link.ipv4(v4.0, v4.1, 64),
        ([id], true) => link.single_vlan(*id).ipv6(v6.0, v6.1, 64),
        ([id], false) => link.single_vlan(*id).ipv4(v4.0, v4.1, 64),
        ([outer, inner, ..], true) => link.double_vlan(*outer, *inner).ipv6(v6.0, v6.1, 64),
        ([outer, inner, ..], false) => link.double_vlan(*outer, *inner).ipv4(v4.0, v4.1, 64),
    };
    let mut bytes = Vec::new();
    if is_tcp {
        net.tcp(ports.0, ports.1, 1, 100).write(&mut bytes, body).expect("a Vec takes all");
    } else {
        net.udp(ports.0, ports.1).write(&mut bytes, body).expect("a Vec takes all");
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn etherparse_says_the_same_of_plain_packets_and_their_tags(
        is_v6: bool, is_tcp: bool, vlans in proptest::collection::vec(0u16..4096, 0..3),
        ports in any::<(u16, u16)>(), body in proptest::collection::vec(0x80u8.., 0..100),
    ) {
        let frame = built(is_v6, is_tcp, &vlans, ports, &body);
        let seen = decode(&frame);
        let sliced = LaxSlicedPacket::from_ethernet(&frame).expect("an Ethernet header");
        prop_assert_eq!(our_opinion(&seen), second_opinion(&sliced));
        let tags: Vec<u16> = sliced.vlan_ids().iter().map(|id| id.value()).collect();
        prop_assert_eq!(&seen.vlan_tags[..usize::from(seen.vlan_count)], tags);
    }
}

#[test]
fn etherparse_says_the_same_of_raw_packets() {
    for packet in [inner_v4(), inner_v6()] {
        let sliced = LaxSlicedPacket::from_ip(&packet).expect("an IP header");
        for link in [link_type::RAW, link_type::RAW_BSD, link_type::RAW_OPENBSD] {
            let seen = decode_on(link, &packet).expect("a flow");
            assert_eq!(our_opinion(&seen), second_opinion(&sliced));
        }
    }
}

#[test]
fn etherparse_says_the_same_of_cooked_packets() {
    for (kind, packet) in [([0x08, 0x00], inner_v4()), ([0x86, 0xdd], inner_v6())] {
        let frame = join(&[&[0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0], &kind, &packet]);
        let seen = decode_on(link_type::LINUX_SLL, &frame).expect("a flow");
        let header = LinuxSllHeaderSlice::from_slice(&frame).expect("a cooked header");
        let LinuxSllProtocolType::EtherType(kind) = header.protocol_type() else {
            panic!("an ethertype is no {:?}", header.protocol_type());
        };
        let sliced = LaxSlicedPacket::from_ether_type(kind, &frame[header.slice().len()..]);
        assert_eq!(our_opinion(&seen), second_opinion(&sliced));
        let address = &frame[usize::from(seen.src_mac_offset)..][..6];
        assert_eq!(address, header.sender_address());
    }
}

#[test]
fn etherparse_says_the_same_behind_extension_headers() {
    let datagram = udp(2000, 3000, b"hello");
    let options = |next: u8| [next, 0, 1, 4, 0, 0, 0, 0];
    let routing = |next: u8| [next, 0, 4, 0, 0, 0, 0, 0];
    let ah = |next: u8, payload: &[u8]| join(&[&[next, 4], &[0; 22], payload]);
    agree_on_ethernet(&over_ipv6(0, &join(&[&options(17), &datagram])));
    agree_on_ethernet(&over_ipv6(60, &join(&[&options(17), &datagram])));
    agree_on_ethernet(&over_ipv6(43, &join(&[&routing(17), &datagram])));
    agree_on_ethernet(&over_ipv6(44, &join(&[&[17, 0, 0, 0, 0, 0, 0, 9], &datagram])));
    agree_on_ethernet(&over_ipv6(51, &ah(17, &datagram)));
    let chain = [options(43), routing(44), [51, 0, 0, 0, 0, 0, 0, 9]].concat();
    agree_on_ethernet(&over_ipv6(0, &join(&[&chain, &ah(17, &datagram)])));
    agree_on_ethernet(&over_ip(51, &ah(6, &tcp(2000, 3000, b"hello"))));
}

#[test]
fn etherparse_finds_a_packet_where_a_tunnel_ends() {
    let (v4, v6) = (inner_v4(), inner_v6());
    let frame = eth(0x0800, &v4);
    for tunnel in [
        over_ip(4, &v4),
        over_ip(41, &v6),
        over_ipv6(41, &v6),
        over_ip(47, &join(&[&[0x20, 0, 0x65, 0x58, 0, 0, 0, 1], &frame])),
        over_ip(97, &join(&[&[0x30, 0], &frame])),
        over_udp(5000, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &frame])),
        over_udp(5000, 6081, &join(&[&[1, 0, 0x65, 0x58, 0, 0, 1, 0], &[0; 4], &frame])),
        over_udp(2152, 2152, &join(&[&[0x32, 255, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0], &v6])),
        over_udp(1701, 1701, &join(&[&[0x40, 2, 0, 50, 0, 1, 0, 2, 0xff, 3, 0, 0x57], &v6])),
        over_udp(3544, 40000, &join(&[&[0; 8], &v6])),
        eth(0x8847, &join(&[&[0, 0, 0x10, 64, 0, 0, 0x21, 64], &v4])),
        eth(0x8864, &join(&[&[0x11, 0, 0, 1, 0, 55, 0, 0x57], &v6])),
    ] {
        agree_on_the_innermost_packet(&tunnel);
    }
}
