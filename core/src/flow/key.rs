//! What makes packets one conversation: both endpoints, VLAN, and protocol, whichever of them sends.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::{FixedState, RandomState};
use weir_sdk::icmp::Quoted;
use weir_sdk::{Ip, Packet};

use crate::decode::LinkDirection;

/// The key of a conversation, the same for both directions, packed into words so that it hashes and
/// compares fast. Layer 3: addresses, ports, VLAN id, protocol, and IP version of the innermost header;
/// layer 2: MAC addresses, VLAN id, and ethertype.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowKey {
    /// The lower endpoint's address, then the higher one's; IPv4 uses the first word for both.
    addresses: [u64; 4],
    /// Lower port, higher port, VLAN id, protocol or 0, version: 16, 16, 16, 8, and 8 bits.
    rest: u64,
}

/// A key and which way the packet went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oriented {
    /// The same for both directions.
    pub key: FlowKey,
    /// The packet's source is the higher endpoint.
    pub swapped: bool,
    /// Source and destination are the same endpoint, so that there is only one direction.
    pub to_itself: bool,
}

const LAYER_2: u64 = 2;

impl FlowKey {
    /// The key of a decoded packet. `links`, by ordinal, stand in for addresses where there are none.
    #[inline]
    pub fn of(packet: &Packet<'_>, links: &[LinkEnds]) -> Oriented {
        match packet.ips() {
            Some((Ip::V4(src), Ip::V4(dst))) => {
                let (src, dst) = (u32::from_be_bytes(src), u32::from_be_bytes(dst));
                ipv4(src, dst, (packet.src_port, packet.dst_port), tail(packet) | 4)
            }
            other => Self::of_others(packet, other, links),
        }
    }

    /// Apart, so that the way of most packets is short.
    #[inline(never)]
    fn of_others(packet: &Packet<'_>, ips: Option<(Ip, Ip)>, links: &[LinkEnds]) -> Oriented {
        match ips {
            Some((Ip::V6(src), Ip::V6(dst))) => {
                let (src, dst) = (u128::from_be_bytes(src), u128::from_be_bytes(dst));
                ipv6(src, dst, (packet.src_port, packet.dst_port), tail(packet) | 6)
            }
            _ => layer_2(packet, links),
        }
    }

    /// The key of the conversation that a quoted packet belongs to, on the same VLAN as the message that quotes it.
    /// None if the quotation does not tell.
    pub fn of_quoted(quoted: &Quoted, vlan_id: u16) -> Option<Self> {
        let protocol = quoted.l4_proto?;
        let ports = if Quoted::has_ports(protocol) { quoted.ports? } else { (0, 0) };
        let tail = u64::from(vlan_id) << 16 | u64::from(protocol) << 8;
        let oriented = match (quoted.src_ip, quoted.dst_ip) {
            (Ip::V4(src), Ip::V4(dst)) => {
                ipv4(u32::from_be_bytes(src), u32::from_be_bytes(dst), ports, tail | 4)
            }
            (Ip::V6(src), Ip::V6(dst)) => {
                ipv6(u128::from_be_bytes(src), u128::from_be_bytes(dst), ports, tail | 6)
            }
            _ => return None,
        };
        Some(oriented.key)
    }

    /// Whether the conversation is one of TCP.
    #[inline]
    pub fn is_tcp(&self) -> bool {
        self.rest & 0xff != LAYER_2 && self.rest >> 8 & 0xff == 6
    }

    /// The part of all conversations that it falls into, by its hosts.
    #[inline]
    pub fn shard(&self) -> u8 {
        shard_of_hosts(self.hosts(), (self.rest >> 16) as u16)
    }

    /// The shard of a packet's key, which need not be made for that.
    #[inline]
    pub fn shard_of(packet: &Packet<'_>, links: &[LinkEnds]) -> u8 {
        match packet.ips() {
            Some((Ip::V4(src), Ip::V4(dst))) => {
                let (src, dst) = (u32::from_be_bytes(src), u32::from_be_bytes(dst));
                shard_of_hosts(&[both(src.min(dst), src.max(dst))], packet.vlan_id)
            }
            other => Self::of_others(packet, other, links).key.shard(),
        }
    }

    /// A seeded hash: keys come from the wire.
    #[inline]
    pub fn hash(&self, state: &RandomState) -> u64 {
        let mut hasher = state.build_hasher();
        self.hosts().iter().for_each(|&word| hasher.write_u64(word));
        hasher.write_u64(self.rest);
        hasher.finish()
    }

