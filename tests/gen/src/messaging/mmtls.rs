//! MMTLS, WeChat's record protocol, as its published descriptions have it.
//!
//! Lengths of handshake records are those that were observed: 161 bytes for a ClientHello with a pre-shared key, 366
//! for one with key agreement, and so on. What is encrypted is random.

use super::conversation::{Conversation, Line, MILLISECOND, START_NS, Speaker};
use crate::random::Random;

/// ECDHE_ECDSA with AES_128_GCM and SHA256, as in TLS.
pub const ECDHE: u16 = 0xc02b;
/// PSK with AES_128_GCM and SHA256, as in TLS.
pub const PSK: u16 = 0x00a8;

/// Record types.
pub mod kind {
    /// Alert.
    pub const ALERT: u8 = 0x15;
    /// Handshake.
    pub const HANDSHAKE: u8 = 0x16;
    /// Application data.
    pub const DATA: u8 = 0x17;
    /// The hello of the short link, along with data.
    pub const EARLY: u8 = 0x19;
}

/// Bytes of an encrypted Finished, of an encrypted alert, and of a keep-alive.
const FINISHED: usize = 55;
const SEALED_ALERT: usize = 23;
const KEEP_ALIVE: usize = 32;
/// What a user waits before the first words.
const THINKING: i64 = 5 * MILLISECOND;

/// How a connection is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handshake {
    /// Key agreement in one round trip.
    Ecdhe,
    /// Pre-shared key in one round trip.
    #[default]
    Psk,
    /// Pre-shared key, and data along with the hello.
    EarlyPsk,
    /// The server does not know the key.
    Rejected,
}

/// Writes records of one version.
#[derive(Clone, Debug)]
pub struct Records {
    minor: u8,
    random: Random,
}

impl Records {
    /// Of version `f1` and this number; the seed makes what is random.
    pub fn new(minor: u8, seed: u64) -> Self {
        Self { minor, random: Random::new(seed) }
    }

    /// A record with this body.
    pub fn record(&self, kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind, 0xf1, self.minor][..], &(body.len() as u16).to_be_bytes(), body].concat()
    }

    /// A record with an encrypted body of this length.
    pub fn sealed(&mut self, kind: u8, len: usize) -> Vec<u8> {
        let body = self.random.bytes(len);
        self.record(kind, &body)
    }

    /// A ClientHello whose body has this length.
    pub fn client_hello(&mut self, kind: u8, suites: &[u16], len: usize) -> Vec<u8> {
        let mut rest = vec![suites.len() as u8];
        rest.extend(suites.iter().flat_map(|suite| suite.to_be_bytes()));
        rest.extend(self.random.bytes(32));
        rest.extend(((START_NS / 1_000_000_000) as u32).to_be_bytes());
        let body = self.message(1, &rest, len);
        self.record(kind, &body)
    }

    /// A ServerHello whose body has this length.
    pub fn server_hello(&mut self, suite: u16, len: usize) -> Vec<u8> {
        let body = self.message(2, &suite.to_be_bytes(), len);
        self.record(kind::HANDSHAKE, &body)
    }

    /// The alert that rejects a pre-shared key, in the clear.
    pub fn rejection(&self) -> Vec<u8> {
        self.record(kind::ALERT, &[0, 0, 0, 3, 0, 0x73, 2])
    }

    fn message(&mut self, message_type: u8, rest: &[u8], len: usize) -> Vec<u8> {
        let message_len = (len as u32 - 4).to_be_bytes();
        let mut bytes = [&message_len[..], &[message_type, self.minor, 0xf1], rest].concat();
        bytes.extend(self.random.bytes(len - bytes.len()));
        bytes
    }

    /// The hello of the client, and what it says along with it, with data of this length.
    fn first_words(&mut self, handshake: Handshake, up: usize) -> Vec<u8> {
        match handshake {
            Handshake::Ecdhe => self.client_hello(kind::HANDSHAKE, &[ECDHE, PSK], 366),
            Handshake::Psk | Handshake::Rejected => self.client_hello(kind::HANDSHAKE, &[PSK], 161),
            Handshake::EarlyPsk => [
                self.client_hello(kind::EARLY, &[PSK], 161),
                self.sealed(kind::EARLY, 36),
                self.sealed(kind::DATA, up),
                self.sealed(kind::ALERT, SEALED_ALERT),
            ]
            .concat(),
        }
    }

    /// What the server says to that, with data of this length.
    fn first_answer(&mut self, handshake: Handshake, down: usize) -> Vec<u8> {
        match handshake {
            Handshake::Ecdhe => [
                self.server_hello(ECDHE, 137),
                self.sealed(kind::HANDSHAKE, 95),
                self.sealed(kind::HANDSHAKE, 293),
                self.sealed(kind::HANDSHAKE, FINISHED),
            ]
            .concat(),
            Handshake::Psk => [self.server_hello(PSK, 46), self.sealed(kind::HANDSHAKE, FINISHED)].concat(),
            Handshake::EarlyPsk => [
                self.server_hello(PSK, 46),
                self.sealed(kind::HANDSHAKE, FINISHED),
                self.sealed(kind::DATA, down),
                self.sealed(kind::ALERT, SEALED_ALERT),
            ]
            .concat(),
            Handshake::Rejected => self.rejection(),
        }
    }
}

