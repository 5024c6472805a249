//! IPv6 headers and their extension headers (RFC 8200, RFC 4302).
//!
//! What comes in: the offset of a header. What goes out: the header as the innermost one of the walk, and what
//! the last next-header value leads to; a later fragment leads nowhere.

use weir_sdk::status;

use super::names::{Name, ethertype, protocol as number};
use super::walk::{End, Fragment, IpHeader, Next, Walk};
use super::{ext, lengths, protocol};

const HEADER: usize = 40;
/// Headers walked behind an IPv6 header, the transport header included.
const MAX_HEADERS: usize = 5;
/// Captured bytes without which a header is not looked at.
const MIN_CAPTURED: usize = 8;

/// Positions in the header.
mod field {
    pub(super) const PAYLOAD_LENGTH: usize = 4;
    pub(super) const NEXT_HEADER: usize = 6;
}

/// An IPv6 header. Its version is not looked at: what announced it is trusted.
pub(super) fn decode(walk: &mut Walk<'_>, at: usize, named: bool) -> Next {
    if named {
        walk.name(Name::Ipv6);
    }
    let Some(header) = walk.array::<HEADER>(at) else {
        return walk.cut_ip_header(ethertype::IPV6, at);
    };
    walk.mark(status::IPV6_SEEN);
    let ip = read(walk, &header, at);
    follow(walk, ip)
}

fn read(walk: &mut Walk<'_>, header: &[u8; HEADER], at: usize) -> IpHeader {
    let payload_length =
        u16::from_be_bytes([header[field::PAYLOAD_LENGTH], header[field::PAYLOAD_LENGTH + 1]]);
    IpHeader {
        version: 6,
        at,
        len: lengths::l3(walk, at, payload_length, HEADER),
        l4_at: at + HEADER,
        protocol: header[field::NEXT_HEADER],
        fragment: Fragment::default(),
        in_gre: false,
        has_l4: false,
        src_port: 0,
        dst_port: 0,
        l4_len: None,
        macs: walk.macs,
    }
}

/// Walks the extension headers to what stands behind them.
fn follow(walk: &mut Walk<'_>, mut ip: IpHeader) -> Next {
    for _ in 0..MAX_HEADERS {
        if walk.captured_from(ip.l4_at) < MIN_CAPTURED {
            break;
        }
        if !extension(walk, &mut ip) {
            walk.ip = Some(ip);
            return protocol::decode(walk, ip);
        }
        if ip.fragment.offset > 0 {
            break;
        }
    }
    walk.ip = Some(IpHeader { l4_len: Some(0), ..ip });
    Next::End(End::Ip)
}

