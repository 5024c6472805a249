//! Directions that live now, counted by pair of hosts, by host, and by port.
//!
//! Hosts are numbered, so that the counts by pair and by port, of which there may be one for each live flow,
//! have small keys, and each address is kept once, beside its counts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;

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

/// How often each key was counted. Two small numbers make a key: one word is cheaper to hash than two.
type Counts = HashMap<u64, u32, RandomState>;
type Number = u32;

/// The counts. Addresses come from the wire, so the maps are seeded; they hold what lives, and no more.
#[derive(Default)]
pub(crate) struct Census {
    hash_state: RandomState,
    numbers: HashTable<Number>,
    hosts: Vec<(Ip, Host)>,
    free: Vec<Number>,
    /// Directions by initiator and responder.
    pairs: Counts,
    /// Directions by initiator and port.
    ports: Counts,
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
        if one_more(&mut self.pairs, key(initiator, responder)) == 1 {
            self.host(initiator).contacted += 1;
            self.host(responder).contacting += 1;
        }
        one_more(&mut self.ports, key(initiator, ends.port.into()));
        self.host(initiator).live += 1;
        self.host(responder).live += 1;
        self.host(source(ends.side, initiator, responder)).sending += 1;
    }

    /// A direction ended after it had sent so many packets and bytes: what its row says, itself included.
    pub(crate) fn end(&mut self, ends: &Ends, (packets, bytes): (u64, u64)) -> Findings {
        let hashes = (self.hash(ends.initiator), self.hash(ends.responder));
        let known = (self.known(ends.initiator, hashes.0), self.known(ends.responder, hashes.1));
        let (Some(initiator), Some(responder)) = known else { return Findings::default() };
        let source = self.host(source(ends.side, initiator, responder));
        source.packets += packets;
        source.bytes += bytes;
        let findings = Findings {
            initiator: *self.host(initiator),
            responder: *self.host(responder),
            pair: one_less(&mut self.pairs, key(initiator, responder)),
            port: one_less(&mut self.ports, key(initiator, ends.port.into())),
        };
        self.forget(ends.side, (initiator, responder), hashes, findings.pair == 1);
        findings
    }

    fn forget(&mut self, side: Side, hosts: (Number, Number), hashes: (u64, u64), was_last_of_pair: bool) {
        let (initiator, responder) = hosts;
        if was_last_of_pair {
            self.host(initiator).contacted -= 1;
            self.host(responder).contacting -= 1;
        }
        let sender = self.host(source(side, initiator, responder));
        sender.sending = sender.sending.saturating_sub(1);
        if sender.sending == 0 {
            (sender.packets, sender.bytes) = (0, 0);
        }
        self.leave(initiator, hashes.0);
        self.leave(responder, hashes.1);
    }

    /// A host takes part in one direction less; without any it gives its number back.
    fn leave(&mut self, number: Number, hash: u64) {
        let host = self.host(number);
        host.live = host.live.saturating_sub(1);
        if host.live > 0 {
            return;
        }
        if let Ok(known) = self.numbers.find_entry(hash, |&known| known == number) {
            known.remove();
            self.free.push(number);
        }
    }

    fn hash(&self, address: Ip) -> u64 {
        hash(&self.hash_state, address)
    }

    fn known(&self, address: Ip, hash: u64) -> Option<Number> {
        self.numbers.find(hash, |&number| self.hosts[number as usize].0 == address).copied()
    }

    fn number(&mut self, address: Ip) -> Number {
        let hash = self.hash(address);
        self.known(address, hash).unwrap_or_else(|| self.add(address, hash))
    }

    fn add(&mut self, address: Ip, hash: u64) -> Number {
        let host = (address, Host::default());
        let number = self.free.pop().unwrap_or(self.hosts.len() as Number);
        match self.hosts.get_mut(number as usize) {
            Some(free) => *free = host,
            None => self.hosts.push(host),
        }
        let Self { hash_state, numbers, hosts, .. } = self;
        numbers.insert_unique(hash, number, |&known| self::hash(hash_state, hosts[known as usize].0));
        number
    }

    fn host(&mut self, number: Number) -> &mut Host {
        &mut self.hosts[number as usize].1
    }
}

/// By words, not byte by byte. Addresses of different versions may agree here; they are compared anyhow.
fn hash(state: &RandomState, address: Ip) -> u64 {
    match address {
        Ip::V4(bytes) => state.hash_one(u32::from_ne_bytes(bytes)),
        Ip::V6(bytes) => state.hash_one(u128::from_ne_bytes(bytes)),
    }
}

/// The key of a host with another one, or with a port.
fn key(host: Number, other: u32) -> u64 {
    u64::from(host) << 32 | u64::from(other)
}

fn source(side: Side, initiator: Number, responder: Number) -> Number {
    match side {
        Side::A => initiator,
        Side::B => responder,
    }
}

/// The count with the one more.
fn one_more(counts: &mut Counts, key: u64) -> u32 {
    let count = counts.entry(key).or_insert(0);
    *count += 1;
    *count
}

/// The count with the one that leaves; a key without count is forgotten.
fn one_less(counts: &mut Counts, key: u64) -> u32 {
    let Entry::Occupied(mut count) = counts.entry(key) else { return 0 };
    let before = *count.get();
    if before > 1 {
        *count.get_mut() -= 1;
    } else {
        count.remove();
    }
    before
}
