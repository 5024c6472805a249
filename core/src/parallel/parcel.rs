//! Finished rows of one worker, on their way to the others'.

use std::ops::Range;
use std::sync::Arc;

use weir_sdk::Start;
use weir_sdk::abi::ColumnCells;
use weir_sdk::columns::{ColumnBuffer, ValueType};
use weir_sdk::plugin::EndFacts;

use crate::flow::EndOrder;
use crate::plugins::TableCells;
use crate::profile::{Stage, Stopwatch};
use crate::schema::RowShape;
use crate::sink::{Error, Finished, Lines, Packed, Pool, Row, RowFormat};
use crate::worker::{EndedBatch, TakeEnded};

use super::floor::{Floor, Stopped};

/// The columns whose cells are handed on beside the text: those that row plugins read, and all if rows are not text.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// What a row stands for.
    pub(crate) shape: RowShape,
    /// Columns of all plugins.
    pub(crate) columns: usize,
    /// Which of them are put in the order of rows, and their types.
    pub(crate) kept: Vec<(usize, ValueType)>,
    /// Those that a sink of columns takes as they are packed.
    pub(crate) packed: Vec<(usize, ValueType)>,
    /// Where what is packed finds room.
    pub(crate) pool: Arc<Pool>,
    /// The types of the columns of each table; none for the tables of row plugins, and if no tables are written.
    pub(crate) tables: Vec<Vec<ValueType>>,
    /// Somebody wants to hear of directions that begin.
    pub(crate) wants_starts: bool,
}

/// Rows in order, and what began before them.
#[derive(Default)]
pub(super) struct Parcel {
    pub(super) ends: Vec<EndFacts>,
    pub(super) orders: Vec<EndOrder>,
    pub(super) rows: Vec<Row>,
    /// The spans of all rows that are printed already.
    text: Vec<u8>,
    /// Where each span ends.
    text_ends: Vec<u32>,
    /// The cells of the kept columns, one for each direction.
    cells: Vec<ColumnBuffer>,
    /// The cells that a sink of columns takes; then the rows of the parcel were handed over at once.
    pub(super) packed: Packed,
    tables: Vec<TableRows>,
    pub(super) starts: Vec<Start>,
    /// No row of a later round stands in it, and the next parcel has none of this one.
    pub(super) ends_round: bool,
}

impl Parcel {
    /// The `span`th of the printed spans of a row, of which each row has so many.
    pub(super) fn text(&self, row: usize, span: usize, spans: usize) -> &[u8] {
        let at = row * spans + span;
        let from = at.checked_sub(1).map_or(0, |before| self.text_ends[before]);
        &self.text[from as usize..self.text_ends[at] as usize]
    }

    fn empty(kept: &Kept) -> Self {
        let tables = kept.tables.iter().map(|types| TableRows::new(types)).collect();
        Self { cells: vec![ColumnBuffer::default(); kept.kept.len()], tables, ..Self::default() }
    }

    /// Whether it was made for these columns, unlike what stands where no parcel has come yet.
    fn fits(&self, kept: &Kept) -> bool {
        self.cells.len() == kept.kept.len() && self.tables.len() == kept.tables.len()
    }

    /// The same without its rows, but with their memory; what was packed has been taken out.
    fn cleared(mut self) -> Self {
        self.ends.clear();
        self.orders.clear();
        self.rows.clear();
        self.text.clear();
        self.text_ends.clear();
        self.cells.iter_mut().for_each(ColumnBuffer::clear);
        self.tables.iter_mut().for_each(TableRows::clear);
        self.starts.clear();
        self.ends_round = false;
        self
    }

    /// Appends the cells of directions to those of others, for each of the kept columns.
    pub(super) fn copy_cells(&self, directions: Range<usize>, kept: &Kept, to: &mut [ColumnBuffer]) {
        for ((from, to), (_, value)) in self.cells.iter().zip(to).zip(&kept.kept) {
            to.copy(&ColumnCells::of(from), directions.clone(), *value);
        }
    }

    /// Appends what belongs to directions to the rows of tables of others.
    pub(super) fn copy_tables(&self, directions: Range<usize>, kept: &Kept, to: &mut [TableRows]) {
        for ((from, to), types) in self.tables.iter().zip(to).zip(&kept.tables) {
            to.append_rows(from, directions.clone(), types);
        }
    }
}

/// Rows of a table.
#[derive(Clone, Default)]
pub(super) struct TableRows {
    /// Behind which row those of each direction end.
    ends: Vec<u32>,
    columns: Vec<ColumnBuffer>,
}

