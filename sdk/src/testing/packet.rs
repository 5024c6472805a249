//! A packet written down by a test: what it does not say has a plain default.

use std::net::IpAddr;

use super::frame::{TcpHeader, Transport};
use crate::packet::{PacketFacts, Side};
use crate::status;
use crate::value::Mac;

/// TCP flag FIN (RFC 9293).
pub const FIN: u8 = 0x01;
/// TCP flag SYN.
pub const SYN: u8 = 0x02;
/// TCP flag RST.
pub const RST: u8 = 0x04;
/// TCP flag PSH.
pub const PSH: u8 = 0x08;
/// TCP flag ACK.
pub const ACK: u8 = 0x10;

/// A packet: UDP from 10.0.0.1:2000 (A) to 10.0.0.2:3000 (B) at time 0, without payload, unless told otherwise.
///
/// A packet of side B has the default addresses, ports and MAC addresses the other way round; those that
/// a test gives are taken as they are given.
///
/// ```
/// use weir_sdk::Side;
/// use weir_sdk::testing::{ACK, packet};
///
/// let answer = packet().time_s(1.5).side(Side::B).tcp(443, 50_000).tcp_flags(ACK).payload(*b"hello");
/// assert_eq!(answer.facts().payload_len, 5);
/// ```
#[derive(Clone)]
pub struct TestPacket {
    pub(super) time_ns: i64,
    pub(super) side: Side,
    pub(super) status: u64,
    pub(super) chain: Option<String>,
    pub(super) macs: Option<(Mac, Mac)>,
    pub(super) is_ethernet: bool,
    pub(super) vlan_tags: Vec<u16>,
    pub(super) ips: Option<(IpAddr, IpAddr)>,
    pub(super) ip_id: u16,
    pub(super) hop_limit: u8,
    pub(super) traffic_class: u8,
    pub(super) fragment: (u16, bool),
    pub(super) transport: Transport,
    pub(super) payload: Vec<u8>,
    pub(super) pads: bool,
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) captured: Option<u32>,
    pub(super) wire_len: Option<u32>,
    pub(super) changes: Vec<fn(&mut PacketFacts)>,
}

/// The packet that a test starts from; see [`TestPacket`].
pub fn packet() -> TestPacket {
    TestPacket {
        time_ns: 0,
        side: Side::A,
        status: 0,
        chain: None,
        macs: None,
        is_ethernet: true,
        vlan_tags: Vec::new(),
        ips: None,
        ip_id: 0,
        hop_limit: 64,
        traffic_class: 0,
        fragment: (0, false),
        transport: Transport::Udp { ports: None },
        payload: Vec::new(),
        pads: false,
        bytes: None,
        captured: None,
        wire_len: None,
        changes: Vec::new(),
    }
}

/// When, by whom, and what core says of it.
impl TestPacket {
    /// Captured at this second.
    pub fn time_s(self, seconds: f64) -> Self {
        self.time_ns((seconds * 1e9).round() as i64)
    }

    /// Captured at this nanosecond.
    pub fn time_ns(mut self, time_ns: i64) -> Self {
        self.time_ns = time_ns;
        self
    }

    /// Sent by this side.
    pub fn side(mut self, side: Side) -> Self {
        self.side = side;
        self
    }

    /// Carries these status bits besides those of its IP version, VLAN tags and fragmentation.
    pub fn status(mut self, bits: u64) -> Self {
        self.status |= bits;
        self
    }

    /// Has this chain of headers, for instance `eth:vlan{2}:ipv4:udp`.
    pub fn headers(mut self, chain: &str) -> Self {
        self.chain = Some(chain.to_owned());
        self
    }

    /// Has its facts changed last of all: for whatever the builder has no word for.
    pub fn change(mut self, change: fn(&mut PacketFacts)) -> Self {
        self.changes.push(change);
        self
    }
}

/// Link and network layer.
impl TestPacket {
    /// From and to these MAC addresses.
    pub fn macs(mut self, src: [u8; 6], dst: [u8; 6]) -> Self {
        self.macs = Some((Mac(src), Mac(dst)));
        self
    }

    /// On a link without MAC addresses; its bytes stay those of an Ethernet frame, but no fact tells so.
    pub fn without_ethernet(mut self) -> Self {
        self.is_ethernet = false;
        self.status(status::NO_ETHERNET)
    }

    /// With these VLAN tags (priority bits and id), outermost first.
    pub fn vlan(mut self, tags: &[u16]) -> Self {
        self.vlan_tags = tags.to_vec();
        self.status(status::VLAN)
    }

