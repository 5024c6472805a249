use std::path::Path;

use serde_json::{Value as Json, json};
use weir_sdk::abi::ColumnCells;
use weir_sdk::columns::{Column, ColumnBuffer};
use weir_sdk::plugin::EndFacts;
use weir_sdk::{Duration, Ip, Time};

use super::*;
use crate::schema::samples::{both, column, plugin};
use crate::sink::Compression;
use crate::sink::samples::{buffer, end};

fn declared() -> Vec<Column> {
    vec![
        column::<Option<Ip>>("src_ip"),
        column::<Option<u16>>("src_port"),
        column::<Option<Ip>>("dst_ip"),
        column::<Option<u16>>("dst_port"),
        column::<Option<u8>>("l4_proto"),
        column::<u64>("flow_index"),
        both::<Time>("time_first"),
        both::<Time>("time_last"),
        both::<Duration>("duration"),
        both::<u64>("packets_sent"),
        both::<u64>("l7_bytes_sent"),
        column::<Option<Vec<u8>>>("first_packets_direction"),
        column::<Option<Vec<u32>>>("first_packets_payload_len"),
        column::<Option<Vec<u32>>>("first_packets_ip_len"),
        column::<Option<Vec<Duration>>>("first_packets_time"),
        column::<Option<Vec<u16>>>("first_packets_tcp_window"),
        column::<Option<&str>>("label"),
    ]
}

fn schema(columns: Vec<Column>, shape: RowShape) -> Schema {
    Schema::new(&[plugin("all", columns)], shape).unwrap()
}

/// The two directions of a conversation, and of B alone the cells that it does not share.
fn conversation(src: Option<Ip>, label: Option<&'static str>) -> Vec<ColumnBuffer> {
    let dst = src.map(|_| Ip::V4([10, 0, 0, 2]));
    let times = Some([0, 500_000_000, 2_500_000_000].map(Duration).to_vec());
    vec![
        buffer([src, dst]),
        buffer([Some(2000_u16), Some(443)]),
        buffer([dst, src]),
        buffer([Some(443_u16), Some(2000)]),
        buffer([Some(6_u8), Some(6)]),
        buffer([7_u64, 7]),
        buffer([Time(1_000_000_000), Time(1_500_000_000)]),
        buffer([Time(3_500_000_000), Time(4_500_000_000)]),
        buffer([Duration(2_500_000_000), Duration(3_000_000_000)]),
        buffer([2_u64, 1]),
        buffer([30_u64, 0]),
        buffer([Some(vec![0_u8, 1, 0]), None]),
        buffer([Some(vec![0_u32, 0, 30]), None]),
        buffer([Some(vec![60_u32, 52, 82]), None]),
        buffer([times, None]),
        buffer([Some(vec![65_535_u16, 100, 200]), None]),
        buffer([label, label]),
    ]
}

/// A file in a folder, and what it is given.
struct Written {
    folder: tempfile::TempDir,
    sink: Box<MirageSink>,
}

impl Written {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::create(&folder.path().join("x.json"), Compression::None).unwrap();
        let sink = MirageSink::new(&schema(declared(), RowShape::Conversation), output).unwrap();
        Self { folder, sink: Box::new(sink) }
    }

    fn rows(&mut self, columns: &[ColumnBuffer], ends: &[EndFacts]) {
        let cells = columns.iter().map(|column| Some(ColumnCells::of(column))).collect();
        self.sink.rows(&Finished { cells, ends }).unwrap();
    }

    fn both(&mut self, columns: &[ColumnBuffer]) {
        self.rows(columns, &[end(7, 0), end(7, 1)]);
    }

    fn finish(self) -> Json {
        self.sink.finish().unwrap();
        read(&self.folder.path().join("x.json"))
    }
}

