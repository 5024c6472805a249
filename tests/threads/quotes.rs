//! The conversations that ICMP errors quote, in captures made by hand: whichever worker knows them.

use std::net::{Ipv4Addr, Ipv6Addr};

use weir_traffic::packet::{Content, Ends, Fragment, Ip, Packet, Payload, Quotation, Transport, Udp};
use weir_traffic::{Format, capture};

use super::place::Place;

const MILLISECOND: i64 = 1_000_000;
/// RFC 792: destination unreachable. RFC 4443 has another number for it.
const UNREACHABLE: u8 = 3;
const UNREACHABLE_V6: u8 = 1;
/// RFC 4443 section 3.2.
const PACKET_TOO_BIG: u8 = 2;
/// IP header without options, and ports.
const ENOUGH: usize = 28;

/// Checks what the messages of a capture quote: their sources and the numbers of the conversations, row by row.
fn check(packets: &[Packet], expected: &[(&str, &str)]) {
    check_with(&[], packets, expected);
}

fn check_with(arguments: &[&str], packets: &[Packet], expected: &[(&str, &str)]) {
    let place = Place::with(&capture(packets, Format::PcapNanos));
    for workers in [&["-j", "1"][..], &["-j", "3", "--batch", "1"], &["-j", "6", "--batch", "2"]] {
        let rows = place.rows(&[arguments, &["--rows", "direction"], workers].concat());
        assert_eq!(quoted(&rows), owned(expected), "{workers:?}");
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(source, number)| (source.to_owned(), number.to_owned())).collect()
}

/// Sources and quoted conversations of the rows about ICMP.
fn quoted(rows: &str) -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_reader(rows.as_bytes());
    let header = reader.headers().expect("a header stands first").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect("the column is there");
    let (source, protocol, number) = (at("src_ip"), at("l4_proto"), at("icmp_quoted_flow"));
    let rows = reader.into_records().map(|row| row.expect("each row has as many cells as the header"));
    let of_icmp = rows.filter(|row| ["1", "58"].contains(&&row[protocol]));
    of_icmp.map(|row| (row[source].to_owned(), row[number].to_owned())).collect()
}

fn host(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, number)
}

fn host_6(number: u8) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into())
}

fn v4(src: u8, dst: u8) -> Ends {
    Ends::V4(host(src), host(dst))
}

fn v6(src: u8, dst: u8) -> Ends {
    Ends::V6(host_6(src), host_6(dst))
}

fn packet(ms: i64, ends: Ends, transport: Transport) -> Packet {
    Packet::ip(ms * MILLISECOND, Ip::new(ends, transport))
}

fn udp(ms: i64, ends: Ends, src_port: u16, dst_port: u16) -> Packet {
    let udp = Udp { src_port, dst_port, payload: Payload::Pattern(20), whole: None };
    packet(ms, ends, Transport::Udp(udp))
}

fn echo(ms: i64, ends: Ends) -> Packet {
    let kind = if ends.version() == 4 { 8 } else { 128 };
    packet(ms, ends, Transport::Icmp { kind, code: 0, rest: [0; 4], payload: Payload::Pattern(20) })
}

/// One of the two pieces of a datagram.
fn piece(ms: i64, ends: Ends, offset: u16) -> Packet {
    let transport = match offset {
        0 => {
            Transport::Udp(Udp { src_port: 2000, dst_port: 3000, payload: Payload::Pattern(8), whole: None })
        }
        _ => Transport::Raw { protocol: 17, payload: Payload::Pattern(8) },
    };
    let fragment = Some(Fragment { offset, has_more: offset == 0 });
    Packet::ip(ms * MILLISECOND, Ip { id: 1, fragment, ..Ip::new(ends, transport) })
}

/// A message that quotes the first bytes of a packet, on the VLAN of that packet.
fn message(ms: i64, kind: u8, ends: Ends, about: &Packet, max: usize) -> Packet {
    let Content::Ip(ip) = &about.content else { panic!("errors are about IP packets") };
    let payload = Quotation::new(ip, max).into();
    packet(ms, ends, Transport::Icmp { kind, code: 1, rest: [0; 4], payload }).with_vlans(&about.vlan_ids)
}

