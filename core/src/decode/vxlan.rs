//! VXLAN (RFC 7348) on ports 4789 and 8472, VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe) on port 4790, and the
//! network service header behind it (RFC 8300).

use weir_sdk::status;

use super::inner::{self, Rules};
use super::names::Name;
use super::transport::Segment;
use super::walk::{Next, Walk};

const PORTS: [u16; 2] = [4789, 8472];
const GPE_PORTS: [u16; 1] = [4790];
const HEADER: usize = 8;
/// GPE: the next protocol field is valid.
const NEXT_PROTOCOL: u8 = 0x04;

/// Values of the next protocol field of GPE and of NSH.
mod next {
    pub(super) const IPV4: u8 = 1;
    pub(super) const IPV6: u8 = 2;
    pub(super) const ETHERNET: u8 = 3;
    pub(super) const NSH: u8 = 4;
    pub(super) const MPLS: u8 = 5;
}

/// The inner packet.
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    let is_gpe = is_tunnel(segment, &GPE_PORTS);
    if !is_gpe && !is_tunnel(segment, &PORTS) {
        return None;
    }
    let header = walk.array::<HEADER>(segment.payload)?;
    if header[1] != 0 || header[7] != 0 || (is_gpe && header[2] != 0) {
        return None;
    }
    let at = segment.payload + HEADER;
    if !walk.reaches(at) {
        return None;
    }
    walk.name(if is_gpe { Name::VxlanGpe } else { Name::Vxlan });
    walk.mark(status::VXLAN);
    if is_gpe && header[0] & NEXT_PROTOCOL != 0 {
        return by_next_protocol(walk, header[3], at);
    }
    Some(inner::ethernet(walk, at, Rules::Pppoe))
}

/// RFC 7348 §5: the source port may be anything.
fn is_tunnel(segment: &Segment, ports: &[u16]) -> bool {
    ports.contains(&segment.dst) || segment.serves(ports)
}

fn by_next_protocol(walk: &mut Walk<'_>, mut protocol: u8, mut at: usize) -> Option<Next> {
    while protocol == next::NSH {
        walk.name(Name::Nsh);
        match service_header(walk, at) {
            Some((next, behind)) => (protocol, at) = (next, behind),
            None => return Some(walk.stop()),
        }
    }
    match protocol {
        next::IPV4 => Some(Next::ipv4(at)),
        next::IPV6 => Some(Next::ipv6(at)),
        next::ETHERNET => Some(inner::ethernet(walk, at, Rules::Pppoe)),
        next::MPLS => {
            walk.name(Name::Mpls);
            walk.mark(status::MPLS_UNICAST | status::MPLS_MULTICAST);
            None
        }
        _ => Some(walk.stop()),
    }
}

