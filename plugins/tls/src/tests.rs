mod bytes;

use super::*;
use crate::bits::{resumption, status};
use bytes::*;
use proptest::prelude::*;
use weir_sdk::testing::{check_columns, packet, row_of, rows_of};
use weir_sdk::{Side, StreamBytes};

fn row_of_bytes(bytes: &[u8]) -> Row<'static> {
    row_of::<Tls>([sent(Side::A, bytes)])
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Tls>();
}

#[test]
fn a_hello_of_tls_1_3_tells_what_it_offers() {
    let row = row_of_bytes(&hello_record(&modern()));
    assert_eq!(row.tls_status, Some(status::CLIENT_HELLO));
    assert_eq!((row.tls_record_version, row.tls_hello_version), (Some(0x0301), Some(0x0303)));
    assert_eq!(row.tls_version.as_deref(), Some("TLSv1.3"));
    assert_eq!(row.tls_versions_offered, [0x2a2a, 0x0304, 0x0303]);
    assert_eq!(
        (row.tls_sni.as_deref(), row.tls_alpn.as_deref()),
        (Some("weir.example"), Some("h2;http/1.1"))
    );
    assert_eq!((row.tls_ciphers, row.tls_groups), (&[0x4a4a, 0x1302, 0x1301][..], &[0x3a3a, 29, 23][..]));
    assert_eq!(row.tls_extensions, [0x1a1a, 0, 16, 43, 10, 11, 13]);
    assert_eq!((row.tls_point_formats, row.tls_signature_algorithms), (&[0][..], &[0x0403, 0x0804][..]));
    assert_eq!((row.tls_cipher, row.tls_version_chosen, row.tls_ja3s), (None, None, None));
}

#[test]
fn grease_is_left_out_of_fingerprints() {
    let row = row_of_bytes(&hello_record(&modern()));
    // MD5 and SHA-256 of these texts were made with md5sum and sha256sum.
    // 771,4866-4865,0-16-43-10-11-13,29-23,0
    assert_eq!(row.tls_ja3.as_deref(), Some("758805b65c27ef4fc7d5607465754166"));
    // 1301,1302 and 000a,000b,000d,002b_0403,0804
    assert_eq!(row.tls_ja4.as_deref(), Some("t13d0206h2_62ed6f6ca7ad_fb71836bce29"));
}

#[test]
fn a_hello_without_extensions_has_neither_name_nor_hash_of_extensions() {
    let row = row_of_bytes(&hello_record(&client_body(0x0301, &[], &[0x002f], &[])));
    assert_eq!((row.tls_sni, row.tls_version.as_deref()), (None, Some("TLSv1")));
    let ja4 = row.tls_ja4.unwrap_or_default();
    assert!(ja4.starts_with("t10i010000_") && ja4.ends_with("_000000000000"), "{ja4}");
}

#[test]
fn a_protocol_whose_ends_are_no_letters_shows_as_digits() {
    let check = |name: &[u8], expected: &str| {
        let row = row_of_bytes(&hello_record(&client_body(0x0303, &[], &[0x002f], &[alpn(&[name])])));
        let ja4 = row.tls_ja4.unwrap_or_default();
        assert_eq!(ja4[8..10], *expected, "{name:x?}");
    };
    check(b"http/1.1", "h1");
    check(b"h", "hh");
    check(b"-x/", "2f");
    check(b"ab-", "6d");
    check(b"\xabx\xcd", "99");
    check(b"0\xab", "09");
    check(b"-\xab", "29");
    let row = row_of_bytes(&hello_record(&client_body(0x0303, &[], &[0x002f], &[alpn(&[b"\xabx,"])])));
    assert_eq!(row.tls_alpn.as_deref(), Some("\\xabx,"));
}

#[test]
fn a_hello_is_joined_from_single_bytes_and_several_records() {
    let whole = message(1, &modern());
    let (first, second) = whole.split_at(60);
    let bytes = [record(22, 0x0301, first), record(22, 0x0303, second)].concat();
    let row = row_of::<Tls>(bytes.chunks(1).map(|byte| sent(Side::A, byte)));
    assert_eq!(row, row_of_bytes(&hello_record(&modern())));
}