/// Data that a user of the long link sends and gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// After the one before.
    pub wait_ns: i64,
    /// Bytes of the client's record; 0 for none.
    pub up: usize,
    /// Bytes of the server's record; 0 for none.
    pub down: usize,
}

impl Exchange {
    /// What keeps a long link alive: a record of 37 bytes with its header, each way.
    pub fn keep_alive(wait_ns: i64) -> Self {
        Self { wait_ns, up: KEEP_ALIVE, down: KEEP_ALIVE }
    }
}

/// The long link: records from the first byte of a TCP connection on.
pub fn long_link(
    line: Line,
    records: &mut Records,
    handshake: Handshake,
    exchanges: &[Exchange],
) -> Conversation {
    let hello = records.first_words(handshake, KEEP_ALIVE);
    let answer = records.first_answer(handshake, KEEP_ALIVE);
    let opened =
        Conversation::new(line).write(THINKING, Speaker::Client, hello).answer(Speaker::Server, answer);
    let opened = match handshake {
        Handshake::Rejected => return opened,
        Handshake::Psk => {
            let finished = records.sealed(kind::HANDSHAKE, FINISHED);
            opened.write(THINKING, Speaker::Client, finished)
        }
        Handshake::Ecdhe | Handshake::EarlyPsk => opened,
    };
    exchanges.iter().fold(opened, |conversation, exchange| exchange.append(conversation, records))
}

/// The long link, met when it stands already.
pub fn long_link_midway(line: Line, records: &mut Records, exchanges: &[Exchange]) -> Conversation {
    let begun = Conversation::new(line).midway();
    exchanges.iter().fold(begun, |conversation, exchange| exchange.append(conversation, records))
}

impl Exchange {
    fn append(&self, mut conversation: Conversation, records: &mut Records) -> Conversation {
        if self.up > 0 {
            let data = records.sealed(kind::DATA, self.up);
            conversation = conversation.write(self.wait_ns, Speaker::Client, data);
        }
        if self.down > 0 {
            let data = records.sealed(kind::DATA, self.down);
            let wait_ns = if self.up > 0 { 4 * THINKING } else { self.wait_ns };
            conversation = conversation.write(wait_ns, Speaker::Server, data);
        }
        conversation
    }
}

/// A request of the short link, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortLink<'a> {
    /// How it is secured; with the pre-shared key mostly along with data.
    pub handshake: Handshake,
    /// In the path, as eight hexadecimal digits.
    pub id: u32,
    /// Whom the request is sent to.
    pub host: &'a str,
    /// Bytes of the client's data, where it goes along with the hello.
    pub up: usize,
    /// Bytes of the server's data, where that went along with the hello.
    pub down: usize,
    /// The server answers.
    pub is_answered: bool,
}

impl Default for ShortLink<'_> {
    fn default() -> Self {
        Self {
            handshake: Handshake::EarlyPsk,
            id: 0x0fc0_4bcd,
            host: "sgshort.wechat.com",
            up: 200,
            down: 900,
            is_answered: true,
        }
    }
}

/// The short link: a request over HTTP with records in its body, and an answer.
pub fn short_link(line: Line, records: &mut Records, link: &ShortLink<'_>) -> Conversation {
    let body = records.first_words(link.handshake, link.up);
    let asked = Conversation::new(line).write(THINKING, Speaker::Client, post(link.id, link.host, &body));
    if !link.is_answered {
        return asked;
    }
    let body = records.first_answer(link.handshake, link.down);
    asked.answer(Speaker::Server, ok(&body))
}

/// The request in which a body travels.
pub fn post(id: u32, host: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /mmtls/{id:08x} HTTP/1.1\r\nAccept: */*\r\nCache-Control: no-cache\r\nConnection: close\r\n\
         Content-Length: {}\r\nContent-Type: application/octet-stream\r\nHost: {host}\r\nUpgrade: mmtls\r\n\
         User-Agent: MicroMessenger Client\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The answer in which a body travels.
pub fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hellos_are_laid_out_as_observed() {
        let hello = Records::new(4, 1).client_hello(kind::HANDSHAKE, &[PSK], 161);
        assert_eq!(hello.len(), 166);
        let start = [0x16, 0xf1, 4, 0, 0xa1, 0, 0, 0, 0x9d, 1, 4, 0xf1, 1, 0, 0xa8];
        assert_eq!(hello[..15], start);
        assert_eq!(hello[47..51], 1_714_564_800u32.to_be_bytes());
        let answer = Records::new(3, 1).first_answer(Handshake::Psk, 0);
        assert_eq!(answer.len(), 111);
        assert_eq!(answer[..14], [0x16, 0xf1, 3, 0, 46, 0, 0, 0, 42, 2, 3, 0xf1, 0, 0xa8]);
    }
}
