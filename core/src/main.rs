//! The command `weir`: arguments → library → exit status.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use weir::cli::{Cli, ColumnsArgs, Command, PluginAction, RunArgs};
use weir::config::FileConfig;
use weir::error::RunError;
use weir::plugins::{LoadedPlugin, PluginSet, Selection, load_all};
use weir::schema::{RowShape, Schema};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let done = match cli.command {
        None => run(cli.run),
        Some(Command::Columns(args)) => columns(args),
        Some(Command::Plugin { action: PluginAction::List { verbose, plugin_dir } }) => {
            list(verbose, &plugin_dir)
        }
        Some(Command::Plugin { action: PluginAction::Info { name, plugin_dir } }) => info(name, plugin_dir),
    };
    match done {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}

/// Help and version are no errors; anything else is one of usage.
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell if this cannot be printed.
    let _ = error.print();
    ExitCode::from(u8::from(error.use_stderr()))
}

fn run(args: RunArgs) -> Result<u8, RunError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))
            .map_err(|error| RunError::Usage(format!("cannot listen for signals: {error}")))?;
    }
    let (quiet, per_file) = (args.quiet, args.per_file);
    let config = args.into_config()?;
    let run = if per_file { weir::run_per_file } else { weir::run };
    let summary = run(&config, &interrupted)?;
    if quiet {
        summary.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    } else {
        eprint!("{summary}");
    }
    Ok(summary.ending.exit_status())
}

fn columns(args: ColumnsArgs) -> Result<u8, RunError> {
    let selection = args.plugins.into_selection(&FileConfig::default());
    let plugins = if selection.wanted.is_empty() {
        load_all(&selection.folders)?.into_iter().map(|plugin| plugin.info).collect()
    } else {
        PluginSet::load(&selection)?.infos()
    };
    let schema = Schema::new(&plugins, args.rows.into())?;
    print(&match (args.find, args.json, args.markdown) {
        (Some(word), ..) => schema.find(&word, width()).ok_or_else(|| no_column(&schema, &word))?,
        (_, true, _) => schema.json(),
        (_, _, true) => schema.markdown(),
        _ => schema.text(width()),
    });
    Ok(0)
}

fn no_column(schema: &Schema, word: &str) -> RunError {
    let hint = schema.nearest_name(word).map(|name| format!("; did you mean `{name}`?"));
    RunError::Usage(format!("no column has `{word}` in a name{}", hint.unwrap_or_default()))
}

fn list(verbose: bool, folders: &[PathBuf]) -> Result<u8, RunError> {
    let plugins = load_all(folders)?;
    let longest = plugins.iter().map(|plugin| plugin.info.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for LoadedPlugin { path, info, .. } in &plugins {
        let note = if info.on_by_default { "" } else { " (only with -p)" };
        text += &format!("{:longest$}  {}  {}{note}\n", info.name, info.version, info.summary);
        if verbose {
            text += &format!(
                "{:longest$}  {} columns, {} bytes for each flow, {}\n",
                "",
                info.columns.len(),
                info.state.size(),
                path.display()
            );
        }
    }
    print(&text);
    Ok(0)
}

fn info(name: String, folders: Vec<PathBuf>) -> Result<u8, RunError> {
    let set = PluginSet::load(&Selection { wanted: vec![name], folders, options: Vec::new() })?;
    let mut text = String::new();
    for LoadedPlugin { path, info, .. } in set.plugins() {
        text += &format!("{} {}: {}\n", info.name, info.version, info.summary);
        text += &format!("library: {}\nbytes for each flow: {}\n", path.display(), info.state.size());
        text += if info.options.is_empty() { "options: none\n" } else { "options:\n" };
        for option in &info.options {
            text += &format!(
                "  -o {}.{}={}  ({}) {}\n",
                info.name, option.name, option.default, option.kind, option.definition
            );
        }
    }
    let schema = Schema::new(&set.infos(), RowShape::Conversation)?;
    print(&format!("{text}\n{}", schema.text(width())));
    Ok(0)
}

/// Writes to standard output; a reader that has gone away is no error of ours.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Columns of the terminal, or what reads well in a file.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    if std::io::stdout().is_terminal() { columns.unwrap_or(100) } else { 100 }
}
