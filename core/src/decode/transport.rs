//! TCP, UDP, UDP-Lite and SCTP: ports, and what the ports of UDP lead to.
//!
//! What comes in: the innermost IP header. What goes out: the inner packet of a tunnel, or the end in the flow of
//! these ports with the names of what they carry.

use weir_sdk::status;

use super::names::{Name, protocol};
use super::walk::{End, IpHeader, Next, Walk};
use super::{ayiya, capwap, dtls, geneve, gtp, l2tp, lwapp, teredo, vxlan};

/// Ports above this one may be the other end of a tunnel.
const MAX_SYSTEM_PORT: u16 = 1024;
/// SSDP and UPnP.
const SSDP_PORT: u16 = 1900;
/// ESP in UDP (RFC 3948).
const NAT_TRAVERSAL_PORT: u16 = 4500;

/// A transport header with its ports.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) ip: IpHeader,
    pub(super) src: u16,
    pub(super) dst: u16,
    /// First byte behind the header.
    pub(super) payload: usize,
}

impl Segment {
    /// Whether one port is one of these.
    pub(super) fn has_port(&self, ports: &[u16]) -> bool {
        ports.contains(&self.src) || ports.contains(&self.dst)
    }

    /// Whether one port is one of these and the other no system port.
    pub(super) fn serves(&self, ports: &[u16]) -> bool {
        (ports.contains(&self.src) && self.dst > MAX_SYSTEM_PORT)
            || (ports.contains(&self.dst) && self.src > MAX_SYSTEM_PORT)
    }
}

