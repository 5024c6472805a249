//! Flows of six messengers, and of what is none.
//!
//! The applications are those of Erdenebaatar 2023; how they talk is made up here. Each has habits: how long its messages
//! are, how often it sends which kind of flow. Habits of two applications overlap in each of these.

use super::Labels;
use super::phone::{Phone, Recorded};
use super::truth::Truth;
use crate::messaging::conversation::{Conversation, MILLISECOND, Speaker};
use crate::random::Random;

/// Flows unless said.
pub const FLOWS: usize = 2_400;

const PHONES: usize = 10;
const NON_IMA: &str = "non-IMA";
/// Flows of other applications, in a hundred.
const NON_IMA_PERCENT: u64 = 50;
/// Messages that are like those of any other application, in a hundred.
const FOREIGN_PERCENT: u64 = 3;
/// Handshakes without a certificate, in a hundred, and how long the server's words then are.
const RESUMED_PERCENT: u64 = 15;
const RESUMPTION: [i64; 2] = [150, 260];
const FINISHED: [i64; 3] = [64, 93, 126];

/// How an application talks: quantiles of lengths in bytes and of pauses in milliseconds.
struct Habits {
    name: &'static str,
    is_ima: bool,
    hello: [i64; 2],
    certificate: [i64; 2],
    /// Weights of requests, chats, files, and calls among its flows.
    flows: [u64; 4],
    request: [i64; 3],
    response: [i64; 4],
    message: [i64; 3],
    receipt: [i64; 2],
    pause_ms: [i64; 4],
    file: [i64; 4],
    frame: [i64; 3],
}

const HABITS: [Habits; 10] = [
    Habits {
        name: "WhatsApp",
        is_ima: true,
        hello: [230, 330],
        certificate: [2_600, 3_100],
        flows: [20, 50, 20, 10],
        request: [180, 260, 520],
        response: [250, 600, 1_400, 5_000],
        message: [90, 150, 420],
        receipt: [40, 62],
        pause_ms: [60, 700, 2_500, 9_000],
        file: [8_000, 25_000, 60_000, 120_000],
        frame: [60, 140, 320],
    },
    Habits {
        name: "Messenger",
        is_ima: true,
        hello: [500, 600],
        certificate: [2_900, 3_600],
        flows: [40, 35, 20, 5],
        request: [320, 560, 1_100],
        response: [300, 900, 2_800, 9_000],
        message: [140, 260, 600],
        receipt: [45, 80],
        pause_ms: [80, 900, 3_500, 12_000],
        file: [8_000, 30_000, 70_000, 150_000],
        frame: [90, 180, 420],
    },
    Habits {
        name: "Telegram",
        is_ima: true,
        hello: [260, 420],
        certificate: [1_400, 2_200],
        flows: [25, 45, 25, 5],
        request: [150, 240, 480],
        response: [180, 500, 1_300, 6_000],
        message: [110, 180, 430],
        receipt: [70, 105],
        pause_ms: [50, 600, 2_200, 8_000],
        file: [10_000, 30_000, 80_000, 160_000],
        frame: [70, 150, 340],
    },
    Habits {
        name: "Teams",
        is_ima: true,
        hello: [480, 640],
        certificate: [4_200, 5_600],
        flows: [50, 25, 10, 15],
        request: [600, 1_100, 2_200],
        response: [500, 1_400, 3_500, 12_000],
        message: [350, 700, 1_500],
        receipt: [90, 220],
        pause_ms: [100, 1_200, 5_000, 15_000],
        file: [8_000, 25_000, 60_000, 130_000],
        frame: [120, 420, 1_050],
    },
    Habits {
        name: "Discord",
        is_ima: true,
        hello: [380, 560],
        certificate: [2_400, 2_900],
        flows: [35, 45, 10, 10],
        request: [220, 380, 800],
        response: [220, 650, 1_900, 7_000],
        message: [95, 190, 520],
        receipt: [50, 90],
        pause_ms: [40, 450, 1_800, 7_000],
        file: [8_000, 26_000, 65_000, 140_000],
        frame: [80, 170, 360],
    },
    Habits {
        name: "Signal",
        is_ima: true,
        hello: [300, 460],
        certificate: [1_800, 2_600],
        flows: [30, 45, 15, 10],
        request: [240, 420, 900],
        response: [160, 320, 700, 2_500],
        message: [420, 560, 900],
        receipt: [120, 260],
        pause_ms: [70, 800, 3_000, 10_000],
        file: [9_000, 28_000, 62_000, 120_000],
        frame: [65, 145, 330],
    },
    Habits {
        name: "web",
        is_ima: false,
        hello: [240, 640],
        certificate: [2_000, 5_200],
        flows: [90, 0, 10, 0],
        request: [250, 520, 1_300],
        response: [600, 3_000, 14_000, 60_000],
        message: [100, 300, 800],
        receipt: [40, 120],
        pause_ms: [30, 300, 1_500, 8_000],
        file: [20_000, 60_000, 120_000, 250_000],
        frame: [100, 600, 1_200],
    },
    Habits {
        name: "video",
        is_ima: false,
        hello: [400, 640],
        certificate: [3_000, 4_600],
        flows: [15, 0, 80, 5],
        request: [400, 800, 1_500],
        response: [600, 4_000, 20_000, 70_000],
        message: [100, 300, 800],
        receipt: [40, 120],
        pause_ms: [200, 1_000, 3_000, 8_000],
        file: [60_000, 120_000, 200_000, 350_000],
        frame: [400, 1_100, 1_350],
    },
    Habits {
        name: "mail",
        is_ima: false,
        hello: [220, 420],
        certificate: [2_400, 4_800],
        flows: [45, 35, 20, 0],
        request: [90, 180, 600],
        response: [120, 500, 3_000, 20_000],
        message: [60, 110, 400],
        receipt: [50, 130],
        pause_ms: [30, 200, 900, 6_000],
        file: [8_000, 25_000, 70_000, 200_000],
        frame: [100, 200, 400],
    },
    Habits {
        name: "background",
        is_ima: false,
        hello: [240, 560],
        certificate: [2_000, 4_600],
        flows: [70, 25, 5, 0],
        request: [150, 350, 1_000],
        response: [120, 300, 1_000, 6_000],
        message: [50, 90, 300],
        receipt: [40, 90],
        pause_ms: [500, 3_000, 10_000, 40_000],
        file: [10_000, 40_000, 90_000, 200_000],
        frame: [60, 120, 300],
    },
];

