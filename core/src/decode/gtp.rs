//! GPRS tunnelling protocol (3GPP TS 29.060, TS 29.281, TS 29.274), on ports 2123, 2152 and 3386.

use weir_sdk::status;

use super::names::Name;
use super::transport::Segment;
use super::walk::{Next, Walk};

const PORTS: [u16; 3] = [2123, 2152, 3386];
/// The message that carries a user packet.
const G_PDU: u8 = 255;
/// Version 1: extension header, sequence number or N-PDU number present; then all three fields are.
const OPTIONAL_FIELDS: u8 = 0x07;
const EXTENSION_HEADER: u8 = 0x04;

/// The inner packet; other messages stay plain UDP.
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    if !segment.serves(&PORTS) {
        return None;
    }
    walk.name(Name::Gtp);
    walk.mark(status::GTP);
    let [flags, message] = walk.array(segment.payload)?;
    if message != G_PDU {
        return None;
    }
    if flags >> 5 == 2 {
        return Some(walk.stop());
    }
    let inner = inner_packet(walk, flags, segment.payload).filter(|&at| walk.reaches(at))?;
    Some(walk.ip_by_nibble(inner).unwrap_or_else(|| walk.stop()))
}

/// Where the user packet begins, by version.
fn inner_packet(walk: &Walk<'_>, flags: u8, at: usize) -> Option<usize> {
    match flags >> 5 {
        0 => Some(at + 20),
        1 if flags & OPTIONAL_FIELDS != 0 => behind_extensions(walk, flags, at),
        _ => Some(at + 8),
    }
}

/// Steps over the extension headers of version 1 (TS 29.281 §5.2): each begins with its length in units of 4
/// bytes and ends with the type of the next, 0 for none.
fn behind_extensions(walk: &Walk<'_>, flags: u8, at: usize) -> Option<usize> {
    let mut header = at + 12;
    if flags & EXTENSION_HEADER == 0 {
        return Some(header);
    }
    while walk.u8(header - 1)? != 0 {
        let len = usize::from(walk.u8(header)?) * 4;
        if len == 0 {
            return None;
        }
        header += len;
    }
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    fn check_inner(header: &[u8]) {
        let frame = over_udp(2152, 2152, &join(&[header, &inner_v4()]));
        is_inner(&check(&frame, "eth:ipv4:udp:gtp:ipv4:udp", 0x0400000000204000));
    }

    #[test]
    fn user_packets_are_decoded_in_all_forms_of_the_header() {
        check_inner(&[0x30, 255, 0, 0, 0, 0, 0, 1]);
        check_inner(&[0x32, 255, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0]);
        check_inner(&[0x34, 255, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0x85, 1, 0, 0, 0]);
        check_inner(&[0x34, 255, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0x85, 1, 0, 0, 0x40, 1, 0, 0, 0]);
        check_inner(&[&[0x0e, 255][..], &[0; 18]].concat());
    }

    #[test]
    fn other_messages_stay_with_the_carrier() {
        let echo = over_udp(2152, 2152, &[0x32, 1, 0, 4, 0, 0, 0, 0]);
        check(&echo, "eth:ipv4:udp:gtp:dtls1.0", 0x2400000000204000);
        check(&over_udp(2123, 2123, &[0x48, 255, 0, 0]), "eth:ipv4:udp:gtp", 0x0400080000204000);
    }

    #[test]
    fn an_ipv6_carrier_will_do() {
        let frame =
            eth(0x86dd, &ipv6(17, &udp(2152, 2152, &join(&[&[0x30, 255, 0, 0, 0, 0, 0, 1], &inner_v6()]))));
        is_inner(&check(&frame, "eth:ipv6:udp:gtp:ipv6:udp", 0x0800000000208000));
    }

    #[test]
    fn each_port_of_gtp_wants_a_high_one_beside_it() {
        let user = join(&[&[0x30, 255, 0, 0, 0, 0, 0, 1], &inner_v6()]);
        for port in [2123, 2152, 3386] {
            let seen = check(&over_udp(port, 40000, &user), "eth:ipv4:udp:gtp:ipv6:udp", 0x0c00000000208000);
            assert_eq!(seen.l3_offset, 50);
            is_inner(&seen);
            is_carrier(&check(&over_udp(53, port, &user), "eth:ipv4:udp", 0x0400000000004000), 53, port);
        }
    }

    #[test]
    fn user_packets_that_are_not_ip_stop_decoding() {
        let seen = check(
            &over_udp(2152, 2152, &[0x30, 255, 0, 0, 0, 0, 0, 1, 0x10]),
            "eth:ipv4:udp:gtp",
            0x0400080000204000,
        );
        assert_eq!(seen.payload_len, 9);
        is_carrier(&seen, 2152, 2152);
    }

    #[test]
    fn a_header_that_reaches_the_captured_end_is_none() {
        let frame = over_udp(
            2152,
            2152,
            &join(&[&[0x34, 255, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0x85, 1, 0, 0, 0], &inner_v4()]),
        );
        for captured in [43, 50, 54, 58] {
            let seen = check_cut(ETHERNET, &frame, captured, "eth:ipv4:udp:gtp", 0x0400000200204000);
            is_carrier(&seen, 2152, 2152);
        }
        let seen = check_cut(ETHERNET, &frame, 70, "eth:ipv4:udp:gtp:ipv4", 0x0400080200204000);
        is_carrier(&seen, 2152, 2152);
        let endless = [0x34, 255, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0x85, 0, 0, 0, 0x85];
        is_carrier(
            &check(&over_udp(2152, 2152, &endless), "eth:ipv4:udp:gtp", 0x0400000000204000),
            2152,
            2152,
        );
    }
}
