//! Rows as Apache Parquet.
//!
//! What comes in: batches of cells. What goes out: row groups, each bounded in rows and in memory, and the footer that
//! says where they stand. Cells are collected column by column (`column.rs`) and become pages when the row group ends
//! (`chunk.rs`, `encoding.rs`, `dictionary.rs`); the crate `parquet` makes all that stands around them: the schema, the
//! headers of pages, and the footer. Why pages are not left to it, too, says `docs/performance.md`.

mod chunk;
mod column;
mod dictionary;
mod encoding;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::TrackedWrite;

use crate::schema::Schema;

use super::batch::Batch;
use super::cell::Source;
use super::columnar::{Encoder, Failure, Pieces};

use chunk::{Chunks, Encoded};
use column::{Column, Rows};

/// Rows of a row group.
const ROWS_PER_GROUP: usize = 1 << 15;
/// Bytes in memory at which a row group ends with fewer rows.
const BYTES_PER_GROUP: usize = 64 << 20;
/// Each thread that encodes has tables of its own.
const MOST_THREADS: usize = 8;
/// What every file begins with.
const MAGIC: &[u8; 4] = b"PAR1";
/// Bytes of a row group that go to the file together.
const PIECE: usize = 1 << 20;

/// What makes the bytes of a file.
pub(super) struct Parquet {
    columns: Vec<Column>,
    rows: usize,
    /// One for each thread that encodes.
    makers: Vec<Chunks>,
    out: TrackedWrite<Vec<u8>>,
    /// What the footer says of the whole file.
    file: FileMetaData,
    groups: Vec<RowGroupMetaData>,
}

/// Begins a file whose row groups are encoded on so many threads.
pub(super) fn open(schema: &Schema, fields: &SchemaRef, threads: usize) -> io::Result<Box<dyn Encoder>> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("weir ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    // A file without rows says all that does not depend on rows.
    let empty = ArrowWriter::try_new(Vec::new(), fields.clone(), Some(properties))?.close()?;
    Ok(Box::new(Parquet {
        columns: schema.columns().iter().map(|column| Column::new(Source::of(column))).collect(),
        rows: 0,
        makers: (0..threads.clamp(1, MOST_THREADS)).map(|_| Chunks::new()).collect::<Result<_, _>>()?,
        out: TrackedWrite::new(Vec::new()),
        file: empty.file_metadata().clone(),
        groups: Vec::new(),
    }))
}

impl Encoder for Parquet {
    fn header(&mut self, out: &mut dyn Pieces) -> Result<(), Failure> {
        self.out.write_all(MAGIC)?;
        put_bytes(&mut self.out, out)
    }

    fn rows(&mut self, batch: &Batch) -> io::Result<()> {
        let mut rows = Rows::of(batch);
        self.columns.iter_mut().for_each(|column| column.take(&mut rows));
        self.rows += batch.rows();
        Ok(())
    }

    fn is_full(&self) -> bool {
        let bytes = || self.columns.iter().map(Column::size).sum::<usize>();
        self.rows >= ROWS_PER_GROUP || bytes() >= BYTES_PER_GROUP
    }

    fn end_block(&mut self, out: &mut dyn Pieces) -> Result<(), Failure> {
        let Self { columns, makers, out: bytes, .. } = self;
        let start = bytes.bytes_written();
        let schema = self.file.schema_descr_ptr();
        let (mut chunks, mut spare) = (Vec::new(), Vec::new());
        encode(makers, columns, |chunk| {
            let (chunk, memory) = chunk.write(schema.column(chunks.len()), bytes)?;
            chunks.push(chunk);
            spare.push(memory);
            if bytes.inner().len() >= PIECE { put_bytes(bytes, out) } else { Ok(()) }
        })?;
        put_bytes(bytes, out)?;
        columns.iter_mut().zip(spare).for_each(|(column, memory)| column.spare = memory);
        let group = RowGroupMetaData::builder(schema)
            .set_num_rows(std::mem::take(&mut self.rows) as i64)
            .set_total_byte_size(chunks.iter().map(|chunk| chunk.uncompressed_size()).sum())
            .set_ordinal(self.groups.len() as i32)
            .set_file_offset(start as i64)
            .set_column_metadata(chunks);
        self.groups.push(group.build().map_err(io::Error::from)?);
        Ok(())
    }

    fn footer(&mut self, blocks: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let groups = self.groups[..blocks].to_vec();
        let file = FileMetaData::new(
            self.file.version(),
            groups.iter().map(|group| group.num_rows()).sum(),
            self.file.created_by().map(str::to_owned),
            self.file.key_value_metadata().cloned(),
            self.file.schema_descr_ptr(),
            self.file.column_orders().cloned(),
        );
        ParquetMetaDataWriter::new(&mut *out, &ParquetMetaData::new(file, groups)).finish()?;
        Ok(())
    }
}

/// Puts what was written so far.
fn put_bytes(bytes: &mut TrackedWrite<Vec<u8>>, out: &mut dyn Pieces) -> Result<(), Failure> {
    bytes.flush()?;
    Ok(out.put(bytes.inner_mut())?)
}

/// Hands on the chunks of all columns, in order, which have no rows then.
///
/// Columns take very different times, so each thread takes the next that no other has taken; and this thread hands on what
/// is done before it takes the next.
fn encode(
    makers: &mut [Chunks],
    columns: &mut [Column],
    mut hand_on: impl FnMut(Encoded) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let rest = Mutex::new(columns.iter_mut().enumerate());
    let done = Mutex::new(BTreeMap::new());
    let encode_next = |maker: &mut Chunks| -> io::Result<bool> {
        let Some((at, column)) = locked(&rest).next() else { return Ok(false) };
        let chunk = maker.encoded(column)?;
        column.clear();
        locked(&done).insert(at, chunk);
        Ok(true)
    };
    let mut next = 0;
    let mut hand_on_done = || -> Result<(), Failure> {
        while let Some(chunk) = { locked(&done).remove(&next) } {
            hand_on(chunk)?;
            next += 1;
        }
        Ok(())
    };
    let Some((own, others)) = makers.split_first_mut() else { return Ok(()) };
    thread::scope(|scope| {
        let encode_rest = |maker: &mut Chunks| -> io::Result<()> {
            while encode_next(maker)? {}
            Ok(())
        };
        let threads: Vec<_> =
            others.iter_mut().map(|maker| scope.spawn(move || encode_rest(maker))).collect();
        while encode_next(own)? {
            hand_on_done()?;
        }
        for thread in threads {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        }
        hand_on_done()
    })
}

/// What the mutex holds is whole between any two statements that could panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
