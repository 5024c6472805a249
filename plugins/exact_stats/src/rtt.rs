//! TCP segments in, round-trip times out, as RFC 6298 section 3 has them measured.
//!
//! One segment of a direction is timed at a time: the first new one, until an acknowledgment covers its end; the
//! next new one after that is timed next. So there is one sample for each round trip, which is what RFC 6298 asks
//! for at least, samples do not overlap, and memory is bounded. Times are those of the capture point: they tell of
//! the path from there to the receiver and back, with the time that the receiver delays its acknowledgment.
//!
//! Karn's algorithm: what is ambiguous gives no sample. A segment that begins below a number already used is a
//! retransmission, or cannot be told from one. It is not timed, and it ends the timing of another segment, since
//! a cumulative acknowledgment may have waited for it.

use weir_sdk::{Packet, Side, flag};

use crate::squares::Squares;

const TCP: u8 = 6;
/// Bytes of a TCP header up to and with the flags.
const UP_TO_FLAGS: usize = 14;

/// Header flags (RFC 9293 section 3.1).
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// Round trips of both directions of a conversation; made with its first TCP header.
#[derive(Default)]
pub struct RoundTrips(Option<Box<[Trips; 2]>>);

/// Round trips of the segments of one direction.
#[derive(Default)]
pub(crate) struct Trips {
    /// The number behind the highest one that the direction has used, as its segments and the acknowledgments of
    /// its peer show.
    highest: Option<u32>,
    /// The number of its last SYN.
    initial: Option<u32>,
    /// The segment that is timed.
    timed: Option<Timed>,
    /// The SYN that is timed.
    syn: Option<Timed>,
    handshake: Option<u64>,
    samples: Samples,
}

/// Something sent that waits for an acknowledgment.
#[derive(Clone, Copy)]
struct Timed {
    since: i64,
    /// The number behind it.
    end: u32,
    /// It carries ACK, as all but the SYN of an initiator do.
    has_ack: bool,
}

/// Times in nanoseconds, and what is told of them in seconds.
#[derive(Default)]
pub(crate) struct Samples {
    sum: u128,
    squares: Squares,
    count: u64,
    min: u64,
    max: u64,
}

/// A TCP header, and what its packet says of it.
struct Segment {
    time_ns: i64,
    sequence: u32,
    acknowledgment: u32,
    flags: u8,
    payload_len: u32,
    /// Only a part of its payload is in the packet, so its end is not known.
    is_fragment: bool,
}

impl RoundTrips {
    /// Takes a packet into account, if it carries a TCP header.
    #[inline]
    pub(crate) fn follow(&mut self, packet: &Packet<'_>) {
        if packet.l4_proto == TCP
            && let Some(segment) = Segment::of(packet)
        {
            self.follow_segment(&segment, packet.side());
        }
    }

    /// Those of a direction; none without a TCP header in the conversation.
    pub(crate) fn of(&self, side: Side) -> Option<&Trips> {
        self.0.as_ref().map(|sides| &sides[side as usize])
    }

    fn follow_segment(&mut self, segment: &Segment, side: Side) {
        let [a, b] = &mut **self.0.get_or_insert_default();
        let (own, peer) = if side == Side::A { (a, b) } else { (b, a) };
        // RFC 9293 section 3.10.7: a reset is judged by its sequence number and ends the connection; it takes
        // no sequence number, and its acknowledgment number frees nothing that was sent.
        if segment.has(RST) {
            own.abandon();
            peer.abandon();
            return;
        }
        if segment.has(ACK) {
            peer.hear(segment);
        }
        own.send(segment);
    }
}

impl Trips {
    /// Time from SYN to SYN-ACK, or from SYN-ACK to ACK, in seconds.
    pub(crate) fn handshake(&self) -> Option<f64> {
        self.handshake.map(seconds)
    }

    pub(crate) fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The direction sends a segment.
    fn send(&mut self, segment: &Segment) {
        if segment.has(SYN) && self.opens_connection(segment) {
            self.highest = None;
            self.timed = None;
        }
        let is_new = self.highest.is_none_or(|highest| !precedes(segment.sequence, highest));
        if segment.has(SYN) {
            self.send_syn(segment, is_new);
        }
        if segment.takes_numbers() {
            self.time(segment, is_new);
        }
        self.use_up_to(segment.end());
    }

    /// Whether a SYN is not that of the numbers in use: ports are used again within the time that flows live.
    fn opens_connection(&self, syn: &Segment) -> bool {
        self.initial != Some(syn.sequence) && self.highest != Some(syn.behind_syn())
    }

