//! CAPWAP (RFC 5415), on ports 5246 and 5247.

use weir_sdk::status;

use super::inner::{self, Rules};
use super::names::Name;
use super::transport::Segment;
use super::walk::{Next, Walk};
use super::wlan;

const CONTROL_PORT: u16 = 5246;
const DATA_PORT: u16 = 5247;
const BINDING_802_11: u8 = 1;

/// The preamble: version 0 and the type of payload.
mod preamble {
    pub(super) const CLEAR: u8 = 0;
    pub(super) const DTLS: u8 = 1;
}

/// The CAPWAP header (RFC 5415 §4.3).
struct Header([u8; 8]);

impl Header {
    fn is_valid(&self) -> bool {
        let Self([preamble, _, binding, flags, .., last]) = *self;
        let known = matches!(preamble, preamble::CLEAR | preamble::DTLS);
        known
            && flags & 0x07 == 0
            && last & 0x03 == 0
            && (!self.is_native() || binding_id(binding) == BINDING_802_11)
    }

    fn is_dtls(&self) -> bool {
        self.0[0] == preamble::DTLS
    }

    /// The payload has the frame format of the binding, else it is Ethernet.
    fn is_native(&self) -> bool {
        self.0[2] & 0x01 != 0
    }

    fn is_keep_alive(&self) -> bool {
        self.0[3] & 0x08 != 0
    }

    fn is_later_fragment(&self) -> bool {
        self.0[3] & 0x80 != 0 && u16::from_be_bytes([self.0[6], self.0[7]]) >> 3 != 0
    }

    fn len(&self) -> usize {
        4 * usize::from(self.0[1] >> 3)
    }
}

fn binding_id(byte: u8) -> u8 {
    (byte >> 1) & 0x1f
}

/// The inner frame.
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    if !segment.serves(&[CONTROL_PORT, DATA_PORT]) {
        return None;
    }
    let header = walk.array(segment.payload).map(Header).filter(Header::is_valid)?;
    walk.name(if segment.has_port(&[DATA_PORT]) { Name::CapwapData } else { Name::Capwap });
    walk.mark(status::CAPWAP);
    if header.is_dtls() {
        walk.name(Name::Dtls);
        walk.mark(status::DTLS);
        return Some(walk.stop());
    }
    if header.is_keep_alive() || segment.has_port(&[CONTROL_PORT]) || header.is_later_fragment() {
        return Some(walk.stop());
    }
    let at = segment.payload + header.len();
    Some(if header.is_native() { wlan_frame(walk, at) } else { inner::ethernet(walk, at, Rules::Ip) })
}

