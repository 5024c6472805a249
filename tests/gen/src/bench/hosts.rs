//! Who talks to whom. Clients have several flows each, servers are shared, and no two conversations have the
//! same addresses and ports.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::packet::Ends;
use crate::random::Random;

const CLIENTS: usize = 20_000;
const SERVERS: usize = 2000;
/// The most popular servers answer for names, too.
const RESOLVERS: u64 = 4;
/// What IANA leaves to clients (RFC 6335 section 6).
const FIRST_CLIENT_PORT: u16 = 49_152;
const CLIENT_PORTS: u16 = 16_384;
/// An odd step visits every port before it comes back, as the number of ports is a power of two.
const PORT_STEP: u16 = 6007;
/// Ports of servers; what is named twice is twice as frequent.
const SERVICES: [u16; 12] = [443, 443, 443, 443, 443, 443, 443, 80, 80, 22, 993, 8080];

/// Client and server of a conversation.
pub struct Pair {
    client: usize,
    server: usize,
    is_ipv6: bool,
    /// A port that the client has for this conversation alone.
    pub client_port: u16,
    /// The port on which the server serves.
    pub service: u16,
}

impl Pair {
    /// IPv6 is spoken.
    pub fn is_ipv6(&self) -> bool {
        self.is_ipv6
    }

    /// Client and server.
    pub fn ends(&self) -> Ends {
        let [client, server] = [self.client, self.server].map(|number| number as u16);
        let ([a, b], [c, d]) = (client.to_be_bytes(), server.to_be_bytes());
        if self.is_ipv6 {
            let client = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, client);
            Ends::V6(client, Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, server))
        } else {
            // RFC 1918 and RFC 2544.
            Ends::V4(Ipv4Addr::new(10, 0, a, b), Ipv4Addr::new(198, 18, c, d))
        }
    }
}

/// All hosts, and what their conversations have taken.
pub struct Hosts {
    clients: Popularity,
    servers: Popularity,
    services: Vec<u16>,
    /// Ports taken, by client.
    ports_taken: Vec<u16>,
    /// Pairs of hosts that talk without ports.
    portless: HashSet<(usize, usize, bool)>,
}

impl Hosts {
    pub fn new(random: &mut Random) -> Self {
        Self {
            clients: Popularity::new(CLIENTS, 100),
            servers: Popularity::new(SERVERS, 2),
            services: (0..SERVERS).map(|_| random.pick(&SERVICES)).collect(),
            ports_taken: vec![0; CLIENTS],
            portless: HashSet::new(),
        }
    }

    /// A client and the service of any server.
    pub fn pair(&mut self, is_ipv6: bool, random: &mut Random) -> Pair {
        let server = self.servers.pick(random);
        let service = self.services[server];
        self.with_client(server, service, is_ipv6, random)
    }

    /// A client and one of the few that answer for names.
    pub fn pair_with_resolver(&mut self, is_ipv6: bool, random: &mut Random) -> Pair {
        let server = random.below(RESOLVERS) as usize;
        self.with_client(server, 53, is_ipv6, random)
    }

    /// A client and a server that have no other such conversation.
    pub fn pair_without_ports(&mut self, is_ipv6: bool, random: &mut Random) -> Pair {
        loop {
            // Any host is as likely, so that a pair which is free is found soon.
            let client = random.below(CLIENTS as u64) as usize;
            let server = random.below(SERVERS as u64) as usize;
            if self.portless.insert((client, server, is_ipv6)) {
                return Pair { client, server, is_ipv6, client_port: 0, service: 0 };
            }
        }
    }

    fn with_client(&mut self, server: usize, service: u16, is_ipv6: bool, random: &mut Random) -> Pair {
        let mut client = self.clients.pick(random);
        while self.ports_taken[client] == CLIENT_PORTS {
            client = (client + 1) % CLIENTS;
        }
        let at = (client as u16).wrapping_add(self.ports_taken[client]).wrapping_mul(PORT_STEP);
        self.ports_taken[client] += 1;
        Pair { client, server, is_ipv6, client_port: FIRST_CLIENT_PORT + at % CLIENT_PORTS, service }
    }
}

/// Ranks by the law of Zipf and Mandelbrot: the n-th is picked 1 / (n + `flatness`) as often.
struct Popularity {
    sums: Vec<f64>,
}

impl Popularity {
    fn new(count: usize, flatness: usize) -> Self {
        let weights = (1..=count).map(|rank| 1.0 / (rank + flatness) as f64);
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self { sums: sums.collect() }
    }

    /// A rank, from 0.
    fn pick(&self, random: &mut Random) -> usize {
        let last = self.sums.len() - 1;
        let wanted = random.unit() * self.sums[last];
        self.sums.partition_point(|&sum| sum <= wanted).min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count<T: Eq + std::hash::Hash>(items: impl Iterator<Item = T>) -> usize {
        items.collect::<HashSet<_>>().len()
    }

    #[test]
    fn clients_have_several_flows_and_servers_are_shared() {
        let mut random = Random::new(5);
        let mut hosts = Hosts::new(&mut random);
        let pairs: Vec<_> = (0..250_000).map(|_| hosts.pair(false, &mut random)).collect();
        assert!(count(pairs.iter().map(|pair| pair.client)) > 18_000);
        assert!(count(pairs.iter().map(|pair| pair.server)) > 1900);
        let flows_of = |server| pairs.iter().filter(|pair| pair.server == server).count();
        assert!(flows_of(0) > 50 * flows_of(1999));
    }

    #[test]
    fn a_client_has_a_port_for_each_conversation_until_there_are_none_left() {
        let mut random = Random::new(5);
        let mut hosts = Hosts::new(&mut random);
        hosts.clients = Popularity::new(1, 0);
        let pairs: Vec<_> = (0..20_000).map(|_| hosts.pair(true, &mut random)).collect();
        assert_eq!(count(pairs.iter().map(|pair| (pair.client, pair.client_port))), 20_000);
        assert_eq!(pairs.iter().filter(|pair| pair.client == 0).count(), usize::from(CLIENT_PORTS));
        assert!(pairs.iter().all(|pair| pair.client_port >= FIRST_CLIENT_PORT));
    }

    #[test]
    fn pairs_without_ports_are_all_different() {
        let mut random = Random::new(5);
        let mut hosts = Hosts::new(&mut random);
        let pairs: Vec<_> = (0..100_000).map(|_| hosts.pair_without_ports(false, &mut random)).collect();
        assert_eq!(count(pairs.iter().map(|pair| (pair.client, pair.server))), 100_000);
    }
}
