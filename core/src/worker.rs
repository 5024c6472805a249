//! One worker: decode a batch, find its flows, call the plugins, finish what ended.
//!
//! What comes in: records in the order of the input. What goes out: the cells of ended directions, to whoever
//! makes rows of them ([`TakeEnded`]), and the counts by which every packet is accounted for. This is the data
//! path; read it from [`Worker::packets`] down.

use std::ops::Range;

use weir_sdk::abi::{Ends, Packets};
use weir_sdk::plugin::{EndFacts, HeaderChain, HeaderChains};
use weir_sdk::{Packet, PacketFacts, Side, Start, flag};

use crate::capture::Record;
use crate::counts::Counts;
use crate::decode::{Decoded, Decoder, link_direction};
use crate::flow::{
    Answer, Arrivals, Clocks, EndOrder, Ended, FlowTable, LinkEnds, Numbers, Query, Slab, Streams, Timeouts,
};
use crate::memory::prefetch;
use crate::plugins::{Cells, Crew, PluginFault};
use crate::profile::{Stage, Stopwatch};
use crate::sink::Error;

/// Packets that go through the stages together: enough to hide memory behind work, few enough that their
/// facts and states stay in the first caches (`docs/performance.md` has the figures).
pub const BATCH: usize = 128;

/// Records between the one that is decoded and the one whose bytes are asked for, with several workers.
const AHEAD: usize = 16;
/// Bytes of a record that are asked for: what lies behind them comes by itself.
const FARTHEST: usize = 1536;

/// Conversations whose rows are made together.
pub const ENDS_PER_CALL: usize = 256;

/// Ended directions with the cells of the flow plugins: A before B, the two of a conversation in a row.
pub struct EndedBatch<'a> {
    /// What core knows of each.
    pub ends: &'a [EndFacts],
    /// Where each stands among the rows.
    pub orders: &'a [EndOrder],
    /// The cells of all plugins; those of row plugins are still to be filled in.
    pub cells: Cells<'a>,
}

/// Whoever makes rows of what ended.
pub trait TakeEnded {
    /// Takes directions that ended, in the order of rows.
    ///
    /// # Errors
    ///
    /// If the rows cannot be written.
    fn ended(&mut self, batch: EndedBatch<'_>) -> Result<(), Error>;

    /// Hears of directions that began, before those that end later.
    fn started(&mut self, starts: impl Iterator<Item = Start>);
}

/// What began while records were taken.
#[derive(Default)]
pub struct Begun {
    /// Conversations: the ordinal of the first packet, and the slot.
    pub flows: Vec<(u64, u32)>,
    /// Directions.
    pub starts: Vec<Start>,
    /// Messages that ask which conversation they quote: ordinal, slot, side.
    pub asking: Vec<(u64, u32, Side)>,
    /// What this worker answers to messages of any worker.
    pub answers: Vec<Answer>,
}

/// When conversations end.
#[derive(Clone, Debug, Default)]
pub struct FlowRules {
    /// How long directions may be silent.
    pub timeouts: Timeouts,
    /// Bytes that the live conversations of all workers may take, if limited: records and states, without what
    /// plugins keep elsewhere.
    pub memory_limit: Option<u64>,
}

/// One worker with everything it needs; workers share nothing.
pub struct Worker {
    decoder: Decoder,
    table: FlowTable,
    slab: Slab,
    streams: Streams,
    crew: Crew,
    clocks: Clocks,
    batch: Batch,
    ends: EndLists,
    counts: Counts,
    watch: Stopwatch,
}

/// The packets of a batch that belong to flows, as parallel lists that are used again for each batch.
#[derive(Default)]
struct Batch {
    facts: Vec<PacketFacts>,
    links: Vec<LinkEnds>,
    clocks: Vec<i64>,
    slots: Vec<u32>,
    /// What messages ask this worker.
    queries: Vec<Query>,
    answers: Vec<Answer>,
    rows: Vec<*mut u8>,
    fresh_rows: Vec<*mut u8>,
}

/// Ended directions as parallel lists that are used again for each call.
#[derive(Default)]
struct EndLists {
    facts: Vec<EndFacts>,
    rows: Vec<*mut u8>,
    orders: Vec<EndOrder>,
}

/// The records of one worker among those of a chunk.
#[derive(Clone, Copy)]
pub struct Share<'a> {
    /// All records, in order.
    pub records: &'a [Record],
    /// What their `start` counts in.
    pub window: &'a [u8],
    /// Number of the first in the run, from 1.
    pub first_ordinal: u64,
    /// For each record, the worker that it belongs to; empty if there is only one.
    pub owners: &'a [u8],
    /// The worker meant.
    pub owner: u8,
    /// ICMP messages that quote a conversation, and the worker of its hosts; empty if there is only one worker.
    pub quotes: &'a [(u32, u8)],
}

