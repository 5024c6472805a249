//! Keys of Initial packets, which follow from version and connection id, and what they open.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherEncrypt;
use aes_gcm::{Aes128Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

use super::packet::Initial;
use super::version::Version;

/// Bytes of a sample for header protection (RFC 9001 section 5.4.2).
const SAMPLE: usize = 16;
/// A packet number of four bytes is assumed where the sample is taken.
const LONGEST_NUMBER: usize = 4;

/// Keys of one direction.
pub struct Keys {
    packet: Aes128Gcm,
    iv: [u8; 12],
    header: Aes128,
}

/// Keys of both directions.
pub struct Pair {
    pub client: Keys,
    pub server: Keys,
}

impl Pair {
    /// RFC 9001 section 5.2.
    pub fn of(version: &Version, connection_id: &[u8]) -> Option<Self> {
        let initial = Hkdf::<Sha256>::new(Some(&version.salt), connection_id);
        let keys = |side: &str| {
            let mut secret = [0; 32];
            initial.expand(&label(side, secret.len()), &mut secret).ok()?;
            Keys::of(version, &secret)
        };
        Some(Self { client: keys("client in")?, server: keys("server in")? })
    }

    /// The keys of the client's packets, or of the server's.
    pub fn of_side(&self, is_client: bool) -> &Keys {
        if is_client { &self.client } else { &self.server }
    }
}

impl Keys {
    fn of(version: &Version, secret: &[u8; 32]) -> Option<Self> {
        let secret = Hkdf::<Sha256>::from_prk(secret).ok()?;
        let prefix = version.label_prefix();
        let (mut packet, mut iv, mut header) = ([0; 16], [0; 12], [0; 16]);
        secret.expand(&label(&format!("{prefix} key"), packet.len()), &mut packet).ok()?;
        secret.expand(&label(&format!("{prefix} iv"), iv.len()), &mut iv).ok()?;
        secret.expand(&label(&format!("{prefix} hp"), header.len()), &mut header).ok()?;
        Some(Self { packet: Aes128Gcm::new(&packet.into()), iv, header: Aes128::new(&header.into()) })
    }

    /// The frames of a packet, if these are its keys and it was captured whole.
    pub fn open(&self, initial: &Initial<'_>) -> Option<Vec<u8>> {
        let at = initial.number_at;
        let sample = initial.bytes.get(at + LONGEST_NUMBER..at + LONGEST_NUMBER + SAMPLE)?;
        let mut mask: [u8; SAMPLE] = sample.try_into().ok()?;
        self.header.encrypt_block((&mut mask).into());
        // RFC 9001 section 5.4.1: of a long header the four low bits are protected.
        let first = initial.bytes.first()? ^ (mask[0] & 0x0f);
        let end = at + usize::from(first & 0x03) + 1;
        let mut header = initial.bytes.get(..end)?.to_vec();
        header[0] = first;
        let mut number = 0u64;
        for (byte, mask) in header[at..].iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
            number = number << 8 | u64::from(*byte);
        }
        let payload = Payload { msg: initial.bytes.get(end..)?, aad: &header };
        self.packet.decrypt(&self.nonce(number).into(), payload).ok()
    }

    /// RFC 9001 section 5.3.
    fn nonce(&self, number: u64) -> [u8; 12] {
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(number.to_be_bytes()).for_each(|(byte, number)| *byte ^= number);
        nonce
    }
}

/// HkdfLabel of RFC 8446 section 7.1, without context.
fn label(name: &str, length: usize) -> Vec<u8> {
    let length = (length as u16).to_be_bytes();
    [&length[..], &[6 + name.len() as u8], b"tls13 ", name.as_bytes(), &[0]].concat()
}
