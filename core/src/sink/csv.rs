//! Rows as CSV or TSV.
//!
//! What comes in: finished directions. What goes out: text as RFC 4180 describes it, with these choices:
//!
//! * lines end with LF alone, as text files of our systems do (the RFC says CRLF; every reader takes both);
//! * null is an empty field, an empty text is `""`;
//! * times and durations are integer nanoseconds, bit masks decimal integers, so that nothing is lost;
//! * floats are the shortest text that reads back equal; `NaN`, `inf`, `-inf` as pandas reads them;
//! * a list is a JSON array (RFC 8259): `[1,2]`, `["a","b"]`, in which what is no finite number is `null`.
//!
//! TSV is the same with tabs. The csv crate writes the header; the fields of rows are quoted here, since its
//! writer wants each of them whole, where ours go piece by piece straight into the buffer of the rows. The
//! tests read everything back through that crate.

use weir_sdk::Ip;
use weir_sdk::columns::Kind;

use crate::schema::{OutputColumn, Pick, RowShape, Schema};

use super::address::{MAC, mac_text, push_ip, push_mac, put_v4};
use super::cell::{Cell, Elements, Prepared, Source, Value};
use super::line::{GATHERED, Line, Room};
use super::number::{
    Short, push_shortest, push_signed, push_unsigned, put_checked, put_shortest, put_signed, put_unsigned,
};
use super::presence::Presence;
use super::{Error, Finished, PrintSpan, Row, RowFormat, Span};

/// Prints rows with a delimiter between the fields.
struct Delimited {
    delimiter: u8,
    shape: RowShape,
    names: Vec<String>,
    spans: Vec<Span>,
    /// The fields of each span.
    fields: Vec<Fields>,
}

/// CSV.
pub(super) fn commas(schema: &Schema) -> Result<Box<dyn RowFormat>, Error> {
    Ok(Box::new(Delimited::new(schema, b',')))
}

/// TSV.
pub(super) fn tabs(schema: &Schema) -> Result<Box<dyn RowFormat>, Error> {
    Ok(Box::new(Delimited::new(schema, b'\t')))
}

/// The fields of a span of columns.
struct Fields {
    sources: Vec<FieldSource>,
    /// A bit for each source that has a second field.
    pairs: Vec<u64>,
    count: usize,
}

/// Where a field comes from, or the two of A and B that stand together.
struct FieldSource {
    source: Source,
    /// Fields of the span before these.
    before: usize,
    is_pair: bool,
}

impl Fields {
    fn of(columns: &[OutputColumn]) -> Self {
        let mut sources: Vec<FieldSource> = Vec::new();
        for (before, column) in columns.iter().enumerate() {
            match sources
                .last_mut()
                .filter(|last| column.pick == Pick::B && last.source.index == column.index)
            {
                Some(of_a) => of_a.is_pair = true,
                None => sources.push(FieldSource { source: Source::of(column), before, is_pair: false }),
            }
        }
        let bit = |(at, source): (usize, &FieldSource)| u64::from(source.is_pair) << at;
        let word =
            |sources: &[FieldSource]| sources.iter().enumerate().map(bit).fold(0, |all, bit| all | bit);
        let pairs = sources.chunks(u64::BITS as usize).map(word).collect();
        Self { sources, pairs, count: columns.len() }
    }

    fn prepare<'a>(&'a self, finished: &'a Finished<'_>) -> Batch<'a> {
        let columns: Vec<FieldCells<'a>> = self
            .sources
            .iter()
            .map(|&FieldSource { ref source, before, is_pair }| FieldCells {
                column: source.prepare(finished),
                put: if source.value.list { None } else { put_numbers(source.value.kind) },
                before,
                is_pair,
            })
            .collect();
        let cells: Vec<_> = columns.iter().map(|field| field.column.cells()).collect();
        let presence = Presence::of(&cells, finished.ends.len());
        Batch { fields: self, columns, presence }
    }
}

/// A batch, prepared for one span of its rows.
struct Batch<'a> {
    fields: &'a Fields,
    columns: Vec<FieldCells<'a>>,
    presence: Presence,
}

/// The cells of a field, or of the two of A and B.
struct FieldCells<'a> {
    column: Prepared<'a>,
    /// Puts them if they are numbers.
    put: Option<PutNumbers>,
    before: usize,
    is_pair: bool,
}

