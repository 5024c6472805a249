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

mod field;

use crate::schema::{RowShape, Schema};

use super::address::{push_ip, push_mac};
use super::cell::{Cell, Elements, Prepared, Value};
use super::line::Line;
use super::number::{push_shortest, push_signed, push_unsigned};
use super::{Error, Finished, PrintSpan, Row, RowFormat, Span};
use field::{Field, FieldSource};

/// Prints rows with a delimiter between the fields.
struct Delimited {
    delimiter: u8,
    shape: RowShape,
    names: Vec<String>,
    spans: Vec<Span>,
    /// The fields of each span.
    fields: Vec<Vec<FieldSource>>,
}

/// CSV.
pub(super) fn commas(schema: &Schema) -> Result<Box<dyn RowFormat>, Error> {
    Ok(Box::new(Delimited::new(schema, b',')))
}

/// TSV.
pub(super) fn tabs(schema: &Schema) -> Result<Box<dyn RowFormat>, Error> {
    Ok(Box::new(Delimited::new(schema, b'\t')))
}

impl Delimited {
    fn new(schema: &Schema, delimiter: u8) -> Self {
        let spans = Span::cut(schema.columns().iter().map(|column| schema.is_late(column.plugin)));
        let fields = spans.iter().map(|span| FieldSource::all(&schema.columns()[span.columns.clone()]));
        Self {
            delimiter,
            shape: schema.shape(),
            names: schema.columns().iter().map(|column| column.name.clone()).collect(),
            fields: fields.collect(),
            spans,
        }
    }
}

/// Prints the fields of rows, each with a delimiter behind it. Those that none of the rows has are passed over together.
fn put_fields(fields: &[Field<'_>], rows: &[Row], lines: &mut [Line], delimiter: u8) {
    let mut blank = 0;
    for field in fields {
        if field.is_blank(rows) {
            blank += field.count();
            continue;
        }
        if blank > 0 {
            lines.iter_mut().for_each(|line| line.repeat(delimiter, blank));
            blank = 0;
        }
        field.put(rows, lines, delimiter);
    }
    lines.iter_mut().for_each(|line| line.repeat(delimiter, blank));
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
        let fields: Vec<Field<'a>> = self.fields[at].iter().map(|source| source.prepare(finished)).collect();
        Box::new(move |rows, lines| put_fields(&fields, rows, lines, self.delimiter))
    }

    /// Puts the end of the line in the place of the last delimiter.
    fn end_row(&self, out: &mut Vec<u8>) {
        if let Some(last) = out.last_mut() {
            *last = b'\n';
        }
    }
}

/// Appends any cell and a delimiter.
#[inline(never)]
fn push_field(column: &Prepared<'_>, at: usize, delimiter: u8, out: &mut Vec<u8>) {
    match column.cell(at) {
        Cell::Null => {}
        Cell::One(value) => push_value(value, delimiter, out),
        Cell::Many(elements) => push_list(elements, delimiter, out),
    }
    out.push(delimiter);
}

fn push_value(value: Value<'_>, delimiter: u8, out: &mut Vec<u8>) {
    match value {
        Value::F32(value) => push_shortest(out, value),
        Value::F64(value) => push_shortest(out, value),
        Value::Text(text) => push_text(text, delimiter, out),
        other => plain(other, out),
    }
}

fn push_text(text: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    if text.is_empty() || text.iter().any(|&byte| needs_quotes(byte, delimiter)) {
        out.push(b'"');
        text.iter().for_each(|&byte| push_quoted(out, byte));
        out.push(b'"');
    } else {
        out.extend_from_slice(text);
    }
}

/// Quotes stand around a list if its commas or the quotes of its elements ask for them.
fn push_list(mut elements: Elements<'_>, delimiter: u8, out: &mut Vec<u8>) {
    let Some(first) = elements.next() else { return out.extend_from_slice(b"[]") };
    let has_commas = delimiter == b',' && elements.size_hint().0 > 0;
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

/// Whether a text with this byte stands in quotes.
#[inline(always)]
fn needs_quotes(byte: u8, delimiter: u8) -> bool {
    (byte == delimiter) | (byte == b'"') | (byte == b'\n') | (byte == b'\r')
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
    use crate::sink::Lines;
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
        assert_eq!(format.rows(&Finished { cells, ends: &[end(1, 0)] }, &mut Lines::default(), &mut out), 1);
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
