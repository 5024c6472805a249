//! Packets in, bursts out; and a slow oracle that keeps every packet.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use weir_sdk::testing::{TestPacket, TestTable, check_columns, flow, packet};

const MILLISECOND: i64 = 1_000_000;

fn segment(side: Side, at_ms: i64, len: u16) -> TestPacket {
    packet().tcp(5223, 443).side(side).time_ns(at_ms * MILLISECOND).payload_len(len)
}

fn bursts(packets: impl IntoIterator<Item = TestPacket>) -> TestTable {
    flow::<Bursts>().index(7).table(0, packets)
}

fn column(table: &TestTable, name: &str) -> Vec<f64> {
    table
        .numbers(name)
        .into_iter()
        .map(|cell| cell.expect("only the gap of the first burst is absent"))
        .collect()
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Bursts>();
}

#[test]
fn a_flow_takes_two_cache_lines_and_each_further_burst_one() {
    assert_eq!((size_of::<Flow>(), size_of::<Burst>()), (112, 64));
}

#[test]
fn a_gap_above_the_threshold_ends_a_burst() {
    let packets = || {
        [(Side::A, 0, 100), (Side::B, 600, 200), (Side::A, 1201, 53), (Side::B, 1202, 0)]
            .map(|(side, at, len)| segment(side, at, len))
    };
    let table = bursts(packets());
    assert_eq!(column(&table, "flow_index"), [7.0, 7.0]);
    assert_eq!(column(&table, "burst_index"), [1.0, 2.0]);
    assert_eq!(column(&table, "burst_first_time"), [0.0, 1.201e9]);
    assert_eq!(column(&table, "burst_duration"), [0.6e9, 0.0]);
    assert_eq!(table.numbers("burst_gap"), [None, Some(0.601e9)]);
    assert_eq!(column(&table, "burst_packets_a"), [1.0, 1.0]);
    assert_eq!(column(&table, "burst_packets_b"), [1.0, 0.0]);
    assert_eq!(column(&table, "burst_bytes"), [300.0, 53.0]);
    assert_eq!(column(&table, "burst_len_mean"), [150.0, 53.0]);
    assert_eq!(column(&table, "burst_len_std"), [50.0, 0.0]);
    assert_eq!(column(&table, "burst_len_max"), [200.0, 53.0]);
    assert_eq!(column(&table, "burst_len_min"), [100.0, 53.0]);
    let row = flow::<Bursts>().row(packets());
    assert_eq!(row, Row { bursts_count: 2, bursts_unlisted: 0 });
}

#[test]
fn only_tcp_packets_with_payload_count() {
    let table = bursts([segment(Side::A, 0, 0), packet().payload_len(10)]);
    assert_eq!(table.rows(), 0);
}

#[test]
fn a_responder_that_sent_alone_is_a() {
    let table = bursts([segment(Side::B, 0, 10)]);
    assert_eq!(
        (column(&table, "burst_packets_a"), column(&table, "burst_packets_b")),
        (vec![1.0], vec![0.0])
    );
}

#[test]
fn time_that_goes_back_ends_nothing() {
    let table = bursts([segment(Side::A, 1000, 1), segment(Side::A, 0, 1), segment(Side::A, 1500, 1)]);
    assert_eq!(table.rows(), 1);
    assert_eq!(column(&table, "burst_duration"), [0.5e9]);
}

#[test]
fn the_list_is_bounded_and_the_rest_is_counted() {
    let packets = || (0..5).map(|second| segment(Side::A, second * 1000, 1));
    for (most, listed) in [("0", 0), ("2", 2), ("4", 4), ("5", 5), ("9", 5)] {
        let limited = || flow::<Bursts>().option("most", most);
        assert_eq!(limited().table(0, packets()).rows(), listed, "{most}");
        let row = limited().row(packets());
        assert_eq!(row, Row { bursts_count: 5, bursts_unlisted: 5 - listed as u64 }, "{most}");
    }
}

#[test]
fn a_threshold_must_be_a_time() {
    for threshold in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = Bursts::open(BurstOptions { threshold, most: 1 }).err().expect("it is refused");
        assert!(refused.contains("must be above 0"), "{refused}");
    }
}

/// A packet for the oracle.
#[derive(Clone, Copy, Debug)]
struct Sent {
    from_b: bool,
    gap_ms: i64,
    len: u16,
}

fn sent() -> impl Strategy<Value = Sent> {
    (any::<bool>(), prop_oneof![0..600i64, 599..603i64, 600..5000i64], 0..1500u16)
        .prop_map(|(from_b, gap_ms, len)| Sent { from_b, gap_ms, len })
}

proptest! {
    #[test]
    fn bursts_are_those_of_a_list_of_all_packets(sent in vec(sent(), 1..60)) {
        let mut now = 0;
        let mut packets = Vec::new();
        let mut all: Vec<Vec<(i64, f64)>> = Vec::new();
        for Sent { from_b, gap_ms, len } in sent {
            now += gap_ms;
            packets.push(segment(Side::from_bit(u8::from(from_b)), now, len));
            if len > 0 {
                match all.last_mut() {
                    Some(burst) if now - burst[burst.len() - 1].0 <= 600 => burst.push((now, f64::from(len))),
                    _ => all.push(vec![(now, f64::from(len))]),
                }
            }
        }
        let table = bursts(packets);
        prop_assert_eq!(table.rows(), all.len());
        let (means, deviations) = (column(&table, "burst_len_mean"), column(&table, "burst_len_std"));
        for (at, burst) in all.iter().enumerate() {
            let n = burst.len() as f64;
            let mean = burst.iter().map(|(_, len)| len).sum::<f64>() / n;
            let variance = burst.iter().map(|(_, len)| (len - mean).powi(2)).sum::<f64>() / n;
            prop_assert!((means[at] - mean).abs() < 1e-9);
            prop_assert!((deviations[at] - variance.sqrt()).abs() < 1e-6);
        }
    }
}
