//! PPPoE (RFC 2516).
//!
//! What comes in: the first byte behind ethertype 0x8863 or 0x8864. What goes out: the IP header of a session,
//! or its end with the name of the PPP protocol.

use weir_sdk::status;

use super::names::{Name, ethertype, of_ppp, ppp_protocol};
use super::walk::{Next, Walk};

/// Length of the PPPoE header; the PPP protocol follows, never compressed (RFC 2516 §7).
const HEADER: usize = 6;

/// A session packet.
pub(super) fn session(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Pppoes);
    walk.name(Name::Ppp);
    walk.mark(status::PPPOE_SESSION);
    let behind = at + HEADER + 2;
    match walk.u16(at + HEADER) {
        Some(ppp_protocol::IPV4) => Next::ipv4(behind),
        Some(ppp_protocol::IPV6) => Next::ipv6(behind),
        Some(protocol) => {
            walk.label(of_ppp(protocol));
            layer2(walk, at)
        }
        None => layer2(walk, at),
    }
}

/// What carries no IP is a layer-2 flow, inside a tunnel that of the inner frame.
fn layer2(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.payload_end = payload_end(walk, at);
    walk.layer2(ethertype::PPPOE_SESSION, at)
}

/// Where the length field says that the payload ends.
pub(super) fn payload_end(walk: &Walk<'_>, at: usize) -> Option<usize> {
    walk.u16(at + 4).map(|len| at + HEADER + usize::from(len))
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;
    use crate::decode::NoFlow;

    fn session_frame(protocol: u16, payload: &[u8]) -> Vec<u8> {
        let len = (payload.len() as u16 + 2).to_be_bytes();
        eth(0x8864, &join(&[&[0x11, 0, 0, 1], &len, &protocol.to_be_bytes(), payload]))
    }

    #[test]
    fn a_session_leads_to_ip() {
        is_inner(&check(&session_frame(0x0021, &inner_v4()), "eth:pppoes:ppp:ipv4:udp", 0x0400000000004010));
        is_inner(&check(&session_frame(0x0057, &inner_v6()), "eth:pppoes:ppp:ipv6:udp", 0x0800000000008010));
    }

    #[test]
    fn other_ppp_protocols_are_layer_2_flows() {
        let facts =
            check(&padded(session_frame(0x8057, &[0; 4])), "eth:pppoes:ppp:UNK(0x8057)", 0x80000000014);
        assert_eq!((facts.ethertype, facts.payload_len, facts.padding_len), (0x8864, 46, 34));
        check(&session_frame(0xc021, &[0; 4]), "eth:pppoes:ppp:lcp", 0x14);
    }

    #[test]
    fn discovery_has_a_bit_of_its_own() {
        let facts = check(&padded(eth(0x8863, &[0x11, 9, 0, 0, 0, 4])), "eth:pppoed", 0xc);
        assert_eq!(facts.padding_len, 36);
    }

    #[test]
    fn the_ip_header_stands_behind_eight_bytes() {
        let seen = decode(&session_frame(0x0021, &inner_v4()));
        assert_eq!((seen.l3_offset, seen.dst_mac_offset), (22, 0));
    }

    #[test]
    fn another_version_behind_the_protocol_has_no_flow() {
        check_none(ETHERNET, &session_frame(0x0021, &inner_v6()), NoFlow::WrongIpVersion);
    }

    #[test]
    fn a_cut_session_is_a_layer_2_flow() {
        let frame = session_frame(0x0021, &inner_v4());
        let seen = check_cut(ETHERNET, &frame, 21, "eth:pppoes:ppp", 0x14);
        assert_eq!((seen.ethertype, seen.payload_offset, seen.payload_len), (0x8864, 14, 41));
        check_cut(ETHERNET, &frame, 30, "eth:pppoes:ppp:ipv4", 0x200000014);
    }

    #[test]
    fn inside_a_tunnel_what_carries_no_ip_is_a_layer_2_flow_of_the_inner_frame() {
        let tunnel = |frame: &[u8]| over_udp(5000, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], frame]));
        let session = tunnel(&session_frame(0xc021, &[0; 4]));
        let seen = check(&session, "eth:ipv4:udp:vxlan:eth:pppoes:ppp:lcp", 0x0400000000400014);
        assert_eq!((seen.ethertype, seen.dst_mac_offset, seen.payload_len), (0x8864, 50, 12));
        assert_eq!((seen.ip_version, seen.src_port, seen.addresses), (0, 0, None));
        let discovery = tunnel(&eth(0x8863, &[0x11, 9, 0, 0, 0, 0]));
        let seen = check(&discovery, "eth:ipv4:udp:vxlan:eth:pppoed", 0x040000000040000c);
        assert_eq!((seen.ethertype, seen.dst_mac_offset, seen.payload_len), (0x8863, 50, 6));
    }
}
