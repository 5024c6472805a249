//! Packet → bytes on the wire, with right lengths and checksums.

use std::net::{Ipv4Addr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;
use etherparse::{IpFragOffset, IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, TcpHeader};

use crate::packet::{Content, Ends, Fragment, Ip, Packet, Tcp, Transport, Udp, Vxlan};

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_VLAN: u16 = 0x8100;
const MINIMUM_FRAME: usize = 60;
const VXLAN_PORT: u16 = 4789;

/// The frame of a packet.
pub fn frame(packet: &Packet) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frame(packet, &mut bytes);
    bytes
}

/// Puts the frame of a packet in place of `bytes`.
pub fn write_frame(packet: &Packet, bytes: &mut Vec<u8>) {
    bytes.clear();
    ethernet(packet, bytes);
    if packet.is_padded && bytes.len() < MINIMUM_FRAME {
        bytes.resize(MINIMUM_FRAME, 0);
    }
    if let Some(tunnel) = &packet.tunnel {
        *bytes = frame(&carrier(packet, tunnel, bytes));
    }
}

/// The outer packet of a tunnel.
fn carrier(packet: &Packet, tunnel: &Vxlan, inner: &[u8]) -> Packet {
    let mut payload = vec![0x08, 0, 0, 0];
    payload.extend((tunnel.vni << 8).to_be_bytes());
    payload.extend(inner);
    let udp =
        Udp { src_port: tunnel.src_port, dst_port: VXLAN_PORT, payload: payload[..].into(), whole: None };
    Packet::ip(packet.time_ns, Ip::new(Ends::V4(tunnel.src, tunnel.dst), Transport::Udp(udp)))
}

fn ethernet(packet: &Packet, bytes: &mut Vec<u8>) {
    bytes.extend(packet.dst_mac);
    bytes.extend(packet.src_mac);
    for vlan_id in &packet.vlan_ids {
        bytes.extend(ETHERTYPE_VLAN.to_be_bytes());
        bytes.extend(vlan_id.to_be_bytes());
    }
    match &packet.content {
        Content::Ip(ip) => {
            let ethertype = if ip.ends.version() == 4 { ETHERTYPE_IPV4 } else { ETHERTYPE_IPV6 };
            bytes.extend(ethertype.to_be_bytes());
            write_ip(ip, bytes);
        }
        Content::Other { ethertype, bytes: content } => {
            bytes.extend(ethertype.to_be_bytes());
            bytes.extend(content);
        }
    }
}

/// The bytes of an IP packet, from its header on.
pub fn ip_packet(ip: &Ip) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_ip(ip, &mut bytes);
    bytes
}

fn write_ip(ip: &Ip, bytes: &mut Vec<u8>) {
    match ip.ends {
        Ends::V4(src, dst) => write_ipv4(ip, src, dst, bytes),
        Ends::V6(src, dst) => write_ipv6(ip, src, dst, bytes),
    }
    write_transport(&ip.transport, ip.ends, bytes);
}

fn transport_len(transport: &Transport) -> u16 {
    (transport.header_len() + transport.payload().len()) as u16
}

fn write_ipv4(ip: &Ip, src: Ipv4Addr, dst: Ipv4Addr, bytes: &mut Vec<u8>) {
    let fragment = ip.fragment.unwrap_or(Fragment { offset: 0, has_more: false });
    let mut header = Ipv4Header {
        total_len: 20 + transport_len(&ip.transport),
        identification: ip.id as u16,
        more_fragments: fragment.has_more,
        fragment_offset: IpFragOffset::try_new(fragment.offset).expect("an offset has 13 bits"),
        time_to_live: ip.ttl,
        protocol: IpNumber(ip.transport.protocol(4)),
        source: src.octets(),
        destination: dst.octets(),
        ..Default::default()
    };
    header.dont_fragment = false;
    header.header_checksum = header.calc_header_checksum();
    bytes.extend(header.to_bytes());
}

