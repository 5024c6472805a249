//! What the IP and TCP headers of a flow tell: flags, options, identifications, checksums, sequence numbers,
//! windows, and response times.
//!
//! Each subject has a file of its own with the state it keeps, how packets change it, and the columns it
//! fills. Lengths are those of the headers, so a capture cut short by its snap length gives the same values as
//! a full one, as long as it holds the headers. What Tranalyzer computes is computed the same way; where it
//! misreads a header, the header's definition counts.

mod bits;
mod fingerprint;
mod header_options;
mod ip;
mod options;
mod rare;
mod row;
mod rtt;
mod scan;
mod segment;
mod sequence;
mod syn_kinds;
mod time;
mod timestamps;
mod window;

use bits::{anomaly, status};
use fingerprint::Fingerprints;
use options::Options;
use rare::{Kept, Rare};
use rtt::Responses;
use scan::Suspect;
use segment::{FIN, RST, SYN, Segment};
use sequence::{Sequence, Setting};
use time::Gap;
use weir_sdk::{End, FlowPlugin, Interest, Packet, Reads, Side, State, export_plugin};
use window::Windows;

pub use row::Row;

/// Flags, options, sequence numbers, windows, response times.
#[derive(Default)]
pub struct TcpFlags {
    fingerprints: Fingerprints,
}

/// What is kept of a direction.
#[derive(Default)]
pub struct Direction {
    /// Time of the last packet.
    time_last: i64,
    rare: Rare,
    options: Options,
    sequence: Sequence,
    windows: Windows,
    responses: Responses,
    /// TCP segments.
    segments: u32,
    ip: ip::Headers,
    flags: u16,
    anomalies: u16,
    status: u16,
}

/// Whether there was a segment before one.
#[derive(Clone, Copy)]
struct Seen {
    /// Of its own direction.
    before: bool,
    /// Of its peer.
    peer: bool,
}

impl FlowPlugin for TcpFlags {
    const NAME: &'static str = "tcp_flags";
    const SUMMARY: &'static str = "what IP and TCP headers tell: flags, options, sequence numbers, windows";
    const ORDER: u16 = 130;
    const INTEREST: Interest = Interest::IP;
    const READS: Reads = Reads::CHECKSUMS;

    type Options = ();
    type Flow = ();
    type Direction = Direction;
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self::default())
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        let State { own, other, .. } = state;
        let l4 = packet.l4_bytes();
        let gap = own.gap(packet);
        own.status |= status::SEEN | own.ip.follow(packet, l4, own.time_last, &mut own.rare);
        own.time_last = packet.time_ns;
        let age = || time::distance_seconds(other.time_last, packet.time_ns);
        own.responses.count(&mut other.responses, age);
        let Some(segment) = Segment::of(packet, l4) else { return own.responses.follow_datagram() };
        match segment.as_acknowledgment() {
            // What nearly all segments are: most rules are about others.
            Some(segment) if own.segments > 0 && other.segments > 0 => {
                own.follow_segment(other, &segment, gap, Seen { before: true, peer: true });
            }
            _ => own.follow_any_segment(other, &segment, gap),
        }
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        let mut row = Row::default();
        let own = end.own;
        let none = Kept::default();
        let kept = own.rare.get().unwrap_or(&none);
        let is_initiator = end.side() == Side::A;
        if own.responses.is_seen() {
            let has_fragment_error = end.status() & weir_sdk::status::FRAGMENT_ERROR != 0;
            row.tcp_status = Some(own.status);
            own.ip.tell(kept, has_fragment_error, &mut row);
        }
        if own.segments > 0 {
            own.tell_tcp(kept, end.other, is_initiator, &mut row);
            let syn = (own.windows.initial(), own.is_scaled(), own.ip.ttl_min());
            own.options.tell(kept, &self.fingerprints, syn, &mut row);
        }
        if let Some(other) = end.other {
            own.responses.tell(&other.responses, is_initiator, &mut row);
        }
        row
    }
}

impl Direction {
    /// From the packet before; nothing for the first.
    #[inline]
    fn gap(&self, packet: &Packet<'_>) -> Gap {
        let now = packet.time_ns;
        Gap { before: if self.responses.is_seen() { self.time_last } else { now }, now }
    }

