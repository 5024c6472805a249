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

/// Prints spans of columns for the rows of a batch.
pub struct Printer<'a> {
    spans: Vec<(PrintSpan<'a>, Vec<Line>)>,
}

impl<'a> Printer<'a> {
    /// What prints these spans.
    pub fn new(spans: impl Iterator<Item = PrintSpan<'a>>) -> Self {
        Self { spans: spans.map(|print| (print, Vec::new())).collect() }
    }

    /// Prints all rows, and shows each as it can be [taken](PrintedRow::append).
    pub fn print(&mut self, rows: &[Row], mut take: impl FnMut(PrintedRow<'_>)) {
        for rows in rows.chunks(ROWS) {
            for (print, lines) in &mut self.spans {
                if lines.len() < rows.len() {
                    lines.resize(rows.len(), Line::default());
                }
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
    spans: &'p [(PrintSpan<'p>, Vec<Line>)],
    row: usize,
}

impl PrintedRow<'_> {
    /// Appends the row's part of the `span`th of the spans.
    pub fn append(&self, span: usize, out: &mut Vec<u8>) {
        self.spans[span].1[self.row].append_to(out);
    }

    /// Appends its part of all spans.
    pub fn append_all(&self, out: &mut Vec<u8>) {
        self.spans.iter().for_each(|(_, lines)| lines[self.row].append_to(out));
    }
}

/// For a format that prints one row after the other.
pub(super) fn row_by_row<'a>(print: impl Fn(&Row, &mut Vec<u8>) + 'a) -> PrintSpan<'a> {
    Box::new(move |rows, lines| {
        rows.iter().zip(lines).for_each(|(row, line)| print(row, line.text()));
    })
}
