//! Captures whose rows are known from the reference (`spec` of the project, verified vectors): weir and the
//! oracle must both give them, so that the oracle does not only agree with weir.

use std::net::Ipv4Addr;

use weir_tests::oracle::expected;
use weir_traffic::packet::flags::{ACK, FIN, RST, SYN};
use weir_traffic::packet::{Ends, Fragment, Ip, Packet, Payload, Tcp, Transport, Udp};
use weir_traffic::sample::sample;
use weir_traffic::{Format, capture};

use crate::runs::{Dialect, compare, rows_of};

const MILLISECOND: i64 = 1_000_000;
const X: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const Y: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const THERE: Ends = Ends::V4(X, Y);
const BACK: Ends = Ends::V4(Y, X);

/// Checks these columns of all rows, in order, and all columns against the oracle.
fn check(packets: &[Packet], columns: &[&str], rows: &[&[&str]]) {
    let expected = expected(packets);
    assert!(expected.order_is_defined && expected.fragments_are_defined);
    let found = rows_of(&capture(packets, Format::PcapNanos), Dialect::Tranalyzer);
    let cells: Vec<Vec<&str>> =
        found.iter().map(|row| columns.iter().map(|&column| row[column].as_str()).collect()).collect();
    assert_eq!(cells, rows);
    compare(&expected, &found, Dialect::Tranalyzer, true).unwrap_or_else(|error| panic!("{error}"));
}

fn packet(ms: i64, ends: Ends, transport: Transport) -> Packet {
    Packet::ip(ms * MILLISECOND, Ip::new(ends, transport))
}

/// UDP from 2000 to 3000 at X → Y, and back.
fn udp(ms: i64, ends: Ends, len: u16) -> Packet {
    let (src_port, dst_port) = if ends == BACK { (3000, 2000) } else { (2000, 3000) };
    packet(ms, ends, datagram(src_port, dst_port, len))
}

fn datagram(src_port: u16, dst_port: u16, len: u16) -> Transport {
    Transport::Udp(Udp { src_port, dst_port, payload: Payload::Pattern(len), whole: None })
}

fn tcp(ms: i64, ends: Ends, flags: u8, seq: u32, ack: u32) -> Packet {
    let (src_port, dst_port) = if ends == BACK { (3000, 2000) } else { (2000, 3000) };
    packet(ms, ends, Transport::Tcp(Tcp { src_port, dst_port, seq, ack, flags, ..Tcp::default() }))
}

fn handshake() -> Vec<Packet> {
    vec![tcp(0, THERE, SYN, 100, 0), tcp(1, BACK, SYN | ACK, 500, 101), tcp(2, THERE, ACK, 101, 501)]
}

/// A fragment of a UDP datagram from 2000 to 3000; id 0 stands for an unfragmented one.
fn piece(ms: i64, id: u32, offset: u16, has_more: bool) -> Packet {
    let transport = match offset {
        0 => datagram(2000, 3000, 120),
        _ => Transport::Raw { protocol: 17, payload: Payload::Pattern(128) },
    };
    let fragment = (id > 0).then_some(Fragment { offset, has_more });
    Packet::ip(ms * MILLISECOND, Ip { id, fragment, ..Ip::new(THERE, transport) })
}

#[test]
fn lengths_and_times_of_three_packets() {
    check(
        &[udp(500, THERE, 0), udp(1_500, THERE, 604), udp(4_250, THERE, 0)],
        &["avgL7PktSz", "stdL7PktSz", "minIAT", "maxIAT", "avgIAT", "pktps", "bytps", "duration"],
        &[&["201.3333", "389.8803", "0", "2.75", "1.25", "0.8", "161.0667", "3.750000000"]],
    );
}

#[test]
fn a_flow_ends_after_182_seconds() {
    check(&[udp(0, THERE, 1), udp(181_900, THERE, 1)], &["flowInd", "pktsSnt"], &[&["1", "2"]]);
    check(&[udp(0, THERE, 1), udp(182_000, THERE, 1)], &["flowInd"], &[&["1"], &["2"]]);
}

#[test]
fn a_pair_lives_as_long_as_one_of_its_directions() {
    check(
        &[
            udp(1_000_000, THERE, 1),
            udp(1_100_000, BACK, 1),
            udp(1_250_000, BACK, 1),
            udp(1_400_000, THERE, 1),
        ],
        &["dir", "flowInd", "pktsSnt"],
        &[&["A", "1", "2"], &["B", "1", "2"]],
    );
    check(
        &[udp(1_000_000, THERE, 1), udp(1_100_000, BACK, 1), udp(1_283_000, THERE, 1)],
        &["dir", "flowInd"],
        &[&["A", "1"], &["B", "1"], &["A", "2"]],
    );
}

#[test]
fn an_answer_without_question_is_a_but_inverted() {
    check(
        &[packet(0, THERE, datagram(53, 4000, 1))],
        &["dir", "flowStat", "pktAsm", "bytAsm"],
        &[&["A", "0x0400000000004001", "-1", "1"]],
    );
}

#[test]
fn a_repeated_id_counts_from_the_third_packet() {
    let with_ids = |ids: &[u32]| -> Vec<Packet> {
        let packet = |&id| Packet::ip(0, Ip { id, ..Ip::new(THERE, datagram(2000, 3000, 1)) });
        ids.iter().map(packet).collect()
    };
    check(&with_ids(&[5, 5]), &["flowStat"], &[&["0x0400000000004000"]]);
    check(&with_ids(&[5, 5, 6, 6]), &["flowStat"], &[&["0x0400100000004000"]]);
}

