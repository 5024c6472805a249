//! Packets in, rows out; the vectors are those of the column specification.

use super::*;
use weir_sdk::testing::{TestPacket, check_columns, packet, row_of, rows_of};

fn assert_close(value: f32, expected: f32) {
    assert!((value - expected).abs() <= expected.abs() * 1e-5, "{value} is not {expected}");
}

fn at(time: f64, len: u16) -> TestPacket {
    packet().time_s(time).payload_len(len)
}

#[test]
fn columns_are_well_declared() {
    check_columns::<BasicStats>();
}

#[test]
fn state_of_a_direction_stays_small() {
    assert!(size_of::<Direction>() <= 72, "{} bytes", size_of::<Direction>());
}

#[test]
fn three_packets_give_the_values_of_the_reference() {
    let row = row_of::<BasicStats>([at(0.5, 0), at(1.5, 604), at(4.25, 0)]);
    assert_eq!((row.packets_sent, row.l7_bytes_sent), (3, 604));
    assert_eq!((row.l7_len_min, row.l7_len_max), (0, 604));
    assert_close(row.l7_len_mean, 201.3333);
    assert_close(row.l7_len_std, 389.8803);
    assert_eq!((row.iat_min, row.iat_max, row.iat_mean), (0.0, 2.75, 1.25));
    assert_close(row.iat_std, 1.42156);
    assert_close(row.packet_rate.unwrap(), 0.8);
    assert_close(row.byte_rate.unwrap(), 161.0667);
}

#[test]
fn one_packet_has_no_rate_and_deviates_by_nothing() {
    let row = row_of::<BasicStats>([at(7.0, 100)]);
    assert_eq!((row.packet_rate, row.byte_rate), (None, None));
    assert_eq!((row.l7_len_mean, row.l7_len_std), (100.0, 0.0));
    assert_eq!((row.iat_min, row.iat_max, row.iat_mean, row.iat_std), (0.0, 0.0, 0.0, 0.0));
}

#[test]
fn packets_at_one_instant_have_no_rate() {
    let row = row_of::<BasicStats>([at(7.0, 1), at(7.0, 1)]);
    assert_eq!((row.packet_rate, row.byte_rate), (None, None));
}

#[test]
fn a_step_back_in_time_is_a_negative_gap() {
    let row = row_of::<BasicStats>([at(100.5, 1), at(99.7, 1)]);
    assert_close(row.iat_min, -0.8);
    assert_close(row.iat_mean, -0.4);
    assert_eq!((row.iat_max, row.packet_rate), (0.0, None));
}

#[test]
fn each_direction_receives_what_the_other_sent() {
    let rows = rows_of::<BasicStats>([at(0.0, 10), at(0.1, 20), at(0.2, 60).side(Side::B)]);
    let counts =
        |row: &Row| (row.packets_sent, row.packets_received, row.l7_bytes_sent, row.l7_bytes_received);
    assert_eq!(counts(&rows[0]), (2, 1, 30, 60));
    assert_eq!(counts(&rows[1]), (1, 2, 60, 30));
    assert_close(rows[0].packet_asymmetry, 1.0 / 3.0);
    assert_close(rows[1].packet_asymmetry, -1.0 / 3.0);
    assert_eq!(
        rows.iter().map(|row| row.byte_asymmetry).collect::<Vec<_>>(),
        [Some(-1.0 / 3.0), Some(1.0 / 3.0)]
    );
}

#[test]
fn gaps_are_those_of_the_own_direction() {
    let rows = rows_of::<BasicStats>([at(0.0, 0), at(1.0, 0).side(Side::B), at(4.0, 0)]);
    assert_eq!((rows[0].iat_max, rows[1].iat_max), (4.0, 0.0));
}

#[test]
fn a_responder_alone_turns_the_sign_of_packets_but_not_of_bytes() {
    let row = row_of::<BasicStats>([at(0.0, 9).side(Side::B)]);
    assert_eq!((row.packet_asymmetry, row.byte_asymmetry), (-1.0, Some(1.0)));
    let row = row_of::<BasicStats>([at(0.0, 9)]);
    assert_eq!((row.packet_asymmetry, row.byte_asymmetry), (1.0, Some(1.0)));
}

#[test]
fn no_bytes_have_no_asymmetry() {
    assert_eq!(row_of::<BasicStats>([at(0.0, 0)]).byte_asymmetry, None);
}

#[test]
fn padding_is_summed_and_counts_for_layer_2_as_payload() {
    let row = row_of::<BasicStats>([at(0.0, 1).padded(), at(0.1, 18).padded()]);
    assert_eq!((row.padding_bytes_sent, row.l7_bytes_sent), (17, 19));
    let arp = row_of::<BasicStats>([packet().ethertype(0x0806).payload_len(28).padded()]);
    assert_eq!((arp.padding_bytes_sent, arp.l7_bytes_sent), (18, 46));
}

#[test]
fn a_cut_capture_changes_nothing() {
    let whole = row_of::<BasicStats>([at(0.0, 500), at(1.0, 900)]);
    let cut = row_of::<BasicStats>([at(0.0, 500).captured(64), at(1.0, 900).captured(64)]);
    assert_eq!(whole, cut);
}

#[test]
fn fragments_of_a_datagram_count_each() {
    let fragment = |offset, more, len| at(0.0, len).fragment(offset, more);
    let row =
        row_of::<BasicStats>([fragment(0, true, 1472), fragment(185, true, 1480), fragment(370, false, 120)]);
    assert_eq!((row.packets_sent, row.l7_bytes_sent, row.l7_len_max), (3, 3072, 1480));
}
