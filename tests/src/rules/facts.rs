//! What the rules ask about: what a row or a pair says of itself.

use crate::compare::Pair;
use crate::rules::{our_row_differs, reference_row_differs};
use crate::table::{Row, bits};

/// Bits of `flowStat`.
pub(super) mod status {
    pub(in crate::rules) const INVERTED: u64 = 0x1;
    pub(in crate::rules) const NO_ETHERNET: u64 = 0x2;
    pub(in crate::rules) const LAYER_2: u64 = 0x4;
    pub(in crate::rules) const GRE: u64 = 0x1000;
    pub(in crate::rules) const IPV4_FLOW: u64 = 0x4000;
    pub(in crate::rules) const IPV6_FLOW: u64 = 0x8000;
    pub(in crate::rules) const IP_IN_IP: u64 = 0x2_0000;
    pub(in crate::rules) const ETHERNET_IN_IP: u64 = 0x4_0000;
    pub(in crate::rules) const ESP: u64 = 0x8000_0000;
    pub(in crate::rules) const LAYER_3_SNAPPED: u64 = 0x2_0000_0000;
    pub(in crate::rules) const LAYER_4_SNAPPED: u64 = 0x8_0000_0000;
    pub(in crate::rules) const FRAGMENT: u64 = 0xf0_0000_0000;
    pub(in crate::rules) const HEADLESS_FRAGMENT: u64 = 0x40_0000_0000;
    pub(in crate::rules) const STOPPED: u64 = 0x800_0000_0000;
    pub(in crate::rules) const DESCRIPTION_OVERFLOW: u64 = 0x1_0000_0000_0000;
    pub(in crate::rules) const TIME_JUMP: u64 = 0x8_0000_0000_0000;
}

pub(super) const TCP: &[u8] = &[6];
pub(super) const UDP: &[u8] = &[17];
pub(super) const SCTP: &[u8] = &[132];
pub(super) const UDP_LITE: &[u8] = &[136];
pub(super) const GRE: &[u8] = &[47];
pub(super) const AH: &[u8] = &[51];

/// Ports of AYIYA, GTP, VXLAN, GENEVE, CAPWAP, LWAPP, L2TP and Teredo.
const TUNNEL_PORTS: &[u16] =
    &[5072, 2123, 2152, 3386, 4789, 8472, 4790, 6081, 5246, 5247, 12222, 12223, 1701, 3544];
const TUNNEL_NAMES: &[&str] =
    &[":ayiya", ":gtp", ":vxlan", ":geneve", ":capwap", ":lwapp", ":l2tp", ":teredo"];
const GENEVE_PORT: &[u16] = &[6081];
/// Tunnels over UDP that carry whole Ethernet frames.
const ETHERNET_TUNNELS: &[&str] = &[":vxlan", ":geneve", ":capwap"];

/// Whether the reference's destination address is a field of the Linux cooked header.
pub fn is_cooked(row: &Row<'_>) -> bool {
    row.descriptions().any(|text| text.starts_with("sll"))
}

/// Whether this is a flow of a layer below IP.
pub fn is_layer_2(row: &Row<'_>) -> bool {
    row.status(status::LAYER_2)
}

/// Whether both name the same port of a protocol that has ports.
pub(super) fn is_named_by_another_table(pair: &Pair<'_>) -> bool {
    let has_ports = [TCP, UDP, SCTP, UDP_LITE].iter().any(|protocol| pair.reference.protocol_is(protocol));
    has_ports && pair.ours.cell("dstPortClassN") == pair.reference.cell("dstPortClassN")
}

pub(super) fn is_layer_2_without_addresses(row: &Row<'_>) -> bool {
    is_layer_2(row) && row.status(status::NO_ETHERNET)
}

pub(super) fn is_layer_2_of_wlan(row: &Row<'_>) -> bool {
    is_layer_2(row) && row.describes("wlan")
}

pub(super) fn is_layer_2_of_cooked(row: &Row<'_>) -> bool {
    is_layer_2(row) && is_cooked(row)
}

pub(super) fn is_mpls_on_ppp(row: &Row<'_>) -> bool {
    row.descriptions().any(|text| text.starts_with("ppp:mpls"))
}

pub(super) fn is_ipv6_fragment(row: &Row<'_>) -> bool {
    row.describes("ipv6.fraghdr") && row.status(status::FRAGMENT)
}

pub(super) fn names_tunnel(row: &Row<'_>) -> bool {
    TUNNEL_NAMES.iter().any(|name| row.describes(name))
}

pub(super) fn is_on_undecoded_tunnel_port(row: &Row<'_>) -> bool {
    row.protocol_is(UDP) && row.port_is(TUNNEL_PORTS) && !names_tunnel(row)
}

pub(super) fn is_undecoded_geneve(row: &Row<'_>) -> bool {
    row.protocol_is(UDP) && row.port_is(GENEVE_PORT) && !row.describes(":geneve")
}

