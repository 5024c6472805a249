//! Lengths, gaps, and rates of a flow by the textbook, and round trips of TCP.
//!
//! `basic_stats` forms its means and deviations as published features do: in single precision, each deviation
//! from the mean of the values before, and with a time of 0 in front of the first packet. Here stand the exact
//! means and sample deviations beside them. Two words tell the columns apart: a `gap` is the time between
//! consecutive packets, of which there is one less than there are packets; `sample_std` is the deviation
//! divided by one less than the count.
//!
//! `tcp_flags` has response times for every protocol, where any packet of the opposite direction is an answer. Here
//! a `tcp_rtt` is the time from a segment to its acknowledgment, and what may have been retransmitted has none.
//!
//! Lengths and nanoseconds are summed as whole numbers, squares too; only a result is rounded.

mod rtt;
mod squares;

use rtt::{RoundTrips, Samples, Trips};
use squares::Squares;
use weir_sdk::{Columns, End, FlowPlugin, Packet, Reads, State, export_plugin, flag};

/// Means, deviations, and round trips by the textbook.
pub struct ExactStats;

/// What is kept of a direction.
#[derive(Default)]
pub struct Direction {
    packets: u64,
    bytes: u64,
    len_squares: Squares,
    gap_squares: Squares,
    time_first: i64,
    time_last: i64,
    gap_min: i64,
    gap_max: i64,
    len_first: u32,
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "direction", tags = ["statistical", "packet_size_timing"])]
pub struct Row {
    /// Arithmetic mean of the layer-7 lengths of this direction, packets without payload included, in double
    /// precision.
    #[column(unit = "bytes", source = "(sum of layer-7 lengths) / packets")]
    pub l7_len_exact_mean: f64,
    /// Sample standard deviation of the layer-7 lengths of this direction, packets without payload included;
    /// absent for one packet.
    #[column(unit = "bytes", source = "sqrt(sum((x_i - mean)^2) / (n - 1)), n packets")]
    pub l7_len_sample_std: Option<f64>,
    /// Shortest time from one packet of this direction to the next, negative if time stepped back; absent for
    /// one packet.
    #[column(unit = "s", source = "minimum of t_(i+1) - t_i")]
    pub iat_gap_min: Option<f64>,
    /// Longest time from one packet of this direction to the next, negative if time stepped back at each;
    /// absent for one packet.
    #[column(unit = "s", source = "maximum of t_(i+1) - t_i")]
    pub iat_gap_max: Option<f64>,
    /// Arithmetic mean of the times from one packet of this direction to the next; absent for one packet.
    #[column(unit = "s", source = "(t_n - t_1) / (n - 1), n packets")]
    pub iat_gap_mean: Option<f64>,
    /// Sample standard deviation of the times from one packet of this direction to the next; absent for fewer
    /// than three packets, and where times lie centuries apart.
    #[column(unit = "s", source = "sqrt(sum((x_i - mean)^2) / (n - 2)), n packets, n - 1 gaps x_i")]
    pub iat_gap_sample_std: Option<f64>,
    /// Packets of this direction behind its first one, per second between its first and last packet: the rate
    /// at which packets follow, the reciprocal of the mean gap. Absent unless the last packet is later than the
    /// first.
    #[column(unit = "1/s", source = "(n - 1) / (t_n - t_1), n packets")]
    pub packet_rate_after_first: Option<f64>,
    /// Layer-7 bytes of this direction behind its first packet, per second between its first and last packet:
    /// the first packet's bytes were sent before that time began. Absent unless the last packet is later than
    /// the first.
    #[column(unit = "bytes/s", source = "(sum of layer-7 lengths without the first) / (t_n - t_1)")]
    pub byte_rate_after_first: Option<f64>,
    /// Time of the handshake as the capture point sees it: from a SYN of this direction to the first SYN-ACK that
    /// acknowledges it, or from a SYN-ACK to the first ACK that acknowledges it. Absent if the SYN was not seen, and
    /// if before that the SYN was sent again, a SYN was acknowledged without SYN, a RST came, numbers that were not
    /// seen were acknowledged, or time stepped back; absent for other protocols. Of several handshakes in one flow
    /// the first that gives a time.
    #[column(unit = "s", source = "RFC 9293 section 3.5; RFC 6298 section 3 (Karn's algorithm)")]
    pub tcp_rtt_handshake: Option<f64>,
    /// Segments of this direction whose round trip was measured. A segment with payload, SYN, or FIN is timed, if no
    /// other one of this direction is, until the first segment of the opposite direction with ACK whose number is at
    /// or behind its end, modulo 2^32; so there is about one sample for each round trip. A segment that begins below
    /// a number that this direction has used (a segment without payload uses those below its own) or that was
    /// acknowledged may be a retransmission: it is not timed, and with payload, SYN, or FIN it ends the timing under
    /// way without sample. So do a RST of either direction, of which nothing else counts, an acknowledgment beyond
    /// what this direction has used, a step back in time, and a SYN with another number than the SYN before and than
    /// the one just below the highest used, with which numbers begin anew. Fragments are not timed. Absent for other protocols and without a TCP header in the conversation.
    #[column(unit = "packets", source = "RFC 6298 section 3 (Karn's algorithm); RFC 9293 section 3.4")]
    pub tcp_rtt_sample_count: Option<u64>,
    /// Shortest time from a segment of this direction to its acknowledgment as the capture point sees it, over the
    /// samples that `tcp_rtt_sample_count` counts; the time for which the receiver delays an acknowledgment is
    /// included. Absent without sample.
    #[column(unit = "s", source = "minimum of the samples; RFC 6298 section 3")]
    pub tcp_rtt_sample_min: Option<f64>,
    /// Longest time from a segment of this direction to its acknowledgment as the capture point sees it, over the
    /// samples that `tcp_rtt_sample_count` counts; the time for which the receiver delays an acknowledgment is
    /// included. Absent without sample.
    #[column(unit = "s", source = "maximum of the samples; RFC 6298 section 3")]
    pub tcp_rtt_sample_max: Option<f64>,
    /// Arithmetic mean of the times from segments of this direction to their acknowledgments as the capture point
    /// sees them, over the samples that `tcp_rtt_sample_count` counts; the time for which the receiver delays an
    /// acknowledgment is included. Absent without sample.
    #[column(unit = "s", source = "(sum of the samples) / tcp_rtt_sample_count; RFC 6298 section 3")]
    pub tcp_rtt_sample_mean: Option<f64>,
    /// Sample standard deviation of the times from segments of this direction to their acknowledgments, over the
    /// samples that `tcp_rtt_sample_count` counts; absent for fewer than two samples, and where times lie centuries
    /// apart.
    #[column(unit = "s", source = "sqrt(sum((x_i - mean)^2) / (n - 1)), n samples x_i")]
    pub tcp_rtt_sample_std: Option<f64>,
}

