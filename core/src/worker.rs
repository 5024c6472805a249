//! One worker: find the flows of a batch, call the plugins, finish what ended.
//!
//! What comes in: decoded packets in the order of the input. What goes out: the cells of ended directions, to
//! whoever makes rows of them ([`TakeEnded`]). This is the data path; read it from [`Worker::follow`] down. A worker
//! that has no others beside it decodes for itself: [`Alone`].

use std::ops::Range;

use weir_sdk::abi::{Ends, Packets};
use weir_sdk::plugin::{EndFacts, HeaderChain, HeaderChains};
use weir_sdk::{Packet, PacketFacts, Side, Start, flag};

use crate::capture::Record;
use crate::counts::Counts;
use crate::decode::ChainTexts;
use crate::flow::{
    Answer, Arrivals, ClockSpan, Clocks, EndOrder, Ended, FlowTable, Numbers, Query, Slab, Streams, Timeouts,
};
use crate::intake::{Intake, Packets as Arrived};
use crate::memory::prefetch;
use crate::plugins::{Cells, Crew, PluginFault};
use crate::profile::{Stage, Stopwatch};
use crate::sink::Error;

/// Packets that go through the stages together: enough to hide memory behind work, few enough that their
/// facts and states stay in the first caches (`docs/performance.md` has the figures).
pub const BATCH: usize = 128;

/// Conversations whose rows are made together, at most: so few that their states and cells stay in the second cache
/// from one step to the next (`docs/performance.md`).
pub const ENDS_PER_CALL: usize = 128;

/// Conversations whose rows are worth the calls that make them.
const ENOUGH_ENDS: usize = ENDS_PER_CALL / 2;

/// Directions that began and may wait for conversations to end.
const STARTS_PER_CALL: usize = 4096;

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

impl Begun {
    /// Forgets it, keeps the memory.
    pub fn clear(&mut self) {
        self.flows.clear();
        self.starts.clear();
        self.asking.clear();
        self.answers.clear();
    }

    fn note(&mut self, packets: &[PacketFacts], slots: &[u32], window: &[u8], clocks: &[i64]) {
        for ((facts, &slot), &clock) in packets.iter().zip(slots).zip(clocks) {
            let packet = Packet::new(facts, window);
            if facts.has(flag::STARTS_DIRECTION) {
                self.starts.push(Start::of(&packet));
                if facts.has(flag::STARTS_FLOW) {
                    self.flows.push((facts.ordinal, slot));
                }
            }
            if Query::of(&packet, clock).is_some() {
                self.asking.push((facts.ordinal, slot, Side::from_bit(facts.side)));
            }
        }
    }
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
    table: FlowTable,
    slab: Slab,
    streams: Streams,
    crew: Crew,
    batch: Batch,
    ends: EndLists,
    counts: Counts,
    watch: Stopwatch,
}

/// What is found out of the packets of a batch, as parallel lists that are used again for each batch.
#[derive(Default)]
struct Batch {
    slots: Vec<u32>,
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

/// The packets of one worker among those of a chunk.
pub struct Share<'a> {
    /// Its own.
    pub packets: &'a mut Arrived,
    /// What their `start` counts in.
    pub window: &'a [u8],
    /// Over all packets.
    pub clocks: ClockSpan<'a>,
    /// Another thread has read the window.
    pub is_far: bool,
}

/// A worker that decodes for itself, since there is no other.
pub struct Alone {
    intake: Intake,
    worker: Worker,
    packets: Arrived,
    clocks: Clocks,
    begun: Begun,
    ended: Vec<Ended>,
}

impl Alone {
    /// One that has seen nothing.
    pub fn new(worker: Worker) -> Self {
        Self {
            intake: Intake::default(),
            worker,
            packets: Arrived::default(),
            clocks: Clocks::default(),
            begun: Begun::default(),
            ended: Vec::new(),
        }
    }

    /// Takes records, and hands on what ended, once for many conversations, so that the calls that make rows are worth
    /// it. What ended last waits for more, or for [`drain`](Self::drain).
    ///
    /// # Errors
    ///
    /// Those of `take`.
    pub fn records(
        &mut self,
        records: &[Record],
        window: &[u8],
        take: &mut impl TakeEnded,
    ) -> Result<(), Error> {
        let Self { intake, worker, packets, clocks, begun, ended } = self;
        for records in records.chunks(BATCH) {
            worker.watch.skip();
            intake.take(records, window, packets, clocks, worker.crew.reads());
            worker.watch.lap(Stage::of_core("decode"));
            let (begun_before, ended_before) = (begun.starts.len(), ended.len());
            let share = Share { packets, window, clocks: clocks.all(), is_far: false };
            worker.follow(share, begun, ended);
            if worker.crew.is_failing() {
                // What a plugin measured until it failed counts for what had ended until then.
                take.started(begun.starts.drain(..begun_before));
                worker.close(&ended[..ended_before], intake.chains(), take)?;
                ended.drain(..ended_before);
                worker.crew.give_up();
            }
            worker.note_answers(&begun.asking, &begun.answers);
            begun.asking.clear();
            begun.answers.clear();
        }
        begun.flows.clear();
        if ended.len() < ENOUGH_ENDS && begun.starts.len() < STARTS_PER_CALL {
            return Ok(());
        }
        self.hand_on(take)
    }

