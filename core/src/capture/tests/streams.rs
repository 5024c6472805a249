//! However the bytes come, from a file, streamed in any chunks, or compressed, the records are the same.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::build::{Bytes, ClassicKind, MICRO, MODIFIED, NANO, three_packets, varied_pcapng};
use super::{Packet, read, read_all, read_chunks, read_file};
use crate::capture::Reader;
use crate::capture::bytes::ByteOrder::{self, Big, Little};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory is writable")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("memory is writable")
}

#[test]
fn compressed_captures_of_both_formats_are_read() {
    let classic = (ClassicKind::new(Big, NANO).file(&three_packets()), three_packets());
    for (file, packets) in [classic, varied_pcapng(Little)] {
        for packed in [gzip(&file), zstd(&file)] {
            let reading = read(&packed);
            assert!(reading.error.is_none(), "{:?}", reading.error);
            assert_eq!(reading.packets, packets);
            assert_eq!(read_file(&packed, 3).packets, packets);
        }
    }
}

#[test]
fn compressed_pieces_one_behind_the_other_are_one_capture() {
    let file = ClassicKind::new(Little, MICRO).file(&three_packets());
    let (front, back) = file.split_at(30);
    for pack in [gzip, zstd] {
        assert_eq!(read(&[pack(front), pack(back)].concat()).packets, three_packets());
    }
}

#[test]
fn a_cut_compressed_capture_is_called_cut() {
    let mut packets = three_packets();
    packets[1].bytes =
        (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).take(250_000).collect();
    let file = ClassicKind::new(Little, MICRO).file(&packets);
    for pack in [gzip, zstd] {
        let packed = pack(&file);
        let reading = read(&packed[..packed.len() / 2]);
        let message = reading.message();
        assert!(reading.error.expect("checked by message").is_cut(), "{message}");
        assert!(message.contains("of the decompressed data"), "{message}");
    }
}

#[test]
fn a_compressed_capture_tells_its_progress_in_bytes_of_the_file() {
    let packed = gzip(&ClassicKind::new(Little, MICRO).file(&three_packets()));
    let file = super::file_of(&packed);
    let mut reader = Reader::open(file.path()).expect("the capture is sound");
    let mut batch = Vec::new();
    while {
        reader.next_batch(&mut batch, 1).expect("the capture is sound");
        !batch.is_empty()
    } {}
    assert_eq!((reader.bytes_read(), reader.bytes_total()), (packed.len() as u64, Some(packed.len() as u64)));
}

#[test]
fn a_file_tells_its_progress_and_a_pipe_no_total() {
    let bytes = ClassicKind::new(Little, MICRO).file(&three_packets());
    let file = super::file_of(&bytes);
    let mut reader = Reader::open(file.path()).expect("the capture is sound");
    reader.next_batch(&mut Vec::new(), 1).expect("the capture is sound");
    assert_eq!((reader.bytes_read(), reader.bytes_total()), (bytes.len() as u64, Some(bytes.len() as u64)));
    let pipe = Reader::from_stream("pipe", io::Cursor::new(bytes)).expect("the capture is sound");
    assert_eq!(pipe.bytes_total(), None);
}

/// A source that gives one byte a time and is interrupted before each.
struct Reluctant<R> {
    source: R,
    is_interrupted: bool,
}

impl<R: Read> Read for Reluctant<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_interrupted = !self.is_interrupted;
        if self.is_interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = buffer.len().min(1);
        self.source.read(&mut buffer[..len])
    }
}

#[test]
fn a_source_that_gives_single_bytes_and_is_interrupted_is_read() {
    let (file, packets) = varied_pcapng(Big);
    let source = Reluctant { source: io::Cursor::new(file), is_interrupted: false };
    let reader = Reader::from_stream("test", source).expect("the capture is sound");
    assert_eq!(read_all(reader, 64).packets, packets);
}

fn any_order() -> impl Strategy<Value = ByteOrder> {
    prop_oneof![Just(Little), Just(Big)]
}

prop_compose! {
    fn any_packet()(
        micros in 0..4_294_967_296_000_000_i64,
        wire_len: u32,
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) -> Packet {
        Packet { time_ns: micros * 1_000, wire_len, link_type: 1, bytes }
    }
}

fn any_classic() -> impl Strategy<Value = (ClassicKind, Vec<Packet>)> {
    let magic = prop_oneof![Just(MICRO), Just(NANO), Just(MODIFIED)];
    let packets = prop::collection::vec(any_packet(), 0..20);
    (any_order(), magic, packets)
        .prop_map(|(order, magic, packets)| (ClassicKind::new(order, magic), packets))
}

fn pcapng_of(order: ByteOrder, packets: &[Packet]) -> Vec<u8> {
    let start = Bytes::new(order).section().interface(1, 0, &[]);
    let add = |file: Bytes, packet: &Packet| {
        file.enhanced(0, packet.time_ns as u64 / 1_000, packet.wire_len, &packet.bytes)
    };
    packets.iter().fold(start, add).bytes
}

proptest! {
    #[test]
    fn classic_captures_read_as_written_in_any_chunks(
        (kind, packets) in any_classic(),
        chunk in 1..600_usize,
        limit in 1..9_usize,
    ) {
        let file = kind.file(&packets);
        prop_assert_eq!(&read_file(&file, limit).packets, &packets);
        let streamed = read_chunks(&file, chunk, limit);
        prop_assert!(streamed.error.is_none());
        prop_assert_eq!(&streamed.packets, &packets);
    }

    #[test]
    fn pcapng_captures_read_as_written_in_any_chunks(
        order in any_order(),
        packets in prop::collection::vec(any_packet(), 0..20),
        chunk in 1..600_usize,
        limit in 1..9_usize,
    ) {
        let file = pcapng_of(order, &packets);
        prop_assert_eq!(&read_file(&file, limit).packets, &packets);
        let streamed = read_chunks(&file, chunk, limit);
        prop_assert!(streamed.error.is_none());
        prop_assert_eq!(&streamed.packets, &packets);
    }
}
