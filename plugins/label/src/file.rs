//! The file of labels: CSV or JSON Lines in, what its lines ask and say out.

use std::collections::HashMap;
use std::fs;

use serde_json::{Map, Value};

use crate::cell;
use crate::columns::Column;
use crate::conditions::{Conditions, Span};
use crate::index::Rule;

/// The lines of a file, in order.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) rules: Vec<Rule>,
    /// Of each rule.
    pub(crate) said: Vec<Said>,
    /// Each label once.
    pub(crate) labels: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

/// What a line says of the flows that it matches.
pub(crate) struct Said {
    /// Its number in the file, from 1.
    pub(crate) line: u64,
    /// A place in [`Lines::labels`].
    pub(crate) label: u32,
    /// Further columns as a JSON object, if it has any.
    pub(crate) fields: Option<Box<str>>,
}

/// What is wrong, and in which line.
type Fault = (u64, String);

/// A line while its cells are read.
struct Line {
    conditions: Conditions,
    span: Span,
    label: Option<String>,
    further: Map<String, Value>,
}

impl Lines {
    /// The lines of a file; each interval is made longer by so many nanoseconds at both ends.
    ///
    /// # Errors
    ///
    /// One sentence that names the file and, if its text cannot be used, the line.
    pub(crate) fn read(path: &str, tolerance: i64) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| {
            format!("cannot read the file of labels `{path}`: {error}; `file` must name a readable file")
        })?;
        let delimiter = if path.ends_with(".tsv") { b'\t' } else { b',' };
        let told = |(line, fault)| format!("file of labels `{path}`, line {line}: {fault}");
        Self::parse(&bytes, delimiter, tolerance).map_err(told)
    }

    pub(crate) fn parse(bytes: &[u8], delimiter: u8, tolerance: i64) -> Result<Self, Fault> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut lines = Self::default();
        if bytes.trim_ascii_start().starts_with(b"{") {
            lines.add_json(bytes, tolerance)?;
        } else {
            lines.add_csv(bytes, delimiter, tolerance)?;
        }
        Ok(lines)
    }

    fn add_csv(&mut self, bytes: &[u8], delimiter: u8, tolerance: i64) -> Result<(), Fault> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let names = reader.headers().map_err(fault_of_csv)?.clone();
        let columns = columns_of(&names).map_err(|fault| (1, fault))?;
        for record in reader.records() {
            let record = record.map_err(fault_of_csv)?;
            let number = record.position().map_or(0, |position| line_at(bytes, position));
            let mut line = Line::default();
            line.take_record(&names, &columns, &record).map_err(|fault| (number, fault))?;
            self.add(line, number, tolerance)?;
        }
        Ok(())
    }

    fn add_json(&mut self, bytes: &[u8], tolerance: i64) -> Result<(), Fault> {
        let mut known = HashMap::new();
        for (text, number) in bytes.split(|&byte| byte == b'\n').zip(1..) {
            if text.trim_ascii().is_empty() {
                continue;
            }
            let object: Map<String, Value> = serde_json::from_slice(text)
                .map_err(|error| (number, format!("it is no JSON object: {error}")))?;
            let mut line = Line::default();
            for (name, value) in object {
                line.take_member(name, value, &mut known).map_err(|fault| (number, fault))?;
            }
            self.add(line, number, tolerance)?;
        }
        Ok(())
    }

    fn add(&mut self, line: Line, number: u64, tolerance: i64) -> Result<(), Fault> {
        let Line { conditions, span, label, further } = line;
        let label = label.ok_or_else(|| (number, "it has no label; write one under `label`".to_owned()))?;
        if span.start > span.end {
            return Err((number, "`start` is after `end`; exchange them".to_owned()));
        }
        let fields = (!further.is_empty()).then(|| Value::Object(further).to_string().into());
        let label = self.number_of(label);
        self.rules.push(Rule { conditions, span: span.widened(tolerance) });
        self.said.push(Said { line: number, label, fields });
        Ok(())
    }

    fn number_of(&mut self, label: String) -> u32 {
        let next = self.labels.len() as u32;
        *self.numbers.entry(label.into()).or_insert_with_key(|label| {
            self.labels.push(label.clone());
            next
        })
    }

    /// The label that the line at this place gives.
    pub(crate) fn label(&self, place: u32) -> &str {
        &self.labels[self.said[place as usize].label as usize]
    }
}

