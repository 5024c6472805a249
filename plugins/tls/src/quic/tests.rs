use super::*;
use proptest::prelude::*;
use weir_sdk::Side::{A, B};

/// The bytes that hexadecimal digits mean.
pub fn bytes_of(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The client's Initial packet of RFC 9001 appendix A.2: 1,200 bytes, destination connection id 8394c8f03e515708.
pub fn client_initial() -> Vec<u8> {
    bytes_of(include_str!("rfc9001_a2.hex"))
}

/// That of RFC 9369 appendix A.2, with the same hello.
fn client_initial_of_v2() -> Vec<u8> {
    bytes_of(include_str!("rfc9369_a2.hex"))
}

/// The server's answer in RFC 9001 appendix A.3.
const SERVER: &str = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38c\
    c5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d\
    06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee";

/// That in RFC 9369 appendix A.3.
const SERVER_OF_V2: &str = "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87\
    263017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a081\
    2d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140";

const ID: &[u8] = &[7; 8];
const V1: u32 = 1;
const V2: u32 = 0x6b33_43cf;

/// Type and length of each message in the payloads, all of which are read.
fn messages(payloads: &[(Side, Vec<u8>)]) -> Vec<(u8, usize)> {
    let (side, first) = &payloads[0];
    let (_, mut quic) = Quic::begin(first, *side).unwrap();
    let mut seen = Vec::new();
    for (side, payload) in payloads {
        quic.read(payload, *side, |kind, body| {
            seen.push((kind, body.len()));
            Next::More
        });
    }
    seen
}

/// A variable-length integer of two bytes.
fn number(value: usize) -> [u8; 2] {
    (value as u16 | 0x4000).to_be_bytes()
}

fn crypto(offset: usize, data: &[u8]) -> Vec<u8> {
    [&[6][..], &number(offset), &number(data.len()), data].concat()
}

/// A handshake message of so many bytes behind its header.
fn hello(kind: u8, length: usize) -> Vec<u8> {
    let [high, low] = (length as u16).to_be_bytes();
    [&[kind, 0, high, low][..], &vec![5; length]].concat()
}

/// An Initial packet of a client, or of a server, with this destination connection id, under the keys of another.
fn initial(version: u32, keys_of: &[u8], is_client: bool, dcid: &[u8], frames: &[u8]) -> Vec<u8> {
    let version = Version::of(version).unwrap();
    let first = if version.number == V2 { 0xd1 } else { 0xc1 };
    let token = if is_client { &[2, 9, 9][..] } else { &[0] };
    let padded = [frames, &[0; 20]].concat();
    let header = [
        &[first][..],
        &version.number.to_be_bytes(),
        &[dcid.len() as u8],
        dcid,
        &[0],
        token,
        &number(2 + padded.len() + 16),
    ];
    Pair::of(&version, keys_of).unwrap().of_side(is_client).seal(&header.concat(), 300, &padded)
}

fn of_client(frames: &[u8]) -> (Side, Vec<u8>) {
    (A, initial(V1, ID, true, ID, frames))
}

#[test]
fn the_packets_of_rfc_9001_open() {
    let payload = client_initial();
    let (connection, _) = Quic::begin(&payload, A).unwrap();
    assert_eq!((&*connection.version, &*connection.dcid, &*connection.scid), ("V-1", "8394c8f03e515708", ""));
    assert_eq!(messages(&[(A, payload), (B, bytes_of(SERVER))]), [(1, 237), (2, 86)]);
}

#[test]
fn the_packets_of_rfc_9369_open() {
    let payload = client_initial_of_v2();
    assert_eq!(Quic::begin(&payload, A).unwrap().0.version, "V-2");
    assert_eq!(messages(&[(A, payload), (B, bytes_of(SERVER_OF_V2))]), [(1, 237), (2, 86)]);
}

#[test]
fn a_changed_or_cut_packet_does_not_open() {
    let payload = client_initial();
    let mut changed = payload.clone();
    changed[600] ^= 1;
    assert!(Quic::begin(&changed, A).is_none());
    assert!(Quic::begin(&payload[..1199], A).is_none());
    assert!(Quic::begin(&bytes_of(SERVER), A).is_none());
}

#[test]
fn a_hello_is_joined_from_packets_in_any_order() {
    let whole = hello(1, 500);
    let frames =
        [crypto(300, &whole[300..]), [crypto(100, &whole[100..300]), crypto(0, &whole[..101])].concat()];
    let [late, early] = frames.map(|frames| of_client(&frames));
    assert_eq!(messages(&[late.clone(), early.clone()]), [(1, 500)]);
    assert_eq!(messages(&[late.clone(), late, early.clone(), early]), [(1, 500)]);
}

#[test]
fn packets_that_share_a_datagram_are_read() {
    let whole = hello(1, 100);
    let (_, first) = of_client(&crypto(0, &whole[..50]));
    let (_, second) = of_client(&crypto(50, &whole[50..]));
    // A packet of 0-RTT, whose header says its length, stands between them.
    let early = [&[0xd0, 0, 0, 0, 1, 1, 4, 0][..], &number(30), &[9; 30]].concat();
    assert_eq!(messages(&[(A, [first, early, second].concat())]), [(1, 100)]);
}

#[test]
fn after_a_retry_the_keys_are_those_of_the_new_connection_id() {
    const NEW: &[u8] = &[8; 12];
    let first = of_client(&crypto(0, &hello(1, 100)[..50]));
    let retry = (B, [&[0xf0, 0, 0, 0, 1, 0, 12][..], NEW, &[4; 40]].concat());
    let second = (A, initial(V1, NEW, true, NEW, &crypto(50, &hello(1, 100)[50..])));
    let answer = (B, initial(V1, NEW, false, &[], &crypto(0, &hello(2, 90))));
    assert_eq!(messages(&[first, retry, second, answer]), [(1, 100), (2, 90)]);
}

#[test]
fn a_server_may_go_on_with_another_version() {
    const OF_SERVER: &[u8] = &[8; 12];
    let first = of_client(&crypto(0, &hello(1, 100)[..50]));
    let answer = (B, initial(V2, ID, false, &[], &crypto(0, &hello(2, 90))));
    let second = (A, initial(V2, ID, true, OF_SERVER, &crypto(50, &hello(1, 100)[50..])));
    assert_eq!(messages(&[first, answer, second]), [(2, 90), (1, 100)]);
}

#[test]
fn the_name_in_a_message_of_google_is_read() {
    let chlo = [&b"CHLO\x01\0\0\0SNI\0\x09\0\0\0"[..], b"a.example"].concat();
    let frames = [&[8][..], &number(0), &number(chlo.len()), &chlo].concat();
    let payload = initial(u32::from_be_bytes(*b"Q050"), ID, true, ID, &frames);
    let (connection, _) = Quic::begin(&payload, A).unwrap();
    assert_eq!(connection.server_name.as_deref(), Some("a.example"));
    assert_eq!((connection.version.as_str(), connection.has_tls), ("Q050", false));
}

#[test]
fn frames_that_end_early_give_nothing() {
    let mut seen = Vec::new();
    // An acknowledgement with one range, then CRYPTO, then CRYPTO with a length beyond the packet.
    crypto_frames(&[0, 1, 2, 5, 0, 1, 0, 1, 1, 6, 0, 2, 8, 9, 6, 2, 63, 1], 6, |offset, data| {
        seen.push((offset, data.to_vec()));
    });
    assert_eq!(seen, [(0, vec![8, 9])]);
}

proptest! {
    #[test]
    fn no_frames_make_it_panic(frames in prop::collection::vec(any::<u8>(), 0..300)) {
        messages(&[of_client(&frames), of_client(&[crypto(0, &[1]), frames].concat())]);
    }
}
