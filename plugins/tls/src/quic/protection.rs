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

/// What a secret expands to.
#[derive(Debug, PartialEq)]
struct Material {
    packet: [u8; 16],
    iv: [u8; 12],
    header: [u8; 16],
}

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
        let [client, server] = materials(version, connection_id)?;
        Some(Self { client: Keys::from(&client), server: Keys::from(&server) })
    }

    /// The keys of the client's packets, or of the server's.
    pub fn of_side(&self, is_client: bool) -> &Keys {
        if is_client { &self.client } else { &self.server }
    }
}

/// Those of the client and of the server.
fn materials(version: &Version, connection_id: &[u8]) -> Option<[Material; 2]> {
    let initial = Hkdf::<Sha256>::new(Some(&version.salt), connection_id);
    let material = |side: &str| {
        let mut secret = [0; 32];
        initial.expand(&label(side, secret.len()), &mut secret).ok()?;
        Material::of(version, &secret)
    };
    Some([material("client in")?, material("server in")?])
}

impl Material {
    fn of(version: &Version, secret: &[u8; 32]) -> Option<Self> {
        let secret = Hkdf::<Sha256>::from_prk(secret).ok()?;
        let prefix = version.label_prefix();
        let (mut packet, mut iv, mut header) = ([0; 16], [0; 12], [0; 16]);
        secret.expand(&label(&format!("{prefix} key"), packet.len()), &mut packet).ok()?;
        secret.expand(&label(&format!("{prefix} iv"), iv.len()), &mut iv).ok()?;
        secret.expand(&label(&format!("{prefix} hp"), header.len()), &mut header).ok()?;
        Some(Self { packet, iv, header })
    }
}

impl From<&Material> for Keys {
    fn from(material: &Material) -> Self {
        let (packet, header) =
            (Aes128Gcm::new(&material.packet.into()), Aes128::new(&material.header.into()));
        Self { packet, iv: material.iv, header }
    }
}

impl Keys {
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

#[cfg(test)]
impl Keys {
    /// The packet of this header, whose number takes two bytes, with these frames.
    pub fn seal(&self, header: &[u8], number: u16, frames: &[u8]) -> Vec<u8> {
        let header = [header, &number.to_be_bytes()].concat();
        let payload = Payload { msg: frames, aad: &header };
        let sealed = self.packet.encrypt(&self.nonce(number.into()).into(), payload).unwrap();
        let mut packet = [header.as_slice(), &sealed].concat();
        let at = header.len() - 2;
        let mut mask: [u8; SAMPLE] = packet[at + LONGEST_NUMBER..][..SAMPLE].try_into().unwrap();
        self.header.encrypt_block((&mut mask).into());
        packet[0] ^= mask[0] & 0x0f;
        packet[at..at + 2].iter_mut().zip(&mask[1..]).for_each(|(byte, mask)| *byte ^= mask);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quic::tests::bytes_of;

    fn check(version: u32, expected: [[&str; 3]; 2]) {
        let dcid = bytes_of("8394c8f03e515708");
        let expected = expected.map(|texts| {
            let [packet, iv, header] = texts.map(bytes_of);
            let (packet, iv) = (packet.try_into().unwrap(), iv.try_into().unwrap());
            Material { packet, iv, header: header.try_into().unwrap() }
        });
        assert_eq!(materials(&Version::of(version).unwrap(), &dcid), Some(expected));
    }

    #[test]
    fn keys_are_those_of_rfc_9001_appendix_a_1() {
        let client = [
            "1f369613dd76d5467730efcbe3b1a22d",
            "fa044b2f42a3fd3b46fb255c",
            "9f50449e04a0e810283a1e9933adedd2",
        ];
        let server = [
            "cf3a5331653c364c88f0f379b6067e37",
            "0ac1493ca1905853b0bba03e",
            "c206b8d9b9f0f37644430b490eeaa314",
        ];
        check(1, [client, server]);
    }

    #[test]
    fn keys_are_those_of_rfc_9369_appendix_a_1() {
        let client = [
            "8b1a0bc121284290a29e0971b5cd045d",
            "91f73e2351d8fa91660e909f",
            "45b95e15235d6f45a6b19cbcb0294ba9",
        ];
        let server = [
            "82db637861d55e1d011f19ea71d5d2a7",
            "dd13c276499c0249d3310652",
            "edf6d05c83121201b436e16877593c3a",
        ];
        check(0x6b33_43cf, [client, server]);
    }
}
