//! Segments in, rows out. All records are synthetic, laid out as the protocol says.

use super::*;
use proptest::prelude::*;
use weir_sdk::Side;
use weir_sdk::testing::{TestPacket, check_columns, packet, row_of, rows_of};

const CLOCK: u32 = 1_700_000_000;

fn record(kind: u8, minor: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0xf1, minor][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

/// An encrypted record of this length.
fn sealed(kind: u8, minor: u8, len: usize) -> Vec<u8> {
    record(kind, minor, &vec![0xa5; len])
}

fn message(kind: u8, minor: u8, rest: &[u8], len: usize) -> Vec<u8> {
    let mut bytes = [&(len as u32 - 4).to_be_bytes()[..], &[kind, minor, 0xf1], rest].concat();
    bytes.resize(len, 0x11);
    bytes
}

fn client_hello(kind: u8, minor: u8, suites: &[u16], len: usize) -> Vec<u8> {
    let mut rest = vec![suites.len() as u8];
    rest.extend(suites.iter().flat_map(|suite| suite.to_be_bytes()));
    rest.extend([0x77; 32]);
    rest.extend(CLOCK.to_be_bytes());
    record(kind, minor, &message(1, minor, &rest, len))
}

fn server_hello(minor: u8, suite: u16, len: usize) -> Vec<u8> {
    record(0x16, minor, &message(2, minor, &suite.to_be_bytes(), len))
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("POST {path} HTTP/1.1\r\nContent-Length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    [head, body.to_vec()].concat()
}

const HEADERS: &str =
    "Host: sh.short.wechat.com\r\nUpgrade: mmtls\r\nUser-Agent: MicroMessenger Client\r\nAccept: */*\r\n";
const OF_HEADERS: u16 = bits::PATH | bits::UPGRADE | bits::USER_AGENT | bits::HOST;

fn ok(body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes(), body.to_vec()]
        .concat()
}

fn client(payload: impl Into<Vec<u8>>) -> TestPacket {
    packet().tcp(40_000, 80).payload(payload)
}

fn server(payload: impl Into<Vec<u8>>) -> TestPacket {
    packet().tcp(80, 40_000).side(Side::B).payload(payload)
}

/// The same bytes in segments of this length.
fn segments(of: fn(Vec<u8>) -> TestPacket, bytes: &[u8], len: usize) -> Vec<TestPacket> {
    bytes.chunks(len).map(|chunk| of(chunk.to_vec())).collect()
}

fn zero_rtt(minor: u8) -> Vec<u8> {
    [client_hello(0x19, minor, &[0xa8], 161), sealed(0x19, minor, 36), sealed(0x17, minor, 200)]
        .into_iter()
        .chain([sealed(0x15, minor, 23)])
        .flatten()
        .collect()
}

fn zero_rtt_answer(minor: u8) -> Vec<u8> {
    [
        server_hello(minor, 0xa8, 46),
        sealed(0x16, minor, 55),
        sealed(0x17, minor, 900),
        sealed(0x15, minor, 23),
    ]
    .concat()
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Mmtls>();
}

#[test]
fn a_direction_that_is_not_followed_is_small() {
    assert!(size_of::<Direction>() <= 24, "{} bytes", size_of::<Direction>());
}

#[test]
fn a_short_link_with_0_rtt_is_mmtls_over_http() {
    let request = post("/mmtls/0fc04bcd", HEADERS, &zero_rtt(4));
    let rows = rows_of::<Mmtls>([client(request), server(ok(&zero_rtt_answer(4)))]);
    let row = &rows[0];
    assert_eq!((row.mmtls_verdict, row.mmtls_handshake), (Some("http"), Some("psk_0rtt")));
    assert_eq!(row.mmtls_evidence, Some(0x1ff));
    assert_eq!((row.mmtls_request_id, row.mmtls_host), (Some("0fc04bcd"), Some("sh.short.wechat.com")));
    assert_eq!((row.mmtls_requests, row.mmtls_answers, row.mmtls_status), (Some(1), Some(1), Some(200)));
    assert_eq!((row.mmtls_suites_offered, row.mmtls_suite_chosen), (Some(&[0xa8][..]), Some(0xa8)));
    assert_eq!(row.mmtls_hello_clock, Some(Time(i64::from(CLOCK) * 1_000_000_000)));
    assert_eq!((row.mmtls_early_records, row.mmtls_early_bytes), (Some(2), Some(197)));
    assert_eq!(
        (row.mmtls_data_records, row.mmtls_data_bytes, row.mmtls_alert_bytes),
        (Some(1), Some(200), Some(23))
    );
    assert_eq!((row.mmtls_record_len_max, rows[1].mmtls_record_len_max), (Some(200), Some(900)));
    assert_eq!((rows[1].mmtls_handshake_records, rows[1].mmtls_handshake_bytes), (Some(2), Some(101)));
    assert_eq!(row.mmtls_is_failed, Some(false));
}

#[test]
fn both_versions_are_known_and_reported() {
    for minor in [3, 4] {
        let packets = [
            client(client_hello(0x16, minor, &[0xa8], 161)),
            server([server_hello(minor, 0xa8, 46), sealed(0x16, minor, 55)].concat()),
        ];
        assert_eq!(packets.clone().map(|packet| packet.facts().payload_len), [166, 111]);
        let row = row_of::<Mmtls>(packets);
        assert_eq!((row.mmtls_verdict, row.mmtls_handshake), (Some("tcp"), Some("psk")));
        assert_eq!(row.mmtls_versions, Some(1 << minor));
    }
    let mixed = [client_hello(0x16, 3, &[0xa8], 161), sealed(0x17, 4, 9)].concat();
    assert_eq!(row_of::<Mmtls>([client(mixed)]).mmtls_versions, Some(1 << 3 | 1 << 4));
}

#[test]
fn an_ecdhe_handshake_offers_two_suites() {
    let answer =
        [server_hello(4, 0xc02b, 137), sealed(0x16, 4, 95), sealed(0x16, 4, 293), sealed(0x16, 4, 55)];
    let row = row_of::<Mmtls>([client(client_hello(0x16, 4, &[0xc02b, 0xa8], 366)), server(answer.concat())]);
    assert_eq!((row.mmtls_verdict, row.mmtls_handshake), (Some("tcp"), Some("ecdhe")));
    assert_eq!((row.mmtls_suites_offered, row.mmtls_suite_chosen), (Some(&[0xc02b, 0xa8][..]), Some(0xc02b)));
    assert_eq!((row.mmtls_requests, row.mmtls_status, row.mmtls_host), (None, None, None));
}

#[test]
fn an_alert_in_place_of_the_server_hello_is_a_rejection() {
    let alert = record(0x15, 4, &[0, 0, 0, 3, 0, 0x73, 2]);
    let row = row_of::<Mmtls>([client(client_hello(0x16, 4, &[0xa8], 161)), server(alert)]);
    assert_eq!((row.mmtls_verdict, row.mmtls_handshake), (Some("tcp"), Some("rejected")));
    assert_eq!((row.mmtls_is_failed, row.mmtls_suite_chosen), (Some(false), None));
}

#[test]
fn without_an_answer_a_flow_has_failed() {
    let row = row_of::<Mmtls>([client(client_hello(0x16, 4, &[0xa8], 161))]);
    assert_eq!((row.mmtls_verdict, row.mmtls_is_failed), (Some("tcp"), Some(true)));
    assert_eq!(row.mmtls_evidence.map(|evidence| evidence & bits::ANSWERED), Some(0));
    let row = row_of::<Mmtls>([client(post("/mmtls/1a", HEADERS, &zero_rtt(4)))]);
    assert_eq!((row.mmtls_verdict, row.mmtls_is_failed), (Some("http"), Some(true)));
}

#[test]
fn a_long_link_keeps_alive_with_ordinary_records() {
    let mut packets = vec![
        client(client_hello(0x16, 4, &[0xa8], 161)),
        server([server_hello(4, 0xa8, 46), sealed(0x16, 4, 55)].concat()),
    ];
    for beat in 1..=5 {
        let at = f64::from(beat) * 300.0;
        packets.extend([client(sealed(0x17, 4, 32)).time_s(at), server(sealed(0x17, 4, 32)).time_s(at)]);
    }
    let rows = rows_of::<Mmtls>(packets);
    assert_eq!((rows[0].mmtls_data_records, rows[0].mmtls_data_bytes), (Some(5), Some(160)));
    assert_eq!((rows[1].mmtls_data_records, rows[1].mmtls_handshake_records), (Some(5), Some(2)));
}

#[test]
fn segments_do_not_matter() {
    let stream = [client_hello(0x16, 4, &[0xa8], 161), sealed(0x16, 4, 55), sealed(0x17, 4, 3000)].concat();
    let request = post("/mmtls/0fc04bcd", HEADERS, &zero_rtt(4));
    let whole = (row_of::<Mmtls>([client(stream.clone())]), row_of::<Mmtls>([client(request.clone())]));
    assert_eq!((whole.0.mmtls_verdict, whole.0.mmtls_data_bytes), (Some("tcp"), Some(3000)));
    for len in [1, 2, 4, 7, 536] {
        assert_eq!(row_of::<Mmtls>(segments(client, &stream, len)), whole.0, "{len}");
        assert_eq!(row_of::<Mmtls>(segments(client, &request, len)), whole.1, "{len}");
    }
}

#[test]
fn a_flow_met_midway_begins_with_data() {
    let beat = || sealed(0x17, 4, 32);
    for packets in [vec![client(beat()), server(beat())], vec![server(beat())], vec![client(beat())]] {
        let row = row_of::<Mmtls>(packets);
        assert_eq!((row.mmtls_verdict, row.mmtls_handshake), (Some("tcp"), None));
    }
}

#[test]
fn an_answer_alone_is_found() {
    let row = row_of::<Mmtls>([server(ok(&zero_rtt_answer(4)))]);
    assert_eq!((row.mmtls_verdict, row.mmtls_requests, row.mmtls_answers), (Some("http"), Some(0), Some(1)));
    assert_eq!((row.mmtls_is_failed, row.mmtls_handshake), (Some(false), None));
}

#[test]
fn heads_without_records_only_claim() {
    let random = [0x16, 0xf1, 4, 0xff, 0xff, 1, 2, 3];
    let near = [0x17, 0x03, 0x03, 0, 3, 1, 2, 3];
    let not_a_hello = sealed(0x16, 4, 100);
    let unfinished = &sealed(0x17, 4, 100)[..50];
    for body in [&b"hello, this is a tunnel"[..], &random, &near, &not_a_hello, unfinished, b""] {
        let row = row_of::<Mmtls>([client(post("/mmtls/12345678", HEADERS, body)), server(ok(b"tunnel"))]);
        assert_eq!(row.mmtls_verdict, Some("claimed"), "{body:?}");
        assert_eq!(row.mmtls_evidence, Some(OF_HEADERS));
        assert_eq!((row.mmtls_requests, row.mmtls_answers), (Some(1), Some(1)));
    }
}

#[test]
fn what_only_resembles_it_has_no_verdict() {
    let get = "GET /cgi-bin/micromsg-bin/newgetdns HTTP/1.1\r\nHost: dns.weixin.qq.com\r\nUser-Agent: MicroMessenger Client\r\n\r\n";
    let browser =
        "GET / HTTP/1.1\r\nHost: mp.weixin.qq.com\r\nUser-Agent: Mozilla/5.0 MicroMessenger/7.0.1\r\n\r\n";
    let tls = [&[0x16, 3, 1, 0, 200][..], &[1; 200]].concat();
    let push = [&[0x16, 0, 0x84, 0][..], &[9; 100]].concat();
    let answer = [&[0x17, 0, 0x34, 0][..], &[9; 100]].concat();
    let no_hello = [sealed(0x16, 4, 50), sealed(0x17, 4, 50)].concat();
    let broken = [&sealed(0x17, 4, 50)[..], b"plain text"].concat();
    let version = record(0x17, 0x10, &[1; 9]);
    for bytes in [get.into(), browser.into(), tls, push, answer, no_hello, broken, version, vec![0x17, 0xf1]]
    {
        let row = row_of::<Mmtls>([client(bytes.clone()), server(ok(b"<html>"))]);
        assert_eq!(row, Row::default(), "{bytes:?}");
    }
}

#[test]
fn a_plain_request_may_come_before_in_the_same_connection() {
    let plain = "GET /cgi-bin/micromsg-bin/newgetdns HTTP/1.1\r\nUser-Agent: MicroMessenger Client\r\n\r\n";
    let packets = [
        client(plain),
        server(ok(b"plain")),
        client(post("/mmtls/aa", HEADERS, &zero_rtt(4))),
        server(ok(&zero_rtt_answer(4))),
    ];
    let row = row_of::<Mmtls>(packets);
    assert_eq!((row.mmtls_verdict, row.mmtls_requests, row.mmtls_answers), (Some("http"), Some(1), Some(1)));
    assert_eq!(row.mmtls_evidence, Some(0x1ff));
}

#[test]
fn an_answer_in_chunks_is_walked() {
    let body = zero_rtt_answer(4);
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(100) {
        answer.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        answer.extend([chunk, b"\r\n"].concat());
    }
    answer.extend(b"0\r\n\r\n");
    let rows = rows_of::<Mmtls>([client(post("/mmtls/aa", HEADERS, &zero_rtt(4))), server(answer)]);
    assert_eq!((rows[1].mmtls_data_bytes, rows[1].mmtls_alert_bytes), (Some(900), Some(23)));
}

#[test]
fn interim_answers_do_not_count() {
    let answer = [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), ok(&zero_rtt_answer(4))].concat();
    let row = row_of::<Mmtls>([client(post("/mmtls/aa", HEADERS, &zero_rtt(4))), server(answer)]);
    assert_eq!((row.mmtls_answers, row.mmtls_status), (Some(1), Some(200)));
}

