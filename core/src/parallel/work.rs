//! One worker on a thread of its own: chunks in, parcels of finished rows out.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::counts::Counts;
use crate::decode::ChainTexts;
use crate::flow::Ended;
use crate::plugins::PluginFault;
use crate::profile::Stopwatch;
use crate::worker::{Begun, Share, Worker};

use super::belt::Taker;
use super::deal::Chunk;
use super::numbering::{Numbering, Stopped, Told};
use super::parcel::Packer;

/// Chunks that may be finished later than they were read, while other workers come up.
pub(super) const LAG: usize = 4;

/// Chunks of a round, whose rows are made and merged together: of the few conversations that end in one chunk, the calls that
/// make rows of them would cost more than the rows (`docs/performance.md`).
const ROUND: u64 = 4;

/// A worker and what it needs of the others.
pub(super) struct Workshop<'n> {
    worker: Worker,
    number: u8,
    numbering: &'n Numbering,
    packer: Packer,
    /// Header chains that were met so far.
    chains: ChainTexts,
    /// Chunks whose conversations have no numbers yet, oldest first.
    pending: VecDeque<Pending>,
    /// Lists of chunks that have their numbers, to be filled again.
    spare: Vec<Pending>,
    /// What ended in those chunks of the round that have their numbers.
    ended: Vec<Ended>,
    /// Chunks numbered so far.
    numbered: u64,
}

/// What a chunk left to do.
#[derive(Default)]
struct Pending {
    begun: Begun,
    ended: Vec<Ended>,
}

/// What a worker leaves when it has ended.
pub(super) struct Leavings {
    pub(super) counts: Counts,
    pub(super) faults: Vec<PluginFault>,
    pub(super) watch: Stopwatch,
}

impl<'n> Workshop<'n> {
    pub(super) fn new(worker: Worker, number: u8, numbering: &'n Numbering, packer: Packer) -> Self {
        Self {
            worker,
            number,
            numbering,
            packer,
            chains: ChainTexts::default(),
            pending: VecDeque::new(),
            spare: Vec::new(),
            ended: Vec::new(),
            numbered: 0,
        }
    }

    /// Works until there are no more chunks, or nobody takes the rows any more; why, the merger knows.
    pub(super) fn run(mut self, chunks: &Taker<Arc<Chunk>>) -> Leavings {
        if self.work(chunks).is_err() {
            self.numbering.stop();
        }
        let mut watch = self.worker.watch().clone();
        watch.merge(self.packer.watch());
        Leavings { counts: self.worker.counts(), faults: self.worker.take_faults(), watch }
    }

    fn work(&mut self, chunks: &Taker<Arc<Chunk>>) -> Result<(), Stopped> {
        while let Ok(chunk) = chunks.take() {
            self.follow(&chunk);
            drop(chunk);
            while !self.pending.is_empty() && self.number_oldest(self.pending.len() > LAG)? {}
        }
        while !self.pending.is_empty() {
            self.number_oldest(true)?;
        }
        self.finish()?;
        self.worker.drain(&self.chains, &mut self.packer).map_err(|_| Stopped)?;
        self.packer.end_round()
    }

    fn follow(&mut self, chunk: &Chunk) {
        let mut pending = self.spare.pop().unwrap_or_default();
        let packets = &mut *chunk.share(self.number.into());
        let share = Share { packets, window: &chunk.window, clocks: chunk.clocks.all(), is_far: true };
        self.worker.follow(share, &mut pending.begun, &mut pending.ended);
        self.worker.give_up_failing();
        self.chains.extend(&chunk.chains);
        let begun = pending.begun.flows.iter().map(|&(ordinal, _)| ordinal).collect();
        let told = Told { begun, answers: std::mem::take(&mut pending.begun.answers) };
        self.numbering.tell(self.number.into(), self.numbered + self.pending.len() as u64, told);
        self.pending.push_back(pending);
    }

    /// Takes the numbers of the oldest chunk that waits for them, and finishes it with those before once they are enough;
    /// false if they are not known yet and it need not wait for them.
    fn number_oldest(&mut self, must_wait: bool) -> Result<bool, Stopped> {
        let (worker, chunk) = (self.number.into(), self.numbered);
        let learned = if must_wait {
            self.numbering.take(worker, chunk)?
        } else if let Some(learned) = self.numbering.try_take(worker, chunk) {
            learned
        } else {
            return Ok(false);
        };
        let Some(mut oldest) = self.pending.pop_front() else { return Ok(false) };
        self.numbered += 1;
        self.worker.number(&oldest.begun, &learned.numbers, &learned.answers);
        self.packer.starts(&mut oldest.begun.starts);
        self.ended.append(&mut oldest.ended);
        oldest.begun.clear();
        self.spare.push(oldest);
        // The same chunks for all workers, however far each of them is.
        if self.numbered.is_multiple_of(ROUND) {
            self.finish()?;
        }
        Ok(true)
    }

    /// Finishes the rows of all chunks that have their numbers.
    fn finish(&mut self) -> Result<(), Stopped> {
        self.worker.close(&self.ended, &self.chains, &mut self.packer).map_err(|_| Stopped)?;
        self.ended.clear();
        self.packer.end_round()
    }
}

/// A panic of this thread must not leave others waiting.
impl Drop for Workshop<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.numbering.stop();
        }
    }
}
