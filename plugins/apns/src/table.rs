//! A file of lengths in, the labels of a notification's length out.
//!
//! Each line is `length,label[,cipher]`, where the length may be a range `a-b`, and a label with a comma stands in
//! quotes; empty lines, those that begin with `#`, and a head that begins with `length` are left out. Of several
//! lines that hold for a length all labels count, each once, in the order of the file.

use std::fs;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::family::Family;

/// Labels by length.
#[derive(Debug, Default)]
pub struct Table {
    lines: Vec<Line>,
    /// Each label once, in the order of the file.
    pub labels: Vec<String>,
}

#[derive(Debug)]
struct Line {
    from: u32,
    to: u32,
    /// Place in the labels.
    label: usize,
    family: Option<Family>,
}

impl Table {
    /// The table in a file.
    ///
    /// # Errors
    ///
    /// One sentence that names the file and, if its text cannot be used, the line.
    pub fn read(path: &str) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| {
            format!(
                "cannot read the table of lengths `{path}`: {error}; `table` must name a readable CSV file"
            )
        })?;
        Self::parse(&text).map_err(|(line, fault)| format!("table of lengths `{path}`, line {line}: {fault}"))
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut table = Self::default();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            let is_head = table.lines.is_empty() && line.starts_with("length");
            if !line.is_empty() && !line.starts_with('#') && !is_head {
                table.add(line).map_err(|fault| (index + 1, fault))?;
            }
        }
        Ok(table)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let record = record(line);
        let fields: Vec<&str> = record.iter().collect();
        let (length, label, cipher) = match fields[..] {
            [length, label] => (length, label, ""),
            [length, label, cipher] => (length, label, cipher),
            _ => return Err(format!("`{line}` must be `length,label` or `length,label,cipher`")),
        };
        let (from, to) = range(length).ok_or_else(|| {
            format!("`{length}` must be a length such as `149` or a range such as `149-389`")
        })?;
        if label.is_empty() {
            return Err(format!("the length `{length}` has no label; write one behind it"));
        }
        let family = match cipher {
            "" => None,
            name => Some(Family::named(name).ok_or_else(|| {
                format!("`{name}` is no cipher; write one of `tls10`, `cbc`, `gcm`, `chacha`, `tls13`")
            })?),
        };
        let label = self.place(label);
        self.lines.push(Line { from, to, label, family });
        Ok(())
    }

    fn place(&mut self, label: &str) -> usize {
        let known = self.labels.iter().position(|known| known == label);
        known.unwrap_or_else(|| {
            self.labels.push(label.to_owned());
            self.labels.len() - 1
        })
    }

    /// Places of the labels that a length has, each once, in the order of the file.
    pub fn of(&self, len: u32, family: Option<Family>) -> Vec<usize> {
        let fits = |line: &&Line| {
            (line.from..=line.to).contains(&len) && line.family.is_none_or(|of| Some(of) == family)
        };
        let mut places = Vec::new();
        for line in self.lines.iter().filter(fits) {
            if !places.contains(&line.label) {
                places.push(line.label);
            }
        }
        places
    }
}

/// The fields of a line. The reader is made for one line, since only then its number is known behind comments.
fn record(line: &str) -> StringRecord {
    let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(line.as_bytes());
    reader.records().find_map(Result::ok).unwrap_or_default()
}

/// A number, or two with a hyphen between, the lesser first.
pub fn range(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_all_its_labels_in_the_order_of_the_file() {
        let table =
            Table::parse("# note\n\n149,text\n140-150,voice,cbc\n149,text\n149,picture,gcm\n").unwrap();
        let labels = |len, family| -> Vec<&str> {
            table.of(len, family).into_iter().map(|place| table.labels[place].as_str()).collect()
        };
        assert_eq!(labels(149, Some(Family::Cbc)), ["text", "voice"]);
        assert_eq!(labels(149, Some(Family::Gcm)), ["text", "picture"]);
        assert_eq!(labels(149, None), ["text"]);
        assert!(labels(151, Some(Family::Cbc)).is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_line() {
        let check = |text: &str, line: usize, expected: &str| {
            let (at, fault) = Table::parse(text).unwrap_err();
            assert!(at == line && fault.contains(expected), "{at}: {fault}");
        };
        check("1,a\nx,b\n", 2, "`x` must be a length");
        check("9-3,a", 1, "must be a length");
        check("9", 1, "must be `length,label`");
        check("9,", 1, "has no label");
        check("# x\n9,a,des", 2, "`des` is no cipher");
        check("9,a,cbc,more", 1, "must be `length,label`");
        check("\n\n-9,a", 3, "must be a length");
        check("9,a\n5000000000,b", 2, "must be a length");
        check("9,a\nlength,label", 2, "`length` must be a length");
    }

    #[test]
    fn heads_quotes_and_the_marks_of_other_systems_are_understood() {
        let table =
            Table::parse("\u{feff}length,label,cipher\r\n1 - 3,\"red, packet\",\r\n\r\n2,text\r\n").unwrap();
        assert_eq!(table.labels, ["red, packet", "text"]);
        assert_eq!((table.of(2, None), table.of(3, None)), (vec![0, 1], vec![0]));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let fault = Table::read("no/such/table.csv").unwrap_err();
        assert!(fault.contains("`no/such/table.csv`") && fault.contains("must name a readable CSV file"));
    }

    #[test]
    fn the_example_is_a_table() {
        let table = Table::parse(include_str!("../data/example.csv")).unwrap();
        assert_eq!(table.labels, ["text", "picture", "video", "voice", "red packet", "fund transfer"]);
    }
}
