//! TCP segments in any order → the bytes of each direction in order, once for all plugins that ask.
//!
//! What a packet brings in order is shown where it stands in the window of the batch, or, with what had waited
//! for it, in a buffer of the batch. Bytes that were shown are never shown again: of segments that overlap, the
//! first counts. A hole stays open until its bytes come; it is given up when the receiver has acknowledged more
//! than what is missing, so that the bytes were lost on the way to the capture alone, or when too much waits.
//!
//! RFC 9293 section 3.4: numbers are compared modulo 2^32.

use std::collections::VecDeque;

use weir_sdk::packet::{StreamFacts, stream_flag};
use weir_sdk::{Packet, PacketFacts, flag};

use crate::flow::tcp::flags::{ACK, RST, SYN};
use crate::memory::prefetch;

/// Where sequence and acknowledgment number stand in a TCP header, one behind the other.
const SEQUENCE: usize = 4;
/// Bytes that may wait behind a hole of one direction.
const MOST_WAITING: usize = 64 << 10;
/// Segments that may wait behind a hole of one direction.
const MOST_SEGMENTS: usize = 64;

/// The streams of one worker, by slot.
pub struct Streams {
    /// So many bytes of each direction are wanted.
    wanted: u64,
    by_slot: Vec<[Stream; 2]>,
    /// What the facts of a batch point into where its window does not hold the bytes in a row.
    buffer: Vec<u8>,
    facts: Vec<StreamFacts>,
    given_up: u64,
}

/// One direction.
#[derive(Default)]
struct Stream {
    /// The number of the next byte.
    next: u32,
    is_begun: bool,
    /// The connection began before the capture.
    is_mid_stream: bool,
    /// Bytes before `next` are missing and nothing was shown since.
    has_gap: bool,
    /// The other side has opened a new connection, so that the answer may have another number.
    may_reopen: bool,
    /// Bytes of the connection up to `next`.
    offset: u64,
    /// What waits behind a hole; nearly no direction has any.
    waiting: Option<Box<Waiting>>,
}

/// Segments behind a hole, by number; they may overlap.
#[derive(Default)]
struct Waiting {
    segments: VecDeque<(u32, Vec<u8>)>,
    bytes: usize,
    /// The receiver has all bytes before this number.
    acknowledged: Option<u32>,
}

impl Streams {
    /// Streams that are shown up to so many bytes of each direction.
    pub fn new(wanted: u64) -> Self {
        Self { wanted, by_slot: Vec::new(), buffer: Vec::new(), facts: Vec::new(), given_up: 0 }
    }

    /// Follows the packets of a batch, whose slots are known.
    pub fn follow(&mut self, packets: &[PacketFacts], slots: &[u32], window: &[u8]) {
        self.buffer.clear();
        self.facts.clear();
        if self.wanted == 0 {
            return;
        }
        self.ask_for(slots);
        self.facts.reserve(packets.len());
        for (facts, &slot) in packets.iter().zip(slots) {
            let packet = Packet::new(facts, window);
            let shown = self.packet(&packet, slot as usize).unwrap_or_default();
            self.facts.push(shown);
        }
    }

    /// Makes room for the streams of a batch, and asks for their cache lines.
    fn ask_for(&mut self, slots: &[u32]) {
        let slots = slots.iter().map(|&slot| slot as usize);
        let room = slots.clone().max().map_or(0, |last| last + 1);
        if self.by_slot.len() < room {
            self.by_slot.resize_with(room, Default::default);
        }
        slots.for_each(|slot| prefetch(&raw const self.by_slot[slot]));
    }

    /// What each packet of the batch brought; empty if no stream is wanted.
    pub fn facts(&self) -> &[StreamFacts] {
        &self.facts
    }

    /// What facts with [`stream_flag::BUFFERED`] point into.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Holes that were given up because too much waited behind them.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    fn packet(&mut self, packet: &Packet<'_>, slot: usize) -> Option<StreamFacts> {
        if packet.has(flag::STARTS_FLOW) {
            self.by_slot[slot] = Default::default();
        }
        let [a, b] = &mut self.by_slot[slot];
        let (own, other) = if packet.side == 0 { (a, b) } else { (b, a) };
        if packet.tcp_flags & SYN == 0 && own.is_in_order() && other.waiting.is_none() {
            // Nearly all segments: those without payload change nothing, the others follow those before.
            if packet.payload_len == 0 {
                return None;
            }
            if own.offset < self.wanted && own.continues_with(packet) {
                return Some(own.follow(packet).within(self.wanted).facts(packet, own.is_mid_stream));
            }
        }
        let segment = Segment::of(packet)?;
        if segment.flags & ACK != 0 {
            other.hear(segment.acknowledgment);
        }
        if own.offset >= self.wanted && own.is_begun && segment.flags & SYN == 0 {
            return None;
        }
        other.may_reopen |= own.begin(&segment) && segment.flags & ACK == 0;
        let run = own.take(&segment, &mut self.buffer, &mut self.given_up)?;
        Some(run.within(self.wanted).facts(packet, own.is_mid_stream))
    }
}

