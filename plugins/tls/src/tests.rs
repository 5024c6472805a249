use super::*;
use crate::bits::{resumption, status};
use proptest::prelude::*;
use weir_sdk::Side;
use weir_sdk::testing::{TestPacket, check_columns, packet, row_of, rows_of};

/// A block of bytes behind its length of two bytes.
fn block(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &block(body)].concat()
}

fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0][..], &block(body)].concat()
}

fn record(kind: u8, version: u16, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &version.to_be_bytes(), &block(body)].concat()
}

/// Version, random, session identifier, ciphers, no compression, extensions.
fn client_body(version: u16, session: &[u8], ciphers: &[u16], extensions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = [&version.to_be_bytes()[..], &[7; 32], &[session.len() as u8], session].concat();
    body.extend(block(&numbers(ciphers)));
    body.extend([1, 0]);
    if !extensions.is_empty() {
        body.extend(block(&extensions.concat()));
    }
    body
}

fn server_body(
    version: u16,
    random: [u8; 32],
    session: &[u8],
    cipher: u16,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let mut body = [&version.to_be_bytes()[..], &random, &[session.len() as u8], session].concat();
    body.extend(cipher.to_be_bytes());
    body.push(0);
    if !extensions.is_empty() {
        body.extend(block(&extensions.concat()));
    }
    body
}

fn sni(name: &[u8]) -> Vec<u8> {
    extension(0, &block(&[&[0][..], &block(name)].concat()))
}

fn alpn(names: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = names.iter().flat_map(|name| [&[name.len() as u8][..], name].concat()).collect();
    extension(16, &block(&list))
}

fn versions(values: &[u16]) -> Vec<u8> {
    extension(43, &[&[2 * values.len() as u8][..], &numbers(values)].concat())
}

/// A client of TLS 1.3 that sends GREASE.
fn modern() -> Vec<u8> {
    let extensions = [
        extension(0x1a1a, &[]),
        sni(b"weir.example"),
        alpn(&[b"h2", b"http/1.1"]),
        versions(&[0x2a2a, 0x0304, 0x0303]),
        extension(10, &block(&numbers(&[0x3a3a, 29, 23]))),
        extension(11, &[1, 0]),
        extension(13, &block(&numbers(&[0x0403, 0x0804]))),
    ];
    client_body(0x0303, &[9; 32], &[0x4a4a, 0x1302, 0x1301], &extensions)
}

fn hello_record(body: &[u8]) -> Vec<u8> {
    record(22, 0x0301, &message(1, body))
}

fn sent(side: Side, bytes: &[u8]) -> TestPacket {
    let ports = if side == Side::A { (50_000, 443) } else { (443, 50_000) };
    packet().side(side).tcp(ports.0, ports.1).payload(bytes)
}

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
        (Some("weir.example"), Some("h2,http/1.1"))
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
    assert_eq!(row.tls_alpn.as_deref(), Some("\\xabx\\x2c"));
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
    check(&record(22, 0x0301, &[1, 0x7f, 0xff, 0xff, 0]));
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
