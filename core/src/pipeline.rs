//! A run, from captures to rows: the one file that knows all stages.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::capture::{CaptureError, Reader, Record};
use crate::error::RunError;
use crate::flow::Timeouts;
use crate::inputs;
use crate::plugins::{PluginSet, Selection};
use crate::progress::Progress;
use crate::schema::{RowShape, Schema};
use crate::sink::{self, Compression, Format, Output, Profile, RowFormat};
use crate::summary::{Ending, Summary};
use crate::worker::{Rows, Worker};

/// Records that the reader hands on at once.
const RECORDS: usize = 4096;

/// Everything a run needs to know.
#[derive(Clone, Debug, Default)]
pub struct RunConfig {
    /// Captures and folders of captures; `-` is standard input.
    pub inputs: Vec<PathBuf>,
    /// Where the rows go; `-` is standard output, none is a name made of the first capture's.
    pub output: Option<PathBuf>,
    /// What a row stands for.
    pub rows: Option<RowShape>,
    /// Whose names and formats are printed.
    pub profile: Profile,
    /// How long directions may be silent.
    pub timeouts: Timeouts,
    /// Which plugins, with which options.
    pub plugins: Selection,
    /// Where the summary is written as JSON, if anywhere.
    pub summary: Option<PathBuf>,
    /// No progress bar.
    pub quiet: bool,
}

/// Reads the captures and writes the rows. `interrupted` ends the run early when it becomes true.
///
/// # Errors
///
/// [`RunError`] if nothing can be read or written. A capture that cannot be read to its end is no error:
/// its whole packets are in the rows, and the summary says what is missing.
pub fn run(config: &RunConfig, interrupted: &AtomicBool) -> Result<Summary, RunError> {
    let started = Instant::now();
    let captures = inputs::expand(&config.inputs)?;
    let plugins = PluginSet::load(&config.plugins)?;
    let schema = Schema::new(&plugins.infos(), shape(config))?;
    let mut crew = plugins.open()?;
    let notices = crew.notices();
    let mut sources = Sources::open(captures)?;
    let path = output_path(config, &sources.captures[0]);
    refuse_overwriting(&path, &sources.captures)?;
    let format = Format::from_path(&path, config.profile)?;
    let mut output = Output::create(&path, format.compression)?;
    write_header(&*format.open(&schema)?, &mut output)?;

    let mut worker = Worker::new(config.timeouts.clone(), crew, format.open(&schema)?);
    let mut summary = Summary::new(&schema, &path);
    summary.notices = notices;
    let progress = Progress::new(config.quiet, sources.total_bytes());
    while let Some(mut reader) = sources.next(&mut summary) {
        read_capture(&mut reader, &mut worker, &mut output, &mut summary, &progress, interrupted)?;
        sources.done(&reader);
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
    }
    worker.drain(|rows| write_rows(rows, &mut output, &mut summary))?;
    report_faults(&mut worker, &mut summary);
    progress.finish();
    summary.inputs = sources.captures;
    summary.count(worker.counts(), started.elapsed());
    conclude(output, &schema, interrupted, &mut summary)?;
    write_summary(config, &mut summary)?;
    Ok(summary)
}

/// Tranalyzer has a row for each direction.
fn shape(config: &RunConfig) -> RowShape {
    match config.profile {
        Profile::Tranalyzer => RowShape::Direction,
        Profile::Weir => config.rows.unwrap_or(RowShape::Conversation),
    }
}

/// The captures of a run, opened one after the other.
struct Sources {
    captures: Vec<PathBuf>,
    /// The first that could be opened, so that a run without any fails before it writes.
    first: Option<Reader>,
    refused: Vec<CaptureError>,
    next: usize,
    bytes_done: u64,
}

impl Sources {
    fn open(captures: Vec<PathBuf>) -> Result<Self, RunError> {
        let mut sources = Self { captures, first: None, refused: Vec::new(), next: 0, bytes_done: 0 };
        while sources.first.is_none() && sources.next < sources.captures.len() {
            match sources.open_next() {
                Ok(reader) => sources.first = Some(reader),
                Err(error) => sources.refused.push(error),
            }
        }
        if sources.first.is_some() {
            return Ok(sources);
        }
        let no_input = || RunError::Usage("no capture was named; try `weir --help`".into());
        Err(sources.refused.into_iter().next().map_or_else(no_input, RunError::from))
    }

    fn open_next(&mut self) -> Result<Reader, CaptureError> {
        self.next += 1;
        Reader::open(&self.captures[self.next - 1])
    }