    #[inline(never)]
    fn follow_any_segment(&mut self, other: &mut Direction, segment: &Segment<'_>, gap: Gap) {
        let seen = Seen { before: self.segments > 0, peer: other.segments > 0 };
        self.follow_segment(other, segment, gap, seen);
    }

    /// What happens to a segment, in this order: its flags, its options, its window, its numbers.
    #[inline(always)]
    fn follow_segment(&mut self, other: &mut Direction, segment: &Segment<'_>, gap: Gap, seen: Seen) {
        let was_scaled = self.is_scaled();
        let follows_syn = self.flags & u16::from(SYN) != 0;
        let flagged = self.follow_flags(other, segment, gap);
        self.follow_options(other, segment, seen);
        let factor = was_scaled.then(|| self.options.window_factor());
        let window = u32::from(segment.window) * factor.unwrap_or(1);
        if !seen.before {
            self.windows.begin(window);
            self.sequence.begin(segment);
        }
        let window_before = self.windows.last();
        self.status |= self.windows.follow(window, segment, &mut self.rare);
        // Only now are the numbers of a first segment known.
        self.follow_flight(other, segment, seen);
        let setting = Setting {
            window,
            window_before,
            factor: self.is_scaled().then(|| self.options.window_factor()),
            peer: seen.peer.then(|| other.sequence.as_peer(other.windows.last())),
            is_first_packet: !seen.before && self.responses.is_first_packet(),
            follows_syn,
            gap,
            response: self.responses.mean() + other.responses.mean(),
        };
        self.follow_numbers(segment, &setting, flagged);
        self.segments = self.segments.saturating_add(1);
    }

    /// Notes flags and what they say of scans; gives the bits of the latter.
    #[inline(always)]
    fn follow_flags(&mut self, other: &mut Direction, segment: &Segment<'_>, gap: Gap) -> u16 {
        let anomalies = scan::anomalies(segment, self.responses.phase(), gap);
        self.responses.follow_segment(segment.control(), &mut other.responses);
        self.flags |= scan::combinations(segment);
        if segment.has(FIN | RST) {
            other.ip.hear_end(&other.rare);
        }
        anomalies
    }

    #[inline(always)]
    fn follow_options(&mut self, other: &mut Direction, segment: &Segment<'_>, seen: Seen) {
        let bits = self.options.follow(segment, &mut self.rare);
        self.status |= bits;
        if bits & status::WINDOW_SCALED != 0 && (seen.peer || other.responses.is_seen()) {
            other.status |= status::WINDOW_SCALED;
        }
    }

    #[inline(always)]
    fn follow_flight(&mut self, other: &mut Direction, segment: &Segment<'_>, seen: Seen) {
        if seen.peer || other.responses.is_seen() {
            self.sequence.follow_flight(segment, &mut other.sequence);
        }
    }

    #[inline(always)]
    fn follow_numbers(&mut self, segment: &Segment<'_>, setting: &Setting, flagged: u16) {
        /// What is not noted of scanners.
        const HIDDEN: u16 = anomaly::SYN_RETRANSMISSION
            | anomaly::TIMEOUT_RETRANSMISSION
            | anomaly::FAST_RETRANSMISSION
            | anomaly::DUPLICATE_ACK
            | anomaly::KEEP_ALIVE
            | anomaly::KEEP_ALIVE_ACK;
        let mut marks = self.sequence.judge(segment, setting, &mut self.rare);
        marks.anomalies |= flagged;
        if (self.anomalies | marks.anomalies) & anomaly::SCAN != 0 {
            marks.anomalies &= !HIDDEN;
        }
        self.sequence.advance_to(segment, marks);
        self.anomalies |= marks.anomalies;
        self.status |= marks.status;
    }

    fn is_scaled(&self) -> bool {
        self.status & status::WINDOW_SCALED != 0
    }

    fn suspect(&self) -> Suspect {
        let Self { anomalies, flags, segments, .. } = *self;
        Suspect { anomalies, flags, segments }
    }

    fn tell_tcp(&self, kept: &Kept, other: Option<&Direction>, is_initiator: bool, row: &mut Row) {
        let other = other.map(Direction::suspect);
        self.sequence.tell(kept, row);
        self.windows.tell(kept, self.segments, row);
        row.tcp_flags = Some(self.flags);
        row.tcp_anomalies = Some(scan::settle(self.suspect(), other, is_initiator));
    }
}

export_plugin!(TcpFlags);

#[cfg(test)]
mod tests;
