//! One packet: key, length, status bits, header chain.

use std::net::IpAddr;

use weir_traffic::frame::{extension_len, frame};
use weir_traffic::packet::{Content, Ends, Ip, Packet, Payload, Tcp, Transport};

/// Bits of the flow status.
pub mod status {
    pub const INVERTED: u64 = 0x1;
    pub const LAYER_2: u64 = 0x4;
    pub const ARP: u64 = 0x40;
    pub const VLAN: u64 = 0x100;
    pub const IPV4_FLOW: u64 = 0x4000;
    pub const IPV6_FLOW: u64 = 0x8000;
    pub const VXLAN: u64 = 0x40_0000;
    pub const LAYER_4_CUT: u64 = 0x8_0000_0000;
    pub const FRAGMENTED: u64 = 0x10_0000_0000;
    pub const FRAGMENT_ERROR: u64 = 0x20_0000_0000;
    pub const HEADLESS: u64 = 0x40_0000_0000;
    pub const PENDING: u64 = 0x80_0000_0000;
    pub const STOPPED: u64 = 0x0800_0000_0000;
    pub const DUPLICATE_ID: u64 = 0x1000_0000_0000;
    pub const CHAIN_OVERFLOW: u64 = 0x1_0000_0000_0000;
    pub const LAND: u64 = 0x4_0000_0000_0000;
    pub const TIME_JUMP: u64 = 0x8_0000_0000_0000;
    pub const VLAN_ID_0: u64 = 0x200_0000_0000_0000;
    pub const IPV4_HEADER: u64 = 0x400_0000_0000_0000;
    pub const IPV6_HEADER: u64 = 0x800_0000_0000_0000;
}

/// What makes packets one direction of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub src: End,
    pub dst: End,
    pub vlan_id: u16,
    pub ethertype: u16,
    pub protocol: u8,
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Ip(IpAddr, u16),
    Mac([u8; 6]),
}

impl Key {
    pub fn reversed(self) -> Self {
        Self { src: self.dst, dst: self.src, ..self }
    }
}

/// What one packet shows, all of it taken from its description.
#[derive(Clone, Debug)]
pub struct Seen {
    pub time_ns: i64,
    pub key: Key,
    /// Length of the payload, or of everything behind the ethertype.
    pub len: u64,
    pub padding: u64,
    pub status: u64,
    /// Names of headers, joined by colons, and how many they are.
    pub chain: (String, u64),
    pub src_mac: [u8; 6],
    pub dst_mac: [u8; 6],
    pub vlan_ids: Vec<u16>,
    /// Identification of IPv4.
    pub ip_id: Option<u32>,
    pub fragment: Option<Piece>,
    pub tcp: Option<Tcp>,
    pub icmp_type: Option<u8>,
    /// Of an ICMP error.
    pub quoted: Option<Quoted>,
    /// It was attached to the direction that registered its datagram.
    pub is_attached: bool,
}

/// What an ICMP error quotes: a whole IP header, and perhaps more.
#[derive(Clone, Copy, Debug)]
pub struct Quoted {
    /// Of the quoted packet, if enough is quoted to tell.
    pub key: Option<Key>,
    /// Number of the flow with that key, if one was alive.
    pub flow_index: Option<u64>,
}

/// A fragment.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub is_first: bool,
    pub is_last: bool,
    pub id: u32,
}

impl Seen {
    /// What a packet shows.
    pub fn of(packet: &Packet) -> Self {
        match &packet.content {
            Content::Ip(ip) => of_ip(packet, ip),
            Content::Other { ethertype, bytes } => of_other(packet, *ethertype, bytes),
        }
    }

    pub fn is_ip(&self) -> bool {
        matches!(self.key.src, End::Ip(..))
    }
}

