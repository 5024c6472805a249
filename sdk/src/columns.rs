//! Columns: declared once on the fields of a row struct, filled into buffers of Arrow's shape.
//!
//! A plugin author derives [`Columns`] and never calls what stands here. Core reads the buffers.

use std::ops::Range;

use arrayvec::{ArrayString, ArrayVec};

use crate::abi::{ColumnCells, append_in_place};
use crate::value::{Duration, Ip, Mac, Time};

/// What one element of a column is.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// True or false: one byte.
    Bool = 0,
    /// Unsigned 8-bit integer.
    U8 = 1,
    /// Unsigned 16-bit integer.
    U16 = 2,
    /// Unsigned 32-bit integer.
    U32 = 3,
    /// Unsigned 64-bit integer.
    U64 = 4,
    /// Signed 64-bit integer.
    I64 = 5,
    /// IEEE single.
    F32 = 6,
    /// IEEE double.
    F64 = 7,
    /// Nanoseconds since 1970-01-01 UTC, signed 64 bits.
    Time = 8,
    /// Nanoseconds, signed 64 bits.
    Duration = 9,
    /// MAC address: six bytes.
    Mac = 10,
    /// IP address: one byte 4 or 6, then 16 bytes (IPv4 uses the first four).
    Ip = 11,
    /// UTF-8 text.
    Text = 12,
}

impl Kind {
    /// Every kind, in the order of its code.
    pub const ALL: [Kind; 13] = [
        Kind::Bool,
        Kind::U8,
        Kind::U16,
        Kind::U32,
        Kind::U64,
        Kind::I64,
        Kind::F32,
        Kind::F64,
        Kind::Time,
        Kind::Duration,
        Kind::Mac,
        Kind::Ip,
        Kind::Text,
    ];

    /// Bytes that one element takes in [`ColumnBuffer::values`]; text has no fixed width.
    pub const fn width(self) -> Option<usize> {
        match self {
            Kind::Bool | Kind::U8 => Some(1),
            Kind::U16 => Some(2),
            Kind::U32 | Kind::F32 => Some(4),
            Kind::U64 | Kind::I64 | Kind::F64 | Kind::Time | Kind::Duration => Some(8),
            Kind::Mac => Some(6),
            Kind::Ip => Some(17),
            Kind::Text => None,
        }
    }

    /// The name that dictionaries print.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::U8 => "u8",
            Kind::U16 => "u16",
            Kind::U32 => "u32",
            Kind::U64 => "u64",
            Kind::I64 => "i64",
            Kind::F32 => "f32",
            Kind::F64 => "f64",
            Kind::Time => "time",
            Kind::Duration => "duration",
            Kind::Mac => "mac",
            Kind::Ip => "ip",
            Kind::Text => "text",
        }
    }
}

/// What a cell of a column is: one element or a list of them. Every column is nullable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueType {
    /// The element.
    pub kind: Kind,
    /// Whether a cell holds a list of elements.
    pub list: bool,
}

impl ValueType {
    /// Bytes that a cell takes, present or not; lists and texts have no fixed width.
    pub(crate) const fn fixed_width(self) -> Option<usize> {
        if self.list { None } else { self.kind.width() }
    }
}

/// Whether a column stands once in a conversation's row or once for each direction.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One value for the conversation.
    Flow = 0,
    /// One value for each direction (`_a` and `_b`).
    Direction = 1,
}

/// A bit, or a group of bits, of a bit-mask column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit {
    /// The bits meant.
    pub mask: u64,
    /// Upper-case name.
    pub name: &'static str,
    /// What it says when set.
    pub meaning: &'static str,
}

/// How Tranalyzer names and prints a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tranalyzer {
    /// Its name there, for instance `l7BytesSnt`.
    pub name: &'static str,
    /// Its type code there: `U64`, `H16`, `F`, `D`, `T` (time), `MAC`, `IP`, `S`, `SC`, `C`, `I64`.
    pub format: &'static str,
    /// What stands for null.
    pub null: &'static str,
}

