//! One conversation, packet after packet.

use super::hosts::Pair;
use super::options;
use crate::packet::flags::{ACK, FIN, PSH, RST, SYN};
use crate::packet::{Ip, Packet, Payload, Tcp, Transport, Udp};
use crate::random::Random;

/// An Ethernet payload without IP and TCP headers.
const SEGMENT_SIZE_IPV4: u16 = 1460;
const SEGMENT_SIZE_IPV6: u16 = 1440;
const TIMESTAMPS_LEN: u16 = 12;
/// So many of a hundred TCP connections carry timestamps.
const TIMESTAMPS_PERCENT: u64 = 85;

/// What a conversation is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A connection, opened and closed if its packets suffice.
    Tcp,
    /// UDP: short questions and answers.
    Names,
    /// UDP: large datagrams one way, small ones the other.
    Stream,
    /// ICMP echo.
    Echo,
}

/// When packets come.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Time of the first, in nanoseconds since the epoch.
    pub start_ns: i64,
    /// Mean time to the next.
    pub mean_gap_ns: f64,
}

/// A conversation and how far it has come.
pub struct Conversation {
    kind: Kind,
    pair: Pair,
    packets: u64,
    step: u64,
    time_ns: i64,
    mean_gap_ns: f64,
    client: Side,
    server: Side,
    has_timestamps: bool,
}

/// What TCP keeps of one end.
struct Side {
    next_seq: u32,
    /// What its clock of milliseconds showed at the epoch.
    clock_offset: u32,
    /// The latest timestamp that it sent.
    sent_timestamp: u32,
}

/// What a packet of a conversation is.
struct Step {
    from_client: bool,
    flags: u8,
    payload: u16,
}

impl Side {
    fn new(random: &mut Random) -> Self {
        Self { next_seq: random.bits() as u32, clock_offset: random.bits() as u32, sent_timestamp: 0 }
    }

    fn timestamp(&mut self, time_ns: i64) -> u32 {
        self.sent_timestamp = self.clock_offset.wrapping_add((time_ns / 1_000_000) as u32);
        self.sent_timestamp
    }
}

impl Conversation {
    pub fn new(kind: Kind, pair: Pair, packets: u64, pace: Pace, random: &mut Random) -> Self {
        Self {
            kind,
            pair,
            packets,
            step: 0,
            time_ns: pace.start_ns,
            mean_gap_ns: pace.mean_gap_ns,
            client: Side::new(random),
            server: Side::new(random),
            has_timestamps: random.is_one_of_hundred(TIMESTAMPS_PERCENT),
        }
    }

    /// Time of the next packet, in nanoseconds since the epoch.
    pub fn time_ns(&self) -> i64 {
        self.time_ns
    }

    /// Goes to the next packet; false if there is none.
    pub fn advance(&mut self, random: &mut Random) -> bool {
        self.step += 1;
        // Exponentially distributed gaps, as of a Poisson process.
        self.time_ns += (-(1.0 - random.unit()).ln() * self.mean_gap_ns) as i64;
        self.step < self.packets
    }

    /// The next packet.
    pub fn packet(&mut self, random: &mut Random) -> Packet {
        let step = match self.kind {
            Kind::Tcp => self.tcp_step(random),
            Kind::Names | Kind::Stream => self.udp_step(random),
            Kind::Echo => Step { from_client: self.step.is_multiple_of(2), flags: 0, payload: 56 },
        };
        let transport = match self.kind {
            Kind::Tcp => Transport::Tcp(self.segment(&step)),
            Kind::Names | Kind::Stream => Transport::Udp(self.datagram(&step)),
            Kind::Echo => self.echo(&step),
        };
        let ends = if step.from_client { self.pair.ends() } else { self.pair.ends().reversed() };
        let id = u32::from(random.bits() as u16);
        let mut packet = Packet::ip(self.time_ns, Ip { id, ..Ip::new(ends, transport) });
        packet.is_padded = true;
        packet
    }

