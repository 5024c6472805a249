//! What do the messaging plugins add to a run with the standard set?
//!
//! Whole runs to CSV on one thread, clock time, over 60,000 flows: in `users` they begin and end all the time, in
//! `live` all of them live to the end. The baseline is the standard set, measured in every round beside the others; a
//! share is the median of what the rounds say, so that what disturbs a whole round does not count. The answer is the
//! number of packets, conversations, and rows. The aim is a share of at most 60 % for all of them together in `users`, also
//! with `dialogs`, the row plugin that cuts what `first_packets` lists.
//! Without `--bench`, as `cargo test` runs it, only a small capture is read, once.

use std::time::Instant;

use weir_benches::traffic::Capture;
use weir_benches::{is_test, whole};

const PACKETS: u64 = 1_000_000;
const FLOWS: u64 = 60_000;
const ROUNDS: usize = 7;

fn main() {
    let (packets, flows, rounds) = if is_test() { (4_000, 240, 1) } else { (PACKETS, FLOWS, ROUNDS) };
    println!("| capture | plugins | ns a packet | more than the standard set |");
    println!("| --- | --- | ---: | ---: |");
    measure("users", &Capture::of_many_users(packets, flows), rounds);
    measure("live", &Capture::of_live_flows(packets, flows), rounds);
}

/// Each set of plugins in turn, round after round.
fn measure(name: &str, capture: &Capture, rounds: usize) {
    let sets = sets();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); sets.len()];
    for _ in 0..rounds {
        for ((_, plugins), times) in sets.iter().zip(&mut times) {
            times.push(nanoseconds(capture, plugins));
        }
    }
    let standard = &times[0];
    for ((set, _), times) in sets.iter().zip(&times) {
        let shares = times.iter().zip(standard).map(|(time, standard)| 100.0 * (time / standard - 1.0));
        let (time, share) = (median(times.clone()), median(shares.collect()));
        println!("| {name} | {set} | {time:.0} | {share:.0} % |");
    }
}

/// The standard set, the same with each messaging plugin, with all of them, and with the dialogs of what they list.
fn sets() -> Vec<(String, Vec<String>)> {
    let added = |names: &[&str]| names.iter().map(|name| format!("+{name}")).collect();
    let single = whole::MESSAGING.iter().map(|name| (format!("and {name}"), added(&[name])));
    let standard = std::iter::once(("standard set".to_owned(), Vec::new()));
    let with_dialogs = [whole::MESSAGING, &["dialogs"]].concat();
    let all = [("and all of these", added(whole::MESSAGING)), ("and dialogs", added(&with_dialogs))];
    standard.chain(single).chain(all.map(|(set, plugins)| (set.to_owned(), plugins))).collect()
}

/// Nanoseconds a packet.
fn nanoseconds(capture: &Capture, plugins: &[String]) -> f64 {
    let plugins: Vec<&str> = plugins.iter().map(String::as_str).collect();
    let started = Instant::now();
    let summary = whole::run_to_csv(&capture.path(), capture.folder(), &plugins);
    let elapsed = started.elapsed();
    assert_eq!((summary.counts.read, summary.counts.in_flows), (capture.packets, capture.packets));
    assert_eq!((summary.counts.conversations, summary.rows), (capture.flows, capture.flows));
    elapsed.as_nanos() as f64 / capture.packets as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