impl TableRows {
    pub(super) fn new(types: &[ValueType]) -> Self {
        Self { ends: Vec::new(), columns: vec![ColumnBuffer::default(); types.len()] }
    }

    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.columns.iter_mut().for_each(ColumnBuffer::clear);
    }

    /// As a plugin would give them.
    pub(super) fn cells(&self) -> TableCells<'_> {
        let columns = self.columns.iter().map(ColumnCells::of).collect();
        TableCells { owners: ColumnCells::NONE, columns }
    }

    fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.rows)
    }

    /// Appends the rows of so many directions.
    fn append(&mut self, cells: Option<&TableCells<'_>>, directions: usize, types: &[ValueType]) {
        let before = self.len() as u32;
        let end_of = |direction| cells.map_or(0, |cells| cells.owners.list(direction).end as u32);
        self.ends.extend((0..directions).map(|direction| before + end_of(direction)));
        let Some(cells) = cells else { return };
        let rows = directions.checked_sub(1).map_or(0, |last| cells.owners.list(last).end);
        for ((from, to), value) in cells.columns.iter().zip(&mut self.columns).zip(types) {
            to.copy(from, 0..rows, *value);
        }
    }

    /// Appends the rows of some directions of another.
    fn append_rows(&mut self, from: &TableRows, directions: Range<usize>, types: &[ValueType]) {
        let end_of = |direction: usize| from.ends.get(direction).map_or(0, |&end| end as usize);
        let first = directions.start.checked_sub(1).map_or(0, end_of);
        let end = directions.end.checked_sub(1).map_or(first, end_of);
        for ((from, to), value) in from.columns.iter().zip(&mut self.columns).zip(types) {
            to.copy(&ColumnCells::of(from), first..end, *value);
        }
    }
}

/// Makes parcels of what a worker finished.
pub(super) struct Packer<'f, 'p> {
    format: Option<Arc<dyn RowFormat>>,
    kept: Arc<Kept>,
    /// Where parcels go.
    floor: &'f Floor<'p>,
    worker: usize,
    parcel: Parcel,
    /// Where rows are printed.
    lines: Lines,
    watch: Stopwatch,
}

impl<'f, 'p> Packer<'f, 'p> {
    pub(super) fn new(
        format: Option<Arc<dyn RowFormat>>,
        kept: Arc<Kept>,
        (floor, worker): (&'f Floor<'p>, usize),
        watch: Stopwatch,
    ) -> Self {
        let parcel = Parcel::empty(&kept);
        Self { format, kept, floor, worker, parcel, lines: Lines::default(), watch }
    }

    /// Where the time went.
    pub(super) fn watch(&self) -> &Stopwatch {
        &self.watch
    }

    /// Takes what began in a chunk of the round whose rows come next.
    pub(super) fn starts(&mut self, starts: &mut Vec<Start>) {
        if self.kept.wants_starts {
            self.parcel.starts.append(starts);
        }
    }

    /// The rows of the round are complete; those of the end of input count as a last round.
    pub(super) fn end_round(&mut self) -> Result<(), Stopped> {
        self.parcel.ends_round = true;
        self.send()
    }

    fn send(&mut self) -> Result<(), Stopped> {
        let used = self.floor.send(self.worker, std::mem::take(&mut self.parcel))?;
        let used = used.filter(|parcel| parcel.fits(&self.kept));
        self.parcel = used.map_or_else(|| Parcel::empty(&self.kept), Parcel::cleared);
        Ok(())
    }

    /// Rows of tables are kept beside those of their flows.
    fn pack_tables(&mut self, tables: &[Option<TableCells<'_>>], directions: usize) {
        for ((to, cells), types) in self.parcel.tables.iter_mut().zip(tables).zip(&self.kept.tables) {
            to.append(cells.as_ref(), directions, types);
        }
    }

    fn pack(&mut self, finished: &Finished<'_>, orders: &[EndOrder]) {
        let parcel = &mut self.parcel;
        let first = parcel.ends.len();
        let rows: Vec<Row> = finished.rows(self.kept.shape).collect();
        if let Some(format) = &self.format {
            let early = format.spans().iter().filter(|span| !span.is_late);
            let spans = early.clone().count();
            let Parcel { text, text_ends, .. } = parcel;
            self.lines.print(early.map(|span| format.printer(span, finished)), &rows, |row| {
                for span in 0..spans {
                    row.append(span, text);
                    text_ends.push(text.len() as u32);
                }
            });
        }
        parcel.rows.extend(rows.iter().map(|row| row.moved(first)));
        if !self.kept.packed.is_empty() {
            parcel.packed = self.kept.pool.take();
            parcel.packed.fill(&finished.cells, &self.kept.packed, finished.ends.len());
        }
        parcel.ends.extend_from_slice(finished.ends);
        parcel.orders.extend_from_slice(orders);
        for ((column, value), to) in self.kept.kept.iter().zip(&mut parcel.cells) {
            let cells = finished.cells[*column].unwrap_or(ColumnCells::NONE);
            to.copy(&cells, 0..finished.ends.len(), *value);
        }
    }
}

/// A parcel is sent off when it holds this much text, long before an offset in it would overflow.
const FULL: usize = 4 << 20;

impl TakeEnded for Packer<'_, '_> {
    fn ended(&mut self, batch: EndedBatch<'_>) -> Result<(), Error> {
        let EndedBatch { ends, orders, cells } = batch;
        self.watch.skip();
        if !self.kept.packed.is_empty() && !self.parcel.ends.is_empty() {
            self.send().map_err(|Stopped| Error::Stopped)?;
        }
        self.pack_tables(&cells.tables, ends.len());
        self.pack(&Finished { cells: cells.columns, ends }, orders);
        self.watch.lap(Stage::of_core("print rows"));
        let of_tables = self.parcel.tables.iter().map(TableRows::len).sum::<usize>();
        if self.parcel.text.len() > FULL || self.parcel.ends.len().max(of_tables) > FULL >> 10 {
            self.send().map_err(|Stopped| Error::Stopped)?;
        }
        Ok(())
    }

    fn started(&mut self, starts: impl Iterator<Item = Start>) {
        self.parcel.starts.extend(starts);
    }
}
