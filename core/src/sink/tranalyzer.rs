//! Rows as Tranalyzer's text file `PREFIX_flows.txt`.
//!
//! What comes in: finished directions. What goes out: `%` and the names, then a line for each direction,
//! A before B, tabs between the fields. Only columns with a Tranalyzer name are printed, each as the format
//! code of its declaration says, and null as the text that it names. Columns of one plugin that follow each
//! other with the same name are the parts of one compound: joined by `_`, lists element by element.

use std::ops::Range;

use weir_sdk::columns::{Kind, Tranalyzer};

use crate::schema::{Declared, Pick, RowShape, Schema};

use super::address::{push_ip_like_c, push_mac};
use super::cell::{Cell, Elements, Source, Value};
use super::number::{push_fixed, push_general, push_hex, push_seconds, push_signed, push_unsigned};
use super::printer::row_by_row;
use super::{Error, Finished, PrintSpan, Row, RowFormat, Span};

/// Prints rows as Tranalyzer does.
struct Text {
    parts: Vec<Part>,
    /// For each printed column, the parts that it is made of.
    columns: Vec<Range<usize>>,
    spans: Vec<Span>,
}

/// A declared column that is printed, alone or as a part of a compound.
struct Part {
    source: Source,
    code: Code,
    plugin: usize,
    tranalyzer: Tranalyzer,
}

/// How an element is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// `U*`, `I*`
    Decimal,
    /// `H*`: so many hexadecimal digits.
    Hex(u32),
    /// `F`
    Single,
    /// `F` of a duration: in seconds.
    SingleSeconds,
    /// `D`
    Double,
    /// `D` of a duration: in seconds.
    DoubleSeconds,
    /// `T`
    Seconds,
    /// `MAC`
    Mac,
    /// `IP`
    Ip,
    /// `S`
    Quoted,
    /// `SC`, `C`
    Class,
}

/// Tranalyzer's text.
pub(super) fn open(schema: &Schema) -> Result<Box<dyn RowFormat>, Error> {
    Ok(Box::new(Text::new(schema)?))
}

impl Text {
    fn new(schema: &Schema) -> Result<Self, Error> {
        let mut text = Self { parts: Vec::new(), columns: Vec::new(), spans: Vec::new() };
        for declared in schema.declared() {
            if let Some(tranalyzer) = declared.column.tranalyzer {
                text.add(part(schema, declared, tranalyzer)?);
            }
        }
        // The parts of a column are of one plugin.
        let plugins = text.columns.iter().map(|column| text.parts[column.start].plugin);
        text.spans = Span::cut(plugins.map(|plugin| schema.is_late(plugin)));
        Ok(text)
    }

    fn add(&mut self, part: Part) {
        let at = self.parts.len();
        match (self.parts.last(), self.columns.last_mut()) {
            (Some(before), Some(column)) if before.is_one_column_with(&part) => column.end = at + 1,
            _ => self.columns.push(at..at + 1),
        }
        self.parts.push(part);
    }

    fn column(&self, parts: &[Part], finished: &Finished<'_>, row: &Row, out: &mut Vec<u8>) {
        match parts {
            [part] => part.field(part.source.cell(finished, row), out),
            parts if parts.iter().any(|part| part.source.value.list) => zipped(parts, finished, row, out),
            parts => joined(parts, out, |part, out| part.field(part.source.cell(finished, row), out)),
        }
    }
}

impl RowFormat for Text {
    fn header(&self, out: &mut Vec<u8>) {
        out.push(b'%');
        for column in &self.columns {
            out.extend_from_slice(self.parts[column.start].tranalyzer.name.as_bytes());
            out.push(b'\t');
        }
        self.end_row(out);
    }

    fn shape(&self) -> RowShape {
        RowShape::Direction
    }

    fn spans(&self) -> &[Span] {
        &self.spans
    }

    fn printer<'a>(&'a self, span: &Span, finished: &'a Finished<'_>) -> PrintSpan<'a> {
        let columns = &self.columns[span.columns.clone()];
        row_by_row(move |row, out| {
            for column in columns {
                self.column(&self.parts[column.clone()], finished, row, out);
                out.push(b'\t');
            }
        })
    }

    /// Ends a line, in the place of the tab behind the last field if there is one.
    fn end_row(&self, out: &mut Vec<u8>) {
        if !self.columns.is_empty() {
            out.pop();
        }
        out.push(b'\n');
    }
}

