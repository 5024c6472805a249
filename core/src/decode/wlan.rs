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
