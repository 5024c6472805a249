//! Flags of packets, and what a whole conversation looks like, in; scans out.

use crate::bits::{anomaly, flags};
use crate::rtt::Phase;
use crate::segment::{ACK, FIN, PSH, RST, SYN, Segment, URG};
use crate::time::Gap;

/// A SYN that comes later than this after the packet before it repeats an unanswered one; a sooner one is that
/// of a scanner.
const RETRANSMISSION_AFTER: f32 = 0.9;
/// Fewer segments than these are no conversation.
const CONVERSATION: u32 = 4;
/// Flags and combinations that scanners use.
const SUSPICIOUS: u16 = flags::SYN
    | flags::FIN
    | flags::NULL
    | flags::SYN_FIN
    | flags::SYN_FIN_RST
    | flags::RST_FIN
    | flags::XMAS;

/// What the flags of one segment say: bits of `tcp_anomalies`.
#[inline(always)]
pub(crate) fn anomalies(segment: &Segment<'_>, phase: Phase, gap: Gap) -> u16 {
    let mut bits = 0;
    if segment.control() == SYN {
        if phase == Phase::Syn {
            bits |= if gap.seconds() > RETRANSMISSION_AFTER {
                anomaly::SYN_RETRANSMISSION
            } else {
                anomaly::SCAN
            };
        }
        if segment.len > 0 {
            bits |= anomaly::SYN_WITH_PAYLOAD;
        }
    }
    if is_null(segment) || is_xmas(segment) {
        bits |= anomaly::SCAN;
    }
    bits
}

/// Header flags of one segment, and the combinations that they make: bits of `tcp_flags`.
#[inline(always)]
pub(crate) fn combinations(segment: &Segment<'_>) -> u16 {
    const FIN_ACK: u8 = FIN | ACK;
    const SYN_ACK: u8 = SYN | ACK;
    const RST_ACK: u8 = RST | ACK;
    const SYN_FIN: u8 = SYN | FIN;
    const SYN_FIN_RST: u8 = SYN | FIN | RST;
    const RST_FIN: u8 = RST | FIN;
    let combination = match segment.control() {
        FIN_ACK => flags::FIN_ACK,
        SYN_ACK => flags::SYN_ACK,
        RST_ACK => flags::RST_ACK,
        SYN_FIN => flags::SYN_FIN,
        SYN_FIN_RST => flags::SYN_FIN_RST,
        RST_FIN => flags::RST_FIN,
        _ => 0,
    };
    let null = if is_null(segment) { flags::NULL } else { 0 };
    let xmas = if is_xmas(segment) { flags::XMAS } else { 0 };
    u16::from(segment.flags) | combination | null | xmas
}

fn is_null(segment: &Segment<'_>) -> bool {
    segment.six_flags() == 0
}

fn is_xmas(segment: &Segment<'_>) -> bool {
    segment.six_flags() == FIN | PSH | URG
}

/// A direction of an ended conversation.
#[derive(Clone, Copy)]
pub(crate) struct Suspect {
    pub(crate) anomalies: u16,
    pub(crate) flags: u16,
    pub(crate) segments: u32,
}

impl Suspect {
    fn only_scans(&self) -> bool {
        self.anomalies & (anomaly::SCAN | anomaly::SCAN_ANSWERED) == anomaly::SCAN
    }

    fn is_short(&self) -> bool {
        self.segments < CONVERSATION
    }

    /// Judges this direction, with what that means for its opposite.
    fn judge(&mut self, other: Option<&mut Suspect>) {
        if self.anomalies & anomaly::SYN_RETRANSMISSION != 0 || self.flags & SUSPICIOUS == 0 {
            return;
        }
        if self.is_short() && self.anomalies & (anomaly::SCAN | anomaly::SCAN_ANSWERED) == 0 {
            self.anomalies |= anomaly::SCAN;
        }
        let Some(other) = other else { return };
        if self.only_scans() || (other.only_scans() && self.is_short() && other.is_short()) {
            self.anomalies |= anomaly::SCAN_ANSWERED;
            other.anomalies |= anomaly::SCAN_ANSWERED;
        }
    }
}

/// The anomalies of `own` at the end. The initiator is judged first, so it does not know yet what its peer
/// will be found to be: so it is in Tranalyzer.
pub(crate) fn settle(mut own: Suspect, other: Option<Suspect>, is_initiator: bool) -> u16 {
    match other {
        None => own.judge(None),
        Some(mut other) if is_initiator => own.judge(Some(&mut other)),
        Some(mut other) => {
            other.judge(Some(&mut own));
            own.judge(Some(&mut other));
        }
    }
    own.anomalies
}
