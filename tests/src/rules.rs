//! The one table of what a comparison with the reference leaves out, and why.
//!
//! A rule speaks about rows by what they say themselves (header description, status bits, ports), never about
//! a capture by name; the only names are those of [`UNDEFINED`]. A rule is asked only about cells that differ,
//! so it never hides an equal cell from the figures. `difference` is the row of the list of differences that a
//! rule stands on, or `rule` for the paragraph behind the rows, which settles what has no row.

mod facts;

use crate::compare::Pair;
use crate::table::Row;

use facts::*;
pub use facts::{innermost_vlan, is_cooked, is_layer_2};

/// One explained difference.
pub struct Rule {
    /// Row of the list of differences.
    pub difference: &'static str,
    /// Columns it speaks about; none means all.
    pub columns: &'static [&'static str],
    /// What it does with their cells.
    pub effect: Effect,
    /// Why the values differ.
    pub reason: &'static str,
}

/// What a rule does.
pub enum Effect {
    /// The column is never compared.
    NotCompared,
    /// Unequal cells of such a pair are left out.
    LeftOut(fn(&Pair<'_>) -> bool),
    /// These bits of a mask are left out in such a pair, the others are compared.
    Bits(u64, fn(&Pair<'_>) -> bool),
    /// The cell of the reference (first) and ours (second) say the same in other words.
    Agree(fn(&str, &str) -> bool),
    /// Such rows differ as a whole: those of the reference may be missing or hold other packets, those of ours
    /// may be additional.
    Rows {
        /// Names rows of the reference.
        reference: fn(&Row<'_>) -> bool,
        /// Names rows of ours.
        ours: fn(&Row<'_>) -> bool,
    },
}

/// What depends on the packets of the opposite direction.
const OF_THE_OPPOSITE: &[&str] = &[
    "dir",
    "pktsRcvd",
    "l7BytesRcvd",
    "pktAsm",
    "bytAsm",
    "tcpSSASAATrip",
    "tcpRTTAckTripMin",
    "tcpRTTAckTripMax",
    "tcpRTTAckTripAvg",
    "tcpRTTAckTripJitAvg",
    "tcpRTTSseqAA",
    "tcpRTTAckJitAvg",
    "tcpBFlgtMx",
    "tcpFlwLssAckRcvdBytes",
    "tcpAckFaultCnt",
    "tcpAnomaly",
    "tcpStatesAFlags",
    "icmpEchoSuccRatio",
];
/// What the TCP header of a packet goes into.
const OF_THE_TCP_HEADER: &[&str] = &[
    "tcpISeqN",
    "tcpPSeqCnt",
    "tcpSeqSntBytes",
    "tcpSeqFaultCnt",
    "tcpPAckCnt",
    "tcpFlwLssAckRcvdBytes",
    "tcpAckFaultCnt",
    "tcpBFlgtMx",
    "tcpInitWinSz",
    "tcpAvgWinSz",
    "tcpMinWinSz",
    "tcpMaxWinSz",
    "tcpWinSzDwnCnt",
    "tcpWinSzUpCnt",
    "tcpWinSzThRt",
    "tcpFlags",
    "tcpAnomaly",
    "tcpFStat",
];
/// What TCP options go into.
const OF_THE_TCP_OPTIONS: &[&str] = &[
    "tcpJA4T",
    "tcpOptPktCnt",
    "tcpOptCnt",
    "tcpOptions",
    "tcpMSS",
    "tcpWS",
    "tcpTmS",
    "tcpTmER",
    "tcpEcI",
    "tcpUtm",
    "tcpMPTBF",
    "tcpMPF",
    "tcpMPAID",
    "tcpMPDSSF",
];
/// What the flags of TCP segments steer in both directions.
const OF_THE_RESPONSES: &[&str] = &[
    "tcpSSASAATrip",
    "tcpRTTAckTripMin",
    "tcpRTTAckTripMax",
    "tcpRTTAckTripAvg",
    "tcpRTTAckTripJitAvg",
    "tcpRTTSseqAA",
    "tcpRTTAckJitAvg",
    "tcpAnomaly",
    "tcpAckFaultCnt",
];
/// What is read from the innermost IP header.
const OF_THE_IP_HEADER: &[&str] =
    &["ipMindIPID", "ipMaxdIPID", "ipMinTTL", "ipMaxTTL", "ipTTLChg", "ipToS", "ipFlags"];
/// What compares sequence numbers.
const OF_SEQUENCE_ORDER: &[&str] =
    &["tcpAnomaly", "tcpSeqFaultCnt", "tcpAckFaultCnt", "tcpFStat", "tcpStatesAFlags"];
/// What a window shift above 14 scales.
const OF_THE_WINDOW: &[&str] = &[
    "tcpWS",
    "tcpAvgWinSz",
    "tcpMinWinSz",
    "tcpMaxWinSz",
    "tcpWinSzDwnCnt",
    "tcpWinSzUpCnt",
    "tcpWinSzThRt",
    "tcpAnomaly",
    "tcpFStat",
];
const MAC_COLUMNS: &[&str] = &["srcMac", "dstMac", "macStat", "macPairs", "srcMac_dstMac_numP"];

/// Captures in which the reference does not read the packets that stand in the file: (path, reason).
pub const UNDEFINED: &[(&str, &str)] = &[
    ("gopacket/pcapgo__tests__be__test005.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__be__test006.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__be__test008.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__be__test100.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__be__test101.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__be__test201.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__le__test004.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__le__test006.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__le__test100.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__le__test102.pcapng", MIXED_INTERFACES),
    ("gopacket/pcapgo__tests__le__test202.pcapng", MIXED_INTERFACES),
    ("ndpi/fuzz-2021-06-07-c6c72a0a56.pcap", FRACTION),
    ("pcapplusplus/Packet++Test__PacketExamples__BgpPackets.pcap", MIXED_INTERFACES),
    ("pcapplusplus/Packet++Test__PacketExamples__WireGuard.pcap", MIXED_INTERFACES),
    ("pcapplusplus/Packet++Test__PacketExamples__dns_over_tcp.pcapng", MIXED_INTERFACES),
    ("pcapplusplus/Packet++Test__PacketExamples__gtp.pcap", MIXED_INTERFACES),
    ("pcapplusplus/Packet++Test__PacketExamples__gtpv2.pcap", MIXED_INTERFACES),
    ("pcapplusplus/Packet++Test__PacketExamples__ipsec.pcapng", MIXED_INTERFACES),
    ("pcapplusplus/Packet++Test__PacketExamples__ipv4-malformed.pcap", MIXED_INTERFACES),
    ("pcapplusplus/Pcap++Test__PcapExamples__many_interfaces-1.pcapng", MIXED_INTERFACES),
    ("pcapplusplus/Pcap++Test__PcapExamples__pcapng-example.pcapng", MIXED_INTERFACES),
    ("suricata-verify/bug-1450-05__tls_DER-incomplete-content.pcap", OVERSIZED_RECORD),
    ("tcpdump/rx_serviceid_oobr.pcap", FRACTION),
    ("tcpdump/timestamp_invalid_micro.pcap", FRACTION),
];
const MIXED_INTERFACES: &str =
    "interfaces of different link types or snap lengths: the reference drops or mixes packets";
const FRACTION: &str = "a microsecond field of a second or more: the reference keeps it modulo 2^32 ns";
const OVERSIZED_RECORD: &str = "a record above 262,144 bytes: the reference reads on behind its header";

/// Every explained difference.
pub const RULES: &[Rule] = &[
    // Columns that are not compared.
    Rule {
        difference: "Comparing",
        columns: &["flowInd"],
        effect: Effect::NotCompared,
        reason: "numbers of flows follow which flows exist",
    },
    Rule {
        difference: "Comparing",
        columns: &["srcMacLbl_dstMacLbl"],
        effect: Effect::NotCompared,
        reason: "vendor labels depend on a database",
    },
    Rule {
        difference: "5",
        columns: &["icmpPFindex"],
        effect: Effect::NotCompared,
        reason: "the reference prints the own flow; ours has the key of the quoted one in columns of its own",
    },
    Rule {
        difference: "4",
        columns: &["tcpBtm"],
        effect: Effect::NotCompared,
        reason: "the reference borrows a millionth of what it should",
    },
    Rule {
        difference: "20",
        columns: &["connNumPCnt", "connNumBCnt"],
        effect: Effect::NotCompared,
        reason: "counts of an address survive in a reused slot of the reference",
    },
    Rule {
        difference: "9",
        columns: &["tcpWinSzChgDirCnt"],
        effect: Effect::LeftOut(|pair| pair.reference.number("tcpWinSzChgDirCnt") > 0.0),
        reason: "the reference never leaves its up state",
    },
    // Rows that exist on one side only, or hold other packets.
    Rule {
        difference: "6",
        columns: &[],
        effect: Effect::Rows { reference: is_ipv6_fragment, ours: is_ipv6_fragment },
        reason: "later IPv6 fragments are a flow of their own in the reference",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows { reference: is_undecoded_geneve, ours: |row| row.describes(":geneve") },
        reason: "GENEVE with another payload than Ethernet or a VNI above 65,535 is decoded",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows { reference: is_vlan_in_tunnel, ours: is_vlan_in_tunnel },
        reason: "VLAN tags inside VXLAN, GENEVE and CAPWAP are decoded",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows { reference: is_undecoded_nested_tunnel, ours: is_nested_tunnel },
        reason: "UDP tunnels inside GRE, EtherIP and IP-in-IP are decoded",
    },
    Rule {
        difference: "30",
        columns: &[],
        effect: Effect::Rows { reference: is_undecoded_tunnel_over_ipv6, ours: is_tunnel_over_ipv6 },
        reason: "UDP tunnels over IPv6 are decoded",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows {
            reference: |row| row.describes("ipv4:ah") && row.protocol_is(AH),
            ours: |row| row.describes("ipv4:ah:"),
        },
        reason: "AH is followed over IPv4",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows {
            reference: |row| row.describes("gre:erspan") && row.status(status::STOPPED),
            ours: |row| row.describes("gre:erspan"),
        },
        reason: "ERSPAN type I has no header; the reference skips eight bytes of the frame",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows {
            reference: |row| row.describes("gre:ppp") && row.status(status::STOPPED),
            ours: |row| row.describes("gre:ppp"),
        },
        reason: "PPP in GRE with a bare protocol number is decoded",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows {
            reference: is_undecoded_ipv6_in_gre,
            ours: |row| row.describes_inside(":gre", ":ipv6"),
        },
        reason: "IPv6 inside GRE is decoded",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows {
            reference: |row| row.describes("l2tp:ppp") && row.status(status::STOPPED),
            ours: |row| row.describes("l2tp:"),
        },
        reason: "L2TPv3 and PPP without address and control bytes are read where their header ends",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows { reference: is_mpls_on_ppp, ours: is_mpls_on_ppp },
        reason: "the reference reads MPLS on PPP two bytes too late",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows { reference: is_layer_2_without_addresses, ours: is_layer_2_without_addresses },
        reason: "a layer-2 flow without MAC addresses is no longer keyed by payload bytes",
    },
    Rule {
        difference: "rule",
        columns: &[],
        effect: Effect::Rows { reference: is_layer_2_of_wlan, ours: is_layer_2_of_wlan },
        reason: "802.11 flows are keyed by source and destination address, not by frame control and duration",
    },
    Rule {
        difference: "24",
        columns: &[],
        effect: Effect::Rows { reference: is_layer_2_of_cooked, ours: is_layer_2_of_cooked },
        reason: "Linux cooked flows are keyed by the source address alone",
    },
    Rule {
        difference: "19",
        columns: &[],
        effect: Effect::Rows { reference: is_cut_in_layer_4, ours: is_cut_in_layer_4 },
        reason: "the reference reads beyond the captured bytes",
    },
    Rule {
        difference: "6",
        columns: OF_THE_OPPOSITE,
        effect: Effect::LeftOut(opposite_differs),
        reason: "the opposite direction is one of the rows above",
    },
    // basicFlow.
    Rule {
        difference: "1",
        columns: &["vlanID"],
        effect: Effect::Agree(same_vlan_ids),
        reason: "the reference prints priority and DEI with the id",
    },
    Rule {
        difference: "17",
        columns: &["flowStat"],
        effect: Effect::Bits(status::TIME_JUMP, only_ours_jumps),
        reason: "the reference notices a step back within one second only",
    },
    Rule {
        difference: "17",
        columns: &["duration", "pktps", "bytps"],
        effect: Effect::LeftOut(|pair| pair.reference.number("duration") >= WRAPPED),
        reason: "a negative duration wraps in the reference",
    },
    Rule {
        difference: "17",
        columns: &["minIAT", "maxIAT", "avgIAT", "stdIAT"],
        effect: Effect::LeftOut(|pair| own_gap_wrapped(&pair.reference)),
        reason: "a negative gap wraps in the reference",
    },
    Rule {
        difference: "23",
        columns: &["flowStat"],
        effect: Effect::Bits(status::DESCRIPTION_OVERFLOW, |pair| {
            !pair.ours.status(status::DESCRIPTION_OVERFLOW)
        }),
        reason: "the reference flags an overflow for known descriptions too",
    },
    Rule {
        difference: "30",
        columns: &["flowStat"],
        effect: Effect::Bits(status::ESP, |pair| {
            pair.reference.describes("ipv6") && pair.reference.describes("esp")
        }),
        reason: "the reference sets no bit for ESP over IPv6",
    },
    Rule {
        difference: "41",
        columns: &["flowStat"],
        effect: Effect::Bits(status::INVERTED, is_headless_tcp),
        reason: "the reference reads TCP flags from the payload of a headless fragment",
    },
    Rule {
        difference: "41",
        columns: &["pktAsm"],
        effect: Effect::LeftOut(is_headless_tcp),
        reason: "the sign follows the direction bit",
    },
    Rule {
        difference: "rule",
        columns: &["flowStat"],
        effect: Effect::Bits(status::LAYER_3_SNAPPED, |pair| has_bytes_before_layer_2(&pair.reference)),
        reason: "the reference counts bytes in front of the frame as captured IP bytes",
    },
    Rule {
        difference: "rule",
        columns: &["numHdrs", "hdrDesc"],
        effect: Effect::LeftOut(|pair| pair.reference.describes(":slow")),
        reason: "slow protocols are named by their subtype, not their version",
    },
    Rule {
        difference: "rule",
        columns: &["hdrDesc"],
        effect: Effect::Agree(same_but_for_ppp_byte_order),
        reason: "the reference prints PPP numbers byte-swapped",
    },
    Rule {
        difference: "rule",
        columns: MAC_COLUMNS,
        effect: Effect::LeftOut(|pair| pair.reference.describes("wlan")),
        reason: "802.11 addresses are read by the To and From DS bits",
    },
    Rule {
        difference: "24",
        columns: MAC_COLUMNS,
        effect: Effect::LeftOut(|pair| is_cooked(&pair.reference)),
        reason: "the reference shows fields of the cooked header as destination",
    },
    Rule {
        difference: "rule",
        columns: MAC_COLUMNS,
        effect: Effect::LeftOut(|pair| {
            pair.reference.describes("vxlan_gpe") && !pair.reference.describes_inside("vxlan_gpe", ":eth")
        }),
        reason: "the reference shows IP bytes as addresses for VXLAN-GPE without Ethernet",
    },
    // macRecorder.
    Rule {
        difference: "22",
        columns: &["macStat", "macPairs", "srcMac_dstMac_numP"],
        effect: Effect::LeftOut(|pair| pair.reference.bits("macStat") & 1 != 0),
        reason: "the reference stops counting known pairs after 16",
    },
    // portClassifier.
    Rule {
        difference: "database",
        columns: &["dstPortClass"],
        effect: Effect::LeftOut(is_named_by_another_table),
        reason: "names of ports are those of another edition, or a larger selection, of IANA's registry",
    },
    // basicStats.
    Rule {
        difference: "25",
        columns: &["padBytesSnt"],
        effect: Effect::LeftOut(has_no_layer_2_length),
        reason: "the reference counts the whole payload as padding",
    },
    // tcpFlags.
    Rule {
        difference: "2",
        columns: &["tcpWS"],
        effect: Effect::LeftOut(scale_is_of_the_run),
        reason: "whether scaling is in use is a matter of the whole run in the reference",
    },
    Rule {
        difference: "3",
        columns: &["tcpJA4T"],
        effect: Effect::Agree(same_fingerprint),
        reason: "the reference loses a separator; its last field follows tcpWS",
    },
    Rule {
        difference: "4",
        columns: &["tcpEcI", "tcpUtm"],
        effect: Effect::LeftOut(|pair| pair.ours.cell("tcpEcI") != pair.reference.cell("tcpEcI")),
        reason: "the class of the clock tick follows the faulty borrow",
    },
    Rule {
        difference: "7",
        columns: &["ipFlags"],
        effect: Effect::Bits(0x0800, |pair| pair.reference.status(status::FRAGMENT)),
        reason: "checksums of fragmented datagrams count as wrong in the reference",
    },
    Rule {
        difference: "8",
        columns: &["ipFlags"],
        effect: Effect::Bits(0x0800, |pair| {
            pair.reference.protocol_is(UDP) && pair.ours.bits("ipFlags") & 0x0800 == 0
        }),
        reason: "RFC 768: a UDP checksum of zero means none was computed",
    },
    Rule {
        difference: "43",
        columns: &["ipFlags"],
        effect: Effect::Bits(0x0800, |pair| pair.reference.protocol_is(GRE)),
        reason: "GRE always counts as wrong in the reference",
    },
    Rule {
        difference: "40",
        columns: &["ipFlags"],
        effect: Effect::Bits(0x2000, |pair| {
            pair.reference.status(status::FRAGMENT | status::LAYER_3_SNAPPED)
        }),
        reason: "the reference compares the UDP length with the captured bytes",
    },
    Rule {
        difference: "44",
        columns: &["ipFlags"],
        effect: Effect::Bits(0x2000, |pair| pair.reference.status(status::IPV6_FLOW)),
        reason: "a trailer behind an IPv6 payload counts as UDP length error in the reference",
    },
    Rule {
        difference: "28",
        columns: &["ipFlags"],
        effect: Effect::Bits(0x01f0, |pair| pair.reference.describes("ipv6.fraghdr")),
        reason: "the reference takes IPv6 fragment bits from the wrong byte",
    },
    Rule {
        difference: "27",
        columns: &["ipFlags", "tcpFStat"],
        effect: Effect::Bits(0x2000, |pair| pair.reference.protocol_is(UDP_LITE)),
        reason: "the reference writes the UDP-Lite coverage error to the wrong field",
    },
    Rule {
        difference: "17",
        columns: &["ipFlags"],
        effect: Effect::Bits(0x8000, gap_wrapped),
        reason: "a negative gap wraps in the reference",
    },
    Rule {
        difference: "17",
        columns: &["tcpAnomaly"],
        effect: Effect::Bits(0x1003, gap_wrapped),
        reason: "a negative gap counts as a long one in the reference",
    },
    Rule {
        difference: "rule",
        columns: OF_THE_IP_HEADER,
        effect: Effect::LeftOut(|pair| pair.reference.describes(":gre:ipv4:gre")),
        reason: "the reference reads the fields of another header than that of the flow in GRE inside GRE",
    },
    Rule {
        difference: "29",
        columns: OF_THE_TCP_HEADER,
        effect: Effect::LeftOut(is_fragmented_tcp),
        reason: "the reference reads some later fragments as TCP headers",
    },
    Rule {
        difference: "29",
        columns: OF_THE_TCP_OPTIONS,
        effect: Effect::LeftOut(is_fragmented_tcp),
        reason: "the reference reads some later fragments as TCP headers",
    },
    Rule {
        difference: "29",
        columns: OF_THE_RESPONSES,
        effect: Effect::LeftOut(|pair| either(pair, is_fragmented_tcp_row)),
        reason: "the reference reads some later fragments as TCP headers",
    },
    Rule {
        difference: "32",
        columns: OF_SEQUENCE_ORDER,
        effect: Effect::LeftOut(sequence_wraps),
        reason: "sequence numbers compare modulo 2^32 (also 46)",
    },
    Rule {
        difference: "32",
        columns: &["tcpFStat"],
        effect: Effect::Bits(0x0004, |pair| pair.ours.bits("tcpFStat") & 0x0004 == 0),
        reason: "timestamps compare modulo 2^32",
    },
    Rule {
        difference: "47",
        columns: OF_THE_WINDOW,
        effect: Effect::LeftOut(|pair| shifts_far(&pair.ours) || shifts_far_in_opposite(pair)),
        reason: "RFC 7323: shifts above 14 count as 14",
    },
    Rule {
        difference: "48",
        columns: OF_THE_TCP_HEADER,
        effect: Effect::LeftOut(is_short_tcp),
        reason: "the reference reads TCP headers beyond the end of the datagram, and a negative payload wraps",
    },
    Rule {
        difference: "48",
        columns: OF_THE_TCP_OPTIONS,
        effect: Effect::LeftOut(is_short_tcp),
        reason: "the reference reads TCP options beyond the end of the datagram",
    },
    Rule {
        difference: "48",
        columns: OF_THE_RESPONSES,
        effect: Effect::LeftOut(|pair| either(pair, is_short_tcp_row)),
        reason: "the reference reads TCP flags beyond the end of the datagram",
    },
    // icmpDecode.
    Rule {
        difference: "26",
        columns: &["icmpTmGtw"],
        effect: Effect::Agree(same_in_other_byte_order),
        reason: "the reference reads the bytes little-endian",
    },
];

/// The rule that says such rows of the reference differ as a whole, by its number in [`RULES`].
pub fn reference_row_differs(row: &Row<'_>) -> Option<usize> {
    RULES.iter().position(|rule| matches!(&rule.effect, Effect::Rows { reference, .. } if reference(row)))
}

/// The rule that says such rows of ours may be additional, by its number in [`RULES`].
pub fn our_row_differs(row: &Row<'_>) -> Option<usize> {
    RULES.iter().position(|rule| matches!(&rule.effect, Effect::Rows { ours, .. } if ours(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_reason_and_names_columns_once() {
        for rule in RULES {
            assert!(!rule.reason.is_empty() && !rule.difference.is_empty());
            let rows = matches!(rule.effect, Effect::Rows { .. });
            assert_eq!(rule.columns.is_empty(), rows, "{}", rule.reason);
        }
    }
}
