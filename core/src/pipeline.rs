//! A run, from captures to rows: the one file that knows all stages.

use std::num::{NonZeroU8, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::counts::Counts;
use crate::error::RunError;
use crate::feed::{self, Feed};
use crate::flow::{Numbers, SHARDS};
use crate::inputs;
use crate::parallel;
use crate::plugins::{Crew, PluginCounts, PluginFault, PluginSet, Selection};
use crate::profile::{Stage, Stopwatch};
use crate::progress::Progress;
use crate::rows::RowMaker;
use crate::schema::{RowShape, Schema};
use crate::sink::{self, Format, Profile, Provenance, Sink};
use crate::summary::{Ending, Summary};
use crate::tables::TableFiles;
use crate::worker::{Alone, FlowRules, Worker};

/// More workers than these would each have too few of the shards that conversations fall into.
const MOST_THREADS: usize = SHARDS / 4;

/// Everything a run needs to know.
#[derive(Clone, Debug, Default)]
pub struct RunConfig {
    /// Captures and folders of captures; `-` is standard input.
    pub inputs: Vec<PathBuf>,
    /// Where the rows go; `-` is standard output, none is a name made of the first capture's.
    pub output: Option<PathBuf>,
    /// The format of the rows by name; none is that which the extension of the output tells.
    pub format: Option<String>,
    /// What a row stands for.
    pub rows: Option<RowShape>,
    /// Whose names and formats are printed.
    pub profile: Profile,
    /// When conversations end.
    pub rules: FlowRules,
    /// Which plugins, with which options.
    pub plugins: Selection,
    /// Where the summary is written as JSON, if anywhere.
    pub summary: Option<PathBuf>,
    /// Workers; none stands for as many as there are processors.
    pub threads: Option<NonZeroU8>,
    /// Records that are handed on at once, if not as many as seems best. Rows do not depend on it.
    pub batch: Option<NonZeroUsize>,
    /// The summary says where the time went.
    pub is_profiled: bool,
    /// No progress bar.
    pub quiet: bool,
}

impl RunConfig {
    /// How many workers there will be for so many bytes, if that is known: few bytes are not worth a second one.
    pub(crate) fn threads(&self, bytes: Option<u64>) -> u8 {
        const WORTH_SHARING: u64 = 8 << 20;
        let is_small = bytes.is_some_and(|bytes| bytes < WORTH_SHARING);
        let processors =
            || std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS) as u8);
        let default = || if is_small { 1 } else { processors() };
        self.threads.map_or_else(default, |threads| threads.get().min(MOST_THREADS as u8))
    }
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
    let tables = plugins.tables()?;
    let bytes = feed::total_bytes(&captures);
    let threads = config.threads(bytes);
    let mut crews: Vec<Crew> =
        (0..threads).map(|_| plugins.open(schema.shape())).collect::<Result<_, _>>()?;
    let mut row_crew = plugins.open_row_plugins(&schema)?;
    let progress = Progress::new(config.quiet, bytes);
    let mut feed = Feed::open(captures, &progress, interrupted, config.batch)?;
    let path = output_path(config, &feed.captures()[0]);
    refuse_overwriting(&path, feed.captures())?;
    let provenance = Provenance { inputs: feed.captures().to_vec(), options: config.plugins.options.clone() };
    let format = format_of(config, &path, &plugins, &schema)?.on_threads(threads.into());
    let sink = format.create(&path, &schema, &provenance)?;
    let mut table_files = TableFiles::create(&plugins, &tables, &path, &format, &provenance)?;

    let mut summary = Summary::new(&schema, &path);
    if table_files.len() < tables.len() {
        summary.warnings.push(
            "tables are not written where the rows go to standard output; name a file with `-w`".into(),
        );
    }
    let of_flows = crews.iter_mut().take(1).flat_map(Crew::notices);
    summary.notices = of_flows.chain(row_crew.notices(false)).chain(table_files.notices(false)).collect();
    let mut rows = RowMaker::new(row_crew, sink, table_files, Stopwatch::new(config.is_profiled));
    let done = match crews.pop() {
        Some(crew) if crews.is_empty() => {
            let watch = Stopwatch::new(config.is_profiled);
            let worker = Worker::new(&config.rules, crew, Numbers::Own, watch);
            on_one_thread(&mut feed, worker, rows)?.0
        }
        last => {
            crews.extend(last);
            let kept = rows.kept(&schema, &tables);
            let done;
            (done, feed) = parallel::run(feed, crews, &config.rules, rows, kept, config.is_profiled)?;
            done
        }
    };
    progress.finish();
    summary.read(&feed);
    summary.report(&done.faults);
    summary.plugin_counts = done.plugin_counts;
    summary.count(&done.counts, started.elapsed());
    summary.notices.extend(done.notices);
    summary.profile = done.watch;
    conclude(done.sink, done.tables, &schema, interrupted, &mut summary)?;
    write_summary(config, &mut summary)?;
    Ok(summary)
}

