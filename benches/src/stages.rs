//! The stages of the data path, each on top of the one before, as the worker goes through them.

use std::path::Path;

use weir::capture::{Reader, Record};
use weir::decode::{Decoded, Decoder};
use weir::flow::{Arrivals, Clocks, FlowTable, Numbers, Timeouts};
use weir::worker::BATCH;
use weir_sdk::PacketFacts;

/// Records that the reader hands on at once, as in a run.
const RECORDS: usize = 4096;

/// Hands all records of a capture on, in batches.
///
/// # Panics
///
/// If the capture cannot be read.
pub fn read(capture: &Path, mut take: impl FnMut(&[Record], &[u8])) {
    let mut reader = Reader::open(capture).expect("the capture was just written");
    let mut records = Vec::with_capacity(RECORDS);
    loop {
        let window = reader.next_batch(&mut records, RECORDS).expect("the capture is whole");
        if records.is_empty() {
            return;
        }
        take(&records, window);
    }
}

/// Records → packets and captured bytes.
pub fn records(capture: &Path) -> (u64, u64) {
    let (mut packets, mut bytes) = (0, 0);
    read(capture, |records, _| {
        packets += records.len() as u64;
        bytes += records.iter().map(|record| u64::from(record.captured_len)).sum::<u64>();
    });
    (packets, bytes)
}

/// What a decoder found: packets of flows, and the sum of their ports and header offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decodes {
    /// Packets that belong to flows.
    pub packets: u64,
    /// Ports and payload offsets, added up.
    pub sum: u64,
}

/// Records → decoded packets.
pub fn decode(capture: &Path) -> Decodes {
    let mut decoder = Decoder::new();
    let mut found = Decodes::default();
    read(capture, |records, window| {
        for record in records {
            let mut facts = PacketFacts::default();
            if decoder.decode(record, window, &mut facts) == Decoded::Flow {
                found.packets += 1;
                found.sum += u64::from(facts.src_port) + u64::from(facts.dst_port);
                found.sum += u64::from(facts.payload_offset);
            }
        }
    });
    found
}

/// What the table found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// Packets that were given a slot.
    pub packets: u64,
    /// Conversations.
    pub conversations: u64,
    /// Conversations alive at the end of the capture.
    pub live: u64,
}

/// Records → decoded packets → slots.
pub fn assign(capture: &Path) -> Assigned {
    let mut stages = Stages::new();
    read(capture, |records, window| {
        records.chunks(BATCH).for_each(|records| stages.batch(records, window));
    });
    let live = stages.table.live() as u64;
    Assigned { packets: stages.packets, conversations: stages.table.created(), live }
}

/// Decoder and table with the lists between them.
struct Stages {
    decoder: Decoder,
    table: FlowTable,
    clocks: Clocks,
    facts: Vec<PacketFacts>,
    ticks: Vec<i64>,
    slots: Vec<u32>,
    read: u64,
    packets: u64,
}

impl Stages {
    fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            table: FlowTable::new(Timeouts::default(), Numbers::Own),
            clocks: Clocks::default(),
            facts: Vec::new(),
            ticks: Vec::new(),
            slots: Vec::new(),
            read: 0,
            packets: 0,
        }
    }

    fn batch(&mut self, records: &[Record], window: &[u8]) {
        self.decode(records, window);
        let Self { facts, ticks, .. } = self;
        // The captures of the benches have addresses everywhere.
        let mut arrivals =
            Arrivals { packets: facts, window, links: &[], clocks: ticks, queries: &[], is_far: false };
        self.table.assign(&mut arrivals, &mut self.slots, &mut Vec::new(), |_, _| ());
        self.packets += self.slots.len() as u64;
        let mut ended = Vec::new();
        self.table.expire(self.clocks.all(), &mut ended);
        self.table.release(&ended);
    }

    fn decode(&mut self, records: &[Record], window: &[u8]) {
        self.facts.clear();
        self.ticks.clear();
        self.clocks.begin(self.read + 1, self.clocks.all().now());
        for record in records {
            self.read += 1;
            let tick = self.clocks.tick(record.time_ns);
            let mut facts = PacketFacts::default();
            if self.decoder.decode(record, window, &mut facts) == Decoded::Flow {
                facts.ordinal = self.read;
                self.ticks.push(tick);
                self.facts.push(facts);
            }
        }
    }
}