/// The header fields that matter here, and the payload.
struct Segment<'p> {
    flags: u8,
    /// Number of the first byte of the payload.
    first: u32,
    acknowledgment: u32,
    payload: &'p [u8],
    /// On the wire; not all of it may have been captured.
    len: u32,
}

impl<'p> Segment<'p> {
    /// None of what has no whole one.
    fn of(packet: &Packet<'p>) -> Option<Self> {
        if !is_whole(packet) {
            return None;
        }
        let numbers = packet.array::<8>(usize::from(packet.l4_offset) + SEQUENCE)?;
        let [sequence, acknowledgment] = halves(numbers).map(u32::from_be_bytes);
        let syn = u32::from(packet.tcp_flags & SYN != 0);
        Some(Self {
            flags: packet.tcp_flags,
            first: sequence.wrapping_add(syn),
            acknowledgment,
            payload: packet.payload(),
            len: packet.payload_len,
        })
    }
}

/// Whether this is TCP and no fragment, whose payload is not whole.
#[inline]
fn is_whole(packet: &Packet<'_>) -> bool {
    const FRAGMENT: u8 = flag::FIRST_FRAGMENT | flag::LATER_FRAGMENT;
    packet.l4_proto == 6 && packet.has(flag::HAS_TCP_FLAGS) && !packet.has(FRAGMENT)
}

fn halves([a, b, c, d, e, f, g, h]: [u8; 8]) -> [[u8; 4]; 2] {
    [[a, b, c, d], [e, f, g, h]]
}

/// Bytes in order that a packet brought.
struct Run {
    /// In the stream.
    offset: u64,
    len: usize,
    /// In the payload, or in the buffer.
    from: usize,
    is_buffered: bool,
    follows_gap: bool,
}

impl Run {
    /// Without what is beyond the bytes wanted.
    fn within(self, wanted: u64) -> Self {
        let len = usize::try_from(wanted.saturating_sub(self.offset)).unwrap_or(usize::MAX).min(self.len);
        Self { len, ..self }
    }

    fn facts(self, packet: &Packet<'_>, is_mid_stream: bool) -> StreamFacts {
        let in_window = packet.start + u64::from(packet.payload_offset);
        let bit = |set: bool, bit: u32| if set { bit } else { 0 };
        StreamFacts {
            start: self.from as u64 + if self.is_buffered { 0 } else { in_window },
            offset: self.offset,
            len: self.len as u32,
            flags: bit(self.is_buffered, stream_flag::BUFFERED)
                | bit(self.follows_gap, stream_flag::FOLLOWS_GAP)
                | bit(is_mid_stream, stream_flag::MID_STREAM),
        }
    }
}

/// Bytes from one number to another, negative if it lies before.
fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from) as i32
}

impl Stream {
    /// It has begun, and nothing waits.
    fn is_in_order(&self) -> bool {
        self.is_begun && self.waiting.is_none()
    }

    /// Whether the packet's payload was captured whole and begins where the stream has come to.
    #[inline]
    fn continues_with(&self, packet: &Packet<'_>) -> bool {
        let end = u32::from(packet.payload_offset).saturating_add(packet.payload_len);
        let sequence = || packet.array(usize::from(packet.l4_offset) + SEQUENCE).map(u32::from_be_bytes);
        is_whole(packet) && end <= packet.captured_len && sequence() == Some(self.next)
    }

    /// Takes the payload of a packet with which it continues; what [`take`](Self::take) does with it in more steps.
    #[inline]
    fn follow(&mut self, packet: &Packet<'_>) -> Run {
        let (offset, follows_gap) = (self.offset, std::mem::take(&mut self.has_gap));
        let len = packet.payload_len as usize;
        self.advance(len);
        Run { offset, len, from: 0, is_buffered: false, follows_gap }
    }

    /// The receiver has everything before this number.
    fn hear(&mut self, acknowledgment: u32) {
        if let Some(waiting) = &mut self.waiting {
            waiting.acknowledged = Some(acknowledgment);
        }
    }

    /// Takes a segment; gives what it brings in order.
    fn take(&mut self, segment: &Segment<'_>, buffer: &mut Vec<u8>, given_up: &mut u64) -> Option<Run> {
        if segment.payload.is_empty() && self.waiting.is_none() {
            // Payload that was not captured at all leaves a gap.
            self.pass_over(segment);
            return None;
        }
        let ahead = distance(self.next, segment.first);
        if ahead > 0 {
            self.wait(segment);
            return self.give_up_hole(buffer, given_up);
        }
        let known = ahead.unsigned_abs() as usize;
        let fresh = segment.payload.get(known..).unwrap_or_default();
        let run = self.show(segment, known, fresh, buffer);
        run.or_else(|| self.give_up_hole(buffer, given_up))
    }

