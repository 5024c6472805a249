//! Columns and cells in the types of Apache Arrow.
//!
//! What comes in: the schema, and cells as plugins filled them. What goes out: an Arrow schema that says of each
//! field what the dictionary says of the column, and an Arrow array for each output column. Numbers keep their
//! width, a time is a timestamp in nanoseconds, UTC, a duration is one in nanoseconds, addresses are the text
//! that CSV has of them, bit masks are integers, and a list is a list of these. Every column is nullable; what
//! stands in a list is never null.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, DurationNanosecondType, Float32Type, Float64Type, Int64Type, TimestampNanosecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{ArrayRef, BooleanArray, ListArray, PrimitiveArray, RecordBatch, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, SchemaRef, TimeUnit};
use weir_sdk::abi::ColumnCells;
use weir_sdk::columns::{ColumnBuffer, Kind, ValueType};

use crate::schema::{OutputColumn, Pick, Schema};

use super::address::{push_ip, push_mac};
use super::cell::{Source, ip};
use super::{Provenance, Row};

/// The time zone of all times.
const UTC: &str = "UTC";

/// The direction of a cell that there is none for: no batch has so many.
const NOWHERE: usize = usize::MAX;

/// The fields of a run, with what the dictionary says of them and where the rows come from.
pub(super) fn arrow_schema(schema: &Schema, provenance: &Provenance) -> SchemaRef {
    let fields: Vec<Field> = schema.columns().iter().map(|column| field(column, schema)).collect();
    Arc::new(arrow_schema::Schema::new(fields).with_metadata(metadata(provenance.entries(schema))))
}

fn metadata(entries: Vec<(&'static str, String)>) -> HashMap<String, String> {
    entries.into_iter().map(|(key, text)| (key.to_owned(), text)).collect()
}

fn field(output: &OutputColumn, schema: &Schema) -> Field {
    Field::new(&output.name, data_type(output.column.value), true)
        .with_metadata(metadata(schema.facts(output)))
}

fn data_type(value: ValueType) -> DataType {
    if value.list {
        return DataType::List(list_field(value.kind));
    }
    match value.kind {
        Kind::Bool => DataType::Boolean,
        Kind::U8 => DataType::UInt8,
        Kind::U16 => DataType::UInt16,
        Kind::U32 => DataType::UInt32,
        Kind::U64 => DataType::UInt64,
        Kind::I64 => DataType::Int64,
        Kind::F32 => DataType::Float32,
        Kind::F64 => DataType::Float64,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(UTC.into())),
        Kind::Duration => DataType::Duration(TimeUnit::Nanosecond),
        Kind::Mac | Kind::Ip | Kind::Text => DataType::Utf8,
    }
}

fn list_field(kind: Kind) -> FieldRef {
    Arc::new(Field::new_list_field(data_type(ValueType { kind, list: false }), false))
}

/// Rows as a batch of arrays. The cells are those of the directions that the rows are made of, column by column as
/// the plugins declare them.
pub(super) fn record_batch(
    schema: &SchemaRef,
    sources: &[Source],
    cells: &[ColumnBuffer],
    rows: &[Row],
) -> Result<RecordBatch, ArrowError> {
    let picked = |pick| rows.iter().map(|row| row.direction(pick).unwrap_or(NOWHERE)).collect();
    let (own, other): (Vec<usize>, Vec<usize>) = (picked(Pick::Own), picked(Pick::B));
    let array = |source: &Source| {
        let picked = if source.pick == Pick::B { &other } else { &own };
        column(&cells[source.index], picked, source.value)
    };
    let arrays = sources.iter().map(array).collect();
    RecordBatch::try_new(Arc::clone(schema), arrays)
}

/// The cells of these directions as an array. What a faulty plugin left out is null.
fn column(cells: &ColumnBuffer, picked: &[usize], value: ValueType) -> ArrayRef {
    let there = ColumnCells::of(cells);
    let count = elements_in(cells, value.kind);
    if value.list {
        return lists(&there, count, picked, value.kind);
    }
    let is_present = |row: usize| picked[row] < count && there.is_present(picked[row]);
    let present = BooleanBuffer::collect_bool(picked.len(), is_present);
    elements(&there, picked, value.kind, Some(NullBuffer::new(present)))
}