impl FlowPlugin for ExactStats {
    const NAME: &'static str = "exact_stats";
    const SUMMARY: &'static str =
        "exact means, sample deviations, gaps without the first time of 0, round trips of TCP";
    const ORDER: u16 = 600;
    const READS: Reads = Reads::HEADERS;
    const READS_PEER: bool = false;
    const ON_BY_DEFAULT: bool = false;

    type Options = ();
    type Flow = RoundTrips;
    type Direction = Direction;
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        let direction = state.own;
        if packet.has(flag::STARTS_DIRECTION) {
            *direction = Direction::born_with(packet);
        } else {
            direction.follow_time(packet.time_ns);
        }
        direction.follow_length(packet.payload_len);
        state.flow.follow(packet);
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        let own = end.own;
        let trips = end.flow.of(end.side());
        let samples = trips.map(Trips::samples);
        Row {
            // A direction is born with its first packet, so the divisor is never zero.
            l7_len_exact_mean: own.bytes as f64 / own.packets as f64,
            l7_len_sample_std: own.len_squares.sample_deviation(own.bytes, own.packets),
            iat_gap_min: own.of_gaps(seconds(own.gap_min)),
            iat_gap_max: own.of_gaps(seconds(own.gap_max)),
            iat_gap_mean: own.of_gaps(own.duration() / own.gaps() as f64),
            iat_gap_sample_std: own.gap_deviation(),
            packet_rate_after_first: own.per_second(own.gaps()),
            byte_rate_after_first: own.per_second(own.bytes - u64::from(own.len_first)),
            tcp_rtt_handshake: trips.and_then(Trips::handshake),
            tcp_rtt_sample_count: samples.map(Samples::count),
            tcp_rtt_sample_min: samples.and_then(Samples::min),
            tcp_rtt_sample_max: samples.and_then(Samples::max),
            tcp_rtt_sample_mean: samples.and_then(Samples::mean),
            tcp_rtt_sample_std: samples.and_then(Samples::sample_deviation),
        }
    }
}

impl Direction {
    /// The state before the length of its first packet is taken into account.
    fn born_with(packet: &Packet<'_>) -> Self {
        Self {
            time_first: packet.time_ns,
            time_last: packet.time_ns,
            gap_min: i64::MAX,
            gap_max: i64::MIN,
            len_first: packet.payload_len,
            ..Self::default()
        }
    }

    fn follow_length(&mut self, len: u32) {
        self.packets += 1;
        self.bytes += u64::from(len);
        self.len_squares.add(u64::from(len));
    }

    fn follow_time(&mut self, time_ns: i64) {
        let gap = time_ns.saturating_sub(self.time_last);
        self.gap_min = self.gap_min.min(gap);
        self.gap_max = self.gap_max.max(gap);
        self.gap_squares.add(time_ns.abs_diff(self.time_last));
        self.time_last = time_ns;
    }

    fn gaps(&self) -> u64 {
        self.packets - 1
    }

    /// The value, if there is a gap that it can tell of.
    fn of_gaps(&self, value: f64) -> Option<f64> {
        (self.packets > 1).then_some(value)
    }

    /// Seconds from the first to the last packet, which is the sum of all gaps.
    fn duration(&self) -> f64 {
        (i128::from(self.time_last) - i128::from(self.time_first)) as f64 / 1e9
    }

    fn gap_deviation(&self) -> Option<f64> {
        let sum = self.time_last.abs_diff(self.time_first);
        self.gap_squares.sample_deviation(sum, self.gaps()).map(|nanoseconds| nanoseconds / 1e9)
    }

    /// `count` by the duration; nothing if time stood still or stepped back.
    fn per_second(&self, count: u64) -> Option<f64> {
        let duration = self.duration();
        (duration > 0.0).then(|| count as f64 / duration)
    }
}

fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

export_plugin!(ExactStats);

#[cfg(test)]
mod tests;
