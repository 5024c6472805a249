//! Activities of WeChat's users, told by the flows of MMTLS that each makes.
//!
//! Hou et al. 2018 publish that 1,575 activities of 7 kinds made 7,937 flows, that 70 % of them last less than 0.25 s and
//! almost all less than 2 s, and that 80 % send less than 1 KB. Which activities they were, and what each sends, is
//! made up here: each has requests of its own, whose lengths lie between those of the others, and some requests are made
//! by all. The share of these is such that no classifier can be right about more than nine of ten flows or so.

use super::Labels;
use super::phone::{Phone, Recorded};
use super::truth::Truth;
use crate::messaging::conversation::MILLISECOND;
use crate::messaging::mmtls::{Exchange, Handshake, Records, ShortLink, long_link, short_link};
use crate::random::Random;

/// As many as the paper has.
pub const ACTIVITIES: usize = 1_575;

const NAMES: [&str; 7] = ["text", "voice", "picture", "moments", "article", "payment", "location"];
const PHONES: usize = 10;
/// Requests that each activity has of its own.
const OWN: usize = 4;
/// Requests that are not the activity's own, in a hundred.
const SHARED_PERCENT: u64 = 9;
/// On the long link, in a hundred.
const LONG_LINK_PERCENT: u64 = 20;
/// Lengths of what a request sends and gets, in bytes. Each request has a point of the plane that they span, in steps that
/// share no factor with the number of points, so that an activity is no contiguous part of it.
const UPS: [i64; 6] = [60, 110, 170, 240, 310, 370];
const DOWNS: [i64; 8] = [90, 160, 270, 450, 800, 1_500, 3_200, 9_000];
const STRIDE: usize = 11;
const SPREAD_PERCENT: i64 = 3;
/// Pictures and voices that are sent, by the activities that send any.
const LARGE_UPS: [i64; 5] = [1_500, 4_000, 9_000, 24_000, 60_000];
const LARGE_PERCENT: u64 = 30;
const SENDERS: [usize; 3] = [1, 2, 3];
const HOSTS: [&str; 4] =
    ["sgshort.wechat.com", "sgminorshort.wechat.com", "hkshort6.weixin.qq.com", "szextshort.weixin.qq.com"];

/// Captures of some phones on which so many activities happen.
pub fn record(seed: u64, size: usize) -> (Vec<Recorded>, Vec<Labels>) {
    let mut order: Vec<usize> = (0..size).map(|place| place % NAMES.len()).collect();
    Random::new(seed).shuffle(&mut order);
    let share = size.div_ceil(PHONES).max(1);
    let phones = order.chunks(share).enumerate();
    let mut captures: Vec<Recorded> =
        phones.map(|(number, activities)| phone(number, seed, share, activities)).collect();
    let labels = Labels::of(&mut captures, &["activity"]);
    (captures, labels)
}

fn phone(number: usize, seed: u64, share: usize, activities: &[usize]) -> Recorded {
    let mut phone = Phone::new(number as u8, seed);
    let mut records = Records::new(4, seed ^ number as u64);
    for (place, &activity) in activities.iter().enumerate() {
        let flows = 3 + phone.random.weighted(&[10, 25, 30, 20, 15]);
        for _ in 0..flows {
            flow(&mut phone, &mut records, activity, number * share + place + 1);
            phone.wait_ms(&[20, 80, 200, 600]);
        }
        phone.wait_ms(&[5_000, 10_000, 20_000, 60_000]);
    }
    phone.recorded(format!("phone{:02}", number + 1))
}

/// A flow of an activity, labelled with its name and the number of the activity.
fn flow(phone: &mut Phone, records: &mut Records, activity: usize, number: usize) {
    let (up, down) = lengths(&mut phone.random, activity);
    let (line, path) = (phone.line(&[80, 443, 8080]), phone.path());
    let conversation = if phone.random.is_one_of_hundred(LONG_LINK_PERCENT) {
        let exchange = Exchange { wait_ns: 3 * MILLISECOND, up, down };
        long_link(line, records, Handshake::Psk, &[exchange])
    } else {
        let (id, host) = (phone.random.bits() as u32, phone.random.pick(&HOSTS));
        short_link(line, records, &ShortLink { id, host, up, down, ..ShortLink::default() })
    };
    let span = phone.hold(&conversation.along(path));
    phone.truths.push(Truth::of_tcp(line, span, NAMES[activity]).with(number));
}

/// What one request of the activity sends and gets.
fn lengths(random: &mut Random, activity: usize) -> (usize, usize) {
    let is_shared = random.is_one_of_hundred(SHARED_PERCENT);
    let number = if is_shared {
        random.below((OWN * NAMES.len()) as u64) as usize
    } else {
        activity + NAMES.len() * random.below(OWN as u64) as usize
    };
    let point = number * STRIDE % (UPS.len() * DOWNS.len());
    let (mut up, down) = (UPS[point % UPS.len()], DOWNS[point / UPS.len()]);
    if SENDERS.contains(&(number % NAMES.len())) && random.is_one_of_hundred(LARGE_PERCENT) {
        up = random.spread(&LARGE_UPS);
    }
    (random.around(up, SPREAD_PERCENT) as usize, random.around(down, SPREAD_PERCENT) as usize)
}
