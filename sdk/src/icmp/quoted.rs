//! The packet that an error message quotes in, the key of its flow out.
//!
//! RFC 792 has errors quote the IP header and at least the first 8 bytes behind it, RFC 4443 section 2.4 (c) as
//! much as fits: enough for addresses, protocol, and ports.

use crate::Ip;

/// Where the fields of an IPv4 header stand (RFC 791 section 3.1).
mod v4 {
    pub const HEADER: usize = 20;
    pub const FRAGMENT: usize = 6;
    pub const PROTOCOL: usize = 9;
    pub const SRC: usize = 12;
    pub const DST: usize = 16;
}

/// Where the fields of an IPv6 header stand (RFC 8200 section 3).
mod v6 {
    pub const HEADER: usize = 40;
    pub const NEXT_HEADER: usize = 6;
    pub const SRC: usize = 8;
    pub const DST: usize = 24;
}

/// Extension headers of IPv6 (RFC 8200 section 4, RFC 4302).
mod extension {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION: u8 = 60;
}

/// The key of the quoted flow, in the direction of the quoted packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Source address.
    pub src_ip: Ip,
    /// Destination address.
    pub dst_ip: Ip,
    /// Absent if the quotation ends before the protocol is known.
    pub l4_proto: Option<u8>,
    /// Source and destination port of TCP, UDP, SCTP, and UDP-Lite, if they are quoted.
    pub ports: Option<(u16, u16)>,
}

/// What follows the IP header and its extensions.
#[derive(Clone, Copy)]
struct Transport {
    protocol: u8,
    at: usize,
    is_later_fragment: bool,
}

impl Quoted {
    /// The quoted flow; nothing if the quotation holds no whole IP header.
    pub fn of(quotation: &[u8]) -> Option<Self> {
        match quotation.first()? >> 4 {
            4 => Self::of_v4(quotation),
            6 => Self::of_v6(quotation),
            _ => None,
        }
    }

    /// Whether a protocol begins with source and destination port: TCP, UDP, SCTP, UDP-Lite.
    pub fn has_ports(protocol: u8) -> bool {
        matches!(protocol, 6 | 17 | 132 | 136)
    }

    fn of_v4(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; v4::HEADER] = bytes.first_chunk()?;
        let len = usize::from(header[0] & 0x0f) * 4;
        if len < v4::HEADER {
            return None;
        }
        let fragment_offset = u16_at(header, v4::FRAGMENT)? & 0x1fff;
        let transport =
            Transport { protocol: header[v4::PROTOCOL], at: len, is_later_fragment: fragment_offset > 0 };
        let (src_ip, dst_ip) = (Ip::V4(array(header, v4::SRC)?), Ip::V4(array(header, v4::DST)?));
        Some(Self::new(src_ip, dst_ip, Some(transport), bytes))
    }

    fn of_v6(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; v6::HEADER] = bytes.first_chunk()?;
        let (src_ip, dst_ip) = (Ip::V6(array(header, v6::SRC)?), Ip::V6(array(header, v6::DST)?));
        Some(Self::new(src_ip, dst_ip, behind_extensions(bytes, header[v6::NEXT_HEADER]), bytes))
    }

    fn new(src_ip: Ip, dst_ip: Ip, transport: Option<Transport>, bytes: &[u8]) -> Self {
        let l4_proto = transport.map(|transport| transport.protocol);
        Self { src_ip, dst_ip, l4_proto, ports: transport.and_then(|transport| transport.ports(bytes)) }
    }
}

impl Transport {
    fn ports(&self, bytes: &[u8]) -> Option<(u16, u16)> {
        let has_ports = Quoted::has_ports(self.protocol) && !self.is_later_fragment;
        has_ports.then(|| Some((u16_at(bytes, self.at)?, u16_at(bytes, self.at + 2)?))).flatten()
    }
}

/// Steps over extension headers; nothing if the quotation ends within them.
fn behind_extensions(bytes: &[u8], first: u8) -> Option<Transport> {
    let mut transport = Transport { protocol: first, at: v6::HEADER, is_later_fragment: false };
    while let Some(len) = extension_len(bytes, &transport)? {
        if transport.protocol == extension::FRAGMENT {
            transport.is_later_fragment = u16_at(bytes, transport.at + 2)? >> 3 > 0;
        }
        transport.protocol = *bytes.get(transport.at)?;
        transport.at += len;
        if transport.is_later_fragment {
            break;
        }
    }
    Some(transport)
}

