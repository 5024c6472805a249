//! What can go wrong with plugins before the first packet.

use std::fmt;
use std::path::PathBuf;

use weir_sdk::abi::Stamp;

/// A plugin that cannot be used. Each message says what, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// No plugin has the name.
    #[error("`-p {name}`: there is no such plugin in {searched}; `weir plugin list` shows what there is{}", did_you_mean(.nearest))]
    Unknown {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        searched: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// No plugin was found at all.
    #[error(
        "no plugins found in {searched}; build them with `cargo build --release`, or name their folder with `--plugin-dir`"
    )]
    None {
        /// Where they were looked for.
        searched: String,
    },
    /// A folder to look in is none.
    #[error("`--plugin-dir {}` is no folder; name the folder that the plugin libraries stand in", .path.display())]
    NoFolder {
        /// What was named.
        path: PathBuf,
    },
    /// A library named by its file does not exist.
    #[error("`-p {}`: there is no such file; `weir plugin list` shows the plugins there are", .path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be loaded as a library.
    #[error("cannot load plugin `{}`: {reason}; it is no shared library for this system, remove it or choose plugins with `-p`", .path.display())]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// What the system's loader said.
        reason: String,
    },
    /// The library is no weir plugin.
    #[error("`{}` is a library but no weir plugin: it has no symbol `{symbol}`; a plugin ends with `weir_sdk::export_plugin!(..)`", .path.display())]
    NotAPlugin {
        /// The file.
        path: PathBuf,
        /// The symbol that is missing.
        symbol: &'static str,
    },
    /// Built for another SDK.
    #[error("plugin `{}` was built for SDK {}.{}, this program speaks SDK {}.{}; rebuild it with weir-sdk = \"{}.{}\"", .path.display(), .plugin.0, .plugin.1, Stamp::OWN.major, Stamp::OWN.minor, Stamp::OWN.major, Stamp::OWN.minor)]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Major and minor version it was built for.
        plugin: (u16, u16),
    },
    /// Its panic would end the program.
    #[error("plugin `{}` was built with panic = \"abort\", so that its panic would end the whole run; rebuild it with panic = \"unwind\"", .path.display())]
    PanicAborts {
        /// The file.
        path: PathBuf,
    },
    /// Same version, another layout.
    #[error("plugin `{}` says SDK {}.{} but lays its data out differently ({detail}); rebuild it against this program's weir-sdk", .path.display(), Stamp::OWN.major, Stamp::OWN.minor)]
    OtherLayout {
        /// The file.
        path: PathBuf,
        /// The first difference.
        detail: String,
    },
    /// Its declarations cannot be used.
    #[error("plugin `{}` cannot be used: {complaint}; leave it out with `-p` until its author has mended that", .path.display())]
    Misdeclared {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        complaint: String,
    },
    /// It panicked while it described itself or opened.
    #[error(
        "plugin `{plugin}` panicked while it was opened: {message}; run without it by `-p`, and tell its author"
    )]
    Panicked {
        /// Name or file.
        plugin: String,
        /// The panic's message and place.
        message: String,
    },
    /// Two libraries with one name.
    #[error("plugins `{}` and `{}` are both called `{name}`; keep one of them", .first.display(), .second.display())]
    SameName {
        /// The name.
        name: String,
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
    /// A plugin is sent to a table, but reads no rows.
    #[error("`-p {plugin}@{table}`: plugin `{plugin}` cannot read the rows of a table")]
    ReadsNoTable {
        /// The plugin.
        plugin: String,
        /// The table.
        table: String,
    },
    /// A plugin is sent to a table that no plugin of the run writes.
    #[error("`-p {plugin}`: no plugin of this run writes a table `{table}`{}", did_you_mean(.nearest))]
    NoTable {
        /// The plugin, with the table.
        plugin: String,
        /// The table.
        table: String,
        /// The nearest name of a table that is written.
        nearest: Option<String>,
    },
    /// An option names a plugin that is not loaded.
    #[error("`-o {plugin}.{option}`: plugin `{plugin}` is not loaded{}", did_you_mean(.nearest))]
    OptionWithoutPlugin {
        /// The plugin's name as given.
        plugin: String,
        /// The option's name as given.
        option: String,
        /// The nearest name that is loaded.
        nearest: Option<String>,
    },
    /// A plugin does not know an option.
    #[error("`-o {plugin}.{option}`: plugin `{plugin}` has no such option; `weir plugin info {plugin}` lists them{}", did_you_mean(.nearest))]
    UnknownOption {
        /// The plugin.
        plugin: String,
        /// The option as given.
        option: String,
        /// The nearest option it has.
        nearest: Option<String>,
    },
    /// A row plugin reads a column that no loaded plugin gives.
    #[error("plugin `{reader}` reads column `{column}`, which no plugin of this run gives; {mend}")]
    MissingColumn {
        /// The row plugin.
        reader: String,
        /// The column.
        column: String,
        /// What might help.
        mend: Mend,
    },
    /// A plugin refuses its options.
    #[error("plugin `{plugin}` cannot be opened: {message}; `weir plugin info {plugin}` lists its options")]
    Refused {
        /// The plugin.
        plugin: String,
        /// Its own sentence.
        message: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// What gives a column that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// A plugin that was not chosen.
    Add(String),
    /// A plugin of the run, whose columns come only after those of the reader.
    After(String),
    /// Rows of another shape.
    Rows(&'static str),
    /// Perhaps another name was meant.
    Nearest(String),
    /// Nothing is known of it.
    Unknown,
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(giver) => write!(f, "add `{giver}` to `-p`"),
            Self::After(giver) => {
                write!(f, "`{giver}` does, but its columns come later")
            }
            Self::Rows(shape) => write!(f, "it stands in rows of the other kind, `--rows {shape}`"),
            Self::Nearest(name) => write!(f, "did you mean `{name}`?"),
            Self::Unknown => f.write_str("`weir plugin list` shows what there is"),
        }
    }
}

/// The name most like `wanted`, if any is near enough to be meant.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let scored = names.into_iter().map(|name| (strsim::damerau_levenshtein(wanted, name), name));
    let (distance, name) = scored.min()?;
    (distance <= 2.max(wanted.len() / 3)).then(|| name.to_owned())
}
