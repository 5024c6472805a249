//! Link types: what stands in front of the first ethertype or IP header.
//!
//! What comes in: a link type of the LINKTYPE_ registry (tcpdump.org) and the first byte of a frame. What goes
//! out: where decoding goes on, or why the frame belongs to no flow.

use weir_sdk::status;

use super::names::{Name, ethertype, ppp_protocol};
use super::ppp::{self, PppHeader};
use super::walk::{Next, Walk, no_flow};
use super::{NoFlow, ether, juniper, ppi, wlan};

/// Numbers of the LINKTYPE_ registry.
pub(super) mod link_type {
    pub(in crate::decode) const NULL: u16 = 0;
    pub(in crate::decode) const ETHERNET: u16 = 1;
    pub(in crate::decode) const PPP: u16 = 9;
    /// Numbers that systems give raw IP in captures, beside the registered 101.
    pub(in crate::decode) const RAW_BSD: u16 = 12;
    pub(in crate::decode) const RAW_OPENBSD: u16 = 14;
    pub(in crate::decode) const PPP_HDLC: u16 = 50;
    pub(in crate::decode) const SYMANTEC: u16 = 99;
    pub(in crate::decode) const RAW: u16 = 101;
    pub(in crate::decode) const C_HDLC: u16 = 104;
    pub(in crate::decode) const WLAN: u16 = 105;
    pub(in crate::decode) const FRAME_RELAY: u16 = 107;
    pub(in crate::decode) const LOOP: u16 = 108;
    pub(in crate::decode) const LINUX_SLL: u16 = 113;
    pub(in crate::decode) const PRISM: u16 = 119;
    pub(in crate::decode) const RADIOTAP: u16 = 127;
    pub(in crate::decode) const JUNIPER_ATM1: u16 = 137;
    pub(in crate::decode) const PPP_PPPD: u16 = 166;
    pub(in crate::decode) const JUNIPER_PPPOE: u16 = 167;
    pub(in crate::decode) const JUNIPER_ETHER: u16 = 178;
    pub(in crate::decode) const PPI: u16 = 192;
    pub(in crate::decode) const PPP_WITH_DIR: u16 = 204;
    pub(in crate::decode) const C_HDLC_WITH_DIR: u16 = 205;
    pub(in crate::decode) const FRAME_RELAY_WITH_DIR: u16 = 206;
    pub(in crate::decode) const IPV4: u16 = 228;
    pub(in crate::decode) const IPV6: u16 = 229;
    pub(in crate::decode) const ETHERNET_MPACKET: u16 = 274;
    pub(in crate::decode) const LINUX_SLL2: u16 = 276;
}

/// The first header of a frame.
pub(super) fn decode(walk: &mut Walk<'_>, link: u16) -> Next {
    if walk.frame.is_empty() {
        return no_flow(NoFlow::EmptyFrame);
    }
    header(walk, link, 0)
}

/// The link header at an offset, which is not 0 behind PPI.
pub(super) fn header(walk: &mut Walk<'_>, link: u16, at: usize) -> Next {
    match link {
        link_type::ETHERNET => ethernet(walk, at),
        link_type::ETHERNET_MPACKET => mpacket(walk, at),
        link_type::LINUX_SLL => linux_cooked(walk, at),
        link_type::LINUX_SLL2 => linux_cooked_2(walk, at),
        link_type::WLAN => wlan_link(walk, at),
        link_type::RADIOTAP => radiotap(walk, at),
        link_type::PRISM => prism(walk, at),
        link_type::PPI => ppi::decode(walk, at),
        _ => without_macs(walk, link, at),
    }
}

/// Links whose frames have no MAC addresses.
fn without_macs(walk: &mut Walk<'_>, link: u16, at: usize) -> Next {
    walk.mark(status::NO_ETHERNET);
    match link {
        link_type::NULL | link_type::LOOP => loopback(walk, at),
        link_type::RAW | link_type::RAW_BSD | link_type::RAW_OPENBSD => raw(walk, at),
        link_type::IPV4 => raw_ip(walk, Next::ipv4(at)),
        link_type::IPV6 => raw_ip(walk, Next::ipv6(at)),
        link_type::PPP | link_type::PPP_HDLC => point_to_point(walk, at),
        link_type::PPP_PPPD | link_type::PPP_WITH_DIR => point_to_point(walk, at + 1),
        link_type::C_HDLC => serial(walk, Name::Chdlc, at),
        link_type::C_HDLC_WITH_DIR => serial(walk, Name::Chdlc, at + 1),
        link_type::FRAME_RELAY => serial(walk, Name::Fr, at),
        link_type::FRAME_RELAY_WITH_DIR => serial(walk, Name::Fr, at + 1),
        link_type::SYMANTEC => symantec(walk, at),
        link_type::JUNIPER_ETHER | link_type::JUNIPER_PPPOE => juniper::decode(walk, at, 0),
        link_type::JUNIPER_ATM1 => juniper::decode(walk, at, juniper::ATM1_COOKIE),
        _ => no_flow(NoFlow::UnsupportedLinkType),
    }
}

