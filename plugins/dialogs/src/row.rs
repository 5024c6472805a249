//! A row of the table: what is measured of a dialog.

use weir_sdk::{Columns, Duration, Ip, Time};

use crate::cut::{Ended, Packet, Stream};
use crate::stats::Stats;

/// A row of the table. A is the client, which is the initiator of its flows; B is whoever answered it.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow", tags = ["statistical", "packet_size_timing"])]
pub struct DialogRow {
    /// Number of the session, from 1, counted over all flows and clients in the order in which the first dialogs of
    /// sessions are listed. A session is a sequence of packets in which none comes more than the option `session` (60 s)
    /// after the one before.
    #[column(unit = "none", source = "Fu et al. 2016, IEEE TMC 15(11)", tags = ["identifier"])]
    pub session_index: u64,
    /// Number of the dialog in its session, from 1. A dialog is a part of a session in which no packet comes more than
    /// the option `dialog` (2 s) after the one before. Captured packets of IP flows with a layer-7 length above 0 that
    /// `first_packets` lists count, of both directions, retransmissions included. The time of a packet is the latest
    /// of those of its flow up to and with it, so that it never steps back; where packets are grouped by client, it is no
    /// earlier than the latest time at which a flow had begun when its flow began, and packets of equal times stand in
    /// the order of `flow_index`.
    #[column(unit = "none", source = "Fu et al. 2016", tags = ["identifier"])]
    pub dialog_index: u64,
    /// Address of the client: the initiator of the flows. It is the destination in the row of a flow of which only the
    /// responder's packets were captured.
    #[column(unit = "none", source = "src_ip of A", tags = ["address"])]
    pub client_ip: Ip,
    /// Number of the flow that the dialog belongs to; absent where packets are grouped by client.
    #[column(unit = "none", source = "weir", tags = ["identifier"])]
    pub flow_index: Option<u64>,
    /// Number of distinct flows whose packets the dialog has.
    #[column(unit = "none", source = "weir")]
    pub dialog_flows: u64,
    /// Time of its first packet.
    #[column(unit = "ns", source = "first_packets_start + first_packets_time", tags = ["time"])]
    pub dialog_first_time: Time,
    /// From its first to its last packet.
    #[column(unit = "ns", source = "difference of times")]
    pub dialog_duration: Duration,
    /// From the last packet of the dialog before to its first packet; absent for the first dialog of a session.
    #[column(unit = "ns", source = "difference of times")]
    pub dialog_gap: Option<Duration>,
    /// Packets that A sent.
    #[column(unit = "packets", source = "Fu et al. 2016")]
    pub dialog_packets_a: u64,
    /// Sum of the layer-7 lengths of the packets that A sent.
    #[column(unit = "bytes", source = "Fu et al. 2016")]
    pub dialog_bytes_a: u64,
    /// Smallest layer-7 length of the packets that A sent; absent without one, as all lengths of A.
    #[column(unit = "bytes", source = "Fu et al. 2016")]
    pub dialog_len_min_a: Option<u32>,
    /// Largest layer-7 length of the packets that A sent.
    #[column(unit = "bytes", source = "Fu et al. 2016")]
    pub dialog_len_max_a: Option<u32>,
    /// Arithmetic mean of the layer-7 lengths of the packets that A sent.
    #[column(unit = "bytes", source = "sum / n, n packets")]
    pub dialog_len_mean_a: Option<f64>,
    /// Population variance of the layer-7 lengths of the packets that A sent, in square bytes, divided by n as numpy's
    /// `var` does.
    #[column(unit = "none", source = "sum((x_i - mean)^2) / n, n packets")]
    pub dialog_len_var_a: Option<f64>,
    /// 25th percentile of the layer-7 lengths of the packets that A sent, by rule R-7, numpy's default.
    #[column(unit = "bytes", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_len_q1_a: Option<f64>,
    /// Median of the layer-7 lengths of the packets that A sent, by rule R-7.
    #[column(unit = "bytes", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_len_median_a: Option<f64>,
    /// 75th percentile of the layer-7 lengths of the packets that A sent, by rule R-7.
    #[column(unit = "bytes", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_len_q3_a: Option<f64>,
    /// Share of the packets that A sent whose layer-7 length is at least what the option `large` says (1000).
    #[column(unit = "ratio 0–1", source = "Fu et al. 2016; large packets / packets")]
    pub dialog_len_large_a: Option<f64>,
    /// Packets that B sent.
    #[column(unit = "packets", source = "Fu et al. 2016")]
    pub dialog_packets_b: u64,
    /// Sum of the layer-7 lengths of the packets that B sent.
    #[column(unit = "bytes", source = "Fu et al. 2016")]
    pub dialog_bytes_b: u64,
    /// Smallest layer-7 length of the packets that B sent; absent without one, as all lengths of B.
    #[column(unit = "bytes", source = "Fu et al. 2016")]
    pub dialog_len_min_b: Option<u32>,
    /// Largest layer-7 length of the packets that B sent.
    #[column(unit = "bytes", source = "Fu et al. 2016")]
    pub dialog_len_max_b: Option<u32>,
    /// Arithmetic mean of the layer-7 lengths of the packets that B sent.
    #[column(unit = "bytes", source = "sum / n, n packets")]
    pub dialog_len_mean_b: Option<f64>,
    /// Population variance of the layer-7 lengths of the packets that B sent, in square bytes, divided by n.
    #[column(unit = "none", source = "sum((x_i - mean)^2) / n, n packets")]
    pub dialog_len_var_b: Option<f64>,
    /// 25th percentile of the layer-7 lengths of the packets that B sent, by rule R-7.
    #[column(unit = "bytes", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_len_q1_b: Option<f64>,
    /// Median of the layer-7 lengths of the packets that B sent, by rule R-7.
    #[column(unit = "bytes", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_len_median_b: Option<f64>,
    /// 75th percentile of the layer-7 lengths of the packets that B sent, by rule R-7.
    #[column(unit = "bytes", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_len_q3_b: Option<f64>,
    /// Share of the packets that B sent whose layer-7 length is at least what the option `large` says (1000).
    #[column(unit = "ratio 0–1", source = "Fu et al. 2016; large packets / packets")]
    pub dialog_len_large_b: Option<f64>,
    /// Smallest time from one packet to the next, whoever sent them; absent with fewer than two packets, as all of these
    /// gaps. Their sum is `dialog_duration`.
    #[column(unit = "ns", source = "Fu et al. 2016; t_i - t_(i-1)")]
    pub dialog_iat_min: Option<Duration>,
    /// Largest time from one packet to the next, whoever sent them.
    #[column(unit = "ns", source = "Fu et al. 2016; t_i - t_(i-1)")]
    pub dialog_iat_max: Option<Duration>,
    /// Arithmetic mean of the times from one packet to the next.
    #[column(unit = "s", source = "sum / n, n gaps")]
    pub dialog_iat_mean: Option<f64>,
    /// Population variance of the times from one packet to the next, in square seconds, divided by n.
    #[column(unit = "none", source = "sum((x_i - mean)^2) / n, n gaps")]
    pub dialog_iat_var: Option<f64>,
    /// 25th percentile of the times from one packet to the next, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_q1: Option<f64>,
    /// Median of the times from one packet to the next, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_median: Option<f64>,
    /// 75th percentile of the times from one packet to the next, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_q3: Option<f64>,
    /// Sum of the times from one packet of A to the next of A; absent with fewer than two packets of A, as all gaps of A.
    #[column(unit = "ns", source = "Fu et al. 2016; t_n - t_1")]
    pub dialog_iat_sum_a: Option<Duration>,
    /// Smallest time from one packet of A to the next of A.
    #[column(unit = "ns", source = "Fu et al. 2016; t_i - t_(i-1)")]
    pub dialog_iat_min_a: Option<Duration>,
    /// Largest time from one packet of A to the next of A.
    #[column(unit = "ns", source = "Fu et al. 2016; t_i - t_(i-1)")]
    pub dialog_iat_max_a: Option<Duration>,
    /// Arithmetic mean of the times from one packet of A to the next of A.
    #[column(unit = "s", source = "sum / n, n gaps")]
    pub dialog_iat_mean_a: Option<f64>,
    /// Population variance of the times from one packet of A to the next of A, in square seconds, divided by n.
    #[column(unit = "none", source = "sum((x_i - mean)^2) / n, n gaps")]
    pub dialog_iat_var_a: Option<f64>,
    /// 25th percentile of the times from one packet of A to the next of A, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_q1_a: Option<f64>,
    /// Median of the times from one packet of A to the next of A, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_median_a: Option<f64>,
    /// 75th percentile of the times from one packet of A to the next of A, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_q3_a: Option<f64>,
    /// Sum of the times from one packet of B to the next of B; absent with fewer than two packets of B, as all gaps of B.
    #[column(unit = "ns", source = "Fu et al. 2016; t_n - t_1")]
    pub dialog_iat_sum_b: Option<Duration>,
    /// Smallest time from one packet of B to the next of B.
    #[column(unit = "ns", source = "Fu et al. 2016; t_i - t_(i-1)")]
    pub dialog_iat_min_b: Option<Duration>,
    /// Largest time from one packet of B to the next of B.
    #[column(unit = "ns", source = "Fu et al. 2016; t_i - t_(i-1)")]
    pub dialog_iat_max_b: Option<Duration>,
    /// Arithmetic mean of the times from one packet of B to the next of B.
    #[column(unit = "s", source = "sum / n, n gaps")]
    pub dialog_iat_mean_b: Option<f64>,
    /// Population variance of the times from one packet of B to the next of B, in square seconds, divided by n.
    #[column(unit = "none", source = "sum((x_i - mean)^2) / n, n gaps")]
    pub dialog_iat_var_b: Option<f64>,
    /// 25th percentile of the times from one packet of B to the next of B, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_q1_b: Option<f64>,
    /// Median of the times from one packet of B to the next of B, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_median_b: Option<f64>,
    /// 75th percentile of the times from one packet of B to the next of B, by rule R-7.
    #[column(unit = "s", source = "Hyndman and Fan 1996, definition 7")]
    pub dialog_iat_q3_b: Option<f64>,
}