/// Captures of some phones with so many flows. `labels.csv` has the application, or `non-IMA`, and what kind of traffic that
/// is.
pub fn record(seed: u64, size: usize) -> (Vec<Recorded>, Vec<Labels>) {
    let (ima, others): (Vec<_>, Vec<_>) = HABITS.iter().partition(|habits| habits.is_ima);
    let other_flows = size * NON_IMA_PERCENT as usize / 100;
    let of_ima = (other_flows..size).map(|place| ima[place % ima.len()]);
    let of_others = (0..other_flows).map(|place| others[place % others.len()]);
    let mut order: Vec<&Habits> = of_ima.chain(of_others).collect();
    Random::new(seed).shuffle(&mut order);
    let phones = order.chunks(size.div_ceil(PHONES).max(1)).enumerate();
    let mut captures: Vec<Recorded> = phones.map(|(number, flows)| phone(number, seed, flows)).collect();
    let labels = Labels::of(&mut captures, &["kind"]);
    (captures, labels)
}

fn phone(number: usize, seed: u64, flows: &[&Habits]) -> Recorded {
    let mut phone = Phone::new(number as u8, seed);
    for habits in flows {
        phone.wait_ms(&[500, 3_000, 8_000, 20_000]);
        let (line, path) = (phone.line(&[443, 443, 443, 5222, 8080]), phone.path());
        let kind = phone.random.weighted(&habits.flows);
        let begun = Conversation::new(line).along(path);
        let random = &mut phone.random;
        let conversation = match kind {
            0 => requests(random, habits, begun),
            1 => chat(random, habits, begun),
            2 => file(random, habits, begun),
            _ => call(random, habits, begun.over_udp()),
        };
        let span = phone.hold(&conversation);
        let label = if habits.is_ima { habits.name } else { NON_IMA };
        let truth = if kind == 3 { Truth::of_udp } else { Truth::of_tcp };
        phone.truths.push(truth(line, span, label).with(habits.name));
    }
    phone.recorded(format!("phone{:02}", number + 1))
}