    /// The next capture that can be opened; the others become warnings.
    fn next(&mut self, summary: &mut Summary) -> Option<Reader> {
        let mut reader = self.first.take();
        while reader.is_none() && self.next < self.captures.len() {
            match self.open_next() {
                Ok(opened) => reader = Some(opened),
                Err(error) => self.refused.push(error),
            }
        }
        for error in self.refused.drain(..) {
            summary.is_partial = true;
            summary.warnings.push(error.to_string());
        }
        reader
    }

    fn done(&mut self, reader: &Reader) {
        self.bytes_done += reader.bytes_read();
    }

    /// Size of all captures, if all are files.
    fn total_bytes(&self) -> Option<u64> {
        self.captures.iter().map(|path| path.metadata().ok().filter(|m| m.is_file()).map(|m| m.len())).sum()
    }
}

fn read_capture(
    reader: &mut Reader,
    worker: &mut Worker,
    output: &mut Output,
    summary: &mut Summary,
    progress: &Progress,
    interrupted: &AtomicBool,
) -> Result<(), RunError> {
    let mut records: Vec<Record> = Vec::with_capacity(RECORDS);
    let mut bytes_before = 0;
    while !interrupted.load(Ordering::Relaxed) {
        match reader.next_batch(&mut records, RECORDS) {
            Ok(_) if records.is_empty() => break,
            Ok(window) => worker.packets(&records, window),
            Err(error) => {
                summary.is_partial = true;
                summary.warnings.push(error.to_string());
                break;
            }
        }
        write_rows(worker.rows(), output, summary)?;
        report_faults(worker, summary);
        progress.advance(reader.bytes_read() - bytes_before, records.len() as u64);
        bytes_before = reader.bytes_read();
    }
    summary.warnings.extend(reader.warnings().sentences());
    Ok(())
}

fn write_header(format: &dyn RowFormat, output: &mut Output) -> Result<(), RunError> {
    let mut header = Vec::new();
    format.header(&mut header);
    Ok(output.write(&header, 0)?)
}

fn write_rows(rows: &mut Rows, output: &mut Output, summary: &mut Summary) -> Result<(), RunError> {
    output.write(&rows.bytes, rows.count)?;
    summary.rows += rows.count;
    rows.bytes.clear();
    rows.count = 0;
    Ok(())
}

fn report_faults(worker: &mut Worker, summary: &mut Summary) {
    for fault in worker.take_faults() {
        summary.is_partial = true;
        summary.warnings.push(fault.to_string());
    }
}

/// Gives the rows their name and writes the dictionary beside them; an interrupted run keeps the partial name.
fn conclude(
    output: Output,
    schema: &Schema,
    interrupted: &AtomicBool,
    summary: &mut Summary,
) -> Result<(), RunError> {
    if interrupted.load(Ordering::Relaxed) {
        summary.ending = Ending::Interrupted;
        summary.output = output.abandon().unwrap_or_default();
        return Ok(());
    }
    output.finish()?;
    if summary.output != Path::new("-") {
        let mut dictionary = Output::create(&sink::dictionary_path(&summary.output), Compression::None)?;
        dictionary.write(schema.json().as_bytes(), 0)?;
        dictionary.finish()?;
    }
    summary.ending = if summary.is_partial { Ending::Partial } else { Ending::Complete };
    Ok(())
}

fn write_summary(config: &RunConfig, summary: &mut Summary) -> Result<(), RunError> {
    if let Some(path) = &config.summary {
        let mut file = Output::create(path, Compression::None)?;
        file.write(summary.json().as_bytes(), 0)?;
        file.finish()?;
    }
    Ok(())
}

/// `capture.flows.csv` beside `capture.pcap`; standard output for standard input.
fn output_path(config: &RunConfig, capture: &Path) -> PathBuf {
    let from_capture = || {
        if capture == Path::new("-") {
            return capture.to_owned();
        }
        let suffix = match config.profile {
            Profile::Weir => ".flows.csv",
            Profile::Tranalyzer => "_flows.txt",
        };
        let mut name = inputs::stem(capture).into_os_string();
        name.push(suffix);
        name.into()
    };
    config.output.clone().unwrap_or_else(from_capture)
}

fn refuse_overwriting(output: &Path, captures: &[PathBuf]) -> Result<(), RunError> {
    let same = |capture: &PathBuf| match (capture.canonicalize(), output.canonicalize()) {
        (Ok(capture), Ok(output)) => capture == output && output.is_file(),
        _ => false,
    };
    if captures.iter().any(same) { Err(RunError::OutputIsInput { path: output.to_owned() }) } else { Ok(()) }
}
