//! Sequence and acknowledgment numbers in; what was sent, acknowledged, repeated, or not seen out.
//!
//! The rules are Tranalyzer's; numbers compare modulo 2^32, as RFC 9293 section 3.4 asks.

use crate::bits::{anomaly, status};
use crate::rare::{Kept, Rare};
use crate::row::Row;
use crate::segment::{ACK, FIN, RST, SYN, Segment, is_plain};
use crate::time::Gap;

/// Where the numbers of a direction stand, and what was counted on the way.
#[derive(Default)]
pub(crate) struct Sequence {
    /// Modulo 2^32, as the sum below; few directions carry more.
    sent_bytes: u32,
    acked_bytes: u32,
    first: u32,
    /// Number of the last segment.
    last: u32,
    /// Number that the next segment should have.
    next: u32,
    /// Highest of those.
    highest: u32,
    acknowledged: u32,
    in_flight: u32,
    in_flight_max: u32,
    in_sequence: u32,
    faults: u32,
    ack_packets: u32,
    ack_faults: u32,
    last_anomalies: u16,
    last_flags: u8,
    last_was_probe: bool,
}

/// What the peer has shown before a segment comes.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    next: u32,
    highest: u32,
    acknowledged: u32,
    flags: u8,
    sent_probe: bool,
    sent_duplicate_ack: bool,
    window: u32,
}

/// What stands around a segment.
pub(crate) struct Setting {
    /// Its scaled window, and that of the segment before.
    pub(crate) window: u32,
    pub(crate) window_before: u32,
    /// What the window field is multiplied with, if scaling is in use.
    pub(crate) factor: Option<u32>,
    pub(crate) peer: Option<Peer>,
    /// It is the first packet of its direction.
    pub(crate) is_first_packet: bool,
    /// A segment before it carried SYN.
    pub(crate) follows_syn: bool,
    /// From the packet before it.
    pub(crate) gap: Gap,
    /// Mean response times of both directions together.
    pub(crate) response: f32,
}

/// What a segment showed: bits of `tcp_anomalies` and `tcp_status`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Marks {
    pub(crate) anomalies: u16,
    pub(crate) status: u16,
}