    /// From and to these addresses, both IPv4 or both IPv6.
    pub fn ips(mut self, src: &str, dst: &str) -> Self {
        let parse = |text: &str| text.parse().expect("a test gives valid IP addresses");
        self.ips = Some((parse(src), parse(dst)));
        self
    }

    /// With this IPv4 identification.
    pub fn ip_id(mut self, id: u16) -> Self {
        self.ip_id = id;
        self
    }

    /// With this time to live (IPv4) or hop limit (IPv6).
    pub fn hop_limit(mut self, hops: u8) -> Self {
        self.hop_limit = hops;
        self
    }

    /// With this type of service (IPv4) or traffic class (IPv6).
    pub fn traffic_class(mut self, class: u8) -> Self {
        self.traffic_class = class;
        self
    }

    /// An IPv4 fragment: offset in units of 8 bytes, and whether more fragments follow.
    pub fn fragment(mut self, offset: u16, more: bool) -> Self {
        self.fragment = (offset, more);
        self
    }

    /// A layer-2 packet of this ethertype: no IP, the payload follows the Ethernet header.
    pub fn ethertype(mut self, number: u16) -> Self {
        self.transport = Transport::Ethertype(number);
        self
    }
}

/// Transport and payload.
impl TestPacket {
    /// UDP between these ports.
    pub fn udp(mut self, src: u16, dst: u16) -> Self {
        self.transport = Transport::Udp { ports: Some((src, dst)) };
        self
    }

    /// TCP between these ports.
    pub fn tcp(mut self, src: u16, dst: u16) -> Self {
        let header = self.tcp_header().clone();
        self.transport = Transport::Tcp { ports: Some((src, dst)), header };
        self
    }

    /// TCP with these flags, for instance `SYN | ACK`.
    pub fn tcp_flags(mut self, flags: u8) -> Self {
        self.tcp_header().flags = flags;
        self
    }

    /// TCP with this sequence number.
    pub fn sequence(mut self, number: u32) -> Self {
        self.tcp_header().sequence = number;
        self
    }

    /// TCP with this acknowledgment number.
    pub fn acknowledgment(mut self, number: u32) -> Self {
        self.tcp_header().acknowledgment = number;
        self
    }

    /// TCP with this value in the window field.
    pub fn window(mut self, window: u16) -> Self {
        self.tcp_header().window = window;
        self
    }

    /// TCP with these option bytes, filled up with zeros to a multiple of four.
    pub fn tcp_options(mut self, options: &[u8]) -> Self {
        self.tcp_header().options = options.to_vec();
        self
    }

    /// ICMP (ICMPv6 between IPv6 addresses): type, code, and the four bytes behind the checksum.
    pub fn icmp(mut self, kind: u8, code: u8, rest: [u8; 4]) -> Self {
        self.transport = Transport::Icmp { kind, code, rest };
        self
    }

    /// Another IP protocol: the payload follows the IP header.
    pub fn protocol(mut self, number: u8) -> Self {
        self.transport = Transport::Protocol(number);
        self
    }

    /// With these layer-7 bytes.
    pub fn payload(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.payload = bytes.into();
        self
    }

    fn tcp_header(&mut self) -> &mut TcpHeader {
        if !matches!(self.transport, Transport::Tcp { .. }) {
            self.transport = Transport::Tcp { ports: None, header: TcpHeader::default() };
        }
        match &mut self.transport {
            Transport::Tcp { header, .. } => header,
            _ => unreachable!("it was made TCP above"),
        }
    }
}

/// Lengths and bytes.
impl TestPacket {
    /// Padded to the 60 bytes that Ethernet asks for.
    pub fn padded(mut self) -> Self {
        self.pads = true;
        self
    }

    /// Cut to this many captured bytes, while the lengths on the wire stay.
    pub fn captured(mut self, bytes: u32) -> Self {
        self.captured = Some(bytes);
        self
    }

    /// With this length on the wire, whatever its bytes say.
    pub fn wire_len(mut self, bytes: u32) -> Self {
        self.wire_len = Some(bytes);
        self
    }

    /// With this layer-7 length: so many zero bytes behind its headers.
    pub fn payload_len(self, bytes: u16) -> Self {
        self.payload(vec![0; usize::from(bytes)])
    }

    /// With these bytes in place of the frame that the other words describe; facts and offsets stay as
    /// described, so use [`change`](Self::change) where they differ.
    pub fn bytes(mut self, frame: impl Into<Vec<u8>>) -> Self {
        self.bytes = Some(frame.into());
        self
    }
}
