//! What a packet is made of.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::frame::ip_packet;

/// One packet of a capture, as one would tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When it was captured, in nanoseconds since the epoch.
    pub time_ns: i64,
    /// Source MAC address.
    pub src_mac: [u8; 6],
    /// Destination MAC address.
    pub dst_mac: [u8; 6],
    /// 12-bit VLAN ids (IEEE 802.1Q), outermost first.
    pub vlan_ids: Vec<u16>,
    /// Zeros fill the frame to the 60 bytes that Ethernet wants.
    pub is_padded: bool,
    /// What is behind the ethertype.
    pub content: Content,
    /// The whole frame is carried by this tunnel.
    pub tunnel: Option<Vxlan>,
}

/// What is behind the ethertype of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// An IP packet.
    Ip(Ip),
    /// Anything else, byte by byte.
    Other {
        /// The ethertype, above 1535.
        ethertype: u16,
        /// What follows it.
        bytes: Vec<u8>,
    },
}

/// An IP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ip {
    /// Source and destination.
    pub ends: Ends,
    /// Identification: 16 bits for IPv4; 32 bits for IPv6, which has it in fragments only.
    pub id: u32,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// Which fragment of a datagram this is, if it is one.
    pub fragment: Option<Fragment>,
    /// IPv6: a hop-by-hop header with the router alert option (RFC 2711) comes first.
    pub has_router_alert: bool,
    /// What IP carries.
    pub transport: Transport,
}

/// Source and destination address, of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// RFC 791.
    V4(Ipv4Addr, Ipv4Addr),
    /// RFC 8200.
    V6(Ipv6Addr, Ipv6Addr),
}

/// Where a fragment stands in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Offset in units of 8 bytes, below 8192.
    pub offset: u16,
    /// More fragments follow.
    pub has_more: bool,
}

/// What IP carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// RFC 9293.
    Tcp(Tcp),
    /// RFC 768.
    Udp(Udp),
    /// RFC 792, or RFC 4443 between IPv6 addresses.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
        /// The second word of the header.
        rest: [u8; 4],
        /// What follows the 8-byte header.
        payload: Payload,
    },
    /// Any other protocol, and later fragments of any protocol.
    Raw {
        /// IANA protocol number.
        protocol: u8,
        /// What follows the IP header.
        payload: Payload,
    },
}

/// A TCP segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tcp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// The flag byte, see [`flags`].
    pub flags: u8,
    /// Window as it stands in the header.
    pub window: u16,
    /// Options, whole words of 4 bytes, 10 words at most.
    pub options: Vec<u8>,
    /// Payload.
    pub payload: Payload,
}

/// TCP header flags (RFC 9293 section 3.1).
pub mod flags {
    /// No more data.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// Acknowledgement field is significant.
    pub const ACK: u8 = 0x10;
    /// Urgent field is significant.
    pub const URG: u8 = 0x20;
}

/// A UDP datagram, or its first fragment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Udp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Payload.
    pub payload: Payload,
    /// Length and checksum of the whole datagram, where this is a fragment of it.
    pub whole: Option<(u16, u16)>,
}

/// Payload bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// These.
    Bytes(Vec<u8>),
    /// So many bytes of a fixed pattern that no protocol begins with.
    Pattern(u16),
    /// What an ICMP error quotes.
    Quotation(Box<Quotation>),
}

/// The packet that an ICMP error quotes, and the bytes of it that the error has room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotation {
    ip: Ip,
    bytes: Vec<u8>,
}

/// An outer Ethernet, IPv4, UDP, and VXLAN header (RFC 7348).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vxlan {
    /// Outer source.
    pub src: Ipv4Addr,
    /// Outer destination.
    pub dst: Ipv4Addr,
    /// Outer UDP source port.
    pub src_port: u16,
    /// 24-bit network identifier.
    pub vni: u32,
}

impl Packet {
    /// A packet between two hosts whose MAC addresses are made of the last byte of their addresses.
    pub fn ip(time_ns: i64, ip: Ip) -> Self {
        let (src, dst) = ip.ends.last_bytes();
        Self {
            time_ns,
            src_mac: mac(src),
            dst_mac: mac(dst),
            vlan_ids: Vec::new(),
            is_padded: false,
            content: Content::Ip(ip),
            tunnel: None,
        }
    }