/// The declaration of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Lower snake case, subject first.
    pub name: &'static str,
    /// Type of a cell.
    pub value: ValueType,
    /// Once per conversation or per direction.
    pub scope: Scope,
    /// `bytes`, `packets`, `ns`, `1/s`, `bit mask`, or `none`.
    pub unit: &'static str,
    /// One sentence or more that a stranger could re-implement.
    pub definition: &'static str,
    /// Where the truth lives: RFC, registry, or formula.
    pub source: &'static str,
    /// Labels by which column sets are selected.
    pub tags: &'static [&'static str],
    /// Other names under which people look for it.
    pub aliases: &'static [&'static str],
    /// Names of the bits of a bit mask.
    pub bits: &'static [Bit],
    /// Tranalyzer's name and format, if it has the column.
    pub tranalyzer: Option<Tranalyzer>,
}

/// A row: its columns, and how to put rows into their buffers. Derived.
pub trait Columns {
    /// The columns, in the order of the fields.
    const COLUMNS: &'static [Column];

    /// Appends one cell to each buffer; there is one buffer per column.
    fn append(self, buffers: &mut [ColumnBuffer]);

    /// Puts its cells into the room that buffers have for those of this row, and notes which are present: one bit per
    /// column, the first one lowest.
    fn put(self, row: usize, buffers: &mut [ColumnBuffer], presence: &mut [u8]);
}

/// No columns, for a plugin that measures nothing.
impl Columns for () {
    const COLUMNS: &'static [Column] = &[];

    fn append(self, _buffers: &mut [ColumnBuffer]) {}

    fn put(self, _row: usize, _buffers: &mut [ColumnBuffer], _presence: &mut [u8]) {}
}

/// The cells of one column for a batch of rows, in Arrow's shape: values end to end, a validity bitmap,
/// and end offsets for lists and text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnBuffer {
    /// Number of rows.
    pub rows: usize,
    /// Elements end to end, little endian; a null scalar still takes its width.
    pub values: Vec<u8>,
    /// One bit per row, least significant first, set where a cell is present.
    pub validity: Vec<u8>,
    /// Lists: number of elements up to and with this row.
    pub list_ends: Vec<u32>,
    /// Text: number of bytes up to and with this element.
    pub text_ends: Vec<u32>,
}

impl ColumnBuffer {
    /// Forgets the rows, keeps the memory.
    pub fn clear(&mut self) {
        self.rows = 0;
        self.values.clear();
        self.validity.clear();
        self.list_ends.clear();
        self.text_ends.clear();
    }

    /// Appends these rows of a column of the given type. Rows that are not there, which only a faulty plugin
    /// leaves out, become null.
    ///
    /// ```
    /// use weir_sdk::abi::ColumnCells;
    /// use weir_sdk::columns::{Cell, ColumnBuffer};
    ///
    /// let (mut from, mut to) = (ColumnBuffer::default(), ColumnBuffer::default());
    /// [None, Some(7u16)].into_iter().for_each(|cell| cell.append(&mut from));
    /// to.copy(&ColumnCells::of(&from), 1..2, <u16 as Cell>::TYPE);
    /// assert_eq!((to.rows, &to.values[..]), (1, &[7, 0][..]));
    /// ```
    pub fn copy(&mut self, from: &ColumnCells<'_>, rows: Range<usize>, value: ValueType) {
        let there = rows.start..rows.end.min(from.rows()).max(rows.start);
        let elements = if value.list { self.copy_lists(from, there.clone()) } else { there.clone() };
        match value.kind.width() {
            Some(width) => {
                let bytes = from.values().get(elements.start * width..elements.end * width);
                self.values.extend_from_slice(bytes.unwrap_or_default());
            }
            None => elements.for_each(|element| self.copy_text(from, element)),
        }
        for first in there.clone().step_by(8) {
            self.end_rows(from.presence(first), (there.end - first).min(8));
        }
        (there.end..rows.end).for_each(|_| self.append_null(value));
    }

    /// Appends the lengths of lists, and gives their elements.
    fn copy_lists(&mut self, from: &ColumnCells<'_>, rows: Range<usize>) -> Range<usize> {
        let first = rows.clone().next().map_or(0, |row| from.list(row).start);
        let before = self.list_ends.last().copied().unwrap_or(0);
        self.list_ends.extend(rows.clone().map(|row| before + (from.list(row).end - first) as u32));
        first..rows.last().map_or(first, |row| from.list(row).end)
    }

    fn copy_text(&mut self, from: &ColumnCells<'_>, element: usize) {
        self.values.extend_from_slice(from.values().get(from.text(element)).unwrap_or_default());
        self.text_ends.push(self.values.len() as u32);
    }

