//! Packets in, rows out; messages are written as bytes.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use weir_sdk::Side;
use weir_sdk::testing::{ACK, TestPacket, check_columns, packet, row_of};

/// Flags of a header: a query, a response, a truncated response, a response without such a name.
const QUERY: u16 = 0x0100;
const RESPONSE: u16 = 0x8180;
const TRUNCATED: u16 = 0x8380;
const NO_SUCH_NAME: u16 = 0x8183;

/// `example.org` as a name of a message, 13 bytes.
const EXAMPLE: &[u8] = b"\x07example\x03org\x00";
/// A pointer to the name of the first question.
const FIRST_NAME: &[u8] = b"\xc0\x0c";

fn header(flags: u16, questions: u16, answers: u16) -> Vec<u8> {
    [7, flags, questions, answers, 0, 0].iter().flat_map(|number: &u16| number.to_be_bytes()).collect()
}

fn question(name: &[u8], kind: u8) -> Vec<u8> {
    [name, &[0, kind, 0, 1]].concat()
}

fn record(name: &[u8], kind: u8, ttl: u8, data: &[u8]) -> Vec<u8> {
    [name, &[0, kind, 0, 1, 0, 0, 0, ttl, 0, data.len() as u8], data].concat()
}

fn query() -> Vec<u8> {
    [header(QUERY, 1, 0), question(EXAMPLE, 1)].concat()
}

fn response() -> Vec<u8> {
    let cname = record(FIRST_NAME, 5, 60, b"\x03www\xc0\x0c");
    let records = [cname, record(b"\xc0\x29", 1, 30, &[192, 0, 2, 1]), record(b"\xc0\x29", 28, 30, &[1; 16])];
    [header(RESPONSE, 1, 3), question(EXAMPLE, 1), records.concat()].concat()
}

fn to_server(bytes: impl Into<Vec<u8>>) -> TestPacket {
    packet().udp(40_000, 53).payload(bytes)
}

fn from_server(bytes: impl Into<Vec<u8>>) -> TestPacket {
    packet().side(Side::B).udp(53, 40_000).payload(bytes)
}

fn segment(bytes: impl Into<Vec<u8>>) -> TestPacket {
    packet().tcp(40_000, 53).tcp_flags(ACK).payload(bytes)
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes(), message].concat()
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Dns>();
}

#[test]
fn state_of_other_flows_is_a_pointer() {
    assert_eq!((size_of::<Flow>(), size_of::<Direction>()), (8, 8));
}

#[test]
fn a_query_and_its_response_tell_name_addresses_and_aliases() {
    let row = row_of::<Dns>([to_server(query()), from_server(response())]);
    assert_eq!((row.dns_query_name, row.dns_query_type), (Some("example.org"), Some(1)));
    assert_eq!((row.dns_response_code, row.dns_first_ttl), (Some(0), Some(60)));
    assert_eq!(row.dns_answer_addresses, Some(&[Ip::V4([192, 0, 2, 1]), Ip::V6([1; 16])][..]));
    assert_eq!(row.dns_answer_cnames, Some(vec!["www.example.org"]));
    assert_eq!((row.dns_query_count, row.dns_response_count), (Some(1), Some(1)));
    assert_eq!((row.dns_answer_count, row.dns_truncated), (Some(3), Some(false)));
}

#[test]
fn a_query_alone_has_no_answers() {
    let row = row_of::<Dns>([to_server(query())]);
    assert_eq!((row.dns_response_code, row.dns_answer_addresses, row.dns_answer_cnames), (None, None, None));
    assert_eq!((row.dns_response_count, row.dns_answer_count), (Some(0), Some(0)));
}

#[test]
fn an_error_and_a_truncation_are_told() {
    let bare = |flags| from_server([header(flags, 1, 0), question(EXAMPLE, 28)].concat());
    let row = row_of::<Dns>([bare(NO_SUCH_NAME), bare(TRUNCATED)]);
    assert_eq!((row.dns_response_code, row.dns_truncated), (Some(3), Some(true)));
    assert_eq!((row.dns_query_name, row.dns_query_type), (Some("example.org"), Some(28)));
    assert_eq!(row.dns_answer_addresses, Some(&[][..]));
}

#[test]
fn a_multicast_response_needs_no_question() {
    let message = [header(0x8400, 0, 1), record(EXAMPLE, 1, 120, &[10, 0, 0, 9])].concat();
    let row = row_of::<Dns>([packet().udp(5353, 5353).payload(message)]);
    assert_eq!((row.dns_query_name, row.dns_first_ttl), (None, Some(120)));
    assert_eq!(row.dns_answer_addresses, Some(&[Ip::V4([10, 0, 0, 9])][..]));
}

#[test]
fn names_are_written_so_that_they_can_be_read_back() {
    let name_of = |name: &[u8]| {
        let row = row_of::<Dns>([to_server([header(QUERY, 1, 0), question(name, 1)].concat())]);
        row.dns_query_name
    };
    assert_eq!(name_of(b"\x05a.b\n \x00"), Some("a\\.b\\010\\ "));
    assert_eq!(name_of(b"\x00"), Some("."));
}

