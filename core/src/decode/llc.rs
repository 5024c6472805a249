//! IEEE 802.2 LLC, with SNAP.
//!
//! What comes in: the offset of the DSAP. What goes out: the ethertype of SNAP, an IP header, or a layer-2 flow
//! whose ethertype is DSAP and SSAP.

use weir_sdk::status;

use super::names::{Name, of_dsap};
use super::walk::{Next, Walk};

/// DSAP and SSAP of SNAP; the organisation code is not looked at.
const SNAP: u16 = 0xaaaa;
/// DSAP of IP (RFC 948).
const DSAP_IP: u8 = 0x06;

/// An LLC header; `value` is the length or the ethertype in front of it.
pub(super) fn decode(walk: &mut Walk<'_>, value: u16, at: usize) -> Next {
    walk.name(Name::Llc);
    let Some([dsap, ssap, control]) = walk.array(at) else {
        return walk.layer2(value, at);
    };
    let saps = u16::from_be_bytes([dsap, ssap]);
    if saps == SNAP {
        return match walk.u16(at + 6) {
            Some(value) => Next::Ethertype { value, at: at + 8 },
            None => walk.layer2(saps, at + 3),
        };
    }
    let behind = at + header_len(control);
    if dsap == DSAP_IP {
        return ip(walk, saps, behind);
    }
    walk.label(of_dsap(dsap));
    walk.layer2(saps, behind)
}

/// Information and supervisory frames have a second control byte (IEEE 802.2 §5.2).
pub(super) fn header_len(control: u8) -> usize {
    if control & 3 == 3 { 3 } else { 4 }
}

fn ip(walk: &mut Walk<'_>, saps: u16, at: usize) -> Next {
    walk.ip_by_nibble(at).unwrap_or_else(|| {
        walk.name(Name::Ipvx);
        walk.mark(status::IPVX);
        walk.layer2(saps, at)
    })
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    #[test]
    fn spanning_tree_is_named_by_its_dsap() {
        let facts = check(&padded(eth(38, &[0x42, 0x42, 0x03])), "eth:llc:stp", 0x4);
        assert_eq!((facts.ethertype, facts.payload_len, facts.padding_len), (0x4242, 43, 8));
    }

    #[test]
    fn a_control_field_of_two_bytes_makes_the_header_longer() {
        let facts = check(&padded(eth(4, &[0x42, 0x42, 0x01, 0x02])), "eth:llc:stp", 0x4);
        assert_eq!((facts.payload_len, facts.padding_len), (42, 42));
    }

    #[test]
    fn snap_leads_to_its_ethertype() {
        let snap = |payload: &[u8]| join(&[&[0xaa, 0xaa, 3, 0, 0, 0], payload]);
        let facts =
            check(&eth(41, &snap(&join(&[&[8, 0], &inner_v4()]))), "eth:llc:ipv4:udp", 0x0400000000004000);
        is_inner(&facts);
        let facts = check(&padded(eth(20, &snap(&[0x20, 0x00]))), "eth:llc:cdp", 0x4);
        assert_eq!((facts.ethertype, facts.payload_len, facts.padding_len), (0x2000, 38, 26));
    }

    #[test]
    fn dsap_6_is_ip_by_its_first_four_bits() {
        check(&eth(36, &join(&[&[6, 6, 3], &inner_v4()])), "eth:llc:ipv4:udp", 0x0400000000004000);
        check(&padded(eth(36, &[6, 6, 3, 0x10])), "eth:llc:ipvx", 0x10004);
    }

    #[test]
    fn an_unknown_dsap_stops_decoding() {
        check(&padded(eth(4, &[0x12, 0x12, 3])), "eth:llc:UNK(0x12)", 0x80000000004);
    }

    #[test]
    fn frames_without_length_may_begin_with_llc() {
        let seen = check(&padded(eth(0x8870, &[0xfe, 0xfe, 3, 0x83])), "eth:llc:osi", 0x4);
        assert_eq!((seen.ethertype, seen.payload_offset, seen.padding_len), (0xfefe, 17, 0));
    }

    #[test]
    fn the_organisation_of_snap_does_not_matter() {
        let snap = |organisation: [u8; 3], kind: [u8; 2]| {
            padded(eth(50, &join(&[&[0xaa, 0xaa, 3], &organisation, &kind])))
        };
        check(&snap([0, 0, 0x0c], [0x01, 0x0b]), "eth:llc:stp", 0x4);
        check(&snap([0, 0, 0x0c], [0x20, 0x04]), "eth:llc:dtp", 0x4);
        check(&snap([1, 2, 3], [0x12, 0x34]), "eth:llc:UNK(0x1234)", 0x80000000004);
    }

    #[test]
    fn tags_may_stand_in_front() {
        let frame = padded(tagged(&[7], 38, &[0x42, 0x42, 3]));
        let seen = check(&frame, "eth:vlan:llc:stp", 0x104);
        assert_eq!((seen.vlan_id, seen.payload_offset, seen.padding_len), (7, 21, 4));
    }

    #[test]
    fn dsap_6_may_carry_ipv6() {
        is_inner(&check(&eth(56, &join(&[&[6, 6, 3], &inner_v6()])), "eth:llc:ipv6:udp", 0x0800000000008000));
    }

    #[test]
    fn a_cut_header_is_a_layer_2_flow() {
        let frame = eth(41, &join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner_v4()]));
        assert_eq!(check_cut(ETHERNET, &frame, 16, "eth:llc", 0x4).ethertype, 41);
        let seen = check_cut(ETHERNET, &frame, 21, "eth:llc", 0x4);
        assert_eq!((seen.ethertype, seen.payload_offset), (0xaaaa, 17));
        check_cut(ETHERNET, &frame, 22, "eth:llc:ipv4", 0x200000004);
    }
}
