//! Directions that live now, counted by pair of hosts, by host, and by port.
//!
//! Hosts are numbered, so that the counts by pair and by port, of which there may be one for each live flow,
//! have small keys, and each address is kept once, beside its counts.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use weir_sdk::{Ip, Side};

use crate::table::{Entry, Table, hash_of};

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

/// A host with its address, in one cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Addressed {
    address: Ip,
    host: Host,
}

type Number = u32;

/// A host by the hash of its address.
#[derive(Clone, Copy, Default)]
struct Known {
    hash: u32,
    number: Number,
}

impl Entry for Known {
    #[inline]
    fn hash(&self) -> u32 {
        self.hash
    }
}

/// How many directions a host has with another host, or with a port.
#[derive(Clone, Copy, Default)]
struct Count {
    hash: u32,
    host: Number,
    other: u32,
    count: u32,
}

impl Entry for Count {
    #[inline]
    fn hash(&self) -> u32 {
        self.hash
    }
}

/// The counts. Addresses come from the wire, so the tables are seeded; they hold what lives, and no more.
#[derive(Default)]
pub(crate) struct Census {
    hash_state: RandomState,
    numbers: Table<Known>,
    hosts: Vec<Addressed>,
    free: Vec<Number>,
    /// Directions by initiator and responder.
    pairs: Table<Count>,
    /// Directions by initiator and port.
    ports: Table<Count>,
    /// Where the counts of the conversation stand whose A has just ended.
    last: Option<Places>,
}

/// The hashes by which the counts of a direction are found. None of them waits for what another one finds.
#[derive(Clone, Copy)]
struct Hashes {
    initiator: u32,
    responder: u32,
    pair: u32,
    port: u32,
}

/// A direction whose counts will soon be needed.
pub(crate) struct Asked {
    pub(crate) ends: Ends,
    hashes: Hashes,
}

/// Where the counts of a direction stand.
#[derive(Clone, Copy)]
struct Places {
    initiator: Number,
    responder: Number,
    /// None if the direction was not counted.
    pair: Option<usize>,
    port: Option<usize>,
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
    #[cfg(test)]
    pub(crate) fn begin(&mut self, ends: &Ends) {
        self.begin_asked(&self.ask(*ends));
    }

    /// A direction began that was asked for.
    pub(crate) fn begin_asked(&mut self, Asked { ends, hashes }: &Asked) {
        self.last = None;
        let initiator = self.number(ends.initiator, hashes.initiator);
        let responder = self.number(ends.responder, hashes.responder);
        if self.pairs.one_more(hashes.pair, initiator, responder) == 1 {
            self.host(initiator).contacted += 1;
            self.host(responder).contacting += 1;
        }
        self.ports.one_more(hashes.port, initiator, ends.port.into());
        self.host(initiator).live += 1;
        self.host(responder).live += 1;
        self.host(source(ends.side, initiator, responder)).sending += 1;
    }

    /// Asks for the memory that these directions will need: first for the places of all hashes, then for the hosts
    /// that they lead to.
    pub(crate) fn ask_for(
        &self,
        directions: impl Iterator<Item = Option<Ends>>,
        asked: &mut Vec<Option<Asked>>,
    ) {
        asked.clear();
        asked.extend(directions.map(|ends| ends.map(|ends| self.ask(ends))));
        let hosts = asked.iter().flatten().flat_map(|asked| [asked.hashes.initiator, asked.hashes.responder]);
        for place in hosts.filter_map(|hash| self.numbers.find(hash, |_| true)) {
            weir_sdk::prefetch(&self.hosts[self.numbers.get(place).number as usize]);
        }
    }

    fn ask(&self, ends: Ends) -> Asked {
        let hashes = self.hashes(&ends);
        self.numbers.ask_for(hashes.initiator);
        self.numbers.ask_for(hashes.responder);
        self.pairs.ask_for(hashes.pair);
        self.ports.ask_for(hashes.port);
        Asked { ends, hashes }
    }

    /// A direction ended after it had sent so many packets and bytes: what its row says, itself included.
    pub(crate) fn end(&mut self, ends: &Ends, sent: (u64, u64)) -> Findings {
        self.end_asked(&self.ask(*ends), sent)
    }

    /// The same of a direction that was asked for.
    pub(crate) fn end_asked(&mut self, asked: &Asked, sent: (u64, u64)) -> Findings {
        self.last = None;
        let places = self.places(asked);
        places.map_or(Findings::default(), |places| self.end_at(places, asked.ends.side, sent))
    }

    /// As [`end_asked`](Self::end_asked) for B of the conversation whose A has just ended; none if something has happened since.
    pub(crate) fn end_opposite(&mut self, sent: (u64, u64)) -> Option<Findings> {
        self.last.take().map(|places| self.end_at(places, Side::B, sent))
    }