/// RFC 8200 section 4.1: hop-by-hop options, fragment header, transport.
fn write_ipv6(ip: &Ip, src: Ipv6Addr, dst: Ipv6Addr, bytes: &mut Vec<u8>) {
    let protocol = ip.transport.protocol(6);
    let below_options = if ip.fragment.is_some() { 44 } else { protocol };
    let extensions = extension_len(ip);
    let header = Ipv6Header {
        traffic_class: 0,
        flow_label: Ipv6FlowLabel::ZERO,
        payload_length: extensions + transport_len(&ip.transport),
        next_header: IpNumber(if ip.has_router_alert { 0 } else { below_options }),
        hop_limit: ip.ttl,
        source: src.octets(),
        destination: dst.octets(),
    };
    bytes.extend(header.to_bytes());
    if ip.has_router_alert {
        bytes.extend([below_options, 0, 5, 2, 0, 0, 1, 0]);
    }
    if let Some(fragment) = ip.fragment {
        bytes.extend([protocol, 0]);
        bytes.extend((fragment.offset << 3 | u16::from(fragment.has_more)).to_be_bytes());
        bytes.extend(ip.id.to_be_bytes());
    }
}

/// Bytes of the IPv6 extension headers.
pub fn extension_len(ip: &Ip) -> u16 {
    8 * (u16::from(ip.has_router_alert) + u16::from(ip.fragment.is_some()))
}

pub(crate) fn write_transport(transport: &Transport, ends: Ends, bytes: &mut Vec<u8>) {
    match transport {
        Transport::Tcp(tcp) => write_tcp(tcp, ends, bytes),
        Transport::Udp(udp) => write_udp(udp, ends, bytes),
        Transport::Icmp { kind, code, rest, payload } => {
            let [a, b, c, d] = *rest;
            write_icmp([*kind, *code, 0, 0, a, b, c, d], payload.bytes(), ends, bytes);
        }
        Transport::Raw { payload, .. } => bytes.extend(payload.bytes()),
    }
}

fn write_tcp(tcp: &Tcp, ends: Ends, bytes: &mut Vec<u8>) {
    let mut header = TcpHeader::new(tcp.src_port, tcp.dst_port, tcp.seq, tcp.window);
    header.acknowledgment_number = tcp.ack;
    header.set_options_raw(&tcp.options).expect("options fill 10 words at most");
    // The flag byte is written as it is, since etherparse has a field for each.
    let mut raw = header.to_bytes();
    raw[13] = tcp.flags;
    let len = raw.len() + tcp.payload.len();
    let sum = pseudo_header(ends, 6, len).add_slice(&raw).add_slice(tcp.payload.bytes());
    raw[16..18].copy_from_slice(&sum.ones_complement().to_be().to_be_bytes());
    bytes.extend(raw);
    bytes.extend(tcp.payload.bytes());
}

fn write_udp(udp: &Udp, ends: Ends, bytes: &mut Vec<u8>) {
    let (len, checksum) =
        udp.whole.unwrap_or_else(|| (8 + udp.payload.len() as u16, udp_checksum(udp, ends)));
    bytes.extend(udp.src_port.to_be_bytes());
    bytes.extend(udp.dst_port.to_be_bytes());
    bytes.extend(len.to_be_bytes());
    bytes.extend(checksum.to_be_bytes());
    bytes.extend(udp.payload.bytes());
}

/// RFC 768: a sum of zero is sent as all ones.
pub(crate) fn udp_checksum(udp: &Udp, ends: Ends) -> u16 {
    let len = 8 + udp.payload.len();
    pseudo_header(ends, 17, len)
        .add_2bytes(udp.src_port.to_be_bytes())
        .add_2bytes(udp.dst_port.to_be_bytes())
        .add_2bytes((len as u16).to_be_bytes())
        .add_slice(udp.payload.bytes())
        .to_ones_complement_with_no_zero()
        .to_be()
}

