//! What the words of a test come to: the facts that core would find, and the captured bytes.

use std::net::{IpAddr, Ipv4Addr};

use super::frame::{self, Frame, IpHeader, Transport};
use super::packet::TestPacket;
use crate::packet::{PacketFacts, Side, flag};
use crate::status;
use crate::value::Mac;

impl TestPacket {
    /// Its facts as core would find them, but for the key of its header chain, at the start of a window of
    /// its own.
    pub fn facts(&self) -> PacketFacts {
        self.build().0
    }

    /// Its captured bytes.
    pub fn frame(&self) -> Vec<u8> {
        self.build().1
    }

    /// Facts and captured bytes.
    pub(super) fn build(&self) -> (PacketFacts, Vec<u8>) {
        let ip = self.ip_header();
        let transport = (&self.transport, self.port_pair());
        let mut frame =
            frame::ethernet(self.mac_pair(), &self.vlan_tags, &ip, transport, &self.payload, self.pads);
        let mut facts = PacketFacts::default();
        self.tell_lengths(&mut facts, &frame);
        self.tell_link(&mut facts, &ip);
        if !matches!(self.transport, Transport::Ethertype(_)) {
            self.tell_network(&mut facts, &ip);
        }
        self.tell_status(&mut facts);
        let mut bytes = self.bytes.clone().unwrap_or_else(|| std::mem::take(&mut frame.bytes));
        bytes.truncate(self.captured.map_or(usize::MAX, |captured| captured as usize));
        facts.captured_len = bytes.len() as u32;
        self.changes.iter().for_each(|change| change(&mut facts));
        (facts, bytes)
    }

    /// The chain of headers: as told, or by its layers.
    pub(super) fn chain(&self) -> String {
        self.chain.clone().unwrap_or_else(|| self.default_chain())
    }

    fn default_chain(&self) -> String {
        let mut names = vec!["eth".to_owned()];
        match self.vlan_tags.len() {
            0 => {}
            1 => names.push("vlan".to_owned()),
            more => names.push(format!("vlan{{{more}}}")),
        }
        let version = if self.ip_header().src.is_ipv6() { "ipv6" } else { "ipv4" };
        match &self.transport {
            Transport::Ethertype(0x0806) => names.push("arp".to_owned()),
            Transport::Ethertype(number) => names.push(format!("UNK(0x{number:04x})")),
            _ => names.extend([version.to_owned(), self.transport_name()]),
        }
        names.join(":")
    }

    fn transport_name(&self) -> String {
        match self.transport.protocol(self.ip_header().src.is_ipv6()) {
            1 => "icmp".into(),
            6 => "tcp".into(),
            17 => "udp".into(),
            58 => "icmpv6".into(),
            number => format!("UNK({number})"),
        }
    }

    fn tell_lengths(&self, facts: &mut PacketFacts, frame: &Frame) {
        let len = frame.bytes.len();
        facts.time_ns = self.time_ns;
        facts.wire_len = self.wire_len.unwrap_or(len as u32);
        facts.l3_offset = frame.l3_offset;
        facts.l4_offset = frame.l4_offset;
        facts.payload_offset = frame.payload_offset;
        facts.l3_len = frame.l3_len as u32;
        facts.payload_len = match self.transport {
            // Without a length of its own, layer 2 counts the padding.
            Transport::Ethertype(_) => (len - usize::from(frame.payload_offset)) as u32,
            _ => self.payload.len() as u32,
        };
        facts.padding_len = (len - usize::from(frame.l3_offset) - frame.l3_len) as u16;
    }

    fn tell_link(&self, facts: &mut PacketFacts, ip: &IpHeader) {
        (facts.src_mac_offset, facts.dst_mac_offset) = frame::mac_offsets(self.is_ethernet);
        facts.ethertype = frame::ethertype(ip, &self.transport);
        facts.vlan_count = self.vlan_tags.len() as u8;
        facts.vlan_id = self.vlan_tags.last().map_or(0, |tag| tag & 0xfff);
        for (id, tag) in facts.vlan_tags.iter_mut().zip(&self.vlan_tags) {
            *id = tag & 0xfff;
        }
        facts.side = self.side as u8;
    }

    fn tell_network(&self, facts: &mut PacketFacts, ip: &IpHeader) {
        facts.ip_version = if ip.src.is_ipv6() { 6 } else { 4 };
        facts.l4_proto = self.transport.protocol(ip.src.is_ipv6());
        (facts.src_port, facts.dst_port) = self.port_pair();
        facts.fragment_id = u32::from(ip.id);
        facts.fragment_offset = ip.fragment.0;
        facts.flags = match ip.fragment {
            (0, false) => flag::HAS_L4,
            (0, true) => flag::HAS_L4 | flag::FIRST_FRAGMENT | flag::MORE_FRAGMENTS,
            (_, true) => flag::LATER_FRAGMENT | flag::MORE_FRAGMENTS,
            (_, false) => flag::LATER_FRAGMENT,
        };
        if let (Transport::Tcp { header, .. }, true) = (&self.transport, facts.has(flag::HAS_L4)) {
            facts.flags |= flag::HAS_TCP_FLAGS;
            facts.tcp_flags = header.flags;
        }
    }

    fn tell_status(&self, facts: &mut PacketFacts) {
        facts.status = self.status
            | match facts.ip_version {
                4 => status::IPV4_FLOW | status::IPV4_SEEN,
                6 => status::IPV6_FLOW | status::IPV6_SEEN,
                _ => status::LAYER_2,
            };
        if facts.has(flag::FIRST_FRAGMENT) {
            facts.status |= status::FRAGMENTED;
        }
        if facts.has(flag::LATER_FRAGMENT) {
            facts.status |= status::STOPPED;
        }
    }

    fn ip_header(&self) -> IpHeader {
        let (src, dst) = self.ips.unwrap_or_else(|| {
            let host = |number| IpAddr::V4(Ipv4Addr::new(10, 0, 0, number));
            self.turned((host(1), host(2)))
        });
        IpHeader {
            src,
            dst,
            id: self.ip_id,
            hop_limit: self.hop_limit,
            traffic_class: self.traffic_class,
            fragment: self.fragment,
        }
    }

    fn mac_pair(&self) -> (Mac, Mac) {
        self.macs.unwrap_or_else(|| self.turned((Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2]))))
    }

    /// Source and destination port; 0 where the transport has none.
    fn port_pair(&self) -> (u16, u16) {
        match &self.transport {
            Transport::Udp { ports } | Transport::Tcp { ports, .. } => {
                ports.unwrap_or_else(|| self.turned((2000, 3000)))
            }
            _ => (0, 0),
        }
    }

    /// A default pair of side A, the other way round for side B.
    fn turned<T>(&self, (a, b): (T, T)) -> (T, T) {
        match self.side {
            Side::A => (a, b),
            Side::B => (b, a),
        }
    }
}
