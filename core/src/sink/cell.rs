//! Column buffers → single cells.
//!
//! What comes in: the cells that plugins filled, in Arrow's shape. What goes out: one [`Cell`] for a row and
//! a column. A buffer that is shorter than its rows, which only a faulty plugin makes, reads as null.

use std::ops::Range;

use weir_sdk::Ip;
use weir_sdk::abi::ColumnCells;
use weir_sdk::columns::{Kind, ValueType};

use crate::schema::{OutputColumn, Pick};

use super::{Finished, Row};

/// One element of a column. Times and durations are nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    F32(f32),
    F64(f64),
    Mac([u8; 6]),
    Ip(Ip),
    Text(&'a [u8]),
}

/// What stands in a column of a row.
pub(super) enum Cell<'a> {
    Null,
    One(Value<'a>),
    Many(Elements<'a>),
}

/// Where the cells of an output column come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) index: usize,
    pub(super) pick: Pick,
    pub(super) value: ValueType,
}

impl Source {
    pub(super) fn of(column: &OutputColumn) -> Self {
        Self { index: column.index, pick: column.pick, value: column.column.value }
    }

    /// The cell of a row.
    pub(super) fn cell<'a>(&self, finished: &'a Finished<'_>, row: &Row) -> Cell<'a> {
        let column = self.prepare(finished);
        column.present(&Places::of(row)).map_or(Cell::Null, |direction| column.cell(direction))
    }

    /// The column in a batch, looked up once for all of its rows.
    pub(super) fn prepare<'a>(&self, finished: &'a Finished<'_>) -> Prepared<'a> {
        let cells = finished.cells.get(self.index).and_then(Option::as_ref).unwrap_or(&ColumnCells::NONE);
        let scalar = (!self.value.list).then_some(self.value.kind);
        let (kind, values) = (self.value.kind, cells.values());
        Prepared { is_of_b: self.pick == Pick::B, scalar, kind, values, cells }
    }
}

/// Where the cells of one direction stand in the columns of a batch.
#[derive(Clone, Copy)]
struct Place {
    direction: usize,
    /// The byte of the validity that holds the direction's bit.
    byte: usize,
    mask: u8,
}

impl Place {
    /// Without a direction, beyond every column.
    #[inline]
    fn of(direction: Option<usize>) -> Self {
        let direction = direction.unwrap_or(usize::MAX);
        Self { direction, byte: direction / 8, mask: 1 << (direction % 8) }
    }
}

/// Where the cells of a row stand, worked out once for all of its columns.
pub(super) struct Places([Place; 2]);

impl Places {
    #[inline]
    pub(super) fn of(row: &Row) -> Self {
        Self([Pick::Own, Pick::B].map(|pick| Place::of(row.direction(pick))))
    }
}

/// A column of a batch.
pub(super) struct Prepared<'a> {
    is_of_b: bool,
    /// The kind of its cells unless they are lists.
    pub(super) scalar: Option<Kind>,
    /// The kind of its elements.
    pub(super) kind: Kind,
    values: &'a [u8],
    cells: &'a ColumnCells<'a>,
}

impl<'a> Prepared<'a> {
    /// The direction of a row whose cell stands in the column, if the cell is present.
    #[inline(always)]
    pub(super) fn present(&self, places: &Places) -> Option<usize> {
        let place = &places.0[usize::from(self.is_of_b)];
        let valid = self.cells.validity().get(place.byte)?;
        (valid & place.mask != 0).then_some(place.direction)
    }

    /// The cell of a direction that is present.
    #[inline]
    pub(super) fn cell(&self, direction: usize) -> Cell<'a> {
        match self.scalar {
            Some(kind) => element(self.cells, kind, direction).map_or(Cell::Null, Cell::One),
            None => Cell::Many(self.elements(direction)),
        }
    }

    /// The list of a direction that is present.
    #[inline]
    pub(super) fn elements(&self, direction: usize) -> Elements<'a> {
        Elements { cells: self.cells, kind: self.kind, elements: self.cells.list(direction) }
    }

    /// The same, of elements of fixed width, as far as they are there.
    #[inline(always)]
    pub(super) fn list<const WIDTH: usize>(&self, direction: usize) -> &'a [[u8; WIDTH]] {
        let (all, list) = (self.values.as_chunks().0, self.cells.list(direction));
        all.get(list.start..list.end.min(all.len())).unwrap_or_default()
    }

    /// The text of a direction that is present, in a column of texts.
    #[inline(always)]
    pub(super) fn text(&self, direction: usize) -> Option<&'a [u8]> {
        self.values.get(self.cells.text(direction))
    }

    /// The texts of a direction's list, in a column of such lists.
    #[inline(always)]
    pub(super) fn texts(&self, direction: usize) -> impl Iterator<Item = Option<&'a [u8]>> {
        self.cells.list(direction).map(|element| self.text(element))
    }

    /// Its cells as numbers.
    #[inline(always)]
    pub(super) fn numbers<const WIDTH: usize>(&self) -> Numbers<'a, WIDTH> {
        Numbers { values: self.values.as_chunks().0, cells: self.cells }
    }

    /// Whether the cell of a direction is present.
    #[inline(always)]
    pub(super) fn has(&self, direction: usize) -> bool {
        self.cells.is_present(direction)
    }

    /// Whether none of these directions has a cell; it may say no where only their neighbours have.
    #[inline]
    pub(super) fn is_blank(&self, directions: Range<usize>) -> bool {
        let validity = self.cells.validity();
        let bytes = directions.start / 8..directions.end.div_ceil(8).min(validity.len());
        validity.get(bytes).is_none_or(|bytes| bytes.iter().all(|&byte| byte == 0))
    }
}

