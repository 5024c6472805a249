//! The same run on several threads, with the same rows in the same order.
//!
//! What comes in: records, read, decoded, and dealt out by this thread (`deal`): each packet belongs to one worker, by
//! its two hosts, so that workers share nothing. Each worker (`work`) takes its packets through table and plugins,
//! and prints its rows, but for the cells of row plugins, into parcels (`parcel`). One thread
//! (`merge`) puts the rows of all workers in order, has row plugins add their cells, and hands them to the sink.
//!
//! Two things are about all workers. Conversations are numbered in the order in which they began: workers tell
//! each other what began in each chunk of records (`numbering`), and finish the rows of a few chunks a little later, when
//! their numbers are known. And rows have an order, which is worked out from packet ordinals and times alone
//! ([`EndOrder`](crate::flow::EndOrder)), so that merging what each worker gives in order gives the order of all.

mod belt;
mod deal;
mod merge;
mod numbering;
mod parcel;
mod work;

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use crate::error::RunError;
use crate::feed::Feed;
use crate::flow::Numbers;
use crate::pipeline::Done;
use crate::plugins::{Crew, PluginFault};
use crate::profile::Stopwatch;
use crate::rows::RowMaker;
use crate::worker::{FlowRules, Worker};

use belt::belt;
use deal::Dealer;
use merge::Merger;
use numbering::Numbering;
pub(crate) use parcel::Kept;
use parcel::Packer;
use work::Workshop;

/// Bytes of captures in a chunk: enough work that waking a thread for it does not count, few enough that they stay in
/// a cache until all workers have seen them.
const CHUNK: usize = 1 << 19;
/// Chunks of records that may wait for a worker: enough to bridge its slower moments.
const CHUNKS_AHEAD: usize = 4;
/// Parcels that may wait to be merged.
const PARCELS_AHEAD: usize = 12;

/// Deals the records of `feed` to the workers and merges their rows.
///
/// # Errors
///
/// If rows cannot be written.
pub(crate) fn run(
    feed: &mut Feed<'_>,
    crews: Vec<Crew>,
    rules: &FlowRules,
    mut rows: RowMaker,
    kept: Kept,
    is_profiled: bool,
) -> Result<Done, RunError> {
    let format = rows.sink.text().map(|text| text.format());
    let numbering = Numbering::new(crews.len());
    feed.read_chunks_of(CHUNK);
    let kept = Arc::new(kept);
    thread::scope(|scope| {
        let (mut belts, mut streams, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        for (crew, number) in crews.into_iter().zip(0..) {
            let (giver, chunks) = belt(CHUNKS_AHEAD);
            let (out, parcels) = belt(PARCELS_AHEAD);
            let (used, empty) = belt(PARCELS_AHEAD);
            belts.push(giver);
            streams.push((parcels, used));
            let watch = Stopwatch::new(is_profiled);
            let packer = Packer::new(format.clone(), Arc::clone(&kept), (out, empty), watch.clone());
            let numbering = &numbering;
            threads.push(scope.spawn(move || {
                let worker = Worker::new(rules, crew, Numbers::OfAll, watch);
                Workshop::new(worker, number, numbering, packer).run(&chunks)
            }));
        }
        let merger = scope.spawn(|| Merger::new(streams, Arc::clone(&kept), rows).run());
        let (mut counts, mut watch) = Dealer::new(belts, Stopwatch::new(is_profiled)).run(feed);
        let merged = joined(merger.join());
        let mut faults = Vec::new();
        for thread in threads {
            let mut left = joined(thread.join());
            counts.add(&left.counts);
            faults.append(&mut left.faults);
            watch.merge(&left.watch);
        }
        let mut rows = merged?;
        rows.end()?;
        watch.merge(&rows.watch);
        let plugin_counts = rows.counts();
        faults.append(&mut rows.take_faults());
        let faults = first_of_each_plugin(faults);
        let RowMaker { sink, tables, notices, .. } = rows;
        Ok(Done { counts, faults, plugin_counts, sink, tables, notices, watch })
    })
}

/// A plugin may fail with every worker, but is told of once, as with one worker.
fn first_of_each_plugin(mut faults: Vec<PluginFault>) -> Vec<PluginFault> {
    faults.sort_by_key(|fault| fault.fault.reached);
    let mut told = HashSet::new();
    faults.retain(|fault| told.insert(fault.plugin));
    faults
}

/// What a thread returned; its panic goes on here.
fn joined<T>(outcome: thread::Result<T>) -> T {
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
