//! A field of many rows: one function for each type of column, which prints all cells of the column before it.
//!
//! What is short, as nearly all cells are, is put into the room of a line; the rest is printed by `csv.rs`.

use weir_sdk::Ip;
use weir_sdk::columns::{Kind, ValueType};

use crate::schema::{OutputColumn, Pick};
use crate::sink::address::{put_mac, put_v4};
use crate::sink::cell::{Cell, Numbers, Prepared, Source, Value};
use crate::sink::line::{Half, Line, Room};
use crate::sink::number::{Short, put_checked, put_shortest, put_signed, put_unsigned};
use crate::sink::{Finished, Row};

use super::{needs_quotes, push_field};

/// Where a field comes from, or the two of A and B that stand together.
pub(super) struct FieldSource {
    source: Source,
    is_pair: bool,
}

impl FieldSource {
    /// The fields of columns, in order.
    pub(super) fn all(columns: &[OutputColumn]) -> Vec<Self> {
        let mut sources: Vec<Self> = Vec::new();
        for column in columns {
            let is_b_of = |last: &&mut Self| {
                column.pick == Pick::B && last.source.pick == Pick::A && last.source.index == column.index
            };
            match sources.last_mut().filter(is_b_of) {
                Some(of_a) => of_a.is_pair = true,
                None => sources.push(Self { source: Source::of(column), is_pair: false }),
            }
        }
        sources
    }

    /// The field in a batch, looked up once for all of its rows.
    pub(super) fn prepare<'a>(&self, finished: &'a Finished<'_>) -> Field<'a> {
        let Self { source, is_pair } = self;
        let column = source.prepare(finished);
        Field { column, pick: source.pick, is_pair: *is_pair, put: put_cells_of(source.value) }
    }
}

/// The cells of a field, or of the two of A and B.
pub(super) struct Field<'a> {
    column: Prepared<'a>,
    pick: Pick,
    is_pair: bool,
    put: Put,
}

/// Puts the cells of rows to the ends of their lines, each with a delimiter behind it.
type Put = fn(&Field<'_>, &[Row], &mut [Line], u8);

impl Field<'_> {
    /// How many fields these are.
    pub(super) fn count(&self) -> usize {
        if self.is_pair { 2 } else { 1 }
    }

    /// Whether none of these rows, which stand one behind the other, has a cell; it may say no where the rows around
    /// them have.
    pub(super) fn is_blank(&self, rows: &[Row]) -> bool {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return true };
        self.column.is_blank(first.directions().start..last.directions().end)
    }

    /// Puts the cells of rows to the ends of their lines.
    pub(super) fn put(&self, rows: &[Row], lines: &mut [Line], delimiter: u8) {
        (self.put)(self, rows, lines, delimiter);
    }

    /// Has the first or only cell of each row put, and then the one of B if there are two.
    #[inline(always)]
    fn each(&self, rows: &[Row], lines: &mut [Line], mut put: impl FnMut(Option<usize>, &mut Line)) {
        for (row, line) in rows.iter().zip(lines) {
            let places =
                if self.is_pair { [Some(row.own), row.other] } else { [row.direction(self.pick), None] };
            // In one place, so that no call is made for each cell.
            places.into_iter().take(self.count()).for_each(|at| put(at, line));
        }
    }
}