fn of_other(packet: &Packet, ethertype: u16, bytes: &[u8]) -> Seen {
    assert!(ethertype == 0x0806 && bytes.len() == 28, "the oracle knows ARP only");
    let wire_len = frame(packet).len();
    let payload_at = 14 + 4 * packet.vlan_ids.len();
    let padding = if wire_len <= 64 { wire_len - payload_at - bytes.len() } else { 0 };
    Seen {
        time_ns: packet.time_ns,
        key: Key {
            src: End::Mac(packet.src_mac),
            dst: End::Mac(packet.dst_mac),
            vlan_id: innermost_vlan(packet),
            ethertype,
            protocol: 0,
        },
        len: (wire_len - payload_at) as u64,
        padding: padding as u64,
        status: status::LAYER_2 | status::ARP | link_status(packet),
        chain: chain(packet, &["arp".into()]),
        src_mac: packet.src_mac,
        dst_mac: packet.dst_mac,
        vlan_ids: packet.vlan_ids.clone(),
        ip_id: None,
        fragment: None,
        tcp: None,
        icmp_type: None,
        quoted: None,
        is_attached: false,
    }
}

fn of_ip(packet: &Packet, ip: &Ip) -> Seen {
    let (len, is_cut) = payload_len(ip);
    Seen {
        time_ns: packet.time_ns,
        key: ip_key(ip, innermost_vlan(packet)),
        len,
        padding: ip_padding(packet, ip),
        status: ip_status(packet, ip, is_cut),
        chain: chain(packet, &ip_names(ip)),
        src_mac: packet.src_mac,
        dst_mac: packet.dst_mac,
        vlan_ids: packet.vlan_ids.clone(),
        ip_id: (ip.ends.version() == 4).then_some(ip.id),
        // RFC 6946: a fragment header of a whole datagram is no fragmentation.
        fragment: ip
            .fragment
            .filter(|fragment| fragment.offset > 0 || fragment.has_more)
            .map(|fragment| Piece { is_first: fragment.offset == 0, is_last: !fragment.has_more, id: ip.id }),
        tcp: match &ip.transport {
            Transport::Tcp(tcp) => Some(tcp.clone()),
            _ => None,
        },
        icmp_type: match ip.transport {
            Transport::Icmp { kind, .. } => Some(kind),
            _ => None,
        },
        quoted: quoted(packet, ip),
        is_attached: false,
    }
}

fn ip_key(ip: &Ip, vlan_id: u16) -> Key {
    let version = ip.ends.version();
    let (src_port, dst_port) = ip.transport.ports().unwrap_or((0, 0));
    let (src, dst) = match ip.ends {
        Ends::V4(src, dst) => (IpAddr::from(src), IpAddr::from(dst)),
        Ends::V6(src, dst) => (IpAddr::from(src), IpAddr::from(dst)),
    };
    Key {
        src: End::Ip(src, src_port),
        dst: End::Ip(dst, dst_port),
        vlan_id,
        ethertype: if version == 4 { 0x0800 } else { 0x86dd },
        protocol: ip.transport.protocol(version),
    }
}

/// What a message quotes, if it is an error (RFC 792, RFC 4443) with a whole IP header. The quoted flow is looked
/// for on the VLAN of the message.
fn quoted(packet: &Packet, ip: &Ip) -> Option<Quoted> {
    let Transport::Icmp { kind, payload: Payload::Quotation(quotation), .. } = &ip.transport else {
        return None;
    };
    let is_error = match ip.ends.version() {
        4 => [3, 4, 5, 11, 12].contains(kind),
        _ => [1, 2, 3, 4].contains(kind),
    };
    let of = quotation.ip();
    let base = if of.ends.version() == 4 { 20 } else { 40 };
    if !is_error || quotation.bytes().len() < base {
        return None;
    }
    let protocol = of.transport.protocol(of.ends.version());
    let has_ports = protocol == 6 || protocol == 17;
    let tells_ports = !of.is_later_fragment() && quotation.bytes().len() >= network_header_len(of) + 4;
    let is_told = quotation.bytes().len() >= network_header_len(of) && (tells_ports || !has_ports);
    Some(Quoted { key: is_told.then(|| ip_key(of, innermost_vlan(packet))), flow_index: None })
}

fn innermost_vlan(packet: &Packet) -> u16 {
    packet.vlan_ids.last().copied().unwrap_or(0)
}

