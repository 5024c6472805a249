//! Link types: what stands in front of the first ethertype or IP header.
//!
//! What comes in: a link type of the LINKTYPE_ registry (tcpdump.org) and the first byte of a frame. What goes
//! out: where decoding goes on, or why the frame belongs to no flow.

use weir_sdk::status;

use super::names::{Name, ethertype, ppp_protocol};
use super::ppp::{self, PppHeader};
use super::walk::{Next, Walk, no_flow};
use super::{NoFlow, ether, frame_relay, juniper, ppi, wlan};

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
        link_type::C_HDLC => cisco_hdlc(walk, at),
        link_type::C_HDLC_WITH_DIR => cisco_hdlc(walk, at + 1),
        link_type::FRAME_RELAY => frame_relay::decode(walk, at),
        link_type::FRAME_RELAY_WITH_DIR => frame_relay::decode(walk, at + 1),
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
pub(super) fn point_to_point(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Ppp);
    walk.mark(status::PPP);
    if matches!(walk.u16(at), Some(0x0f00 | 0x8f00)) {
        return cisco_hdlc(walk, at);
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

/// Cisco HDLC: two bytes of address, then an ethertype, whatever stands there.
fn cisco_hdlc(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Chdlc);
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
#[inline]
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

    #[test]
    fn isl_stands_in_front_of_ethernet() {
        for first in [1, 3] {
            let frame = join(&[&[first, 0, 0x0c, 0, 0], &[0; 21], &eth(0x0800, &inner_v4())]);
            let seen = check_on(link_type::ETHERNET, &frame, "isl:eth:ipv4:udp", 0x0400000000004000);
            assert_eq!((seen.dst_mac_offset, seen.src_mac_offset, seen.l3_offset), (26, 32, 40));
            is_inner(&seen);
            check_none(link_type::ETHERNET, &frame[..41], NoFlow::ShortLinkHeader);
        }
    }

    #[test]
    fn an_mpacket_has_a_preamble() {
        let frame = join(&[&[0x55; 8], &tagged(&[9], 0x86dd, &inner_v6())]);
        let seen = check_on(link_type::ETHERNET_MPACKET, &frame, "fpp:eth:vlan:ipv6:udp", 0x0800000000008100);
        assert_eq!((seen.dst_mac_offset, seen.l3_offset, seen.vlan_id), (8, 26, 9));
        is_inner(&seen);
        check_none(link_type::ETHERNET_MPACKET, &frame[..23], NoFlow::ShortLinkHeader);
    }

    #[test]
    fn a_cooked_capture_knows_the_sender_only() {
        let cooked =
            |kind: &[u8], payload: &[u8]| join(&[&[0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0], kind, payload]);
        let frame = cooked(&[8, 0], &inner_v4());
        let seen = check_on(link_type::LINUX_SLL, &frame, "sll:ipv4:udp", 0x0400000000004000);
        assert_eq!((seen.src_mac_offset, seen.dst_mac_offset, seen.l3_offset), (6, NO_OFFSET, 16));
        is_inner(&seen);
        let tagged = cooked(&[0x81, 0, 0, 7, 0x86, 0xdd], &inner_v6());
        let seen = check_on(link_type::LINUX_SLL, &tagged, "sll:vlan:ipv6:udp", 0x0800000000008100);
        assert_eq!(seen.vlan_id, 7);
        // Protocol 4: a frame that begins with LLC; the number is no length, so nothing is padding.
        let bpdu = cooked(&[0, 4], &[0x42, 0x42, 3, 0, 0, 0, 0]);
        let seen = check_on(link_type::LINUX_SLL, &bpdu, "sll:llc:stp", 0x4);
        assert_eq!((seen.ethertype, seen.payload_len, seen.padding_len), (0x4242, 4, 0));
    }

    #[test]
    fn a_cooked_address_of_another_length_is_no_mac_address() {
        let mut frame = join(&[&[0, 0, 3, 4, 0, 0], &[0; 8], &[8, 0], &inner_v4()]);
        let seen = check_on(link_type::LINUX_SLL, &frame, "sll:ipv4:udp", 0x0400000000004000);
        assert_eq!(seen.src_mac_offset, NO_OFFSET);
        frame.truncate(15);
        check_none(link_type::LINUX_SLL, &frame, NoFlow::ShortLinkHeader);
    }

    #[test]
    fn a_cooked_capture_of_version_2_begins_with_the_protocol() {
        let frame = join(&[&[8, 0], &[0; 8], &[4, 6], &[1; 8], &inner_v4()]);
        let seen = check_on(link_type::LINUX_SLL2, &frame, "sll2:ipv4:udp", 0x0400000000004000);
        assert_eq!((seen.src_mac_offset, seen.dst_mac_offset, seen.l3_offset), (12, NO_OFFSET, 20));
        is_inner(&seen);
        check_none(link_type::LINUX_SLL2, &frame[..19], NoFlow::ShortLinkHeader);
    }

    #[test]
    fn loopback_families_come_in_both_byte_orders() {
        for family in [[2, 0, 0, 0], [0, 0, 0, 2]] {
            let frame = join(&[&family, &inner_v4()]);
            let seen = check_on(link_type::NULL, &frame, "null:ipv4:udp", 0x0400000000004002);
            assert_eq!((seen.l3_offset, seen.src_mac_offset), (4, NO_OFFSET));
            is_inner(&seen);
        }
        check_none(link_type::NULL, &[7, 0, 0, 0, 0x45], NoFlow::UnknownLoopbackFamily);
        check_none(link_type::NULL, &[2, 0, 0], NoFlow::ShortLinkHeader);
        check_none(link_type::LOOP, &join(&[&[0, 0, 0, 2], &inner_v6()]), NoFlow::WrongIpVersion);
    }

    #[test]
    fn each_system_has_its_own_loopback_family_of_ipv6() {
        for family in [10, 23, 24, 26, 28, 30] {
            for frame in [[family, 0, 0, 0], [0, 0, 0, family]] {
                let frame = join(&[&frame, &inner_v6()]);
                is_inner(&check_on(link_type::LOOP, &frame, "null:ipv6:udp", 0x0800000000008002));
            }
        }
    }

    #[test]
    fn raw_ip_is_told_by_its_first_four_bits() {
        for link in [link_type::RAW, link_type::RAW_BSD, link_type::RAW_OPENBSD] {
            let seen = check_on(link, &inner_v6(), "raw:ipv6:udp", 0x0800000000008002);
            assert_eq!((seen.src_mac_offset, seen.l3_offset), (NO_OFFSET, 0));
            is_inner(&seen);
            is_inner(&check_on(link, &inner_v4(), "raw:ipv4:udp", 0x0400000000004002));
            check_none(link, &[0x50; 20], NoFlow::WrongIpVersion);
        }
        check_cut(link_type::RAW, &inner_v4(), 19, "raw:ipv4", 0x200000006);
    }

    #[test]
    fn raw_ipv4_and_raw_ipv6_have_no_name() {
        is_inner(&check_on(link_type::IPV4, &inner_v4(), ":ipv4:udp", 0x0400000000004002));
        is_inner(&check_on(link_type::IPV6, &inner_v6(), ":ipv6:udp", 0x0800000000008002));
        check_none(link_type::IPV4, &inner_v6(), NoFlow::WrongIpVersion);
        check_cut(link_type::IPV6, &inner_v6(), 39, ":ipv6", 0x200000006);
    }

    #[test]
    fn ppp_links_lead_to_ip() {
        for link in [link_type::PPP, link_type::PPP_HDLC] {
            for header in [&[0xff, 3, 0, 0x21][..], &[0, 0x21], &[0x21]] {
                let frame = join(&[header, &inner_v4()]);
                let seen = check_on(link, &frame, "ppp:ipv4:udp", 0x0400000000006002);
                assert_eq!(usize::from(seen.l3_offset), header.len());
                is_inner(&seen);
            }
            let frame = join(&[&[0xff, 3, 0, 0x57], &inner_v6()]);
            is_inner(&check_on(link, &frame, "ppp:ipv6:udp", 0x080000000000a002));
        }
    }

    #[test]
    fn ppp_links_with_direction_have_a_byte_more() {
        for link in [link_type::PPP_PPPD, link_type::PPP_WITH_DIR] {
            let frame = join(&[&[1, 0xff, 3, 0, 0x21], &inner_v4()]);
            let seen = check_on(link, &frame, "ppp:ipv4:udp", 0x0400000000006002);
            assert_eq!(seen.l3_offset, 5);
            is_inner(&seen);
        }
    }

    #[test]
    fn ppp_links_lead_to_mpls() {
        let unicast = join(&[&[0, 0xff, 3, 2, 0x81, 0, 0, 0x11, 64], &inner_v4()]);
        is_inner(&check_on(link_type::PPP_WITH_DIR, &unicast, "ppp:mpls:ipv4:udp", 0x0400000000006202));
        let multicast = join(&[&[2, 0x83, 0, 0, 0x10, 64, 0, 0, 0x11, 64], &inner_v6()]);
        is_inner(&check_on(link_type::PPP, &multicast, "ppp:mpls{2}:ipv6:udp", 0x080000000000a402));
    }

    #[test]
    fn ppp_links_may_carry_cisco_hdlc() {
        for address in [0x0f, 0x8f] {
            let frame = join(&[&[address, 0, 8, 0], &inner_v4()]);
            is_inner(&check_on(link_type::PPP_HDLC, &frame, "ppp:chdlc:ipv4:udp", 0x0400000000006002));
        }
    }

    #[test]
    fn other_and_cut_ppp_frames_have_no_flow() {
        check_none(link_type::PPP, &[0xff, 3, 0xc0, 0x21, 1], NoFlow::PppControl);
        check_none(link_type::PPP, &[0xff, 3, 0x80], NoFlow::ShortLinkHeader);
        check_none(link_type::PPP_WITH_DIR, &[1], NoFlow::ShortLinkHeader);
    }

    #[test]
    fn cisco_hdlc_goes_on_with_an_ethertype() {
        let slarp = join(&[&[0x8f, 0, 0x80, 0x35], &[0; 18]]);
        let seen = check_on(link_type::C_HDLC, &slarp, "chdlc:rarp", 0x86);
        assert_eq!((seen.ethertype, seen.payload_len, seen.src_mac_offset), (0x8035, 18, NO_OFFSET));
        let frame = join(&[&[0x0f, 0, 0x86, 0xdd], &inner_v6()]);
        let seen = check_on(link_type::C_HDLC, &frame, "chdlc:ipv6:udp", 0x0800000000008002);
        assert_eq!(seen.l3_offset, 4);
        is_inner(&seen);
        check_none(link_type::C_HDLC, &frame[..3], NoFlow::ShortLinkHeader);
    }

    #[test]
    fn cisco_hdlc_with_direction_has_a_byte_more() {
        let frame = join(&[&[1, 0x0f, 0, 8, 0], &inner_v4()]);
        is_inner(&check_on(link_type::C_HDLC_WITH_DIR, &frame, "chdlc:ipv4:udp", 0x0400000000004002));
        check_cut(link_type::C_HDLC_WITH_DIR, &frame, 20, "chdlc:ipv4", 0x200000006);
    }

    #[test]
    fn symantec_has_two_headers() {
        for (type_at, header) in [(6, 44), (10, 56)] {
            let mut front = vec![0; header];
            front[type_at..type_at + 2].copy_from_slice(&[8, 0]);
            let frame = join(&[&front, &inner_v4()]);
            let seen = check_on(link_type::SYMANTEC, &frame, "symantec:ipv4:udp", 0x0400000000004002);
            assert_eq!((usize::from(seen.l3_offset), seen.src_mac_offset), (header, NO_OFFSET));
            is_inner(&seen);
            front[type_at..type_at + 2].copy_from_slice(&[0x86, 0xdd]);
            let frame = join(&[&front, &inner_v6()]);
            is_inner(&check_on(link_type::SYMANTEC, &frame, "symantec:ipv6:udp", 0x0800000000008002));
            check_cut(link_type::SYMANTEC, &frame, header + 39, "symantec:ipv6", 0x200000006);
        }
        check_none(link_type::SYMANTEC, &[8; 60], NoFlow::UnknownPseudoHeader);
        check_none(link_type::SYMANTEC, &[0; 7], NoFlow::UnknownPseudoHeader);
    }

    #[test]
    fn an_unknown_link_type_has_no_flow() {
        check_none(147, &[0; 60], NoFlow::UnsupportedLinkType);
        // LAPD.
        check_none(203, &[0; 60], NoFlow::UnsupportedLinkType);
    }

    #[test]
    fn some_links_tell_the_direction() {
        for link in [
            link_type::PPP_PPPD,
            link_type::PPP_WITH_DIR,
            link_type::C_HDLC_WITH_DIR,
            link_type::FRAME_RELAY_WITH_DIR,
        ] {
            assert_eq!(direction(link, &[0]), Some(LinkDirection::Received));
            assert_eq!(direction(link, &[1]), Some(LinkDirection::Sent));
            assert_eq!(direction(link, &[]), None);
        }
        assert_eq!(direction(link_type::LINUX_SLL, &[0, 4]), Some(LinkDirection::Sent));
        assert_eq!(
            direction(link_type::LINUX_SLL2, &[&[0; 10][..], &[4]].concat()),
            Some(LinkDirection::Sent)
        );
        assert_eq!(direction(link_type::LINUX_SLL2, &[0; 11]), Some(LinkDirection::Received));
        assert_eq!(direction(link_type::ETHERNET, &[0, 4]), None);
    }
}
