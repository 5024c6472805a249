//! Finished directions on their way to a thread that makes columns of them.
//!
//! What comes in: the cells of finished directions. What goes out: the same cells, with the rows that they belong to.
//! Cells that a worker has packed are shared, not copied: they stand in the worker's order, and a [`Part`] says in
//! which rows of the batch they belong. Buffers that nobody needs any more go back to whoever fills the next.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use weir_sdk::abi::ColumnCells;
use weir_sdk::columns::{ColumnBuffer, Kind, ValueType};

use crate::schema::{Pick, RowShape};

use super::cell::Address;
use super::{Finished, Row};

/// Directions that are handed over at once: enough to be worth a call for each column.
const DIRECTIONS_PER_BATCH: usize = 2048;
/// Bytes of cells that are handed over at once, where texts and lists are long.
const BYTES_PER_BATCH: usize = 4 << 20;
/// Stores that wait to be filled again.
const SPARE: usize = 64;
/// What a spare store may hold, so that a few long texts do not keep their memory for ever.
const SPARE_BYTES: usize = 1 << 19;

/// The cells of many columns for some directions, end to end in memory: another thread that takes them column by column
/// finds the next where it has just read. Its memory goes back to its [`Pool`] when it is dropped.
///
/// ```
/// use std::sync::Arc;
/// use weir::sink::Pool;
/// use weir_sdk::abi::ColumnCells;
/// use weir_sdk::columns::{Cell, ColumnBuffer};
///
/// let mut column = ColumnBuffer::default();
/// [Some(7u16), None].into_iter().for_each(|cell| cell.append(&mut column));
/// let mut packed = Arc::new(Pool::default()).take();
/// packed.fill(&[None, Some(ColumnCells::of(&column))], &[(1, <u16 as Cell>::TYPE)], 2);
/// assert_eq!(packed.directions(), 2);
/// ```
#[derive(Debug, Default)]
pub struct Packed {
    store: Store,
    pool: Weak<Pool>,
}

#[derive(Debug, Default)]
struct Store {
    /// Values and validity of each column.
    bytes: Vec<u8>,
    /// Ends of lists and of texts of each column.
    ends: Vec<u32>,
    /// Where the parts of each column begin, and, behind the last column, where they end.
    begins: Vec<Begin>,
    directions: usize,
}

/// Where the parts of a column begin.
#[derive(Clone, Copy, Debug)]
struct Begin {
    values: u32,
    validity: u32,
    lists: u32,
    texts: u32,
}

/// Stores that were used, for their memory.
///
/// ```
/// use std::sync::Arc;
/// use weir::sink::Pool;
///
/// let pool = Arc::new(Pool::default());
/// drop(pool.take());
/// assert_eq!(pool.take().directions(), 0);
/// ```
#[derive(Debug, Default)]
pub struct Pool(Mutex<Vec<Store>>);

impl Pool {
    /// Room for cells.
    pub fn take(self: &Arc<Self>) -> Packed {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Packed { store: used.unwrap_or_default(), pool: Arc::downgrade(self) }
    }

    fn give(&self, mut store: Store) {
        if store.bytes.capacity() > SPARE_BYTES {
            return;
        }
        store.clear();
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(store);
        }
    }
}

impl Packed {
    /// Takes the cells of these columns, in their order, for so many directions, instead of what it held.
    pub fn fill(
        &mut self,
        cells: &[Option<ColumnCells<'_>>],
        columns: &[(usize, ValueType)],
        directions: usize,
    ) {
        let store = &mut self.store;
        store.clear();
        store.directions = directions;
        for &(column, value) in columns {
            // Columns between these hold nothing.
            (store.begins.len()..=column).for_each(|_| store.begin());
            if let Some(cells) = &cells[column] {
                store.append(cells, value);
            }
        }
        store.begin();
    }

    /// Directions whose cells it holds.
    pub fn directions(&self) -> usize {
        self.store.directions
    }

    /// Bytes of all cells.
    fn size(&self) -> usize {
        self.store.bytes.len() + 4 * self.store.ends.len()
    }

    fn view(&self, column: usize) -> View<'_> {
        let Store { bytes, ends, begins, .. } = &self.store;
        let Some(&[begin, end]) = begins.get(column..).and_then(<[Begin]>::first_chunk) else {
            return View::default();
        };
        View {
            values: &bytes[begin.values as usize..begin.validity as usize],
            validity: &bytes[begin.validity as usize..end.values as usize],
            list_ends: &ends[begin.lists as usize..begin.texts as usize],
            text_ends: &ends[begin.texts as usize..end.lists as usize],
        }
    }
}

