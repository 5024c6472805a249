//! Bursts: TCP packets with payload, of both directions, that follow each other closely.
//!
//! Zhang et al., *Identifying WeChat Message Types without Using Traditional Traffic* (Information 2020, 11(1), 18),
//! tell pushed notifications from background traffic by five features of a burst: sum, mean, standard deviation,
//! maximum, and minimum of its payload lengths. Each burst is a row of the table `bursts`, keyed by the number of its
//! flow; the flow's own row counts them. How a burst is measured stands in `burst.rs`.

mod burst;

use burst::Burst;
use weir_sdk::{
    Columns, Duration, End, FlowPlugin, Interest, Options, Packet, Reads, Side, State, Table, Tables, Time,
    export_plugin,
};

/// Cuts flows into bursts.
pub struct Bursts {
    threshold_ns: i64,
    most: usize,
}

/// Where a burst ends.
#[derive(Options)]
pub struct BurstOptions {
    /// Seconds without a packet after which the next begins a new burst: more than so many. The paper's optimum is 0.6.
    #[option(default = "0.6")]
    threshold: f64,
    /// Bursts of a flow that are listed in the table; further ones are only counted, so that a flow that lasts for
    /// days takes no more memory than so many bursts (64 bytes each).
    #[option(default = "100000")]
    most: u32,
}

/// What is kept of a conversation.
#[derive(Default)]
pub struct Flow {
    /// Since the first payload.
    running: Option<Burst>,
    ended: Vec<Burst>,
    /// Bursts that ended and are not in the list.
    unlisted: u64,
}

/// What the flow's row says.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow", tags = ["counter"])]
pub struct Row {
    /// Number of bursts of the flow. A burst is a sequence of captured TCP packets of both directions with a layer-7
    /// length above 0, retransmissions included, in which no packet comes more than the option `threshold` (0.6 s) after
    /// the one before. A packet with an earlier time than the one before it belongs to the same burst.
    #[column(unit = "none", source = "Zhang et al. 2020, Information 11(1) 18")]
    pub bursts_count: u64,
    /// Those of `bursts_count` that are not in the table `bursts`, since the flow had more than the option `most`.
    #[column(unit = "none", source = "weir")]
    pub bursts_unlisted: u64,
}

/// A row of the table.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow")]
pub struct BurstRow {
    /// Number of the flow that the burst belongs to, as in `flow_index` of the flows.
    #[column(unit = "none", source = "weir", tags = ["identifier"])]
    pub flow_index: u64,
    /// Number of the burst in its flow, from 1; see `bursts_count` for what a burst is.
    #[column(unit = "none", source = "Zhang et al. 2020", tags = ["identifier"])]
    pub burst_index: u64,
    /// Time of its first packet.
    #[column(unit = "ns", source = "capture", tags = ["time"])]
    pub burst_first_time: Time,
    /// From its first packet to the latest.
    #[column(unit = "ns", source = "latest time - time of the first packet", tags = ["statistical", "packet_size_timing"])]
    pub burst_duration: Duration,
    /// From the latest packet of the burst before to its first packet; absent for the first burst of a flow.
    #[column(unit = "ns", source = "difference of times", tags = ["statistical", "packet_size_timing"])]
    pub burst_gap: Option<Duration>,
    /// Packets that A sent.
    #[column(unit = "packets", source = "Zhang et al. 2020", tags = ["statistical", "packet_size_timing"])]
    pub burst_packets_a: u64,
    /// Packets that B sent.
    #[column(unit = "packets", source = "Zhang et al. 2020", tags = ["statistical", "packet_size_timing"])]
    pub burst_packets_b: u64,
    /// Sum of the layer-7 lengths of its packets, both directions.
    #[column(unit = "bytes", source = "Zhang et al. 2020", tags = ["statistical", "packet_size_timing"])]
    pub burst_bytes: u64,
    /// Arithmetic mean of the layer-7 lengths.
    #[column(unit = "bytes", source = "Zhang et al. 2020; sum / n, n packets", tags = ["statistical", "packet_size_timing"])]
    pub burst_len_mean: f64,
    /// Population standard deviation of the layer-7 lengths, divided by n as numpy's `std` does.
    #[column(unit = "bytes", source = "Zhang et al. 2020; sqrt(sum((x_i - mean)^2) / n), n packets", tags = ["statistical", "packet_size_timing"])]
    pub burst_len_std: f64,
    /// Largest layer-7 length.
    #[column(unit = "bytes", source = "Zhang et al. 2020", tags = ["statistical", "packet_size_timing"])]
    pub burst_len_max: u32,
    /// Smallest layer-7 length.
    #[column(unit = "bytes", source = "Zhang et al. 2020", tags = ["statistical", "packet_size_timing"])]
    pub burst_len_min: u32,
}