#[test]
fn the_hello_of_b_makes_b_the_client() {
    let rows = rows_of::<Tls>([sent(Side::A, b"220 ready"), sent(Side::B, &hello_record(&modern()))]);
    assert_eq!(rows[0].tls_status, Some(status::CLIENT_HELLO | status::CLIENT_IS_B));
    assert_eq!(rows[0].tls_sni.as_deref(), Some("weir.example"));
}

#[test]
fn a_handshake_after_words_of_another_protocol_is_found() {
    let row = row_of::<Tls>([sent(Side::A, b"STARTTLS\r\n"), sent(Side::A, &hello_record(&modern()))]);
    assert_eq!(row.tls_sni.as_deref(), Some("weir.example"));
}

#[test]
fn a_flow_caught_amid_application_data_has_no_columns() {
    assert_eq!(row_of_bytes(&record(23, 0x0303, &[1; 400])), Row::default());
}

#[test]
fn a_server_of_tls_1_2_resumes_by_the_session_identifier() {
    let client = hello_record(&client_body(0x0303, &[9; 32], &[0x002f], &[sni(b"a.example")]));
    let answer = server_body(0x0303, [1; 32], &[9; 32], 0x002f, &[alpn(&[b"h2"])]);
    let server = record(22, 0x0303, &message(2, &answer));
    let row = row_of::<Tls>([sent(Side::A, &client), sent(Side::B, &server)]);
    assert_eq!(row.tls_resumption, Some(resumption::SESSION_ID_OFFERED | resumption::SESSION_ID_ECHOED));
    assert_eq!((row.tls_version_chosen, row.tls_cipher), (Some(0x0303), Some(0x002f)));
    assert_eq!((row.tls_alpn_chosen.as_deref(), row.tls_server_extensions), (Some("h2"), &[16][..]));
}

#[test]
fn after_a_retry_the_next_server_hello_counts() {
    let chooses = |random| server_body(0x0303, random, &[9; 32], 0x1301, &[extension(43, &[3, 4])]);
    let retry = server_body(0x0303, hello::HELLO_RETRY, &[9; 32], 0x1302, &[extension(43, &[3, 4])]);
    let packets = [
        sent(Side::A, &hello_record(&modern())),
        sent(Side::B, &record(22, 0x0303, &message(2, &retry))),
        sent(Side::B, &record(20, 0x0303, &[1])),
        sent(Side::B, &record(22, 0x0303, &message(2, &chooses([1; 32])))),
        sent(Side::B, &record(22, 0x0303, &message(2, &retry))),
    ];
    let row = row_of::<Tls>(packets);
    assert_eq!(row.tls_status, Some(status::CLIENT_HELLO | status::SERVER_HELLO | status::HELLO_RETRY));
    assert_eq!((row.tls_cipher, row.tls_version.as_deref()), (Some(0x1301), Some("TLSv1.3")));
    assert_eq!(row.tls_resumption, Some(resumption::SESSION_ID_OFFERED));
}

#[test]
fn what_contradicts_itself_is_said_to_be_malformed() {
    let check = |bytes: &[u8]| {
        let expected = Row { tls_status: Some(status::MALFORMED), ..Row::default() };
        assert_eq!(row_of_bytes(bytes), expected);
    };
    let mut session_too_long = hello_record(&modern());
    session_too_long[9 + 2 + 32] = 33;
    check(&session_too_long);
    check(&record(22, 0x0301, &[1, 0x7f, 0xff, 0xff, 3, 3]));
    let mut next_record_is_none = record(22, 0x0301, &message(1, &modern())[..50]);
    next_record_is_none.extend([9; 5]);
    check(&next_record_is_none);
}