/// Parts joined by `_`.
fn joined(parts: &[Part], out: &mut Vec<u8>, mut print: impl FnMut(&Part, &mut Vec<u8>)) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push(b'_');
        }
        print(part, out);
    }
}

/// A compound that repeats: element by element, the parts joined by `_`, the elements by `;`. The first part
/// says how many elements there are; a part with fewer prints its null, and so does an empty text.
fn zipped(parts: &[Part], finished: &Finished<'_>, row: &Row, out: &mut Vec<u8>) {
    let Some(Cell::Many(elements)) = parts.first().map(|part| part.source.cell(finished, row)) else {
        return joined(parts, out, |part, out| out.extend_from_slice(part.tranalyzer.null.as_bytes()));
    };
    for index in 0..elements.count() {
        if index > 0 {
            out.push(b';');
        }
        joined(parts, out, |part, out| part.element(part.source.cell(finished, row), index, out));
    }
}

impl Part {
    /// Two parts of one plugin with one name are one column.
    fn is_one_column_with(&self, next: &Part) -> bool {
        self.plugin == next.plugin && self.tranalyzer.name == next.tranalyzer.name
    }

    fn field(&self, cell: Cell<'_>, out: &mut Vec<u8>) {
        match cell {
            Cell::Null => out.extend_from_slice(self.tranalyzer.null.as_bytes()),
            Cell::One(value) => self.value(value, out),
            Cell::Many(elements) => self.list(elements, out),
        }
    }

    fn list(&self, elements: Elements<'_>, out: &mut Vec<u8>) {
        for (index, element) in elements.enumerate() {
            if index > 0 {
                out.push(b';');
            }
            self.value(element, out);
        }
    }

    /// One element of a list, where a scalar stands for each.
    fn element(&self, cell: Cell<'_>, index: usize, out: &mut Vec<u8>) {
        let value = match cell {
            Cell::Null => None,
            Cell::One(value) => Some(value),
            Cell::Many(mut elements) => elements.nth(index),
        };
        // Nothing would stand between the separators.
        let value = value.filter(|value| !matches!(value, Value::Text(b"")));
        self.field(value.map_or(Cell::Null, Cell::One), out);
    }

    fn value(&self, value: Value<'_>, out: &mut Vec<u8>) {
        match (self.code, value) {
            (Code::Decimal, Value::Signed(value)) => push_signed(out, value),
            (Code::Decimal, value) => push_unsigned(out, integer(value)),
            (Code::Hex(digits), value) => {
                out.extend_from_slice(b"0x");
                push_hex(out, integer(value), digits);
            }
            (Code::Single, Value::F32(value)) => push_general(out, value),
            (Code::Single, value) => push_general(out, float(value) as f32),
            (Code::SingleSeconds, value) => push_general(out, (float(value) / 1e9) as f32),
            (Code::Double, value) => push_fixed(out, float(value)),
            (Code::DoubleSeconds, value) => push_fixed(out, float(value) / 1e9),
            (Code::Seconds, Value::Signed(nanoseconds)) => push_seconds(out, nanoseconds),
            (Code::Mac, Value::Mac(mac)) => push_mac(out, mac),
            (Code::Ip, Value::Ip(ip)) => push_ip_like_c(out, ip),
            (Code::Quoted, Value::Text(text)) => {
                out.push(b'"');
                push_escaped(out, text);
                out.push(b'"');
            }
            (Code::Class, Value::Text(text)) => push_escaped(out, text),
            // `Code::of` lets no other pair pass.
            _ => {}
        }
    }
}

fn integer(value: Value<'_>) -> u64 {
    match value {
        Value::Unsigned(value) => value,
        Value::Bool(value) => value.into(),
        _ => 0,
    }
}

fn float(value: Value<'_>) -> f64 {
    match value {
        Value::F32(value) => value.into(),
        Value::F64(value) => value,
        Value::Signed(value) => value as f64,
        other => integer(other) as f64,
    }
}

/// `\b \f \n \r \t \v \\ \"`, other control characters as `\u00XX`.
fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match escape(byte) {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None if byte < 0x20 || byte == 0x7f => {
                out.extend_from_slice(b"\\u00");
                let hex = b"0123456789ABCDEF";
                out.extend_from_slice(&[hex[usize::from(byte >> 4)], hex[usize::from(byte & 0xf)]]);
            }
            None => out.push(byte),
        }
    }
}

fn escape(byte: u8) -> Option<u8> {
    Some(match byte {
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x0b => b'v',
        b'\\' | b'"' => byte,
        _ => return None,
    })
}

