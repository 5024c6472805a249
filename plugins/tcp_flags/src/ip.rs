//! IP headers in; identifications, times to live, service, flags, fragments and their checksums out.

use weir_sdk::{Packet, checksum, flag};

use crate::bits::{ip, status};
use crate::header_options::HeaderOptions;
use crate::rare::{Kept, Rare};
use crate::row::Row;

const IPV4_HEADER: usize = 20;
/// The flags of an IPv4 header stand where they do in `ip_flags`.
const HEADER_FLAGS: u16 = ip::RESERVED | ip::DO_NOT_FRAGMENT | ip::MORE_FRAGMENTS;
/// Positions in an IPv4 header (RFC 791 section 3.1).
mod v4 {
    pub(super) const HEADER_LENGTH: usize = 0;
    pub(super) const TYPE_OF_SERVICE: usize = 1;
    pub(super) const FLAGS: usize = 6;
    pub(super) const TIME_TO_LIVE: usize = 8;
}
/// Positions in an IPv6 header (RFC 8200 section 3).
mod v6 {
    pub(super) const HOP_LIMIT: usize = 7;
}
/// Where a datagram must end, in units of 8 bytes (RFC 791 section 3.1).
const MAX_FRAGMENT_END: u16 = 0x1fff;
/// The shortest IPv4 packet that a fragment with more behind it should be, less than which evades filters.
const MIN_FRAGMENT: u32 = 48;

const UDP: u8 = 17;
const UDP_LITE: u8 = 136;

/// What the IP headers of a direction showed.
#[derive(Default)]
pub(crate) struct Headers {
    flags: u16,
    id_last: u16,
    id_delta_min: u16,
    id_delta_max: u16,
    ids: Ids,
    version: u8,
    ttl_last: u8,
    ttl_min: u8,
    ttl_max: u8,
    type_of_service: u8,
}

/// Where the fragments of a direction stand.
#[derive(Default)]
pub(crate) struct Fragments {
    /// End of the last one, in units of 8 bytes.
    end: u16,
    /// The last datagram is not complete.
    are_pending: bool,
}

/// How many IPv4 identifications were seen.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Ids {
    #[default]
    None,
    One,
    Several,
}

impl Headers {
    /// The peer sent FIN or RST: it will not take the rest of a datagram.
    pub(crate) fn hear_end(&mut self, rare: &Rare) {
        if rare.get().is_some_and(|kept| kept.fragments.are_pending) {
            self.flags |= ip::FRAGMENT_SEQUENCE;
        }
    }

    /// Takes the headers of a packet into account, of which the one before came at this time; gives bits of
    /// `tcp_status`. `l4` is what its IP header leaves for layer 4.
    #[inline]
    pub(crate) fn follow(
        &mut self,
        packet: &Packet<'_>,
        l4: &[u8],
        time_before: i64,
        rare: &mut Rare,
    ) -> u16 {
        let l3 = packet.l3_bytes();
        if self.is_seen() {
            self.follow_time(time_before, packet.time_ns);
        }
        if packet.ip_version == 4 {
            self.follow_v4(packet, l3, rare)
        } else {
            self.follow_v6(packet, l3, rare)
        }
        self.version = packet.ip_version;
        if packet.has(flag::MORE_FRAGMENTS | flag::LATER_FRAGMENT) {
            self.follow_fragment(packet, &mut rare.get_or_make().fragments);
        }
        if packet.has(flag::LATER_FRAGMENT) { 0 } else { self.follow_l4(packet, l3, l4) }
    }

    fn is_seen(&self) -> bool {
        self.version != 0
    }

    fn follow_time(&mut self, before: i64, now: i64) {
        self.flags |= match now.cmp(&before) {
            std::cmp::Ordering::Less => ip::GAP_NEGATIVE,
            std::cmp::Ordering::Equal => ip::GAP_ZERO,
            std::cmp::Ordering::Greater => 0,
        };
    }

    fn follow_v4(&mut self, packet: &Packet<'_>, l3: &[u8], rare: &mut Rare) {
        let Some(header) = l3.first_chunk::<IPV4_HEADER>() else { return };
        self.follow_id(packet.fragment_id as u16);
        self.follow_ttl(header[v4::TIME_TO_LIVE], rare);
        self.type_of_service |= header[v4::TYPE_OF_SERVICE];
        self.flags |= u16::from(header[v4::FLAGS]) & HEADER_FLAGS;
        let len = usize::from(header[v4::HEADER_LENGTH] & 0x0f) * 4;
        match l3.get(..len).filter(|_| len <= packet.l3_len as usize) {
            Some(header) => self.follow_whole_v4(header, rare),
            None if len > IPV4_HEADER => self.flags |= ip::OPTIONS_CORRUPT | HEADER_CUT,
            None => self.flags |= HEADER_CUT,
        }
    }

    fn follow_whole_v4(&mut self, header: &[u8], rare: &mut Rare) {
        if !checksum::header_is_right(header) {
            self.flags |= ip::HEADER_CHECKSUM;
        }
        if let Some(options @ [_, ..]) = header.get(IPV4_HEADER..)
            && !rare.get_or_make().header_options.walk_v4(options)
        {
            self.flags |= ip::OPTIONS_CORRUPT;
        }
    }

    fn follow_v6(&mut self, packet: &Packet<'_>, l3: &[u8], rare: &mut Rare) {
        if let Some([first, second, .., hop_limit]) = l3.first_chunk::<{ v6::HOP_LIMIT + 1 }>() {
            self.follow_ttl(*hop_limit, rare);
            self.type_of_service |= first << 4 | second >> 4;
        }
        if packet.has(flag::MORE_FRAGMENTS) {
            self.flags |= ip::MORE_FRAGMENTS;
        }
        if HeaderOptions::are_in_v6(packet) && !rare.get_or_make().header_options.walk_v6(packet) {
            self.flags |= ip::OPTIONS_CORRUPT;
        }
    }

