//! The pcapng format: sections, interfaces, the blocks with packets and those without.

use super::build::{Bytes, varied_pcapng};
use super::{Packet, Reading, read};
use crate::capture::Warnings;
use crate::capture::bytes::ByteOrder::{Big, Little};

/// Reads a little-endian capture that begins with a section header.
fn read_section(rest: impl FnOnce(Bytes) -> Bytes) -> Reading {
    read(&rest(Bytes::new(Little).section()).bytes)
}

#[track_caller]
fn sound(reading: Reading) -> Vec<Packet> {
    assert!(reading.error.is_none(), "{:?}", reading.error);
    assert_eq!(reading.warnings, Warnings::default());
    reading.packets
}

fn times(packets: &[Packet]) -> Vec<i64> {
    packets.iter().map(|packet| packet.time_ns).collect()
}

#[test]
fn all_packet_blocks_are_read_in_both_byte_orders() {
    for order in [Little, Big] {
        let (file, packets) = varied_pcapng(order);
        assert_eq!(sound(read(&file)), packets);
    }
}

#[test]
fn each_section_has_its_own_byte_order_and_interfaces() {
    let (little, mut packets) = varied_pcapng(Little);
    let (big, more) = varied_pcapng(Big);
    packets.extend(more);
    assert_eq!(sound(read(&[little, big].concat())), packets);
}

#[test]
fn interfaces_of_the_section_before_are_forgotten() {
    let (mut file, _) = varied_pcapng(Little);
    file.extend(Bytes::new(Big).section().enhanced(0, 1, 1, b"x").bytes);
    let reading = read(&file);
    assert_eq!(reading.packets.len(), 4);
    assert_eq!(reading.warnings.packets_without_interface, 1);
}

#[test]
fn resolution_and_offset_of_the_interface_make_the_time() {
    let hour = 3600_i64.to_le_bytes();
    let packets = sound(read_section(|file| {
        file.interface(1, 0, &[(9, &[12]), (14, &hour), (0, &[])])
            .interface(1, 0, &[(9, &[0x80 | 32]), (0, &[])])
            .interface(1, 0, &[])
            .enhanced(0, 1_999, 1, b"a")
            .enhanced(1, 0x8000_0000, 1, b"b")
            .enhanced(2, 5, 1, b"c")
    }));
    assert_eq!(times(&packets), [3_600_000_000_001, 500_000_000, 5_000]);
}

#[test]
fn simple_packets_are_cut_at_the_snap_length_and_have_time_0() {
    let packets = sound(read_section(|file| {
        file.interface(1, 3, &[]).simple(5, b"abc").enhanced(0, 9, 1, b"x").simple(2, b"de")
    }));
    assert_eq!(times(&packets), [0, 9_000, 0]);
    assert_eq!((packets[0].bytes.as_slice(), packets[0].wire_len), (&b"abc"[..], 5));
    assert_eq!(packets[2].bytes, b"de");
}

#[test]
fn options_without_end_and_names_that_are_no_utf8_are_accepted() {
    let packets = sound(read_section(|file| {
        file.interface(1, 0, &[(2, &[0xff, 0xfe]), (10, &[0; 4]), (9, &[9])]).enhanced(0, 7, 1, b"x")
    }));
    assert_eq!(times(&packets), [7]);
}

#[test]
fn options_of_a_wrong_length_are_counted_and_passed_over() {
    let reading = read_section(|file| {
        file.interface(1, 0, &[(9, &[9, 9]), (14, &[1])])
            .block(1, |body| body.u16(1).u16(0).u32(0).u16(2).u16(400))
            .enhanced(1, 7, 1, b"x")
    });
    assert_eq!(times(&reading.packets), [7_000]);
    assert_eq!(reading.warnings.unreadable_interface_options, 3);
}

#[test]
fn packets_without_interface_and_unknown_blocks_are_skipped_and_counted() {
    let reading = read_section(|file| {
        file.enhanced(0, 1, 1, b"a")
            .simple(1, b"b")
            .obsolete(7, 1, 1, b"c")
            .block(0x8000_0001, |body| body.raw(b"custom of somebody"))
            .interface(1, 0, &[])
            .enhanced(0, 1, 1, b"d")
    });
    assert_eq!(reading.packets.len(), 1);
    let warnings = reading.warnings;
    assert_eq!((warnings.packets_without_interface, warnings.unknown_blocks), (3, 1));
    assert_eq!(warnings.sentences().count(), 2);
}

#[track_caller]
fn check_damaged(rest: impl FnOnce(Bytes) -> Bytes, part_of_message: &str) {
    let reading = read_section(|file| rest(file.interface(1, 0, &[]).enhanced(0, 1, 1, b"good")));
    assert_eq!(reading.packets.len(), 1);
    assert!(reading.message().contains(part_of_message), "{}", reading.message());
    assert!(!reading.error.expect("checked above").is_cut());
}

#[test]
fn damaged_blocks_are_named() {
    let place = "block 4 at byte 84";
    check_damaged(|file| file.u32(6).u32(8), &format!("{place} claims a length of 8 bytes"));
    check_damaged(|file| file.u32(6).u32(33).raw(&[0; 40]), "claims a length of 33 bytes");
    check_damaged(|file| file.u32(6).u32(0x7fff_fffc), "no block has more than 16777216");
    check_damaged(
        |file| file.u32(5).u32(16).u32(0).u32(20),
        "begins with the length 16 but ends with the length 20",
    );
    check_damaged(
        |file| file.block(6, |body| body.u32(0)),
        "is of type 6 and needs 20 bytes for its fields but has 4",
    );
    check_damaged(
        |file| file.block(6, |body| body.u64(0).u32(0).u32(5).u32(5).raw(b"four")),
        "claims 5 captured bytes but has room for 4",
    );
    check_damaged(|file| file.simple(9, b"four"), "claims 9 captured bytes but has room for 4");
    check_damaged(
        |file| file.block(6, |body| body.u64(0).u32(0).u32(262_145).u32(5)),
        "claims 262145 captured bytes",
    );
    check_damaged(|file| file.block(0x0a0d_0d0a, |body| body.u32(7).raw(&[0; 12])), "from 07 00 00 00");
    check_damaged(
        |file| file.block(0x0a0d_0d0a, |body| body.u32(0x1a2b_3c4d).u16(2).u16(1).u64(0)),
        "pcapng version 2.1",
    );
    check_damaged(|file| file.block(0x0a0d_0d0a, |body| body.u32(0x1a2b_3c4d)), "needs 16 bytes");
}
