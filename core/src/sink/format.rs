//! The formats, and which of them an output has: by its extension, or by name.

use std::io;
use std::path::{Path, PathBuf};

use arrow_schema::SchemaRef;

use crate::plugins::nearest;
use crate::schema::Schema;

use super::columnar::{ColumnarSink, Encoder};
use super::mirage::MirageSink;
use super::{
    Compression, Error, Output, Profile, Provenance, RowFormat, Sink, TextSink, arrow, csv, ipc,
    is_standard_output, jsonl, mirage, parquet, tranalyzer,
};

/// A format as its name or the extension of the output tells it.
struct Entry {
    name: &'static str,
    extension: &'static str,
    profile: Profile,
    maker: Maker,
}

/// How a format is made.
#[derive(Clone, Copy)]
enum Maker {
    /// Row by row, as text.
    Text(fn(&Schema) -> Result<Box<dyn RowFormat>, Error>),
    /// All conversations in one JSON object.
    Mirage,
    /// Column by column, on so many threads.
    Columns(fn(&Schema, &SchemaRef, usize) -> io::Result<Box<dyn Encoder>>),
}

/// All formats; the first of a profile serves standard output.
const FORMATS: &[Entry] = &[
    Entry::weir("csv", Maker::Text(csv::commas)),
    Entry::weir("tsv", Maker::Text(csv::tabs)),
    Entry::weir("jsonl", Maker::Text(jsonl::open)),
    Entry { name: "mirage", extension: "mirage.json", profile: Profile::Weir, maker: Maker::Mirage },
    Entry::weir("parquet", Maker::Columns(parquet::open)),
    Entry::weir("arrow", Maker::Columns(ipc::open)),
    Entry {
        name: "txt",
        extension: "txt",
        profile: Profile::Tranalyzer,
        maker: Maker::Text(tranalyzer::open),
    },
];

impl Entry {
    const fn weir(name: &'static str, maker: Maker) -> Self {
        Self { name, extension: name, profile: Profile::Weir, maker }
    }

    fn of(profile: Profile) -> impl Iterator<Item = &'static Self> {
        FORMATS.iter().filter(move |entry| entry.profile == profile)
    }

    fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether a path, without the extension of a compression, ends with its own.
    fn ends(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        name.strip_suffix(self.extension).is_some_and(|stem| stem.ends_with('.'))
    }
}

/// How an output is written: its format and its compression.
#[derive(Clone, Copy)]
pub struct Format {
    entry: &'static Entry,
    /// How its bytes are compressed.
    pub compression: Compression,
    threads: usize,
}

impl Format {
    /// The format of this name, or else that which the extension of a path tells; `-` is the profile's first format,
    /// not compressed.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] or [`Error::UnknownFormat`] if the profile has no format of that name or extension,
    /// [`Error::CompressedTwice`].
    pub fn choose(path: &Path, name: Option<&str>, profile: Profile) -> Result<Self, Error> {
        let (bare, compression) = Compression::split(path);
        let mut known = Entry::of(profile);
        let entry = match name {
            Some(name) => {
                known.find(|entry| entry.is_named(name)).ok_or_else(|| unknown_name(name, profile))?
            }
            None if is_standard_output(path) => known.next().expect("a profile has a format"),
            None => {
                known.find(|entry| entry.ends(&bare)).ok_or_else(|| unknown_format(path, &bare, profile))?
            }
        };
        match entry {
            Entry { extension, maker: Maker::Columns(_), .. } if compression != Compression::None => {
                Err(Error::CompressedTwice { path: path.to_owned(), bare, extension })
            }
            entry => Ok(Self { entry, compression, threads: 1 }),
        }
    }