pub(super) fn is_undecoded_nested_tunnel(row: &Row<'_>) -> bool {
    row.status(status::GRE | status::ETHERNET_IN_IP | status::IP_IN_IP)
        && row.status(status::IPV4_FLOW)
        && is_on_undecoded_tunnel_port(row)
}

pub(super) fn is_nested_tunnel(row: &Row<'_>) -> bool {
    let carriers = [":gre", ":etherip", "ipv4:ipv4", "ipv6:ipv4", "ipv4:ipv6"];
    carriers.iter().any(|carrier| TUNNEL_NAMES.iter().any(|name| row.describes_inside(carrier, name)))
}

pub(super) fn is_undecoded_tunnel_over_ipv6(row: &Row<'_>) -> bool {
    row.status(status::IPV6_FLOW) && is_on_undecoded_tunnel_port(row)
}

pub(super) fn is_tunnel_over_ipv6(row: &Row<'_>) -> bool {
    TUNNEL_NAMES.iter().any(|name| row.describes_inside("ipv6", name))
}

pub(super) fn is_vlan_in_tunnel(row: &Row<'_>) -> bool {
    ETHERNET_TUNNELS.iter().any(|tunnel| row.describes_inside(tunnel, ":vlan"))
}

pub(super) fn is_undecoded_ipv6_in_gre(row: &Row<'_>) -> bool {
    let is_carrier = row.describes(":gre:ipv6") && row.status(status::STOPPED);
    // An inner IPv6 header over an IPv6 carrier is parsed as GRE again: undefined.
    is_carrier || row.describes_inside("ipv6", ":gre")
}

/// The header of the transport lies behind the captured bytes.
pub(super) fn is_cut_in_layer_4(row: &Row<'_>) -> bool {
    row.status(status::LAYER_3_SNAPPED) && row.status(status::LAYER_4_SNAPPED)
}

pub(super) fn opposite_differs(pair: &Pair<'_>) -> bool {
    pair.opposite.as_ref().is_some_and(|row| reference_row_differs(row).is_some())
        || pair.our_opposite.as_ref().is_some_and(|row| our_row_differs(row).is_some())
}

/// A difference of seconds that was negative before it became a u32.
pub(super) const WRAPPED: f64 = 2_147_483_648.0;

/// Time went back between two packets of this direction.
pub(super) fn own_gap_wrapped(row: &Row<'_>) -> bool {
    row.number("maxIAT") >= WRAPPED
}

/// Time went back in either direction.
pub(super) fn gap_wrapped(pair: &Pair<'_>) -> bool {
    own_gap_wrapped(&pair.reference) || pair.opposite.as_ref().is_some_and(own_gap_wrapped)
}

pub(super) fn only_ours_jumps(pair: &Pair<'_>) -> bool {
    pair.ours.status(status::TIME_JUMP)
}

pub(super) fn is_headless_tcp(pair: &Pair<'_>) -> bool {
    pair.reference.status(status::HEADLESS_FRAGMENT) && pair.reference.protocol_is(TCP)
}

pub(super) fn has_bytes_before_layer_2(row: &Row<'_>) -> bool {
    let links = ["radiotap", "prism", "ppi", "isl", "fpp", "juniper"];
    links.iter().any(|link| row.descriptions().any(|text| text.starts_with(link)))
        || row.describes(":pwethcw")
}

pub(super) fn has_no_layer_2_length(pair: &Pair<'_>) -> bool {
    is_layer_2(&pair.reference)
        && pair.reference.cell("ethType") != "0x0806"
        && !pair.reference.describes(":llc")
}

/// The ids of a VLAN cell, outermost first.
pub(super) fn vlan_ids(cell: &str) -> impl Iterator<Item = u16> {
    cell.split(';').filter_map(|tag| tag.parse::<u16>().ok()).map(|tag| tag & 0x0fff)
}

/// The id of the innermost tag; 0 without tag.
pub fn innermost_vlan(row: &Row<'_>) -> u16 {
    vlan_ids(row.cell("vlanID")).last().unwrap_or(0)
}

pub(super) fn same_vlan_ids(reference: &str, ours: &str) -> bool {
    vlan_ids(reference).eq(ours.split(';').filter_map(|tag| tag.parse::<u16>().ok()))
}

/// Turns the two bytes in every `ppp:UNK(0x1234)`.
pub(super) fn same_but_for_ppp_byte_order(reference: &str, ours: &str) -> bool {
    const NUMBER: &str = "ppp:UNK(0x";
    let mut parts = reference.split(NUMBER);
    let mut turned = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (Some(high), Some(low), Some(rest)) = (part.get(0..2), part.get(2..4), part.get(4..)) else {
            return false;
        };
        turned = turned + NUMBER + low + high + rest;
    }
    turned == ours
}

