//! TCP options in; how many, which, and what they said out.

use crate::bits::status;
use crate::fingerprint::{Fingerprints, Syn};
use crate::rare::{Kept, Rare};
use crate::row::Row;
use crate::segment::{ACK, SYN, Segment};
use crate::syn_kinds::SynKinds;
use crate::timestamps::Timestamps;

/// Option kinds (IANA TCP option kinds).
mod kind {
    pub(super) const END: u8 = 0;
    pub(super) const NOP: u8 = 1;
    pub(super) const MSS: u8 = 2;
    pub(super) const WINDOW_SCALE: u8 = 3;
    pub(super) const SACK: u8 = 5;
    pub(super) const TIMESTAMPS: u8 = 8;
    pub(super) const MPTCP: u8 = 30;
}

/// Subtypes of Multipath TCP (RFC 8684 section 3).
mod subtype {
    pub(super) const CAPABLE: u8 = 0;
    pub(super) const JOIN: u8 = 1;
    pub(super) const DSS: u8 = 2;
    pub(super) const ADD_ADDRESS: u8 = 3;
    pub(super) const REMOVE_ADDRESS: u8 = 4;
    pub(super) const PRIORITY: u8 = 5;
}

/// RFC 7323 section 2.3: a larger shift counts as this one.
const MAX_SHIFT: u8 = 14;

/// The options of a direction.
#[derive(Default)]
pub(crate) struct Options {
    timestamps: Timestamps,
    syn_kinds: SynKinds,
    packets: u32,
    count: u32,
    kinds: u32,
    mss: u16,
    shift: Option<u8>,
}

/// Multipath TCP options.
#[derive(Default)]
pub(crate) struct Multipath {
    types: u16,
    flags: u8,
    address_id: u8,
    dss_flags: u8,
}

impl Options {
    /// Takes the options of a segment into account; gives bits of `tcp_status`.
    #[inline]
    pub(crate) fn follow(&mut self, segment: &Segment<'_>, rare: &mut Rare) -> u16 {
        if !segment.has_options() {
            return 0;
        }
        match segment.options() {
            Some(options) => self.walk(options, segment, rare),
            None => status::OPTIONS_CORRUPT,
        }
    }

    fn walk(&mut self, options: &[u8], segment: &Segment<'_>, rare: &mut Rare) -> u16 {
        self.packets += 1;
        match *options {
            // RFC 7323 appendix A: the layout that nearly all segments with options have.
            [kind::NOP, kind::NOP, kind::TIMESTAMPS, 10, a, b, c, d, e, f, g, h] if !segment.has(SYN) => {
                self.count += 3;
                self.kinds |= 1 << kind::NOP | 1 << kind::TIMESTAMPS;
                self.stamp([a, b, c, d], [e, f, g, h], segment)
            }
            _ => self.walk_any(options, segment, rare),
        }
    }

    fn walk_any(&mut self, mut rest: &[u8], segment: &Segment<'_>, rare: &mut Rare) -> u16 {
        let mut bits = 0;
        while let Some((&kind, behind)) = rest.split_first()
            && kind != kind::END
        {
            self.count(kind, segment, rare);
            if kind == kind::NOP {
                rest = behind;
                continue;
            }
            let Some(len @ 1..) = behind.first() else { return bits | status::OPTIONS_CORRUPT };
            let end = usize::from(*len).min(rest.len());
            bits |= self.read(&rest[..end], segment, rare);
            rest = &rest[end..];
        }
        bits
    }

    fn count(&mut self, kind: u8, segment: &Segment<'_>, rare: &mut Rare) {
        self.count += 1;
        self.kinds |= 1 << kind.min(31);
        if segment.has(SYN) {
            self.syn_kinds.push(kind, rare);
        }
    }

