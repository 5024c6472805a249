//! Rows → a file of columns.
//!
//! What comes in: finished directions. What goes out: a file that an [`Encoder`] makes, in blocks of rows with a
//! footer behind them. The data path only collects cells (`batch.rs`); batches of them become the bytes of the file
//! (`parquet.rs`, `ipc.rs`), on a thread of its own where one worker makes all rows, and on those of the workers where there are
//! several.
//!
//! Such a file is readable only with its footer. Whatever ends the run earlier, the footer is written behind the
//! last block that stands whole; only a process that is killed leaves a partial file without one.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use weir_sdk::columns::ValueType;

use crate::parallel::Board;
use crate::schema::{RowShape, Schema};

use super::batch::{Batch, Packed};
use super::{Error, Finished, Output, Row, Sink, TextSink, Written};

/// Batches that may wait for the encoder.
const BATCHES_AHEAD: usize = 2;

/// Takes the bytes of a file, piece by piece.
pub(super) trait Pieces {
    /// Takes the next bytes out of a vector. Their memory may go with them, and other memory come in its place.
    fn put(&mut self, bytes: &mut Vec<u8>) -> Result<(), Error>;
}

impl Pieces for Output {
    fn put(&mut self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let out = self.buffer();
        if out.is_empty() {
            mem::swap(out, bytes)
        } else {
            out.append(bytes)
        }
        self.took(0)
    }
}

/// Why a block has no end.
#[derive(Debug)]
pub(super) enum Failure {
    /// The encoder cannot make it.
    Encoding(io::Error),
    /// The file does not take it.
    Writing(Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Encoding(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Writing(error)
    }
}

/// Makes the bytes of a file out of batches of cells.
pub(super) trait Encoder: Send {
    /// Puts what stands before the first block.
    fn header(&mut self, out: &mut dyn Pieces) -> Result<(), Failure>;

    /// Takes rows into the block.
    fn rows(&mut self, rows: &Batch) -> io::Result<()>;

    /// Whether the block should end here.
    fn is_full(&self) -> bool;

    /// Where it shows work that other threads may share, if it ever does.
    fn board(&self) -> Option<Arc<Board>> {
        None
    }

    /// Puts the block, in pieces if it is large, so that it never stands in memory as a whole.
    fn end_block(&mut self, out: &mut dyn Pieces) -> Result<(), Failure>;

    /// Appends the footer of a file that ends behind so many blocks. No more rows come.
    fn footer(&mut self, blocks: usize, out: &mut Vec<u8>) -> io::Result<()>;
}

/// What the thread is told.
enum Message {
    Rows(Batch),
    /// All rows were handed over, and the file may get its name.
    Finish,
}

/// How the thread ended.
enum Ended {
    Finished(Written),
    /// The path of the partial file, if it is kept.
    Abandoned(Option<PathBuf>),
}

/// A file of columns in the making.
pub struct ColumnarSink {
    shape: RowShape,
    types: Vec<ValueType>,
    /// Columns of row plugins.
    late: Vec<usize>,
    batch: Batch,
    rows: u64,
    place: Place,
}

/// Where batches become the bytes of the file.
enum Place {
    /// On the threads that hand over rows, which are as many as there shall be.
    Here(Box<BlockFile>),
    /// On a thread of its own.
    Away(Thread),
    Closed,
}

/// A thread that writes what is handed over.
struct Thread {
    messages: SyncSender<Message>,
    /// Batches that were written, for their memory.
    spare: Receiver<Batch>,
    thread: JoinHandle<Result<Ended, Error>>,
}

impl ColumnarSink {
    /// Begins the file, and starts a thread for it if so many threads, the one that hands over rows, are too few.
    pub(super) fn new(
        schema: &Schema,
        encoder: Box<dyn Encoder>,
        path: &Path,
        output: Output,
        threads: usize,
    ) -> Result<Self, Error> {
        let blocks = Blocks { path: path.to_owned(), encoder, ends: Vec::new() };
        let file = BlockFile { blocks, output, pending: 0 };
        let place = if threads > 1 {
            Place::Here(Box::new(file.begun()?))
        } else {
            Place::Away(Thread::start(file)?)
        };
        Ok(Self {
            shape: schema.shape(),
            types: schema.declared().map(|declared| declared.column.value).collect(),
            late: late_columns(schema),
            batch: Batch::default(),
            rows: 0,
            place,
        })
    }

