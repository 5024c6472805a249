//! Many captures, each with rows of its own: plugins are loaded once, and each worker takes whole captures.
//!
//! What comes in: captures that have nothing to do with each other. What goes out: a file of rows for each, as
//! if each had a run of its own, but one dictionary for each folder of rows, since all have the same columns.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::counts::Counts;
use crate::error::RunError;
use crate::feed::{self, Feed};
use crate::flow::Numbers;
use crate::inputs;
use crate::pipeline::{Done, RunConfig, format_of, on_one_thread, output_path, shape, write_summary};
use crate::plugins::{Crew, PluginCounts, PluginSet};
use crate::profile::Stopwatch;
use crate::progress::Progress;
use crate::rows::RowMaker;
use crate::schema::Schema;
use crate::sink::{self, Provenance};
use crate::summary::{Ending, Summary};
use crate::tables::{TableFiles, TableSchema, TableWritten};
use crate::worker::Worker;

/// Stands in the name of the output for the name of the capture.
const PLACE: &str = "{}";
/// The dictionary of a folder of rows.
const DICTIONARY: &str = "columns.json";

/// Reads each capture by itself. `interrupted` ends the run early when it becomes true.
///
/// # Errors
///
/// [`RunError`] if the run cannot begin, no capture can be read, or rows cannot be written. One capture among
/// others that cannot be read becomes a warning.
pub fn run_per_file(config: &RunConfig, interrupted: &AtomicBool) -> Result<Summary, RunError> {
    let started = Instant::now();
    let jobs = jobs(config)?;
    let plugins = PluginSet::load(&config.plugins)?;
    let schema = Schema::new(&plugins.infos(), shape(config))?;
    let tables = plugins.tables()?;
    let captures: Vec<&Path> = jobs.iter().map(|job| job.capture.as_path()).collect();
    let progress = Progress::new(config.quiet, feed::total_bytes(&captures));
    let first_crew = plugins.open(schema.shape())?;
    let mut summary = Summary::new(&schema, &config.output.clone().unwrap_or_else(|| jobs[0].output.clone()));
    let shop = Shop {
        config,
        plugins: &plugins,
        schema: &schema,
        tables: &tables,
        progress: &progress,
        interrupted,
    };
    let tally = shop.work(&jobs, first_crew, &mut summary)?;
    progress.finish();
    write_dictionaries(&jobs, &schema, &tables)?;
    summary.inputs = jobs.into_iter().map(|job| job.capture).collect();
    summary.take(tally, started.elapsed());
    summary.ending = match (interrupted.load(Ordering::Relaxed), summary.is_partial) {
        (true, _) => Ending::Interrupted,
        (false, true) => Ending::Partial,
        (false, false) => Ending::Complete,
    };
    write_summary(config, &mut summary)?;
    Ok(summary)
}

/// A capture and where its rows go.
struct Job {
    capture: PathBuf,
    output: PathBuf,
}

/// What one worker did with the captures that it took.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    pub(crate) rows: u64,
    pub(crate) files: u64,
    pub(crate) tables: Vec<TableWritten>,
    /// By the place of the capture.
    pub(crate) warnings: Vec<(usize, String)>,
    pub(crate) plugin_counts: PluginCounts,
    /// By the place of the capture.
    pub(crate) notices: Vec<(usize, String)>,
    pub(crate) watch: Stopwatch,
    /// The first capture that could not be opened, by its place.
    refused: Option<(usize, RunError)>,
}

/// Each capture with the name of its rows.
fn jobs(config: &RunConfig) -> Result<Vec<Job>, RunError> {
    let captures = inputs::expand(&config.inputs)?;
    if captures.is_empty() {
        return Err(RunError::Usage("no capture was named; try `weir --help`".into()));
    }
    let named = captures.into_iter().map(|capture| Ok(Job { output: output_of(config, &capture)?, capture }));
    let jobs: Vec<Job> = named.collect::<Result<_, RunError>>()?;
    refuse_same_names(&jobs)?;
    Ok(jobs)
}

fn output_of(config: &RunConfig, capture: &Path) -> Result<PathBuf, RunError> {
    if capture == Path::new("-") {
        return Err(RunError::Usage(
            "`--per-file` needs names, and standard input has none; name a file".into(),
        ));
    }
    let Some(template) = &config.output else { return Ok(output_path(config, capture)) };
    let stem = inputs::stem(capture);
    let name = stem.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let template = template.to_string_lossy();
    if !template.contains(PLACE) {
        return Err(RunError::Usage(format!(
            "`-w {template}` names one file for all captures; with `--per-file` put `{PLACE}` where the name of the \
             capture goes, as in `-w rows/{PLACE}.csv`"
        )));
    }
    Ok(template.replace(PLACE, &name).into())
}

fn refuse_same_names(jobs: &[Job]) -> Result<(), RunError> {
    let captures: BTreeSet<&Path> = jobs.iter().map(|job| job.capture.as_path()).collect();
    let mut owners: HashMap<&Path, &Path> = HashMap::new();
    for Job { capture, output } in jobs {
        if captures.contains(output.as_path()) {
            return Err(RunError::OutputIsInput { path: output.clone() });
        }
        if let Some(first) = owners.insert(output, capture) {
            return Err(RunError::Usage(format!(
                "the rows of `{}` and `{}` would both go to `{}`; rename one of the captures or read them in two runs",
                first.display(),
                capture.display(),
                output.display()
            )));
        }
    }
    Ok(())
}

/// What all workers share.
struct Shop<'a> {
    config: &'a RunConfig,
    plugins: &'a PluginSet,
    schema: &'a Schema,
    tables: &'a [TableSchema],
    progress: &'a Progress,
    interrupted: &'a AtomicBool,
}

