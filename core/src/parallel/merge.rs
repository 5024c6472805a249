//! The rows of all workers, each in order → the rows of the run, in order.
//!
//! Workers go through the same chunks and make the rows of some of them together, a round, so rows are merged round by
//! round; the rows of the end of input come as a last one.

use std::ops::Range;
use std::sync::Arc;

use weir_sdk::Start;
use weir_sdk::abi::ColumnCells;
use weir_sdk::columns::ColumnBuffer;
use weir_sdk::plugin::EndFacts;

use crate::error::RunError;
use crate::flow::EndOrder;
use crate::plugins::{Cells, Events};
use crate::profile::Stage;
use crate::rows::RowMaker;
use crate::sink::{Error, Finished, Packed, Row, Sink};

use super::belt::{Belt, Found};
use super::parcel::{Kept, Parcel, TableRows};

/// Rows that are completed together.
const ROWS_PER_CALL: usize = 512;

/// What a worker sends, and what it gets back.
#[derive(Default)]
pub(super) struct Parcels {
    pub(super) full: Belt<Parcel>,
    /// Parcels whose rows are written, for their memory.
    pub(super) used: Belt<Parcel>,
}

/// Merges, completes, and writes.
pub(super) struct Merger {
    parcels: Arc<[Parcels]>,
    streams: Vec<Stream>,
    kept: Arc<Kept>,
    rows: RowMaker,
    merged: Merged,
    starts: Vec<Start>,
    /// A round has begun and is not complete.
    is_within: bool,
}

/// What comes from one worker.
#[derive(Default)]
struct Stream {
    parcel: Parcel,
    /// What is packed in the parcel, of which a sink of columns takes a share.
    packed: Arc<Packed>,
    /// The next row of the parcel.
    next: usize,
    /// The worker has ended.
    is_over: bool,
}

/// Rows in the order of the run, still in the parcels of their workers.
#[derive(Default)]
struct Merged {
    /// Worker, and row of its parcel.
    rows: Vec<(usize, usize)>,
    /// The directions of rows that stand together in a parcel, too: worker, and place in its parcel.
    runs: Vec<(usize, Range<usize>)>,
    ends: Vec<EndFacts>,
    noticed: Vec<u64>,
    cells: Vec<ColumnBuffer>,
    tables: Vec<TableRows>,
}

impl Merger {
    pub(super) fn new(parcels: Arc<[Parcels]>, kept: Arc<Kept>, rows: RowMaker) -> Self {
        let cells = vec![ColumnBuffer::default(); kept.kept.len()];
        let tables = kept.tables.iter().map(|types| TableRows::new(types)).collect();
        Self {
            streams: parcels.iter().map(|_| Stream::default()).collect(),
            parcels,
            kept,
            rows,
            merged: Merged { cells, tables, ..Merged::default() },
            starts: Vec::new(),
            is_within: false,
        }
    }

    /// Whether [`advance`](Self::advance) would come any further.
    pub(super) fn has_work(&self) -> bool {
        let mut all = self.streams.iter().zip(self.parcels.iter());
        !self.is_over()
            && all.all(|(stream, parcels)| !stream.wants(self.is_within) || parcels.full.is_ready())
    }

    /// All workers have ended, and their rows are merged.
    pub(super) fn is_over(&self) -> bool {
        self.streams.iter().all(|stream| stream.is_over)
    }

