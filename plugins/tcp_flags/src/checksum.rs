//! Captured bytes in, a verdict on their checksums out.
//!
//! The sum is that of RFC 1071, taken in the byte order of the machine: the one's complement sum does not
//! mind.

use weir_sdk::Packet;

/// IP protocols whose checksum is verified.
mod protocol {
    pub(super) const ICMP: u8 = 1;
    pub(super) const IGMP: u8 = 2;
    pub(super) const TCP: u8 = 6;
    pub(super) const UDP: u8 = 17;
    pub(super) const GRE: u8 = 47;
    pub(super) const ICMPV6: u8 = 58;
    pub(super) const OSPF: u8 = 89;
    pub(super) const UDP_LITE: u8 = 136;
}

/// Where the checksum stands in a layer-4 header.
mod field {
    pub(super) const ICMP: usize = 2;
    pub(super) const TCP: usize = 16;
    pub(super) const UDP: usize = 6;
    pub(super) const OSPF: usize = 12;
    pub(super) const IPV4: usize = 10;
}

/// Whether packets of a protocol carry a checksum that is verified.
pub(crate) fn is_checked(number: u8) -> bool {
    use protocol::*;
    matches!(number, ICMP | IGMP | TCP | UDP | GRE | ICMPV6 | OSPF | UDP_LITE)
}

/// Whether the checksum of an IPv4 header is right.
///
/// It must be the complement of the sum, bit by bit: 0xffff is wrong where 0x0000 is due, as Tranalyzer has it.
pub(crate) fn header_is_right(header: &[u8]) -> bool {
    let Some((before, rest)) = header.split_at_checked(field::IPV4) else { return false };
    let Some((found, after)) = rest.split_first_chunk::<2>() else { return false };
    u16::from_ne_bytes(*found) == !fold(sum(before) + sum(after))
}

/// Whether the layer-4 checksum of a wholly captured, unfragmented packet is right; `l4` is what its IP header
/// leaves for layer 4. A packet without checksum has no wrong one.
pub(crate) fn l4_is_right(packet: &Packet<'_>, l4: &[u8]) -> bool {
    match packet.l4_proto {
        protocol::ICMP | protocol::IGMP => covers(l4, field::ICMP, 0),
        protocol::TCP => covers(l4, field::TCP, pseudo_header(packet, l4)),
        protocol::UDP => is_unused(packet, l4) || covers(l4, field::UDP, pseudo_header(packet, l4)),
        protocol::ICMPV6 => covers(l4, field::ICMP, pseudo_header(packet, l4)),
        // RFC 2328 section D.4: version 2 sums the packet alone; RFC 5340 section A.3.1: version 3 as TCP does.
        protocol::OSPF if l4.first() == Some(&2) => covers(l4, field::OSPF, 0),
        protocol::OSPF => covers(l4, field::OSPF, pseudo_header(packet, l4)),
        protocol::UDP_LITE => covers(covered(l4), field::UDP, pseudo_header(packet, l4)),
        protocol::GRE => gre_is_right(l4),
        _ => true,
    }
}

/// RFC 3828 section 3.1: a coverage of 0 means all; 1 to 7, or more than there is, is an error.
pub(crate) fn coverage_is_wrong(l4: &[u8]) -> bool {
    coverage(l4).is_none_or(|bytes| bytes != 0 && !(8..=l4.len()).contains(&bytes))
}

/// What a UDP-Lite checksum covers; everything where the field is wrong.
fn covered(l4: &[u8]) -> &[u8] {
    match coverage(l4) {
        Some(bytes) if bytes >= 8 => l4.get(..bytes).unwrap_or(l4),
        _ => l4,
    }
}

fn coverage(l4: &[u8]) -> Option<usize> {
    l4.get(4..6).map(|field| usize::from(u16::from_be_bytes([field[0], field[1]])))
}

/// RFC 768: over IPv4 a checksum of zero means that the sender computed none. RFC 8200 section 8.1 forbids that
/// over IPv6.
fn is_unused(packet: &Packet<'_>, l4: &[u8]) -> bool {
    packet.ip_version == 4 && l4.get(field::UDP..field::UDP + 2) == Some(&[0, 0])
}

/// RFC 2784 section 2.3: present if the first bit says so, over header and payload.
fn gre_is_right(l4: &[u8]) -> bool {
    const CHECKSUM_PRESENT: u8 = 0x80;
    match l4.first() {
        Some(first) if first & CHECKSUM_PRESENT != 0 => l4.len() >= 8 && fold(sum(l4)) == 0xffff,
        _ => true,
    }
}

/// Whether the sum over the bytes and what else it covers is that of a right checksum at `at`.
///
/// A checksum of zero is wrong also where it would be the complement of the sum: 0xffff is due there, as
/// Tranalyzer has it for every protocol.
fn covers(bytes: &[u8], at: usize, pseudo_header: u64) -> bool {
    let is_zero = bytes.get(at..at + 2).is_none_or(|found| found == [0, 0]);
    !is_zero && fold(sum(bytes) + pseudo_header) == 0xffff
}

/// Sum over addresses, protocol and length (RFC 9293 section 3.1, RFC 8200 section 8.1).
fn pseudo_header(packet: &Packet<'_>, l4: &[u8]) -> u64 {
    let addresses = if packet.ip_version == 4 { 12..20 } else { 8..40 };
    let addresses = packet.l3_bytes().get(addresses).map_or(0, sum);
    let words = [u32::from(packet.l4_proto), l4.len() as u32];
    addresses + words.iter().map(|word| u64::from(word.to_be())).sum::<u64>()
}

/// Sum of the 32-bit words: it agrees with that of the 16-bit words modulo 2^16 - 1, and a datagram is too
/// short for 64 bits to run over.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    words.iter().chain([&last]).map(|word| u64::from(u32::from_ne_bytes(*word))).sum()
}

/// Adds the carries until there are none.
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(fold(sum(&bytes)).to_be(), 0xddf2);
        assert_eq!(fold(sum(&bytes[..7])).to_be(), 0xdcfb);
    }

    #[test]
    fn a_header_checksum_of_zero_is_right_where_it_is_due_and_0xffff_is_not() {
        let mut header = [0; 20];
        header[0] = 0x45;
        header[2..4].copy_from_slice(&(!0x4500_u16).to_be_bytes());
        assert!(header_is_right(&header));
        header[10..12].fill(0xff);
        assert!(!header_is_right(&header));
    }

    #[test]
    fn a_gre_checksum_is_verified_where_it_is_present() {
        assert!(gre_is_right(&[0, 0, 0x88, 0x99]));
        assert!(gre_is_right(&[0x80, 0, 0x08, 0x00, 0x77, 0xff, 0, 0]));
        assert!(!gre_is_right(&[0x80, 0, 0x08, 0x00, 0x77, 0xfe, 0, 0]));
        assert!(!gre_is_right(&[0x80, 0, 0x08, 0x00]));
    }

    #[test]
    fn a_coverage_of_zero_means_all() {
        let datagram = |coverage: u8| [7, 208, 11, 184, 0, coverage, 0, 0, 1, 2];
        assert!([0, 8, 10].iter().all(|&bytes| !coverage_is_wrong(&datagram(bytes))));
        assert!([1, 7, 11].iter().all(|&bytes| coverage_is_wrong(&datagram(bytes))));
    }
}