impl Shop<'_> {
    /// Has workers take the jobs in turn.
    fn work(&self, jobs: &[Job], mut crew: Crew, summary: &mut Summary) -> Result<Tally, RunError> {
        summary.notices = crew.notices();
        // It lives as long as the run, so that what row plugins read once and share stays.
        let mut row_crew = self.plugins.open_row_plugins(self.schema)?;
        summary.notices.append(&mut row_crew.notices(false));
        let workers = usize::from(self.config.threads(None)).clamp(1, jobs.len());
        let next = AtomicUsize::new(0);
        let tallies: Vec<Result<Tally, RunError>> = thread::scope(|scope| {
            let others: Vec<_> =
                (1..workers).map(|_| scope.spawn(|| self.take_jobs(jobs, &next, None))).collect();
            let own = self.take_jobs(jobs, &next, Some(crew));
            let joined = others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(own).chain(joined).collect()
        });
        let mut all = Tally::default();
        for tally in tallies {
            all.add(tally?);
        }
        match all.refused.take() {
            Some((_, error)) if all.files == 0 => Err(error),
            _ => Ok(all),
        }
    }

    fn take_jobs(&self, jobs: &[Job], next: &AtomicUsize, mut crew: Option<Crew>) -> Result<Tally, RunError> {
        let mut tally = Tally::default();
        while !self.interrupted.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { break };
            let open = crew.take().map_or_else(|| self.plugins.open(self.schema.shape()), Ok)?;
            match self.take_job(job, at, open, &mut tally) {
                Ok(used) => crew = used,
                Err(error) => {
                    // The others need not begin what cannot be written.
                    next.store(jobs.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(tally)
    }

    /// Reads one capture; gives the crew back unless a plugin of it failed.
    fn take_job(
        &self,
        job: &Job,
        at: usize,
        crew: Crew,
        tally: &mut Tally,
    ) -> Result<Option<Crew>, RunError> {
        let captures = vec![job.capture.clone()];
        let mut feed = match Feed::open(captures, self.progress, self.interrupted, self.config.batch) {
            Ok(feed) => feed,
            Err(error) => {
                tally.refuse(at, error);
                return Ok(Some(crew));
            }
        };
        let format = format_of(self.config, &job.output, self.plugins, self.schema)?;
        let options = self.config.plugins.options.clone();
        let provenance = Provenance { inputs: vec![job.capture.clone()], options };
        let sink = format.create(&job.output, self.schema, &provenance)?;
        let watch = Stopwatch::new(self.config.is_profiled);
        let tables = TableFiles::create(self.plugins, self.tables, &job.output, &format, &provenance)?;
        let rows = RowMaker::new(self.plugins.open_row_plugins(self.schema)?, sink, tables, watch.clone());
        let worker = Worker::new(&self.config.rules, crew, Numbers::Own, watch);
        let (done, crew) = on_one_thread(&mut feed, worker, rows)?;
        let has_fault = !done.faults.is_empty();
        tally.note(at, &job.capture, &feed, &done);
        let Done { sink, tables, plugin_counts, .. } = done;
        tally.plugin_counts.merge(plugin_counts);
        if self.interrupted.load(Ordering::Relaxed) {
            sink.abandon();
            tables.abandon();
        } else {
            sink.finish()?;
            tally.note_tables(tables.finish(false)?);
        }
        Ok((!has_fault).then_some(crew))
    }
}

impl Tally {
    fn refuse(&mut self, at: usize, error: RunError) {
        self.warnings.push((at, error.to_string()));
        self.refused.get_or_insert((at, error));
    }

    fn note(&mut self, at: usize, capture: &Path, feed: &Feed<'_>, done: &Done) {
        self.counts.add(&done.counts);
        self.rows += done.sink.count();
        self.files += 1;
        self.watch.merge(&done.watch);
        self.warnings.extend(feed.warnings.iter().map(|warning| (at, warning.clone())));
        let of_capture = |said: &dyn std::fmt::Display| (at, format!("`{}`: {said}", capture.display()));
        self.notices.extend(done.notices.iter().map(|notice| of_capture(notice)));
        let faults = done.faults.iter();
        self.warnings.extend(faults.map(|fault| of_capture(fault)));
    }

    /// Joins files of the same tables: tables stand in the order of the run.
    fn note_tables(&mut self, written: Vec<TableWritten>) {
        if self.tables.is_empty() {
            self.tables = written;
        } else {
            self.tables.iter_mut().zip(written).for_each(|(own, other)| own.rows += other.rows);
        }
    }

    fn add(&mut self, mut other: Tally) {
        self.note_tables(std::mem::take(&mut other.tables));
        self.counts.add(&other.counts);
        self.rows += other.rows;
        self.files += other.files;
        self.plugin_counts.merge(other.plugin_counts);
        self.warnings.append(&mut other.warnings);
        self.warnings.sort_by_key(|(at, _)| *at);
        self.notices.append(&mut other.notices);
        self.notices.sort_by_key(|(at, _)| *at);
        self.watch.merge(&other.watch);
        let refused = [self.refused.take(), other.refused].into_iter().flatten();
        self.refused = refused.min_by_key(|(at, _)| *at);
    }
}

/// One dictionary for each folder of rows, and one for each table there.
fn write_dictionaries(jobs: &[Job], schema: &Schema, tables: &[TableSchema]) -> Result<(), RunError> {
    let folders: BTreeSet<&Path> = jobs.iter().filter_map(|job| job.output.parent()).collect();
    for folder in folders {
        sink::write_text(&folder.join(DICTIONARY), &schema.json())?;
        for table in tables {
            let name = format!("{}.{DICTIONARY}", table.table.name);
            sink::write_text(&folder.join(name), &table.schema.json())?;
        }
    }
    Ok(())
}