fn unreachable(ms: i64, ends: Ends, about: &Packet) -> Packet {
    message(ms, UNREACHABLE, ends, about, ENOUGH)
}

#[test]
fn a_message_from_any_third_host_names_a_live_conversation() {
    let asked = udp(1, v4(1, 2), 2000, 53);
    let mut packets = vec![udp(0, v4(3, 4), 2000, 53), asked.clone()];
    packets.extend((10..20).map(|router| unreachable(i64::from(router), v4(router, 1), &asked)));
    let sources: Vec<String> = (10..20).map(|router| host(router).to_string()).collect();
    check(&packets, &sources.iter().map(|source| (source.as_str(), "2")).collect::<Vec<_>>());
}

#[test]
fn both_directions_of_a_conversation_can_be_quoted() {
    let (there, back) = (udp(0, v4(1, 2), 2000, 53), udp(1, v4(2, 1), 53, 2000));
    let packets = [
        there.clone(),
        back.clone(),
        unreachable(2, v4(9, 1), &there),
        unreachable(3, v4(8, 2), &back),
        unreachable(4, v4(1, 2), &back),
    ];
    check(&packets, &[("192.0.2.9", "1"), ("192.0.2.8", "1"), ("192.0.2.1", "1")]);
}

#[test]
fn a_conversation_is_named_until_its_timeout() {
    let asked = udp(0, v4(1, 2), 2000, 53);
    check(&[asked.clone(), unreachable(181_999, v4(9, 1), &asked)], &[("192.0.2.9", "1")]);
    check(&[asked.clone(), unreachable(182_000, v4(9, 1), &asked)], &[("192.0.2.9", "")]);
}

#[test]
fn a_conversation_is_named_until_the_end_of_its_life() {
    let asked = udp(0, v4(1, 2), 2000, 53);
    let alive = [asked.clone(), unreachable(999, v4(9, 1), &asked)];
    check_with(&["--active-timeout", "1"], &alive, &[("192.0.2.9", "1")]);
    let ended = [asked.clone(), unreachable(1000, v4(9, 1), &asked)];
    check_with(&["--active-timeout", "1"], &ended, &[("192.0.2.9", "")]);
}

#[test]
fn a_conversation_that_began_again_is_named_by_its_new_number() {
    let asked = udp(0, v4(1, 2), 2000, 53);
    let packets = [
        asked.clone(),
        unreachable(1, v4(8, 1), &asked),
        udp(200_000, v4(1, 2), 2000, 53),
        unreachable(200_001, v4(9, 1), &asked),
    ];
    check(&packets, &[("192.0.2.8", "1"), ("192.0.2.9", "3")]);
}

#[test]
fn what_was_never_seen_or_comes_later_is_not_named() {
    let asked = udp(0, v4(1, 2), 2000, 53);
    check(&[unreachable(1, v4(9, 1), &asked)], &[("192.0.2.9", "")]);
    check(&[unreachable(1, v4(9, 1), &asked), udp(2, v4(1, 2), 2000, 53)], &[("192.0.2.9", "")]);
    let others = [udp(0, v4(1, 2), 2001, 53), udp(0, v4(1, 3), 2000, 53), udp(0, v6(1, 2), 2000, 53)];
    for other in others {
        check(&[other, unreachable(1, v4(9, 1), &asked)], &[("192.0.2.9", "")]);
    }
}

#[test]
fn the_last_message_of_a_direction_counts() {
    let (asked, unknown) = (udp(0, v4(1, 2), 2000, 53), udp(0, v4(1, 3), 2000, 53));
    let first = |about| unreachable(1, v4(9, 1), about);
    let second = |about| unreachable(2, v4(9, 1), about);
    check(&[asked.clone(), first(&unknown), second(&asked)], &[("192.0.2.9", "1")]);
    check(&[asked.clone(), first(&asked), second(&unknown)], &[("192.0.2.9", "")]);
    // Each direction has its own last message.
    let back = unreachable(2, v4(1, 9), &unknown);
    check(&[asked.clone(), first(&asked), back], &[("192.0.2.1", ""), ("192.0.2.9", "1")]);
}

