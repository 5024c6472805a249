//! Addresses → text.

use std::io::Write;
use std::net::Ipv6Addr;

use weir_sdk::Ip;

use super::number::{Short, push, put_byte};

/// The two hexadecimal digits of every byte.
static HEX: [[u8; 2]; 256] = hex();

const fn hex() -> [[u8; 2]; 256] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut texts = [[0; 2]; 256];
    let mut byte = 0;
    while byte < texts.len() {
        texts[byte] = [DIGITS[byte >> 4], DIGITS[byte & 0xf]];
        byte += 1;
    }
    texts
}

/// Length of the text of a MAC address.
const MAC: usize = 17;

/// Puts `aa:bb:cc:dd:ee:ff` at the start of the room, and says how long it is.
#[inline(always)]
pub(super) fn put_mac(room: &mut Short, mac: [u8; 6]) -> usize {
    room[..MAC].copy_from_slice(&[b':'; MAC]);
    for (place, byte) in room[..MAC].chunks_mut(3).zip(mac) {
        place[..2].copy_from_slice(&HEX[usize::from(byte)]);
    }
    MAC
}

/// [`put_mac`] behind a text.
pub(super) fn push_mac(out: &mut Vec<u8>, mac: [u8; 6]) {
    push(out, |room| put_mac(room, mac));
}

/// Dotted quad, or the text of RFC 5952.
pub(super) fn push_ip(out: &mut Vec<u8>, ip: Ip) {
    match ip {
        Ip::V4(address) => push_v4(out, address),
        Ip::V6(address) => {
            write!(out, "{}", Ipv6Addr::from(address)).expect("a Vec takes every byte");
        }
    }
}

/// The same as C's `inet_ntop` prints it: also an IPv4-compatible address (RFC 4291 section 2.5.5.1) ends
/// in a dotted quad.
pub(super) fn push_ip_like_c(out: &mut Vec<u8>, ip: Ip) {
    match ip {
        Ip::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]) if (a, b) != (0, 0) => {
            out.extend_from_slice(b"::");
            push_v4(out, [a, b, c, d]);
        }
        other => push_ip(out, other),
    }
}

fn push_v4(out: &mut Vec<u8>, address: [u8; 4]) {
    push(out, |room| put_v4(room, address));
}

/// Puts `10.0.0.1` at the start of the room, and says how long it is.
#[inline]
pub(super) fn put_v4(room: &mut Short, address: [u8; 4]) -> usize {
    let mut at = 0;
    for byte in address {
        at = put_byte(room, at, byte);
        room[at] = b'.';
        at += 1;
    }
    at - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(print: fn(&mut Vec<u8>, Ip), ip: &str, expected: &str) {
        let mut out = Vec::new();
        print(&mut out, ip.parse::<std::net::IpAddr>().unwrap().into());
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn addresses_print_as_rfc_5952_says() {
        for ip in ["0.0.0.0", "255.10.1.99", "2001:db8::1", "::ffff:10.0.0.1", "::", "::1", "1:0:0:2::3"] {
            check(push_ip, ip, ip);
            check(push_ip_like_c, ip, ip);
        }
    }

    #[test]
    fn ipv4_compatible_addresses_print_as_c_does() {
        check(push_ip_like_c, "::a00:1", "::10.0.0.1");
        check(push_ip, "::a00:1", "::a00:1");
        check(push_ip_like_c, "::1:2", "::0.1.0.2");
        check(push_ip_like_c, "::2", "::2");
    }

    #[test]
    fn a_mac_address_is_lower_case_with_colons() {
        let mut out = Vec::new();
        push_mac(&mut out, [0x0a, 0xbc, 0, 0xff, 1, 0x20]);
        assert_eq!(out, b"0a:bc:00:ff:01:20");
    }
}
