//! Ethernet headers, VLAN tags, and what ethertypes lead to outside of IP tunnels.
//!
//! What comes in: the offset of an Ethernet header or an ethertype. What goes out: the header behind, or a
//! layer-2 flow. Ethernet inside IP tunnels has rules of its own: `inner`.

use weir_sdk::status;

use super::chain::Layer;
use super::names::{Name, ethertype, of_ethertype};
use super::walk::{Macs, Next, Vlans, Walk, no_flow};
use super::{NoFlow, llc, mpls, pppoe};

/// Length of an Ethernet header without tags.
pub(super) const HEADER: usize = 14;
/// Captured bytes without which an Ethernet or Linux cooked frame gives no flow.
pub(super) const MIN_CAPTURED: usize = 16;
/// Highest value of the type field that is a length (IEEE 802.3 §3.2.6).
pub(super) const MAX_LENGTH: u16 = 1500;

/// The Ethernet header of a link.
pub(super) fn link_header(walk: &mut Walk<'_>, at: usize) -> Next {
    if walk.captured_from(at) < MIN_CAPTURED {
        return no_flow(NoFlow::ShortLinkHeader);
    }
    walk.name(Name::Eth);
    walk.macs = Macs::of_ethernet(at);
    type_field(walk, at + 12)
}

/// An Ethernet header behind that of a link without MAC addresses.
pub(super) fn bridged(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.status &= !status::NO_ETHERNET;
    link_header(walk, at)
}

/// An ethertype field of a link layer: tags, then LLC or a protocol.
pub(super) fn type_field(walk: &mut Walk<'_>, at: usize) -> Next {
    match walk.u16(at) {
        Some(value) => typed(walk, value, at + 2),
        None => no_flow(NoFlow::ShortLinkHeader),
    }
}

/// The payload of a link layer whose type value is known.
pub(super) fn typed(walk: &mut Walk<'_>, value: u16, at: usize) -> Next {
    let (value, at) = vlan_tags(walk, value, at);
    if value <= MAX_LENGTH {
        walk.payload_end = Some(at + usize::from(value));
        return llc::decode(walk, value, at);
    }
    if value == ethertype::JUMBO_LLC {
        return llc::decode(walk, value, at);
    }
    Next::Ethertype { value, at }
}

/// Steps over VLAN tags (IEEE 802.1Q): the ethertype behind them, and the first byte behind that.
pub(super) fn vlan_tags(walk: &mut Walk<'_>, mut value: u16, mut at: usize) -> (u16, usize) {
    let mut vlans = Vlans::default();
    while ethertype::is_vlan(value) {
        // A tag whose ethertype was not captured stays the last ethertype.
        let Some([control_high, control_low, type_high, type_low]) = walk.array(at) else { break };
        vlans.push(u16::from_be_bytes([control_high, control_low]) & 0x0fff);
        if vlans.innermost == 0 {
            walk.mark(status::VLAN_ID_ZERO);
        }
        value = u16::from_be_bytes([type_high, type_low]);
        at += 4;
    }
    if vlans.count > 0 {
        walk.mark(status::VLAN);
        walk.layer(Layer::with(Name::Vlan, vlans.count));
        walk.vlans = vlans;
    }
    (value, at)
}

/// What an ethertype leads to.
pub(super) fn dispatch(walk: &mut Walk<'_>, value: u16, at: usize) -> Next {
    match value {
        ethertype::IPV4 => ip(walk, value, at, 4),
        ethertype::IPV6 => ip(walk, value, at, 6),
        ethertype::MPLS_UNICAST | ethertype::MPLS_MULTICAST => mpls::decode(walk, value, at),
        ethertype::PPPOE_SESSION => pppoe::session(walk, at),
        ethertype::ERSPAN => erspan(walk, at),
        _ => layer2_protocol(walk, value, at),
    }
}

/// An IP header whose ethertype was read: the version must agree with it.
fn ip(walk: &mut Walk<'_>, value: u16, at: usize, version: u8) -> Next {
    if walk.nibble(at).is_some_and(|nibble| nibble != version) {
        walk.name(Name::Ipvx);
        walk.mark(status::IPVX);
        return walk.layer2(value, at);
    }
    if version == 4 { Next::ipv4(at) } else { Next::ipv6(at) }
}

/// ERSPAN directly on Ethernet: 8 bytes, then the mirrored frame.
fn erspan(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Erspan);
    walk.mark(status::ERSPAN);
    mirrored_frame(walk, ethertype::ERSPAN, at, at + 8)
}