#[test]
fn a_hello_behind_a_malformed_one_is_read() {
    let mut wrong = hello_record(&modern());
    wrong[9 + 2 + 32] = 33;
    let row = row_of::<Tls>([sent(Side::A, &wrong), sent(Side::A, &hello_record(&modern()))]);
    assert_eq!(row.tls_status, Some(status::CLIENT_HELLO | status::MALFORMED));
}

#[test]
fn a_hello_without_end_is_said_to_be_incomplete() {
    let whole = hello_record(&modern());
    let expected = Row { tls_status: Some(status::INCOMPLETE), ..Row::default() };
    assert_eq!(row_of_bytes(&whole[..whole.len() - 1]), expected);
    assert_eq!(row_of_bytes(&whole[..6]), expected);
    assert_eq!(row_of_bytes(&whole[..5]), Row::default());
}

#[test]
fn a_hello_with_a_gap_is_incomplete_and_the_next_one_is_read() {
    let whole = hello_record(&modern());
    let (mut direction, mut conversation) = (Direction::default(), Conversation::default());
    let mut send = |offset, bytes, follows_gap| {
        let stream = StreamBytes { offset, bytes, follows_gap, is_mid_stream: false };
        direction.segment(&stream, Side::A, &mut conversation);
    };
    send(0, &whole[..50], false);
    send(60, &whole[60..], true);
    send(whole.len() as u64, &whole, false);
    assert_eq!(conversation.row(false).tls_status, Some(status::CLIENT_HELLO | status::INCOMPLETE));
}

#[test]
fn what_looks_like_quic_is_tried_so_many_times_only() {
    let (mut direction, mut conversation) = (Direction::default(), Conversation::default());
    let mut wrong = quic::tests::client_initial();
    wrong[700] ^= 1;
    let tries = (1..100).find(|_| {
        direction.datagram(&wrong, Side::A, &mut conversation);
        direction.is_done()
    });
    assert_eq!(tries, Some(32));
    assert_eq!(conversation.row(false), Row::default());
}

#[test]
fn what_only_looks_like_a_record_is_nothing() {
    assert_eq!(row_of_bytes(&[22, 3, 1, 0xff, 0xff, 1, 0, 0, 0]), Row::default());
    assert_eq!(row_of_bytes(b"\x16\x03\x01\x00\x05hello"), Row::default());
}

#[test]
fn a_client_of_quic_tells_what_it_offers() {
    let row = row_of::<Tls>([packet().udp(50_000, 443).payload(quic::tests::client_initial())]);
    assert_eq!((row.tls_sni.as_deref(), row.tls_alpn.as_deref()), (Some("example.com"), Some("alpn")));
    assert_eq!((row.tls_version.as_deref(), row.tls_record_version), (Some("TLSv1.3"), None));
    assert_eq!(row.quic_version.as_deref(), Some("V-1"));
    assert_eq!((row.quic_dcid.as_deref(), row.quic_scid.as_deref()), (Some("8394c8f03e515708"), Some("")));
    assert!(row.tls_ja4.is_some_and(|ja4| ja4.starts_with("q13d0211an_")));
}

#[test]
fn the_hello_after_a_retry_has_a_fingerprint_of_its_own() {
    let retry = server_body(0x0303, hello::HELLO_RETRY, &[], 0x1301, &[extension(43, &[3, 4])]);
    let other = |random: u8| {
        let mut body = client_body(0x0303, &[], &[0x1301], &[versions(&[0x0304])]);
        body[2..34].fill(random);
        body
    };
    let packets = |second: u8| {
        [
            sent(Side::A, &hello_record(&other(7))),
            sent(Side::B, &record(22, 0x0303, &message(2, &retry))),
            sent(Side::A, &record(20, 0x0303, &[1])),
            sent(Side::A, &hello_record(&client_body(0x0303, &[], &[0x1302], &[versions(&[0x0304])]))),
            sent(Side::A, &hello_record(&other(second))),
        ]
    };
    let row = row_of::<Tls>(packets(7));
    assert_eq!(row.tls_status, Some(status::CLIENT_HELLO | status::SERVER_HELLO | status::HELLO_RETRY));
    let (first, second) = (row.tls_ja4.unwrap_or_default(), row.tls_ja4_retry.unwrap_or_default());
    assert!(first.starts_with("t13i010100_") && second.starts_with("t13i010100_") && first != second);
    let mut unrelated = packets(7);
    unrelated[3] = sent(Side::A, &hello_record(&other(8)));
    assert_eq!(row_of::<Tls>(unrelated).tls_ja4_retry, None);
}

