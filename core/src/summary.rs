//! What a run did: for people on standard error, for programs as JSON.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use indicatif::{DecimalBytes, HumanCount};
use serde_json::{Map, Value, json};

use crate::counts::Counts;
use crate::feed::Feed;
use crate::per_file::Tally;
use crate::plugins::{PluginCounts, PluginFault};
use crate::profile::{Stage, Stopwatch};
use crate::schema::Schema;
use crate::tables::TableWritten;

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Everything was read.
    #[default]
    Complete,
    /// Rows were written, but a capture was cut, an input refused, or a plugin failed.
    Partial,
    /// A signal came.
    Interrupted,
}

impl Ending {
    /// The exit status of the command.
    pub fn exit_status(self) -> u8 {
        match self {
            Ending::Complete => 0,
            Ending::Partial => 3,
            Ending::Interrupted => 130,
        }
    }
}

/// A plugin that took part.
#[derive(Clone, Debug)]
pub struct PluginUse {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Bytes of its state for each live conversation.
    pub bytes_per_flow: usize,
}

/// The summary of a run. It adds up: packets read are those in flows and those of each counter.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was read.
    pub inputs: Vec<PathBuf>,
    /// Where the rows stand.
    pub output: PathBuf,
    /// Where every packet went.
    pub counts: Counts,
    /// Rows written.
    pub rows: u64,
    /// Files of rows.
    pub files: u64,
    /// Tables beside the rows; where each capture has its own, the path of one of them and the rows of all.
    pub tables: Vec<TableWritten>,
    /// Columns of a row.
    pub columns: usize,
    /// From start to the last row.
    pub elapsed: Duration,
    /// The plugins, in order.
    pub plugins: Vec<PluginUse>,
    /// What plugins counted.
    pub plugin_counts: PluginCounts,
    /// Where the time went, if that was asked for.
    pub profile: Stopwatch,
    /// What plugins want the user to know, a sentence each.
    pub notices: Vec<String>,
    /// What was not as it should be, a sentence each.
    pub warnings: Vec<String>,
    /// Something is missing from the rows.
    pub is_partial: bool,
    /// How the run ended.
    pub ending: Ending,
}

impl Summary {
    /// Of a run that has just begun.
    pub fn new(schema: &Schema, output: &Path) -> Self {
        let used = |plugin: &weir_sdk::abi::PluginInfo| PluginUse {
            name: plugin.name,
            version: plugin.version,
            bytes_per_flow: plugin.state.size(),
        };
        Self {
            inputs: Vec::new(),
            output: output.to_owned(),
            counts: Counts::default(),
            rows: 0,
            files: 1,
            tables: Vec::new(),
            columns: schema.columns().len(),
            elapsed: Duration::ZERO,
            plugins: schema.plugins().iter().map(used).collect(),
            plugin_counts: PluginCounts::default(),
            profile: Stopwatch::default(),
            notices: Vec::new(),
            warnings: Vec::new(),
            is_partial: false,
            ending: Ending::Complete,
        }
    }

    /// Takes over what was found when captures were read.
    pub(crate) fn read(&mut self, feed: &Feed<'_>) {
        self.inputs = feed.captures().to_vec();
        self.warnings.extend_from_slice(&feed.warnings);
        self.is_partial |= feed.is_partial;
    }

    /// Takes over which plugins failed.
    pub(crate) fn report(&mut self, faults: &[PluginFault]) {
        self.is_partial |= !faults.is_empty();
        self.warnings.extend(faults.iter().map(ToString::to_string));
    }

    /// Takes over what the workers counted.
    pub fn count(&mut self, counts: &Counts, elapsed: Duration) {
        self.counts = counts.clone();
        self.elapsed = elapsed;
        if counts.ended_by_limit > 0 {
            self.warnings.push(format!(
                "{} conversations ended early to stay within `--memory-limit`; their flow status says LIMIT_REACHED, \
                 and later packets of them are in other rows; give more memory or a shorter `--idle-timeout`",
                HumanCount(counts.ended_by_limit)
            ));
        }
        for (link_type, packets) in &counts.unsupported_link_types {
            self.warnings.push(format!(
                "{packets} packets have link type {link_type}, which weir does not decode; they are in no flow"
            ));
        }
    }

