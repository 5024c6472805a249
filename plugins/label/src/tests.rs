//! Files in, matches out; the oracle asks every line of every flow.

use std::fmt::Write;

use proptest::prelude::*;
use weir_sdk::Ip;
use weir_sdk::Time;
use weir_sdk::testing::{TestRows, check_row_columns};

use super::*;
use file::Lines;
use index::Index;

fn lines(text: &str) -> Lines {
    Lines::parse(text.as_bytes(), b',', 0).unwrap_or_else(|(line, fault)| panic!("line {line}: {fault}"))
}

fn fault(text: &str) -> (u64, String) {
    Lines::parse(text.as_bytes(), b',', 0).err().unwrap_or_else(|| panic!("a faulty file:\n{text}"))
}

fn settings(file: &str, ambiguous: &str) -> Settings {
    Settings { file: file.to_owned(), ambiguous: ambiguous.to_owned(), tolerance: weir_sdk::Duration(0) }
}

fn endpoint(last: u8, port: u16) -> Endpoint {
    Endpoint { address: Some(Ip::V4([10, 0, 0, last]).into()), port: Some(port) }
}

/// TCP, from second 10 to second 20.
fn flow(src: Endpoint, dst: Endpoint) -> Flow {
    Flow { src, dst, l4_proto: Some(6), span: Span { start: 10_000_000_000, end: 20_000_000_000 } }
}

/// Label or verdict for the flow of 10.0.0.1 port 5000 to 10.0.0.2 port 443.
fn label_of(text: &str) -> String {
    let lines = lines(text);
    let mut found = Vec::new();
    Index::of(&lines.rules).find(&lines.rules, &flow(endpoint(1, 5000), endpoint(2, 443)), &mut found);
    match Match::of(&lines, &found) {
        Match::Unmatched => "unmatched".to_owned(),
        Match::Ambiguous(_) => "ambiguous".to_owned(),
        Match::Matched(place) => lines.label(place).to_owned(),
    }
}

#[test]
fn columns_are_well_declared() {
    check_row_columns::<Label>();
}

#[test]
fn a_line_matches_in_either_orientation() {
    let header = "src_ip,src_port,dst_ip,dst_port,l4_proto,label\n";
    let check = |line: &str, expected| assert_eq!(label_of(&format!("{header}{line}\n")), expected, "{line}");
    check("10.0.0.1,5000,10.0.0.2,443,6,a", "a");
    check("10.0.0.2,443,10.0.0.1,5000,tcp,a", "a");
    check("10.0.0.2,5000,10.0.0.1,443,6,a", "unmatched");
    check("10.0.0.1,5000,10.0.0.2,443,17,a", "unmatched");
    check("10.0.0.1,,,,,a", "a");
    check(",,10.0.0.1,,,a", "a");
    check(",,,,,a", "a");
}

#[test]
fn subnets_and_ranges_match_what_is_in_them() {
    let check = |line: &str, expected| {
        assert_eq!(label_of(&format!("src_ip,dst_port,label\n{line}\n")), expected, "{line}");
    };
    check("10.0.0.0/24,400-500,a", "a");
    check("10.0.0.0/24,4999-5001,a", "a");
    check("10.0.0.0/31,4999-5001,a", "unmatched");
    check("10.0.0.2/31,4999-5001,a", "a");
    check("10.0.0.0/24,444-500,a", "unmatched");
    check("11.0.0.0/24,400-500,a", "unmatched");
    check("::/0,400-500,a", "unmatched");
}

#[test]
fn an_interval_matches_if_it_shares_a_time_with_the_flow() {
    let check = |line: &str, expected| {
        assert_eq!(label_of(&format!("src_port,start,end,label\n5000,{line}\n")), expected, "{line}");
    };
    check("0,9,a", "unmatched");
    check("0,10,a", "a");
    check("12,13,a", "a");
    check("20,30,a", "a");
    check("20.000000001,30,a", "unmatched");
    check(",15,a", "a");
    check("15,,a", "a");
    check("1970-01-01T00:00:15Z,1970-01-01T01:00:16+01:00,a", "a");
}

