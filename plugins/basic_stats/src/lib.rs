//! Packets, bytes, packet lengths and inter-arrival times of a flow.
//!
//! Lengths are layer-7 lengths as the headers say they were on the wire, so a capture cut short by its snap
//! length gives the same values as a full one. Means and deviations are running single-precision
//! estimates, formed as Tranalyzer forms them, so that they compare with published features.

mod estimate;

use estimate::Running;
use weir_sdk::{Columns, End, FlowPlugin, Packet, Reads, Side, State, export_plugin, flag};

/// How much, how large, how fast.
pub struct BasicStats;

/// What is kept of a direction.
#[derive(Default)]
pub struct Direction {
    packets: u64,
    bytes: u64,
    padding: u64,
    time_first: i64,
    time_last: i64,
    lengths: Running,
    gaps: Running,
    gap_min: f32,
    gap_max: f32,
    len_min: u32,
    len_max: u32,
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "direction", tags = ["statistical"])]
pub struct Row {
    /// Packets of this direction.
    #[column(unit = "packets", source = "count of packets", tags = ["counter", "packet_size_timing"])]
    #[column(tranalyzer = "pktsSnt:U64", aliases = ["numPktsSnt", "packetDeltaCount"])]
    pub packets_sent: u64,
    /// Packets of the opposite direction; 0 if there is none.
    #[column(unit = "packets", source = "packets_sent of the opposite direction")]
    #[column(tags = ["counter", "packet_size_timing", "direction_rows"])]
    #[column(tranalyzer = "pktsRcvd:U64", aliases = ["numPktsRcvd", "reversePacketDeltaCount"])]
    pub packets_received: u64,
    /// Bytes of link-layer padding in this direction: what follows the IP packet, the ARP message, or the
    /// IEEE 802.3 length in frames of at most 64 bytes.
    #[column(
        unit = "bytes",
        source = "sum over packets of wire length - header offset - header length field"
    )]
    #[column(tags = ["counter"], tranalyzer = "padBytesSnt:I64")]
    pub padding_bytes_sent: u64,
    /// Layer-7 bytes of this direction: sum of the lengths that the headers of its packets leave for the
    /// payload on the wire; for layer 2 all bytes behind the last ethertype or LLC header.
    #[column(unit = "bytes", source = "sum over packets of IP length - IP header - layer-4 header")]
    #[column(tags = ["counter", "packet_size_timing"])]
    #[column(tranalyzer = "l7BytesSnt:U64", aliases = ["numBytesSnt"])]
    pub l7_bytes_sent: u64,
    /// Layer-7 bytes of the opposite direction; 0 if there is none.
    #[column(unit = "bytes", source = "l7_bytes_sent of the opposite direction")]
    #[column(tags = ["counter", "packet_size_timing", "direction_rows"])]
    #[column(tranalyzer = "l7BytesRcvd:U64", aliases = ["numBytesRcvd"])]
    pub l7_bytes_received: u64,
    /// Smallest layer-7 length of the packets of this direction, packets without payload included.
    #[column(unit = "bytes", source = "minimum of layer-7 lengths", tags = ["packet_size_timing"])]
    #[column(tranalyzer = "minL7PktSz:U32", aliases = ["minPktSz"])]
    pub l7_len_min: u32,
    /// Largest layer-7 length of the packets of this direction.
    #[column(unit = "bytes", source = "maximum of layer-7 lengths", tags = ["packet_size_timing"])]
    #[column(tranalyzer = "maxL7PktSz:U32", aliases = ["maxPktSz"])]
    pub l7_len_max: u32,
    /// Arithmetic mean of the layer-7 lengths of this direction, packets without payload included.
    #[column(unit = "bytes", source = "l7_bytes_sent / packets_sent", tags = ["packet_size_timing"])]
    #[column(tranalyzer = "avgL7PktSz:F", aliases = ["avePktSize"])]
    pub l7_len_mean: f32,
    /// Running standard deviation of the layer-7 lengths of this direction, packets without payload included:
    /// each length is compared with the mean of the lengths before it, so this is neither the sample's nor the
    /// population's deviation; the first length deviates by 0, and one packet gives 0.
    #[column(unit = "bytes", source = "sqrt((1/n) sum((x_i - mean(x_1..x_(i-1)))^2)), first term 0")]
    #[column(tags = ["packet_size_timing"], tranalyzer = "stdL7PktSz:F", aliases = ["stdPktSize"])]
    pub l7_len_std: f32,
    /// Shortest time between consecutive packets of this direction, where the first packet counts as a time
    /// of 0: so 0, or negative if time stepped back. Like all times between packets here it may be off by up to 32 ns where
    /// a second turns between two packets.
    #[column(unit = "s", source = "minimum of inter-arrival times", tags = ["packet_size_timing"])]
    #[column(tranalyzer = "minIAT:F")]
    pub iat_min: f32,
    /// Longest time between consecutive packets of this direction; 0 for one packet.
    #[column(unit = "s", source = "maximum of inter-arrival times", tags = ["packet_size_timing"])]
    #[column(tranalyzer = "maxIAT:F")]
    pub iat_max: f32,
    /// Mean time between consecutive packets of this direction, where the first packet counts as a time of 0:
    /// the sum of times is divided by the number of packets, not of gaps.
    #[column(unit = "s", source = "(sum of inter-arrival times) / packets_sent", tags = ["packet_size_timing"])]
    #[column(tranalyzer = "avgIAT:F", aliases = ["aveIAT"])]
    pub iat_mean: f32,
    /// Running standard deviation of the times between consecutive packets of this direction, where the first
    /// packet counts as a time of 0: each time is compared with the mean of the times before it, so this is
    /// neither the sample's nor the population's deviation; one packet gives 0.
    #[column(unit = "s", source = "sqrt((1/n) sum((x_i - mean(x_1..x_(i-1)))^2)), first term 0")]
    #[column(tags = ["packet_size_timing"], tranalyzer = "stdIAT:F")]
    pub iat_std: f32,
    /// Packets of this direction per second between its first and last packet; absent unless the last one is
    /// later than the first.
    #[column(unit = "1/s", source = "packets_sent / duration", tags = ["packet_size_timing"])]
    #[column(tranalyzer = "pktps:F", null = "0")]
    pub packet_rate: Option<f32>,
    /// Layer-7 bytes of this direction per second between its first and last packet; absent unless the last
    /// one is later than the first.
    #[column(unit = "bytes/s", source = "l7_bytes_sent / duration", tags = ["packet_size_timing"])]
    #[column(tranalyzer = "bytps:F", null = "0")]
    pub byte_rate: Option<f32>,
    /// How one-sided the packets are, from -1 (only received) to 1 (only sent); a direction without opposite
    /// gives 1 if it is the initiator's and -1 if it is the responder's. The row of a conversation has that of
    /// its direction A.
    #[column(scope = "flow", unit = "none", source = "(sent - received) / (sent + received)")]
    #[column(tranalyzer = "pktAsm:F")]
    pub packet_asymmetry: f32,
    /// How one-sided the layer-7 bytes are, from -1 (only received) to 1 (only sent), also for a direction
    /// without opposite, whoever sent it; absent without bytes in both directions. The row of a conversation
    /// has that of its direction A.
    #[column(scope = "flow", unit = "none", source = "(sent - received) / (sent + received)")]
    #[column(tranalyzer = "bytAsm:F", null = "0")]
    pub byte_asymmetry: Option<f32>,
}

