//! One usage of a messenger → who says how much, when, and over which connection. Made up; usages overlap.

use crate::messaging::Speaker;
use crate::messaging::conversation::MILLISECOND;
use crate::random::Random;

/// Where something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The connection for messages.
    Control,
    /// That for files.
    Media,
    /// Datagrams.
    Call,
}

/// All channels.
pub const CHANNELS: [Channel; 3] = [Channel::Control, Channel::Media, Channel::Call];

/// What a user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Messages to and fro.
    Text,
    /// One that is sent or got.
    Picture,
    /// A message that is spoken: sent while it is recorded, or got.
    Voice,
    /// Frames both ways.
    VideoCall,
    /// A place, and the tiles of a map.
    Location,
    /// Not among the usages that are told apart: small datagrams both ways.
    Game,
    /// Not among these, either: a large file.
    Update,
}

/// Those that are told apart.
pub const USAGES: [Usage; 5] = [Usage::Text, Usage::Picture, Usage::Voice, Usage::VideoCall, Usage::Location];
/// Those that a classifier has not seen.
pub const OTHERS: [Usage; 2] = [Usage::Game, Usage::Update];

/// Something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// In nanoseconds since the epoch.
    pub time_ns: i64,
    /// Over which connection.
    pub channel: Channel,
    /// By whom.
    pub speaker: Speaker,
    /// In bytes.
    pub len: usize,
}

impl Usage {
    /// As a label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Picture => "picture",
            Self::Voice => "voice",
            Self::VideoCall => "video call",
            Self::Location => "location",
            Self::Game | Self::Update => "other",
        }
    }
}

/// A stage on which a usage is played.
struct Play<'a> {
    random: &'a mut Random,
    now_ns: i64,
    events: Vec<Event>,
}

/// What is said from this time on, in order.
pub fn play(random: &mut Random, usage: Usage, start_ns: i64) -> Vec<Event> {
    let mut play = Play { random, now_ns: start_ns, events: Vec::new() };
    match usage {
        Usage::Text => play.text(),
        Usage::Picture => play.picture(),
        Usage::Voice => play.voice(),
        Usage::VideoCall => play.frames(&[2_000, 3_000, 6_000], &[12, 30, 60], &[150, 500, 900, 1_250]),
        Usage::Location => play.location(),
        Usage::Game => play.frames(&[2_000, 4_000, 7_000], &[40, 90, 160], &[60, 90, 160]),
        Usage::Update => play.file(&[120_000, 180_000, 300_000], Speaker::Server, &[1, 4, 15]),
    }
    play.events
}

impl Play<'_> {
    fn say(&mut self, channel: Channel, speaker: Speaker, lens: &[i64]) -> &mut Self {
        let len = self.random.spread(lens) as usize;
        self.events.push(Event { time_ns: self.now_ns, channel, speaker, len });
        self
    }

    fn wait(&mut self, quantiles_ms: &[i64]) {
        let quantiles: Vec<i64> = quantiles_ms.iter().map(|ms| ms * MILLISECOND).collect();
        self.now_ns += self.random.spread(&quantiles);
    }

    fn either(&mut self) -> Speaker {
        self.random.pick(&[Speaker::Client, Speaker::Server])
    }

    /// A message and its receipt.
    fn message(&mut self, speaker: Speaker, lens: &[i64]) {
        self.say(Channel::Control, speaker, lens).wait(&[30, 80, 250]);
        self.say(Channel::Control, speaker.other(), &[50, 80, 140]);
    }

    fn text(&mut self) {
        for place in 0..self.random.spread(&[1, 2, 4, 8]) {
            if place > 0 {
                self.wait(&[250, 600, 1_000, 1_700]);
            }
            let speaker = self.either();
            self.message(speaker, &[160, 240, 330, 700]);
        }
    }

    fn picture(&mut self) {
        let speaker = self.either();
        self.message(speaker, &[220, 420, 900]);
        self.wait(&[30, 100, 300]);
        self.file(&[9_000, 30_000, 70_000, 160_000], speaker, &[2, 10, 40]);
    }

    fn voice(&mut self) {
        let speaker = self.either();
        if speaker == Speaker::Client {
            for _ in 0..self.random.spread(&[3, 8, 16, 30]) {
                self.say(Channel::Media, speaker, &[500, 900, 1_500]).wait(&[60, 130, 280]);
            }
            self.message(speaker, &[200, 330, 600]);
        } else {
            self.message(speaker, &[200, 330, 600]);
            self.wait(&[30, 100, 300]);
            self.file(&[2_500, 8_000, 16_000, 40_000], speaker, &[5, 30, 90]);
        }
    }

    fn location(&mut self) {
        let speaker = self.either();
        self.message(speaker, &[350, 700, 1_400]);
        for _ in 0..self.random.spread(&[1, 3, 5, 9]) {
            self.wait(&[20, 90, 300]);
            self.say(Channel::Media, Speaker::Client, &[250, 420, 650]).wait(&[20, 60, 200]);
            self.pieces(Speaker::Server, &[1_500, 4_000, 9_000, 16_000], &[1, 4, 12]);
        }
    }

    /// Asked for if the server has it, announced if the client does.
    fn file(&mut self, lens: &[i64], from: Speaker, pauses_ms: &[i64]) {
        self.say(Channel::Media, Speaker::Client, &[250, 450, 800]).wait(&[20, 60, 200]);
        self.pieces(from, lens, pauses_ms);
        self.wait(&[20, 60, 200]);
        self.say(Channel::Media, from.other(), &[60, 120, 260]);
    }

    /// So many bytes in pieces of a few segments.
    fn pieces(&mut self, from: Speaker, lens: &[i64], pauses_ms: &[i64]) {
        let mut left = self.random.spread(lens);
        while left > 0 {
            let piece = self.random.spread(&[1_400, 4_000, 9_000]).min(left);
            self.say(Channel::Media, from, &[piece, piece]).wait(pauses_ms);
            left -= piece;
        }
    }

    /// Datagrams both ways for some time. The client speaks first, so that it is the initiator.
    fn frames(&mut self, lasts_ms: &[i64], pauses_ms: &[i64], lens: &[i64]) {
        let begun = self.now_ns;
        let lasts = self.random.spread(lasts_ms) * MILLISECOND;
        let mut speaker = Speaker::Client;
        while self.now_ns - begun < lasts {
            self.say(Channel::Call, speaker, lens).wait(pauses_ms);
            speaker = self.either();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_speaks_first_on_each_channel_but_that_of_messages() {
        for (seed, usage) in (0..50).flat_map(|seed| USAGES.into_iter().map(move |usage| (seed, usage))) {
            let events = play(&mut Random::new(seed), usage, 0);
            for channel in [Channel::Media, Channel::Call] {
                let first = events.iter().find(|event| event.channel == channel);
                assert!(first.is_none_or(|event| event.speaker == Speaker::Client), "{usage:?}");
            }
            assert!(events.is_sorted_by_key(|event| event.time_ns));
            assert!(events.iter().all(|event| event.len > 0));
        }
    }

    #[test]
    fn pauses_within_a_usage_are_shorter_than_those_between_dialogs() {
        for (seed, usage) in (0..50).flat_map(|seed| USAGES.into_iter().map(move |usage| (seed, usage))) {
            let events = play(&mut Random::new(seed), usage, 0);
            assert!(events.windows(2).all(|pair| pair[1].time_ns - pair[0].time_ns < 2_000 * MILLISECOND));
        }
    }
}
