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
pub fn link_direction(link: u16, frame: &[u8]) -> Option<LinkDirection> {
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