#[test]
fn a_stream_is_cut_into_its_messages_wherever_its_segments_end() {
    let stream = [framed(&query()), framed(&response()), framed(&query())].concat();
    for size in [1, 2, 3, 29, 40, 1000] {
        let row = row_of::<Dns>(stream.chunks(size).map(segment));
        assert_eq!((row.dns_query_count, row.dns_response_count), (Some(2), Some(1)), "segments of {size}");
        assert_eq!(row.dns_query_name, Some("example.org"));
    }
}

#[test]
fn a_stream_is_given_up_at_the_first_message_that_is_none() {
    let stream = [framed(&query()), framed(b"no DNS"), framed(&query())].concat();
    assert_eq!(row_of::<Dns>([segment(stream)]).dns_query_count, Some(1));
    assert_eq!(row_of::<Dns>([segment(framed(b""))]).dns_query_count, None);
}

#[test]
fn other_ports_and_what_is_no_message_have_no_values() {
    let other = |row: Row<'_>| assert_eq!((row.dns_query_count, row.dns_query_name), (None, None));
    other(row_of::<Dns>([packet().payload(query())]));
    other(row_of::<Dns>([to_server(*b"hello world, this is no DNS")]));
    other(row_of::<Dns>([to_server(query()).fragment(3, false)]));
    other(row_of::<Dns>([to_server(query()).captured(50)]));
}

#[test]
fn names_that_point_to_themselves_end() {
    let looped = [header(QUERY, 1, 0), question(b"\xc0\x0c", 1)].concat();
    assert_eq!(row_of::<Dns>([to_server(looped)]).dns_query_count, None);
    let records = [record(FIRST_NAME, 1, 9, &[1, 2, 3, 4]), record(FIRST_NAME, 5, 9, b"\xc0\x38")].concat();
    let looped = [header(RESPONSE, 1, 2), question(EXAMPLE, 1), records].concat();
    assert_eq!(looped.len() - 2, 0x39);
    let row = row_of::<Dns>([from_server(looped)]);
    assert_eq!(row.dns_answer_addresses, Some(&[Ip::V4([1, 2, 3, 4])][..]));
    assert_eq!(row.dns_answer_cnames, Some(vec![]));
}

#[test]
fn counts_and_lengths_that_lie_end_with_the_bytes() {
    let mut short = response();
    short.truncate(short.len() - 3);
    short[6..8].copy_from_slice(&[0xff, 0xff]);
    let row = row_of::<Dns>([from_server(short)]);
    assert_eq!(row.dns_answer_addresses, Some(&[Ip::V4([192, 0, 2, 1])][..]));
    assert_eq!(row.dns_answer_count, Some(0xffff));
}

#[test]
fn lists_are_bounded_and_name_each_once() {
    let address = |last: u8| record(FIRST_NAME, 1, 9, &[10, 0, 0, last / 2]);
    let alias = |letter: u8| record(FIRST_NAME, 5, 9, &[1, letter, 0]);
    let records: Vec<u8> = (0..60).flat_map(address).chain((b'a'..=b'z').flat_map(alias)).collect();
    let row = row_of::<Dns>([from_server([header(RESPONSE, 1, 86), question(EXAMPLE, 1), records].concat())]);
    let addresses = row.dns_answer_addresses.unwrap_or_default();
    assert_eq!((addresses.len(), addresses[15]), (16, Ip::V4([10, 0, 0, 15])));
    assert_eq!(row.dns_answer_cnames, Some(vec!["a", "b", "c", "d", "e", "f", "g", "h"]));
}

/// A message with one byte changed.
fn changed() -> impl Strategy<Value = Vec<u8>> {
    (any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(|(place, byte, answers)| {
        let mut message = if answers { response() } else { query() };
        let place = place.index(message.len());
        message[place] = byte;
        message
    })
}

proptest! {
    #[test]
    fn random_bytes_are_taken_as_they_come(messages in vec(prop_oneof![vec(any::<u8>(), 0..80), changed()], 1..8)) {
        let datagrams = messages.iter().map(|message| to_server(message.clone()));
        let row = row_of::<Dns>(datagrams);
        let counted = row.dns_query_count.unwrap_or(0) + row.dns_response_count.unwrap_or(0);
        prop_assert!(counted <= messages.len() as u64);
        prop_assert!(row.dns_answer_addresses.unwrap_or_default().len() <= 16);
    }

    #[test]
    fn random_streams_are_taken_as_they_come(bytes in vec(any::<u8>(), 1..400), size in 1_usize..50) {
        let row = row_of::<Dns>(bytes.chunks(size).map(segment));
        prop_assert!(row.dns_query_count.unwrap_or(0) <= bytes.len() as u64 / 14);
    }
}
