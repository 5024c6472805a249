//! Rows as text, printed straight into the buffer of the file.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Error, Finished, Lines, Output, RowFormat, Sink, Written};

/// A file of text in the making.
pub struct TextSink {
    format: Arc<dyn RowFormat>,
    lines: Lines,
    output: Output,
}

impl TextSink {
    /// Writes the header.
    pub(super) fn new(format: Box<dyn RowFormat>, mut output: Output) -> Result<Self, Error> {
        format.header(output.buffer());
        output.took(0)?;
        Ok(Self { format: format.into(), lines: Lines::default(), output })
    }

    /// How rows are printed, for workers that print ahead.
    pub fn format(&self) -> Arc<dyn RowFormat> {
        Arc::clone(&self.format)
    }

    /// Where rows are printed, and where whole ones go to; [`Output::took`] says how many they were.
    pub fn output(&mut self) -> (&mut Lines, &mut Output) {
        (&mut self.lines, &mut self.output)
    }
}

impl Sink for TextSink {
    fn rows(&mut self, finished: &Finished<'_>) -> Result<(), Error> {
        let rows = self.format.rows(finished, &mut self.lines, self.output.buffer());
        self.output.took(rows)
    }

    fn count(&self) -> u64 {
        self.output.count()
    }

    fn text(&mut self) -> Option<&mut TextSink> {
        Some(self)
    }

    fn finish(self: Box<Self>) -> Result<Written, Error> {
        self.output.finish()
    }

    fn abandon(self: Box<Self>) -> Option<PathBuf> {
        self.output.abandon()
    }
}
