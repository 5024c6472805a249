//! Bytes of rows → a file that appears whole.
//!
//! What comes in: whole rows, in order. What goes out: a file, written as `OUT.partial` in blocks of a
//! mebibyte and renamed to `OUT` at the end. Whatever ends the run earlier, `OUT.partial` holds whole rows
//! only and can be read as it is; without any row it is removed. Standard output, pipes and devices are
//! written to directly.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::compress::{Compression, Encoder};
use super::{Error, is_standard_output};

/// Rows are gathered until they take this many bytes.
const BLOCK: usize = 1 << 20;

/// How much of a file stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Whole rows.
    pub rows: u64,
    /// Bytes, after compression.
    pub bytes: u64,
}

/// A file in the making.
pub struct Output {
    path: PathBuf,
    target: Target,
    encoder: Encoder,
    pending: Vec<u8>,
    pending_rows: u64,
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

impl Output {
    /// Opens a path for writing; `-` is standard output.
    ///
    /// # Errors
    ///
    /// [`Error::Create`] if the place cannot be written to.
    pub fn create(path: &Path, compression: Compression) -> Result<Self, Error> {
        let failed = |source| Error::Create { path: path.to_owned(), source };
        Ok(Self {
            path: path.to_owned(),
            target: Target::open(path).map_err(failed)?,
            encoder: Encoder::new(compression).map_err(failed)?,
            pending: Vec::with_capacity(BLOCK + BLOCK / 4),
            pending_rows: 0,
            whole: Written::default(),
            is_over: false,
        })
    }

    /// Where the bytes of whole rows are put; [`took`](Self::took) says how many they were.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// So many whole rows were put into the buffer, none for a header.
    ///
    /// # Errors
    ///
    /// [`Error::Write`]; the rows written before stand in the partial file, and nothing more can be written.
    pub fn took(&mut self, rows: u64) -> Result<(), Error> {
        self.pending_rows += rows;
        if self.pending.len() >= BLOCK { self.write_block() } else { Ok(()) }
    }

    /// Takes whole rows: their bytes and their number, which is 0 for a header.
    ///
    /// # Errors
    ///
    /// As for [`took`](Self::took).
    pub fn write(&mut self, bytes: &[u8], rows: u64) -> Result<(), Error> {
        self.pending.extend_from_slice(bytes);
        self.took(rows)
    }

    /// Rows taken so far.
    pub fn count(&self) -> u64 {
        self.whole.rows + self.pending_rows
    }

    /// Writes what is left and gives the file its name.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] as for [`write`](Self::write); [`Error::Rename`] if all rows stand, but under the
    /// partial name.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.write_block()?;
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

    /// Gives the file up, after an error elsewhere or a signal: what was taken is still written, and the
    /// path of the partial file is returned if a row stands in it.
    pub fn abandon(mut self) -> Option<PathBuf> {
        self.settle()
    }

    fn write_block(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self.encoder.block(&self.pending).and_then(|bytes| {
            self.target.writer().write_all(bytes)?;
            Ok(bytes.len() as u64)
        });
        let bytes = written.map_err(|source| self.fail(source))?;
        self.whole.rows += self.pending_rows;
        self.whole.bytes += bytes;
        self.forget_pending();
        Ok(())
    }

    fn forget_pending(&mut self) {
        self.pending.clear();
        self.pending_rows = 0;
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
        self.forget_pending();
        let Written { rows, bytes } = self.whole;
        let partial = self.settle();
        Error::Write { path: self.path.clone(), partial, rows, bytes, source }
    }