/// The first five bytes of the destination of Cisco ISL frames.
const ISL: [[u8; 5]; 2] = [[0x01, 0x00, 0x0c, 0x00, 0x00], [0x03, 0x00, 0x0c, 0x00, 0x00]];
const ISL_HEADER: usize = 26;

fn ethernet(walk: &mut Walk<'_>, at: usize) -> Next {
    if !walk.array(at).is_some_and(|start| ISL.contains(&start)) {
        return ether::link_header(walk, at);
    }
    walk.name(Name::Isl);
    ether::link_header(walk, at + ISL_HEADER)
}

/// A preamble of 8 bytes in front of an Ethernet header.
fn mpacket(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Fpp);
    ether::link_header(walk, at + 8)
}

/// Linux cooked capture: of the addresses only that of the sender, if it is as long as a MAC address.
fn linux_cooked(walk: &mut Walk<'_>, at: usize) -> Next {
    if walk.captured_from(at) < ether::MIN_CAPTURED {
        return no_flow(NoFlow::ShortLinkHeader);
    }
    walk.name(Name::Sll);
    if walk.u16(at + 4) == Some(6) {
        walk.macs.src = at as u16 + 6;
    }
    let next = ether::type_field(walk, at + 14);
    // Small protocol numbers name frame formats here, they are no lengths.
    walk.payload_end = None;
    next
}

/// Linux cooked capture, version 2: the protocol comes first.
fn linux_cooked_2(walk: &mut Walk<'_>, at: usize) -> Next {
    const HEADER: usize = 20;
    if walk.captured_from(at) < HEADER {
        return no_flow(NoFlow::ShortLinkHeader);
    }
    walk.name(Name::Sll2);
    if walk.u8(at + 11) == Some(6) {
        walk.macs.src = at as u16 + 12;
    }
    let protocol = walk.u16(at).unwrap_or_default();
    let next = ether::typed(walk, protocol, at + HEADER);
    walk.payload_end = None;
    next
}

/// BSD loopback: the family in the byte order of the capturing host; families are small numbers.
fn loopback(walk: &mut Walk<'_>, at: usize) -> Next {
    const MAX_FAMILY: u32 = 30;
    let Some(family) = walk.array(at).map(u32::from_le_bytes) else {
        return no_flow(NoFlow::ShortLinkHeader);
    };
    walk.name(Name::Null);
    match if family > MAX_FAMILY { family.swap_bytes() } else { family } {
        2 => Next::ipv4(at + 4),
        10 | 23 | 24 | 26 | 28 | 30 => Next::ipv6(at + 4),
        _ => no_flow(NoFlow::UnknownLoopbackFamily),
    }
}

fn raw(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Raw);
    walk.ip_by_nibble(at).unwrap_or(no_flow(NoFlow::WrongIpVersion))
}

fn raw_ip(walk: &mut Walk<'_>, next: Next) -> Next {
    walk.name(Name::Nothing);
    next
}

/// PPP, or Cisco HDLC on a PPP link.
fn point_to_point(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Ppp);
    walk.mark(status::PPP);
    if matches!(walk.u16(at), Some(0x0f00 | 0x8f00)) {
        return serial(walk, Name::Chdlc, at);
    }
    let Some(PppHeader { protocol, payload: at }) = ppp::header(walk, at) else {
        return no_flow(NoFlow::ShortLinkHeader);
    };
    match protocol {
        ppp_protocol::IPV4 => Next::ipv4(at),
        ppp_protocol::IPV6 => Next::ipv6(at),
        ppp_protocol::MPLS_UNICAST => Next::Ethertype { value: ethertype::MPLS_UNICAST, at },
        ppp_protocol::MPLS_MULTICAST => Next::Ethertype { value: ethertype::MPLS_MULTICAST, at },
        _ => no_flow(NoFlow::PppControl),
    }
}

/// Cisco HDLC and Frame Relay: two bytes of address, then an ethertype, whatever stands there.
fn serial(walk: &mut Walk<'_>, name: Name, at: usize) -> Next {
    walk.name(name);
    ether::type_field(walk, at + 2)
}

