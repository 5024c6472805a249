//! The pseudo-header of Juniper routers in front of Ethernet, PPPoE and ATM frames.

use weir_sdk::status;

use super::names::Name;
use super::walk::{Next, Walk, no_flow};
use super::{NoFlow, ether};

const MAGIC: [u8; 3] = [0x4d, 0x47, 0x43];
/// Bytes that ATM1 links add behind the header.
pub(super) const ATM1_COOKIE: usize = 4;

/// Bits of the flag byte.
mod flag {
    pub(super) const NO_LAYER_2: u8 = 0x02;
    pub(super) const EXTENSIONS: u8 = 0x80;
}

/// The pseudo-header, with `cookie` bytes behind it.
pub(super) fn decode(walk: &mut Walk<'_>, at: usize, cookie: usize) -> Next {
    let Some([magic @ .., flags]) = walk.array::<4>(at) else {
        return no_flow(NoFlow::ShortLinkHeader);
    };
    if magic != MAGIC {
        return no_flow(NoFlow::UnknownPseudoHeader);
    }
    walk.name(Name::Juniper);
    let Some(behind) = behind_extensions(walk, flags, at + 4) else {
        return no_flow(NoFlow::ShortLinkHeader);
    };
    if flags & flag::NO_LAYER_2 != 0 {
        return by_protocol(walk, behind);
    }
    walk.ip_by_nibble(behind + cookie).unwrap_or_else(|| ethernet(walk, behind + cookie))
}

fn behind_extensions(walk: &Walk<'_>, flags: u8, at: usize) -> Option<usize> {
    if flags & flag::EXTENSIONS == 0 {
        return Some(at);
    }
    Some(at + 2 + usize::from(walk.u16(at)?))
}

/// Without layer 2 a protocol number follows, little-endian.
fn by_protocol(walk: &mut Walk<'_>, at: usize) -> Next {
    match walk.array(at).map(u32::from_le_bytes) {
        Some(2) => Next::ipv4(at + 4),
        Some(6) => Next::ipv6(at + 4),
        Some(204) => ethernet(walk, at + 4),
        Some(_) => no_flow(NoFlow::UnknownPseudoHeader),
        None => no_flow(NoFlow::ShortLinkHeader),
    }
}

fn ethernet(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.status &= !status::NO_ETHERNET;
    ether::link_header(walk, at)
}