fn put_cells_of(ValueType { kind, list }: ValueType) -> Put {
    match (kind, list) {
        (Kind::U8, false) => put_numbers::<u8, 1>,
        (Kind::U16, false) => put_numbers::<u16, 2>,
        (Kind::U32, false) => put_numbers::<u32, 4>,
        (Kind::U64, false) => put_numbers::<u64, 8>,
        (Kind::I64 | Kind::Time | Kind::Duration, false) => put_numbers::<i64, 8>,
        (Kind::F32, false) => put_numbers::<f32, 4>,
        (Kind::F64, false) => put_numbers::<f64, 8>,
        (Kind::Text, false) => put_texts,
        (Kind::Bool | Kind::Mac | Kind::Ip, false) => put_others,
        (Kind::U8, true) => put_lists_of_numbers::<u8, 1>,
        (Kind::U16, true) => put_lists_of_numbers::<u16, 2>,
        (Kind::U32, true) => put_lists_of_numbers::<u32, 4>,
        (Kind::U64, true) => put_lists_of_numbers::<u64, 8>,
        (Kind::I64 | Kind::Time | Kind::Duration, true) => put_lists_of_numbers::<i64, 8>,
        (Kind::Mac, true) => put_lists_of_macs,
        (Kind::Text, true) => put_lists_of_texts,
        (Kind::Bool | Kind::F32 | Kind::F64 | Kind::Ip, true) => put_lists_of_others,
    }
}

/// A number as it stands in a column, in so many bytes.
trait Number<const WIDTH: usize> {
    /// Puts its text at the start of the room, and says how long it is.
    fn put(room: &mut Short, bytes: [u8; WIDTH]) -> usize;
}

macro_rules! number {
    ($number:ty, $width:literal, $put:ident) => {
        impl Number<$width> for $number {
            #[inline(always)]
            fn put(room: &mut Short, bytes: [u8; $width]) -> usize {
                $put(room, <$number>::from_le_bytes(bytes).into())
            }
        }
    };
}

number!(u8, 1, put_unsigned);
number!(u16, 2, put_unsigned);
number!(u32, 4, put_unsigned);
number!(u64, 8, put_unsigned);
number!(i64, 8, put_signed);
number!(f32, 4, put_single);
number!(f64, 8, put_double);

#[inline(always)]
fn put_single(room: &mut Short, value: f32) -> usize {
    put_shortest(room, value)
}

#[inline(always)]
fn put_double(room: &mut Short, value: f64) -> usize {
    put_shortest(room, value)
}

fn put_numbers<N: Number<WIDTH>, const WIDTH: usize>(
    field: &Field<'_>,
    rows: &[Row],
    lines: &mut [Line],
    delimiter: u8,
) {
    let cells = field.column.numbers();
    if field.is_pair {
        match pairs(&cells, rows) {
            Some((pairs, present)) => put_pairs::<N, WIDTH>(pairs, present, lines, delimiter),
            None => put_some_pairs::<N, WIDTH>(cells, rows, lines, delimiter),
        }
    } else {
        for (row, line) in rows.iter().zip(lines) {
            let at = row.direction(field.pick);
            let len = put_number::<N, WIDTH>(at.and_then(|at| cells.get(at)), line.room(), 0, delimiter);
            line.took(len);
        }
    }
}

/// The numbers of A and B of rows that all have both, and a bit for each that is present.
#[inline]
fn pairs<'a, const WIDTH: usize>(
    cells: &Numbers<'a, WIDTH>,
    rows: &[Row],
) -> Option<(&'a [[[u8; WIDTH]; 2]], u64)> {
    let directions = rows.first()?.directions().start..rows.last()?.directions().end;
    let (numbers, present) = cells.span(directions)?;
    let (pairs, rest) = numbers.as_chunks();
    (pairs.len() == rows.len() && rest.is_empty()).then_some((pairs, present))
}

/// Puts the numbers of A and B where no row lacks a direction. Their presence is asked for once if all are there, as they
/// are in most columns.
fn put_pairs<N: Number<WIDTH>, const WIDTH: usize>(
    pairs: &[[[u8; WIDTH]; 2]],
    present: u64,
    lines: &mut [Line],
    delimiter: u8,
) {
    if present.count_ones() as usize == 2 * pairs.len() {
        for (pair, line) in pairs.iter().zip(lines) {
            put_pair::<N, WIDTH>(pair.map(Some), line, delimiter);
        }
    } else {
        let mut present = present;
        for (&[a, b], line) in pairs.iter().zip(lines) {
            let there = |bit: u64, number| (present & bit != 0).then_some(number);
            put_pair::<N, WIDTH>([there(1, a), there(2, b)], line, delimiter);
            present >>= 2;
        }
    }
}

