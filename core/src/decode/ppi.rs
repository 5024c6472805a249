//! Per-packet information: a header in front of a frame of another link type.

use super::NoFlow;
use super::link::{self, link_type};
use super::names::Name;
use super::walk::{Next, Walk, no_flow};

/// The header: its length at byte 2, the link type behind it at byte 4, both little-endian.
pub(super) fn decode(walk: &mut Walk<'_>, at: usize) -> Next {
    let (Some(len), Some(inner)) = (walk.array(at + 2), walk.array(at + 4)) else {
        return no_flow(NoFlow::ShortLinkHeader);
    };
    let len = usize::from(u16::from_le_bytes(len));
    match u16::try_from(u32::from_le_bytes(inner)) {
        Ok(inner) if inner != link_type::PPI => {
            walk.name(name(inner));
            link::header(walk, inner, at + len)
        }
        _ => no_flow(NoFlow::UnsupportedLinkType),
    }
}

/// In front of the names that begin with a colon it shows its own.
fn name(inner: u16) -> Name {
    match inner {
        link_type::WLAN => Name::PpiColon,
        _ => Name::Ppi,
    }
}