/// An 802.11 frame inside CAPWAP or LWAPP; its addresses are not those of the flow.
pub(super) fn wlan_frame(walk: &mut Walk<'_>, at: usize) -> Next {
    match wlan::data_frame(walk, at, true) {
        Ok(frame) => inner::typed(walk, frame.ethertype, frame.payload, Rules::Ip),
        Err(_) => walk.stop(),
    }
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
    fn data_frames_are_decoded_in_both_formats() {
        let frame = over_udp(40000, 5247, &join(&[&[0, 0x10, 0x03, 0, 0, 0, 0, 0], &wlan(&inner_v4())]));
        let facts = check(&frame, "eth:ipv4:udp:capwap.data:wlan:llc:ipv4:udp", 0x0400000000804000);
        is_inner(&facts);
        assert_eq!(facts.dst_mac_offset, 0);
        let frame =
            over_udp(40000, 5247, &join(&[&[0, 0x10, 0x02, 0, 0, 0, 0, 0], &eth(0x86dd, &inner_v6())]));
        let facts = check(&frame, "eth:ipv4:udp:capwap.data:eth:ipv6:udp", 0x0c00000000808000);
        is_inner(&facts);
        assert_eq!(facts.dst_mac_offset, 50);
    }

    #[test]
    fn dtls_control_and_keep_alives_stop_decoding() {
        check(
            &over_udp(40000, 5246, &[1, 0, 0, 0, 22, 0xfe, 0xff, 0]),
            "eth:ipv4:udp:capwap:dtls",
            0x2400080000804000,
        );
        check(
            &over_udp(40000, 5246, &[0, 0x10, 2, 0, 0, 0, 0, 0]),
            "eth:ipv4:udp:capwap",
            0x0400080000804000,
        );
        check(
            &over_udp(40000, 5247, &[0, 0x10, 2, 8, 0, 0, 0, 0]),
            "eth:ipv4:udp:capwap.data",
            0x0400080000804000,
        );
    }

    #[test]
    fn inner_vlan_tags_are_decoded() {
        let frame = over_udp(
            5247,
            40000,
            &join(&[&[0, 0x10, 0x02, 0, 0, 0, 0, 0], &tagged(&[7], 0x0800, &inner_v4())]),
        );
        let seen = check(&frame, "eth:ipv4:udp:capwap.data:eth:vlan:ipv4:udp", 0x0400000000804100);
        assert_eq!((seen.vlan_id, seen.l3_offset), (7, 68));
        is_inner(&seen);
    }

    #[test]
    fn an_ipv6_carrier_and_a_longer_header_will_do() {
        let header = [0, 0x20, 0x03, 0x10, 0, 0, 0, 0, 6, 2, 0, 0, 0, 0, 0, 0];
        let frame = over_ipv6(17, &udp(40000, 5247, &join(&[&header, &wlan(&inner_v4())])));
        is_inner(&check(&frame, "eth:ipv6:udp:capwap.data:wlan:llc:ipv4:udp", 0x0c00000000804000));
    }

    #[test]
    fn only_the_first_fragment_is_decoded() {
        let fragment = |offset: u8| {
            let header = [0, 0x10, 0x02, 0x80, 0, 9, 0, offset];
            over_udp(40000, 5247, &join(&[&header, &eth(0x0800, &inner_v4())]))
        };
        is_inner(&check(&fragment(0), "eth:ipv4:udp:capwap.data:eth:ipv4:udp", 0x0400000000804000));
        is_carrier(&check(&fragment(8), "eth:ipv4:udp:capwap.data", 0x0400080000804000), 40000, 5247);
    }

    #[test]
    fn other_versions_bindings_and_reserved_bits_are_plain_udp() {
        for header in [
            [0x10, 0x10, 2, 0, 0, 0, 0, 0],
            [2, 0x10, 2, 0, 0, 0, 0, 0],
            [0, 0x10, 5, 0, 0, 0, 0, 0],
            [0, 0x10, 2, 1, 0, 0, 0, 0],
            [0, 0x10, 2, 0, 0, 0, 0, 1],
        ] {
            let frame = over_udp(40000, 5247, &join(&[&header, &eth(0x0800, &inner_v4())]));
            is_carrier(&check(&frame, "eth:ipv4:udp", 0x0400000000004000), 40000, 5247);
        }
    }

    #[test]
    fn frames_that_are_not_followed_stay_with_the_carrier() {
        let data = |binding: u8, frame: &[u8]| {
            over_udp(40000, 5247, &join(&[&[0, 0x10, binding, 0, 0, 0, 0, 0], frame]))
        };
        let beacon = data(3, &join(&[&[0x00, 0x80], &[0; 40]]));
        is_carrier(&check(&beacon, "eth:ipv4:udp:capwap.data:wlan", 0x0400080000804000), 40000, 5247);
        let arp = data(2, &eth(0x0806, &[0; 28]));
        is_carrier(&check(&arp, "eth:ipv4:udp:capwap.data:eth:arp", 0x0400080000804000), 40000, 5247);
    }

    #[test]
    fn a_cut_header_is_plain_udp_and_a_cut_frame_stays_with_the_carrier() {
        let frame = over_udp(40000, 5247, &join(&[&[0, 0x10, 0x03, 0, 0, 0, 0, 0], &wlan(&inner_v4())]));
        is_carrier(&check_cut(ETHERNET, &frame, 49, "eth:ipv4:udp", 0x0400000200004000), 40000, 5247);
        let chain = "eth:ipv4:udp:capwap.data:wlan";
        is_carrier(&check_cut(ETHERNET, &frame, 60, chain, 0x0400080200804000), 40000, 5247);
        let chain = "eth:ipv4:udp:capwap.data:wlan:llc:ipv4";
        is_carrier(&check_cut(ETHERNET, &frame, 90, chain, 0x0400080200804000), 40000, 5247);
    }
}
