//! What an IP protocol number leads to, over IPv4 and over IPv6.
//!
//! What comes in: the innermost IP header, not a later fragment. What goes out: an inner header, or the end in
//! the flow of this one with the names of what it carries.

use weir_sdk::status;

use super::names::{Label, Name, of_protocol, protocol};
use super::walk::{End, IpHeader, Next, Walk};
use super::{etherip, ext, gre, transport};

const IN_FLOW: Next = Next::End(End::Ip);

/// Destination of RGMP messages (RFC 3488 §2).
const RGMP_GROUP: u32 = 0xe000_0019;

/// Follows the protocol of an IP header.
pub(super) fn decode(walk: &mut Walk<'_>, ip: IpHeader) -> Next {
    match ip.protocol {
        protocol::TCP | protocol::UDP | protocol::UDPLITE | protocol::SCTP => transport::decode(walk, ip),
        protocol::IPV4 | protocol::IPV6 => ip_in_ip(walk, ip),
        protocol::GRE => gre::decode(walk, ip),
        protocol::AH => authentication(walk, ip),
        protocol::ETHERIP => etherip::decode(walk, ip),
        protocol::PIM => pim(walk, ip),
        _ => named(walk, ip),
    }
}

/// IPv4 or IPv6 in IP (RFC 2003, RFC 4213). IPv4 over IPv6 does not set the bit.
fn ip_in_ip(walk: &mut Walk<'_>, ip: IpHeader) -> Next {
    if ip.version == 4 || ip.protocol == protocol::IPV6 {
        walk.mark(status::IP_IN_IP);
    }
    if ip.protocol == protocol::IPV6 { Next::ipv6(ip.l4_at) } else { Next::ipv4(ip.l4_at) }
}

/// An authentication header over IPv4: the flow is that of the protocol it protects.
fn authentication(walk: &mut Walk<'_>, mut ip: IpHeader) -> Next {
    let len = ext::authentication_len(walk, ip.l4_at);
    let is_captured = len.is_some_and(|len| len <= walk.captured_from(ip.l4_at));
    if !is_captured || !ext::authentication(walk, &mut ip) {
        return named(walk, ip);
    }
    walk.ip = Some(ip);
    if ip.protocol == protocol::AH { named(walk, ip) } else { decode(walk, ip) }
}

/// PIM (RFC 7761 §4.9): a register message carries a multicast packet.
fn pim(walk: &mut Walk<'_>, ip: IpHeader) -> Next {
    const REGISTER: u8 = 1;
    let inner = ip.l4_at + 8;
    let is_register = walk.u8(ip.l4_at).is_some_and(|byte| byte & 0x0f == REGISTER);
    let next = if is_register { walk.ip_by_nibble(inner) } else { None };
    match next {
        // Over IPv6 an inner IPv6 header replaces the outer one without a name of its own.
        Some(Next::Ipv6 { at, .. }) => {
            walk.name(Name::Pim);
            Next::Ipv6 { at, named: ip.version == 4 }
        }
        Some(next) => {
            walk.name(Name::Pim);
            next
        }
        None => named(walk, ip),
    }
}

/// A protocol that only adds its name.
fn named(walk: &mut Walk<'_>, ip: IpHeader) -> Next {
    let label = of_protocol(ip.protocol);
    walk.label(label);
    walk.update_ip(|ip| ip.has_l4 = label != Label::Silent);
    match ip.protocol {
        protocol::ESP => walk.mark(status::ESP),
        protocol::AH => walk.mark(status::AH),
        protocol::L2TP => walk.mark(status::L2TP),
        protocol::IGMP if ip.version == 4 => igmp(walk, ip),
        _ => {}
    }
    IN_FLOW
}

/// Protocols that share the number of IGMP (RFC 3488, IANA IGMP type numbers).
fn igmp(walk: &mut Walk<'_>, ip: IpHeader) {
    match walk.u8(ip.l4_at) {
        Some(0x13) => walk.name(Name::Dvmrp),
        Some(0x14) => walk.name(Name::Pim),
        Some(0xfc..) if walk.u32(ip.at + 16) == Some(RGMP_GROUP) => walk.name(Name::Rgmp),
        _ => {}
    }
}
