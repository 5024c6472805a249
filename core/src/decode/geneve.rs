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

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    fn geneve(header: [u8; 8], payload: &[u8]) -> Vec<u8> {
        over_udp(5000, 6081, &join(&[&header, payload]))
    }

    #[test]
    fn ethernet_and_ip_inside_are_decoded_whatever_the_network() {
        let frame = geneve([1, 0, 0x65, 0x58, 1, 2, 3, 0], &join(&[&[0; 4], &eth(0x0800, &inner_v4())]));
        is_inner(&check(&frame, "eth:ipv4:udp:geneve:eth:ipv4:udp", 0x0400000020004000));
        let frame = geneve([0, 0, 0x08, 0x00, 0, 0, 3, 0], &inner_v4());
        is_inner(&check(&frame, "eth:ipv4:udp:geneve:ipv4:udp", 0x0400000020004000));
    }

    #[test]
    fn other_payloads_stop_decoding() {
        check(
            &geneve([0, 0, 0x08, 0x06, 0, 0, 3, 0], &[0; 28]),
            "eth:ipv4:udp:geneve:arp",
            0x0400080020004000,
        );
    }

    #[test]
    fn reserved_flags_must_be_zero() {
        check(&geneve([0, 1, 0x65, 0x58, 0, 0, 3, 0], &[0; 28]), "eth:ipv4:udp", 0x0400000000004000);
    }

    #[test]
    fn ipv6_and_tagged_frames_inside_are_decoded() {
        let frame = geneve([0, 0, 0x86, 0xdd, 0, 0, 3, 0], &inner_v6());
        is_inner(&check(&frame, "eth:ipv4:udp:geneve:ipv6:udp", 0x0c00000020008000));
        let frame = geneve([0, 0x80, 0x65, 0x58, 0, 0, 3, 0], &tagged(&[7], 0x0800, &inner_v4()));
        let seen = check(&frame, "eth:ipv4:udp:geneve:eth:vlan:ipv4:udp", 0x0400000020004100);
        assert_eq!((seen.vlan_id, seen.dst_mac_offset), (7, 50));
        is_inner(&seen);
    }

    #[test]
    fn an_ipv6_carrier_will_do() {
        let frame = over_ipv6(
            17,
            &udp(6081, 5000, &join(&[&[0, 0, 0x65, 0x58, 0, 0, 3, 0], &eth(0x0800, &inner_v4())])),
        );
        is_inner(&check(&frame, "eth:ipv6:udp:geneve:eth:ipv4:udp", 0x0c00000020004000));
    }

    #[test]
    fn frames_without_ip_stay_with_the_carrier() {
        let frame = geneve([0, 0, 0x65, 0x58, 0, 0, 3, 0], &eth(0x0806, &[0; 28]));
        let seen = check(&frame, "eth:ipv4:udp:geneve:eth:arp", 0x0400080020004000);
        is_carrier(&seen, 5000, 6081);
    }

    #[test]
    fn a_header_that_reaches_the_captured_end_is_none() {
        let frame = geneve([2, 0, 0x65, 0x58, 0, 0, 3, 0], &join(&[&[0; 8], &eth(0x0800, &inner_v4())]));
        for captured in [49, 50, 58] {
            is_carrier(
                &check_cut(ETHERNET, &frame, captured, "eth:ipv4:udp", 0x0400000200004000),
                5000,
                6081,
            );
        }
        is_carrier(
            &check_cut(ETHERNET, &frame, 60, "eth:ipv4:udp:geneve:eth", 0x0400080220004000),
            5000,
            6081,
        );
    }
}
