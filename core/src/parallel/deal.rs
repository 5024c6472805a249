//! Chunks of packets, with those of each worker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::capture::Record;
use crate::counts::Counts;
use crate::decode::ChainText;
use crate::feed::Feed;
use crate::flow::Clocks;
use crate::intake::{Intake, Packets};
use crate::profile::{Stage, Stopwatch};

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
pub(super) struct Dealer<'p> {
    feed: Feed<'p>,
    workers: usize,
    intake: Intake,
    records: Vec<Record>,
    watch: Stopwatch,
    /// Header chains that workers know.
    told: usize,
    /// Chunks that were dealt out, to be used again when all workers have done with them.
    dealt: Vec<Arc<Chunk>>,
}

impl<'p> Dealer<'p> {
    pub(super) fn new(feed: Feed<'p>, workers: usize, watch: Stopwatch) -> Self {
        Self {
            feed,
            workers,
            intake: Intake::default(),
            records: Vec::new(),
            watch,
            told: 0,
            dealt: Vec::new(),
        }
    }

    /// The next chunk; none at the end of the input.
    pub(super) fn deal(&mut self) -> Option<Arc<Chunk>> {
        let mut chunk = self.unused();
        self.watch.skip();
        if !self.feed.advance(&mut self.records) {
            return None;
        }
        self.watch.lap(Stage::of_core("read"));
        self.feed.exchange(&mut chunk.window);
        self.fill(&mut chunk);
        self.watch.lap(Stage::of_core("decode"));
        let chunk = Arc::new(chunk);
        self.dealt.push(Arc::clone(&chunk));
        Some(chunk)
    }

    /// What was read, what was counted, and where the time went.
    pub(super) fn into_parts(self) -> (Feed<'p>, Counts, Stopwatch) {
        (self.feed, self.intake.counts().clone(), self.watch)
    }

    /// A chunk whose memory nobody reads any more.
    fn unused(&mut self) -> Chunk {
        let free = self.dealt.iter().rposition(|chunk| Arc::strong_count(chunk) == 1);
        let chunk = free.and_then(|at| Arc::into_inner(self.dealt.swap_remove(at)));
        chunk.unwrap_or_else(|| Chunk {
            shares: (0..self.workers).map(|_| Mutex::default()).collect(),
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
