//! Captures are a function of the seed, and their labels say no more than they should.

use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::capture::capture;

const SIZE: usize = 60;

fn bytes_of(system: System, seed: u64) -> Vec<u8> {
    let (captures, labels) = system.record(seed, SIZE);
    let mut bytes: Vec<u8> =
        captures.iter().flat_map(|one| capture(&one.packets, Format::PcapMicros)).collect();
    for file in labels {
        truth::write(&file.truths, file.further, &mut bytes).unwrap();
    }
    bytes
}

/// Cells of the first file of labels.
fn lines_of(system: System) -> Vec<Vec<String>> {
    let (_, labels) = system.record(1, 10 * SIZE);
    let mut bytes = Vec::new();
    truth::write(&labels[0].truths, labels[0].further, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    for system in System::ALL {
        assert_eq!(bytes_of(system, 1), bytes_of(system, 1), "{system:?}");
        assert_ne!(bytes_of(system, 1), bytes_of(system, 2), "{system:?}");
    }
}

#[test]
fn packets_stand_in_order_of_time() {
    for system in System::ALL {
        for one in system.record(3, SIZE).0 {
            assert!(one.packets.is_sorted_by_key(|packet| packet.time_ns), "{system:?} {}", one.name);
        }
    }
}

#[test]
fn all_activities_use_the_same_ports_and_servers() {
    let mut ports: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    let mut servers: BTreeMap<String, usize> = BTreeMap::new();
    for cells in lines_of(System::Mmtls) {
        ports.entry(cells[7].clone()).or_default().insert(cells[3].clone());
        *servers.entry(cells[2].clone()).or_default() += 1;
    }
    assert_eq!(ports.len(), 7);
    assert!(ports.values().all(|of_label| of_label.len() == 3), "{ports:?}");
    assert!(servers.len() > 150);
}

#[test]
fn intervals_of_a_client_do_not_overlap() {
    let mut before = (String::new(), String::new());
    let lines = lines_of(System::Cumma);
    assert!(lines.len() > 10 * SIZE);
    for cells in lines {
        let [client, .., start, end, _, _] = &cells[..] else { unreachable!("a line has nine cells") };
        assert!(start < end && (*client != before.0 || before.1 <= *start), "{cells:?}");
        before = (client.clone(), end.clone());
    }
}

#[test]
fn half_of_the_flows_are_of_messengers_in_equal_parts() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    lines_of(System::Ima).iter().for_each(|cells| *counts.entry(cells[7].clone()).or_default() += 1);
    assert_eq!(counts.remove("non-IMA"), Some(5 * SIZE));
    assert_eq!((counts.len(), counts.values().all(|count| *count == 50)), (6, true));
}

#[test]
fn names_of_systems_are_understood() {
    assert!(System::ALL.into_iter().all(|system| System::named(system.name()) == Some(system)));
    assert_eq!(System::named("mmtlss"), None);
}