    /// Hands on what ended and waits, and then what still lives, as [`Worker::drain`] does.
    ///
    /// # Errors
    ///
    /// Those of `take`.
    pub fn drain(&mut self, take: &mut impl TakeEnded) -> Result<(), Error> {
        self.hand_on(take)?;
        self.worker.drain(self.intake.chains(), take)
    }

    fn hand_on(&mut self, take: &mut impl TakeEnded) -> Result<(), Error> {
        let Self { intake, worker, begun, ended, .. } = self;
        take.started(begun.starts.drain(..));
        worker.close(ended, intake.chains(), take)?;
        ended.clear();
        Ok(())
    }

    /// The worker, and all counts.
    pub fn into_worker(self) -> (Worker, Counts) {
        let mut counts = self.worker.counts();
        counts.add(self.intake.counts());
        (self.worker, counts)
    }
}

impl Worker {
    /// A worker that has seen nothing.
    pub fn new(rules: &FlowRules, crew: Crew, numbers: Numbers, watch: Stopwatch) -> Self {
        let bytes_each = FlowTable::BYTES_PER_CONVERSATION + crew.layout().size;
        let most = rules.memory_limit.map(|bytes| (bytes / bytes_each as u64) as usize);
        Self {
            table: FlowTable::new(rules.timeouts.clone(), numbers).limited(most),
            slab: Slab::new(crew.layout().size, crew.layout().align),
            streams: Streams::new(crew.stream_bytes()),
            crew,
            batch: Batch::default(),
            ends: EndLists::default(),
            counts: Counts::default(),
            watch,
        }
    }

    /// Takes packets through table and plugins, a batch after the other, and notes what began and ended.
    pub fn follow(&mut self, share: Share<'_>, begun: &mut Begun, ended: &mut Vec<Ended>) {
        let Share { packets, window, mut clocks, is_far } = share;
        let mut next = 0;
        loop {
            let batch = next..(next + BATCH).min(packets.facts.len());
            next = batch.end;
            // The last batch follows the clock to its end.
            let over = packets.facts.get(next).map_or(u64::MAX, |facts| facts.ordinal);
            let (of_batch, rest) = clocks.split(over);
            clocks = rest;
            self.batch(packets, batch, window, of_batch, is_far, begun);
            self.expire(of_batch, ended);
            if next == packets.facts.len() {
                return;
            }
        }
    }

    /// Takes a batch of packets through table and plugins.
    fn batch(
        &mut self,
        packets: &mut Arrived,
        batch: Range<usize>,
        window: &[u8],
        clocks: ClockSpan<'_>,
        is_far: bool,
        begun: &mut Begun,
    ) {
        self.watch.skip();
        let asked = packets.asked(clocks.ordinals());
        let Arrived { facts, links, clocks, queries } = packets;
        let (facts, clocks) = (&mut facts[batch.clone()], &clocks[batch]);
        let queries = &queries[asked];
        self.assign(Arrivals { packets: facts, window, is_far, links, clocks, queries });
        begun.note(facts, &self.batch.slots, window, clocks);
        begun.answers.extend_from_slice(&self.batch.answers);
        self.measure(facts, window);
    }

    /// Finds the conversation of each packet, and asks for what plugins keep of it.
    fn assign(&mut self, mut arrivals: Arrivals<'_>) {
        let Self { table, slab, crew, batch: Batch { slots, answers, rows, .. }, .. } = self;
        rows.clear();
        table.assign(&mut arrivals, slots, answers, |slot, side| {
            let row = slab.row(slot);
            for part in crew.layout().touched(side) {
                prefetch_row(row.wrapping_add(part.start), part.len());
            }
            rows.push(row);
        });
        self.watch.lap(Stage::of_core("flow table"));
    }

    /// Plugins that failed tell of no conversation any more, not even of one that had ended before.
    pub fn give_up_failing(&mut self) {
        self.crew.give_up();
    }