impl DialogRow {
    /// Of a dialog that ended; it has a packet.
    pub fn of(ended: &Ended<'_>, large: u32, stream: Stream, lists: &mut Lists) -> Self {
        let (first_ns, last_ns) = match ended.packets {
            [first, .., last] => (first.time_ns, last.time_ns),
            [only] => (only.time_ns, only.time_ns),
            [] => (0, 0),
        };
        lists.fill(ended.packets);
        let Lists { lengths, gaps, own_gaps } = lists;
        let [len_a, len_b] = lengths.each_mut().map(|lengths| Lengths::of(lengths, large));
        let all = Gaps(Stats::of(gaps));
        let [iat_a, iat_b] = own_gaps.each_mut().map(|own_gaps| {
            // Where one side alone sent, its gaps are all gaps.
            if own_gaps.len() == gaps.len() { all } else { Gaps(Stats::of(own_gaps)) }
        });
        Self {
            session_index: ended.session,
            dialog_index: ended.dialog,
            client_ip: stream.client,
            flow_index: stream.flow,
            dialog_flows: ended.flows,
            dialog_first_time: Time(first_ns),
            dialog_duration: Duration(last_ns.saturating_sub(first_ns)),
            dialog_gap: ended.before_ns.map(|before| Duration(first_ns.saturating_sub(before))),
            dialog_packets_a: len_a.count,
            dialog_bytes_a: len_a.bytes(),
            dialog_len_min_a: len_a.length(|stats| stats.min),
            dialog_len_max_a: len_a.length(|stats| stats.max),
            dialog_len_mean_a: len_a.number(|stats| stats.mean),
            dialog_len_var_a: len_a.number(|stats| stats.variance),
            dialog_len_q1_a: len_a.number(|stats| stats.quartiles[0]),
            dialog_len_median_a: len_a.number(|stats| stats.quartiles[1]),
            dialog_len_q3_a: len_a.number(|stats| stats.quartiles[2]),
            dialog_len_large_a: len_a.large_share(),
            dialog_packets_b: len_b.count,
            dialog_bytes_b: len_b.bytes(),
            dialog_len_min_b: len_b.length(|stats| stats.min),
            dialog_len_max_b: len_b.length(|stats| stats.max),
            dialog_len_mean_b: len_b.number(|stats| stats.mean),
            dialog_len_var_b: len_b.number(|stats| stats.variance),
            dialog_len_q1_b: len_b.number(|stats| stats.quartiles[0]),
            dialog_len_median_b: len_b.number(|stats| stats.quartiles[1]),
            dialog_len_q3_b: len_b.number(|stats| stats.quartiles[2]),
            dialog_len_large_b: len_b.large_share(),
            dialog_iat_min: all.span(|stats| stats.min),
            dialog_iat_max: all.span(|stats| stats.max),
            dialog_iat_mean: all.seconds(|stats| stats.mean),
            dialog_iat_var: all.variance(),
            dialog_iat_q1: all.seconds(|stats| stats.quartiles[0]),
            dialog_iat_median: all.seconds(|stats| stats.quartiles[1]),
            dialog_iat_q3: all.seconds(|stats| stats.quartiles[2]),
            dialog_iat_sum_a: iat_a.span(|stats| stats.sum),
            dialog_iat_min_a: iat_a.span(|stats| stats.min),
            dialog_iat_max_a: iat_a.span(|stats| stats.max),
            dialog_iat_mean_a: iat_a.seconds(|stats| stats.mean),
            dialog_iat_var_a: iat_a.variance(),
            dialog_iat_q1_a: iat_a.seconds(|stats| stats.quartiles[0]),
            dialog_iat_median_a: iat_a.seconds(|stats| stats.quartiles[1]),
            dialog_iat_q3_a: iat_a.seconds(|stats| stats.quartiles[2]),
            dialog_iat_sum_b: iat_b.span(|stats| stats.sum),
            dialog_iat_min_b: iat_b.span(|stats| stats.min),
            dialog_iat_max_b: iat_b.span(|stats| stats.max),
            dialog_iat_mean_b: iat_b.seconds(|stats| stats.mean),
            dialog_iat_var_b: iat_b.variance(),
            dialog_iat_q1_b: iat_b.seconds(|stats| stats.quartiles[0]),
            dialog_iat_median_b: iat_b.seconds(|stats| stats.quartiles[1]),
            dialog_iat_q3_b: iat_b.seconds(|stats| stats.quartiles[2]),
        }
    }
}

