//! L2TP version 2 (RFC 2661) and 3 (RFC 3931), on port 1701, and the PPP frames behind it.

use weir_sdk::status;

use super::names::{Name, ethertype, of_ethertype, of_ppp, ppp_protocol};
use super::ppp::{self, PppHeader};
use super::transport::Segment;
use super::walk::{Next, Walk};

const PORTS: [u16; 1] = [1701];

/// Bits of the first byte.
mod flag {
    pub(super) const CONTROL: u8 = 0x80;
    pub(super) const LENGTH: u8 = 0x40;
    pub(super) const SEQUENCE: u8 = 0x08;
    pub(super) const OFFSET: u8 = 0x02;
}

/// The inner packet.
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    if !segment.has_port(&PORTS) {
        return None;
    }
    let [flags, version] = walk.array(segment.payload)?;
    // The high four bits beside the version are reserved and zero.
    if !matches!(version, 2 | 3) {
        return None;
    }
    if flags & flag::CONTROL != 0 {
        named(walk);
        return Some(walk.stop());
    }
    let frame =
        if version == 2 { behind_version_2(walk, flags, segment.payload)? } else { segment.payload + 8 };
    if !walk.reaches(frame) {
        return None;
    }
    named(walk);
    Some(link_frame(walk, frame))
}

fn named(walk: &mut Walk<'_>) {
    walk.name(Name::L2tp);
    walk.mark(status::L2TP);
}

/// RFC 2661 §3.1: length, sequence numbers and offset are optional.
fn behind_version_2(walk: &Walk<'_>, flags: u8, mut at: usize) -> Option<usize> {
    at += 2;
    if flags & flag::LENGTH != 0 {
        at += 2;
    }
    at += 4;
    if flags & flag::SEQUENCE != 0 {
        at += 4;
    }
    if flags & flag::OFFSET != 0 {
        at += 2 + usize::from(walk.u16(at)?);
    }
    Some(at)
}

/// PPP, or Cisco HDLC by its address byte.
fn link_frame(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.mark(status::PPP);
    if matches!(walk.u8(at), Some(0x0f | 0x8f)) {
        walk.name(Name::Chdlc);
        return cisco(walk, at);
    }
    walk.name(Name::Ppp);
    let header = ppp::header(walk, at);
    match header {
        Some(PppHeader { protocol: ppp_protocol::MULTILINK, payload }) => multilink(walk, payload),
        other => payload(walk, other),
    }
}

fn cisco(walk: &mut Walk<'_>, at: usize) -> Next {
    match walk.u16(at + 2) {
        Some(ethertype::IPV4) => Next::ipv4(at + 4),
        Some(ethertype::IPV6) => Next::ipv6(at + 4),
        Some(other) => {
            walk.label(of_ethertype(other));
            walk.stop()
        }
        None => walk.stop(),
    }
}

/// RFC 1990 §3: a header of 4 bytes; only the fragment with the B bit begins with a protocol.
fn multilink(walk: &mut Walk<'_>, at: usize) -> Next {
    const BEGINNING: u8 = 0x80;
    walk.name(Name::Mp);
    let is_beginning = walk.u8(at).is_some_and(|flags| flags & BEGINNING != 0);
    let header = if is_beginning { ppp::header(walk, at + 4) } else { None };
    payload(walk, header)
}

