//! Finished flows in, dialogs out; and a slow oracle that sorts all packets and cuts them with loops.

mod oracle;

use super::*;
use weir_sdk::testing::{TestReader, TestRows, TestTable, check_row_columns};
use weir_sdk::{Ip, Time};

const SECOND: i64 = 1_000_000_000;
const CLIENT: Ip = Ip::V4([10, 0, 0, 1]);
const SERVER: Ip = Ip::V4([10, 0, 0, 2]);

/// A flow of a test: who, when it began, and its packets as listed: time, length, direction.
#[derive(Clone, Debug)]
struct Flow {
    index: u64,
    client: Ip,
    begins_ns: i64,
    packets: Vec<(i64, u32, u8)>,
    unlisted: u64,
}

fn flow(index: u64, client: Ip, packets: impl IntoIterator<Item = (i64, u32, u8)>) -> Flow {
    let packets: Vec<_> = packets.into_iter().collect();
    Flow { index, client, begins_ns: packets.first().map_or(0, |first| first.0), packets, unlisted: 0 }
}

/// In seconds.
fn at(packets: impl IntoIterator<Item = (i64, u32, u8)>) -> Vec<(i64, u32, u8)> {
    packets.into_iter().map(|(time, len, direction)| (time * SECOND, len, direction)).collect()
}

impl Flow {
    fn start(&self) -> Start {
        let mut start = Start { starts_flow: 1, ip_version: 4, time_ns: self.begins_ns, ..Start::default() };
        let (Ip::V4(client), Ip::V4(server)) = (self.client, SERVER) else { panic!("tests are of IPv4") };
        start.src_address[..4].copy_from_slice(&client);
        start.dst_address[..4].copy_from_slice(&server);
        start
    }

    fn rows(&self, answered: bool) -> TestRows {
        let count = 1 + usize::from(answered);
        let first = self.packets.first().map(|first| first.0);
        let list = |of: fn(&(i64, u32, u8), i64) -> i64| {
            first.map(|first| self.packets.iter().map(|packet| of(packet, first)).collect::<Vec<_>>())
        };
        let times = list(|packet, first| packet.0 - first);
        let times = times.map(|times| times.into_iter().map(Duration).collect::<Vec<_>>());
        let lengths = list(|packet, _| packet.1.into());
        let lengths = lengths.map(|lengths| lengths.into_iter().map(|len| len as u32).collect::<Vec<_>>());
        let directions = list(|packet, _| packet.2.into());
        let directions =
            directions.map(|directions| directions.into_iter().map(|one| one as u8).collect::<Vec<_>>());
        TestRows::directions(&[answered])
            .numbered(&[self.index])
            .column("src_ip", [Some(self.client), Some(SERVER)].into_iter().take(count))
            .column("dst_ip", [Some(SERVER), Some(self.client)].into_iter().take(count))
            .column("first_packets_start", vec![first.map(Time); count])
            .column("first_packets_time", vec![times; count])
            .column("first_packets_payload_len", vec![lengths; count])
            .column("first_packets_direction", vec![directions; count])
            .column("first_packets_unlisted_payloads", vec![self.unlisted; count])
    }
}

/// A plugin whose rows of A are kept.
struct Reading {
    reader: TestReader<Dialogs>,
    rows: Vec<Row>,
}

impl Reading {
    fn with(options: &[(&str, &str)]) -> Self {
        Self { reader: TestReader::open(options).expect("the options are good"), rows: Vec::new() }
    }

    fn start(&mut self, flow: &Flow) {
        self.reader.start(&flow.start());
    }

    fn end(&mut self, flow: &Flow) {
        let rows = &mut self.rows;
        self.reader.read(&flow.rows(false), |row| rows.push(row));
    }

    /// Of flows that begin and end one after the other.
    fn all(mut self, flows: &[Flow]) -> Self {
        for flow in flows {
            self.start(flow);
            self.end(flow);
        }
        self.reader.end();
        self
    }

    fn table(&self) -> TestTable {
        self.reader.table(0)
    }

    fn column(&self, name: &str) -> Vec<Option<f64>> {
        self.table().numbers(name)
    }