    /// Reads what an option says; one that is too short for that says nothing.
    fn read(&mut self, option: &[u8], segment: &Segment<'_>, rare: &mut Rare) -> u16 {
        match *option {
            [kind::MSS, _, a, b, ..] => {
                self.mss = u16::from_be_bytes([a, b]);
                0
            }
            [kind::WINDOW_SCALE, _, shift, ..] => self.scale(shift, segment),
            [kind::SACK, ..] => status::SACK,
            [kind::TIMESTAMPS, _, a, b, c, d, e, f, g, h, ..] => {
                self.stamp([a, b, c, d], [e, f, g, h], segment)
            }
            [kind::MPTCP, _, first, ref rest @ ..] => {
                rare.get_or_make().multipath.read(first, rest);
                status::MPTCP
            }
            _ => 0,
        }
    }

    fn stamp(&mut self, value: [u8; 4], echo: [u8; 4], segment: &Segment<'_>) -> u16 {
        let (value, echo) = (u32::from_be_bytes(value), u32::from_be_bytes(echo));
        let is_smaller = self.timestamps.follow(value, echo, segment.time_ns);
        status::TIMESTAMP | if is_smaller { status::TIMESTAMP_DECREASED } else { 0 }
    }

    /// RFC 7323 section 2.2: only in SYN packets; in use once the answer to a SYN carries it.
    fn scale(&mut self, shift: u8, segment: &Segment<'_>) -> u16 {
        if !segment.has(SYN) {
            return 0;
        }
        self.shift = Some(shift);
        if segment.has(ACK) { status::WINDOW_SCALED } else { 0 }
    }

    /// What a window field is multiplied with once scaling is in use.
    pub(crate) fn window_factor(&self) -> u32 {
        1 << self.shift.unwrap_or(0).min(MAX_SHIFT)
    }

    fn syn(&self, window: u32) -> Syn {
        Syn { window, kinds: self.syn_kinds, mss: self.mss, shift: self.shift }
    }

    /// Fills the columns of a direction whose first window and smallest time to live were these.
    pub(crate) fn tell(
        &self,
        kept: &Kept,
        fingerprints: &Fingerprints,
        (window, is_scaled, ttl_min): (u32, bool, u8),
        row: &mut Row,
    ) {
        row.tcp_ja4t = Some(fingerprints.of(self.syn(window), kept));
        row.tcp_option_packets = Some(self.packets);
        row.tcp_option_count = Some(self.count);
        row.tcp_options = Some(self.kinds);
        row.tcp_mss = (self.kinds & 1 << kind::MSS != 0).then_some(self.mss);
        row.tcp_window_scale = is_scaled.then_some(self.window_factor() as u16);
        kept.multipath.tell(row);
        self.timestamps.tell(ttl_min, row);
    }
}

impl Multipath {
    /// Reads an option from its subtype on.
    fn read(&mut self, first: u8, rest: &[u8]) {
        // RFC 8684 section 3.2: an MP_JOIN of more than 16 bytes, that of the third packet, has neither flags
        // nor address id.
        const MAX_JOIN: usize = 16 - 3;
        let (subtype, low) = (first >> 4, first & 0x0f);
        let second = rest.first().copied();
        self.types |= 1 << subtype;
        match subtype {
            subtype::CAPABLE => self.flags |= second.unwrap_or(0),
            subtype::DSS => self.dss_flags |= second.unwrap_or(0) & 0x1f,
            subtype::JOIN | subtype::PRIORITY if rest.len() <= MAX_JOIN => {
                self.flags |= low;
                self.address_id = second.unwrap_or(self.address_id);
            }
            subtype::ADD_ADDRESS | subtype::REMOVE_ADDRESS => {
                self.address_id = second.unwrap_or(self.address_id);
            }
            _ => {}
        }
    }

    fn tell(&self, row: &mut Row) {
        let is_seen = self.types != 0;
        row.tcp_mptcp_types = Some(self.types);
        row.tcp_mptcp_flags = is_seen.then_some(self.flags);
        row.tcp_mptcp_address_id = is_seen.then_some(self.address_id);
        row.tcp_mptcp_dss_flags = is_seen.then_some(self.dss_flags);
    }
}
