//! A large capture that resembles a link with many users, for benches.
//!
//! Flow lengths follow Zipf's law: many short flows, a few very long ones. Most flows are TCP with handshake and
//! close, most others UDP: names asked for and streams; a few are ICMP echo; an eighth is IPv6. Most TCP hosts
//! send timestamps, all send options with SYN. Clients have several flows each and share servers. Frames are
//! mostly of 60 to 170, about 600, and 1514 bytes.
//!
//! | module | what it is for |
//! | --- | --- |
//! | `hosts` | who talks to whom: addresses and ports, no two conversations alike |
//! | `conversation` | one conversation, packet after packet |
//! | `options` | the TCP options that hosts send |

mod conversation;
mod hosts;
mod options;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};

use crate::capture::{Format, Writer};
use crate::random::Random;
use conversation::{Conversation, Kind, Pace};
use hosts::Hosts;

/// 2024-01-01T00:00:00Z.
const START_NS: i64 = 1_704_067_200_000_000_000;
/// Ten minutes for a million packets.
const NS_PER_PACKET: i64 = 600_000;
/// A twentieth of what the clients' ports would allow.
const MAX_FLOWS: u64 = 1 << 24;
/// Up to here a flow asks and is answered, above it transfers.
const SHORT: u64 = 6;

/// Writes a capture (pcap, nanoseconds) of so many packets in so many flows. The same arguments give the same
/// bytes. With fewer packets than flows, each packet is a flow; there are at most 2^24 flows.
///
/// # Errors
///
/// Those of `out`.
pub fn bench_capture(packets: u64, flows: u64, seed: u64, out: &mut impl Write) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut conversations = plan(packets, flows.min(packets).clamp(1, MAX_FLOWS), &mut random);
    let mut agenda: BinaryHeap<_> =
        conversations.iter().enumerate().map(|(at, planned)| Reverse((planned.time_ns(), at))).collect();
    let mut writer = Writer::new(out, Format::PcapNanos)?;
    while let Some(Reverse((_, at))) = agenda.pop() {
        let conversation = &mut conversations[at];
        writer.write(&conversation.packet(&mut random))?;
        if conversation.advance(&mut random) {
            agenda.push(Reverse((conversation.time_ns(), at)));
        }
    }
    Ok(())
}

/// All conversations, with as many packets as asked for.
fn plan(packets: u64, flows: u64, random: &mut Random) -> Vec<Conversation> {
    if packets == 0 {
        return Vec::new();
    }
    let lifetime_of_all = packets as i64 * NS_PER_PACKET;
    let mut hosts = Hosts::new(random);
    let lengths = zipf(packets, flows).into_iter();
    lengths.map(|length| conversation(length, lifetime_of_all, &mut hosts, random)).collect()
}

/// Lengths with the sum `packets`, each at least 1, the n-th about 1/n of the first.
fn zipf(packets: u64, flows: u64) -> Vec<u64> {
    let harmonic: f64 = (1..=flows).map(|rank| 1.0 / rank as f64).sum();
    let spare = packets - flows;
    let share = |rank: u64| 1 + (spare as f64 / (harmonic * rank as f64)) as u64;
    let mut lengths: Vec<u64> = (1..=flows).map(share).collect();
    // What rounding left goes to the flows in turn.
    let left = packets - lengths.iter().sum::<u64>();
    (0..left).for_each(|at| lengths[(at % flows) as usize] += 1);
    lengths
}

fn conversation(packets: u64, lifetime_of_all: i64, hosts: &mut Hosts, random: &mut Random) -> Conversation {
    let kind = kind(packets, random);
    let is_ipv6 = random.below(8) == 0;
    let pair = match kind {
        Kind::Tcp | Kind::Stream => hosts.pair(is_ipv6, random),
        Kind::Names => hosts.pair_with_resolver(is_ipv6, random),
        Kind::Echo => hosts.pair_without_ports(is_ipv6, random),
    };
    Conversation::new(kind, pair, packets, pace(packets, lifetime_of_all, random), random)
}

/// Names are asked for in few packets, so that UDP has more of the short flows than of the long ones.
fn kind(packets: u64, random: &mut Random) -> Kind {
    let (tcp, udp) = if packets <= SHORT { (60, Kind::Names) } else { (85, Kind::Stream) };
    match random.below(100) {
        percent if percent < tcp => Kind::Tcp,
        0..98 => udp,
        _ => Kind::Echo,
    }
}