fn symantec(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Symantec);
    for (type_at, header) in [(6, 44), (10, 56)] {
        match walk.u16(at + type_at) {
            Some(ethertype::IPV4) => return Next::ipv4(at + header),
            Some(ethertype::IPV6) => return Next::ipv6(at + header),
            _ => {}
        }
    }
    no_flow(NoFlow::UnknownPseudoHeader)
}

fn wlan_link(walk: &mut Walk<'_>, at: usize) -> Next {
    match wlan::data_frame(walk, at, false) {
        Ok(frame) => {
            walk.macs = frame.macs;
            let next = ether::typed(walk, frame.ethertype, frame.payload);
            // 802.11 has no length field.
            walk.payload_end = None;
            next
        }
        Err(reason) => no_flow(reason),
    }
}

/// Radiotap: the length of its header at byte 2, little-endian.
fn radiotap(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Radiotap);
    match walk.array(at + 2) {
        Some(len) => wlan_link(walk, at + usize::from(u16::from_le_bytes(len))),
        None => no_flow(NoFlow::ShortLinkHeader),
    }
}

fn prism(walk: &mut Walk<'_>, at: usize) -> Next {
    const HEADER: usize = 144;
    walk.name(Name::Prism);
    wlan_link(walk, at + HEADER)
}

/// Which way a frame went past the capturing host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkDirection {
    /// The capturing host received it.
    Received,
    /// The capturing host sent it.
    Sent,
}

/// The direction of a frame, where its link header tells it.
pub(super) fn direction(link: u16, frame: &[u8]) -> Option<LinkDirection> {
    const OUTGOING: u8 = 4;
    let sent = match link {
        link_type::PPP_PPPD
        | link_type::PPP_WITH_DIR
        | link_type::C_HDLC_WITH_DIR
        | link_type::FRAME_RELAY_WITH_DIR => *frame.first()? != 0,
        link_type::LINUX_SLL => *frame.get(1)? == OUTGOING,
        link_type::LINUX_SLL2 => *frame.get(10)? == OUTGOING,
        _ => return None,
    };
    Some(if sent { LinkDirection::Sent } else { LinkDirection::Received })
}

#[cfg(test)]
mod tests {
    use weir_sdk::packet::NO_OFFSET;

    use super::super::testing::*;
    use super::*;

    fn check_on(link: u16, frame: &[u8], chain: &str, status: u64) -> weir_sdk::PacketFacts {
        let seen = decode_on(link, frame).expect("the frame has a flow");
        assert_eq!((seen.chain.as_str(), seen.facts.status), (chain, status));
        seen.facts
    }

    fn check_none(link: u16, frame: &[u8], reason: NoFlow) {
        assert_eq!(decode_on(link, frame).err(), Some(reason));
    }

    #[test]
    fn isl_and_mpacket_stand_in_front_of_ethernet() {
        let inner = eth(0x0800, &inner_v4());
        let isl = join(&[&[1, 0, 0x0c, 0, 0], &[0; 21], &inner]);
        let facts = check_on(link_type::ETHERNET, &isl, "isl:eth:ipv4:udp", 0x0400000000004000);
        assert_eq!(facts.dst_mac_offset, 26);
        let mpacket = join(&[&[0; 8], &inner]);
        check_on(link_type::ETHERNET_MPACKET, &mpacket, "fpp:eth:ipv4:udp", 0x0400000000004000);
    }

    #[test]
    fn cooked_captures_know_the_sender_only() {
        let v1 = join(&[&[0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0], &inner_v4()]);
        let facts = check_on(link_type::LINUX_SLL, &v1, "sll:ipv4:udp", 0x0400000000004000);
        assert_eq!((facts.src_mac_offset, facts.dst_mac_offset), (6, NO_OFFSET));
        let v2 = join(&[&[8, 0], &[0; 8], &[4, 6], &[1; 8], &inner_v4()]);
        let facts = check_on(link_type::LINUX_SLL2, &v2, "sll2:ipv4:udp", 0x0400000000004000);
        assert_eq!((facts.src_mac_offset, facts.dst_mac_offset), (12, NO_OFFSET));
    }

    #[test]
    fn loopback_families_come_in_both_byte_orders() {
        for family in [[2, 0, 0, 0], [0, 0, 0, 2]] {
            let frame = join(&[&family, &inner_v4()]);
            check_on(link_type::NULL, &frame, "null:ipv4:udp", 0x0400000000004002);
        }
        check_on(link_type::LOOP, &join(&[&[0, 0, 0, 30], &inner_v6()]), "null:ipv6:udp", 0x0800000000008002);
        check_none(link_type::NULL, &[7, 0, 0, 0, 0x45], NoFlow::UnknownLoopbackFamily);
        check_none(link_type::NULL, &[2, 0, 0], NoFlow::ShortLinkHeader);
    }

