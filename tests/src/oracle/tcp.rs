//! The state machine that sets the timeouts of TCP directions.

use weir_traffic::packet;
use weir_traffic::packet::flags::{ACK, FIN, PSH, RST, SYN, URG};

use super::record::{Record, SECOND};

/// What is known of the connection from one direction.
#[derive(Clone, Debug, Default)]
pub struct Tcp {
    pub state: State,
    /// Anomaly bits.
    pub anomalies: u8,
    syn: Numbered,
    fin: Numbered,
    /// A lone FIN with ACK may be a scan.
    may_be_fin_scan: bool,
}

/// The SYN or FIN of a direction. One that was not seen has number 0, which can be acknowledged.
#[derive(Clone, Copy, Debug, Default)]
struct Numbered {
    seq: u32,
    is_seen: bool,
    is_acknowledged: bool,
}

impl Numbered {
    fn see(&mut self, seq: u32) {
        self.seq = seq;
        self.is_seen = true;
    }

    fn is_done(self) -> bool {
        self.is_seen && self.is_acknowledged
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    New,
    Established,
    Closing,
    Closed,
    Reset,
}

/// Takes a segment of the direction `own`.
pub fn follow(records: &mut [Record], own: usize, segment: &packet::Tcp) {
    let flags = segment.flags;
    if [0, FIN | PSH | URG].contains(&(flags & 0x3f)) {
        records[own].tcp.anomalies |= 0x80;
    }
    let mut both = Both { records, own };
    match both.own().tcp.state {
        State::New => both.opening(segment),
        State::Established => both.established(segment),
        State::Closing => both.closing(segment),
        State::Closed => {
            both.own().tcp.anomalies |= 0x08;
            both.reset_of_open(flags);
        }
        State::Reset => both.own().tcp.anomalies |= 0x10,
    }
}

struct Both<'a> {
    records: &'a mut [Record],
    own: usize,
}

impl Both<'_> {
    fn own(&mut self) -> &mut Record {
        &mut self.records[self.own]
    }

    fn opposite(&mut self) -> Option<&mut Record> {
        let opposite = self.records[self.own].opposite?;
        Some(&mut self.records[opposite])
    }

    /// Sets bits on both.
    fn note(&mut self, anomalies: u8) {
        self.own().tcp.anomalies |= anomalies;
        if let Some(opposite) = self.opposite() {
            opposite.tcp.anomalies |= anomalies;
        }
    }

    /// Sets state and timeout of both.
    fn enter(&mut self, state: State) {
        let timeout = match state {
            State::New | State::Closing => 120 * SECOND,
            State::Established => 610 * SECOND,
            State::Closed => 10 * SECOND,
            State::Reset => SECOND / 10,
        };
        let set = |record: &mut Record| {
            record.tcp.state = state;
            record.timeout = timeout;
        };
        set(self.own());
        self.opposite().map(set);
    }

    fn opening(&mut self, segment: &packet::Tcp) {
        let flags = segment.flags;
        let is_paired = self.opposite().is_some();
        let has = |flag| flags & flag != 0;
        let exactly = |wanted| flags & (FIN | SYN | RST | ACK) == wanted;
        if has(SYN) && !has(FIN) && !has(RST) {
            self.own().tcp.syn.see(segment.seq);
            self.own().timeout = 120 * SECOND;
            if has(ACK) && !(is_paired && self.acknowledge_syn(segment.ack)) {
                self.established_badly();
            }
        } else if is_paired && exactly(ACK) {
            if !self.acknowledge_syn(segment.ack) {
                self.established_badly();
            } else if self.own().tcp.syn.is_acknowledged {
                self.enter(State::Established);
            }
        } else if is_paired && exactly(RST | ACK) {
            self.enter(State::Reset);
            self.own().tcp.anomalies |= 0x40;
        } else if has(RST) {
            self.note(0x01);
            self.own().tcp.anomalies |= if is_paired { 0x40 } else { 0x40 | 0x80 };
            self.enter(State::Reset);
        } else if exactly(FIN | ACK) {
            self.note(0x01);
            self.fin(segment);
            self.acknowledge_fin(segment.ack);
            self.own().tcp.may_be_fin_scan |= !is_paired;
        } else if exactly(FIN) {
            self.own().tcp.anomalies |= 0x80;
        } else {
            self.established_badly();
        }
    }

    fn established_badly(&mut self) {
        self.note(0x01);
        self.enter(State::Established);
    }

    fn established(&mut self, segment: &packet::Tcp) {
        if segment.flags & (SYN | ACK) != ACK {
            self.note(0x04);
        }
        if segment.flags & FIN != 0 {
            self.fin(segment);
            if segment.flags & ACK != 0 {
                self.acknowledge_fin(segment.ack);
            }
        }
        self.reset_of_open(segment.flags);
    }

    fn closing(&mut self, segment: &packet::Tcp) {
        self.reset_of_open(segment.flags);
        if segment.flags & ACK != 0 {
            self.acknowledge_fin(segment.ack);
        }
        let is_done = |record: &mut Record| record.tcp.fin.is_done();
        if is_done(self.own()) && self.opposite().is_some_and(is_done) {
            self.enter(State::Closed);
        }
    }

    fn reset_of_open(&mut self, flags: u8) {
        if flags & RST != 0 {
            self.note(0x02);
            self.own().tcp.anomalies |= 0x40;
            self.enter(State::Reset);
        }
    }

    fn fin(&mut self, segment: &packet::Tcp) {
        let own = self.own();
        own.tcp.fin.see(segment.seq);
        own.tcp.state = State::Closing;
        own.timeout = 120 * SECOND;
    }

    /// Whether the SYN of the opposite is acknowledged by this.
    fn acknowledge_syn(&mut self, ack: u32) -> bool {
        let Some(opposite) = self.opposite() else { return false };
        let is_right = ack == opposite.tcp.syn.seq.wrapping_add(1);
        opposite.tcp.syn.is_acknowledged |= is_right;
        is_right
    }

    fn acknowledge_fin(&mut self, ack: u32) {
        if let Some(opposite) = self.opposite().filter(|opposite| opposite.tcp.fin.is_seen) {
            opposite.tcp.fin.is_acknowledged |= ack == opposite.tcp.fin.seq.wrapping_add(1);
        }
    }
}

/// The anomaly bits of a direction that has ended.
pub fn final_anomalies(own: &Tcp, opposite: Option<&Tcp>) -> u8 {
    let is_opened = opposite.is_some_and(|opposite| own.syn.is_done() && opposite.syn.is_done());
    let is_closed = opposite.is_some_and(|opposite| own.fin.is_done() && opposite.fin.is_done());
    let mut anomalies = own.anomalies;
    if !is_opened {
        anomalies |= 0x01;
    }
    if !is_closed {
        anomalies |= 0x02;
        if own.may_be_fin_scan {
            anomalies |= 0x80;
        }
    }
    anomalies
}