    /// Gives conversations that began the numbers that they have among those of all workers, and messages the
    /// answers, which stand by ordinal.
    pub fn number(&mut self, begun: &Begun, numbers: &[u64], answers: &[Answer]) {
        for (&(_, slot), &number) in begun.flows.iter().zip(numbers) {
            self.table.number(slot, number);
        }
        self.note_answers(&begun.asking, answers);
    }

    fn note_answers(&mut self, asking: &[(u64, u32, Side)], answers: &[Answer]) {
        for &(ordinal, slot, side) in asking {
            if let Ok(at) = answers.binary_search_by_key(&ordinal, |answer| answer.ordinal) {
                self.table.note_quoted(slot, side, answers[at].conversation);
            }
        }
    }

    /// Finishes what [`follow`](Self::follow) noted as ended, once it has its numbers.
    ///
    /// # Errors
    ///
    /// Those of `take`.
    pub fn close(
        &mut self,
        ended: &[Ended],
        chains: &ChainTexts,
        take: &mut impl TakeEnded,
    ) -> Result<(), Error> {
        self.finish(ended, chains, take)?;
        self.table.release(ended);
        Ok(())
    }

    /// At the end of input: makes the rows of all that still lives, a part at a time, so that a million rows
    /// never stand in memory together.
    ///
    /// # Errors
    ///
    /// Those of `take`.
    pub fn drain(&mut self, chains: &ChainTexts, take: &mut impl TakeEnded) -> Result<(), Error> {
        let mut rest = self.table.drain();
        loop {
            let part: Vec<Ended> = rest.by_ref().take(ENDS_PER_CALL).collect();
            if part.is_empty() {
                return Ok(());
            }
            self.finish(&part, chains, take)?;
        }
    }

    /// Calls the plugins for the packets of the batch, whose slots and rows are known.
    fn measure(&mut self, facts: &[PacketFacts], window: &[u8]) {
        let Batch { slots, rows, fresh_rows, .. } = &mut self.batch;
        fresh_rows.clear();
        fresh_rows.extend(self.table.fresh().iter().map(|&slot| self.slab.row(slot)));
        self.crew.begin(fresh_rows);
        self.watch.lap(Stage::of_core("begin flows"));
        self.streams.follow(facts, slots, window);
        self.watch.lap(Stage::of_core("streams"));
        let (streams, stream_buffer) = (self.streams.facts(), self.streams.buffer());
        self.crew.packets(&Packets { window, facts, rows, streams, stream_buffer }, &mut self.watch);
    }

    /// Appends the conversations that ended in the batch, and asks for what plugins keep of them: for long nobody has
    /// touched it.
    fn expire(&mut self, clocks: ClockSpan<'_>, ended: &mut Vec<Ended>) {
        self.watch.skip();
        let before = ended.len();
        self.table.expire(clocks, ended);
        for ended in &ended[before..] {
            prefetch_row(self.slab.row(ended.slot), self.slab.row_bytes());
        }
        self.watch.lap(Stage::of_core("expire flows"));
    }

    fn finish(
        &mut self,
        ended: &[Ended],
        chains: &ChainTexts,
        take: &mut impl TakeEnded,
    ) -> Result<(), Error> {
        for part in ended.chunks(ENDS_PER_CALL) {
            self.watch.skip();
            self.list_ends(part);
            self.watch.lap(Stage::of_core("end flows"));
            self.counts.conversations += part.len() as u64;
            self.counts.directions += self.ends.facts.len() as u64;
            let EndLists { facts, rows, orders } = &self.ends;
            let of_conversations = self.crew.is_of_conversations();
            let ends = Ends { facts, rows, of_conversations, chains: &Chains(chains) };
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

/// Asks for all cache lines of a row, or of a part of it: each plugin's state is somewhere else in it.
#[inline]
fn prefetch_row(row: *mut u8, bytes: usize) {
    // Plugins may keep nothing there: the line would be another part's.
    if bytes == 0 {
        return;
    }
    let first_line = row as usize % 64;
    let mut line = row.wrapping_sub(first_line);
    for _ in 0..(first_line + bytes).div_ceil(64) {
        prefetch(line);
        line = line.wrapping_add(64);
    }
}

/// The decoder's chains as plugins ask for them.
struct Chains<'a>(&'a ChainTexts);

impl HeaderChains for Chains<'_> {
    fn header_chain(&self, key: u32) -> HeaderChain<'_> {
        let chain = self.0.get(key);
        chain.map_or(HeaderChain { text: "", count: 0 }, |chain| HeaderChain {
            text: chain.text,
            count: chain.count,
        })
    }
}
