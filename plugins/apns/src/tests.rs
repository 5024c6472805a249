//! Segments in, rows out. All records are synthetic, laid out as TLS says.

use super::*;
use proptest::prelude::*;
use weir_sdk::testing::{TestPacket, check_columns, flow, packet, row_of, rows_of};

const DEVICE: &str = "192.0.2.7";
const COURIER: &str = "17.57.144.20";
/// Of Apple, but not of push.
const APPLE: &str = "17.1.2.3";
const ELSEWHERE: &str = "198.51.100.9";

fn client_to(ip: &str, port: u16, payload: Vec<u8>) -> TestPacket {
    packet().ips(DEVICE, ip).tcp(50_000, port).payload(payload)
}

fn server_at(ip: &str, port: u16, payload: Vec<u8>) -> TestPacket {
    packet().side(Side::B).ips(ip, DEVICE).tcp(port, 50_000).payload(payload)
}

fn client(payload: Vec<u8>) -> TestPacket {
    client_to(COURIER, 5223, payload)
}

fn server(payload: Vec<u8>) -> TestPacket {
    server_at(COURIER, 5223, payload)
}

fn record(kind: u8, minor: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, minor][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

/// Application data that takes `len` bytes, header included.
fn data(len: usize) -> Vec<u8> {
    record(23, 3, &vec![0xa5; len - 5])
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized(body)].concat()
}

fn sized(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    record(22, 1, &[&[kind, 0][..], &sized(body)].concat())
}

fn client_hello(host: &str, alpn: &[&str]) -> Vec<u8> {
    let name = [&[0][..], &sized(host.as_bytes())].concat();
    let protocols: Vec<u8> =
        alpn.iter().flat_map(|name| [&[name.len() as u8][..], name.as_bytes()].concat()).collect();
    let mut extensions = extension(0, &sized(&name));
    if !alpn.is_empty() {
        extensions.extend(extension(16, &sized(&protocols)));
    }
    let fixed = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
    handshake(1, &[fixed, sized(&extensions)].concat())
}

fn server_hello(suite: u16, version: Option<u16>) -> Vec<u8> {
    answer(suite, &version.map(|version| extension(43, &version.to_be_bytes())).unwrap_or_default())
}

fn answer(suite: u16, extensions: &[u8]) -> Vec<u8> {
    let fixed = [&[3, 3][..], &[8; 32], &[0], &suite.to_be_bytes(), &[0]].concat();
    handshake(2, &[fixed, sized(extensions)].concat())
}

fn verdict_of(packets: impl IntoIterator<Item = TestPacket>) -> Option<&'static str> {
    row_of::<Apns>(packets).apns_verdict
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Apns>();
}

#[test]
fn a_flow_that_is_not_followed_is_small() {
    assert!(size_of::<Flow>() <= 16 && size_of::<Option<Box<Stream>>>() == 8);
}

#[test]
fn a_push_its_acknowledgement_and_a_keep_alive_are_counted() {
    let row = row_of::<Apns>([client(data(69)), server(data(53)), server(data(213)), client(data(53))]);
    assert_eq!((row.apns_verdict, row.apns_cipher), (Some("certain"), Some("cbc")));
    assert_eq!(row.apns_notifications, Some(1));
    assert_eq!((row.apns_acknowledgements, row.apns_keep_alives), (Some(1), Some(1)));
    assert_eq!((row.apns_labels, row.apns_unknown_lengths), (None, None));
}

#[test]
fn the_server_may_come_first() {
    let first = packet().ips(COURIER, DEVICE).tcp(5223, 50_000).payload(data(213));
    let answer = packet().side(Side::B).ips(DEVICE, COURIER).tcp(50_000, 5223).payload(data(53));
    let row = row_of::<Apns>([first, answer]);
    assert_eq!((row.apns_notifications, row.apns_acknowledgements), (Some(1), Some(1)));
}

#[test]
fn an_alert_of_that_length_acknowledges_nothing() {
    let row = row_of::<Apns>([server(data(213)), client(record(21, 3, &[1; 48]))]);
    assert_eq!((row.apns_notifications, row.apns_acknowledgements), (Some(1), Some(0)));
}

#[test]
fn names_tell_a_connection_and_the_server_hello_its_cipher() {
    let hello = || client_hello("1-courier.push.apple.com", &["apns-pack-v1:4096:4096", "apns-security-v3"]);
    let suites = [(0xc02b, None, "gcm"), (0xc013, None, "cbc"), (0x1301, Some(0x0304), "tls13")];
    for ((suite, version, cipher), port) in suites.into_iter().flat_map(|one| [(one, 443), (one, 5223)]) {
        let answer = server_at(COURIER, port, server_hello(suite, version));
        let row = row_of::<Apns>([client_to(COURIER, port, hello()), answer]);
        assert_eq!((row.apns_verdict, row.apns_cipher), (Some("certain"), Some(cipher)));
        assert_eq!(row.apns_evidence.map(|bits| bits & 0x0d), Some(0x0d));
    }
}

