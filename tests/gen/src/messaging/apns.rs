//! A device and its courier of the Apple Push Notification service.
//!
//! A notification is a record of the server of any length; the device acknowledges it, and about five seconds later
//! sends a keep-alive, which the server answers. The texts of these three have lengths of their own, from which those
//! on the wire follow by cipher. They are chosen so that TLS 1.2 with CBC shows 53, 69, and 53 bytes, and TLS 1.0,
//! whose devices spoke an older protocol, 90, 74, and 37.

use super::conversation::{Conversation, Line, MILLISECOND, SECOND, Speaker};
use super::tls::{Cipher, Names, Records, handshake};

/// What a device says to its courier when it connects, and the courier to that.
const CONNECT: (usize, usize) = (410, 120);
const REACTION: i64 = 3 * MILLISECOND;

/// Lengths of texts that do not vary.
struct Texts {
    acknowledgement: usize,
    keep_alive: usize,
    answer: usize,
}

fn texts(cipher: Cipher) -> Texts {
    match cipher {
        Cipher::Tls10 => Texts { acknowledgement: 20, keep_alive: 8, answer: 8 },
        _ => Texts { acknowledgement: 8, keep_alive: 20, answer: 8 },
    }
}

/// A device connects: handshake, its words, and the answer.
pub fn connect(line: Line, records: &mut Records, names: Names<'_>) -> Conversation {
    let opened = handshake(Conversation::new(line), records, names);
    let (words, answer) = CONNECT;
    let words = records.data(Speaker::Client, words);
    let answer = records.data(Speaker::Server, answer);
    opened.write(REACTION, Speaker::Client, words).answer(Speaker::Server, answer)
}

/// A connection that stands before and after the capture.
pub fn midway(line: Line) -> Conversation {
    Conversation::new(line).midway().unfinished()
}

/// A notification with a text of so many bytes, and its acknowledgement.
pub fn notify(
    conversation: Conversation,
    records: &mut Records,
    wait_ns: i64,
    text_len: usize,
) -> Conversation {
    let acknowledgement = texts(records.cipher()).acknowledgement;
    let notification = records.data(Speaker::Server, text_len);
    let acknowledgement = records.data(Speaker::Client, acknowledgement);
    let told = conversation.write(wait_ns, Speaker::Server, notification);
    told.write(REACTION, Speaker::Client, acknowledgement)
}

/// A keep-alive of the device, and its answer.
pub fn keep_alive(conversation: Conversation, records: &mut Records, wait_ns: i64) -> Conversation {
    let Texts { keep_alive, answer, .. } = texts(records.cipher());
    let keep_alive = records.data(Speaker::Client, keep_alive);
    let answer = records.data(Speaker::Server, answer);
    conversation.write(wait_ns, Speaker::Client, keep_alive).answer(Speaker::Server, answer)
}

/// Notifications with texts of these lengths, half a minute apart, each with acknowledgement and keep-alive.
pub fn notifications(conversation: Conversation, records: &mut Records, text_lens: &[usize]) -> Conversation {
    text_lens.iter().fold(conversation, |conversation, &text_len| {
        let told = notify(conversation, records, 30 * SECOND, text_len);
        keep_alive(told, records, 5 * SECOND)
    })
}