#[test]
fn early_data_may_stand_between_the_hellos() {
    let hello =
        hello_record(&client_body(0x0303, &[], &[0x1301], &[versions(&[0x0304]), extension(42, &[])]));
    let bytes = [&hello[..], &record(20, 0x0303, &[1]), &record(23, 0x0303, &[9; 300]), &hello].concat();
    let row = row_of_bytes(&bytes);
    assert_eq!((row.tls_ja4.is_some(), &row.tls_ja4_retry), (true, &row.tls_ja4));
}

#[test]
fn what_a_client_sends_behind_its_hello_is_left_alone() {
    // It offers TLS 1.3, resumes with TLS 1.2, and its encrypted Finished is taken for no message.
    let bytes =
        [&hello_record(&modern())[..], &record(20, 0x0303, &[1]), &record(22, 0x0303, &[0xab; 40])].concat();
    assert_eq!(row_of_bytes(&bytes).tls_status, Some(status::CLIENT_HELLO));
    let certificate = [&hello_record(&modern())[..], &record(22, 0x0303, &message(11, &[1; 50]))].concat();
    assert_eq!(row_of_bytes(&certificate).tls_status, Some(status::CLIENT_HELLO));
}

#[test]
fn a_hello_behind_a_line_of_the_same_segment_is_found() {
    let proxied = [b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n", &hello_record(&modern())[..]].concat();
    assert_eq!(row_of_bytes(&proxied).tls_sni.as_deref(), Some("weir.example"));
    let within_a_line = [b"anything", &hello_record(&modern())[..]].concat();
    assert_eq!(row_of_bytes(&within_a_line), Row::default());
    let far_behind = [&[b'x'; 600][..], b"\n", &hello_record(&modern())].concat();
    assert_eq!(row_of_bytes(&far_behind), Row::default());
}

#[test]
fn of_a_server_alone_the_hello_and_the_certificate_are_read() {
    let hello = message(2, &server_body(0x0303, [1; 32], &[], 0x002f, &[]));
    let bytes = record(22, 0x0303, &[hello, message(11, &[0; 3]), message(14, &[])].concat());
    let row = row_of_bytes(&bytes);
    assert_eq!((row.tls_status, row.tls_version.as_deref()), (Some(status::SERVER_HELLO), Some("TLSv1.2")));
    assert_eq!((row.tls_ja4, row.tls_cert_subject), (None, None));
}

#[test]
fn a_hello_behind_a_warning_is_found() {
    let hello = record(22, 0x0303, &message(2, &server_body(0x0303, [1; 32], &[], 0x002f, &[])));
    let warning = record(21, 0x0303, &[1, 112]);
    assert_eq!(row_of_bytes(&[warning.clone(), hello].concat()).tls_status, Some(status::SERVER_HELLO));
    assert_eq!(row_of_bytes(&warning), Row::default());
}

#[test]
fn a_server_of_a_draft_leaves_the_session_identifier_out() {
    let body = [&[0x7f, 0x12][..], &[1; 32], &[0x13, 0x02], &block(&extension(51, &[0; 4]))].concat();
    let row = row_of_bytes(&record(22, 0x0301, &message(2, &body)));
    assert_eq!((row.tls_version.as_deref(), row.tls_cipher), (Some("TLSv1.3"), Some(0x1302)));
    assert_eq!((row.tls_version_chosen, row.tls_server_extensions), (Some(0x7f12), &[51][..]));
}

#[test]
fn a_hello_of_dtls_is_read_without_its_cookie() {
    let extensions = [sni(b"weir.example"), alpn(&[b"webrtc"])];
    let body = |cookie: &[u8]| {
        let mut body = client_body(0xfefd, &[], &[0xc02b], &extensions);
        body.splice(35..35, [&[cookie.len() as u8][..], cookie].concat());
        body
    };
    let udp = |side, payload: Vec<u8>| packet().side(side).udp(50_000, 4433).payload(payload);
    let verify = datagram(0, 3, &[0xfe, 0xff, 4, 1, 2, 3, 4]);
    let server = datagram(1, 2, &server_body(0xfefd, [1; 32], &[], 0xc02b, &[]));
    let row = row_of::<Tls>([
        udp(Side::A, vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]),
        udp(Side::A, datagram(0, 1, &body(&[]))),
        udp(Side::B, verify),
        udp(Side::A, datagram(1, 1, &body(&[1, 2, 3, 4]))),
        udp(Side::B, server),
    ]);
    assert_eq!(row.tls_status, Some(status::CLIENT_HELLO | status::SERVER_HELLO | status::HELLO_RETRY));
    assert_eq!(
        (row.tls_version.as_deref(), row.tls_sni.as_deref()),
        (Some("DTLSv1.2"), Some("weir.example"))
    );
    assert_eq!((row.tls_record_version, row.tls_cipher), (Some(0xfefd), Some(0xc02b)));
    assert!(row.tls_ja4.as_ref().is_some_and(|ja4| ja4.starts_with("dd2d0102wc_")));
    assert_eq!(row.tls_ja4_retry, row.tls_ja4);
}