#[test]
fn ipv6_is_no_different() {
    let v6 = |packet: TestPacket, src, dst| packet.ips(src, dst);
    let row = row_of::<Mmtls>([
        v6(client(client_hello(0x16, 4, &[0xa8], 161)), "2001:db8::1", "2001:db8::2"),
        v6(server(server_hello(4, 0xa8, 46)), "2001:db8::2", "2001:db8::1"),
    ]);
    assert_eq!((row.mmtls_verdict, row.mmtls_is_failed), (Some("tcp"), Some(false)));
}

#[test]
fn what_was_not_captured_is_skipped() {
    // 14 + 20 + 20 bytes of headers, then 36 of the payload.
    let cut = |packet: TestPacket| packet.captured(90);
    let packets = [
        cut(client(client_hello(0x16, 4, &[0xa8], 161))),
        cut(server(server_hello(4, 0xa8, 46))),
        cut(client(sealed(0x17, 4, 500))),
        cut(client([sealed(0x17, 4, 10), sealed(0x17, 4, 400)].concat())),
    ];
    let row = row_of::<Mmtls>(packets);
    assert_eq!(
        (row.mmtls_verdict, row.mmtls_data_records, row.mmtls_data_bytes),
        (Some("tcp"), Some(3), Some(910))
    );
    assert_eq!((row.mmtls_suite_chosen, row.mmtls_hello_clock), (Some(0xa8), None));
}