    #[test]
    fn raw_ip_is_told_by_its_first_four_bits() {
        let facts = check_on(link_type::RAW, &inner_v6(), "raw:ipv6:udp", 0x0800000000008002);
        assert_eq!((facts.src_mac_offset, facts.l3_offset), (NO_OFFSET, 0));
        check_on(link_type::IPV4, &inner_v4(), ":ipv4:udp", 0x0400000000004002);
        check_none(link_type::RAW, &[0x50; 20], NoFlow::WrongIpVersion);
    }

    #[test]
    fn ppp_links_lead_to_ip_and_mpls() {
        for header in [&[0xff, 3, 0, 0x21][..], &[0, 0x21]] {
            let frame = join(&[header, &inner_v4()]);
            check_on(link_type::PPP, &frame, "ppp:ipv4:udp", 0x0400000000006002);
        }
        let mpls = join(&[&[0, 0xff, 3, 2, 0x81, 0, 0, 0x11, 64], &inner_v4()]);
        check_on(link_type::PPP_WITH_DIR, &mpls, "ppp:mpls:ipv4:udp", 0x0400000000006202);
        let cisco = join(&[&[0x0f, 0, 8, 0], &inner_v4()]);
        check_on(link_type::PPP_HDLC, &cisco, "ppp:chdlc:ipv4:udp", 0x0400000000006002);
        check_none(link_type::PPP, &[0xff, 3, 0xc0, 0x21, 1], NoFlow::PppControl);
    }

    #[test]
    fn serial_links_go_on_with_an_ethertype() {
        let slarp = join(&[&[0x8f, 0, 0x80, 0x35], &[0; 18]]);
        let facts = check_on(link_type::C_HDLC, &slarp, "chdlc:rarp", 0x86);
        assert_eq!((facts.ethertype, facts.payload_len, facts.src_mac_offset), (0x8035, 18, NO_OFFSET));
        let relay = join(&[&[1, 0x18, 0x41, 8, 0], &inner_v4()]);
        check_on(link_type::FRAME_RELAY_WITH_DIR, &relay, "fr:ipv4:udp", 0x0400000000004002);
    }

    #[test]
    fn pseudo_headers_of_firewalls_and_routers_are_stepped_over() {
        let mut symantec = vec![0; 44];
        symantec[6..8].copy_from_slice(&[8, 0]);
        let frame = join(&[&symantec, &inner_v4()]);
        check_on(link_type::SYMANTEC, &frame, "symantec:ipv4:udp", 0x0400000000004002);
        let juniper = join(&[b"MGC", &[0x80, 0, 3, 1, 2, 3], &eth(0x0800, &inner_v4())]);
        check_on(link_type::JUNIPER_ETHER, &juniper, "juniper:eth:ipv4:udp", 0x0400000000004000);
        let direct = join(&[b"MGC", &[2, 2, 0, 0, 0], &inner_v4()]);
        check_on(link_type::JUNIPER_ETHER, &direct, "juniper:ipv4:udp", 0x0400000000004002);
        check_none(link_type::JUNIPER_ETHER, &[0; 40], NoFlow::UnknownPseudoHeader);
    }

    #[test]
    fn packet_information_names_the_link_behind_it() {
        let ppi = |link: u8, frame: &[u8]| join(&[&[0, 0, 8, 0, link, 0, 0, 0], frame]);
        let frame = ppi(1, &eth(0x0800, &inner_v4()));
        check_on(link_type::PPI, &frame, "ppi:eth:ipv4:udp", 0x0400000000004000);
        let wlan = join(&[&[0x08, 0x01], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner_v4()]);
        check_on(link_type::PPI, &ppi(105, &wlan), "ppi::wlan:llc:ipv4:udp", 0x0400000000004000);
        check_none(link_type::PPI, &ppi(250, &wlan), NoFlow::UnsupportedLinkType);
    }

    #[test]
    fn an_unknown_link_type_has_no_flow() {
        check_none(147, &[0; 60], NoFlow::UnsupportedLinkType);
    }

    #[test]
    fn some_links_tell_the_direction() {
        assert_eq!(direction(link_type::PPP_WITH_DIR, &[1]), Some(LinkDirection::Sent));
        assert_eq!(direction(link_type::C_HDLC_WITH_DIR, &[0]), Some(LinkDirection::Received));
        assert_eq!(direction(link_type::LINUX_SLL, &[0, 4]), Some(LinkDirection::Sent));
        assert_eq!(direction(link_type::ETHERNET, &[0, 4]), None);
    }
}