    /// Appends the cell of the last row of a column of the given type once more; nothing if there is no row.
    #[inline]
    pub(crate) fn repeat_row(&mut self, value: ValueType) {
        let Some(last) = self.rows.checked_sub(1) else { return };
        // The usual widths are spelled out: a copy of known size is no call.
        match value.kind.width() {
            _ if value.list => self.repeat_list(last, value.kind),
            Some(1) => self.repeat_bytes::<1>(),
            Some(2) => self.repeat_bytes::<2>(),
            Some(4) => self.repeat_bytes::<4>(),
            Some(8) => self.repeat_bytes::<8>(),
            _ => self.repeat_elements(last..self.rows, value.kind),
        }
        self.end_row(self.validity[last / 8] >> (last % 8) & 1 != 0);
    }

    #[inline]
    fn repeat_bytes<const WIDTH: usize>(&mut self) {
        if let Some(bytes) = self.values.last_chunk::<WIDTH>().copied() {
            self.values.extend_from_slice(&bytes);
        }
    }

    #[inline]
    fn repeat_list(&mut self, last: usize, kind: Kind) {
        let elements = part(&self.list_ends, last);
        self.list_ends.push((elements.end + elements.len()) as u32);
        if !elements.is_empty() {
            self.repeat_elements(elements, kind);
        }
    }

    #[inline]
    fn repeat_elements(&mut self, elements: Range<usize>, kind: Kind) {
        match kind.width() {
            Some(width) => self.values.extend_from_within(elements.start * width..elements.end * width),
            None => elements.for_each(|element| self.repeat_text(element)),
        }
    }

    #[inline]
    fn repeat_text(&mut self, element: usize) {
        let bytes = part(&self.text_ends, element);
        if !bytes.is_empty() {
            self.values.extend_from_within(bytes);
        }
        self.text_ends.push(self.values.len() as u32);
    }

    /// Forgets the rows, and makes room for so many cells of this width, 0 where they have no fixed one, which are then
    /// [put](Cell::put) there. What the room holds until then says nothing, and there may be more of it.
    #[inline]
    pub(crate) fn make_room(&mut self, rows: usize, width: usize) {
        if width == 0 {
            self.values.clear();
        } else if self.values.len() < rows * width {
            self.values.resize(rows * width, 0);
        }
        self.rows = rows;
        self.validity.clear();
        self.list_ends.clear();
        self.text_ends.clear();
    }

    #[inline(always)]
    fn put_bytes<const WIDTH: usize>(&mut self, row: usize, bytes: [u8; WIDTH]) {
        if WIDTH.is_power_of_two() {
            self.values.as_chunks_mut().0[row] = bytes;
        } else {
            self.values[row * WIDTH..][..WIDTH].copy_from_slice(&bytes);
        }
    }

    #[inline]
    pub(crate) fn append_null(&mut self, value: ValueType) {
        // The usual widths are spelled out, as above.
        match value.kind.width() {
            _ if value.list => self.list_ends.push(self.list_ends.last().copied().unwrap_or(0)),
            Some(1) => self.values.push(0),
            Some(4) => self.values.extend_from_slice(&[0; 4]),
            Some(8) => self.values.extend_from_slice(&[0; 8]),
            Some(width) => self.values.resize(self.values.len() + width, 0),
            None => self.text_ends.push(self.values.len() as u32),
        }
        self.end_row(false);
    }

    /// Ends up to eight rows, of which the bits say whether they are present.
    #[inline]
    fn end_rows(&mut self, presence: u8, count: usize) {
        let used = self.rows % 8;
        let [low, high] = ((u16::from(presence) & ((1 << count) - 1)) << used).to_le_bytes();
        match self.validity.last_mut().filter(|_| used > 0) {
            Some(last) => *last |= low,
            None => self.validity.push(low),
        }
        if used + count > 8 {
            self.validity.push(high);
        }
        self.rows += count;
    }

    #[inline]
    fn end_row(&mut self, present: bool) {
        let row = self.rows;
        self.rows = row + 1;
        match self.validity.get_mut(row / 8) {
            Some(byte) => *byte |= u8::from(present) << (row % 8),
            None => self.validity.push(u8::from(present)),
        }
    }

    #[inline]
    fn end_list(&mut self, elements: usize) {
        let before = self.list_ends.last().copied().unwrap_or(0);
        self.list_ends.push(before + elements as u32);
    }

