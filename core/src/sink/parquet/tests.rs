//! What is written reads back equal, by the crate's reader: columns of every kind, with all that may stand in them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::RowGroupMetaData;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use weir_sdk::abi::ColumnCells;
use weir_sdk::columns::{Cell, Column, ColumnBuffer, ValueType};
use weir_sdk::plugin::EndFacts;
use weir_sdk::{Duration, Ip, Mac, Time};

use super::*;
use crate::schema::RowShape;
use crate::schema::samples::{both, column, plugin};
use crate::sink::arrow::{arrow_schema, record_batch};
use crate::sink::batch::Packed;
use crate::sink::samples::{buffer, end};
use crate::sink::{Finished, Provenance, Row};

/// Rows of some columns, as a file and as arrays that were not written.
struct Written {
    file: Vec<u8>,
    expected: RecordBatch,
    groups: Vec<RowGroupMetaData>,
}

/// Writes rows, which are handed over in batches of these many conversations, with a row group behind every so many
/// batches. The file is the same for any number of threads.
fn write(columns: Vec<Column>, cells: &[ColumnBuffer], ends: &[EndFacts], batches: &[usize]) -> Written {
    let schema = Schema::new(&[plugin("one", columns)], RowShape::Conversation).unwrap();
    let fields = arrow_schema(&schema, &Provenance::default());
    let rows: Vec<Row> = Finished { cells: Vec::new(), ends }.rows(schema.shape()).collect();
    let sources: Vec<Source> = schema.columns().iter().map(Source::of).collect();
    let expected = record_batch(&fields, &sources, cells, &rows).unwrap();

    let file_on = |threads| {
        let encoder = open(&schema, &fields, threads).unwrap();
        with_help(threads - 1, encoder, |encoder| file(&schema, encoder, cells, ends, batches))
    };
    let file = file_on(1);
    assert!(file == file_on(2) && file == file_on(5));
    let read = ParquetRecordBatchReaderBuilder::try_new(stored(&file)).unwrap();
    let groups = read.metadata().row_groups().to_vec();
    Written { file, expected, groups }
}

/// Does something with an encoder while so many threads look for work that it shows.
fn with_help<T>(threads: usize, encoder: Box<dyn Encoder>, work: impl FnOnce(Box<dyn Encoder>) -> T) -> T {
    let board = encoder.board().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    if !board.help() {
                        thread::yield_now();
                    }
                }
            });
        }
        let _over = SetOnDrop(&is_over);
        work(encoder)
    })
}

/// Work that panics ends, too.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn file(
    schema: &Schema,
    mut encoder: Box<dyn Encoder>,
    cells: &[ColumnBuffer],
    ends: &[EndFacts],
    batches: &[usize],
) -> Vec<u8> {
    let types: Vec<ValueType> = schema.declared().map(|declared| declared.column.value).collect();
    let rows: Vec<Row> = Finished { cells: Vec::new(), ends }.rows(schema.shape()).collect();
    let mut file = Vec::new();
    encoder.header(&mut file).unwrap();
    let (mut left, mut groups) = (&rows[..], 0);
    for (number, &size) in batches.iter().chain([&usize::MAX]).enumerate() {
        let (these, others) = left.split_at(size.min(left.len()));
        left = others;
        let (Some(first), Some(last)) = (these.first(), these.last()) else { continue };
        let directions = first.directions().start..last.directions().end;
        let parts: Vec<ColumnBuffer> = cells
            .iter()
            .zip(&types)
            .map(|(cells, value)| {
                let mut part = ColumnBuffer::default();
                part.copy(&ColumnCells::of(cells), directions.clone(), *value);
                part
            })
            .collect();
        let mut batch = Batch::default();
        let cells = parts.iter().map(|part| Some(ColumnCells::of(part))).collect();
        batch.take(&Finished { cells, ends: &ends[directions] }, schema.shape(), &types);
        encoder.rows(&batch).unwrap();
        if number % 3 == 2 || left.is_empty() {
            encoder.end_block(&mut file).unwrap();
            groups += 1;
        }
    }
    encoder.footer(groups, &mut file).unwrap();
    file
}

