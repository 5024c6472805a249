//! The first packets of a flow in their order: direction, lengths, times, TCP window and flags.
//!
//! Each column is a list with one element a packet, so that the packets of a flow are the columns of a matrix, as
//! collections of biflows such as MIRAGE-2019 have them. Packets of both directions stand in the order of the input;
//! nothing is left out but, on request, packets without payload.

mod bits;
mod list;

use list::List;
use weir_sdk::columns::{Cell, ColumnBuffer};
use weir_sdk::{
    Columns, Duration, End, FlowPlugin, Interest, Options, Packet, Reads, Side, State, Time, export_plugin,
    flag,
};

const TCP: u8 = 6;
/// Where the window stands in a TCP header (RFC 9293 section 3.1).
const WINDOW: usize = 14;

/// The first packets of a flow.
pub struct FirstPackets {
    count: usize,
    with_empty: bool,
}

/// Which packets are listed.
#[derive(Options)]
pub struct FirstPacketsOptions {
    /// List so many packets of a flow; 0 lists all, in memory that grows with the packets of all live flows.
    #[option(default = "20")]
    count: usize,
    /// List packets without payload, too.
    #[option(default = "true")]
    with_empty: bool,
}

/// What is kept of a conversation.
#[derive(Default)]
pub struct Flow {
    listed: List,
    /// Packets with payload that came when the list was full.
    unlisted_payloads: u64,
}

/// What is kept of a packet.
#[derive(Clone, Copy)]
struct Listed {
    time_ns: i64,
    payload_len: u32,
    ip_len: u32,
    window: u16,
    tcp_flags: u8,
    is_tcp: bool,
    side: Side,
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow", tags = ["packet_size_timing"])]
pub struct Row {
    /// Direction of the first IP packets of the flow, in the order of the input: 0 for those sent by A, 1 for those
    /// sent by B. So many packets of both directions together are listed as the option `count` says (20; 0 for all);
    /// with the option `with_empty` off, packets with a layer-7 length of 0 are not listed and do not count.
    /// Retransmissions and fragments are packets as all others. The other columns of this plugin tell of the same
    /// packets in the same order. Absent without such a packet.
    #[column(unit = "none", source = "MIRAGE-2019, packet_dir")]
    pub first_packets_direction: Option<Vec<u8>>,
    /// Layer-7 lengths of the packets listed, as their headers say they were on the wire. Absent without a packet.
    #[column(unit = "bytes", source = "MIRAGE-2019, L4_payload_bytes", tags = ["statistical"])]
    pub first_packets_payload_len: Option<Vec<u32>>,
    /// Lengths of the packets listed from the innermost IP header on, that header included, as it says. Absent
    /// without a packet.
    #[column(
        unit = "bytes",
        source = "RFC 791 section 3.1, Total Length; RFC 8200 section 3, Payload Length + 40"
    )]
    #[column(tags = ["statistical"])]
    pub first_packets_ip_len: Option<Vec<u32>>,
    /// Time of the first packet listed. Absent without a packet.
    #[column(unit = "ns", source = "capture record, time stamp", tags = ["time"])]
    pub first_packets_start: Option<Time>,
    /// Times of the packets listed since the first one listed, which has 0; negative where time stepped back.
    /// Absent without a packet.
    #[column(unit = "ns", source = "t_i - t_1", tags = ["statistical"])]
    pub first_packets_time: Option<Vec<Duration>>,
    /// Times from one packet listed to the next, whatever their directions: the first has 0, a packet behind a step
    /// back in time a negative number. Absent without a packet.
    #[column(unit = "ns", source = "MIRAGE-2019, iat; t_i - t_(i-1)", tags = ["statistical"])]
    pub first_packets_iat: Option<Vec<Duration>>,
    /// Window fields of the TCP headers of the packets listed, not scaled; 0, too, where a packet has no captured TCP
    /// window, such as a later fragment. Absent without a TCP packet.
    #[column(unit = "none", source = "RFC 9293 section 3.1, Window; MIRAGE-2019, TCP_win_size")]
    #[column(tags = ["statistical"])]
    pub first_packets_tcp_window: Option<Vec<u16>>,
    /// Flag bytes of the TCP headers of the packets listed; 0, too, where a packet has no captured TCP flags, such as
    /// a later fragment. Absent without a TCP packet.
    #[column(unit = "bit mask", source = "RFC 9293 section 3.1, Control bits; RFC 3168", bits = bits::TCP_FLAGS)]
    pub first_packets_tcp_flags: Option<Vec<u8>>,
    /// Packets of the flow with a layer-7 length above 0 that are not listed, since as many as the option `count` says
    /// were listed before.
    #[column(unit = "packets", source = "weir", tags = ["counter"])]
    pub first_packets_unlisted_payloads: u64,
}