/// Puts the numbers of a field at the start of the room, each with a delimiter behind it, and says how long that is.
type PutNumbers = fn(&FieldCells<'_>, Place, Place, &mut Room, u8) -> usize;

/// Where a cell stands in its column, or beyond all of them if it is absent.
type Place = usize;
const ABSENT: Place = usize::MAX;

/// A function for each kind of numbers, so that the loop over the fields stays in registers.
fn put_numbers(kind: Kind) -> Option<PutNumbers> {
    Some(match kind {
        Kind::U8 => |field, own, other, room, delimiter| {
            put_each(field, own, other, room, delimiter, |room, it| {
                put_unsigned(room, u8::from_le_bytes(it).into())
            })
        },
        Kind::U16 => |field, own, other, room, delimiter| {
            put_each(field, own, other, room, delimiter, |room, it| {
                put_unsigned(room, u16::from_le_bytes(it).into())
            })
        },
        Kind::U32 => |field, own, other, room, delimiter| {
            put_each(field, own, other, room, delimiter, |room, it| {
                put_unsigned(room, u32::from_le_bytes(it).into())
            })
        },
        Kind::U64 => |field, own, other, room, delimiter| {
            put_each(field, own, other, room, delimiter, |room, it| {
                put_unsigned(room, u64::from_le_bytes(it))
            })
        },
        Kind::I64 | Kind::Time | Kind::Duration => |field, own, other, room, delimiter| {
            put_each(field, own, other, room, delimiter, |room, it| put_signed(room, i64::from_le_bytes(it)))
        },
        Kind::F32 => |field, own, other, room, delimiter| {
            put_each(field, own, other, room, delimiter, |room, it| {
                put_shortest(room, f32::from_le_bytes(it))
            })
        },
        Kind::F64 => |field, own, other, room, delimiter| {
            put_each(field, own, other, room, delimiter, |room, it| {
                put_shortest(room, f64::from_le_bytes(it))
            })
        },
        Kind::Bool | Kind::Mac | Kind::Ip | Kind::Text => return None,
    })
}

#[inline(always)]
fn put_each<const WIDTH: usize>(
    field: &FieldCells<'_>,
    own: Place,
    other: Place,
    room: &mut Room,
    delimiter: u8,
    put: impl Fn(&mut Short, [u8; WIDTH]) -> usize,
) -> usize {
    let mut len = field.column.bytes(own).map_or(0, |number| put(short(room, 0), number));
    room[len] = delimiter;
    len += 1;
    if field.is_pair {
        len += field.column.bytes(other).map_or(0, |number| put(short(room, len), number));
        room[len] = delimiter;
        len += 1;
    }
    len
}

impl Delimited {
    fn new(schema: &Schema, delimiter: u8) -> Self {
        let spans = Span::cut(schema.columns().iter().map(|column| schema.is_late(column.plugin)));
        Self {
            delimiter,
            shape: schema.shape(),
            names: schema.columns().iter().map(|column| column.name.clone()).collect(),
            fields: spans.iter().map(|span| Fields::of(&schema.columns()[span.columns.clone()])).collect(),
            spans,
        }
    }

    /// Prints the cells of a row, each with a delimiter behind it. Absent ones are passed over many at a time.
    #[inline(never)]
    fn fields(&self, batch: &Batch<'_>, row: &Row, out: &mut Vec<u8>) {
        let mut gathered = [0; GATHERED];
        let mut line = Line::behind(out, &mut gathered);
        let (of_own, of_other) =
            (batch.presence.direction(Some(row.own)), batch.presence.direction(row.other));
        let (own, other) = (row.own, row.other.unwrap_or(ABSENT));
        let mut put = 0;
        let columns = batch.columns.chunks(u64::BITS as usize);
        for (((columns, pairs), of_own), of_other) in
            columns.zip(&batch.fields.pairs).zip(of_own).zip(of_other)
        {
            let mut left = of_own | (of_other & pairs);
            while left != 0 {
                let at = left.trailing_zeros();
                left &= left - 1;
                let field = &columns[at as usize];
                if field.before > put {
                    line.repeat(self.delimiter, field.before - put);
                }
                put = field.before + 1 + usize::from(field.is_pair);
                let own = if of_own >> at & 1 != 0 { own } else { ABSENT };
                let other = if of_other >> at & 1 != 0 { other } else { ABSENT };
                match field.put {
                    Some(put) => {
                        let len = put(field, own, other, line.room(), self.delimiter);
                        line.took(len);
                    }
                    None => self.put_others(field, own, other, &mut line),
                }
            }
        }
        line.repeat(self.delimiter, batch.fields.count - put);
        line.text();
    }

    /// Puts lists, and what is no number.
    #[inline(never)]
    fn put_others(&self, field: &FieldCells<'_>, own: Place, other: Place, line: &mut Line<'_>) {
        self.put_any(&field.column, own, line);
        if field.is_pair {
            self.put_any(&field.column, other, line);
        }
    }

    #[inline(always)]
    fn put_any(&self, column: &Prepared<'_>, at: Place, line: &mut Line<'_>) {
        if at == ABSENT {
            return line.put(&[self.delimiter]);
        }
        let room = line.room();
        let put = if column.scalar.is_some() {
            self.put_other(column, at, room)
        } else {
            put_list(column, at, room)
        };
        if let Some(len) = put {
            room[len] = self.delimiter;
            line.took(len + 1);
        } else if column.scalar.is_some() || !self.put_whole_numbers(column, at, line) {
            self.push_field(column, at, line.text());
        }
    }

    /// Puts a list of whole numbers and a delimiter, if that is what the cell holds. Of lists there come only those
    /// of several elements, so the commas ask for quotes.
    #[inline(never)]
    fn put_whole_numbers(&self, column: &Prepared<'_>, at: usize, line: &mut Line<'_>) -> bool {
        match column.kind {
            Kind::U8 => self.put_list_of(column.list(at), line, |room, it| {
                put_unsigned(room, u8::from_le_bytes(it).into())
            }),
            Kind::U16 => self.put_list_of(column.list(at), line, |room, it| {
                put_unsigned(room, u16::from_le_bytes(it).into())
            }),
            Kind::U32 => self.put_list_of(column.list(at), line, |room, it| {
                put_unsigned(room, u32::from_le_bytes(it).into())
            }),
            Kind::U64 => {
                self.put_list_of(column.list(at), line, |room, it| put_unsigned(room, u64::from_le_bytes(it)))
            }
            Kind::I64 | Kind::Time | Kind::Duration => {
                self.put_list_of(column.list(at), line, |room, it| put_signed(room, i64::from_le_bytes(it)))
            }
            Kind::Bool | Kind::F32 | Kind::F64 | Kind::Mac | Kind::Ip | Kind::Text => false,
        }
    }

    #[inline(always)]
    fn put_list_of<const WIDTH: usize>(
        &self,
        numbers: &[[u8; WIDTH]],
        line: &mut Line<'_>,
        put: impl Fn(&mut Short, [u8; WIDTH]) -> usize,
    ) -> bool {
        if numbers.is_empty() {
            return false;
        }
        let quote: &[u8] = if self.delimiter == b',' { b"\"" } else { b"" };
        line.put(quote);
        let mut before = b'[';
        for &number in numbers {
            let room = line.room();
            room[0] = before;
            let len = put(short(room, 1), number);
            line.took(1 + len);
            before = b',';
        }
        line.put(b"]");
        line.put(quote);
        line.put(&[self.delimiter]);
        true
    }

    #[inline(never)]
    fn put_other(&self, column: &Prepared<'_>, at: usize, room: &mut Room) -> Option<usize> {
        let room = short(room, 0);
        match column.cell(at) {
            Cell::Null => Some(0),
            Cell::One(Value::Text(b"")) => None,
            Cell::One(Value::Text(text)) => put_checked(room, text, |byte| self.needs_quotes(byte)),
            Cell::One(other) => put_plain(other, room),
            Cell::Many(_) => None,
        }
    }

    /// Appends any cell and a delimiter.
    #[inline(never)]
    fn push_field(&self, column: &Prepared<'_>, at: usize, out: &mut Vec<u8>) {
        match column.cell(at) {
            Cell::Null => {}
            Cell::One(value) => self.value(value, out),
            Cell::Many(elements) => self.list(elements, out),
        }
        out.push(self.delimiter);
    }

    fn value(&self, value: Value<'_>, out: &mut Vec<u8>) {
        match value {
            Value::F32(value) => push_shortest(out, value),
            Value::F64(value) => push_shortest(out, value),
            Value::Text(text) => self.text(text, out),
            other => plain(other, out),
        }
    }

    fn text(&self, text: &[u8], out: &mut Vec<u8>) {
        if text.is_empty() || text.iter().any(|&byte| self.needs_quotes(byte)) {
            out.push(b'"');
            text.iter().for_each(|&byte| push_quoted(out, byte));
            out.push(b'"');
        } else {
            out.extend_from_slice(text);
        }
    }

    #[inline(always)]
    fn needs_quotes(&self, byte: u8) -> bool {
        (byte == self.delimiter) | (byte == b'"') | (byte == b'\n') | (byte == b'\r')
    }

    /// Quotes stand around a list if its commas or the quotes of its elements ask for them.
    fn list(&self, mut elements: Elements<'_>, out: &mut Vec<u8>) {
        let Some(first) = elements.next() else { return out.extend_from_slice(b"[]") };
        let has_commas = self.delimiter == b',' && elements.size_hint().0 > 0;
        let is_quoted = has_commas || matches!(first, Value::Mac(_) | Value::Ip(_) | Value::Text(_));
        let quote: &[u8] = if is_quoted { b"\"" } else { b"" };
        out.extend_from_slice(quote);
        out.push(b'[');
        json(first, out);
        for element in elements {
            out.push(b',');
            json(element, out);
        }
        out.push(b']');
        out.extend_from_slice(quote);
    }
}

impl RowFormat for Delimited {
    fn header(&self, out: &mut Vec<u8>) {
        let mut header = ::csv::WriterBuilder::new().delimiter(self.delimiter).from_writer(&mut *out);
        header.write_record(&self.names).expect("a vector takes every byte");
    }

    fn shape(&self) -> RowShape {
        self.shape
    }

    fn spans(&self) -> &[Span] {
        &self.spans
    }

    fn printer<'a>(&'a self, span: &Span, finished: &'a Finished<'_>) -> PrintSpan<'a> {
        let at = self.spans.iter().position(|own| own == span).expect("the span is one of ours");
        let batch = self.fields[at].prepare(finished);
        Box::new(move |row, out| self.fields(&batch, row, out))
    }

    /// Puts the end of the line in the place of the last delimiter.
    fn end_row(&self, out: &mut Vec<u8>) {
        if let Some(last) = out.last_mut() {
            *last = b'\n';
        }
    }
}

