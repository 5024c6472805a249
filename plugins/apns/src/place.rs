//! Addresses and ports of a packet in, what they say of APNs out.

use super::bits;
use std::cmp::Reverse;
use weir_sdk::{Ip, Packet, Side};

/// An IPv4 network: its first address, and how many bits of it count.
type Network = (u32, u32);

/// All of Apple's in IPv4.
const APPLE_V4: Network = (0x1100_0000, 8);
/// Apple's allocations in IPv6, all of 32 bits.
const APPLE_V6: [[u8; 4]; 3] = [[0x26, 0x20, 0x01, 0x49], [0x24, 0x03, 0x03, 0x00], [0x2a, 0x01, 0xb7, 0x40]];
/// Networks that push is served from.
const PUSH_V4: [Network; 5] =
    [(0x11f9_0000, 16), (0x11fc_0000, 16), (0x1139_9000, 22), (0x11bc_8000, 18), (0x11bc_1400, 23)];
/// Those of IPv6, all of 48 bits.
const PUSH_V6: [[u8; 6]; 4] = [
    [0x26, 0x20, 0x01, 0x49, 0x0a, 0x44],
    [0x24, 0x03, 0x03, 0x00, 0x0a, 0x42],
    [0x24, 0x03, 0x03, 0x00, 0x0a, 0x51],
    [0x2a, 0x01, 0xb7, 0x40, 0x0a, 0x42],
];
/// RFC 6052 section 2.1: an IPv4 address stands behind this prefix.
const WELL_KNOWN_PREFIX: [u8; 12] = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

const DEVICE_PORT: u16 = 5223;
const FALLBACK_PORT: u16 = 443;
const PROVIDER_PORTS: [u16; 3] = [2195, 2196, 2197];

/// What both ends of a conversation say, as bits of evidence, each for the case that it is the server; by side.
pub fn evidence(packet: &Packet<'_>) -> [u16; 2] {
    let src = address(packet.src_ip()) | port(packet.src_port);
    let dst = address(packet.dst_ip()) | port(packet.dst_port);
    if packet.side() == Side::A { [src, dst] } else { [dst, src] }
}

/// The side that seems to serve: the one that looks most like APNs, and of equals the one with the lower port.
pub fn server(packet: &Packet<'_>, [a, b]: [u16; 2]) -> Side {
    let ports = (packet.src_port, packet.dst_port);
    let (port_a, port_b) = if packet.side() == Side::A { ports } else { (ports.1, ports.0) };
    let rank = |evidence: u16, port: u16| {
        let has = |bits: u16| evidence & bits != 0;
        let (is_known, is_apple) = (has(bits::ANY_PORT), has(bits::ADDRESS));
        (is_known && is_apple, is_known, is_apple, Reverse(port))
    };
    if rank(a, port_a) > rank(b, port_b) { Side::A } else { Side::B }
}

fn port(port: u16) -> u16 {
    match port {
        DEVICE_PORT => bits::PORT,
        FALLBACK_PORT => bits::FALLBACK_PORT,
        port if PROVIDER_PORTS.contains(&port) => bits::PROVIDER,
        _ => 0,
    }
}

fn address(ip: Option<Ip>) -> u16 {
    match ip {
        Some(Ip::V4(bytes)) => address_v4(bytes),
        Some(Ip::V6(bytes)) => address_v6(&bytes),
        None => 0,
    }
}

fn address_v4(bytes: [u8; 4]) -> u16 {
    let is_in = |&(network, len): &Network| (u32::from_be_bytes(bytes) ^ network) >> (32 - len) == 0;
    evidence_of(is_in(&APPLE_V4), PUSH_V4.iter().any(is_in))
}

fn address_v6(bytes: &[u8; 16]) -> u16 {
    let [.., a, b, c, d] = *bytes;
    if bytes.starts_with(&WELL_KNOWN_PREFIX) {
        return address_v4([a, b, c, d]);
    }
    evidence_of(
        APPLE_V6.iter().any(|network| bytes.starts_with(network)),
        PUSH_V6.iter().any(|network| bytes.starts_with(network)),
    )
}

fn evidence_of(is_apple: bool, is_push: bool) -> u16 {
    match (is_apple, is_push) {
        (_, true) => bits::ADDRESS | bits::PUSH_NETWORK,
        (true, false) => bits::ADDRESS,
        (false, false) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use weir_sdk::testing::packet;

    #[test]
    fn networks_are_those_of_the_published_list() {
        let check = |expected: u16, addresses: &[&str]| {
            for text in addresses {
                let ip: IpAddr = text.parse().expect("an address");
                assert_eq!(address(Some(ip.into())), expected, "{text}");
            }
        };
        let push = bits::ADDRESS | bits::PUSH_NETWORK;
        check(push, &["17.249.0.1", "17.252.255.9", "17.57.147.255", "17.188.191.1", "17.188.21.7"]);
        check(push, &["2620:149:a44::1", "2403:300:a42::5", "2403:300:a51::5", "2a01:b740:a42::5"]);
        check(push, &["64:ff9b::17.57.144.20"]);
        check(bits::ADDRESS, &["17.0.0.1", "17.57.148.0", "17.188.192.1", "17.188.22.0"]);
        check(bits::ADDRESS, &["2620:149:a45::1", "2403:300:a43::1", "2a01:b740::1", "64:ff9b::17.0.0.1"]);
        check(0, &["18.0.0.1", "16.255.255.255", "2620:14a:a44::1", "64:ff9b::9.9.9.9", "::17.57.144.20"]);
    }

    #[test]
    fn the_server_is_where_address_and_port_fit_whoever_comes_first() {
        let check = |src: (&'static str, u16), dst: (&'static str, u16), expected: Side| {
            for (side, is_swapped) in [(Side::A, false), (Side::B, true)] {
                // A test names the ends as they stand on the wire, so a packet of B has them the other way round.
                let (from, to) = if is_swapped { (dst, src) } else { (src, dst) };
                let packet = packet().side(side).ips(from.0, to.0).tcp(from.1, to.1);
                let (facts, bytes) = (packet.facts(), packet.frame());
                let packet = Packet::new(&facts, &bytes);
                assert_eq!(server(&packet, evidence(&packet)), expected, "{src:?} {dst:?}");
            }
        };
        check(("192.0.2.7", 50_000), ("17.57.144.20", 5223), Side::B);
        check(("17.57.144.20", 5223), ("192.0.2.7", 50_000), Side::A);
        // A client whose own port happens to be one of those.
        check(("192.0.2.7", 5223), ("17.57.144.20", 443), Side::B);
        // A client in Apple's network.
        check(("17.1.2.3", 50_000), ("198.51.100.9", 5223), Side::B);
        check(("198.51.100.9", 50_000), ("192.0.2.7", 80), Side::B);
    }
}
