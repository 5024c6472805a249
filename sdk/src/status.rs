//! Bits of the flow status: what the packets of a direction were, and what happened to the flow.
//!
//! The values are those of Tranalyzer's `flowStat`, so that scripts written for it go on working.

use crate::columns::Bit;

/// Names the bits once; [`BITS`] lists them for dictionaries.
macro_rules! status_bits {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: u64 = $value;)+

        /// Every bit with its name and meaning, lowest first.
        pub const BITS: &[Bit] = &[$(Bit {
            mask: $value,
            name: stringify!($name),
            meaning: concat!($($doc),+).trim_ascii(),
        },)+];
    };
}

status_bits! {
    /// Sent by the responder (direction B).
    INVERTED = 0x0000_0000_0000_0001;
    /// The link layer has no Ethernet header.
    NO_ETHERNET = 0x0000_0000_0000_0002;
    /// Layer-2 flow.
    LAYER_2 = 0x0000_0000_0000_0004;
    /// PPPoE discovery.
    PPPOE_DISCOVERY = 0x0000_0000_0000_0008;
    /// PPPoE session.
    PPPOE_SESSION = 0x0000_0000_0000_0010;
    /// Link Layer Discovery Protocol.
    LLDP = 0x0000_0000_0000_0020;
    /// ARP or AppleTalk ARP.
    ARP = 0x0000_0000_0000_0040;
    /// Reverse ARP.
    RARP = 0x0000_0000_0000_0080;
    /// At least one VLAN tag.
    VLAN = 0x0000_0000_0000_0100;
    /// MPLS unicast.
    MPLS_UNICAST = 0x0000_0000_0000_0200;
    /// MPLS multicast.
    MPLS_MULTICAST = 0x0000_0000_0000_0400;
    /// L2TP version 2 or 3.
    L2TP = 0x0000_0000_0000_0800;
    /// Generic Routing Encapsulation.
    GRE = 0x0000_0000_0000_1000;
    /// PPP header on the link, behind L2TP, or behind GRE.
    PPP = 0x0000_0000_0000_2000;
    /// IPv4 flow.
    IPV4_FLOW = 0x0000_0000_0000_4000;
    /// IPv6 flow.
    IPV6_FLOW = 0x0000_0000_0000_8000;
    /// The IP version contradicts the ethertype.
    IPVX = 0x0000_0000_0001_0000;
    /// IP in IP.
    IP_IN_IP = 0x0000_0000_0002_0000;
    /// Ethernet over IP.
    ETHERIP = 0x0000_0000_0004_0000;
    /// Teredo tunnel.
    TEREDO = 0x0000_0000_0008_0000;
    /// Anything-in-Anything tunnel.
    AYIYA = 0x0000_0000_0010_0000;
    /// GPRS tunnel: any message on a GTP port.
    GTP = 0x0000_0000_0020_0000;
    /// Virtual eXtensible LAN.
    VXLAN = 0x0000_0000_0040_0000;
    /// CAPWAP or LWAPP.
    CAPWAP = 0x0000_0000_0080_0000;
    /// Stream Control Transmission Protocol.
    SCTP = 0x0000_0000_0100_0000;
    /// SSDP or UPnP: one port is 1900, the other above 1024.
    SSDP = 0x0000_0000_0200_0000;
    /// Encapsulated remote SPAN.
    ERSPAN = 0x0000_0000_0400_0000;
    /// Web Cache Communication Protocol.
    WCCP = 0x0000_0000_0800_0000;
    /// GENEVE tunnel.
    GENEVE = 0x0000_0000_2000_0000;
    /// IPsec authentication header.
    AH = 0x0000_0000_4000_0000;
    /// IPsec encapsulating security payload.
    ESP = 0x0000_0000_8000_0000;
    /// Fewer layer-3 bytes were captured than the IP header announces.
    L3_SNAPPED = 0x0000_0002_0000_0000;
    /// Layer-3 length below 20 (IPv4).
    L3_SHORT = 0x0000_0004_0000_0000;
    /// Layer-4 header incomplete, or the computed payload length is negative.
    L4_SHORT = 0x0000_0008_0000_0000;
    /// Fragmentation seen.
    FRAGMENTED = 0x0000_0010_0000_0000;
    /// Fragmentation error: a datagram began before the last one was complete.
    FRAGMENT_ERROR = 0x0000_0020_0000_0000;
    /// Later fragment without a known first one.
    FRAGMENT_HEADLESS = 0x0000_0040_0000_0000;
    /// The last fragmented datagram is not complete.
    FRAGMENT_PENDING = 0x0000_0080_0000_0000;
    /// Ended because its life reached the limit set by the user.
    ACTIVE_TIMEOUT = 0x0000_0200_0000_0000;
    /// Ended because a limit was reached, not by its timeout.
    LIMIT_REACHED = 0x0000_0400_0000_0000;
    /// Dissection stopped: unknown protocol, undecodable tunnel, or later IPv4 fragment.
    STOPPED = 0x0000_0800_0000_0000;
    /// The IPv4 id repeats that of the packet before.
    DUPLICATE_IP_ID = 0x0000_1000_0000_0000;
    /// Compressed PPP payload in GRE.
    PPP_COMPRESSED = 0x0000_2000_0000_0000;
    /// The IP length field is 0.
    L3_LENGTH_ZERO = 0x0000_8000_0000_0000;
    /// More header chains or a longer one than the description holds.
    HEADER_OVERFLOW = 0x0001_0000_0000_0000;
    /// Land attack: TCP from an address and port to the same.
    LAND_ATTACK = 0x0004_0000_0000_0000;
    /// Time stepped backwards within the direction.
    TIME_JUMP = 0x0008_0000_0000_0000;
    /// A VLAN tag with id 0.
    VLAN_ID_ZERO = 0x0200_0000_0000_0000;
    /// An IPv4 header was decoded, outer or inner.
    IPV4_SEEN = 0x0400_0000_0000_0000;
    /// An IPv6 header was decoded, outer or inner.
    IPV6_SEEN = 0x0800_0000_0000_0000;
    /// DTLS.
    DTLS = 0x2000_0000_0000_0000;
}