#[test]
fn segments_do_not_matter_for_names() {
    let hello = client_hello("courier.push.apple.com", &["apns-security-v3"]);
    let packets: Vec<TestPacket> =
        hello.chunks(3).map(|part| client_to(ELSEWHERE, 443, part.into())).collect();
    assert_eq!(row_of::<Apns>(packets).apns_verdict, Some("certain"));
}

#[test]
fn a_name_alone_is_likely_and_with_an_address_certain() {
    let names: [(&str, &[&str]); 6] = [
        ("www.example.org", &["apns-security-v2"]),
        ("", &["h2", "apns-pack-v1:4096:4096"]),
        ("12-courier.push.apple.com", &[]),
        ("courier.sandbox.push.apple.com", &[]),
        ("api.push.apple.com", &["h2"]),
        ("api.development.push.apple.com", &["h2"]),
    ];
    for (host, alpn) in names {
        let at = |ip| verdict_of([client_to(ip, 443, client_hello(host, alpn))]);
        assert_eq!((at(ELSEWHERE), at(APPLE)), (Some("likely"), Some("certain")), "{host} {alpn:?}");
    }
}

#[test]
fn the_answer_alone_names_the_protocol() {
    let chosen = extension(16, &sized(b"\x10apns-security-v3"));
    let row = row_of::<Apns>([server_at(APPLE, 443, answer(0xc02f, &chosen))]);
    assert_eq!((row.apns_verdict, row.apns_cipher), (Some("certain"), Some("gcm")));
    assert_eq!(row.apns_evidence, Some(bits::ADDRESS | bits::ALPN | bits::FALLBACK_PORT));
}

#[test]
fn who_sends_the_client_hello_is_the_client() {
    let hello = client_hello("1-courier.push.apple.com", &["apns-security-v3"]);
    // The client of a relay, with the lower port of the two.
    let client = |payload| packet().ips(DEVICE, ELSEWHERE).tcp(1_024, 8_080).payload(payload);
    let server = |payload| packet().side(Side::B).ips(ELSEWHERE, DEVICE).tcp(8_080, 1_024).payload(payload);
    let answer = server(server_hello(0xc013, None));
    let row = row_of::<Apns>([client(hello), answer, server(data(213)), client(data(53))]);
    assert_eq!((row.apns_notifications, row.apns_acknowledgements), (Some(1), Some(1)));
}

#[test]
fn port_5223_of_apple_is_likely_and_of_a_push_network_certain() {
    for payload in [data(53), record(21, 3, &[1; 48]), record(23, 1, &[1; 672])] {
        assert_eq!(verdict_of([client_to(APPLE, 5223, payload.clone())]), Some("likely"));
        assert_eq!(verdict_of([server_at(COURIER, 5223, payload)]), Some("certain"));
    }
    // Of the first segment only the headers are captured, so the second begins midway in a record.
    let first = client_to(APPLE, 5223, data(500)).captured(54);
    assert_eq!(verdict_of([first, client_to(APPLE, 5223, vec![0xb7; 300])]), Some("likely"));
}

#[test]
fn the_pattern_makes_port_5223_of_apple_certain() {
    let packets = [server_at(APPLE, 5223, data(213)), client_to(APPLE, 5223, data(53))];
    let row = row_of::<Apns>(packets);
    assert_eq!(row.apns_verdict, Some("certain"));
    assert_eq!(row.apns_evidence, Some(bits::ADDRESS | bits::PORT | bits::PATTERN));
    let beat = [client_to(APPLE, 5223, data(69)), server_at(APPLE, 5223, data(53))];
    assert_eq!(verdict_of(beat), Some("certain"));
}

#[test]
fn port_443_midway_needs_a_network_of_push() {
    let at = |ip| verdict_of([client_to(ip, 443, data(69)), server_at(ip, 443, data(53))]);
    assert_eq!((at(COURIER), at(APPLE), at(ELSEWHERE)), (Some("likely"), None, None));
    assert_eq!(verdict_of([client_to(COURIER, 443, b"GET / HTTP/1.1\r\n".to_vec())]), None);
}