impl Store {
    fn begin(&mut self) {
        let (bytes, ends) = (self.bytes.len() as u32, self.ends.len() as u32);
        self.begins.push(Begin { values: bytes, validity: bytes, lists: ends, texts: ends });
    }

    /// Appends the cells of the column that was begun last.
    fn append(&mut self, cells: &ColumnCells<'_>, value: ValueType) {
        self.bytes.extend_from_slice(cells.values());
        let validity = self.bytes.len() as u32;
        self.bytes.extend_from_slice(cells.validity());
        if value.list {
            self.ends.extend((0..cells.rows()).map(|row| cells.list(row).end as u32));
        }
        let texts = self.ends.len() as u32;
        if value.kind.width().is_none() {
            let last = cells.rows().checked_sub(1);
            let elements =
                if value.list { last.map_or(0, |last| cells.list(last).end) } else { cells.rows() };
            self.ends.extend((0..elements).map(|element| cells.text(element).end as u32));
        }
        if let Some(begin) = self.begins.last_mut() {
            *begin = Begin { validity, texts, ..*begin };
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.begins.clear();
        self.directions = 0;
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.give(std::mem::take(&mut self.store));
        }
    }
}

/// The cells of a column, wherever they stand. What a faulty plugin left out reads as absent.
#[derive(Clone, Copy, Default)]
pub(super) struct View<'a> {
    pub(super) values: &'a [u8],
    pub(super) validity: &'a [u8],
    pub(super) list_ends: &'a [u32],
    text_ends: &'a [u32],
}

impl<'a> View<'a> {
    fn of(buffer: &'a ColumnBuffer) -> Self {
        let ColumnBuffer { values, validity, list_ends, text_ends, .. } = buffer;
        Self { values, validity, list_ends, text_ends }
    }

    pub(super) fn is_present(&self, row: usize) -> bool {
        self.validity.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
    }

    /// Elements of which all bytes are there.
    pub(super) fn elements(&self, kind: Kind) -> usize {
        kind.width().map_or(self.text_ends.len(), |width| self.values.len() / width)
    }

    pub(super) fn list(&self, row: usize) -> Range<usize> {
        part(self.list_ends, row)
    }

    pub(super) fn text(&self, element: usize) -> Option<&'a [u8]> {
        let bytes = (element < self.text_ends.len()).then(|| part(self.text_ends, element))?;
        Some(self.values.get(bytes).unwrap_or_default())
    }

    pub(super) fn address(&self, element: usize) -> Option<&'a Address> {
        self.values.as_chunks::<{ size_of::<Address>() }>().0.get(element)
    }

    fn to_buffer(self, rows: usize) -> ColumnBuffer {
        ColumnBuffer {
            rows,
            values: self.values.to_vec(),
            validity: self.validity.to_vec(),
            list_ends: self.list_ends.to_vec(),
            text_ends: self.text_ends.to_vec(),
        }
    }
}

fn part(ends: &[u32], index: usize) -> Range<usize> {
    let end_of = |index: usize| ends.get(index).map_or(0, |&end| end as usize);
    index.checked_sub(1).map_or(0, end_of)..end_of(index)
}

/// The direction of a cell that there is none for: no part has so many.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Where cells stand, and in which rows they belong.
#[derive(Default)]
pub(super) struct Places {
    own: Vec<u32>,
    other: Vec<u32>,
    /// A row has no second direction.
    lacks_other: bool,
    /// The row of the batch.
    pub(super) rows: Vec<u32>,
}

impl Places {
    fn push(&mut self, row: &Row, at: usize) {
        self.own.push(row.own as u32);
        self.other.push(row.other.map_or(NOWHERE, |other| other as u32));
        self.lacks_other |= row.other.is_none();
        self.rows.push(at as u32);
    }

    /// Which direction's cell each row takes.
    pub(super) fn picked(&self, pick: Pick) -> &[u32] {
        if pick == Pick::B { &self.other } else { &self.own }
    }

    fn clear(&mut self) {
        self.own.clear();
        self.other.clear();
        self.lacks_other = false;
        self.rows.clear();
    }
}

/// Cells of some rows of a batch. A column that stands in another part is empty here.
pub(super) struct Part<'a> {
    cells: Cells<'a>,
    directions: usize,
    pub(super) places: &'a Places,
}

