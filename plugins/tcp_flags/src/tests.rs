//! Packets in, rows out; the vectors are those of the column specification.

use super::*;
use weir_sdk::testing::{self, ACK, PSH, TestPacket, check_columns, packet, row_of, rows_of};

const URG: u8 = 0x20;
/// MSS 1460, NOP, window scale 7.
const OPTIONS: &[u8] = &[2, 4, 5, 0xb4, 1, 3, 3, 7];

fn tcp(time: f64, side: Side, flags: u8) -> TestPacket {
    packet().time_s(time).side(side).tcp_flags(flags).window(1000)
}

/// SYN, SYN-ACK, ACK at 0, 0.1 and 0.15 seconds, numbered from 100 and 300.
fn handshake(options: &[u8]) -> Vec<TestPacket> {
    vec![
        tcp(0.0, Side::A, testing::SYN).sequence(100).tcp_options(options),
        tcp(0.1, Side::B, testing::SYN | ACK).sequence(300).acknowledgment(101).tcp_options(options),
        tcp(0.15, Side::A, ACK).sequence(101).acknowledgment(301),
    ]
}

fn after_handshake(packets: impl IntoIterator<Item = TestPacket>) -> Vec<Row> {
    rows_of::<TcpFlags>(handshake(&[]).into_iter().chain(packets))
}

fn data(time: f64, sequence: u32, acknowledgment: u32, len: u16) -> TestPacket {
    tcp(time, Side::A, ACK | PSH).sequence(sequence).acknowledgment(acknowledgment).payload_len(len)
}

fn answer(time: f64, sequence: u32, acknowledgment: u32, len: u16) -> TestPacket {
    data(time, sequence, acknowledgment, len).side(Side::B)
}

fn assert_close(value: Option<f32>, expected: f32) {
    let value = value.expect("it was measured");
    assert!((value - expected).abs() <= expected.abs() * 1e-5, "{value} is not {expected}");
}

#[test]
fn columns_are_well_declared() {
    check_columns::<TcpFlags>();
}

#[test]
fn state_of_a_direction_fits_in_216_bytes() {
    assert!(size_of::<Direction>() <= 216, "{} bytes", size_of::<Direction>());
}

#[test]
fn layer_2_has_no_columns() {
    assert_eq!(row_of::<TcpFlags>([packet().ethertype(0x0806).payload_len(28)]), Row::default());
}

#[test]
fn udp_has_ip_columns_and_no_tcp_ones() {
    let row = row_of::<TcpFlags>([packet().traffic_class(0xb8), packet().hop_limit(63).time_s(1.0)]);
    assert_eq!((row.tcp_status, row.ip_flags), (Some(1), Some(0)));
    assert_eq!((row.ip_ttl_min, row.ip_ttl_max, row.ip_ttl_changes), (Some(63), Some(64), Some(1)));
    assert_eq!((row.ip_tos, row.ip_option_count, row.ip6_hop_option_count), (Some(0xb8), Some(0), None));
    assert_eq!((row.tcp_flags, row.tcp_ja4t, row.tcp_window_first, row.rtt_min), (None, None, None, None));
}

#[test]
fn identifications_have_a_smallest_and_a_largest_difference() {
    let row = row_of::<TcpFlags>(
        [(50, 1.0), (40, 2.0), (41, 3.0)].map(|(id, time)| packet().ip_id(id).time_s(time)),
    );
    assert_eq!((row.ip_id_delta_min, row.ip_id_delta_max, row.ip_flags), (Some(1), Some(1), Some(0x0004)));
    let falling =
        row_of::<TcpFlags>([(50, 1.0), (40, 2.0)].map(|(id, time)| packet().ip_id(id).time_s(time)));
    assert_eq!((falling.ip_id_delta_min, falling.ip_id_delta_max), (Some(65526), Some(0)));
    assert_eq!(row_of::<TcpFlags>([packet().ip_id(5)]).ip_id_delta_min, None);
    let ipv6 = || packet().ips("2001:db8::1", "2001:db8::2");
    assert_eq!(row_of::<TcpFlags>([ipv6(), ipv6().time_s(1.0)]).ip_id_delta_min, None);
}

fn fragment(time: f64, offset: u16, more: bool, len: u16) -> TestPacket {
    packet().time_s(time).ip_id(8).fragment(offset, more).payload_len(len)
}