/// What the numbers of a dialog are made from; the memory serves one dialog after the other.
#[derive(Default)]
pub struct Lists {
    /// Lengths of the packets of each side.
    lengths: [Vec<u64>; 2],
    /// From one packet to the next, in nanoseconds.
    gaps: Vec<u64>,
    /// From one packet of a side to its next.
    own_gaps: [Vec<u64>; 2],
}

impl Lists {
    fn fill(&mut self, packets: &[Packet]) {
        let Self { lengths: [len_a, len_b], gaps, own_gaps: [gaps_a, gaps_b] } = self;
        [&mut *len_a, len_b, gaps, gaps_a, gaps_b].into_iter().for_each(Vec::clear);
        let (mut latest, mut latest_a, mut latest_b) = (None, None, None);
        let add_gap = |gaps: &mut Vec<u64>, latest: &mut Option<i64>, time_ns: i64| {
            gaps.extend(latest.replace(time_ns).map(|before| time_ns.abs_diff(before)));
        };
        for &Packet { time_ns, len, is_answer } in packets {
            let (lengths, own_gaps, own_latest) = if is_answer {
                (&mut *len_b, &mut *gaps_b, &mut latest_b)
            } else {
                (&mut *len_a, &mut *gaps_a, &mut latest_a)
            };
            lengths.push(len.into());
            add_gap(gaps, &mut latest, time_ns);
            add_gap(own_gaps, own_latest, time_ns);
        }
    }
}

