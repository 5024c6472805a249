//! What does a packet cost while 1,000, 100,000, or a million flows live?
//!
//! The engine alone: reader, decoder, flow table, and plugins on one thread, without the rows that all these flows
//! make at the end. Once with twenty trivial plugins, once with the standard set. The baseline is the plain scan of
//! the same file's bytes. Each figure is the median of five rounds, taken in turn; the answer is the number of live
//! flows and of packets in them. With `--test`, as `cargo test --benches` has it, only a small capture is read.

use std::hint::black_box;
use std::time::Instant;

use weir::flow::Numbers;
use weir::plugins::PluginSet;
use weir::profile::Stopwatch;
use weir::schema::RowShape;
use weir::sink::Error;
use weir::worker::{Alone, EndedBatch, FlowRules, TakeEnded, Worker};
use weir_benches::traffic::Capture;
use weir_benches::{scan, stages, trivial, whole};
use weir_sdk::Start;

const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];
/// Twice as many packets as the most flows.
const PACKETS: u64 = 2_000_000;
const ROUNDS: usize = 5;

fn main() {
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let (sizes, packets) = if is_test { (&SIZES[..1], 4_000) } else { (&SIZES[..], PACKETS) };
    println!("| live flows | plain scan, ns a packet | twenty trivial plugins | standard set |");
    println!("| ---: | ---: | ---: | ---: |");
    for &flows in sizes {
        let capture = Capture::of_live_flows(packets, flows);
        let bytes = capture.bytes();
        let mut times: [Vec<f64>; 3] = Default::default();
        for _ in 0..if is_test { 1 } else { ROUNDS } {
            times[0].push(timed(&capture, || {
                assert_eq!(scan::scan(black_box(&bytes)).packets, capture.packets);
            }));
            for (plugins, times) in [trivial::twenty(), whole::standard()].iter().zip(&mut times[1..]) {
                times.push(timed(&capture, || engine(&capture, plugins)));
            }
        }
        let [scan, trivial, standard] = times.map(median);
        println!("| {flows} | {scan:.0} | {trivial:.0} | {standard:.0} |");
    }
}

/// Nanoseconds a packet.
fn timed(capture: &Capture, run: impl FnOnce()) -> f64 {
    let started = Instant::now();
    run();
    started.elapsed().as_nanos() as f64 / capture.packets as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// All packets of a capture, none of whose flows ends.
fn engine(capture: &Capture, plugins: &PluginSet) {
    let crew = plugins.open(RowShape::Conversation).expect("the plugins open without options");
    let worker = Worker::new(&FlowRules::default(), crew, Numbers::Own, Stopwatch::default());
    let mut alone = Alone::new(worker);
    stages::read(&capture.path(), |records, window| {
        alone.records(records, window, &mut Nobody).expect("nothing is written");
    });
    let (worker, counts) = alone.into_worker();
    assert_eq!((counts.in_flows, worker.live() as u64), (capture.packets, capture.flows));
}

/// Takes no rows, since no flow ends.
struct Nobody;

impl TakeEnded for Nobody {
    fn ended(&mut self, _: EndedBatch<'_>) -> Result<(), Error> {
        unreachable!("no flow ends before the capture does")
    }

    fn started(&mut self, _: impl Iterator<Item = Start>) {}
}