    /// The same for outputs that may be encoded on so many threads, beside those that hand rows over: one, unless this
    /// is called.
    #[must_use]
    pub fn on_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// A column that the format needs and that rows of this schema do not have.
    pub fn missing_column(&self, schema: &Schema) -> Option<&'static str> {
        match self.entry.maker {
            Maker::Mirage => mirage::missing_column(schema),
            Maker::Text(_) | Maker::Columns(_) => None,
        }
    }

    /// What prints the rows, if they are text.
    ///
    /// # Errors
    ///
    /// [`Error::CannotPrint`] if the format has no way to print a column.
    pub fn printer(&self, schema: &Schema) -> Result<Option<Box<dyn RowFormat>>, Error> {
        match self.entry.maker {
            Maker::Text(open) => open(schema).map(Some),
            Maker::Mirage | Maker::Columns(_) => Ok(None),
        }
    }

    /// Begins the file. No column that the format needs is [missing](Self::missing_column).
    ///
    /// # Errors
    ///
    /// [`Error::CannotPrint`] if the format has no way to print a column, [`Error::Create`] if the place cannot be
    /// written to.
    pub fn create(
        &self,
        path: &Path,
        schema: &Schema,
        provenance: &Provenance,
    ) -> Result<Box<dyn Sink>, Error> {
        Ok(match self.entry.maker {
            Maker::Text(open) => {
                let format = open(schema)?;
                Box::new(TextSink::new(format, Output::create(path, self.compression)?)?)
            }
            Maker::Mirage => Box::new(MirageSink::new(schema, Output::create(path, self.compression)?)?),
            Maker::Columns(open) => {
                let fields = arrow::arrow_schema(schema, provenance);
                let failed = |source| Error::Create { path: path.to_owned(), source };
                let encoder = open(schema, &fields, self.threads).map_err(failed)?;
                let output = Output::create(path, self.compression)?;
                Box::new(ColumnarSink::new(schema, encoder, path, output, self.threads)?)
            }
        })
    }

    /// The name by which the format is known.
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    /// Where a table beside an output stands, and in which format: `x.flows.csv.gz` -> `x.NAME.csv.gz`. That of a
    /// format that has a shape for flows alone is the first of its profile.
    pub fn of_table(&self, output: &Path, table: &str) -> (Self, PathBuf) {
        let compression = match self.compression {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        };
        let own = Compression::split(output).0;
        let (entry, extension) = match self.entry.maker {
            Maker::Mirage => (&FORMATS[0], FORMATS[0].extension.to_owned()),
            _ => (self.entry, own.extension().unwrap_or_default().to_string_lossy().into_owned()),
        };
        let dot = if extension.is_empty() { "" } else { "." };
        let path = format!("{}.{table}{dot}{extension}{compression}", base(output).display());
        (Self { entry, ..*self }, path.into())
    }
}

fn unknown_format(path: &Path, bare: &Path, profile: Profile) -> Error {
    let is_columns = |entry: &&Entry| matches!(entry.maker, Maker::Columns(_));
    let (columns, text): (Vec<_>, Vec<_>) = Entry::of(profile).partition(is_columns);
    let dotted = |entries: &[&Entry]| listed(entries.iter().map(|entry| format!(".{}", entry.extension)));
    let mut known =
        format!("{}{} also with .gz or .zst", dotted(&text), if text.len() > 1 { ", each" } else { "," });
    if !columns.is_empty() {
        known += &format!("; {}", dotted(&columns));
    }
    let other = FORMATS.iter().find(|entry| entry.profile != profile && entry.ends(bare));
    let hint = match other.map(|entry| entry.profile) {
        Some(Profile::Tranalyzer) => "; `.txt` needs `--profile tranalyzer`",
        Some(Profile::Weir) => "; leave out `--profile tranalyzer`",
        None => "",
    };
    Error::UnknownFormat { path: path.to_owned(), known, hint }
}

fn unknown_name(name: &str, profile: Profile) -> Error {
    let names: Vec<&str> = Entry::of(profile).map(|entry| entry.name).collect();
    let verb = if names.len() > 1 { "known are" } else { "known is" };
    let known = format!("{verb} {}", listed(names.iter().map(ToString::to_string)));
    let other = FORMATS.iter().find(|entry| entry.profile != profile && entry.is_named(name));
    let hint = match other.map(|entry| entry.profile) {
        Some(Profile::Tranalyzer) => "; `txt` needs `--profile tranalyzer`".to_owned(),
        Some(Profile::Weir) => "; leave out `--profile tranalyzer`".to_owned(),
        None => nearest(name, names).map_or(String::new(), |near| format!("; did you mean `{near}`?")),
    };
    Error::UnknownName { name: name.to_owned(), known, hint }
}

