//! Addresses, ports and payload in, the bytes of an Ethernet frame out, with the offsets of its headers.
//!
//! Lengths and checksums are right, so that a plugin which verifies them finds nothing to complain about.

use std::net::IpAddr;

use crate::packet::NO_OFFSET;
use crate::value::Mac;

/// What a frame carries behind its addresses.
#[derive(Clone, Debug)]
pub(super) enum Transport {
    /// A UDP header and the payload.
    Udp { ports: Option<(u16, u16)> },
    /// A TCP header and the payload.
    Tcp { ports: Option<(u16, u16)>, header: TcpHeader },
    /// ICMP over IPv4, ICMPv6 over IPv6: type, code, and the four bytes behind the checksum.
    Icmp { kind: u8, code: u8, rest: [u8; 4] },
    /// The payload right behind the IP header.
    Protocol(u8),
    /// No IP: the payload behind this ethertype.
    Ethertype(u16),
}

/// The fields of a TCP header that a test may want to set.
#[derive(Clone, Debug, Default)]
pub(super) struct TcpHeader {
    pub(super) flags: u8,
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
    pub(super) window: u16,
    pub(super) options: Vec<u8>,
}

/// The fields of an IP header that a test may want to set.
#[derive(Clone, Debug)]
pub(super) struct IpHeader {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) id: u16,
    pub(super) hop_limit: u8,
    pub(super) traffic_class: u8,
    /// Offset in units of 8 bytes, and whether more fragments follow (IPv4 only).
    pub(super) fragment: (u16, bool),
}

/// A frame, and where its headers begin.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) l3_offset: u16,
    pub(super) l4_offset: u16,
    pub(super) payload_offset: u16,
    /// Bytes that belong to the IP packet; the rest is padding.
    pub(super) l3_len: usize,
}

const MIN_FRAME: usize = 60;
const IPV4_HEADER: usize = 20;
const TCP_HEADER: usize = 20;

impl Transport {
    pub(super) fn protocol(&self, ipv6: bool) -> u8 {
        match self {
            Transport::Udp { .. } => 17,
            Transport::Tcp { .. } => 6,
            Transport::Icmp { .. } if ipv6 => 58,
            Transport::Icmp { .. } => 1,
            Transport::Protocol(number) => *number,
            Transport::Ethertype(_) => 0,
        }
    }

    /// The layer-4 header with its checksum still zero, and where the checksum stands.
    fn header(&self, ports: (u16, u16), payload_len: usize) -> (Vec<u8>, Option<usize>) {
        match self {
            Transport::Udp { .. } => (udp_header(ports, payload_len), Some(6)),
            Transport::Tcp { header, .. } => (tcp_header(ports, header), Some(16)),
            Transport::Icmp { kind, code, rest } => ([&[*kind, *code, 0, 0], &rest[..]].concat(), Some(2)),
            Transport::Protocol(_) | Transport::Ethertype(_) => (Vec::new(), None),
        }
    }
}

fn udp_header((src, dst): (u16, u16), payload_len: usize) -> Vec<u8> {
    [src, dst, payload_len as u16 + 8, 0].iter().flat_map(|field| field.to_be_bytes()).collect()
}

