//! Segments in, round trips out; an oracle that keeps every segment, with numbers that never wrap, agrees.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use weir_sdk::Side::{A, B};
use weir_sdk::testing::{TestPacket, packet, rows_of};

use super::*;
use crate::{ExactStats, Row};

/// First number of A, three bytes before the numbers turn over, and that of B, in the middle.
const FIRST: [u32; 2] = [u32::MAX - 2, 0x7fff_fffe];

/// A segment of a test: positions count from the SYN of the direction, which has position 0.
#[derive(Clone, Copy, Debug)]
struct Sent {
    time_ns: i64,
    side: Side,
    position: i64,
    acknowledged: Option<i64>,
    flags: u8,
    len: u16,
    is_fragment: bool,
}

/// At this millisecond a segment without ACK.
fn bare(ms: i64, side: Side, flags: u8, position: i64, len: u16) -> Sent {
    Sent { time_ns: ms * 1_000_000, side, position, acknowledged: None, flags, len, is_fragment: false }
}

/// At this millisecond a segment that acknowledges the opposite direction up to a position.
fn with_ack(ms: i64, side: Side, flags: u8, position: i64, len: u16, acknowledged: i64) -> Sent {
    Sent { acknowledged: Some(acknowledged), ..bare(ms, side, flags, position, len) }
}

fn syn(ms: i64) -> Sent {
    bare(ms, A, SYN, 0, 0)
}

fn syn_ack(ms: i64) -> Sent {
    with_ack(ms, B, SYN, 0, 0, 1)
}

/// Payload of A from a position on.
fn data(ms: i64, position: i64, len: u16) -> Sent {
    with_ack(ms, A, 0, position, len, 1)
}

/// An acknowledgment of B without payload.
fn ack(ms: i64, acknowledged: i64) -> Sent {
    with_ack(ms, B, 0, 1, 0, acknowledged)
}