    fn tcp_step(&self, random: &mut Random) -> Step {
        let step = |from_client, flags, payload| Step { from_client, flags, payload };
        match (self.step, self.packets - self.step, self.packets) {
            (0, ..) => step(true, SYN, 0),
            // The port is closed.
            (1, _, 2) => step(false, RST | ACK, 0),
            (1, ..) => step(false, SYN | ACK, 0),
            (2, ..) => step(true, ACK, 0),
            (_, 1, 5..7) => step(true, RST | ACK, 0),
            (_, 3, 7..) => step(true, FIN | ACK, 0),
            (_, 2, 7..) => step(false, FIN | ACK, 0),
            (_, 1, 7..) => step(true, ACK, 0),
            (at, ..) if at % 12 == 3 => step(true, PSH | ACK, 80 + random.below(500) as u16),
            (at, ..) if at % 3 == 0 => step(true, ACK, 0),
            _ => self.answer(random),
        }
    }

    /// Three of ten segments are full.
    fn answer(&self, random: &mut Random) -> Step {
        let (flags, payload) = match random.below(10) {
            0..3 => (ACK, self.full_segment()),
            3..6 => (PSH | ACK, 540),
            _ => (PSH | ACK, 20 + random.below(100) as u16),
        };
        Step { from_client: false, flags, payload }
    }

    fn segment_size(&self) -> u16 {
        if self.pair.is_ipv6() { SEGMENT_SIZE_IPV6 } else { SEGMENT_SIZE_IPV4 }
    }

    fn full_segment(&self) -> u16 {
        self.segment_size() - if self.has_timestamps { TIMESTAMPS_LEN } else { 0 }
    }

    fn udp_step(&self, random: &mut Random) -> Step {
        let from_client = self.step.is_multiple_of(2);
        let payload = match (self.kind == Kind::Stream, from_client) {
            (true, true) => 30,
            (true, false) => 1200,
            (false, true) => 25 + random.below(40) as u16,
            (false, false) => 60 + random.below(240) as u16,
        };
        Step { from_client, flags: 0, payload }
    }

    fn segment(&mut self, step: &Step) -> Tcp {
        let options = self.options(step);
        let (src_port, dst_port) = self.ports(step);
        let (own, other) = match step.from_client {
            true => (&mut self.client, &self.server),
            false => (&mut self.server, &self.client),
        };
        let (seq, ack) = (own.next_seq, if step.flags & ACK == 0 { 0 } else { other.next_seq });
        let takes_a_number = step.flags & (SYN | FIN) != 0;
        own.next_seq = seq.wrapping_add(u32::from(step.payload) + u32::from(takes_a_number));
        let payload = Payload::Pattern(step.payload);
        Tcp { src_port, dst_port, seq, ack, flags: step.flags, window: 64_240, options, payload }
    }

    fn options(&mut self, step: &Step) -> Vec<u8> {
        let timestamps = self.timestamps(step);
        match step.flags & SYN {
            0 => options::of_segment(timestamps),
            _ => options::of_syn(self.segment_size(), timestamps),
        }
    }

    /// Own time and the other's latest; RFC 7323 section 3.2: 0 before there is any.
    fn timestamps(&mut self, step: &Step) -> Option<(u32, u32)> {
        if !self.has_timestamps || step.flags & RST != 0 {
            return None;
        }
        let (own, other) = match step.from_client {
            true => (&mut self.client, &self.server),
            false => (&mut self.server, &self.client),
        };
        Some((own.timestamp(self.time_ns), other.sent_timestamp))
    }

    fn datagram(&self, step: &Step) -> Udp {
        let (src_port, dst_port) = self.ports(step);
        Udp { src_port, dst_port, payload: Payload::Pattern(step.payload), whole: None }
    }

    fn ports(&self, step: &Step) -> (u16, u16) {
        let (client, service) = (self.pair.client_port, self.pair.service);
        if step.from_client { (client, service) } else { (service, client) }
    }

    fn echo(&self, step: &Step) -> Transport {
        let kind = match (self.pair.is_ipv6(), step.from_client) {
            (false, true) => 8,
            (false, false) => 0,
            (true, true) => 128,
            (true, false) => 129,
        };
        let [a, b] = (self.client.next_seq as u16).to_be_bytes();
        let [c, d] = ((self.step / 2) as u16).to_be_bytes();
        Transport::Icmp { kind, code: 0, rest: [a, b, c, d], payload: Payload::Pattern(step.payload) }
    }
}