/// The same where a row may lack B.
fn put_some_pairs<N: Number<WIDTH>, const WIDTH: usize>(
    cells: Numbers<'_, WIDTH>,
    rows: &[Row],
    lines: &mut [Line],
    delimiter: u8,
) {
    for (row, line) in rows.iter().zip(lines) {
        let numbers = [Some(row.own), row.other].map(|at| at.and_then(|at| cells.get(at)));
        put_pair::<N, WIDTH>(numbers, line, delimiter);
    }
}

#[inline(always)]
fn put_pair<N: Number<WIDTH>, const WIDTH: usize>(
    [a, b]: [Option<[u8; WIDTH]>; 2],
    line: &mut Line,
    delimiter: u8,
) {
    let room = line.room();
    let len = put_number::<N, WIDTH>(a, room, 0, delimiter);
    let len = put_number::<N, WIDTH>(b, room, len, delimiter);
    line.took(len);
}

/// Puts a number, if it is present, and a delimiter behind what stands in the room; says how long that is then.
#[inline(always)]
fn put_number<N: Number<WIDTH>, const WIDTH: usize>(
    number: Option<[u8; WIDTH]>,
    room: &mut Room,
    before: usize,
    delimiter: u8,
) -> usize {
    let mut len = before;
    if let Some(number) = number {
        len += N::put(short(room, before), number);
    }
    room[len] = delimiter;
    len + 1
}

fn put_lists_of_numbers<N: Number<WIDTH>, const WIDTH: usize>(
    field: &Field<'_>,
    rows: &[Row],
    lines: &mut [Line],
    delimiter: u8,
) {
    let Field { column, .. } = field;
    field.each(rows, lines, |at, line| {
        let Some(at) = at.filter(|&at| column.has(at)) else { return line.put(&[delimiter]) };
        match column.list(at) {
            [] => {
                let room = line.room();
                let len = put_no_elements(room);
                room[len] = delimiter;
                line.took(len + 1);
            }
            [only] => {
                let room = line.room();
                let len = N::put(short(room, 1), *only);
                room[0] = b'[';
                room[len + 1..len + 3].copy_from_slice(&[b']', delimiter]);
                line.took(len + 3);
            }
            several => put_several::<N, WIDTH>(several, line, delimiter),
        }
    });
}

/// Numbers of a list that are put with one look for room.
const AT_ONCE: usize = 4;

/// Puts a list of several numbers, whose commas ask for quotes where they are the delimiter.
#[inline(never)]
fn put_several<N: Number<WIDTH>, const WIDTH: usize>(
    numbers: &[[u8; WIDTH]],
    line: &mut Line,
    delimiter: u8,
) {
    let quote: &[u8] = if delimiter == b',' { b"\"" } else { b"" };
    line.put(quote);
    let mut before = b'[';
    for numbers in numbers.chunks(AT_ONCE) {
        let room = line.room();
        let mut len = 0;
        for &number in numbers {
            room[len] = before;
            len += 1 + N::put(short(room, len + 1), number);
            before = b',';
        }
        line.took(len);
    }
    line.put(b"]");
    line.put(quote);
    line.put(&[delimiter]);
}

fn put_texts(field: &Field<'_>, rows: &[Row], lines: &mut [Line], delimiter: u8) {
    put_if_short(field, rows, lines, delimiter, |column, at, room| {
        // An empty text stands in quotes.
        let text = column.text(at).filter(|text| !text.is_empty())?;
        put_checked(short(room, 0), text, |byte| needs_quotes(byte, delimiter))
    });
}

fn put_others(field: &Field<'_>, rows: &[Row], lines: &mut [Line], delimiter: u8) {
    put_if_short(field, rows, lines, delimiter, |column, at, room| match column.cell(at) {
        Cell::One(value) => put_plain(value, short(room, 0)),
        Cell::Null => Some(0),
        Cell::Many(_) => None,
    });
}

