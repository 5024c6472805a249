//! Push notifications of WeChat, and what else an iPhone does.
//!
//! Zhang et al. 2020 publish the pattern (notification, 53 bytes, five seconds later 69 and 53), that the length of a text
//! grows in steps for 1 to 91 characters and stays the same above, and that voice has the length of texts of 58 to 73
//! characters. With TLS 1.2 and CBC the steps are blocks of 16 bytes, and these two bounds say where they lie. The other
//! lengths, and the background, are made up.

use super::Labels;
use super::phone::{Phone, Recorded};
use super::truth::Truth;
use crate::messaging::apns::{keep_alive, midway, notify};
use crate::messaging::conversation::{Conversation, Line, MILLISECOND, SECOND, Speaker};
use crate::messaging::tls::{Cipher, Records};
use crate::random::Random;
use std::net::Ipv4Addr;

/// Messages unless said.
pub const MESSAGES: usize = 2_400;

const PHONES: usize = 8;
/// Kinds of messages, their weights, and the lengths of their texts: a text of 91 characters has 91 bytes more than one of
/// none.
const KINDS: [(&str, u64, usize); 7] = [
    ("text", 48, EMPTY_TEXT),
    ("red packet", 9, EMPTY_TEXT + 118),
    ("fund transfer", 9, EMPTY_TEXT + 134),
    ("picture", 9, EMPTY_TEXT + 151),
    ("video", 9, EMPTY_TEXT + 166),
    ("voice", 9, EMPTY_TEXT + 60),
    ("other application", 7, EMPTY_TEXT),
];
/// So that a block ends between 57 and 58 characters.
const EMPTY_TEXT: usize = 370;
const LONGEST_TEXT: i64 = 91;
const CHARACTERS: [i64; 6] = [1, 6, 14, 28, 60, 140];
const OTHER_LENGTHS: [i64; 5] = [180, 320, 420, 560, 1_100];
/// Background conversations for each message.
const BACKGROUND_PERCENT: usize = 60;

/// Captures of some phones that get so many messages; `labels.csv` tells notifications from background by flow,
/// `messages.csv` has the time and kind of each message.
pub fn record(seed: u64, size: usize) -> (Vec<Recorded>, Vec<Labels>) {
    let share = size.div_ceil(PHONES).max(1);
    let counts = (0..PHONES).map(|number| share.min(size.saturating_sub(number * share)));
    let (mut captures, mut messages) = (Vec::new(), Vec::new());
    for (number, count) in counts.enumerate().filter(|(_, count)| *count > 0) {
        let mut phone = Phone::new(number as u8, seed);
        messages.extend(courier(&mut phone, seed, count));
        background(&mut phone, seed, count * BACKGROUND_PERCENT / 100);
        captures.push(phone.recorded(format!("phone{:02}", number + 1)));
    }
    let mut labels = Labels::of(&mut captures, &[]);
    labels.push(Labels { name: "messages.csv", further: &["characters"], truths: messages });
    (captures, labels)
}

/// Messages come over one connection that stands all the time.
fn courier(phone: &mut Phone, seed: u64, count: usize) -> Vec<Truth> {
    let start_ns = phone.now_ns;
    let octets = [17, 57, 144 + phone.random.below(4) as u8, phone.random.below(250) as u8 + 4];
    let (line, path) = (phone.line_to(Ipv4Addr::from(octets), &[5223, 443]), phone.path());
    let mut records = Records::new(Cipher::Cbc, seed ^ 1);
    let mut conversation = midway(line).along(path);
    let mut messages = Vec::new();
    for _ in 0..count {
        phone.wait_ms(&[9_000, 20_000, 40_000, 100_000]);
        let (truth, told) = message(phone, line, conversation, &mut records);
        messages.push(truth);
        conversation = told;
    }
    let span = phone.hold(&conversation);
    phone.truths.push(Truth::of_tcp(line, span, "apns"));
    phone.now_ns = start_ns;
    messages
}

/// A message now, its acknowledgement, and mostly a keep-alive; the phone's time is then that of the last of them.
fn message(
    phone: &mut Phone,
    line: Line,
    conversation: Conversation,
    records: &mut Records,
) -> (Truth, Conversation) {
    let kind = phone.random.weighted(&KINDS.map(|(_, weight, _)| weight));
    let (name, _, len) = KINDS[kind];
    let (len, characters) = match name {
        "text" => {
            let characters = phone.random.spread(&CHARACTERS);
            (len + characters.min(LONGEST_TEXT) as usize, characters.to_string())
        }
        "other application" => (phone.random.spread(&OTHER_LENGTHS) as usize, String::new()),
        _ => (len, String::new()),
    };
    let start_ns = phone.now_ns;
    let told = notify(conversation.write_at(start_ns, Speaker::Server, []), records, 0, len);
    let end_ns = start_ns + SECOND / 2;
    phone.now_ns = end_ns;
    let truth = Truth::of_tcp(line, (start_ns - MILLISECOND, end_ns), name).with(characters);
    if !phone.random.is_one_of_hundred(80) {
        return (truth, told);
    }
    phone.wait_ms(&[4_300, 4_500, 4_700]);
    (truth, keep_alive(told.write_at(phone.now_ns, Speaker::Client, []), records, 0))
}

/// What else goes on meanwhile, to Apple's network and elsewhere.
fn background(phone: &mut Phone, seed: u64, count: usize) {
    let mut records = Records::new(Cipher::Cbc, seed ^ 2);
    for _ in 0..count {
        phone.wait_ms(&[1_000, 20_000, 40_000, 150_000]);
        let line = if phone.random.is_one_of_hundred(30) {
            let octets = [17, 57, 144 + phone.random.below(4) as u8, phone.random.below(250) as u8 + 4];
            phone.line_to(Ipv4Addr::from(octets), &[443, 5223])
        } else {
            phone.line(&[443, 443, 5223, 5228])
        };
        let path = phone.path();
        let begun = Conversation::new(line).along(path);
        let conversation = chatter(&mut phone.random, begun, &mut records);
        let span = phone.hold(&conversation);
        phone.truths.push(Truth::of_tcp(line, span, "background"));
    }
}

/// A few requests of an application, some seconds apart.
fn chatter(random: &mut Random, mut conversation: Conversation, records: &mut Records) -> Conversation {
    for _ in 0..2 + random.below(5) {
        let wait_ns = random.spread(&[700, 1_500, 4_000, 20_000]) * MILLISECOND;
        let (up, down) = match random.weighted(&[70, 24, 5, 1]) {
            0 => (random.spread(&[160, 400, 800, 2_400]), random.spread(&[200, 1_500, 6_000, 40_000])),
            1 => (random.spread(&[90, 200, 420]), random.spread(&[40, 120, 300, 600])),
            // A heartbeat of another push service is as short as those of this one.
            2 => (random.spread(&[30, 50, 90]), random.spread(&[30, 60, 140])),
            _ => {
                let pushed = random.spread(&[340, 420, 520]) as usize;
                conversation = notify(conversation, records, wait_ns, pushed);
                continue;
            }
        };
        let asked = records.data(Speaker::Client, up as usize);
        let answer = records.data(Speaker::Server, down as usize);
        conversation = conversation.write(wait_ns, Speaker::Client, asked).answer(Speaker::Server, answer);
    }
    conversation
}
