//! Rows as an Arrow IPC file, also known as Feather version 2.
//!
//! What comes in: batches of cells, which become Arrow arrays (`arrow.rs`). What goes out: the magic word, the messages of the schema and of each
//! batch, and a footer that says where the batches stand. Their buffers are compressed with zstd, without which a
//! file is as large as the same rows as CSV.

use std::io;

use arrow_ipc::convert::IpcSchemaEncoder;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_ipc::{Block, CompressionType, FooterBuilder, MetadataVersion};
use arrow_schema::{ArrowError, SchemaRef};
use flatbuffers::FlatBufferBuilder;
use weir_sdk::columns::ValueType;

use crate::schema::Schema;

use super::arrow::record_batch;
use super::batch::Batch;
use super::cell::Source;
use super::columnar::{Encoder, Failure, Pieces};

const MAGIC: &[u8; 6] = b"ARROW1";
/// What stands before and behind the messages is padded to eight bytes.
const PADDING: &[u8; 2] = &[0; 2];
/// A message begins with four bytes of ones and the length of its metadata.
const MESSAGE_PREFIX: usize = 8;
/// A message without metadata ends the messages.
const END_OF_MESSAGES: [u8; MESSAGE_PREFIX] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// What makes the bytes of a file.
pub(super) struct Ipc {
    schema: SchemaRef,
    sources: Vec<Source>,
    types: Vec<ValueType>,
    writer: StreamWriter<Vec<u8>>,
    length: usize,
    blocks: Vec<Block>,
}

/// Begins a file. Its blocks are small enough for one thread.
pub(super) fn open(schema: &Schema, fields: &SchemaRef, _threads: usize) -> io::Result<Box<dyn Encoder>> {
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD));
    let options = options.and_then(|options| options.try_with_compression_level(Some(1))).map_err(failed)?;
    let begin = [&MAGIC[..], PADDING].concat();
    let writer = StreamWriter::try_new_with_options(begin, fields, options).map_err(failed)?;
    Ok(Box::new(Ipc {
        schema: fields.clone(),
        sources: schema.columns().iter().map(Source::of).collect(),
        types: schema.declared().map(|declared| declared.column.value).collect(),
        writer,
        length: 0,
        blocks: Vec::new(),
    }))
}

fn failed(error: ArrowError) -> io::Error {
    io::Error::other(error)
}

impl Ipc {
    fn put_bytes(&mut self, out: &mut dyn Pieces) -> Result<(), Failure> {
        self.length += self.writer.get_ref().len();
        Ok(out.put(self.writer.get_mut())?)
    }
}

impl Encoder for Ipc {
    fn header(&mut self, out: &mut dyn Pieces) -> Result<(), Failure> {
        self.put_bytes(out)
    }

    fn rows(&mut self, batch: &Batch) -> io::Result<()> {
        let (cells, rows) = batch.in_order(&self.types);
        let rows = record_batch(&self.schema, &self.sources, &cells, &rows).map_err(failed)?;
        self.writer.write(&rows).map_err(failed)
    }

    fn is_full(&self) -> bool {
        true
    }

    fn end_block(&mut self, out: &mut dyn Pieces) -> Result<(), Failure> {
        let message = self.writer.get_ref();
        if let Some(prefix) = message.first_chunk::<MESSAGE_PREFIX>() {
            let [_, _, _, _, length @ ..] = *prefix;
            let metadata = MESSAGE_PREFIX as i32 + i32::from_le_bytes(length);
            let body = message.len() as i64 - i64::from(metadata);
            self.blocks.push(Block::new(self.length as i64, metadata, body));
        }
        self.put_bytes(out)
    }

    fn footer(&mut self, blocks: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let mut builder = FlatBufferBuilder::new();
        let batches = builder.create_vector(&self.blocks[..blocks]);
        let schema = IpcSchemaEncoder::new().schema_to_fb_offset(&mut builder, &self.schema);
        let mut footer = FooterBuilder::new(&mut builder);
        footer.add_version(MetadataVersion::V5);
        footer.add_schema(schema);
        footer.add_recordBatches(batches);
        let root = footer.finish();
        builder.finish(root, None);
        let footer = builder.finished_data();
        out.extend_from_slice(&END_OF_MESSAGES);
        out.extend_from_slice(footer);
        out.extend_from_slice(&(footer.len() as i32).to_le_bytes());
        out.extend_from_slice(MAGIC);
        Ok(())
    }
}