/// Length of the extension header there: nothing if it is not captured, `Some(None)` if there is none.
fn extension_len(bytes: &[u8], transport: &Transport) -> Option<Option<usize>> {
    let units = || bytes.get(transport.at + 1).map(|&units| usize::from(units));
    Some(match transport.protocol {
        extension::HOP_BY_HOP | extension::ROUTING | extension::DESTINATION => Some((units()? + 1) * 8),
        extension::FRAGMENT => Some(8),
        extension::AUTHENTICATION => Some((units()? + 2) * 4),
        _ => None,
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestPacket, packet};

    /// What follows the 14 bytes of the Ethernet header.
    fn quotation(packet: TestPacket) -> Vec<u8> {
        packet.frame().split_off(14)
    }

    fn text(quotation: &[u8]) -> String {
        let Some(Quoted { src_ip, dst_ip, l4_proto, ports }) = Quoted::of(quotation) else {
            return "nothing".into();
        };
        format!("{src_ip} {dst_ip} {l4_proto:?} {ports:?}")
    }

    fn over_v6(extensions: &[u8], first: u8) -> Vec<u8> {
        let mut bytes = quotation(packet().ips("2001:db8::1", "2001:db8::2").udp(2000, 53));
        bytes[v6::NEXT_HEADER] = first;
        bytes.splice(v6::HEADER..v6::HEADER, extensions.iter().copied());
        bytes
    }

    #[test]
    fn addresses_ports_and_protocol_are_those_of_the_quoted_packet() {
        assert_eq!(text(&quotation(packet().udp(2000, 53))), "10.0.0.1 10.0.0.2 Some(17) Some((2000, 53))");
        assert_eq!(text(&over_v6(&[], 17)), "2001:db8::1 2001:db8::2 Some(17) Some((2000, 53))");
        assert_eq!(text(&quotation(packet().icmp(8, 0, [0; 4]))), "10.0.0.1 10.0.0.2 Some(1) None");
    }

    #[test]
    fn eight_bytes_behind_the_header_are_enough() {
        let syn = quotation(packet().tcp(2000, 443));
        assert_eq!(text(&syn[..28]), "10.0.0.1 10.0.0.2 Some(6) Some((2000, 443))");
        assert_eq!(text(&syn[..23]), "10.0.0.1 10.0.0.2 Some(6) None");
        assert_eq!(text(&syn[..19]), "nothing");
    }

    #[test]
    fn options_of_ipv4_are_stepped_over() {
        let mut bytes = quotation(packet().udp(2000, 53));
        bytes[0] = 0x46;
        bytes.splice(20..20, [1, 1, 1, 0]);
        assert_eq!(text(&bytes), "10.0.0.1 10.0.0.2 Some(17) Some((2000, 53))");
        bytes[0] = 0x44;
        assert_eq!(text(&bytes), "nothing");
    }

    #[test]
    fn extensions_of_ipv6_are_stepped_over() {
        let ends = "2001:db8::1 2001:db8::2 Some(17)";
        let hop_by_hop = [17, 0, 1, 4, 0, 0, 0, 0];
        assert_eq!(text(&over_v6(&hop_by_hop, 0)), format!("{ends} Some((2000, 53))"));
        let authentication = [17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        assert_eq!(text(&over_v6(&authentication, 51)), format!("{ends} Some((2000, 53))"));
        let first_fragment = [17, 0, 0, 1, 0, 0, 0, 9];
        assert_eq!(text(&over_v6(&first_fragment, 44)), format!("{ends} Some((2000, 53))"));
        let later_fragment = [17, 0, 0, 8, 0, 0, 0, 9];
        assert_eq!(text(&over_v6(&later_fragment, 44)), format!("{ends} None"));
    }

    #[test]
    fn a_later_fragment_has_no_ports() {
        let fragment = quotation(packet().protocol(17).fragment(100, false).payload(*b"12345678"));
        assert_eq!(text(&fragment), "10.0.0.1 10.0.0.2 Some(17) None");
    }

    #[test]
    fn a_quotation_that_ends_within_the_extensions_has_no_protocol() {
        let bytes = over_v6(&[60, 255, 0, 0, 0, 0, 0, 0], 0);
        assert_eq!(text(&bytes[..41]), "2001:db8::1 2001:db8::2 None None");
        // A header that claims more than was captured leads behind the end, where another one would stand.
        assert_eq!(text(&bytes), "2001:db8::1 2001:db8::2 None None");
    }

    #[test]
    fn what_is_no_ip_is_no_quotation() {
        assert_eq!(text(&[]), "nothing");
        assert_eq!(text(&[0x00; 60]), "nothing");
    }
}