/// The cells of a column of numbers.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a, const WIDTH: usize> {
    values: &'a [[u8; WIDTH]],
    cells: &'a ColumnCells<'a>,
}

impl<const WIDTH: usize> Numbers<'_, WIDTH> {
    /// The bytes of a direction's cell, if it is present.
    #[inline(always)]
    pub(super) fn get(&self, direction: usize) -> Option<[u8; WIDTH]> {
        self.values.get(direction).filter(|_| self.cells.is_present(direction)).copied()
    }
}

/// Directions whose presence fits into a word wherever they begin in a byte.
const IN_A_WORD: usize = u64::BITS as usize - 7;

impl<'a, const WIDTH: usize> Numbers<'a, WIDTH> {
    /// What stands for directions, and a bit for each of them, the lowest for the first, which says whether its cell is
    /// present; none if they are too many for that, or the column is too short.
    #[inline]
    pub(super) fn span(&self, directions: Range<usize>) -> Option<(&'a [[u8; WIDTH]], u64)> {
        let (first, count) = (directions.start, directions.len());
        let numbers = self.values.get(directions)?;
        let validity = self.cells.validity().get(first / 8..)?;
        let word =
            validity.first_chunk().map_or_else(|| padded(validity), |&bytes| u64::from_le_bytes(bytes));
        (count <= IN_A_WORD).then_some((numbers, word >> (first % 8) & ((1 << count) - 1)))
    }
}

/// The word that begins with these bytes, fewer than it has.
#[cold]
fn padded(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The elements of a list.
#[derive(Clone)]
pub(super) struct Elements<'a> {
    cells: &'a ColumnCells<'a>,
    kind: Kind,
    elements: Range<usize>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        element(self.cells, self.kind, self.elements.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.elements.size_hint()
    }
}

#[inline(always)]
fn element<'a>(cells: &'a ColumnCells<'a>, kind: Kind, at: usize) -> Option<Value<'a>> {
    let values = cells.values();
    Some(match kind {
        Kind::Bool => Value::Bool(bytes::<1>(values, at)? != [0]),
        Kind::U8 => Value::Unsigned(u8::from_le_bytes(bytes(values, at)?).into()),
        Kind::U16 => Value::Unsigned(u16::from_le_bytes(bytes(values, at)?).into()),
        Kind::U32 => Value::Unsigned(u32::from_le_bytes(bytes(values, at)?).into()),
        Kind::U64 => Value::Unsigned(u64::from_le_bytes(bytes(values, at)?)),
        Kind::I64 | Kind::Time | Kind::Duration => Value::Signed(i64::from_le_bytes(bytes(values, at)?)),
        Kind::F32 => Value::F32(f32::from_le_bytes(bytes(values, at)?)),
        Kind::F64 => Value::F64(f64::from_le_bytes(bytes(values, at)?)),
        Kind::Mac => Value::Mac(bytes(values, at)?),
        Kind::Ip => Value::Ip(ip(bytes(values, at)?)),
        Kind::Text => Value::Text(values.get(cells.text(at))?),
    })
}

#[inline(always)]
fn bytes<const WIDTH: usize>(values: &[u8], at: usize) -> Option<[u8; WIDTH]> {
    values.as_chunks().0.get(at).copied()
}

/// The bytes of an address in a column: its version, and room for a long one.
pub(super) type Address = [u8; 17];

#[inline]
pub(super) fn ip([version, address @ ..]: Address) -> Ip {
    match (version, address) {
        (4, [a, b, c, d, ..]) => Ip::V4([a, b, c, d]),
        (_, address) => Ip::V6(address),
    }
}
