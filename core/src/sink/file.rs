//! Blocks of rows → a file that appears whole.
//!
//! What comes in: blocks of whole rows, in order. What goes out: a file, written as `OUT.partial` and renamed to
//! `OUT` at the end. Whatever ends the run earlier, `OUT.partial` holds whole rows only and can be read as it is;
//! without any row it is removed. Standard output, pipes and devices are written to directly.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::compress::{Compression, Encoder};
use super::{Error, is_standard_output};

/// How much of a file stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Whole rows.
    pub rows: u64,
    /// Bytes, after compression.
    pub bytes: u64,
}

/// A file in the making.
pub(super) struct PartialFile {
    path: PathBuf,
    target: Target,
    encoder: Encoder,
    whole: Written,
    is_over: bool,
}

/// Where the bytes go.
enum Target {
    /// Straight to where they belong.
    Direct(Box<dyn Write + Send>),
    /// To a file beside it that is renamed at the end.
    Beside { file: File, partial: PathBuf },
}

impl PartialFile {
    /// Opens a path for writing; `-` is standard output.
    pub(super) fn create(path: &Path, compression: Compression) -> Result<Self, Error> {
        let failed = |source| Error::Create { path: path.to_owned(), source };
        Ok(Self {
            path: path.to_owned(),
            target: Target::open(path).map_err(failed)?,
            encoder: Encoder::new(compression).map_err(failed)?,
            whole: Written::default(),
            is_over: false,
        })
    }

    /// Writes whole rows: their bytes and their number, which is 0 for a header.
    pub(super) fn block(&mut self, rows: &[u8], count: u64) -> Result<(), Error> {
        if rows.is_empty() || self.is_over {
            return Ok(());
        }
        let written = self.encoder.block(rows).and_then(|bytes| {
            self.target.writer().write_all(bytes)?;
            Ok(bytes.len() as u64)
        });
        let bytes = written.map_err(|source| self.fail(source))?;
        self.whole.rows += count;
        self.whole.bytes += bytes;
        Ok(())
    }

    /// Gives the file its name.
    pub(super) fn finish(mut self) -> Result<Written, Error> {
        self.end().map_err(|source| self.fail(source))?;
        self.is_over = true;
        let Target::Beside { partial, .. } = &self.target else { return Ok(self.whole) };
        fs::rename(partial, &self.path).map_err(|source| Error::Rename {
            path: self.path.clone(),
            partial: partial.clone(),
            source,
        })?;
        Ok(self.whole)
    }

    /// Ends a compressed file. An empty one has no frame that could be ended.
    fn end(&mut self) -> io::Result<()> {
        if self.whole.bytes > 0 {
            self.target.writer().write_all(self.encoder.end())?;
            self.whole.bytes += self.encoder.end().len() as u64;
        }
        self.target.writer().flush()
    }

    /// Keeps the rows that were written before an error, and says so.
    fn fail(&mut self, source: io::Error) -> Error {
        let Written { rows, bytes } = self.whole;
        let partial = self.settle();
        Error::Write { path: self.path.clone(), partial, rows, bytes, source }
    }

    /// Ends the partial file behind its last whole block, or removes it if it holds no row. An error here adds
    /// nothing to the one that led here, and the rows before it are kept.
    pub(super) fn settle(&mut self) -> Option<PathBuf> {
        if std::mem::replace(&mut self.is_over, true) {
            return None;
        }
        let Target::Beside { file, partial } = &mut self.target else {
            let _ = self.end();
            return None;
        };
        let partial = partial.clone();
        let _ = cut(file, self.whole.bytes);
        let _ = self.end();
        if self.whole.rows > 0 {
            return Some(partial);
        }
        let _ = fs::remove_file(&partial);
        None
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        self.settle();
    }
}

impl Target {
    fn open(path: &Path) -> io::Result<Self> {
        if is_standard_output(path) {
            return Ok(Target::Direct(Box::new(io::stdout())));
        }
        // A pipe or a device must be written to, not replaced.
        if fs::metadata(path).is_ok_and(|existing| !existing.is_file() && !existing.is_dir()) {
            return Ok(Target::Direct(Box::new(File::options().write(true).open(path)?)));
        }
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let partial = partial_path(path);
        Ok(Target::Beside { file: File::create(&partial)?, partial })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Target::Direct(writer) => writer,
            Target::Beside { file, .. } => file,
        }
    }
}

pub(super) fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(".partial");
    name.into()
}

fn cut(file: &mut File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that fills up in the middle of a row: the partial file is cut behind the last whole one.
    #[test]
    fn a_torn_row_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = PartialFile::create(&folder.path().join("x.csv"), Compression::None).unwrap();
        file.block(b"1,2\n", 1).unwrap();
        file.target.writer().write_all(b"3,").unwrap();
        let error = file.fail(io::ErrorKind::StorageFull.into());
        let Error::Write { partial: Some(partial), rows: 1, bytes: 4, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(fs::read_to_string(partial).unwrap(), "1,2\n");
    }
}
