//! What can go wrong between rows and file, each in one sentence that says how to mend it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::plugins::Mend;

use super::STANDARD_OUTPUT;

/// Why rows could not be written.
#[derive(Debug, Error)]
pub enum Error {
    /// The extension names no format.
    #[error(
        "cannot tell the format of `{path}` by its extension; \
         known are {known}{hint}", path = path.display()
    )]
    UnknownFormat {
        /// The output.
        path: PathBuf,
        /// The extensions that name one.
        known: String,
        /// What to change if another profile has it.
        hint: &'static str,
    },
    /// No format has this name.
    #[error("`--format {name}`: no such format; {known}{hint}")]
    UnknownName {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
        /// The nearest one, or what to change if another profile has it.
        hint: String,
    },
    /// The format is made of columns that the rows do not have.
    #[error("format `{format}` needs column `{column}`, which no plugin of this run gives; {mend}")]
    MissingColumn {
        /// The format.
        format: &'static str,
        /// The column, by its name in the header.
        column: &'static str,
        /// What might help.
        mend: Mend,
    },
    /// The format compresses its columns by itself.
    #[error(
        "`{path}` would be compressed twice: .{extension} is compressed by itself; write to `{bare}`",
        path = path.display(), bare = bare.display()
    )]
    CompressedTwice {
        /// The output.
        path: PathBuf,
        /// The same without the extension of the compression.
        bare: PathBuf,
        /// That of the format.
        extension: &'static str,
    },
    /// A column's declaration asks for what the format cannot print.
    #[error(
        "cannot print column `{column}` of plugin `{plugin}`: {reason}; \
         mend the plugin or leave it out with `-p`"
    )]
    CannotPrint {
        /// The plugin.
        plugin: &'static str,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The file could not be opened for writing.
    #[error("cannot write {}: {}; choose another place with -w", name(path), reason(source))]
    Create {
        /// The output.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be written further.
    #[error(
        "cannot write {}: {} after {rows} rows ({bytes} bytes); {}; {}",
        name(path), reason(source), rest(partial.as_ref()), remedy(source)
    )]
    Write {
        /// The output.
        path: PathBuf,
        /// Where the whole rows stand, if there are any.
        partial: Option<PathBuf>,
        /// How many rows were written whole.
        rows: u64,
        /// How many bytes they take.
        bytes: u64,
        /// What the system said.
        source: io::Error,
    },
    /// Whoever writes the rows has ended before, and says why.
    #[error("rows are no longer taken")]
    Stopped,
    /// The finished file could not get its name.
    #[error(
        "cannot rename `{}` to `{}`: {}; all rows stand in the former, rename it yourself",
        partial.display(), path.display(), reason(source)
    )]
    Rename {
        /// The output.
        path: PathBuf,
        /// Where all rows stand.
        partial: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn name(path: &std::path::Path) -> String {
    if path.as_os_str() == STANDARD_OUTPUT {
        "standard output".to_owned()
    } else {
        format!("`{}`", path.display())
    }
}

/// The system's words as part of a sentence: `no space left on device`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn rest(partial: Option<&PathBuf>) -> String {
    match partial {
        Some(partial) => format!("what was written stands in `{}`", partial.display()),
        None => "no file was kept".to_owned(),
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space or choose another place with -w"
        }
        io::ErrorKind::BrokenPipe => "the reader of the pipe ended before all rows were written",
        _ => "choose another place with -w",
    }
}