impl Share<'_> {
    /// Messages of a part of the records that ask this worker.
    fn asking(&self, part: Range<usize>) -> impl Iterator<Item = usize> {
        let from = self.quotes.partition_point(|&(at, _)| (at as usize) < part.start);
        let rest = self.quotes[from..].iter().map(|&(at, owner)| (at as usize, owner));
        let own = move |&(_, owner): &(usize, u8)| owner == self.owner;
        rest.take_while(move |&(at, _)| at < part.end).filter(own).map(|(at, _)| at)
    }

    /// Asks for the bytes of a record that another thread has read; what this one read is near already.
    #[inline]
    fn prefetch(&self, at: usize) {
        if self.owners.get(at).is_some_and(|&owner| owner == self.owner) {
            let Record { start, captured_len, .. } = self.records[at];
            let end = (start + captured_len as usize).min(start + FARTHEST).min(self.window.len());
            self.window.get(start..end).into_iter().flat_map(|bytes| bytes.chunks(64)).for_each(|line| {
                prefetch(line.as_ptr());
            });
        }
    }

    #[inline]
    fn is_own(&self, at: usize) -> bool {
        self.owners.get(at).is_none_or(|&owner| owner == self.owner)
    }
}

impl Worker {
    /// A worker that has seen nothing.
    pub fn new(rules: &FlowRules, crew: Crew, numbers: Numbers, watch: Stopwatch) -> Self {
        let bytes_each = FlowTable::BYTES_PER_CONVERSATION + crew.row_size();
        let most = rules.memory_limit.map(|bytes| (bytes / bytes_each as u64) as usize);
        Self {
            decoder: Decoder::new(),
            table: FlowTable::new(rules.timeouts.clone(), numbers).limited(most),
            slab: Slab::new(crew.row_size(), crew.row_align()),
            streams: Streams::new(crew.stream_bytes()),
            crew,
            clocks: Clocks::default(),
            batch: Batch::default(),
            ends: EndLists::default(),
            counts: Counts::default(),
            watch,
        }
    }

    /// Takes records, and hands on what ended.
    ///
    /// # Errors
    ///
    /// Those of `take`.
    pub fn packets(&mut self, share: &Share<'_>, take: &mut impl TakeEnded) -> Result<(), Error> {
        let mut at = 0;
        while at < share.records.len() {
            at = self.batch(share, at);
            self.note_answers();
            take.started(self.started(share.window));
            let ended = self.expire();
            self.finish(&ended, take)?;
            self.table.release(&ended);
        }
        Ok(())
    }

    /// Takes records as [`packets`](Self::packets) does, but notes what began and ended instead of finishing it:
    /// the numbers of conversations are not known yet.
    pub fn observe(&mut self, share: &Share<'_>, begun: &mut Begun, ended: &mut Vec<Ended>) {
        let mut at = 0;
        while at < share.records.len() {
            at = self.batch(share, at);
            begun.starts.extend(self.started(share.window));
            let packets = self.batch.facts.iter().zip(&self.batch.slots);
            let opening = packets.filter(|(facts, _)| facts.has(flag::STARTS_FLOW));
            begun.flows.extend(opening.map(|(facts, &slot)| (facts.ordinal, slot)));
            begun.answers.extend_from_slice(&self.batch.answers);
            self.note_asking(share.window, begun);
            ended.append(&mut self.expire());
        }
    }

    fn note_asking(&self, window: &[u8], begun: &mut Begun) {
        for (facts, (&slot, &clock)) in
            self.batch.facts.iter().zip(self.batch.slots.iter().zip(&self.batch.clocks))
        {
            if Query::of(&Packet::new(facts, window), clock).is_some() {
                begun.asking.push((facts.ordinal, slot, Side::from_bit(facts.side)));
            }
        }
    }