    fn end_at(&mut self, places: Places, side: Side, (packets, bytes): (u64, u64)) -> Findings {
        let Places { initiator, responder, pair, port } = places;
        let source = self.host(source(side, initiator, responder));
        source.packets += packets;
        source.bytes += bytes;
        let findings = Findings {
            initiator: *self.host(initiator),
            responder: *self.host(responder),
            pair: self.pairs.one_less(pair),
            port: self.ports.one_less(port),
        };
        let hosts_stay = self.forget(side, (initiator, responder), findings.pair == 1);
        // What goes on being counted stays where it is until a direction begins or ends.
        let pair = pair.filter(|_| findings.pair > 1);
        let port = port.filter(|_| findings.port > 1);
        self.last = (hosts_stay && side == Side::A).then_some(Places { pair, port, ..places });
        findings
    }

    /// Where the counts of a direction stand; none if its hosts have none.
    fn places(&self, Asked { ends, hashes }: &Asked) -> Option<Places> {
        let initiator = self.known(ends.initiator, hashes.initiator)?;
        let responder = self.known(ends.responder, hashes.responder)?;
        Some(Places {
            initiator,
            responder,
            pair: self.pairs.place(hashes.pair, initiator, responder),
            port: self.ports.place(hashes.port, initiator, ends.port.into()),
        })
    }

    /// Gives whether both hosts still take part in directions.
    fn forget(
        &mut self,
        side: Side,
        (initiator, responder): (Number, Number),
        was_last_of_pair: bool,
    ) -> bool {
        if was_last_of_pair {
            self.host(initiator).contacted -= 1;
            self.host(responder).contacting -= 1;
        }
        let sender = self.host(source(side, initiator, responder));
        sender.sending = sender.sending.saturating_sub(1);
        if sender.sending == 0 {
            (sender.packets, sender.bytes) = (0, 0);
        }
        let initiator_stays = self.leave(initiator);
        self.leave(responder) && initiator_stays
    }

    /// A host takes part in one direction less, and in others still, or it gives its number back.
    fn leave(&mut self, number: Number) -> bool {
        let host = self.host(number);
        host.live = host.live.saturating_sub(1);
        let stays = host.live > 0;
        if !stays {
            self.give_back(number);
        }
        stays
    }

    fn give_back(&mut self, number: Number) {
        let hash = self.hash(self.hosts[number as usize].address);
        if let Some(place) = self.numbers.find(hash_of(hash), |known| known.number == number) {
            self.numbers.remove(place);
            self.free.push(number);
        }
    }

    fn hashes(&self, ends: &Ends) -> Hashes {
        let (initiator, responder) = (self.hash(ends.initiator), self.hash(ends.responder));
        Hashes {
            initiator: hash_of(initiator),
            responder: hash_of(responder),
            pair: hash_of(self.hash_state.hash_one(initiator ^ responder.rotate_left(32))),
            port: hash_of(self.hash_state.hash_one(initiator ^ u64::from(ends.port))),
        }
    }

    /// By words, not byte by byte. Addresses of different versions may agree here; they are compared anyhow.
    fn hash(&self, address: Ip) -> u64 {
        match address {
            Ip::V4(bytes) => self.hash_state.hash_one(u32::from_ne_bytes(bytes)),
            Ip::V6(bytes) => self.hash_state.hash_one(u128::from_ne_bytes(bytes)),
        }
    }

    #[inline]
    fn known(&self, address: Ip, hash: u32) -> Option<Number> {
        let place = self.numbers.find(hash, |known| self.hosts[known.number as usize].address == address)?;
        Some(self.numbers.get(place).number)
    }

    fn number(&mut self, address: Ip, hash: u32) -> Number {
        self.known(address, hash).unwrap_or_else(|| self.add(address, hash))
    }

    fn add(&mut self, address: Ip, hash: u32) -> Number {
        let host = Addressed { address, host: Host::default() };
        let number = self.free.pop().unwrap_or(self.hosts.len() as Number);
        match self.hosts.get_mut(number as usize) {
            Some(free) => *free = host,
            None => self.hosts.push(host),
        }
        self.numbers.insert(Known { hash, number });
        number
    }

    fn host(&mut self, number: Number) -> &mut Host {
        &mut self.hosts[number as usize].host
    }
}

impl Table<Count> {
    #[inline]
    fn place(&self, hash: u32, host: Number, other: u32) -> Option<usize> {
        self.find(hash, |count| (count.host, count.other) == (host, other))
    }

    /// The count with the one more.
    fn one_more(&mut self, hash: u32, host: Number, other: u32) -> u32 {
        let Some(place) = self.place(hash, host, other) else {
            self.insert(Count { hash, host, other, count: 1 });
            return 1;
        };
        let count = &mut self.at(place).count;
        *count += 1;
        *count
    }

    /// The count with the one that leaves; what is not counted any more is forgotten.
    fn one_less(&mut self, place: Option<usize>) -> u32 {
        let Some(place) = place else { return 0 };
        let count = &mut self.at(place).count;
        let before = *count;
        *count -= 1;
        if before == 1 {
            self.remove(place);
        }
        before
    }
}

fn source(side: Side, initiator: Number, responder: Number) -> Number {
    match side {
        Side::A => initiator,
        Side::B => responder,
    }
}
