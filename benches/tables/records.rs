//! Our walk over the records of a capture against `pcap-file`'s, from a file and from memory.

use std::fs::File;
use std::path::Path;

use criterion::{Criterion, SamplingMode, Throughput};
use pcap_file::pcap::{PcapParser, PcapReader};
use weir_benches::traffic::Capture;
use weir_benches::{scan, stages};

/// Measures both. Answers are packets and captured bytes.
pub fn measure(criterion: &mut Criterion, capture: &Capture) {
    let (path, bytes) = (capture.path(), capture.bytes());
    let scanned = scan::scan(&bytes);
    let expected = (scanned.packets, scanned.bytes);
    assert_eq!(stages::records(&path), expected);
    assert_eq!(reader(&path), expected);
    assert_eq!(parser(&bytes), expected);
    let mut group = criterion.benchmark_group("walk the records");
    group.throughput(Throughput::Elements(capture.packets)).sampling_mode(SamplingMode::Flat);
    group.bench_function("ours, read", |b| b.iter(|| stages::records(&path)));
    group.bench_function("pcap-file, reader", |b| b.iter(|| reader(&path)));
    group.bench_function("pcap-file, parser in memory", |b| b.iter(|| parser(&bytes)));
    group.finish();
}

fn reader(path: &Path) -> (u64, u64) {
    let mut reader = PcapReader::new(File::open(path).expect("the capture was just written"))
        .expect("the capture has a header");
    let (mut packets, mut bytes) = (0, 0);
    while let Some(packet) = reader.next_raw_packet() {
        packets += 1;
        bytes += packet.expect("the capture is whole").data.len() as u64;
    }
    (packets, bytes)
}

fn parser(capture: &[u8]) -> (u64, u64) {
    let (mut rest, parser) = PcapParser::new(capture).expect("the capture has a header");
    let (mut packets, mut bytes) = (0, 0);
    while let Ok((next, packet)) = parser.next_raw_packet(rest) {
        packets += 1;
        bytes += packet.data.len() as u64;
        rest = next;
    }
    (packets, bytes)
}
