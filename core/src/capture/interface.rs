//! Interface Description Block → what is needed to read the packets of that interface.

use super::bytes::ByteOrder;
use super::clock::Clock;

/// Options that matter here (draft-ietf-opsawg-pcapng, sections 3.5 and 4.2).
mod option {
    pub(super) const END: u16 = 0;
    pub(super) const TIME_RESOLUTION: u16 = 9;
    pub(super) const TIME_OFFSET: u16 = 14;
}

/// One interface of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) link_type: u16,
    pub(super) clock: Clock,
    snap_len: u32,
}

impl Interface {
    /// Link type, two reserved bytes, snap length.
    pub(super) const FIELDS_LEN: usize = 8;

    /// The interface, and how many of its options could not be read. Those are passed over, since a packet is
    /// worth more than the description of where it came from.
    pub(super) fn described(
        order: ByteOrder,
        fields: &[u8; Self::FIELDS_LEN],
        options: &[u8],
    ) -> (Self, u64) {
        let (clock, unreadable) = clock_from(order, options);
        (Self { link_type: order.u16(fields, 0), clock, snap_len: order.u32(fields, 4) }, unreadable)
    }

    /// Bytes captured of a packet of `wire_len`. A snap length of zero is no limit.
    pub(super) fn snapped(&self, wire_len: u32) -> u32 {
        if self.snap_len == 0 { wire_len } else { wire_len.min(self.snap_len) }
    }
}

fn clock_from(order: ByteOrder, mut options: &[u8]) -> (Clock, u64) {
    let (mut resolution, mut offset, mut unreadable) = (6, 0, 0);
    while let Some(head) = options.first_chunk::<4>() {
        let code = order.u16(head, 0);
        if code == option::END {
            break;
        }
        let len = usize::from(order.u16(head, 2));
        let Some(value) = options[4..].get(..len) else {
            unreadable += 1;
            break;
        };
        match code {
            option::TIME_RESOLUTION => read_option(value, &mut unreadable, |[it]| resolution = it),
            option::TIME_OFFSET => read_option(value, &mut unreadable, |it| offset = order.u64(it) as i64),
            _ => {}
        }
        // Values are padded to 32 bits; a last one may lack the padding.
        options = options[4..].get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    (Clock::new(resolution, offset), unreadable)
}

/// Gives the value to `set` if it has the length of its option, else counts it.
fn read_option<const N: usize>(value: &[u8], unreadable: &mut u64, set: impl FnOnce([u8; N])) {
    match value.try_into() {
        Ok(value) => set(value),
        Err(_) => *unreadable += 1,
    }
}