    /// Takes rows whose cells stand in `buffers`, except for those of row plugins, which stand in `finished`. Each row
    /// says in which of the buffers it stands, and where.
    pub(crate) fn share<'a>(
        &mut self,
        buffers: impl Iterator<Item = &'a Arc<Packed>>,
        rows: impl Iterator<Item = (usize, Row)>,
        finished: &Finished<'_>,
    ) -> Result<(), Error> {
        let before = self.batch.rows();
        self.batch.share(buffers, rows, (&self.late, finished), (self.shape, &self.types));
        self.took_rows_since(before)
    }

    /// Where threads that have nothing else to do find work of this sink.
    pub(crate) fn board(&self) -> Option<Arc<Board>> {
        match &self.place {
            Place::Here(file) => file.blocks.encoder.board(),
            Place::Away(_) | Place::Closed => None,
        }
    }

    fn took_rows_since(&mut self, before: usize) -> Result<(), Error> {
        self.rows += (self.batch.rows() - before) as u64;
        if self.batch.is_full() { self.hand_over() } else { Ok(()) }
    }

    /// A place that fails stays closed.
    fn hand_over(&mut self) -> Result<(), Error> {
        self.place = match mem::replace(&mut self.place, Place::Closed) {
            Place::Here(file) => {
                let file = file.after(|file| file.rows(&self.batch))?;
                self.batch.clear();
                Place::Here(Box::new(file))
            }
            Place::Away(thread) => {
                let next = thread.spare.try_recv().unwrap_or_default();
                let batch = mem::replace(&mut self.batch, next);
                if thread.messages.send(Message::Rows(batch)).is_err() {
                    // A thread that does not listen has failed, and says why.
                    return thread.join().and(Err(Error::Stopped));
                }
                Place::Away(thread)
            }
            Place::Closed => return Err(Error::Stopped),
        };
        Ok(())
    }

    /// Ends the file, which gets its name if it is whole.
    fn end(&mut self, is_whole: bool) -> Result<Ended, Error> {
        self.hand_over()?;
        match mem::replace(&mut self.place, Place::Closed) {
            Place::Here(file) => file.end(is_whole),
            Place::Away(thread) => thread.end(is_whole),
            Place::Closed => Err(Error::Stopped),
        }
    }
}

impl Thread {
    fn start(file: BlockFile) -> Result<Self, Error> {
        let path = file.blocks.path.clone();
        let (messages, incoming) = sync_channel(BATCHES_AHEAD);
        let (used, spare) = sync_channel(BATCHES_AHEAD);
        let thread = Builder::new().name("rows".to_owned()).spawn(move || file.write_all(&incoming, &used));
        let thread = thread.map_err(|source| Error::Create { path, source })?;
        Ok(Self { messages, spare, thread })
    }

    fn end(self, is_whole: bool) -> Result<Ended, Error> {
        if is_whole {
            // A thread that does not listen has failed, and says why.
            let _ = self.messages.send(Message::Finish);
        }
        self.join()
    }

