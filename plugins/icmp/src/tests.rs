//! Packets in, rows out; the vectors are those of the column specification.

use super::*;
use weir_sdk::Side;
use weir_sdk::testing::{TestPacket, check_columns, flow, packet, row_of, rows_of};

fn ping(sequence: u8) -> TestPacket {
    packet().icmp(8, 0, [0x12, 0x34, 0, sequence])
}

fn pong(sequence: u8) -> TestPacket {
    packet().side(Side::B).icmp(0, 0, [0x12, 0x34, 0, sequence])
}

fn unreachable(code: u8) -> TestPacket {
    packet().side(Side::B).icmp(3, code, [0; 4])
}

fn over_v6(packet: TestPacket) -> TestPacket {
    packet.ips("2001:db8::1", "2001:db8::2")
}

fn status(packets: impl IntoIterator<Item = TestPacket>) -> u8 {
    row_of::<Icmp>(packets).icmp_status.expect("a flow of ICMP")
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Icmp>();
}

#[test]
fn state_of_a_direction_is_a_box() {
    assert_eq!(size_of::<Direction>(), 8);
    assert!(size_of::<Messages>() <= 88, "{} bytes", size_of::<Messages>());
}

#[test]
fn an_unreachable_and_an_echo_with_its_reply_give_the_values_of_the_reference() {
    let rows = rows_of::<Icmp>([ping(1), unreachable(3), pong(1)]);
    let [a, b] = [&rows[0], &rows[1]];
    assert_eq!((a.icmp_status, a.icmp_echo_success_ratio), (Some(0x01), Some(1.0)));
    assert_eq!((b.icmp_status, b.icmp_message_count), (Some(0x21), Some(2)));
    assert_eq!((b.icmp_types_high, b.icmp_types_low, b.icmp_codes), (Some(0), Some(9), Some(9)));
}

#[test]
fn an_unreachable_numbers_the_first_echo_as_its_own_bytes_say() {
    let rows = rows_of::<Icmp>([ping(0), unreachable(3), pong(0)]);
    assert_eq!((rows[0].icmp_status, rows[1].icmp_status), (Some(0x01), Some(0x01)));
}

#[test]
fn other_flows_have_no_values() {
    let row = row_of::<Icmp>([packet()]);
    assert_eq!((row.icmp_status, row.icmp_message_count, row.icmp_types_low), (None, None, None));
    assert_eq!((row.icmp_echo_success_ratio, row.icmp_quoted_src_ip), (None, None));
}

#[test]
fn later_fragments_alone_make_a_flow_of_icmp_without_messages() {
    let fragment = || packet().protocol(1).fragment(185, false).payload([8; 32]);
    let row = row_of::<Icmp>([fragment()]);
    assert_eq!((row.icmp_status, row.icmp_message_count, row.icmp_types_low), (Some(0x01), Some(0), Some(0)));
    assert_eq!(status([fragment(), ping(1)]), 0x01);
    assert_eq!(status([fragment(), ping(0)]), 0x21);
}

#[test]
fn sequence_numbers_count_on_and_a_repetition_breaks_them() {
    assert_eq!(status([ping(7), ping(8), ping(9)]), 0x01);
    assert_eq!(status([ping(7), ping(7)]), 0x21);
    let wrapping = |bytes: [u8; 2]| packet().icmp(8, 0, [0, 0, bytes[0], bytes[1]]);
    assert_eq!(status([wrapping([0xff, 0xff]), wrapping([0, 0])]), 0x01);
}

#[test]
fn types_of_ipv4_from_32_on_stand_in_the_high_word() {
    let row = row_of::<Icmp>([packet().icmp(42, 20, [0; 4]), packet().icmp(31, 15, [0; 4])]);
    assert_eq!((row.icmp_types_high, row.icmp_types_low), (Some(1 << 10), Some(1 << 31)));
    assert_eq!(row.icmp_codes, Some(1 << 15));
}

#[test]
fn types_of_ipv6_stand_by_their_range() {
    let message = |kind| over_v6(packet().icmp(kind, 0, [0; 4]));
    let row = row_of::<Icmp>([message(1), message(127), message(135), message(159), message(160)]);
    assert_eq!((row.icmp_types_high, row.icmp_types_low), (Some(1 << 7 | 1 << 31), Some(1 << 1)));
    assert_eq!(row.icmp_message_count, Some(5));
}

#[test]
fn messages_are_counted_modulo_256() {
    assert_eq!(row_of::<Icmp>((0..258).map(|number| ping(number as u8))).icmp_message_count, Some(2));
}