#[test]
fn fragments_in_order_have_no_gap_and_no_checksum_verdict() {
    let row = row_of::<TcpFlags>([
        fragment(0.0, 0, true, 1472),
        fragment(0.1, 185, true, 1480),
        fragment(0.2, 370, false, 120),
    ]);
    assert_eq!((row.ip_flags, row.tcp_status), (Some(0x0020), Some(0x1001)));
}

#[test]
fn fragments_without_their_first_one_leave_a_gap() {
    let row = row_of::<TcpFlags>([fragment(0.0, 185, true, 1480), fragment(0.1, 370, false, 120)]);
    assert_eq!((row.ip_flags, row.tcp_status), (Some(0x0120), Some(0x0001)));
}

#[test]
fn short_and_oversized_fragments_are_noticed() {
    assert_eq!(row_of::<TcpFlags>([fragment(0.0, 0, true, 16)]).ip_flags, Some(0x0028));
    assert_eq!(row_of::<TcpFlags>([fragment(0.0, 8190, false, 800)]).ip_flags, Some(0x0110));
}

#[test]
fn fin_while_fragments_of_the_peer_are_missing_is_a_fragment_error() {
    let rows = rows_of::<TcpFlags>([
        tcp(0.0, Side::A, ACK).fragment(0, true).payload_len(64),
        tcp(0.1, Side::B, ACK | testing::FIN),
    ]);
    assert_eq!(rows[0].ip_flags.map(|flags| flags & 0x0200), Some(0x0200));
    let told = testing::flow::<TcpFlags>().end_status(Side::A, weir_sdk::status::FRAGMENT_ERROR);
    assert_eq!(told.row([packet()]).ip_flags, Some(0x0200));
}

/// A frame of a packet, with its bytes changed.
fn damaged(packet: TestPacket, damage: impl Fn(&mut Vec<u8>)) -> Row {
    let mut bytes = packet.frame();
    damage(&mut bytes);
    row_of::<TcpFlags>([packet.bytes(bytes)])
}

#[test]
fn right_checksums_are_verified_in_every_protocol_and_wrong_ones_noticed() {
    let ipv6 = |packet: TestPacket| packet.ips("2001:db8::1", "2001:db8::2");
    let packets = [
        packet().payload(*b"odd"),
        ipv6(packet().payload(*b"odd")),
        tcp(0.0, Side::A, ACK).payload(*b"even"),
        ipv6(tcp(0.0, Side::A, ACK)),
        packet().icmp(8, 0, [0, 1, 0, 2]).payload(*b"hello"),
        ipv6(packet().icmp(128, 0, [0, 1, 0, 2])),
    ];
    for packet in packets {
        let last = packet.frame().len() - 1;
        assert_eq!(damaged(packet.clone(), |_| {}).ip_flags, Some(0));
        assert_eq!(damaged(packet, |bytes| bytes[last] ^= 1).ip_flags, Some(0x0800));
    }
}

#[test]
fn a_udp_checksum_of_zero_is_unused_over_ipv4_and_wrong_over_ipv6() {
    assert_eq!(damaged(packet(), |bytes| bytes[40..42].fill(0)).ip_flags, Some(0));
    let ipv6 = packet().ips("2001:db8::1", "2001:db8::2");
    assert_eq!(damaged(ipv6, |bytes| bytes[60..62].fill(0)).ip_flags, Some(0x0800));
}

#[test]
fn a_wrong_ipv4_header_checksum_is_noticed() {
    assert_eq!(damaged(packet(), |bytes| bytes[24] ^= 1).ip_flags, Some(0x0400));
}

#[test]
fn gre_without_checksum_is_not_wrong() {
    let row = row_of::<TcpFlags>([packet().protocol(47).payload([0, 0, 0x88, 0x99])]);
    assert_eq!(row.ip_flags, Some(0));
    let wrong = row_of::<TcpFlags>([packet().protocol(47).payload([0x80, 0, 0x88, 0x99, 1, 2, 0, 0])]);
    assert_eq!(wrong.ip_flags, Some(0x0800));
}

#[test]
fn a_snapped_packet_has_no_verdict_and_no_length_error() {
    let row = row_of::<TcpFlags>([packet().payload_len(100).captured(64)]);
    assert_eq!(row.ip_flags, Some(0x1800));
}

