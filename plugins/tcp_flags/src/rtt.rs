//! Times of packets in, response times out: how long the peer of a direction took to answer it.
//!
//! For every IP protocol a packet answers the last packet of the opposite direction. The first answer to a
//! direction is its trip: for TCP from SYN to SYN-ACK, and from SYN-ACK to ACK. Mean and deviation are running
//! single-precision estimates, formed as Tranalyzer forms them, so that they compare with published features.

use crate::row::Row;
use crate::segment::{ACK, SYN};

/// What the last packets of a direction say about its handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing yet.
    #[default]
    Silent,
    /// A SYN waits for its answer.
    Syn,
    /// A SYN-ACK waits, or the first packet of another protocol.
    SynAck,
    /// Answered.
    Open,
    /// FIN, RST or odd flags: packets are no answers.
    Stopped,
}

/// Response times to the packets of one direction.
#[derive(Default)]
pub(crate) struct Responses {
    /// Packets of the direction.
    packets: u32,
    trip: f32,
    min: f32,
    max: f32,
    mean: f32,
    square: f32,
    phase: Phase,
    has_trip: bool,
    is_sampled: bool,
}

impl Responses {
    /// Whether the direction has sent a packet.
    #[inline]
    pub(crate) fn is_seen(&self) -> bool {
        self.packets > 0
    }

    pub(crate) fn is_first_packet(&self) -> bool {
        self.packets == 1
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn mean(&self) -> f32 {
        self.mean
    }

    /// A packet of the direction has come: it answers the peer, whose last packet is this many seconds old.
    #[inline]
    pub(crate) fn count(&mut self, peer: &mut Responses, age: impl FnOnce() -> f32) {
        self.packets = self.packets.saturating_add(1);
        if peer.is_seen() && self.phase != Phase::Stopped {
            peer.answered(age(), self.packets);
        }
    }

    /// The `n`th packet of the opposite direction answers.
    fn answered(&mut self, time: f32, n: u32) {
        // A time is a number, which `f32::min` would have to look after.
        self.min = if self.is_sampled && self.min <= time { self.min } else { time };
        self.max = if self.max >= time { self.max } else { time };
        self.is_sampled = true;
        if matches!(self.phase, Phase::Syn | Phase::SynAck) && self.packets == 1 {
            self.trip = time;
            self.mean = time;
            self.has_trip = true;
        } else {
            self.add(time, n);
            self.phase = Phase::Open;
        }
    }

    /// The divisor counts packets, not samples: so it is in Tranalyzer.
    fn add(&mut self, time: f32, n: u32) {
        let n = n as f32;
        let distance = time - self.mean;
        self.mean += distance / n;
        self.square += (distance * distance - self.square) / n;
    }

    /// The packet just counted carries no TCP header.
    #[inline]
    pub(crate) fn follow_datagram(&mut self) {
        if self.is_first_packet() {
            self.phase = Phase::SynAck;
        } else if self.phase == Phase::SynAck {
            self.phase = Phase::Open;
        }
    }

    /// The packet just counted carries these of FIN, SYN, RST and ACK.
    #[inline]
    pub(crate) fn follow_segment(&mut self, control: u8, peer: &mut Responses) {
        const SYN_ACK: u8 = SYN | ACK;
        match control {
            SYN => self.phase = Phase::Syn,
            SYN_ACK => self.phase = Phase::SynAck,
            ACK => self.acknowledge(peer),
            _ => self.phase = Phase::Stopped,
        }
    }

    fn acknowledge(&mut self, peer: &mut Responses) {
        if self.phase == Phase::SynAck {
            self.phase = Phase::Open;
        }
        if peer.is_seen() && matches!(peer.phase, Phase::Silent | Phase::SynAck) {
            peer.phase = Phase::Open;
        }
    }

    /// Fills the columns of a direction that had an opposite.
    pub(crate) fn tell(&self, other: &Responses, is_initiator: bool, row: &mut Row) {
        if self.is_sampled {
            row.rtt_trip = self.has_trip.then_some(self.trip);
            row.rtt_min = Some(self.min);
            row.rtt_max = Some(self.max);
            row.rtt_mean = Some(self.mean);
            row.rtt_std = Some(self.square.sqrt());
        }
        let is_measured = self.is_sampled || other.is_sampled;
        if is_initiator {
            row.rtt_sum = (self.has_trip || other.has_trip).then_some(self.trip + other.trip);
        } else if is_measured {
            row.rtt_sum = Some(self.mean + other.mean);
            row.rtt_std_sum = Some((self.square + other.square).sqrt());
        }
    }
}
