//! One worker: decode a batch, find its flows, call the plugins, print what ended.
//!
//! What comes in: records in the order of the input. What goes out: rows as bytes, and the counts by which
//! every packet is accounted for. This is the data path; read it from [`Worker::packets`] down.

use weir_sdk::abi::{Ends, Packets};
use weir_sdk::plugin::{EndFacts, HeaderChain, HeaderChains};
use weir_sdk::{Packet, PacketFacts, Start, flag};

use crate::capture::Record;
use crate::counts::Counts;
use crate::decode::{Decoded, Decoder, link_direction};
use crate::flow::{Clocks, Ended, FlowTable, LinkEnds, Slab, Timeouts};
use crate::plugins::{Crew, Events, PluginFault};
use crate::prefetch::prefetch;
use crate::sink::{Finished, RowFormat};

/// Packets that go through the stages together: enough to hide memory behind work, few enough that their
/// facts and states stay in the first caches (`docs/performance.md` has the figures).
pub const BATCH: usize = 128;

/// Conversations whose rows are made together.
const ENDS_PER_CALL: usize = 256;

/// Directions that begin before row plugins are told of them without a row.
const STARTS_PER_CALL: usize = 1024;

/// One worker with everything it needs; workers share nothing.
pub struct Worker {
    decoder: Decoder,
    table: FlowTable,
    slab: Slab,
    crew: Crew,
    format: Box<dyn RowFormat>,
    clocks: Clocks,
    batch: Batch,
    rows: Rows,
    /// Directions that began and that row plugins have not heard of.
    starts: Vec<Start>,
    counts: Counts,
}

/// The packets of a batch that belong to flows, as parallel lists that are used again for each batch.
#[derive(Default)]
struct Batch {
    facts: Vec<PacketFacts>,
    links: Vec<LinkEnds>,
    clocks: Vec<i64>,
    slots: Vec<u32>,
    rows: Vec<*mut u8>,
    fresh_rows: Vec<*mut u8>,
}

/// Rows that are printed but not yet written.
#[derive(Default)]
pub struct Rows {
    /// Whole rows.
    pub bytes: Vec<u8>,
    /// How many.
    pub count: u64,
}

impl Worker {
    /// A worker that has seen nothing.
    pub fn new(timeouts: Timeouts, crew: Crew, format: Box<dyn RowFormat>) -> Self {
        Self {
            decoder: Decoder::new(),
            table: FlowTable::new(timeouts),
            slab: Slab::new(crew.row_size(), crew.row_align()),
            crew,
            format,
            clocks: Clocks::default(),
            batch: Batch::default(),
            rows: Rows::default(),
            starts: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Takes records; the window is what their `start` counts in.
    pub fn packets(&mut self, records: &[Record], window: &[u8]) {
        for records in records.chunks(BATCH) {
            self.decode(records, window);
            self.table.assign(
                &mut self.batch.facts,
                window,
                &self.batch.links,
                &self.batch.clocks,
                &mut self.batch.slots,
            );
            self.measure(window);
            self.note_starts(window);
            let ended = self.table.expire(&self.clocks);
            self.finish(&ended);
            self.tell_starts();
            self.table.release(&ended);
        }
    }

    /// At the end of input: makes the rows of all that still lives, and has them written a part at a time,
    /// so that a million rows never stand in memory together.
    ///
    /// # Errors
    ///
    /// Whatever `write` returns; the rest is not written then.
    pub fn drain<E>(&mut self, mut write: impl FnMut(&mut Rows) -> Result<(), E>) -> Result<(), E> {
        for part in self.table.drain().chunks(ENDS_PER_CALL) {
            self.finish(part);
            write(&mut self.rows)?;
        }
        Ok(())
    }

    fn decode(&mut self, records: &[Record], window: &[u8]) {
        let Batch { facts, links, clocks, .. } = &mut self.batch;
        facts.clear();
        links.clear();
        clocks.clear();
        self.clocks.begin(self.counts.read + 1);
        for record in records {
            self.counts.read(record);
            let clock = self.clocks.tick(record.time_ns);
            let mut packet = PacketFacts::default();
            match self.decoder.decode(record, window, &mut packet) {
                Decoded::Flow => {
                    packet.ordinal = self.counts.read;
                    links.push(link_ends(record, window));
                    clocks.push(clock);
                    facts.push(packet);
                }
                Decoded::NoFlow(reason) => self.counts.no_flow(reason, record),
            }
        }
        self.counts.in_flows += facts.len() as u64;
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
        self.crew.packets(&Packets { window, facts, rows });
    }

    /// Row plugins hear of directions that begin in the order of packets, between the rows that end.
    fn note_starts(&mut self, window: &[u8]) {
        if !self.crew.reads_rows() {
            return;
        }
        let begun = self.batch.facts.iter().filter(|facts| facts.has(flag::STARTS_DIRECTION));
        self.starts.extend(begun.map(|facts| Start::of(&Packet::new(facts, window))));
    }

    /// What began after the last row that ended; told now and then, so that it does not pile up.
    fn tell_starts(&mut self) {
        if self.starts.len() > STARTS_PER_CALL {
            self.crew.starts(&self.starts);
            self.starts.clear();
        }
    }

    fn finish(&mut self, ended: &[Ended]) {
        for chunk in ended.chunks(ENDS_PER_CALL) {
            for ended in chunk {
                self.table.prefetch(ended.slot);
                prefetch_row(self.slab.row(ended.slot), self.slab.row_bytes());
            }
            let mut facts: Vec<EndFacts> = Vec::with_capacity(2 * chunk.len());
            let mut rows = Vec::with_capacity(2 * chunk.len());
            let mut noticed = Vec::with_capacity(2 * chunk.len());
            for ended in chunk {
                let row = self.slab.row(ended.slot);
                for end in self.table.conversation(ended.slot).end_facts() {
                    facts.push(end);
                    rows.push(row);
                    noticed.push(ended.noticed);
                }
            }
            self.counts.conversations += chunk.len() as u64;
            self.counts.directions += facts.len() as u64;
            let ends = Ends { facts: &facts, rows: &rows, chains: &Chains(&self.decoder) };
            let last = noticed.last().copied().unwrap_or_default();
            let begun = self.starts.partition_point(|start| start.ordinal < last);
            let events = Events { starts: &self.starts[..begun], noticed: &noticed };
            let finished = Finished { cells: self.crew.finish(&ends, &events), ends: &facts };
            self.rows.count += self.format.rows(&finished, &mut self.rows.bytes);
            self.starts.drain(..begun);
        }
    }

    /// The rows printed since they were last taken; the caller clears them.
    pub fn rows(&mut self) -> &mut Rows {
        &mut self.rows
    }

    /// Plugins that failed since this was last asked.
    pub fn take_faults(&mut self) -> Vec<PluginFault> {
        self.crew.take_faults()
    }

    /// What was counted so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
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

#[inline]
fn link_ends(record: &Record, window: &[u8]) -> LinkEnds {
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
