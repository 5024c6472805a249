//! Packets in, rows out.

use std::io::Write;

use super::*;
use weir_sdk::testing::{SYN, check_columns, flow, packet, row_of, rows_of};

fn named(port: u16, name: &'static str) -> Row<'static> {
    Row { server_port: Some(port), server_port_name: Some(name) }
}

const NOTHING: Row<'static> = Row { server_port: None, server_port_name: None };

#[test]
fn columns_are_well_declared() {
    check_columns::<PortClassifier>();
}

#[test]
fn state_of_a_conversation_stays_small() {
    assert_eq!(size_of::<Flow>(), 4);
}

#[test]
fn both_directions_have_the_port_of_the_server() {
    let rows = rows_of::<PortClassifier>([
        packet().tcp(50_000, 443).tcp_flags(SYN),
        packet().side(Side::B).tcp(443, 50_000),
    ]);
    assert_eq!(rows, [named(443, "https"), named(443, "https")]);
}

#[test]
fn a_single_packet_from_port_53_has_port_53() {
    assert_eq!(row_of::<PortClassifier>([packet().side(Side::B).udp(53, 4000)]), named(53, "domain"));
}

#[test]
fn a_port_that_is_not_in_the_table_has_no_name() {
    let row = row_of::<PortClassifier>([packet().udp(4000, 65_535)]);
    assert_eq!(row, Row { server_port: Some(65_535), server_port_name: None });
}

#[test]
fn sctp_has_names_of_tcp_and_udp_lite_those_of_udp() {
    let over = |change: fn(&mut weir_sdk::PacketFacts)| row_of::<PortClassifier>([packet().change(change)]);
    let sctp = over(|facts| (facts.l4_proto, facts.src_port, facts.dst_port) = (132, 50_000, 22));
    assert_eq!(sctp, named(22, "ssh"));
    let udp_lite = over(|facts| (facts.l4_proto, facts.src_port, facts.dst_port) = (136, 50_000, 123));
    assert_eq!(udp_lite, named(123, "ntp"));
}

#[test]
fn what_has_no_ports_has_no_name() {
    assert_eq!(row_of::<PortClassifier>([packet().icmp(8, 0, [0; 4])]), NOTHING);
    assert_eq!(row_of::<PortClassifier>([packet().protocol(47)]), NOTHING);
    assert_eq!(row_of::<PortClassifier>([packet().ethertype(0x0806)]), NOTHING);
    assert_eq!(row_of::<PortClassifier>([packet().protocol(17).fragment(100, false)]), NOTHING);
}

#[test]
fn a_file_stands_in_place_of_the_built_in_names() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "3000\tudp\tours\tno port of anybody else").unwrap();
    // Options outlive a test as the program's outlive a run.
    let path = Box::leak(file.path().to_str().unwrap().to_owned().into_boxed_str());
    let rows = |packet| flow::<PortClassifier>().option("ports", path).row([packet]);
    assert_eq!(rows(packet()), named(3000, "ours"));
    assert_eq!(rows(packet().udp(4000, 53)), Row { server_port: Some(53), server_port_name: None });
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_its_name_and_line() {
    let refused = |path: &str| PortClassifier::open(Choices { ports: path.into() }).err().unwrap();
    assert!(refused("no/such/file").starts_with("cannot read the file of ports `no/such/file`: "));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "# ports\nhttps").unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(
        refused(path),
        format!(
            "file of ports `{path}`, line 2: `https` names no port; \
             write `https 443/tcp` or, with tabs, `443 tcp https`"
        )
    );
}
