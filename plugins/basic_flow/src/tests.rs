//! Packets in, rows out; the vectors are those of the column specification.

use super::*;
use weir_sdk::testing::{check_columns, flow, packet, row_of, rows_of};

/// Bits of any IPv4 flow.
const IPV4: u64 = status::IPV4_FLOW | status::IPV4_SEEN;

#[test]
fn columns_are_well_declared() {
    check_columns::<BasicFlow>();
}

#[test]
fn state_of_a_direction_fits_in_56_bytes() {
    assert!(size_of::<Direction>() <= 56, "{} bytes", size_of::<Direction>());
    assert!(size_of::<Endpoints>() <= 48, "{} bytes", size_of::<Endpoints>());
}

#[test]
fn both_directions_name_their_own_ends() {
    let rows = rows_of::<BasicFlow>([packet(), packet().side(Side::B)]);
    let ends = |row: &Row<'_>| (row.direction, row.src_port, row.dst_port, row.src_ip, row.flow_status);
    let (x, y) = (Some(Ip::V4([10, 0, 0, 1])), Some(Ip::V4([10, 0, 0, 2])));
    assert_eq!(ends(&rows[0]), ("A", Some(2000), Some(3000), x, IPV4));
    assert_eq!(ends(&rows[1]), ("B", Some(3000), Some(2000), y, IPV4 | status::INVERTED));
}

#[test]
fn a_direction_without_opposite_has_the_letter_a_and_its_own_ends() {
    let row = flow::<BasicFlow>().index(7).row([packet().side(Side::B).udp(53, 4000)]);
    assert_eq!((row.direction, row.flow_index), ("A", 7));
    assert_eq!((row.src_port, row.dst_port), (Some(53), Some(4000)));
    assert_eq!(row.src_ip, Some(Ip::V4([10, 0, 0, 2])));
    assert_eq!(row.flow_status, 0x0400_0000_0000_4001);
}

#[test]
fn the_responder_may_send_first() {
    let rows = rows_of::<BasicFlow>([packet().side(Side::B).udp(53, 4000), packet().udp(4000, 53)]);
    assert_eq!((rows[0].src_port, rows[0].dst_port), (Some(4000), Some(53)));
    assert_eq!((rows[1].src_port, rows[1].dst_port), (Some(53), Some(4000)));
}

#[test]
fn layer_2_has_neither_addresses_nor_ports_nor_protocol() {
    let row = row_of::<BasicFlow>([packet().ethertype(0x0806).payload_len(28).status(status::ARP)]);
    assert_eq!((row.src_ip, row.src_port, row.l4_proto, row.ip_version), (None, None, None, None));
    assert_eq!((row.ethertype, row.flow_status), (0x0806, 0x44));
}

#[test]
fn a_protocol_without_ports_has_none_and_a_fragment_without_head_neither() {
    let icmp = row_of::<BasicFlow>([packet().icmp(8, 0, [0; 4])]);
    assert_eq!((icmp.src_port, icmp.dst_port, icmp.l4_proto), (None, None, Some(1)));
    let fragment = row_of::<BasicFlow>([packet().fragment(16, false)]);
    assert_eq!((fragment.src_port, fragment.l4_proto), (None, Some(17)));
    let zero = row_of::<BasicFlow>([packet().udp(0, 9)]);
    assert_eq!(zero.src_port, Some(0), "a real port 0");
}

#[test]
fn ipv6_addresses_are_those_of_the_header() {
    let row = row_of::<BasicFlow>([packet().ips("2001:db8::1", "ff02::1")]);
    let text = |ip: Option<Ip>| ip.map(|ip| ip.to_string());
    assert_eq!(text(row.src_ip).as_deref(), Some("2001:db8::1"));
    assert_eq!(text(row.dst_ip).as_deref(), Some("ff02::1"));
    assert_eq!((row.ethertype, row.ip_version, row.flow_status), (0x86dd, Some(6), 0x0800_0000_0000_8000));
}

#[test]
fn times_are_those_of_first_and_last_packet_in_file_order() {
    let row = row_of::<BasicFlow>([0.5, 1.5, 4.25].map(|time| packet().time_s(time)));
    assert_eq!((row.time_first.0, row.time_last.0), (500_000_000, 4_250_000_000));
    assert_eq!((row.duration.0, row.flow_status), (3_750_000_000, IPV4));
}

#[test]
fn a_step_back_in_time_makes_a_negative_duration_and_sets_the_bit() {
    let row = row_of::<BasicFlow>([packet().time_s(100.5), packet().time_s(99.7)]);
    assert_eq!((row.duration.0, row.flow_status), (-800_000_000, IPV4 | status::TIME_JUMP));
}

#[test]
fn a_step_back_counts_within_a_direction_and_not_for_layer_2() {
    let rows = rows_of::<BasicFlow>([packet().time_s(2.0), packet().side(Side::B).time_s(1.0)]);
    assert!(rows.iter().all(|row| row.flow_status & status::TIME_JUMP == 0));
    let arp = |time| packet().ethertype(0x0806).time_s(time);
    assert_eq!(row_of::<BasicFlow>([arp(2.0), arp(1.0)]).flow_status & status::TIME_JUMP, 0);
}

fn repeats(ids: &[u16]) -> bool {
    let row = row_of::<BasicFlow>(ids.iter().map(|&id| packet().ip_id(id)));
    row.flow_status & status::DUPLICATE_IP_ID != 0
}