    /// Gives conversations that began the numbers that they have among those of all workers, and messages the
    /// answers, which stand by ordinal.
    pub fn number(&mut self, begun: &Begun, numbers: &[u64], answers: &[Answer]) {
        for (&(_, slot), &number) in begun.flows.iter().zip(numbers) {
            self.table.number(slot, number);
        }
        for &(ordinal, slot, side) in &begun.asking {
            if let Ok(at) = answers.binary_search_by_key(&ordinal, |answer| answer.ordinal) {
                self.table.note_quoted(slot, side, answers[at].conversation);
            }
        }
    }

    /// Finishes what [`observe`](Self::observe) noted as ended, once it has its numbers.
    ///
    /// # Errors
    ///
    /// Those of `take`.
    pub fn close(&mut self, ended: &[Ended], take: &mut impl TakeEnded) -> Result<(), Error> {
        self.finish(ended, take)?;
        self.table.release(ended);
        Ok(())
    }

    /// At the end of input: makes the rows of all that still lives, a part at a time, so that a million rows
    /// never stand in memory together.
    ///
    /// # Errors
    ///
    /// Those of `take`.
    pub fn drain(&mut self, take: &mut impl TakeEnded) -> Result<(), Error> {
        let mut rest = self.table.drain();
        loop {
            let part: Vec<Ended> = rest.by_ref().take(ENDS_PER_CALL).collect();
            if part.is_empty() {
                return Ok(());
            }
            self.finish(&part, take)?;
        }
    }

    /// Takes a batch of records from `at` on through decoder, table, and plugins; gives where the next begins.
    fn batch(&mut self, share: &Share<'_>, at: usize) -> usize {
        self.watch.skip();
        let next = self.decode(share, at);
        self.watch.lap(Stage::of_core("decode"));
        if share.owners.is_empty() {
            self.ask_itself(share.window);
        } else {
            self.hear(share, at..next);
        }
        let Batch { facts, links, clocks, queries, slots, answers, .. } = &mut self.batch;
        let mut arrivals = Arrivals { packets: facts, window: share.window, links, clocks, queries };
        self.table.assign(&mut arrivals, slots, answers);
        self.watch.lap(Stage::of_core("flow table"));
        self.measure(share.window);
        next
    }

    /// What the messages of the batch ask, where there is no other worker.
    fn ask_itself(&mut self, window: &[u8]) {
        let Batch { facts, clocks, queries, .. } = &mut self.batch;
        queries.clear();
        let packets = facts.iter().zip(clocks.iter());
        queries.extend(packets.filter_map(|(facts, &clock)| Query::of(&Packet::new(facts, window), clock)));
    }

    /// What messages of any worker ask this one.
    #[inline]
    fn hear(&mut self, share: &Share<'_>, part: Range<usize>) {
        self.batch.queries.clear();
        for at in share.asking(part) {
            let mut facts = PacketFacts::default();
            self.decoder.decode(&share.records[at], share.window, &mut facts);
            facts.ordinal = share.first_ordinal + at as u64;
            let clock = self.clocks.at(facts.ordinal);
            self.batch.queries.extend(Query::of(&Packet::new(&facts, share.window), clock));
        }
    }

    /// Takes down the answers, where there is no other worker.
    fn note_answers(&mut self) {
        let Batch { facts, slots, answers, .. } = &self.batch;
        for answer in answers {
            if let Ok(at) = facts.binary_search_by_key(&answer.ordinal, |facts| facts.ordinal) {
                self.table.note_quoted(slots[at], Side::from_bit(facts[at].side), answer.conversation);
            }
        }
    }

    /// Decodes own records until the batch is full. The clock follows every record.
    fn decode(&mut self, share: &Share<'_>, at: usize) -> usize {
        let Batch { facts, links, clocks, .. } = &mut self.batch;
        facts.clear();
        links.clear();
        clocks.clear();
        self.clocks.begin(share.first_ordinal + at as u64);
        let mut own = 0;
        for (at, record) in share.records.iter().enumerate().skip(at) {
            if own == BATCH {
                return at;
            }
            let clock = self.clocks.tick(record.time_ns);
            share.prefetch(at + AHEAD);
            if !share.is_own(at) {
                continue;
            }
            own += 1;
            self.counts.read(record);
            let mut packet = PacketFacts::default();
            match self.decoder.decode(record, share.window, &mut packet) {
                Decoded::Flow => {
                    packet.ordinal = share.first_ordinal + at as u64;
                    links.push(link_ends(record, share.window));
                    clocks.push(clock);
                    facts.push(packet);
                    self.counts.in_flows += 1;
                }
                Decoded::NoFlow(reason) => self.counts.no_flow(reason, record),
            }
        }
        share.records.len()
    }

