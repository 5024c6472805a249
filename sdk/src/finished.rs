//! Finished rows as row plugins read them: which columns there are, and their cells.
//!
//! A column is known by its place: first those of [`RowPlugin::NEEDS`](crate::RowPlugin::NEEDS), then those of
//! [`RowPlugin::wants`](crate::RowPlugin::wants), in order.

use crate::abi::ColumnCells;
use crate::columns::{Kind, Scope, ValueType};
use crate::packet::Side;
use crate::plugin::EndFacts;
use crate::value::Ip;

/// A column that a row plugin reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its name: of the declaration if it is needed, of the header if it is wanted.
    pub name: String,
    /// Type of a cell.
    pub value: ValueType,
    /// Once per conversation or per direction.
    pub scope: Scope,
    /// Which direction's cell is read.
    pub pick: Pick,
}

/// From which direction of a conversation a cell is read.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The direction that the row is about.
    Own = 0,
    /// A, the initiator.
    A = 1,
    /// B, the responder; null if it never sent.
    B = 2,
}

impl Pick {
    /// Every pick, in the order of its code.
    pub const ALL: [Pick; 3] = [Pick::Own, Pick::A, Pick::B];
}

/// The rows ahead of a row plugin.
#[derive(Clone, Copy, Debug)]
pub struct Ahead<'a> {
    /// The columns that it reads.
    pub columns: &'a [Given],
    /// A row of the output stands for a conversation; its columns of flow scope are those of A's row. Otherwise
    /// each direction has a row.
    pub of_conversations: bool,
}

/// Rows that a row plugin is asked about together: A before B, the two of a conversation in a row.
#[derive(Clone, Copy)]
pub struct FinishedRows<'a> {
    ends: &'a [EndFacts],
    cells: &'a [ColumnCells<'a>],
    given: &'a [Given],
}

impl<'a> FinishedRows<'a> {
    pub(crate) fn new(ends: &'a [EndFacts], cells: &'a [ColumnCells<'a>], given: &'a [Given]) -> Self {
        Self { ends, cells, given }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A row.
    ///
    /// # Panics
    ///
    /// If there are not so many rows.
    pub fn row(&self, index: usize) -> FinishedRow<'a> {
        FinishedRow { facts: self.ends[index], rows: *self, index }
    }

    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = FinishedRow<'a>> {
        let rows = *self;
        (0..rows.len()).map(move |index| rows.row(index))
    }

    /// Which cell of a column belongs to a row, if it is there.
    #[inline]
    fn place(&self, column: usize, row: usize) -> Option<usize> {
        let end = self.ends.get(row)?;
        let is_b = end.letter == Side::B as u8;
        let given = self.given.get(column);
        let is_of_flow = given.is_some_and(|given| given.scope == Scope::Flow);
        let place = match given.map_or(Pick::Own, |given| given.pick) {
            // Where rows stand for conversations, B's cells of flow scope may be null.
            Pick::Own if !is_of_flow => row,
            Pick::Own | Pick::A => row - usize::from(is_b && row > 0),
            Pick::B if is_b => row,
            Pick::B => Some(row + 1).filter(|_| end.has_other != 0)?,
        };
        self.cells.get(column)?.is_present(place).then_some(place)
    }
}

/// A finished direction, as the other plugins printed it.
pub struct FinishedRow<'a> {
    facts: EndFacts,
    rows: FinishedRows<'a>,
    index: usize,
}

impl<'a> FinishedRow<'a> {
    /// Its place among the rows of the call.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Number of the conversation.
    pub fn flow_index(&self) -> u64 {
        self.facts.flow_index
    }

    /// Which side sent its packets.
    pub fn side(&self) -> Side {
        Side::from_bit(self.facts.side)
    }

    /// The letter of the row: a direction without opposite is always A.
    pub fn letter(&self) -> Side {
        Side::from_bit(self.facts.letter)
    }

    /// Whether the opposite direction was seen.
    pub fn has_other(&self) -> bool {
        self.facts.has_other != 0
    }

    /// The number in a column of numbers, times, spans of time (both in nanoseconds), or truth values (0 and 1);
    /// none if it is null or of another type. Integers beyond 2^53 are rounded.
    #[inline]
    pub fn number(&self, column: usize) -> Option<f64> {
        let value = self.rows.given.get(column)?.value;
        let place = self.rows.place(column, self.index)?;
        if value.list { None } else { number(value.kind, self.rows.cells[column].values(), place) }
    }

    /// The same of an element of a list, counted from 0; none if the list is null or shorter.
    #[inline]
    pub fn element(&self, column: usize, element: usize) -> Option<f64> {
        let value = self.rows.given.get(column)?.value;
        let place = self.rows.place(column, self.index)?;
        let cells = &self.rows.cells[column];
        let at = if value.list { cells.list(place).nth(element)? } else { return None };
        number(value.kind, cells.values(), at)
    }

