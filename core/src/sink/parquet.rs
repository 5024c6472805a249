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

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::TrackedWrite;

use crate::schema::Schema;

use super::batch::Batch;
use super::cell::Source;
use super::columnar::Encoder;

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

impl Parquet {
    fn take_bytes(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.out.flush()?;
        let bytes = self.out.inner_mut();
        if out.is_empty() {
            std::mem::swap(out, bytes)
        } else {
            out.append(bytes)
        }
        Ok(())
    }
}

impl Encoder for Parquet {
    fn header(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.out.write_all(MAGIC)?;
        self.take_bytes(out)
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

    fn end_block(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let start = self.out.bytes_written();
        let schema = self.file.schema_descr_ptr();
        let encoded = encoded(&mut self.makers, &mut self.columns)?;
        let chunks = encoded.into_iter().zip(schema.columns());
        let chunks = chunks.map(|(chunk, description)| chunk.write(description.clone(), &mut self.out));
        let chunks = chunks.collect::<io::Result<Vec<_>>>()?;
        let group = RowGroupMetaData::builder(schema)
            .set_num_rows(std::mem::take(&mut self.rows) as i64)
            .set_total_byte_size(chunks.iter().map(|chunk| chunk.uncompressed_size()).sum())
            .set_ordinal(self.groups.len() as i32)
            .set_file_offset(start as i64)
            .set_column_metadata(chunks);
        self.groups.push(group.build()?);
        self.take_bytes(out)
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

/// The chunks of all columns, in order, which have no rows then.
///
/// Columns take very different times, so each thread takes the next that no other has taken.
fn encoded(makers: &mut [Chunks], columns: &mut [Column]) -> io::Result<Vec<Encoded>> {
    let rest = Mutex::new(columns.iter_mut().enumerate());
    let next = || rest.lock().unwrap_or_else(PoisonError::into_inner).next();
    let encode = |maker: &mut Chunks| -> io::Result<Vec<(usize, Encoded)>> {
        let mut done = Vec::new();
        while let Some((at, column)) = next() {
            done.push((at, maker.encoded(column)?));
            column.clear();
        }
        Ok(done)
    };
    let Some((own, others)) = makers.split_first_mut() else { return Ok(Vec::new()) };
    let mut all = thread::scope(|scope| {
        let threads: Vec<_> = others.iter_mut().map(|maker| scope.spawn(|| encode(maker))).collect();
        let mut all = encode(own)?;
        for thread in threads {
            all.append(&mut thread.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        io::Result::Ok(all)
    })?;
    all.sort_unstable_by_key(|&(at, _)| at);
    Ok(all.into_iter().map(|(_, chunk)| chunk).collect())
}
