//! IPv4 headers (RFC 791).
//!
//! What comes in: the offset of a header. What goes out: the header as the innermost one of the walk, and what
//! its protocol leads to; a later fragment leads nowhere.

use weir_sdk::status;

use super::names::{Name, ethertype, of_protocol};
use super::walk::{Fragment, IpHeader, Next, Walk, no_flow};
use super::{NoFlow, lengths, protocol};

const HEADER: usize = 20;

/// Positions in the header.
mod field {
    pub(super) const TOTAL_LENGTH: usize = 2;
    pub(super) const IDENTIFICATION: usize = 4;
    pub(super) const FRAGMENT: usize = 6;
    pub(super) const PROTOCOL: usize = 9;
}

const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;

/// An IPv4 header.
pub(super) fn decode(walk: &mut Walk<'_>, at: usize, in_gre: bool) -> Next {
    walk.name(Name::Ipv4);
    let Some(header) = walk.array::<HEADER>(at) else {
        return walk.cut_ip_header(ethertype::IPV4, at);
    };
    if header[0] >> 4 != 4 {
        return no_flow(NoFlow::WrongIpVersion);
    }
    if header[0] & 0x0f < 5 {
        return no_flow(NoFlow::BadIpv4HeaderLength);
    }
    walk.mark(status::IPV4_SEEN);
    let ip = read(walk, &header, at, in_gre);
    walk.ip = Some(ip);
    if ip.fragment.offset > 0 {
        walk.label(of_protocol(ip.protocol));
        return walk.stop();
    }
    protocol::decode(walk, ip)
}

fn read(walk: &mut Walk<'_>, header: &[u8; HEADER], at: usize, in_gre: bool) -> IpHeader {
    let word = |position: usize| u16::from_be_bytes([header[position], header[position + 1]]);
    let len = lengths::l3(walk, at, word(field::TOTAL_LENGTH), 0);
    if len < HEADER {
        walk.mark(status::L3_SHORT);
    }
    let fragment = word(field::FRAGMENT);
    IpHeader {
        version: 4,
        at,
        len,
        l4_at: at + usize::from(header[0] & 0x0f) * 4,
        protocol: header[field::PROTOCOL],
        fragment: Fragment {
            id: u32::from(word(field::IDENTIFICATION)),
            offset: fragment & FRAGMENT_OFFSET,
            more: fragment & MORE_FRAGMENTS != 0,
        },
        in_gre,
        has_l4: false,
        src_port: 0,
        dst_port: 0,
        l4_len: None,
        macs: walk.macs,
    }
}
