//! Rows → file.
//!
//! What comes in: [`Finished`] directions of conversations, as typed cells. What goes out: one file of rows, a
//! [`Sink`]. That of text (`text.rs`) has two parts, so that many workers print and one thread writes: a
//! [`RowFormat`] makes bytes of cells (`csv.rs`, `jsonl.rs`, `tranalyzer.rs`), and an [`Output`] (`output.rs`) writes
//! them, in order, into a file that appears whole (`file.rs`). That of columns (`columnar.rs`) has one, too: an
//! `Encoder` makes blocks of bytes of batches of cells (`batch.rs`, `parquet.rs`, `ipc.rs`). `mirage.rs` makes one JSON
//! object of all conversations. A new format is one file and one line in `FORMATS` (`format.rs`).

mod address;
mod arrow;
mod batch;
mod cell;
mod columnar;
mod compress;
mod csv;
mod error;
mod file;
mod format;
mod ipc;
mod jsonl;
mod line;
mod mirage;
mod number;
mod output;
mod parquet;
mod printer;
mod provenance;
mod single;
mod text;
mod tranalyzer;

use std::ops::Range;
use std::path::{Path, PathBuf};

use weir_sdk::abi::ColumnCells;
use weir_sdk::plugin::EndFacts;

use crate::schema::{Pick, RowShape};

pub use batch::{Packed, Pool};
pub use columnar::ColumnarSink;
pub use compress::Compression;
pub use error::Error;
pub use file::Written;
pub use format::{Format, default_ending, dictionary_path};
pub use output::Output;
pub use printer::{Lines, PrintSpan, PrintedRow};
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

    /// The sink of columns that this is, if it is one: then it takes cells where workers have packed them.
    fn columns(&mut self) -> Option<&mut ColumnarSink> {
        None
    }

    /// Hears that no more rows will come, while there still are threads to share the rest of the work with.
    ///
    /// # Errors
    ///
    /// As those of [`rows`](Self::rows).
    fn end_rows(&mut self) -> Result<(), Error> {
        Ok(())
    }

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
    fn rows(&self, finished: &Finished<'_>, lines: &mut Lines, out: &mut Vec<u8>) -> u64 {
        let rows: Vec<Row> = finished.rows(self.shape()).collect();
        let spans = self.spans().iter().map(|span| self.printer(span, finished));
        lines.print(spans, &rows, |row| {
            row.append_all(out);
            self.end_row(out);
        });
        rows.len() as u64
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

fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == STANDARD_OUTPUT
}

/// Writes a small file whole, such as a dictionary.
///
/// # Errors
///
/// If the place cannot be written to.
pub fn write_text(path: &Path, text: &str) -> Result<(), Error> {
    let mut file = Output::create(path, Compression::None)?;
    file.write(text.as_bytes(), 0)?;
    file.finish().map(drop)
}

#[cfg(test)]
mod samples {
    //! Cells and directions for the tests of the formats.

    use weir_sdk::abi::ColumnCells;
    use weir_sdk::columns::{Cell, ColumnBuffer};
    use weir_sdk::plugin::EndFacts;

    use super::{Finished, Lines, RowFormat};

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
        let rows = format.rows(&Finished { cells, ends }, &mut Lines::default(), &mut out);
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
}
