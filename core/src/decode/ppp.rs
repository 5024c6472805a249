//! PPP headers (RFC 1661, RFC 1662) on links, behind L2TP, and behind GRE.
//!
//! What comes in: the offset of a PPP frame. What goes out: its protocol number and the first byte behind it.

use super::walk::Walk;

/// A PPP header that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PppHeader {
    pub(super) protocol: u16,
    /// First byte behind the protocol field.
    pub(super) payload: usize,
}

/// Address and control field: all stations, unnumbered information.
const ADDRESS_CONTROL: u16 = 0xff03;

/// Reads the header; address and control field may be missing (RFC 1661 §6.6), and the protocol field may be
/// compressed to its low byte, which is odd then (§6.5).
pub(super) fn header(walk: &Walk<'_>, mut at: usize) -> Option<PppHeader> {
    if walk.u16(at) == Some(ADDRESS_CONTROL) {
        at += 2;
    }
    let first = walk.u8(at)?;
    if first & 1 == 1 {
        return Some(PppHeader { protocol: u16::from(first), payload: at + 1 });
    }
    Some(PppHeader { protocol: walk.u16(at)?, payload: at + 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Option<(u16, usize)>) {
        let found = header(&Walk::new(bytes, bytes.len() as u32), 0);
        assert_eq!(found.map(|ppp| (ppp.protocol, ppp.payload)), expected);
    }

    #[test]
    fn address_and_protocol_fields_may_be_compressed() {
        check(&[0xff, 0x03, 0x00, 0x21, 0x45], Some((0x0021, 4)));
        check(&[0xff, 0x03, 0x21, 0x45], Some((0x0021, 3)));
        check(&[0x00, 0x21, 0x45], Some((0x0021, 2)));
        check(&[0x21, 0x45], Some((0x0021, 1)));
        check(&[0xc0], None);
    }
}