    /// A connection begins with a SYN, or, in a capture that begins later, with any segment; whether it is a new one
    /// between the same ports. A server that answers one SYN twice with different numbers opens nothing.
    fn begin(&mut self, segment: &Segment<'_>) -> bool {
        let is_syn = segment.flags & SYN != 0;
        let first_of_all = self.next.wrapping_sub(self.offset as u32);
        let may_reopen = segment.flags & ACK == 0 || self.may_reopen;
        let reopens = is_syn && self.is_begun && may_reopen && segment.first != first_of_all;
        if reopens {
            // What follows has nothing to do with what came before.
            self.waiting = None;
            (self.next, self.has_gap, self.may_reopen) = (segment.first, true, false);
        } else if !self.is_begun && segment.flags & RST == 0 {
            (self.is_begun, self.is_mid_stream, self.next) = (true, !is_syn, segment.first);
        }
        reopens
    }

    /// The captured bytes of a segment that begins in order or before.
    fn show(
        &mut self,
        segment: &Segment<'_>,
        known: usize,
        fresh: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Option<Run> {
        let is_cut = segment.payload.len() < segment.len as usize;
        if fresh.is_empty() {
            self.pass_over(segment);
            return None;
        }
        let (offset, follows_gap) = (self.offset, std::mem::take(&mut self.has_gap));
        self.advance(fresh.len());
        let mut run = Run { offset, len: fresh.len(), from: known, is_buffered: false, follows_gap };
        if is_cut {
            self.pass_over(segment);
        } else if self.waiting.is_some() {
            let from = buffer.len();
            buffer.extend_from_slice(fresh);
            self.drain_waiting(buffer);
            run = Run { len: buffer.len() - from, from, is_buffered: true, ..run };
        }
        Some(run)
    }

    fn advance(&mut self, bytes: usize) {
        self.next = self.next.wrapping_add(bytes as u32);
        self.offset += bytes as u64;
    }

    /// Steps over bytes that were sent but not captured.
    fn pass_over(&mut self, segment: &Segment<'_>) {
        let ahead = distance(self.next, segment.first.wrapping_add(segment.len));
        if self.is_begun && ahead > 0 && segment.len > 0 && distance(self.next, segment.first) <= 0 {
            self.advance(ahead as usize);
            self.has_gap = true;
        }
    }

    fn wait(&mut self, segment: &Segment<'_>) {
        if !segment.payload.is_empty() {
            self.waiting.get_or_insert_default().add(segment.first, segment.payload);
        }
    }

    /// Appends what had waited for the bytes shown before.
    fn drain_waiting(&mut self, buffer: &mut Vec<u8>) {
        while let Some(waiting) = &mut self.waiting
            && let Some(bytes) = waiting.next_in_order(self.next)
        {
            buffer.extend_from_slice(&bytes);
            self.advance(bytes.len());
        }
        if self.waiting.as_ref().is_some_and(|waiting| waiting.segments.is_empty()) {
            self.waiting = None;
        }
    }

    /// Goes on behind a hole whose bytes will not come.
    fn give_up_hole(&mut self, buffer: &mut Vec<u8>, given_up: &mut u64) -> Option<Run> {
        let waiting = self.waiting.as_ref()?;
        let first = waiting.segments.front()?.0;
        let is_full = waiting.is_full();
        if !is_full && !waiting.was_received(first) {
            return None;
        }
        *given_up += u64::from(is_full);
        let missing = distance(self.next, first).max(0);
        self.advance(missing as usize);
        let (offset, from) = (self.offset, buffer.len());
        self.has_gap = false;
        self.drain_waiting(buffer);
        Some(Run { offset, len: buffer.len() - from, from, is_buffered: true, follows_gap: true })
    }
}

impl Waiting {
    fn add(&mut self, first: u32, bytes: &[u8]) {
        let at = self.segments.partition_point(|(known, _)| distance(*known, first) >= 0);
        self.bytes += bytes.len();
        self.segments.insert(at, (first, bytes.to_vec()));
    }

    fn is_full(&self) -> bool {
        self.bytes > MOST_WAITING || self.segments.len() > MOST_SEGMENTS
    }

    /// Whether the receiver has bytes behind this number, and so all before it.
    fn was_received(&self, number: u32) -> bool {
        self.acknowledged.is_some_and(|acknowledged| distance(number, acknowledged) > 0)
    }

    /// Bytes that stand at this number, taken out; what lies wholly before it is dropped.
    fn next_in_order(&mut self, number: u32) -> Option<Vec<u8>> {
        loop {
            let (first, bytes) = self.segments.front()?;
            let known = distance(*first, number);
            if known < 0 {
                return None;
            }
            let is_fresh = (known as usize) < bytes.len();
            let (_, mut bytes) = self.segments.pop_front()?;
            self.bytes -= bytes.len();
            if is_fresh {
                bytes.drain(..known as usize);
                return Some(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests;
