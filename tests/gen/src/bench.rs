//! A large capture that resembles a link with many users, for benches.
//!
//! Flow lengths follow Zipf's law: many short flows, a few very long ones. Three quarters of the flows are TCP
//! with handshake and close, most others UDP request and answer, a few ICMP echo; an eighth is IPv6. Frames are
//! mostly of 60 to 70, about 600, and 1514 bytes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::capture::{Format, Writer};
use crate::packet::flags::{ACK, FIN, PSH, RST, SYN};
use crate::packet::{Ends, Ip, Packet, Payload, Tcp, Transport, Udp};
use crate::random::Random;

/// 2024-01-01T00:00:00Z.
const START_NS: i64 = 1_704_067_200_000_000_000;
/// Ten minutes for a million packets.
const NS_PER_PACKET: i64 = 600_000;
const SEGMENT: u16 = 1460;
/// As many as there are client addresses.
const MAX_FLOWS: u64 = 1 << 24;

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
        conversations.iter().enumerate().map(|(at, planned)| Reverse((planned.time_ns, at))).collect();
    let mut writer = Writer::new(out, Format::PcapNanos)?;
    while let Some(Reverse((_, at))) = agenda.pop() {
        let conversation = &mut conversations[at];
        writer.write(&conversation.packet(&mut random))?;
        if conversation.advance(&mut random) {
            agenda.push(Reverse((conversation.time_ns, at)));
        }
    }
    Ok(())
}

/// A conversation and how far it has come.
struct Conversation {
    kind: Kind,
    /// Number of the client, from which its address and port are made.
    client: u64,
    server: u8,
    is_ipv6: bool,
    packets: u64,
    step: u64,
    time_ns: i64,
    mean_gap_ns: f64,
    client_seq: u32,
    server_seq: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tcp,
    Udp,
    Echo,
}

/// What a packet of a conversation is.
struct Step {
    from_client: bool,
    flags: u8,
    payload: u16,
}