impl FlowPlugin for Bursts {
    const NAME: &'static str = "bursts";
    const SUMMARY: &'static str = "bursts of TCP payload packets, a row for each in the table `bursts`";
    const ORDER: u16 = 620;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::TCP.and(Interest::WITH_PAYLOAD);
    const READS: Reads = Reads::HEADERS;
    const TABLES: &'static [Table] =
        &[Table::of::<BurstRow>("bursts", "TCP packets with payload that follow each other closely.")];

    type Options = BurstOptions;
    type Flow = Flow;
    type Direction = ();
    type Row<'a> = Row;

    fn open(options: BurstOptions) -> Result<Self, String> {
        let BurstOptions { threshold, most } = options;
        if !(threshold > 0.0 && threshold <= MOST_SECONDS) {
            return Err(format!(
                "`threshold` is {threshold}, but it must be above 0 and at most {MOST_SECONDS} seconds"
            ));
        }
        Ok(Self { threshold_ns: (threshold * 1e9).round() as i64, most: most as usize })
    }

    #[inline]
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        state.flow.take(packet, self);
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        let (listed, unlisted) = end.flow.counts(self.most);
        Row { bursts_count: listed + unlisted, bursts_unlisted: unlisted }
    }

    fn table_rows(&self, end: &End<'_, Self>, tables: &mut Tables<'_>) {
        if end.letter() != Side::A {
            return;
        }
        // The row of a conversation with one direction is that of A, whoever sent.
        let a = if end.other.is_some() { Side::A } else { end.side() };
        let mut before = None;
        for (burst, index) in end.flow.bursts(self.most).zip(1..) {
            tables.add(0, row(end.flow_index(), index, before, &burst, a));
            before = Some(burst);
        }
    }
}

/// A year: gaps beyond it end any conversation.
const MOST_SECONDS: f64 = 31_536_000.0;

fn row(flow_index: u64, burst_index: u64, before: Option<Burst>, burst: &Burst, a: Side) -> BurstRow {
    BurstRow {
        flow_index,
        burst_index,
        burst_first_time: Time(burst.first_ns),
        burst_duration: Duration(burst.last_ns.saturating_sub(burst.first_ns)),
        burst_gap: before.map(|before| Duration(burst.first_ns.saturating_sub(before.last_ns))),
        burst_packets_a: burst.packets[a as usize],
        burst_packets_b: burst.packets[a.other() as usize],
        burst_bytes: burst.bytes,
        burst_len_mean: burst.mean(),
        burst_len_std: burst.deviation(),
        burst_len_max: burst.longest,
        burst_len_min: burst.shortest,
    }
}

impl Flow {
    #[inline]
    fn take(&mut self, packet: &Packet<'_>, rules: &Bursts) {
        match &mut self.running {
            Some(running) if packet.time_ns.saturating_sub(running.last_ns) <= rules.threshold_ns => {
                running.take(packet);
            }
            running => {
                if let Some(ended) = running.replace(Burst::of(packet)) {
                    self.list(ended, rules.most);
                }
            }
        }
    }

    /// Keeps a burst that ended.
    fn list(&mut self, ended: Burst, most: usize) {
        if self.ended.len() < most {
            self.ended.push(ended);
        } else {
            self.unlisted += 1;
        }
    }

    /// Bursts that the table lists, and others. The last one is still running.
    fn counts(&self, most: usize) -> (u64, u64) {
        let runs = u64::from(self.running.is_some());
        let last_is_listed = if self.ended.len() < most { runs } else { 0 };
        (self.ended.len() as u64 + last_is_listed, self.unlisted + runs - last_is_listed)
    }

    fn bursts(&self, most: usize) -> impl Iterator<Item = Burst> {
        self.ended.iter().copied().chain(self.running).take(most)
    }
}

export_plugin!(Bursts);

#[cfg(test)]
mod tests;