    /// Waits for the thread; its panic goes on here.
    fn join(self) -> Result<Ended, Error> {
        drop(self.messages);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn late_columns(schema: &Schema) -> Vec<usize> {
    let late = schema.declared().filter(|declared| schema.is_late(declared.plugin));
    late.map(|declared| declared.index).collect()
}

impl Sink for ColumnarSink {
    fn rows(&mut self, finished: &Finished<'_>) -> Result<(), Error> {
        let before = self.batch.rows();
        self.batch.take(finished, self.shape, &self.types);
        self.took_rows_since(before)
    }

    fn count(&self) -> u64 {
        self.rows
    }

    fn text(&mut self) -> Option<&mut TextSink> {
        None
    }

    fn columns(&mut self) -> Option<&mut ColumnarSink> {
        Some(self)
    }

    fn end_rows(&mut self) -> Result<(), Error> {
        self.hand_over()?;
        self.place = match mem::replace(&mut self.place, Place::Closed) {
            Place::Here(file) => Place::Here(Box::new(file.after(BlockFile::end_block)?)),
            other => other,
        };
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        match self.end(true)? {
            Ended::Finished(written) => Ok(written),
            Ended::Abandoned(_) => Err(Error::Stopped),
        }
    }

    fn abandon(mut self: Box<Self>) -> Option<PathBuf> {
        match self.end(false) {
            Ok(Ended::Abandoned(partial)) => partial,
            Err(Error::Write { partial, .. }) => partial,
            _ => None,
        }
    }
}

/// A run that fails elsewhere keeps what was handed over.
impl Drop for ColumnarSink {
    fn drop(&mut self) {
        // What goes wrong here adds nothing to what led here.
        let _ = match mem::replace(&mut self.place, Place::Closed) {
            Place::Here(file) => file.end(false),
            Place::Away(thread) => thread.end(false),
            Place::Closed => return,
        };
    }
}

/// The file.
struct BlockFile {
    blocks: Blocks,
    output: Output,
    /// Rows that the encoder holds.
    pending: u64,
}

/// Counts the bytes that it hands on.
struct Counted<'a> {
    out: &'a mut dyn Pieces,
    bytes: u64,
}

impl Pieces for Counted<'_> {
    fn put(&mut self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.bytes += bytes.len() as u64;
        self.out.put(bytes)
    }
}

/// What was made of the file so far.
struct Blocks {
    path: PathBuf,
    encoder: Box<dyn Encoder>,
    /// Where the header ends, and then each block.
    ends: Vec<Written>,
}

impl BlockFile {
    /// Writes what stands before all rows.
    fn begun(self) -> Result<Self, Error> {
        self.after(|file| file.put(|encoder, out| encoder.header(out)))
    }

    /// Writes what is handed over until all is there or nobody hands over any more.
    fn write_all(self, messages: &Receiver<Message>, used: &SyncSender<Batch>) -> Result<Ended, Error> {
        let mut file = self.begun()?;
        loop {
            match messages.recv() {
                Ok(Message::Rows(mut batch)) => {
                    file = file.after(|file| file.rows(&batch))?;
                    batch.clear();
                    // If nobody wants its memory, it is freed.
                    let _ = used.try_send(batch);
                }
                Ok(Message::Finish) => return file.end(true),
                Err(_) => return file.end(false),
            }
        }
    }

    /// Puts the footer behind all rows; a file that is whole gets its name.
    fn end(self, is_whole: bool) -> Result<Ended, Error> {
        let file = self.after(Self::put_rest)?;
        if is_whole { file.finish().map(Ended::Finished) } else { Ok(Ended::Abandoned(file.abandon())) }
    }

