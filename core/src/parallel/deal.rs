//! Chunks of packets, with those of each worker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::capture::Record;
use crate::counts::Counts;
use crate::decode::ChainText;
use crate::feed::Feed;
use crate::flow::Clocks;
use crate::intake::{Intake, Packets};
use crate::profile::{Stage, Stopwatch};

use super::belt::Giver;

/// What all workers see, each of which takes its own packets.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) window: Vec<u8>,
    pub(super) clocks: Clocks,
    /// Header chains that were met here first.
    pub(super) chains: Vec<ChainText>,
    shares: Vec<Mutex<Packets>>,
}

impl Chunk {
    /// The packets of a worker, which alone asks for them.
    pub(super) fn share(&self, worker: usize) -> MutexGuard<'_, Packets> {
        self.shares[worker].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads, decodes, and deals out.
pub(super) struct Dealer {
    belts: Vec<Giver<Arc<Chunk>>>,
    intake: Intake,
    records: Vec<Record>,
    watch: Stopwatch,
    /// Header chains that workers know.
    told: usize,
    /// Chunks that were dealt out, to be used again when all workers have done with them.
    dealt: Vec<Arc<Chunk>>,
}

impl Dealer {
    pub(super) fn new(belts: Vec<Giver<Arc<Chunk>>>, watch: Stopwatch) -> Self {
        Self { belts, intake: Intake::default(), records: Vec::new(), watch, told: 0, dealt: Vec::new() }
    }

    /// Deals out all records of `feed`; gives what was counted, and where the time went. Ends early if a worker is
    /// gone, which then says why itself.
    pub(super) fn run(mut self, feed: &mut Feed<'_>) -> (Counts, Stopwatch) {
        self.deal_all(feed);
        (self.intake.counts().clone(), self.watch)
    }

    fn deal_all(&mut self, feed: &mut Feed<'_>) {
        loop {
            let mut chunk = self.unused();
            self.watch.skip();
            if !feed.advance(&mut self.records) {
                return;
            }
            self.watch.lap(Stage::of_core("read"));
            feed.exchange(&mut chunk.window);
            self.fill(&mut chunk);
            self.watch.lap(Stage::of_core("decode"));
            let chunk = Arc::new(chunk);
            if self.belts.iter().any(|belt| belt.give(Arc::clone(&chunk)).is_err()) {
                return;
            }
            self.dealt.push(chunk);
        }
    }

    /// A chunk whose memory nobody reads any more.
    fn unused(&mut self) -> Chunk {
        let free = self.dealt.iter().position(|chunk| Arc::strong_count(chunk) == 1);
        let chunk = free.and_then(|at| Arc::into_inner(self.dealt.swap_remove(at)));
        chunk.unwrap_or_else(|| Chunk {
            shares: self.belts.iter().map(|_| Mutex::default()).collect(),
            ..Chunk::default()
        })
    }

    fn fill(&mut self, chunk: &mut Chunk) {
        let Chunk { window, clocks, chains, shares } = chunk;
        let shares = shares.iter_mut().map(|share| share.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.intake.deal(&self.records, window, &mut shares.collect::<Vec<_>>(), clocks);
        let known = self.intake.chains();
        chains.clear();
        chains.extend_from_slice(known.since(self.told));
        self.told = known.len();
    }
}