    /// Both addresses, in as many words as they take.
    #[inline]
    fn hosts(&self) -> &[u64] {
        if self.rest & 0xff == 4 { &self.addresses[..1] } else { &self.addresses }
    }
}

/// By a hash of the two hosts and their VLAN: whatever belongs together shares it, such as the fragments of a
/// datagram and the flow of their first. Not seeded, so that it is the same in every run: an attacker can
/// make one worker work alone, and gains nothing else.
#[inline]
fn shard_of_hosts(hosts: &[u64], vlan_id: u16) -> u8 {
    let mut hasher = FixedState::default().build_hasher();
    hosts.iter().for_each(|&word| hasher.write_u64(word));
    hasher.write_u64(u64::from(vlan_id) << 16);
    (hasher.finish() >> 56) as u8
}

/// What a link tells of the two ends of a packet without addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkEnds {
    /// The packet's number.
    pub ordinal: u64,
    /// The link type.
    pub link_type: u16,
    /// Which end sent, where the link says so.
    pub direction: Option<LinkDirection>,
}

impl LinkEnds {
    /// Whether there is nothing else to know the packet's conversation by.
    #[inline]
    pub fn are_needed(packet: &Packet<'_>) -> bool {
        packet.ips().is_none() && packet.src_mac().is_none() && packet.dst_mac().is_none()
    }

    /// Those of a packet among these, which stand by ordinal.
    fn of(packet: &Packet<'_>, links: &[Self]) -> Self {
        let at = links.binary_search_by_key(&packet.ordinal, |link| link.ordinal);
        at.map(|at| links[at]).unwrap_or_default()
    }
}

/// VLAN id and protocol of a key of layer 3.
#[inline]
fn tail(packet: &Packet<'_>) -> u64 {
    u64::from(packet.vlan_id) << 16 | u64::from(packet.l4_proto) << 8
}

#[inline]
fn ipv4(src: u32, dst: u32, (src_port, dst_port): (u16, u16), tail: u64) -> Oriented {
    let swapped = (src, src_port) > (dst, dst_port);
    let (low, high) = if swapped { (dst, src) } else { (src, dst) };
    let addresses = [both(low, high), 0, 0, 0];
    let rest = ordered_ports(src_port, dst_port, swapped) | tail;
    Oriented { key: FlowKey { addresses, rest }, swapped, to_itself: (src, src_port) == (dst, dst_port) }
}

/// Two IPv4 addresses in a word.
#[inline]
fn both(low: u32, high: u32) -> u64 {
    u64::from(low) << 32 | u64::from(high)
}

fn ipv6(src: u128, dst: u128, (src_port, dst_port): (u16, u16), tail: u64) -> Oriented {
    let swapped = (src, src_port) > (dst, dst_port);
    let (low, high) = if swapped { (dst, src) } else { (src, dst) };
    let addresses = [(low >> 64) as u64, low as u64, (high >> 64) as u64, high as u64];
    let rest = ordered_ports(src_port, dst_port, swapped) | tail;
    Oriented { key: FlowKey { addresses, rest }, swapped, to_itself: (src, src_port) == (dst, dst_port) }
}

#[inline]
fn ordered_ports(src: u16, dst: u16, swapped: bool) -> u64 {
    let (low, high) = if swapped { (dst, src) } else { (src, dst) };
    u64::from(low) << 48 | u64::from(high) << 32
}

fn layer_2(packet: &Packet<'_>, links: &[LinkEnds]) -> Oriented {
    let (src, dst) = match (packet.src_mac(), packet.dst_mac()) {
        (None, None) => {
            let link = LinkEnds::of(packet, links);
            let end = u64::from(link.link_type) << 8 | link.direction.map_or(2, |direction| direction as u64);
            (end, end)
        }
        (src, dst) => (mac_number(src), mac_number(dst)),
    };
    let swapped = src > dst;
    let (low, high) = if swapped { (dst, src) } else { (src, dst) };
    let has_macs = u64::from(packet.src_mac().is_some() || packet.dst_mac().is_some());
    let rest = u64::from(packet.ethertype) << 48 | u64::from(packet.vlan_id) << 16 | has_macs << 8 | LAYER_2;
    Oriented { key: FlowKey { addresses: [low, high, 0, 0], rest }, swapped, to_itself: src == dst }
}

/// An absent address is a number that no present one has.
fn mac_number(mac: Option<weir_sdk::Mac>) -> u64 {
    let [a, b, c, d, e, f] = match mac {
        Some(mac) => mac.0,
        None => return u64::MAX,
    };
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}