impl FlowPlugin for FirstPackets {
    const NAME: &'static str = "first_packets";
    const SUMMARY: &'static str =
        "lists of direction, lengths, times, and TCP fields of a flow's first packets";
    const ORDER: u16 = 620;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::IP;
    const READS: Reads = Reads::HEADERS;
    const READS_PEER: bool = false;

    type Options = FirstPacketsOptions;
    type Flow = Flow;
    type Direction = ();
    type Row<'a> = Row;

    fn open(options: FirstPacketsOptions) -> Result<Self, String> {
        let count = if options.count == 0 { usize::MAX } else { options.count };
        Ok(Self { count, with_empty: options.with_empty })
    }

    #[inline]
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        let Flow { listed, unlisted_payloads } = state.flow;
        let has_payload = packet.payload_len > 0;
        if listed.len() >= self.count {
            *unlisted_payloads += u64::from(has_payload);
        } else if self.with_empty || has_payload {
            listed.push(Listed::of(packet), self.count);
        }
    }

    fn append(&self, end: &End<'_, Self>, columns: &mut [ColumnBuffer]) {
        let packets = &end.flow.listed[..];
        let Some(first) = packets.first() else { return self.finish(end).append(columns) };
        let [direction, payload_len, ip_len, start, time, iat, window, tcp_flags, unlisted] = columns else {
            panic!("one buffer per column")
        };
        let a = side_of_a(end);
        direction.append_made(packets.iter().map(|packet| [u8::from(packet.side != a)]));
        payload_len.append_made(packets.iter().map(|packet| packet.payload_len.to_le_bytes()));
        ip_len.append_made(packets.iter().map(|packet| packet.ip_len.to_le_bytes()));
        Time(first.time_ns).append(start);
        time.append_made(packets.iter().map(|packet| packet.since(first).0.to_le_bytes()));
        let mut before = first;
        iat.append_made(
            packets.iter().map(|packet| packet.since(std::mem::replace(&mut before, packet)).0.to_le_bytes()),
        );
        if packets.iter().any(|packet| packet.is_tcp) {
            window.append_made(packets.iter().map(|packet| packet.window.to_le_bytes()));
            tcp_flags.append_made(packets.iter().map(|packet| [packet.tcp_flags]));
        } else {
            None::<Vec<u16>>.append(window);
            None::<Vec<u8>>.append(tcp_flags);
        }
        end.flow.unlisted_payloads.append(unlisted);
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        let a = side_of_a(end);
        let packets = &end.flow.listed[..];
        let tcp = if packets.iter().any(|packet| packet.is_tcp) { packets } else { &[] };
        Row {
            first_packets_direction: list(packets, |packet| u8::from(packet.side != a)),
            first_packets_payload_len: list(packets, |packet| packet.payload_len),
            first_packets_ip_len: list(packets, |packet| packet.ip_len),
            first_packets_start: packets.first().map(|first| Time(first.time_ns)),
            first_packets_time: times(packets),
            first_packets_iat: gaps(packets),
            first_packets_tcp_window: list(tcp, |packet| packet.window),
            first_packets_tcp_flags: list(tcp, |packet| packet.tcp_flags),
            first_packets_unlisted_payloads: end.flow.unlisted_payloads,
        }
    }
}

/// The row of a conversation with one direction is that of A, whoever sent.
fn side_of_a(end: &End<'_, FirstPackets>) -> Side {
    if end.other.is_some() { Side::A } else { end.side() }
}

impl Listed {
    fn of(packet: &Packet<'_>) -> Self {
        let is_tcp = packet.l4_proto == TCP;
        let has_header = is_tcp && packet.has(flag::HAS_L4);
        let window = || packet.array(usize::from(packet.l4_offset) + WINDOW).map(u16::from_be_bytes);
        Self {
            time_ns: packet.time_ns,
            payload_len: packet.payload_len,
            ip_len: packet.l3_len,
            window: has_header.then(window).flatten().unwrap_or(0),
            tcp_flags: if packet.has(flag::HAS_TCP_FLAGS) { packet.tcp_flags } else { 0 },
            is_tcp,
            side: packet.side(),
        }
    }

    fn since(&self, earlier: &Self) -> Duration {
        Duration(self.time_ns.saturating_sub(earlier.time_ns))
    }
}

/// A column of these packets, if there is one.
fn list<T>(packets: &[Listed], of: impl Fn(&Listed) -> T) -> Option<Vec<T>> {
    (!packets.is_empty()).then(|| packets.iter().map(of).collect())
}

fn times(packets: &[Listed]) -> Option<Vec<Duration>> {
    let first = packets.first()?;
    list(packets, |packet| packet.since(first))
}

fn gaps(packets: &[Listed]) -> Option<Vec<Duration>> {
    let before = packets.first().into_iter().chain(packets);
    let gaps: Vec<Duration> =
        packets.iter().zip(before).map(|(packet, before)| packet.since(before)).collect();
    (!gaps.is_empty()).then_some(gaps)
}

export_plugin!(FirstPackets);

#[cfg(test)]
mod tests;
