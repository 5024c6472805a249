//! Packets in, rows out; and an oracle that keeps every packet.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use weir_sdk::testing::{ACK, PSH, SYN, TestPacket, check_columns, flow, packet, row_of, rows_of};

#[test]
fn columns_are_well_declared() {
    check_columns::<FirstPackets>();
}

#[test]
fn a_packet_takes_24_bytes_and_a_flow_120() {
    assert_eq!((size_of::<Listed>(), size_of::<Flow>()), (24, 120));
}

#[test]
fn packets_stand_in_their_order() {
    let row = row_of::<FirstPackets>([
        packet().time_ns(100).tcp_flags(SYN).window(65_535),
        packet().time_ns(250).side(Side::B).tcp_flags(SYN | ACK).window(29_200),
        packet().time_ns(240).tcp_flags(ACK | PSH).window(502).payload(*b"hello"),
    ]);
    assert_eq!(row.first_packets_direction, Some(vec![0, 1, 0]));
    assert_eq!(row.first_packets_payload_len, Some(vec![0, 0, 5]));
    assert_eq!(row.first_packets_ip_len, Some(vec![40, 40, 45]));
    assert_eq!(row.first_packets_start, Some(Time(100)));
    assert_eq!(row.first_packets_time, Some([0, 150, 140].map(Duration).to_vec()));
    assert_eq!(row.first_packets_iat, Some([0, 150, -10].map(Duration).to_vec()));
    assert_eq!(row.first_packets_tcp_window, Some(vec![65_535, 29_200, 502]));
    assert_eq!(row.first_packets_tcp_flags, Some(vec![0x02, 0x12, 0x18]));
}

#[test]
fn other_protocols_have_no_tcp_fields() {
    let row = row_of::<FirstPackets>([packet().payload(*b"x")]);
    assert_eq!((row.first_packets_tcp_window, row.first_packets_tcp_flags), (None, None));
    assert_eq!(row.first_packets_ip_len, Some(vec![29]));
}

#[test]
fn a_header_cut_by_the_capture_has_zeros() {
    let row = row_of::<FirstPackets>([packet().tcp_flags(ACK).window(9).captured(48)]);
    assert_eq!(row.first_packets_tcp_window, Some(vec![0]));
}

#[test]
fn a_flow_without_a_packet_to_list_has_no_lists() {
    let row = flow::<FirstPackets>().option("with_empty", "false").row([packet()]);
    assert_eq!((row.first_packets_direction, row.first_packets_iat), (None, None));
}

#[test]
fn a_direction_without_opposite_is_that_of_a() {
    let rows = rows_of::<FirstPackets>([packet().side(Side::B)]);
    assert_eq!(rows[0].first_packets_direction, Some(vec![0]));
}

#[test]
fn count_0_lists_all() {
    let packets = || (0..50).map(|_| packet());
    let listed = |count| {
        let row = flow::<FirstPackets>().option("count", count).row(packets());
        row.first_packets_direction.map_or(0, |list| list.len())
    };
    assert_eq!((listed("20"), listed("3"), listed("0")), (20, 3, 50));
    assert_eq!(row_of::<FirstPackets>(packets()).first_packets_direction.map(|list| list.len()), Some(20));
}

#[test]
fn payloads_that_come_too_late_are_counted() {
    let row = flow::<FirstPackets>().option("count", "2").row([
        packet(),
        packet().payload(*b"x"),
        packet(),
        packet().payload(*b"y"),
        packet().payload(*b"z"),
    ]);
    assert_eq!(row.first_packets_payload_len, Some(vec![0, 1]));
    assert_eq!(row.first_packets_unlisted_payloads, 2);
}

#[test]
fn a_list_takes_no_more_room_than_it_may_need() {
    let room = |packets: usize, most: usize| {
        let mut listed = List::default();
        let (facts, frame) = (packet().facts(), packet().frame());
        (0..packets).for_each(|_| listed.push(Listed::of(&Packet::new(&facts, &frame)), most));
        assert_eq!(listed.len(), packets);
        match listed {
            List::Few(_) => 0,
            List::Many(many) => many.capacity(),
        }
    };
    assert_eq!((room(0, 20), room(4, 20), room(5, 20), room(20, 20)), (0, 0, 20, 20));
    assert!(room(1000, usize::MAX) < 3000);
}

/// A packet of the oracle: time, side, payload length, window.
type Sent = (i32, bool, u16, u16);

fn segment(&(time, side, len, window): &Sent) -> TestPacket {
    let packet = packet().time_ns(time.into()).side(Side::from_bit(side.into()));
    packet.tcp_flags(ACK).window(window).payload_len(len)
}

proptest! {
    #[test]
    fn an_oracle_that_keeps_every_packet_says_the_same(
        sent in vec((any::<i32>(), any::<bool>(), prop_oneof![Just(0), 0_u16..1500], any::<u16>()), 1..40),
        count in 1_usize..30,
        with_empty in any::<bool>(),
    ) {
        // A packet of each side at the end, so that A is A, and enough before them that they are not listed.
        let wanted: Vec<Sent> = sent.iter().copied().filter(|one| with_empty || one.2 > 0).take(count).collect();
        prop_assume!(wanted.len() == count);
        let ends = [packet().tcp_flags(ACK), packet().side(Side::B).tcp_flags(ACK)];
        let count: &'static str = count.to_string().leak();
        let with_empty = if with_empty { "true" } else { "false" };
        let flow = flow::<FirstPackets>().option("count", count).option("with_empty", with_empty);
        let row = flow.row(sent.iter().map(segment).chain(ends));

        prop_assert_eq!(row.first_packets_direction, Some(wanted.iter().map(|one| u8::from(one.1)).collect::<Vec<_>>()));
        prop_assert_eq!(row.first_packets_payload_len, Some(wanted.iter().map(|one| one.2.into()).collect::<Vec<_>>()));
        prop_assert_eq!(row.first_packets_ip_len, Some(wanted.iter().map(|one| u32::from(one.2) + 40).collect::<Vec<_>>()));
        prop_assert_eq!(row.first_packets_tcp_window, Some(wanted.iter().map(|one| one.3).collect::<Vec<_>>()));
        let times = row.first_packets_time.unwrap_or_default();
        let gaps = row.first_packets_iat.unwrap_or_default();
        prop_assert_eq!((times.len(), gaps.len()), (wanted.len(), wanted.len()));
        for place in 0..wanted.len() {
            let at = |place: usize| i64::from(wanted[place].0);
            prop_assert_eq!(times[place].0, at(place) - at(0));
            prop_assert_eq!(gaps[place].0, at(place) - at(place.saturating_sub(1)));
        }
    }

    #[test]
    fn random_bytes_are_taken_as_they_come(frames in vec(vec(any::<u8>(), 0..90), 1..20)) {
        let count = frames.len();
        let packets = frames.into_iter().map(|frame| packet().tcp_flags(ACK).payload_len(9).bytes(frame));
        let listed = row_of::<FirstPackets>(packets).first_packets_tcp_window;
        prop_assert_eq!(listed.map(|list| list.len()), Some(count));
    }
}