#[test]
fn a_trailer_behind_an_ipv6_packet_is_no_udp_length_error() {
    let ipv6 = || packet().ips("2001:db8::1", "2001:db8::2").payload(*b"x");
    assert_eq!(row_of::<TcpFlags>([ipv6()]).ip_flags, Some(0));
    assert_eq!(damaged(ipv6(), |bytes| bytes.extend([0; 5])).ip_flags, Some(0));
    let longer = damaged(packet().payload(*b"xy"), |bytes| bytes[38..40].copy_from_slice(&[0, 9]));
    assert_eq!(longer.ip_flags, Some(0x2800));
}

#[test]
fn a_wrong_udp_lite_coverage_is_a_status_of_its_own() {
    let lite = |coverage: u8| {
        let row = row_of::<TcpFlags>([packet().protocol(136).payload([7, 208, 11, 184, 0, coverage, 0, 0])]);
        row.tcp_status
    };
    assert_eq!((lite(0), lite(8), lite(3), lite(9)), (Some(1), Some(1), Some(0x2001), Some(0x2001)));
}

#[test]
fn time_that_stands_still_or_steps_back_is_noticed() {
    let flags = |times: [f64; 2]| row_of::<TcpFlags>(times.map(|time| packet().time_s(time))).ip_flags;
    assert_eq!(flags([1.0, 1.0]), Some(0x4000));
    assert_eq!(flags([100.5, 99.7]), Some(0x8000));
}

#[test]
fn options_of_ipv6_headers_are_counted() {
    // Hop-by-hop header with router alert and PadN in front of UDP.
    let extension = [17, 0, 5, 2, 0, 0, 1, 0];
    let udp = packet().ips("2001:db8::1", "2001:db8::2").traffic_class(0xb8);
    let mut bytes = udp.frame();
    bytes.splice(54..54, extension);
    (bytes[19], bytes[20]) = (bytes[19] + 8, 0);
    let row = row_of::<TcpFlags>([udp.bytes(bytes).change(|facts| {
        facts.l3_len += 8;
        facts.l4_offset += 8;
        facts.payload_offset += 8;
    })]);
    assert_eq!((row.ip6_hop_option_count, row.ip6_destination_option_count), (Some(2), Some(0)));
    assert_eq!((row.ip6_hop_options, row.ip6_destination_options), (Some(0x22), Some(0)));
    assert_eq!((row.ip_tos, row.ip_flags, row.ip_option_count), (Some(0xb8), Some(0), None));
}

#[test]
fn flags_of_odd_single_packets_are_combined_and_count_as_scans() {
    use testing::{FIN, RST, SYN};
    let cases =
        [(FIN | PSH | URG, 0x8029), (0, 0x0800), (FIN, 0x0001), (SYN | FIN, 0x1003), (RST | FIN, 0x4005)];
    for (flags, expected) in cases {
        let row = row_of::<TcpFlags>([tcp(0.0, Side::A, flags)]);
        assert_eq!((row.tcp_flags, row.tcp_anomalies), (Some(expected), Some(0x1000)), "{flags:#x}");
    }
}

#[test]
fn a_short_exchange_is_a_scan_that_was_answered() {
    let rows = after_handshake([]);
    assert_eq!((rows[0].tcp_anomalies, rows[1].tcp_anomalies), (Some(0x3000), Some(0x2000)));
    assert_eq!((rows[0].tcp_flags, rows[1].tcp_flags), (Some(0x0012), Some(0x0212)));
}

#[test]
fn a_long_direction_knows_nothing_of_its_short_peer() {
    let more = (0..3).map(|n| data(0.2 + f64::from(n), 101 + 10 * n, 301, 10));
    let rows = after_handshake(more);
    assert_eq!((rows[0].tcp_anomalies, rows[1].tcp_anomalies), (Some(0), Some(0x3000)));
}

#[test]
fn a_late_second_syn_is_a_retransmission_and_an_early_one_a_scan() {
    let second = |time| row_of::<TcpFlags>([tcp(0.0, Side::A, 2), tcp(time, Side::A, 2)]).tcp_anomalies;
    assert_eq!(second(1.0), Some(0x0001));
    assert_eq!(second(0.5), Some(0x1000));
    assert_eq!(row_of::<TcpFlags>([tcp(0.0, Side::A, 2).payload_len(4)]).tcp_anomalies, Some(0x5000));
}