    /// Ends a list whose elements stand elsewhere, behind so many of this and all lists before.
    pub(crate) fn end_list_at(&mut self, elements: usize) {
        self.list_ends.push(elements as u32);
        self.end_row(true);
    }
}

/// Notes in the buffers which cells are present of rows that were [put](Columns::put) there, each with a bit for each
/// column.
pub(crate) fn note_presence(buffers: &mut [ColumnBuffer], presence: &[u8]) {
    let bytes = buffers.len().div_ceil(8);
    for eight in presence.chunks(8 * bytes.max(1)) {
        for (byte, columns) in buffers.chunks_mut(8).enumerate() {
            let mut rows = [0; 8];
            rows.iter_mut().zip(eight.chunks_exact(bytes)).for_each(|(row, bits)| *row = bits[byte]);
            let columns = columns.iter_mut().zip(transposed(u64::from_le_bytes(rows)).to_le_bytes());
            columns.for_each(|(column, rows)| column.validity.push(rows));
        }
    }
}

/// Eight bytes of eight bits, mirrored: bit `b` of byte `a` becomes bit `a` of byte `b`.
fn transposed(bits: u64) -> u64 {
    // Hacker's Delight section 7-3: single bits change places, then blocks of 2 by 2, then of 4 by 4.
    let steps = [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)];
    steps.iter().fold(bits, |bits, (distance, mask)| {
        let change = (bits ^ bits >> distance) & mask;
        bits ^ change ^ change << distance
    })
}

/// What stands between the end before and that of a place.
#[inline]
fn part(ends: &[u32], place: usize) -> Range<usize> {
    let start = place.checked_sub(1).map_or(0, |before| ends[before]);
    start as usize..ends[place] as usize
}

/// One element of a column.
pub trait Element {
    /// Its kind.
    const KIND: Kind;

    /// Appends it to the values.
    fn write(&self, buffer: &mut ColumnBuffer);

    /// Appends these to the values, one behind the other.
    #[inline]
    fn write_all(elements: &[Self], buffer: &mut ColumnBuffer)
    where
        Self: Sized,
    {
        elements.iter().for_each(|element| element.write(buffer));
    }
}

/// A cell: an element, an optional one, or a list.
pub trait Cell {
    /// Its type.
    const TYPE: ValueType;

    /// Appends it as one row.
    fn append(self, buffer: &mut ColumnBuffer);

    /// Puts it into the room that the buffer has for that of this row; gives whether it is present. Texts and lists
    /// are put in order.
    fn put(self, row: usize, buffer: &mut ColumnBuffer) -> bool;
}

/// Elements of fixed width, of which an absent one is all zero: an element stands for itself, for an `Option`, and
/// nothing else needs saying.
macro_rules! fixed_cells {
    ($($type:ty => $kind:ident, |$element:ident| $bytes:expr;)+) => {$(
        impl Element for $type {
            const KIND: Kind = Kind::$kind;

            #[inline]
            fn write(&self, buffer: &mut ColumnBuffer) {
                let $element = *self;
                buffer.values.extend_from_slice(&$bytes);
            }

            #[inline]
            fn write_all(elements: &[Self], buffer: &mut ColumnBuffer) {
                append_in_place(&mut buffer.values, elements.len(), |place| {
                    let $element = elements[place];
                    $bytes
                });
            }
        }

        impl Cell for $type {
            const TYPE: ValueType = ValueType { kind: Kind::$kind, list: false };

            #[inline]
            fn append(self, buffer: &mut ColumnBuffer) {
                self.write(buffer);
                buffer.end_row(true);
            }

            #[inline]
            fn put(self, row: usize, buffer: &mut ColumnBuffer) -> bool {
                let $element = self;
                buffer.put_bytes(row, $bytes);
                true
            }
        }

        impl Cell for Option<$type> {
            const TYPE: ValueType = ValueType { kind: Kind::$kind, list: false };

            #[inline]
            fn append(self, buffer: &mut ColumnBuffer) {
                let bytes = bytes_or_zero(self, |$element| $bytes);
                buffer.values.extend_from_slice(&bytes);
                buffer.end_row(self.is_some());
            }

            #[inline]
            fn put(self, row: usize, buffer: &mut ColumnBuffer) -> bool {
                buffer.put_bytes(row, bytes_or_zero(self, |$element| $bytes));
                self.is_some()
            }
        }
    )+};
}