#[test]
fn a_repeated_ip_id_is_noticed_from_the_second_packet_on() {
    assert!(!repeats(&[5, 5]));
    assert!(repeats(&[5, 5, 6, 6]));
    assert!(repeats(&[5, 5, 5]));
    assert!(!repeats(&[1, 0, 0, 0]), "an id of 0 says nothing");
    assert!(!repeats(&[1, 7, 8, 7]), "only the packet before counts");
}

#[test]
fn fragments_of_one_datagram_repeat_no_ip_id() {
    let datagram = |id| {
        let fragment = move |offset, more| packet().ip_id(id).fragment(offset, more);
        [fragment(0, true), fragment(16, true), fragment(32, false)]
    };
    let row = row_of::<BasicFlow>([datagram(8), datagram(9)].concat());
    assert_eq!(row.flow_status, IPV4 | status::FRAGMENTED | status::STOPPED);
    let headless = [0; 3].map(|_| packet().ip_id(9).fragment(16, true).status(status::FRAGMENT_HEADLESS));
    assert!(row_of::<BasicFlow>(headless).flow_status & status::DUPLICATE_IP_ID != 0);
}

#[test]
fn core_adds_what_it_found_at_the_end_of_a_direction() {
    let pending = flow::<BasicFlow>().end_status(Side::A, status::FRAGMENT_PENDING);
    let row = pending.row([packet().fragment(0, true)]);
    assert_eq!(row.flow_status, 0x0400_0090_0000_4000);
}

#[test]
fn distinct_header_chains_stand_in_order_of_appearance() {
    let chains = ["eth:ipv4:udp", "eth:vlan{4}:ipv4:udp", "eth:ipv4:udp"];
    let row = row_of::<BasicFlow>(chains.map(|chain| packet().headers(chain)));
    let texts: Vec<&str> = row.header_chains.iter().map(|chain| chain.0.as_ref()).collect();
    assert_eq!(texts, chains[..2]);
    assert_eq!((row.header_chain_count, row.header_counts.as_slice()), (2, &[3, 7][..]));
    assert_eq!(row.flow_status, IPV4);
}

/// UDP with so many DTLS records in each of its packets.
fn with_dtls(records: &[usize]) -> Row<'static> {
    let chain = |count: &usize| format!("eth:ipv4:udp{}", ":dtls1.2".repeat(*count));
    row_of::<BasicFlow>(records.iter().map(|count| packet().headers(&chain(count))))
}

#[test]
fn only_a_new_fifth_header_chain_overflows() {
    let known = with_dtls(&[0, 1, 2, 3, 0]);
    assert_eq!((known.header_chain_count, known.header_counts.as_slice()), (4, &[3, 4, 5, 6][..]));
    assert_eq!(known.flow_status & status::HEADER_OVERFLOW, 0);
    let new = with_dtls(&[0, 1, 2, 3, 4]);
    assert_eq!(new.header_chain_count, 4);
    assert_eq!(new.flow_status & status::HEADER_OVERFLOW, status::HEADER_OVERFLOW);
}

#[test]
fn a_cut_header_chain_keeps_its_count_and_sets_the_bit() {
    let row = with_dtls(&[20]);
    assert!(row.header_chains[0].0.ends_with("...") && row.header_chains[0].0.len() == 127);
    assert_eq!(row.header_counts.as_slice(), [23]);
    assert_eq!(row.flow_status & status::HEADER_OVERFLOW, status::HEADER_OVERFLOW);
}

#[test]
fn three_source_addresses_of_twenty_are_kept() {
    let from = |last| packet().macs([2, 0, 0, 0, 0, last], [2, 0, 0, 0, 1, 0]);
    let row = row_of::<BasicFlow>((1..=20).map(from));
    assert_eq!(row.src_mac.iter().map(|mac| mac.0[5]).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(row.dst_mac.as_slice(), [Mac([2, 0, 0, 0, 1, 0])]);
}

#[test]
fn a_link_without_addresses_has_none() {
    let row = row_of::<BasicFlow>([packet().without_ethernet()]);
    assert!(row.src_mac.is_empty() && row.dst_mac.is_empty());
}

#[test]
fn vlan_ids_are_those_of_the_first_packet_without_priority() {
    let row = row_of::<BasicFlow>([packet().vlan(&[3 << 13 | 5]), packet().vlan(&[6])]);
    assert_eq!(row.vlan_id.as_slice(), [5]);
    let many = row_of::<BasicFlow>([packet().vlan(&[1, 2, 3, 4])]);
    assert_eq!(many.vlan_id.as_slice(), [1, 2, 3]);
    assert!(row_of::<BasicFlow>([packet()]).vlan_id.is_empty());
}

#[test]
fn a_priority_tag_has_the_vlan_id_0() {
    assert_eq!(row_of::<BasicFlow>([packet().vlan(&[0])]).vlan_id.as_slice(), [0]);
    assert_eq!(row_of::<BasicFlow>([packet().vlan(&[0, 4095, 0])]).vlan_id.as_slice(), [0, 4095, 0]);
}

#[test]
fn addresses_may_begin_with_a_later_packet() {
    let row = row_of::<BasicFlow>([packet().without_ethernet(), packet().macs([2; 6], [4; 6])]);
    assert_eq!((row.src_mac.as_slice(), row.dst_mac.as_slice()), (&[Mac([2; 6])][..], &[Mac([4; 6])][..]));
}
