//! What users of a messenger do, one thing after the other, in dialogs: text, picture, voice, video call, location.
//!
//! Fu et al. 2016 cut traffic at idle gaps into sessions and dialogs, each of one usage, of several (mixed), or of none that
//! a classifier was trained with. What a usage looks like is made up here (`usage.rs`).

use super::Labels;
use super::phone::{Phone, Recorded};
use super::truth::Truth;
use super::usage::{CHANNELS, Channel, Event, OTHERS, USAGES, Usage, play};
use crate::messaging::conversation::{Conversation, MILLISECOND};

/// Dialogs unless said.
pub const DIALOGS: usize = 3_000;

const PHONES: usize = 6;
/// Dialogs of a session.
const SESSION: [i64; 4] = [4, 8, 14, 30];
/// Of a hundred dialogs: with several usages, and with one that is not among the usages.
const MIXED_PERCENT: u64 = 12;
const OTHER_PERCENT: u64 = 8;
const SESSION_GAPS_MS: [i64; 4] = [80_000, 120_000, 180_000, 400_000];
const DIALOG_GAPS_MS: [i64; 5] = [2_600, 4_000, 7_000, 12_000, 30_000];
/// From one usage of a mixed dialog to the next.
const PART_GAPS_MS: [i64; 4] = [250, 450, 800, 1_500];
/// After the last word of a part its last segments are still on their way.
const TAIL: i64 = 100 * MILLISECOND;

/// Captures of some phones with so many dialogs. Each line of `labels.csv` is a usage of a client in an interval; lines of
/// the same dialog have its number.
pub fn record(seed: u64, size: usize) -> (Vec<Recorded>, Vec<Labels>) {
    let share = size.div_ceil(PHONES).max(1);
    let mut captures: Vec<Recorded> = (0..PHONES)
        .map(|number| (number, share.min(size.saturating_sub(number * share))))
        .filter(|(_, dialogs)| *dialogs > 0)
        .map(|(number, dialogs)| phone(number, seed, number * share, dialogs))
        .collect();
    let labels = Labels::of(&mut captures, &["dialog"]);
    (captures, labels)
}

fn phone(number: usize, seed: u64, before: usize, dialogs: usize) -> Recorded {
    let mut phone = Phone::new(number as u8, seed);
    let mut done = 0;
    while done < dialogs {
        let count = (phone.random.spread(&SESSION) as usize).min(dialogs - done);
        session(&mut phone, before + done, count);
        phone.wait_ms(&SESSION_GAPS_MS);
        done += count;
    }
    phone.recorded(format!("phone{:02}", number + 1))
}

/// A session has connections of its own.
fn session(phone: &mut Phone, before: usize, dialogs: usize) {
    let opened = CHANNELS.map(|channel| open(phone, channel));
    // The handshakes are over when the first dialog begins.
    phone.wait_ms(&[1_000, 3_000]);
    let mut events = Vec::new();
    for number in before + 1..=before + dialogs {
        dialog(phone, number, &mut events);
        phone.wait_ms(&DIALOG_GAPS_MS);
    }
    for (channel, conversation) in CHANNELS.into_iter().zip(opened) {
        let of_channel = events.iter().filter(|event| event.channel == channel);
        let said = of_channel.fold((conversation, 0), |(conversation, count), event| {
            (conversation.write_at(event.time_ns, event.speaker, vec![0xc5; event.len]), count + 1)
        });
        if let (conversation, 1..) = said {
            phone.hold(&conversation);
        }
    }
}

fn open(phone: &mut Phone, channel: Channel) -> Conversation {
    let (line, path) = (phone.line(&[443, 8080, 5222, 3478]), phone.path());
    let conversation = Conversation::new(line).along(path).unfinished();
    if channel == Channel::Call { conversation.over_udp() } else { conversation }
}

fn dialog(phone: &mut Phone, number: usize, events: &mut Vec<Event>) {
    let parts = parts(phone);
    for (place, usage) in parts.iter().enumerate() {
        if place > 0 {
            phone.wait_ms(&PART_GAPS_MS);
        }
        let start_ns = phone.now_ns;
        let played = play(&mut phone.random, *usage, start_ns);
        phone.now_ns = played.iter().map(|event| event.time_ns).max().unwrap_or(start_ns) + TAIL;
        events.extend(played);
        let span = (start_ns, phone.now_ns);
        phone.truths.push(Truth::of_client(phone.address(), span, usage.name()).with(number));
    }
}

/// What is done in a dialog. Neighbours differ.
fn parts(phone: &mut Phone) -> Vec<Usage> {
    let random = &mut phone.random;
    if random.is_one_of_hundred(OTHER_PERCENT) {
        return vec![random.pick(&OTHERS)];
    }
    let mut parts = vec![random.pick(&USAGES)];
    if random.is_one_of_hundred(MIXED_PERCENT) {
        for _ in 0..=random.below(2) {
            let last = parts[parts.len() - 1];
            let others: Vec<Usage> = USAGES.into_iter().filter(|usage| *usage != last).collect();
            parts.push(random.pick(&others));
        }
    }
    parts
}
