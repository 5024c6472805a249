//! Tests of the readers as a whole; the builders write captures byte by byte, and know what must come out.

mod build;
mod classic;
mod corpus;
mod errors;
mod hostile;
mod pcapng;
mod streams;

use std::io::Cursor;

use super::{CaptureError, Reader, Warnings};

/// A packet with its bytes, as it is told to a test.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Packet {
    time_ns: i64,
    wire_len: u32,
    link_type: u16,
    bytes: Vec<u8>,
}

/// All that a reader gives until its end: the packets, and why it ended if not because the input did.
#[derive(Debug)]
struct Reading {
    packets: Vec<Packet>,
    error: Option<CaptureError>,
    warnings: Warnings,
}

impl Reading {
    /// What two readings of the same bytes must have in common, whatever way they were read.
    fn essence(&self) -> (&[Packet], Option<String>, Warnings) {
        (&self.packets, self.error.as_ref().map(ToString::to_string), self.warnings)
    }

    fn message(&self) -> String {
        self.error.as_ref().expect("the reading ended with an error").to_string()
    }
}

/// Reads all batches. Fails if a batch oversteps its limit or packets follow an error.
fn read_all(mut reader: Reader, limit: usize) -> Reading {
    let (mut packets, mut batch) = (Vec::new(), Vec::new());
    let error = loop {
        match reader.next_batch(&mut batch, limit) {
            Ok(_) if batch.is_empty() => break None,
            Ok(window) => packets.extend(batch.iter().map(|record| packet(window, record))),
            Err(error) => break Some(error),
        }
        assert!(batch.len() <= limit.max(1));
    };
    assert!(reader.next_batch(&mut batch, limit).is_ok(), "an error is told once");
    assert!(batch.is_empty(), "nothing follows the end");
    Reading { packets, error, warnings: reader.warnings() }
}

fn packet(window: &[u8], record: &super::Record) -> Packet {
    let bytes = window[record.start..][..record.captured_len as usize].to_vec();
    Packet { time_ns: record.time_ns, wire_len: record.wire_len, link_type: record.link_type, bytes }
}

/// Reads `bytes` as a stream in chunks of `chunk`. An error of opening counts as a reading without packets.
fn read_chunks(bytes: &[u8], chunk: usize, limit: usize) -> Reading {
    match Reader::from_chunks("test", Cursor::new(bytes.to_vec()), chunk) {
        Ok(reader) => read_all(reader, limit),
        Err(error) => Reading { packets: Vec::new(), error: Some(error), warnings: Warnings::default() },
    }
}

fn read(bytes: &[u8]) -> Reading {
    read_chunks(bytes, super::window::CHUNK, 64)
}

/// Reads `bytes` from a file.
fn read_file(bytes: &[u8], limit: usize) -> Reading {
    let file = file_of(bytes);
    match Reader::open(file.path()) {
        Ok(reader) => read_all(reader, limit),
        Err(error) => Reading { packets: Vec::new(), error: Some(error), warnings: Warnings::default() },
    }
}

fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("the folder for temporary files is writable");
    std::fs::write(file.path(), bytes).expect("the temporary file is writable");
    file
}