/// Elements of which all bytes are there.
fn elements_in(cells: &ColumnBuffer, kind: Kind) -> usize {
    kind.width().map_or(cells.text_ends.len(), |width| cells.values.len() / width)
}

fn lists(cells: &ColumnCells<'_>, count: usize, picked: &[usize], kind: Kind) -> ArrayRef {
    let present = BooleanBuffer::collect_bool(picked.len(), |row| cells.is_present(picked[row]));
    let mut children = Vec::new();
    let mut ends = vec![0];
    for &row in picked {
        if cells.is_present(row) {
            let list = cells.list(row);
            children.extend(list.start..list.end.min(count));
        }
        ends.push(children.len() as i32);
    }
    let ends = OffsetBuffer::new(ScalarBuffer::from(ends));
    let children = elements(cells, &children, kind, None);
    Arc::new(ListArray::new(list_field(kind), ends, children, Some(NullBuffer::new(present))))
}

/// These elements as an array; of absent ones it does not matter what stands there.
fn elements(cells: &ColumnCells<'_>, picked: &[usize], kind: Kind, nulls: Option<NullBuffer>) -> ArrayRef {
    match kind {
        Kind::Bool => Arc::new(BooleanArray::new(bits(cells, picked), nulls)),
        Kind::U8 => numbers::<UInt8Type, 1>(cells, picked, nulls, u8::from_le_bytes),
        Kind::U16 => numbers::<UInt16Type, 2>(cells, picked, nulls, u16::from_le_bytes),
        Kind::U32 => numbers::<UInt32Type, 4>(cells, picked, nulls, u32::from_le_bytes),
        Kind::U64 => numbers::<UInt64Type, 8>(cells, picked, nulls, u64::from_le_bytes),
        Kind::I64 => numbers::<Int64Type, 8>(cells, picked, nulls, i64::from_le_bytes),
        Kind::F32 => numbers::<Float32Type, 4>(cells, picked, nulls, f32::from_le_bytes),
        Kind::F64 => numbers::<Float64Type, 8>(cells, picked, nulls, f64::from_le_bytes),
        Kind::Time => times(cells, picked, nulls),
        Kind::Duration => numbers::<DurationNanosecondType, 8>(cells, picked, nulls, i64::from_le_bytes),
        Kind::Mac => texts(picked, nulls, |at, out| {
            fixed::<6>(cells).get(at).iter().for_each(|&&mac| push_mac(out, mac));
        }),
        Kind::Ip => texts(picked, nulls, |at, out| {
            fixed::<17>(cells).get(at).iter().for_each(|&&address| push_ip(out, ip(address)));
        }),
        Kind::Text => texts(picked, nulls, |at, out| {
            let text = cells.values().get(cells.text(at)).unwrap_or_default();
            out.extend_from_slice(String::from_utf8_lossy(text).as_bytes());
        }),
    }
}

/// Elements of fixed width.
fn fixed<'a, const WIDTH: usize>(cells: &ColumnCells<'a>) -> &'a [[u8; WIDTH]] {
    cells.values().as_chunks().0
}

fn bits(cells: &ColumnCells<'_>, picked: &[usize]) -> BooleanBuffer {
    let values = cells.values();
    BooleanBuffer::collect_bool(picked.len(), |row| values.get(picked[row]).is_some_and(|&value| value != 0))
}

fn numbers<T: ArrowPrimitiveType, const WIDTH: usize>(
    cells: &ColumnCells<'_>,
    picked: &[usize],
    nulls: Option<NullBuffer>,
    read: fn([u8; WIDTH]) -> T::Native,
) -> ArrayRef {
    Arc::new(primitives::<T, WIDTH>(cells, picked, nulls, read))
}

fn times(cells: &ColumnCells<'_>, picked: &[usize], nulls: Option<NullBuffer>) -> ArrayRef {
    let times = primitives::<TimestampNanosecondType, 8>(cells, picked, nulls, i64::from_le_bytes);
    Arc::new(times.with_timezone(UTC))
}