/// Room for a short text somewhere in the room of a cell.
#[inline(always)]
fn short(room: &mut Room, at: usize) -> &mut Short {
    room[at..].first_chunk_mut().expect("a cell's room is twice that of a short text")
}

/// Puts what [`plain`] appends, unless its text may be long.
#[inline(always)]
fn put_plain(value: Value<'_>, room: &mut Short) -> Option<usize> {
    match value {
        Value::Bool(value) => put_checked(room, if value { b"true" } else { b"false" }, |_| false),
        Value::Unsigned(value) => Some(put_unsigned(room, value)),
        Value::Signed(value) => Some(put_signed(room, value)),
        Value::Mac(mac) => {
            room[..MAC].copy_from_slice(&mac_text(mac));
            Some(MAC)
        }
        Value::Ip(Ip::V4(address)) => Some(put_v4(room, address)),
        Value::Ip(Ip::V6(_)) | Value::F32(_) | Value::F64(_) | Value::Text(_) => None,
    }
}

/// Puts a list of at most one element, as most are.
#[inline(never)]
fn put_list(column: &Prepared<'_>, at: usize, room: &mut Room) -> Option<usize> {
    let mut elements = column.elements(at);
    match elements.size_hint().0 {
        0 => {
            room[..2].copy_from_slice(b"[]");
            Some(2)
        }
        1 => put_list_of_one(elements.next()?, room),
        _ => None,
    }
}