/// A file with one batch as its only row group.
fn file_of(schema: &Schema, batch: &Batch) -> Vec<u8> {
    let mut encoder = open(schema, &arrow_schema(schema, &Provenance::default()), 1).unwrap();
    let mut file = Vec::new();
    encoder.header(&mut file).unwrap();
    encoder.rows(batch).unwrap();
    encoder.end_block(&mut file).unwrap();
    encoder.footer(1, &mut file).unwrap();
    file
}

/// The file on a disk, which its reader asks for.
fn stored(file: &[u8]) -> std::fs::File {
    let mut stored = tempfile::tempfile().unwrap();
    stored.write_all(file).unwrap();
    stored
}

fn read(file: &[u8]) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(stored(file)).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

/// Compares cell by cell: a batch that is read ends elsewhere than one that was written.
fn compare(written: &Written) -> Result<(), TestCaseError> {
    let mut first = 0;
    for batch in read(&written.file) {
        let expected = written.expected.slice(first, batch.num_rows());
        prop_assert_eq!(batch.schema().fields().clone(), expected.schema().fields().clone());
        for (found, expected) in batch.columns().iter().zip(expected.columns()) {
            prop_assert_eq!(cells(found), cells(expected));
        }
        first += batch.num_rows();
    }
    prop_assert_eq!(first, written.expected.num_rows());
    Ok(())
}

/// What stands in each row, to the last bit; what stands beneath a null does not count.
fn cells(array: &ArrayRef) -> Vec<Option<String>> {
    (0..array.len()).map(|row| array.is_valid(row).then(|| cell(array, row))).collect()
}

fn cell(array: &ArrayRef, row: usize) -> String {
    if let Some(lists) = array.as_list_opt::<i32>() {
        return format!("{:?}", cells(&lists.value(row)));
    }
    if let Some(texts) = array.as_string_opt::<i32>() {
        return texts.value(row).to_owned();
    }
    let data = array.slice(row, 1).to_data();
    match array.data_type().primitive_width() {
        Some(width) => format!("{:?}", &data.buffers()[0][data.offset() * width..][..width]),
        None => array.as_boolean().value(row).to_string(),
    }
}

/// Numbers that look random and are the same for a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ mixed >> 31
    }
}

/// What a column looks like: of ten cells so many are null, and of those present so many are different.
#[derive(Clone, Copy, Debug)]
struct Look {
    nulls: u64,
    different: u64,
    seed: u64,
}

impl Look {
    fn cells<C>(self, rows: usize, make: impl Fn(u64) -> C) -> Vec<Option<C>> {
        let mut source = Random(self.seed);
        let value = |source: &mut Random| make(Random(source.next() % self.different).next());
        (0..rows).map(|_| (source.next() % 10 >= self.nulls).then(|| value(&mut source))).collect()
    }

    /// A single column and one of lists of up to three, mostly one.
    fn columns<C: Clone>(self, rows: usize, make: impl Fn(u64) -> C) -> [ColumnBuffer; 2]
    where
        Option<C>: Cell,
        Option<Vec<C>>: Cell,
    {
        let length = |value: u64| if !value.is_multiple_of(3) { 1 } else { (value >> 8) as usize % 4 };
        let list = |value: u64| (0..length(value)).map(|at| make(value >> at)).collect::<Vec<C>>();
        [buffer(self.cells(rows, &make)), buffer(self.cells(rows, list))]
    }
}

fn ip(value: u64) -> Ip {
    if value.is_multiple_of(2) {
        Ip::V4((value as u32).to_be_bytes())
    } else {
        Ip::V6((u128::from(value) << 70 | u128::from(value)).to_be_bytes())
    }
}

