//! Chunks of packets, with those of each worker.
//!
//! Where plugins read payload, all workers read it where it was read from the capture. Else each gets the bytes of its own
//! packets' headers, and the memory that was read into stays with the thread that read, in whose cache it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_sdk::Reads;

use crate::capture::Record;
use crate::counts::Counts;
use crate::decode::ChainText;
use crate::feed::Feed;
use crate::flow::Clocks;
use crate::intake::{Dealt, Intake};
use crate::profile::{Stage, Stopwatch};

/// What all workers see, each of which takes its own packets.
#[derive(Default)]
pub(super) struct Chunk {
    /// Empty where each share has bytes of its own.
    window: Vec<u8>,
    pub(super) clocks: Clocks,
    /// Header chains that were met here first.
    pub(super) chains: Vec<ChainText>,
    shares: Vec<Mutex<Dealt>>,
}

impl Chunk {
    /// The packets of a worker, which alone asks for them.
    pub(super) fn share(&self, worker: usize) -> MutexGuard<'_, Dealt> {
        self.shares[worker].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the packets of a share point into, if they have these bytes of their own.
    pub(super) fn window<'a>(&'a self, own: &'a [u8]) -> &'a [u8] {
        if self.window.is_empty() { own } else { &self.window }
    }
}

/// Reads, decodes, and deals out.
pub(super) struct Dealer<'p> {
    feed: Feed<'p>,
    /// What is read of packets.
    reads: Reads,
    /// Where each thread reads into, but for the one that read last: its memory is the reader's.
    windows: Vec<Vec<u8>>,
    last: usize,
    intake: Intake,
    records: Vec<Record>,
    watch: Stopwatch,
    /// Header chains that workers know.
    told: usize,
    /// Chunks that were dealt out, to be used again when all workers have done with them.
    dealt: Vec<Arc<Chunk>>,
}

impl<'p> Dealer<'p> {
    pub(super) fn new(feed: Feed<'p>, workers: usize, reads: Reads, watch: Stopwatch) -> Self {
        Self {
            feed,
            reads,
            windows: vec![Vec::new(); workers],
            last: 0,
            intake: Intake::default(),
            records: Vec::new(),
            watch,
            told: 0,
            dealt: Vec::new(),
        }
    }

    /// The next chunk, dealt by the thread of a worker; none at the end of the input.
    pub(super) fn deal(&mut self, worker: usize) -> Option<Arc<Chunk>> {
        let mut chunk = self.unused();
        self.watch.skip();
        if !self.reads.payload() {
            self.read_into_window_of(worker);
        }
        if !self.feed.advance(&mut self.records) {
            return None;
        }
        self.watch.lap(Stage::of_core("read"));
        if self.reads.payload() {
            self.feed.exchange(&mut chunk.window);
        }
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

    /// Has the reader go on in the memory of this worker's thread.
    fn read_into_window_of(&mut self, worker: usize) {
        if self.last != worker {
            self.feed.exchange(&mut self.windows[worker]);
            self.windows.swap(self.last, worker);
            self.last = worker;
        }
    }

    /// A chunk whose memory nobody reads any more.
    fn unused(&mut self) -> Chunk {
        let free = self.dealt.iter().rposition(|chunk| Arc::strong_count(chunk) == 1);
        let chunk = free.and_then(|at| Arc::into_inner(self.dealt.swap_remove(at)));
        chunk.unwrap_or_else(|| Chunk {
            shares: self.windows.iter().map(|_| Mutex::default()).collect(),
            ..Chunk::default()
        })
    }

    fn fill(&mut self, chunk: &mut Chunk) {
        let Chunk { window, clocks, chains, shares } = chunk;
        let shares = shares.iter_mut().map(|share| share.get_mut().unwrap_or_else(PoisonError::into_inner));
        let window = if self.reads.payload() { window } else { self.feed.window() };
        self.intake.deal(&self.records, window, &mut shares.collect::<Vec<_>>(), clocks, self.reads);
        let known = self.intake.chains();
        chains.clear();
        chains.extend_from_slice(known.since(self.told));
        self.told = known.len();
    }
}
