//! One direction of a flow, with all of its packets.

use super::seen::{End, Key, Seen, status};
use super::tcp::Tcp;

pub const SECOND: i64 = 1_000_000_000;

/// A direction, dead or alive.
pub struct Record {
    pub key: Key,
    /// Number of the flow, shared with the opposite.
    pub flow_index: u64,
    /// It is direction B.
    pub is_inverted: bool,
    /// Its number among the records.
    pub opposite: Option<usize>,
    pub packets: Vec<Seen>,
    /// The clock at its last packet.
    pub last_seen: i64,
    /// How long it may be silent.
    pub timeout: i64,
    pub is_alive: bool,
    pub tcp: Tcp,
    /// Id of the datagram registered last.
    pub last_datagram: u32,
    /// That datagram is not complete.
    pub is_pending: bool,
    pub has_fragment_error: bool,
}

impl Record {
    /// A direction that begins with this packet, which is not yet among its packets.
    pub fn new(
        first: &Seen,
        flow_index: u64,
        opposite: Option<&Record>,
        opposite_number: Option<usize>,
    ) -> Self {
        Self {
            key: first.key,
            flow_index,
            is_inverted: opposite.map_or_else(|| begins_inverted(first), |opposite| !opposite.is_inverted),
            opposite: opposite_number,
            packets: Vec::new(),
            last_seen: 0,
            timeout: 182 * SECOND,
            is_alive: true,
            tcp: Tcp::default(),
            last_datagram: 0,
            is_pending: false,
            has_fragment_error: false,
        }
    }

    /// Both ends are the same, so that there can be no opposite.
    pub fn is_to_itself(&self) -> bool {
        self.key == self.key.reversed()
    }

    /// All bits that stand for the whole direction.
    pub fn flow_status(&self) -> u64 {
        let bit = |holds: bool, bit: u64| if holds { bit } else { 0 };
        let is_land = self.key.protocol == 6 && self.is_to_itself();
        bit(self.is_inverted, status::INVERTED)
            | bit(self.is_pending, status::PENDING)
            | bit(self.has_fragment_error, status::FRAGMENT_ERROR)
            | bit(is_land, status::LAND)
    }
}

/// Whether a direction without opposite is that of a responder.
fn begins_inverted(first: &Seen) -> bool {
    if let Some(kind) = first.icmp_type {
        let echo_request = if first.key.ethertype == 0x0800 { 8 } else { 128 };
        return kind != echo_request;
    }
    if first.key == first.key.reversed() {
        return false;
    }
    let (End::Ip(_, src_port), End::Ip(_, dst_port)) = (first.key.src, first.key.dst) else { return false };
    let from_service = src_port < 1024 && src_port < dst_port;
    let from_proxy = [8080, 8081, 8088, 8089].contains(&src_port);
    let is_syn_ack = first.tcp.as_ref().is_some_and(|tcp| tcp.flags & 0x12 == 0x12);
    from_service || from_proxy || is_syn_ack
}
