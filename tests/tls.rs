//! The plugin `tls` against fingerprints and labels that came with public captures.
//!
//! `cargo test -p weir-tests --test tls -- --nocapture` shows the figures, and every difference with the rule that
//! explains it. The captures stand beside the workspace; without them the tests say so and pass.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use weir_tests::command::run_weir;
use weir_tests::{shared, two_at_a_time};

const LIMIT: Duration = Duration::from_secs(60);

/// A row by the names of its columns.
type Row = HashMap<String, String>;
/// Protocol and both endpoints, the smaller first.
type Key = (String, [(Option<IpAddr>, String); 2]);
/// What weir says of a capture; of several conversations with one key the first with a handshake.
type Flows = HashMap<Key, Row>;

fn rows_of(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("a table can be read");
    reader.deserialize().map(|row| row.expect("a table is CSV")).collect()
}

/// Addresses are compared as such, since one may be written in several ways.
fn key(protocol: &str, ends: [(&str, &str); 2]) -> Key {
    let mut ends = ends.map(|(address, port)| (address.parse().ok(), port.to_owned()));
    ends.sort();
    (protocol.to_owned(), ends)
}

/// The row of a flow; an address that is none, as one of the labels is, stands for any.
fn find<'f>(flows: &'f Flows, wanted: &Key) -> Option<&'f Row> {
    let fits = |one: &(Option<IpAddr>, String), other: &(Option<IpAddr>, String)| {
        one.1 == other.1 && (one.0.is_none() || one.0 == other.0)
    };
    let fits = |(protocol, [one, other]): &Key| {
        let [first, second] = &wanted.1;
        *protocol == wanted.0
            && (fits(first, one) && fits(second, other) || fits(first, other) && fits(second, one))
    };
    flows.get(wanted).or_else(|| flows.iter().find(|(key, _)| fits(key)).map(|(_, row)| row))
}

fn flows_of(capture: &Path) -> Flows {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let rows = folder.path().join("rows.csv");
    let plugins = ["-q", "-p", "basic_flow,tls", "-w"].map(std::ffi::OsStr::new);
    let finished = run_weir(plugins.into_iter().chain([rows.as_os_str(), capture.as_os_str()]), LIMIT);
    // 3: the capture is cut, as some are.
    assert!(matches!(finished.status, Some(0 | 3)), "{}: {}", capture.display(), finished.stderr);
    let mut flows = Flows::new();
    for row in rows_of(&rows) {
        let end = |side: &str| (row[&format!("{side}_ip")].as_str(), row[&format!("{side}_port")].as_str());
        let known = flows.entry(key(&row["l4_proto"], [end("src"), end("dst")])).or_default();
        if known.get("tls_status").is_none_or(String::is_empty) {
            *known = row;
        }
    }
    flows
}

/// The lines of a table by capture, with what weir says of the captures that are there.
fn captures_of(table: Vec<Row>, folder: &Path) -> Vec<(String, Vec<Row>, Flows)> {
    let mut captures: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in table {
        captures.entry(row["capture"].clone()).or_default().push(row);
    }
    let captures: Vec<_> = captures.into_iter().filter(|(name, _)| folder.join(name).is_file()).collect();
    let flows = two_at_a_time(&captures, |(name, _)| flows_of(&folder.join(name)));
    captures.into_iter().zip(flows).map(|((name, rows), flows)| (name, rows, flows)).collect()
}

/// The IP protocol under the letter that begins a JA4.
fn protocol_of(ja4: &str) -> &'static str {
    if ja4.starts_with('t') { "6" } else { "17" }
}

#[test]
fn ja4_is_that_of_its_inventors() {
    let Some(folder) = shared().map(|shared| shared.join("captures")) else { return };
    let mut differences = Vec::new();
    let mut compared = 0;
    for (capture, expected, flows) in captures_of(rows_of(&folder.join("ja4_expected.csv")), &folder) {
        let mut lines_of_flow: HashMap<Key, usize> = HashMap::new();
        for row in expected {
            let ends = [(&*row["src"], &*row["sport"]), (&*row["dst"], &*row["dport"])];
            let key = key(protocol_of(&row["ja4"]), ends);
            let before = lines_of_flow.entry(key.clone()).or_default();
            // A flow has a line for each client hello: the second is that after a HelloRetryRequest.
            let column = ["tls_ja4", "tls_ja4_retry"][(*before).min(1)];
            *before += 1;
            let found = flows.get(&key).map_or("no flow", |flow| &flow[column]);
            compared += 1;
            if found != row["ja4"] {
                differences.push(format!("{capture} {ends:?} {column}: {found}, not {}", row["ja4"]));
            }
        }
    }
    println!("{compared} fingerprints compared, {} differ", differences.len());
    assert!(compared > 0 && differences.is_empty(), "{}", differences.join("\n"));
}

/// A column of the labels and how it is compared with ours.
struct Compared {
    label: &'static str,
    /// Our column.
    column: &'static str,
    /// What the label would say by its own definition.
    ours: fn(&Row, &Row) -> String,
    /// Why a label may differ though ours is right; judged by label and row alone.
    explained: fn(&Row, &Row) -> Option<&'static str>,
}

