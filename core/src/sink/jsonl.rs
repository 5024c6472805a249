//! Rows as JSON Lines.
//!
//! What comes in: finished directions. What goes out: one JSON object (RFC 8259) for each row, each on a line of its
//! own, with these choices:
//!
//! * every object has every column, in the order of the header of CSV; null is `null`, so that a column that is
//!   null in all rows is still there;
//! * times, durations, and bit masks are integers as in CSV, up to 64 bits: a reader must not take them for doubles;
//! * floats are the shortest text that reads back equal; what is no finite number, which JSON cannot say, is `null`;
//! * addresses are the text that CSV has of them, a list is an array.

use crate::schema::{OutputColumn, RowShape, Schema};

use super::cell::{Cell, Places, Prepared, Source, Value};
use super::csv::{plain, push_json};
use super::printer::row_by_row;
use super::{Error, Finished, PrintSpan, RowFormat, Span};

/// Prints rows as objects.
struct Lines {
    shape: RowShape,
    columns: Vec<Member>,
    spans: Vec<Span>,
}

/// A column as a member of the object.
struct Member {
    /// `"name":`
    name: Vec<u8>,
    source: Source,
}

/// JSON Lines.
pub(super) fn open(schema: &Schema) -> Result<Box<dyn RowFormat>, Error> {
    Ok(Box::new(Lines {
        shape: schema.shape(),
        columns: schema.columns().iter().map(Member::of).collect(),
        spans: Span::cut(schema.columns().iter().map(|column| schema.is_late(column.plugin))),
    }))
}

impl Member {
    fn of(column: &OutputColumn) -> Self {
        let mut name = Vec::new();
        push_string(&mut name, column.name.as_bytes());
        name.push(b':');
        Self { name, source: Source::of(column) }
    }
}

impl RowFormat for Lines {
    fn header(&self, _out: &mut Vec<u8>) {}

    fn shape(&self) -> RowShape {
        self.shape
    }

    fn spans(&self) -> &[Span] {
        &self.spans
    }

    fn printer<'a>(&'a self, span: &Span, finished: &'a Finished<'_>) -> PrintSpan<'a> {
        let is_first = span.columns.start == 0;
        let members = self.columns[span.columns.clone()].iter();
        let columns: Vec<(&[u8], Prepared<'a>)> =
            members.map(|Member { name, source }| (name.as_slice(), source.prepare(finished))).collect();
        row_by_row(move |row, out| {
            if is_first {
                out.push(b'{');
            }
            let places = Places::of(row);
            for (name, column) in &columns {
                out.extend_from_slice(name);
                cell(column.present(&places).map_or(Cell::Null, |direction| column.cell(direction)), out);
                out.push(b',');
            }
        })
    }

    /// Puts the end of the object in the place of the last comma.
    fn end_row(&self, out: &mut Vec<u8>) {
        match out.last_mut() {
            Some(last) if *last == b',' => *last = b'}',
            _ => out.extend_from_slice(b"{}"),
        }
        out.push(b'\n');
    }
}

/// Inlined into the loop over the cells, see [`Prepared::cell`].
#[inline(always)]
fn cell(cell: Cell<'_>, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::One(one) => value(one, out),
        Cell::Many(mut elements) => {
            out.push(b'[');
            elements.next().into_iter().for_each(|first| value(first, out));
            for element in elements {
                out.push(b',');
                value(element, out);
            }
            out.push(b']');
        }
    }
}

#[inline(always)]
fn value(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Mac(_) | Value::Ip(_) => {
            out.push(b'"');
            plain(value, out);
            out.push(b'"');
        }
        Value::Text(text) => push_string(out, text),
        other => plain(other, out),
    }
}

