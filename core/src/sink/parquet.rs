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
mod group;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::sync::Arc;

use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::TrackedWrite;

use crate::parallel::Board;
use crate::schema::Schema;

use super::batch::Batch;
use super::cell::Source;
use super::columnar::{Encoder, Failure, Pieces};

use chunk::Chunks;
use column::{Column, Rows};
use group::encode;

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
    /// One for each thread that encodes at a time.
    makers: Vec<Chunks>,
    board: Arc<Board>,
    out: TrackedWrite<Vec<u8>>,
    /// What the footer says of the whole file.
    file: FileMetaData,
    groups: Vec<RowGroupMetaData>,
}

/// Begins a file whose row groups are encoded on so many threads at most, if others help.
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
        board: Arc::default(),
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

    fn board(&self) -> Option<Arc<Board>> {
        Some(Arc::clone(&self.board))
    }

    fn end_block(&mut self, out: &mut dyn Pieces) -> Result<(), Failure> {
        let Self { columns, makers, board, out: bytes, .. } = self;
        let start = bytes.bytes_written();
        let schema = self.file.schema_descr_ptr();
        let mut chunks = Vec::new();
        encode(columns, makers, board, |column, chunk| {
            let (chunk, memory) = chunk.write(schema.column(chunks.len()), bytes)?;
            chunks.push(chunk);
            column.spare = memory;
            if bytes.inner().len() >= PIECE { put_bytes(bytes, out) } else { Ok(()) }
        })?;
        put_bytes(bytes, out)?;
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
