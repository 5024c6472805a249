//! The classic format: magics, byte orders, fields.

use super::build::{ClassicKind, MICRO, MODIFIED, NANO, three_packets};
use super::{Packet, read};
use crate::capture::bytes::ByteOrder::{Big, Little};

#[track_caller]
fn check(kind: ClassicKind, packets: &[Packet]) {
    let reading = read(&kind.file(packets));
    assert!(reading.error.is_none(), "{:?}", reading.error);
    assert_eq!(reading.packets, packets);
}

#[test]
fn each_magic_is_read_in_both_byte_orders() {
    for order in [Little, Big] {
        for magic in [MICRO, NANO, MODIFIED] {
            check(ClassicKind::new(order, magic), &three_packets());
        }
    }
}

#[test]
fn nanoseconds_are_kept() {
    let mut packets = three_packets();
    packets[0].time_ns += 7;
    check(ClassicKind::new(Little, NANO), &packets);
}

#[test]
fn link_type_is_the_lower_half_of_its_field() {
    let mut packets = three_packets();
    packets.iter_mut().for_each(|packet| packet.link_type = 276);
    check(ClassicKind { link_field: 0x4400_0114, ..ClassicKind::new(Little, MICRO) }, &packets);
}

#[test]
fn lengths_were_the_other_way_round_before_version_2_3() {
    check(ClassicKind { minor: 1, ..ClassicKind::new(Big, MICRO) }, &three_packets());
}

#[test]
fn captured_length_beyond_the_wire_length_is_kept() {
    let mut packets = three_packets();
    packets[0].wire_len = 2;
    check(ClassicKind::new(Little, MICRO), &packets);
}

#[test]
fn largest_times_do_not_overflow_and_large_fractions_are_added() {
    let mut file = ClassicKind::new(Little, MICRO).file(&three_packets());
    file[24..32].fill(0xff);
    let expected = i64::from(u32::MAX) * 1_000_000_000 + i64::from(u32::MAX) * 1_000;
    assert_eq!(read(&file).packets[0].time_ns, expected);
}

#[test]
fn capture_without_packets_is_read() {
    check(ClassicKind::new(Little, MICRO), &[]);
}