#[test]
fn a_name_in_a_message_of_google_is_a_server_name() {
    let chlo = [&b"CHLO\x01\0\0\0SNI\0\x09\0\0\0"[..], b"a.example"].concat();
    let payload = [&b"\x09\x01\x02\x03\x04\x05\x06\x07\x08Q025\x01"[..], &[0; 16], &chlo].concat();
    let row = row_of::<Tls>([packet().udp(50_000, 443).payload(payload)]);
    assert_eq!((row.tls_sni.as_deref(), row.quic_version.as_deref()), (Some("a.example"), Some("Q025")));
    assert_eq!((row.quic_dcid.as_deref(), row.tls_status), (Some("0102030405060708"), None));
}

#[test]
fn a_certificate_tells_its_names_and_times() {
    let bytes =
        record(22, 0x0303, &[message(2, &server_body(0x0303, [1; 32], &[], 0x002f, &[])), chain()].concat());
    let row = row_of_bytes(&bytes);
    assert_eq!(row.tls_status, Some(status::SERVER_HELLO | status::CERTIFICATE));
    assert_eq!(row.tls_cert_subject.as_deref(), Some("CN=weir.example"));
    assert_eq!((row.tls_cert_issuer.as_deref(), row.tls_cert_count), (Some("CN=Example CA"), Some(1)));
    assert_eq!(row.tls_cert_not_before, Some(Time(1_767_225_600_000_000_000)));
    assert_eq!(row.tls_cert_not_after, Some(Time(1_798_761_599_000_000_000)));
}

proptest! {
    #[test]
    fn no_datagram_makes_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        place in 0usize..1200,
        value in any::<u8>(),
    ) {
        let mut initial = quic::tests::client_initial();
        initial[place] = value;
        let payloads = [bytes.clone(), [&[0xc3, 0, 0, 0, 1][..], &bytes].concat(), initial];
        row_of::<Tls>(payloads.map(|payload| packet().udp(50_000, 443).payload(payload)));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        row_of_bytes(&bytes);
        row_of_bytes(&record(22, 0x0301, &bytes));
        row_of_bytes(&hello_record(&bytes));
        row_of_bytes(&record(22, 0x0303, &[message(2, &bytes), message(11, &bytes)].concat()));
    }

    #[test]
    fn no_change_of_a_hello_makes_it_panic(changes in prop::collection::vec((0usize..400, any::<u8>()), 1..8)) {
        let mut bytes = hello_record(&modern());
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        row_of_bytes(&bytes);
    }
}
