//! The TCP state machine that gives a direction its timeout (RFC 9293, section 3.3, as far as a
//! watcher in the middle can tell), and the anomalies it meets on the way.

use crate::flow::timeouts::Lifetime;

/// TCP header flags.
pub mod flags {
    /// No more data.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// Acknowledgement field is significant.
    pub const ACK: u8 = 0x10;
    /// Urgent field is significant.
    pub const URG: u8 = 0x20;
}

use flags::{ACK, FIN, PSH, RST, SYN, URG};

/// The flags of RFC 9293 without those of ECN.
const SIX_FLAGS: u8 = FIN | SYN | RST | PSH | ACK | URG;
const NULL: u8 = 0;
const XMAS: u8 = FIN | PSH | URG;

/// Anomalies of a direction; the values are those of Tranalyzer's `tcpStatesAFlags`.
pub mod anomaly {
    /// Malformed or unseen establishment.
    pub const ESTABLISHMENT: u8 = 0x01;
    /// Malformed or unseen teardown.
    pub const TEARDOWN: u8 = 0x02;
    /// Bad flags while established.
    pub const BAD_FLAGS: u8 = 0x04;
    /// Packets after the teardown.
    pub const AFTER_TEARDOWN: u8 = 0x08;
    /// Packets after a reset.
    pub const AFTER_RESET: u8 = 0x10;
    /// This side sent a reset.
    pub const SENT_RESET: u8 = 0x40;
    /// Possibly a scan.
    pub const SCAN: u8 = 0x80;
}

/// What is kept of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpDirection {
    syn_number: u32,
    fin_number: u32,
    /// Bits of [`anomaly`].
    pub anomalies: u8,
    seen: u8,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    Established,
    Closing,
    Closed,
    Reset,
}

const SYN_SEEN: u8 = 0x01;
const SYN_ACKED: u8 = 0x02;
const FIN_SEEN: u8 = 0x04;
const FIN_ACKED: u8 = 0x08;
const FIN_SCAN: u8 = 0x10;

/// The header fields that the state machine reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The flag byte.
    pub flags: u8,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
}

/// Both directions while a segment is taken in, with their timeouts.
pub struct Exchange<'a> {
    /// The sender.
    pub own: (&'a mut TcpDirection, &'a mut Lifetime),
    /// The receiver, if it was seen.
    pub other: Option<(&'a mut TcpDirection, &'a mut Lifetime)>,
}