    /// The smallest and largest difference: a negative one is stored modulo 2^16, and compared as that with
    /// later ones, as Tranalyzer has it.
    fn follow_id(&mut self, id: u16) {
        if self.ids == Ids::None {
            self.ids = Ids::One;
            self.id_delta_min = u16::MAX;
        } else {
            self.ids = Ids::Several;
            let delta = i32::from(id) - i32::from(self.id_last);
            if delta < i32::from(self.id_delta_min) {
                self.id_delta_min = delta as u16;
            }
            if delta > i32::from(self.id_delta_max) {
                self.id_delta_max = delta as u16;
            }
            if delta < 0 {
                self.flags |= ip::ID_SMALLER;
            }
        }
        self.id_last = id;
    }

    fn follow_ttl(&mut self, ttl: u8, rare: &mut Rare) {
        if !self.is_seen() {
            (self.ttl_min, self.ttl_max, self.ttl_last) = (ttl, ttl, ttl);
        }
        if ttl != self.ttl_last {
            rare.get_or_make().ttl_changes += 1;
            self.ttl_min = self.ttl_min.min(ttl);
            self.ttl_max = self.ttl_max.max(ttl);
            self.ttl_last = ttl;
        }
    }

    fn follow_fragment(&mut self, packet: &Packet<'_>, fragments: &mut Fragments) {
        let more = packet.has(flag::MORE_FRAGMENTS);
        let offset = packet.fragment_offset;
        let end = offset.wrapping_add((l4_len(packet) >> 3) as u16);
        if more && packet.l3_len < MIN_FRAGMENT {
            self.flags |= ip::FRAGMENT_SHORT;
        }
        if end > MAX_FRAGMENT_END {
            self.flags |= ip::FRAGMENT_BEYOND;
        }
        if i32::from(offset) - i32::from(fragments.end) > 1 {
            self.flags |= ip::FRAGMENT_GAP;
        }
        fragments.end = end;
        // A later fragment without a known first one stands for a datagram that will not be complete.
        fragments.are_pending = more || packet.status & weir_sdk::status::FRAGMENT_HEADLESS != 0;
    }

    /// Verifies layer 4 where that is possible.
    fn follow_l4(&mut self, packet: &Packet<'_>, l3: &[u8], l4: &[u8]) -> u16 {
        if packet.has(flag::L4_VERIFIED) {
            return 0;
        }
        let is_checked = || checksum::is_checked(packet.l4_proto);
        let is_snapped = l3.len() < packet.l3_len as usize;
        if is_snapped || (l4_at(packet) > packet.l3_len as usize && is_checked()) {
            self.flags |= ip::L4_CHECKSUM | ip::CHECKSUM_SNAPPED;
        }
        if packet.has(flag::MORE_FRAGMENTS) {
            // The checksum of a fragmented datagram covers all of it.
            if is_checked() { status::CHECKSUM_PENDING } else { 0 }
        } else if is_snapped {
            0
        } else {
            self.follow_whole_l4(packet, l3, l4)
        }
    }

    /// Verifies what layer 4 of a wholly captured, unfragmented packet says of itself.
    fn follow_whole_l4(&mut self, packet: &Packet<'_>, l3: &[u8], l4: &[u8]) -> u16 {
        if !checksum::l4_is_right(packet, l3, l4) {
            self.flags |= ip::L4_CHECKSUM;
        }
        self.follow_lengths(packet.l4_proto, l4)
    }

    /// The lengths that UDP and UDP-Lite headers name (RFC 768, RFC 3828).
    fn follow_lengths(&mut self, protocol: u8, l4: &[u8]) -> u16 {
        match protocol {
            UDP if checksum::udp_length_is_wrong(l4) => {
                self.flags |= ip::UDP_LENGTH;
                0
            }
            UDP_LITE if checksum::coverage_is_wrong(l4) => status::COVERAGE_ERROR,
            _ => 0,
        }
    }

    /// The smallest time to live.
    pub(crate) fn ttl_min(&self) -> u8 {
        self.ttl_min
    }

    /// Fills the columns; core found an error among the fragments, or not.
    pub(crate) fn tell(&self, kept: &Kept, has_fragment_error: bool, row: &mut Row) {
        let sequence = if has_fragment_error { ip::FRAGMENT_SEQUENCE } else { 0 };
        let has_delta = self.ids == Ids::Several;
        row.ip_id_delta_min = has_delta.then_some(self.id_delta_min);
        row.ip_id_delta_max = has_delta.then_some(self.id_delta_max);
        row.ip_ttl_min = Some(self.ttl_min);
        row.ip_ttl_max = Some(self.ttl_max);
        row.ip_ttl_changes = Some(kept.ttl_changes);
        row.ip_tos = Some(self.type_of_service);
        row.ip_flags = Some(self.flags | sequence);
        kept.header_options.tell(self.version, row);
    }
}

/// An IPv4 header that is not wholly captured, or longer than its packet.
const HEADER_CUT: u16 = ip::HEADER_CHECKSUM | ip::CHECKSUM_SNAPPED;

/// Bytes from the IP header to layer 4.
fn l4_at(packet: &Packet<'_>) -> usize {
    usize::from(packet.l4_offset).saturating_sub(usize::from(packet.l3_offset))
}

/// Bytes that the IP header leaves for layer 4.
fn l4_len(packet: &Packet<'_>) -> u32 {
    packet.l3_len.saturating_sub(l4_at(packet) as u32)
}