    fn send_syn(&mut self, syn: &Segment, is_new: bool) {
        self.initial = Some(syn.sequence);
        self.syn = is_new.then(|| syn.timed_to(syn.behind_syn()));
    }

    /// Starts to time a new segment unless another is timed; a repeated one ends that.
    fn time(&mut self, segment: &Segment, is_new: bool) {
        if !is_new {
            self.timed = None;
        } else if self.timed.is_none() && !segment.is_fragment {
            self.timed = Some(segment.timed_to(segment.end()));
        }
    }

    /// The peer acknowledges.
    fn hear(&mut self, answer: &Segment) {
        let number = answer.acknowledgment;
        // RFC 9293 section 3.10.7.4: what was not sent cannot be acknowledged, so packets are missing here. What
        // is timed might have been repeated among them.
        if self.highest.is_none_or(|highest| precedes(highest, number)) {
            self.abandon();
            self.highest = Some(number);
            return;
        }
        if let Some(timed) = take_covered(&mut self.timed, number) {
            self.samples.add(timed.age(answer.time_ns));
        }
        if let Some(syn) = take_covered(&mut self.syn, number)
            && (syn.has_ack || answer.has(SYN))
        {
            self.handshake = self.handshake.or(syn.age(answer.time_ns));
        }
    }

    fn use_up_to(&mut self, end: u32) {
        if self.highest.is_none_or(|highest| precedes(highest, end)) {
            self.highest = Some(end);
        }
    }

    /// What is timed now gives no sample.
    fn abandon(&mut self) {
        self.timed = None;
        self.syn = None;
    }
}

impl Timed {
    /// Nanoseconds until then; nothing if time stepped back.
    fn age(self, time_ns: i64) -> Option<u64> {
        (time_ns >= self.since).then(|| time_ns.abs_diff(self.since))
    }
}

impl Samples {
    fn add(&mut self, time: Option<u64>) {
        let Some(time) = time else { return };
        self.min = if self.count == 0 { time } else { self.min.min(time) };
        self.max = self.max.max(time);
        self.sum += u128::from(time);
        self.squares.add(time);
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn min(&self) -> Option<f64> {
        (self.count > 0).then(|| seconds(self.min))
    }

    pub(crate) fn max(&self) -> Option<f64> {
        (self.count > 0).then(|| seconds(self.max))
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64 / 1e9)
    }

    pub(crate) fn sample_deviation(&self) -> Option<f64> {
        let sum = u64::try_from(self.sum).ok()?;
        self.squares.sample_deviation(sum, self.count).map(|nanoseconds| nanoseconds / 1e9)
    }
}

impl Segment {
    /// None without a TCP header that is captured as far as its flags.
    fn of(packet: &Packet<'_>) -> Option<Self> {
        if !packet.has(flag::HAS_TCP_FLAGS) {
            return None;
        }
        let header: &[u8; UP_TO_FLAGS] = packet.l4_bytes().first_chunk()?;
        let word =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Some(Self {
            time_ns: packet.time_ns,
            sequence: word(4),
            acknowledgment: word(8),
            flags: packet.tcp_flags,
            payload_len: packet.payload_len,
            is_fragment: packet.has(flag::MORE_FRAGMENTS),
        })
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn timed_to(&self, end: u32) -> Timed {
        Timed { since: self.time_ns, end, has_ack: self.has(ACK) }
    }

    /// RFC 9293 section 3.4: SYN and FIN take a number each, as every byte does.
    fn takes_numbers(&self) -> bool {
        self.payload_len > 0 || self.has(SYN | FIN)
    }

    /// The number behind all that the segment takes.
    fn end(&self) -> u32 {
        let controls = u32::from(self.has(SYN)) + u32::from(self.has(FIN));
        self.sequence.wrapping_add(self.payload_len).wrapping_add(controls)
    }

    /// The number behind the SYN that it carries, in front of its payload.
    fn behind_syn(&self) -> u32 {
        self.sequence.wrapping_add(1)
    }
}

/// What is timed, if it ends at or below the number; it is timed no longer.
fn take_covered(timed: &mut Option<Timed>, number: u32) -> Option<Timed> {
    timed.take_if(|timed| !precedes(number, timed.end))
}

/// RFC 9293 section 3.4: whether `a` comes before `b`, modulo 2^32.
fn precedes(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests;