#[test]
fn windows_are_scaled_from_the_first_segment_behind_the_syn_ack_on() {
    let mut packets = handshake(OPTIONS);
    let windows = [1000, 900, 950, 1000, 980, 1000, 990];
    packets.truncate(2);
    packets
        .extend(windows.iter().zip(1..).map(|(&window, n)| data(f64::from(n), 101, 301, 0).window(window)));
    let row = row_of::<TcpFlags>(packets);
    assert_eq!((row.tcp_window_decreases, row.tcp_window_increases), (Some(3), Some(4)));
    assert_eq!(row.tcp_window_turns, Some(5), "up, down, up, up, down, up, down");
    assert_eq!(
        (row.tcp_window_first, row.tcp_window_min, row.tcp_window_max),
        (Some(1000), Some(1000), Some(128_000))
    );
    assert_close(row.tcp_window_mean, 115_674.3);
    assert_eq!((row.tcp_window_scale, row.tcp_ja4t.as_deref()), (Some(128), Some("1000_2-1-3_1460_7")));
    assert_eq!((row.tcp_options, row.tcp_option_count, row.tcp_mss), (Some(0x0e), Some(3), Some(1460)));
}

#[test]
fn without_an_answer_that_scales_there_is_no_scale() {
    let row = row_of::<TcpFlags>([tcp(0.0, Side::A, 2).tcp_options(OPTIONS), data(1.0, 1, 1, 0)]);
    assert_eq!((row.tcp_window_scale, row.tcp_window_max), (None, Some(1000)));
    assert_eq!(row.tcp_ja4t.as_deref(), Some("1000_2-1-3_1460_7"));
    let plain = row_of::<TcpFlags>([tcp(0.0, Side::A, ACK)]);
    assert_eq!(plain.tcp_ja4t.as_deref(), Some("1000_00_00_00"));
}

#[test]
fn a_shift_above_14_counts_as_14() {
    let syn = tcp(0.0, Side::A, testing::SYN).tcp_options(&[1, 3, 3, 31]);
    let reply = tcp(0.1, Side::B, testing::SYN | ACK).tcp_options(&[1, 3, 3, 7]);
    let rest =
        [data(0.2, 1, 1, 0), answer(0.3, 1, 1, 0), data(0.4, 1, 1, 3)].map(|packet| packet.window(500));
    let rows = rows_of::<TcpFlags>([syn, reply].into_iter().chain(rest));
    assert_eq!((rows[0].tcp_window_scale, rows[1].tcp_window_scale), (Some(16384), Some(128)));
    assert_eq!((rows[0].tcp_window_max, rows[1].tcp_window_max), (Some(500 << 14), Some(64_000)));
    assert_eq!(rows[0].tcp_ja4t.as_deref(), Some("1000_1-3_00_31"));
    assert_close(rows[1].tcp_window_mean, 19_900.0);
}

#[test]
fn corrupt_and_cut_options_are_noticed() {
    let options = |bytes: &[u8]| {
        let row = row_of::<TcpFlags>([tcp(0.0, Side::A, 2).tcp_options(bytes)]);
        (row.tcp_status.map(|status| status & 8), row.tcp_option_count, row.tcp_option_packets)
    };
    assert_eq!(options(&[1, 2, 0, 0]), (Some(8), Some(2), Some(1)));
    assert_eq!(options(&[1, 1, 1, 2]), (Some(8), Some(4), Some(1)));
    assert_eq!(options(&[0, 2, 0, 0]), (Some(0), Some(0), Some(1)));
    let cut = row_of::<TcpFlags>([tcp(0.0, Side::A, 2).tcp_options(OPTIONS).captured(60)]);
    assert_eq!((cut.tcp_status, cut.tcp_option_packets), (Some(0x19), Some(0)));
}

#[test]
fn multipath_options_tell_subtypes_flags_and_address() {
    let options = [30, 4, 0x00, 0x81, 30, 4, 0x20, 0xe5, 30, 4, 0x41, 7, 1, 30, 3, 0x51];
    let row = row_of::<TcpFlags>([tcp(0.0, Side::A, ACK).tcp_options(&options)]);
    assert_eq!((row.tcp_mptcp_types, row.tcp_mptcp_flags), (Some(0x35), Some(0x81)));
    assert_eq!((row.tcp_mptcp_address_id, row.tcp_mptcp_dss_flags), (Some(7), Some(0x05)));
    assert_eq!(row.tcp_status, Some(0x8011));
}

fn timestamp(time: f64, value: u32) -> TestPacket {
    let [a, b, c, d] = value.to_be_bytes();
    tcp(time, Side::A, ACK).tcp_options(&[1, 1, 8, 10, a, b, c, d, 0, 0, 0, 9])
}

