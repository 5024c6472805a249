//! Ended directions, in order → rows: row plugins add their cells, a sink takes them all.

use std::sync::Arc;

use weir_sdk::Start;

use crate::parallel::Kept;
use crate::plugins::{Events, PluginCounts, PluginFault, RowCrew};
use crate::profile::{Stage, Stopwatch};
use crate::schema::{Declared, Schema};
use crate::sink::{Error, Finished, Sink};
use crate::tables::{TableFiles, TableSchema};
use crate::worker::{EndedBatch, TakeEnded};

/// Directions that begin before row plugins are told of them without a row.
const STARTS_PER_CALL: usize = 1024;

/// Makes the rows of a run.
pub(crate) struct RowMaker {
    pub(crate) crew: RowCrew,
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) tables: TableFiles,
    /// Directions that began and that row plugins have not heard of.
    starts: Vec<Start>,
    noticed: Vec<u64>,
    pub(crate) watch: Stopwatch,
    /// What row plugins want the user to know, once the run is over.
    pub(crate) notices: Vec<String>,
}

impl RowMaker {
    pub(crate) fn new(crew: RowCrew, sink: Box<dyn Sink>, tables: TableFiles, watch: Stopwatch) -> Self {
        Self { crew, sink, tables, starts: Vec::new(), noticed: Vec::new(), watch, notices: Vec::new() }
    }

    /// What workers hand on of each row.
    pub(crate) fn kept(&mut self, schema: &Schema, tables: &[TableSchema]) -> Kept {
        let declared: Vec<Declared<'_>> = schema.declared().collect();
        let is_early = |declared: &&Declared<'_>| !schema.is_late(declared.plugin);
        let early = || declared.iter().filter(is_early).map(|declared| declared.index).collect();
        let (is_text, is_columns) = (self.sink.text().is_some(), self.sink.columns().is_some());
        let kept = if is_text || is_columns { self.crew.needs() } else { early() };
        let packed = if is_columns { early() } else { Vec::new() };
        let typed = |wanted: Vec<usize>| {
            wanted.into_iter().map(|index| (index, declared[index].column.value)).collect()
        };
        let is_written = self.tables.len() > 0;
        let of_table =
            |table: &TableSchema| if table.is_late || !is_written { Vec::new() } else { table.types() };
        Kept {
            shape: schema.shape(),
            columns: declared.len(),
            kept: typed(kept),
            packed: typed(packed),
            pool: Arc::default(),
            tables: tables.iter().map(of_table).collect(),
            wants_starts: !self.crew.is_empty(),
        }
    }

    /// Writes the rows of tables that were complete only when all flows had ended.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        self.crew.starts(&self.starts);
        self.starts.clear();
        self.tables.take(&self.crew.end().tables)?;
        self.notices = [self.crew.notices(true), self.tables.notices(true)].concat();
        Ok(())
    }

    /// Row plugins that failed since this was last asked.
    pub(crate) fn take_faults(&mut self) -> Vec<PluginFault> {
        [self.crew.take_faults(), self.tables.take_faults()].concat()
    }

    /// What row plugins counted.
    pub(crate) fn counts(&mut self) -> PluginCounts {
        let mut counts = self.crew.counts();
        counts.merge(self.tables.counts());
        counts
    }
}

impl TakeEnded for RowMaker {
    fn ended(&mut self, batch: EndedBatch<'_>) -> Result<(), Error> {
        let EndedBatch { ends, orders, mut cells } = batch;
        self.noticed.clear();
        self.noticed.extend(orders.iter().map(|order| order.noticed));
        let events = Events::of(&self.starts, &self.noticed);
        let begun = events.starts.len();
        self.watch.skip();
        self.crew.complete(ends, &events, &mut cells, &mut self.watch);
        self.sink.rows(&Finished { cells: cells.columns, ends })?;
        self.tables.take(&cells.tables)?;
        self.watch.lap(Stage::of_core("print rows"));
        self.starts.drain(..begun);
        Ok(())
    }

    /// Row plugins hear of directions that begin in the order of packets, between the rows that end; told now and
    /// then, so that they do not pile up.
    fn started(&mut self, starts: impl Iterator<Item = Start>) {
        if self.crew.is_empty() {
            return;
        }
        if self.starts.len() > STARTS_PER_CALL {
            self.crew.starts(&self.starts);
            self.starts.clear();
        }
        self.starts.extend(starts);
    }
}