/// The server proves who it is, unless it is one that the client met lately.
fn handshake(random: &mut Random, habits: &Habits, begun: Conversation) -> Conversation {
    let hello = noise(random.spread(&habits.hello));
    let is_resumed = random.is_one_of_hundred(RESUMED_PERCENT);
    let answer = noise(random.spread(if is_resumed { &RESUMPTION } else { &habits.certificate }));
    let finished = noise(random.spread(&FINISHED));
    let asked = begun.write(MILLISECOND, Speaker::Client, hello).answer(Speaker::Server, answer);
    asked.write(2 * MILLISECOND, Speaker::Client, finished)
}

fn requests(random: &mut Random, habits: &Habits, begun: Conversation) -> Conversation {
    let mut conversation = handshake(random, habits, begun);
    for _ in 0..random.spread(&[1, 2, 3, 7]) {
        let talks_like = like(random, habits);
        let wait_ns = pause(random, habits) / 4;
        let (request, response) =
            (noise(random.spread(&talks_like.request)), noise(random.spread(&talks_like.response)));
        conversation =
            conversation.write(wait_ns, Speaker::Client, request).answer(Speaker::Server, response);
    }
    conversation
}

fn chat(random: &mut Random, habits: &Habits, begun: Conversation) -> Conversation {
    let mut conversation = handshake(random, habits, begun);
    for _ in 0..random.spread(&[2, 5, 10, 24]) {
        let talks_like = like(random, habits);
        let speaker = random.pick(&[Speaker::Client, Speaker::Server]);
        let wait_ns = pause(random, habits);
        let (message, receipt) =
            (noise(random.spread(&talks_like.message)), noise(random.spread(&talks_like.receipt)));
        conversation = conversation.write(wait_ns, speaker, message).answer(speaker.other(), receipt);
    }
    conversation
}

fn file(random: &mut Random, habits: &Habits, begun: Conversation) -> Conversation {
    let speaker = random.pick(&[Speaker::Client, Speaker::Server, Speaker::Server]);
    let request = noise(random.spread(&habits.request));
    let mut conversation = handshake(random, habits, begun).write(2 * MILLISECOND, Speaker::Client, request);
    let mut left = random.spread(&habits.file);
    while left > 0 {
        let piece = random.spread(&[4_000, 12_000, 30_000]).min(left);
        let wait_ns = random.spread(&[1, 10, 40, 300]) * MILLISECOND;
        conversation = conversation.write(wait_ns, speaker, noise(piece));
        left -= piece;
    }
    conversation
}

fn call(random: &mut Random, habits: &Habits, begun: Conversation) -> Conversation {
    let mut conversation = begun.write(0, Speaker::Client, noise(random.spread(&habits.frame)));
    for _ in 0..random.spread(&[30, 80, 200]) {
        let speaker = random.pick(&[Speaker::Client, Speaker::Server]);
        let wait_ns = random.spread(&[4, 10, 20, 45]) * MILLISECOND;
        conversation = conversation.write(wait_ns, speaker, noise(random.spread(&habits.frame)));
    }
    conversation
}

/// Whose lengths the next words have.
fn like<'a>(random: &mut Random, habits: &'a Habits) -> &'a Habits {
    if random.is_one_of_hundred(FOREIGN_PERCENT) {
        return &HABITS[random.below(HABITS.len() as u64) as usize];
    }
    habits
}

fn pause(random: &mut Random, habits: &Habits) -> i64 {
    random.spread(&habits.pause_ms.map(|ms| ms * MILLISECOND))
}

/// What is encrypted. Nobody reads it, so it need not be random.
fn noise(len: i64) -> Vec<u8> {
    vec![0xc5; len as usize]
}
