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

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    /// Data from an access point to the distribution system, frame control swapped.
    fn wlan(payload: &[u8]) -> Vec<u8> {
        join(&[&[0x01, 0x08], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], payload])
    }

    #[test]
    fn data_frames_are_decoded() {
        let frame = over_udp(40000, 12222, &join(&[&[0; 6], &wlan(&inner_v4())]));
        let seen = check(&frame, "eth:ipv4:udp:lwapp:wlan:llc:ipv4:udp", 0x0400000000804000);
        assert_eq!((seen.l3_offset, seen.dst_mac_offset, seen.src_mac_offset), (80, 0, 6));
        is_inner(&seen);
    }

    #[test]
    fn six_bytes_stand_in_front_on_the_control_port() {
        let frame = over_udp(12223, 40000, &join(&[&[9; 6], &[0; 6], &wlan(&inner_v4())]));
        let seen = check(&frame, "eth:ipv4:udp:lwapp:wlan:llc:ipv4:udp", 0x0400000000804000);
        assert_eq!(seen.l3_offset, 86);
        is_inner(&seen);
    }

    #[test]
    fn control_messages_stop_decoding() {
        let frame = over_udp(40000, 12223, &join(&[&[0; 6], &[4, 0, 0, 0, 0, 0], &[0; 4]]));
        let seen = check(&frame, "eth:ipv4:udp:lwapp", 0x0400080000804000);
        assert_eq!(seen.payload_len, 16);
        is_carrier(&seen, 40000, 12223);
    }

    #[test]
    fn other_frames_and_low_ports_stay_with_the_carrier() {
        let beacon = over_udp(40000, 12222, &join(&[&[0; 6], &[0x00, 0x80], &[0; 40]]));
        is_carrier(&check(&beacon, "eth:ipv4:udp:lwapp:wlan", 0x0400080000804000), 40000, 12222);
        let low = over_udp(53, 12222, &join(&[&[0; 6], &wlan(&inner_v4())]));
        is_carrier(&check(&low, "eth:ipv4:udp", 0x0400000000004000), 53, 12222);
    }

    #[test]
    fn a_header_that_reaches_the_captured_end_is_none() {
        let frame = over_udp(40000, 12222, &join(&[&[0; 6], &wlan(&inner_v4())]));
        is_carrier(&check_cut(ETHERNET, &frame, 48, "eth:ipv4:udp", 0x0400000200004000), 40000, 12222);
        let chain = "eth:ipv4:udp:lwapp:wlan";
        is_carrier(&check_cut(ETHERNET, &frame, 49, chain, 0x0400080200804000), 40000, 12222);
        is_carrier(&check_cut(ETHERNET, &frame, 79, chain, 0x0400080200804000), 40000, 12222);
    }
}