    /// A padded frame of another ethertype.
    pub fn other(time_ns: i64, macs: ([u8; 6], [u8; 6]), ethertype: u16, bytes: Vec<u8>) -> Self {
        Self {
            time_ns,
            src_mac: macs.0,
            dst_mac: macs.1,
            vlan_ids: Vec::new(),
            is_padded: true,
            content: Content::Other { ethertype, bytes },
            tunnel: None,
        }
    }

    /// The same with VLAN tags.
    #[must_use]
    pub fn with_vlans(self, vlan_ids: &[u16]) -> Self {
        Self { vlan_ids: vlan_ids.to_vec(), ..self }
    }
}

/// A locally administered unicast MAC address (IEEE 802-2014 section 8.4).
pub fn mac(host: u8) -> [u8; 6] {
    [0x02, 0, 0, 0, 0, host]
}

impl Ip {
    /// An unfragmented packet with TTL 64.
    pub fn new(ends: Ends, transport: Transport) -> Self {
        Self { ends, id: 0, ttl: 64, fragment: None, has_router_alert: false, transport }
    }

    /// This is a fragment, and not the first one.
    pub fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.offset > 0)
    }
}

impl Ends {
    /// The same with source and destination exchanged.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::V4(src, dst) => Self::V4(dst, src),
            Self::V6(src, dst) => Self::V6(dst, src),
        }
    }

    /// 4 or 6.
    pub fn version(self) -> u8 {
        match self {
            Self::V4(..) => 4,
            Self::V6(..) => 6,
        }
    }

    fn last_bytes(self) -> (u8, u8) {
        match self {
            Self::V4(src, dst) => (src.octets()[3], dst.octets()[3]),
            Self::V6(src, dst) => (src.octets()[15], dst.octets()[15]),
        }
    }
}

impl Transport {
    /// IANA protocol number, between addresses of this version.
    pub fn protocol(&self, version: u8) -> u8 {
        match self {
            Self::Tcp(_) => 6,
            Self::Udp(_) => 17,
            Self::Icmp { .. } if version == 4 => 1,
            Self::Icmp { .. } => 58,
            Self::Raw { protocol, .. } => *protocol,
        }
    }

    /// Source and destination port, where there are any.
    pub fn ports(&self) -> Option<(u16, u16)> {
        match self {
            Self::Tcp(tcp) => Some((tcp.src_port, tcp.dst_port)),
            Self::Udp(udp) => Some((udp.src_port, udp.dst_port)),
            _ => None,
        }
    }

    /// What follows the transport header.
    pub fn payload(&self) -> &Payload {
        match self {
            Self::Tcp(tcp) => &tcp.payload,
            Self::Udp(udp) => &udp.payload,
            Self::Icmp { payload, .. } | Self::Raw { payload, .. } => payload,
        }
    }

    /// Bytes of the transport header.
    pub fn header_len(&self) -> usize {
        match self {
            Self::Tcp(tcp) => 20 + tcp.options.len(),
            Self::Udp(_) | Self::Icmp { .. } => 8,
            Self::Raw { .. } => 0,
        }
    }
}

impl Quotation {
    /// The first bytes of an IP packet, at most so many.
    pub fn new(ip: &Ip, max: usize) -> Self {
        let mut bytes = ip_packet(ip);
        bytes.truncate(max);
        Self { ip: ip.clone(), bytes }
    }

    /// The quoted packet.
    pub fn ip(&self) -> &Ip {
        &self.ip
    }

    /// What is quoted of it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Payload {
    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Pattern(len) => &PATTERN[..usize::from(*len)],
            Self::Quotation(quotation) => quotation.bytes(),
        }
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::Pattern(0)
    }
}

impl From<Quotation> for Payload {
    fn from(quotation: Quotation) -> Self {
        Self::Quotation(Box::new(quotation))
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

/// Bytes with the high bit set in the first place: no version or content type of a protocol that is told by
/// its first bytes.
static PATTERN: [u8; u16::MAX as usize] = pattern();

const fn pattern() -> [u8; u16::MAX as usize] {
    let mut bytes = [0; u16::MAX as usize];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = 0xc0 | (at % 61) as u8;
        at += 1;
    }
    bytes
}
