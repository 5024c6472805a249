//! Packets in, rows out; streams are written as text.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use weir_sdk::testing::{ACK, TestPacket, check_columns, packet, row_of};
use weir_sdk::{Side, StreamBytes};

const GET: &str = "GET /a?b=1 HTTP/1.1\r\nhost: example.org:8080\r\nUser-Agent: test/1\r\n\r\n";
const POST: &str = "POST /form HTTP/1.1\r\nHost: example.net\r\nContent-Length: 5\r\n\r\nhello";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 4\r\n\r\nbody";
const NOT_MODIFIED: &str = "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n4\r\nbody\r\n0\r\n\r\n";

fn sent(side: Side, text: impl AsRef<[u8]>) -> TestPacket {
    packet().side(side).tcp_flags(ACK).payload(text.as_ref())
}

fn asked(text: impl AsRef<[u8]>) -> TestPacket {
    sent(Side::A, text)
}

fn answered(text: impl AsRef<[u8]>) -> TestPacket {
    sent(Side::B, text)
}

fn counts(packets: impl IntoIterator<Item = TestPacket>) -> (Option<u64>, Option<u64>) {
    let row = row_of::<Http>(packets);
    (row.http_request_count, row.http_response_count)
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Http>();
}

#[test]
fn state_of_other_flows_is_small() {
    assert_eq!((size_of::<Flow>(), size_of::<Direction>()), (8, 16));
}

#[test]
fn an_exchange_tells_what_was_asked_and_answered() {
    let row = row_of::<Http>([asked(GET), answered(OK)]);
    assert_eq!((row.http_methods, row.http_hosts), (Some(vec!["GET"]), Some(vec!["example.org:8080"])));
    assert_eq!((row.http_paths, row.http_user_agents), (Some(vec!["/a?b=1"]), Some(vec!["test/1"])));
    assert_eq!(row.http_statuses, Some(&[200][..]));
    assert_eq!(row.http_content_types, Some(vec!["text/html; charset=utf-8"]));
    assert_eq!((row.http_request_count, row.http_response_count), (Some(1), Some(1)));
}

#[test]
fn messages_are_found_wherever_segments_end() {
    let requests = [POST, GET, POST].concat();
    let responses = [OK, NOT_MODIFIED, OK].concat();
    for size in [1, 2, 3, 17, 64, 1000] {
        let requests = requests.as_bytes().chunks(size).map(asked);
        let row = row_of::<Http>(requests.chain(responses.as_bytes().chunks(size).map(answered)));
        assert_eq!(row.http_methods, Some(vec!["POST", "GET", "POST"]), "segments of {size}");
        assert_eq!(row.http_statuses, Some(&[200, 304, 200][..]), "segments of {size}");
    }
}

#[test]
fn a_response_to_head_has_no_body() {
    let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    let no_body = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n";
    let row = row_of::<Http>([asked(head), answered(no_body), asked(GET), answered(OK)]);
    assert_eq!(row.http_statuses, Some(&[200, 200][..]));
    assert_eq!(row.http_content_types, Some(vec!["", "text/html; charset=utf-8"]));
}

#[test]
fn an_interim_response_is_no_answer_yet() {
    let packets = [asked(POST), answered("HTTP/1.1 100 Continue\r\n\r\n"), answered(OK)];
    assert_eq!(row_of::<Http>(packets).http_statuses, Some(&[100, 200][..]));
}

#[test]
fn behind_a_chunked_body_a_message_begins_with_a_segment() {
    let packets = [asked(GET), answered(CHUNKED), asked(GET), answered("more"), answered(OK)];
    assert_eq!(counts(packets), (Some(2), Some(2)));
    let quoted = [CHUNKED, OK].concat();
    assert_eq!(counts([answered(quoted)]), (Some(0), Some(1)));
}

#[test]
fn behind_a_change_of_protocol_nothing_is_read() {
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(counts([asked(GET), answered(upgrade), asked(GET), answered(OK)]), (Some(1), Some(1)));
    let connect = "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n";
    let accepted = "HTTP/1.1 200 Connection established\r\n\r\n";
    assert_eq!(counts([asked(connect), answered(accepted), asked(GET), answered(OK)]), (Some(1), Some(1)));
}

