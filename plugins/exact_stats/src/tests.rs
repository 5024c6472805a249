//! Packets in, rows out; an oracle that keeps every packet agrees.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use weir_sdk::Side;
use weir_sdk::testing::{TestPacket, check_columns, packet, row_of, rows_of};

const SECOND: i64 = 1_000_000_000;

fn at(time: f64, len: u16) -> TestPacket {
    packet().time_s(time).payload_len(len)
}

fn assert_close(value: Option<f64>, expected: f64) {
    let value = value.expect("a value");
    assert!((value - expected).abs() <= expected.abs() * 1e-12, "{value} is not {expected}");
}

#[test]
fn columns_are_well_declared() {
    check_columns::<ExactStats>();
}

#[test]
fn state_of_a_direction_stays_small() {
    assert!(size_of::<Direction>() <= 96, "{} bytes", size_of::<Direction>());
}

/// The three packets by which the reference's estimates are known: 389.88 bytes and 1.42 s are its deviations.
#[test]
fn three_packets_give_the_values_of_the_textbook() {
    let row = row_of::<ExactStats>([at(0.5, 0), at(1.5, 604), at(4.25, 0)]);
    assert_close(Some(row.l7_len_exact_mean), 604.0 / 3.0);
    assert_close(row.l7_len_sample_std, 604.0 / 3.0_f64.sqrt());
    assert_eq!((row.iat_gap_min, row.iat_gap_max, row.iat_gap_mean), (Some(1.0), Some(2.75), Some(1.875)));
    assert_close(row.iat_gap_sample_std, 1.75 / 2.0_f64.sqrt());
    assert_close(row.packet_rate_after_first, 2.0 / 3.75);
    assert_close(row.byte_rate_after_first, 604.0 / 3.75);
}

#[test]
fn one_packet_has_a_mean_length_and_nothing_else() {
    let row = row_of::<ExactStats>([at(7.0, 100)]);
    let expected = Row {
        l7_len_exact_mean: 100.0,
        l7_len_sample_std: None,
        iat_gap_min: None,
        iat_gap_max: None,
        iat_gap_mean: None,
        iat_gap_sample_std: None,
        packet_rate_after_first: None,
        byte_rate_after_first: None,
        tcp_rtt_handshake: None,
        tcp_rtt_sample_count: None,
        tcp_rtt_sample_min: None,
        tcp_rtt_sample_max: None,
        tcp_rtt_sample_mean: None,
        tcp_rtt_sample_std: None,
    };
    assert_eq!(row, expected);
}

#[test]
fn one_gap_has_a_mean_and_no_deviation() {
    let row = row_of::<ExactStats>([at(7.0, 100), at(7.5, 300)]);
    assert_eq!((row.iat_gap_min, row.iat_gap_max, row.iat_gap_mean), (Some(0.5), Some(0.5), Some(0.5)));
    assert_eq!(row.iat_gap_sample_std, None);
    assert_close(row.l7_len_sample_std, 20_000.0_f64.sqrt());
}

#[test]
fn the_first_packet_counts_for_no_rate() {
    let row = row_of::<ExactStats>([at(0.0, 1000), at(1.0, 10), at(2.0, 30)]);
    assert_eq!((row.packet_rate_after_first, row.byte_rate_after_first), (Some(1.0), Some(20.0)));
}

#[test]
fn packets_at_one_instant_have_gaps_of_0_and_no_rate() {
    let row = row_of::<ExactStats>([at(7.0, 1), at(7.0, 1), at(7.0, 1)]);
    assert_eq!((row.iat_gap_min, row.iat_gap_max, row.iat_gap_mean), (Some(0.0), Some(0.0), Some(0.0)));
    assert_eq!((row.iat_gap_sample_std, row.l7_len_sample_std), (Some(0.0), Some(0.0)));
    assert_eq!((row.packet_rate_after_first, row.byte_rate_after_first), (None, None));
}

#[test]
fn a_step_back_in_time_is_a_negative_gap() {
    let row = row_of::<ExactStats>([at(100.5, 1), at(99.5, 1), at(100.0, 1)]);
    assert_eq!((row.iat_gap_min, row.iat_gap_max, row.iat_gap_mean), (Some(-1.0), Some(0.5), Some(-0.25)));
    assert_close(row.iat_gap_sample_std, 1.125_f64.sqrt());
    assert_eq!((row.packet_rate_after_first, row.byte_rate_after_first), (None, None));
}

#[test]
fn gaps_are_those_of_the_own_direction() {
    let rows = rows_of::<ExactStats>([at(0.0, 5), at(1.0, 7).side(Side::B), at(4.0, 5)]);
    assert_eq!((rows[0].iat_gap_mean, rows[1].iat_gap_mean), (Some(4.0), None));
    assert_eq!((rows[0].l7_len_exact_mean, rows[1].l7_len_exact_mean), (5.0, 7.0));
}

