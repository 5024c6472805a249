//! Rows of a batch → lines, some rows at a time.
//!
//! A format that prints column by column has all cells of a column before it: their kind is asked for once, and what
//! was done for one row is foreseen for the next. So rows are printed together, as many as stay in the first cache.

use super::Row;
use super::line::Line;

/// Rows that are printed together.
pub(super) const ROWS: usize = 16;

/// Appends the columns of a span to the lines of rows, which are as many.
pub type PrintSpan<'a> = Box<dyn Fn(&[Row], &mut [Line]) + 'a>;

/// The lines of the rows at hand, for each span of columns; used for one batch after the other.
#[derive(Default)]
pub struct Lines {
    spans: Vec<Vec<Line>>,
}

impl Lines {
    /// Prints spans of columns for all rows of a batch, and shows each row as it can be [taken](PrintedRow::append).
    pub fn print<'a>(
        &mut self,
        spans: impl Iterator<Item = PrintSpan<'a>>,
        rows: &[Row],
        mut take: impl FnMut(PrintedRow<'_>),
    ) {
        let spans: Vec<PrintSpan<'a>> = spans.collect();
        self.spans.resize_with(spans.len(), || vec![Line::default(); ROWS]);
        for rows in rows.chunks(ROWS) {
            for (print, lines) in spans.iter().zip(&mut self.spans) {
                let lines = &mut lines[..rows.len()];
                lines.iter_mut().for_each(Line::clear);
                print(rows, lines);
            }
            (0..rows.len()).for_each(|row| take(PrintedRow { spans: &self.spans, row }));
        }
    }
}

/// A row that was printed.
pub struct PrintedRow<'p> {
    spans: &'p [Vec<Line>],
    row: usize,
}

impl PrintedRow<'_> {
    /// Appends the row's part of the `span`th of the spans.
    pub fn append(&self, span: usize, out: &mut Vec<u8>) {
        self.spans[span][self.row].append_to(out);
    }

    /// Appends its part of all spans.
    pub fn append_all(&self, out: &mut Vec<u8>) {
        self.spans.iter().for_each(|lines| lines[self.row].append_to(out));
    }
}

/// For a format that prints one row after the other.
pub(super) fn row_by_row<'a>(print: impl Fn(&Row, &mut Vec<u8>) + 'a) -> PrintSpan<'a> {
    Box::new(move |rows, lines| {
        rows.iter().zip(lines).for_each(|(row, line)| print(row, line.text()));
    })
}