fn tcp_header((src, dst): (u16, u16), header: &TcpHeader) -> Vec<u8> {
    let mut bytes = [src.to_be_bytes(), dst.to_be_bytes()].concat();
    bytes.extend(header.sequence.to_be_bytes());
    bytes.extend(header.acknowledgment.to_be_bytes());
    let words = (TCP_HEADER + header.options.len()).div_ceil(4);
    bytes.extend([(words as u8) << 4, header.flags]);
    bytes.extend(header.window.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(&header.options);
    bytes.resize(words * 4, 0);
    bytes
}

/// An Ethernet frame; shorter ones are padded to the 60 bytes that Ethernet asks for if `pad`.
pub(super) fn ethernet(
    macs: (Mac, Mac),
    vlan_tags: &[u16],
    ip: &IpHeader,
    (transport, ports): (&Transport, (u16, u16)),
    payload: &[u8],
    pad: bool,
) -> Frame {
    let mut frame = Frame { bytes: [macs.1.0, macs.0.0].concat(), ..Frame::default() };
    vlan_tags.iter().for_each(|tag| {
        frame.bytes.extend([0x81, 0x00]);
        frame.bytes.extend(tag.to_be_bytes());
    });
    frame.bytes.extend(ethertype(ip, transport).to_be_bytes());
    frame.l3_offset = frame.bytes.len() as u16;
    let l4 = layer_4(ip, transport, ports, payload);
    if !matches!(transport, Transport::Ethertype(_)) {
        frame.bytes.extend(ip_header(ip, transport, l4.len()));
    }
    frame.l4_offset = frame.bytes.len() as u16;
    frame.payload_offset = frame.l4_offset + (l4.len() - payload.len()) as u16;
    frame.bytes.extend(l4);
    frame.l3_len = frame.bytes.len() - usize::from(frame.l3_offset);
    if pad && frame.bytes.len() < MIN_FRAME {
        frame.bytes.resize(MIN_FRAME, 0);
    }
    frame
}

/// Offsets of the MAC addresses of a frame: source, destination.
pub(super) fn mac_offsets(ethernet: bool) -> (u16, u16) {
    if ethernet { (6, 0) } else { (NO_OFFSET, NO_OFFSET) }
}

pub(super) fn ethertype(ip: &IpHeader, transport: &Transport) -> u16 {
    match transport {
        Transport::Ethertype(number) => *number,
        _ if ip.src.is_ipv6() => 0x86dd,
        _ => 0x0800,
    }
}

/// Layer-4 header and payload; a fragment with an offset above 0 has no header (RFC 791).
fn layer_4(ip: &IpHeader, transport: &Transport, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    if ip.fragment.0 > 0 {
        return payload.to_vec();
    }
    let (mut bytes, checksum_at) = transport.header(ports, payload.len());
    bytes.extend(payload);
    if let Some(at) = checksum_at {
        let pseudo = pseudo_header(ip, transport, bytes.len());
        let sum = checksum([pseudo.as_slice(), bytes.as_slice()]);
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

/// What the checksum covers besides the packet: nothing for ICMP over IPv4 (RFC 792).
fn pseudo_header(ip: &IpHeader, transport: &Transport, len: usize) -> Vec<u8> {
    let protocol = transport.protocol(ip.src.is_ipv6());
    if protocol == 1 {
        return Vec::new();
    }
    let mut bytes = [address(ip.src), address(ip.dst)].concat();
    bytes.extend((len as u32).to_be_bytes());
    bytes.extend([0, 0, 0, protocol]);
    bytes
}

fn address(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn ip_header(ip: &IpHeader, transport: &Transport, l4_len: usize) -> Vec<u8> {
    let protocol = transport.protocol(ip.src.is_ipv6());
    if ip.src.is_ipv6() { ipv6_header(ip, protocol, l4_len) } else { ipv4_header(ip, protocol, l4_len) }
}

fn ipv4_header(ip: &IpHeader, protocol: u8, l4_len: usize) -> Vec<u8> {
    let total = (IPV4_HEADER + l4_len) as u16;
    let fragment = ip.fragment.0 | if ip.fragment.1 { 0x2000 } else { 0 };
    let mut bytes = vec![0x45, ip.traffic_class];
    bytes.extend([total, ip.id, fragment].iter().flat_map(|field| field.to_be_bytes()));
    bytes.extend([ip.hop_limit, protocol, 0, 0]);
    bytes.extend(address(ip.src));
    bytes.extend(address(ip.dst));
    let sum = checksum([&bytes]);
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    bytes
}

fn ipv6_header(ip: &IpHeader, protocol: u8, l4_len: usize) -> Vec<u8> {
    let mut bytes = ((6_u32 << 28) | (u32::from(ip.traffic_class) << 20)).to_be_bytes().to_vec();
    bytes.extend((l4_len as u16).to_be_bytes());
    bytes.extend([protocol, ip.hop_limit]);
    bytes.extend(address(ip.src));
    bytes.extend(address(ip.dst));
    bytes
}

/// The Internet checksum (RFC 1071) over parts of even length, the last of which may be odd.
fn checksum<const N: usize>(parts: [&[u8]; N]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    let mut sum: u32 = parts.iter().flat_map(|part| part.chunks(2)).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        // Section 3 of the RFC: the sum of these bytes is ddf2.
        assert_eq!(checksum([&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
    }
}