/// RFC 1982: `a` comes before `b`.
fn precedes(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// How far a number advanced; nothing if it did not, or by 1 where SYN or FIN may have taken a number.
fn advance(from: u32, to: u32, may_be_control: bool) -> u32 {
    let distance = to.wrapping_sub(from) as i32;
    if from == 0 || distance <= 0 || (distance == 1 && may_be_control) { 0 } else { distance as u32 }
}

/// Adds to a sum modulo 2^32; gives whether it reached another 2^32.
fn add(sum: &mut u32, bytes: u32) -> bool {
    let (now, has_carry) = sum.overflowing_add(bytes);
    *sum = now;
    has_carry
}

/// The whole sum.
fn whole(carry: u32, sum: u32) -> u64 {
    u64::from(carry) << 32 | u64::from(sum)
}

impl Sequence {
    /// The first segment of the direction.
    pub(crate) fn begin(&mut self, segment: &Segment<'_>) {
        *self = Self {
            first: segment.sequence,
            last: segment.sequence,
            next: segment.sequence,
            highest: segment.sequence,
            acknowledged: segment.acknowledgment,
            ..Self::default()
        };
    }

    /// What the other direction asks of this one, which announced `window` last.
    #[inline(always)]
    pub(crate) fn as_peer(&self, window: u32) -> Peer {
        Peer {
            next: self.next,
            highest: self.highest,
            acknowledged: self.acknowledged,
            flags: self.last_flags,
            sent_probe: self.last_was_probe,
            sent_duplicate_ack: self.last_anomalies & anomaly::DUPLICATE_ACK != 0,
            window,
        }
    }

    /// A plain acknowledgment adds to what is in flight and ends what its peer had in flight.
    #[inline(always)]
    pub(crate) fn follow_flight(&mut self, segment: &Segment<'_>, peer: &mut Sequence) {
        if segment.control() == ACK {
            peer.in_flight = 0;
            self.in_flight = self.in_flight.saturating_add(segment.len);
            self.in_flight_max = self.in_flight_max.max(self.in_flight);
        }
    }

    /// What a segment shows; its numbers are stored by [`advance_to`](Self::advance_to).
    #[inline(always)]
    pub(crate) fn judge(&mut self, segment: &Segment<'_>, setting: &Setting, rare: &mut Rare) -> Marks {
        let probe = self.probe(segment, setting);
        let mut marks = Marks { anomalies: 0, status: probe };
        if probe == 0 {
            if segment.has(ACK) {
                self.follow_ack(segment, setting, &mut marks);
                self.count_bytes(segment, setting, rare);
            }
            if self.fills_window(setting) {
                marks.status |= status::WINDOW_FULL;
            }
        }
        marks
    }

    /// The bit of a zero-window probe or of its answer, or 0.
    #[inline(always)]
    fn probe(&self, segment: &Segment<'_>, setting: &Setting) -> u16 {
        let Some(peer) = setting.peer.filter(|_| segment.is_plain()) else { return 0 };
        if peer.window == 0 && segment.len == 1 {
            status::WINDOW_PROBE
        } else if peer.sent_probe && setting.window == 0 && segment.len == 0 {
            status::WINDOW_PROBE_ACK
        } else {
            0
        }
    }

    #[inline(always)]
    fn fills_window(&self, setting: &Setting) -> bool {
        setting.follows_syn
            && setting.peer.is_some_and(|peer| self.in_flight >= peer.window && peer.flags & RST == 0)
    }

    #[inline(always)]
    fn follow_ack(&mut self, segment: &Segment<'_>, setting: &Setting, marks: &mut Marks) {
        marks.anomalies |= self.keep_alive(segment, setting);
        if segment.acknowledgment == self.acknowledged && marks.anomalies == 0 {
            self.repeat_ack(segment, setting, marks);
        }
        self.in_sequence += u32::from(segment.sequence == self.next);
        if setting.peer.is_some_and(|peer| precedes(peer.highest, segment.acknowledgment)) {
            marks.anomalies |= anomaly::ACK_OF_UNSEEN;
            self.ack_faults += 1;
        }
        if is_plain(self.last_flags) && precedes(self.highest, segment.sequence) {
            marks.anomalies |= anomaly::PREVIOUS_NOT_CAPTURED;
        }
        self.ack_packets += 1;
    }

    /// The bit of a keep-alive or of its answer, or 0.
    #[inline(always)]
    fn keep_alive(&self, segment: &Segment<'_>, setting: &Setting) -> u16 {
        if segment.len > 1 || !segment.is_plain() {
            0
        } else if segment.sequence == self.highest.wrapping_sub(1) {
            anomaly::KEEP_ALIVE
        } else if setting.peer.is_some_and(|peer| peer.next == segment.acknowledgment.wrapping_sub(1)) {
            anomaly::KEEP_ALIVE_ACK
        } else {
            0
        }
    }

    /// The acknowledgment number is that of the segment before.
    fn repeat_ack(&mut self, segment: &Segment<'_>, setting: &Setting, marks: &mut Marks) {
        if !setting.is_first_packet && segment.is_plain() && segment.len == 0 {
            self.repeat_without_payload(segment, setting, marks);
        }
        if segment.is_plain() && precedes(segment.sequence, self.highest) {
            marks.anomalies |= anomaly::OUT_OF_ORDER;
        } else if self.is_timeout(segment, setting) {
            marks.anomalies |= anomaly::TIMEOUT_RETRANSMISSION;
            self.faults += 1;
        }
        let Some(peer) = setting.peer else { return };
        // An acknowledgment number of 0 is that of a SYN, which acknowledges nothing.
        let is_acknowledged = peer.acknowledged != 0 && precedes(segment.sequence, peer.acknowledged);
        if is_acknowledged {
            marks.anomalies |= anomaly::SPURIOUS_RETRANSMISSION;
        }
        if self.is_fast_retransmission(segment, &peer) {
            marks.anomalies |= anomaly::FAST_RETRANSMISSION;
            self.faults += 1;
        }
    }

    fn repeat_without_payload(&mut self, segment: &Segment<'_>, setting: &Setting, marks: &mut Marks) {
        let before = setting.window_before;
        let is_scaled_now =
            setting.factor.is_some_and(|factor| before.wrapping_mul(factor) == setting.window);
        if before == setting.window || is_scaled_now {
            marks.anomalies |= anomaly::DUPLICATE_ACK;
            self.ack_faults += 1;
        } else if segment.sequence == self.next {
            marks.status |= status::WINDOW_UPDATE;
        }
    }

    fn is_timeout(&self, segment: &Segment<'_>, setting: &Setting) -> bool {
        setting.peer.is_some()
            && precedes(segment.sequence, self.next)
            && setting.window_before == setting.window
            && setting.gap.seconds() > 1.5 * setting.response
    }

    fn is_fast_retransmission(&self, segment: &Segment<'_>, peer: &Peer) -> bool {
        peer.sent_duplicate_ack
            && segment.sequence == peer.acknowledged
            && (segment.len > 0 || segment.has(SYN | FIN))
            && precedes(segment.sequence, self.next)
    }

    #[inline(always)]
    fn count_bytes(&mut self, segment: &Segment<'_>, setting: &Setting, rare: &mut Rare) {
        let own_control = !is_plain(self.last_flags);
        let control = own_control || setting.peer.is_some_and(|peer| !is_plain(peer.flags));
        if add(&mut self.sent_bytes, advance(self.last, segment.sequence, own_control)) {
            rare.get_or_make().sent_carry += 1;
        }
        if add(&mut self.acked_bytes, advance(self.acknowledged, segment.acknowledgment, control)) {
            rare.get_or_make().acked_carry += 1;
        }
    }

    /// Stores the numbers of a segment, and what it showed, for the next one.
    #[inline(always)]
    pub(crate) fn advance_to(&mut self, segment: &Segment<'_>, marks: Marks) {
        let is_probe = marks.status & status::WINDOW_PROBE != 0;
        let after = segment.sequence.wrapping_add(segment.len);
        self.last = segment.sequence;
        self.next = if !segment.is_plain() {
            after.wrapping_add(1)
        } else if is_probe {
            after.wrapping_sub(1)
        } else {
            after
        };
        self.acknowledged = segment.acknowledgment;
        if precedes(self.highest, self.next) {
            self.highest = self.next;
        }
        self.last_flags = segment.flags;
        self.last_anomalies = marks.anomalies;
        self.last_was_probe = is_probe;
    }

    /// Fills the columns.
    pub(crate) fn tell(&self, kept: &Kept, row: &mut Row) {
        row.tcp_sequence_first = Some(self.first);
        row.tcp_in_sequence_packets = Some(self.in_sequence);
        row.tcp_sequence_bytes = Some(whole(kept.sent_carry, self.sent_bytes));
        row.tcp_retransmissions = Some(self.faults);
        row.tcp_ack_packets = Some(self.ack_packets);
        row.tcp_acked_bytes = Some(whole(kept.acked_carry, self.acked_bytes));
        row.tcp_ack_faults = Some(self.ack_faults);
        row.tcp_bytes_in_flight_max = Some(self.in_flight_max);
    }
}