/// Steps over one extension header, if it is one.
fn extension(walk: &mut Walk<'_>, ip: &mut IpHeader) -> bool {
    match ip.protocol {
        number::HOP_BY_HOP => ext::options(walk, ip, Name::Hopopts),
        number::ROUTING => ext::options(walk, ip, Name::Routing),
        number::DESTINATION_OPTIONS => ext::options(walk, ip, Name::Dstopts),
        number::FRAGMENT => ext::fragment(walk, ip),
        number::AH => ext::authentication(walk, ip),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::packet::flag;

    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    fn check_v6(next: u8, payload: &[u8], chain: &str, status: u64) -> Seen {
        check(&eth(0x86dd, &ipv6(next, payload)), chain, status)
    }

    #[test]
    fn options_are_walked_to_the_transport() {
        let payload = join(&[&[17, 0, 5, 2, 0, 0, 1, 0], &udp(2000, 3000, b"hello")]);
        let facts = check_v6(0, &payload, "eth:ipv6:ipv6.hopopts:udp", 0x0800000000008000);
        is_datagram(&facts);
        assert_eq!((facts.l4_offset, facts.l4_proto, facts.l3_len), (62, 17, 61));
    }

    #[test]
    fn an_authentication_header_is_followed() {
        let payload = join(&[&[6, 4], &[0; 22], &tcp(1500, 2500, b"hello")]);
        let facts = check_v6(51, &payload, "eth:ipv6:ah:tcp", 0x0800000040008000);
        assert_eq!((facts.payload_len, facts.src_port), (5, 1500));
    }

    #[test]
    fn fragments_end_the_walk_and_atomic_ones_do_not() {
        let datagram = udp(2000, 3000, b"hello");
        let fragment = |bits: u8| join(&[&[17, 0, 0, bits, 0, 0, 0, 9], &datagram]);
        let facts = check_v6(44, &fragment(0), "eth:ipv6:ipv6.fraghdr:udp", 0x0800000000008000);
        assert_eq!((facts.flags, facts.fragment_id), (flag::HAS_L4, 9));
        let facts = check_v6(44, &fragment(1), "eth:ipv6:ipv6.fraghdr:udp", 0x0800000000008000);
        assert_eq!(facts.flags, flag::HAS_L4 | flag::FIRST_FRAGMENT | flag::MORE_FRAGMENTS);
        let facts = check_v6(44, &fragment(0x80), "eth:ipv6:ipv6.fraghdr", 0x0800000000008000);
        assert_eq!((facts.flags, facts.fragment_offset), (flag::LATER_FRAGMENT, 16));
        assert_eq!((facts.src_port, facts.payload_len, facts.l4_proto), (0, 13, 17));
    }

    #[test]
    fn fewer_than_eight_bytes_end_the_walk_without_a_name() {
        let facts = check_v6(17, &[7, 208, 11, 184], "eth:ipv6", 0x0800000000008000);
        assert_eq!((facts.src_port, facts.l4_proto, facts.payload_len, facts.flags), (0, 17, 4, 0));
    }

    #[test]
    fn no_next_header_has_no_name() {
        let facts = check_v6(59, &[0; 8], "eth:ipv6", 0x0800000000008000);
        assert_eq!((facts.l4_proto, facts.flags), (59, 0));
    }

    #[test]
    fn ipv6_in_ipv6_replaces_the_outer_header() {
        is_inner(&check_v6(41, &inner_v6(), "eth:ipv6:ipv6:udp", 0x0800000000028000));
        check_v6(41, &[0x60; 39], "eth:ipv6:ipv6", 0x0800080000028000);
        is_inner(&check_v6(4, &inner_v4(), "eth:ipv6:ipv4:udp", 0x0c00000000004000));
    }

    #[test]
    fn a_negative_payload_length_counts_as_zero() {
        let mut frame = eth(0x86dd, &inner_v6());
        frame[19] = 4;
        let facts = check(&frame, "eth:ipv6:udp", 0x0800000800008000);
        assert_eq!((facts.payload_len, facts.l3_len), (0, 44));
    }

    #[test]
    fn routing_and_destination_options_are_walked_too() {
        let datagram = udp(2000, 3000, b"hello");
        let routing = join(&[&[17, 2, 4, 0, 0, 0, 0, 0], &[1; 16], &datagram]);
        let seen = check_v6(43, &routing, "eth:ipv6:ipv6.routing:udp", 0x0800000000008000);
        assert_eq!((seen.l4_offset, seen.l4_proto), (78, 17));
        is_datagram(&seen);
        let options = join(&[&[17, 0, 1, 4, 0, 0, 0, 0], &datagram]);
        let seen = check_v6(60, &options, "eth:ipv6:ipv6.dstopts:udp", 0x0800000000008000);
        assert_eq!(seen.l4_offset, 62);
        is_datagram(&seen);
    }

    #[test]
    fn several_extension_headers_follow_each_other() {
        let headers = [
            [60, 0, 1, 4, 0, 0, 0, 0],
            [43, 0, 1, 4, 0, 0, 0, 0],
            [44, 0, 0, 0, 0, 0, 0, 0],
            [17, 0, 0, 0, 0, 0, 0, 9],
        ];
        let payload = join(&[&headers.concat(), &udp(2000, 3000, b"hello")]);
        let chain = "eth:ipv6:ipv6.hopopts:ipv6.dstopts:ipv6.routing:ipv6.fraghdr:udp";
        let seen = check_v6(0, &payload, chain, 0x0800000000008000);
        assert_eq!((seen.l4_offset, seen.fragment_id, seen.l3_len), (86, 9, 85));
        is_datagram(&seen);
    }

    #[test]
    fn no_more_than_five_headers_are_walked() {
        let payload = join(&[
            &[60, 0, 1, 4, 0, 0, 0, 0].repeat(4),
            &[17, 0, 1, 4, 0, 0, 0, 0],
            &udp(2000, 3000, b"hello"),
        ]);
        let chain = format!("eth:ipv6{}", ":ipv6.dstopts".repeat(5));
        let seen = check_v6(60, &payload, &chain, 0x0800000000008000);
        assert_eq!((seen.l4_proto, seen.src_port, seen.l4_offset, seen.payload_len), (17, 0, 94, 13));
    }

    #[test]
    fn an_authentication_header_may_protect_a_tunnel() {
        let payload = join(&[&[41, 4], &[0; 22], &inner_v6()]);
        is_inner(&check_v6(51, &payload, "eth:ipv6:ah:ipv6:udp", 0x0800000040028000));
    }

    #[test]
    fn an_extension_header_that_ends_behind_the_captured_bytes_ends_the_walk() {
        let endless = check_v6(0, &[17, 255, 1, 4, 0, 0, 0, 0], "eth:ipv6:ipv6.hopopts", 0x0800000800008000);
        assert_eq!(
            (endless.l4_proto, endless.src_port, endless.payload_len, endless.payload_offset),
            (17, 0, 0, 62)
        );
        let frame = over_ipv6(0, &join(&[&[17, 0, 1, 4, 0, 0, 0, 0], &udp(2000, 3000, b"hello")]));
        let seen = check_cut(ETHERNET, &frame, 61, "eth:ipv6", 0x0800000200008000);
        assert_eq!((seen.l4_proto, seen.payload_len), (0, 21));
        let seen = check_cut(ETHERNET, &frame, 69, "eth:ipv6:ipv6.hopopts", 0x0800000200008000);
        assert_eq!((seen.l4_proto, seen.src_port, seen.payload_len), (17, 0, 13));
    }

    #[test]
    fn a_cut_header_is_a_layer_2_flow() {
        let frame = eth(0x86dd, &inner_v6());
        let seen = check_cut(ETHERNET, &frame, 53, "eth:ipv6", 0x200000004);
        assert_eq!((seen.ethertype, seen.payload_offset, seen.payload_len), (0x86dd, 14, 53));
    }

    #[test]
    fn a_length_of_zero_means_the_rest_of_the_frame() {
        let mut frame = eth(0x86dd, &inner_v6());
        frame[18..20].fill(0);
        is_inner(&check(&frame, "eth:ipv6:udp", 0x0800800000008000));
    }

    #[test]
    fn transport_headers_over_ipv6_want_their_captured_bytes() {
        let frame = over_ipv6(6, &tcp(2000, 3000, b"hello"));
        let seen = check(&frame, "eth:ipv6:tcp", 0x0800000000008000);
        assert_eq!(
            (seen.src_port, seen.dst_port, seen.payload_len, seen.payload_offset),
            (2000, 3000, 5, 74)
        );
        let seen = check_cut(ETHERNET, &frame, 73, "eth:ipv6:tcp", 0x0800000a00008000);
        assert_eq!((seen.src_port, seen.payload_len), (0, 5));
        let sctp = over_ipv6(132, &join(&[&udp(2000, 3000, &[0; 4]), &[0; 4]]));
        let seen = check(&sctp, "eth:ipv6:sctp", 0x0800000001008000);
        assert_eq!((seen.dst_port, seen.payload_len), (3000, 4));
        let seen = check_cut(ETHERNET, &sctp, 69, "eth:ipv6:sctp", 0x0800000a01008000);
        assert_eq!(seen.dst_port, 0);
        is_datagram(&check(
            &over_ipv6(136, &udp(2000, 3000, b"hello")),
            "eth:ipv6:udplite",
            0x0800000000008000,
        ));
    }
}
