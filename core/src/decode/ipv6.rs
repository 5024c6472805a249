//! IPv6 headers and their extension headers (RFC 8200, RFC 4302).
//!
//! What comes in: the offset of a header. What goes out: the header as the innermost one of the walk, and what
//! the last next-header value leads to; a later fragment leads nowhere.

use weir_sdk::status;

use super::names::{Name, ethertype, protocol as number};
use super::walk::{End, Fragment, IpHeader, Next, Walk};
use super::{ext, lengths, protocol};

const HEADER: usize = 40;
/// Headers walked behind an IPv6 header, the transport header included.
const MAX_HEADERS: usize = 5;
/// Captured bytes without which a header is not looked at.
const MIN_CAPTURED: usize = 8;

/// Positions in the header.
mod field {
    pub(super) const PAYLOAD_LENGTH: usize = 4;
    pub(super) const NEXT_HEADER: usize = 6;
}

/// An IPv6 header. Its version is not looked at: what announced it is trusted.
pub(super) fn decode(walk: &mut Walk<'_>, at: usize, named: bool) -> Next {
    if named {
        walk.name(Name::Ipv6);
    }
    let Some(header) = walk.array::<HEADER>(at) else {
        return walk.cut_ip_header(ethertype::IPV6, at);
    };
    walk.mark(status::IPV6_SEEN);
    let ip = read(walk, &header, at);
    follow(walk, ip)
}

fn read(walk: &mut Walk<'_>, header: &[u8; HEADER], at: usize) -> IpHeader {
    let payload_length =
        u16::from_be_bytes([header[field::PAYLOAD_LENGTH], header[field::PAYLOAD_LENGTH + 1]]);
    IpHeader {
        version: 6,
        at,
        len: lengths::l3(walk, at, payload_length, HEADER),
        l4_at: at + HEADER,
        protocol: header[field::NEXT_HEADER],
        fragment: Fragment::default(),
        in_gre: false,
        has_l4: false,
        src_port: 0,
        dst_port: 0,
        l4_len: None,
        macs: walk.macs,
    }
}

/// Walks the extension headers to what stands behind them.
fn follow(walk: &mut Walk<'_>, mut ip: IpHeader) -> Next {
    for _ in 0..MAX_HEADERS {
        if walk.captured_from(ip.l4_at) < MIN_CAPTURED {
            break;
        }
        if !extension(walk, &mut ip) {
            walk.ip = Some(ip);
            return protocol::decode(walk, ip);
        }
        if ip.fragment.offset > 0 {
            break;
        }
    }
    walk.ip = Some(IpHeader { l4_len: Some(0), ..ip });
    Next::End(End::Ip)
}

/// Steps over one extension header, if it is one.
fn extension(walk: &mut Walk<'_>, ip: &mut IpHeader) -> bool {
    match ip.protocol {
        number::HOP_BY_HOP => ext::options(walk, ip, Name::Hopopts),
        number::ROUTING => ext::options(walk, ip, Name::Routing),
        number::DESTINATION_OPTIONS => ext::options(walk, ip, Name::Dstopts),
        number::FRAGMENT => ext::fragment(walk, ip),
        number::AH => ext::authentication(walk, ip),
        _ => false,
    }
}