#[test]
fn fragments_in_order_are_one_flow_and_out_of_order_two() {
    check(
        &[piece(0, 1, 0, true), piece(1, 1, 16, true), piece(2, 1, 32, false)],
        &["flowStat", "pktsSnt"],
        &[&["0x0400081000004000", "3"]],
    );
    check(
        &[piece(0, 1, 16, true), piece(1, 1, 32, false), piece(2, 1, 0, true)],
        &["flowStat", "pktsSnt", "srcPort"],
        &[&["0x0400085000004000", "2", "0"], &["0x0400009000004000", "1", "2000"]],
    );
}

#[test]
fn fragments_of_several_datagrams_of_one_flow() {
    let pieces = [
        piece(0, 1, 0, true),
        piece(1, 2, 0, true),
        piece(2, 2, 16, false),
        piece(3, 1, 16, false),
        piece(4, 0, 0, false),
        piece(5, 8, 0, true),
        piece(6, 0, 0, false),
    ];
    check(
        &pieces,
        &["srcPort", "pktsSnt", "flowStat", "hdrDesc"],
        &[
            &["0", "1", "0x040008d000004000", "eth:ipv4:udp"],
            &["2000", "6", "0x040008b000004000", "eth:ipv4:udp"],
        ],
    );
}

#[test]
fn a_reset_connection_ends_after_a_tenth_of_a_second() {
    let mut packets = handshake();
    packets.extend([
        tcp(10, BACK, RST | ACK, 501, 101),
        tcp(60, THERE, ACK, 101, 501),
        tcp(310, THERE, ACK, 101, 501),
    ]);
    let rows: &[&[&str]] = &[&["A", "1", "3"], &["B", "1", "2"], &["A", "2", "1"]];
    check(&packets, &["dir", "flowInd", "pktsSnt"], rows);
}

#[test]
fn a_closed_connection_ends_after_ten_seconds() {
    let mut packets = handshake();
    packets.extend([
        tcp(10, THERE, FIN | ACK, 101, 501),
        tcp(11, BACK, FIN | ACK, 501, 102),
        tcp(12, THERE, ACK, 102, 502),
        tcp(4_512, THERE, ACK, 102, 502),
        tcp(15_512, THERE, ACK, 102, 502),
    ]);
    let rows: &[&[&str]] = &[&["A", "1", "5"], &["B", "1", "2"], &["A", "2", "1"]];
    check(&packets, &["dir", "flowInd", "pktsSnt"], rows);
}

#[test]
fn four_vlan_tags_are_described_and_three_printed() {
    check(
        &[udp(0, THERE, 40).with_vlans(&[1, 2, 3, 4])],
        &["hdrDesc", "numHdrs", "vlanID"],
        &[&["eth:vlan{4}:ipv4:udp", "7", "1;2;3"]],
    );
}

#[test]
fn an_echo_reply_to_itself_is_inverted() {
    let reply = Transport::Icmp { kind: 0, code: 0, rest: [0; 4], payload: Payload::Pattern(8) };
    check(&[packet(0, Ends::V4(X, X), reply)], &["dir", "flowStat"], &[&["A", "0x0400000000004001"]]);
}

#[test]
fn what_lives_at_the_end_is_written_by_least_recent_use() {
    let flow = |second: i64, port: u16| packet(1000 * second, THERE, datagram(port, 3000, 1));
    let back = packet(4_000, BACK, datagram(3000, 2002, 1));
    let packets = [flow(0, 2001), flow(2, 2002), flow(3, 2003), back, flow(5, 2001), flow(6, 2004)];
    let rows: &[&[&str]] = &[&["2002"], &["3000"], &["2003"], &["2001"], &["2004"]];
    check(&packets, &["srcPort"], rows);
}

#[test]
fn a_step_back_in_time_does_not_end_flows() {
    let at = |second: i64, port: u16| packet(1000 * second, THERE, datagram(port, 3000, 1));
    let (a, b, c, d) = (2001, 2002, 2003, 2004);
    check(
        &[at(1000, a), at(500, b), at(700, c), at(701, b), at(1300, d)],
        &["srcPort", "pktsSnt"],
        &[&["2001", "1"], &["2003", "1"], &["2002", "2"], &["2004", "1"]],
    );
    check(
        &[at(500, b), at(1000, a), at(600, c), at(701, b), at(1300, d)],
        &["srcPort", "pktsSnt"],
        &[&["2002", "1"], &["2001", "1"], &["2003", "1"], &["2002", "1"], &["2004", "1"]],
    );
}

/// A flow that has ended once kept a claim on its datagram until its row was made, and lost a status bit when
/// another flow registered the same datagram meanwhile.
#[test]
fn a_flow_that_has_ended_keeps_its_pending_datagram_to_itself() {
    let first = |ms: i64, dst_port: u16| {
        let fragment = Some(Fragment { offset: 0, has_more: true });
        Packet::ip(ms * MILLISECOND, Ip { id: 1, fragment, ..Ip::new(THERE, datagram(2000, dst_port, 0)) })
    };
    check(
        &[first(0, 3000), first(182_001, 3001)],
        &["dstPort", "flowStat"],
        &[&["3000", "0x0400009000004000"], &["3001", "0x0400009000004000"]],
    );
}

#[test]
fn the_sample_capture_gives_the_rows_of_the_oracle() {
    let expected = expected(&sample());
    for dialect in [Dialect::Weir, Dialect::Tranalyzer] {
        let rows = rows_of(&capture(&sample(), Format::PcapMicros), dialect);
        compare(&expected, &rows, dialect, true).unwrap_or_else(|error| panic!("{error}"));
    }
}
