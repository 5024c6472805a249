//! LWAPP (RFC 5412), on ports 12222 and 12223.

use weir_sdk::status;

use super::capwap;
use super::names::Name;
use super::transport::Segment;
use super::walk::{Next, Walk};

const DATA_PORT: u16 = 12222;
const CONTROL_PORT: u16 = 12223;
const HEADER: usize = 6;
const CONTROL: u8 = 0x04;

/// The inner frame.
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    if !segment.serves(&[DATA_PORT, CONTROL_PORT]) {
        return None;
    }
    // On the control port a MAC address stands in front of the header.
    let skipped = if segment.has_port(&[CONTROL_PORT]) { 6 } else { 0 };
    let at = segment.payload + skipped;
    let header = walk.array::<HEADER>(at).filter(|_| walk.reaches(at + HEADER))?;
    walk.name(Name::Lwapp);
    walk.mark(status::CAPWAP);
    if header[0] & CONTROL != 0 {
        return Some(walk.stop());
    }
    Some(capwap::wlan_frame(walk, at + HEADER))
}
