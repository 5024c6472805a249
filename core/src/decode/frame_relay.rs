//! Frame Relay with an address of two bytes: multiprotocol encapsulation (RFC 2427), or an ethertype directly
//! behind the address, as Cisco routers send it.
//!
//! What comes in: the offset of the address. What goes out: where decoding goes on, or a layer-2 flow with the name
//! of the network layer.

use super::ether;
use super::link::point_to_point;
use super::names::{Name, of_nlpid};
use super::walk::{Next, Walk};

const ADDRESS: usize = 2;
/// Control field: unnumbered information. No ethertype begins with this byte.
const UNNUMBERED: u8 = 0x03;

/// Network layer protocol identifiers with branches of their own (ISO/IEC TR 9577, RFC 2427 §4).
mod nlpid {
    pub(super) const SNAP: u8 = 0x80;
    pub(super) const IPV6: u8 = 0x8e;
    pub(super) const IPV4: u8 = 0xcc;
    pub(super) const PPP: u8 = 0xcf;
}

/// RFC 2427 §4.2: the organisation and the protocols of bridged Ethernet, with and without check sequence.
const BRIDGED: [[u8; 5]; 2] = [[0x00, 0x80, 0xc2, 0, 1], [0x00, 0x80, 0xc2, 0, 7]];

/// A Frame Relay header.
pub(super) fn decode(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Fr);
    let at = at + ADDRESS;
    match walk.array(at) {
        // A byte of padding may align what follows.
        Some([UNNUMBERED, 0, nlpid]) => multiprotocol(walk, nlpid, at + 3),
        Some([UNNUMBERED, nlpid, _]) => multiprotocol(walk, nlpid, at + 2),
        _ => ether::type_field(walk, at),
    }
}

fn multiprotocol(walk: &mut Walk<'_>, nlpid: u8, at: usize) -> Next {
    match nlpid {
        nlpid::IPV4 => Next::ipv4(at),
        nlpid::IPV6 => Next::ipv6(at),
        nlpid::PPP => point_to_point(walk, at),
        nlpid::SNAP => snap(walk, at),
        other => {
            walk.label(of_nlpid(other));
            walk.layer2(control_and(other), at)
        }
    }
}

/// The two bytes that stand where an ethertype may, as the type of a layer-2 flow.
fn control_and(nlpid: u8) -> u16 {
    u16::from_be_bytes([UNNUMBERED, nlpid])
}

/// Of other organisations the two bytes of the protocol are taken for an ethertype, as behind LLC.
fn snap(walk: &mut Walk<'_>, at: usize) -> Next {
    let Some(header) = walk.array::<5>(at) else {
        return walk.layer2(control_and(nlpid::SNAP), at);
    };
    if BRIDGED.contains(&header) {
        return ether::bridged(walk, at + 5);
    }
    Next::Ethertype { value: u16::from_be_bytes([header[3], header[4]]), at: at + 5 }
}

#[cfg(test)]
mod tests {
    use weir_sdk::packet::NO_OFFSET;

    use super::super::link::link_type::{FRAME_RELAY, FRAME_RELAY_WITH_DIR};
    use super::super::testing::*;
    use crate::decode::NoFlow;

    /// Address of DLCI 100, control, and what stands behind.
    fn relay(header: &[u8], payload: &[u8]) -> Vec<u8> {
        join(&[&[0x18, 0x41], header, payload])
    }

    #[test]
    fn an_ethertype_may_stand_behind_the_address() {
        let seen = check_on(FRAME_RELAY, &relay(&[8, 0], &inner_v4()), "fr:ipv4:udp", 0x0400000000004002);
        assert_eq!((seen.l3_offset, seen.src_mac_offset, seen.dst_mac_offset), (4, NO_OFFSET, NO_OFFSET));
        is_inner(&seen);
        let seen =
            check_on(FRAME_RELAY, &relay(&[0x86, 0xdd], &inner_v6()), "fr:ipv6:udp", 0x0800000000008002);
        is_inner(&seen);
    }

    #[test]
    fn a_byte_of_direction_may_stand_in_front_of_the_address() {
        let frame = join(&[&[1], &relay(&[8, 0], &inner_v4())]);
        is_inner(&check_on(FRAME_RELAY_WITH_DIR, &frame, "fr:ipv4:udp", 0x0400000000004002));
        let frame = join(&[&[0], &relay(&[3, 0xcc], &inner_v4())]);
        is_inner(&check_on(FRAME_RELAY_WITH_DIR, &frame, "fr:ipv4:udp", 0x0400000000004002));
    }

    #[test]
    fn a_network_layer_identifier_leads_to_ip_with_and_without_padding() {
        for header in [&[3, 0xcc][..], &[3, 0, 0xcc]] {
            let frame = relay(header, &inner_v4());
            is_inner(&check_on(FRAME_RELAY, &frame, "fr:ipv4:udp", 0x0400000000004002));
        }
        let frame = relay(&[3, 0x8e], &inner_v6());
        is_inner(&check_on(FRAME_RELAY, &frame, "fr:ipv6:udp", 0x0800000000008002));
        let frame = relay(&[3, 0xcf, 0, 0x21], &inner_v4());
        is_inner(&check_on(FRAME_RELAY, &frame, "fr:ppp:ipv4:udp", 0x0400000000006002));
    }

    #[test]
    fn snap_leads_to_an_ethertype_or_to_a_bridged_frame() {
        let frame = relay(&[3, 0, 0x80, 0, 0, 0, 8, 0], &inner_v4());
        is_inner(&check_on(FRAME_RELAY, &frame, "fr:ipv4:udp", 0x0400000000004002));
        for protocol in [1, 7] {
            let frame = relay(&[3, 0, 0x80, 0, 0x80, 0xc2, 0, protocol], &eth(0x0800, &inner_v4()));
            let seen = check_on(FRAME_RELAY, &frame, "fr:eth:ipv4:udp", 0x0400000000004000);
            assert_eq!((seen.dst_mac_offset, seen.src_mac_offset), (10, 16));
            is_inner(&seen);
        }
        let frame = relay(&[3, 0, 0x80, 0, 0, 0x0c, 0x20, 0], &[2; 9]);
        let seen = check_on(FRAME_RELAY, &frame, "fr:cdp", 0x6);
        assert_eq!((seen.ethertype, seen.payload_len), (0x2000, 9));
    }

    #[test]
    fn other_network_layers_are_layer_2_flows() {
        let seen = check_on(FRAME_RELAY, &relay(&[3, 0x83], &[0x1b; 12]), "fr:osi", 0x6);
        assert_eq!((seen.ethertype, seen.payload_offset, seen.payload_len), (0x0383, 4, 12));
        check_on(FRAME_RELAY, &relay(&[3, 8], &[0; 12]), "fr:UNK(0x08)", 0x80000000006);
    }

    #[test]
    fn a_cut_header_ends_where_it_was_understood() {
        let frame = relay(&[3, 0, 0x80, 0, 0, 0, 8, 0], &inner_v4());
        assert_eq!(check_cut(FRAME_RELAY, &frame, 9, "fr", 0x6).ethertype, 0x0380);
        check_cut(FRAME_RELAY, &frame, 12, "fr:ipv4", 0x200000006);
        check_none(FRAME_RELAY, &frame[..3], NoFlow::ShortLinkHeader);
    }
}