    fn whole(&self, name: &str) -> Vec<i64> {
        self.column(name).into_iter().map(|cell| cell.map_or(-1, |cell| cell as i64)).collect()
    }
}

#[test]
fn columns_are_well_declared() {
    check_row_columns::<Dialogs>();
}

#[test]
fn a_packet_that_waits_takes_16_bytes() {
    assert_eq!(size_of::<Packet>(), 16);
}

#[test]
fn gaps_cut_a_flow_into_sessions_and_dialogs() {
    let packets = at([(0, 100, 0), (2, 1500, 1), (5, 50, 0), (65, 10, 0), (126, 1, 1), (127, 0, 1)]);
    let read = Reading::with(&[]).all(&[flow(7, CLIENT, packets)]);
    assert_eq!(read.whole("session_index"), [1, 1, 1, 2]);
    assert_eq!(read.whole("dialog_index"), [1, 2, 3, 1]);
    assert_eq!(read.whole("flow_index"), [7, 7, 7, 7]);
    assert_eq!(read.whole("dialog_flows"), [1, 1, 1, 1]);
    assert_eq!(read.table().ips("client_ip"), [Some(CLIENT); 4]);
    assert_eq!(read.whole("dialog_first_time"), [0, 5, 65, 126].map(|time| time * SECOND));
    assert_eq!(read.whole("dialog_duration"), [2 * SECOND, 0, 0, 0]);
    assert_eq!(read.whole("dialog_gap"), [-1, 3 * SECOND, 60 * SECOND, -1]);
    assert_eq!(
        (read.whole("dialog_packets_a"), read.whole("dialog_packets_b")),
        (vec![1, 1, 1, 0], vec![1, 0, 0, 1])
    );
    assert_eq!(
        (read.whole("dialog_bytes_a"), read.whole("dialog_bytes_b")),
        (vec![100, 50, 10, 0], vec![1500, 0, 0, 1])
    );
    assert_eq!(read.column("dialog_len_large_a"), [Some(0.0), Some(0.0), Some(0.0), None]);
    assert_eq!(read.column("dialog_len_large_b"), [Some(1.0), None, None, Some(0.0)]);
    assert_eq!(read.rows, [Row { dialogs_sessions: Some(2), dialogs_count: Some(4), ..Row::default() }]);
    assert_eq!(read.reader.last_notice(), None);
}

#[test]
fn lengths_and_gaps_are_those_of_numpy() {
    let packets = at([(0, 10, 0), (1, 40, 0), (3, 20, 0), (4, 500, 1), (6, 15, 0), (7, 1000, 1)]);
    let read = Reading::with(&[]).all(&[flow(1, CLIENT, packets)]);
    let check = |name: &str, expected: f64| {
        let found = read.column(name)[0].expect("the cell is there");
        assert!((found - expected).abs() < 1e-12, "{name}: {found}");
    };
    // Of the lengths 10, 40, 20, 15 and the gaps 1, 2, 1, 2, 1; then 1, 2, 3.
    for (name, expected) in [
        ("dialog_len_min_a", 10.0),
        ("dialog_len_max_a", 40.0),
        ("dialog_len_mean_a", 21.25),
        ("dialog_len_var_a", 129.6875),
        ("dialog_len_q1_a", 13.75),
        ("dialog_len_median_a", 17.5),
        ("dialog_len_q3_a", 25.0),
        ("dialog_len_large_b", 0.5),
        ("dialog_iat_min", 1e9),
        ("dialog_iat_max", 2e9),
        ("dialog_iat_mean", 1.4),
        ("dialog_iat_var", 0.24),
        ("dialog_iat_q1", 1.0),
        ("dialog_iat_median", 1.0),
        ("dialog_iat_q3", 2.0),
        ("dialog_iat_sum_a", 6e9),
        ("dialog_iat_mean_a", 2.0),
        ("dialog_iat_median_a", 2.0),
        ("dialog_iat_q1_a", 1.5),
        ("dialog_iat_sum_b", 3e9),
        ("dialog_iat_var_b", 0.0),
    ] {
        check(name, expected);
    }
}

