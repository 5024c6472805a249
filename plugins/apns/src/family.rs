//! Lengths that do not vary, by cipher family.

use super::table::range;

/// What a cipher adds to a message depends on these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// TLS 1.0 with CBC: no explicit IV, and the first byte in a record of its own.
    Tls10,
    /// TLS 1.1 or 1.2 with CBC.
    Cbc,
    /// TLS 1.2 with AES in GCM or CCM: eight bytes of nonce in each record.
    Gcm,
    /// TLS 1.2 with ChaCha20-Poly1305.
    Chacha,
    /// TLS 1.3.
    Tls13,
}

/// An inclusive range of message lengths.
type Range = (u32, u32);

/// Message lengths that do not vary, record headers included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constants {
    /// Of the client: it acknowledges a notification.
    pub acknowledgement: Range,
    /// Of the client: it keeps the connection alive.
    pub keep_alive: Range,
    /// Of the server: its answer to either.
    pub answer: Range,
}

impl Family {
    pub const ALL: [Self; 5] = [Self::Tls10, Self::Cbc, Self::Gcm, Self::Chacha, Self::Tls13];

    pub fn name(self) -> &'static str {
        match self {
            Self::Tls10 => "tls10",
            Self::Cbc => "cbc",
            Self::Gcm => "gcm",
            Self::Chacha => "chacha",
            Self::Tls13 => "tls13",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }
}

impl Constants {
    /// Three lengths or ranges with commas between.
    pub fn parse(option: &str, text: &str) -> Result<Self, String> {
        let ranges: Option<Vec<Range>> = text.split(',').map(range).collect();
        match ranges.as_deref() {
            Some(&[acknowledgement, keep_alive, answer]) => Ok(Self { acknowledgement, keep_alive, answer }),
            _ => Err(format!(
                "option `{option}` is `{text}`, but it must be three lengths or ranges such as `53,69,53` or `30-40,41-56,30-40`"
            )),
        }
    }
}

pub fn is_in(len: u32, (from, to): Range) -> bool {
    (from..=to).contains(&len)
}
