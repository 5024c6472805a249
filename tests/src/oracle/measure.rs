//! The packets of a direction → its columns.

use super::record::Record;
use super::seen::{End, Seen, status};
use super::tcp;
use super::value::{Column, Float, Value};

const MAX_CHAINS: usize = 4;
const MAX_MACS: usize = 3;
const MAX_VLAN_TAGS: usize = 3;

/// The columns of a direction that has ended.
pub fn columns(records: &[Record], number: usize) -> Vec<Column> {
    let own = &records[number];
    let opposite = own.opposite.map(|opposite| &records[opposite]);
    let mut columns = identity(own, opposite);
    columns.extend(times(own));
    columns.extend(headers(own));
    columns.extend(endpoints(own));
    columns.extend(counts(own, opposite));
    columns.extend(lengths(own));
    columns.extend(gaps(own));
    columns.extend(rates(own));
    columns.extend(asymmetries(own, opposite));
    columns.push(column("icmp_quoted_flow", "icmpPFindex", Value::Number(quoted_flow(own))));
    if own.key.protocol == 6 {
        let anomalies = tcp::final_anomalies(&own.tcp, opposite.map(|opposite| &opposite.tcp));
        let value = Value::Bits(anomalies.into(), 2);
        columns.push(column("tcp_state_anomalies", "tcpStatesAFlags", value));
    }
    columns
}

fn column(name: &'static str, tranalyzer: &'static str, value: Value) -> Column {
    Column { name, tranalyzer: Some(tranalyzer), value }
}

fn number(number: u64) -> Value {
    Value::Number(Some(number))
}

fn identity(own: &Record, opposite: Option<&Record>) -> Vec<Column> {
    let is_b = opposite.is_some() && own.is_inverted;
    vec![
        column("direction", "dir", Value::Text(if is_b { "B" } else { "A" })),
        column("flow_index", "flowInd", number(own.flow_index)),
        column("flow_status", "flowStat", Value::Bits(flow_status(own), 16)),
    ]
}

fn flow_status(own: &Record) -> u64 {
    let of_packets = own.packets.iter().fold(0, |bits, packet| bits | packet.status);
    let has_overflow = distinct(own.packets.iter().map(|packet| &packet.chain)).len() > MAX_CHAINS;
    let bit = |holds: bool, bit: u64| if holds { bit } else { 0 };
    own.flow_status()
        | of_packets
        | bit(has_overflow, status::CHAIN_OVERFLOW)
        | bit(repeats_an_id(own), status::DUPLICATE_ID)
        | bit(steps_back(own), status::TIME_JUMP)
}

/// The first packet's id is not remembered, and attached fragments do not count.
fn repeats_an_id(own: &Record) -> bool {
    let counted = own.packets.iter().skip(1).filter(|packet| !packet.is_attached);
    let ids: Vec<u32> = counted.filter_map(|packet| packet.ip_id).collect();
    ids.windows(2).any(|pair| pair[0] == pair[1] && pair[1] != 0)
}

fn steps_back(own: &Record) -> bool {
    own.packets[0].is_ip() && own.packets.windows(2).any(|pair| pair[1].time_ns < pair[0].time_ns)
}

fn times(own: &Record) -> Vec<Column> {
    let (first, last) = (own.packets[0].time_ns, last(own).time_ns);
    vec![
        column("time_first", "timeFirst", Value::Nanoseconds(first)),
        column("time_last", "timeLast", Value::Nanoseconds(last)),
        column("duration", "duration", Value::Nanoseconds(last - first)),
    ]
}

fn last(own: &Record) -> &Seen {
    &own.packets[own.packets.len() - 1]
}

/// The different items in order of appearance.
fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

fn headers(own: &Record) -> Vec<Column> {
    let mut chains = distinct(own.packets.iter().map(|packet| &packet.chain));
    chains.truncate(MAX_CHAINS);
    let names = chains.iter().map(|chain| chain.0.clone()).collect();
    let header_counts = chains.iter().map(|chain| chain.1.to_string()).collect();
    vec![
        column("header_chain_count", "numHdrDesc", number(chains.len() as u64)),
        column("header_counts", "numHdrs", Value::List(header_counts)),
        column("header_chains", "hdrDesc", Value::List(names)),
        column("src_mac", "srcMac", macs(own, |packet| packet.src_mac)),
        column("dst_mac", "dstMac", macs(own, |packet| packet.dst_mac)),
    ]
}

fn macs(own: &Record, mac: impl Fn(&Seen) -> [u8; 6]) -> Value {
    let mut macs = distinct(own.packets.iter().map(mac));
    macs.truncate(MAX_MACS);
    let text = |mac: &[u8; 6]| mac.map(|byte| format!("{byte:02x}")).join(":");
    Value::List(macs.iter().map(text).collect())
}

fn endpoints(own: &Record) -> Vec<Column> {
    let tags = own.packets[0].vlan_ids.iter().take(MAX_VLAN_TAGS);
    let version = match own.key.ethertype {
        0x0800 => Some(4),
        0x86dd => Some(6),
        _ => None,
    };
    let (src_ip, src_port) = address_and_port(own.key.src);
    let (dst_ip, dst_port) = address_and_port(own.key.dst);
    vec![
        column("ethertype", "ethType", Value::Bits(own.key.ethertype.into(), 4)),
        column("vlan_id", "vlanID", Value::List(tags.map(u16::to_string).collect())),
        Column { name: "ip_version", tranalyzer: None, value: Value::Number(version) },
        column("src_ip", "srcIP", src_ip),
        column("src_port", "srcPort", src_port),
        column("dst_ip", "dstIP", dst_ip),
        column("dst_port", "dstPort", dst_port),
        column("l4_proto", "l4Proto", Value::Number(version.map(|_| own.key.protocol.into()))),
    ]
}