/// What is left when all packets were read.
pub(crate) struct Done {
    pub(crate) counts: Counts,
    pub(crate) faults: Vec<PluginFault>,
    pub(crate) plugin_counts: PluginCounts,
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) tables: TableFiles,
    pub(crate) notices: Vec<String>,
    pub(crate) watch: Stopwatch,
}

/// Reader, worker, and rows take turns. Gives the crew back, which has no flows any more.
pub(crate) fn on_one_thread(
    feed: &mut Feed<'_>,
    worker: Worker,
    mut rows: RowMaker,
) -> Result<(Done, Crew), RunError> {
    let mut alone = Alone::new(worker);
    let mut records = Vec::new();
    let mut watch = rows.watch.clone();
    while feed.advance(&mut records) {
        watch.lap(Stage::of_core("read"));
        alone.records(&records, feed.window(), &mut rows)?;
        watch.skip();
    }
    alone.drain(&mut rows)?;
    rows.end()?;
    let plugin_counts = rows.counts();
    let (mut worker, counts) = alone.into_worker();
    let faults = [worker.take_faults(), rows.take_faults()].concat();
    watch.merge(worker.watch());
    watch.merge(&rows.watch);
    let RowMaker { sink, tables, notices, .. } = rows;
    let done = Done { counts, faults, plugin_counts, sink, tables, notices, watch };
    Ok((done, worker.into_crew()))
}

/// Tranalyzer has a row for each direction.
pub(crate) fn shape(config: &RunConfig) -> RowShape {
    match config.profile {
        Profile::Tranalyzer => RowShape::Direction,
        Profile::Weir => config.rows.unwrap_or(RowShape::Conversation),
    }
}

/// Gives the rows their name and writes the dictionary beside them; an interrupted run keeps the partial name.
fn conclude(
    sink: Box<dyn Sink>,
    tables: TableFiles,
    schema: &Schema,
    interrupted: &AtomicBool,
    summary: &mut Summary,
) -> Result<(), RunError> {
    summary.rows = sink.count();
    if interrupted.load(Ordering::Relaxed) {
        summary.ending = Ending::Interrupted;
        summary.output = sink.abandon().unwrap_or_default();
        tables.abandon();
        return Ok(());
    }
    sink.finish()?;
    summary.tables = tables.finish(true)?;
    if summary.output != Path::new("-") {
        sink::write_text(&sink::dictionary_path(&summary.output), &schema.json())?;
    }
    summary.ending = if summary.is_partial { Ending::Partial } else { Ending::Complete };
    Ok(())
}

pub(crate) fn write_summary(config: &RunConfig, summary: &mut Summary) -> Result<(), RunError> {
    if let Some(path) = &config.summary {
        sink::write_text(path, &summary.json())?;
    }
    Ok(())
}

/// `capture.flows.csv` beside `capture.pcap`; standard output for standard input.
pub(crate) fn output_path(config: &RunConfig, capture: &Path) -> PathBuf {
    let from_capture = || {
        if capture == Path::new("-") {
            return capture.to_owned();
        }
        let mut name = inputs::stem(capture).into_os_string();
        name.push(sink::default_ending(config.format.as_deref(), config.profile));
        name.into()
    };
    config.output.clone().unwrap_or_else(from_capture)
}

/// The format of an output, which has all columns that it needs.
pub(crate) fn format_of(
    config: &RunConfig,
    path: &Path,
    plugins: &PluginSet,
    schema: &Schema,
) -> Result<Format, RunError> {
    let format = Format::choose(path, config.format.as_deref(), config.profile)?;
    match format.missing_column(schema) {
        Some(column) => {
            let mend = plugins.mend(schema, column);
            Err(sink::Error::MissingColumn { format: format.name(), column, mend }.into())
        }
        None => Ok(format),
    }
}

fn refuse_overwriting(output: &Path, captures: &[PathBuf]) -> Result<(), RunError> {
    let same = |capture: &PathBuf| match (capture.canonicalize(), output.canonicalize()) {
        (Ok(capture), Ok(output)) => capture == output && output.is_file(),
        _ => false,
    };
    if captures.iter().any(same) { Err(RunError::OutputIsInput { path: output.to_owned() }) } else { Ok(()) }
}