const COMPARED: [Compared; 4] = [
    Compared {
        label: "host",
        column: "tls_sni",
        ours: |_, flow| flow["tls_sni"].clone(),
        explained: explained_host,
    },
    Compared {
        label: "alpn",
        column: "tls_alpn",
        ours: |_, flow| flow["tls_alpn"].clone(),
        explained: explained_alpn,
    },
    Compared {
        label: "tls_version",
        column: "tls_version",
        ours: version_as_labelled,
        explained: |_, _| None,
    },
    Compared {
        label: "ja3c",
        column: "tls_ja3",
        ours: |_, flow| flow["tls_ja3"].clone(),
        explained: |_, _| None,
    },
];

fn list(cell: &str) -> Vec<&str> {
    cell.trim_matches(['[', ']']).split(',').collect()
}

fn has_client_hello(flow: &Row) -> bool {
    !flow["tls_ja4"].is_empty()
}

fn explained_host(_: &Row, flow: &Row) -> Option<&'static str> {
    const SERVER_NAME: &str = "0";
    let has_name = list(&flow["tls_extensions"]).contains(&SERVER_NAME);
    (has_client_hello(flow) && !has_name)
        .then_some("the client hello has no server name; the label's is that of a greeting")
}

fn explained_alpn(label: &Row, flow: &Row) -> Option<&'static str> {
    (!has_client_hello(flow) && label["alpn"] == flow["tls_alpn_chosen"])
        .then_some("without a client hello the label is the protocol that the server chose")
}

/// The labels name the version that the server's supported_versions chooses, if a server hello was seen by whoever
/// labelled. Without that they name the version field of the client hello, though the server may have chosen an older
/// one, or the client offered a newer one; ours is the version chosen, or the newest that is offered.
fn version_as_labelled(label: &Row, flow: &Row) -> String {
    const SUPPORTED_VERSIONS: &str = "43";
    let is_chosen_by_extension = list(&flow["tls_server_extensions"]).contains(&SUPPORTED_VERSIONS);
    let is_of_quic = !flow["quic_version"].is_empty();
    let field = match flow["tls_hello_version"].as_str() {
        "769" => "TLSv1",
        "770" => "TLSv1.1",
        "771" => "TLSv1.2",
        "65279" => "DTLSv1.0",
        "65277" => "DTLSv1.2",
        _ => "",
    };
    if field.is_empty() || is_of_quic || is_chosen_by_extension && !label["ja3s"].is_empty() {
        return flow["tls_version"].clone();
    }
    field.to_owned()
}

/// Whether a label tells of a handshake that the plugin reads.
fn is_covered(label: &Row) -> bool {
    let is_tls = ["TLS", "QUIC", "DTLS"].iter().any(|name| label["ndpi_label"].starts_with(name));
    is_tls || ["tls_version", "ja3c"].iter().any(|column| !label[*column].is_empty())
}

/// Figures of a column.
#[derive(Clone, Copy, Default)]
struct Figures {
    compared: u32,
    /// The label is what stands in our column.
    same: u32,
    /// The label is what it should be by its own definition.
    equal: u32,
    explained: u32,
}

/// Compares the columns of a label, and says each difference.
fn compare(name: &str, label: &Row, flow: Option<&Row>, figures: &mut [Figures; COMPARED.len()]) {
    for (column, figures) in COMPARED.iter().zip(figures) {
        let wanted = label[column.label].clone();
        if wanted.is_empty() {
            continue;
        }
        figures.compared += 1;
        let Some(flow) = flow else {
            println!("{name} {}: no flow, label {wanted:?}", column.label);
            continue;
        };
        let found = (column.ours)(label, flow);
        figures.same += u32::from(flow[column.column] == wanted);
        figures.equal += u32::from(found == wanted);
        if found != wanted {
            let reason = (column.explained)(label, flow);
            figures.explained += u32::from(reason.is_some());
            println!("{name} {}: {found:?}, label {wanted:?}; {reason:?}", column.column);
        }
    }
}

#[test]
fn names_protocols_versions_and_ja3_are_those_of_the_labels() {
    let Some(folder) = shared().map(|shared| shared.join("captures")) else { return };
    let mut figures = [Figures::default(); COMPARED.len()];
    let labels = rows_of(&folder.join("labels.csv")).into_iter().filter(is_covered).collect();
    for (capture, expected, flows) in captures_of(labels, &folder) {
        for label in expected {
            let protocol = if label["l4"] == "TCP" { "6" } else { "17" };
            let end = |side: &str| (&*label[&format!("addr_{side}")], &*label[&format!("port_{side}")]);
            let flow = find(&flows, &key(protocol, [end("a"), end("b")]));
            compare(&format!("{capture} {}", label["flow"]), &label, flow, &mut figures);
        }
    }
    for (Compared { label, column, .. }, Figures { compared, same, equal, explained }) in
        COMPARED.iter().zip(figures)
    {
        println!(
            "{label}, {column}: {equal} of {compared} equal, {explained} explained; {same} the very text"
        );
        assert!(compared > 0 && equal * 100 >= compared * 99, "{label}: {equal} of {compared} equal");
        assert_eq!(equal + explained, compared, "{label}: some differences are not explained");
    }
}