    /// The text in a column of texts; none if it is null or of another type.
    pub fn text(&self, column: usize) -> Option<&'a str> {
        let value = self.rows.given.get(column)?.value;
        let place = self.rows.place(column, self.index)?;
        let cells = &self.rows.cells[column];
        let is_text = value.kind == Kind::Text && !value.list;
        let bytes = if is_text { cells.values().get(cells.text(place))? } else { return None };
        std::str::from_utf8(bytes).ok()
    }

    /// The address in a column; none if it is null or holds no address.
    pub fn ip(&self, column: usize) -> Option<Ip> {
        let place = self.rows.place(column, self.index)?;
        ip(self.rows.cells[column].values(), place)
    }

    /// The number in a column of type `u16`; none if it is null.
    pub fn u16(&self, column: usize) -> Option<u16> {
        self.fixed(column).map(u16::from_le_bytes)
    }

    /// The number in a column of type `u64`; none if it is null.
    pub fn u64(&self, column: usize) -> Option<u64> {
        self.fixed(column).map(u64::from_le_bytes)
    }

    /// The nanoseconds in a column of times or spans of time; none if it is null or of another type.
    pub fn nanoseconds(&self, column: usize) -> Option<i64> {
        let ValueType { kind, list } = self.rows.given.get(column)?.value;
        let is_time = matches!(kind, Kind::Time | Kind::Duration) && !list;
        if is_time { self.fixed(column).map(i64::from_le_bytes) } else { None }
    }

    /// The elements of a list of integers, times, or spans of time, in order; nothing if it is null or of another
    /// type. Elements of `u64` beyond what `i64` holds are left out.
    pub fn integers(&self, column: usize) -> impl Iterator<Item = i64> + use<'a> {
        let list = || {
            let ValueType { kind, list } = self.rows.given.get(column)?.value;
            let place = self.rows.place(column, self.index).filter(|_| list)?;
            let cells = self.rows.cells[column];
            Some((kind, cells.values(), cells.list(place)))
        };
        let (kind, values, places) = list().unwrap_or((Kind::Bool, &[], 0..0));
        places.filter_map(move |at| integer(kind, values, at))
    }

    fn fixed<const N: usize>(&self, column: usize) -> Option<[u8; N]> {
        let place = self.rows.place(column, self.index)?;
        self.rows.cells[column].values().get(place * N..(place + 1) * N)?.try_into().ok()
    }
}

/// An element as an address.
pub(crate) fn ip(values: &[u8], at: usize) -> Option<Ip> {
    let (&version, address) = values.get(at * 17..(at + 1) * 17)?.split_first()?;
    let address: [u8; 16] = address.try_into().ok()?;
    let [a, b, c, d, ..] = address;
    match version {
        4 => Some(Ip::V4([a, b, c, d])),
        6 => Some(Ip::V6(address)),
        _ => None,
    }
}

/// The bytes of an element of known width.
#[inline]
fn bytes<const N: usize>(values: &[u8], at: usize) -> Option<[u8; N]> {
    values.get(at * N..(at + 1) * N)?.try_into().ok()
}

/// An element as a number.
#[inline]
pub(crate) fn number(kind: Kind, values: &[u8], at: usize) -> Option<f64> {
    Some(match kind {
        Kind::Bool | Kind::U8 => f64::from(*values.get(at)?),
        Kind::U16 => f64::from(u16::from_le_bytes(bytes(values, at)?)),
        Kind::U32 => f64::from(u32::from_le_bytes(bytes(values, at)?)),
        Kind::U64 => u64::from_le_bytes(bytes(values, at)?) as f64,
        Kind::I64 | Kind::Time | Kind::Duration => i64::from_le_bytes(bytes(values, at)?) as f64,
        Kind::F32 => f64::from(f32::from_le_bytes(bytes(values, at)?)),
        Kind::F64 => f64::from_le_bytes(bytes(values, at)?),
        Kind::Mac | Kind::Ip | Kind::Text => return None,
    })
}

/// An element as an integer.
#[inline]
fn integer(kind: Kind, values: &[u8], at: usize) -> Option<i64> {
    match kind {
        Kind::Bool | Kind::U8 => values.get(at).map(|&byte| byte.into()),
        Kind::U16 => bytes(values, at).map(|bytes| u16::from_le_bytes(bytes).into()),
        Kind::U32 => bytes(values, at).map(|bytes| u32::from_le_bytes(bytes).into()),
        Kind::U64 => i64::try_from(u64::from_le_bytes(bytes(values, at)?)).ok(),
        Kind::I64 | Kind::Time | Kind::Duration => bytes(values, at).map(i64::from_le_bytes),
        Kind::F32 | Kind::F64 | Kind::Mac | Kind::Ip | Kind::Text => None,
    }
}

impl Kind {
    /// Whether an element can be read as a number.
    pub const fn is_number(self) -> bool {
        !matches!(self, Kind::Mac | Kind::Ip | Kind::Text)
    }
}

