//! Arguments → what the library is asked to do. Precedence: command line, environment, file, defaults.

use std::num::{NonZeroU8, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use weir_sdk::Duration;
use weir_sdk::options::OptionValue;

use crate::config::{FileConfig, ProfileName, Rows};
use crate::error::RunError;
use crate::flow::{Lifetime, Timeouts};
use crate::pipeline::RunConfig;
use crate::plugins::Selection;
use crate::schema::RowShape;
use crate::sink::Profile;
use crate::worker::FlowRules;

/// Reads network captures, follows flows, lets plugins measure them, and writes one row per flow.
#[derive(Debug, Parser)]
#[command(
    name = "weir",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  weir capture.pcap                        rows in capture.flows.csv\n  \
                  weir -w flows.csv.gz day1.pcap day2.pcap two captures as one, rows compressed\n  \
                  zcat x.pcap.gz | weir -                  from standard input to standard output\n  \
                  weir --profile tranalyzer capture.pcap   Tranalyzer's text format\n  \
                  weir plugin list                         what can be measured\n  \
                  weir columns                             what each column means\n\n\
                  Exit status: 0 done, 1 usage or output, 2 input unreadable, 3 partial (rows were written), \
                  130 interrupted."
)]
pub struct Cli {
    /// Other work than reading captures.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How captures are read.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Work that stands in subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What plugins there are, and what they measure
    Plugin {
        /// List them or describe one.
        #[command(subcommand)]
        action: PluginAction,
    },
    /// The columns of a run: name, type, unit, definition, source
    Columns(ColumnsArgs),
}

/// What to say of plugins.
#[derive(Debug, Subcommand)]
pub enum PluginAction {
    /// List the plugins that are found
    List {
        /// Also say where each comes from and how much memory it takes for each flow
        #[arg(short, long)]
        verbose: bool,
        /// Look for plugins here first
        #[arg(long, value_name = "DIR", env = "WEIR_PLUGIN_DIR", value_delimiter = ':')]
        plugin_dir: Vec<PathBuf>,
    },
    /// Describe one plugin: its options and columns
    Info {
        /// Its name, or the file of its library
        name: String,
        /// Look for plugins here first
        #[arg(long, value_name = "DIR", env = "WEIR_PLUGIN_DIR", value_delimiter = ':')]
        plugin_dir: Vec<PathBuf>,
    },
}

/// How to print the columns.
#[derive(Debug, Args)]
pub struct ColumnsArgs {
    /// Only columns with this word in one of their names, ours or those of other tools
    #[arg(long, value_name = "WORD", conflicts_with_all = ["json", "markdown"])]
    pub find: Option<String>,
    /// As JSON, the dictionary that is written beside each flow file
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// As Markdown
    #[arg(long)]
    pub markdown: bool,
    /// One row per conversation or per direction
    #[arg(long, value_enum, default_value_t = Rows::Conversation)]
    pub rows: Rows,
    /// Which plugins
    #[command(flatten)]
    pub plugins: PluginArgs,
}

/// Which plugins take part.
#[derive(Debug, Default, Args)]
pub struct PluginArgs {
    /// Plugins by name or library file, separated by commas; `+geo` adds one to those that are on by default
    /// [default: all that are on by default]
    #[arg(short, long = "plugins", value_name = "NAME,..", env = "WEIR_PLUGINS", value_delimiter = ',')]
    plugins: Vec<String>,
    /// Look for plugins here first
    #[arg(long, value_name = "DIR", env = "WEIR_PLUGIN_DIR", value_delimiter = ':')]
    plugin_dir: Vec<PathBuf>,
    /// Set an option of a plugin
    #[arg(short, long = "option", value_name = "PLUGIN.OPTION=VALUE", value_parser = plugin_option)]
    option: Vec<(String, String, String)>,
}