/// The line of a record; its position may be that of empty lines before it.
fn line_at(bytes: &[u8], position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
    let empty = from.iter().take_while(|byte| b"\r\n".contains(byte)).filter(|&&byte| byte == b'\n').count();
    position.line() + empty as u64
}

fn fault_of_csv(error: csv::Error) -> Fault {
    let line = error.position().map_or(1, csv::Position::line);
    let fault = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is no UTF-8 text".to_owned(),
        other => format!("it is no CSV: {other:?}"),
    };
    (line, fault)
}

/// The columns that a header names.
fn columns_of(names: &csv::StringRecord) -> Result<Vec<Column>, String> {
    let columns: Vec<Column> = names.iter().map(Column::named).collect::<Result<_, _>>()?;
    for (name, place) in names.iter().zip(0..) {
        if names.iter().take(place).any(|before| before == name) {
            return Err(format!("column `{name}` stands there twice"));
        }
    }
    if !columns.contains(&Column::Label) {
        return Err(
            "it names no column `label`; it must be a header such as `src_ip,src_port,label`".to_owned()
        );
    }
    Ok(columns)
}

impl Default for Line {
    fn default() -> Self {
        Self { conditions: Conditions::default(), span: Span::ALWAYS, label: None, further: Map::new() }
    }
}

impl Line {
    fn take_record(
        &mut self,
        names: &csv::StringRecord,
        columns: &[Column],
        record: &csv::StringRecord,
    ) -> Result<(), String> {
        if record.len() != columns.len() {
            return Err(format!("it has {} cells, but the header has {}", record.len(), columns.len()));
        }
        for ((name, column), cell) in names.iter().zip(columns).zip(record) {
            match column {
                _ if cell.is_empty() => {}
                Column::Further => {
                    self.further.insert(name.to_owned(), cell.into());
                }
                known => self.take(*known, cell).map_err(|fault| format!("`{name}` {fault}"))?,
            }
        }
        Ok(())
    }

    fn take_member(
        &mut self,
        name: String,
        value: Value,
        known: &mut HashMap<String, Column>,
    ) -> Result<(), String> {
        let column = match known.get(&name) {
            Some(column) => *column,
            None => *known.entry(name.clone()).or_insert(Column::named(&name)?),
        };
        if column == Column::Further {
            self.further.insert(name, value);
            return Ok(());
        }
        let text = match value {
            Value::Null => return Ok(()),
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => return Err(format!("`{name}` is `{other}`, but it must be a text or a number")),
        };
        let text = text.trim();
        if text.is_empty() {
            Ok(())
        } else {
            self.take(column, text).map_err(|fault| format!("`{name}` {fault}"))
        }
    }

    fn take(&mut self, column: Column, text: &str) -> Result<(), String> {
        let Conditions { src, dst, l4_proto } = &mut self.conditions;
        match column {
            Column::SrcIp => src.net = Some(cell::net(text)?),
            Column::SrcPort => src.ports = Some(cell::ports(text)?),
            Column::DstIp => dst.net = Some(cell::net(text)?),
            Column::DstPort => dst.ports = Some(cell::ports(text)?),
            Column::L4Proto => *l4_proto = Some(cell::l4_proto(text)?),
            Column::Start => self.span.start = cell::time(text)?,
            Column::End => self.span.end = cell::time(text)?,
            Column::Label => self.label = Some(text.to_owned()),
            Column::Further => {}
        }
        Ok(())
    }
}