/// An Ethernet header behind a header of type `value`, its own length field taken for an ethertype.
pub(super) fn mirrored_frame(walk: &mut Walk<'_>, value: u16, behind: usize, at: usize) -> Next {
    walk.name(Name::Eth);
    let Some(inner) = walk.u16(at + 12) else {
        return walk.layer2(value, behind);
    };
    walk.macs = Macs::of_ethernet(at);
    let (value, at) = vlan_tags(walk, inner, at + HEADER);
    Next::Ethertype { value, at }
}

/// A protocol that makes a layer-2 flow.
pub(super) fn layer2_protocol(walk: &mut Walk<'_>, value: u16, at: usize) -> Next {
    walk.label(of_ethertype(value));
    match value {
        ethertype::ARP | ethertype::AARP => walk.mark(status::ARP),
        ethertype::RARP => walk.mark(status::RARP),
        ethertype::LLDP => walk.mark(status::LLDP),
        ethertype::PPPOE_DISCOVERY => walk.mark(status::PPPOE_DISCOVERY),
        ethertype::SLOW => slow(walk, at),
        _ => {}
    }
    if walk.payload_end.is_none() {
        walk.payload_end = known_end(walk, value, at);
    }
    walk.layer2(value, at)
}

/// Slow protocols are told apart by their subtype, the first byte (IEEE 802.3 Annex 57A).
fn slow(walk: &mut Walk<'_>, at: usize) {
    match walk.u8(at) {
        Some(1) => walk.name(Name::Lacp),
        Some(2) => walk.name(Name::Marker),
        Some(3) => walk.name(Name::Oampdu),
        Some(10) => walk.name(Name::Ossp),
        _ => {}
    }
}

