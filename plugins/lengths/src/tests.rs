//! Packets in, rows out; and a slow oracle that keeps every packet.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use weir_sdk::testing::{ACK, SYN, TestPacket, check_columns, flow, packet, row_of, rows_of};

fn segment(side: Side, sequence: u32, len: u16) -> TestPacket {
    packet().side(side).tcp_flags(ACK).sequence(sequence).payload_len(len)
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Lengths>();
}

#[test]
fn a_flow_of_few_packets_takes_two_cache_lines() {
    assert_eq!((size_of::<Flow>(), size_of::<Sequence>()), (96, 16));
}

#[test]
fn both_directions_make_one_sequence_of_lengths() {
    let lens = [(Side::A, 100), (Side::A, 200), (Side::B, 1400), (Side::B, 1600), (Side::A, 0)];
    let row = row_of::<Lengths>(lens.map(|(side, len)| packet().side(side).payload_len(len)));
    assert_eq!((row.lengths_packets_out, row.lengths_packets_in), (2, 2));
    assert_eq!((row.lengths_bytes_out, row.lengths_bytes_in), (300, 3000));
    assert_eq!((row.lengths_min, row.lengths_max, row.lengths_mean), (Some(100), Some(1600), Some(825.0)));
    // numpy.percentile([100, 200, 1400, 1600], [25, 50, 75]) and numpy.std of the same.
    assert_eq!(row.lengths_p25, Some(175.0));
    assert_eq!(row.lengths_p50, Some(800.0));
    assert_eq!(row.lengths_p75, Some(1450.0));
    let deviation = row.lengths_std.expect("there are packets");
    assert!((deviation - 679.613_5).abs() < 0.001, "{deviation}");
    assert_eq!(row.lengths_bins, [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(row.lengths_beyond_bins, 1);
}

#[test]
fn retransmissions_and_segments_without_new_bytes_are_left_out() {
    let row = row_of::<Lengths>([
        segment(Side::A, 1000, 100),
        segment(Side::A, 1000, 100),
        segment(Side::A, 1099, 1),
        segment(Side::A, 1050, 100),
        segment(Side::B, 1000, 100),
    ]);
    assert_eq!((row.lengths_packets_out, row.lengths_packets_in, row.lengths_retransmissions), (2, 1, 2));
}

#[test]
fn sequence_numbers_go_on_behind_the_largest() {
    let row = row_of::<Lengths>([segment(Side::A, u32::MAX - 9, 20), segment(Side::A, 10, 5)]);
    assert_eq!((row.lengths_packets_out, row.lengths_retransmissions), (2, 0));
}

#[test]
fn a_new_syn_begins_new_numbers_and_a_repeated_one_does_not() {
    let syn = |number| packet().tcp_flags(SYN).sequence(number);
    let after = |number| {
        let packets =
            [syn(900), segment(Side::A, 901, 50), syn(number), segment(Side::A, number.wrapping_add(1), 50)];
        row_of::<Lengths>(packets).lengths_packets_out
    };
    assert_eq!(after(100), 2);
    assert_eq!(after(900), 1);
}

#[test]
fn a_flow_without_payload_counts_nothing_and_has_no_lengths() {
    let row = row_of::<Lengths>([packet()]);
    assert_eq!((row.lengths_packets_out, row.lengths_min, row.lengths_p50), (0, None, None));
    assert_eq!(row.lengths_bins, [0; 15]);
}

#[test]
fn a_direction_without_opposite_is_out() {
    let rows = rows_of::<Lengths>([packet().side(Side::B).payload_len(7)]);
    assert_eq!((rows[0].lengths_packets_out, rows[0].lengths_packets_in), (1, 0));
}

#[test]
fn bins_are_as_the_options_say() {
    let lens = [5, 10, 29, 30];
    let row = flow::<Lengths>().option("bin_width", "10").option("bins", "3");
    let row = row.row(lens.map(|len| packet().payload_len(len)));
    assert_eq!((row.lengths_bins, row.lengths_beyond_bins), (vec![1, 1, 2], 1));
    let refused = |bin_width, bins| Lengths::open(LengthOptions { bin_width, bins }).err();
    assert!(refused(0, 15).is_some() && refused(100, 0).is_some() && refused(u32::MAX, u32::MAX).is_some());
    assert_eq!(refused(1, 65_535), None);
}

#[test]
fn joined_segments_keep_their_length() {
    let long = packet().change(|facts| facts.payload_len = 200_000);
    let row = row_of::<Lengths>([long]);
    assert_eq!(
        (row.lengths_max, row.lengths_mean, row.lengths_p50),
        (Some(200_000), Some(2e5), Some(65_535.0))
    );
    assert_eq!(row.lengths_beyond_bins, 1);
}

#[test]
fn a_long_flow_is_counted_exactly_and_takes_no_more_than_its_lengths_that_differ() {
    let lens = || (0..100_000_u32).map(|at| at * 7 % 1000);
    let mut distribution = Distribution::default();
    lens().for_each(|len| distribution.add(len));
    let ordered = distribution.ordered();
    assert_eq!((ordered.min(), ordered.max(), ordered.mean()), (Some(0), Some(999), Some(499.5)));
    assert_eq!(ordered.quartiles(), [Some(249.75), Some(499.5), Some(749.25)]);
    assert_eq!(
        (ordered.bins(100, 5), ordered.count_from(500)),
        (vec![10_000, 10_000, 10_000, 10_000, 60_000], 50_000)
    );
    let Distribution::Many(counts) = distribution else { panic!("these are not few") };
    assert!(counts.kept() <= 1000 + 2 * 1024, "{}", counts.kept());
}

#[test]
fn lengths_beyond_16_bits_are_summed_as_they_are() {
    let of = |lens: [u32; 4]| {
        let mut distribution = Distribution::default();
        lens.repeat(10).into_iter().for_each(|len| distribution.add(len));
        let ordered = distribution.ordered();
        (ordered.min(), ordered.max(), ordered.mean(), ordered.population_deviation())
    };
    let mixed = of([65_535, 65_535, 70_000, 70_000]);
    assert_eq!(mixed, (Some(65_535), Some(70_000), Some(67_767.5), Some(2_232.5)));
    let longer = of([65_536, 65_536, 70_000, 70_000]);
    assert_eq!(longer, (Some(65_536), Some(70_000), Some(67_768.0), Some(2_232.0)));
}

/// A percentile of sorted numbers by the words of rule R-7.
fn r7(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (sorted.len().checked_sub(1)?) as f64 * share;
    let next = sorted.get(place as usize + 1).unwrap_or(&0.0);
    let here = sorted[place as usize];
    Some(here + place.fract() * (next - here))
}

/// Segments of an oracle that asks of each byte's number whether it was seen: (side, offset, length).
fn kept(segments: &[(bool, u32, u16)]) -> Vec<(bool, u16)> {
    let mut ends = [0_u64; 2];
    let mut kept = Vec::new();
    for &(side, offset, len) in segments {
        let end = u64::from(offset) + u64::from(len);
        if len > 0 && end > ends[usize::from(side)] {
            ends[usize::from(side)] = end;
            kept.push((side, len));
        }
    }
    kept
}

fn check_close(value: Option<f64>, expected: Option<f64>) -> Result<(), TestCaseError> {
    prop_assert_eq!(value.is_some(), expected.is_some());
    let (found, wanted) = (value.unwrap_or_default(), expected.unwrap_or_default());
    prop_assert!((found - wanted).abs() <= wanted.abs() * 1e-9 + 1e-9, "{} is not {}", found, wanted);
    Ok(())
}

proptest! {
    #[test]
    fn an_oracle_that_keeps_every_packet_says_the_same(
        segments in vec((any::<bool>(), 0_u32..3000, 0_u16..1700), 1..700),
        start in any::<u32>(),
    ) {
        let of = |&(side, offset, len): &(bool, u32, u16)| {
            segment(Side::from_bit(side.into()), start.wrapping_add(offset), len)
        };
        // A packet of each side first, so that A is A.
        let openings = [segment(Side::A, start, 0), segment(Side::B, start, 0)];
        let row = row_of::<Lengths>(openings.into_iter().chain(segments.iter().map(of)));

        let kept = kept(&segments);
        let sent = |side: bool| kept.iter().filter(move |one| one.0 == side).map(|one| u64::from(one.1));
        prop_assert_eq!(row.lengths_packets_out, sent(false).count() as u64);
        prop_assert_eq!(row.lengths_packets_in, sent(true).count() as u64);
        prop_assert_eq!(row.lengths_bytes_out, sent(false).sum::<u64>());
        prop_assert_eq!(row.lengths_bytes_in, sent(true).sum::<u64>());
        let with_payload = segments.iter().filter(|one| one.2 > 0).count();
        prop_assert_eq!(row.lengths_retransmissions, (with_payload - kept.len()) as u64);

        let mut lens: Vec<f64> = kept.iter().map(|one| f64::from(one.1)).collect();
        lens.sort_by(f64::total_cmp);
        let mean = (!lens.is_empty()).then(|| lens.iter().sum::<f64>() / lens.len() as f64);
        let variance = mean.map(|mean| lens.iter().map(|len| (len - mean).powi(2)).sum::<f64>() / lens.len() as f64);
        check_close(row.lengths_mean, mean)?;
        check_close(row.lengths_std, variance.map(f64::sqrt))?;
        check_close(row.lengths_p25, r7(&lens, 0.25))?;
        check_close(row.lengths_p50, r7(&lens, 0.5))?;
        check_close(row.lengths_p75, r7(&lens, 0.75))?;
        check_close(row.lengths_min.map(f64::from), lens.first().copied())?;
        check_close(row.lengths_max.map(f64::from), lens.last().copied())?;
        for (bin, &count) in row.lengths_bins.iter().enumerate() {
            let last = bin == 14;
            let inside = |len: &&f64| **len >= bin as f64 * 100.0 && (last || **len < (bin + 1) as f64 * 100.0);
            prop_assert_eq!(count, lens.iter().filter(inside).count() as u64);
        }
        prop_assert_eq!(row.lengths_beyond_bins, lens.iter().filter(|len| **len >= 1500.0).count() as u64);
    }

    #[test]
    fn random_bytes_are_taken_as_they_come(frames in vec(vec(any::<u8>(), 0..90), 1..20), captured in 0_u32..90) {
        let packets = frames.into_iter().map(|frame| packet().tcp_flags(ACK).payload_len(9).bytes(frame));
        let rows = rows_of::<Lengths>(packets.map(|packet| packet.captured(captured)));
        prop_assert!(rows[0].lengths_packets_out > 0);
    }
}
