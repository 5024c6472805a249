//! Captured bytes in, a verdict on their checksums out.
//!
//! A plugin that verifies them says so by [`Reads::CHECKSUMS`](crate::Reads::CHECKSUMS), and looks only where
//! [`flag::L4_VERIFIED`](crate::flag::L4_VERIFIED) is not set.
//!
//! The sum is that of RFC 1071, taken in the byte order of the machine: the one's complement sum does not
//! mind.

use crate::packet::Packet;

/// IP protocols whose checksum is verified.
pub(crate) mod protocol {
    pub(super) const ICMP: u8 = 1;
    pub(super) const IGMP: u8 = 2;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
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

/// Whether packets of an IP protocol carry a checksum that [`l4_is_right`] verifies.
///
/// ```
/// assert!(weir_sdk::checksum::is_checked(17) && !weir_sdk::checksum::is_checked(132));
/// ```
pub fn is_checked(number: u8) -> bool {
    use protocol::*;
    matches!(number, ICMP | IGMP | TCP | UDP | GRE | ICMPV6 | OSPF | UDP_LITE)
}

/// Whether the checksum of an IPv4 header is right.
///
/// It must be the complement of the sum (RFC 791 section 3.1), bit by bit: 0xffff is wrong where 0x0000 is due, as
/// Tranalyzer has it.
///
/// ```
/// let header = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0xf6, 0xce, 192, 0, 2, 1, 192, 0, 2, 9];
/// assert!(weir_sdk::checksum::header_is_right(&header));
/// assert!(!weir_sdk::checksum::header_is_right(&header[..16]));
/// ```
#[inline]
pub fn header_is_right(header: &[u8]) -> bool {
    // The rest of a header is never all zero, so its sum with the right checksum, and with no other but 0xffff, is
    // 0xffff.
    match <&[u8; 20]>::try_from(header) {
        // Nearly all headers have no options, so their words are summed at once.
        Ok(plain) => {
            let words = plain.as_chunks::<4>().0.iter().map(|word| u64::from(u32::from_ne_bytes(*word)));
            plain[field::IPV4..][..2] != [0xff, 0xff] && fold(words.sum()) == 0xffff
        }
        Err(_) => {
            let found = header.get(field::IPV4..field::IPV4 + 2);
            found.is_some_and(|found| found != [0xff, 0xff]) && fold(sum(header)) == 0xffff
        }
    }
}

/// Whether the layer-4 checksum of a wholly captured, unfragmented packet is right; `l3` begins with its IP
/// header, `l4` is what that leaves for layer 4. A packet without checksum has no wrong one.
///
/// ```
/// use weir_sdk::testing::packet;
/// use weir_sdk::{Packet, checksum};
///
/// let datagram = packet().payload(b"hello");
/// let (facts, mut frame) = (datagram.facts(), datagram.frame());
/// let is_right = |frame: &[u8]| {
///     let packet = Packet::new(&facts, frame);
///     checksum::l4_is_right(&packet, packet.l3_bytes(), packet.l4_bytes())
/// };
/// assert!(is_right(&frame));
/// *frame.last_mut().unwrap() ^= 1;
/// assert!(!is_right(&frame));
/// ```
pub fn l4_is_right(packet: &Packet<'_>, l3: &[u8], l4: &[u8]) -> bool {
    let pseudo_header = || pseudo_header(packet, l3, l4);
    if packet.l4_proto == protocol::TCP {
        return covers(l4, field::TCP, pseudo_header());
    }
    match packet.l4_proto {
        protocol::ICMP | protocol::IGMP => covers(l4, field::ICMP, 0),
        protocol::UDP => is_unused(packet, l4) || covers(l4, field::UDP, pseudo_header()),
        protocol::ICMPV6 => covers(l4, field::ICMP, pseudo_header()),
        // RFC 2328 section D.4: version 2 sums the packet alone; RFC 5340 section A.3.1: version 3 as TCP does.
        protocol::OSPF if l4.first() == Some(&2) => covers(l4, field::OSPF, 0),
        protocol::OSPF => covers(l4, field::OSPF, pseudo_header()),
        protocol::UDP_LITE => covers(covered(l4), field::UDP, pseudo_header()),
        protocol::GRE => gre_is_right(l4),
        _ => true,
    }
}

/// Whether a UDP header names another length than its datagram has (RFC 768).
///
/// ```
/// let datagram = [7, 208, 11, 184, 0, 9, 0, 0, 1];
/// assert!(!weir_sdk::checksum::udp_length_is_wrong(&datagram));
/// assert!(weir_sdk::checksum::udp_length_is_wrong(&datagram[..8]));
/// ```
#[inline]
pub fn udp_length_is_wrong(l4: &[u8]) -> bool {
    l4.get(4..6) != Some(&(l4.len() as u16).to_be_bytes())
}

/// Whether the coverage of a UDP-Lite datagram is an error (RFC 3828 section 3.1): 0 means all; 1 to 7, or more than
/// there is, is one.
///
/// ```
/// let datagram = [7, 208, 11, 184, 0, 9, 0, 0, 1];
/// assert!(!weir_sdk::checksum::coverage_is_wrong(&datagram));
/// assert!(weir_sdk::checksum::coverage_is_wrong(&datagram[..8]));
/// ```
pub fn coverage_is_wrong(l4: &[u8]) -> bool {
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
#[inline]
fn covers(bytes: &[u8], at: usize, pseudo_header: u64) -> bool {
    let is_zero = bytes.get(at..at + 2).is_none_or(|found| found == [0, 0]);
    !is_zero && fold(add(sum(bytes), pseudo_header)) == 0xffff
}

/// Sum over addresses, protocol and length (RFC 9293 section 3.1, RFC 8200 section 8.1).
#[inline]
fn pseudo_header(packet: &Packet<'_>, l3: &[u8], l4: &[u8]) -> u64 {
    let addresses = match (packet.ip_version, l3) {
        (4, [_, _, _, _, _, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, ..]) => {
            u64::from_ne_bytes([*a, *b, *c, *d, *e, *f, *g, *h])
        }
        (6, _) => {
            let (words, _) = l3.get(8..40).unwrap_or_default().as_chunks::<8>();
            words.iter().fold(0, |sum, word| add(sum, u64::from_ne_bytes(*word)))
        }
        _ => 0,
    };
    // Two 32-bit numbers: their sum fits into 64 bits.
    let words = u64::from(u32::from(packet.l4_proto).to_be()) + u64::from((l4.len() as u32).to_be());
    add(addresses, words)
}

/// One's complement sum of the 64-bit words: it agrees with that of the 16-bit words modulo 2^16 - 1.
///
/// Two sums are taken side by side, since a carry waits for the sum before it.
#[inline]
fn sum(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<128>();
    let (first, second) = pairs.iter().fold((0, 0), |(first, second), pair| {
        let (blocks, _) = pair.as_chunks::<64>();
        (add_block(first, &blocks[0]), add_block(second, &blocks[1]))
    });
    let (blocks, rest) = rest.as_chunks::<64>();
    let first = blocks.iter().fold(first, add_block);
    let (words, rest) = rest.as_chunks::<8>();
    let second = words.iter().fold(second, |sum, word| add(sum, u64::from_ne_bytes(*word)));
    add(add(first, second), last_word(bytes, rest))
}

/// Adds the words of a block. The carry of each goes into the next sum, which the processor does on its own: one
/// instruction a word.
fn add_block(sum: u64, block: &[u8; 64]) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    let (sum, carry) = words.iter().fold((sum, false), |(sum, carry), word| {
        let (sum, first) = sum.overflowing_add(u64::from_ne_bytes(*word));
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        (sum, first | second)
    });
    // A sum that carries is at most 2^64 - 2, also with the carry before it, so this one does not.
    sum + u64::from(carry)
}

/// What is left of `bytes` behind its last whole word, with zeros behind it.
#[inline]
fn last_word(bytes: &[u8], rest: &[u8]) -> u64 {
    match bytes.last_chunk() {
        _ if rest.is_empty() => 0,
        // The last eight bytes end with the rest: without a loop over bytes.
        Some(last) => (u64::from_le_bytes(*last) >> (8 * (8 - rest.len()))).to_le(),
        None => {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            u64::from_ne_bytes(last)
        }
    }
}

/// One's complement sum: a carry is added.
fn add(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    // A sum that carries is at most 2^64 - 2.
    sum + u64::from(carry)
}

/// The sum of the 16-bit words.
fn fold(sum: u64) -> u16 {
    let (half, carry) = ((sum >> 32) as u32).overflowing_add(sum as u32);
    let half = half + u32::from(carry);
    // The upper half gets both words and the carry of the lower one.
    (half.wrapping_add(half.rotate_left(16)) >> 16) as u16
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
    fn every_length_has_the_sum_of_its_16_bit_words() {
        let bytes: Vec<u8> = (0..200_u32).map(|n| (n * 167 % 251) as u8 | (n % 3 * 0xff) as u8).collect();
        for len in 0..=bytes.len() {
            let words = bytes[..len]
                .chunks(2)
                .map(|word| u64::from(u16::from_be_bytes([word[0], word.get(1).copied().unwrap_or(0)])));
            let mut slow: u64 = words.sum();
            while slow > 0xffff {
                slow = (slow & 0xffff) + (slow >> 16);
            }
            assert_eq!(u64::from(fold(sum(&bytes[..len])).to_be()), slow, "{len} bytes");
        }
    }

    #[test]
    fn carries_of_the_largest_words_are_not_lost() {
        let bytes = [0xff; 65_536];
        assert!([8, 64, 72, 128, 65_536].iter().all(|&len| fold(sum(&bytes[..len])) == 0xffff));
        assert_eq!(fold(sum(&bytes[..65_535])).to_be(), 0xff00);
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