#[test]
fn timestamps_tell_tick_uptime_and_boot_time() {
    let row = row_of::<TcpFlags>([timestamp(20_000.0, 3_193_249), timestamp(20_001.0, 3_193_499)]);
    assert_eq!((row.tcp_timestamp, row.tcp_timestamp_echo), (Some(3_193_499), Some(9)));
    assert_eq!((row.tcp_clock_tick, row.tcp_status), (Some(0.004), Some(0x13)));
    assert!((row.tcp_uptime.unwrap() - 12_773.996_607).abs() < 1e-5);
    assert!((row.tcp_boot_time.unwrap().0 - 7_227_003_393_000).abs() < 10_000);
}

#[test]
fn a_clock_that_stands_still_is_guessed_by_its_system() {
    let tick = |ttl| row_of::<TcpFlags>([timestamp(1.0, 7).hop_limit(ttl)]).tcp_clock_tick;
    assert_eq!([tick(128), tick(64), tick(33), tick(32)], [0.1, 0.004, 0.01, 0.001].map(Some));
}

#[test]
fn timestamps_compare_modulo_two_to_the_32() {
    let status = |values: [u32; 2]| {
        row_of::<TcpFlags>(values.map(|value| timestamp(f64::from(value), value))).tcp_status
    };
    assert_eq!(status([u32::MAX, 3]).map(|status| status & 4), Some(0));
    assert_eq!(status([3, 2]).map(|status| status & 4), Some(4));
}

#[test]
fn the_worked_example_of_response_times_holds() {
    let times = [(1.0, Side::A), (1.01, Side::B), (1.05, Side::A), (1.06, Side::A), (1.10, Side::B)];
    let rows = rows_of::<TcpFlags>(times.map(|(time, side)| packet().time_s(time).side(side)));
    let values = |row: &Row| [row.rtt_trip, row.rtt_min, row.rtt_max, row.rtt_mean];
    for (value, expected) in values(&rows[0]).into_iter().zip([0.01, 0.01, 0.04, 0.025]) {
        assert_close(value, expected);
    }
    for (value, expected) in values(&rows[1]).into_iter().zip([0.05, 0.04, 0.05, 0.05]) {
        assert_close(value, expected);
    }
    assert_close(rows[0].rtt_std, 0.021_213_2);
    assert_eq!(rows[1].rtt_std, Some(0.0));
    assert_close(rows[0].rtt_sum, 0.06);
    assert_close(rows[1].rtt_sum, 0.075);
    assert_eq!(rows[0].rtt_std_sum, None);
    assert_close(rows[1].rtt_std_sum, 0.021_213_2);
}

#[test]
fn the_handshake_has_a_trip_in_each_direction() {
    let rows = after_handshake([]);
    assert_close(rows[0].rtt_trip, 0.1);
    assert_close(rows[1].rtt_trip, 0.05);
    assert_close(rows[0].rtt_sum, 0.15);
}

#[test]
fn bytes_are_counted_from_segment_starts_and_acknowledgments() {
    let rows = after_handshake([
        data(1.0, 101, 301, 500),
        answer(1.1, 301, 601, 0),
        data(1.2, 601, 301, 500),
        answer(1.3, 301, 1101, 0),
        data(1.4, 1101, 301, 10),
    ]);
    let row = &rows[0];
    assert_eq!((row.tcp_sequence_first, row.tcp_sequence_bytes), (Some(100), Some(1000)));
    assert_eq!((row.tcp_in_sequence_packets, row.tcp_ack_packets), (Some(4), Some(4)));
    assert_eq!((row.tcp_bytes_in_flight_max, rows[1].tcp_acked_bytes), (Some(500), Some(1000)));
    assert_eq!((row.tcp_retransmissions, row.tcp_anomalies), (Some(0), Some(0)));
}

/// The anomalies of A behind a handshake, without those of the scan detector.
fn anomalies(packets: impl IntoIterator<Item = TestPacket>) -> u16 {
    let bits = after_handshake(packets)[0].tcp_anomalies;
    bits.expect("it is TCP") & !(anomaly::SCAN | anomaly::SCAN_ANSWERED)
}