#[inline(always)]
fn put_list_of_one(only: Value<'_>, room: &mut Room) -> Option<usize> {
    match only {
        Value::Text(text) => {
            let len = put_checked(short(room, OPEN.len()), text, is_escaped)?;
            Some(put_around(room, len))
        }
        Value::Mac(mac) => {
            room[OPEN.len()..][..MAC].copy_from_slice(&mac_text(mac));
            Some(put_around(room, MAC))
        }
        Value::Ip(_) => {
            let len = put_plain(only, short(room, OPEN.len()))?;
            Some(put_around(room, len))
        }
        other => {
            let len = put_plain(other, short(room, 1))?;
            room[0] = b'[';
            room[len + 1] = b']';
            Some(len + 2)
        }
    }
}

/// What stands before and behind the only element of a list that is a text to JSON.
const OPEN: &[u8; 4] = b"\"[\"\"";
const CLOSE: &[u8; 4] = b"\"\"]\"";

#[inline(always)]
fn put_around(room: &mut Room, len: usize) -> usize {
    let end = OPEN.len() + len;
    room[..OPEN.len()].copy_from_slice(OPEN);
    room[end..end + CLOSE.len()].copy_from_slice(CLOSE);
    end + CLOSE.len()
}

/// Whether JSON asks for an escape.
#[inline(always)]
fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// A byte inside quotes: a quote stands twice.
fn push_quoted(out: &mut Vec<u8>, byte: u8) {
    if byte == b'"' {
        out.push(b'"');
    }
    out.push(byte);
}

