//! Captures written field by field.

use super::Packet;
use crate::capture::bytes::ByteOrder;

/// A growing capture in one byte order.
#[derive(Clone)]
pub(super) struct Bytes {
    pub(super) order: ByteOrder,
    pub(super) bytes: Vec<u8>,
}

impl Bytes {
    pub(super) fn new(order: ByteOrder) -> Self {
        Self { order, bytes: Vec::new() }
    }

    pub(super) fn u16(mut self, value: u16) -> Self {
        self.bytes.extend(match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.bytes.extend(match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
        self
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn padded(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    fn begin(&self) -> Self {
        Self::new(self.order)
    }
}

/// Variants of the classic format.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClassicKind {
    pub(super) order: ByteOrder,
    pub(super) magic: u32,
    pub(super) minor: u16,
    pub(super) link_field: u32,
}

pub(super) const MICRO: u32 = 0xa1b2_c3d4;
pub(super) const NANO: u32 = 0xa1b2_3c4d;
pub(super) const MODIFIED: u32 = 0xa1b2_cd34;

impl ClassicKind {
    pub(super) fn new(order: ByteOrder, magic: u32) -> Self {
        Self { order, magic, minor: 4, link_field: 1 }
    }

    /// The capture that holds `packets`, whose link types must be those of the file.
    pub(super) fn file(self, packets: &[Packet]) -> Vec<u8> {
        let header = Bytes::new(self.order).u32(self.magic).u16(2).u16(self.minor);
        let header = header.u32(0).u32(0).u32(65535).u32(self.link_field);
        packets.iter().fold(header, |file, packet| self.record(file, packet)).bytes
    }

    fn record(self, file: Bytes, packet: &Packet) -> Bytes {
        let ns = packet.time_ns as u64;
        let fraction = ns % 1_000_000_000 / if self.magic == NANO { 1 } else { 1_000 };
        let lengths = [packet.bytes.len() as u32, packet.wire_len];
        let [first, second] = if self.minor < 3 { [lengths[1], lengths[0]] } else { lengths };
        let file = file.u32((ns / 1_000_000_000) as u32).u32(fraction as u32).u32(first).u32(second);
        let file = if self.magic == MODIFIED { file.raw(&[0xee; 8]) } else { file };
        file.raw(&packet.bytes)
    }
}

/// Block bodies and blocks of pcapng.
impl Bytes {
    /// A block around `body`, which is padded.
    pub(super) fn block(self, kind: u32, body: impl FnOnce(Bytes) -> Bytes) -> Self {
        let body = body(self.begin()).padded().bytes;
        let len = body.len() as u32 + 12;
        self.u32(kind).u32(len).raw(&body).u32(len)
    }

    pub(super) fn section(self) -> Self {
        self.block(0x0a0d_0d0a, |body| body.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX))
    }

    pub(super) fn interface(self, link_type: u16, snap_len: u32, options: &[(u16, &[u8])]) -> Self {
        self.block(1, |body| {
            let body = body.u16(link_type).u16(0).u32(snap_len);
            options
                .iter()
                .fold(body, |body, (code, value)| body.u16(*code).u16(value.len() as u16).raw(value).padded())
        })
    }

    pub(super) fn enhanced(self, interface: u32, ticks: u64, wire_len: u32, packet: &[u8]) -> Self {
        self.block(6, |body| {
            let body = body.u32(interface).u32((ticks >> 32) as u32).u32(ticks as u32);
            body.u32(packet.len() as u32).u32(wire_len).raw(packet)
        })
    }

    pub(super) fn obsolete(self, interface: u16, ticks: u64, wire_len: u32, packet: &[u8]) -> Self {
        self.block(2, |body| {
            let body = body.u16(interface).u16(3).u32((ticks >> 32) as u32).u32(ticks as u32);
            body.u32(packet.len() as u32).u32(wire_len).raw(packet)
        })
    }

    pub(super) fn simple(self, wire_len: u32, packet: &[u8]) -> Self {
        self.block(3, |body| body.u32(wire_len).raw(packet))
    }
}

/// A small pcapng capture with every kind of block that holds a packet, and the packets in it.
pub(super) fn varied_pcapng(order: ByteOrder) -> (Vec<u8>, Vec<Packet>) {
    let file = Bytes::new(order)
        .section()
        .interface(1, 6, &[(2, b"eth0"), (9, &[9]), (0, &[])])
        .interface(101, 0, &[])
        .enhanced(0, 1_000_000_001, 60, b"first")
        .block(4, |body| body.u32(0))
        .enhanced(1, 2_000_000, 6, b"second")
        .obsolete(1, 3_000_000, 5, b"third")
        .simple(9, b"fourth");
    let packet = |time_ns, wire_len, link_type, bytes: &[u8]| Packet {
        time_ns,
        wire_len,
        link_type,
        bytes: bytes.to_vec(),
    };
    let packets = vec![
        packet(1_000_000_001, 60, 1, b"first"),
        packet(2_000_000_000, 6, 101, b"second"),
        packet(3_000_000_000, 5, 101, b"third"),
        packet(0, 9, 1, b"fourth"),
    ];
    (file.bytes, packets)
}

/// Three packets for a classic capture of link type 1, on whole microseconds.
pub(super) fn three_packets() -> Vec<Packet> {
    [(1_700_000_000_000_001_000, 60, &b"alpha"[..]), (1_700_000_000_999_999_000, 4, b"beta"), (0, 0, b"")]
        .map(|(time_ns, wire_len, bytes)| Packet { time_ns, wire_len, link_type: 1, bytes: bytes.to_vec() })
        .to_vec()
}