#[test]
fn the_last_timestamp_is_kept_in_network_order() {
    let row =
        row_of::<Icmp>([packet().icmp(13, 0, [0x12, 0x34, 0, 4]), packet().icmp(13, 0, [0x12, 0x34, 0, 5])]);
    assert_eq!(row.icmp_timestamp_id_sequence, Some(0x1234_0005));
    assert_eq!(row_of::<Icmp>([over_v6(packet().icmp(13, 0, [1; 4]))]).icmp_timestamp_id_sequence, None);
}

#[test]
fn echoes_succeed_as_often_as_they_are_answered() {
    let ratios = |packets: Vec<TestPacket>| -> Vec<Option<f32>> {
        rows_of::<Icmp>(packets).iter().map(|row| row.icmp_echo_success_ratio).collect()
    };
    assert_eq!(ratios(vec![ping(1), ping(2), pong(2)]), [Some(0.5), None]);
    assert_eq!(ratios(vec![ping(1)]), [Some(0.0)]);
    assert_eq!(ratios(vec![packet().icmp(13, 0, [0; 4]), pong(1), pong(2)]), [Some(-2.0), None]);
    let v6 = |kind, side| over_v6(packet().icmp(kind, 0, [0; 4])).side(side);
    let reply = v6(129, Side::B).ips("2001:db8::2", "2001:db8::1");
    assert_eq!(ratios(vec![v6(128, Side::A), reply]), [Some(1.0), None]);
}

#[test]
fn covert_channels_leave_their_marks() {
    let data = |text: &str, at: usize| [vec![b'.'; at], text.into()].concat();
    assert_eq!(status([ping(1).payload(data("WANG2", 6))]), 0x11);
    assert_eq!(status([ping(1).payload(data("WANG2", 7))]), 0x01);
    assert_eq!(status([pong(1).payload(data("WANG2", 6))]), 0x01);
    assert_eq!(status([pong(1).payload(data("SSH-2.0-OpenSSH_9", 40))]), 0x81);
    assert_eq!(status([ping(1).payload(data("OpenSSH", 39))]), 0x01);
    assert_eq!(status([ping(1).payload(data("OpenSSH", 60)).captured(70)]), 0x01);
}

#[test]
fn loki_repeats_its_number_in_every_echo() {
    let loki = || packet().icmp(0, 0, [0, 0, 0x01, 0xf0]);
    assert_eq!(status([loki()]), 0x41);
    assert_eq!(status([loki(), loki()]), 0x61);
    assert_eq!(status([loki(), packet().icmp(0, 0, [0, 0, 0x01, 0xf1])]), 0x01);
}

/// The flow that the error messages quote.
fn quotation(src_port: u16) -> Vec<u8> {
    packet().udp(src_port, 53).frame().split_off(14)
}

#[test]
fn the_flow_quoted_last_is_kept() {
    let error = |kind, port| packet().side(Side::B).icmp(kind, 0, [0; 4]).payload(quotation(port));
    let row = row_of::<Icmp>([error(3, 2000), error(11, 2001)]);
    let ip = |last| Some(Ip::V4([10, 0, 0, last]));
    assert_eq!((row.icmp_quoted_src_ip, row.icmp_quoted_dst_ip), (ip(1), ip(2)));
    assert_eq!((row.icmp_quoted_src_port, row.icmp_quoted_dst_port), (Some(2001), Some(53)));
    assert_eq!(row.icmp_quoted_l4_proto, Some(17));
}

#[test]
fn what_is_no_error_quotes_nothing() {
    assert_eq!(row_of::<Icmp>([ping(1).payload(quotation(2000))]).icmp_quoted_src_ip, None);
    let echo_like = over_v6(packet().icmp(11, 0, [0; 4])).payload(quotation(2000));
    assert_eq!(row_of::<Icmp>([echo_like]).icmp_quoted_src_ip, None);
}

#[test]
fn a_cut_message_counts_as_far_as_it_was_captured() {
    let row = row_of::<Icmp>([ping(1).captured(36)]);
    assert_eq!((row.icmp_message_count, row.icmp_types_low), (Some(1), Some(1 << 8)));
    assert_eq!(row_of::<Icmp>([ping(1).captured(35)]).icmp_message_count, Some(0));
}

#[test]
fn the_quoted_conversation_has_the_number_that_core_found() {
    let unreachable = || packet().icmp(3, 1, [0; 4]).payload(quotation(2000));
    assert_eq!(flow::<Icmp>().quoted_flow(Side::A, 7).row([unreachable()]).icmp_quoted_flow, Some(7));
    assert_eq!(row_of::<Icmp>([unreachable()]).icmp_quoted_flow, None);
}
