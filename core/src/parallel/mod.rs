//! The same run on several threads, with the same rows in the same order.
//!
//! What comes in: records, read, decoded, and dealt out in chunks (`deal`): each packet belongs to one worker, by
//! its two hosts, so that workers share nothing. Each worker (`work`) takes its packets through table and plugins,
//! and prints its rows, but for the cells of row plugins, into parcels (`parcel`). What all of them made is put in order
//! (`merge`): row plugins add their cells, and the sink takes the rows. There is a thread for each worker; dealing and
//! merging fall to whichever of them comes to it (`floor`).
//!
//! Two things are about all workers. Conversations are numbered in the order in which they began: workers tell
//! each other what began in each chunk of records (`numbering`), and finish the rows of a few chunks a little later, when
//! their numbers are known. And rows have an order, which is worked out from packet ordinals and times alone
//! ([`EndOrder`](crate::flow::EndOrder)), so that merging what each worker gives in order gives the order of all.

mod bell;
mod belt;
mod board;
mod deal;
mod floor;
mod merge;
mod numbering;
mod parcel;
mod work;

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use weir_sdk::Reads;

use crate::error::RunError;
use crate::feed::Feed;
use crate::flow::Numbers;
use crate::pipeline::Done;
use crate::plugins::{Crew, PluginFault};
use crate::profile::Stopwatch;
use crate::rows::RowMaker;
use crate::worker::{FlowRules, Worker};

pub(crate) use board::{Board, Parts};
use floor::{Floor, StopsOnPanic};
pub(crate) use parcel::Kept;
use parcel::Packer;
use work::Workshop;

/// Deals the records of `feed` to the workers and merges their rows.
///
/// # Errors
///
/// If rows cannot be written.
pub(crate) fn run<'p>(
    feed: Feed<'p>,
    crews: Vec<Crew>,
    rules: &FlowRules,
    mut rows: RowMaker,
    kept: Kept,
    is_profiled: bool,
) -> Result<(Done, Feed<'p>), RunError> {
    let format = rows.sink.text().map(|text| text.format());
    let kept = Arc::new(kept);
    let reads = crews.first().map_or(Reads::ALL, Crew::reads);
    let floor = Floor::new(feed, (crews.len(), reads), &kept, rows, Stopwatch::new(is_profiled));
    let left = thread::scope(|scope| {
        let start = |(number, crew): (usize, Crew)| {
            let (format, kept, floor) = (format.clone(), Arc::clone(&kept), &floor);
            scope.spawn(move || {
                let _guard = StopsOnPanic(floor);
                let watch = Stopwatch::new(is_profiled);
                let packer = Packer::new(format, kept, (floor, number), watch.clone());
                let worker = Worker::new(rules, crew, Numbers::OfAll, watch);
                Workshop::new(worker, number, floor, packer).run()
            })
        };
        let threads: Vec<_> = crews.into_iter().enumerate().map(start).collect();
        threads.into_iter().map(|thread| joined(thread.join())).collect::<Vec<_>>()
    });
    let (dealer, mut rows) = floor.into_parts()?;
    let (feed, mut counts, mut watch) = dealer.into_parts();
    rows.end()?;
    let mut faults = Vec::new();
    for mut left in left {
        counts.add(&left.counts);
        faults.append(&mut left.faults);
        watch.merge(&left.watch);
    }
    watch.merge(&rows.watch);
    let plugin_counts = rows.counts();
    faults.append(&mut rows.take_faults());
    let faults = first_of_each_plugin(faults);
    let RowMaker { sink, tables, notices, .. } = rows;
    Ok((Done { counts, faults, plugin_counts, sink, tables, notices, watch }, feed))
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
