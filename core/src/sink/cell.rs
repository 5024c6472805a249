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
    pub(super) fn cell<'a>(&self, finished: &Finished<'a>, row: &Row) -> Cell<'a> {
        self.prepare(finished).cell(row)
    }

    /// The column in a batch, looked up once for all of its rows.
    pub(super) fn prepare<'a>(&self, finished: &Finished<'a>) -> Prepared<'a> {
        let cells = finished.cells.get(self.index).copied().flatten().unwrap_or(ColumnCells::NONE);
        Prepared {
            pick: self.pick,
            value: self.value,
            values: cells.values(),
            validity: cells.validity(),
            cells,
        }
    }
}

/// A column of a batch.
pub(super) struct Prepared<'a> {
    pick: Pick,
    value: ValueType,
    values: &'a [u8],
    validity: &'a [u8],
    cells: ColumnCells<'a>,
}

impl<'a> Prepared<'a> {
    /// The cell of a row. Inlined to where it is printed, so that one match on the kind is left of three.
    #[inline(always)]
    pub(super) fn cell(&self, row: &Row) -> Cell<'a> {
        let Some(direction) = row.direction(self.pick) else { return Cell::Null };
        let is_present =
            self.validity.get(direction / 8).is_some_and(|byte| byte >> (direction % 8) & 1 == 1);
        if !is_present {
            Cell::Null
        } else if self.value.list {
            let elements = self.cells.list(direction);
            Cell::Many(Elements { cells: self.cells, kind: self.value.kind, elements })
        } else {
            element(&self.cells, self.values, self.value.kind, direction).map_or(Cell::Null, Cell::One)
        }
    }
}

/// The elements of a list.
#[derive(Clone)]
pub(super) struct Elements<'a> {
    cells: ColumnCells<'a>,
    kind: Kind,
    elements: Range<usize>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        element(&self.cells, self.cells.values(), self.kind, self.elements.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.elements.size_hint()
    }
}

#[inline(always)]
fn element<'a>(cells: &ColumnCells<'a>, values: &'a [u8], kind: Kind, at: usize) -> Option<Value<'a>> {
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

/// Element `at` of fixed width.
#[inline]
fn bytes<const WIDTH: usize>(values: &[u8], at: usize) -> Option<[u8; WIDTH]> {
    values.get(at * WIDTH..)?.first_chunk().copied()
}

#[inline]
pub(super) fn ip([version, address @ ..]: [u8; 17]) -> Ip {
    match (version, address) {
        (4, [a, b, c, d, ..]) => Ip::V4([a, b, c, d]),
        (_, address) => Ip::V6(address),
    }
}