#[derive(Clone, Copy)]
enum Cells<'a> {
    Own(&'a [ColumnBuffer]),
    Shared(&'a Packed),
}

impl<'a> Part<'a> {
    pub(super) fn view(&self, column: usize) -> View<'a> {
        match self.cells {
            Cells::Own(buffers) => buffers.get(column).map(View::of).unwrap_or_default(),
            Cells::Shared(packed) => packed.view(column),
        }
    }

    /// Directions that have cells here, whether or not in a row of the batch.
    pub(super) fn directions(&self) -> usize {
        self.directions
    }

    /// Whether there is a direction for the cell of each row.
    pub(super) fn has_each(&self, pick: Pick) -> bool {
        pick != Pick::B || !self.places.lacks_other
    }
}

/// Rows on their way to the encoder.
#[derive(Default)]
pub(super) struct Batch {
    /// Cells that were copied, in the order of rows.
    own: Vec<ColumnBuffer>,
    own_places: Places,
    directions: usize,
    /// Cells that are shared with whoever packed them.
    shared: Vec<(Arc<Packed>, Places)>,
    shared_bytes: usize,
}

impl Batch {
    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.own_places.rows.len()
    }

    /// Takes rows and copies their cells.
    pub(super) fn take(&mut self, finished: &Finished<'_>, shape: RowShape, types: &[ValueType]) {
        self.take_rows(finished, shape);
        self.copy(finished, types, 0..types.len());
        self.directions += finished.ends.len();
    }

    /// Takes rows whose cells stand in buffers of others, except for those of `late` columns, which are copied. Each row
    /// says in which of the buffers it stands, and where.
    pub(super) fn share<'a>(
        &mut self,
        buffers: impl Iterator<Item = &'a Arc<Packed>>,
        rows: impl Iterator<Item = (usize, Row)>,
        (late, finished): (&[usize], &Finished<'_>),
        (shape, types): (RowShape, &[ValueType]),
    ) {
        let (first, first_row) = (self.shared.len(), self.rows());
        self.shared.extend(buffers.map(|cells| (Arc::clone(cells), Places::default())));
        for ((from, row), at) in rows.zip(first_row..) {
            self.shared[first + from].1.push(&row, at);
        }
        let is_used = |(_, places): &(Arc<Packed>, Places)| !places.rows.is_empty();
        let used: Vec<_> = self.shared.drain(first..).filter(is_used).collect();
        self.shared_bytes += used.iter().map(|(cells, _)| cells.size()).sum::<usize>();
        self.shared.extend(used);
        self.take_rows(finished, shape);
        self.copy(finished, types, late.iter().copied());
        self.directions += finished.ends.len();
    }

    fn take_rows(&mut self, finished: &Finished<'_>, shape: RowShape) {
        for row in finished.rows(shape) {
            self.own_places.push(&row.moved(self.directions), self.own_places.rows.len());
        }
    }

    fn copy(
        &mut self,
        finished: &Finished<'_>,
        types: &[ValueType],
        columns: impl IntoIterator<Item = usize>,
    ) {
        self.own.resize_with(types.len(), ColumnBuffer::default);
        for column in columns {
            let cells = finished.cells.get(column).copied().flatten().unwrap_or(ColumnCells::NONE);
            self.own[column].copy(&cells, 0..finished.ends.len(), types[column]);
        }
    }

    /// Whether it is time to hand it over.
    pub(super) fn is_full(&self) -> bool {
        let own = || self.own.iter().map(|buffer| buffer.values.len()).sum::<usize>();
        self.directions >= DIRECTIONS_PER_BATCH || own() + self.shared_bytes >= BYTES_PER_BATCH
    }

    /// Forgets the rows and keeps the memory that is its own.
    pub(super) fn clear(&mut self) {
        self.own.iter_mut().for_each(ColumnBuffer::clear);
        self.own_places.clear();
        self.directions = 0;
        self.shared.clear();
        self.shared_bytes = 0;
    }

    /// All cells of the rows; those of a column stand in the first part or in all others.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        let directions = self.directions;
        let own = Part { cells: Cells::Own(&self.own), directions, places: &self.own_places };
        let shared = self.shared.iter();
        let shared = shared.map(|(packed, places)| Part {
            cells: Cells::Shared(packed),
            directions: packed.directions(),
            places,
        });
        std::iter::once(own).chain(shared).collect()
    }

    /// The rows, and the cells of each column in their order.
    pub(super) fn in_order(&self, types: &[ValueType]) -> (Cow<'_, [ColumnBuffer]>, Vec<Row>) {
        let row = |(&own, &other): (&u32, &u32)| Row {
            own: own as usize,
            other: (other != NOWHERE).then_some(other as usize),
        };
        let rows = self.own_places.own.iter().zip(&self.own_places.other).map(row).collect();
        if self.shared.is_empty() {
            return (Cow::Borrowed(&self.own), rows);
        }
        let order = self.order();
        let merged = types.iter().zip(self.own.iter()).enumerate().map(|(column, (value, own))| {
            if own.rows > 0 {
                return own.clone();
            }
            let parts = self.shared.iter();
            let buffer = |(packed, _): &(Arc<Packed>, _)| packed.view(column).to_buffer(packed.directions());
            let buffers: Vec<ColumnBuffer> = parts.map(buffer).collect();
            let mut merged = ColumnBuffer::default();
            for &(part, at) in &order {
                let (_, places) = &self.shared[part as usize];
                let (own, other) = (places.own[at as usize], places.other[at as usize]);
                let last = if other == NOWHERE { own } else { other };
                let directions = own as usize..last as usize + 1;
                merged.copy(&ColumnCells::of(&buffers[part as usize]), directions, *value);
            }
            merged
        });
        (merged.collect(), rows)
    }

    /// For each row the shared part that it stands in, and its place there.
    fn order(&self) -> Vec<(u32, u32)> {
        let mut order = vec![(0, 0); self.rows()];
        for ((_, places), part) in self.shared.iter().zip(0..) {
            for (&row, at) in places.rows.iter().zip(0..) {
                order[row as usize] = (part, at);
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples::{buffer, end};

    const U32: ValueType = ValueType { kind: Kind::U32, list: false };

    #[test]
    fn stores_come_back_empty_and_with_their_memory() {
        let pool = Arc::new(Pool::default());
        let mut packed = pool.take();
        packed.fill(&[Some(ColumnCells::of(&buffer(0..1000u32)))], &[(0, U32)], 1000);
        drop(packed);
        let packed = pool.take();
        assert_eq!((packed.directions(), packed.size()), (0, 0));
        assert!(packed.store.bytes.capacity() >= 4000);
        assert_eq!(pool.take().store.bytes.capacity(), 0);
    }

    #[test]
    fn a_packed_column_is_as_it_was() {
        let numbers = buffer([Some(1u32), None, Some(3)]);
        let texts = buffer([Some(vec!["a", "bc"]), None, Some(vec![""])]);
        let columns = [None, Some(ColumnCells::of(&numbers)), None, Some(ColumnCells::of(&texts)), None];
        let list = ValueType { kind: Kind::Text, list: true };
        let mut packed = Packed::default();
        packed.fill(&columns, &[(1, U32), (3, list), (4, U32)], 3);
        assert_eq!(packed.view(1).to_buffer(3), numbers);
        assert_eq!(packed.view(3).to_buffer(3), texts);
        assert!([0, 2, 4, 5].iter().all(|&absent| packed.view(absent).validity.is_empty()));
    }

    /// Two workers' rows, one of them without a second direction, between the cells of a row plugin.
    #[test]
    fn shared_cells_stand_in_the_order_of_rows() {
        let pool = Arc::new(Pool::default());
        let [a, b] = [[10u32, 11, 50], [30, 40, 41]].map(|numbers| {
            let mut packed = pool.take();
            packed.fill(&[Some(ColumnCells::of(&buffer(numbers))), None], &[(0, U32)], 3);
            Arc::new(packed)
        });
        let late = buffer([1u32, 2, 3, 4, 5, 6]);
        let ends = [end(1, 0), end(1, 1), end(3, 0), end(4, 0), end(4, 1), end(5, 0)];
        let finished = Finished { cells: vec![None, Some(ColumnCells::of(&late))], ends: &ends };
        let mut batch = Batch::default();
        let row = |own, other| Row { own, other };
        let rows = [(0, row(0, Some(1))), (1, row(0, None)), (1, row(1, Some(2))), (0, row(2, None))];
        let shape = (RowShape::Conversation, &[U32, U32][..]);
        batch.share([&a, &b].into_iter(), rows.into_iter(), (&[1], &finished), shape);
        let (cells, rows) = batch.in_order(&[U32, U32]);
        assert_eq!(cells[0], buffer([10u32, 11, 30, 40, 41, 50]));
        assert_eq!(cells[1], late);
        assert_eq!(rows, [row(0, Some(1)), row(2, None), row(3, Some(4)), row(5, None)]);
    }
}
