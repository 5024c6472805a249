//! Our decoder against `etherparse`'s lax slicing, the only one of its ways that suits cut captures. The
//! reading of the file is in both, as in `stages`.

use std::path::Path;

use criterion::{Criterion, SamplingMode, Throughput};
use etherparse::{LaxSlicedPacket, TransportSlice};
use weir_benches::stages::{self, Decodes};
use weir_benches::traffic::Capture;

/// Measures both. Answers are packets, and the sum of ports and payload offsets.
pub fn measure(criterion: &mut Criterion, capture: &Capture) {
    let path = capture.path();
    assert_eq!(stages::decode(&path), etherparse(&path));
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(capture.packets)).sampling_mode(SamplingMode::Flat);
    group.bench_function("records only", |b| b.iter(|| stages::records(&path)));
    group.bench_function("ours", |b| b.iter(|| stages::decode(&path)));
    group.bench_function("etherparse, lax", |b| b.iter(|| etherparse(&path)));
    group.finish();
}

fn etherparse(path: &Path) -> Decodes {
    let mut found = Decodes::default();
    stages::read(path, |records, window| {
        for record in records {
            let frame = &window[record.start..][..record.captured_len as usize];
            if let Ok(packet) = LaxSlicedPacket::from_ethernet(frame) {
                found.packets += 1;
                found.sum += sum(frame, &packet);
            }
        }
    });
    found
}

fn sum(frame: &[u8], packet: &LaxSlicedPacket<'_>) -> u64 {
    let (src, dst, payload) = match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => (tcp.source_port(), tcp.destination_port(), tcp.payload()),
        Some(TransportSlice::Udp(udp)) => (udp.source_port(), udp.destination_port(), udp.payload()),
        Some(TransportSlice::Icmpv4(icmp)) => (0, 0, icmp.payload()),
        Some(TransportSlice::Icmpv6(icmp)) => (0, 0, icmp.payload()),
        _ => (0, 0, &frame[..0]),
    };
    let payload_offset = payload.as_ptr() as usize - frame.as_ptr() as usize;
    u64::from(src) + u64::from(dst) + payload_offset as u64
}
