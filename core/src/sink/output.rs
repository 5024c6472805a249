//! Rows → blocks of a file, written behind the back of those who make them.
//!
//! Rows are gathered until they fill a block of a mebibyte. The first block that is full takes the file to a
//! thread of its own, which compresses and writes while the next block is filled; a small output never needs
//! one.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use super::Error;
use super::compress::Compression;
use super::file::{PartialFile, Written};

/// Rows are gathered until they take this many bytes.
const BLOCK: usize = 1 << 20;
/// Full blocks that may wait to be written.
const BLOCKS_BEHIND: usize = 2;

/// A file that takes rows.
pub struct Output {
    pending: Block,
    /// Rows in the blocks before.
    rows: u64,
    file: Place,
}

/// Whole rows.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    rows: u64,
}

/// Where the file is.
enum Place {
    Here(PartialFile),
    Away(Writer),
    /// An error or the end has closed it.
    Closed,
}

/// The thread that writes.
struct Writer {
    blocks: SyncSender<Block>,
    /// Blocks that were written, to be filled again.
    spare: Receiver<Block>,
    thread: JoinHandle<Result<PartialFile, Error>>,
}

impl Output {
    /// Opens a path for writing; `-` is standard output.
    ///
    /// # Errors
    ///
    /// [`Error::Create`] if the place cannot be written to.
    pub fn create(path: &Path, compression: Compression) -> Result<Self, Error> {
        let file = Place::Here(PartialFile::create(path, compression)?);
        Ok(Self { pending: Block::default(), rows: 0, file })
    }

    /// Where the bytes of whole rows are put; [`took`](Self::took) says how many they were.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending.bytes
    }

    /// So many whole rows were put into the buffer, none for a header.
    ///
    /// # Errors
    ///
    /// [`Error::Write`]; the rows written before stand in the partial file, and nothing more can be written.
    pub fn took(&mut self, rows: u64) -> Result<(), Error> {
        self.pending.rows += rows;
        if self.pending.bytes.len() >= BLOCK { self.hand_over() } else { Ok(()) }
    }

    /// Takes whole rows: their bytes and their number, which is 0 for a header.
    ///
    /// # Errors
    ///
    /// As for [`took`](Self::took).
    pub fn write(&mut self, bytes: &[u8], rows: u64) -> Result<(), Error> {
        self.pending.bytes.extend_from_slice(bytes);
        self.took(rows)
    }

    /// Rows taken so far.
    pub fn count(&self) -> u64 {
        self.rows + self.pending.rows
    }

    /// Writes what is left and gives the file its name.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] as for [`took`](Self::took); [`Error::Rename`] if all rows stand, but under the partial
    /// name.
    pub fn finish(mut self) -> Result<Written, Error> {
        let mut file = self.fetch()?.ok_or(Error::Stopped)?;
        file.block(&self.pending.bytes, self.pending.rows)?;
        file.finish()
    }

    /// Gives the file up, after an error elsewhere or a signal: what was taken is still written, and the
    /// path of the partial file is returned if a row stands in it.
    pub fn abandon(mut self) -> Option<PathBuf> {
        self.settle()
    }

    fn settle(&mut self) -> Option<PathBuf> {
        // An error here adds nothing to the one that led here, and has kept the rows before it.
        let mut file = self.fetch().ok().flatten()?;
        file.block(&self.pending.bytes, self.pending.rows).ok()?;
        file.settle()
    }

    /// Gives the full block to the thread that writes.
    fn hand_over(&mut self) -> Result<(), Error> {
        let writer = match std::mem::replace(&mut self.file, Place::Closed) {
            Place::Here(file) => Writer::start(file),
            Place::Away(writer) => writer,
            Place::Closed => return Err(Error::Stopped),
        };
        self.rows += self.pending.rows;
        let empty = writer.spare.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.pending, empty);
        if writer.blocks.send(full).is_err() {
            return writer.end().map(drop);
        }
        self.file = Place::Away(writer);
        Ok(())
    }

    /// The file with all blocks that were handed over; none if it is closed.
    fn fetch(&mut self) -> Result<Option<PartialFile>, Error> {
        match std::mem::replace(&mut self.file, Place::Closed) {
            Place::Here(file) => Ok(Some(file)),
            Place::Away(writer) => writer.end().map(Some),
            Place::Closed => Ok(None),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.settle();
    }
}

impl Writer {
    fn start(mut file: PartialFile) -> Self {
        let (blocks, full) = sync_channel::<Block>(BLOCKS_BEHIND);
        let (give_back, spare) = channel();
        let thread = std::thread::spawn(move || {
            for mut block in full {
                file.block(&block.bytes, block.rows)?;
                block.bytes.clear();
                block.rows = 0;
                // Nobody fills blocks any more after the last one.
                let _ = give_back.send(block);
            }
            Ok(file)
        });
        Self { blocks, spare, thread }
    }

    /// Waits until all blocks are written.
    fn end(self) -> Result<PartialFile, Error> {
        drop(self.blocks);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use super::super::file::partial_path;
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
        output.write(b"y", 1).unwrap();
        let partial = folder.path().join("x.csv.partial");
        while fs::metadata(&partial).unwrap().len() < BLOCK as u64 {
            std::thread::yield_now();
        }
        assert_eq!(output.finish().unwrap(), Written { rows: 2, bytes: BLOCK as u64 + 1 });
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
}
