//! A client whose traffic one capture holds. What it draws of addresses, ports, paths, and times does not depend on
//! what is labelled, so that none of it gives the label away.

use std::net::{IpAddr, Ipv4Addr};

use super::truth::Truth;
use crate::messaging::conversation::{Conversation, Line, MILLISECOND, Path, START_NS};
use crate::messaging::disturb::merge;
use crate::packet::{Ends, Packet};
use crate::random::Random;

/// Servers are drawn from so many addresses.
const SERVERS: u64 = 200;
const MICROSECOND: i64 = 1_000;
const ROUND_TRIPS_MS: [i64; 6] = [8, 18, 30, 46, 72, 420];
const SERIALISATIONS_US: [i64; 4] = [10, 40, 120, 400];

/// A client while its traffic is made.
pub struct Phone {
    /// What is drawn.
    pub random: Random,
    /// The time at which the next thing may happen, in nanoseconds since the epoch.
    pub now_ns: i64,
    /// Lines of its file of labels.
    pub truths: Vec<Truth>,
    address: Ipv4Addr,
    conversations: Vec<Vec<Packet>>,
    next_port: u16,
}

/// What a capture and its labels are made of.
pub struct Recorded {
    /// The capture's name.
    pub name: String,
    /// In order of time.
    pub packets: Vec<Packet>,
    /// Lines of the file of labels.
    pub truths: Vec<Truth>,
}

impl Phone {
    /// The client of this number, below 200.
    pub fn new(number: u8, seed: u64) -> Self {
        let mut random = Random::new(seed ^ u64::from(number) << 56);
        let address = Ipv4Addr::new(192, 168, random.below(250) as u8, 10 + number);
        let now_ns = START_NS + random.below(60_000) as i64 * MILLISECOND;
        let next_port = 32_768 + random.below(20_000) as u16;
        Self { random, now_ns, truths: Vec::new(), address, conversations: Vec::new(), next_port }
    }

    /// Its address.
    pub fn address(&self) -> IpAddr {
        self.address.into()
    }

    /// A new connection to any server at one of these ports, from now on.
    pub fn line(&mut self, ports: &[u16]) -> Line {
        let server = Ipv4Addr::from(0xc612_0000 + 7 * self.random.below(SERVERS) as u32);
        self.line_to(server, ports)
    }

    /// A new connection to this server at one of these ports, from now on.
    pub fn line_to(&mut self, server: Ipv4Addr, ports: &[u16]) -> Line {
        // Ports go up by a few, as other connections that were not captured take some.
        self.next_port = 32_768 + (self.next_port - 32_768 + 1 + self.random.below(5) as u16) % 28_000;
        Line {
            ends: Ends::V4(self.address, server),
            ports: (self.next_port, self.random.pick(ports)),
            start_ns: self.now_ns,
        }
    }

    /// A path to a server.
    pub fn path(&mut self) -> Path {
        let random = &mut self.random;
        Path {
            round_trip_ns: random.spread(&ROUND_TRIPS_MS.map(|ms| ms * MILLISECOND)),
            serialisation_ns: random.spread(&SERIALISATIONS_US.map(|us| us * MICROSECOND)),
            ttls: [64, (random.pick(&[64, 128, 255]) - random.below(20)) as u8],
            windows: [random.below(60_000) as u16 + 2_000, random.below(60_000) as u16 + 2_000],
        }
    }

    /// Takes a conversation into the capture; gives the times of its first and last packet.
    pub fn hold(&mut self, conversation: &Conversation) -> (i64, i64) {
        let packets = conversation.packets();
        let time = |packet: Option<&Packet>| packet.map_or(self.now_ns, |packet| packet.time_ns);
        let span = (time(packets.first()), time(packets.last()));
        self.conversations.push(packets);
        span
    }

    /// Time passes: a number of milliseconds with these quantiles.
    pub fn wait_ms(&mut self, quantiles: &[i64]) {
        self.now_ns += self.random.spread(quantiles) * MILLISECOND;
    }

    /// The capture, under this name.
    pub fn recorded(self, name: String) -> Recorded {
        Recorded { name, packets: merge(self.conversations), truths: self.truths }
    }
}