fn text(value: u64) -> String {
    match value % 5 {
        0 => String::new(),
        1 => "long ".repeat(value as usize % 1000),
        _ => format!("{:x} \u{2192}", value >> 20),
    }
}

/// Columns of every kind, single and as lists.
fn every_kind(rows: usize, look: Look) -> (Vec<Column>, Vec<ColumnBuffer>) {
    let mut columns = Vec::new();
    let mut buffers = Vec::new();
    macro_rules! of {
        ($($name:literal $type:ty: $make:expr;)*) => {$(
            columns.push(both::<Option<$type>>($name));
            columns.push(column::<Option<Vec<$type>>>(concat!($name, "_list")));
            buffers.extend(look.columns::<$type>(rows, $make));
        )*};
    }
    of! {
        "bool" bool: |value| value % 3 == 0;
        "u8" u8: |value| value as u8;
        "u16" u16: |value| value as u16;
        "u32" u32: |value| (value >> (value % 32)) as u32;
        "u64" u64: |value| value >> (value % 64);
        "i64" i64: |value| (value as i64) >> (value % 64);
        "f32" f32: |value| f32::from_bits(value as u32);
        "f64" f64: |value| if value % 7 == 0 { f64::NAN } else { value as f64 / 3.0 };
        "time" Time: |value| Time(1_178_922_637_041_165_000 + (value >> 30) as i64);
        "duration" Duration: |value| Duration(value as i64);
        "mac" Mac: |value| Mac([0, 1, 2, value as u8, (value >> 8) as u8, (value >> 16) as u8]);
        "ip" Ip: ip;
        "text" String: text;
    }
    (columns, buffers)
}

/// Directions, of which every third has no reply.
fn directions(rows: usize) -> Vec<EndFacts> {
    (0..rows as u64)
        .map(|at| end(at / 5 * 3 + [0, 0, 1, 1, 2][at as usize % 5], (at % 5 % 2) as u8))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_kind_reads_back_equal(
        rows in prop_oneof![1usize..20, 1000usize..6000],
        nulls in prop_oneof![Just(0u64), Just(10), 1u64..10],
        different in prop_oneof![Just(1u64), 2u64..300, Just(u64::MAX)],
        seed: u64,
        batches in prop::collection::vec(1usize..1500, 0..6),
    ) {
        let (columns, buffers) = every_kind(rows, Look { nulls, different, seed });
        compare(&write(columns, &buffers, &directions(rows), &batches))?;
    }
}

/// A file with one column of these cells, a row each.
fn one<C: Cell>(cells: Vec<C>) -> Written {
    let ends: Vec<EndFacts> = (0..cells.len() as u64).map(|flow| end(flow, 0)).collect();
    write(vec![column::<C>("x")], &[buffer(cells)], &ends, &[])
}

fn check_encoding<C: Cell>(cells: Vec<C>, encoding: Encoding, compression: Compression, most: i64) {
    let written = one(cells);
    compare(&written).unwrap();
    let chunk = written.groups[0].column(0);
    assert!(chunk.encodings().any(|used| used == encoding), "{:?}", chunk.encodings().collect::<Vec<_>>());
    assert_eq!(std::mem::discriminant(&chunk.compression()), std::mem::discriminant(&compression));
    assert!(chunk.compressed_size() <= most, "{} bytes", chunk.compressed_size());
}

#[test]
fn what_is_equal_or_absent_costs_a_few_bytes() {
    let none = Compression::UNCOMPRESSED;
    check_encoding(vec![7u64; 10_000], Encoding::RLE_DICTIONARY, none, 100);
    check_encoding(vec![None::<f64>; 10_000], Encoding::PLAIN, none, 100);
    check_encoding(vec![vec![5u16]; 10_000], Encoding::RLE_DICTIONARY, none, 100);
    check_encoding(vec![Vec::<u16>::new(); 10_000], Encoding::PLAIN, none, 100);
}

