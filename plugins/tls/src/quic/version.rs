//! Versions of QUIC whose Initial packets can be opened.

use std::ops::RangeInclusive;

/// Number of version 2 (RFC 9369).
const V2: u32 = 0x6b33_43cf;

/// Packets with a long header and a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Holds a hello, under keys that anyone can work out.
    Initial,
    /// 0-RTT and Handshake packets, which cannot be opened.
    Other,
}

/// What the keys of Initial packets follow from.
pub struct Version {
    pub number: u32,
    pub salt: [u8; 20],
}

/// draft-ietf-quic-tls-22, section 5.2.
const SALT_22: [u8; 20] = [
    0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a,
    0x02, 0x64, 0x4a,
];
/// draft-ietf-quic-tls-23 to -28, section 5.2.
const SALT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe,
    0xf9, 0xf5, 0x02,
];
/// draft-ietf-quic-tls-29 to -32, section 5.2.
const SALT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43,
    0x90, 0xa8, 0x99,
];
/// RFC 9001 section 5.2, and draft-ietf-quic-tls-33 and -34.
const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
    0xbb, 0x7f, 0x0a,
];
/// RFC 9369 section 3.3.1.
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9,
    0xbd, 0x2e, 0xd9,
];

/// Google's versions T050 and T051, which carry TLS.
const SALT_T050: [u8; 20] = [
    0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60,
    0x48, 0x83, 0x10,
];
const SALT_T051: [u8; 20] = [
    0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda,
    0x6e, 0x03, 0x3d,
];
/// Google's version Q050, which carries a handshake of its own.
const SALT_Q050: [u8; 20] = [
    0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3,
    0xb5, 0x6b, 0x45,
];
const Q050: u32 = u32::from_be_bytes(*b"Q050");
const T050: u32 = u32::from_be_bytes(*b"T050");
const T051: u32 = u32::from_be_bytes(*b"T051");

/// Numbers of versions that have a salt in common; drafts have the number 0xff0000NN, Meta's mvfst 0xfaceb0NN.
const SALTS: &[(RangeInclusive<u32>, [u8; 20])] = &[
    (0x0000_0001..=0x0000_0001, SALT_1),
    (V2..=V2, SALT_2),
    (Q050..=Q050, SALT_Q050),
    (T050..=T050, SALT_T050),
    (T051..=T051, SALT_T051),
    (0xff00_0016..=0xff00_0016, SALT_22),
    (0xff00_0017..=0xff00_001c, SALT_23),
    (0xff00_001d..=0xff00_0020, SALT_29),
    (0xff00_0021..=0xff00_0022, SALT_1),
    (0xface_b001..=0xface_b001, SALT_22),
    (0xface_b002..=0xface_b002, SALT_23),
    (0xface_b00e..=0xface_b00e, SALT_23),
];

impl Version {
    /// The version of this number, if its Initial packets can be opened.
    pub fn of(number: u32) -> Option<Self> {
        let (_, salt) = SALTS.iter().find(|(numbers, _)| numbers.contains(&number))?;
        Some(Self { number, salt: *salt })
    }

    /// What a first byte says; none of a short header and of a Retry packet, which has no length.
    pub fn kind(&self, first: u8) -> Option<Kind> {
        const LONG_HEADER: u8 = 0x80;
        // RFC 9000 section 17.2, RFC 9369 section 3.2: version 2 counts the types from 1.
        let begins_at = u8::from(self.number == V2);
        match (first & LONG_HEADER, (first >> 4).wrapping_sub(begins_at) & 0x03) {
            (0, _) | (_, 3) => None,
            (_, 0) => Some(Kind::Initial),
            _ => Some(Kind::Other),
        }
    }

    /// Type of CRYPTO frames (RFC 9000 section 19.6); Google gave them another.
    pub fn crypto_frame(&self) -> u8 {
        if matches!(self.number, Q050 | T050 | T051) { 8 } else { 6 }
    }

    /// Whether the handshake is that of TLS.
    pub fn has_tls(&self) -> bool {
        self.number != Q050
    }

    /// RFC 9001 section 5.1, RFC 9369 section 3.3.2.
    pub fn label_prefix(&self) -> &'static str {
        if self.number == V2 { "quicv2" } else { "quic" }
    }

    /// What `quic_version` shows.
    pub fn name(number: u32) -> String {
        match number {
            1 => "V-1".into(),
            V2 => "V-2".into(),
            0xff00_0000..=0xff00_00ff => format!("Draft-{:02}", number & 0xff),
            0xface_b001 => "MVFST-22".into(),
            0xface_b002 => "MVFST-27".into(),
            0xface_b00e => "MVFST-EXP".into(),
            other => String::from_utf8_lossy(&other.to_be_bytes()).into_owned(),
        }
    }
}
