//! Packets in, rows out.

use std::io::Write;

use super::*;
use weir_sdk::Side;
use weir_sdk::testing::{TestPacket, check_columns, flow, packet, row_of, rows_of};

const ROUTER: [u8; 6] = [0, 0, 0x0c, 1, 2, 3];
const HOST: [u8; 6] = [2, 0, 0, 0, 0, 9];

fn from(number: u8) -> TestPacket {
    packet().macs([2, 0, 0, 0, 0, number], HOST)
}

#[test]
fn columns_are_well_declared() {
    check_columns::<MacRecorder>();
}

#[test]
fn state_of_a_direction_stays_small() {
    assert_eq!(size_of::<Pairs>(), 32);
}

#[test]
fn one_flow_over_20_source_addresses_in_turn_has_16_pairs() {
    let row = row_of::<MacRecorder>((0..20).map(from));
    assert_eq!((row.mac_pair_count, row.mac_status), (Some(16), Some(0x01)));
    assert_eq!(row.mac_pair_packets, [1; 16]);
}

#[test]
fn each_direction_has_pairs_of_its_own() {
    let rows = rows_of::<MacRecorder>([from(1), from(1), packet().side(Side::B).macs(HOST, ROUTER)]);
    assert_eq!(
        (rows[0].mac_pair_src, rows[0].mac_pair_dst),
        (&[Mac([2, 0, 0, 0, 0, 1])][..], &[Mac(HOST)][..])
    );
    assert_eq!((rows[0].mac_pair_packets, rows[1].mac_pair_packets), (&[2][..], &[1][..]));
    assert_eq!((rows[1].mac_pair_src, rows[1].mac_pair_dst), (&[Mac(HOST)][..], &[Mac(ROUTER)][..]));
}

#[test]
fn a_link_without_addresses_has_no_pairs() {
    let row = row_of::<MacRecorder>([packet().without_ethernet()]);
    assert_eq!((row.mac_status, row.mac_pair_count), (None, None));
    assert!(row.mac_pair_src.is_empty() && row.mac_pair_packets.is_empty());
}

#[test]
fn a_source_without_destination_is_no_pair() {
    let cooked = packet().change(|facts| facts.dst_mac_offset = weir_sdk::packet::NO_OFFSET);
    assert_eq!(row_of::<MacRecorder>([cooked]).mac_pair_count, None);
}

#[test]
fn addresses_behind_the_captured_bytes_are_no_pair() {
    assert_eq!(row_of::<MacRecorder>([packet().captured(9)]).mac_pair_count, None);
}

#[test]
fn vendors_are_those_of_ieee() {
    let row = row_of::<MacRecorder>([packet().macs(ROUTER, HOST)]);
    assert_eq!(row.mac_pair_src_vendor[..], ["Cisco Systems, Inc"]);
    assert_eq!(row.mac_pair_dst_vendor[..], [""]);
}

#[test]
fn every_address_of_a_list_has_its_place_among_the_vendors() {
    let row = row_of::<MacRecorder>([packet().macs(HOST, ROUTER), packet().macs(ROUTER, HOST)]);
    assert_eq!(row.mac_pair_src_vendor[..], ["", "Cisco Systems, Inc"]);
    assert_eq!(row.mac_pair_dst_vendor[..], ["Cisco Systems, Inc", ""]);
}

#[test]
fn a_link_without_addresses_has_no_vendors() {
    let row = row_of::<MacRecorder>([packet().without_ethernet()]);
    assert!(row.mac_pair_src_vendor.is_empty() && row.mac_pair_dst_vendor.is_empty());
}

#[test]
fn the_file_that_is_given_comes_before_the_registry() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "00:00:0C:01\tOurs\n02:00:00\tLab").unwrap();
    // Options outlive a test as the program's outlive a run.
    let path = Box::leak(file.path().to_str().unwrap().to_owned().into_boxed_str());
    let vendors = |src| {
        let row = flow::<MacRecorder>().option("vendors", path).row([packet().macs(src, HOST)]);
        [row.mac_pair_src_vendor[0].to_owned(), row.mac_pair_dst_vendor[0].to_owned()]
    };
    assert_eq!(vendors(ROUTER), ["Ours", "Lab"]);
    assert_eq!(vendors([0, 0, 0x0c, 9, 2, 3]), ["Cisco Systems, Inc", "Lab"]);
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_its_name_and_line() {
    let refused = |path: &str| MacRecorder::open(Choices { vendors: path.into() }).err().unwrap();
    assert!(refused("no/such/file").starts_with("cannot read the file of vendors `no/such/file`: "));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "# vendors\nnothing here").unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(
        refused(path),
        format!(
            "file of vendors `{path}`, line 2: `nothing` is no prefix of MAC addresses; \
             write it as `00:1B:C5` or `00:1B:C5:00:00:00/36`"
        )
    );
}
