//! The fast path: Ethernet with up to two VLAN tags, IPv4 without options or IPv6 without extension headers,
//! TCP or UDP that is no tunnel.
//!
//! What comes in: a frame. What goes out: its facts, or `None` for all that is not exactly this; the careful
//! path decodes that, and a property test shows that both agree.
//!
//! The parts are always inlined: handed over in memory, their results would cost as much as the parsing.

use weir_sdk::packet::flag;
use weir_sdk::{PacketFacts, status};

use super::chain::{ChainBuilder, HeaderChains, Layer};
use super::facts::TCP_FLAGS;
use super::names::{Name, ethertype, protocol};
use super::walk::Vlans;
use super::{dtls, ether, lengths, teredo};
use crate::capture::Record;

/// Tags that the fast path steps over.
const MAX_TAGS: u16 = 2;
/// Frames of more bytes are left to the careful path, so that all offsets fit.
const MAX_FRAME: usize = 0x4000;

/// Ports that may mean more than TCP or UDP.
const SPECIAL: [u16; 15] =
    [5072, 2123, 2152, 3386, 4789, 4790, 8472, 6081, 5246, 5247, 12222, 12223, 1701, 1900, 4500];

/// One bit a port.
static SPECIAL_PORTS: [u64; 1024] = bitmap();

const fn bitmap() -> [u64; 1024] {
    let mut bits = [0; 1024];
    let mut next = 0;
    while next < SPECIAL.len() {
        bits[SPECIAL[next] as usize / 64] |= 1 << (SPECIAL[next] % 64);
        next += 1;
    }
    bits
}

#[inline]
fn is_special(port: u16) -> bool {
    SPECIAL_PORTS[usize::from(port / 64)] >> (port % 64) & 1 != 0
}

/// Gives the chains of the fast path their numbers: first thing in a new interner.
pub(super) fn seed(chains: &mut HeaderChains) {
    for tags in 0..=MAX_TAGS {
        for ip in [Name::Ipv4, Name::Ipv6] {
            for transport in [Name::Tcp, Name::Udp] {
                let mut chain = ChainBuilder::default();
                chain.push(Name::Eth.into());
                if tags > 0 {
                    chain.push(Layer::with(Name::Vlan, tags));
                }
                chain.push(ip.into());
                chain.push(transport.into());
                let id = chains.intern(&chain);
                debug_assert_eq!(id, chain_id(tags, ip == Name::Ipv6, transport == Name::Udp));
            }
        }
    }
}

/// The number that [`seed`] gave a chain.
#[inline]
fn chain_id(tags: u16, is_ipv6: bool, is_udp: bool) -> u32 {
    u32::from(tags) * 4 + u32::from(is_ipv6) * 2 + u32::from(is_udp)
}

/// What the IP header tells.
struct Ip {
    version: u8,
    len: usize,
    header: usize,
    protocol: u8,
    id: u16,
    status: u64,
    to_itself: bool,
}

/// What the transport header tells.
struct Transport {
    src: u16,
    dst: u16,
    header: usize,
    tcp_flags: u8,
    flags: u8,
}

/// Fills in the facts of a frame of the common kind.
#[inline]
pub(super) fn decode(record: &Record, frame: &[u8], facts: &mut PacketFacts) -> Option<()> {
    let wire = record.wire_len as usize;
    if frame.len() > MAX_FRAME {
        return None;
    }
    let start: &[u8; 16] = frame.first_chunk()?;
    if is_isl(start) {
        return None;
    }
    let mut vlans = Vlans::default();
    let mut status = 0;
    let (kind, l3) = ethertype_behind_tags(frame, start, &mut vlans, &mut status)?;
    let bytes = &frame[l3..];
    let remaining = wire.checked_sub(l3)?;
    let ip = match kind {
        ethertype::IPV4 => ipv4(bytes, remaining)?,
        ethertype::IPV6 => ipv6(bytes, remaining)?,
        _ => return None,
    };
    let segment = bytes.get(ip.header..)?;
    let transport = match ip.protocol {
        protocol::TCP => tcp(segment)?,
        protocol::UDP => udp(segment, &ip)?,
        _ => return None,
    };
    let headers = ip.header + transport.header;
    let payload_len = ip.len.checked_sub(headers)?;
    status |= ip.status;
    if bytes.len() < ip.len {
        status |= status::L3_SNAPPED;
    }
    if ip.to_itself && ip.protocol == protocol::TCP && transport.src == transport.dst {
        status |= status::LAND_ATTACK;
    }
    let padding = if wire > 64 { 0 } else { remaining - ip.len };
    // All fields at once: filling them in one after the other costs twice the time.
    *facts = PacketFacts {
        time_ns: record.time_ns,
        ordinal: facts.ordinal,
        start: record.start as u64,
        status,
        captured_len: record.captured_len,
        wire_len: record.wire_len,
        header_chain: chain_id(vlans.count, ip.version == 6, ip.protocol == protocol::UDP),
        fragment_id: u32::from(ip.id),
        l3_len: ip.len as u32,
        l3_offset: l3 as u16,
        l4_offset: (l3 + ip.header) as u16,
        payload_offset: (l3 + headers) as u16,
        src_mac_offset: 6,
        dst_mac_offset: 0,
        payload_len: lengths::in_32_bits(payload_len),
        padding_len: padding as u16,
        ethertype: kind,
        src_port: transport.src,
        dst_port: transport.dst,
        fragment_offset: 0,
        vlan_id: vlans.innermost,
        vlan_tags: vlans.outer,
        vlan_count: vlans.count as u8,
        l4_proto: ip.protocol,
        ip_version: ip.version,
        tcp_flags: transport.tcp_flags,
        side: facts.side,
        flags: transport.flags,
        withheld_len: 0,
    };
    Some(())
}