/// All conversations, with as many packets as asked for.
fn plan(packets: u64, flows: u64, random: &mut Random) -> Vec<Conversation> {
    if packets == 0 {
        return Vec::new();
    }
    let lifetime_of_all = packets as i64 * NS_PER_PACKET;
    let lengths = zipf(packets, flows);
    (0..flows).map(|client| conversation(client, lengths[client as usize], lifetime_of_all, random)).collect()
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

fn conversation(client: u64, packets: u64, lifetime_of_all: i64, random: &mut Random) -> Conversation {
    let kind = match random.below(100) {
        0..75 => Kind::Tcp,
        75..98 => Kind::Udp,
        _ => Kind::Echo,
    };
    // A tenth of a second between packets at most, and no longer than the capture.
    let lifetime = (packets as f64 * 1e8 * random.unit()).min(lifetime_of_all as f64 * 0.9);
    let latest_start = lifetime_of_all as f64 - lifetime;
    Conversation {
        kind,
        client,
        server: random.below(200) as u8,
        is_ipv6: random.below(8) == 0,
        packets,
        step: 0,
        time_ns: START_NS + (latest_start * random.unit()) as i64,
        mean_gap_ns: lifetime / packets as f64,
        client_seq: random.bits() as u32,
        server_seq: random.bits() as u32,
    }
}

impl Conversation {
    /// Goes to the next packet; false if there is none.
    fn advance(&mut self, random: &mut Random) -> bool {
        self.step += 1;
        // Exponentially distributed gaps, as of a Poisson process.
        self.time_ns += (-(1.0 - random.unit()).ln() * self.mean_gap_ns) as i64;
        self.step < self.packets
    }

    fn packet(&mut self, random: &mut Random) -> Packet {
        let step = match self.kind {
            Kind::Tcp => self.tcp_step(random),
            Kind::Udp => self.udp_step(random),
            Kind::Echo => Step { from_client: self.step.is_multiple_of(2), flags: 0, payload: 56 },
        };
        let transport = match self.kind {
            Kind::Tcp => Transport::Tcp(self.segment(&step)),
            Kind::Udp => Transport::Udp(self.datagram(&step)),
            Kind::Echo => self.echo(&step),
        };
        let ends = if step.from_client { self.ends() } else { self.ends().reversed() };
        let id = u32::from(random.bits() as u16);
        let mut packet = Packet::ip(self.time_ns, Ip { id, ..Ip::new(ends, transport) });
        packet.is_padded = true;
        packet
    }

    fn tcp_step(&self, random: &mut Random) -> Step {
        let step = |from_client, flags, payload| Step { from_client, flags, payload };
        match (self.step, self.packets - self.step, self.packets) {
            (0, ..) => step(true, SYN, 0),
            // The port is closed.
            (1, _, 2) => step(false, RST | ACK, 0),
            (1, ..) => step(false, SYN | ACK, 0),
            (2, ..) => step(true, ACK, 0),
            (_, 3, 7..) => step(true, FIN | ACK, 0),
            (_, 2, 7..) => step(false, FIN | ACK, 0),
            (_, 1, 7..) => step(true, ACK, 0),
            (at, ..) if at % 12 == 3 => step(true, PSH | ACK, 80 + random.below(500) as u16),
            (at, ..) if at % 3 == 0 => step(true, ACK, 0),
            _ if random.is_one_of_hundred(75) => step(false, ACK, SEGMENT),
            _ => step(false, PSH | ACK, 540),
        }
    }

    fn udp_step(&self, random: &mut Random) -> Step {
        let from_client = self.step.is_multiple_of(2);
        let is_stream = self.packets > 8;
        let payload = match (is_stream, from_client) {
            (true, true) => 30,
            (true, false) => 1250,
            (false, true) => 25 + random.below(40) as u16,
            (false, false) => 60 + random.below(440) as u16,
        };
        Step { from_client, flags: 0, payload }
    }

    fn segment(&mut self, step: &Step) -> Tcp {
        let (own, other, (src_port, dst_port)) = match step.from_client {
            true => (&mut self.client_seq, &mut self.server_seq, (client_port(self.client), 443)),
            false => (&mut self.server_seq, &mut self.client_seq, (443, client_port(self.client))),
        };
        let (seq, ack) = (*own, if step.flags & ACK == 0 { 0 } else { *other });
        let takes_a_number = step.flags & (SYN | FIN) != 0;
        *own = own.wrapping_add(u32::from(step.payload) + u32::from(takes_a_number));
        let payload = Payload::Pattern(step.payload);
        Tcp { src_port, dst_port, seq, ack, flags: step.flags, window: 64_240, payload }
    }

    fn datagram(&self, step: &Step) -> Udp {
        let service = if self.packets > 8 { 443 } else { 53 };
        let (client, payload) = (client_port(self.client), Payload::Pattern(step.payload));
        let (src_port, dst_port) = if step.from_client { (client, service) } else { (service, client) };
        Udp { src_port, dst_port, payload, whole: None }
    }

    fn echo(&self, step: &Step) -> Transport {
        let kind = match (self.is_ipv6, step.from_client) {
            (false, true) => 8,
            (false, false) => 0,
            (true, true) => 128,
            (true, false) => 129,
        };
        let [a, b] = (self.client as u16).to_be_bytes();
        let [c, d] = ((self.step / 2) as u16).to_be_bytes();
        Transport::Icmp { kind, code: 0, rest: [a, b, c, d], payload: Payload::Pattern(step.payload) }
    }

    /// Client and server. Every conversation has a client address of its own, so that no two meet.
    fn ends(&self) -> Ends {
        let [_, a, b, c] = (self.client as u32).to_be_bytes();
        if self.is_ipv6 {
            let client = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, u16::from(a), u16::from_be_bytes([b, c]));
            Ends::V6(client, Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, u16::from(self.server)))
        } else {
            Ends::V4(Ipv4Addr::new(10, a, b, c), Ipv4Addr::new(198, 51, 100, self.server))
        }
    }
}

/// One of the ports that IANA leaves to clients (RFC 6335 section 6).
fn client_port(client: u64) -> u16 {
    49_152 + (client % 16_384) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(packets: u64, flows: u64, seed: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        bench_capture(packets, flows, seed, &mut bytes).unwrap();
        bytes
    }

    fn count_records(capture: &[u8]) -> usize {
        let mut reader = pcap_file::pcap::PcapReader::new(capture).unwrap();
        let mut count = 0;
        while let Some(packet) = reader.next_packet() {
            packet.unwrap();
            count += 1;
        }
        count
    }

    #[test]
    fn a_capture_has_the_packets_that_were_asked_for() {
        for (packets, flows) in [(0, 1), (1, 1), (10, 20), (1000, 1), (5000, 300)] {
            assert_eq!(count_records(&bytes(packets, flows, 1)), packets as usize);
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
}
