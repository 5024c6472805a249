//! The cells of a column of a row group, collected from batches in the order of rows.
//!
//! Only cells that are present take room: a bit for each row says which these are. Numbers keep their width; texts and
//! IP addresses are numbers of a dictionary, since most of them come often.

use std::ops::Range;

use weir_sdk::columns::Kind;

use crate::schema::Pick;
use crate::sink::batch::{Batch, NOWHERE, Part, View};
use crate::sink::cell::{Address, Source};

use super::ROWS_PER_GROUP;
use super::dictionary::{Recent, Texts};

/// A column of a row group in the making.
pub(super) struct Column {
    source: Source,
    /// Which rows have a cell.
    pub(super) present: Bits,
    pub(super) elements: Elements,
    /// Lists: how many elements each row has.
    pub(super) lengths: Lengths,
    pub(super) texts: Texts,
    /// Memory of the pages that were made of it last.
    pub(super) spare: Spare,
    /// Row groups for which there is no use in compressing it.
    pub(super) compression_rests: u8,
    /// Row groups for which there is no use in numbering its values.
    pub(super) numbering_rests: u8,
}

/// Memory of pages whose bytes are written: those of the next row group are about as long.
#[derive(Default)]
pub(super) struct Spare {
    pub(super) data: Vec<u8>,
    pub(super) dictionary: Vec<u8>,
}

