//! Rows → file.
//!
//! What comes in: [`Finished`] directions of conversations, as typed cells. What goes out: one file of rows, a
//! [`Sink`]. That of text (`text.rs`) has two parts, so that many workers print and one thread writes: a
//! [`RowFormat`] makes bytes of cells (`csv.rs`, `jsonl.rs`, `tranalyzer.rs`), and an [`Output`] (`output.rs`) writes
//! them, in order, into a file that appears whole (`file.rs`). That of columns (`columnar.rs`) has one, too: an
//! `Encoder` makes blocks of bytes of Arrow arrays (`parquet.rs`, `ipc.rs`). A new format is one file and one line in
//! `FORMATS`.

mod address;
mod arrow;
mod cell;
mod columnar;
mod compress;
mod csv;
mod error;
mod file;
mod ipc;
mod jsonl;
mod line;
mod number;
mod output;
mod parquet;
mod provenance;
mod text;
mod tranalyzer;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow_schema::SchemaRef;
use weir_sdk::abi::ColumnCells;
use weir_sdk::plugin::EndFacts;

use crate::schema::{Pick, RowShape, Schema};

use columnar::{ColumnarSink, Encoder};

pub use compress::Compression;
pub use error::Error;
pub use file::Written;
pub use output::Output;
pub use provenance::Provenance;
pub use text::TextSink;

/// The path that means standard output.
const STANDARD_OUTPUT: &str = "-";

/// Finished directions, as all plugins printed them.
pub struct Finished<'a> {
    /// The cells of each column of the plugins, one plugin after the other; `None` if its plugin failed,
    /// which prints as null everywhere.
    pub cells: Vec<Option<ColumnCells<'a>>>,
    /// The directions: A before B, the two of a conversation in a row.
    pub ends: &'a [EndFacts],
}

/// The directions that one row is made of, as indices into [`Finished::ends`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    own: usize,
    other: Option<usize>,
}

impl Row {
    /// The directions that it is made of.
    pub fn directions(&self) -> Range<usize> {
        self.own..self.other.unwrap_or(self.own) + 1
    }

    /// The same row, `by` directions further on.
    pub fn moved(&self, by: usize) -> Self {
        Self { own: self.own + by, other: self.other.map(|other| other + by) }
    }

    #[inline]
    fn direction(&self, pick: Pick) -> Option<usize> {
        match pick {
            Pick::A | Pick::Own => Some(self.own),
            Pick::B => self.other,
        }
    }
}

impl Finished<'_> {
    /// The rows of a shape, in order.
    pub fn rows(&self, shape: RowShape) -> impl Iterator<Item = Row> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let own = next;
            let first = self.ends.get(own)?;
            let has_b = shape == RowShape::Conversation
                && self.ends.get(own + 1).is_some_and(|second| is_b_of(first, second));
            next += 1 + usize::from(has_b);
            Some(Row { own, other: has_b.then_some(own + 1) })
        })
    }
}

/// Whether two directions that follow each other are A and B of one conversation.
fn is_b_of(first: &EndFacts, second: &EndFacts) -> bool {
    first.letter == 0 && second.letter == 1 && first.flow_index == second.flow_index
}

/// A file of rows in the making.
pub trait Sink: Send {
    /// Takes finished directions, in the order of rows.
    ///
    /// # Errors
    ///
    /// [`Error::Write`]; the rows written before stand in the partial file, and nothing more can be written.
    fn rows(&mut self, finished: &Finished<'_>) -> Result<(), Error>;

    /// Rows taken so far.
    fn count(&self) -> u64;

    /// The sink of text that this is, if it is one: then workers may print ahead.
    fn text(&mut self) -> Option<&mut TextSink>;

    /// Writes what is left and gives the file its name.
    ///
    /// # Errors
    ///
    /// [`Error::Write`], or [`Error::Rename`] if all rows stand, but under the partial name.
    fn finish(self: Box<Self>) -> Result<Written, Error>;

    /// Gives the file up after a signal: what was taken is still written, and the path of the partial file is
    /// returned if a row stands in it.
    fn abandon(self: Box<Self>) -> Option<PathBuf>;
}

/// Prints the columns of a span of one row.
pub type PrintSpan<'a> = Box<dyn Fn(&Row, &mut Vec<u8>) + 'a>;

/// Makes the bytes of a file of rows out of cells.
///
/// A row is printed in spans of columns, so that the cells of row plugins, which are known only when the rows
/// of all workers stand in order, can be printed between what a worker has printed long before.
pub trait RowFormat: Send + Sync {
    /// Appends what stands before the first row.
    fn header(&self, out: &mut Vec<u8>);

