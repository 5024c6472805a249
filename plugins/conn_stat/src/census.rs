//! Directions that live now, counted by pair of hosts, by host, and by port.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;
use weir_sdk::{Ip, Side};

/// The two hosts of a direction and the port that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) initiator: Ip,
    pub(crate) responder: Ip,
    /// Of the responder; 0 where there are no ports.
    pub(crate) port: u16,
    /// Whichever of the two sends.
    pub(crate) source: Ip,
    pub(crate) side: Side,
}

/// What a source sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Talker {
    live: u32,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

type Map<K, V> = HashMap<K, V, RandomState>;

/// The counts. Addresses come from the wire, so the maps are seeded; they hold what lives, and no more.
#[derive(Default)]
pub(crate) struct Census {
    /// Directions by initiator and responder.
    pairs: Map<(Ip, Ip), u32>,
    /// Directions by initiator and port.
    ports: Map<(Ip, u16), u32>,
    /// Different responders by initiator.
    contacted: Map<Ip, u32>,
    /// Different initiators by responder.
    contacting: Map<Ip, u32>,
    talkers: Map<Ip, Talker>,
}

impl Census {
    /// A direction began.
    pub(crate) fn begin(&mut self, ends: &Ends) {
        if one_more(&mut self.pairs, (ends.initiator, ends.responder)) == 1 {
            one_more(&mut self.contacted, ends.initiator);
            one_more(&mut self.contacting, ends.responder);
        }
        one_more(&mut self.ports, (ends.initiator, ends.port));
        self.talkers.entry(ends.source).or_default().live += 1;
    }

    /// A direction ended, and its row is printed.
    pub(crate) fn end(&mut self, ends: &Ends) {
        one_less(&mut self.ports, (ends.initiator, ends.port));
        if one_less(&mut self.pairs, (ends.initiator, ends.responder)) {
            one_less(&mut self.contacted, ends.initiator);
            one_less(&mut self.contacting, ends.responder);
        }
        if let Some(talker) = self.talkers.get_mut(&ends.source) {
            talker.live = talker.live.saturating_sub(1);
            if talker.live == 0 {
                self.talkers.remove(&ends.source);
            }
        }
    }

    /// Adds what a direction sent to what its source has sent.
    pub(crate) fn talk(&mut self, source: Ip, (packets, bytes): (u64, u64)) -> Talker {
        let talker = self.talkers.entry(source).or_default();
        talker.packets += packets;
        talker.bytes += bytes;
        *talker
    }

    pub(crate) fn pair(&self, ends: &Ends) -> u32 {
        self.pairs.get(&(ends.initiator, ends.responder)).copied().unwrap_or(0)
    }

    pub(crate) fn port(&self, ends: &Ends) -> u32 {
        self.ports.get(&(ends.initiator, ends.port)).copied().unwrap_or(0)
    }

    /// How many responders an initiator has.
    pub(crate) fn contacted_by(&self, initiator: Ip) -> u32 {
        self.contacted.get(&initiator).copied().unwrap_or(0)
    }

    /// How many initiators a responder has.
    pub(crate) fn contacting(&self, responder: Ip) -> u32 {
        self.contacting.get(&responder).copied().unwrap_or(0)
    }
}

fn one_more<K: Hash + Eq>(counts: &mut Map<K, u32>, key: K) -> u32 {
    let count = counts.entry(key).or_insert(0);
    *count += 1;
    *count
}

/// True if it was the last.
fn one_less<K: Hash + Eq>(counts: &mut Map<K, u32>, key: K) -> bool {
    match counts.get_mut(&key) {
        Some(count) if *count > 1 => {
            *count -= 1;
            false
        }
        Some(_) => {
            counts.remove(&key);
            true
        }
        None => false,
    }
}