/// The number of an earlier message stood beside the addresses of a later one.
#[test]
fn a_last_message_that_names_no_conversation_leaves_no_earlier_one() {
    let (asked, later) = (udp(0, v4(1, 2), 2000, 53), piece(0, v4(1, 2), 2));
    let first = unreachable(1, v4(9, 1), &asked);
    let last = |about, max| message(2, UNREACHABLE, v4(9, 1), about, max);
    check(&[asked.clone(), first.clone(), last(&asked, 23)], &[("192.0.2.9", "")]);
    check(&[asked.clone(), first.clone(), last(&later, ENOUGH)], &[("192.0.2.9", "")]);
    // Without a whole IP header there is nothing to tell, and the message before counts.
    check(&[asked.clone(), first.clone(), last(&asked, 19)], &[("192.0.2.9", "1")]);
    check(&[asked.clone(), first, last(&asked, 24)], &[("192.0.2.9", "1")]);
}

#[test]
fn a_quoted_first_fragment_names_its_conversation_and_a_later_one_does_not() {
    let (first, later) = (piece(0, v4(1, 2), 0), piece(1, v4(1, 2), 2));
    for (about, number) in [(&first, "1"), (&later, "")] {
        check(&[first.clone(), later.clone(), unreachable(2, v4(9, 1), about)], &[("192.0.2.9", number)]);
    }
}

#[test]
fn a_quoted_echo_names_its_conversation() {
    let asked = echo(0, v4(1, 2));
    let packets = [asked.clone(), unreachable(1, v4(9, 1), &asked)];
    check(&packets, &[("192.0.2.1", ""), ("192.0.2.9", "1")]);
    // The one asked answers itself: the message belongs to the conversation that it quotes.
    let packets = [asked.clone(), unreachable(1, v4(2, 1), &asked)];
    check(&packets, &[("192.0.2.1", ""), ("192.0.2.2", "1")]);
}

#[test]
fn a_message_does_not_name_the_conversation_that_it_begins() {
    check(&[unreachable(1, v4(2, 1), &echo(0, v4(1, 2)))], &[("192.0.2.2", "")]);
}

#[test]
fn a_conversation_is_looked_for_on_the_vlan_of_the_message() {
    let asked = udp(0, v4(1, 2), 2000, 53).with_vlans(&[5]);
    let told = unreachable(1, v4(9, 1), &asked);
    check(&[asked.clone(), told.clone()], &[("192.0.2.9", "1")]);
    check(&[asked.clone(), told.clone().with_vlans(&[6])], &[("192.0.2.9", "")]);
    check(&[asked, told.with_vlans(&[])], &[("192.0.2.9", "")]);
}

#[test]
fn a_conversation_over_ipv6_is_named() {
    let asked = udp(0, v6(1, 2), 2000, 53);
    let first = piece(1, v6(3, 2), 0);
    let packets = [
        asked.clone(),
        first.clone(),
        message(2, UNREACHABLE_V6, v6(9, 1), &asked, 1232),
        message(3, PACKET_TOO_BIG, v6(8, 1), &asked, 44),
        message(4, UNREACHABLE_V6, v6(7, 1), &asked, 43),
        message(5, UNREACHABLE_V6, v6(6, 3), &first, 52),
        message(6, UNREACHABLE_V6, v6(5, 1), &udp(0, v6(1, 3), 2000, 53), 1232),
    ];
    let expected = [("9", "1"), ("8", "1"), ("7", ""), ("6", "2"), ("5", "")];
    let sources = expected.map(|(number, _)| format!("2001:db8::{number}"));
    let expected: Vec<_> =
        sources.iter().zip(expected).map(|(source, (_, flow))| (source.as_str(), flow)).collect();
    check(&packets, &expected);
}

#[test]
fn a_conversation_is_named_however_many_began_since() {
    let asked = udp(0, v4(1, 2), 2000, 53);
    for between in [0, 1, 2, 4, 5, 9, 10, 11, 60] {
        let mut packets = vec![udp(0, v4(3, 4), 1, 2), asked.clone()];
        packets.extend((0..between).map(|at| udp(1, v4(20 + at % 7, 30 + at % 5), 4000 + u16::from(at), 9)));
        packets.extend((10..14).map(|router| unreachable(2, v4(router, 1), &asked)));
        check(
            &packets,
            &["10", "11", "12", "13"].map(|at| format!("192.0.2.{at}")).each_ref().map(|s| (s.as_str(), "2")),
        );
    }
}
