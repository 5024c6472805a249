//! Generic routing encapsulation (RFC 2784, RFC 2890, RFC 2637), and ERSPAN and WCCP inside it.
//!
//! What comes in: the IP header that carries GRE. What goes out: the inner packet, or the end in the flow of the
//! carrier with the name of what could not be followed.

use weir_sdk::status;

use super::inner::{self, Rules};
use super::names::{Name, ethertype, of_ethertype, of_ppp, ppp_protocol};
use super::ppp::{self, PppHeader};
use super::walk::{End, IpHeader, Next, Walk};

/// Bits of the flag word that each announce a word of 4 bytes.
mod flag {
    pub(super) const SEQUENCE: u16 = 0x1000;
    /// Checksum, routing, key, sequence number, strict source route, and the acknowledgement of PPTP.
    pub(super) const OPTIONAL_WORDS: u16 = 0xf880;
    pub(super) const VERSION: u16 = 0x0007;
}

/// A GRE header.
#[derive(Clone, Copy)]
struct Header {
    flags: u16,
    protocol: u16,
    at: usize,
    payload: usize,
}

/// The inner packet.
pub(super) fn decode(walk: &mut Walk<'_>, ip: IpHeader) -> Next {
    walk.name(Name::Gre);
    walk.mark(status::GRE);
    let Some(header) = read(walk, ip.l4_at) else {
        return walk.stop();
    };
    set_length(walk, header.payload - header.at);
    if ip.in_gre {
        return nested(walk, header);
    }
    let in_gre = ip.version == 4;
    match header.protocol {
        ethertype::IPV4 => Next::Ipv4 { at: header.payload, in_gre },
        ethertype::IPV6 => Next::ipv6(header.payload),
        ethertype::PPP => point_to_point(walk, header, in_gre),
        ethertype::BRIDGED_ETHERNET => inner::ethernet(walk, header.payload, Rules::Llc),
        ethertype::ERSPAN => erspan(walk, header),
        ethertype::WCCP => redirected(walk, header),
        other => {
            walk.label(of_ethertype(other));
            walk.stop()
        }
    }
}

fn read(walk: &Walk<'_>, at: usize) -> Option<Header> {
    let (flags, protocol) = (walk.u16(at)?, walk.u16(at + 2)?);
    let words = 1 + (flags & flag::OPTIONAL_WORDS).count_ones() as usize;
    Some(Header { flags, protocol, at, payload: at + 4 * words })
}

/// The layer-4 length of the carrier, should the flow stay with it; over IPv6 it counts as 0.
fn set_length(walk: &mut Walk<'_>, len: usize) {
    walk.update_ip(|ip| {
        ip.has_l4 = true;
        ip.l4_len = Some(if ip.version == 4 { len } else { 0 });
    });
}

/// GRE in GRE: its payload is named, and the flow stays with the IP header in front.
fn nested(walk: &mut Walk<'_>, header: Header) -> Next {
    walk.label(of_ethertype(header.protocol));
    Next::End(End::Ip)
}

/// PPP, as PPTP carries it (RFC 2637 §4.1).
fn point_to_point(walk: &mut Walk<'_>, header: Header, in_gre: bool) -> Next {
    walk.name(Name::Ppp);
    walk.mark(status::PPP);
    if is_acknowledgement(walk, header) {
        return walk.stop();
    }
    match ppp::header(walk, header.payload) {
        Some(PppHeader { protocol: ppp_protocol::IPV4, payload }) => Next::Ipv4 { at: payload, in_gre },
        Some(PppHeader { protocol: ppp_protocol::IPV6, payload }) => Next::ipv6(payload),
        Some(PppHeader { protocol, .. }) => {
            if protocol == ppp_protocol::COMPRESSED {
                walk.mark(status::PPP_COMPRESSED);
            }
            walk.label(of_ppp(protocol));
            walk.stop()
        }
        None => walk.stop(),
    }
}

/// Version 1 keeps the payload length in the key: 0 means that only the acknowledgement number counts.
fn is_acknowledgement(walk: &Walk<'_>, header: Header) -> bool {
    header.flags & flag::VERSION == 1 && walk.u16(header.at + 4) == Some(0)
}

/// ERSPAN: type II has a header of 8 bytes and a GRE sequence number, type I neither.
fn erspan(walk: &mut Walk<'_>, header: Header) -> Next {
    walk.name(Name::Erspan);
    walk.mark(status::ERSPAN);
    let own = if header.flags & flag::SEQUENCE != 0 { 8 } else { 0 };
    set_length(walk, header.payload - header.at + own);
    inner::ethernet(walk, header.payload + own, Rules::Llc)
}

/// WCCP: a redirect header of 4 bytes.
fn redirected(walk: &mut Walk<'_>, header: Header) -> Next {
    walk.name(Name::Wccp);
    walk.mark(status::WCCP);
    walk.ip_by_nibble(header.payload + 4).unwrap_or_else(|| walk.stop())
}
