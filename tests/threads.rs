//! Many workers give the rows of one: the same bytes, whatever the number of workers and of records handed on at
//! once; and they end as one does when something goes wrong.

#[path = "boundary/plugins.rs"]
mod plugins;

#[path = "oracle/captures.rs"]
mod captures;
#[path = "threads/endings.rs"]
mod endings;
#[path = "threads/place.rs"]
mod place;
#[path = "threads/quotes.rs"]
mod quotes;

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError};
use weir_traffic::{Format, bench_capture, capture};

use captures::Capture;
use place::Place;

/// Seeds of cases that once failed, tried before new ones.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/threads/regressions.txt");

/// In which form rows are written, and by which plugins: what the workers, and what the merging of their rows has
/// to do.
const FORMS: [&[&str]; 10] = [
    &["--rows", "conversation"],
    &["--rows", "direction"],
    &["--profile", "tranalyzer"],
    &["--rows", "conversation", "-p", "+exact_stats"],
    &["--rows", "direction", "-p", "+exact_stats"],
    &["--profile", "tranalyzer", "-p", "+exact_stats"],
    &["--rows", "conversation", "-p", "+bursts", "-o", "bursts.threshold=0.001"],
    &["--profile", "tranalyzer", "-p", "+bursts", "-o", "bursts.threshold=0.001"],
    &DIALOGS_OF_FLOWS,
    &DIALOGS_OF_CLIENTS,
];

const DIALOGS_OF_FLOWS: [&str; 10] = [
    "--rows",
    "direction",
    "-p",
    "+first_packets,+dialogs",
    "-o",
    "first_packets.count=0",
    "-o",
    "dialogs.dialog=1ms",
    "-o",
    "dialogs.session=5ms",
];
/// Small enough that packets are given up, too.
const DIALOGS_OF_CLIENTS: [&str; 12] = [
    "--rows",
    "conversation",
    "-p",
    "+first_packets,+dialogs",
    "-o",
    "dialogs.by=client",
    "-o",
    "dialogs.dialog=1ms",
    "-o",
    "dialogs.session=5ms",
    "-o",
    "dialogs.most=3000",
];

/// So many cases, unless `PROPTEST_CASES` asks for another number.
fn config(cases: u32) -> Config {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { cases };
    let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS)) as Box<_>);
    // A case takes a few processes, so shrinking must come to an end.
    Config { cases, failure_persistence, max_shrink_iters: 2_000, ..Config::default() }
}

/// What rows may depend on.
#[derive(Clone)]
struct Wanted(Vec<String>);

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "weir {}", self.0.join(" "))
    }
}

impl Wanted {
    /// With what rows must not depend on.
    fn with(&self, more: &[&str]) -> Vec<String> {
        self.0.iter().cloned().chain(more.iter().map(ToString::to_string)).collect()
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let active = prop_oneof![
        2 => Just(None),
        1 => select(vec!["0.005", "1", "60s", "200s"]).prop_map(Some),
    ];
    (select(&FORMS[..]), active).prop_map(|(form, active)| {
        let active = active.into_iter().flat_map(|time| ["--active-timeout", time]);
        Wanted(form.iter().copied().chain(active).map(str::to_owned).collect())
    })
}

/// Records that are handed on at once: few, or so many that a worker's batches are full before them.
fn batch() -> impl Strategy<Value = u16> {
    prop_oneof![4 => 1..=70u16, 1 => 70..=400u16]
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn many_workers_give_the_rows_of_one(
        Capture(packets) in captures::many_hosts(),
        wanted in wanted(),
        workers in 2..=6u8,
        batch in batch(),
    ) {
        let place = Place::with(&capture(&packets, Format::PcapNanos));
        let alone = place.rows(&wanted.with(&["-j", "1"]));
        let (workers, batch) = (workers.to_string(), batch.to_string());
        let together = place.rows(&wanted.with(&["-j", &workers, "--batch", &batch]));
        same(&together, &alone).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn records_may_be_handed_on_one_by_one_or_many_at_once(
        Capture(packets) in captures::few_hosts(true),
        wanted in wanted(),
        batch in batch(),
    ) {
        let place = Place::with(&capture(&packets, Format::PcapNanos));
        let whole = place.rows(&wanted.with(&["-j", "1"]));
        let parts = place.rows(&wanted.with(&["-j", "1", "--batch", &batch.to_string()]));
        same(&parts, &whole).map_err(TestCaseError::fail)?;
    }
}

/// The first line in which the two differ.
fn same(rows: &str, others: &str) -> Result<(), String> {
    if rows == others {
        return Ok(());
    }
    let (mut lines, mut other_lines) = (rows.lines(), others.lines());
    for number in 0.. {
        let (line, other) = (lines.next(), other_lines.next());
        if line != other || line.is_none() {
            return Err(format!("row {number}:\n{line:?}\nand the other way:\n{other:?}"));
        }
    }
    unreachable!("one of them ends")
}

/// So many flows that each list of the workers and the merger is filled and used again.
fn a_busy_link() -> Vec<u8> {
    let mut bytes = Vec::new();
    bench_capture(30_000, 6_000, 7, &mut bytes).expect("memory takes all bytes");
    bytes
}

#[test]
fn many_workers_give_the_rows_of_one_for_thousands_of_flows() {
    let place = Place::with(&a_busy_link());
    for form in FORMS {
        // Long and short lives: rows at the end, and rows all along.
        for idle in ["182", "0.05"] {
            let wanted =
                Wanted([form, &["--idle-timeout", idle]].concat().into_iter().map(str::to_owned).collect());
            let alone = place.rows(&wanted.with(&["-j", "1"]));
            for more in [&["-j", "2"][..], &["-j", "5", "--batch", "1000"]] {
                let together = place.rows(&wanted.with(more));
                same(&together, &alone).unwrap_or_else(|error| panic!("{wanted:?} {more:?}: {error}"));
            }
        }
    }
}

#[test]
fn the_summary_counts_the_same_for_any_number_of_workers() {
    let mut packets = weir_traffic::sample::sample();
    packets.truncate(60);
    for (bytes, batch) in [(capture(&packets, Format::PcapNg), "3"), (a_busy_link(), "500")] {
        let place = Place::with(&bytes);
        let alone = place.summary(&["-j", "1"]);
        assert!(alone["packets"]["read"].as_u64() > Some(0));
        for workers in ["2", "3", "6"] {
            assert_eq!(place.summary(&["-j", workers, "--batch", batch]), alone, "-j {workers}");
        }
    }
}