impl FlowPlugin for BasicStats {
    const NAME: &'static str = "basic_stats";
    const SUMMARY: &'static str = "packets, bytes, packet lengths and inter-arrival times";
    const ORDER: u16 = 120;
    const READS: Reads = Reads::HEADERS;
    const READS_PEER: bool = false;

    type Options = ();
    type Flow = ();
    type Direction = Direction;
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        let direction = state.own;
        if packet.has(flag::STARTS_DIRECTION) {
            *direction = Direction::born_with(packet);
        }
        direction.packets += 1;
        direction.bytes += u64::from(packet.payload_len);
        direction.padding += u64::from(packet.padding_len);
        direction.follow_length(packet.payload_len);
        direction.follow_time(packet.time_ns);
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        let own = end.own;
        let (packets_received, bytes_received) =
            end.other.map_or((0, 0), |other| (other.packets, other.bytes));
        Row {
            packets_sent: own.packets,
            packets_received,
            padding_bytes_sent: own.padding,
            l7_bytes_sent: own.bytes,
            l7_bytes_received: bytes_received,
            l7_len_min: own.len_min,
            l7_len_max: own.len_max,
            l7_len_mean: own.bytes as f32 / own.packets as f32,
            l7_len_std: own.lengths.deviation(),
            iat_min: own.gap_min,
            iat_max: own.gap_max,
            iat_mean: own.gaps.mean(),
            iat_std: own.gaps.deviation(),
            packet_rate: own.per_second(own.packets),
            byte_rate: own.per_second(own.bytes),
            packet_asymmetry: packet_asymmetry(own.packets, packets_received, end.side()),
            byte_asymmetry: asymmetry(own.bytes, bytes_received),
        }
    }
}

impl Direction {
    /// The state before its first packet, against which that packet has no gap and no deviation.
    fn born_with(packet: &Packet<'_>) -> Self {
        Self {
            time_first: packet.time_ns,
            time_last: packet.time_ns,
            lengths: Running::around(packet.payload_len as f32),
            len_min: packet.payload_len,
            ..Self::default()
        }
    }

    fn follow_length(&mut self, len: u32) {
        self.len_min = self.len_min.min(len);
        self.len_max = self.len_max.max(len);
        self.lengths.add(len as f32, self.packets);
    }

    fn follow_time(&mut self, time_ns: i64) {
        let gap = estimate::gap_seconds(self.time_last, time_ns);
        // A gap is a number, which `f32::min` would have to look after.
        self.gap_min = if gap < self.gap_min { gap } else { self.gap_min };
        self.gap_max = if gap > self.gap_max { gap } else { self.gap_max };
        self.gaps.add(gap, self.packets);
        self.time_last = time_ns;
    }

    /// `count` by the duration; nothing if time stood still or stepped back.
    fn per_second(&self, count: u64) -> Option<f32> {
        let duration = self.time_last.saturating_sub(self.time_first) as f64 / 1e9;
        (duration > 0.0).then(|| count as f32 / duration as f32)
    }
}

/// The sign is turned for the responder's direction if it stands alone; nothing of the kind is done for bytes.
/// Both are so in Tranalyzer.
fn packet_asymmetry(sent: u64, received: u64, side: Side) -> f32 {
    let value = asymmetry(sent, received).unwrap_or_default();
    if received == 0 && side == Side::B { -value } else { value }
}

fn asymmetry(sent: u64, received: u64) -> Option<f32> {
    let (sent, received) = (sent as f32, received as f32);
    (sent + received > 0.0).then(|| (sent - received) / (sent + received))
}

export_plugin!(BasicStats);

#[cfg(test)]
mod tests;
