//! What does a packet cost while 1,000, 100,000, or a million flows live?
//!
//! The engine alone: reader, decoder, flow table, and plugins on one thread, without the rows that all these flows
//! make at the end. Once with twenty trivial plugins, once with the standard set. The baseline is the plain scan of
//! the same file's bytes. Each figure is the median of five rounds, taken in turn; the answer is the number of live
//! flows and of packets in them. Without `--bench`, as `cargo test` runs it, only a small capture is read.
//!
//! All flows begin before the first is seen again, so a run has two halves: in one every packet begins a flow, for
//! which memory is touched for the first time, and in the other all flows live. Told are the whole run, in which
//! half of the packets begin a flow where there are a million, and the half in which all live.

use std::hint::black_box;
use std::time::{Duration, Instant};

use weir::flow::Numbers;
use weir::plugins::PluginSet;
use weir::profile::Stopwatch;
use weir::schema::RowShape;
use weir::sink::Error;
use weir::worker::{Alone, EndedBatch, FlowRules, TakeEnded, Worker};
use weir_benches::traffic::Capture;
use weir_benches::{is_test, scan, stages, trivial, whole};
use weir_sdk::Start;

const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];
/// Twice as many packets as the most flows.
const PACKETS: u64 = 2_000_000;
const ROUNDS: usize = 5;

fn main() {
    let is_test = is_test();
    let (sizes, packets) = if is_test { (&SIZES[..1], 4_000) } else { (&SIZES[..], PACKETS) };
    println!("Nanoseconds a packet, of the whole run and since all flows live:");
    println!();
    println!("| live flows | plain scan | twenty trivial plugins | all live | standard set | all live |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for &flows in sizes {
        let capture = Capture::of_live_flows(packets, flows);
        let bytes = capture.bytes();
        let mut times: [Vec<f64>; 5] = Default::default();
        for _ in 0..if is_test { 1 } else { ROUNDS } {
            let started = Instant::now();
            assert_eq!(scan::scan(black_box(&bytes)).packets, capture.packets);
            times[0].push(each(started.elapsed(), capture.packets));
            for (plugins, times) in
                [trivial::twenty(), whole::standard()].iter().zip(times[1..].chunks_mut(2))
            {
                let [whole, all_live] = engine(&capture, plugins);
                times[0].push(whole);
                times[1].push(all_live);
            }
        }
        let [scan, trivial, trivial_live, standard, standard_live] = times.map(median);
        println!(
            "| {flows} | {scan:.0} | {trivial:.0} | {trivial_live:.0} | {standard:.0} | {standard_live:.0} |"
        );
    }
}

/// Nanoseconds a packet.
fn each(time: Duration, packets: u64) -> f64 {
    time.as_nanos() as f64 / packets as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// All packets of a capture, none of whose flows ends: nanoseconds a packet of the whole run, and of the packets after
/// the last flow began.
fn engine(capture: &Capture, plugins: &PluginSet) -> [f64; 2] {
    let crew = plugins.open(RowShape::Conversation).expect("the plugins open without options");
    let worker = Worker::new(&FlowRules::default(), crew, Numbers::Own, Stopwatch::default());
    let mut alone = Alone::new(worker);
    let started = Instant::now();
    let (mut to_begin, mut all_live) = (capture.flows as usize, None);
    stages::read(&capture.path(), |records, window| {
        let (begin, go_on) = records.split_at(to_begin.min(records.len()));
        alone.records(begin, window, &mut Nobody).expect("nothing is written");
        to_begin -= begin.len();
        if !go_on.is_empty() {
            all_live.get_or_insert_with(Instant::now);
            alone.records(go_on, window, &mut Nobody).expect("nothing is written");
        }
    });
    let since = all_live.expect("packets come after those that begin flows");
    let times =
        [each(started.elapsed(), capture.packets), each(since.elapsed(), capture.packets - capture.flows)];
    let (worker, counts) = alone.into_worker();
    assert_eq!((counts.in_flows, worker.live() as u64), (capture.packets, capture.flows));
    times
}

/// Takes no rows, since no flow ends.
struct Nobody;

impl TakeEnded for Nobody {
    fn ended(&mut self, _: EndedBatch<'_>) -> Result<(), Error> {
        unreachable!("no flow ends before the capture does")
    }

    fn started(&mut self, _: impl Iterator<Item = Start>) {}
}