fn payload(walk: &mut Walk<'_>, header: Option<PppHeader>) -> Next {
    match header {
        Some(PppHeader { protocol: ppp_protocol::IPV4, payload }) => Next::ipv4(payload),
        Some(PppHeader { protocol: ppp_protocol::IPV6, payload }) => Next::ipv6(payload),
        Some(other) => {
            walk.label(of_ppp(other.protocol));
            walk.stop()
        }
        None => walk.stop(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    fn check_inner(header: &[u8], chain: &str) {
        let frame = over_udp(1701, 1701, &join(&[header, &inner_v4()]));
        is_inner(&check(&frame, chain, 0x0400000000006800));
    }

    #[test]
    fn version_2_has_optional_fields() {
        let plain = "eth:ipv4:udp:l2tp:ppp:ipv4:udp";
        check_inner(&[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x21], plain);
        check_inner(&[0x48, 2, 0, 50, 0, 1, 0, 2, 0, 0, 0, 0, 0xff, 3, 0, 0x21], plain);
        check_inner(&[0x02, 2, 0, 1, 0, 2, 0, 1, 9, 0xff, 3, 0, 0x21], plain);
        check_inner(&[0, 2, 0, 1, 0, 2, 0, 0x21], plain);
    }

    #[test]
    fn multilink_leads_to_the_protocol_of_its_first_fragment() {
        let header = [0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x3d, 0xc0, 0, 0, 1, 0, 0x21];
        check_inner(&header, "eth:ipv4:udp:l2tp:ppp:mp:ipv4:udp");
        assert_eq!(decode(&over_udp(1701, 1701, &join(&[&header, &inner_v4()]))).count, 8);
    }

    #[test]
    fn version_3_and_cisco_frames_are_decoded() {
        check_inner(&[0, 3, 0, 0, 0, 0, 0, 2, 0xff, 3, 0, 0x21], "eth:ipv4:udp:l2tp:ppp:ipv4:udp");
        check_inner(&[0, 2, 0, 1, 0, 2, 0x0f, 0, 8, 0], "eth:ipv4:udp:l2tp:chdlc:ipv4:udp");
    }

    #[test]
    fn control_messages_and_other_protocols_stop_decoding() {
        check(&over_udp(1701, 1701, &[0xc8, 2, 0, 12]), "eth:ipv4:udp:l2tp", 0x0400080000004800);
        let lcp = [0, 2, 0, 1, 0, 2, 0xff, 3, 0xc0, 0x21, 1];
        check(&over_udp(1701, 53, &lcp), "eth:ipv4:udp:l2tp:ppp:lcp", 0x0400080000006800);
        check(&over_udp(1701, 1701, &[0, 1, 0, 0]), "eth:ipv4:udp", 0x0400000000004000);
    }

    #[test]
    fn ipv6_may_be_carrier_and_inner_packet() {
        let frame =
            over_ipv6(17, &udp(1701, 40000, &join(&[&[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x57], &inner_v6()])));
        is_inner(&check(&frame, "eth:ipv6:udp:l2tp:ppp:ipv6:udp", 0x080000000000a800));
    }

    #[test]
    fn one_port_of_l2tp_is_enough() {
        let frame = over_udp(53, 1701, &join(&[&[0, 2, 0, 1, 0, 2, 0, 0x21], &inner_v4()]));
        is_inner(&check(&frame, "eth:ipv4:udp:l2tp:ppp:ipv4:udp", 0x0400000000006800));
    }

    #[test]
    fn what_stops_decoding_has_the_ports_of_the_carrier() {
        let seen = check(&over_udp(1701, 1701, &[0xc8, 3, 0, 12]), "eth:ipv4:udp:l2tp", 0x0400080000004800);
        assert_eq!((seen.l4_proto, seen.payload_len), (17, 4));
        is_carrier(&seen, 1701, 1701);
        let arp = [0, 2, 0, 1, 0, 2, 0x0f, 0, 8, 6];
        is_carrier(
            &check(&over_udp(1701, 1701, &arp), "eth:ipv4:udp:l2tp:chdlc:arp", 0x0400080000006800),
            1701,
            1701,
        );
        let later = [0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x3d, 0x40, 0, 0, 1, 9, 9];
        is_carrier(
            &check(&over_udp(1701, 1701, &later), "eth:ipv4:udp:l2tp:ppp:mp", 0x0400080000006800),
            1701,
            1701,
        );
    }

    #[test]
    fn a_header_that_reaches_the_captured_end_is_none() {
        let frame = over_udp(1701, 1701, &join(&[&[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x21], &inner_v4()]));
        for captured in [43, 45, 48] {
            let seen = check_cut(ETHERNET, &frame, captured, "eth:ipv4:udp", 0x0400000200004000);
            is_carrier(&seen, 1701, 1701);
        }
        let seen = check_cut(ETHERNET, &frame, 51, "eth:ipv4:udp:l2tp:ppp", 0x0400080200006800);
        is_carrier(&seen, 1701, 1701);
        let seen = check_cut(ETHERNET, &frame, 60, "eth:ipv4:udp:l2tp:ppp:ipv4", 0x0400080200006800);
        is_carrier(&seen, 1701, 1701);
        check(
            &over_udp(1701, 1701, &[2, 2, 0, 1, 0, 2, 0xff, 0xff, 0, 0]),
            "eth:ipv4:udp",
            0x0400000000004000,
        );
    }
}