/// The reference prints 0 as long as no flow of the run scaled its windows, and what the own option says from
/// then on; ours says whether this flow scales.
pub(super) fn scale_is_of_the_run(pair: &Pair<'_>) -> bool {
    let offered = shift(&pair.ours).unwrap_or(0);
    let reference = pair.reference.cell("tcpWS");
    let is_offered = reference.parse() == Ok(1_u32.checked_shl(offered.into()).unwrap_or(0) as u16);
    reference == "0" || (pair.ours.cell("tcpWS") == "0" && is_offered)
}

/// Equal but for the separator that the reference loses, and for its last field, which may be that of no scaling.
pub(super) fn same_fingerprint(reference: &str, ours: &str) -> bool {
    let (Some((reference, their_shift)), Some((ours, shift))) =
        (reference.rsplit_once('_'), ours.rsplit_once('_'))
    else {
        return false;
    };
    let same_shift = their_shift == shift || their_shift == "00" || (their_shift, shift) == ("0", "00");
    same_shift && reference.replace('_', "") == ours.replace('_', "")
}

/// The shift that our fingerprint ends with, if the option was there.
fn shift(row: &Row<'_>) -> Option<u8> {
    row.cell("tcpJA4T").rsplit('_').next().and_then(|shift| shift.parse().ok())
}

/// Whether a row of the reference or its opposite is such a one.
pub(super) fn either(pair: &Pair<'_>, is_such: fn(&Row<'_>) -> bool) -> bool {
    is_such(&pair.reference) || pair.opposite.as_ref().is_some_and(is_such)
}

pub(super) fn is_fragmented_tcp_row(row: &Row<'_>) -> bool {
    row.status(status::FRAGMENT) && row.protocol_is(TCP)
}

pub(super) fn is_fragmented_tcp(pair: &Pair<'_>) -> bool {
    is_fragmented_tcp_row(&pair.reference)
}

/// A TCP header, or its options, ends beyond the datagram.
pub(super) fn is_short_tcp_row(row: &Row<'_>) -> bool {
    row.status(status::LAYER_4_SNAPPED) && row.protocol_is(TCP)
}

pub(super) fn is_short_tcp(pair: &Pair<'_>) -> bool {
    is_short_tcp_row(&pair.reference)
}

/// The window shift, which our fingerprint ends with, is above 14.
pub(super) fn shifts_far(row: &Row<'_>) -> bool {
    shift(row).is_some_and(|shift| shift > 14)
}

pub(super) fn shifts_far_in_opposite(pair: &Pair<'_>) -> bool {
    pair.our_opposite.as_ref().is_some_and(shifts_far)
}

pub(super) fn sequence_wraps(pair: &Pair<'_>) -> bool {
    let wraps = |row: &Row<'_>| row.number("tcpISeqN") + row.number("tcpSeqSntBytes") >= 4_294_901_760.0;
    wraps(&pair.reference) || pair.opposite.as_ref().is_some_and(wraps)
}

pub(super) fn same_in_other_byte_order(reference: &str, ours: &str) -> bool {
    let turned = bits(reference).and_then(|value| u32::try_from(value).ok()).map(u32::swap_bytes);
    turned.is_some() && turned.map(u64::from) == bits(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_bits_of_the_reference_are_dropped_and_ids_compared() {
        assert!(same_vlan_ids("24581;7", "5;7"));
        assert!(!same_vlan_ids("24581", "6") && !same_vlan_ids("5", "24581") && !same_vlan_ids("5;7", "5"));
    }

    #[test]
    fn ppp_numbers_agree_in_network_order_only() {
        assert!(same_but_for_ppp_byte_order("eth:pppoes:ppp:UNK(0x5780)", "eth:pppoes:ppp:UNK(0x8057)"));
        assert!(!same_but_for_ppp_byte_order("eth:pppoes:ppp:UNK(0x5780)", "eth:pppoes:ppp:UNK(0x5780)"));
        assert!(!same_but_for_ppp_byte_order("eth:UNK(0x5780)", "eth:UNK(0x8057)"));
    }

    #[test]
    fn a_fingerprint_without_its_separator_agrees() {
        assert!(same_fingerprint("1000_2-1-31460_7", "1000_2-1-3_1460_7"));
        assert!(same_fingerprint("1000_2-1-31460_00", "1000_2-1-3_1460_7"));
        assert!(same_fingerprint("1000_00_00_0", "1000_00_00_00"));
        assert!(!same_fingerprint("1000_2-1-31460_7", "1000_2-1-4_1460_7"));
        assert!(!same_fingerprint("1000_2-1-31460_7", "1000_2-1-3_1460_8"));
    }

    #[test]
    fn a_gateway_time_agrees_in_network_order() {
        assert!(same_in_other_byte_order("0x05003412", "0x12340005"));
        assert!(!same_in_other_byte_order("0x05003412", "0x05003412"));
    }
}