fn put_lists_of_macs(field: &Field<'_>, rows: &[Row], lines: &mut [Line], delimiter: u8) {
    put_if_short(field, rows, lines, delimiter, |column, at, room| match column.list(at) {
        [] => Some(put_no_elements(room)),
        [only] => Some(put_between(room, |room| put_mac(room, *only))),
        _ => None,
    });
}

fn put_lists_of_texts(field: &Field<'_>, rows: &[Row], lines: &mut [Line], delimiter: u8) {
    put_if_short(field, rows, lines, delimiter, |column, at, room| {
        let mut texts = column.texts(at);
        match (texts.next(), texts.next()) {
            (None, _) => Some(put_no_elements(room)),
            (Some(only), None) => {
                let len = put_checked(short(room, OPEN.len()), only?, is_escaped)?;
                Some(put_between(room, |_| len))
            }
            _ => None,
        }
    });
}

fn put_lists_of_others(field: &Field<'_>, rows: &[Row], lines: &mut [Line], delimiter: u8) {
    put_if_short(field, rows, lines, delimiter, |column, at, room| {
        let mut elements = column.elements(at);
        match (elements.next(), elements.next()) {
            (None, _) => Some(put_no_elements(room)),
            (Some(only @ Value::Ip(_)), None) => {
                let len = put_plain(only, short(room, OPEN.len()))?;
                Some(put_between(room, |_| len))
            }
            _ => None,
        }
    });
}

/// An empty list.
#[inline(always)]
fn put_no_elements(room: &mut [u8]) -> usize {
    room[..2].copy_from_slice(b"[]");
    2
}

/// Puts cells that may be too long for the room.
#[inline(always)]
fn put_if_short(
    field: &Field<'_>,
    rows: &[Row],
    lines: &mut [Line],
    delimiter: u8,
    put: impl Fn(&Prepared<'_>, usize, &mut Half) -> Option<usize>,
) {
    let Field { column, .. } = field;
    field.each(rows, lines, |at, line| {
        let Some(at) = at.filter(|&at| column.has(at)) else { return line.put(&[delimiter]) };
        let room = line.room();
        let len = room.first_chunk_mut().and_then(|half| put(column, at, half));
        match len {
            Some(len) => {
                room[len] = delimiter;
                line.took(len + 1);
            }
            None => push_field(column, at, delimiter, line.text()),
        }
    });
}

/// Room for a number or another short text, there in the room of a cell.
#[inline(always)]
fn short<const ROOM: usize>(room: &mut [u8; ROOM], at: usize) -> &mut Short {
    room[at..].first_chunk_mut().expect("a cell's room is more than twice that of a short text")
}

/// Puts what [`plain`](super::plain) appends, unless its text may be long.
#[inline(always)]
fn put_plain(value: Value<'_>, room: &mut Short) -> Option<usize> {
    match value {
        Value::Bool(value) => put_checked(room, if value { b"true" } else { b"false" }, |_| false),
        Value::Mac(mac) => Some(put_mac(room, mac)),
        Value::Ip(Ip::V4(address)) => Some(put_v4(room, address)),
        _ => None,
    }
}

/// What stands before and behind the only element of a list that is a text to JSON.
const OPEN: &[u8; 4] = b"\"[\"\"";
const CLOSE: &[u8; 4] = b"\"\"]\"";

/// Puts the only element of a list, which says how long it is, and what stands around it.
#[inline(always)]
fn put_between(room: &mut Half, put: impl FnOnce(&mut Short) -> usize) -> usize {
    let end = OPEN.len() + put(short(room, OPEN.len()));
    room[..OPEN.len()].copy_from_slice(OPEN);
    room[end..end + CLOSE.len()].copy_from_slice(CLOSE);
    end + CLOSE.len()
}

/// Whether JSON asks for an escape.
#[inline(always)]
fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}