#[inline(always)]
fn bytes_or_zero<T, const WIDTH: usize>(
    cell: Option<T>,
    bytes: impl FnOnce(T) -> [u8; WIDTH],
) -> [u8; WIDTH] {
    cell.map_or([0; WIDTH], bytes)
}

fixed_cells! {
    bool => Bool, |element| [u8::from(element)];
    u8 => U8, |element| [element];
    u16 => U16, |element| element.to_le_bytes();
    u32 => U32, |element| element.to_le_bytes();
    u64 => U64, |element| element.to_le_bytes();
    i64 => I64, |element| element.to_le_bytes();
    f32 => F32, |element| element.to_le_bytes();
    f64 => F64, |element| element.to_le_bytes();
    Time => Time, |element| element.0.to_le_bytes();
    Duration => Duration, |element| element.0.to_le_bytes();
    Mac => Mac, |element| element.0;
    Ip => Ip, |element| ip_bytes(element);
}

#[inline]
fn ip_bytes(address: Ip) -> [u8; 17] {
    let mut cell = [0; 17];
    match address {
        Ip::V4(bytes) => {
            cell[0] = 4;
            cell[1..5].copy_from_slice(&bytes);
        }
        Ip::V6(bytes) => {
            cell[0] = 6;
            cell[1..].copy_from_slice(&bytes);
        }
    }
    cell
}

macro_rules! text_cells {
    ($([$($generic:tt)*] $type:ty;)+) => {$(
        impl<$($generic)*> Element for $type {
            const KIND: Kind = Kind::Text;

            #[inline]
            fn write(&self, buffer: &mut ColumnBuffer) {
                buffer.values.extend_from_slice(self.as_bytes());
                buffer.text_ends.push(buffer.values.len() as u32);
            }
        }

        impl<$($generic)*> Cell for $type {
            const TYPE: ValueType = ValueType { kind: Kind::Text, list: false };

            #[inline]
            fn append(self, buffer: &mut ColumnBuffer) {
                self.write(buffer);
                buffer.end_row(true);
            }

            #[inline]
            fn put(self, _row: usize, buffer: &mut ColumnBuffer) -> bool {
                self.write(buffer);
                true
            }
        }

        impl<$($generic)*> Cell for Option<$type> {
            const TYPE: ValueType = ValueType { kind: Kind::Text, list: false };

            #[inline]
            fn append(self, buffer: &mut ColumnBuffer) {
                let is_present = self.put(0, buffer);
                buffer.end_row(is_present);
            }

            #[inline]
            fn put(self, _row: usize, buffer: &mut ColumnBuffer) -> bool {
                match &self {
                    Some(text) => text.write(buffer),
                    None => buffer.text_ends.push(buffer.values.len() as u32),
                }
                self.is_some()
            }
        }
    )+};
}

text_cells! {
    [] &str;
    [] String;
    [const N: usize] ArrayString<N>;
}

/// A list cell from anything that holds a slice of elements.
macro_rules! lists {
    ($($(#[$doc:meta])* [$($generic:tt)*] $type:ty;)+) => {$(
        $(#[$doc])*
        impl<T: Element, $($generic)*> Cell for $type {
            const TYPE: ValueType = ValueType { kind: T::KIND, list: true };

            #[inline]
            fn append(self, buffer: &mut ColumnBuffer) {
                put_list(&self[..], buffer);
                buffer.end_row(true);
            }

            #[inline]
            fn put(self, _row: usize, buffer: &mut ColumnBuffer) -> bool {
                put_list(&self[..], buffer);
                true
            }
        }

        impl<T: Element, $($generic)*> Cell for Option<$type> {
            const TYPE: ValueType = ValueType { kind: T::KIND, list: true };

            fn append(self, buffer: &mut ColumnBuffer) {
                let is_present = self.put(0, buffer);
                buffer.end_row(is_present);
            }

            #[inline]
            fn put(self, _row: usize, buffer: &mut ColumnBuffer) -> bool {
                match &self {
                    Some(list) => put_list(&list[..], buffer),
                    None => buffer.end_list(0),
                }
                self.is_some()
            }
        }
    )+};
}

lists! {
    [] &[T];
    [] Vec<T>;
    [const N: usize] ArrayVec<T, N>;
}

#[inline]
fn put_list<T: Element>(elements: &[T], buffer: &mut ColumnBuffer) {
    T::write_all(elements, buffer);
    buffer.end_list(elements.len());
}

mod made;
mod repeat;
#[cfg(test)]
mod tests;
