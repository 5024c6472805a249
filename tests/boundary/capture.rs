//! Tiny captures, written byte by byte: Ethernet, IPv4, TCP or UDP, in a pcap file.

use std::fs;
use std::path::Path;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// One packet of a capture.
#[derive(Clone, Copy)]
pub struct Sent {
    time_ms: u32,
    proto: u8,
    /// Last byte of the address 10.0.0.x, and port.
    from: (u8, u16),
    to: (u8, u16),
    payload: &'static [u8],
}

/// A TCP segment with the flag ACK.
pub fn tcp(time_ms: u32, from: (u8, u16), to: (u8, u16), payload: &'static [u8]) -> Sent {
    Sent { time_ms, proto: TCP, from, to, payload }
}

/// A UDP datagram.
pub fn udp(time_ms: u32, from: (u8, u16), to: (u8, u16), payload: &'static [u8]) -> Sent {
    Sent { time_ms, proto: UDP, from, to, payload }
}

/// Writes the packets as a pcap file (little endian, microseconds, Ethernet).
pub fn write(path: &Path, packets: &[Sent]) {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 0xffff, 1] {
        file.extend(word.to_le_bytes());
    }
    for packet in packets {
        let frame = frame(packet);
        let length = frame.len() as u32;
        for word in [packet.time_ms / 1000, packet.time_ms % 1000 * 1000, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    fs::write(path, file).expect("the test's own folder can be written to");
}

fn frame(packet: &Sent) -> Vec<u8> {
    let segment = segment(packet);
    let mut frame = vec![2, 0, 0, 0, 0, packet.to.0, 2, 0, 0, 0, 0, packet.from.0, 0x08, 0x00];
    frame.extend([0x45, 0]);
    frame.extend((20 + segment.len() as u16).to_be_bytes());
    // Identification, fragment offset, time to live, protocol, no checksum.
    frame.extend([0, 0, 0, 0, 64, packet.proto, 0, 0]);
    frame.extend([10, 0, 0, packet.from.0, 10, 0, 0, packet.to.0]);
    frame.extend(segment);
    frame
}

fn segment(packet: &Sent) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend(packet.from.1.to_be_bytes());
    segment.extend(packet.to.1.to_be_bytes());
    if packet.proto == TCP {
        // Sequence and acknowledgement, header of five words, ACK, window, checksum, urgent pointer.
        segment.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    } else {
        segment.extend((8 + packet.payload.len() as u16).to_be_bytes());
        segment.extend([0, 0]);
    }
    segment.extend(packet.payload);
    segment
}
