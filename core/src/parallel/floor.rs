//! What the threads of a run share, and the work that is nobody's own.
//!
//! There is one thread for each worker, and no other: whoever finds the belts running empty deals the next chunk, and
//! whoever finds rows of all workers merges them. So all processors have something to do until the end, no thread waits for
//! another one to get a processor, and a worker with fewer packets than others deals and merges more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_sdk::Reads;

use crate::error::RunError;
use crate::feed::Feed;
use crate::profile::Stopwatch;
use crate::rows::RowMaker;

use super::belt::{Belt, Found};
use super::board::Board;
use super::deal::{Chunk, Dealer};
use super::merge::{Merger, Parcels};
use super::numbering::Numbering;
use super::parcel::{Kept, Parcel};

/// Chunks that may wait for a worker: enough to bridge its slower moments, few enough that they are still in a cache.
const CHUNKS_AHEAD: usize = 8;
/// A thread deals before it takes the last chunks that wait for it, so that others do not run out of them.
const RUNNING_OUT: usize = 2;
/// Parcels that may wait to be merged.
const PARCELS_AHEAD: usize = 12;

/// Another thread has failed, so that what is left need not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// Everything of which there is one for all threads.
pub(super) struct Floor<'p> {
    dealer: Mutex<Dealer<'p>>,
    merger: Mutex<Merger>,
    pub(super) numbering: Numbering,
    chunks: Vec<Belt<Arc<Chunk>>>,
    parcels: Arc<[Parcels]>,
    board: Arc<Board>,
    /// All rows are merged.
    is_merged: AtomicBool,
    is_stopped: AtomicBool,
    error: Mutex<Option<RunError>>,
}

impl<'p> Floor<'p> {
    pub(super) fn new(
        feed: Feed<'p>,
        (workers, reads): (usize, Reads),
        kept: &Arc<Kept>,
        mut rows: RowMaker,
        watch: Stopwatch,
    ) -> Self {
        let board = rows.sink.columns().and_then(|columns| columns.board());
        let parcels: Arc<[Parcels]> = (0..workers).map(|_| Parcels::default()).collect();
        Self {
            dealer: Mutex::new(Dealer::new(feed, workers, reads, watch)),
            merger: Mutex::new(Merger::new(Arc::clone(&parcels), Arc::clone(kept), rows)),
            numbering: Numbering::new(workers),
            chunks: (0..workers).map(|_| Belt::default()).collect(),
            parcels,
            board: board.unwrap_or_default(),
            is_merged: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
            error: Mutex::default(),
        }
    }

    /// The next chunk for a worker.
    pub(super) fn next_chunk(&self, worker: usize) -> Found<Arc<Chunk>> {
        let belt = &self.chunks[worker];
        let was_full = belt.len() >= CHUNKS_AHEAD;
        let found = belt.take();
        if was_full {
            self.tell();
        }
        found
    }

    /// Whether no chunk waits for a worker, and none will.
    pub(super) fn has_no_more_chunks(&self, worker: usize) -> bool {
        self.chunks[worker].is_at_end()
    }

    /// Whether a worker will soon have no chunks.
    pub(super) fn is_running_out(&self, worker: usize) -> bool {
        self.chunks[worker].len() < RUNNING_OUT
    }

    /// How often something was done, to be asked before one looks for work.
    pub(super) fn heard(&self) -> Result<u64, Stopped> {
        if self.is_stopped() { Err(Stopped) } else { Ok(self.board.bell().rings()) }
    }

    /// Waits until more was done than one has `heard` of.
    pub(super) fn wait(&self, heard: u64) {
        self.board.bell().wait(heard);
    }

    /// Something was done for which others may wait.
    pub(super) fn tell(&self) {
        self.board.bell().ring();
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    /// Nobody shall wait for anything any more.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.tell();
    }

    /// Deals the next chunk on the thread of a worker, or says that there is none, if nobody else does and there is room
    /// for it everywhere; whether it did.
    pub(super) fn deal(&self, worker: usize) -> bool {
        let Ok(mut dealer) = self.dealer.try_lock() else { return false };
        if self.chunks.iter().any(|belt| belt.is_over() || belt.len() >= CHUNKS_AHEAD) {
            return false;
        }
        match dealer.deal(worker) {
            Some(chunk) => self.chunks.iter().for_each(|belt| belt.put(Arc::clone(&chunk))),
            None => self.chunks.iter().for_each(Belt::end),
        }
        drop(dealer);
        self.tell();
        true
    }

    /// Merges what there is, if nobody else does; whether that was anything.
    pub(super) fn merge(&self) -> Result<bool, Stopped> {
        let Ok(mut merger) = self.merger.try_lock() else { return Ok(false) };
        if self.is_stopped() || !merger.has_work() {
            return Ok(false);
        }
        let outcome = merger.advance();
        if let Err(error) = outcome {
            // Before another thread merges, which would fail for this reason.
            *lock(&self.error) = Some(error);
            self.stop();
            return Err(Stopped);
        }
        self.is_merged.store(merger.is_over(), Ordering::SeqCst);
        drop(merger);
        self.tell();
        Ok(true)
    }

    /// Takes a part of what another thread does, where that has parts; whether there was one.
    pub(super) fn help(&self) -> bool {
        self.board.help()
    }

    /// Hands on a parcel of a worker; merges, or waits until others have, if too many wait. Gives one back that is to
    /// be filled again, if there is any.
    pub(super) fn send(&self, worker: usize, parcel: Parcel) -> Result<Option<Parcel>, Stopped> {
        let Parcels { full, used } = &self.parcels[worker];
        full.put(parcel);
        self.tell();
        loop {
            let heard = self.heard()?;
            if full.len() < PARCELS_AHEAD {
                return Ok(used.take().thing());
            }
            if !self.merge()? && !self.help() {
                self.wait(heard);
            }
        }
    }

    /// A worker has handed on everything. Merges until all have.
    pub(super) fn end(&self, worker: usize) -> Result<(), Stopped> {
        self.parcels[worker].full.end();
        self.tell();
        loop {
            let heard = self.heard()?;
            if self.is_merged.load(Ordering::SeqCst) {
                return Ok(());
            }
            if !self.merge()? && !self.help() {
                self.wait(heard);
            }
        }
    }

    /// What is left when all threads have ended.
    pub(super) fn into_parts(self) -> Result<(Dealer<'p>, RowMaker), RunError> {
        let error = self.error.into_inner().unwrap_or_else(PoisonError::into_inner);
        let dealer = self.dealer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let merger = self.merger.into_inner().unwrap_or_else(PoisonError::into_inner);
        error.map_or_else(|| Ok((dealer, merger.into_rows())), Err)
    }
}

/// A panic of its thread leaves nobody waiting.
pub(super) struct StopsOnPanic<'f, 'p>(pub(super) &'f Floor<'p>);

impl Drop for StopsOnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