impl Column {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            present: Bits::default(),
            elements: Elements::default(),
            lengths: Lengths::default(),
            texts: Texts::default(),
            spare: Spare::default(),
            compression_rests: 0,
            numbering_rests: 0,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.source.value.kind
    }

    pub(super) fn is_list(&self) -> bool {
        self.source.value.list
    }

    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        self.elements.values.len() + 4 * self.lengths.each.len() + self.texts.size()
    }

    /// Forgets the rows and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.present.clear();
        self.elements.clear();
        self.lengths.clear();
        self.texts.clear();
    }

    /// Takes the cells of all rows of a batch.
    pub(super) fn take(&mut self, batch: &mut Rows<'_>) {
        batch.look_at(self.source);
        if !self.is_list() {
            return self.take_cells(batch);
        }
        match batch.length_of_all() {
            // A list of one element stands where a single cell would.
            Some(1) => self.take_cells(batch),
            Some(_) => self.present.extend_same(true, batch.rows),
            None => return self.take_lists(batch),
        }
        self.lengths.extend_same(batch.length_of_all().unwrap_or(0), batch.rows);
    }

    fn take_cells(&mut self, batch: &mut Rows<'_>) {
        match self.kind() {
            Kind::Bool | Kind::U8 => self.take_fixed::<1>(batch),
            Kind::U16 => self.take_fixed::<2>(batch),
            Kind::U32 | Kind::F32 => self.take_fixed::<4>(batch),
            Kind::U64 | Kind::I64 | Kind::F64 | Kind::Time | Kind::Duration => self.take_fixed::<8>(batch),
            Kind::Mac => self.take_fixed::<6>(batch),
            Kind::Ip | Kind::Text => self.take_texts(batch),
        }
    }

    /// Cells are put where they stand among those that are there, one part after the other. Where all are absent, or
    /// equal, that is spared.
    fn take_fixed<const WIDTH: usize>(&mut self, batch: &mut Rows<'_>) {
        if batch.is_absent() {
            return self.present.extend_same(false, batch.rows);
        }
        if let Some(value) = batch.value_of_all::<WIDTH>() {
            self.present.extend_same(true, batch.rows);
            return self.elements.extend_same(value, batch.rows);
        }
        let (found, seen, values) = batch.find(self.source);
        let count = self.note_present(found);
        if self.elements.is_mixed {
            return found.put(seen, self.elements.room::<WIDTH>(count));
        }
        let values = room_for::<WIDTH>(values, count);
        found.put(seen, values);
        self.elements.extend(values);
    }

    /// As above, with their numbers instead.
    fn take_texts(&mut self, batch: &mut Rows<'_>) {
        if batch.is_absent() {
            return self.present.extend_same(false, batch.rows);
        }
        let (found, seen, values) = batch.find(self.source);
        let count = self.note_present(found);
        let numbers = room_for::<4>(values, count);
        let (is_address, texts) = (self.kind() == Kind::Ip, &mut self.texts);
        let mut recent = Recent::default();
        for (view, cells) in found.parts(seen) {
            for cell in cells {
                let direction = cell.direction as usize;
                let number = if is_address {
                    texts.number_of_address(view.address(direction).unwrap_or(&NO_ADDRESS))
                } else {
                    recent.number(view.text(direction).unwrap_or_default(), texts)
                };
                numbers[cell.at as usize] = number.to_le_bytes();
            }
        }
        self.elements.extend(numbers);
    }

    /// Notes which rows have a cell, and gives how many have.
    fn note_present(&mut self, found: &Finding) -> usize {
        if found.cells.len() == found.present.len() {
            self.present.extend_same(true, found.present.len());
            return found.present.len();
        }
        self.present.extend(&found.present)
    }

    /// Lists of different lengths have no place of fixed size, and so are taken row by row.
    fn take_lists(&mut self, batch: &mut Rows<'_>) {
        let Rows { parts, seen, order, present, rows, .. } = batch;
        let pick = self.source.pick;
        present.clear();
        let places = |row: usize| match seen.first() {
            // What is copied stands in the order of rows.
            Some(&(0, _)) => Some((0, row)),
            _ => order.get(row).copied(),
        };
        for row in 0..*rows {
            let place = places(row).map(|(part, at)| (part, parts[part].places.picked(pick)[at]));
            let view = place.and_then(|(part, from)| Some((seen.get(part - seen.first()?.0)?.1, from)));
            let list = view.filter(|(view, from)| *from != NOWHERE && view.is_present(*from as usize));
            present.push(u8::from(list.is_some()));
            let length = list.map_or(0, |(view, from)| self.append_list(&view, from as usize));
            self.lengths.push(length as u32);
        }
        self.present.extend(present);
    }

    /// Appends the elements of a list, and gives their number.
    fn append_list(&mut self, view: &View<'_>, row: usize) -> usize {
        let (list, kind) = (view.list(row), self.source.value.kind);
        match kind.width() {
            Some(1) => self.elements.extend(elements::<1>(view, list)),
            Some(2) => self.elements.extend(elements::<2>(view, list)),
            Some(4) => self.elements.extend(elements::<4>(view, list)),
            Some(6) => self.elements.extend(elements::<6>(view, list)),
            Some(8) => self.elements.extend(elements::<8>(view, list)),
            _ => {
                let texts = &mut self.texts;
                let number = |element| match kind {
                    Kind::Ip => Some(texts.number_of_address(view.address(element)?)),
                    _ => Some(texts.number(view.text(element)?)),
                };
                let numbers = list.filter_map(number);
                numbers.map(|number| self.elements.extend(&[number.to_le_bytes()])).sum()
            }
        }
    }
}

/// Elements of a list, as far as they are there.
fn elements<'a, const WIDTH: usize>(view: &View<'a>, list: Range<usize>) -> &'a [[u8; WIDTH]] {
    let values = view.values.as_chunks::<WIDTH>().0;
    values.get(list.start..list.end.min(values.len())).unwrap_or_default()
}

/// Room for so many cells, in which anything may stand.
fn room_for<const WIDTH: usize>(values: &mut Vec<u8>, count: usize) -> &mut [[u8; WIDTH]] {
    values.resize(values.len().max(count * WIDTH), 0);
    &mut values.as_chunks_mut::<WIDTH>().0[..count]
}

/// What would stand for an address that is not there; those that were found are.
const NO_ADDRESS: Address = [0; size_of::<Address>()];