fn write_icmp(mut header: [u8; 8], payload: &[u8], ends: Ends, bytes: &mut Vec<u8>) {
    // RFC 4443 section 2.3 sums over a pseudo-header, RFC 792 does not.
    let start = match ends {
        Ends::V4(..) => Sum16BitWords::new(),
        Ends::V6(..) => pseudo_header(ends, 58, 8 + payload.len()),
    };
    let sum = start.add_slice(&header).add_slice(payload);
    header[2..4].copy_from_slice(&sum.ones_complement().to_be().to_be_bytes());
    bytes.extend(header);
    bytes.extend(payload);
}

/// RFC 9293 section 3.1 and RFC 8200 section 8.1. The sum is in the machine's byte order, as etherparse keeps it.
fn pseudo_header(ends: Ends, protocol: u8, len: usize) -> Sum16BitWords {
    let sum = Sum16BitWords::new().add_2bytes([0, protocol]).add_2bytes((len as u16).to_be_bytes());
    match ends {
        Ends::V4(src, dst) => sum.add_slice(&src.octets()).add_slice(&dst.octets()),
        Ends::V6(src, dst) => sum.add_slice(&src.octets()).add_slice(&dst.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Payload;
    use etherparse::{SlicedPacket, TransportSlice};

    const V4: Ends = Ends::V4(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 7));
    const V6: Ends = Ends::V6(
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2),
    );

    fn bytes_of(ends: Ends, transport: Transport) -> Vec<u8> {
        frame(&Packet::ip(0, Ip::new(ends, transport)))
    }

    #[test]
    fn checksums_are_those_that_etherparse_computes() {
        for ends in [V4, V6] {
            let tcp =
                Tcp { src_port: 1, dst_port: 2, flags: 0x12, payload: Payload::Pattern(5), ..Tcp::default() };
            let bytes = bytes_of(ends, Transport::Tcp(tcp));
            let sliced = SlicedPacket::from_ethernet(&bytes).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("TCP is expected") };
            let expected = match ends {
                Ends::V4(src, dst) => tcp.calc_checksum_ipv4(src.octets(), dst.octets()).unwrap(),
                Ends::V6(src, dst) => tcp.calc_checksum_ipv6(src.octets(), dst.octets()).unwrap(),
            };
            assert_eq!(tcp.checksum(), expected);
        }
    }

    #[test]
    fn udp_checksums_sum_up_to_nothing() {
        for ends in [V4, V6] {
            let udp = Udp { src_port: 53, dst_port: 4000, payload: Payload::Pattern(7), whole: None };
            let mut bytes = Vec::new();
            write_udp(&udp, ends, &mut bytes);
            let sum = pseudo_header(ends, 17, bytes.len()).add_slice(&bytes);
            assert_eq!(sum.ones_complement(), 0);
        }
    }

    #[test]
    fn icmp_checksums_sum_up_to_nothing() {
        for (ends, start) in [(V4, Sum16BitWords::new()), (V6, pseudo_header(V6, 58, 12))] {
            let mut bytes = Vec::new();
            write_icmp([8, 0, 0, 0, 1, 2, 3, 4], &[9, 9, 9, 9], ends, &mut bytes);
            assert_eq!(start.add_slice(&bytes).ones_complement(), 0);
        }
    }

    #[test]
    fn ip_checksum_and_lengths_are_right_behind_vlan_tags() {
        let udp = Transport::Udp(Udp { payload: Payload::Pattern(10), ..Udp::default() });
        let bytes = frame(&Packet::ip(0, Ip::new(V4, udp)).with_vlans(&[5, 7]));
        assert_eq!(bytes.len(), 14 + 8 + 20 + 8 + 10);
        let sliced = SlicedPacket::from_ethernet(&bytes).unwrap();
        let Some(etherparse::NetSlice::Ipv4(ip)) = sliced.net else { panic!("IPv4 is expected") };
        assert_eq!(ip.header().header_checksum(), ip.header().to_header().calc_header_checksum());
    }
}
