//! Directions that live now, counted by pair of hosts, by host, and by port.
//!
//! Hosts are numbered, so that the counts by pair and by port, of which there may be one for each live flow,
//! have small keys, and each address is kept once, beside its counts.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use weir_sdk::{Ip, Side};

/// The two hosts of a direction and the port that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) initiator: Ip,
    pub(crate) responder: Ip,
    /// Of the responder; 0 where there are no ports.
    pub(crate) port: u16,
    /// The side that sends: the initiator's is A.
    pub(crate) side: Side,
}

/// What is counted of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Host {
    /// Different responders that it has live flows to.
    pub(crate) contacted: u32,
    /// Different initiators that have live flows to it.
    pub(crate) contacting: u32,
    /// Directions that it takes part in.
    live: u32,
    /// Directions that it sends.
    sending: u32,
    /// Packets of those that ended since it last sent none.
    pub(crate) packets: u64,
    /// Their layer-7 bytes.
    pub(crate) bytes: u64,
}

type Map<K> = HashMap<K, u32, RandomState>;
type Number = u32;

/// The counts. Addresses come from the wire, so the maps are seeded; they hold what lives, and no more.
#[derive(Default)]
pub(crate) struct Census {
    hash_state: RandomState,
    numbers: HashTable<Number>,
    hosts: Vec<(Ip, Host)>,
    free: Vec<Number>,
    /// Directions by initiator and responder.
    pairs: Map<(Number, Number)>,
    /// Directions by initiator and port.
    ports: Map<(Number, u16)>,
}

/// What a row says of its two hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) initiator: Host,
    pub(crate) responder: Host,
    /// Directions between the two.
    pub(crate) pair: u32,
    /// Directions of the initiator with the port.
    pub(crate) port: u32,
}

impl Census {
    /// A direction began.
    pub(crate) fn begin(&mut self, ends: &Ends) {
        let (initiator, responder) = (self.number(ends.initiator), self.number(ends.responder));
        if one_more(&mut self.pairs, (initiator, responder)) == 1 {
            self.host(initiator).contacted += 1;
            self.host(responder).contacting += 1;
        }
        one_more(&mut self.ports, (initiator, ends.port));
        self.host(initiator).live += 1;
        self.host(responder).live += 1;
        self.host(source(ends.side, initiator, responder)).sending += 1;
    }

    /// A direction ended after it had sent so many packets and bytes: what its row says, itself included.
    pub(crate) fn end(&mut self, ends: &Ends, (packets, bytes): (u64, u64)) -> Findings {
        let known = (self.known(ends.initiator), self.known(ends.responder));
        let (Some(initiator), Some(responder)) = known else { return Findings::default() };
        let source = source(ends.side, initiator, responder);
        self.host(source).packets += packets;
        self.host(source).bytes += bytes;
        let findings = Findings {
            initiator: *self.host(initiator),
            responder: *self.host(responder),
            pair: self.pairs.get(&(initiator, responder)).copied().unwrap_or(0),
            port: self.ports.get(&(initiator, ends.port)).copied().unwrap_or(0),
        };
        self.forget(ends, initiator, responder, source);
        findings
    }

    fn forget(&mut self, ends: &Ends, initiator: Number, responder: Number, source: Number) {
        one_less(&mut self.ports, (initiator, ends.port));
        if one_less(&mut self.pairs, (initiator, responder)) {
            self.host(initiator).contacted -= 1;
            self.host(responder).contacting -= 1;
        }
        let sender = self.host(source);
        sender.sending = sender.sending.saturating_sub(1);
        if sender.sending == 0 {
            (sender.packets, sender.bytes) = (0, 0);
        }
        self.leave(initiator);
        self.leave(responder);
    }

    /// A host takes part in one direction less; without any it gives its number back.
    fn leave(&mut self, number: Number) {
        let host = self.host(number);
        host.live = host.live.saturating_sub(1);
        if host.live > 0 {
            return;
        }
        let hash = self.hash_state.hash_one(self.hosts[number as usize].0);
        if let Ok(known) = self.numbers.find_entry(hash, |&known| known == number) {
            known.remove();
            self.free.push(number);
        }
    }

    fn known(&self, address: Ip) -> Option<Number> {
        let hash = self.hash_state.hash_one(address);
        self.numbers.find(hash, |&number| self.hosts[number as usize].0 == address).copied()
    }

    fn number(&mut self, address: Ip) -> Number {
        if let Some(number) = self.known(address) {
            return number;
        }
        let host = (address, Host::default());
        let number = self.free.pop().unwrap_or(self.hosts.len() as Number);
        match self.hosts.get_mut(number as usize) {
            Some(free) => *free = host,
            None => self.hosts.push(host),
        }
        let Self { hash_state, numbers, hosts, .. } = self;
        let hash = |number: &Number| hash_state.hash_one(hosts[*number as usize].0);
        numbers.insert_unique(hash(&number), number, hash);
        number
    }

    fn host(&mut self, number: Number) -> &mut Host {
        &mut self.hosts[number as usize].1
    }
}

fn source(side: Side, initiator: Number, responder: Number) -> Number {
    match side {
        Side::A => initiator,
        Side::B => responder,
    }
}

fn one_more<K: Hash + Eq>(counts: &mut Map<K>, key: K) -> u32 {
    let count = counts.entry(key).or_insert(0);
    *count += 1;
    *count
}

/// True if it was the last.
fn one_less<K: Hash + Eq>(counts: &mut Map<K>, key: K) -> bool {
    match counts.get_mut(&key) {
        Some(count) if *count > 1 => {
            *count -= 1;
            false
        }
        Some(_) => counts.remove(&key).is_some(),
        None => false,
    }
}
