use super::*;
use weir_sdk::testing::TestRows;

const X: Ip = Ip::V4([10, 0, 0, 1]);
const Y: Ip = Ip::V4([10, 0, 0, 2]);
const Z: Ip = Ip::V4([10, 0, 0, 3]);

fn flow(side: Side, src: Ip, dst: Ip, ports: (u16, u16)) -> Ends {
    ends(side, (Some(src), Some(dst)), ports).unwrap()
}

fn row(plugin: &mut ConnStat, ends: &Ends, sent: (u64, u64)) -> Row {
    Row::of(ends.side, &plugin.census.end(ends, sent))
}

fn write(plugin: &mut ConnStat, ends: &Ends) -> [u32; 4] {
    let row = row(plugin, ends, (1, 10));
    [row.conn_src_peers, row.conn_dst_peers, row.conn_pair_flows, row.conn_src_port_flows].map(Option::unwrap)
}

#[test]
fn the_row_of_b_counts_one_less_than_that_of_a() {
    let mut plugin = ConnStat::default();
    let (a, b) = (flow(Side::A, X, Y, (2000, 80)), flow(Side::B, Y, X, (80, 2000)));
    plugin.census.begin(&a);
    plugin.census.begin(&b);
    assert_eq!(write(&mut plugin, &a), [1, 1, 2, 2]);
    assert_eq!(write(&mut plugin, &b), [1, 1, 1, 1]);
}

#[test]
fn peers_are_counted_once_each() {
    let mut plugin = ConnStat::default();
    let (one, two) = (flow(Side::A, X, Y, (2000, 80)), flow(Side::A, X, Y, (2001, 443)));
    let (three, four) = (flow(Side::A, X, Z, (2002, 80)), flow(Side::A, Z, Y, (9, 80)));
    [&one, &two, &three, &four].into_iter().for_each(|ends| plugin.census.begin(ends));
    assert_eq!(write(&mut plugin, &one), [2, 2, 2, 2]);
    assert_eq!(write(&mut plugin, &two), [2, 2, 1, 1]);
    assert_eq!(write(&mut plugin, &three), [1, 1, 1, 1]);
}

#[test]
fn a_source_is_forgotten_when_its_last_direction_ends() {
    let mut plugin = ConnStat::default();
    let one = flow(Side::A, X, Y, (2000, 80));
    plugin.census.begin(&one);
    assert_eq!(row(&mut plugin, &one, (2, 30)).conn_src_bytes, Some(30));
    plugin.census.begin(&one);
    let row = row(&mut plugin, &one, (1, 5));
    assert_eq!((row.conn_src_packets, row.conn_src_bytes), (Some(1), Some(5)));
}

#[test]
fn versions_of_ip_have_addresses_of_their_own() {
    let mut plugin = ConnStat::default();
    let four = flow(Side::A, Ip::V4([0; 4]), Y, (1, 2));
    plugin.census.begin(&four);
    let six = flow(Side::A, Ip::V6([0; 16]), Y, (1, 2));
    plugin.census.begin(&six);
    assert_eq!(write(&mut plugin, &four), [1, 2, 1, 1]);
    assert!(ends(Side::A, (None, None), (0, 0)).is_none());
}

#[test]
fn b_of_a_layer_2_conversation_is_not_taken_for_that_of_another_one() {
    let mut plugin = ConnStat::default();
    let one = flow(Side::A, X, Y, (2000, 80));
    plugin.census.begin(&one);
    plugin.census.begin(&one);
    let rows = TestRows::directions(&[false, true])
        .column("src_ip", [Some(X), None, None])
        .column("src_port", [Some(2000_u16), None, None])
        .column("dst_ip", [Some(Y), None, None])
        .column("dst_port", [Some(80_u16), None, None])
        .column("packets_sent", [1_u64; 3])
        .column("l7_bytes_sent", [10_u64; 3]);
    rows.read(|rows| {
        plugin.batch(rows);
        let told: Vec<Row> = rows.iter().map(|row| plugin.row(&row)).collect();
        assert_eq!((told[0].conn_src_peers, told[0].conn_pair_flows), (Some(1), Some(2)));
        assert_eq!(told[1..], [Row::default(), Row::default()]);
    });
}