#[inline(always)]
fn is_isl(start: &[u8; 16]) -> bool {
    matches!(start[..5], [0x01 | 0x03, 0x00, 0x0c, 0x00, 0x00])
}

/// The last ethertype and the first byte behind it.
#[inline(always)]
fn ethertype_behind_tags(
    frame: &[u8],
    start: &[u8; 16],
    vlans: &mut Vlans,
    status: &mut u64,
) -> Option<(u16, usize)> {
    let mut kind = u16::from_be_bytes([start[12], start[13]]);
    let mut at = ether::HEADER;
    while ethertype::is_vlan(kind) {
        if vlans.count == MAX_TAGS {
            return None;
        }
        let tag: &[u8; 4] = frame.get(at..)?.first_chunk()?;
        vlans.push(u16::from_be_bytes([tag[0], tag[1]]) & 0x0fff);
        *status |= status::VLAN;
        if vlans.innermost == 0 {
            *status |= status::VLAN_ID_ZERO;
        }
        kind = u16::from_be_bytes([tag[2], tag[3]]);
        at += 4;
    }
    Some((kind, at))
}

#[inline(always)]
fn ipv4(bytes: &[u8], remaining: usize) -> Option<Ip> {
    const NOT_FRAGMENTED: u16 = 0x3fff;
    let header: &[u8; 20] = bytes.first_chunk()?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let len = usize::from(word(2));
    let protocol = header[9];
    let minimum = if protocol == protocol::TCP { 40 } else { 28 };
    if header[0] != 0x45 || word(6) & NOT_FRAGMENTED != 0 || len < minimum || len > remaining {
        return None;
    }
    Some(Ip {
        version: 4,
        len,
        header: 20,
        protocol,
        id: word(4),
        status: status::IPV4_SEEN | status::IPV4_FLOW,
        to_itself: header[12..16] == header[16..20],
    })
}

#[inline(always)]
fn ipv6(bytes: &[u8], remaining: usize) -> Option<Ip> {
    let header: &[u8; 40] = bytes.first_chunk()?;
    let payload = u16::from_be_bytes([header[4], header[5]]);
    let len = usize::from(payload) + 40;
    let minimum = if header[6] == protocol::TCP { 60 } else { 48 };
    if header[0] >> 4 != 6 || len < minimum || len > remaining {
        return None;
    }
    Some(Ip {
        version: 6,
        len,
        header: 40,
        protocol: header[6],
        id: 0,
        status: status::IPV6_SEEN | status::IPV6_FLOW,
        to_itself: header[8..24] == header[24..40],
    })
}

#[inline(always)]
fn tcp(segment: &[u8]) -> Option<Transport> {
    let header: &[u8; 20] = segment.first_chunk()?;
    let (src, dst) = ports(&[header[0], header[1], header[2], header[3]])?;
    let len = usize::from(header[12] >> 4) * 4;
    if segment.len() < len {
        return None;
    }
    let flags = flag::HAS_L4 | flag::HAS_TCP_FLAGS;
    Some(Transport { src, dst, header: len, tcp_flags: header[TCP_FLAGS], flags })
}

#[inline(always)]
fn udp(segment: &[u8], ip: &Ip) -> Option<Transport> {
    let (header, payload): (&[u8; 8], _) = segment.split_first_chunk()?;
    let (src, dst) = ports(&[header[0], header[1], header[2], header[3]])?;
    if may_be_dtls(payload) || (ip.version == 4 && teredo::may_be(src, dst, payload)) {
        return None;
    }
    Some(Transport { src, dst, header: 8, tcp_flags: 0, flags: flag::HAS_L4 })
}

/// Source and destination port, if none is special.
#[inline(always)]
fn ports(bytes: &[u8; 4]) -> Option<(u16, u16)> {
    let (src, dst) = (u16::from_be_bytes([bytes[0], bytes[1]]), u16::from_be_bytes([bytes[2], bytes[3]]));
    (!is_special(src) && !is_special(dst)).then_some((src, dst))
}

#[inline(always)]
fn may_be_dtls(payload: &[u8]) -> bool {
    payload.first_chunk().is_some_and(|&start| dtls::record(start).is_some())
}