    /// What a row stands for.
    fn shape(&self) -> RowShape;

    /// The spans of a row, in order.
    fn spans(&self) -> &[Span];

    /// What prints the columns of a span, each with what separates it from the next, for the rows of a batch.
    fn printer<'a>(&'a self, span: &Span, finished: &'a Finished<'_>) -> PrintSpan<'a>;

    /// Ends a row behind its last span.
    fn end_row(&self, out: &mut Vec<u8>);

    /// Appends rows, always whole ones, and says how many.
    fn rows(&self, finished: &Finished<'_>, out: &mut Vec<u8>) -> u64 {
        let printers: Vec<_> = self.spans().iter().map(|span| self.printer(span, finished)).collect();
        let mut rows = 0;
        for row in finished.rows(self.shape()) {
            printers.iter().for_each(|print| print(&row, out));
            self.end_row(out);
            rows += 1;
        }
        rows
    }
}

/// Columns that are printed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    columns: Range<usize>,
    /// They are filled by row plugins.
    pub is_late: bool,
}

impl Span {
    /// The spans of columns of which these are filled by row plugins.
    fn cut(late: impl IntoIterator<Item = bool>) -> Vec<Self> {
        let mut spans: Vec<Self> = Vec::new();
        for (at, is_late) in late.into_iter().enumerate() {
            match spans.last_mut() {
                Some(span) if span.is_late == is_late => span.columns.end = at + 1,
                _ => spans.push(Self { columns: at..at + 1, is_late }),
            }
        }
        spans
    }
}

/// Whose names, rows and sentinels are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Our own.
    #[default]
    Weir,
    /// Those of Tranalyzer, for drop-in use.
    Tranalyzer,
}

/// A format as the extension of the output names it.
struct Entry {
    extension: &'static str,
    profile: Profile,
    maker: Maker,
}

/// How a format is made.
#[derive(Clone, Copy)]
enum Maker {
    /// Row by row, as text.
    Text(fn(&Schema) -> Result<Box<dyn RowFormat>, Error>),
    /// Column by column.
    Columns(fn(&SchemaRef) -> io::Result<Box<dyn Encoder>>),
}

/// All formats; the first of a profile serves standard output.
const FORMATS: &[Entry] = &[
    Entry { extension: "csv", profile: Profile::Weir, maker: Maker::Text(csv::commas) },
    Entry { extension: "tsv", profile: Profile::Weir, maker: Maker::Text(csv::tabs) },
    Entry { extension: "jsonl", profile: Profile::Weir, maker: Maker::Text(jsonl::open) },
    Entry { extension: "parquet", profile: Profile::Weir, maker: Maker::Columns(parquet::open) },
    Entry { extension: "arrow", profile: Profile::Weir, maker: Maker::Columns(ipc::open) },
    Entry { extension: "txt", profile: Profile::Tranalyzer, maker: Maker::Text(tranalyzer::open) },
];

/// How an output is written: its format and its compression.
#[derive(Clone, Copy)]
pub struct Format {
    entry: &'static Entry,
    /// How its bytes are compressed.
    pub compression: Compression,
}

impl Format {
    /// The format that the extension of a path names; `-` is the profile's first format, not compressed.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFormat`] if the profile has no format of that extension.
    pub fn from_path(path: &Path, profile: Profile) -> Result<Self, Error> {
        let (bare, compression) = Compression::split(path);
        let wanted = bare.extension().and_then(|extension| extension.to_str());
        let mut known = FORMATS.iter().filter(|entry| entry.profile == profile);
        let entry = match wanted {
            None if is_standard_output(path) => known.next(),
            _ => {
                known.find(|entry| wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case(entry.extension)))
            }
        };
        match entry {
            Some(Entry { extension, maker: Maker::Columns(_), .. }) if compression != Compression::None => {
                Err(Error::CompressedTwice { path: path.to_owned(), bare, extension })
            }
            Some(entry) => Ok(Self { entry, compression }),
            None => Err(unknown_format(path, profile, wanted)),
        }
    }

    /// What prints the rows, if they are text.
    ///
    /// # Errors
    ///
    /// [`Error::CannotPrint`] if the format has no way to print a column.
    pub fn printer(&self, schema: &Schema) -> Result<Option<Box<dyn RowFormat>>, Error> {
        match self.entry.maker {
            Maker::Text(open) => open(schema).map(Some),
            Maker::Columns(_) => Ok(None),
        }
    }

    /// Begins the file.
    ///
    /// # Errors
    ///
    /// [`Error::CannotPrint`] if the format has no way to print a column, [`Error::Create`] if the place cannot be
    /// written to.
    pub fn create(
        &self,
        path: &Path,
        schema: &Schema,
        provenance: &Provenance,
    ) -> Result<Box<dyn Sink>, Error> {
        Ok(match self.entry.maker {
            Maker::Text(open) => {
                let format = open(schema)?;
                Box::new(TextSink::new(format, Output::create(path, self.compression)?)?)
            }
            Maker::Columns(open) => {
                let fields = arrow::arrow_schema(schema, provenance);
                let failed = |source| Error::Create { path: path.to_owned(), source };
                let encoder = open(&fields).map_err(failed)?;
                let output = Output::create(path, self.compression)?;
                Box::new(ColumnarSink::new(schema, fields, encoder, path, output)?)
            }
        })
    }

    /// The extension by which the format is chosen.
    pub fn extension(&self) -> &'static str {
        self.entry.extension
    }
}

fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == STANDARD_OUTPUT
}

fn unknown_format(path: &Path, profile: Profile, wanted: Option<&str>) -> Error {
    let of = |profile| FORMATS.iter().filter(move |entry| entry.profile == profile);
    let is_text = |entry: &&Entry| matches!(entry.maker, Maker::Text(_));
    let (text, columns): (Vec<_>, Vec<_>) = of(profile).partition(is_text);
    let mut known =
        format!("{}{} also with .gz or .zst", listed(&text), if text.len() > 1 { ", each" } else { "," });
    if !columns.is_empty() {
        known += &format!("; {}", listed(&columns));
    }
    let other = FORMATS.iter().find(|entry| entry.profile != profile && Some(entry.extension) == wanted);
    let hint = match other.map(|entry| entry.profile) {
        Some(Profile::Tranalyzer) => "; `.txt` needs `--profile tranalyzer`",
        Some(Profile::Weir) => "; leave out `--profile tranalyzer`",
        None => "",
    };
    Error::UnknownFormat { path: path.to_owned(), known, hint }
}

/// `.csv, .tsv, and .jsonl`
fn listed(entries: &[&Entry]) -> String {
    let names: Vec<_> = entries.iter().map(|entry| format!(".{}", entry.extension)).collect();
    match names.as_slice() {
        [first, second] => format!("{first} and {second}"),
        [before @ .., last] if !before.is_empty() => format!("{}, and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

/// Where the dictionary of an output stands: `x.flows.csv.gz` → `x.columns.json`.
pub fn dictionary_path(output: &Path) -> PathBuf {
    let (bare, _) = Compression::split(output);
    let stem = bare.with_extension("");
    let base = if stem.extension().is_some_and(|e| e == "flows") { stem.with_extension("") } else { stem };
    let mut path = base.into_os_string();
    path.push(".columns.json");
    path.into()
}

/// Where a table beside an output stands: `x.flows.csv.gz` → `x.NAME.csv.gz`.
pub fn table_path(output: &Path, table: &str) -> PathBuf {
    let (bare, _) = Compression::split(output);
    let text = |path: &Path| path.as_os_str().to_string_lossy().into_owned();
    let stem = bare.with_extension("");
    let extensions = text(output)[text(&stem).len()..].to_owned();
    let base = if stem.extension().is_some_and(|e| e == "flows") { stem.with_extension("") } else { stem };
    format!("{}.{table}{extensions}", text(&base)).into()
}

/// Writes a dictionary.
///
/// # Errors
///
/// If the place cannot be written to.
pub fn write_dictionary(path: &Path, dictionary: &str) -> Result<(), Error> {
    let mut file = Output::create(path, Compression::None)?;
    file.write(dictionary.as_bytes(), 0)?;
    file.finish().map(drop)
}

#[cfg(test)]
mod samples {
    //! Cells and directions for the tests of the formats.

    use weir_sdk::abi::ColumnCells;
    use weir_sdk::columns::{Cell, ColumnBuffer};
    use weir_sdk::plugin::EndFacts;

    use super::{Finished, RowFormat};

    /// A direction of a conversation: letter 0 for A, 1 for B.
    pub(super) fn end(flow_index: u64, letter: u8) -> EndFacts {
        EndFacts { flow_index, letter, side: letter, ..EndFacts::default() }
    }

    /// A column with these cells.
    pub(super) fn buffer<C: Cell>(cells: impl IntoIterator<Item = C>) -> ColumnBuffer {
        let mut buffer = ColumnBuffer::default();
        cells.into_iter().for_each(|cell| cell.append(&mut buffer));
        buffer
    }

    /// What a format prints for these columns, without the header.
    pub(super) fn print(format: &dyn RowFormat, columns: &[ColumnBuffer], ends: &[EndFacts]) -> String {
        let cells = columns.iter().map(|column| Some(ColumnCells::of(column))).collect();
        let mut out = Vec::new();
        let rows = format.rows(&Finished { cells, ends }, &mut out);
        assert!(rows <= ends.len() as u64);
        String::from_utf8(out).unwrap()
    }

    /// What a format prints before the rows.
    pub(super) fn header(format: &dyn RowFormat) -> String {
        let mut out = Vec::new();
        format.header(&mut out);
        String::from_utf8(out).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::samples::end;
    use super::*;

    fn rows(ends: &[EndFacts], shape: RowShape) -> Vec<(usize, Option<usize>)> {
        let finished = Finished { cells: Vec::new(), ends };
        finished.rows(shape).map(|row| (row.own, row.other)).collect()
    }

    #[test]
    fn the_two_directions_of_a_conversation_make_one_row() {
        let ends = [end(1, 0), end(1, 1), end(2, 0), end(3, 0), end(3, 1)];
        assert_eq!(rows(&ends, RowShape::Conversation), [(0, Some(1)), (2, None), (3, Some(4))]);
    }

    #[test]
    fn every_direction_makes_a_row_of_its_own() {
        let ends = [end(1, 0), end(1, 1), end(2, 0)];
        assert_eq!(rows(&ends, RowShape::Direction), [(0, None), (1, None), (2, None)]);
    }

    #[test]
    fn two_conversations_without_a_reply_are_not_joined() {
        assert_eq!(rows(&[end(1, 0), end(2, 1)], RowShape::Conversation), [(0, None), (1, None)]);
    }

    fn chosen(path: &str, profile: Profile) -> (&'static str, Compression) {
        let format = Format::from_path(Path::new(path), profile).unwrap();
        (format.extension(), format.compression)
    }

    #[test]
    fn the_extension_names_format_and_compression() {
        assert_eq!(chosen("a/x.csv", Profile::Weir), ("csv", Compression::None));
        assert_eq!(chosen("x.TSV.gz", Profile::Weir), ("tsv", Compression::Gzip));
        assert_eq!(chosen("x.jsonl.gz", Profile::Weir), ("jsonl", Compression::Gzip));
        assert_eq!(chosen("x.parquet", Profile::Weir), ("parquet", Compression::None));
        assert_eq!(chosen("x.ARROW", Profile::Weir), ("arrow", Compression::None));
        assert_eq!(chosen("x.txt.zst", Profile::Tranalyzer), ("txt", Compression::Zstd));
        assert_eq!(chosen("-", Profile::Weir), ("csv", Compression::None));
        assert_eq!(chosen("-", Profile::Tranalyzer), ("txt", Compression::None));
    }

    fn refused(path: &str, profile: Profile) -> String {
        Format::from_path(Path::new(path), profile).err().unwrap().to_string()
    }

    #[test]
    fn an_unknown_extension_is_refused_with_those_that_are_known() {
        assert_eq!(
            refused("x.docx", Profile::Weir),
            "cannot tell the format of `x.docx` by its extension; known are \
             .csv, .tsv, and .jsonl, each also with .gz or .zst; .parquet and .arrow"
        );
        assert!(refused("x", Profile::Weir).starts_with("cannot tell the format of `x`"));
    }

    #[test]
    fn what_is_compressed_by_itself_is_not_compressed_again() {
        assert_eq!(
            refused("a/x.parquet.gz", Profile::Weir),
            "`a/x.parquet.gz` would be compressed twice: .parquet is compressed by itself; write to `a/x.parquet`"
        );
        assert!(refused("x.arrow.zst", Profile::Weir).ends_with("; write to `x.arrow`"));
    }

    #[test]
    fn a_format_of_the_other_profile_is_refused_with_what_to_change() {
        assert!(refused("x.txt", Profile::Weir).ends_with("; `.txt` needs `--profile tranalyzer`"));
        assert!(refused("x.csv", Profile::Tranalyzer).ends_with("; leave out `--profile tranalyzer`"));
    }

    #[test]
    fn the_dictionary_stands_beside_the_rows() {
        let dictionary = |path: &str| dictionary_path(Path::new(path)).to_str().unwrap().to_owned();
        assert_eq!(dictionary("a/x.flows.csv.gz"), "a/x.columns.json");
        assert_eq!(dictionary("a.b/x.tsv"), "a.b/x.columns.json");
        assert_eq!(dictionary("x.2026.csv"), "x.2026.columns.json");
    }
}
