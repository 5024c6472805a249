//! IPv4 options and the options of IPv6 hop-by-hop and destination headers in, how many and which out.

use weir_sdk::{Packet, flag};

use crate::row::Row;

const IPV6_HEADER: usize = 40;
/// The shortest extension header.
const MIN_EXTENSION: usize = 8;
/// Position of the next header in an IPv6 header.
const NEXT_HEADER: usize = 6;

/// Headers that may stand between an IPv6 header and the transport (RFC 8200 section 4.1).
mod header {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const AUTHENTICATION: u8 = 51;
    pub(super) const DESTINATION: u8 = 60;
}
/// IPv4: the end of the list. IPv6: one byte of padding.
const END: u8 = 0;
/// IPv4: no operation.
const NOP: u8 = 1;

/// The options in the IP headers of a direction.
#[derive(Default)]
pub(crate) struct HeaderOptions {
    v4_numbers: u32,
    v4_count: u32,
    v4_classes: u8,
    hop: Options6,
    destination: Options6,
}

/// Options of one kind of IPv6 extension header.
#[derive(Default)]
struct Options6 {
    types: u32,
    count: u32,
}

impl HeaderOptions {
    /// Counts IPv4 options; gives whether they are in order.
    pub(crate) fn walk_v4(&mut self, mut rest: &[u8]) -> bool {
        while let Some((&kind, behind)) = rest.split_first()
            && kind != END
        {
            self.v4_count += 1;
            self.v4_classes |= kind & 0xe0;
            self.v4_numbers |= 1 << (kind & 0x1f);
            if kind == NOP {
                rest = behind;
                continue;
            }
            let Some(len @ 1..) = behind.first() else { return false };
            rest = rest.get(usize::from(*len)..).unwrap_or(&[]);
        }
        true
    }

    /// Whether a packet has extension headers.
    #[inline]
    pub(crate) fn are_in_v6(packet: &Packet<'_>) -> bool {
        usize::from(packet.l4_offset) > usize::from(packet.l3_offset) + IPV6_HEADER || ends_early(packet)
    }

    /// Counts the options of IPv6 extension headers; gives whether those headers are complete.
    pub(crate) fn walk_v6(&mut self, packet: &Packet<'_>) -> bool {
        let bytes = packet.l3_bytes();
        let bytes = &bytes[..bytes.len().min(packet.l3_len as usize)];
        let until = usize::from(packet.l4_offset) - usize::from(packet.l3_offset);
        if ends_early(packet) || !extensions(bytes, until).all(|(_, header)| header.is_some()) {
            return false;
        }
        for (kind, header) in extensions(bytes, until) {
            let options = header.and_then(|header| header.get(2..)).unwrap_or(&[]);
            match kind {
                header::HOP_BY_HOP => self.hop.walk(options),
                header::DESTINATION => self.destination.walk(options),
                _ => {}
            }
        }
        true
    }

    /// Fills the columns of a flow of this IP version.
    pub(crate) fn tell(&self, version: u8, row: &mut Row) {
        if version == 4 {
            row.ip_option_count = Some(self.v4_count);
            row.ip_option_classes = Some(self.v4_classes);
            row.ip_option_numbers = Some(self.v4_numbers);
        } else {
            row.ip6_hop_option_count = Some(self.hop.count);
            row.ip6_destination_option_count = Some(self.destination.count);
            row.ip6_hop_options = Some(self.hop.types);
            row.ip6_destination_options = Some(self.destination.types);
        }
    }
}

impl Options6 {
    /// Counts until a byte of padding, as Tranalyzer does.
    fn walk(&mut self, mut rest: &[u8]) {
        while let Some(&kind) = rest.first()
            && kind != END
        {
            self.count += 1;
            self.types |= 1 << (kind & 0x1f);
            let Some(&len) = rest.get(1) else { return };
            rest = rest.get(usize::from(len) + 2..).unwrap_or(&[]);
        }
    }
}

/// The chain ends at an extension header that is not captured.
fn ends_early(packet: &Packet<'_>) -> bool {
    use header::*;
    let is_extension =
        matches!(packet.l4_proto, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION);
    is_extension && !packet.has(flag::LATER_FRAGMENT) && packet.l4_bytes().len() < MIN_EXTENSION
}

/// The extension headers that begin before `until`, each with its kind; without bytes where it is not complete.
fn extensions(bytes: &[u8], until: usize) -> impl Iterator<Item = (u8, Option<&[u8]>)> {
    let mut at = IPV6_HEADER;
    let mut kind = bytes.get(NEXT_HEADER).copied();
    std::iter::from_fn(move || {
        let this = kind.filter(|_| at < until)?;
        let header = extension(bytes, at, this);
        kind = header.map(|header| header[0]);
        at += header.map_or(0, <[u8]>::len);
        Some((this, header))
    })
}

/// RFC 8200 section 4: the length counts units of 8 bytes behind the first; RFC 4302 section 2.2: units of 4
/// bytes behind the first two.
fn extension(bytes: &[u8], at: usize, kind: u8) -> Option<&[u8]> {
    let units = usize::from(*bytes.get(at + 1)?);
    let len = match kind {
        header::FRAGMENT => 8,
        header::AUTHENTICATION => (units + 2) * 4,
        _ => (units + 1) * 8,
    };
    bytes.get(at..at + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(options: &[u8]) -> (bool, u32, u8, u32) {
        let mut all = HeaderOptions::default();
        (all.walk_v4(options), all.v4_count, all.v4_classes, all.v4_numbers)
    }

    #[test]
    fn ipv4_options_are_counted_up_to_the_end_of_the_list() {
        assert_eq!(v4(&[0x94, 4, 0, 0]), (true, 1, 0x80, 1 << 20));
        assert_eq!(v4(&[1, 1, 7, 3, 4, 0, 0x94, 4]), (true, 3, 0, 1 << 1 | 1 << 7));
    }

    #[test]
    fn an_ipv4_option_of_length_zero_is_counted_and_ends_the_walk() {
        assert_eq!(v4(&[7, 0, 1, 1]), (false, 1, 0, 1 << 7));
        assert_eq!(v4(&[1, 1, 1, 0x83]), (false, 4, 0x80, 1 << 1 | 1 << 3));
    }

    #[test]
    fn a_chain_of_ipv6_headers_is_walked_as_far_as_it_goes() {
        let mut packet = vec![0; 40];
        packet[NEXT_HEADER] = header::HOP_BY_HOP;
        packet.extend([60, 0, 5, 2, 0, 0, 1, 0, 17, 0, 1, 4, 0, 0, 0, 0]);
        let kinds = |bytes: &[u8]| extensions(bytes, 56).map(|(kind, all)| (kind, all.is_some())).collect();
        let whole: Vec<_> = kinds(&packet);
        assert_eq!(whole, [(0, true), (60, true)]);
        let cut: Vec<_> = kinds(&packet[..50]);
        assert_eq!(cut, [(0, true), (60, false)]);
    }
}