#[test]
fn tolerance_makes_intervals_longer() {
    let parse = |tolerance| Lines::parse(b"start,end,label\n21,22,a\n", b',', tolerance).ok();
    let found = |tolerance| {
        let (lines, mut found) = (parse(tolerance).expect("a file of labels"), Vec::new());
        let of = flow(endpoint(1, 5000), endpoint(2, 443));
        Index::of(&lines.rules).find(&lines.rules, &of, &mut found);
        found
    };
    assert_eq!((found(999_999_999), found(1_000_000_000)), (vec![], vec![0]));
}

#[test]
fn equal_labels_agree_and_different_ones_are_ambiguous() {
    assert_eq!(label_of("src_port,label\n5000,a\n443,a\n"), "a");
    assert_eq!(label_of("src_port,label\n5000,a\n443,b\n"), "ambiguous");
    assert_eq!(label_of("src_port,start,end,label\n5000,0,11,a\n5000,19,30,b\n"), "ambiguous");
    assert_eq!(label_of("src_port,start,end,label\n5000,0,11,a\n5000,21,30,b\n"), "a");
}

#[test]
fn json_lines_say_the_same_as_csv() {
    let text = r#"
        {"src_ip": "10.0.0.1", "src_port": 5000, "l4_proto": 6, "start": 15, "label": "a", "app": "x", "n": [1]}
        {"src_ip": null, "dst_port": "1-2", "label": 7}
    "#;
    let lines = lines(text);
    assert_eq!(label_of(text), "a");
    assert_eq!((lines.said[0].line, lines.said[1].line), (2, 3));
    assert_eq!(lines.said[0].fields.as_deref(), Some(r#"{"app":"x","n":[1]}"#));
    assert_eq!((lines.label(1), lines.said[1].fields.as_deref()), ("7", None));
}

#[test]
fn further_columns_are_carried_along() {
    let lines = lines("src_port,label,app,note\n1,a,\"x, y\",\n2,b,,\n");
    let fields: Vec<_> = lines.said.iter().map(|said| said.fields.as_deref()).collect();
    assert_eq!(fields, [Some(r#"{"app":"x, y"}"#), None]);
}

#[test]
fn faults_are_told_with_their_line() {
    let check = |text: &str, line, part: &str| {
        let (found, said) = fault(text);
        assert!(found == line && said.contains(part), "{text}\n{found}: {said}");
    };
    check("", 1, "no column `label`");
    check("src_ip,app\n", 1, "no column `label`");
    check("scr_ip,label\n", 1, "did you mean `src_ip`?");
    check("label,label\n", 1, "column `label` stands there twice");
    check("src_ip,label\n10.0.0.1,a\n\n10.0.0.300,b\n", 4, "`src_ip` is `10.0.0.300`, but");
    check("src_ip,label\n10.0.0.1,a,b\n", 2, "it has 3 cells, but the header has 2");
    check("src_ip,label\n\"10.0.0.1\n\",a\n10.0.0.1,\n", 4, "it has no label");
    check("start,end,label\n0,1,a\n2,1,b\n", 3, "`start` is after `end`");
    check("start,label\nyesterday,a\n", 2, "`start` is `yesterday`, but it must be Unix seconds");
    check("src_port,label\n80-79,a\n", 2, "`src_port` is `80-79`");
    check("{\"label\":\"a\"}\n{\"label\":\"b\"\n", 2, "it is no JSON object");
    check("{\"label\":\"a\"}\n[1]\n", 2, "it is no JSON object");
    check(
        "{\"src_port\":[1],\"label\":\"a\"}\n",
        1,
        "`src_port` is `[1]`, but it must be a text or a number",
    );
    check("{\"srcport\":1,\"label\":\"a\"}\n", 1, "did you mean `src_port`?");
    let latin = Lines::parse(b"app,label\nx,a\n\xe9,b\n", b',', 0).err();
    assert_eq!(latin, Some((3, "it is no UTF-8 text".to_owned())));
}

#[test]
fn files_that_cannot_be_used_are_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let settings =
        |file: String, ambiguous: String| Settings { file, ambiguous, tolerance: weir_sdk::Duration(0) };
    let refused = |file, ambiguous| Shared::of(settings(file, ambiguous)).err().expect("it is refused");
    std::fs::write(path("labels.csv"), "src_port,label\n1,a\nx,b\n").expect("a file can be written");
    let file = path("labels.csv");
    assert!(refused(String::new(), String::new()).contains("-o label.file=FILE"));
    assert!(refused(path("none.csv"), String::new()).starts_with("cannot read the file of labels"));
    assert!(refused(file.clone(), file.clone()).contains("would be overwritten"));
    assert!(refused(file, String::new()).contains("line 3: `src_port` is `x`"));
    std::fs::write(path("good.csv"), "src_port,label\n1,a\n").expect("a file can be written");
    assert!(refused(path("good.csv"), path("no/folder.csv")).contains("`ambiguous` must name a file"));
}

#[test]
fn instances_with_the_same_options_read_the_file_once() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("labels.csv").to_string_lossy().into_owned();
    std::fs::write(&file, "src_port,label\n1,a\n").expect("a file can be written");
    let settings = settings(&file, "");
    let first = Shared::of(settings.clone()).expect("a file of labels");
    let second = Shared::of(settings.clone()).expect("a file of labels");
    let other = Settings { tolerance: weir_sdk::Duration(1), ..settings };
    assert!(Arc::ptr_eq(&first, &second));
    assert!(!Arc::ptr_eq(&first, &Shared::of(other).expect("a file of labels")));
}

/// Directions of three flows over TCP: answered, not answered, and of layer 2. Those of the first are two seconds each.
fn rows() -> TestRows {
    let ip = |last: u8| Some(Ip::V4([10, 0, 0, last]));
    let times = |seconds: [i64; 4]| seconds.map(|second| Time(second * 1_000_000_000));
    TestRows::directions(&[true, false, false])
        .column("src_ip", [ip(1), ip(2), ip(3), None])
        .column("src_port", [Some(5000u16), Some(443), Some(6000), None])
        .column("dst_ip", [ip(2), ip(1), ip(2), None])
        .column("dst_port", [Some(443u16), Some(5000), Some(443), None])
        .column("l4_proto", [Some(6u8), Some(6), Some(6), None])
        .column("time_first", times([10, 11, 20, 30]))
        .column("time_last", times([12, 13, 20, 30]))
}

/// Label of each row, and the counts.
fn labels_of_rows(text: &str) -> (Vec<Option<String>>, [u64; 3]) {
    let lines = lines(text);
    let (index, overlaps) = (Index::of(&lines.rules), None);
    let shared = Shared { settings: settings("", ""), lines, index, overlaps, listing: None };
    let mut plugin = Label { shared: shared.into(), found: Vec::new(), matches: Vec::new(), counts: [0; 3] };
    let labels = rows().read(|rows| {
        plugin.batch(rows);
        rows.iter().map(|row| plugin.row(&row).label.map(str::to_owned)).collect()
    });
    (labels, plugin.counts)
}

#[test]
fn both_rows_of_a_flow_have_its_label_and_it_counts_once() {
    let (labels, counts) = labels_of_rows("src_port,label\n5000,a\n");
    assert_eq!(labels, [Some("a".to_owned()), Some("a".to_owned()), None, None]);
    assert_eq!(counts, [1, 2, 0]);
}

#[test]
fn a_flow_lasts_until_the_last_packet_of_either_direction() {
    let times = |start, end| labels_of_rows(&format!("src_ip,start,end,label\n10.0.0.1,{start},{end},a\n")).1;
    assert_eq!(
        (times("12.5", "14"), times("13.5", "14"), times("9", "9.5")),
        ([1, 2, 0], [0, 3, 0], [0, 3, 0])
    );
}

#[test]
fn a_flow_without_addresses_matches_what_asks_for_none() {
    let (labels, counts) = labels_of_rows("start,end,label\n29,31,a\n");
    assert_eq!((labels[3].as_deref(), counts), (Some("a"), [1, 2, 0]));
}

/// A cell of a column, often empty, of few values, so that flows meet lines.
fn cell(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), prop::sample::select(values)]
}

fn any_line() -> impl Strategy<Value = String> {
    let net = || cell(&["10.0.0.1", "10.0.0.2", "10.0.0.0/30", "10.0.0.0/8", "::1", "::/0", "0.0.0.0/0"]);
    let ports = || cell(&["1", "2", "443", "1-2", "2-500"]);
    let ends = (net(), ports(), net(), ports(), cell(&["6", "udp"]));
    (ends, 0..40u32, 0..20u32, "[ab]").prop_map(|((src, sport, dst, dport, proto), start, len, label)| {
        format!("{src},{sport},{dst},{dport},{proto},{start},{},{label}", start + len)
    })
}

fn any_flow() -> impl Strategy<Value = Flow> {
    let address = prop_oneof![
        Just(None),
        (0..5u8).prop_map(|last| Some(Ip::V4([10, 0, 0, last]))),
        Just(Some(Ip::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]))),
    ];
    let port = prop_oneof![Just(None), prop::sample::select(vec![1, 2, 3, 443]).prop_map(Some)];
    let end = (address, port).prop_map(|(ip, port)| Endpoint { address: ip.map(Into::into), port });
    let proto = prop::sample::select(vec![None, Some(6), Some(17)]);
    (end.clone(), end, proto, 0..60i64, 0..20i64).prop_map(|(src, dst, l4_proto, start, len)| {
        let span = Span { start: start * 1_000_000_000, end: (start + len) * 1_000_000_000 };
        Flow { src, dst, l4_proto, span }
    })
}