/// How captures are read.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Captures, or folders of captures; `-` is standard input
    #[arg(value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// A capture, as if named plainly; can be repeated
    #[arg(short, long, value_name = "CAPTURE")]
    read: Vec<PathBuf>,
    /// Where the rows go; the extension tells the format: csv, tsv, jsonl, mirage.json, txt, each also with .gz or
    /// .zst, or parquet, arrow; `-` is standard output [default: CAPTURE.flows.csv]
    #[arg(short, long, value_name = "FILE", env = "WEIR_WRITE")]
    write: Option<PathBuf>,
    /// The format of the rows where the extension does not tell it: csv, tsv, jsonl, mirage, parquet, arrow, txt
    #[arg(long, value_name = "NAME", env = "WEIR_FORMAT")]
    format: Option<String>,
    /// One row per conversation or per direction [default: conversation]
    #[arg(long, value_enum, env = "WEIR_ROWS")]
    rows: Option<Rows>,
    /// Whose names, formats, and rows are printed [default: weir]
    #[arg(long, value_enum, env = "WEIR_PROFILE")]
    profile: Option<ProfileName>,
    /// End a direction after this silence: seconds, or with a unit as in 90s, 5m [default: 182s]
    #[arg(long, value_name = "TIME", env = "WEIR_IDLE_TIMEOUT", value_parser = duration)]
    idle_timeout: Option<Duration>,
    /// End a conversation after this life, active or not [default: never]
    #[arg(long, value_name = "TIME", env = "WEIR_ACTIVE_TIMEOUT", value_parser = duration)]
    active_timeout: Option<Duration>,
    /// End the least recently used flows when the live ones take this much memory, as in 500MB or 2GiB
    /// [default: no limit]
    #[arg(long, value_name = "SIZE", env = "WEIR_MEMORY_LIMIT", value_parser = size)]
    memory_limit: Option<u64>,
    /// Workers [default: as many as there are processors]
    #[arg(short = 'j', long, value_name = "N", env = "WEIR_THREADS")]
    threads: Option<NonZeroU8>,
    /// Records that are handed on at once; rows do not depend on it
    #[arg(long, value_name = "N", hide = true)]
    batch: Option<NonZeroUsize>,
    /// Rows of their own for each capture; with -w, `{}` stands for the name of the capture
    #[arg(long)]
    pub per_file: bool,
    /// Settings file; the command line and the environment count before it
    #[arg(long, value_name = "FILE", env = "WEIR_CONFIG")]
    config: Option<PathBuf>,
    /// Write the summary as JSON to this file, too
    #[arg(long, value_name = "FILE", env = "WEIR_SUMMARY")]
    summary: Option<PathBuf>,
    /// The summary says how many nanoseconds a packet each stage and each plugin took
    #[arg(long)]
    profile_plugins: bool,
    /// No summary and no progress bar, warnings only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    plugins: PluginArgs,
}

impl RunArgs {
    /// The arguments with what the settings file adds to them.
    ///
    /// # Errors
    ///
    /// A settings file that cannot be read or understood.
    pub fn into_config(self) -> Result<RunConfig, RunError> {
        let file = self.config.as_deref().map(FileConfig::read).transpose()?.unwrap_or_default();
        let profile = self.profile.map(Profile::from).or_else(|| file.profile()).unwrap_or_default();
        Ok(RunConfig {
            inputs: self.read.into_iter().chain(self.captures).collect(),
            output: self.write.or_else(|| file.write.clone()),
            format: self.format.or_else(|| file.format.clone()),
            rows: self.rows.map(RowShape::from).or_else(|| file.rows()),
            profile,
            rules: FlowRules {
                timeouts: timeouts(&file, self.idle_timeout, self.active_timeout),
                memory_limit: self.memory_limit.or_else(|| file.memory_limit()),
            },
            plugins: self.plugins.into_selection(&file),
            threads: self.threads.or(file.threads),
            batch: self.batch,
            is_profiled: self.profile_plugins,
            summary: self.summary,
            quiet: self.quiet,
        })
    }
}

impl PluginArgs {
    /// The plugins wanted here, and those of a settings file where nothing is said.
    pub fn into_selection(self, file: &FileConfig) -> Selection {
        let or = |said: Vec<_>, file: &[_]| if said.is_empty() { file.to_vec() } else { said };
        // The command line's value for an option comes last and counts.
        let options = file.options().chain(self.option).collect();
        Selection {
            wanted: or(self.plugins, &file.plugins),
            folders: self.plugin_dir.into_iter().chain(file.plugin_dirs.iter().cloned()).collect(),
            options,
        }
    }
}

fn timeouts(file: &FileConfig, idle: Option<Duration>, active: Option<Duration>) -> Timeouts {
    let mut timeouts = Timeouts::default();
    for (lifetime, timeout) in file.timeouts() {
        timeouts.set(lifetime, timeout);
    }
    if let Some(idle) = idle {
        timeouts.set(Lifetime::Idle, idle);
    }
    timeouts.active = active.or_else(|| file.active_timeout()).map(|active| active.0);
    timeouts
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = Duration::from_text(text).filter(|duration| duration.0 > 0);
    parsed.ok_or_else(|| "it must be a time above 0, such as `182`, `90s`, or `5m`".into())
}

/// Bytes, with or without a unit.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let parsed = parse_size::parse_size(text).ok().filter(|&bytes| bytes > 0);
    parsed.ok_or_else(|| "it must be a size above 0, such as `500MB` or `2GiB`".into())
}

fn plugin_option(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once('=').and_then(|(name, value)| Some((name.split_once('.')?, value)));
    match parts {
        Some(((plugin, option), value)) => Ok((plugin.into(), option.into(), value.into())),
        None => Err("it must read `plugin.option=value`".into()),
    }
}