/// Lengths of packets.
struct Lengths {
    count: u64,
    large: u64,
    stats: Option<Stats>,
}

impl Lengths {
    fn of(lengths: &mut [u64], large: u32) -> Self {
        let is_large = |length: &&u64| **length >= u64::from(large);
        let large = lengths.iter().filter(is_large).count() as u64;
        Self { count: lengths.len() as u64, large, stats: Stats::of(lengths) }
    }

    fn bytes(&self) -> u64 {
        self.stats.map_or(0, |stats| stats.sum)
    }

    fn length(&self, of: fn(&Stats) -> u64) -> Option<u32> {
        self.stats.as_ref().map(|stats| of(stats) as u32)
    }

    fn number(&self, of: fn(&Stats) -> f64) -> Option<f64> {
        self.stats.as_ref().map(of)
    }

    fn large_share(&self) -> Option<f64> {
        (self.count > 0).then(|| self.large as f64 / self.count as f64)
    }
}

/// Gaps between packets, in nanoseconds.
#[derive(Clone, Copy)]
struct Gaps(Option<Stats>);

impl Gaps {
    fn span(&self, of: fn(&Stats) -> u64) -> Option<Duration> {
        self.0.as_ref().map(|stats| Duration(i64::try_from(of(stats)).unwrap_or(i64::MAX)))
    }

    fn seconds(&self, of: fn(&Stats) -> f64) -> Option<f64> {
        self.0.as_ref().map(|stats| of(stats) / 1e9)
    }

    fn variance(&self) -> Option<f64> {
        self.0.as_ref().map(|stats| stats.variance / 1e18)
    }
}
