//! Headers between an IP header and its transport: options, routing, fragment (RFC 8200 §4), and
//! authentication (RFC 4302).
//!
//! What comes in: an IP header whose `protocol` names the header at its `l4_at`. What goes out: both moved on,
//! and `true`, or `false` where the header is not captured as far as it must be.

use etherparse::Ipv6FragmentHeaderSlice;
use weir_sdk::status;

use super::names::Name;
use super::walk::{Fragment, IpHeader, Walk};

/// Hop-by-hop options, routing, destination options: a length in units of 8 bytes, the first not counted.
pub(super) fn options(walk: &mut Walk<'_>, ip: &mut IpHeader, name: Name) -> bool {
    let Some([next, len]) = walk.array(ip.l4_at) else { return false };
    walk.name(name);
    step(ip, next, (usize::from(len) + 1) * 8)
}

/// A fragment header.
pub(super) fn fragment(walk: &mut Walk<'_>, ip: &mut IpHeader) -> bool {
    let captured = walk.frame.get(ip.l4_at..).unwrap_or(&[]);
    let Ok(header) = Ipv6FragmentHeaderSlice::from_slice(captured) else { return false };
    walk.name(Name::Fraghdr);
    ip.fragment = Fragment {
        id: header.identification(),
        offset: header.fragment_offset().value(),
        more: header.more_fragments(),
    };
    step(ip, header.next_header().0, header.slice().len())
}

/// An authentication header.
pub(super) fn authentication(walk: &mut Walk<'_>, ip: &mut IpHeader) -> bool {
    let (Some(next), Some(len)) = (walk.u8(ip.l4_at), authentication_len(walk, ip.l4_at)) else {
        return false;
    };
    walk.name(Name::Ah);
    walk.mark(status::AH);
    step(ip, next, len)
}

/// Length of an authentication header: in units of 4 bytes, the first two not counted.
pub(super) fn authentication_len(walk: &Walk<'_>, at: usize) -> Option<usize> {
    walk.u8(at + 1).map(|len| (usize::from(len) + 2) * 4)
}

fn step(ip: &mut IpHeader, next: u8, len: usize) -> bool {
    ip.protocol = next;
    ip.l4_at += len;
    true
}
