//! What is said of inputs that cannot be read, and what was read before.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::build::{ClassicKind, MICRO, MODIFIED, three_packets, varied_pcapng};
use super::{read, read_chunks, read_file};
use crate::capture::bytes::ByteOrder::{Big, Little};
use crate::capture::{CaptureError, Reader};

/// Where each record of a classic capture ends, the file header first.
fn classic_ends() -> Vec<usize> {
    let mut ends = vec![24];
    for packet in three_packets() {
        ends.push(ends.last().expect("begins with one") + 16 + packet.bytes.len());
    }
    ends
}

/// Cuts a capture at every byte: the packets that end before are delivered, and only a cut between records or
/// blocks is no error.
#[track_caller]
fn check_every_cut(file: &[u8], packet_ends: &[usize], piece_ends: &[usize]) {
    for cut in 4..=file.len() {
        for reading in [read_file(&file[..cut], 2), read_chunks(&file[..cut], 7, 2)] {
            let whole = packet_ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(reading.packets.len(), whole, "cut at {cut}");
            assert_eq!(reading.error.is_none(), piece_ends.contains(&cut), "cut at {cut}");
            if let Some(error) = reading.error {
                assert!(error.is_cut(), "cut at {cut}: {error}");
                let start = piece_ends.iter().rfind(|end| **end < cut).copied().unwrap_or(0);
                let header = start == 0 && error.to_string().contains("the file header");
                assert!(header || error.to_string().contains(&format!("at byte {start} ")), "{error}");
            }
        }
    }
}

#[test]
fn a_cut_classic_capture_gives_its_whole_packets_and_names_the_byte() {
    let file = ClassicKind::new(Little, MICRO).file(&three_packets());
    check_every_cut(&file, &classic_ends()[1..], &classic_ends());
}

#[test]
fn a_cut_pcapng_capture_gives_its_whole_packets_and_names_the_byte() {
    for order in [Little, Big] {
        let (file, _) = varied_pcapng(order);
        let ends = block_ends(&file, order == Big);
        let packet_ends = [ends[3], ends[5], ends[6], ends[7]];
        check_every_cut(&file, &packet_ends, &ends);
    }
}

fn block_ends(file: &[u8], is_big: bool) -> Vec<usize> {
    let (mut ends, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let field = file[at + 4..at + 8].try_into().expect("four bytes");
        at += if is_big { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) } as usize;
        ends.push(at);
    }
    ends
}

#[test]
fn a_cut_record_is_told_in_one_sentence() {
    let file = ClassicKind::new(Little, MICRO).file(&three_packets());
    assert_eq!(
        read(&file[..64]).message(),
        "cannot read capture `test`: record 2 at byte 45 needs 20 bytes but only 19 are left; \
         the file was cut, whole packets read: 1"
    );
}

#[test]
fn a_captured_length_above_the_limit_is_damage() {
    let mut file = ClassicKind::new(Big, MODIFIED).file(&three_packets());
    let second = 24 + 24 + 5;
    file[second + 8..second + 12].copy_from_slice(&262_145_u32.to_be_bytes());
    let reading = read(&file);
    assert_eq!(reading.packets.len(), 1);
    assert_eq!(
        reading.message(),
        "cannot read capture `test`: record 2 at byte 53 claims 262145 captured bytes, and no packet has more \
         than 262144; the file is damaged there, packets read before: 1"
    );
}

#[test]
fn the_longest_packet_is_read_by_map_and_stream() {
    let mut packets = three_packets();
    packets[1].bytes = vec![0xab; 262_144];
    let file = ClassicKind::new(Little, MICRO).file(&packets);
    assert_eq!(read_file(&file, 64).packets, packets);
    assert_eq!(read_chunks(&file, 1000, 64).packets, packets);
}

#[test]
fn an_unknown_version_of_the_classic_format_is_refused() {
    let mut file = ClassicKind::new(Little, MICRO).file(&three_packets());
    file[4] = 3;
    assert!(read(&file).message().contains("pcap version 3.4"));
}

#[test]
fn an_empty_input_is_called_empty() {
    assert!(matches!(read(b"").error, Some(CaptureError::Empty { .. })));
    assert!(matches!(read_file(b"", 1).error, Some(CaptureError::Empty { .. })));
}

#[test]
fn a_text_is_no_capture() {
    let expected =
        "`test` is no capture: it begins with 48 65 6c 6c; weir reads pcap, pcapng, and gzip or zstd of them";
    assert_eq!(read(b"Hello").message(), expected);
    assert!(read(b"Hi").message().contains("it begins with 48 69;"));
}

#[test]
fn a_compressed_text_is_no_capture() {
    let message = read(&zstd::encode_all(&b"Hello"[..], 1).expect("memory is writable")).message();
    assert!(message.contains("decompressed, it begins with 48 65 6c 6c"), "{message}");
}

#[test]
fn a_missing_file_is_called_missing() {
    let error = Reader::open(Path::new("no such.pcap")).expect_err("the file does not exist");
    assert!(matches!(error, CaptureError::NotFound { .. }));
    assert_eq!(
        error.to_string(),
        "cannot open capture `no such.pcap`: no such file; check its name and folder"
    );
}

#[test]
fn a_folder_is_called_a_folder() {
    let error = Reader::open(&std::env::temp_dir()).expect_err("a folder is no capture");
    assert!(matches!(error, CaptureError::Directory { .. }));
}

#[test]
fn other_refusals_of_the_system_are_told_apart() {
    let denied = CaptureError::opening(Path::new("a"), ErrorKind::PermissionDenied.into());
    assert!(matches!(denied, CaptureError::PermissionDenied { .. }));
    let other = CaptureError::opening(Path::new("a"), io::Error::other("the disk is on fire"));
    assert!(other.to_string().contains("the disk is on fire"));
}

#[test]
fn a_failing_stream_gives_what_came_before() {
    struct Failing;
    impl io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable was pulled"))
        }
    }
    let file = ClassicKind::new(Little, MICRO).file(&three_packets());
    let source = io::Read::chain(io::Cursor::new(file), Failing);
    let reading = super::read_all(Reader::from_stream("test", source).expect("the header is whole"), 64);
    assert_eq!(reading.packets, three_packets());
    assert!(reading.message().contains("the cable was pulled while reading record 4 at byte 81"));
    assert!(!reading.error.expect("checked above").is_cut());
}
