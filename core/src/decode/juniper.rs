//! The pseudo-header of Juniper routers in front of Ethernet, PPPoE and ATM frames.

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
    walk.ip_by_nibble(behind + cookie).unwrap_or_else(|| ether::bridged(walk, behind + cookie))
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
        Some(204) => ether::bridged(walk, at + 4),
        Some(_) => no_flow(NoFlow::UnknownPseudoHeader),
        None => no_flow(NoFlow::ShortLinkHeader),
    }
}

#[cfg(test)]
mod tests {
    use weir_sdk::packet::NO_OFFSET;

    use super::super::link::link_type::{JUNIPER_ATM1, JUNIPER_ETHER, JUNIPER_PPPOE};
    use super::super::testing::*;
    use crate::decode::NoFlow;

    fn juniper(flags: u8, behind: &[u8], payload: &[u8]) -> Vec<u8> {
        join(&[b"MGC", &[flags], behind, payload])
    }

    #[test]
    fn an_ethernet_header_follows_and_has_the_addresses() {
        let frame = juniper(0, &[], &eth(0x0800, &inner_v4()));
        for link in [JUNIPER_ETHER, JUNIPER_PPPOE] {
            let seen = check_on(link, &frame, "juniper:eth:ipv4:udp", 0x0400000000004000);
            assert_eq!((seen.dst_mac_offset, seen.src_mac_offset, seen.l3_offset), (4, 10, 18));
            is_inner(&seen);
        }
    }

    #[test]
    fn extensions_are_stepped_over() {
        let frame = juniper(0x80, &[0, 3, 1, 2, 3], &eth(0x86dd, &inner_v6()));
        let seen = check_on(JUNIPER_ETHER, &frame, "juniper:eth:ipv6:udp", 0x0800000000008000);
        assert_eq!(seen.dst_mac_offset, 9);
        is_inner(&seen);
    }

    #[test]
    fn without_layer_2_a_little_endian_protocol_number_says_what_follows() {
        let v4 = juniper(2, &[2, 0, 0, 0], &inner_v4());
        let seen = check_on(JUNIPER_ETHER, &v4, "juniper:ipv4:udp", 0x0400000000004002);
        assert_eq!((seen.l3_offset, seen.src_mac_offset), (8, NO_OFFSET));
        is_inner(&seen);
        let v6 = juniper(2, &[6, 0, 0, 0], &inner_v6());
        is_inner(&check_on(JUNIPER_PPPOE, &v6, "juniper:ipv6:udp", 0x0800000000008002));
        let bridged = juniper(0x82, &[0, 0, 204, 0, 0, 0], &eth(0x0800, &inner_v4()));
        let seen = check_on(JUNIPER_ATM1, &bridged, "juniper:eth:ipv4:udp", 0x0400000000004000);
        assert_eq!(seen.dst_mac_offset, 10);
        check_none(JUNIPER_ETHER, &juniper(2, &[0, 0, 0, 2], &inner_v4()), NoFlow::UnknownPseudoHeader);
    }

    #[test]
    fn ip_may_follow_directly() {
        let frame = juniper(0, &[], &inner_v4());
        is_inner(&check_on(JUNIPER_PPPOE, &frame, "juniper:ipv4:udp", 0x0400000000004002));
    }

    #[test]
    fn atm1_has_a_cookie_in_front_of_ip_or_ethernet() {
        let ip = juniper(0, &[0x60; 4], &inner_v4());
        let seen = check_on(JUNIPER_ATM1, &ip, "juniper:ipv4:udp", 0x0400000000004002);
        assert_eq!(seen.l3_offset, 8);
        is_inner(&seen);
        let bridged = juniper(0, &[0x60; 4], &eth(0x0800, &inner_v4()));
        let seen = check_on(JUNIPER_ATM1, &bridged, "juniper:eth:ipv4:udp", 0x0400000000004000);
        assert_eq!(seen.dst_mac_offset, 8);
        is_inner(&seen);
    }

    #[test]
    fn another_magic_number_or_a_cut_header_has_no_flow() {
        check_none(JUNIPER_ETHER, &[0; 40], NoFlow::UnknownPseudoHeader);
        check_none(JUNIPER_ETHER, b"MGC", NoFlow::ShortLinkHeader);
        check_none(JUNIPER_ETHER, &juniper(0x80, &[0], &[]), NoFlow::ShortLinkHeader);
        check_none(JUNIPER_ETHER, &juniper(2, &[2, 0, 0], &[]), NoFlow::ShortLinkHeader);
        check_none(JUNIPER_ETHER, &juniper(0x80, &[0xff, 0xff], &inner_v4()), NoFlow::ShortLinkHeader);
    }
}
