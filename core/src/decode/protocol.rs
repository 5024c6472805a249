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

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;
    use crate::decode::NoFlow;

    #[test]
    fn protocols_without_ports_count_their_header() {
        let facts =
            check(&over_ip(1, &[8, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2]), "eth:ipv4:icmp", 0x0400000000004000);
        assert_eq!((facts.payload_len, facts.src_port), (2, 0));
        let facts = check(&over_ip(50, &[1; 12]), "eth:ipv4:esp", 0x0400000080004000);
        assert_eq!(facts.payload_len, 4);
        let facts = check(&over_ip(89, &[2; 44]), "eth:ipv4:ospf", 0x0400000000004000);
        assert_eq!(facts.payload_len, 20);
        check(&eth(0x86dd, &ipv6(50, &[1; 12])), "eth:ipv6:esp", 0x0800000080008000);
    }

    #[test]
    fn an_unknown_protocol_stops_decoding() {
        check(&over_ip(200, &[0; 8]), "eth:ipv4:UNK(200)", 0x0400080000004000);
    }

    #[test]
    fn ip_in_ip_leads_to_the_inner_packet_and_its_tunnels() {
        is_inner(&check(&over_ip(4, &inner_v4()), "eth:ipv4:ipv4:udp", 0x0400000000024000));
        is_inner(&check(&over_ip(41, &inner_v6()), "eth:ipv4:ipv6:udp", 0x0c00000000028000));
        let vxlan = udp(5000, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &eth(0x0800, &inner_v4())]));
        is_inner(&check(
            &over_ip(4, &ipv4(17, &vxlan)),
            "eth:ipv4:ipv4:udp:vxlan:eth:ipv4:udp",
            0x0400000000424000,
        ));
    }

    #[test]
    fn an_authentication_header_over_ipv4_is_followed() {
        let ah = |next: u8, payload: &[u8]| join(&[&[next, 4], &[0; 22], payload]);
        let facts =
            check(&over_ip(51, &ah(17, &udp(2000, 3000, b"hello"))), "eth:ipv4:ah:udp", 0x0400000040004000);
        is_datagram(&facts);
        assert_eq!((facts.l4_proto, facts.l4_offset), (17, 58));
        is_inner(&check(&over_ip(51, &ah(4, &inner_v4())), "eth:ipv4:ah:ipv4:udp", 0x0400000040024000));
        let cut = check(&over_ip(51, &[17, 4, 0, 0, 0, 0, 0, 0]), "eth:ipv4:ah", 0x0400000040004000);
        assert_eq!(cut.l4_proto, 51);
    }

    #[test]
    fn a_pim_register_leads_to_the_inner_packet() {
        let register = |packet: &[u8]| join(&[&[0x21, 0, 0, 0, 0, 0, 0, 0], packet]);
        is_inner(&check(&over_ip(103, &register(&inner_v4())), "eth:ipv4:pim:ipv4:udp", 0x0400000000004000));
        let seen = decode(&eth(0x86dd, &ipv6(103, &register(&inner_v6()))));
        assert_eq!((seen.chain.as_str(), seen.count), ("eth:ipv6:pim:udp", 4));
        assert_eq!((seen.facts.status, seen.facts.l3_offset), (0x0800000000008000, 62));
        is_inner(&seen);
        check(&over_ip(103, &[0x20; 12]), "eth:ipv4:pim", 0x0400000000004000);
    }

    #[test]
    fn igmp_shares_its_number() {
        check(&over_ip(2, &[0x13; 8]), "eth:ipv4:igmp:dvmrp", 0x0400000000004000);
        let mut rgmp = over_ip(2, &[0xff; 8]);
        rgmp[30..34].copy_from_slice(&[224, 0, 0, 25]);
        check(&rgmp, "eth:ipv4:igmp:rgmp", 0x0400000000004000);
    }

    #[test]
    fn nested_headers_are_followed_to_a_bound() {
        let mut packet = inner_v4();
        for _ in 0..40 {
            packet = ipv4(4, &packet);
        }
        let seen = decode(&eth(0x0800, &packet));
        assert_eq!(seen.facts.status, 0x0400080000024000);
        assert_eq!(seen.facts.l4_proto, 4);
    }

    #[test]
    fn an_authentication_header_may_protect_ipv6_or_what_has_no_ports() {
        let ah = |next: u8, payload: &[u8]| join(&[&[next, 4], &[0; 22], payload]);
        is_inner(&check(&over_ip(51, &ah(41, &inner_v6())), "eth:ipv4:ah:ipv6:udp", 0x0c00000040028000));
        let seen = check(&over_ip(51, &ah(50, &[1; 12])), "eth:ipv4:ah:esp", 0x04000000c0004000);
        assert_eq!((seen.l4_proto, seen.l4_offset, seen.payload_len), (50, 58, 4));
        let frame = over_ip(51, &ah(17, &udp(2000, 3000, b"hello")));
        let seen = check_cut(ETHERNET, &frame, 57, "eth:ipv4:ah", 0x0400000240004000);
        assert_eq!((seen.l4_proto, seen.l4_offset), (51, 34));
        is_carrier(&seen, 0, 0);
    }

    #[test]
    fn encrypted_payload_ends_in_the_flow_of_its_header() {
        let seen = check(&over_ipv6(50, &[1; 12]), "eth:ipv6:esp", 0x0800000080008000);
        assert_eq!((seen.l4_proto, seen.l4_offset, seen.payload_len), (50, 54, 12));
        is_carrier(&seen, 0, 0);
        let seen = check_cut(ETHERNET, &over_ip(50, &[1; 12]), 38, "eth:ipv4:esp", 0x0400000a80004000);
        assert_eq!((seen.l4_offset, seen.payload_offset, seen.payload_len), (34, 38, 4));
    }

    #[test]
    fn l2tp_directly_over_ip_ends_in_the_flow_of_its_header() {
        is_carrier(&check(&over_ip(115, &[0; 12]), "eth:ipv4:l2tp", 0x0400000000004800), 0, 0);
        is_carrier(&check(&over_ipv6(115, &[0; 12]), "eth:ipv6:l2tp", 0x0800000000008800), 0, 0);
    }

    #[test]
    fn a_third_ip_header_is_followed_too() {
        let frame = over_ip(4, &ipv4(4, &inner_v4()));
        let seen = check(&frame, "eth:ipv4:ipv4:ipv4:udp", 0x0400000000024000);
        assert_eq!(seen.l3_offset, 54);
        is_inner(&seen);
    }

    #[test]
    fn a_later_fragment_inside_is_treated_by_its_own_offset() {
        let frame = over_ip(4, &ipv4_fragment(17, 0x0002, &[0; 16]));
        let seen = check(&frame, "eth:ipv4:ipv4:udp", 0x0400080000024000);
        assert_eq!((seen.l3_offset, seen.fragment_offset, seen.payload_len, seen.src_port), (34, 2, 16, 0));
    }

    #[test]
    fn a_wrong_inner_version_has_no_flow_and_a_cut_inner_header_stays_with_the_carrier() {
        check_none(ETHERNET, &over_ip(4, &inner_v6()), NoFlow::WrongIpVersion);
        let mut short = inner_v4();
        short[0] = 0x44;
        check_none(ETHERNET, &over_ip(4, &short), NoFlow::BadIpv4HeaderLength);
        let seen = check_cut(ETHERNET, &over_ip(4, &inner_v4()), 53, "eth:ipv4:ipv4", 0x0400080200024000);
        assert_eq!(seen.l4_proto, 4);
        is_carrier(&seen, 0, 0);
        let seen = check_cut(ETHERNET, &over_ip(41, &inner_v6()), 73, "eth:ipv4:ipv6", 0x0400080200024000);
        assert_eq!(seen.l4_proto, 41);
        is_carrier(&seen, 0, 0);
    }

    #[test]
    fn a_pim_register_may_cross_the_versions() {
        let register = |packet: &[u8]| join(&[&[0x21, 0, 0, 0, 0, 0, 0, 0], packet]);
        is_inner(&check(&over_ip(103, &register(&inner_v6())), "eth:ipv4:pim:ipv6:udp", 0x0c00000000008000));
        is_inner(&check(
            &over_ipv6(103, &register(&inner_v4())),
            "eth:ipv6:pim:ipv4:udp",
            0x0c00000000004000,
        ));
        let cut = over_ip(103, &register(&inner_v4()));
        is_carrier(&check_cut(ETHERNET, &cut, 61, "eth:ipv4:pim:ipv4", 0x0400080200004000), 0, 0);
        is_carrier(&check_cut(ETHERNET, &cut, 42, "eth:ipv4:pim", 0x0400000200004000), 0, 0);
        is_carrier(&check(&over_ip(103, &register(&[0x10])), "eth:ipv4:pim", 0x0400000000004000), 0, 0);
    }

    #[test]
    fn igmp_names_pim_of_version_1_and_leaves_rgmp_to_its_group() {
        check(&over_ip(2, &[0x14; 8]), "eth:ipv4:igmp:pim", 0x0400000000004000);
        check(&over_ip(2, &[0xff; 8]), "eth:ipv4:igmp", 0x0400000000004000);
        check_cut(ETHERNET, &over_ip(2, &[0x13; 8]), 34, "eth:ipv4:igmp", 0x0400000a00004000);
    }

    #[test]
    fn over_ipv6_protocols_without_ports_count_their_header() {
        let seen =
            check(&over_ipv6(58, &[128, 0, 0, 0, 0, 1, 0, 2, 9, 9]), "eth:ipv6:icmpv6", 0x0800000000008000);
        assert_eq!((seen.l4_proto, seen.payload_len, seen.payload_offset), (58, 2, 62));
        let seen = check(&over_ipv6(89, &[3; 36]), "eth:ipv6:ospf", 0x0800000000008000);
        assert_eq!(seen.payload_len, 20);
        let seen = check(&over_ipv6(1, &[8; 12]), "eth:ipv6:icmp", 0x0800000000008000);
        assert_eq!(seen.payload_len, 12);
        is_carrier(&check(&over_ipv6(200, &[0; 8]), "eth:ipv6:UNK(200)", 0x0800080000008000), 0, 0);
    }
}