#[test]
fn ports_of_providers_count_at_apple_and_nothing_is_judged_by_length() {
    for port in 2_195..=2_197 {
        let at = |ip| [server_at(ip, port, data(213)), client_to(ip, port, data(53))];
        let row = row_of::<Apns>(at(APPLE));
        assert_eq!((row.apns_verdict, row.apns_notifications), (Some("likely"), None));
        assert_eq!(row.apns_evidence, Some(bits::ADDRESS | bits::PROVIDER));
        assert_eq!(verdict_of(at(ELSEWHERE)), None);
    }
    let named = [client_to(APPLE, 2_197, client_hello("api.push.apple.com", &["h2"]))];
    assert_eq!(verdict_of(named), Some("certain"));
}

#[test]
fn what_only_resembles_it_has_no_verdict() {
    let other = |ip, port, payload: Vec<u8>| {
        assert_eq!(
            row_of::<Apns>([client_to(ip, port, payload.clone())]),
            Row::default(),
            "{ip} {payload:?}"
        );
    };
    other(ELSEWHERE, 5223, data(53));
    other(ELSEWHERE, 5223, [&[0x16, 0, 0x84, 0][..], &[9; 100]].concat());
    other(ELSEWHERE, 5223, client_hello("push.example.org", &[]));
    other(APPLE, 443, data(53));
    other(APPLE, 443, client_hello("itunes.apple.com", &["h2", "http/1.1"]));
    other(COURIER, 443, client_hello("gateway.icloud.com", &["h2"]));
    other(COURIER, 443, client_hello("init.push.apple.com", &["h2"]));
    other(ELSEWHERE, 443, client_hello("courier.push.apple.com.example.org", &["apnsx", "h2"]));
    other(COURIER, 5223, b"<stream:stream to='example.org'>".to_vec());
    other(APPLE, 80, data(53));
    let answered = [client_to(ELSEWHERE, 5223, data(69)), server_at(ELSEWHERE, 5223, data(53))];
    assert_eq!(row_of::<Apns>(answered), Row::default());
}

#[test]
fn a_port_of_ours_on_the_side_of_the_client_means_nothing() {
    let own_port = packet().ips(DEVICE, ELSEWHERE).tcp(5223, 443).payload(data(53));
    assert_eq!(row_of::<Apns>([own_port]), Row::default());
    // A host in Apple's network is the client of a push service of another maker.
    let of_apple = packet().ips(APPLE, ELSEWHERE).tcp(50_000, 5223).payload(data(53));
    assert_eq!(row_of::<Apns>([of_apple]), Row::default());
}

#[test]
fn ipv6_is_known() {
    let to = |ip, port| verdict_of([packet().ips("2001:db8::1", ip).tcp(50_000, port).payload(data(53))]);
    assert_eq!(to("2620:149:a44::5", 5223), Some("certain"));
    assert_eq!(to("2620:149:a44::5", 443), Some("likely"));
    assert_eq!(to("64:ff9b::17.57.144.20", 5223), Some("certain"));
    assert_eq!(to("2620:149:208::5", 5223), Some("likely"));
    assert_eq!(to("2620:149:208::5", 443), None);
    assert_eq!(to("2001:db8::2", 5223), None);
}

#[test]
fn tls_1_0_splits_a_message_in_two_records() {
    let split = |first: usize, second: usize| {
        [record(23, 1, &vec![1; first]), record(23, 1, &vec![1; second])].concat()
    };
    let packets = [
        server(record(23, 1, &[1; 208])),
        client(split(32, 48)),
        client(split(32, 32)),
        server(record(23, 1, &[1; 32])),
    ];
    let row = row_of::<Apns>(packets);
    assert_eq!((row.apns_cipher, row.apns_notifications), (Some("tls10"), Some(1)));
    assert_eq!((row.apns_acknowledgements, row.apns_keep_alives), (Some(1), Some(1)));
}

/// Application data as GCM seals it: a nonce, then what takes `len` bytes with header and nonce.
fn sealed(nonce: u64, len: usize) -> Vec<u8> {
    record(23, 3, &[&nonce.to_be_bytes()[..], &vec![0xa5; len - 13]].concat())
}

#[test]
fn nonces_tell_gcm_midway() {
    let packets = [
        server(sealed(7, 190)),
        client(sealed(1, 33)),
        server(sealed(8, 200)),
        client(sealed(2, 33)),
        client(sealed(3, 44)),
        server(sealed(9, 32)),
    ];
    let row = row_of::<Apns>(packets.clone());
    assert_eq!((row.apns_cipher, row.apns_notifications), (Some("gcm"), Some(2)));
    assert_eq!((row.apns_acknowledgements, row.apns_keep_alives), (Some(2), Some(1)));
    let row = row_of::<Apns>(packets.into_iter().take(2));
    assert_eq!((row.apns_verdict, row.apns_cipher, row.apns_notifications), (Some("certain"), None, None));
}