/// What prints the same alone and in a list, and never needs quotes.
pub(super) fn plain(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Value::Unsigned(value) => push_unsigned(out, value),
        Value::Signed(value) => push_signed(out, value),
        Value::F32(value) if value.is_finite() => push_shortest(out, value),
        Value::F64(value) if value.is_finite() => push_shortest(out, value),
        Value::F32(_) | Value::F64(_) => out.extend_from_slice(b"null"),
        Value::Mac(mac) => push_mac(out, mac),
        Value::Ip(ip) => push_ip(out, ip),
        Value::Text(text) => out.extend_from_slice(text),
    }
}

/// An element of a JSON array inside a quoted field, where JSON's quotes stand twice.
fn json(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Mac(_) | Value::Ip(_) => {
            out.extend_from_slice(b"\"\"");
            plain(value, out);
            out.extend_from_slice(b"\"\"");
        }
        Value::Text(text) => {
            out.extend_from_slice(b"\"\"");
            text.iter().for_each(|&byte| push_json(out, byte));
            out.extend_from_slice(b"\"\"");
        }
        other => plain(other, out),
    }
}

/// RFC 8259 section 7: quote, backslash and control characters are escaped. The quote stands twice, for CSV.
pub(super) fn push_json(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\"\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 => {
            out.extend_from_slice(b"\\u00");
            super::number::push_hex(out, byte.into(), 2);
        }
        _ => out.push(byte),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_sdk::columns::{Cell, Column, ColumnBuffer};
    use weir_sdk::plugin::EndFacts;
    use weir_sdk::{Duration, Ip, Mac, Time};

    use super::*;
    use crate::schema::samples::{both, column, plugin};
    use crate::sink::samples::{buffer, end, header, print};

    fn format(columns: Vec<Column>, shape: RowShape, delimiter: u8) -> Delimited {
        Delimited::new(&Schema::new(&[plugin("one", columns)], shape).unwrap(), delimiter)
    }

    /// The one field that a cell prints as.
    fn field<C: Cell>(cell: C, delimiter: u8) -> String {
        let format = format(vec![column::<C>("x")], RowShape::Direction, delimiter);
        let line = print(&format, &[buffer([cell])], &[end(1, 0)]);
        line.strip_suffix('\n').unwrap().to_owned()
    }

    fn check<C: Cell>(cell: C, expected: &str) {
        assert_eq!(field(cell, b','), expected);
    }

    #[test]
    fn numbers_print_plainly() {
        check(true, "true");
        check(255u8, "255");
        check(u64::MAX, "18446744073709551615");
        check(i64::MIN, "-9223372036854775808");
        check(0.1f32, "0.1");
        check(31.0f64, "31.0");
        check(f32::NAN, "NaN");
        check(f64::NEG_INFINITY, "-inf");
    }

    #[test]
    fn times_and_durations_are_nanoseconds() {
        check(Time(1_178_922_637_041_165_000), "1178922637041165000");
        check(Duration(-500_000_000), "-500000000");
    }

    #[test]
    fn addresses_print_as_text() {
        check(Mac([0, 1, 2, 0xaa, 0xbb, 0xcc]), "00:01:02:aa:bb:cc");
        check(Ip::V4([10, 0, 0, 1]), "10.0.0.1");
        check(Ip::V6([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), "fe80::1");
    }

    #[test]
    fn null_is_empty_and_empty_text_is_not() {
        check(None::<u8>, "");
        check(None::<String>, "");
        check("", "\"\"");
    }

    #[test]
    fn text_is_quoted_only_where_it_must() {
        check("plain text", "plain text");
        check("a,b", "\"a,b\"");
        check("say \"yes\"", "\"say \"\"yes\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("tab\there", "tab\there");
        assert_eq!(field("tab\there", b'\t'), "\"tab\there\"");
        assert_eq!(field("a,b", b'\t'), "a,b");
    }

    #[test]
    fn lists_are_json_arrays() {
        check(vec![1u16, 2], "\"[1,2]\"");
        check(vec![1u16], "[1]");
        check(Vec::<u16>::new(), "[]");
        check(None::<Vec<u16>>, "");
        check(vec!["a,b", "c\"d", "e\\\n\u{1}"], r#""[""a,b"",""c\""d"",""e\\\n\u0001""]""#);
        check(vec![Mac([0; 6])], r#""[""00:00:00:00:00:00""]""#);
        check(vec![f64::NAN, 1.5], "\"[null,1.5]\"");
        assert_eq!(field(vec![1u16, 2], b'\t'), "[1,2]");
    }

    #[test]
    fn long_lists_of_whole_numbers_are_whole() {
        let numbers: Vec<i64> = (0..500).map(|n: i64| n.pow(6) * if n % 3 == 0 { -1 } else { 1 }).collect();
        let text = |numbers: Vec<String>| format!("[{}]", numbers.join(","));
        let expected = text(numbers.iter().map(i64::to_string).collect());
        check(numbers.clone(), &format!("\"{expected}\""));
        assert_eq!(field(numbers.clone(), b'\t'), expected);
        check(numbers.iter().map(|&n| Duration(n)).collect::<Vec<_>>(), &format!("\"{expected}\""));
        let bytes: Vec<u8> = (0..=255).collect();
        check(bytes.clone(), &format!("\"{}\"", text(bytes.iter().map(u8::to_string).collect())));
        check(vec![u64::MAX, 0], "\"[18446744073709551615,0]\"");
    }

    #[test]
    fn a_list_whose_elements_are_missing_is_empty() {
        let format = format(vec![column::<Vec<u32>>("x")], RowShape::Direction, b',');
        let mut short = buffer([vec![1u32, 2, 3]]);
        short.values.clear();
        assert_eq!(print(&format, &[short], &[end(1, 0)]), "[]\n");
    }

    #[test]
    fn texts_of_every_length_are_whole_and_bytes_anywhere_in_them_are_quoted() {
        for len in 1..100 {
            let plain: String = ('a'..='z').cycle().take(len).collect();
            check(plain.as_str(), &plain);
            check(vec![plain.as_str()], &format!("\"[\"\"{plain}\"\"]\""));
            for place in 0..len {
                let mut text = plain.clone();
                text.replace_range(place..=place, "\"");
                let quoted = text.replace('"', "\"\"");
                check(text.as_str(), &format!("\"{quoted}\""));
                let escaped = text.replace('"', "\\\"\"");
                check(vec![text.as_str()], &format!("\"[\"\"{escaped}\"\"]\""));
            }
        }
    }

    #[test]
    fn lists_of_one_print_every_kind() {
        check(vec![true], "[true]");
        check(vec![u64::MAX], "[18446744073709551615]");
        check(vec![i64::MIN], "[-9223372036854775808]");
        check(vec![0.5f32], "[0.5]");
        check(vec![f64::MIN], "[-1.7976931348623157e+308]");
        check(vec![f32::NAN], "[null]");
        check(vec![Ip::V4([255; 4])], r#""[""255.255.255.255""]""#);
        check(vec![Ip::V6([0xff; 16])], r#""[""ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff""]""#);
        check(vec![""], r#""[""""]""#);
    }

    #[test]
    fn a_conversation_without_reply_has_null_in_every_column_of_b() {
        let format = format(vec![column::<u64>("flow"), both::<u32>("n")], RowShape::Conversation, b',');
        assert_eq!(header(&format), "flow,n_a,n_b\n");
        let columns = [buffer([1u64, 1, 2]), buffer([10u32, 20, 30])];
        let lines = print(&format, &columns, &[end(1, 0), end(1, 1), end(2, 0)]);
        assert_eq!(lines, "1,10,20\n2,30,\n");
    }

    #[test]
    fn a_direction_has_a_row_of_its_own() {
        let format = format(vec![column::<u64>("flow"), both::<u32>("n")], RowShape::Direction, b',');
        assert_eq!(header(&format), "flow,n\n");
        let columns = [buffer([1u64, 1]), buffer([10u32, 20])];
        assert_eq!(print(&format, &columns, &[end(1, 0), end(1, 1)]), "1,10\n1,20\n");
    }

    #[test]
    fn columns_of_a_failed_plugin_are_null() {
        let format = format(vec![column::<u8>("x"), column::<u8>("y")], RowShape::Direction, b',');
        let mut out = Vec::new();
        let y = buffer([7u8]);
        let cells = vec![None, Some(weir_sdk::abi::ColumnCells::of(&y))];
        assert_eq!(format.rows(&Finished { cells, ends: &[end(1, 0)] }, &mut out), 1);
        assert_eq!(out, b",7\n");
    }

    #[test]
    fn a_buffer_that_is_too_short_reads_as_null() {
        let format = format(vec![column::<u32>("x")], RowShape::Direction, b',');
        let mut short = buffer([1u32, 2]);
        short.values.truncate(6);
        assert_eq!(print(&format, &[short], &[end(1, 0), end(2, 0), end(3, 0)]), "1\n\n\n");
    }

    /// A row of one cell of each kind, as the test reads it back.
    #[derive(Clone, Debug, PartialEq)]
    struct Sample {
        integer: Option<u64>,
        signed: i64,
        single: f32,
        double: Option<f64>,
        text: Option<String>,
        numbers: Option<Vec<u16>>,
        texts: Option<Vec<String>>,
    }

    fn columns() -> Vec<Column> {
        vec![
            column::<Option<u64>>("integer"),
            column::<i64>("signed"),
            column::<f32>("single"),
            column::<Option<f64>>("double"),
            column::<Option<String>>("text"),
            column::<Option<Vec<u16>>>("numbers"),
            column::<Option<Vec<String>>>("texts"),
        ]
    }

    fn buffers(samples: &[Sample]) -> Vec<ColumnBuffer> {
        vec![
            buffer(samples.iter().map(|sample| sample.integer)),
            buffer(samples.iter().map(|sample| sample.signed)),
            buffer(samples.iter().map(|sample| sample.single)),
            buffer(samples.iter().map(|sample| sample.double)),
            buffer(samples.iter().map(|sample| sample.text.clone())),
            buffer(samples.iter().map(|sample| sample.numbers.clone())),
            buffer(samples.iter().map(|sample| sample.texts.clone())),
        ]
    }

    fn read_back(record: &::csv::StringRecord) -> Sample {
        let present = |index: usize| record.get(index).filter(|field| !field.is_empty());
        Sample {
            integer: present(0).map(|field| field.parse().unwrap()),
            signed: present(1).unwrap().parse().unwrap(),
            single: present(2).unwrap().parse().unwrap(),
            double: present(3).map(|field| field.parse().unwrap()),
            text: present(4).map(str::to_owned),
            numbers: present(5).map(|field| serde_json::from_str(field).unwrap()),
            texts: present(6).map(|field| serde_json::from_str(field).unwrap()),
        }
    }

    fn samples() -> impl Strategy<Value = Vec<Sample>> {
        let awkward = "[a\u{1}\u{7f}é,;\t\r\n\"\\\\ ]{1,8}|[a-z]{1,40}[é,;\t\r\n\"\\\\]?|[a-z,]{1000,1200}";
        let sample = (
            any::<Option<u64>>(),
            any::<i64>(),
            any::<f32>(),
            any::<Option<f64>>(),
            proptest::option::of(awkward),
            any::<Option<Vec<u16>>>(),
            proptest::option::of(proptest::collection::vec(awkward, 0..3)),
        );
        let sample = sample.prop_map(|(integer, signed, single, double, text, numbers, texts)| Sample {
            integer,
            signed,
            single,
            double,
            text,
            numbers,
            texts,
        });
        proptest::collection::vec(sample, 0..10)
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_equal(samples in samples(), delimiter in prop_oneof![Just(b','), Just(b'\t')]) {
            let format = format(columns(), RowShape::Direction, delimiter);
            let ends: Vec<EndFacts> = (0..samples.len() as u64).map(|flow| end(flow, 0)).collect();
            let text = header(&format) + &print(&format, &buffers(&samples), &ends);
            let mut reader =
                ::csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
            let names: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
            prop_assert_eq!(names, ["integer", "signed", "single", "double", "text", "numbers", "texts"]);
            let read: Vec<Sample> = reader.records().map(|record| read_back(&record.unwrap())).collect();
            prop_assert_eq!(read, samples);
        }
    }
}