    /// The file after some work, which, if it fails, is the last.
    fn after(mut self, work: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<Self, Error> {
        match work(&mut self) {
            Ok(()) => Ok(self),
            Err(error) => Err(self.mend(error)),
        }
    }

    fn end_block(&mut self) -> Result<(), Error> {
        if self.pending == 0 {
            return Ok(());
        }
        self.put(|encoder, out| encoder.end_block(out))
    }

    fn put_rest(&mut self) -> Result<(), Error> {
        self.end_block()?;
        let footer = self.blocks.footer(self.blocks.ends.len() - 1)?;
        self.output.write(&footer, 0)
    }

    /// Gives the file up after an error, and says what stands in it.
    fn mend(self, error: Error) -> Error {
        let Self { output, mut blocks, .. } = self;
        blocks.mend(error, output.abandon())
    }

    fn rows(&mut self, batch: &Batch) -> Result<(), Error> {
        if batch.rows() == 0 {
            return Ok(());
        }
        self.blocks.encoder.rows(batch).map_err(|source| self.blocks.failed(source))?;
        self.pending += batch.rows() as u64;
        if self.blocks.encoder.is_full() { self.end_block() } else { Ok(()) }
    }

    /// Puts what the encoder makes into the file: the header, or the rows that it holds.
    fn put(
        &mut self,
        make: impl FnOnce(&mut dyn Encoder, &mut dyn Pieces) -> Result<(), Failure>,
    ) -> Result<(), Error> {
        let rows = mem::take(&mut self.pending);
        self.blocks.make(rows, &mut self.output, make)?;
        self.output.took(rows)
    }

    fn finish(self) -> Result<Written, Error> {
        let Self { output, mut blocks, .. } = self;
        output.finish().map_err(|error| blocks.mend(error, None))
    }

    fn abandon(self) -> Option<PathBuf> {
        let Self { output, mut blocks, .. } = self;
        let partial = output.abandon()?;
        blocks.keep(&partial).map(|_| partial)
    }
}

impl Blocks {
    /// Puts what the encoder makes of so many rows. If it fails, a part of that may stand there, behind what is whole.
    fn make(
        &mut self,
        rows: u64,
        out: &mut dyn Pieces,
        make: impl FnOnce(&mut dyn Encoder, &mut dyn Pieces) -> Result<(), Failure>,
    ) -> Result<(), Error> {
        let mut counted = Counted { out, bytes: 0 };
        make(&mut *self.encoder, &mut counted).map_err(|failure| match failure {
            Failure::Encoding(source) => self.failed(source),
            Failure::Writing(error) => error,
        })?;
        let last = self.ends.last().copied().unwrap_or_default();
        self.ends.push(Written { rows: last.rows + rows, bytes: last.bytes + counted.bytes });
        Ok(())
    }

    fn footer(&mut self, blocks: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.encoder.footer(blocks, &mut bytes).map_err(|source| self.failed(source))?;
        Ok(bytes)
    }

    /// What the encoder cannot do.
    fn failed(&self, source: io::Error) -> Error {
        Error::Write { path: self.path.clone(), partial: None, rows: 0, bytes: 0, source }
    }

    /// Ends the partial file that an error leaves, and says what stands in it.
    fn mend(&mut self, error: Error, abandoned: Option<PathBuf>) -> Error {
        let Error::Write { path, partial, rows, bytes, source } = error else { return error };
        let Some(partial) = partial.or(abandoned) else {
            return Error::Write { path, partial: None, rows, bytes, source };
        };
        let kept = self.keep(&partial);
        let Written { rows, bytes } = kept.unwrap_or_default();
        Error::Write { path, partial: kept.map(|_| partial), rows, bytes, source }
    }

    /// Puts a footer behind the last block of a partial file that stands whole, or behind one before it if there is
    /// no room. A file of which nothing can be kept is removed.
    fn keep(&mut self, partial: &Path) -> Option<Written> {
        let length = fs::metadata(partial).map_or(0, |file| file.len());
        let whole = self.ends.iter().take_while(|end| end.bytes <= length).count();
        for blocks in (1..whole).rev() {
            let end = self.ends[blocks];
            let footer = self.footer(blocks).ok()?;
            if end_with(partial, end.bytes, &footer).is_ok() {
                return Some(Written { rows: end.rows, bytes: end.bytes + footer.len() as u64 });
            }
        }
        // An error here adds nothing to the one that led here.
        let _ = fs::remove_file(partial);
        None
    }
}

/// Cuts a file and appends to it.
fn end_with(path: &Path, length: u64, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length))?;
    file.write_all(bytes)
}