fn part(schema: &Schema, declared: Declared<'_>, tranalyzer: Tranalyzer) -> Result<Part, Error> {
    let Declared { plugin, index, column } = declared;
    let refused =
        |reason| Error::CannotPrint { plugin: schema.plugins()[plugin].name, column: column.name, reason };
    let code = Code::of(tranalyzer.format, column.value.kind).map_err(refused)?;
    Ok(Part { source: Source { index, pick: Pick::Own, value: column.value }, code, plugin, tranalyzer })
}

impl Code {
    /// The code that a declaration names, if an element of the kind can be printed so.
    fn of(format: &str, kind: Kind) -> Result<Self, String> {
        let is_unsigned = matches!(kind, Kind::Bool | Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64);
        let is_float = matches!(kind, Kind::F32 | Kind::F64);
        let is_span = kind == Kind::Duration;
        let (code, fits) = match format {
            "U8" | "U16" | "U32" | "U64" => (Code::Decimal, is_unsigned),
            "I8" | "I16" | "I32" | "I64" => (Code::Decimal, is_unsigned || kind == Kind::I64),
            "H8" => (Code::Hex(2), is_unsigned),
            "H16" => (Code::Hex(4), is_unsigned),
            "H32" => (Code::Hex(8), is_unsigned),
            "H64" => (Code::Hex(16), is_unsigned),
            "F" if is_span => (Code::SingleSeconds, true),
            "F" => (Code::Single, is_float || is_unsigned || kind == Kind::I64),
            "D" if is_span => (Code::DoubleSeconds, true),
            "D" => (Code::Double, is_float || is_unsigned || kind == Kind::I64),
            "T" => (Code::Seconds, is_span || kind == Kind::Time),
            "MAC" => (Code::Mac, kind == Kind::Mac),
            "IP" => (Code::Ip, kind == Kind::Ip),
            "S" => (Code::Quoted, kind == Kind::Text),
            "SC" | "C" => (Code::Class, kind == Kind::Text),
            _ => return Err(unknown_code(format)),
        };
        if fits {
            Ok(code)
        } else {
            Err(format!("Tranalyzer's format `{format}` cannot hold {}", kind.name()))
        }
    }
}

fn unknown_code(format: &str) -> String {
    format!(
        "`{format}` is no format of Tranalyzer's; \
         known are U8 to U64, I8 to I64, H8 to H64, F, D, T, MAC, IP, S, SC, and C"
    )
}

#[cfg(test)]
mod tests {
    use weir_sdk::columns::{Cell, Column, ColumnBuffer};
    use weir_sdk::{Duration, Ip, Mac, Time};

    use super::*;
    use crate::schema::samples::{column, plugin, tranalyzer};
    use crate::sink::samples::{buffer, end, header, print};