/// Where the payload ends, if the protocol tells: ARP for IPv4 over Ethernet takes 28 bytes (RFC 826).
fn known_end(walk: &Walk<'_>, value: u16, at: usize) -> Option<usize> {
    match value {
        ethertype::ARP | ethertype::RARP | ethertype::AARP => Some(at + 28),
        ethertype::PPPOE_DISCOVERY => pppoe::payload_end(walk, at),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::packet::NO_OFFSET;

    use super::super::link::link_type;
    use super::super::testing::*;
    use crate::decode::NoFlow;

    #[test]
    fn arp_counts_its_padding() {
        let facts = check(&padded(eth(0x0806, &[0; 28])), "eth:arp", 0x44);
        assert_eq!((facts.payload_len, facts.padding_len, facts.ethertype), (46, 18, 0x0806));
        assert_eq!((facts.l3_offset, facts.l4_offset, facts.payload_offset), (14, NO_OFFSET, 14));
        assert_eq!((facts.dst_mac_offset, facts.src_mac_offset, facts.ip_version), (0, 6, 0));
    }

    #[test]
    fn four_vlan_tags_show_the_outer_three_and_key_on_the_innermost() {
        let seen = decode(&tagged(&[1, 2, 3, 4], 0x0800, &inner_v4()));
        assert_eq!((seen.chain.as_str(), seen.count), ("eth:vlan{4}:ipv4:udp", 7));
        assert_eq!((seen.facts.vlan_tags, seen.facts.vlan_id, seen.facts.vlan_count), ([1, 2, 3], 4, 4));
    }

    #[test]
    fn priority_is_no_part_of_a_vlan_id_and_id_zero_is_marked() {
        let facts = check(&tagged(&[0x6005], 0x0800, &inner_v4()), "eth:vlan:ipv4:udp", 0x0400000000004100);
        assert_eq!(facts.vlan_id, 5);
        check(&tagged(&[0], 0x0800, &inner_v4()), "eth:vlan:ipv4:udp", 0x0600000000004100);
    }

    #[test]
    fn a_version_against_the_ethertype_is_a_layer_2_flow() {
        check(&eth(0x0800, &inner_v6()), "eth:ipvx", 0x10004);
        check(&eth(0x86dd, &inner_v4()), "eth:ipvx", 0x10004);
    }

    #[test]
    fn slow_protocols_are_named_by_their_subtype() {
        let facts = check(&padded(eth(0x8809, &[0x0a, 0x01])), "eth:slow:ossp", 0x4);
        assert_eq!((facts.payload_len, facts.padding_len), (46, 0));
        check(&padded(eth(0x8809, &[0x01, 0x01])), "eth:slow:lacp", 0x4);
    }

    #[test]
    fn an_unknown_ethertype_stops_decoding() {
        check(&padded(eth(0x1234, &[])), "eth:UNK(0x1234)", 0x80000000004);
    }

    #[test]
    fn erspan_on_ethernet_leads_to_the_mirrored_frame() {
        let frame = eth(0x88be, &join(&[&[0; 8], &eth(0x0800, &inner_v4())]));
        let facts = check(&frame, "eth:erspan:eth:ipv4:udp", 0x0400000004004000);
        assert_eq!((facts.dst_mac_offset, facts.src_mac_offset), (22, 28));
        is_inner(&facts);
    }

    #[test]
    fn a_frame_below_16_bytes_has_no_flow() {
        assert_eq!(decode_on(link_type::ETHERNET, &[0; 15]).err(), Some(NoFlow::ShortLinkHeader));
        assert_eq!(decode_on(link_type::ETHERNET, &[]).err(), Some(NoFlow::EmptyFrame));
    }

    #[test]
    fn a_cut_ip_header_leaves_a_layer_2_flow() {
        let frame = eth(0x0800, &inner_v4());
        let seen = decode_cut(link_type::ETHERNET, &frame[..30], frame.len()).expect("a flow");
        assert_eq!((seen.chain.as_str(), seen.facts.status), ("eth:ipv4", 0x200000004));
        assert_eq!((seen.facts.ethertype, seen.facts.payload_len), (0x0800, 33));
    }

    #[test]
    fn every_tag_protocol_is_a_vlan_tag() {
        for tag in [0x8100u16, 0x88a8, 0x9100, 0x9200] {
            let frame = eth(tag, &join(&[&[0, 5, 0x86, 0xdd], &inner_v6()]));
            let seen = check(&frame, "eth:vlan:ipv6:udp", 0x0800000000008100);
            assert_eq!((seen.vlan_id, seen.l3_offset), (5, 18));
            is_inner(&seen);
        }
        let stacked = eth(0x88a8, &join(&[&[0, 7, 0x81, 0, 0, 5, 8, 0], &inner_v4()]));
        let seen = check(&stacked, "eth:vlan{2}:ipv4:udp", 0x0400000000004100);
        assert_eq!((seen.vlan_tags, seen.vlan_id, seen.l3_offset), ([7, 5, 0], 5, 22));
        is_inner(&seen);
    }

    #[test]
    fn a_cut_tag_stays_the_last_ethertype() {
        let frame = tagged(&[7], 0x0800, &inner_v4());
        let seen = check_cut(link_type::ETHERNET, &frame, 17, "eth:vlan", 0x4);
        assert_eq!((seen.ethertype, seen.vlan_count, seen.payload_offset), (0x8100, 0, 14));
        let seen = check_cut(link_type::ETHERNET, &frame, 18, "eth:vlan:ipv4", 0x200000104);
        assert_eq!((seen.ethertype, seen.vlan_id), (0x0800, 7));
    }

    #[test]
    fn address_resolution_and_discovery_have_bits_of_their_own() {
        let bits = [
            (0x0806, "eth:arp", 0x44),
            (0x80f3, "eth:aarp", 0x44),
            (0x8035, "eth:rarp", 0x84),
            (0x88cc, "eth:lldp", 0x24),
        ];
        for (kind, chain, status) in bits {
            let seen = check(&padded(eth(kind, &[0; 28])), chain, status);
            assert_eq!((seen.ethertype, seen.payload_len, seen.ip_version), (kind, 46, 0));
        }
    }

    #[test]
    fn every_slow_protocol_has_a_name() {
        let names = [(1, "lacp"), (2, "marker"), (3, "oampdu"), (10, "ossp")];
        for (subtype, name) in names {
            check(&padded(eth(0x8809, &[subtype, 1])), &format!("eth:slow:{name}"), 0x4);
        }
        check(&padded(eth(0x8809, &[4, 1])), "eth:slow", 0x4);
        let frame = padded(eth(0x8809, &[1, 1]));
        check_none(link_type::ETHERNET, &frame[..14], NoFlow::ShortLinkHeader);
    }

    #[test]
    fn a_cut_mirrored_frame_is_a_layer_2_flow() {
        let frame = eth(0x88be, &join(&[&[0; 8], &eth(0x0800, &inner_v4())]));
        let seen = check_cut(link_type::ETHERNET, &frame, 35, "eth:erspan:eth", 0x4000004);
        assert_eq!((seen.ethertype, seen.payload_offset, seen.dst_mac_offset), (0x88be, 14, 0));
    }
}