#[test]
fn a_nanosecond_is_seen_beside_a_year() {
    let year = 365 * 86_400 * SECOND;
    let row = row_of::<ExactStats>([0, year, 2 * year + 1].map(|time| packet().time_ns(time)));
    assert_close(row.iat_gap_sample_std, 0.5_f64.sqrt() / 1e9);
}

#[test]
fn times_that_lie_centuries_apart_end_no_run() {
    let times = [i64::MIN, i64::MAX, i64::MIN, i64::MAX];
    let row = row_of::<ExactStats>(times.map(|time| packet().time_ns(time)));
    assert_eq!(row.iat_gap_sample_std, None);
    assert_close(row.iat_gap_mean, 2.0_f64.powi(64) / 3.0 / 1e9);
}

#[test]
fn joined_segments_count_in_full() {
    let joined = packet().change(|facts| facts.payload_len = u32::MAX);
    let row = row_of::<ExactStats>([joined.clone(), joined.clone(), joined]);
    assert_eq!((row.l7_len_exact_mean, row.l7_len_sample_std), (f64::from(u32::MAX), Some(0.0)));
}

#[test]
fn a_cut_capture_changes_nothing() {
    let whole = row_of::<ExactStats>([at(0.0, 500), at(1.0, 900)]);
    let cut = row_of::<ExactStats>([at(0.0, 500).captured(64), at(1.0, 900).captured(64)]);
    assert_eq!(whole, cut);
}

/// Mean and sample deviation in two passes over numbers kept: the textbook's formulas, with distances times
/// the count, so that they are whole numbers.
fn two_passes(numbers: &[i128]) -> (Option<f64>, Option<f64>) {
    let count = numbers.len() as i128;
    let sum: i128 = numbers.iter().sum();
    let distance = |number: &i128| (number * count - sum) as f64 / count as f64;
    let squares: f64 = numbers.iter().map(|number| distance(number).powi(2)).sum();
    let mean = (count > 0).then(|| sum as f64 / count as f64);
    (mean, (count > 1).then(|| (squares / (count - 1) as f64).sqrt()))
}

fn check_close(value: Option<f64>, expected: Option<f64>) -> Result<(), TestCaseError> {
    let (found, wanted) = (value.unwrap_or_default(), expected.unwrap_or_default());
    prop_assert_eq!(value.is_some(), expected.is_some());
    prop_assert!((found - wanted).abs() <= wanted.abs() * 1e-12, "{} is not {}", found, wanted);
    Ok(())
}

/// Times as captures have them, with steps back, and times that only an enemy writes.
fn times() -> impl Strategy<Value = Vec<i64>> {
    let start = 1_700_000_000 * SECOND;
    let near = (start - SECOND)..(start + 600 * SECOND);
    let far = -(1_i64 << 61)..(1_i64 << 61);
    prop_oneof![vec(near, 1..40), vec(far, 1..8)]
}

proptest! {
    #[test]
    fn two_passes_over_kept_packets_give_the_same(times in times(), lens in vec(0..65_000_u16, 40)) {
        let packets = times.iter().zip(&lens).map(|(&time, &len)| packet().time_ns(time).payload_len(len));
        let row = row_of::<ExactStats>(packets);
        let lens: Vec<i128> = lens[..times.len()].iter().map(|&len| len.into()).collect();
        let gaps: Vec<i128> = times.windows(2).map(|two| i128::from(two[1]) - i128::from(two[0])).collect();
        let in_seconds = |nanoseconds: f64| nanoseconds / 1e9;

        let (mean, deviation) = two_passes(&lens);
        check_close(Some(row.l7_len_exact_mean), mean)?;
        check_close(row.l7_len_sample_std, deviation)?;
        let (mean, deviation) = two_passes(&gaps);
        check_close(row.iat_gap_mean, mean.map(in_seconds))?;
        check_close(row.iat_gap_sample_std, deviation.map(in_seconds))?;
        check_close(row.iat_gap_min, gaps.iter().min().map(|&gap| in_seconds(gap as f64)))?;
        check_close(row.iat_gap_max, gaps.iter().max().map(|&gap| in_seconds(gap as f64)))?;

        let duration = in_seconds(gaps.iter().sum::<i128>() as f64);
        let rate = |count: i128| (duration > 0.0).then(|| count as f64 / duration);
        check_close(row.packet_rate_after_first, rate(gaps.len() as i128))?;
        check_close(row.byte_rate_after_first, rate(lens[1..].iter().sum()))?;
    }
}