fn network_header_len(ip: &Ip) -> usize {
    if ip.ends.version() == 4 { 20 } else { 40 + usize::from(extension_len(ip)) }
}

fn ip_len(ip: &Ip) -> usize {
    network_header_len(ip) + ip.transport.header_len() + ip.transport.payload().len()
}

/// The length of the payload, and whether the transport header would be longer than what there is.
fn payload_len(ip: &Ip) -> (u64, bool) {
    let behind_ip = ip.transport.header_len() + ip.transport.payload().len();
    let header_len = match &ip.transport {
        Transport::Tcp(_) => 20,
        Transport::Udp(_) | Transport::Icmp { .. } => 8,
        Transport::Raw { .. } if ip.is_later_fragment() || ip.ends.version() == 6 => 0,
        // In IPv4 every protocol without a length of its own counts as having 8 bytes of header.
        Transport::Raw { .. } => 8,
    };
    (behind_ip.saturating_sub(header_len) as u64, behind_ip < header_len)
}

/// What follows the IP packet in a short frame.
fn ip_padding(packet: &Packet, ip: &Ip) -> u64 {
    let wire_len = frame(packet).len();
    if wire_len > 64 {
        return 0;
    }
    (wire_len - 14 - 4 * packet.vlan_ids.len() - ip_len(ip)) as u64
}

fn link_status(packet: &Packet) -> u64 {
    let mut bits = 0;
    if !packet.vlan_ids.is_empty() {
        bits |= status::VLAN;
    }
    if packet.vlan_ids.contains(&0) {
        bits |= status::VLAN_ID_0;
    }
    if packet.tunnel.is_some() {
        bits |= status::VXLAN | status::IPV4_HEADER;
    }
    bits
}

fn ip_status(packet: &Packet, ip: &Ip, is_cut: bool) -> u64 {
    let mut bits = link_status(packet);
    bits |= match ip.ends.version() {
        4 => status::IPV4_FLOW | status::IPV4_HEADER,
        _ => status::IPV6_FLOW | status::IPV6_HEADER,
    };
    if is_cut {
        bits |= status::LAYER_4_CUT;
    }
    if ip.is_later_fragment() && ip.ends.version() == 4 {
        bits |= status::STOPPED;
    }
    if known_protocol(ip).is_none() && !(ip.is_later_fragment() && ip.ends.version() == 6) {
        bits |= status::STOPPED;
    }
    bits
}

fn known_protocol(ip: &Ip) -> Option<&'static str> {
    match ip.transport.protocol(ip.ends.version()) {
        1 => Some("icmp"),
        6 => Some("tcp"),
        17 => Some("udp"),
        58 => Some("icmpv6"),
        112 => Some("vrrp"),
        _ => None,
    }
}

/// Names of the IP header and those behind it.
fn ip_names(ip: &Ip) -> Vec<String> {
    let version = ip.ends.version();
    let mut names = vec![format!("ipv{version}")];
    if version == 6 && ip.has_router_alert {
        names.push("ipv6.hopopts".into());
    }
    if version == 6 && ip.fragment.is_some() {
        names.push("ipv6.fraghdr".into());
    }
    // IPv4 names the protocol of a later fragment, IPv6 does not.
    if version == 4 || !ip.is_later_fragment() {
        let unknown = || format!("UNK({})", ip.transport.protocol(version));
        names.push(known_protocol(ip).map_or_else(unknown, str::to_owned));
    }
    names
}

fn chain(packet: &Packet, names: &[String]) -> (String, u64) {
    let mut parts = Vec::new();
    if packet.tunnel.is_some() {
        parts.extend(["eth", "ipv4", "udp", "vxlan"].map(str::to_owned));
    }
    parts.push("eth".into());
    let tags = packet.vlan_ids.len();
    match tags {
        0 => {}
        1 => parts.push("vlan".into()),
        _ => parts.push(format!("vlan{{{tags}}}")),
    }
    parts.extend_from_slice(names);
    (parts.join(":"), (parts.len() + tags.saturating_sub(1)) as u64)
}