    fn text(columns: Vec<Column>) -> Text {
        let schema = Schema::new(&[plugin("one", columns)], RowShape::Direction).unwrap();
        Text::new(&schema).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The one field that a cell prints as.
    fn check<C: Cell>(cell: C, format: &'static str, expected: &str) {
        let text = text(vec![tranalyzer::<C>("x", format, "NULL")]);
        assert_eq!(print(&text, &[buffer([cell])], &[end(1, 0)]), format!("{expected}\n"));
    }

    #[test]
    fn numbers_print_by_their_code() {
        check(7u16, "U16", "7");
        check(-7i64, "I64", "-7");
        check(0x4001u64, "H64", "0x0000000000004001");
        check(0xabu8, "H8", "0xab");
        check(7u16, "H16", "0x0007");
        check(1u32, "H32", "0x00000001");
        check(4_294_967_295.0f32, "F", "4.294967e+09");
        check(-f32::NAN, "F", "-nan");
        check(1.5f64, "D", "1.500000");
        check(true, "U8", "1");
    }

    #[test]
    fn times_print_as_seconds() {
        check(Time(1_178_922_637_041_165_000), "T", "1178922637.041165000");
        check(Duration(-500_000_000), "T", "-0.500000000");
        check(Duration(36_000), "F", "3.6e-05");
        check(Duration(-1_500_000_000), "D", "-1.500000");
    }

    #[test]
    fn addresses_print_as_text() {
        check(Mac([0, 1, 2, 0xaa, 0xbb, 0xcc]), "MAC", "00:01:02:aa:bb:cc");
        check(Ip::V4([192, 168, 1, 132]), "IP", "192.168.1.132");
    }

    #[test]
    fn strings_are_escaped_and_quoted_unless_they_are_classes() {
        check("a\"b\\c\n\t\r\u{8}\u{c}\u{b}\u{1f}\u{7f}é", "S", r#""a\"b\\c\n\t\r\b\f\v\u001F\u007Fé""#);
        check("a\"b", "SC", r#"a\"b"#);
        check("A", "C", "A");
    }

    #[test]
    fn null_prints_what_the_column_names() {
        check(None::<u16>, "U16", "NULL");
        check(None::<Ip>, "IP", "NULL");
        check(None::<Vec<u16>>, "U16", "NULL");
    }

    #[test]
    fn lists_are_joined_by_semicolons_and_empty_ones_are_empty() {
        check(vec![2u16, 4], "U16", "2;4");
        check(vec!["eth:ipv4", "eth:ipv6"], "SC", "eth:ipv4;eth:ipv6");
        check(Vec::<Mac>::new(), "MAC", "");
    }

    #[test]
    fn the_header_has_only_columns_that_tranalyzer_has() {
        let columns = vec![
            tranalyzer::<u8>("dir", "U8", ""),
            column::<u8>("ours"),
            tranalyzer::<u64>("flowInd", "U64", ""),
        ];
        let text = text(columns);
        assert_eq!(header(&text), "%dir\tflowInd\n");
        let buffers = [buffer([1u8, 2]), buffer([9u8, 9]), buffer([3u64, 3])];
        assert_eq!(print(&text, &buffers, &[end(3, 0), end(3, 1)]), "1\t3\n2\t3\n");
    }

    fn named(name: &'static str, part: Column) -> Column {
        Column { name, ..part }
    }

    #[test]
    fn columns_with_one_name_are_the_parts_of_a_compound() {
        let columns = vec![
            named("class", tranalyzer::<u8>("ipOptCpCl_Num", "H8", "0x00")),
            named("numbers", tranalyzer::<Option<u32>>("ipOptCpCl_Num", "H32", "0x00000000")),
        ];
        let text = text(columns);
        assert_eq!(header(&text), "%ipOptCpCl_Num\n");
        let buffers = [buffer([0x20u8]), buffer([None::<u32>])];
        assert_eq!(print(&text, &buffers, &[end(1, 0)]), "0x20_0x00000000\n");
    }

    fn mac_pairs(sources: ColumnBuffer, packets: ColumnBuffer) -> String {
        let columns = vec![
            named("src", tranalyzer::<Vec<Mac>>("srcMac_numP", "MAC", "")),
            named("packets", tranalyzer::<Vec<u64>>("srcMac_numP", "U64", "0")),
        ];
        print(&text(columns), &[sources, packets], &[end(1, 0)])
    }

    #[test]
    fn a_compound_of_lists_repeats_element_by_element() {
        let macs = || buffer([vec![Mac([0; 6]), Mac([1; 6])]]);
        assert_eq!(mac_pairs(macs(), buffer([vec![3u64, 4]])), "00:00:00:00:00:00_3;01:01:01:01:01:01_4\n");
        assert_eq!(mac_pairs(macs(), buffer([vec![3u64]])), "00:00:00:00:00:00_3;01:01:01:01:01:01_0\n");
        assert_eq!(mac_pairs(buffer([Vec::<Mac>::new()]), buffer([Vec::<u64>::new()])), "\n");
    }

    #[test]
    fn an_empty_text_in_a_compound_prints_as_null() {
        let columns = vec![
            named("src", tranalyzer::<Vec<&str>>("srcLbl_dstLbl", "SC", "-")),
            named("dst", tranalyzer::<Vec<&str>>("srcLbl_dstLbl", "SC", "-")),
        ];
        let buffers = [buffer([vec!["Cisco", ""]]), buffer([vec!["", "Xerox"]])];
        assert_eq!(print(&text(columns), &buffers, &[end(1, 0)]), "Cisco_-;-_Xerox\n");
    }

    fn refused(format: &'static str) -> String {
        let columns = vec![tranalyzer::<Mac>("x", format, "")];
        let schema = Schema::new(&[plugin("one", columns)], RowShape::Direction).unwrap();
        open(&schema).err().unwrap().to_string()
    }

    #[test]
    fn a_code_that_cannot_be_printed_is_refused_before_the_first_row() {
        assert_eq!(
            refused("T"),
            "cannot print column `x` of plugin `one`: Tranalyzer's format `T` cannot hold mac; \
             mend the plugin or leave it out with `-p`"
        );
        assert!(refused("Z").contains("`Z` is no format of Tranalyzer's"));
    }
}
