//! IPv4 headers (RFC 791).
//!
//! What comes in: the offset of a header. What goes out: the header as the innermost one of the walk, and what
//! its protocol leads to; a later fragment leads nowhere.

use weir_sdk::status;

use super::names::{Name, ethertype, of_protocol};
use super::walk::{Fragment, IpHeader, Next, Walk, no_flow};
use super::{NoFlow, lengths, protocol};

const HEADER: usize = 20;

/// Positions in the header.
mod field {
    pub(super) const TOTAL_LENGTH: usize = 2;
    pub(super) const IDENTIFICATION: usize = 4;
    pub(super) const FRAGMENT: usize = 6;
    pub(super) const PROTOCOL: usize = 9;
}

const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;

/// An IPv4 header.
pub(super) fn decode(walk: &mut Walk<'_>, at: usize, in_gre: bool) -> Next {
    walk.name(Name::Ipv4);
    let Some(header) = walk.array::<HEADER>(at) else {
        return walk.cut_ip_header(ethertype::IPV4, at);
    };
    if header[0] >> 4 != 4 {
        return no_flow(NoFlow::WrongIpVersion);
    }
    if header[0] & 0x0f < 5 {
        return no_flow(NoFlow::BadIpv4HeaderLength);
    }
    walk.mark(status::IPV4_SEEN);
    let ip = read(walk, &header, at, in_gre);
    walk.ip = Some(ip);
    if ip.fragment.offset > 0 {
        walk.label(of_protocol(ip.protocol));
        return walk.stop();
    }
    protocol::decode(walk, ip)
}

fn read(walk: &mut Walk<'_>, header: &[u8; HEADER], at: usize, in_gre: bool) -> IpHeader {
    let word = |position: usize| u16::from_be_bytes([header[position], header[position + 1]]);
    let len = lengths::l3(walk, at, word(field::TOTAL_LENGTH), 0);
    if len < HEADER {
        walk.mark(status::L3_SHORT);
    }
    let fragment = word(field::FRAGMENT);
    IpHeader {
        version: 4,
        at,
        len,
        l4_at: at + usize::from(header[0] & 0x0f) * 4,
        protocol: header[field::PROTOCOL],
        fragment: Fragment {
            id: u32::from(word(field::IDENTIFICATION)),
            offset: fragment & FRAGMENT_OFFSET,
            more: fragment & MORE_FRAGMENTS != 0,
        },
        in_gre,
        has_l4: false,
        src_port: 0,
        dst_port: 0,
        l4_len: None,
        macs: walk.macs,
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::packet::flag;

    use super::super::link::link_type;
    use super::super::testing::*;
    use crate::decode::NoFlow;

    #[test]
    fn a_udp_datagram_has_its_ports_and_lengths() {
        let facts = check(&eth(0x0800, &inner_v4()), "eth:ipv4:udp", 0x0400000000004000);
        is_inner(&facts);
        assert_eq!((facts.l3_offset, facts.l4_offset, facts.payload_offset), (14, 34, 42));
        assert_eq!((facts.l3_len, facts.l4_proto, facts.ip_version), (33, 17, 4));
        assert_eq!((facts.ethertype, facts.fragment_id, facts.flags), (0x0800, 7, flag::HAS_L4));
    }

    #[test]
    fn fragments_of_a_datagram_share_a_description() {
        let first = eth(0x0800, &ipv4_fragment(17, 0x2000, &udp(2000, 3000, &[1; 8])));
        let facts = check(&first, "eth:ipv4:udp", 0x0400000000004000);
        assert_eq!(facts.flags, flag::HAS_L4 | flag::FIRST_FRAGMENT | flag::MORE_FRAGMENTS);
        assert_eq!((facts.src_port, facts.payload_len), (2000, 8));
        let last = eth(0x0800, &ipv4_fragment(17, 0x0002, &udp(2000, 3000, &[1; 8])));
        let facts = check(&last, "eth:ipv4:udp", 0x0400080000004000);
        assert_eq!((facts.flags, facts.fragment_offset), (flag::LATER_FRAGMENT, 2));
        assert_eq!((facts.src_port, facts.payload_len, facts.payload_offset), (0, 16, 34));
    }

    #[test]
    fn a_length_of_zero_means_the_rest_of_the_frame() {
        let mut frame = eth(0x0800, &inner_v4());
        frame[16..18].fill(0);
        is_inner(&check(&frame, "eth:ipv4:udp", 0x0400800000004000));
    }

    #[test]
    fn bad_headers_have_no_flow() {
        let with_first = |byte: u8| {
            let mut packet = inner_v4();
            packet[0] = byte;
            packet
        };
        let short = decode_on(link_type::ETHERNET, &eth(0x0800, &with_first(0x44)));
        assert_eq!(short.err(), Some(NoFlow::BadIpv4HeaderLength));
        assert_eq!(decode_on(link_type::IPV4, &with_first(0x65)).err(), Some(NoFlow::WrongIpVersion));
    }

    #[test]
    fn a_cut_packet_keeps_its_wire_lengths() {
        let frame = eth(0x0800, &ipv4(17, &udp(2000, 3000, &[0xee; 100])));
        let seen = decode_cut(link_type::ETHERNET, &frame[..60], frame.len()).expect("a flow");
        assert_eq!((seen.facts.status, seen.facts.payload_len), (0x0400000200004000, 100));
        let seen = decode_cut(link_type::ETHERNET, &frame[..40], frame.len()).expect("a flow");
        assert_eq!((seen.facts.status, seen.facts.payload_len), (0x0400000a00004000, 100));
        assert_eq!((seen.facts.src_port, seen.facts.payload_offset), (2000, 40));
    }

    #[test]
    fn options_are_part_of_the_header() {
        let mut packet = join(&[&inner_v4()[..20], &[1; 4], &udp(2000, 3000, b"hello")]);
        packet[0] = 0x46;
        packet[3] += 4;
        let facts = check(&eth(0x0800, &packet), "eth:ipv4:udp", 0x0400000000004000);
        is_datagram(&facts);
        assert_eq!(facts.l4_offset, 38);
    }

    #[test]
    fn padding_is_what_follows_the_packet() {
        let facts = check(&padded(eth(0x0800, &inner_v4())), "eth:ipv4:udp", 0x0400000000004000);
        assert_eq!((facts.padding_len, facts.payload_len), (13, 5));
    }
}
