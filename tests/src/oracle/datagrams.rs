//! Later fragments find the direction of their first one.
//!
//! Whoever saw a datagram begin registers it. Registrations of one datagram form a stack, of which the top
//! counts; here all stacks stand in one list, and the last entry with a name is the top of its stack.

use super::record::Record;
use super::seen::{End, Key};

/// Source, destination, VLAN, and for IPv4 the protocol; then the id.
type Name = (Key, u32);

/// All registrations.
pub struct Datagrams {
    entries: Vec<(Name, usize)>,
    /// No registration of a direction that has ended was met.
    pub are_defined: bool,
}

impl Default for Datagrams {
    fn default() -> Self {
        Self { entries: Vec::new(), are_defined: true }
    }
}

/// Fragments have no ports, and behind an IPv6 fragment header the protocol may be hidden.
fn name(key: Key, id: u32) -> Name {
    let without_port = |end| match end {
        End::Ip(address, _) => End::Ip(address, 0),
        End::Mac(mac) => End::Mac(mac),
    };
    let protocol = if key.ethertype == 0x0800 { key.protocol } else { 0 };
    (Key { src: without_port(key.src), dst: without_port(key.dst), protocol, ..key }, id)
}

impl Datagrams {
    /// The direction that registered the datagram.
    pub fn holder(&mut self, records: &[Record], key: Key, id: u32) -> Option<usize> {
        let name = name(key, id);
        let holder = self.entries.iter().rev().find(|entry| entry.0 == name).map(|entry| entry.1)?;
        self.are_defined &= records[holder].is_alive;
        records[holder].is_alive.then_some(holder)
    }

    /// Takes the top away, whoever put it there; false if there was none.
    fn remove(&mut self, key: Key, id: u32) -> bool {
        let name = name(key, id);
        match self.entries.iter().rposition(|entry| entry.0 == name) {
            Some(top) => {
                self.entries.remove(top);
                true
            }
            None => false,
        }
    }

    /// A fragment of `number` begins the datagram `id`, or is the first that was seen of it.
    pub fn register(&mut self, records: &mut [Record], number: usize, id: u32) {
        let Record { key, is_pending, last_datagram, .. } = records[number];
        if is_pending {
            let was_there = self.remove(key, last_datagram);
            records[number].has_fragment_error |= !was_there || last_datagram != id;
        } else if let Some(former) = self.holder(records, key, id) {
            records[former].is_pending = false;
            self.remove(key, id);
        }
        self.entries.push((name(key, id), number));
        records[number].is_pending = true;
        records[number].last_datagram = id;
    }

    /// The last fragment of a datagram has come to its holder.
    pub fn complete(&mut self, records: &mut [Record], holder: usize, key: Key, id: u32) {
        self.remove(key, id);
        records[holder].is_pending = false;
    }

    /// A direction is written.
    pub fn written(&mut self, record: &Record) {
        if record.is_pending {
            self.remove(record.key, record.last_datagram);
        }
    }
}