fn primitives<T: ArrowPrimitiveType, const WIDTH: usize>(
    cells: &ColumnCells<'_>,
    picked: &[usize],
    nulls: Option<NullBuffer>,
    read: impl Fn([u8; WIDTH]) -> T::Native,
) -> PrimitiveArray<T> {
    let values = fixed::<WIDTH>(cells);
    let value = |&at: &usize| values.get(at).map_or(T::Native::default(), |&bytes| read(bytes));
    PrimitiveArray::new(picked.iter().map(value).collect(), nulls)
}

/// Texts end to end, as `push` appends that of an element.
fn texts(picked: &[usize], nulls: Option<NullBuffer>, push: impl Fn(usize, &mut Vec<u8>)) -> ArrayRef {
    let mut bytes = Vec::new();
    let mut ends = Vec::with_capacity(picked.len() + 1);
    ends.push(0);
    for (row, &at) in picked.iter().enumerate() {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            push(at, &mut bytes);
        }
        ends.push(bytes.len() as i32);
    }
    let ends = OffsetBuffer::new(ScalarBuffer::from(ends));
    Arc::new(StringArray::new(ends, Buffer::from_vec(bytes), nulls))
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use serde_json::Value;
    use weir_sdk::columns::{Cell, Column};
    use weir_sdk::plugin::EndFacts;
    use weir_sdk::{Duration, Ip, Mac, Time};

    use super::*;
    use crate::schema::RowShape;
    use crate::schema::samples::{both, column, mask, plugin};
    use crate::sink::Finished;
    use crate::sink::samples::{buffer, end};

    fn batch(
        columns: Vec<Column>,
        shape: RowShape,
        cells: &[ColumnBuffer],
        ends: &[EndFacts],
    ) -> RecordBatch {
        let schema = Schema::new(&[plugin("one", columns)], shape).unwrap();
        let sources: Vec<Source> = schema.columns().iter().map(Source::of).collect();
        let rows: Vec<Row> = Finished { cells: Vec::new(), ends }.rows(shape).collect();
        record_batch(&arrow_schema(&schema, &Provenance::default()), &sources, cells, &rows).unwrap()
    }

    /// The array of a column of these cells, each in a row of its own.
    fn array<C: Cell>(cells: Vec<C>) -> ArrayRef {
        let ends: Vec<EndFacts> = (0..cells.len() as u64).map(|flow| end(flow, 0)).collect();
        let batch = batch(vec![column::<C>("x")], RowShape::Direction, &[buffer(cells)], &ends);
        Arc::clone(batch.column(0))
    }

    #[test]
    fn numbers_keep_their_width_and_null_is_null() {
        let numbers = array(vec![Some(u64::MAX), None, Some(0)]);
        assert_eq!(numbers.as_primitive::<UInt64Type>(), &vec![Some(u64::MAX), None, Some(0)].into());
        assert_eq!(array(vec![7u8]).as_primitive::<UInt8Type>(), &vec![Some(7)].into());
        assert_eq!(array(vec![-7i64]).as_primitive::<Int64Type>(), &vec![Some(-7)].into());
        assert_eq!(array(vec![0.1f32]).as_primitive::<Float32Type>(), &vec![Some(0.1)].into());
        assert_eq!(
            array(vec![Some(true), None, Some(false)]).as_boolean(),
            &vec![Some(true), None, Some(false)].into()
        );
    }

    #[test]
    fn times_and_durations_are_nanoseconds() {
        let times = array(vec![Time(1_178_922_637_041_165_000)]);
        assert_eq!(times.data_type(), &DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())));
        assert_eq!(times.as_primitive::<TimestampNanosecondType>().values(), &[1_178_922_637_041_165_000]);
        let durations = array(vec![Some(Duration(-5)), None]);
        assert_eq!(durations.as_primitive::<DurationNanosecondType>(), &vec![Some(-5), None].into());
    }

    fn texts<C: Cell>(cells: Vec<C>) -> Vec<Option<String>> {
        array(cells).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn addresses_and_texts_are_text() {
        assert_eq!(
            texts(vec![Some(Mac([0, 1, 2, 0xaa, 0xbb, 0xcc])), None]),
            [Some("00:01:02:aa:bb:cc".into()), None]
        );
        assert_eq!(texts(vec![Ip::V4([10, 0, 0, 1])]), [Some("10.0.0.1".into())]);
        assert_eq!(
            texts(vec![None, Some(""), Some("a,b")].into_iter().map(|text| text.map(String::from)).collect()),
            [None, Some(String::new()), Some("a,b".into())]
        );
    }

    #[test]
    fn lists_are_lists() {
        let lists = array(vec![Some(vec![1u16, 2]), None, Some(vec![]), Some(vec![3])]);
        let lists = lists.as_list::<i32>();
        let list = |row: usize| lists.value(row).as_primitive::<UInt16Type>().values().to_vec();
        assert_eq!((list(0), list(2), list(3)), (vec![1, 2], vec![], vec![3]));
        assert!(lists.is_null(1) && lists.is_valid(2));
        let texts = array(vec![vec!["a", ""], vec!["b"]]);
        assert_eq!(texts.as_list::<i32>().value(0).as_string::<i32>().value(1), "");
    }

    #[test]
    fn a_conversation_without_reply_has_null_in_every_column_of_b() {
        let columns = vec![column::<u64>("flow"), both::<Vec<u32>>("n")];
        let cells = [buffer([1u64, 1, 2]), buffer([vec![10u32], vec![20, 21], vec![30]])];
        let ends = [end(1, 0), end(1, 1), end(2, 0)];
        let batch = batch(columns, RowShape::Conversation, &cells, &ends);
        assert_eq!(batch.column(0).as_primitive::<UInt64Type>().values(), &[1, 2]);
        let list = |column: usize, row: usize| {
            batch.column(column).as_list::<i32>().value(row).as_primitive::<UInt32Type>().values().to_vec()
        };
        assert_eq!((list(1, 0), list(2, 0), list(1, 1)), (vec![10], vec![20, 21], vec![30]));
        assert!(batch.column(2).is_null(1));
    }

    #[test]
    fn a_buffer_that_is_too_short_reads_as_null() {
        let ends = [end(1, 0), end(2, 0), end(3, 0)];
        let mut short = buffer([1u32, 2]);
        short.values.truncate(6);
        let numbers = batch(vec![column::<u32>("x")], RowShape::Direction, &[short], &ends);
        assert_eq!(numbers.column(0).as_primitive::<UInt32Type>(), &vec![Some(1), None, None].into());
        let mut torn = buffer([vec![1u32, 2], vec![3]]);
        torn.values.truncate(6);
        torn.list_ends = vec![9, 4];
        let lists = batch(vec![column::<Vec<u32>>("x")], RowShape::Direction, &[torn], &ends);
        assert_eq!(lists.column(0).as_list::<i32>().value(0).as_primitive::<UInt32Type>().values(), &[1]);
    }

    #[test]
    fn text_that_is_no_utf_8_is_mended() {
        let mut text = buffer(["ab"]);
        text.values[1] = 0xff;
        let batch = batch(vec![column::<&str>("x")], RowShape::Direction, &[text], &[end(1, 0)]);
        assert_eq!(batch.column(0).as_string::<i32>().value(0), "a\u{fffd}");
    }

    #[test]
    fn a_field_says_what_the_dictionary_says() {
        let schema = Schema::new(&[plugin("one", vec![mask("status")])], RowShape::Direction).unwrap();
        let provenance = Provenance { inputs: vec!["a.pcap".into()], options: Vec::new() };
        let fields = arrow_schema(&schema, &provenance);
        let said =
            |key: &str| fields.field(0).metadata().get(key).map(|text| text.to_string()).unwrap_or_default();
        assert_eq!(
            (said("unit"), said("scope"), said("type")),
            ("bit mask".into(), "flow".into(), "u16".into())
        );
        assert_eq!(said("definition"), "What the test says.");
        let bits: Value = serde_json::from_str(&said("bits")).unwrap();
        assert_eq!(bits[0]["name"], "REPLY");
        assert_eq!(
            fields.metadata().get("weir.inputs").map(|text| text.to_string()),
            Some("[\"a.pcap\"]".into())
        );
    }
}