    /// Ends the partial file behind its last whole block, or removes it if it holds no row.
    fn settle(&mut self) -> Option<PathBuf> {
        if std::mem::replace(&mut self.is_over, true) {
            return None;
        }
        // An error here adds nothing to the one that led here, and the rows before it are kept.
        let _ = self.write_block();
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

impl Drop for Output {
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

fn partial_path(path: &Path) -> PathBuf {
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

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_file_appears_whole_at_the_end() {
        let folder = folder();
        let path = folder.path().join("x.csv");
        let mut output = Output::create(&path, Compression::None).unwrap();
        output.write(b"a,b\n", 0).unwrap();
        output.write(b"1,2\n", 1).unwrap();
        assert_eq!(names(&folder), ["x.csv.partial"]);
        assert_eq!(output.finish().unwrap(), Written { rows: 1, bytes: 8 });
        assert_eq!(names(&folder), ["x.csv"]);
        assert_eq!(fs::read_to_string(path).unwrap(), "a,b\n1,2\n");
    }

    #[test]
    fn large_rows_reach_the_file_before_the_end() {
        let folder = folder();
        let mut output = Output::create(&folder.path().join("x.csv"), Compression::None).unwrap();
        let rows = vec![b'x'; BLOCK];
        output.write(&rows, 1).unwrap();
        assert_eq!(fs::metadata(folder.path().join("x.csv.partial")).unwrap().len(), BLOCK as u64);
        assert_eq!(output.finish().unwrap().rows, 1);
    }

    #[test]
    fn compressed_files_read_back_equal() {
        let text = "row of text\n".repeat(300_000);
        for compression in [Compression::Gzip, Compression::Zstd] {
            let folder = folder();
            let path = folder.path().join("x");
            let mut output = Output::create(&path, compression).unwrap();
            text.as_bytes().chunks(12 * 1000).for_each(|rows| output.write(rows, 1000).unwrap());
            let written = output.finish().unwrap();
            let file = fs::read(&path).unwrap();
            assert_eq!(written, Written { rows: 300_000, bytes: file.len() as u64 });
            let read = match compression {
                Compression::Gzip => io::read_to_string(flate2::read::MultiGzDecoder::new(&file[..])),
                _ => io::read_to_string(zstd::Decoder::new(&file[..]).unwrap()),
            };
            assert_eq!(read.unwrap(), text);
        }
    }

    #[test]
    fn rows_of_a_file_that_is_given_up_are_kept_as_partial() {
        for compression in [Compression::None, Compression::Zstd] {
            let folder = folder();
            let mut output = Output::create(&folder.path().join("x"), compression).unwrap();
            output.write(b"a\n", 0).unwrap();
            output.write(b"1\n", 1).unwrap();
            let partial = output.abandon().unwrap();
            assert_eq!(names(&folder), ["x.partial"]);
            let file = fs::read(partial).unwrap();
            let text =
                if compression == Compression::Zstd { zstd::decode_all(&file[..]).unwrap() } else { file };
            assert_eq!(text, b"a\n1\n");
        }
    }

    #[test]
    fn a_file_without_rows_is_not_kept() {
        let folder = folder();
        let mut output = Output::create(&folder.path().join("x.csv"), Compression::None).unwrap();
        output.write(b"a,b\n", 0).unwrap();
        drop(output);
        assert!(names(&folder).is_empty());
    }

    #[test]
    fn an_older_file_of_the_name_stands_until_the_new_one_is_whole() {
        let folder = folder();
        let path = folder.path().join("x.csv");
        fs::write(&path, "old").unwrap();
        let mut output = Output::create(&path, Compression::None).unwrap();
        output.write(b"new\n", 1).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        output.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
    }

    #[test]
    fn a_folder_that_is_missing_is_named_with_what_to_do() {
        let error = Output::create(Path::new("no/such/x.csv"), Compression::None).err().unwrap();
        assert_eq!(
            error.to_string(),
            "cannot write `no/such/x.csv`: no such file or directory; choose another place with -w"
        );
    }

    #[test]
    fn a_folder_is_not_replaced_by_a_file() {
        let folder = folder();
        let error = Output::create(folder.path(), Compression::None).err().unwrap();
        assert!(error.to_string().contains("is a directory"), "{error}");
    }

    /// `/dev/full` answers every write as a full disk does.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_with_rows_and_bytes() {
        let folder = folder();
        let path = folder.path().join("x.csv");
        std::os::unix::fs::symlink("/dev/full", partial_path(&path)).unwrap();
        let mut output = Output::create(&path, Compression::None).unwrap();
        output.write(b"1\n", 1).unwrap();
        let error = output.finish().unwrap_err().to_string();
        let expected = format!(
            "cannot write `{}`: no space left on device after 0 rows (0 bytes); no file was kept; \
             free space or choose another place with -w",
            path.display()
        );
        assert_eq!(error, expected);
        assert!(names(&folder).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let folder = folder();
        let path = folder.path().join("x.csv");
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        let mut output = Output::create(&path, Compression::None).unwrap();
        output.write(b"1\n", 1).unwrap();
        assert_eq!(output.finish().unwrap(), Written { rows: 1, bytes: 2 });
        assert_eq!(names(&folder), ["x.csv"]);
    }

    /// A disk that fills up in the middle of a row: the partial file is cut behind the last whole one.
    #[test]
    fn a_torn_row_is_cut_off() {
        let folder = folder();
        let mut output = Output::create(&folder.path().join("x.csv"), Compression::None).unwrap();
        output.write(b"1,2\n", 1).unwrap();
        output.write_block().unwrap();
        output.target.writer().write_all(b"3,").unwrap();
        let error = output.fail(io::ErrorKind::StorageFull.into());
        let Error::Write { partial: Some(partial), rows: 1, bytes: 4, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(fs::read_to_string(partial).unwrap(), "1,2\n");
    }
}