fn read(path: &Path) -> Json {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

const CLIENT: Option<Ip> = Some(Ip::V4([10, 0, 0, 1]));
const NAME: &str = "10.0.0.1,2000,10.0.0.2,443,6";

#[test]
fn a_conversation_has_the_shape_of_mirage() {
    let mut written = Written::new();
    written.both(&conversation(CLIENT, Some("com.example")));
    let all = written.finish();
    let biflow = &all[NAME];
    assert_eq!(
        biflow["packet_data"],
        json!({
            "src_port": [2000, 443, 2000],
            "dst_port": [443, 2000, 443],
            "packet_dir": [0, 1, 0],
            "L4_payload_bytes": [0, 0, 30],
            "iat": [0.0, 0.5, 2.0],
            "TCP_win_size": [65535, 100, 200],
            "L4_raw_payload": [[], [], []],
        })
    );
    assert_eq!(
        biflow["flow_metadata"],
        json!({
            "BF_label": "com.example",
            "BF_labeling_type": "exact",
            "BF_num_packets": 3,
            "BF_IP_packet_bytes": 194,
            "BF_L4_payload_bytes": 30,
            "BF_duration": 3.5,
            "UF_num_packets": 2,
            "UF_IP_packet_bytes": 142,
            "UF_L4_payload_bytes": 30,
            "UF_duration": 2.5,
            "DF_num_packets": 1,
            "DF_IP_packet_bytes": 52,
            "DF_L4_payload_bytes": 0,
            "DF_duration": 3.0,
        })
    );
    let features = &biflow["flow_features"];
    assert_eq!(features["packet_length"]["biflow"]["max"], 82.0);
    assert_eq!(features["packet_length"]["upstream_flow"]["mean"], 71.0);
    assert_eq!(features["packet_length"]["downstream_flow"]["std"], 0.0);
    assert_eq!(features["iat"]["biflow"]["50_percentile"], 1.25);
    assert_eq!(features["iat"]["upstream_flow"]["min"], 2.5);
    assert_eq!(features["iat"]["downstream_flow"]["min"], Json::Null);
}

#[test]
fn a_name_that_was_used_gets_the_number_of_its_flow() {
    let mut written = Written::new();
    (0..2).for_each(|_| written.both(&conversation(CLIENT, None)));
    assert_eq!(written.sink.count(), 2);
    let all = written.finish();
    let names: Vec<&String> = all.as_object().unwrap().keys().collect();
    assert_eq!(names, [NAME, &format!("{NAME},7")]);
    assert_eq!(all[NAME]["flow_metadata"]["BF_label"], "");
    assert_eq!(all[NAME]["flow_metadata"]["BF_labeling_type"], "");
}

#[test]
fn a_flow_without_answer_has_an_empty_downstream() {
    let mut written = Written::new();
    written.rows(&conversation(CLIENT, None), &[end(7, 0)]);
    let metadata = &written.finish()[NAME]["flow_metadata"];
    assert_eq!((&metadata["DF_num_packets"], &metadata["DF_duration"]), (&json!(0), &json!(0.0)));
    // One of the three packets listed is that of an answer, which the columns do not know of.
    assert_eq!(metadata["BF_IP_packet_bytes"], Json::Null);
    assert_eq!(metadata["BF_duration"], 2.5);
}

#[test]
fn flows_of_layer_2_are_left_out() {
    let mut written = Written::new();
    written.both(&conversation(None, None));
    assert_eq!(written.sink.count(), 0);
    assert_eq!(written.finish(), json!({}));
}

#[test]
fn what_is_given_up_is_json() {
    let mut written = Written::new();
    written.both(&conversation(CLIENT, Some("a \"quoted\" label")));
    let partial = written.sink.abandon().unwrap();
    assert_eq!(read(&partial)[NAME]["flow_metadata"]["BF_label"], "a \"quoted\" label");

    let mut written = Written::new();
    written.both(&conversation(CLIENT, None));
    let Written { folder, sink } = written;
    drop(sink);
    assert!(read(&folder.path().join("x.json.partial"))[NAME].is_object());
}

#[test]
fn columns_of_a_plugin_that_failed_make_no_biflow() {
    let mut written = Written::new();
    let ends = [end(7, 0)];
    let cells = declared().iter().map(|_| None).collect();
    written.sink.rows(&Finished { cells, ends: &ends }).unwrap();
    assert_eq!(written.finish(), json!({}));
}

#[test]
fn the_first_column_that_is_missing_is_named() {
    let without = |name: &str| {
        let columns = declared().into_iter().filter(|column| column.name != name).collect();
        missing_column(&schema(columns, RowShape::Conversation))
    };
    assert_eq!(without("first_packets_time"), Some("first_packets_time"));
    assert_eq!(without("duration"), Some("duration_a"));
    assert_eq!(without("label"), None, "labels are welcome, not needed");
    assert_eq!(missing_column(&schema(declared(), RowShape::Direction)), Some("time_first_a"));
}
