//! Payload lengths of a flow over both directions: counts, moments, quartiles, and bins.
//!
//! These are the 26 features by which Hou et al., *Classifying User Activities in the Encrypted WeChat Traffic*
//! (IPCCC 2018), tell activities apart: two counts of packets, two of bytes, seven numbers about the sequence of
//! lengths, and 15 bins of 100 bytes. A length is that of the payload, as the headers say it was on the wire. What a
//! retransmission is stands in `sequence.rs`, how lengths are kept in `distribution.rs`, what is said of them in
//! `ordered.rs`.

mod counts;
mod distribution;
mod ordered;
mod sequence;

use distribution::Distribution;
use sequence::Sequence;
use weir_sdk::{Columns, End, FlowPlugin, Interest, Options, Packet, Reads, Side, State, export_plugin};

/// Bins end here at the latest, so that they are told from lengths that are kept exactly.
const LAST_BIN_END: u64 = 65_535;

/// The length features of a flow.
pub struct Lengths {
    bin_width: u32,
    bins: u32,
}

/// How lengths are put into bins.
#[derive(Options)]
pub struct LengthOptions {
    /// Width of a bin in bytes, at least 1.
    #[option(default = "100")]
    bin_width: u32,
    /// Number of bins, at least 1; all together they hold no more than 65535 bytes.
    #[option(default = "15")]
    bins: u32,
}

/// What is kept of a conversation: its packets with payload.
#[derive(Default)]
pub struct Flow {
    /// By the side that sent them.
    sides: [Sent; 2],
    retransmissions: u64,
    lengths: Distribution,
}

#[derive(Clone, Copy, Default)]
struct Sent {
    packets: u64,
    bytes: u64,
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow", tags = ["statistical", "packet_size_timing"])]
pub struct Row {
    /// Packets sent by A that count: IP packets with a layer-7 length above 0 that are no retransmission. A TCP
    /// segment is a retransmission if it brings no new byte: the sequence number behind its payload is not behind
    /// the highest such number of its direction, by the serial number arithmetic of RFC 1982. So segments out of
    /// order and keep-alives with a byte count as retransmissions, and a segment with old and new bytes counts in
    /// full. A SYN with another number than the SYN before begins anew. TCP packets without captured sequence
    /// number, such as later fragments, are never retransmissions; each fragment is a packet.
    #[column(unit = "packets", source = "Hou et al. 2018; RFC 9293 section 3.4; RFC 1982", tags = ["counter"])]
    pub lengths_packets_out: u64,
    /// Packets sent by B that count; see `lengths_packets_out`.
    #[column(unit = "packets", source = "Hou et al. 2018; RFC 9293 section 3.4; RFC 1982", tags = ["counter"])]
    pub lengths_packets_in: u64,
    /// Sum of the layer-7 lengths of the packets that `lengths_packets_out` counts.
    #[column(unit = "bytes", source = "Hou et al. 2018", tags = ["counter"])]
    pub lengths_bytes_out: u64,
    /// Sum of the layer-7 lengths of the packets that `lengths_packets_in` counts.
    #[column(unit = "bytes", source = "Hou et al. 2018", tags = ["counter"])]
    pub lengths_bytes_in: u64,
    /// Packets of both directions that were left out as retransmissions; see `lengths_packets_out`.
    #[column(unit = "packets", source = "RFC 9293 section 3.4; RFC 1982", tags = ["counter"])]
    pub lengths_retransmissions: u64,
    /// Smallest layer-7 length of the packets of both directions that `lengths_packets_out` and
    /// `lengths_packets_in` count; absent without one.
    #[column(unit = "bytes", source = "Hou et al. 2018; minimum")]
    pub lengths_min: Option<u32>,
    /// Largest layer-7 length of the packets of both directions that `lengths_packets_out` and
    /// `lengths_packets_in` count; absent without one.
    #[column(unit = "bytes", source = "Hou et al. 2018; maximum")]
    pub lengths_max: Option<u32>,
    /// Arithmetic mean of the layer-7 lengths of the packets of both directions that `lengths_packets_out` and
    /// `lengths_packets_in` count; absent without one.
    #[column(unit = "bytes", source = "Hou et al. 2018; sum / n, n packets")]
    pub lengths_mean: Option<f64>,
    /// Population standard deviation (divided by n, as numpy's `std` does) of the layer-7 lengths of the packets of
    /// both directions that `lengths_packets_out` and `lengths_packets_in` count; absent without one.
    #[column(unit = "bytes", source = "Hou et al. 2018; sqrt(sum((x_i - mean)^2) / n), n packets")]
    pub lengths_std: Option<f64>,
    /// 25th percentile, by rule R-7 of Hyndman and Fan (numpy's default), of the layer-7 lengths of the packets of
    /// both directions that `lengths_packets_out` and `lengths_packets_in` count: with n lengths sorted from x_0
    /// on and h = (n - 1) / 4, the value between x_floor(h) and the next by the fraction of h. A length above 65535,
    /// as segmentation offload makes them, is taken as 65535. Absent without a packet.
    #[column(unit = "bytes", source = "Hou et al. 2018; Hyndman and Fan 1996, R-7")]
    pub lengths_p25: Option<f64>,
    /// 50th percentile (median) of the same lengths by the same rule as `lengths_p25`, with h = (n - 1) / 2.
    #[column(unit = "bytes", source = "Hou et al. 2018; Hyndman and Fan 1996, R-7")]
    pub lengths_p50: Option<f64>,
    /// 75th percentile of the same lengths by the same rule as `lengths_p25`, with h = 3 (n - 1) / 4.
    #[column(unit = "bytes", source = "Hou et al. 2018; Hyndman and Fan 1996, R-7")]
    pub lengths_p75: Option<f64>,
    /// Packets of both directions that `lengths_packets_out` and `lengths_packets_in` count, by layer-7 length: bin
    /// i, from 0, holds the lengths from i w up to, but without, (i + 1) w, where w is the option `bin_width` (100)
    /// and there are as many bins as the option `bins` says (15). Longer packets are in the last bin.
    #[column(unit = "packets", source = "Hou et al. 2018; floor(length / bin_width)", tags = ["counter"])]
    pub lengths_bins: Vec<u64>,
    /// Packets in the last bin of `lengths_bins` that are too long for it: of a layer-7 length of at least
    /// `bin_width` times `bins`, 1500 unless told otherwise.
    #[column(unit = "packets", source = "count of length >= bin_width * bins", tags = ["counter"])]
    pub lengths_beyond_bins: u64,
}

impl FlowPlugin for Lengths {
    const NAME: &'static str = "lengths";
    const SUMMARY: &'static str = "payload lengths of both directions: counts, quartiles, bins of 100 bytes";
    const ORDER: u16 = 610;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::IP;
    const READS: Reads = Reads::HEADERS;
    const READS_PEER: bool = false;