#[test]
fn values_are_encoded_as_they_are() {
    let none = Compression::UNCOMPRESSED;
    let zstd = Compression::ZSTD(Default::default());
    let mut source = Random(1);
    let mut random = || source.next();
    check_encoding((0..10_000).map(|n| n as u32 % 5).collect(), Encoding::RLE_DICTIONARY, none, 3900);
    check_encoding((0..10_000u64).collect(), Encoding::DELTA_BINARY_PACKED, none, 600);
    check_encoding((0..10_000).map(|_| random() as u32).collect(), Encoding::PLAIN, none, 41_300);
    let floats: Vec<f64> = (0..10_000).map(|_| (random() >> 12) as f64).collect();
    check_encoding(floats, Encoding::BYTE_STREAM_SPLIT, zstd, 73_000);
    let floats: Vec<f32> = (0..10_000).map(|_| f32::from_bits(random() as u32)).collect();
    check_encoding(floats, Encoding::BYTE_STREAM_SPLIT, none, 41_000);
    let texts: Vec<String> = (0..10_000).map(|_| format!("10.0.0.{}", random() % 3000)).collect();
    check_encoding(texts, Encoding::RLE_DICTIONARY, zstd, 30_000);
}

/// A plugin that leaves out cells, or says of a list that it ends before it begins.
#[test]
fn a_buffer_that_is_too_short_reads_as_null() {
    let ends = [end(1, 0), end(2, 0), end(3, 0)];
    let mut short = buffer([1u32, 2]);
    short.values.truncate(6);
    let mut torn = buffer([vec![1u32, 2], vec![3]]);
    torn.values.truncate(6);
    torn.list_ends = vec![9, 4];
    let mut text = buffer(["ab", "c"]);
    text.values[1] = 0xff;
    let columns = vec![column::<u32>("n"), column::<Vec<u32>>("list"), column::<&str>("text")];
    let schema = Schema::new(&[plugin("one", columns)], RowShape::Direction).unwrap();
    let types: Vec<ValueType> = schema.declared().map(|declared| declared.column.value).collect();
    let cells = [short, torn, text];
    let cells = cells.iter().map(|cells| Some(ColumnCells::of(cells))).collect();
    let mut batch = Batch::default();
    batch.take(&Finished { cells, ends: &ends }, schema.shape(), &types);
    let read = read(&file_of(&schema, &batch));
    assert_eq!(read[0].num_rows(), 3);
    assert!(read[0].column(0).is_null(2) && read[0].column(1).is_null(2));
    assert_eq!(read[0].column(2).as_string::<i32>().value(0), "a\u{fffd}");
}

/// A plugin may fail with one worker and not with the other.
#[test]
fn rows_of_a_worker_without_cells_have_none_however_alike_those_of_the_others_are() {
    let columns = vec![column::<u32>("same"), column::<u32>("other")];
    let schema = Schema::new(&[plugin("one", columns)], RowShape::Direction).unwrap();
    let types: Vec<ValueType> = schema.declared().map(|declared| declared.column.value).collect();
    let (same, other) = (buffer([7u32, 7]), buffer([1u32, 2]));
    let packed = [[Some(ColumnCells::of(&same)), Some(ColumnCells::of(&other))], [None, None]].map(|cells| {
        let mut packed = Packed::default();
        packed.fill(&cells, &[(0, types[0]), (1, types[1])], 2);
        Arc::new(packed)
    });
    let ends = directions(4);
    let finished = Finished { cells: vec![None, None], ends: &ends };
    let rows = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(worker, own)| (worker, Row { own, other: None }));
    let mut batch = Batch::default();
    batch.share(packed.iter(), rows.into_iter(), (&[], &finished), (schema.shape(), &types));
    let read = read(&file_of(&schema, &batch));
    let numbers = |column| read[0].column(column).as_primitive::<UInt32Type>().iter().collect::<Vec<_>>();
    assert_eq!(numbers(0), [Some(7), None, None, Some(7)]);
    assert_eq!(numbers(1), [Some(1), None, None, Some(2)]);
}