/// Test packets with ports have ports above 0.
fn address_and_port(end: End) -> (Value, Value) {
    match end {
        End::Ip(address, port) => {
            (Value::Address(Some(address)), Value::Number((port > 0).then_some(port.into())))
        }
        End::Mac(_) => (Value::Address(None), Value::Number(None)),
    }
}

fn bytes(record: &Record) -> u64 {
    record.packets.iter().map(|packet| packet.len).sum()
}

fn packets(record: &Record) -> u64 {
    record.packets.len() as u64
}

fn counts(own: &Record, opposite: Option<&Record>) -> Vec<Column> {
    let padding = own.packets.iter().map(|packet| packet.padding).sum();
    vec![
        column("packets_sent", "pktsSnt", number(packets(own))),
        column("packets_received", "pktsRcvd", number(opposite.map_or(0, packets))),
        column("padding_bytes_sent", "padBytesSnt", number(padding)),
        column("l7_bytes_sent", "l7BytesSnt", number(bytes(own))),
        column("l7_bytes_received", "l7BytesRcvd", number(opposite.map_or(0, bytes))),
    ]
}

fn lengths(own: &Record) -> Vec<Column> {
    let lengths: Vec<u64> = own.packets.iter().map(|packet| packet.len).collect();
    let (min, max) = (lengths.iter().min().copied(), lengths.iter().max().copied());
    let samples: Vec<f64> = lengths.iter().map(|&len| len as f64).collect();
    let mean = bytes(own) as f64 / packets(own) as f64;
    vec![
        column("l7_len_min", "minL7PktSz", Value::Number(min)),
        column("l7_len_max", "maxL7PktSz", Value::Number(max)),
        column("l7_len_mean", "avgL7PktSz", float(mean, &samples)),
        column("l7_len_std", "stdL7PktSz", float(deviation(&samples, samples[0]), &samples)),
    ]
}

/// Times between packets; the first packet has a time of 0.
fn gaps(own: &Record) -> Vec<Column> {
    let steps = own.packets.windows(2).map(|pair| pair[1].time_ns - pair[0].time_ns);
    let gaps: Vec<f64> = std::iter::once(0).chain(steps).map(|ns| ns as f64 / 1e9).collect();
    let second = |at: usize| own.packets[at].time_ns.div_euclid(1_000_000_000);
    let turns = (1..own.packets.len()).any(|at| second(at) != second(at - 1));
    let lost = if turns { LOST_AT_A_TURN } else { 0.0 };
    let gap = |value| Value::Float(Float { value: Some(value), scale: scale(&gaps), lost });
    vec![
        column("iat_min", "minIAT", gap(gaps.iter().copied().fold(0.0, f64::min))),
        column("iat_max", "maxIAT", gap(gaps.iter().copied().fold(0.0, f64::max))),
        column("iat_mean", "avgIAT", gap(mean(&gaps))),
        column("iat_std", "stdIAT", gap(deviation(&gaps, 0.0))),
    ]
}

/// Seconds and nanoseconds are subtracted apart and become singles, as the reference has it. Below the turn of a second
/// nanoseconds differ by up to 10^9, where singles are 64 apart, so that half of that is lost.
const LOST_AT_A_TURN: f64 = 32e-9;

fn float(value: f64, samples: &[f64]) -> Value {
    Value::Float(Float { value: Some(value), scale: scale(samples), lost: 0.0 })
}

fn scale(samples: &[f64]) -> f64 {
    samples.iter().fold(0.0, |scale: f64, sample| scale.max(sample.abs()))
}

fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// The root of the mean square of each sample's distance from the mean of those before it; the first one's
/// from `before_first`.
fn deviation(samples: &[f64], before_first: f64) -> f64 {
    let mean_before = |at: usize| if at == 0 { before_first } else { mean(&samples[..at]) };
    let squares = samples.iter().enumerate().map(|(at, sample)| (sample - mean_before(at)).powi(2));
    (squares.sum::<f64>() / samples.len() as f64).sqrt()
}

fn rates(own: &Record) -> Vec<Column> {
    let duration = (last(own).time_ns - own.packets[0].time_ns) as f64 / 1e9;
    let rate = |count: u64| {
        let value = (duration > 0.0).then(|| count as f64 / duration);
        Value::Float(Float { value, scale: 0.0, lost: 0.0 })
    };
    vec![column("packet_rate", "pktps", rate(packets(own))), column("byte_rate", "bytps", rate(bytes(own)))]
}

fn asymmetries(own: &Record, opposite: Option<&Record>) -> Vec<Column> {
    let of = |sent: u64, received: u64| {
        let (sent, received) = (sent as f64, received as f64);
        (sent + received > 0.0).then(|| (sent - received) / (sent + received))
    };
    let sign = if opposite.is_none() && own.is_inverted { -1.0 } else { 1.0 };
    let of_packets = of(packets(own), opposite.map_or(0, packets)).map(|value| sign * value);
    let of_bytes = of(bytes(own), opposite.map_or(0, bytes));
    let value = |value| Value::Float(Float { value, scale: 1.0, lost: 0.0 });
    vec![
        column("packet_asymmetry", "pktAsm", value(of_packets)),
        column("byte_asymmetry", "bytAsm", value(of_bytes)),
    ]
}

/// The flow that the last error was about.
fn quoted_flow(own: &Record) -> Option<u64> {
    own.packets.iter().rev().find_map(|packet| packet.quoted)?.flow_index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_of_three_lengths_is_that_of_the_reference() {
        assert!((deviation(&[0.0, 604.0, 0.0], 0.0) - 389.8803).abs() < 1e-4);
        assert!((deviation(&[0.0, 1.0, 2.75], 0.0) - 1.42156).abs() < 1e-5);
    }
}
