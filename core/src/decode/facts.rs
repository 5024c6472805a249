//! The end of a walk → the facts of the packet.
//!
//! What comes in: a walk that ended in a flow. What goes out: every field of [`PacketFacts`] that a packet alone
//! decides.

use weir_sdk::packet::{NO_OFFSET, flag};
use weir_sdk::{PacketFacts, status};

use super::lengths;
use super::names::{ethertype, protocol};
use super::walk::{Fragment, IpHeader, Walk};

/// Position of the flag byte in a TCP header.
pub(super) const TCP_FLAGS: usize = 13;

/// The facts of a packet of an IP flow.
pub(super) fn of_ip(walk: &mut Walk<'_>, ip: &IpHeader, facts: &mut PacketFacts) {
    let l4_len = lengths::l4(walk, ip);
    facts.payload_len = lengths::payload(walk, ip, l4_len);
    facts.padding_len = lengths::padding(walk, ip.at + ip.len);
    facts.l3_len = u32::try_from(ip.len).unwrap_or(u32::MAX);
    facts.l3_offset = offset(walk, ip.at);
    facts.l4_offset = offset(walk, ip.l4_at);
    facts.payload_offset = offset(walk, ip.l4_at + l4_len);
    facts.src_mac_offset = ip.macs.src;
    facts.dst_mac_offset = ip.macs.dst;
    facts.l4_proto = ip.protocol;
    facts.ip_version = ip.version;
    facts.ethertype = if ip.version == 4 { ethertype::IPV4 } else { ethertype::IPV6 };
    facts.flags = fragment_flags(ip.fragment);
    facts.fragment_id = ip.fragment.id;
    facts.fragment_offset = ip.fragment.offset;
    walk.mark(if ip.version == 4 { status::IPV4_FLOW } else { status::IPV6_FLOW });
    if ip.has_l4 && ip.fragment.offset == 0 {
        facts.flags |= flag::HAS_L4;
        facts.src_port = ip.src_port;
        facts.dst_port = ip.dst_port;
    }
    tcp_flags(walk, ip, facts);
    if is_land_attack(walk, ip) {
        walk.mark(status::LAND_ATTACK);
    }
    common(walk, facts);
}

/// The facts of a packet of a layer-2 flow.
pub(super) fn of_layer2(walk: &mut Walk<'_>, ethertype: u16, at: usize, facts: &mut PacketFacts) {
    facts.ethertype = ethertype;
    facts.payload_len = lengths::in_32_bits(walk.wire_from(at));
    facts.padding_len = walk.payload_end.map_or(0, |end| lengths::padding(walk, end));
    facts.l3_offset = offset(walk, at);
    facts.l4_offset = NO_OFFSET;
    facts.payload_offset = offset(walk, at);
    facts.src_mac_offset = walk.macs.src;
    facts.dst_mac_offset = walk.macs.dst;
    walk.mark(status::LAYER_2);
    common(walk, facts);
}

fn common(walk: &Walk<'_>, facts: &mut PacketFacts) {
    facts.status = walk.status;
    facts.vlan_id = walk.vlans.innermost;
    facts.vlan_tags = walk.vlans.outer;
    facts.vlan_count = u8::try_from(walk.vlans.count).unwrap_or(u8::MAX);
}

/// The flag byte is there in datagrams that are too short for a whole TCP header, too.
fn tcp_flags(walk: &Walk<'_>, ip: &IpHeader, facts: &mut PacketFacts) {
    let at = ip.l4_at + TCP_FLAGS;
    let is_within = ip.protocol == protocol::TCP && ip.fragment.offset == 0 && at < ip.at + ip.len;
    if let Some(tcp_flags) = walk.u8(at).filter(|_| is_within) {
        facts.flags |= flag::HAS_TCP_FLAGS;
        facts.tcp_flags = tcp_flags;
    }
}

/// TCP from an address and port to the same; ports that are cut off count as equal.
fn is_land_attack(walk: &Walk<'_>, ip: &IpHeader) -> bool {
    ip.protocol == protocol::TCP
        && ip.fragment.offset == 0
        && ip.src_port == ip.dst_port
        && is_to_itself(walk, ip)
}

fn is_to_itself(walk: &Walk<'_>, ip: &IpHeader) -> bool {
    let (source, destination, len) = if ip.version == 4 { (12, 16, 4) } else { (8, 24, 16) };
    let address = |position: usize| walk.frame.get(ip.at + position..ip.at + position + len);
    address(source) == address(destination)
}

/// A packet that is no fragment, an IPv6 atomic fragment included (RFC 6946), has none of the flags.
fn fragment_flags(fragment: Fragment) -> u8 {
    match fragment {
        Fragment { offset: 0, more: false, .. } => 0,
        Fragment { offset: 0, more: true, .. } => flag::FIRST_FRAGMENT | flag::MORE_FRAGMENTS,
        Fragment { more: false, .. } => flag::LATER_FRAGMENT,
        Fragment { more: true, .. } => flag::LATER_FRAGMENT | flag::MORE_FRAGMENTS,
    }
}

/// An offset within the captured bytes: a header that is cut ends where they end.
fn offset(walk: &Walk<'_>, at: usize) -> u16 {
    at.min(walk.frame.len()) as u16
}