proptest! {
    #[test]
    fn the_index_finds_what_a_look_at_every_line_finds(
        text in prop::collection::vec(any_line(), 0..40), flows in prop::collection::vec(any_flow(), 1..20),
    ) {
        let header = "src_ip,src_port,dst_ip,dst_port,l4_proto,start,end,label";
        let text = text.iter().fold(header.to_owned(), |all, line| all + "\n" + line);
        let lines = lines(&text);
        let index = Index::of(&lines.rules);
        for flow in flows {
            let mut found = Vec::new();
            index.find(&lines.rules, &flow, &mut found);
            let expected: Vec<u32> = lines.rules.iter().zip(0..).filter(|(rule, _)| {
                let shares_time = rule.span.start <= flow.span.end && flow.span.start <= rule.span.end;
                shares_time && (rule.conditions.hold(&flow) || rule.conditions.hold(&flow.swapped()))
            }).map(|(_, place)| place).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let with_header = [b"src_ip,start,label\n".as_slice(), &bytes].concat();
        for text in [&bytes, &with_header] {
            if let Ok(lines) = Lines::parse(text, b',', 0) {
                prop_assert_eq!(lines.rules.len(), lines.said.len());
            }
        }
    }
}

#[test]
fn many_lines_with_the_same_port_are_told_apart_by_time() {
    let mut text = "src_port,start,end,label\n".to_owned();
    for number in 0..50_000 {
        writeln!(text, "5000,{number},{number}.5,app{number}").expect("text can be written");
    }
    let lines = lines(&text);
    let index = Index::of(&lines.rules);
    let mut found = Vec::new();
    for second in 0..50_000_i64 {
        let span = Span { start: second * 1_000_000_000, end: second * 1_000_000_000 + 1 };
        let at = Flow { span, ..flow(endpoint(1, 5000), endpoint(2, 443)) };
        index.find(&lines.rules, &at, &mut found);
        assert_eq!(found, [second as u32]);
    }
}
