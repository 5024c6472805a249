//! Packets → directions, and when they end.

use weir_traffic::Packet;

use super::datagrams::Datagrams;
use super::record::{Record, SECOND};
use super::seen::{Key, Seen, status};
use super::tcp;

/// The timeouts, each of which looks for silent directions on its own, in this order.
const CLASSES: [i64; 5] = [610 * SECOND, 182 * SECOND, 120 * SECOND, 10 * SECOND, SECOND / 10];

/// A run over a capture.
pub struct Run {
    /// Every direction that ever was.
    pub records: Vec<Record>,
    /// Numbers of those that are written, in order.
    pub written: Vec<usize>,
    pub datagrams: Datagrams,
    pub order_is_defined: bool,
    /// Those that live, least recently used first.
    live: Vec<Live>,
    flows: u64,
    /// The latest time seen so far.
    clock: i64,
}

/// A live direction in the order of use, and which classes have examined it there.
struct Live {
    number: usize,
    examined: [bool; CLASSES.len()],
}

impl Default for Run {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            written: Vec::new(),
            datagrams: Datagrams::default(),
            order_is_defined: true,
            live: Vec::new(),
            flows: 0,
            clock: i64::MIN,
        }
    }
}

impl Run {
    /// Takes the next packet.
    pub fn packet(&mut self, packet: &Packet) {
        let mut seen = Seen::of(packet);
        self.clock = self.clock.max(seen.time_ns);
        self.expire();
        if let Some(quoted) = &mut seen.quoted {
            quoted.flow_index = quoted.key.and_then(|key| self.flow_with(key));
        }
        match self.holder_of(&seen) {
            Some(holder) => {
                seen.is_attached = true;
                self.attach(holder, seen);
            }
            None => self.add(seen),
        }
    }

    /// Writes everything that lives.
    pub fn end_of_input(&mut self) {
        while let Some(oldest) = self.live.first() {
            self.write(oldest.number);
        }
    }

    /// The direction that registered the datagram of which this is a later fragment.
    fn holder_of(&mut self, seen: &Seen) -> Option<usize> {
        let fragment = seen.fragment.filter(|fragment| !fragment.is_first)?;
        self.datagrams.holder(&self.records, seen.key, fragment.id)
    }

    /// A later fragment refreshes the time of its direction, not its place in the order of use.
    fn attach(&mut self, holder: usize, seen: Seen) {
        let fragment = seen.fragment.expect("only fragments are attached");
        if fragment.is_last {
            self.datagrams.complete(&mut self.records, holder, seen.key, fragment.id);
        }
        self.records[holder].last_seen = self.clock;
        self.records[holder].packets.push(seen);
    }

    fn add(&mut self, mut seen: Seen) {
        let number = self.find(&seen).unwrap_or_else(|| self.create(&seen));
        self.live.retain(|live| live.number != number);
        self.live.push(Live { number, examined: Default::default() });
        self.records[number].last_seen = self.clock;
        match seen.fragment {
            Some(fragment) => {
                seen.status |= status::FRAGMENTED;
                if !fragment.is_first {
                    seen.status |= status::HEADLESS;
                }
                self.datagrams.register(&mut self.records, number, fragment.id);
            }
            None => self.records[number].has_fragment_error |= self.records[number].is_pending,
        }
        let segment = seen.tcp.clone();
        self.records[number].packets.push(seen);
        if let Some(segment) = segment {
            tcp::follow(&mut self.records, number, &segment);
        }
    }

    fn find(&self, seen: &Seen) -> Option<usize> {
        self.live.iter().map(|live| live.number).find(|&number| self.records[number].key == seen.key)
    }

    /// Number of the live flow with this key, in either direction.
    fn flow_with(&self, key: Key) -> Option<u64> {
        let mut live = self.live.iter().map(|live| &self.records[live.number]);
        live.find(|record| record.key == key || record.key.reversed() == key).map(|record| record.flow_index)
    }

    fn create(&mut self, seen: &Seen) -> usize {
        let number = self.records.len();
        let reversed = seen.key.reversed();
        let is_opposite = |other: &usize| reversed != seen.key && self.records[*other].key == reversed;
        let opposite = self.live.iter().map(|live| live.number).find(is_opposite);
        let flow_index = match opposite {
            Some(opposite) => self.records[opposite].flow_index,
            None => {
                self.flows += 1;
                self.flows
            }
        };
        let record =
            Record::new(seen, flow_index, opposite.map(|opposite| &self.records[opposite]), opposite);
        self.records.push(record);
        if let Some(opposite) = opposite {
            self.records[opposite].opposite = Some(number);
        }
        number
    }

    /// Writes what has been silent for too long.
    fn expire(&mut self) {
        let written_before = self.written.len();
        let is_in_order = self.live.is_sorted_by_key(|live| self.records[live.number].last_seen);
        for (class, timeout) in CLASSES.into_iter().enumerate() {
            while let Some(number) = self.examine(class, timeout) {
                if self.is_expired(number) {
                    self.write(number);
                }
            }
        }
        // Whatever the classes do not look at is written all the same.
        while let Some(live) = self.live.iter().find(|live| self.is_expired(live.number)) {
            self.write(live.number);
        }
        self.order_is_defined &= is_in_order || self.written.len() == written_before;
    }

    /// The next direction that a class has to examine.
    fn examine(&mut self, class: usize, timeout: i64) -> Option<usize> {
        let next = self.live.iter_mut().find(|live| !live.examined[class])?;
        if self.clock - self.records[next.number].last_seen < timeout {
            return None;
        }
        next.examined[class] = true;
        Some(next.number)
    }

    /// The direction and its opposite were silent for their timeouts.
    fn is_expired(&self, number: usize) -> bool {
        let is_silent = |record: &Record| self.clock - record.last_seen >= record.timeout;
        let record = &self.records[number];
        is_silent(record) && record.opposite.is_none_or(|opposite| is_silent(&self.records[opposite]))
    }

    /// Ends a direction together with its opposite: A is written, then B.
    fn write(&mut self, number: usize) {
        let mut numbers: Vec<usize> = std::iter::once(number).chain(self.records[number].opposite).collect();
        numbers.sort_by_key(|&number| self.records[number].is_inverted);
        for number in numbers {
            self.live.retain(|live| live.number != number);
            self.records[number].is_alive = false;
            self.datagrams.written(&self.records[number]);
            self.written.push(number);
        }
    }
}