#[test]
fn flows_of_a_client_are_one_stream() {
    let other = Ip::V4([10, 0, 0, 9]);
    let flows = [
        flow(1, CLIENT, at([(0, 1, 0), (3, 4, 0)])),
        flow(2, CLIENT, at([(1, 2, 0), (2, 3, 1)])),
        flow(3, other, at([(1, 9, 0)])),
    ];
    let mut read = Reading::with(&[("by", "client")]);
    flows.iter().for_each(|flow| read.start(flow));
    for ended in [1, 2, 0] {
        read.end(&flows[ended]);
        assert_eq!(
            read.table().rows(),
            0,
            "an older flow may have an earlier packet, or a newer one the next"
        );
    }
    read.reader.end();
    assert_eq!(read.table().ips("client_ip"), [Some(CLIENT), Some(other)]);
    assert_eq!(read.whole("session_index"), [1, 2]);
    assert_eq!(read.whole("flow_index"), [-1, -1]);
    assert_eq!(read.whole("dialog_flows"), [2, 1]);
    assert_eq!(read.whole("dialog_bytes_a"), [7, 9]);
    assert_eq!(read.whole("dialog_bytes_b"), [3, 0]);
    assert_eq!(read.whole("dialog_iat_max"), [SECOND, -1]);
    assert_eq!(read.rows, [Row::default(); 3]);
}

#[test]
fn dialogs_of_a_client_are_listed_when_nothing_can_join_them() {
    let mut read = Reading::with(&[("by", "client")]);
    let (early, late) = (flow(1, CLIENT, at([(0, 1, 0)])), flow(2, CLIENT, at([(100, 2, 0), (200, 3, 0)])));
    read.start(&early);
    read.end(&early);
    assert_eq!(read.table().rows(), 0);
    read.start(&late);
    read.end(&late);
    assert_eq!(read.whole("dialog_bytes_a"), [1], "the clock is at 100 s");
    read.reader.end();
    assert_eq!(read.whole("dialog_bytes_a"), [1, 2, 3]);
    assert_eq!(read.whole("session_index"), [1, 2, 3]);
}

#[test]
fn clients_that_went_silent_are_forgotten() {
    let mut read = Reading::with(&[("by", "client")]);
    for index in 0..3000_u32 {
        let [_, b, c, d] = index.to_be_bytes();
        let one = flow(u64::from(index) + 1, Ip::V4([10, b, c, d]), at([(i64::from(index) * 61, 1, 0)]));
        read.start(&one);
        read.end(&one);
    }
    assert_eq!(read.table().rows(), 2047, "of two looks, each of which leaves the last client");
}

#[test]
fn a_responder_that_sent_alone_answers_its_client() {
    // The row of the only direction begins with the responder's address, and its packets have direction 0.
    let one = flow(1, CLIENT, at([(0, 5, 0)]));
    for by in ["flow", "client"] {
        let mut read = Reading::with(&[("by", by)]);
        let (src, dst) = (one.start().dst_address, one.start().src_address);
        read.reader.start(&Start { src_address: src, dst_address: dst, side: 1, ..one.start() });
        let swapped = Flow { client: SERVER, ..one.clone() };
        let rows = TestRows::new(1)
            .sent_by_b()
            .column("src_ip", [Some(SERVER)])
            .column("dst_ip", [Some(CLIENT)])
            .column("first_packets_start", [Some(Time(swapped.begins_ns))])
            .column("first_packets_time", [vec![Duration(0)]])
            .column("first_packets_payload_len", [vec![5_u32]])
            .column("first_packets_direction", [vec![0_u8]])
            .column("first_packets_unlisted_payloads", [0_u64]);
        read.reader.read(&rows, |_| {});
        read.reader.end();
        assert_eq!(read.table().ips("client_ip"), [Some(CLIENT)], "{by}");
        assert_eq!((read.whole("dialog_bytes_a"), read.whole("dialog_bytes_b")), (vec![0], vec![5]), "{by}");
    }
}

