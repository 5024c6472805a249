//! Packets of all flows of a client as one stream in the order of time.
//!
//! Flows end in any order, so packets wait until no flow that lives could have an earlier one. For that, the time of a
//! packet is no earlier than the clock when its flow began: the latest time at which any flow had begun. Where time never
//! steps back that changes nothing; where it does, the stream still has one order, whenever flows end.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};
use std::net::IpAddr;
use std::vec::IntoIter;

use weir_sdk::Start;
use weir_sdk::packet::Side;

use crate::cut::{Cutter, Packet, Rules, Stream, Written};

/// Rows between two looks at clients that have been silent, if fewer clients were left by the last one.
const ROWS_BETWEEN_SWEEPS: usize = 1024;

/// What waits, and what is being cut, of all clients.
pub struct Clients {
    rules: Rules,
    clients: BTreeMap<IpAddr, Client>,
    /// The latest time at which a flow began.
    clock: i64,
    /// Flows that began.
    begun: u64,
    /// Packets that wait or stand in a dialog that has not ended, and how many may.
    held: usize,
    most: usize,
    rows_to_sweep: usize,
}

#[derive(Default)]
struct Client {
    /// Flows that live, and the clock when each began, which never grows from a later flow to an earlier one.
    live: BTreeMap<u64, i64>,
    waiting: BinaryHeap<Reverse<Run>>,
    cutter: Cutter,
}

/// Packets of a flow that wait; they stand among others by time, then by the number of their flow.
struct Run {
    next: Packet,
    flow: u64,
    rest: IntoIter<Packet>,
}

impl Clients {
    /// Without a client; so many packets may be held.
    pub fn new(rules: Rules, most: usize) -> Self {
        Self {
            rules,
            clients: BTreeMap::new(),
            clock: i64::MIN,
            begun: 0,
            held: 0,
            most,
            rows_to_sweep: ROWS_BETWEEN_SWEEPS,
        }
    }

    /// A direction of a flow began.
    pub fn started(&mut self, start: &Start) {
        if start.starts_flow == 0 {
            return;
        }
        self.begun += 1;
        self.clock = self.clock.max(start.time_ns);
        let client = if start.side() == Side::A { start.src_ip() } else { start.dst_ip() };
        if let Some(client) = client {
            self.clients.entry(client.into()).or_default().live.insert(self.begun, self.clock);
        }
    }

    /// A flow ended that had these packets, in order; false if there was no room for them.
    pub fn take(&mut self, of: Stream, flow: u64, packets: Vec<Packet>, written: &mut Written) -> bool {
        let address = of.client.into();
        let client = self.clients.entry(address).or_default();
        let began = client.live.remove(&flow).unwrap_or(i64::MIN);
        let has_room = self.held.saturating_add(packets.len()) <= self.most;
        if has_room {
            self.held += packets.len();
            client.waiting.extend(Run::of(packets, flow, began).map(Reverse));
        }
        self.held -= client.release(self.clock, &self.rules, of, written);
        if client.is_idle() {
            self.clients.remove(&address);
        }
        self.rows_to_sweep -= 1;
        if self.rows_to_sweep == 0 {
            self.sweep(written);
        }
        has_room
    }

    /// No packet will come any more.
    pub fn end(&mut self, written: &mut Written) {
        for (&address, client) in &mut self.clients {
            client.end(&self.rules, stream(address), written);
        }
        self.clients.clear();
        self.held = 0;
    }

    /// Ends what clients have in the making that have long been silent.
    fn sweep(&mut self, written: &mut Written) {
        let Self { rules, clock, held, .. } = self;
        self.clients.retain(|&address, client| {
            *held -= client.release(*clock, rules, stream(address), written);
            !client.is_idle()
        });
        self.rows_to_sweep = self.clients.len().max(ROWS_BETWEEN_SWEEPS);
    }
}

fn stream(address: IpAddr) -> Stream {
    Stream { client: address.into(), flow: None }
}

impl Client {
    fn is_idle(&self) -> bool {
        self.live.is_empty() && self.waiting.is_empty() && self.cutter.is_idle()
    }

    /// Cuts what no flow can add an earlier packet to, and gives how many packets have gone into rows.
    fn release(&mut self, clock: i64, rules: &Rules, of: Stream, written: &mut Written) -> usize {
        let oldest = self.live.values().next().copied().unwrap_or(clock);
        let mut gone = 0;
        while self.waiting.peek().is_some_and(|Reverse(run)| run.next.time_ns < oldest) {
            gone += self.cut_next(rules, of, written);
        }
        gone + self.reach(oldest, rules, of, written)
    }

    fn end(&mut self, rules: &Rules, of: Stream, written: &mut Written) {
        while !self.waiting.is_empty() {
            self.cut_next(rules, of, written);
        }
        self.cutter.end(rules, of, written);
    }

    /// Moves the first packet that waits into the stream.
    fn cut_next(&mut self, rules: &Rules, of: Stream, written: &mut Written) -> usize {
        let Some(Reverse(mut run)) = self.waiting.pop() else { return 0 };
        let gone = self.reach(run.next.time_ns, rules, of, written);
        self.cutter.take(run.next, run.flow);
        if let Some(next) = run.rest.next() {
            run.next = next;
            self.waiting.push(Reverse(run));
        }
        gone
    }

    fn reach(&mut self, time_ns: i64, rules: &Rules, of: Stream, written: &mut Written) -> usize {
        let before = self.cutter.held();
        self.cutter.reach(time_ns, rules, of, written);
        before - self.cutter.held()
    }
}

impl Run {
    /// None without a packet.
    fn of(mut packets: Vec<Packet>, flow: u64, began: i64) -> Option<Self> {
        packets.iter_mut().for_each(|packet| packet.time_ns = packet.time_ns.max(began));
        let mut rest = packets.into_iter();
        Some(Self { next: rest.next()?, flow, rest })
    }

    fn place(&self) -> (i64, u64) {
        (self.next.time_ns, self.flow)
    }
}

impl Ord for Run {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for Run {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Run {}