    /// Takes over what became of captures that were read one by one.
    pub(crate) fn take(&mut self, tally: Tally, elapsed: Duration) {
        self.is_partial = !tally.warnings.is_empty();
        self.warnings = tally.warnings.into_iter().map(|(_, warning)| warning).collect();
        self.notices.extend(tally.notices.into_iter().map(|(_, notice)| notice));
        (self.rows, self.files, self.profile) = (tally.rows, tally.files, tally.watch);
        self.tables = tally.tables;
        self.plugin_counts = tally.plugin_counts;
        self.count(&tally.counts, elapsed);
    }

    /// For programs.
    pub fn json(&self) -> String {
        let counts = &self.counts;
        let reasons: Map<String, Value> =
            counts.reasons().map(|(name, count)| (name.to_owned(), json!(count))).collect();
        let plugins: Vec<Value> = self
            .plugins
            .iter()
            .map(|p| json!({"name": p.name, "version": p.version, "bytes_per_flow": p.bytes_per_flow}))
            .collect();
        let value = json!({
            "weir": env!("CARGO_PKG_VERSION"),
            "inputs": self.inputs,
            "output": self.output,
            "packets": {"read": counts.read, "in_flows": counts.in_flows, "not_in_flows": reasons},
            "bytes": {"captured": counts.captured_bytes, "wire": counts.wire_bytes},
            "flows": {"conversations": counts.conversations, "directions": counts.directions,
                "ended_by_limit": counts.ended_by_limit},
            "stream_holes_given_up": counts.stream_holes_given_up,
            "rows": self.rows,
            "files": self.files,
            "tables": self
                .tables
                .iter()
                .map(|table| json!({"name": table.name, "output": table.path, "rows": table.rows}))
                .collect::<Vec<_>>(),
            "columns": self.columns,
            "time": {
                "first_ns": counts.span.map(|span| span.0),
                "last_ns": counts.span.map(|span| span.1),
            },
            "elapsed_seconds": self.elapsed.as_secs_f64(),
            "profile": self
                .nanoseconds_a_packet()
                .map(|(stage, time)| json!({"work": stage.work, "plugin": stage.plugin, "ns_a_packet": time}))
                .collect::<Vec<_>>(),
            "plugins": plugins,
            "plugin_counts": self.plugin_counts_json(),
            "notices": self.notices,
            "warnings": self.warnings,
            "exit_status": self.ending.exit_status(),
        });
        format!("{value:#}\n")
    }

    /// An object for each plugin that counts.
    fn plugin_counts_json(&self) -> Map<String, Value> {
        let object = |counts: &[(&str, u64)]| -> Map<String, Value> {
            counts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect()
        };
        self.plugin_counts.iter().map(|(plugin, counts)| (plugin.to_owned(), object(counts).into())).collect()
    }

    /// Nanoseconds a packet, threads added up; waiting is not counted.
    fn nanoseconds_a_packet(&self) -> impl Iterator<Item = (Stage, f64)> {
        let packets = self.counts.read.max(1) as f64;
        self.profile.spent().iter().map(move |(stage, time)| (*stage, time.as_nanos() as f64 / packets))
    }

    /// A line for each stage and plugin, the costliest first, with bars to look at.
    fn write_profile(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut stages: Vec<(Stage, f64)> = self.nanoseconds_a_packet().collect();
        if stages.is_empty() {
            return Ok(());
        }
        stages.sort_by(|a, b| b.1.total_cmp(&a.1));
        let all: f64 = stages.iter().map(|(_, time)| time).sum();
        writeln!(f, "profile   {all:.1} ns a packet, all threads together")?;
        for (Stage { work, plugin }, time) in stages {
            let name = if plugin.is_empty() { work.to_owned() } else { format!("{plugin}: {work}") };
            let bar = "#".repeat((time / all * 40.0).round() as usize);
            writeln!(f, "          {name:<24} {time:>7.1} ns {:>5.1} %  {bar}", time / all * 100.0)?;
        }
        Ok(())
    }

