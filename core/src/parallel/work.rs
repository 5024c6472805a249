//! One worker on a thread of its own: chunks in, parcels of finished rows out.

use std::collections::VecDeque;

use crate::counts::Counts;
use crate::decode::ChainTexts;
use crate::flow::Ended;
use crate::intake::Dealt;
use crate::plugins::PluginFault;
use crate::profile::Stopwatch;
use crate::worker::{Begun, Share, Worker};

use super::belt::Found;
use super::deal::Chunk;
use super::floor::{Floor, Stopped};
use super::numbering::Told;
use super::parcel::Packer;

/// Chunks that may be finished later than they were read, while other workers come up.
pub(super) const LAG: usize = 8;

/// Chunks of a round, whose rows are made and merged together: of the few conversations that end in one chunk, the calls that
/// make rows of them would cost more than the rows (`docs/performance.md`).
const ROUND: u64 = 4;

/// A worker and what it needs of the others.
pub(super) struct Workshop<'f, 'p> {
    worker: Worker,
    number: usize,
    floor: &'f Floor<'p>,
    packer: Packer<'f, 'p>,
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

impl<'f, 'p> Workshop<'f, 'p> {
    pub(super) fn new(worker: Worker, number: usize, floor: &'f Floor<'p>, packer: Packer<'f, 'p>) -> Self {
        Self {
            worker,
            number,
            floor,
            packer,
            chains: ChainTexts::default(),
            pending: VecDeque::new(),
            spare: Vec::new(),
            ended: Vec::new(),
            numbered: 0,
        }
    }

    /// Works until there is nothing left to do, or somebody has failed.
    pub(super) fn run(mut self) -> Leavings {
        if self.work().is_err() {
            self.floor.stop();
        }
        let mut watch = self.worker.watch().clone();
        watch.merge(self.packer.watch());
        Leavings { counts: self.worker.counts(), faults: self.worker.take_faults(), watch }
    }

    fn work(&mut self) -> Result<(), Stopped> {
        while !self.is_at_end() {
            let heard = self.floor.heard()?;
            if !self.step()? {
                self.floor.wait(heard);
            }
        }
        self.finish()?;
        self.worker.drain(&self.chains, &mut self.packer).map_err(|_| Stopped)?;
        self.packer.end_round()?;
        self.floor.end(self.number)
    }

    /// Does what is most urgent: what others wait for first. False if there is nothing to do.
    fn step(&mut self) -> Result<bool, Stopped> {
        Ok(self.number_oldest()?
            || self.floor.merge()?
            || self.floor.is_running_out(self.number) && self.floor.deal(self.number)
            || self.follow_next()
            || self.floor.deal(self.number)
            || self.floor.help())
    }

    /// No chunk will come any more, and all that came have their numbers.
    fn is_at_end(&self) -> bool {
        self.pending.is_empty() && self.floor.has_no_more_chunks(self.number)
    }

    /// Follows the packets of the next chunk, if there is one and others are not too far behind.
    fn follow_next(&mut self) -> bool {
        if self.pending.len() > LAG {
            return false;
        }
        let Found::Thing(chunk) = self.floor.next_chunk(self.number) else { return false };
        self.follow(&chunk);
        true
    }

    fn follow(&mut self, chunk: &Chunk) {
        let mut pending = self.spare.pop().unwrap_or_default();
        let Dealt { packets, bytes } = &mut *chunk.share(self.number);
        let share = Share { packets, window: chunk.window(bytes), clocks: chunk.clocks.all(), is_far: true };
        self.worker.follow(share, &mut pending.begun, &mut pending.ended);
        self.worker.give_up_failing();
        self.chains.extend(&chunk.chains);
        let begun = pending.begun.flows.iter().map(|&(ordinal, _)| ordinal).collect();
        let told = Told { begun, answers: std::mem::take(&mut pending.begun.answers) };
        let chunk = self.numbered + self.pending.len() as u64;
        self.pending.push_back(pending);
        if self.floor.numbering.tell(self.number, chunk, told) {
            self.floor.tell();
        }
    }

    /// Takes the numbers of the oldest chunk that waits for them, and finishes it with those before once they are enough;
    /// false if they are not known yet.
    fn number_oldest(&mut self) -> Result<bool, Stopped> {
        let Some(learned) = self.floor.numbering.take(self.number, self.numbered) else { return Ok(false) };
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