#[cfg(test)]
mod tests {
    use crate::Duration;
    use crate::testing::TestRows;

    use super::*;

    #[test]
    fn numbers_of_every_kind_are_read_as_one_type() {
        let rows = TestRows::new(2)
            .column("flag", [Some(true), None])
            .column("small", [3u8, 255])
            .column("port", [Some(65535u16), None])
            .column("count", [1u32, 2])
            .column("bytes", [u64::MAX, 0])
            .column("signed", [-1i64, 1])
            .column("single", [0.5f32, f32::NAN])
            .column("span", [Duration(-5), Duration(7)]);
        rows.read(|rows| {
            let of = |column, row: usize| rows.row(row).number(column);
            assert_eq!((of(0, 0), of(0, 1)), (Some(1.0), None));
            assert_eq!((of(1, 1), of(2, 0), of(2, 1)), (Some(255.0), Some(65535.0), None));
            assert_eq!((of(3, 1), of(4, 0)), (Some(2.0), Some(u64::MAX as f64)));
            assert_eq!((of(5, 0), of(6, 0), of(7, 0)), (Some(-1.0), Some(0.5), Some(-5.0)));
            assert!(of(6, 1).is_some_and(f64::is_nan) && of(8, 0).is_none());
        });
    }

    #[test]
    fn texts_and_lists_are_read_by_their_own_methods() {
        let rows = TestRows::new(3)
            .column("name", [Some("one"), None, Some("")])
            .column("lengths", [Some(vec![7u16, 9]), None, Some(vec![])]);
        rows.read(|rows| {
            let texts: Vec<_> = rows.iter().map(|row| row.text(0)).collect();
            assert_eq!(texts, [Some("one"), None, Some("")]);
            let second: Vec<_> = rows.iter().map(|row| row.element(1, 1)).collect();
            assert_eq!(second, [Some(9.0), None, None]);
            assert!(rows.row(0).number(0).is_none() && rows.row(0).number(1).is_none());
            assert!(rows.row(0).text(1).is_none() && rows.row(0).element(0, 0).is_none());
        });
    }

    #[test]
    fn lists_of_integers_are_read_at_once() {
        let rows = TestRows::new(2)
            .column("sides", [Some(vec![0u8, 255]), None])
            .column("times", [vec![Duration(-5), Duration(i64::MAX)], vec![]])
            .column("counts", [vec![u64::MAX, 7], vec![1]])
            .column("ratios", [vec![0.5f64], vec![]])
            .column("at", [Some(crate::Time(-9)), None])
            .column("one", [1u8, 2]);
        rows.read(|rows| {
            let of = |column, row: usize| rows.row(row).integers(column).collect::<Vec<_>>();
            assert_eq!((of(0, 0), of(0, 1)), (vec![0, 255], vec![]));
            assert_eq!((of(1, 0), of(1, 1)), (vec![-5, i64::MAX], vec![]));
            assert_eq!((of(2, 0), of(2, 1)), (vec![7], vec![1]));
            assert_eq!((of(3, 0), of(5, 0), of(9, 0)), (vec![], vec![], vec![]));
            let at = |column, row: usize| rows.row(row).nanoseconds(column);
            assert_eq!((at(4, 0), at(4, 1), at(5, 0), at(1, 0)), (Some(-9), None, None, None));
        });
    }

    #[test]
    fn a_wanted_column_is_that_of_its_direction() {
        // Two conversations: one of both directions, one of A alone.
        let rows = TestRows::directions(&[true, false])
            .column("own", [1u64, 2, 3])
            .picked("sent_a", Pick::A, [1u64, 2, 3])
            .picked("sent_b", Pick::B, [1u64, 2, 3]);
        rows.read(|rows| {
            let of = |column| rows.iter().map(|row| row.number(column)).collect::<Vec<_>>();
            assert_eq!(of(0), [Some(1.0), Some(2.0), Some(3.0)]);
            assert_eq!(of(1), [Some(1.0), Some(1.0), Some(3.0)]);
            assert_eq!(of(2), [Some(2.0), Some(2.0), None]);
        });
    }

    #[test]
    fn b_has_the_cells_of_flow_scope_that_a_has() {
        let rows = TestRows::directions(&[true, false]).of_flow("bytes", [Some(5u64), None, Some(7)]);
        rows.read(|rows| {
            let of_flow: Vec<_> = rows.iter().map(|row| row.u64(0)).collect();
            assert_eq!(of_flow, [Some(5), Some(5), Some(7)]);
        });
    }

    #[test]
    fn a_column_whose_plugin_failed_is_null() {
        let ends = [EndFacts::default()];
        let given = TestRows::new(0).column("x", [0u64; 0]);
        let cells = [ColumnCells::NONE];
        let rows = FinishedRows::new(&ends, &cells, given.given());
        assert!(rows.row(0).number(0).is_none() && rows.row(0).u64(0).is_none());
    }
}
