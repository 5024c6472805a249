//! Segments in, bytes in order out; the oracle lays all bytes on a line and reads from the start.

use proptest::prelude::*;
use weir_sdk::testing::{ACK, SYN, TestPacket, packet};

use super::*;

/// Shows the packets of one conversation; gives what A's were shown as: offset, bytes, whether behind a gap.
fn shown(packets: &[TestPacket], wanted: u64) -> Vec<(u64, Vec<u8>, bool)> {
    let mut streams = Streams::new(wanted);
    let mut runs = Vec::new();
    for (at, packet) in packets.iter().enumerate() {
        let (mut facts, window) = (packet.facts(), packet.frame());
        facts.flags |= if at == 0 { flag::STARTS_FLOW } else { 0 };
        streams.follow(&[facts], &[0], &window);
        let stream = streams.facts()[0];
        let bytes = Packet::new(&facts, &window).with_stream(&stream, streams.buffer()).stream();
        if let Some(bytes) = bytes.filter(|_| facts.side == 0) {
            runs.push((bytes.offset, bytes.bytes.to_vec(), bytes.follows_gap));
        }
    }
    runs
}

fn syn() -> TestPacket {
    packet().tcp(2000, 443).tcp_flags(SYN).sequence(99)
}

fn data(sequence: u32, bytes: &str) -> TestPacket {
    packet().tcp(2000, 443).tcp_flags(ACK).sequence(sequence).payload(bytes.as_bytes())
}

fn check(packets: &[TestPacket], expected: &[(u64, &str, bool)]) {
    let runs = shown(packets, u64::MAX);
    let runs: Vec<_> =
        runs.iter().map(|(at, bytes, gap)| (*at, std::str::from_utf8(bytes).unwrap(), *gap)).collect();
    assert_eq!(runs, expected);
}

#[test]
fn bytes_in_order_are_shown_with_each_packet() {
    check(&[syn(), data(100, "ab"), data(102, "cd")], &[(0, "ab", false), (2, "cd", false)]);
}

#[test]
fn bytes_out_of_order_wait_for_what_is_missing() {
    let packets = [syn(), data(104, "ef"), data(102, "cd"), data(100, "ab")];
    check(&packets, &[(0, "abcdef", false)]);
}

#[test]
fn bytes_sent_again_are_not_shown_again() {
    let packets = [syn(), data(100, "ab"), data(100, "ab"), data(100, "abcd"), data(101, "xyz")];
    check(&packets, &[(0, "ab", false), (2, "cd", false)]);
}

#[test]
fn of_segments_that_overlap_the_first_counts() {
    let packets = [syn(), data(103, "dEF"), data(102, "cDe"), data(100, "ab")];
    check(&packets, &[(0, "abcDeF", false)]);
}

#[test]
fn a_connection_from_before_the_capture_begins_where_it_is_met() {
    check(&[data(5000, "ab"), data(5002, "cd")], &[(0, "ab", false), (2, "cd", false)]);
}

#[test]
fn a_hole_is_given_up_when_the_receiver_has_more() {
    let answer = packet().side(weir_sdk::Side::B).tcp(443, 2000).tcp_flags(ACK).acknowledgment(106);
    let packets = [syn(), data(100, "ab"), data(104, "ef"), answer, data(106, "gh")];
    check(&packets, &[(0, "ab", false), (4, "efgh", true)]);
}

#[test]
fn a_hole_is_given_up_when_too_much_waits() {
    let mut packets = vec![syn(), data(100, "ab")];
    packets.extend((0..70).map(|at| data(200 + at, "x")));
    let runs = shown(&packets, u64::MAX);
    assert_eq!(runs[1].0, 100);
    assert!(runs[1].2 && runs[1].1.len() == MOST_SEGMENTS + 1);
}

#[test]
fn numbers_wrap_around() {
    let begin = syn().sequence(u32::MAX - 2);
    let packets = [begin, data(1, "de"), data(u32::MAX - 1, "abc")];
    check(&packets, &[(0, "abcde", false)]);
}

#[test]
fn bytes_that_were_not_captured_leave_a_gap() {
    let cut = data(100, "abcdef").captured(14 + 40 + 2);
    check(&[syn(), cut, data(106, "gh")], &[(0, "ab", false), (6, "gh", true)]);
}

#[test]
fn a_new_connection_with_the_same_ports_follows_a_gap() {
    let packets = [syn(), data(100, "ab"), syn().sequence(7_000_000), data(7_000_001, "xy")];
    check(&packets, &[(0, "ab", false), (2, "xy", true)]);
}

#[test]
fn a_second_answer_with_another_number_opens_nothing() {
    let answer = |number| syn().tcp_flags(SYN | ACK).sequence(number);
    let packets = [answer(99), answer(5_000), data(100, "ab")];
    check(&packets, &[(0, "ab", false)]);
    let asked_again = packet().side(weir_sdk::Side::B).tcp(443, 2000).tcp_flags(SYN);
    let asked = [asked_again.clone().sequence(1), asked_again.sequence(9_000)];
    let [first, second] = asked;
    let packets = [first, answer(99), data(100, "ab"), second, answer(5_000), data(5_001, "xy")];
    check(&packets, &[(0, "ab", false), (2, "xy", true)]);
}

#[test]
fn a_packet_without_payload_may_bring_what_had_waited() {
    let answer = packet().side(weir_sdk::Side::B).tcp(443, 2000).tcp_flags(ACK).acknowledgment(106);
    let packets = [syn(), data(100, "ab"), data(104, "ef"), answer, data(106, "")];
    check(&packets, &[(0, "ab", false), (4, "ef", true)]);
}

#[test]
fn no_more_is_shown_than_is_wanted() {
    let packets = [syn(), data(100, "ab"), data(102, "cd"), data(104, "ef")];
    let runs: Vec<_> = shown(&packets, 3).into_iter().map(|(at, bytes, _)| (at, bytes)).collect();
    assert_eq!(runs, [(0, b"ab".to_vec()), (2, b"c".to_vec())]);
}

proptest! {
    /// Nothing is lost, so the runs together are the stream, whatever the order of the segments.
    #[test]
    fn runs_together_are_the_stream(
        cuts in prop::collection::vec(1usize..200, 1..40),
        order in any::<u64>(),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        begin in any::<u32>(),
    ) {
        let stream: Vec<u8> = (0..cuts.iter().sum::<usize>()).map(|at| (at * 7 % 251) as u8).collect();
        let mut at = 0;
        let mut segments: Vec<(usize, usize)> = cuts.iter().map(|&len| { at += len; (at - len, at) }).collect();
        segments.extend(repeats.iter().map(|index| {
            let from = index.index(stream.len());
            (from, (from + 150).min(stream.len()))
        }));
        let key = |segment: &(usize, usize)| (segment.0 as u64 ^ order).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        segments.sort_by_key(key);
        let number = |at: usize| begin.wrapping_add(1).wrapping_add(at as u32);
        let mut packets = vec![syn().sequence(begin)];
        packets.extend(segments.iter().map(|&(from, to)| {
            packet().tcp(2000, 443).tcp_flags(ACK).sequence(number(from)).payload(&stream[from..to])
        }));
        let mut found = Vec::new();
        for (offset, bytes, follows_gap) in shown(&packets, u64::MAX) {
            prop_assert!(!follows_gap);
            prop_assert_eq!(offset, found.len() as u64);
            found.extend(bytes);
        }
        prop_assert_eq!(found, stream);
    }
}