/// `.csv, .tsv, and .jsonl`
fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<_> = names.collect();
    match names.as_slice() {
        [first, second] => format!("{first} and {second}"),
        [before @ .., last] if !before.is_empty() => format!("{}, and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

/// How the name of an output ends that nobody named: behind the stem of the capture.
pub fn default_ending(name: Option<&str>, profile: Profile) -> String {
    let named = Entry::of(profile).find(|entry| name.is_some_and(|name| entry.is_named(name)));
    match (named, profile) {
        (_, Profile::Tranalyzer) => "_flows.txt".to_owned(),
        (Some(Entry { maker: Maker::Mirage, extension, .. }), _) => format!(".{extension}"),
        (Some(entry), _) => format!(".flows.{}", entry.extension),
        (None, _) => ".flows.csv".to_owned(),
    }
}

/// Where the dictionary of an output stands: `x.flows.csv.gz` -> `x.columns.json`.
pub fn dictionary_path(output: &Path) -> PathBuf {
    let mut path = base(output).into_os_string();
    path.push(".columns.json");
    path.into()
}

/// The part of an output's name that the names of what stands beside it begin with: `x.flows.csv.gz` -> `x`.
fn base(output: &Path) -> PathBuf {
    let (bare, _) = Compression::split(output);
    let stem = bare.with_extension("");
    let tells_shape = stem.extension().is_some_and(|extension| extension == "flows" || extension == "mirage");
    if tells_shape { stem.with_extension("") } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(path: &str, profile: Profile) -> (&'static str, Compression) {
        let format = Format::choose(Path::new(path), None, profile).unwrap();
        (format.name(), format.compression)
    }

    #[test]
    fn the_extension_names_format_and_compression() {
        assert_eq!(chosen("a/x.csv", Profile::Weir), ("csv", Compression::None));
        assert_eq!(chosen("x.TSV.gz", Profile::Weir), ("tsv", Compression::Gzip));
        assert_eq!(chosen("x.jsonl.gz", Profile::Weir), ("jsonl", Compression::Gzip));
        assert_eq!(chosen("x.parquet", Profile::Weir), ("parquet", Compression::None));
        assert_eq!(chosen("x.ARROW", Profile::Weir), ("arrow", Compression::None));
        assert_eq!(chosen("x.mirage.json.gz", Profile::Weir), ("mirage", Compression::Gzip));
        assert_eq!(chosen("x.txt.zst", Profile::Tranalyzer), ("txt", Compression::Zstd));
        assert_eq!(chosen("-", Profile::Weir), ("csv", Compression::None));
        assert_eq!(chosen("-", Profile::Tranalyzer), ("txt", Compression::None));
    }

    fn refused(path: &str, profile: Profile) -> String {
        Format::choose(Path::new(path), None, profile).err().unwrap().to_string()
    }

    #[test]
    fn an_unknown_extension_is_refused_with_those_that_are_known() {
        assert_eq!(
            refused("x.docx", Profile::Weir),
            "cannot tell the format of `x.docx` by its extension; known are \
             .csv, .tsv, .jsonl, and .mirage.json, each also with .gz or .zst; .parquet and .arrow"
        );
        assert!(refused("x", Profile::Weir).starts_with("cannot tell the format of `x`"));
    }

    #[test]
    fn what_is_compressed_by_itself_is_not_compressed_again() {
        assert_eq!(
            refused("a/x.parquet.gz", Profile::Weir),
            "`a/x.parquet.gz` would be compressed twice: .parquet is compressed by itself; write to `a/x.parquet`"
        );
        assert!(refused("x.arrow.zst", Profile::Weir).ends_with("; write to `x.arrow`"));
    }

    #[test]
    fn a_format_of_the_other_profile_is_refused_with_what_to_change() {
        assert!(refused("x.txt", Profile::Weir).ends_with("; `.txt` needs `--profile tranalyzer`"));
        assert!(refused("x.csv", Profile::Tranalyzer).ends_with("; leave out `--profile tranalyzer`"));
    }

    #[test]
    fn the_dictionary_stands_beside_the_rows() {
        let dictionary = |path: &str| dictionary_path(Path::new(path)).to_str().unwrap().to_owned();
        assert_eq!(dictionary("a/x.flows.csv.gz"), "a/x.columns.json");
        assert_eq!(dictionary("a.b/x.tsv"), "a.b/x.columns.json");
        assert_eq!(dictionary("x.2026.csv"), "x.2026.columns.json");
        assert_eq!(dictionary("x.mirage.json.zst"), "x.columns.json");
    }

    fn named(path: &str, name: &str, profile: Profile) -> Result<(&'static str, Compression), String> {
        let format = Format::choose(Path::new(path), Some(name), profile);
        format.map(|format| (format.name(), format.compression)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_counts_before_the_extension() {
        assert_eq!(named("-", "jsonl", Profile::Weir), Ok(("jsonl", Compression::None)));
        assert_eq!(named("x.json.gz", "mirage", Profile::Weir), Ok(("mirage", Compression::Gzip)));
        assert_eq!(named("x.csv", "TSV", Profile::Weir), Ok(("tsv", Compression::None)));
        assert_eq!(default_ending(Some("parquet"), Profile::Weir), ".flows.parquet");
        assert_eq!(default_ending(Some("mirage"), Profile::Weir), ".mirage.json");
        assert_eq!(default_ending(None, Profile::Weir), ".flows.csv");
        assert_eq!(default_ending(None, Profile::Tranalyzer), "_flows.txt");
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest() {
        assert_eq!(
            named("x", "jsonn", Profile::Weir),
            Err("`--format jsonn`: no such format; known are csv, tsv, jsonl, mirage, parquet, and arrow; \
                 did you mean `jsonl`?"
                .into())
        );
        assert_eq!(
            named("x", "txt", Profile::Weir).err().unwrap().split("; ").last(),
            Some("`txt` needs `--profile tranalyzer`")
        );
        assert_eq!(
            named("x", "csv", Profile::Tranalyzer),
            Err("`--format csv`: no such format; known is txt; leave out `--profile tranalyzer`".into())
        );
    }

    #[test]
    fn tables_stand_beside_the_rows() {
        let table = |path: &str| {
            let format = Format::choose(Path::new(path), None, Profile::Weir).unwrap();
            let (format, path) = format.of_table(Path::new(path), "bursts");
            (format.name(), path.to_str().unwrap().to_owned())
        };
        assert_eq!(table("a/x.flows.csv.gz"), ("csv", "a/x.bursts.csv.gz".into()));
        assert_eq!(table("x.parquet"), ("parquet", "x.bursts.parquet".into()));
        assert_eq!(table("x.mirage.json.gz"), ("csv", "x.bursts.csv.gz".into()));
    }
}