    type Options = LengthOptions;
    type Flow = Flow;
    type Direction = Sequence;
    type Row<'a> = Row;

    fn open(options: LengthOptions) -> Result<Self, String> {
        let LengthOptions { bin_width, bins } = options;
        if bin_width == 0 || bins == 0 {
            return Err("options `bin_width` and `bins` must be at least 1".into());
        }
        let end = u64::from(bin_width) * u64::from(bins);
        if end > LAST_BIN_END {
            return Err(format!("`bin_width` times `bins` is {end}, but it must be at most {LAST_BIN_END}"));
        }
        Ok(Self { bin_width, bins })
    }

    #[inline]
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        let is_new = state.own.brings_new(packet);
        if packet.payload_len > 0 {
            state.flow.take(packet, is_new);
        }
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        // The row of a conversation with one direction is that of A, whoever sent.
        let a = if end.other.is_some() { Side::A } else { end.side() };
        let (out, back) = (end.flow.sides[a as usize], end.flow.sides[a.other() as usize]);
        let lengths = end.flow.lengths.ordered();
        let [p25, p50, p75] = lengths.quartiles();
        Row {
            lengths_packets_out: out.packets,
            lengths_packets_in: back.packets,
            lengths_bytes_out: out.bytes,
            lengths_bytes_in: back.bytes,
            lengths_retransmissions: end.flow.retransmissions,
            lengths_min: lengths.min(),
            lengths_max: lengths.max(),
            lengths_mean: lengths.mean(),
            lengths_std: lengths.population_deviation(),
            lengths_p25: p25,
            lengths_p50: p50,
            lengths_p75: p75,
            lengths_bins: lengths.bins(self.bin_width, self.bins),
            lengths_beyond_bins: lengths.count_from(self.bin_width * self.bins),
        }
    }
}

impl Flow {
    #[inline]
    fn take(&mut self, packet: &Packet<'_>, is_new: bool) {
        if !is_new {
            self.retransmissions += 1;
            return;
        }
        let sent = &mut self.sides[packet.side() as usize];
        sent.packets += 1;
        sent.bytes += u64::from(packet.payload_len);
        self.lengths.add(packet.payload_len);
    }
}

export_plugin!(Lengths);

#[cfg(test)]
mod tests;