/// RFC 8300 §2.2: the length counts words of 4 bytes, the base header of two words included.
fn service_header(walk: &Walk<'_>, at: usize) -> Option<(u8, usize)> {
    let [_, length, _, next] = walk.array(at)?;
    let len = usize::from(length & 0x3f) * 4;
    (len >= 8).then_some((next, at + len))
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    const PLAIN: [u8; 8] = [8, 0, 0, 0, 0, 0, 1, 0];

    fn vxlan(port: u16, header: &[u8], frame: &[u8]) -> Vec<u8> {
        over_udp(5000, port, &join(&[header, frame]))
    }

    #[test]
    fn the_inner_frame_gives_flow_and_addresses() {
        let facts = check(
            &vxlan(4789, &PLAIN, &eth(0x0800, &inner_v4())),
            "eth:ipv4:udp:vxlan:eth:ipv4:udp",
            0x0400000000404000,
        );
        is_inner(&facts);
        assert_eq!((facts.dst_mac_offset, facts.src_mac_offset), (50, 56));
    }

    #[test]
    fn inner_vlan_tags_are_decoded() {
        let facts = check(
            &vxlan(8472, &PLAIN, &tagged(&[7], 0x0800, &inner_v4())),
            "eth:ipv4:udp:vxlan:eth:vlan:ipv4:udp",
            0x0400000000404100,
        );
        is_inner(&facts);
        assert_eq!(facts.vlan_id, 7);
    }

    #[test]
    fn an_inner_frame_without_ip_stays_with_the_carrier() {
        let facts = check(
            &vxlan(4789, &PLAIN, &eth(0x0806, &[0; 28])),
            "eth:ipv4:udp:vxlan:eth:arp",
            0x0400080000404000,
        );
        assert_eq!((facts.ethertype, facts.src_port, facts.dst_port), (0x0800, 5000, 4789));
        assert_eq!((facts.dst_mac_offset, facts.payload_len), (0, 50));
    }

    #[test]
    fn pppoe_inside_is_decoded() {
        let session = join(&[&[0x11, 0, 0, 1, 0, 35, 0, 0x21], &inner_v4()]);
        is_inner(&check(
            &vxlan(4789, &PLAIN, &eth(0x8864, &session)),
            "eth:ipv4:udp:vxlan:eth:pppoes:ppp:ipv4:udp",
            0x0400000000404010,
        ));
    }

    #[test]
    fn gpe_names_the_next_protocol() {
        is_inner(&check(
            &vxlan(4790, &[4, 0, 0, 2, 0, 0, 1, 0], &inner_v6()),
            "eth:ipv4:udp:vxlan_gpe:ipv6:udp",
            0x0c00000000408000,
        ));
        let service = [0, 2, 1, 1, 0, 0, 0, 0];
        is_inner(&check(
            &vxlan(4790, &[4, 0, 0, 4, 0, 0, 1, 0], &join(&[&service, &inner_v4()])),
            "eth:ipv4:udp:vxlan_gpe:nsh:ipv4:udp",
            0x0400000000404000,
        ));
        check(
            &vxlan(4790, &[4, 0, 0, 5, 0, 0, 1, 0], &[0; 40]),
            "eth:ipv4:udp:vxlan_gpe:mpls",
            0x0400000000404600,
        );
    }

    #[test]
    fn reserved_bytes_must_be_zero() {
        check(&vxlan(4789, &[8, 1, 0, 0, 0, 0, 1, 0], &[0; 40]), "eth:ipv4:udp", 0x0400000000004000);
    }

    #[test]
    fn a_low_source_port_will_do_but_not_a_low_destination() {
        let payload = join(&[&PLAIN, &eth(0x0800, &inner_v4())]);
        is_inner(&check(
            &over_udp(53, 4789, &payload),
            "eth:ipv4:udp:vxlan:eth:ipv4:udp",
            0x0400000000404000,
        ));
        is_inner(&check(
            &over_udp(8472, 5000, &payload),
            "eth:ipv4:udp:vxlan:eth:ipv4:udp",
            0x0400000000404000,
        ));
        is_carrier(&check(&over_udp(4789, 53, &payload), "eth:ipv4:udp", 0x0400000000004000), 4789, 53);
    }

    #[test]
    fn a_group_policy_does_not_matter() {
        let frame = vxlan(4789, &[0x88, 0, 1, 2, 0, 0, 1, 0], &eth(0x86dd, &inner_v6()));
        is_inner(&check(&frame, "eth:ipv4:udp:vxlan:eth:ipv6:udp", 0x0c00000000408000));
    }

    #[test]
    fn an_ipv6_carrier_will_do() {
        let frame = over_ipv6(17, &udp(5000, 4789, &join(&[&PLAIN, &eth(0x0800, &inner_v4())])));
        let seen = check(&frame, "eth:ipv6:udp:vxlan:eth:ipv4:udp", 0x0c00000000404000);
        assert_eq!(seen.dst_mac_offset, 70);
        is_inner(&seen);
    }

    #[test]
    fn gpe_may_carry_ethernet() {
        let frame = eth(0x0800, &inner_v4());
        let chain = "eth:ipv4:udp:vxlan_gpe:eth:ipv4:udp";
        for header in [PLAIN, [0x0c, 0, 0, 3, 0, 0, 1, 0]] {
            let seen = check(&vxlan(4790, &header, &frame), chain, 0x0400000000404000);
            assert_eq!((seen.dst_mac_offset, seen.l3_offset), (50, 64));
            is_inner(&seen);
        }
    }

    #[test]
    fn service_headers_may_follow_each_other() {
        let header = [4, 0, 0, 4, 0, 0, 1, 0];
        let services = [&[0, 0xc5, 1, 4, 0, 0, 0, 0][..], &[9; 12], &[0, 2, 1, 3, 0, 0, 0, 0]].concat();
        let frame = vxlan(4790, &header, &join(&[&services, &eth(0x0800, &inner_v4())]));
        let seen = check(&frame, "eth:ipv4:udp:vxlan_gpe:nsh:nsh:eth:ipv4:udp", 0x0400000000404000);
        assert_eq!(seen.dst_mac_offset, 78);
        is_inner(&seen);
    }

    #[test]
    fn an_unknown_next_protocol_or_a_short_service_header_stops_decoding() {
        let unknown = vxlan(4790, &[4, 0, 0, 9, 0, 0, 1, 0], &inner_v4());
        let seen = check(&unknown, "eth:ipv4:udp:vxlan_gpe", 0x0400080000404000);
        is_carrier(&seen, 5000, 4790);
        let short = vxlan(4790, &[4, 0, 0, 4, 0, 0, 1, 0], &[0, 1, 1, 4, 0, 0, 0, 0]);
        is_carrier(&check(&short, "eth:ipv4:udp:vxlan_gpe:nsh", 0x0400080000404000), 5000, 4790);
    }

    #[test]
    fn a_header_that_reaches_the_captured_end_is_none_and_a_cut_frame_stays_with_the_carrier() {
        let frame = vxlan(4789, &PLAIN, &eth(0x0800, &inner_v4()));
        is_carrier(&check_cut(ETHERNET, &frame, 50, "eth:ipv4:udp", 0x0400000200004000), 5000, 4789);
        for (captured, chain) in [(63, "eth:ipv4:udp:vxlan:eth"), (83, "eth:ipv4:udp:vxlan:eth:ipv4")] {
            is_carrier(&check_cut(ETHERNET, &frame, captured, chain, 0x0400080200404000), 5000, 4789);
        }
    }
}
