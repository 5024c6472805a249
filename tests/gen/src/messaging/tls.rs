//! TLS as it looks from outside: hellos in the clear, and records whose lengths follow from what is in them.
//!
//! | cipher | body of a record for `n` bytes of text | rule |
//! | --- | --- | --- |
//! | [`Cipher::Tls10`] | `n` + 20 + 1 up to whole blocks of 16 | RFC 2246 section 6.2.3.2, HMAC-SHA1 |
//! | [`Cipher::Cbc`] | 16 + the same | RFC 5246 section 6.2.3.2, explicit IV |
//! | [`Cipher::Gcm`] | 8 + `n` + 16 | RFC 5288 section 3, explicit nonce |
//! | [`Cipher::Chacha`] | `n` + 16 | RFC 7905 section 2 |
//! | [`Cipher::Tls13`] | `n` + 1 + 16 | RFC 8446 section 5.2, content type |

use super::conversation::{Conversation, MILLISECOND, Speaker};
use crate::random::Random;

/// Content types.
pub mod kind {
    /// Change of cipher.
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    /// Alert.
    pub const ALERT: u8 = 21;
    /// Handshake.
    pub const HANDSHAKE: u8 = 22;
    /// Application data.
    pub const DATA: u8 = 23;
}

const BLOCK: usize = 16;
const SHA1: usize = 20;
const IV: usize = 16;
const TAG: usize = 16;
/// Level and description of an alert.
const ALERT_TEXT: usize = 2;
/// RFC 5246 section 7.4.9, and the header of its message.
const FINISHED_TEXT: usize = 16;

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

/// What protects records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// TLS 1.0 with AES in CBC and SHA-1; clients put the first byte in a record of its own.
    Tls10,
    /// TLS 1.2 with the same.
    Cbc,
    /// TLS 1.2 with AES in GCM.
    Gcm,
    /// TLS 1.2 with ChaCha20-Poly1305.
    Chacha,
    /// TLS 1.3.
    Tls13,
}

/// Names in the clear of a ClientHello.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names<'a> {
    /// Server name; none if empty.
    pub host: &'a str,
    /// Protocols; the server chooses the first.
    pub alpn: &'a [&'a str],
}

/// One end's and the other's records of a connection.
#[derive(Clone, Debug)]
pub struct Records {
    cipher: Cipher,
    random: Random,
    /// Of the next records, by speaker.
    nonces: [u64; 2],
}

impl Records {
    /// Of this cipher; the seed makes what is random.
    pub fn new(cipher: Cipher, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let nonces = [random.bits(), random.bits()];
        Self { cipher, random, nonces }
    }

    /// What protects them.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// Application data for a text of so many bytes.
    pub fn data(&mut self, speaker: Speaker, text_len: usize) -> Vec<u8> {
        if self.cipher == Cipher::Tls10 && speaker == Speaker::Client && text_len > 1 {
            let first = self.sealed(kind::DATA, speaker, 1);
            return [first, self.sealed(kind::DATA, speaker, text_len - 1)].concat();
        }
        self.sealed(kind::DATA, speaker, text_len)
    }

    /// An encrypted alert.
    pub fn alert(&mut self, speaker: Speaker) -> Vec<u8> {
        self.sealed(kind::ALERT, speaker, ALERT_TEXT)
    }

    /// One record for a text of so many bytes. With TLS 1.3 its type is that of data.
    pub fn sealed(&mut self, kind: u8, speaker: Speaker, text_len: usize) -> Vec<u8> {
        let kind = if self.cipher == Cipher::Tls13 { kind::DATA } else { kind };
        let blocks = (text_len + SHA1 + 1).next_multiple_of(BLOCK);
        let body = match self.cipher {
            Cipher::Tls10 => self.random.bytes(blocks),
            Cipher::Cbc => self.random.bytes(IV + blocks),
            Cipher::Gcm => [&self.nonce(speaker)[..], &self.random.bytes(text_len + TAG)].concat(),
            Cipher::Chacha => self.random.bytes(text_len + TAG),
            Cipher::Tls13 => self.random.bytes(text_len + 1 + TAG),
        };
        self.record(kind, &body)
    }

    fn nonce(&mut self, speaker: Speaker) -> [u8; 8] {
        let nonce = &mut self.nonces[speaker as usize];
        *nonce = nonce.wrapping_add(1);
        nonce.to_be_bytes()
    }

    fn record(&self, kind: u8, body: &[u8]) -> Vec<u8> {
        let minor = if self.cipher == Cipher::Tls10 { 1 } else { 3 };
        [&[kind, 3, minor][..], &sized(body)].concat()
    }

    fn message(&self, message_type: u8, body: &[u8]) -> Vec<u8> {
        self.record(kind::HANDSHAKE, &[&[message_type, 0][..], &sized(body)].concat())
    }