/// Which rows have a cell of a column, and where it stands.
///
/// Columns of a plugin often have cells for the same directions: what was found for one column is then good for the next.
struct Finding {
    pick: Pick,
    /// The parts that have the column, by number, and where their bits end in `validity`.
    parts: Vec<(usize, usize)>,
    validity: Vec<u8>,
    /// Each part holds as many elements as its bits speak of.
    is_whole: bool,
    /// For each row.
    present: Vec<u8>,
    /// The cells that are there, part by part.
    cells: Vec<Cell>,
    /// Where those of each part end.
    ends: Vec<usize>,
}

/// So many findings are kept.
const FINDINGS: usize = 8;

/// Whether each part holds as many elements as there are directions; a faulty plugin may leave some out.
fn is_whole(parts: &[Part<'_>], seen: &[(usize, View<'_>)], source: Source) -> bool {
    seen.iter().all(|(number, view)| view.elements(source.value.kind) >= parts[*number].directions())
}

/// A cell that is there.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// Its direction in its part.
    direction: u32,
    /// Its place among the cells of all rows.
    at: u32,
}

impl Finding {
    fn of(pick: Pick) -> Self {
        Self {
            pick,
            parts: Vec::new(),
            validity: Vec::new(),
            is_whole: false,
            present: Vec::new(),
            cells: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Looks at the column, of which so many rows are wanted.
    fn look_at(&mut self, parts: &[Part<'_>], seen: &[(usize, View<'_>)], source: Source, rows: usize) {
        self.pick = source.pick;
        self.parts.clear();
        self.validity.clear();
        for (number, view) in seen {
            self.validity.extend_from_slice(view.validity);
            self.parts.push((*number, self.validity.len()));
        }
        self.present.clear();
        self.present.resize(rows, 0);
        for (number, view) in seen {
            let (places, elements) = (parts[*number].places, view.elements(source.value.kind));
            for (&direction, &row) in places.picked(source.pick).iter().zip(&places.rows) {
                let direction = direction as usize;
                let bits = view.validity.get(direction / 8).copied().unwrap_or(0);
                self.present[row as usize] = bits >> (direction % 8) & u8::from(direction < elements);
            }
        }
        let before = |count: &mut u32, &present: &u8| {
            let at = *count;
            *count += u32::from(present);
            Some(at)
        };
        let at: Vec<u32> = self.present.iter().scan(0, before).collect();
        self.cells.clear();
        self.ends.clear();
        for (number, _) in seen {
            let places = parts[*number].places;
            let mut next = self.cells.len();
            self.cells.resize(next + places.rows.len(), Cell::default());
            // What is absent is overwritten by what comes next: no branch depends on what is there.
            for (&direction, &row) in places.picked(source.pick).iter().zip(&places.rows) {
                self.cells[next] = Cell { direction, at: at[row as usize] };
                next += usize::from(self.present[row as usize]);
            }
            self.cells.truncate(next);
            self.ends.push(next);
        }
    }

    /// Whether a column of which each part is whole has cells in the same rows as the one that was looked at.
    fn is_good_for(&self, seen: &[(usize, View<'_>)], source: Source) -> bool {
        let mut start = 0;
        self.is_whole
            && self.pick == source.pick
            && self.parts.len() == seen.len()
            && self.parts.iter().zip(seen).all(|(&(number, end), (other, view))| {
                let bits = &self.validity[std::mem::replace(&mut start, end)..end];
                number == *other && bits == view.validity
            })
    }

    /// Puts the cells where they stand among all.
    fn put<const WIDTH: usize>(&self, seen: &[(usize, View<'_>)], room: &mut [[u8; WIDTH]]) {
        for (view, cells) in self.parts(seen) {
            let from = view.values.as_chunks::<WIDTH>().0;
            for cell in cells {
                room[cell.at as usize] = from[cell.direction as usize];
            }
        }
    }

    /// The cells of each part that has the column.
    fn parts<'f, 'a>(
        &'f self,
        seen: &'f [(usize, View<'a>)],
    ) -> impl Iterator<Item = (&'f View<'a>, &'f [Cell])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let cells = starts.zip(&self.ends).map(|(start, &end)| &self.cells[start..end]);
        seen.iter().map(|(_, view)| view).zip(cells)
    }
}

/// The rows of a batch, and room to put their cells in order.
pub(super) struct Rows<'a> {
    parts: Vec<Part<'a>>,
    /// The column that is looked at, in the parts that have it.
    seen: Vec<(usize, View<'a>)>,
    /// Each row that is looked at has a cell.
    has_all: bool,
    /// Part and place of each row, of cells that are shared.
    order: Vec<(usize, usize)>,
    rows: usize,
    /// What was found for other columns.
    found: Vec<Finding>,
    /// What of that is forgotten next.
    oldest: usize,
    present: Vec<u8>,
    values: Vec<u8>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(batch: &'a Batch) -> Self {
        let parts = batch.parts();
        let mut order = Vec::new();
        for (number, part) in parts.iter().enumerate().skip(1) {
            order.resize(batch.rows(), (0, 0));
            for (at, &row) in part.places.rows.iter().enumerate() {
                order[row as usize] = (number, at);
            }
        }
        let rows = batch.rows();
        Self {
            parts,
            seen: Vec::new(),
            has_all: false,
            order,
            rows,
            found: Vec::new(),
            oldest: 0,
            present: Vec::new(),
            values: Vec::new(),
        }
    }

    fn look_at(&mut self, source: Source) {
        let views = self.parts.iter().map(|part| part.view(source.index)).enumerate();
        self.seen.clear();
        self.seen.extend(views.filter(|(_, view)| !view.validity.is_empty()));
        let mut parts = self.seen.iter().map(|(number, view)| (&self.parts[*number], view));
        // A worker whose plugin failed has no cells where another has.
        self.has_all = parts.clone().map(|(part, _)| part.places.rows.len()).sum::<usize>() == self.rows
            && parts.all(|(part, view)| {
                let directions = part.directions();
                let (cells, elements) = match (source.value.list, view.list_ends.last()) {
                    (true, last) => (view.list_ends.len(), last.map_or(0, |&end| end as usize)),
                    (false, _) => (directions, directions),
                };
                // A faulty plugin may say that there are more than there are.
                let is_there = cells == directions && view.elements(source.value.kind) >= elements;
                is_there && part.has_each(source.pick) && has_all(view.validity, directions)
            });
    }

    /// Which rows have a cell of the column that is looked at, the cells of its parts, and room for cells.
    fn find(&mut self, source: Source) -> (&Finding, &[(usize, View<'a>)], &mut Vec<u8>) {
        let Self { parts, seen, found, oldest, rows, values, .. } = self;
        let is_whole = is_whole(parts, seen, source);
        let known = found.iter().position(|found| is_whole && found.is_good_for(seen, source));
        let at = known.unwrap_or_else(|| {
            if found.len() < FINDINGS {
                found.push(Finding::of(source.pick));
            }
            let at = *oldest;
            *oldest = (at + 1) % FINDINGS;
            found[at].is_whole = is_whole;
            found[at].look_at(parts, seen, source, *rows);
            at
        });
        (&found[at], seen, values)
    }

    /// Whether no direction has a cell.
    fn is_absent(&self) -> bool {
        self.seen.iter().all(|(_, view)| view.validity.iter().all(|&bits| bits == 0))
    }

    /// The value that all directions have.
    fn value_of_all<const WIDTH: usize>(&self) -> Option<[u8; WIDTH]> {
        let value = *self.seen.first()?.1.values.first_chunk()?;
        let is_equal = |(_, view): &(usize, View<'_>)| {
            view.values.first_chunk() == Some(&value) && are_equal::<WIDTH>(view.values)
        };
        (self.has_all && self.seen.iter().all(is_equal)).then_some(value)
    }

    /// The number of elements that all lists have, if it is none or one.
    fn length_of_all(&self) -> Option<u32> {
        let are_one = |view: &View<'_>| view.list_ends.iter().zip(1..).all(|(&end, one)| end == one);
        let are_empty = |view: &View<'_>| view.list_ends.iter().all(|&end| end == 0);
        let are_all =
            |are: fn(&View<'_>) -> bool| self.has_all && self.seen.iter().all(|(_, view)| are(view));
        if are_all(are_one) { Some(1) } else { are_all(are_empty).then_some(0) }
    }
}

/// Whether the first bits are all set.
fn has_all(bits: &[u8], count: usize) -> bool {
    let (whole, rest) = (count / 8, count % 8);
    let mask = low_bits(rest);
    bits.len() >= count.div_ceil(8)
        && bits[..whole].iter().all(|&bits| bits == u8::MAX)
        && (rest == 0 || bits[whole] & mask == mask)
}

/// Whether each value is the one before it.
fn are_equal<const WIDTH: usize>(values: &[u8]) -> bool {
    values.len() < WIDTH || values[WIDTH..] == values[..values.len() - WIDTH]
}

/// Elements of fixed width. As long as all are equal, only one of them is kept.
#[derive(Default)]
pub(super) struct Elements {
    /// End to end, or the one that all are equal to.
    pub(super) values: Vec<u8>,
    pub(super) count: usize,
    is_mixed: bool,
}

impl Elements {
    /// Whether all are equal, and only one stands in `values`.
    pub(super) fn are_equal(&self) -> bool {
        !self.is_mixed
    }

    /// Appends elements, and says how many.
    fn extend<const WIDTH: usize>(&mut self, values: &[[u8; WIDTH]]) -> usize {
        let Some(first) = values.first() else { return 0 };
        if !self.is_mixed {
            if self.is_like(first) && are_equal::<WIDTH>(values.as_flattened()) {
                self.extend_same(*first, values.len());
                return values.len();
            }
            self.mix(WIDTH);
        }
        self.values.extend_from_slice(values.as_flattened());
        self.count += values.len();
        values.len()
    }

    /// Appends an element so many times.
    fn extend_same<const WIDTH: usize>(&mut self, value: [u8; WIDTH], count: usize) {
        if !self.is_mixed && !self.is_like(&value) {
            self.mix(WIDTH);
        }
        if self.is_mixed {
            self.values.extend_from_slice(&value.repeat(count));
        } else if self.count == 0 {
            self.values.extend_from_slice(&value);
        }
        self.count += count;
    }

    /// Room for so many further elements, where they are mixed already.
    fn room<const WIDTH: usize>(&mut self, count: usize) -> &mut [[u8; WIDTH]] {
        let before = self.values.len();
        self.values.resize(before + count * WIDTH, 0);
        self.count += count;
        self.values[before..].as_chunks_mut().0
    }

    fn is_like(&self, value: &[u8]) -> bool {
        self.count == 0 || self.values == value
    }

    /// From now on each element stands there: room for those of all rows is taken at once, since columns that grow by turns
    /// would have to move each time.
    fn mix(&mut self, width: usize) {
        self.values.reserve_exact(ROWS_PER_GROUP * width);
        for _ in 1..self.count {
            self.values.extend_from_within(..width);
        }
        self.is_mixed = true;
    }

    fn clear(&mut self) {
        self.values.clear();
        self.count = 0;
        self.is_mixed = false;
    }
}

/// How many elements lists have. As long as all have as many, only that is kept.
#[derive(Default)]
pub(super) struct Lengths {
    same: u32,
    rows: usize,
    each: Vec<u32>,
    is_mixed: bool,
}

impl Lengths {
    /// What all rows have, if they all have as many.
    pub(super) fn same(&self) -> Option<u32> {
        (!self.is_mixed).then_some(self.same)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        let same = std::iter::repeat_n(self.same, if self.is_mixed { 0 } else { self.rows });
        same.chain(self.each.iter().copied())
    }

    fn push(&mut self, length: u32) {
        self.extend_same(length, 1);
    }

    fn extend_same(&mut self, length: u32, rows: usize) {
        if self.rows == 0 {
            self.same = length;
        } else if !self.is_mixed && self.same != length {
            self.each = vec![self.same; self.rows];
            self.is_mixed = true;
        }
        if self.is_mixed {
            self.each.resize(self.each.len() + rows, length);
        }
        self.rows += rows;
    }

    fn clear(&mut self) {
        self.each.clear();
        self.rows = 0;
        self.is_mixed = false;
    }
}

/// Bits, the first in the lowest.
#[derive(Default)]
pub(super) struct Bits {
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
    /// How many are set.
    pub(super) count: usize,
}

impl Bits {
    /// Appends bits that stand in a byte each, and says how many are set.
    fn extend(&mut self, bits: &[u8]) -> usize {
        let before = self.count;
        self.bytes.reserve(bits.len() / 8 + 2);
        let (chunks, rest) = bits.as_chunks::<8>();
        for &chunk in chunks {
            self.push(packed(chunk), 8);
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.push(packed(last), rest.len());
        self.count - before
    }

    /// Appends a bit so many times.
    fn extend_same(&mut self, bit: bool, count: usize) {
        let bits = if bit { u8::MAX } else { 0 };
        // First those that fill a byte, then whole bytes, then the rest.
        let first = count.min(self.len.next_multiple_of(8) - self.len);
        let (whole, rest) = ((count - first) / 8, (count - first) % 8);
        self.push(bits & low_bits(first), first);
        self.bytes.resize(self.bytes.len() + whole, bits);
        self.len += 8 * whole;
        self.count += if bit { 8 * whole } else { 0 };
        self.push(bits & low_bits(rest), rest);
    }

    /// Appends up to eight bits.
    #[inline]
    fn push(&mut self, bits: u8, count: usize) {
        if count == 0 {
            return;
        }
        self.count += bits.count_ones() as usize;
        let offset = self.len % 8;
        match self.bytes.last_mut() {
            Some(last) if offset > 0 => {
                *last |= bits << offset;
                if offset + count > 8 {
                    self.bytes.push(bits >> (8 - offset));
                }
            }
            _ => self.bytes.push(bits),
        }
        self.len += count;
    }

    pub(super) fn get(&self, at: usize) -> bool {
        self.bytes[at / 8] >> (at % 8) & 1 == 1
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
        self.count = 0;
    }
}

/// So many bits that are set, fewer than eight.
fn low_bits(count: usize) -> u8 {
    (1 << count) - 1
}

/// Eight bits that stand in a byte each: the product moves that of byte `n` to bit `n` of the highest byte.
fn packed(bits: [u8; 8]) -> u8 {
    (u64::from_le_bytes(bits).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_stand_end_to_end_whatever_is_appended_at_once() {
        let bits: Vec<u8> = (0..200u32).map(|n| u8::from(n.wrapping_mul(2_654_435_761) >> 31 == 1)).collect();
        for step in 1..20 {
            let mut all = Bits::default();
            let set: usize = bits.chunks(step).map(|chunk| all.extend(chunk)).sum();
            assert_eq!((all.len, all.count, all.bytes.len()), (200, set, 25));
            assert!((0..200).all(|at| all.get(at) == (bits[at] == 1)));
            all.extend_same(step % 2 == 0, step);
            assert!((200..200 + step).all(|at| all.get(at) == (step % 2 == 0)));
            assert_eq!((all.len, all.bytes.len()), (200 + step, (200 + step).div_ceil(8)));
        }
    }
}