#[test]
fn constants_are_those_of_the_cipher_and_can_be_set() {
    let hello = client_hello("courier.push.apple.com", &["apns-security-v3"]);
    let all = |suite, version, [ack, beat, reply]: [usize; 3]| {
        [
            client(hello.clone()),
            server(server_hello(suite, version)),
            server(data(301)),
            client(data(ack)),
            client(data(beat)),
            server(data(reply)),
        ]
    };
    let counts = |row: Row| (row.apns_notifications, row.apns_acknowledgements, row.apns_keep_alives);
    let one = (Some(1), Some(1), Some(1));
    assert_eq!(counts(row_of::<Apns>(all(0xc013, None, [53, 69, 53]))), one);
    assert_eq!(counts(row_of::<Apns>(all(0xc02f, None, [35, 47, 35]))), one);
    assert_eq!(counts(row_of::<Apns>(all(0xcca8, None, [27, 39, 27]))), one);
    let unusual = || all(0xc02f, None, [77, 88, 99]);
    assert_eq!(counts(row_of::<Apns>(unusual())), (Some(2), Some(0), Some(0)));
    assert_eq!(counts(flow::<Apns>().option("gcm", "77,80-90,99").row(unusual())), one);
}

#[test]
fn the_encrypted_handshake_of_tls_1_3_is_no_notification() {
    let answer = [server_hello(0x1301, Some(0x304)), data(2_417)].concat();
    let packets = [
        client(client_hello("courier.push.apple.com", &["apns-pack-v1:4096:4096"])),
        server(answer),
        server(data(300)),
        // Finished, of a length that would acknowledge.
        client(data(28)),
        server(data(301)),
        client(data(28)),
        client(data(40)),
        server(data(28)),
    ];
    let row = row_of::<Apns>(packets);
    assert_eq!((row.apns_cipher, row.apns_notifications), (Some("tls13"), Some(1)));
    assert_eq!((row.apns_acknowledgements, row.apns_keep_alives), (Some(1), Some(1)));
}

#[test]
fn options_that_cannot_be_used_are_refused_in_one_sentence() {
    let open = |given: &[(&str, &str)]| Settings::parse(given).and_then(Apns::open).err().unwrap_or_default();
    assert!(open(&[("cbc", "53,69")]).contains("option `cbc` is `53,69`, but it must be three lengths"));
    assert!(open(&[("gcm", "1,2,b")]).contains("option `gcm`"));
    assert!(open(&[("table", "no/such/file")]).contains("`no/such/file`"));
    assert!(open(&[("tabel", "x")]).contains("tabel"));
}

#[test]
fn what_was_not_captured_is_passed_over() {
    // 14 + 20 + 20 bytes of headers, then 6 of the payload.
    let cut = |packet: TestPacket| packet.captured(60);
    let row = row_of::<Apns>([cut(server(data(213))), cut(client(data(53)))]);
    assert_eq!((row.apns_notifications, row.apns_acknowledgements), (Some(1), Some(1)));
}

#[test]
fn a_message_over_several_segments_is_one() {
    let bytes = data(4_069);
    let segments = bytes.chunks(1_440).map(|part| server(part.into()));
    let row = row_of::<Apns>(segments.chain([client(data(53))]));
    assert_eq!((row.apns_notifications, row.apns_acknowledgements), (Some(1), Some(1)));
}

#[test]
fn a_table_labels_lengths() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.csv");
    std::fs::write(&file, "213,voice\n200-220,text,cbc\n").unwrap();
    let path: &'static str = Box::leak(file.to_str().unwrap().to_owned().into_boxed_str());
    let packets = [server(data(213)), server(data(53)), server(data(229))];
    let row = flow::<Apns>().option("table", path).row(packets);
    assert_eq!(row.apns_labels, Some(vec!["voice".to_owned(), "text".to_owned()]));
    assert_eq!((row.apns_label_counts, row.apns_unknown_lengths), (Some(vec![1, 1]), Some(1)));
}

proptest! {
    #[test]
    fn hostile_bytes_do_no_harm(
        pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..300), any::<bool>(), 0u8..4), 1..12),
    ) {
        let packets = pieces.into_iter().map(|(bytes, is_client, kind)| {
            let bytes = match kind {
                0 => record(22, 1, &bytes),
                1 => handshake(1, &bytes),
                2 => record(23, 3, &bytes),
                _ => bytes,
            };
            if is_client { client(bytes) } else { server(bytes) }
        });
        rows_of::<Apns>(packets);
    }
}