/// A string is valid UTF-8 (RFC 8259 section 8.1), whatever a faulty plugin gives.
fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for byte in String::from_utf8_lossy(text).bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            other => push_json(out, other),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use weir_sdk::columns::{Cell, Column};
    use weir_sdk::{Duration, Ip, Mac, Time};

    use super::*;
    use crate::schema::samples::{both, column, plugin};
    use crate::sink::samples::{buffer, end, header, print};

    fn format(columns: Vec<Column>, shape: RowShape) -> Box<dyn RowFormat> {
        open(&Schema::new(&[plugin("one", columns)], shape).unwrap()).unwrap()
    }

    /// The line of a row with one cell, and the value that reads back from it.
    fn check<C: Cell>(cell: C, printed: &str, read: Json) {
        let format = format(vec![column::<C>("x")], RowShape::Direction);
        let line = print(&*format, &[buffer([cell])], &[end(1, 0)]);
        assert_eq!(line, format!("{{\"x\":{printed}}}\n"));
        assert_eq!(serde_json::from_str::<Json>(&line).unwrap(), json!({ "x": read }));
    }

    #[test]
    fn numbers_and_null_are_those_of_json() {
        check(true, "true", json!(true));
        check(u64::MAX, "18446744073709551615", json!(u64::MAX));
        check(i64::MIN, "-9223372036854775808", json!(i64::MIN));
        check(0.1f64, "0.1", json!(0.1));
        check(f32::NAN, "null", Json::Null);
        check(f64::INFINITY, "null", Json::Null);
        check(None::<u8>, "null", Json::Null);
        check(None::<Vec<u8>>, "null", Json::Null);
        check(Time(1_178_922_637_041_165_000), "1178922637041165000", json!(1_178_922_637_041_165_000u64));
        check(Duration(-5), "-5", json!(-5));
    }

    #[test]
    fn texts_are_escaped() {
        check("", "\"\"", json!(""));
        check("a\"b\\c\nd\u{1}é", "\"a\\\"b\\\\c\\nd\\u0001é\"", json!("a\"b\\c\nd\u{1}é"));
        check(Mac([0, 1, 2, 0xaa, 0xbb, 0xcc]), "\"00:01:02:aa:bb:cc\"", json!("00:01:02:aa:bb:cc"));
        check(Ip::V4([10, 0, 0, 1]), "\"10.0.0.1\"", json!("10.0.0.1"));
    }

    #[test]
    fn lists_are_arrays() {
        check(vec![1u16, 2], "[1,2]", json!([1, 2]));
        check(Vec::<u16>::new(), "[]", json!([]));
        check(vec!["a,b", "\""], "[\"a,b\",\"\\\"\"]", json!(["a,b", "\""]));
        check(vec![f64::NAN, 1.5], "[null,1.5]", json!([null, 1.5]));
    }

    #[test]
    fn text_that_is_no_utf_8_still_makes_json() {
        let format = format(vec![column::<&str>("x")], RowShape::Direction);
        let mut text = buffer(["ab"]);
        text.values[1] = 0xff;
        assert_eq!(print(&*format, &[text], &[end(1, 0)]), "{\"x\":\"a\u{fffd}\"}\n");
    }

    #[test]
    fn a_conversation_without_reply_has_null_in_every_column_of_b() {
        let format = format(vec![column::<u64>("flow"), both::<u32>("n")], RowShape::Conversation);
        assert_eq!(header(&*format), "");
        let columns = [buffer([1u64, 1, 2]), buffer([10u32, 20, 30])];
        let lines = print(&*format, &columns, &[end(1, 0), end(1, 1), end(2, 0)]);
        assert_eq!(lines, "{\"flow\":1,\"n_a\":10,\"n_b\":20}\n{\"flow\":2,\"n_a\":30,\"n_b\":null}\n");
    }

    #[test]
    fn a_row_without_columns_is_an_empty_object() {
        let format = format(Vec::new(), RowShape::Direction);
        assert_eq!(print(&*format, &[], &[end(1, 0), end(2, 0)]), "{}\n{}\n");
    }

    /// Columns of row plugins stand behind, in front of, or between the others.
    #[test]
    fn spans_make_one_object() {
        let late = weir_sdk::abi::PluginInfo { reads_rows: true, ..plugin("late", vec![column::<u8>("b")]) };
        let plugins = [plugin("one", vec![column::<u8>("a")]), late, plugin("two", vec![column::<u8>("c")])];
        let format = open(&Schema::new(&plugins, RowShape::Direction).unwrap()).unwrap();
        assert_eq!(format.spans().len(), 3);
        let columns = [buffer([1u8]), buffer([2u8]), buffer([3u8])];
        assert_eq!(print(&*format, &columns, &[end(1, 0)]), "{\"a\":1,\"b\":2,\"c\":3}\n");
    }
}
