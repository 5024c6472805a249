//! Generic routing encapsulation (RFC 2784, RFC 2890, RFC 2637), and ERSPAN and WCCP inside it.
//!
//! What comes in: the IP header that carries GRE. What goes out: the inner packet, or the end in the flow of the
//! carrier with the name of what could not be followed.

use weir_sdk::status;

use super::inner::{self, Rules};
use super::names::{Name, ethertype, of_ethertype, of_ppp, ppp_protocol};
use super::ppp::{self, PppHeader};
use super::walk::{End, IpHeader, Next, Walk};

/// Bits of the flag word that each announce a word of 4 bytes.
mod flag {
    pub(super) const SEQUENCE: u16 = 0x1000;
    /// Checksum, routing, key, sequence number, strict source route, and the acknowledgement of PPTP.
    pub(super) const OPTIONAL_WORDS: u16 = 0xf880;
    pub(super) const VERSION: u16 = 0x0007;
}

/// A GRE header.
#[derive(Clone, Copy)]
struct Header {
    flags: u16,
    protocol: u16,
    at: usize,
    payload: usize,
}

/// The inner packet.
pub(super) fn decode(walk: &mut Walk<'_>, ip: IpHeader) -> Next {
    walk.name(Name::Gre);
    walk.mark(status::GRE);
    let Some(header) = read(walk, ip.l4_at) else {
        return walk.stop();
    };
    set_length(walk, header.payload - header.at);
    if ip.in_gre {
        return nested(walk, header);
    }
    let in_gre = ip.version == 4;
    match header.protocol {
        ethertype::IPV4 => Next::Ipv4 { at: header.payload, in_gre },
        ethertype::IPV6 => Next::ipv6(header.payload),
        ethertype::PPP => point_to_point(walk, header, in_gre),
        ethertype::BRIDGED_ETHERNET => inner::ethernet(walk, header.payload, Rules::Llc),
        ethertype::ERSPAN => erspan(walk, header),
        ethertype::WCCP => redirected(walk, header),
        other => {
            walk.label(of_ethertype(other));
            walk.stop()
        }
    }
}

fn read(walk: &Walk<'_>, at: usize) -> Option<Header> {
    let (flags, protocol) = (walk.u16(at)?, walk.u16(at + 2)?);
    let words = 1 + (flags & flag::OPTIONAL_WORDS).count_ones() as usize;
    Some(Header { flags, protocol, at, payload: at + 4 * words })
}

/// The layer-4 length of the carrier, should the flow stay with it; over IPv6 it counts as 0.
fn set_length(walk: &mut Walk<'_>, len: usize) {
    walk.update_ip(|ip| {
        ip.has_l4 = true;
        ip.l4_len = Some(if ip.version == 4 { len } else { 0 });
    });
}

/// GRE in GRE: its payload is named, and the flow stays with the IP header in front.
fn nested(walk: &mut Walk<'_>, header: Header) -> Next {
    walk.label(of_ethertype(header.protocol));
    Next::End(End::Ip)
}

/// PPP, as PPTP carries it (RFC 2637 §4.1).
fn point_to_point(walk: &mut Walk<'_>, header: Header, in_gre: bool) -> Next {
    walk.name(Name::Ppp);
    walk.mark(status::PPP);
    if is_acknowledgement(walk, header) {
        return walk.stop();
    }
    match ppp::header(walk, header.payload) {
        Some(PppHeader { protocol: ppp_protocol::IPV4, payload }) => Next::Ipv4 { at: payload, in_gre },
        Some(PppHeader { protocol: ppp_protocol::IPV6, payload }) => Next::ipv6(payload),
        Some(PppHeader { protocol, .. }) => {
            if protocol == ppp_protocol::COMPRESSED {
                walk.mark(status::PPP_COMPRESSED);
            }
            walk.label(of_ppp(protocol));
            walk.stop()
        }
        None => walk.stop(),
    }
}

/// Version 1 keeps the payload length in the key: 0 means that only the acknowledgement number counts.
fn is_acknowledgement(walk: &Walk<'_>, header: Header) -> bool {
    header.flags & flag::VERSION == 1 && walk.u16(header.at + 4) == Some(0)
}

/// ERSPAN: type II has a header of 8 bytes and a GRE sequence number, type I neither.
fn erspan(walk: &mut Walk<'_>, header: Header) -> Next {
    walk.name(Name::Erspan);
    walk.mark(status::ERSPAN);
    let own = if header.flags & flag::SEQUENCE != 0 { 8 } else { 0 };
    set_length(walk, header.payload - header.at + own);
    inner::ethernet(walk, header.payload + own, Rules::Llc)
}