impl Sent {
    fn packet(&self) -> TestPacket {
        let number = |side: Side, position: i64| FIRST[side as usize].wrapping_add(position as u32);
        let ack = if self.acknowledged.is_some() { ACK } else { 0 };
        let sent = packet()
            .time_ns(self.time_ns)
            .side(self.side)
            .tcp_flags(self.flags | ack)
            .sequence(number(self.side, self.position))
            .acknowledgment(self.acknowledged.map_or(0, |position| number(self.side.other(), position)))
            .payload_len(self.len);
        if self.is_fragment { sent.fragment(0, true) } else { sent }
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn takes_numbers(&self) -> bool {
        self.len > 0 || self.has(SYN | FIN)
    }

    fn end(&self) -> i64 {
        self.position + i64::from(self.len) + i64::from(self.has(SYN)) + i64::from(self.has(FIN))
    }
}

fn rows(sent: &[Sent]) -> Vec<Row> {
    rows_of::<ExactStats>(sent.iter().map(Sent::packet))
}

fn ms(milliseconds: i64) -> Option<f64> {
    Some(milliseconds as f64 * 1e6 / 1e9)
}

/// Count, shortest, and longest time of A, in milliseconds.
#[track_caller]
fn check_samples(sent: &[Sent], count: u64, range: Option<(i64, i64)>) {
    let row = &rows(sent)[0];
    assert_eq!(row.tcp_rtt_sample_count, Some(count));
    let expected = (range.and_then(|(min, _)| ms(min)), range.and_then(|(_, max)| ms(max)));
    assert_eq!((row.tcp_rtt_sample_min, row.tcp_rtt_sample_max), expected);
}

#[track_caller]
fn check_handshakes(sent: &[Sent], expected: [Option<f64>; 2]) {
    let rows = rows(sent);
    assert_eq!([rows[0].tcp_rtt_handshake, rows[1].tcp_rtt_handshake], expected);
}

#[test]
fn state_of_a_conversation_is_a_pointer_and_two_small_directions() {
    assert_eq!(size_of::<RoundTrips>(), size_of::<usize>());
    assert!(size_of::<Trips>() <= 128, "{} bytes", size_of::<Trips>());
}

#[test]
fn each_part_of_the_handshake_is_a_time_of_its_sender() {
    let opening = [syn(0), syn_ack(30), with_ack(42, A, 0, 1, 0, 1)];
    check_handshakes(&opening, [ms(30), ms(12)]);
    let rows = rows(&opening);
    assert_eq!([rows[0].tcp_rtt_sample_count, rows[1].tcp_rtt_sample_count], [Some(1), Some(1)]);
    assert_eq!([rows[0].tcp_rtt_sample_mean, rows[1].tcp_rtt_sample_mean], [ms(30), ms(12)]);
    assert_eq!(rows[0].tcp_rtt_sample_std, None);
}

#[test]
fn a_repeated_syn_is_ambiguous_and_leaves_the_time_of_the_answer_alone() {
    check_handshakes(&[syn(0), syn(1000), syn_ack(1030), with_ack(1040, A, 0, 1, 0, 1)], [None, ms(10)]);
}

#[test]
fn a_repeated_syn_ack_is_ambiguous() {
    check_handshakes(&[syn(0), syn_ack(30), syn_ack(1030), with_ack(1040, A, 0, 1, 0, 1)], [ms(30), None]);
}

#[test]
fn a_syn_that_is_repeated_behind_its_answer_changes_nothing() {
    check_handshakes(&[syn(0), syn_ack(30), syn(31)], [ms(30), None]);
}

#[test]
fn without_syn_there_is_no_handshake() {
    check_handshakes(&[data(0, 1, 10), ack(20, 11)], [None, None]);
}

#[test]
fn an_ack_without_syn_ends_no_handshake_but_is_a_sample() {
    let sent = [syn(0), ack(50, 1), syn_ack(60)];
    check_handshakes(&sent, [None, None]);
    check_samples(&sent, 1, Some((50, 50)));
}

#[test]
fn a_syn_that_is_captured_behind_its_answer_has_no_time() {
    check_handshakes(&[syn_ack(30), syn(31), syn_ack(1030)], [None, None]);
}

#[test]
fn data_in_a_syn_need_not_be_acknowledged_by_the_answer() {
    let open = |ms, acknowledged| with_ack(ms, B, SYN, 0, 0, acknowledged);
    check_handshakes(&[bare(0, A, SYN, 0, 100), open(30, 1)], [ms(30), None]);
    check_samples(&[bare(0, A, SYN, 0, 100), open(30, 1)], 0, None);
    check_samples(&[bare(0, A, SYN, 0, 100), open(30, 101)], 1, Some((30, 30)));
}

#[test]
fn ports_used_again_begin_with_new_numbers() {
    let again = 1 << 30;
    let second = |ms, side, flags, acknowledged| with_ack(ms, side, flags, again, 0, acknowledged);
    let sent = [
        syn(0),
        bare(500, A, SYN, -again, 0),
        with_ack(540, B, SYN, 0, 0, 1 - again),
        bare(900, A, SYN, again, 0),
        second(920, B, SYN, again + 1),
    ];
    check_handshakes(&sent, [ms(40), None]);
    check_samples(&sent, 2, Some((20, 40)));
}

#[test]
fn one_segment_is_timed_at_a_time() {
    let sent = [data(0, 1, 10), data(1, 11, 10), data(2, 21, 10), ack(40, 11), ack(41, 31), data(50, 31, 5)];
    check_samples(&sent, 1, Some((40, 40)));
    let longer = [&sent[..], &[ack(70, 36)]].concat();
    check_samples(&longer, 2, Some((20, 40)));
}

#[test]
fn mean_and_deviation_are_those_of_the_samples() {
    let sent = [data(0, 1, 1), ack(10, 2), data(20, 2, 1), ack(40, 3), data(50, 3, 1), ack(80, 4)];
    let row = &rows(&sent)[0];
    assert_eq!((row.tcp_rtt_sample_count, row.tcp_rtt_sample_mean), (Some(3), ms(20)));
    assert_eq!(row.tcp_rtt_sample_std, ms(10));
}

#[test]
fn both_directions_are_timed_at_once() {
    let sent = [data(0, 1, 10), with_ack(20, B, 0, 1, 500, 11), with_ack(25, A, 0, 11, 0, 501)];
    let rows = rows(&sent);
    assert_eq!([rows[0].tcp_rtt_sample_mean, rows[1].tcp_rtt_sample_mean], [ms(20), ms(5)]);
}

#[test]
fn numbers_compare_where_they_turn_over() {
    // A's first number is 2^32 - 3: the second segment begins below 2^32 and ends above.
    check_samples(&[data(0, 1, 1), ack(7, 2), data(10, 2, 9), ack(12, 2), ack(19, 11)], 2, Some((7, 9)));
    check_samples(&[data(0, 1, 1), data(1, 2, 9), data(2, 1, 1), ack(9, 11)], 0, None);
}

#[test]
fn an_acknowledgment_of_a_part_or_of_what_was_before_ends_nothing() {
    check_samples(&[data(0, 1, 100), ack(5, 1), ack(6, 50), ack(7, 100), ack(30, 101)], 1, Some((30, 30)));
}

#[test]
fn acknowledgments_out_of_order_count_once() {
    let sent = [data(0, 1, 10), data(1, 11, 10), ack(30, 21), ack(31, 11), data(40, 21, 1), ack(41, 11)];
    check_samples(&sent, 1, Some((30, 30)));
}

#[test]
fn a_retransmitted_segment_gives_no_sample() {
    check_samples(&[data(0, 1, 10), data(200, 1, 10), ack(230, 11)], 0, None);
    check_samples(
        &[data(0, 1, 10), data(200, 1, 10), ack(230, 11), data(240, 11, 1), ack(250, 12)],
        1,
        Some((10, 10)),
    );
}

#[test]
fn a_retransmission_with_new_bytes_gives_no_sample() {
    check_samples(&[data(0, 1, 10), data(200, 1, 30), ack(230, 31)], 0, None);
}

#[test]
fn a_hole_before_the_timed_segment_that_is_filled_ends_its_timing() {
    // The acknowledgment of 10 ends a sample; what was sent in between is lost, what comes after is timed.
    let sent =
        [data(0, 1, 10), data(1, 11, 10), ack(30, 11), data(31, 21, 10), data(300, 11, 10), ack(330, 31)];
    check_samples(&sent, 1, Some((30, 30)));
}

#[test]
fn segments_out_of_order_cannot_be_told_from_retransmissions() {
    check_samples(&[data(0, 11, 10), data(1, 1, 10), ack(30, 21)], 0, None);
}

#[test]
fn what_was_acknowledged_before_it_was_seen_is_not_timed() {
    check_samples(&[data(0, 1, 10), ack(20, 21), data(21, 11, 10), ack(5000, 21)], 0, None);
}

#[test]
fn an_acknowledgment_of_numbers_not_seen_gives_no_sample() {
    check_samples(&[data(0, 1, 10), ack(20, 21), ack(30, 21)], 0, None);
    check_handshakes(&[syn(0), with_ack(20, B, SYN, 0, 0, 9), syn_ack(30)], [None, None]);
}

#[test]
fn an_ack_without_payload_shows_what_was_sent_before_it() {
    let sent = [syn(0), syn_ack(30), with_ack(40, A, 0, 11, 0, 1), data(50, 1, 10), ack(90, 11)];
    check_samples(&sent, 1, Some((30, 30)));
}

#[test]
fn packets_without_numbers_of_their_own_neither_begin_nor_end_a_timing() {
    let keep_alive = with_ack(10, A, 0, 10, 0, 1);
    check_samples(&[data(0, 1, 10), keep_alive, ack(30, 11)], 1, Some((30, 30)));
    check_samples(&[with_ack(0, A, 0, 1, 0, 1), ack(30, 1)], 0, None);
}

#[test]
fn a_fin_is_acknowledged_as_a_byte_is() {
    let fin = with_ack(0, A, FIN, 1, 0, 1);
    check_samples(&[fin, ack(10, 1), ack(30, 2)], 1, Some((30, 30)));
}

#[test]
fn a_reset_acknowledges_nothing_and_ends_what_is_timed() {
    let reset = |ms, side, acknowledged| with_ack(ms, side, RST, 1, 0, acknowledged);
    check_samples(&[syn(0), reset(10, B, 1)], 0, None);
    check_samples(&[data(0, 1, 10), reset(10, B, 1), ack(30, 11)], 0, None);
    check_samples(&[data(0, 1, 10), reset(10, A, 1), ack(30, 11)], 0, None);
    check_handshakes(&[syn(0), reset(10, B, 1), syn_ack(20)], [None, None]);
    let payload_of_a_reset = bare(5, A, RST, 11, 40);
    check_samples(&[payload_of_a_reset, data(10, 11, 10), ack(30, 21)], 1, Some((20, 20)));
}

#[test]
fn fragments_are_not_timed_and_their_acknowledgment_number_counts() {
    let fragment = |sent| Sent { is_fragment: true, ..sent };
    check_samples(&[fragment(data(0, 1, 8)), ack(10, 9)], 0, None);
    check_samples(&[data(0, 1, 8), fragment(ack(10, 9))], 1, Some((10, 10)));
    let later = data(0, 1, 8).packet().fragment(185, false);
    let row = rows_of::<ExactStats>([later, ack(10, 9).packet()]).swap_remove(0);
    assert_eq!(row.tcp_rtt_sample_count, Some(0));
}

#[test]
fn a_step_back_in_time_gives_no_sample() {
    check_samples(&[syn(100), syn_ack(99)], 0, None);
    check_handshakes(&[syn(100), syn_ack(99)], [None, None]);
    check_samples(&[syn(100), syn_ack(100)], 1, Some((0, 0)));
}

#[test]
fn times_centuries_apart_have_a_mean_and_no_deviation() {
    let at = |sent: Sent, time_ns| Sent { time_ns, ..sent };
    let sent = [
        at(data(0, 1, 1), i64::MIN),
        at(ack(0, 2), i64::MAX),
        at(data(0, 2, 1), i64::MIN),
        at(ack(0, 3), i64::MAX),
    ];
    let row = &rows(&sent)[0];
    assert_eq!(row.tcp_rtt_sample_mean, Some(u64::MAX as f64 / 1e9));
    assert_eq!(row.tcp_rtt_sample_std, None);
}

#[test]
fn other_protocols_and_cut_headers_have_no_values() {
    let empty = |row: &Row| {
        (row.tcp_rtt_handshake, row.tcp_rtt_sample_count, row.tcp_rtt_sample_mean) == (None, None, None)
    };
    assert!(rows_of::<ExactStats>([packet(), packet().side(B)]).iter().all(empty));
    // Ethernet and IPv4 take 34 bytes; the flags are the fourteenth of TCP.
    let cut = [syn(0), syn_ack(10)]
        .map(|sent| sent.packet().captured(34 + 13).change(|facts| facts.flags &= !flag::HAS_TCP_FLAGS));
    assert!(rows_of::<ExactStats>(cut).iter().all(empty));
    let enough = [syn(0), syn_ack(10)].map(|sent| sent.packet().captured(34 + 14));
    assert_eq!(rows_of::<ExactStats>(enough)[0].tcp_rtt_handshake, ms(10));
    let lying = [syn(0), syn_ack(10)].map(|sent| sent.packet().captured(34 + 13));
    assert!(rows_of::<ExactStats>(lying).iter().all(empty));
}

fn is_syn(one: &Sent, side: Side) -> bool {
    one.side == side && one.has(SYN) && !one.has(RST)
}

/// Whether the segment is a SYN of that side with another number than its last one, and than what is in use.
fn opens(sent: &[Sent], side: Side, at: usize) -> bool {
    let last = sent[..at].iter().rev().find(|one| is_syn(one, side));
    is_syn(&sent[at], side)
        && last.is_none_or(|last| last.position != sent[at].position)
        && shown(&sent[opening(sent, side, at)..at], side) != Some(sent[at].position + 1)
}

/// Where the connection began that the side has before a segment comes.
fn opening(sent: &[Sent], side: Side, at: usize) -> usize {
    (0..at).rev().find(|&earlier| opens(sent, side, earlier)).unwrap_or(0)
}

/// Up to which position a side has used numbers, by its own segments and by what its peer acknowledges.
fn shown(sent: &[Sent], side: Side) -> Option<i64> {
    let heard = sent.iter().filter(|one| !one.has(RST));
    heard.filter_map(|one| if one.side == side { Some(one.end()) } else { one.acknowledged }).max()
}

/// The same for what came before a segment, in the connection that the segment belongs to.
fn used_before(sent: &[Sent], side: Side, at: usize) -> Option<i64> {
    if opens(sent, side, at) { None } else { shown(&sent[opening(sent, side, at)..at], side) }
}

/// Whether a segment takes only numbers that are new.
fn is_new(sent: &[Sent], at: usize) -> bool {
    used_before(sent, sent[at].side, at).is_none_or(|used| used <= sent[at].position)
}

/// The segment that acknowledges numbers of a side up to `end`, unless something makes that ambiguous.
/// `Err` says from where on another one may be timed.
fn answer(sent: &[Sent], at: usize, end: i64, is_repetition: impl Fn(usize) -> bool) -> Result<usize, usize> {
    let side = sent[at].side;
    for later in at + 1..sent.len() {
        let one = &sent[later];
        if one.has(RST) || (one.side == side && is_repetition(later)) {
            return Err(later);
        }
        if let Some(acknowledged) = one.acknowledged.filter(|_| one.side != side) {
            let is_seen = used_before(sent, side, later).is_some_and(|used| acknowledged <= used);
            if !is_seen || acknowledged >= end {
                return if is_seen { Ok(later) } else { Err(later) };
            }
        }
    }
    Err(sent.len())
}

/// All samples of a side, in nanoseconds.
fn samples_of(sent: &[Sent], side: Side) -> Vec<i64> {
    let mut samples = Vec::new();
    let mut at = 0;
    while at < sent.len() {
        let one = &sent[at];
        let is_timed = one.side == side && one.takes_numbers() && !one.has(RST) && !one.is_fragment;
        if !is_timed || !is_new(sent, at) {
            at += 1;
            continue;
        }
        let ends =
            |later: usize| sent[later].takes_numbers() && (!is_new(sent, later) || opens(sent, side, later));
        let answered = answer(sent, at, one.end(), ends);
        samples.extend(answered.ok().map(|answer| sent[answer].time_ns - one.time_ns));
        at = answered.unwrap_or_else(|from| from);
    }
    samples.retain(|&time| time >= 0);
    samples
}

/// The first handshake of a side that gives a time, in nanoseconds.
fn handshake_of(sent: &[Sent], side: Side) -> Option<i64> {
    let is_own_syn = |at: usize| is_syn(&sent[at], side);
    (0..sent.len()).filter(|&at| is_own_syn(at) && is_new(sent, at)).find_map(|at| {
        let answer = answer(sent, at, sent[at].position + 1, is_own_syn).ok()?;
        let is_answer = sent[at].acknowledged.is_some() || sent[answer].has(SYN);
        let time = sent[answer].time_ns - sent[at].time_ns;
        (is_answer && time >= 0).then_some(time)
    })
}

/// Positions near each other, so that segments meet, and far ones, as a second connection has them.
fn positions(near: Range<i64>) -> impl Strategy<Value = i64> {
    prop_oneof![9 => near.clone(), 1 => near.prop_map(|position| position + (1 << 29))]
}

/// SYN stands at the first position of a connection; all else lies anywhere.
fn segments() -> impl Strategy<Value = Vec<Sent>> {
    let flags = prop_oneof![12 => Just(0), 3 => Just(SYN), 2 => Just(FIN), 1 => Just(RST)];
    let len = prop_oneof![Just(0), 1..6_u16];
    let acknowledged = prop::option::weighted(0.8, positions(0..14));
    let parts = (0..50_i64, any::<bool>(), flags, positions(1..12), len, acknowledged, 0..20);
    let segment = parts.prop_map(|(time_ns, is_a, flags, position, len, acknowledged, kind)| {
        let position = if flags == SYN { position >> 29 << 29 } else { position };
        let side = if is_a { A } else { B };
        Sent { time_ns, side, position, acknowledged, flags, len, is_fragment: kind == 0 }
    });
    // Time goes on with each segment, seldom back.
    vec(segment, 1..40).prop_map(|mut sent| {
        let mut clock = 0;
        for one in &mut sent {
            clock += one.time_ns - 2;
            one.time_ns = clock;
        }
        sent
    })
}

fn close(value: Option<f64>, nanoseconds: Option<f64>) -> bool {
    match (value, nanoseconds) {
        (Some(value), Some(wanted)) => (value - wanted / 1e9).abs() <= wanted.abs() / 1e9 * 1e-9,
        (value, wanted) => value.is_none() && wanted.is_none(),
    }
}

fn check_side(row: &Row, sent: &[Sent], side: Side) -> Result<(), TestCaseError> {
    let samples = samples_of(sent, side);
    let count = samples.len() as f64;
    let mean = (count > 0.0).then(|| samples.iter().sum::<i64>() as f64 / count);
    let squares = |mean: f64| samples.iter().map(|&one| (one as f64 - mean).powi(2)).sum::<f64>();
    let deviation = mean.filter(|_| count > 1.0).map(|mean| (squares(mean) / (count - 1.0)).sqrt());
    let as_float = |time: &i64| *time as f64;
    prop_assert_eq!(row.tcp_rtt_sample_count, Some(samples.len() as u64));
    prop_assert!(close(row.tcp_rtt_sample_min, samples.iter().min().map(as_float)));
    prop_assert!(close(row.tcp_rtt_sample_max, samples.iter().max().map(as_float)));
    prop_assert!(close(row.tcp_rtt_sample_mean, mean));
    prop_assert!(close(row.tcp_rtt_sample_std, deviation));
    prop_assert!(close(row.tcp_rtt_handshake, handshake_of(sent, side).as_ref().map(as_float)));
    Ok(())
}

proptest! {
    #[test]
    fn an_oracle_that_keeps_all_segments_gives_the_same(sent in segments()) {
        let mut rows = rows(&sent).into_iter();
        for side in [A, B] {
            if sent.iter().any(|one| one.side == side) {
                check_side(&rows.next().expect("a side that sent has a row"), &sent, side)?;
            }
        }
    }
}