/// A tenth of a second between packets at most, and no longer than the capture.
fn pace(packets: u64, lifetime_of_all: i64, random: &mut Random) -> Pace {
    let lifetime = (packets as f64 * 1e8 * random.unit()).min(lifetime_of_all as f64 * 0.9);
    let latest_start = lifetime_of_all as f64 - lifetime;
    Pace {
        start_ns: START_NS + (latest_start * random.unit()) as i64,
        mean_gap_ns: lifetime / packets as f64,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use etherparse::{NetSlice, SlicedPacket, TransportSlice};
    use pcap_file::pcap::PcapReader;

    use super::*;

    fn bytes(packets: u64, flows: u64, seed: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        bench_capture(packets, flows, seed, &mut bytes).unwrap();
        bytes
    }

    /// Time in nanoseconds and bytes of every frame.
    fn frames(capture: &[u8]) -> Vec<(u128, Vec<u8>)> {
        let mut reader = PcapReader::new(capture).unwrap();
        let mut frames = Vec::new();
        while let Some(packet) = reader.next_packet() {
            let packet = packet.unwrap();
            frames.push((packet.timestamp.as_nanos(), packet.data.into_owned()));
        }
        frames
    }

    /// Protocol and both ends, the lesser first; ends are addresses with ports, 0 for ICMP.
    fn five_tuple(frame: &[u8]) -> (&'static str, [(Vec<u8>, u16); 2]) {
        let sliced = SlicedPacket::from_ethernet(frame).unwrap();
        let (src, dst) = match sliced.net.unwrap() {
            NetSlice::Ipv4(ip) => (ip.header().source().to_vec(), ip.header().destination().to_vec()),
            NetSlice::Ipv6(ip) => (ip.header().source().to_vec(), ip.header().destination().to_vec()),
            _ => panic!("IP is expected"),
        };
        let (protocol, src_port, dst_port) = match sliced.transport.unwrap() {
            TransportSlice::Tcp(tcp) => ("tcp", tcp.source_port(), tcp.destination_port()),
            TransportSlice::Udp(udp) => ("udp", udp.source_port(), udp.destination_port()),
            _ => ("icmp", 0, 0),
        };
        let mut ends = [(src, src_port), (dst, dst_port)];
        ends.sort();
        (protocol, ends)
    }

    #[test]
    fn a_capture_has_the_packets_that_were_asked_for() {
        for (packets, flows) in [(0, 1), (1, 1), (10, 20), (1000, 1), (5000, 300)] {
            assert_eq!(frames(&bytes(packets, flows, 1)).len(), packets as usize);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
        assert_eq!(bytes(2000, 100, 7), bytes(2000, 100, 7));
        assert_ne!(bytes(2000, 100, 7), bytes(2000, 100, 8));
    }

    #[test]
    fn lengths_add_up_and_fall() {
        let lengths = zipf(100_000, 1000);
        assert_eq!(lengths.iter().sum::<u64>(), 100_000);
        assert!(lengths.is_sorted_by(|longer, shorter| longer >= shorter));
        assert!(lengths[0] > 100 * lengths[999]);
    }

    #[test]
    fn every_flow_has_a_five_tuple_of_its_own_and_is_never_silent_for_ten_seconds() {
        let mut latest = HashMap::new();
        for (time_ns, frame) in frames(&bytes(160_000, 10_000, 3)) {
            let before = latest.insert(five_tuple(&frame), time_ns).unwrap_or(time_ns);
            assert!(time_ns - before < 10_000_000_000);
        }
        assert_eq!(latest.len(), 10_000);
    }

    #[test]
    fn frames_fit_ethernet_and_are_400_bytes_in_the_mean() {
        let frames = frames(&bytes(160_000, 10_000, 3));
        assert!(frames.iter().all(|(_, frame)| (60..=1514).contains(&frame.len())));
        let bytes: usize = frames.iter().map(|(_, frame)| frame.len()).sum();
        let mean = bytes / frames.len();
        assert!((350..=500).contains(&mean), "{mean}");
    }

    #[test]
    fn every_syn_has_options_and_most_segments_have_timestamps() {
        let (mut segments, mut with_options) = (0, 0);
        for (_, frame) in frames(&bytes(50_000, 3000, 3)) {
            let sliced = SlicedPacket::from_ethernet(&frame).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { continue };
            assert!(!tcp.syn() || tcp.options().len() >= 12);
            segments += 1;
            with_options += usize::from(!tcp.options().is_empty());
        }
        let percent = 100 * with_options / segments;
        assert!((75..95).contains(&percent), "{percent}");
    }

    #[test]
    fn most_flows_are_tcp_and_most_others_udp() {
        let frames = frames(&bytes(50_000, 3000, 3));
        let flows: HashSet<_> = frames.iter().map(|(_, frame)| five_tuple(frame)).collect();
        let percent =
            |wanted| 100 * flows.iter().filter(|(protocol, _)| *protocol == wanted).count() / flows.len();
        assert!((55..75).contains(&percent("tcp")));
        assert!((25..45).contains(&percent("udp")));
        assert!((1..4).contains(&percent("icmp")));
    }
}
