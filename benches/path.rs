//! How many packets per second does each stage of the data path take in, on one thread?
//!
//! A million packets, 100,000 flows. In `users` flows begin and end all the time; in `live` all of them are
//! alive at once and packets belong to any of them. Every stage stands on the ones before: `decode` reads the
//! file and walks the records too. The baseline is the plain scan of the same bytes, already in memory. `cargo test`
//! takes a twentieth of the packets.

use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput};
use weir_benches::traffic::Capture;
use weir_benches::{few_samples, is_test, scan, stages, whole};

const PACKETS: u64 = 1_000_000;
const FLOWS: u64 = 100_000;

fn main() {
    let mut criterion = few_samples();
    let (packets, flows) = if is_test() { (PACKETS / 20, FLOWS / 20) } else { (PACKETS, FLOWS) };
    measure(&mut criterion, "users", &Capture::of_many_users(packets, flows), false);
    measure(&mut criterion, "live", &Capture::of_live_flows(packets, flows), true);
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, name: &str, capture: &Capture, all_live: bool) {
    let bytes = capture.bytes();
    check(capture, &bytes, all_live);
    let path = capture.path();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(capture.packets)).sampling_mode(SamplingMode::Flat);
    group.bench_function("plain scan", |b| b.iter(|| scan::scan(black_box(&bytes))));
    group.bench_function("records, read", |b| b.iter(|| stages::records(&path)));
    group.bench_function("decode", |b| b.iter(|| stages::decode(&path)));
    group.bench_function("decode and table", |b| b.iter(|| stages::assign(&path)));
    group.bench_function("whole run, two plugins", |b| {
        b.iter(|| whole::run_to_csv(&path, capture.folder(), whole::BASIC))
    });
    group.bench_function("whole run, standard set", |b| {
        b.iter(|| whole::run_to_csv(&path, capture.folder(), whole::STANDARD))
    });
    group.finish();
}

/// Every stage agrees with what is known of the capture.
fn check(capture: &Capture, bytes: &[u8], all_live: bool) {
    let path = capture.path();
    let scanned = scan::scan(bytes);
    assert_eq!(scanned.packets, capture.packets);
    assert_eq!(stages::records(&path), (capture.packets, scanned.bytes));
    assert_eq!(stages::decode(&path).packets, capture.packets);
    let assigned = stages::assign(&path);
    assert_eq!((assigned.packets, assigned.conversations), (capture.packets, capture.flows));
    assert_eq!(assigned.live == capture.flows, all_live, "{} are alive at the end", assigned.live);
    let summary = whole::run_to_csv(&path, capture.folder(), whole::STANDARD);
    assert_eq!((summary.counts.read, summary.counts.in_flows), (capture.packets, capture.packets));
    assert_eq!((summary.counts.conversations, summary.rows), (capture.flows, capture.flows));
}
