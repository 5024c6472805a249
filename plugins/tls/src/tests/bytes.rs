//! Bytes of hellos and of what carries them.

use weir_sdk::Side;
use weir_sdk::testing::{TestPacket, packet};

/// A block of bytes behind its length of two bytes.
pub fn block(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

pub fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &block(body)].concat()
}

pub fn numbers(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0][..], &block(body)].concat()
}

pub fn record(kind: u8, version: u16, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &version.to_be_bytes(), &block(body)].concat()
}

/// Version, random, session identifier, ciphers, no compression, extensions.
pub fn client_body(version: u16, session: &[u8], ciphers: &[u16], extensions: &[Vec<u8>]) -> Vec<u8> {
    let mut body = [&version.to_be_bytes()[..], &[7; 32], &[session.len() as u8], session].concat();
    body.extend(block(&numbers(ciphers)));
    body.extend([1, 0]);
    if !extensions.is_empty() {
        body.extend(block(&extensions.concat()));
    }
    body
}

pub fn server_body(
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

pub fn sni(name: &[u8]) -> Vec<u8> {
    extension(0, &block(&[&[0][..], &block(name)].concat()))
}

pub fn alpn(names: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = names.iter().flat_map(|name| [&[name.len() as u8][..], name].concat()).collect();
    extension(16, &block(&list))
}

pub fn versions(values: &[u16]) -> Vec<u8> {
    extension(43, &[&[2 * values.len() as u8][..], &numbers(values)].concat())
}

/// A client of TLS 1.3 that sends GREASE.
pub fn modern() -> Vec<u8> {
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

pub fn hello_record(body: &[u8]) -> Vec<u8> {
    record(22, 0x0301, &message(1, body))
}

pub fn sent(side: Side, bytes: &[u8]) -> TestPacket {
    let ports = if side == Side::A { (50_000, 443) } else { (443, 50_000) };
    packet().side(side).tcp(ports.0, ports.1).payload(bytes)
}

/// A DTLS record with a whole message of this number.
pub fn datagram(number: u8, kind: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = (body.len() as u16).to_be_bytes();
    let message = [&[kind, 0, high, low, 0, number, 0, 0, 0, 0, high, low][..], body].concat();
    [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number][..], &block(&message)].concat()
}

/// An element of DER.
fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = match body.len() {
        short @ 0..128 => vec![short as u8],
        long => [&[0x82][..], &(long as u16).to_be_bytes()].concat(),
    };
    [&[tag][..], &length, body].concat()
}

/// A distinguished name of one common name.
fn name(common: &str) -> Vec<u8> {
    const COMMON_NAME: &[u8] = &[6, 3, 0x55, 4, 3];
    der(0x30, &der(0x31, &der(0x30, &[COMMON_NAME, &der(0x0c, common.as_bytes())].concat())))
}

/// A message with one certificate, valid for the year 2026; its key and its signature are none.
pub fn chain() -> Vec<u8> {
    const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
    let validity = [der(0x17, b"260101000000Z"), der(0x17, b"261231235959Z")].concat();
    let key = [ED25519, &der(3, &[0; 33])].concat();
    let (serial, validity, key) = (der(2, &[1]), der(0x30, &validity), der(0x30, &key));
    let to_be_signed =
        [serial, ED25519.to_vec(), name("Example CA"), validity, name("weir.example"), key].concat();
    let certificate = der(0x30, &[&der(0x30, &to_be_signed)[..], ED25519, &der(3, &[0; 65])].concat());
    let entry = [&[0][..], &block(&certificate)].concat();
    message(11, &[&[0][..], &block(&entry)].concat())
}
