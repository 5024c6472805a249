//! JA3, JA3S, and JA4: a hello in few letters.

use std::fmt::Write;

use md5::{Digest, Md5};
use sha2::Sha256;

use crate::hello::{Carrier, ClientHello, extension, is_grease};

/// What JA4 writes for the hash of nothing.
const HASH_OF_NOTHING: &str = "000000000000";

/// MD5 of version, ciphers, extensions, groups, and point formats.
pub fn ja3(hello: &ClientHello) -> String {
    let offers = &hello.offers;
    let formats: Vec<u16> = offers.point_formats.iter().copied().map(u16::from).collect();
    md5_of(&format!(
        "{},{},{},{},{}",
        hello.version,
        dashed(&hello.ciphers),
        dashed(&offers.types),
        dashed(&offers.groups),
        dashed(&formats)
    ))
}

/// MD5 of the version field, the cipher, and the extensions of a server hello.
pub fn ja3s(version: u16, cipher: u16, extensions: &[u16]) -> String {
    md5_of(&format!("{version},{cipher},{}", dashed(extensions)))
}

/// JA4: counts, then hashes of sorted ciphers and of sorted extensions with signature algorithms.
pub fn ja4(hello: &ClientHello, carrier: Carrier) -> String {
    let offers = &hello.offers;
    let mut ciphers = without_grease(&hello.ciphers);
    let mut extensions = without_grease(&offers.types);
    let [first, last] = alpn_mark(offers.alpn_ends);
    let start = format!(
        "{}{}{}{:02}{:02}{first}{last}",
        carrier_mark(carrier),
        version_mark(offers.versions_without_grease().max().unwrap_or(hello.version)),
        if offers.has(extension::SERVER_NAME) { 'd' } else { 'i' },
        ciphers.len().min(99),
        extensions.len().min(99),
    );
    ciphers.sort_unstable();
    extensions.sort_unstable();
    extensions.retain(|kind| !matches!(*kind, extension::SERVER_NAME | extension::ALPN));
    format!("{start}_{}_{}", hash_of(&ciphers, &[]), hash_of(&extensions, &offers.signature_algorithms))
}

fn hash_of(sorted: &[u16], signatures: &[u16]) -> String {
    if sorted.is_empty() {
        return HASH_OF_NOTHING.to_owned();
    }
    let mut text = hexes(sorted);
    let signatures = without_grease(signatures);
    if !signatures.is_empty() {
        text = format!("{text}_{}", hexes(&signatures));
    }
    let mut hash = hex(&Sha256::digest(text.as_bytes()));
    hash.truncate(HASH_OF_NOTHING.len());
    hash
}

fn carrier_mark(carrier: Carrier) -> char {
    match carrier {
        Carrier::Tcp => 't',
        Carrier::Quic => 'q',
        Carrier::Datagrams => 'd',
    }
}

/// JA4 takes the highest number, though those of DTLS fall from version to version.
fn version_mark(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// The first protocol's first and last letter.
fn alpn_mark(ends: Option<[u8; 2]>) -> [char; 2] {
    let Some([first, last]) = ends else { return ['0', '0'] };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        [char::from(first), char::from(last)]
    } else if first.is_ascii() && last.is_ascii() {
        [hex_digit(first >> 4), hex_digit(last & 0x0f)]
    } else {
        // The text of JA4 asks for hexadecimal digits here, too; its inventors' fingerprints have nines.
        [(first, first >> 4), (last, last & 0x0f)].map(|(byte, digit)| match byte {
            _ if byte.is_ascii_alphanumeric() => char::from(byte),
            _ if byte.is_ascii() => hex_digit(digit),
            _ => '9',
        })
    }
}

fn hex_digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0')
}

fn without_grease(values: &[u16]) -> Vec<u16> {
    values.iter().copied().filter(|value| !is_grease(*value)).collect()
}

fn dashed(values: &[u16]) -> String {
    let texts: Vec<String> = without_grease(values).iter().map(u16::to_string).collect();
    texts.join("-")
}

fn hexes(values: &[u16]) -> String {
    let texts: Vec<String> = values.iter().map(|value| format!("{value:04x}")).collect();
    texts.join(",")
}

fn md5_of(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