#[cfg(test)]
impl Pieces for Vec<u8> {
    fn put(&mut self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.append(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::UInt64Type;
    use arrow_array::{RecordBatch, UInt64Array};
    use arrow_ipc::reader::FileReader;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use weir_sdk::abi::ColumnCells;

    use super::*;
    use crate::schema::samples::{both, column, plugin};
    use crate::sink::samples::{buffer, end};
    use crate::sink::{Format, Profile, Provenance};

    const EXTENSIONS: [&str; 2] = ["parquet", "arrow"];
    /// On a thread of its own, and on that which hands over.
    const THREADS: [usize; 2] = [1, 2];

    fn cases() -> impl Iterator<Item = (&'static str, usize)> {
        EXTENSIONS.into_iter().flat_map(|extension| THREADS.map(|threads| (extension, threads)))
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn create(path: &Path, threads: usize) -> Box<dyn Sink> {
        let plugin = plugin("one", vec![column::<u64>("flow"), both::<u32>("n")]);
        let schema = Schema::new(&[plugin], RowShape::Conversation).unwrap();
        let format = Format::choose(path, None, Profile::Weir).unwrap().on_threads(threads);
        format.create(path, &schema, &Provenance::default()).unwrap()
    }

    /// Hands over conversations without a reply, a hundred at a time.
    fn take(sink: &mut dyn Sink, flows: std::ops::Range<u64>) {
        for first in flows.step_by(100) {
            let flows = first..first + 100;
            let columns = [buffer(flows.clone()), buffer(flows.clone().map(|flow| flow as u32))];
            let cells = columns.iter().map(|column| Some(ColumnCells::of(column))).collect();
            let ends: Vec<_> = flows.map(|flow| end(flow, 0)).collect();
            sink.rows(&Finished { cells, ends: &ends }).unwrap();
        }
    }

    fn batches(path: &Path) -> Vec<RecordBatch> {
        let file = File::open(path).unwrap();
        if path.to_str().unwrap().contains(".parquet") {
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
            reader.map(Result::unwrap).collect()
        } else {
            FileReader::try_new(file, None).unwrap().map(Result::unwrap).collect()
        }
    }

    /// The flows of a file, after a look at its other columns.
    fn flows(path: &Path) -> Vec<u64> {
        let mut flows = Vec::new();
        for batch in batches(path) {
            let own: &UInt64Array = batch.column(0).as_primitive::<UInt64Type>();
            assert!(
                own.values()
                    .iter()
                    .zip(batch.column(1).as_primitive::<arrow_array::types::UInt32Type>().values())
                    .all(|(flow, n)| *flow == u64::from(*n))
            );
            assert_eq!(batch.column(2).null_count(), batch.num_rows());
            flows.extend(own.values());
        }
        flows
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn rows_of_many_blocks_read_back_in_order() {
        for (extension, threads) in cases() {
            let folder = folder();
            let path = folder.path().join(format!("x.{extension}"));
            let mut sink = create(&path, threads);
            take(&mut *sink, 0..150_000);
            assert_eq!(sink.count(), 150_000);
            let written = sink.finish().unwrap();
            assert_eq!(names(&folder), [format!("x.{extension}")]);
            assert_eq!(written, Written { rows: 150_000, bytes: fs::metadata(&path).unwrap().len() });
            assert!(flows(&path).into_iter().eq(0..150_000));
        }
    }

    #[test]
    fn a_file_without_rows_still_has_its_columns() {
        for (extension, threads) in cases() {
            let folder = folder();
            let path = folder.path().join(format!("x.{extension}"));
            create(&path, threads).finish().unwrap();
            assert_eq!(flows(&path).len(), 0);
        }
    }

    #[test]
    fn rows_of_a_file_that_is_given_up_are_kept_as_partial() {
        for (extension, threads) in cases() {
            let folder = folder();
            let mut sink = create(&folder.path().join(format!("x.{extension}")), threads);
            take(&mut *sink, 0..5000);
            let partial = sink.abandon().unwrap();
            assert_eq!(names(&folder), [format!("x.{extension}.partial")]);
            assert!(flows(&partial).into_iter().eq(0..5000));
        }
    }

    #[test]
    fn a_file_that_is_given_up_without_rows_is_not_kept() {
        for (extension, threads) in cases() {
            let folder = folder();
            let path = folder.path().join(format!("x.{extension}"));
            assert_eq!(create(&path, threads).abandon(), None);
            drop(create(&path, threads));
            assert!(names(&folder).is_empty());
        }
    }

    /// The file with three blocks of 2100 rows, and where they end.
    fn three_blocks(path: &Path) -> Blocks {
        let plugin = plugin("one", vec![column::<u64>("flow"), both::<u32>("n")]);
        let schema = Schema::new(&[plugin], RowShape::Conversation).unwrap();
        let fields = crate::sink::arrow::arrow_schema(&schema, &Provenance::default());
        let open =
            if path.ends_with("x.parquet") { crate::sink::parquet::open } else { crate::sink::ipc::open };
        let encoder = open(&schema, &fields, 2).unwrap();
        let mut blocks = Blocks { path: path.to_owned(), encoder, ends: Vec::new() };
        let mut file = Vec::new();
        blocks.make(0, &mut file, |encoder, out| encoder.header(out)).unwrap();
        for first in [0, 2100, 4200] {
            let flows = first..first + 2100;
            let cells = [buffer(flows.clone()), buffer(flows.clone().map(|flow| flow as u32))];
            let ends: Vec<_> = flows.map(|flow| end(flow, 0)).collect();
            let cells = cells.iter().map(|column| Some(ColumnCells::of(column))).collect();
            let types: Vec<_> = schema.declared().map(|declared| declared.column.value).collect();
            let mut batch = Batch::default();
            batch.take(&Finished { cells, ends: &ends }, schema.shape(), &types);
            blocks.encoder.rows(&batch).unwrap();
            blocks.make(2100, &mut file, |encoder, out| encoder.end_block(out)).unwrap();
        }
        fs::write(path, file).unwrap();
        blocks
    }

    /// A disk that fills up in the middle of a block or of the footer.
    #[test]
    fn what_stands_whole_of_a_torn_file_is_kept() {
        for extension in EXTENSIONS {
            let folder = folder();
            let path = folder.path().join(format!("x.{extension}"));
            let mut blocks = three_blocks(&path);
            for (last, torn) in [(3, 0), (2, 100), (1, 1)] {
                let length = blocks.ends[last].bytes + torn;
                File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
                let kept = blocks.keep(&path).unwrap();
                assert_eq!(kept.bytes, fs::metadata(&path).unwrap().len());
                assert!(flows(&path).into_iter().eq(0..kept.rows));
                assert_eq!(kept.rows, 2100 * last as u64);
            }
            File::options().write(true).open(&path).unwrap().set_len(blocks.ends[1].bytes - 1).unwrap();
            assert_eq!(blocks.keep(&path), None);
            assert!(names(&folder).is_empty());
        }
    }

    /// `/dev/full` answers every write as a full disk does.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_in_one_sentence() {
        for (extension, threads) in cases() {
            let folder = folder();
            let path = folder.path().join(format!("x.{extension}"));
            let partial = folder.path().join(format!("x.{extension}.partial"));
            std::os::unix::fs::symlink("/dev/full", partial).unwrap();
            let mut sink = create(&path, threads);
            take(&mut *sink, 0..100);
            let error = sink.finish().unwrap_err().to_string();
            let expected = format!(
                "cannot write `{}`: no space left on device after 0 rows (0 bytes); no file was kept; \
                 free space or choose another place with -w",
                path.display()
            );
            assert_eq!(error, expected);
            assert!(names(&folder).is_empty());
        }
    }

    /// The same when the disk is full long before the end: the data path hears of it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_fills_up_early_ends_the_rows() {
        for threads in THREADS {
            let folder = folder();
            std::os::unix::fs::symlink("/dev/full", folder.path().join("x.arrow.partial")).unwrap();
            let mut sink = create(&folder.path().join("x.arrow"), threads);
            let columns = [buffer(0..4000u64), buffer(0..4000u32)];
            let ends: Vec<_> = (0..4000).map(|flow| end(flow, 0)).collect();
            let error = (0..10_000).find_map(|_| {
                let cells = columns.iter().map(|column| Some(ColumnCells::of(column))).collect();
                sink.rows(&Finished { cells, ends: &ends }).err()
            });
            assert!(error.unwrap().to_string().contains("no space left on device"));
        }
    }
}