    /// RFC 8446 section 4.1.2, which holds for the older versions as well.
    pub fn client_hello(&mut self, names: Names<'_>) -> Vec<u8> {
        let suites: Vec<u8> =
            [0x1301u16, 0xcca8, 0xc02f, 0xc013].iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let mut extensions = Vec::new();
        if !names.host.is_empty() {
            let name = [&[0][..], &sized(names.host.as_bytes())].concat();
            extensions.extend(extension(SERVER_NAME, &sized(&name)));
        }
        if !names.alpn.is_empty() {
            extensions.extend(extension(ALPN, &sized(&protocols(names.alpn))));
        }
        if self.cipher == Cipher::Tls13 {
            extensions.extend(extension(SUPPORTED_VERSIONS, &[4, 3, 4, 3, 3]));
        }
        let body = [&self.version()[..], &self.random.bytes(32), &[0], &sized(&suites), &[1, 0]].concat();
        let mut hello = self.message(1, &[body, sized(&extensions)].concat());
        // RFC 8446 section 5.1: the first record may say TLS 1.0, for old servers.
        hello[2] = 1;
        hello
    }

    /// RFC 8446 section 4.1.3.
    pub fn server_hello(&mut self, names: Names<'_>) -> Vec<u8> {
        let suite: u16 = match self.cipher {
            Cipher::Tls10 | Cipher::Cbc => 0xc013,
            Cipher::Gcm => 0xc02f,
            Cipher::Chacha => 0xcca8,
            Cipher::Tls13 => 0x1301,
        };
        let extensions = match (self.cipher, names.alpn) {
            (Cipher::Tls13, _) => extension(SUPPORTED_VERSIONS, &[3, 4]),
            (_, [chosen, ..]) => extension(ALPN, &sized(&protocols(&[chosen]))),
            (_, []) => Vec::new(),
        };
        let body = [&self.version()[..], &self.random.bytes(32), &[0], &suite.to_be_bytes(), &[0]].concat();
        self.message(2, &[body, sized(&extensions)].concat())
    }

    fn version(&self) -> [u8; 2] {
        [3, if self.cipher == Cipher::Tls10 { 1 } else { 3 }]
    }

    /// The rest of the server's first words: what certifies it.
    fn certificate(&mut self) -> Vec<u8> {
        if self.cipher == Cipher::Tls13 {
            return [self.change_cipher(), self.sealed(kind::HANDSHAKE, Speaker::Server, 2_400)].concat();
        }
        let chain = self.random.bytes(2_400);
        [self.message(11, &chain), self.message(14, &[])].concat()
    }

    /// The client's second words.
    fn key_exchange(&mut self) -> Vec<u8> {
        let finished = [self.change_cipher(), self.sealed(kind::HANDSHAKE, Speaker::Client, FINISHED_TEXT)];
        if self.cipher == Cipher::Tls13 {
            return finished.concat();
        }
        let key = self.random.bytes(66);
        [self.message(16, &key), finished.concat()].concat()
    }

    fn change_cipher(&self) -> Vec<u8> {
        self.record(kind::CHANGE_CIPHER_SPEC, &[1])
    }
}

/// The handshake comes next in a conversation.
pub fn handshake(conversation: Conversation, records: &mut Records, names: Names<'_>) -> Conversation {
    let hello = records.client_hello(names);
    let answer = [records.server_hello(names), records.certificate()].concat();
    let keys = records.key_exchange();
    let asked = conversation.write(MILLISECOND, Speaker::Client, hello);
    let opened = asked.answer(Speaker::Server, answer).write(MILLISECOND, Speaker::Client, keys);
    if records.cipher == Cipher::Tls13 {
        return opened;
    }
    let finished = [records.change_cipher(), records.sealed(kind::HANDSHAKE, Speaker::Server, FINISHED_TEXT)];
    opened.answer(Speaker::Server, finished.concat())
}

fn protocols(names: &[&str]) -> Vec<u8> {
    names.iter().flat_map(|name| [&[name.len() as u8][..], name.as_bytes()].concat()).collect()
}

fn extension(number: u16, body: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &sized(body)].concat()
}

/// With its length in two bytes before it.
fn sized(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_from_the_cipher() {
        let check = |cipher, text_len, expected: usize| {
            assert_eq!(Records::new(cipher, 1).data(Speaker::Client, text_len).len(), expected, "{cipher:?}");
        };
        check(Cipher::Cbc, 8, 53);
        check(Cipher::Cbc, 11, 53);
        check(Cipher::Cbc, 12, 69);
        check(Cipher::Cbc, 20, 69);
        check(Cipher::Tls10, 20, 37 + 53);
        check(Cipher::Tls10, 8, 37 + 37);
        check(Cipher::Gcm, 8, 5 + 8 + 8 + 16);
        check(Cipher::Chacha, 8, 5 + 8 + 16);
        check(Cipher::Tls13, 8, 5 + 8 + 1 + 16);
        assert_eq!(Records::new(Cipher::Cbc, 1).alert(Speaker::Client).len(), 53);
    }

    #[test]
    fn lengths_of_hellos_add_up() {
        let names = Names { host: "courier.push.apple.com", alpn: &["apns-security-v3", "apns-pack-v1"] };
        for cipher in [Cipher::Tls10, Cipher::Gcm, Cipher::Tls13] {
            let mut records = Records::new(cipher, 1);
            for hello in [records.client_hello(names), records.server_hello(names)] {
                assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
                assert_eq!(usize::from(u16::from_be_bytes([hello[7], hello[8]])), hello.len() - 9);
            }
        }
    }
}
