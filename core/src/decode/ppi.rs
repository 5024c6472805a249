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

#[cfg(test)]
mod tests {
    use weir_sdk::packet::NO_OFFSET;

    use super::super::link::link_type;
    use super::super::testing::*;
    use crate::decode::NoFlow;

    /// A header with four bytes of fields.
    fn ppi(link: u16, frame: &[u8]) -> Vec<u8> {
        join(&[&[0, 0, 12, 0], &link.to_le_bytes(), &[0, 0], &[9; 4], frame])
    }

    #[test]
    fn an_ethernet_frame_keeps_its_addresses() {
        let frame = ppi(link_type::ETHERNET, &eth(0x0800, &inner_v4()));
        let seen = check_on(link_type::PPI, &frame, "ppi:eth:ipv4:udp", 0x0400000000004000);
        assert_eq!((seen.dst_mac_offset, seen.l3_offset), (12, 26));
        is_inner(&seen);
    }

    #[test]
    fn an_802_11_frame_shows_with_two_colons() {
        let wlan = join(&[&[0x08, 0x01], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner_v4()]);
        let frame = ppi(link_type::WLAN, &wlan);
        let seen = check_on(link_type::PPI, &frame, "ppi::wlan:llc:ipv4:udp", 0x0400000000004000);
        assert_eq!((seen.src_mac_offset, seen.dst_mac_offset), (22, 28));
        is_inner(&seen);
        let radiotap = join(&[&[0, 0, 8, 0, 0, 0, 0, 0], &wlan]);
        let frame = ppi(link_type::RADIOTAP, &radiotap);
        is_inner(&check_on(link_type::PPI, &frame, "ppi:radiotap:wlan:llc:ipv4:udp", 0x0400000000004000));
    }

    #[test]
    fn a_link_without_addresses_has_none_behind_it_either() {
        let frame = ppi(link_type::RAW, &inner_v6());
        let seen = check_on(link_type::PPI, &frame, "ppi:raw:ipv6:udp", 0x0800000000008002);
        assert_eq!((seen.src_mac_offset, seen.l3_offset), (NO_OFFSET, 12));
        is_inner(&seen);
    }

    #[test]
    fn unknown_links_nesting_and_cut_headers_have_no_flow() {
        check_none(link_type::PPI, &ppi(250, &inner_v4()), NoFlow::UnsupportedLinkType);
        let nested = ppi(link_type::PPI, &ppi(link_type::RAW, &inner_v4()));
        check_none(link_type::PPI, &nested, NoFlow::UnsupportedLinkType);
        check_none(link_type::PPI, &[0, 0, 8, 0, 1, 0, 0], NoFlow::ShortLinkHeader);
        check_none(link_type::PPI, &[0, 0, 0xff, 0xff, 1, 0, 0, 0, 1], NoFlow::ShortLinkHeader);
    }
}
