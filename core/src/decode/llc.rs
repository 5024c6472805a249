//! IEEE 802.2 LLC, with SNAP.
//!
//! What comes in: the offset of the DSAP. What goes out: the ethertype of SNAP, an IP header, or a layer-2 flow
//! whose ethertype is DSAP and SSAP.

use weir_sdk::status;

use super::names::{Name, of_dsap};
use super::walk::{Next, Walk};

/// DSAP and SSAP of SNAP; the organisation code is not looked at.
const SNAP: u16 = 0xaaaa;
/// DSAP of IP (RFC 948).
const DSAP_IP: u8 = 0x06;

/// An LLC header; `value` is the length or the ethertype in front of it.
pub(super) fn decode(walk: &mut Walk<'_>, value: u16, at: usize) -> Next {
    walk.name(Name::Llc);
    let Some([dsap, ssap, control]) = walk.array(at) else {
        return walk.layer2(value, at);
    };
    let saps = u16::from_be_bytes([dsap, ssap]);
    if saps == SNAP {
        return match walk.u16(at + 6) {
            Some(value) => Next::Ethertype { value, at: at + 8 },
            None => walk.layer2(saps, at + 3),
        };
    }
    let behind = at + header_len(control);
    if dsap == DSAP_IP {
        return ip(walk, saps, behind);
    }
    walk.label(of_dsap(dsap));
    walk.layer2(saps, behind)
}

/// Information and supervisory frames have a second control byte (IEEE 802.2 §5.2).
pub(super) fn header_len(control: u8) -> usize {
    if control & 3 == 3 { 3 } else { 4 }
}

fn ip(walk: &mut Walk<'_>, saps: u16, at: usize) -> Next {
    walk.ip_by_nibble(at).unwrap_or_else(|| {
        walk.name(Name::Ipvx);
        walk.mark(status::IPVX);
        walk.layer2(saps, at)
    })
}