    /// Merges for as long as there are rows of all workers; the sink hears when there are no more.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub(super) fn advance(&mut self) -> Result<(), RunError> {
        while self.has_work() {
            if !self.is_within {
                self.begin_round();
            }
            self.merge_round()?;
        }
        if self.is_over() {
            self.rows.watch.skip();
            self.rows.sink.end_rows()?;
            self.rows.watch.lap(Stage::of_core("print rows"));
        }
        Ok(())
    }

    /// What makes rows, which has all of them.
    pub(super) fn into_rows(self) -> RowMaker {
        self.rows
    }

    /// Takes the first parcel of a round from every worker.
    fn begin_round(&mut self) {
        for (stream, parcels) in self.streams.iter_mut().zip(self.parcels.iter()) {
            stream.take_parcel(parcels);
            self.starts.append(&mut stream.parcel.starts);
        }
        // Each worker's are in order: a stable sort puts such parts together without more.
        self.starts.sort_by_key(|start| start.ordinal);
        self.is_within = true;
    }

    /// Merges the rows of a round, or those of them that are there.
    fn merge_round(&mut self) -> Result<(), Error> {
        loop {
            if let Some(empty) = self.streams.iter().position(|stream| stream.wants(true)) {
                // A parcel that is used up is let go only when its rows are written.
                self.write()?;
                if !self.parcels[empty].full.is_ready() {
                    return Ok(());
                }
                self.streams[empty].take_parcel(&self.parcels[empty]);
                continue;
            }
            let Some(worker) = self.next_worker() else { break };
            self.merged.take(&mut self.streams[worker], worker);
            if self.merged.rows.len() == ROWS_PER_CALL {
                self.write()?;
            }
        }
        self.write()?;
        if !self.starts.is_empty() {
            self.rows.crew.starts(&self.starts);
            self.starts.clear();
        }
        self.is_within = false;
        Ok(())
    }

    /// The worker whose row comes next; none at the end of the round.
    fn next_worker(&self) -> Option<usize> {
        let heads = self.streams.iter().enumerate();
        let first = heads.filter_map(|(worker, stream)| Some((stream.head()?, worker))).min();
        first.map(|(_, worker)| worker)
    }

    /// Completes and writes the rows merged so far.
    fn write(&mut self) -> Result<(), Error> {
        if self.merged.rows.is_empty() {
            return Ok(());
        }
        self.rows.watch.skip();
        let Merged { rows, runs, ends, noticed, cells: kept_cells, tables } = &mut self.merged;
        for (worker, directions) in runs.iter() {
            let parcel = &self.streams[*worker].parcel;
            parcel.copy_cells(directions.clone(), &self.kept, kept_cells);
            parcel.copy_tables(directions.clone(), &self.kept, tables);
        }
        let mut cells = Cells::none(self.kept.columns, tables.len());
        for ((column, _), buffer) in self.kept.kept.iter().zip(kept_cells.iter()) {
            cells.columns[*column] = Some(ColumnCells::of(buffer));
        }
        for (cells, table) in cells.tables.iter_mut().zip(tables.iter()) {
            *cells = Some(table.cells());
        }
        let events = Events::of(&self.starts, noticed);
        let begun = events.starts.len();
        let RowMaker { crew, sink, tables, watch, .. } = &mut self.rows;
        watch.lap(Stage::of_core("merge rows"));
        crew.complete(ends, &events, &mut cells, watch);
        tables.take(&cells.tables)?;
        write_rows(&mut **sink, &self.streams, rows, &Finished { cells: cells.columns, ends })?;
        watch.lap(Stage::of_core("print rows"));
        self.starts.drain(..begun);
        self.merged.clear();
        Ok(())
    }
}

/// Text is put together from what workers printed and the cells of row plugins; a sink of columns takes what they have
/// packed; other sinks take all cells.
fn write_rows(
    sink: &mut dyn Sink,
    streams: &[Stream],
    rows: &[(usize, usize)],
    finished: &Finished<'_>,
) -> Result<(), Error> {
    if let Some(columns) = sink.columns() {
        let rows = rows.iter().map(|&(worker, row)| (worker, streams[worker].parcel.rows[row]));
        return columns.share(streams.iter().map(|stream| &stream.packed), rows, finished);
    }
    let Some(text) = sink.text() else { return sink.rows(finished) };
    let format = text.format();
    let printed = format.spans().iter().filter(|span| !span.is_late).count();
    let late = format.spans().iter().filter(|span| span.is_late);
    let all: Vec<Row> = finished.rows(format.shape()).collect();
    let (lines, output) = text.output();
    let out = output.buffer();
    let mut merged = rows.iter();
    lines.print(late.map(|span| format.printer(span, finished)), &all, |row| {
        let Some(&(worker, own)) = merged.next() else { return };
        let (mut early, mut late) = (0, 0);
        for span in format.spans() {
            if span.is_late {
                row.append(late, out);
                late += 1;
            } else {
                out.extend_from_slice(streams[worker].parcel.text(own, early, printed));
                early += 1;
            }
        }
        format.end_row(out);
    });
    output.took(rows.len() as u64)
}

impl Stream {
    fn head(&self) -> Option<EndOrder> {
        let row = self.parcel.rows.get(self.next)?;
        self.parcel.orders.get(row.directions().start).copied()
    }

    /// All rows of the parcel are merged, and what comes next, in the same round if one has begun, is in another.
    fn wants(&self, is_within: bool) -> bool {
        !self.is_over && (!is_within || self.next == self.parcel.rows.len() && !self.parcel.ends_round)
    }

    fn take_parcel(&mut self, parcels: &Parcels) {
        match parcels.full.take() {
            Found::Thing(mut parcel) => {
                self.next = 0;
                self.packed = Arc::new(std::mem::take(&mut parcel.packed));
                parcels.used.put(std::mem::replace(&mut self.parcel, parcel));
            }
            Found::Nothing => {}
            Found::Over => *self = Self { is_over: true, ..Self::default() },
        }
    }
}

impl Merged {
    fn take(&mut self, stream: &mut Stream, worker: usize) {
        let row = stream.next;
        stream.next += 1;
        let directions = stream.parcel.rows[row].directions();
        self.rows.push((worker, row));
        match self.runs.last_mut() {
            Some((last, run)) if *last == worker && run.end == directions.start => run.end = directions.end,
            _ => self.runs.push((worker, directions.clone())),
        }
        self.ends.extend_from_slice(&stream.parcel.ends[directions.clone()]);
        self.noticed.extend(stream.parcel.orders[directions].iter().map(|order| order.noticed));
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.runs.clear();
        self.ends.clear();
        self.noticed.clear();
        self.cells.iter_mut().for_each(ColumnBuffer::clear);
        self.tables.iter_mut().for_each(TableRows::clear);
    }
}
