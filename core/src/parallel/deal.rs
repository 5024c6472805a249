//! Chunks of records, with the worker of each.

use std::num::NonZeroU8;
use std::sync::Arc;

use weir_sdk::{Packet, PacketFacts};

use crate::capture::Record;
use crate::decode::{Decoded, Decoder};
use crate::feed::Feed;
use crate::flow::{FlowKey, Query, SHARDS};
use crate::profile::{Stage, Stopwatch};
use crate::worker::{Share, link_ends};

use super::belt::Giver;

/// Records that all workers see, each of which takes its own.
pub(super) struct Chunk {
    window: Vec<u8>,
    records: Vec<Record>,
    owners: Vec<u8>,
    /// Messages that quote a conversation, and the worker of its hosts.
    quotes: Vec<(u32, u8)>,
    first_ordinal: u64,
}

impl Chunk {
    /// What is a worker's of it.
    pub(super) fn share(&self, owner: u8) -> Share<'_> {
        let Self { window, records, owners, quotes, first_ordinal } = self;
        Share { records, window, first_ordinal: *first_ordinal, owners, owner, quotes }
    }
}

/// Reads and deals out.
pub(super) struct Dealer {
    belts: Vec<Giver<Arc<Chunk>>>,
    workers: NonZeroU8,
    decoder: Decoder,
    watch: Stopwatch,
    /// Chunks that were dealt out, to be used again when all workers have done with them.
    dealt: Vec<Arc<Chunk>>,
}

impl Dealer {
    pub(super) fn new(belts: Vec<Giver<Arc<Chunk>>>, workers: NonZeroU8, watch: Stopwatch) -> Self {
        Self { belts, workers, decoder: Decoder::new(), watch, dealt: Vec::new() }
    }

    /// Deals out all records of `feed`; gives where the time went. Ends early if a worker is gone, which then says
    /// why itself.
    pub(super) fn run(mut self, feed: &mut Feed<'_>) -> Stopwatch {
        let mut first_ordinal = 1;
        loop {
            let mut chunk = self.unused();
            self.watch.skip();
            if !feed.advance(&mut chunk.records) {
                return self.watch;
            }
            self.watch.lap(Stage::of_core("read"));
            feed.exchange(&mut chunk.window);
            chunk.first_ordinal = first_ordinal;
            first_ordinal += chunk.records.len() as u64;
            self.assign(&mut chunk);
            self.watch.lap(Stage::of_core("deal"));
            let chunk = Arc::new(chunk);
            if self.belts.iter().any(|belt| belt.give(Arc::clone(&chunk)).is_err()) {
                return self.watch;
            }
            self.dealt.push(chunk);
        }
    }

    /// A chunk whose memory nobody reads any more.
    fn unused(&mut self) -> Chunk {
        let free = self.dealt.iter().position(|chunk| Arc::strong_count(chunk) == 1);
        let chunk = free.and_then(|at| Arc::into_inner(self.dealt.swap_remove(at)));
        chunk.unwrap_or_else(|| Chunk {
            window: Vec::new(),
            records: Vec::new(),
            owners: Vec::new(),
            quotes: Vec::new(),
            first_ordinal: 0,
        })
    }

    fn assign(&mut self, chunk: &mut Chunk) {
        let Chunk { window, records, owners, quotes, .. } = chunk;
        owners.clear();
        quotes.clear();
        for (record, at) in records.iter().zip(0..) {
            let mut facts = PacketFacts::default();
            if self.decoder.decode(record, window, &mut facts) != Decoded::Flow {
                // Frames that belong to no flow all go to one worker, which counts them.
                owners.push(0);
                continue;
            }
            let packet = Packet::new(&facts, window);
            let own = FlowKey::of(&packet, link_ends(record, window)).key;
            owners.push(self.owner_of(&own));
            if let Some(query) = Query::of(&packet, record.time_ns) {
                quotes.push((at, self.owner_of(&query.key.unwrap_or(own))));
            }
        }
    }

    /// Whole shards belong to a worker, as many as to any other, or one more.
    fn owner_of(&self, key: &FlowKey) -> u8 {
        (usize::from(key.shard()) * usize::from(self.workers.get()) / SHARDS) as u8
    }
}