/// A decoder of what a segment carries; `None` if it is not that.
type Tunnel = fn(&mut Walk<'_>, &Segment) -> Option<Next>;

/// The tunnels over UDP, in the order in which they are tried.
const UDP_TUNNELS: [Tunnel; 7] =
    [gtp::decode, vxlan::decode, geneve::decode, capwap::decode, lwapp::decode, l2tp::decode, teredo::decode];

/// A TCP, UDP, UDP-Lite or SCTP header.
pub(super) fn decode(walk: &mut Walk<'_>, ip: IpHeader) -> Next {
    walk.name(name(ip.protocol));
    let Some(segment) = segment(walk, ip) else {
        mark_sctp(walk, ip);
        return Next::End(End::Ip);
    };
    tunnel(walk, &segment).unwrap_or_else(|| {
        mark_sctp(walk, ip);
        carried(walk, &segment);
        Next::End(End::Ip)
    })
}

fn name(number: u8) -> Name {
    match number {
        protocol::TCP => Name::Tcp,
        protocol::UDP => Name::Udp,
        protocol::SCTP => Name::Sctp,
        _ => Name::Udplite,
    }
}

fn mark_sctp(walk: &mut Walk<'_>, ip: IpHeader) {
    if ip.protocol == protocol::SCTP {
        walk.mark(status::SCTP);
    }
}

/// Reads the ports, if there is room for a header.
fn segment(walk: &mut Walk<'_>, ip: IpHeader) -> Option<Segment> {
    if !has_room(walk, &ip) {
        walk.mark(status::L4_SHORT);
        return None;
    }
    let src = walk.u16(ip.l4_at)?;
    let dst = walk.u16(ip.l4_at + 2)?;
    let ip = IpHeader { has_l4: true, src_port: src, dst_port: dst, ..ip };
    walk.ip = Some(ip);
    let payload = ip.l4_at + super::lengths::l4(walk, &ip);
    Some(Segment { ip, src, dst, payload })
}

/// IPv4 asks the length of the datagram (with an IP header of 20 bytes), IPv6 the captured bytes.
fn has_room(walk: &Walk<'_>, ip: &IpHeader) -> bool {
    let minimum = match ip.protocol {
        protocol::TCP => 20,
        protocol::SCTP => 16,
        _ => 8,
    };
    if ip.version == 4 { ip.len >= 20 + minimum } else { walk.captured_from(ip.l4_at) >= minimum }
}

/// The inner packet, if the ports and the payload are those of a tunnel.
fn tunnel(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    if segment.src == 0 || segment.dst == 0 {
        return None;
    }
    if let Some(next) = ayiya::decode(walk, segment) {
        return Some(next);
    }
    if segment.ip.protocol != protocol::UDP {
        return None;
    }
    UDP_TUNNELS.iter().find_map(|decode| decode(walk, segment))
}

/// Names what a segment carries without leading to another packet.
fn carried(walk: &mut Walk<'_>, segment: &Segment) {
    let is_udp = matches!(segment.ip.protocol, protocol::UDP | protocol::UDPLITE);
    if is_udp {
        dtls::decode(walk, segment.payload);
    }
    if segment.ip.protocol != protocol::SCTP && segment.serves(&[SSDP_PORT]) {
        walk.name(Name::Ssdp);
        walk.mark(status::SSDP);
    } else if is_udp && segment.has_port(&[NAT_TRAVERSAL_PORT]) {
        udp_encapsulation(walk, segment);
    }
}

/// ESP, IKE or a keep-alive in UDP (RFC 3948 §2).
fn udp_encapsulation(walk: &mut Walk<'_>, segment: &Segment) {
    walk.name(Name::Udpencap);
    let udp_length = walk.u16(segment.ip.l4_at + 4);
    if udp_length == Some(9) && walk.u8(segment.payload) == Some(0xff) {
        return;
    }
    match walk.u32(segment.payload) {
        // Four zero bytes stand where ESP has its SPI, which is never zero.
        Some(0) => walk.name(Name::Isakmp),
        Some(_) => {
            walk.name(Name::Esp);
            walk.mark(status::ESP);
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::packet::flag;

    use super::super::testing::*;

    #[test]
    fn tcp_has_its_flags_and_header_length() {
        let mut segment = tcp(40000, 80, &[0; 9]);
        segment[12] = 0x60;
        let facts = check(&over_ip(6, &segment), "eth:ipv4:tcp", 0x0400000000004000);
        assert_eq!((facts.src_port, facts.dst_port, facts.tcp_flags), (40000, 80, 0x18));
        assert_eq!((facts.payload_len, facts.payload_offset), (5, 58));
        assert_eq!(facts.flags, flag::HAS_L4 | flag::HAS_TCP_FLAGS);
    }

    #[test]
    fn a_datagram_too_short_for_tcp_has_no_ports() {
        let mut frame = over_ip(6, &tcp(40000, 80, &[0; 24]));
        frame[17] = 30;
        let facts = check(&frame, "eth:ipv4:tcp", 0x0400000800004000);
        assert_eq!((facts.src_port, facts.payload_len, facts.flags), (0, 0, 0));
    }

    #[test]
    fn sctp_and_udplite_have_ports() {
        let sctp = join(&[&udp(2000, 3000, &[0; 4]), &[0; 8]]);
        let facts = check(&over_ip(132, &sctp), "eth:ipv4:sctp", 0x0400000001004000);
        assert_eq!((facts.dst_port, facts.payload_len), (3000, 8));
        is_datagram(&check(
            &over_ip(136, &udp(2000, 3000, b"hello")),
            "eth:ipv4:udplite",
            0x0400000000004000,
        ));
    }

    #[test]
    fn ssdp_wants_a_high_port_beside_1900() {
        check(&over_udp(5000, 1900, b"hello"), "eth:ipv4:udp:ssdp", 0x0400000002004000);
        check(&over_udp(53, 1900, b"hello"), "eth:ipv4:udp", 0x0400000000004000);
        check(&over_ip(6, &tcp(1900, 5000, b"hello")), "eth:ipv4:tcp:ssdp", 0x0400000002004000);
    }

    #[test]
    fn port_4500_carries_esp_isakmp_or_keep_alives() {
        check(&over_udp(4500, 4500, &[0, 0, 0, 1, 0]), "eth:ipv4:udp:udpencap:esp", 0x0400000080004000);
        check(&over_udp(4500, 9, &[0, 0, 0, 0, 9]), "eth:ipv4:udp:udpencap:isakmp", 0x0400000000004000);
        check(&over_udp(4500, 4500, &[0xff]), "eth:ipv4:udp:udpencap", 0x0400000000004000);
    }

    #[test]
    fn a_segment_to_its_own_address_and_port_is_a_land_attack() {
        let mut frame = over_ip(6, &tcp(80, 80, &[]));
        frame[33] = 1;
        check(&frame, "eth:ipv4:tcp", 0x0404000000004000);
    }

    #[test]
    fn ssdp_dtls_and_encapsulated_esp_are_named_over_ipv6_too() {
        check(&over_ipv6(17, &udp(5000, 1900, b"hello")), "eth:ipv6:udp:ssdp", 0x0800000002008000);
        let esp = over_ipv6(17, &udp(4500, 4500, &[0, 0, 0, 1, 0]));
        check(&esp, "eth:ipv6:udp:udpencap:esp", 0x0800000080008000);
    }

    #[test]
    fn a_port_of_zero_is_no_tunnel() {
        let vxlan = join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &eth(0x0800, &inner_v4())]);
        is_carrier(&check(&over_udp(0, 4789, &vxlan), "eth:ipv4:udp", 0x0400000000004000), 0, 4789);
    }

    #[test]
    fn datagrams_too_short_for_their_header_have_no_ports() {
        for (protocol, len, chain, status) in [
            (17, 27, "eth:ipv4:udp", 0x0400000800004000),
            (136, 27, "eth:ipv4:udplite", 0x0400000800004000),
            (132, 35, "eth:ipv4:sctp", 0x0400000801004000),
        ] {
            let mut frame = over_ip(protocol, &udp(2000, 3000, &[0; 20]));
            frame[17] = len;
            let seen = check(&frame, chain, status);
            assert_eq!((seen.l4_proto, seen.flags), (protocol, 0));
            is_carrier(&seen, 0, 0);
        }
    }
}
