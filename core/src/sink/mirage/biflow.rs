//! What a biflow says in the shape of MIRAGE-2019. The names are those of that collection, so they are no snake case.
#![allow(non_snake_case)]

use serde::Serialize;

use super::numbers::Numbers;

/// A conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Biflow {
    packet_data: PacketData,
    flow_features: FlowFeatures,
    flow_metadata: FlowMetadata,
}

/// A packet as `first_packets` lists it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    /// The responder sent it.
    pub(super) is_down: bool,
    pub(super) payload_len: u64,
    pub(super) ip_len: u64,
    /// Since the first packet listed.
    pub(super) time_ns: i64,
    /// Since the packet listed before.
    pub(super) iat_ns: i64,
    pub(super) window: u64,
}

/// What is known of a whole flow, listed or not.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole {
    pub(super) ports: [u64; 2],
    pub(super) label: String,
    /// Up, then down.
    pub(super) packets: [u64; 2],
    pub(super) payload_bytes: [u64; 2],
    pub(super) duration_ns: [i64; 2],
    /// From the first packet of either direction to the last.
    pub(super) both_duration_ns: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct PacketData {
    src_port: Vec<u64>,
    dst_port: Vec<u64>,
    packet_dir: Vec<u8>,
    L4_payload_bytes: Vec<u64>,
    iat: Vec<f64>,
    TCP_win_size: Vec<u64>,
    L4_raw_payload: Vec<[u8; 0]>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FlowFeatures {
    packet_length: ByDirection,
    iat: ByDirection,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ByDirection {
    biflow: Numbers,
    upstream_flow: Numbers,
    downstream_flow: Numbers,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FlowMetadata {
    BF_label: String,
    BF_labeling_type: &'static str,
    BF_num_packets: u64,
    BF_IP_packet_bytes: Option<u64>,
    BF_L4_payload_bytes: u64,
    BF_duration: f64,
    UF_num_packets: u64,
    UF_IP_packet_bytes: Option<u64>,
    UF_L4_payload_bytes: u64,
    UF_duration: f64,
    DF_num_packets: u64,
    DF_IP_packet_bytes: Option<u64>,
    DF_L4_payload_bytes: u64,
    DF_duration: f64,
}

impl Biflow {
    pub(super) fn of(packets: &[Listed], whole: Whole) -> Self {
        Self {
            packet_data: PacketData::of(packets, whole.ports),
            flow_features: FlowFeatures {
                packet_length: ByDirection::of(packets, |packets| lengths(&packets)),
                iat: ByDirection::of(packets, |packets| gaps(&packets)),
            },
            flow_metadata: FlowMetadata::of(packets, whole),
        }
    }
}

impl PacketData {
    fn of(packets: &[Listed], [up, down]: [u64; 2]) -> Self {
        Self {
            src_port: packets.iter().map(|packet| if packet.is_down { down } else { up }).collect(),
            dst_port: packets.iter().map(|packet| if packet.is_down { up } else { down }).collect(),
            packet_dir: packets.iter().map(|packet| u8::from(packet.is_down)).collect(),
            L4_payload_bytes: packets.iter().map(|packet| packet.payload_len).collect(),
            iat: packets.iter().map(|packet| seconds(packet.iat_ns)).collect(),
            TCP_win_size: packets.iter().map(|packet| packet.window).collect(),
            L4_raw_payload: vec![[]; packets.len()],
        }
    }
}

impl ByDirection {
    fn of(packets: &[Listed], values: fn(Vec<Listed>) -> Vec<f64>) -> Self {
        let of = |is_down: bool| packets.iter().filter(|one| one.is_down == is_down).copied().collect();
        Self {
            biflow: Numbers::of(values(packets.to_vec())),
            upstream_flow: Numbers::of(values(of(false))),
            downstream_flow: Numbers::of(values(of(true))),
        }
    }
}

fn lengths(packets: &[Listed]) -> Vec<f64> {
    packets.iter().map(|packet| packet.ip_len as f64).collect()
}

/// From each packet to the next of these.
fn gaps(packets: &[Listed]) -> Vec<f64> {
    packets.windows(2).map(|two| seconds(two[1].time_ns.saturating_sub(two[0].time_ns))).collect()
}

fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

impl FlowMetadata {
    fn of(packets: &[Listed], whole: Whole) -> Self {
        let Whole { label, packets: [up, down], payload_bytes, duration_ns, both_duration_ns, .. } = whole;
        // Lengths of packets that are not listed are not known.
        let is_whole = packets.len() as u64 == up + down;
        let bytes = |wanted: fn(&Listed) -> bool| {
            let sum = || packets.iter().filter(|packet| wanted(packet)).map(|packet| packet.ip_len).sum();
            is_whole.then(sum)
        };
        Self {
            BF_labeling_type: if label.is_empty() { "" } else { "exact" },
            BF_label: label,
            BF_num_packets: up + down,
            BF_IP_packet_bytes: bytes(|_| true),
            BF_L4_payload_bytes: payload_bytes[0] + payload_bytes[1],
            BF_duration: seconds(both_duration_ns),
            UF_num_packets: up,
            UF_IP_packet_bytes: bytes(|packet| !packet.is_down),
            UF_L4_payload_bytes: payload_bytes[0],
            UF_duration: seconds(duration_ns[0]),
            DF_num_packets: down,
            DF_IP_packet_bytes: bytes(|packet| packet.is_down),
            DF_L4_payload_bytes: payload_bytes[1],
            DF_duration: seconds(duration_ns[1]),
        }
    }
}