#[test]
fn behind_a_lost_header_the_walk_goes_on_with_a_record() {
    let packets = [
        client(client_hello(0x16, 4, &[0xa8], 161)),
        // Its first record is captured, the header of its second is not.
        client([sealed(0x17, 4, 100), sealed(0x17, 4, 100)].concat()).captured(54 + 100),
        client(sealed(0x17, 4, 30)),
    ];
    let row = row_of::<Mmtls>(packets);
    assert_eq!((row.mmtls_data_records, row.mmtls_data_bytes), (Some(2), Some(130)));
}

/// Something like the real thing, or anything.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 1..300),
        Just(zero_rtt(4)),
        Just(zero_rtt_answer(3)),
        Just(post("/mmtls/aa", HEADERS, &zero_rtt(4))),
        Just(ok(&zero_rtt_answer(4))),
        Just(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n".to_vec()),
        Just(b"POST /mmtls/aa HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n".to_vec()),
    ]
}

proptest! {
    /// Whatever comes, in whatever pieces, gives a row; what is followed stays small.
    #[test]
    fn hostile_bytes_do_no_harm(
        pieces in prop::collection::vec(
            (hostile(), any::<bool>(), 0usize..400, 0u8..20, any::<prop::sample::Index>(), 54u32..300),
            1..12,
        ),
    ) {
        let packets = pieces.into_iter().map(|(mut bytes, is_client, from, byte, at, captured)| {
            let place = at.index(bytes.len());
            bytes[place] ^= byte;
            let bytes = bytes.split_off(from.min(bytes.len() - 1));
            if is_client { client(bytes) } else { server(bytes) }.captured(captured)
        });
        for row in rows_of::<Mmtls>(packets) {
            prop_assert_eq!(row.mmtls_verdict.is_some(), row.mmtls_evidence.is_some());
            prop_assert!(row.mmtls_request_id.is_none_or(|id| id.len() <= 64));
        }
    }

    /// Random bytes are never taken for MMTLS.
    #[test]
    fn random_bytes_have_no_verdict(bytes in prop::collection::vec(any::<u8>(), 1..600)) {
        prop_assume!(bytes.get(1) != Some(&0xf1));
        prop_assert_eq!(row_of::<Mmtls>([client(bytes)]), Row::default());
    }
}