    fn packets_line(&self) -> String {
        let counts = &self.counts;
        let outside = counts.read - counts.in_flows;
        let mut line = format!("{} read, {} in flows", HumanCount(counts.read), HumanCount(counts.in_flows));
        if outside > 0 {
            let reasons: Vec<String> =
                counts.reasons().map(|(name, count)| format!("{} {name}", HumanCount(count))).collect();
            line += &format!(", {} not ({})", HumanCount(outside), reasons.join(", "));
        }
        line
    }

    fn flows_line(&self) -> String {
        format!(
            "{} conversations with {} directions, in {} rows of {} columns",
            HumanCount(self.counts.conversations),
            HumanCount(self.counts.directions),
            HumanCount(self.rows),
            self.columns
        )
    }

    fn speed_line(&self) -> String {
        let seconds = self.elapsed.as_secs_f64().max(1e-9);
        let per_second = |amount: u64| (amount as f64 / seconds) as u64;
        format!(
            "{} packets/s, {}/s, {:.2?} in all",
            HumanCount(per_second(self.counts.read)),
            DecimalBytes(per_second(self.counts.captured_bytes)),
            self.elapsed
        )
    }

    fn output_line(&self) -> String {
        match self.ending {
            Ending::Interrupted if self.output.as_os_str().is_empty() => {
                "interrupted before a row was written".into()
            }
            Ending::Interrupted => format!("{} (interrupted: what had been read)", self.output.display()),
            _ if self.files > 1 => format!("{} files such as {}", self.files, self.output.display()),
            _ if self.output == Path::new("-") => "standard output".into(),
            _ => self.output.display().to_string(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugins: Vec<String> = self.plugins.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        writeln!(f, "packets   {}", self.packets_line())?;
        writeln!(f, "flows     {}", self.flows_line())?;
        if let Some((first, last)) = self.counts.span {
            writeln!(f, "captured  {}", time_span(first, last))?;
        }
        writeln!(f, "speed     {}", self.speed_line())?;
        writeln!(f, "plugins   {}", plugins.join(", "))?;
        for (plugin, counts) in self.plugin_counts.iter() {
            let counts = counts.iter().map(|(name, count)| format!("{} {name}", HumanCount(*count)));
            writeln!(f, "{plugin:<9} {}", counts.collect::<Vec<_>>().join(", "))?;
        }
        writeln!(f, "rows      {}", self.output_line())?;
        for table in &self.tables {
            writeln!(f, "table     {}", table_line(table))?;
        }
        self.write_profile(f)?;
        for notice in &self.notices {
            writeln!(f, "note: {notice}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

fn table_line(table: &TableWritten) -> String {
    format!("{} {}, {}", HumanCount(table.rows), table.name, table.path.display())
}

/// `2026-01-02T03:04:05Z to 2026-01-02T03:06:00Z (1m 55s)`.
fn time_span(first: i64, last: i64) -> String {
    let length = Duration::from_nanos(last.abs_diff(first));
    let rounded = Duration::from_millis(length.as_millis() as u64);
    let length = if rounded.is_zero() {
        format!("{length:?}")
    } else {
        humantime::format_duration(rounded).to_string()
    };
    format!("{} to {} ({length})", date(first), date(last))
}

/// Times that no calendar of four-digit years holds are printed as seconds.
fn date(time_ns: i64) -> String {
    let after = u64::try_from(time_ns)
        .ok()
        .and_then(|ns| SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(ns)));
    match after {
        Some(time) => humantime::format_rfc3339_seconds(time).to_string(),
        None => format!("{} s", time_ns as f64 / 1e9),
    }
}