    /// Calls the plugins for the packets of the batch, whose slots are known.
    fn measure(&mut self, window: &[u8]) {
        let Batch { facts, slots, rows, fresh_rows, .. } = &mut self.batch;
        rows.clear();
        for &slot in slots.iter() {
            let row = self.slab.row(slot);
            prefetch_row(row, self.slab.row_bytes());
            rows.push(row);
        }
        fresh_rows.clear();
        fresh_rows.extend(self.table.fresh().iter().map(|&slot| self.slab.row(slot)));
        self.crew.begin(fresh_rows);
        self.watch.lap(Stage::of_core("begin flows"));
        self.streams.follow(facts, slots, window);
        self.watch.lap(Stage::of_core("streams"));
        let (streams, stream_buffer) = (self.streams.facts(), self.streams.buffer());
        self.crew.packets(&Packets { window, facts, rows, streams, stream_buffer }, &mut self.watch);
    }

    fn expire(&mut self) -> Vec<Ended> {
        self.watch.skip();
        let ended = self.table.expire(&self.clocks);
        self.watch.lap(Stage::of_core("expire flows"));
        ended
    }

    /// The directions that began in the batch.
    fn started(&self, window: &[u8]) -> impl Iterator<Item = Start> {
        let begun = self.batch.facts.iter().filter(|facts| facts.has(flag::STARTS_DIRECTION));
        begun.map(move |facts| Start::of(&Packet::new(facts, window)))
    }

    fn finish(&mut self, ended: &[Ended], take: &mut impl TakeEnded) -> Result<(), Error> {
        for part in ended.chunks(ENDS_PER_CALL) {
            self.watch.skip();
            self.list_ends(part);
            self.watch.lap(Stage::of_core("end flows"));
            self.counts.conversations += part.len() as u64;
            self.counts.directions += self.ends.facts.len() as u64;
            let EndLists { facts, rows, orders } = &self.ends;
            let ends = Ends { facts, rows, chains: &Chains(&self.decoder) };
            take.ended(EndedBatch { ends: facts, orders, cells: self.crew.finish(&ends, &mut self.watch) })?;
        }
        Ok(())
    }

    fn list_ends(&mut self, part: &[Ended]) {
        for ended in part {
            self.table.prefetch(ended.slot);
            prefetch_row(self.slab.row(ended.slot), self.slab.row_bytes());
        }
        let EndLists { facts, rows, orders } = &mut self.ends;
        facts.clear();
        rows.clear();
        orders.clear();
        for ended in part {
            let row = self.slab.row(ended.slot);
            for end in self.table.end_facts(ended.slot) {
                facts.push(end);
                rows.push(row);
                orders.push(ended.order);
            }
            self.counts.ended_by_limit += u64::from(self.table.conversation(ended.slot).hit_limit);
        }
    }

    /// Plugins that failed since this was last asked.
    pub fn take_faults(&mut self) -> Vec<PluginFault> {
        self.crew.take_faults()
    }

    /// Conversations that live.
    pub fn live(&self) -> usize {
        self.table.live()
    }

    /// The plugins, to be used again by another worker when nothing lives here any more.
    pub fn into_crew(self) -> Crew {
        self.crew
    }

    /// Where the time went so far.
    pub fn watch(&self) -> &Stopwatch {
        &self.watch
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        Counts { stream_holes_given_up: self.streams.given_up(), ..self.counts.clone() }
    }
}

/// Asks for all cache lines of a row: each plugin's state is somewhere else in it.
#[inline]
fn prefetch_row(row: *mut u8, bytes: usize) {
    let first_line = row as usize % 64;
    (0..first_line + bytes)
        .step_by(64)
        .for_each(|at| prefetch(row.wrapping_sub(first_line).wrapping_add(at)));
}

/// What a link without addresses tells of the two ends.
#[inline]
pub fn link_ends(record: &Record, window: &[u8]) -> LinkEnds {
    LinkEnds { link_type: record.link_type, direction: link_direction(record, window) }
}

/// The decoder's chains as plugins ask for them.
struct Chains<'a>(&'a Decoder);

impl HeaderChains for Chains<'_> {
    fn header_chain(&self, key: u32) -> HeaderChain<'_> {
        let chain = self.0.chains().get(key);
        chain.map_or(HeaderChain { text: "", count: 0 }, |chain| HeaderChain {
            text: chain.text,
            count: chain.count,
        })
    }
}
