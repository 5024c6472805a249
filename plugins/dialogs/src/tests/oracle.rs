//! All packets of all flows in one list, sorted and cut, against the plugin that sees flows end in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What is compared of a dialog.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    client: [u8; 4],
    first_ns: i64,
    duration_ns: i64,
    packets: [i64; 2],
    bytes: [i64; 2],
    longest_gap: i64,
    flows: i64,
    dialog: i64,
}

/// A flow as drawn: client, start after that of the flow before, life, gaps and packets, order of its end.
type Drawn = (u8, i64, Vec<(i64, u32, u8)>, u32);

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let gap = prop_oneof![5 => 0..3i64, 2 => 3..12i64, 1 => -4..0i64];
    let packets = vec((gap.clone(), 0..4u32, 0..2u8), 0..8);
    vec((0..2u8, prop_oneof![4 => 0..5i64, 1 => -3..40i64], packets, any::<u32>()), 1..12)
}

fn flows(drawn: &[Drawn]) -> Vec<Flow> {
    let mut now = 100;
    let mut flows = Vec::new();
    for ((client, wait, gaps, _), index) in drawn.iter().zip(1..) {
        now += wait;
        let mut time = now;
        let packets = gaps.iter().map(|&(gap, len, direction)| {
            time += gap;
            (time, len, direction)
        });
        let whole = flow(index, Ip::V4([10, 0, 0, *client]), packets.collect::<Vec<_>>());
        flows.push(Flow { begins_ns: now, ..whole });
    }
    flows
}

/// A packet of a stream: time, flow, place in the flow, length, direction.
type Listed = (i64, u64, usize, u32, u8);

/// Dialogs of one stream.
fn cut(client: [u8; 4], mut packets: Vec<Listed>, session: i64, dialog: i64) -> Vec<Seen> {
    packets.sort_unstable();
    let mut groups: Vec<(i64, Vec<Listed>)> = Vec::new();
    let mut number = 0;
    for packet in packets {
        match groups.last_mut() {
            Some((_, group)) if packet.0 - group[group.len() - 1].0 <= dialog => group.push(packet),
            last => {
                let goes_on = last.is_some_and(|(_, group)| packet.0 - group[group.len() - 1].0 <= session);
                number = if goes_on { number + 1 } else { 1 };
                groups.push((number, vec![packet]));
            }
        }
    }
    let seen = |(dialog, group): (i64, Vec<Listed>)| {
        let of = |side: u8| group.iter().filter(move |packet| packet.4 == side);
        Seen {
            client,
            first_ns: group[0].0,
            duration_ns: group[group.len() - 1].0 - group[0].0,
            packets: [0, 1].map(|side| of(side).count() as i64),
            bytes: [0, 1].map(|side| of(side).map(|packet| i64::from(packet.3)).sum()),
            longest_gap: group.windows(2).map(|two| two[1].0 - two[0].0).max().unwrap_or(-1),
            flows: group.iter().map(|packet| packet.1).collect::<BTreeSet<_>>().len() as i64,
            dialog,
        }
    };
    groups.into_iter().map(seen).collect()
}

/// What the definitions say, with all packets at hand.
fn expected(flows: &[Flow], by_client: bool, session: i64, dialog: i64) -> Vec<Seen> {
    let mut streams: BTreeMap<([u8; 4], u64), Vec<_>> = BTreeMap::new();
    let mut clock = i64::MIN;
    for flow in flows {
        clock = clock.max(flow.begins_ns);
        let Ip::V4(client) = flow.client else { panic!("tests are of IPv4") };
        let stream = streams.entry((client, if by_client { 0 } else { flow.index })).or_default();
        let mut latest = if by_client { clock } else { i64::MIN };
        for (place, &(time, len, direction)) in flow.packets.iter().enumerate() {
            if len > 0 {
                latest = latest.max(time);
                stream.push((latest, flow.index, place, len, direction));
            }
        }
    }
    let all = streams.into_iter().flat_map(|((client, _), packets)| cut(client, packets, session, dialog));
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

fn found(read: &Reading) -> Vec<Seen> {
    let [packets_a, packets_b] = ["dialog_packets_a", "dialog_packets_b"].map(|name| read.whole(name));
    let [bytes_a, bytes_b] = ["dialog_bytes_a", "dialog_bytes_b"].map(|name| read.whole(name));
    let (first, duration) = (read.whole("dialog_first_time"), read.whole("dialog_duration"));
    let (gap, flows, dialog) =
        (read.whole("dialog_iat_max"), read.whole("dialog_flows"), read.whole("dialog_index"));
    let clients = read.table().ips("client_ip");
    let of = |row: usize| Seen {
        client: match clients[row] {
            Some(Ip::V4(client)) => client,
            other => panic!("{other:?} is no client"),
        },
        first_ns: first[row],
        duration_ns: duration[row],
        packets: [packets_a[row], packets_b[row]],
        bytes: [bytes_a[row], bytes_b[row]],
        longest_gap: gap[row],
        flows: flows[row],
        dialog: dialog[row],
    };
    let mut found: Vec<_> = (0..read.table().rows()).map(of).collect();
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn dialogs_are_those_of_a_list_of_all_packets(drawn in drawn(), by_client in any::<bool>()) {
        let flows = flows(&drawn);
        let by = if by_client { "client" } else { "flow" };
        let options = [("by", by), ("session", "8ns"), ("dialog", "2ns")];
        let mut read = Reading::with(&options);
        // After each start some flow that lives may end.
        let mut live: Vec<&Flow> = Vec::new();
        for (flow, (_, _, _, order)) in flows.iter().zip(&drawn) {
            read.start(flow);
            live.push(flow);
            if order % 3 > 0 {
                let ended = live.swap_remove(*order as usize % live.len());
                read.end(ended);
            }
        }
        live.into_iter().for_each(|flow| read.end(flow));
        read.reader.end();
        prop_assert_eq!(found(&read), expected(&flows, by_client, 8, 2));
    }
}
