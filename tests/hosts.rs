//! Names that the plugins `dns` and `http` find, against those that a table of labels has for the same flows.
//!
//! The labels were made by another program. Where they differ from ours, the captures were looked into, and the reason
//! stands in `EXPLAINED`; every other name must be equal. The figures and the differences show with
//! `cargo test -p weir-tests --test hosts -- --nocapture`.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use weir_tests::command::run_weir;
use weir_tests::{shared, two_at_a_time};

const LIMIT: Duration = Duration::from_secs(20);

/// A protocol of the labels, and the column that names its hosts.
///
/// Labels of multicast DNS are left out: they name any record of a message that has many, ours its first question.
const NAMES: [(&str, &str); 3] =
    [("DNS", "dns_query_name"), ("LLMNR", "dns_query_name"), ("HTTP", "http_hosts")];

const LATER_QUERY: &str = "the flow has several queries, and the label names a later one";
const REPLACED: &str = "the label has `_` or `?` for bytes that are no letters, and may lack the beginning";

/// Captures with names that differ, how many, and why.
const EXPLAINED: [(&str, usize, &str); 10] = [
    ("ndpi/1kxun.pcap", 6, REPLACED),
    ("ndpi/bad-dns-traffic.pcap", 2, LATER_QUERY),
    ("ndpi/custom_risk_mask.pcapng", 2, REPLACED),
    ("ndpi/dns-exf.pcap", 1, REPLACED),
    ("ndpi/dns_ambiguous_names.pcap", 1, REPLACED),
    ("ndpi/dns_exfiltration.pcap", 1, REPLACED),
    (
        "ndpi/fuzz-2006-06-26-2594.pcap",
        33,
        "queries of a flow differ, as bytes of the capture were changed at random",
    ),
    (
        "ndpi/fuzz-2006-09-29-28586.pcap",
        4,
        "heads have no end, zero bytes, or another version, for the same reason",
    ),
    ("ndpi/starcraft_battle.pcap", 3, LATER_QUERY),
    ("ndpi/tls_certificate_too_long.pcap", 1, LATER_QUERY),
];

type Record = HashMap<String, String>;
/// Both endpoints of a flow in order.
type Ends = [(IpAddr, String); 2];

/// A label that names a host.
struct Label {
    capture: String,
    protocol: String,
    ends: Ends,
    host: String,
}

#[test]
fn names_of_hosts_are_those_of_the_labels() {
    let Some(shared) = shared() else {
        return;
    };
    let captures = shared.join("captures");
    let mut by_capture: BTreeMap<String, Vec<Label>> = BTreeMap::new();
    for label in labels(&captures.join("labels.csv")) {
        by_capture.entry(label.capture.clone()).or_default().push(label);
    }
    let by_capture: Vec<(String, Vec<Label>)> = by_capture.into_iter().collect();
    let differences = two_at_a_time(&by_capture, |(capture, labels)| {
        let rows = rows_of(&captures.join(capture));
        labels.iter().map(|label| (label.protocol.clone(), difference(label, &rows))).collect::<Vec<_>>()
    });
    report(&differences.concat());
    for ((capture, _), found) in by_capture.iter().zip(&differences) {
        let different: Vec<&String> = found.iter().filter_map(|(_, different)| different.as_ref()).collect();
        let explained = EXPLAINED.iter().find(|(name, ..)| name == capture).map_or(0, |(_, count, _)| *count);
        assert_eq!(different.len(), explained, "names in {capture} differ: {different:#?}");
    }
}

fn report(found: &[(String, Option<String>)]) {
    for (protocol, _) in NAMES {
        let of_protocol = || found.iter().filter(|(name, _)| name == protocol);
        let equal = of_protocol().filter(|(_, different)| different.is_none()).count();
        let all = of_protocol().count();
        println!("{protocol}: {equal} of {all} names are equal, {:.1} %", 100.0 * equal as f64 / all as f64);
        of_protocol().filter_map(|(_, different)| different.as_ref()).for_each(|said| println!("  {said}"));
    }
    EXPLAINED.iter().for_each(|(capture, count, why)| println!("{capture}, {count}: {why}"));
}

fn column_of(protocol: &str) -> Option<&'static str> {
    NAMES.iter().find(|(name, _)| *name == protocol).map(|(_, column)| *column)
}

/// The labels that name a host of one of the protocols.
fn labels(table: &Path) -> Vec<Label> {
    records(table).iter().filter_map(label).collect()
}

fn label(record: &Record) -> Option<Label> {
    let protocol = record["ndpi_label"].split('.').next().unwrap_or_default();
    let (capture, host) = (record["capture"].clone(), record["host"].clone());
    let is_asked = column_of(protocol).is_some() && !host.is_empty();
    is_asked.then(|| Label {
        ends: ends(record, ["addr_a", "port_a", "addr_b", "port_b"])
            .expect("the label of a flow names its ends"),
        protocol: protocol.to_owned(),
        capture,
        host,
    })
}

/// The flows of a capture.
fn rows_of(capture: &Path) -> Vec<Record> {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let rows = folder.path().join("rows.csv");
    let arguments = ["-q", "-p", "basic_flow,dns,http", "-w"].map(AsRef::as_ref);
    let finished = run_weir(arguments.into_iter().chain([rows.as_os_str(), capture.as_os_str()]), LIMIT);
    assert!(matches!(finished.status, Some(0 | 3)), "{}: {}", capture.display(), finished.stderr);
    records(&rows)
}

fn records(table: &Path) -> Vec<Record> {
    let mut reader = csv::Reader::from_path(table).expect("the table is there");
    reader.deserialize().map(|record| record.expect("each row has a cell for each column")).collect()
}

/// None of a flow without addresses.
fn ends(record: &Record, columns: [&str; 4]) -> Option<Ends> {
    let [src_ip, src_port, dst_ip, dst_port] = columns.map(|column| &*record[column]);
    let mut ends = [(src_ip.parse().ok()?, src_port.to_owned()), (dst_ip.parse().ok()?, dst_port.to_owned())];
    ends.sort();
    Some(ends)
}

/// What the rows with the label's endpoints say instead; nothing if one of them says the same.
fn difference(label: &Label, rows: &[Record]) -> Option<String> {
    let column = column_of(&label.protocol)?;
    let columns = ["src_ip", "src_port", "dst_ip", "dst_port"];
    let own = rows.iter().filter(|row| ends(row, columns).as_ref() == Some(&label.ends));
    let found: Vec<String> = own.map(|row| name_in(&row[column])).collect();
    // RFC 4343, RFC 9110 section 4.2.3: case does not matter; the labels have none.
    let is_equal = found.iter().any(|name| name.eq_ignore_ascii_case(&label.host));
    (!is_equal).then(|| format!("{} {:?}: {found:?}, not {:?}", label.capture, label.ends, label.host))
}

/// A name; of a list of hosts, the first without its port, which the labels leave out.
fn name_in(cell: &str) -> String {
    let Ok(hosts) = serde_json::from_str::<Vec<String>>(cell) else {
        return cell.to_owned();
    };
    let first = hosts.into_iter().next().unwrap_or_default();
    match first.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name.to_owned(),
        _ => first,
    }
}