#[test]
fn other_protocols_have_no_values() {
    let other = |text: &[u8]| assert_eq!(counts([asked(text), asked(GET)]), (None, None), "{text:?}");
    other(b"\x16\x03\x01\x02\x00");
    other(b"SSH-2.0-OpenSSH_9.9\r\n");
    other(b"EHLO example.org\r\n");
    other(b"OPTIONS sip:a SIP/2.0\r\n\r\n");
    other(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_eq!(counts([packet().payload(GET)]), (None, None));
}

#[test]
fn lists_and_texts_are_bounded_but_all_is_counted() {
    let long = "x".repeat(1000);
    let request = format!("GET /{long} HTTP/1.1\r\nHost: {long}\r\n\r\n");
    let row = row_of::<Http>((0..9).flat_map(|_| [asked(&request), answered(OK)]));
    assert_eq!((row.http_request_count, row.http_response_count), (Some(9), Some(9)));
    let paths = row.http_paths.expect("there are requests");
    assert_eq!(
        (paths.len(), paths[0].len(), row.http_hosts.map(|hosts| hosts[0].len())),
        (4, 255, Some(255))
    );
    assert_eq!(row.http_statuses.map(<[u16]>::len), Some(4));
}

#[test]
fn a_head_without_end_is_given_up() {
    let line = format!("X-Filler: {}\r\n", "x".repeat(500));
    let endless = (0..40).map(|_| asked(&line));
    assert_eq!(counts([asked("GET / HTTP/1.1\r\n")].into_iter().chain(endless)), (None, None));
    let fields = "a: b\r\n".repeat(97);
    assert_eq!(counts([asked(format!("GET / HTTP/1.1\r\n{fields}\r\n"))]), (None, None));
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let row = row_of::<Http>([asked(b"GET / HTTP/1.1\r\nHost: a\xff\r\n\r\n")]);
    assert_eq!(row.http_hosts, Some(vec!["a\u{fffd}"]));
}

/// Methods and hosts that a reader finds in pieces of a stream, of which some follow a gap.
fn read(is_mid_stream: bool, pieces: &[(&str, bool)]) -> Vec<String> {
    let (mut reader, mut found) = (Reader::default(), Vec::new());
    for (text, follows_gap) in pieces {
        let stream =
            StreamBytes { offset: 0, bytes: text.as_bytes(), follows_gap: *follows_gap, is_mid_stream };
        reader.follow(&stream, |message| match message {
            Found::Request(head) => {
                let named = head.headers.iter().filter(|field| !field.name.is_empty());
                found.push(format!("{} with {}", head.method.unwrap_or("?"), named.count()));
                messages::Body::Bytes(0)
            }
            Found::Response(_) => messages::Body::Unknown,
        });
    }
    found
}

#[test]
fn a_head_that_a_gap_cuts_counts_with_its_whole_fields() {
    let cut = "POST /a HTTP/1.1\r\nHost: a\r\nAccept: b\r\nCookie: abc";
    assert_eq!(read(false, &[(cut, false), ("def", true), (GET, false)]), ["POST with 2", "GET with 2"]);
    assert_eq!(read(false, &[("POST /abc", false), (GET, true)]), ["GET with 2"]);
}

#[test]
fn in_the_middle_of_a_connection_a_message_begins_with_a_segment() {
    assert_eq!(read(true, &[("rest of a body", false), (GET, false)]), ["GET with 2"]);
    assert_eq!(read(false, &[("rest of a body", false), (GET, false)]), [""; 0]);
}

#[test]
fn in_the_middle_of_a_connection_a_request_line_may_be_cut() {
    let (begun, rest) = GET.split_at(7);
    assert_eq!(read(true, &[(begun, false), (rest, false)]), ["GET with 2"]);
    assert_eq!(read(true, &[("GET /is no request\r\n", false), (GET, false)]), ["GET with 2"]);
}

#[test]
fn empty_lines_before_a_message_are_passed_over() {
    for size in [1, 2, 4, 5, 6, 100] {
        let text = ["\r\n\r\n", POST, "\r\n", GET].concat();
        let row = row_of::<Http>(text.as_bytes().chunks(size).map(asked));
        assert_eq!(row.http_methods, Some(vec!["POST", "GET"]), "segments of {size}");
    }
}

#[test]
fn heads_with_slips_count() {
    let spaced = "GET   /a HTTP/1.1\r\nX y: z\r\nHost: a\r\n\r\n";
    let row = row_of::<Http>([asked(spaced), asked(GET)]);
    assert_eq!(row.http_hosts, Some(vec!["a", "example.org:8080"]));
    assert_eq!(row.http_paths, Some(vec!["/a", "/a?b=1"]));
}

/// Text that is nearly HTTP.
fn nearly_http() -> impl Strategy<Value = Vec<u8>> {
    let texts = prop::sample::select(vec![GET, POST, OK, NOT_MODIFIED, CHUNKED]);
    (texts, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(text, place, byte)| {
        let mut bytes = text.as_bytes().to_vec();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        bytes
    })
}

proptest! {
    #[test]
    fn random_bytes_are_taken_as_they_come(
        pieces in vec((any::<bool>(), prop_oneof![vec(any::<u8>(), 1..80), nearly_http()]), 1..12),
    ) {
        let packets = pieces.iter().map(|(side, bytes)| sent(Side::from_bit((*side).into()), bytes));
        let (requests, responses) = counts(packets);
        prop_assert!(requests.unwrap_or(0) + responses.unwrap_or(0) <= pieces.len() as u64 * 4);
    }

    #[test]
    fn where_segments_end_does_not_matter(
        messages in vec(prop::sample::select(vec![GET, POST]), 1..6), size in 1_usize..90,
    ) {
        let whole = counts([asked(messages.concat())]);
        prop_assert_eq!(whole, (Some(messages.len() as u64), Some(0)));
        prop_assert_eq!(counts(messages.concat().as_bytes().chunks(size).map(asked)), whole);
    }
}
