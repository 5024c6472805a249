//! Random captures: every row and cell of weir is what the oracle expects of the descriptions of the packets.

#[path = "oracle/captures.rs"]
mod captures;
#[path = "oracle/runs.rs"]
mod runs;
#[path = "oracle/vectors.rs"]
mod vectors;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError};
use weir_tests::oracle::expected;
use weir_traffic::{Format, Packet, capture};

use captures::Capture;
use runs::{Dialect, compare, rows_of, rows_of_files, rows_through_pipe, same};

/// Seeds of captures that once failed, tried before new ones.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle/regressions.txt");

/// So many cases, unless `PROPTEST_CASES` asks for another number.
fn config(cases: u32) -> Config {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { cases };
    let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS)) as Box<_>);
    // A case takes a few processes, so shrinking must come to an end.
    Config { cases, failure_persistence, max_shrink_iters: 2_000, ..Config::default() }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn rows_by_direction_are_those_of_the_oracle(Capture(packets) in captures::few_hosts(false)) {
        rows_are_expected(&packets, Dialect::Weir, true)?;
    }

    #[test]
    fn rows_in_the_tranalyzer_profile_are_those_of_the_oracle(Capture(packets) in captures::few_hosts(false)) {
        rows_are_expected(&packets, Dialect::Tranalyzer, true)?;
    }

    #[test]
    fn rows_are_those_of_the_oracle_when_time_steps_back(Capture(packets) in captures::few_hosts(true)) {
        rows_are_expected(&packets, Dialect::Weir, false)?;
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn rows_of_many_hosts_are_those_of_the_oracle(Capture(packets) in captures::many_hosts()) {
        rows_are_expected(&packets, Dialect::Weir, false)?;
    }

    #[test]
    fn a_capture_in_two_files_gives_the_rows_of_one(
        Capture(packets) in captures::few_hosts(true),
        cut in any::<prop::sample::Index>(),
    ) {
        let (head, tail) = packets.split_at(cut.index(packets.len()));
        let parts = [head, tail].map(|part| capture(part, Format::PcapNanos));
        let whole = rows_of(&capture(&packets, Format::PcapNanos), Dialect::Weir);
        same(&rows_of_files(&parts), &whole).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn pcapng_and_a_pipe_give_the_rows_of_pcap(Capture(packets) in captures::few_hosts(true)) {
        let classic = capture(&packets, Format::PcapNanos);
        let rows = rows_of(&classic, Dialect::Weir);
        let ng = rows_of(&capture(&packets, Format::PcapNg), Dialect::Weir);
        same(&ng, &rows).map_err(TestCaseError::fail)?;
        same(&rows_through_pipe(&classic), &rows).map_err(TestCaseError::fail)?;
    }
}

fn rows_are_expected(packets: &[Packet], dialect: Dialect, in_order: bool) -> Result<(), TestCaseError> {
    let expected = expected(packets);
    prop_assume!(expected.fragments_are_defined);
    let rows = rows_of(&capture(packets, Format::PcapNanos), dialect);
    compare(&expected, &rows, dialect, in_order).map_err(TestCaseError::fail)
}
