//! Rows as Apache Parquet.
//!
//! What comes in: batches of Arrow arrays. What goes out: row groups, each bounded in rows and in memory, and the
//! footer that says where they stand.

use std::io;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, FieldRef, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetMetaDataWriter};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::columnar::Encoder;

/// Rows of a row group.
const ROWS_PER_GROUP: usize = 1 << 16;
/// Bytes in memory at which a row group ends with fewer rows.
const BYTES_PER_GROUP: usize = 64 << 20;
/// Rows of a page, which is compressed as one: each column has memory for a page or two.
const ROWS_PER_PAGE: usize = 1 << 13;
/// The third level makes files that are hardly smaller (`docs/performance.md`).
const ZSTD_LEVEL: i32 = 1;

/// What makes the bytes of a file.
pub(super) struct Parquet {
    writer: ArrowWriter<Vec<u8>>,
    /// Of the whole file, once no more rows come.
    metadata: Option<ParquetMetaData>,
}

/// Begins a file.
pub(super) fn open(schema: &SchemaRef) -> io::Result<Box<dyn Encoder>> {
    let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties(schema)?))?;
    Ok(Box::new(Parquet { writer, metadata: None }))
}

/// Statistics and page indexes serve those who look for few rows; rows of flows are read whole.
fn properties(schema: &SchemaRef) -> io::Result<WriterProperties> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("weir ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_data_page_row_count_limit(ROWS_PER_PAGE)
        .set_max_row_group_row_count(None);
    Ok(schema.fields().iter().fold(properties, encoded).build())
}

/// Text repeats itself as a whole, times have small differences, floats have bytes that are alike; other numbers
/// are left to zstd, which makes less of them than dictionaries do, and sooner (`docs/performance.md`).
fn encoded(properties: WriterPropertiesBuilder, field: &FieldRef) -> WriterPropertiesBuilder {
    let (path, element) = match field.data_type() {
        DataType::List(item) => (vec![field.name().as_str(), "list", item.name()], item.data_type()),
        element => (vec![field.name().as_str()], element),
    };
    let path = ColumnPath::new(path.into_iter().map(str::to_owned).collect());
    match element {
        DataType::Utf8 => properties.set_column_dictionary_enabled(path, true),
        DataType::Timestamp(..) | DataType::Duration(_) => {
            properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
        }
        DataType::Float32 | DataType::Float64 => {
            properties.set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT)
        }
        _ => properties,
    }
}

impl Parquet {
    fn take_bytes(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.writer.sync()?;
        out.append(self.writer.inner_mut());
        Ok(())
    }
}

impl Encoder for Parquet {
    fn header(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.take_bytes(out)
    }

    fn rows(&mut self, rows: &RecordBatch) -> io::Result<()> {
        Ok(self.writer.write(rows)?)
    }

    fn is_full(&self) -> bool {
        self.writer.in_progress_rows() >= ROWS_PER_GROUP || self.writer.memory_size() >= BYTES_PER_GROUP
    }

    fn end_block(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.writer.flush()?;
        self.take_bytes(out)
    }

    fn footer(&mut self, blocks: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let whole = match self.metadata.take() {
            Some(whole) => whole,
            None => self.writer.finish()?,
        };
        let row_groups = whole.row_groups()[..blocks].to_vec();
        let file = whole.file_metadata();
        let file = FileMetaData::new(
            file.version(),
            row_groups.iter().map(|group| group.num_rows()).sum(),
            file.created_by().map(str::to_owned),
            file.key_value_metadata().cloned(),
            file.schema_descr_ptr(),
            file.column_orders().cloned(),
        );
        ParquetMetaDataWriter::new(&mut *out, &ParquetMetaData::new(file, row_groups)).finish()?;
        self.metadata = Some(whole);
        Ok(())
    }
}
