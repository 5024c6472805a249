//! IEEE 802.11 data frames, on links and inside CAPWAP and LWAPP.
//!
//! What comes in: the offset of the frame control field. What goes out: the position of the ethertype behind LLC.

use super::NoFlow;
use super::llc::header_len;
use super::names::Name;
use super::walk::{Macs, Walk};

/// Positions in the header.
mod field {
    pub(super) const ADDRESS_1: usize = 4;
    pub(super) const ADDRESS_2: usize = 10;
    pub(super) const ADDRESS_3: usize = 16;
    pub(super) const ADDRESS_4: usize = 24;
}

const HEADER: usize = 24;
const QOS: usize = 2;
const TYPE_DATA: u8 = 2;
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const BOTH_DS: u8 = TO_DS | FROM_DS;
const PROTECTED: u8 = 0x40;

/// A data frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DataFrame {
    /// Source and destination address, by the DS bits (IEEE 802.11 §9.3.2.1).
    pub(super) macs: Macs,
    /// First byte behind the ethertype of LLC and SNAP, and its value.
    pub(super) payload: usize,
    pub(super) ethertype: u16,
}

/// Reads a data frame; `swapped` if the bytes of frame control are, as access points do in tunnels.
pub(super) fn data_frame(walk: &mut Walk<'_>, at: usize, swapped: bool) -> Result<DataFrame, NoFlow> {
    walk.name(Name::Wlan);
    let [first, second] = walk.array(at).ok_or(NoFlow::ShortLinkHeader)?;
    let (kind, flags) = if swapped { (second, first) } else { (first, second) };
    let len = header(kind, flags)?;
    if walk.captured_from(at) < len {
        return Err(NoFlow::ShortLinkHeader);
    }
    let (payload, ethertype) = llc(walk, at + len).ok_or(NoFlow::ShortLinkHeader)?;
    walk.name(Name::Llc);
    Ok(DataFrame { macs: macs(at, flags), payload, ethertype })
}

/// Length of the header of an unprotected data frame with payload.
fn header(kind: u8, flags: u8) -> Result<usize, NoFlow> {
    let qos = match kind >> 4 {
        0..=3 => 0,
        8..=11 => QOS,
        _ => return Err(NoFlow::WlanNotData),
    };
    if (kind >> 2) & 3 != TYPE_DATA {
        return Err(NoFlow::WlanNotData);
    }
    if flags & PROTECTED != 0 {
        return Err(NoFlow::WlanProtected);
    }
    let fourth_address = if flags & BOTH_DS == BOTH_DS { 6 } else { 0 };
    Ok(HEADER + qos + fourth_address)
}

/// The ethertype behind LLC and SNAP: DSAP and SSAP are not looked at; two zero bytes in front are padding.
fn llc(walk: &Walk<'_>, mut at: usize) -> Option<(usize, u16)> {
    if walk.u16(at)? == 0 {
        at += 2;
    }
    let type_at = at + 3 + header_len(walk.u8(at + 2)?);
    Some((type_at + 2, walk.u16(type_at)?))
}