#[test]
fn the_row_of_b_repeats_that_of_a() {
    let mut read = Reading::with(&[]);
    let rows = &mut read.rows;
    read.reader.read(&flow(1, CLIENT, at([(0, 5, 0), (9, 5, 1)])).rows(true), |row| rows.push(row));
    let said = Row { dialogs_sessions: Some(1), dialogs_count: Some(2), ..Row::default() };
    assert_eq!(read.rows, [said; 2]);
    assert_eq!(read.table().rows(), 2, "the packets are counted once");
}

#[test]
fn packets_that_are_not_listed_are_counted_and_told() {
    let cut = Flow { unlisted: 30, ..flow(1, CLIENT, at([(0, 5, 0)])) };
    let read = Reading::with(&[]).all(&[cut.clone(), cut, flow(3, CLIENT, [])]);
    assert_eq!(read.rows.iter().map(|row| row.dialogs_packets_missing).collect::<Vec<_>>(), [30, 30, 0]);
    assert_eq!(read.rows[2].dialogs_count, Some(0));
    let notice = read.reader.last_notice().expect("packets are missing");
    assert!(notice.starts_with("60 payload packets of 2 flows are in no dialog"), "{notice}");
    assert!(notice.ends_with("`-o first_packets.count=0`"), "{notice}");
}

#[test]
fn what_waits_is_bounded_and_the_rest_is_counted() {
    let flows: Vec<Flow> =
        (0..4).map(|at| flow(at as u64 + 1, CLIENT, vec![(at, 1, 0), (at, 2, 0)])).collect();
    let mut read = Reading::with(&[("by", "client"), ("most", "5")]);
    flows.iter().for_each(|flow| read.start(flow));
    flows.iter().rev().for_each(|flow| read.end(flow));
    read.reader.end();
    assert_eq!(read.rows.iter().map(|row| row.dialogs_packets_given_up).collect::<Vec<_>>(), [0, 0, 2, 2]);
    assert_eq!(read.whole("dialog_packets_a"), [4]);
    let notice = read.reader.last_notice().expect("packets were given up");
    assert!(notice.starts_with("4 payload packets of 2 flows"), "{notice}");
    assert!(notice.ends_with("`-o dialogs.most=N`"), "{notice}");
}

#[test]
fn room_is_free_again_when_dialogs_have_ended() {
    let mut read = Reading::with(&[("by", "client"), ("most", "2")]);
    for second in 0..20 {
        let one = flow(second as u64 + 1, CLIENT, at([(second * 100, 1, 0)]));
        read.start(&one);
        read.end(&one);
    }
    read.reader.end();
    assert!(read.rows.iter().all(|row| row.dialogs_packets_given_up == 0));
    assert_eq!(read.table().rows(), 20);
}

#[test]
fn flows_without_addresses_have_no_dialogs() {
    let rows = TestRows::new(1)
        .column("src_ip", [None::<Ip>])
        .column("dst_ip", [None::<Ip>])
        .column("first_packets_start", [None::<Time>])
        .column("first_packets_time", [None::<Vec<Duration>>])
        .column("first_packets_payload_len", [None::<Vec<u32>>])
        .column("first_packets_direction", [None::<Vec<u8>>])
        .column("first_packets_unlisted_payloads", [0_u64]);
    let mut read = Reading::with(&[]);
    read.reader.read(&rows, |row| assert_eq!(row, Row::default()));
    assert_eq!(read.table().rows(), 0);
}

#[test]
fn extreme_times_do_not_overflow() {
    for by in ["flow", "client"] {
        let packets = vec![(i64::MIN, 1, 0), (i64::MAX, u32::MAX, 1), (0, 1, 0)];
        let whole = Flow { begins_ns: i64::MIN, ..flow(1, CLIENT, packets.into_iter().skip(1)) };
        let read = Reading::with(&[("by", by)]).all(&[whole]);
        assert_eq!(read.whole("dialog_packets_a"), [1], "{by}");
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let refused =
        |options: &[(&str, &str)]| TestReader::<Dialogs>::open(options).err().expect("it is refused");
    assert_eq!(refused(&[("by", "host")]), "`by` is `host`, but it must be `flow` or `client`");
    let sentence = "`dialog` must be above 0 and no longer than `session`";
    assert_eq!(refused(&[("dialog", "0")]), sentence);
    assert_eq!(refused(&[("session", "1s")]), sentence);
}
