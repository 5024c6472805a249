//! GENEVE (RFC 8926), on port 6081.

use weir_sdk::status;

use super::inner::{self, Rules};
use super::names::{Name, ethertype, of_ethertype};
use super::transport::Segment;
use super::walk::{Next, Walk};

const PORTS: [u16; 1] = [6081];
const HEADER: usize = 8;

/// The inner packet. The reserved byte is not looked at (RFC 8926 §3.4).
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    if !segment.serves(&PORTS) {
        return None;
    }
    let [options, flags, protocol_high, protocol_low, ..] = walk.array::<HEADER>(segment.payload)?;
    let at = segment.payload + HEADER + 4 * usize::from(options & 0x3f);
    if flags & 0x3f != 0 || !walk.reaches(at) {
        return None;
    }
    walk.name(Name::Geneve);
    walk.mark(status::GENEVE);
    Some(match u16::from_be_bytes([protocol_high, protocol_low]) {
        ethertype::BRIDGED_ETHERNET => inner::ethernet(walk, at, Rules::Pppoe),
        ethertype::IPV4 => Next::ipv4(at),
        ethertype::IPV6 => Next::ipv6(at),
        other => {
            walk.label(of_ethertype(other));
            walk.stop()
        }
    })
}