fn macs(at: usize, flags: u8) -> Macs {
    let (src, dst) = match flags & BOTH_DS {
        0 => (field::ADDRESS_2, field::ADDRESS_1),
        TO_DS => (field::ADDRESS_2, field::ADDRESS_3),
        FROM_DS => (field::ADDRESS_3, field::ADDRESS_1),
        _ => (field::ADDRESS_4, field::ADDRESS_3),
    };
    Macs { src: (at + src) as u16, dst: (at + dst) as u16 }
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type;
    use super::super::testing::*;
    use crate::decode::NoFlow;

    fn frame(control: u8, flags: u8, extra: usize) -> Vec<u8> {
        let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
        join(&[&[control, flags], &vec![1; 22 + extra], &snap, &inner_v4()])
    }

    fn check_macs(control: u8, flags: u8, extra: usize, src: u16, dst: u16) {
        let frame = frame(control, flags, extra);
        let seen = check_on(link_type::WLAN, &frame, "wlan:llc:ipv4:udp", 0x0400000000004000);
        assert_eq!((seen.facts.src_mac_offset, seen.facts.dst_mac_offset), (src, dst));
        is_inner(&seen);
    }

    #[test]
    fn the_ds_bits_tell_where_the_addresses_stand() {
        check_macs(0x08, 0, 0, 10, 4);
        check_macs(0x08, 1, 0, 10, 16);
        check_macs(0x88, 2, 2, 16, 4);
        check_macs(0x88, 3, 8, 24, 16);
    }

    #[test]
    fn only_open_data_frames_have_flows() {
        let reason = |control, flags| decode_on(link_type::WLAN, &frame(control, flags, 0)).err();
        assert_eq!(reason(0x80, 0), Some(NoFlow::WlanNotData));
        assert_eq!(reason(0x48, 0), Some(NoFlow::WlanNotData));
        assert_eq!(reason(0x08, 0x41), Some(NoFlow::WlanProtected));
    }

    #[test]
    fn radiotap_says_how_long_it_is() {
        let frame = join(&[&[0, 0, 9, 0, 0, 0, 0, 0, 0], &frame(0x08, 1, 0)]);
        let seen = check_on(link_type::RADIOTAP, &frame, "radiotap:wlan:llc:ipv4:udp", 0x0400000000004000);
        assert_eq!((seen.src_mac_offset, seen.dst_mac_offset, seen.l3_offset), (19, 25, 41));
        is_inner(&seen);
        check_none(link_type::RADIOTAP, &[0, 0, 9], NoFlow::ShortLinkHeader);
        check_none(link_type::RADIOTAP, &[0, 0, 0xff, 0xff, 8, 1], NoFlow::ShortLinkHeader);
    }

    #[test]
    fn prism_has_144_bytes() {
        let frame = join(&[&[0; 144], &frame(0x08, 2, 0)]);
        let seen = check_on(link_type::PRISM, &frame, "prism:wlan:llc:ipv4:udp", 0x0400000000004000);
        assert_eq!((seen.src_mac_offset, seen.dst_mac_offset), (160, 148));
        is_inner(&seen);
        check_none(link_type::PRISM, &frame[..145], NoFlow::ShortLinkHeader);
    }

    #[test]
    fn two_zero_bytes_in_front_of_llc_are_padding() {
        let padded = join(&[&[0x88, 1], &[0; 24], &[0, 0], &frame(0x08, 1, 0)[24..]]);
        is_inner(&check_on(link_type::WLAN, &padded, "wlan:llc:ipv4:udp", 0x0400000000004000));
    }

    #[test]
    fn other_protocols_and_tags_are_those_of_a_link() {
        let data = |kind: &[u8], payload: &[u8]| {
            join(&[&[0x08, 1], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0], kind, payload])
        };
        let seen = check_on(link_type::WLAN, &data(&[0x88, 0x8e], &[1; 8]), "wlan:llc:eapol", 0x4);
        assert_eq!((seen.ethertype, seen.payload_len, seen.padding_len), (0x888e, 8, 0));
        let tagged = data(&[0x81, 0, 0, 7, 0x86, 0xdd], &inner_v6());
        let seen = check_on(link_type::WLAN, &tagged, "wlan:llc:vlan:ipv6:udp", 0x0800000000008100);
        assert_eq!(seen.vlan_id, 7);
        is_inner(&seen);
    }

    #[test]
    fn a_cut_header_has_no_flow_and_a_cut_payload_a_layer_2_flow() {
        let frame = frame(0x08, 1, 0);
        for captured in [1, 23, 24, 31] {
            check_none(link_type::WLAN, &frame[..captured], NoFlow::ShortLinkHeader);
        }
        let seen = check_cut(link_type::WLAN, &frame, 40, "wlan:llc:ipv4", 0x200000004);
        assert_eq!((seen.ethertype, seen.src_mac_offset), (0x0800, 10));
    }
}