#[test]
fn what_is_unusual_about_numbers_has_a_name() {
    let first = || data(1.0, 101, 301, 500);
    assert_eq!(anomalies([first(), data(1.1, 201, 301, 10)]), 0x0040, "out of order");
    assert_eq!(anomalies([first(), data(1.1, 701, 301, 10)]), 0x0200, "previous not captured");
    assert_eq!(anomalies([first(), data(1.1, 601, 901, 10)]), 0x0100, "acknowledges the unseen");
    assert_eq!(anomalies([first(), data(1.1, 600, 301, 1)]), 0x0010, "keep-alive");
}

#[test]
fn what_a_duplicate_acknowledgment_asks_for_is_a_fast_retransmission() {
    let lost = [data(1.0, 101, 301, 500), data(1.1, 601, 301, 500)];
    let asked = [answer(1.2, 301, 601, 0), answer(1.3, 301, 601, 0)];
    let rows = after_handshake(lost.into_iter().chain(asked).chain([data(1.4, 601, 301, 500)]));
    assert_eq!((rows[0].tcp_anomalies, rows[0].tcp_retransmissions), (Some(0x0044), Some(1)));
    assert_eq!(rows[1].tcp_anomalies.map(|bits| bits & 0x0fff), Some(0x0008));
    assert_eq!(rows[1].tcp_ack_faults, Some(1));
}

#[test]
fn sequence_numbers_wrap_around() {
    let start = u32::MAX - 99;
    let row = row_of::<TcpFlags>([data(0.0, start, 1, 200), data(0.1, 100, 1, 200), data(0.2, 300, 1, 5)]);
    assert_eq!((row.tcp_sequence_bytes, row.tcp_in_sequence_packets), (Some(400), Some(3)));
    assert_eq!(row.tcp_anomalies, Some(0));
}

#[test]
fn more_than_four_gibibytes_are_counted() {
    let step = 2_000_000_000_u32;
    let number = |n: u32| 1_u32.wrapping_add(step.wrapping_mul(n));
    let sent = (0..6).map(|n| data(f64::from(n), number(n), 9, 0));
    let row = row_of::<TcpFlags>(sent);
    assert_eq!((row.tcp_sequence_bytes, row.tcp_acked_bytes), (Some(10_000_000_000), Some(0)));
    let acknowledged = (0..4).map(|n| data(f64::from(n), 9, number(n), 0));
    let row = row_of::<TcpFlags>(acknowledged);
    assert_eq!((row.tcp_sequence_bytes, row.tcp_acked_bytes), (Some(0), Some(6_000_000_000)));
}

#[test]
fn a_zero_window_is_probed_and_the_probe_answered() {
    let rows = after_handshake([
        answer(1.0, 301, 101, 0).window(0),
        data(1.1, 101, 301, 1),
        answer(1.2, 301, 101, 0).window(0),
    ]);
    assert_eq!(rows[0].tcp_status.map(|status| status & 0x40), Some(0x40));
    assert_eq!(rows[1].tcp_status.map(|status| status & 0x180), Some(0x180));
    assert_eq!((rows[0].tcp_ack_packets, rows[1].tcp_ack_packets), (Some(1), Some(2)), "probes do not count");
    assert_eq!(rows[1].tcp_window_zero_ratio, Some(2.0 / 3.0));
}

#[test]
fn a_later_fragment_is_no_tcp_header_wherever_it_begins() {
    for cut in [256, 248] {
        let head = tcp(0.0, Side::A, ACK | PSH).sequence(1000).window(500).ip_id(7);
        let head = head.payload_len(cut - 20).fragment(0, true);
        let tail: Vec<u8> = (1..=64).collect();
        let tail = tcp(0.1, Side::A, 0).ip_id(7).payload(tail).fragment(cut / 8, false);
        let row = row_of::<TcpFlags>([head, tail]);
        assert_eq!((row.tcp_status, row.ip_flags, row.tcp_flags), (Some(0x1011), Some(0x0020), Some(0x0018)));
        assert_eq!(
            (row.tcp_window_max, row.tcp_ack_packets, row.tcp_anomalies),
            (Some(500), Some(1), Some(0))
        );
        assert_eq!(row.tcp_sequence_first, Some(1000));
    }
}

#[test]
fn a_header_that_is_cut_is_not_measured() {
    let row = row_of::<TcpFlags>([tcp(0.0, Side::A, ACK).captured(49)]);
    assert_eq!((row.tcp_flags, row.tcp_status, row.ip_flags), (None, Some(1), Some(0x1800)));
}