impl Exchange<'_> {
    /// Takes a segment into account.
    pub fn segment(&mut self, segment: Segment) {
        if matches!(segment.flags & SIX_FLAGS, NULL | XMAS) {
            self.own.0.anomalies |= anomaly::SCAN;
        }
        match self.own.0.state {
            State::New => self.opening(segment),
            State::Established => self.established(segment),
            State::Closing => self.closing(segment),
            State::Closed => {
                self.own.0.anomalies |= anomaly::AFTER_TEARDOWN;
                self.reset_if_asked(segment);
            }
            State::Reset => self.own.0.anomalies |= anomaly::AFTER_RESET,
        }
    }

    fn opening(&mut self, segment: Segment) {
        let handshake = segment.flags & (FIN | SYN | RST | ACK);
        if segment.flags & SYN != 0 && segment.flags & (FIN | RST) == 0 {
            self.opening_syn(segment);
        } else if handshake == ACK && self.other.is_some() {
            self.opening_ack(segment);
        } else if handshake == RST | ACK && self.other.is_some() {
            self.both(State::Reset);
            self.own.0.anomalies |= anomaly::SENT_RESET;
        } else if segment.flags & RST != 0 {
            self.opening_reset();
        } else if handshake == FIN | ACK {
            self.opening_fin(segment);
        } else if handshake == FIN {
            self.own.0.anomalies |= anomaly::SCAN;
        } else {
            self.establish_unseen();
        }
    }

    fn opening_syn(&mut self, segment: Segment) {
        self.own.0.syn_number = segment.seq;
        self.own.0.seen |= SYN_SEEN;
        *self.own.1 = Lifetime::TcpNew;
        if segment.flags & ACK != 0 && !self.acknowledge_syn(segment.ack) {
            self.establish_unseen();
        }
    }

    fn opening_ack(&mut self, segment: Segment) {
        if !self.acknowledge_syn(segment.ack) {
            self.establish_unseen();
        } else if self.own.0.seen & SYN_ACKED != 0 {
            self.both(State::Established);
        }
    }

    fn opening_reset(&mut self) {
        self.own.0.anomalies |= anomaly::SENT_RESET | anomaly::ESTABLISHMENT;
        match &mut self.other {
            Some((other, _)) => other.anomalies |= anomaly::ESTABLISHMENT,
            None => self.own.0.anomalies |= anomaly::SCAN,
        }
        self.both(State::Reset);
    }

    fn opening_fin(&mut self, segment: Segment) {
        self.own.0.anomalies |= anomaly::ESTABLISHMENT;
        match &mut self.other {
            Some((other, _)) => other.anomalies |= anomaly::ESTABLISHMENT,
            None => self.own.0.seen |= FIN_SCAN,
        }
        self.fin(segment);
        self.acknowledge_fin(segment.ack);
    }

    /// The connection was open before the first packet seen, or opened wrongly.
    fn establish_unseen(&mut self) {
        self.own.0.anomalies |= anomaly::ESTABLISHMENT;
        if let Some((other, _)) = &mut self.other {
            other.anomalies |= anomaly::ESTABLISHMENT;
        }
        self.both(State::Established);
    }

    fn established(&mut self, segment: Segment) {
        if segment.flags & (SYN | ACK) != ACK {
            self.own.0.anomalies |= anomaly::BAD_FLAGS;
            if let Some((other, _)) = &mut self.other {
                other.anomalies |= anomaly::BAD_FLAGS;
            }
        }
        if segment.flags & FIN != 0 {
            self.fin(segment);
            if segment.flags & ACK != 0 {
                self.acknowledge_fin(segment.ack);
            }
        }
        self.reset_if_asked(segment);
    }

    fn closing(&mut self, segment: Segment) {
        self.reset_if_asked(segment);
        if segment.flags & ACK != 0 {
            self.acknowledge_fin(segment.ack);
        }
        let closed = FIN_SEEN | FIN_ACKED;
        let other_closed = self.other.as_ref().is_some_and(|(other, _)| other.seen & closed == closed);
        if self.own.0.seen & closed == closed && other_closed {
            self.both(State::Closed);
        }
    }

    fn fin(&mut self, segment: Segment) {
        self.own.0.fin_number = segment.seq;
        self.own.0.seen |= FIN_SEEN;
        self.own.0.state = State::Closing;
        *self.own.1 = Lifetime::TcpClosing;
    }

    fn reset_if_asked(&mut self, segment: Segment) {
        if segment.flags & RST == 0 {
            return;
        }
        self.own.0.anomalies |= anomaly::SENT_RESET | anomaly::TEARDOWN;
        if let Some((other, _)) = &mut self.other {
            other.anomalies |= anomaly::TEARDOWN;
        }
        self.both(State::Reset);
    }

    /// Whether the number acknowledges the peer's SYN (number 0 if none was seen).
    fn acknowledge_syn(&mut self, ack: u32) -> bool {
        match &mut self.other {
            Some((other, _)) if ack == other.syn_number.wrapping_add(1) => {
                other.seen |= SYN_ACKED;
                true
            }
            _ => false,
        }
    }

    fn acknowledge_fin(&mut self, ack: u32) {
        if let Some((other, _)) = &mut self.other
            && other.seen & FIN_SEEN != 0
            && ack == other.fin_number.wrapping_add(1)
        {
            other.seen |= FIN_ACKED;
        }
    }

    /// Moves both directions, or the only one, to a state and its timeout.
    fn both(&mut self, state: State) {
        let lifetime = match state {
            State::New => Lifetime::TcpNew,
            State::Established => Lifetime::TcpEstablished,
            State::Closing => Lifetime::TcpClosing,
            State::Closed => Lifetime::TcpClosed,
            State::Reset => Lifetime::TcpReset,
        };
        for (direction, timeout) in std::iter::once(&mut self.own).chain(&mut self.other) {
            direction.state = state;
            **timeout = lifetime;
        }
    }
}

/// The anomalies of an ended direction, with what only the end can tell.
pub fn final_anomalies(own: &TcpDirection, other: Option<&TcpDirection>) -> u8 {
    let Some(other) = other else {
        let scan = if own.seen & FIN_SCAN != 0 { anomaly::SCAN } else { 0 };
        return own.anomalies | anomaly::ESTABLISHMENT | anomaly::TEARDOWN | scan;
    };
    let both = own.seen & other.seen;
    let opened = both & (SYN_SEEN | SYN_ACKED) == SYN_SEEN | SYN_ACKED;
    let closed = both & (FIN_SEEN | FIN_ACKED) == FIN_SEEN | FIN_ACKED;
    let mut anomalies = own.anomalies;
    if !opened {
        anomalies |= anomaly::ESTABLISHMENT;
    }
    if !closed {
        anomalies |= anomaly::TEARDOWN;
        if own.seen & FIN_SCAN != 0 {
            anomalies |= anomaly::SCAN;
        }
    }
    anomalies
}