/// WCCP: a redirect header of 4 bytes.
fn redirected(walk: &mut Walk<'_>, header: Header) -> Next {
    walk.name(Name::Wccp);
    walk.mark(status::WCCP);
    walk.ip_by_nibble(header.payload + 4).unwrap_or_else(|| walk.stop())
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    fn gre(flags: u16, protocol: u16, payload: &[u8]) -> Vec<u8> {
        join(&[&flags.to_be_bytes(), &protocol.to_be_bytes(), payload])
    }

    #[test]
    fn ip_inside_is_decoded_behind_optional_words() {
        is_inner(&check(
            &over_ip(47, &gre(0, 0x0800, &inner_v4())),
            "eth:ipv4:gre:ipv4:udp",
            0x0400000000005000,
        ));
        let payload = join(&[&[0; 8], &inner_v6()]);
        is_inner(&check(
            &over_ip(47, &gre(0x3000, 0x86dd, &payload)),
            "eth:ipv4:gre:ipv6:udp",
            0x0c00000000009000,
        ));
        let frame = eth(0x86dd, &ipv6(47, &gre(0, 0x86dd, &inner_v6())));
        is_inner(&check(&frame, "eth:ipv6:gre:ipv6:udp", 0x0800000000009000));
    }

    #[test]
    fn bridged_frames_give_addresses_and_tags() {
        let frame = over_ip(47, &gre(0, 0x6558, &tagged(&[7], 0x0800, &inner_v4())));
        let seen = decode(&frame);
        assert_eq!((seen.chain.as_str(), seen.count), ("eth:ipv4:gre:eth:vlan:ipv4:udp", 7));
        assert_eq!((seen.facts.status, seen.facts.vlan_id), (0x0400000000005100, 7));
        assert_eq!((seen.facts.dst_mac_offset, seen.facts.src_mac_offset), (38, 44));
        is_inner(&seen);
    }

    #[test]
    fn gre_in_gre_stays_with_the_middle_header() {
        let frame = over_ip(47, &gre(0, 0x0800, &ipv4(47, &gre(0, 0x0800, &inner_v4()))));
        let seen = decode(&frame);
        assert_eq!((seen.chain.as_str(), seen.count), ("eth:ipv4:gre:ipv4:gre:ipv4", 6));
        assert_eq!((seen.facts.l4_proto, seen.facts.l3_offset, seen.facts.payload_len), (47, 38, 33));
    }

    #[test]
    fn tunnels_over_udp_inside_gre_are_decoded() {
        let vxlan = udp(5000, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &eth(0x0800, &inner_v4())]));
        let frame = over_ip(47, &gre(0, 0x0800, &ipv4(17, &vxlan)));
        is_inner(&check(&frame, "eth:ipv4:gre:ipv4:udp:vxlan:eth:ipv4:udp", 0x0400000000405000));
    }

    #[test]
    fn erspan_types_1_and_2_are_told_apart_by_the_sequence_number() {
        let mirrored = eth(0x0800, &inner_v4());
        let chain = "eth:ipv4:gre:erspan:eth:ipv4:udp";
        is_inner(&check(&over_ip(47, &gre(0, 0x88be, &mirrored)), chain, 0x0400000004005000));
        let type_2 = gre(0x1000, 0x88be, &join(&[&[0; 4], &[0x10; 8], &mirrored]));
        is_inner(&check(&over_ip(47, &type_2), chain, 0x0400000004005000));
    }

    #[test]
    fn what_is_not_followed_is_named_in_the_flow_of_the_carrier() {
        let facts = check(
            &over_ip(47, &gre(0x2000, 0x22eb, &[0; 24])),
            "eth:ipv4:gre:UNK(0x22eb)",
            0x0400080000005000,
        );
        assert_eq!((facts.l4_proto, facts.payload_len), (47, 20));
        let bridged = gre(0, 0x6558, &tagged(&[7], 0x0806, &[0; 28]));
        let facts = check(&over_ip(47, &bridged), "eth:ipv4:gre:eth:vlan:arp", 0x0400080000005100);
        assert_eq!((facts.vlan_id, facts.dst_mac_offset, facts.ethertype), (7, 0, 0x0800));
    }

    #[test]
    fn point_to_point_frames_are_decoded_compressed_or_not() {
        let pptp = |payload: &[u8]| {
            let header = [&(payload.len() as u16).to_be_bytes()[..], &[0, 1], &[0; 4]].concat();
            over_ip(47, &gre(0x3001, 0x880b, &join(&[&header, payload])))
        };
        let chain = "eth:ipv4:gre:ppp:ipv4:udp";
        for header in [&[0xff, 3, 0, 0x21][..], &[0, 0x21], &[0x21]] {
            is_inner(&check(&pptp(&join(&[header, &inner_v4()])), chain, 0x0400000000007000));
        }
        check(&pptp(&[0xfd, 1, 2]), "eth:ipv4:gre:ppp:comp_data", 0x0400280000007000);
        check(&pptp(&[0xff, 3, 0xc0, 0x21]), "eth:ipv4:gre:ppp:lcp", 0x0400080000007000);
        check(&pptp(&[]), "eth:ipv4:gre:ppp", 0x0400080000007000);
    }

    #[test]
    fn wccp_has_a_header_of_its_own() {
        let frame = over_ip(47, &gre(0, 0x883e, &join(&[&[0; 4], &inner_v4()])));
        is_inner(&check(&frame, "eth:ipv4:gre:wccp:ipv4:udp", 0x0400000008005000));
    }

    #[test]
    fn each_optional_field_takes_four_bytes() {
        for (flags, words) in [(0x8000, 1), (0x2000, 1), (0x1000, 1), (0xb000, 3), (0x3081, 3), (0xf880, 6)] {
            let payload = join(&[&vec![1; 4 * words], &inner_v4()]);
            let seen = check(
                &over_ip(47, &gre(flags, 0x0800, &payload)),
                "eth:ipv4:gre:ipv4:udp",
                0x0400000000005000,
            );
            assert_eq!(usize::from(seen.l3_offset), 38 + 4 * words);
            is_inner(&seen);
        }
    }

    #[test]
    fn bridged_frames_may_have_llc_in_front_of_ip() {
        let frame = eth(41, &join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner_v4()]));
        let seen =
            check(&over_ip(47, &gre(0, 0x6558, &frame)), "eth:ipv4:gre:eth:llc:ipv4:udp", 0x0400000000005000);
        assert_eq!(seen.dst_mac_offset, 38);
        is_inner(&seen);
        let bpdu = eth(38, &[0x42, 0x42, 3, 0, 0, 0, 0, 0, 0]);
        let seen =
            check(&over_ip(47, &gre(0, 0x6558, &bpdu)), "eth:ipv4:gre:eth:llc:wlccp", 0x0400080000005000);
        assert_eq!(seen.l4_proto, 47);
        is_carrier(&seen, 0, 0);
    }

    #[test]
    fn ppp_may_carry_ipv6() {
        let frame = over_ip(47, &gre(0, 0x880b, &join(&[&[0xff, 3, 0, 0x57], &inner_v6()])));
        is_inner(&check(&frame, "eth:ipv4:gre:ppp:ipv6:udp", 0x0c0000000000b000));
    }

    #[test]
    fn mirrored_frames_without_ip_count_both_headers() {
        let type_2 = gre(0x1000, 0x88be, &join(&[&[0; 4], &[0x10; 8], &eth(0x0806, &[0; 28])]));
        let seen = check(&over_ip(47, &type_2), "eth:ipv4:gre:erspan:eth:arp", 0x0400080004005000);
        assert_eq!((seen.payload_len, seen.payload_offset, seen.l4_proto), (42, 50, 47));
        is_carrier(&seen, 0, 0);
    }

    #[test]
    fn over_ipv6_the_same_protocols_are_followed() {
        let over = |protocol, payload: &[u8]| over_ipv6(47, &gre(0, protocol, payload));
        is_inner(&check(&over(0x0800, &inner_v4()), "eth:ipv6:gre:ipv4:udp", 0x0c00000000005000));
        let seen =
            check(&over(0x6558, &eth(0x86dd, &inner_v6())), "eth:ipv6:gre:eth:ipv6:udp", 0x0800000000009000);
        assert_eq!(seen.dst_mac_offset, 58);
        is_inner(&seen);
        let seen = check(&over(0x8899, &[0; 8]), "eth:ipv6:gre:realtek", 0x0800080000009000);
        assert_eq!((seen.l4_proto, seen.payload_len), (47, 12));
        is_carrier(&seen, 0, 0);
    }

    #[test]
    fn wccp_without_ip_stops_decoding() {
        let frame = over_ip(47, &gre(0, 0x883e, &[0; 8]));
        is_carrier(&check(&frame, "eth:ipv4:gre:wccp", 0x0400080008005000), 0, 0);
    }

    #[test]
    fn a_cut_header_stays_with_the_carrier() {
        let frame = over_ip(47, &gre(0, 0x6558, &eth(0x0800, &inner_v4())));
        let cuts = [
            (36, "eth:ipv4:gre", 0x0400080a00005000),
            (50, "eth:ipv4:gre:eth", 0x0400080200005000),
            (60, "eth:ipv4:gre:eth:ipv4", 0x0400080200005000),
        ];
        for (captured, chain, status) in cuts {
            let seen = check_cut(ETHERNET, &frame, captured, chain, status);
            assert_eq!(seen.l4_proto, 47);
            is_carrier(&seen, 0, 0);
        }
    }
}
