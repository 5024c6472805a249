//! A column of a row group → a column chunk: a page of values, and one of a dictionary if they repeat themselves.
//!
//! Numbers with few different values are numbered; the others are written as differences if they are whole and that
//! takes less room, and with their bytes apart if they are not whole. A column without cells, or whose cells are all equal, costs a few bytes. What is
//! numbered or written as differences is small already; only floats and texts are compressed, and only where it helps.

use std::io;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use weir_sdk::columns::Kind;
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use crate::sink::address::{push_ip, push_mac};
use crate::sink::cell::ip;

use super::column::{Column, Elements, Spare};
use super::dictionary::Numbers;
use super::encoding::{pack, put_deltas, put_hybrid, put_packed_header, put_run, put_split, width_of};

/// The third level makes files that are hardly smaller (`docs/performance.md`).
const ZSTD_LEVEL: i32 = 1;
/// So many values are numbered at most; for numbers of more bits than that there is little to gain.
const DICTIONARY: usize = 1 << 12;
/// Row groups for which a column is not compressed after it was of no use, or its values not numbered.
const RESTS: u8 = 7;
/// Percent that a column may keep of its size to be worth the time that it takes to compress it.
const WORTH: usize = 92;

/// Makes the pages of column chunks, one chunk after the other.
pub(super) struct Chunks {
    compressor: Compressor<'static>,
    numbers: Numbers,
    places: Vec<u32>,
    /// Where pages are made and compressed; what goes on from here takes as much memory as it has bytes.
    made: Vec<u8>,
    packed: Vec<u8>,
}

/// A column chunk that is ready to be written.
pub(super) struct Encoded {
    levels: usize,
    pages: Pages,
    /// Of dictionary and values, before they were compressed.
    sizes: [usize; 2],
    compression: Compression,
}

/// A page of values and what they refer to.
struct Pages {
    /// The values of the dictionary, and how many they are.
    dictionary: Option<(Vec<u8>, usize)>,
    /// Levels and values.
    data: Vec<u8>,
    encoding: Encoding,
    /// Whether there may be something left to compress.
    is_compressible: bool,
}

impl Chunks {
    pub(super) fn new() -> io::Result<Self> {
        let compressor = Compressor::new(ZSTD_LEVEL)?;
        Ok(Self {
            compressor,
            numbers: Numbers::default(),
            places: Vec::new(),
            made: Vec::new(),
            packed: Vec::new(),
        })
    }

    /// Makes the pages of the rows of a column.
    pub(super) fn encoded(&mut self, column: &mut Column) -> io::Result<Encoded> {
        let mut data = std::mem::take(&mut self.made);
        data.clear();
        let levels = put_levels(column, &mut data);
        let made = self.encode(column, data);
        let sizes = made.sizes();
        let (pages, compression) = self.compressed(&made, column)?;
        self.made = made.data;
        Ok(Encoded { levels, pages, sizes, compression })
    }

    fn encode(&mut self, column: &mut Column, data: Vec<u8>) -> Pages {
        let (kind, rests) = (column.kind(), &mut column.numbering_rests);
        let values = &column.elements;
        match kind {
            _ if values.count == 0 => Pages::plain(data),
            Kind::Bool => bits(values, data),
            Kind::U8 => self.whole::<1>(values, rests, data),
            Kind::U16 => self.whole::<2>(values, rests, data),
            Kind::U32 => self.whole::<4>(values, rests, data),
            Kind::U64 | Kind::I64 | Kind::Time | Kind::Duration => self.whole::<8>(values, rests, data),
            Kind::F32 => self.floats::<4>(values, rests, data),
            Kind::F64 => self.floats::<8>(values, rests, data),
            Kind::Mac => self.macs(values, data),
            Kind::Ip | Kind::Text => texts(column, data),
        }
    }

    fn whole<const WIDTH: usize>(&mut self, values: &Elements, rests: &mut u8, mut data: Vec<u8>) -> Pages {
        let is_narrow = WIDTH <= 4;
        let width = if is_narrow { 4 } else { 8 };
        if self.number_few::<WIDTH>(values, rests) {
            return self.numbered::<WIDTH>(values, data, |key, out| out.extend(&key.to_le_bytes()[..width]));
        }
        let start = data.len();
        put_deltas(keys::<WIDTH>(&values.values), is_narrow, &mut data);
        let plain = values.count * width;
        if (data.len() - start) * 8 > plain * 7 {
            data.truncate(start);
            keys::<WIDTH>(&values.values).for_each(|key| data.extend(&key.to_le_bytes()[..width]));
            return Pages::plain(data);
        }
        Pages { encoding: Encoding::DELTA_BINARY_PACKED, ..Pages::plain(data) }
    }

    fn floats<const WIDTH: usize>(&mut self, values: &Elements, rests: &mut u8, mut data: Vec<u8>) -> Pages {
        if self.number_few::<WIDTH>(values, rests) {
            return self.numbered::<WIDTH>(values, data, |key, out| out.extend(&key.to_le_bytes()[..WIDTH]));
        }
        put_split(values.values.as_chunks::<WIDTH>().0, &mut data);
        Pages { encoding: Encoding::BYTE_STREAM_SPLIT, is_compressible: true, ..Pages::plain(data) }
    }

    fn macs(&mut self, values: &Elements, data: Vec<u8>) -> Pages {
        self.number::<6>(values, values.count);
        let mut text = Vec::new();
        let pages = self.numbered::<6>(values, data, |key, out| {
            let [a, b, c, d, e, f, ..] = key.to_le_bytes();
            text.clear();
            push_mac(&mut text, [a, b, c, d, e, f]);
            put_text(&text, out);
        });
        Pages { is_compressible: true, ..pages }
    }

    /// Numbers the values if few are different; not of a column that had many a moment ago.
    fn number_few<const WIDTH: usize>(&mut self, values: &Elements, rests: &mut u8) -> bool {
        if !values.are_equal() && *rests > 0 {
            *rests -= 1;
            return false;
        }
        // Of equal values only one stands there.
        let limit = if values.are_equal() { 1 } else { DICTIONARY.min(values.count / 4) };
        let are_few = self.number::<WIDTH>(values, limit);
        *rests = if are_few { 0 } else { RESTS };
        are_few
    }

    /// Numbers the values, unless more than `limit` are different.
    fn number<const WIDTH: usize>(&mut self, values: &Elements, limit: usize) -> bool {
        self.numbers.number(keys::<WIDTH>(&values.values), limit, &mut self.places)
    }

    /// The values that were numbered.
    fn numbered<const WIDTH: usize>(
        &self,
        values: &Elements,
        mut data: Vec<u8>,
        mut put: impl FnMut(u64, &mut Vec<u8>),
    ) -> Pages {
        let keys = self.numbers.keys();
        let mut dictionary = Vec::new();
        keys.iter().for_each(|&key| put(key, &mut dictionary));
        put_places(&self.places, keys.len(), values.count, &mut data);
        Pages::with_dictionary(dictionary, keys.len(), data)
    }

    /// The pages with what is left to compress compressed, in memory of the column's own, and what readers are told.
    fn compressed(&mut self, pages: &Pages, column: &mut Column) -> io::Result<(Pages, Compression)> {
        if pages.is_compressible && column.compression_rests == 0 {
            let (data, dictionary) = (&mut column.spare.data, &mut column.spare.dictionary);
            self.compress(&pages.data, data)?;
            let dictionary = match &pages.dictionary {
                Some((bytes, count)) => {
                    self.compress(bytes, dictionary)?;
                    Some((std::mem::take(dictionary), *count))
                }
                None => None,
            };
            let packed = Pages { data: std::mem::take(data), dictionary, ..*pages };
            if packed.size() * 100 <= pages.size() * WORTH {
                return Ok((packed, Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?)));
            }
            column.spare = packed.into_spare();
            column.compression_rests = RESTS + 1;
        }
        column.compression_rests = column.compression_rests.saturating_sub(1);
        Ok((pages.copied(&mut column.spare), Compression::UNCOMPRESSED))
    }

    /// Puts the compressed bytes in the place of others.
    fn compress(&mut self, bytes: &[u8], into: &mut Vec<u8>) -> io::Result<()> {
        self.packed.clear();
        self.packed.reserve(compress_bound(bytes.len()));
        self.compressor.compress_to_buffer(bytes, &mut self.packed)?;
        into.clear();
        into.extend_from_slice(&self.packed);
        Ok(())
    }
}

impl Encoded {
    /// Writes the chunk, and gives what the footer says of it, and the memory of its pages.
    pub(super) fn write(
        self,
        description: ColumnDescPtr,
        out: &mut TrackedWrite<Vec<u8>>,
    ) -> io::Result<(ColumnChunkMetaData, Spare)> {
        let Self { levels, pages, sizes, compression } = self;
        let start = out.bytes_written();
        let mut encodings = vec![Encoding::RLE, pages.encoding];
        let mut dictionary_at = None;
        let mut headers = 0;
        let mut spare = Spare::default();
        let mut writer = SerializedPageWriter::new(out);
        if let Some((dictionary, count)) = pages.dictionary {
            encodings.push(Encoding::PLAIN);
            dictionary_at = Some(start as i64);
            let page = Page::DictionaryPage {
                buf: dictionary.into(),
                num_values: count as u32,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            let (written, bytes) = write_page(&mut writer, CompressedPage::new(page, sizes[0]))?;
            headers += written.uncompressed_size - sizes[0];
            spare.dictionary = bytes;
        }
        let page = Page::DataPage {
            buf: pages.data.into(),
            num_values: levels as u32,
            encoding: pages.encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let (written, bytes) = write_page(&mut writer, CompressedPage::new(page, sizes[1]))?;
        headers += written.uncompressed_size - sizes[1];
        spare.data = bytes;
        let chunk = ColumnChunkMetaData::builder(description)
            .set_encodings(encodings)
            .set_compression(compression)
            .set_num_values(levels as i64)
            .set_total_compressed_size((out.bytes_written() - start) as i64)
            .set_total_uncompressed_size((sizes[0] + sizes[1] + headers) as i64)
            .set_data_page_offset(written.offset as i64)
            .set_dictionary_page_offset(dictionary_at);
        Ok((chunk.build()?, spare))
    }
}

/// Writes a page, and gives the memory that its bytes stood in.
fn write_page(
    writer: &mut SerializedPageWriter<'_, Vec<u8>>,
    page: CompressedPage,
) -> io::Result<(PageWriteSpec, Vec<u8>)> {
    let bytes = page.compressed_page().buffer().clone();
    Ok((writer.write_page(page)?, bytes.into()))
}

impl Pages {
    fn plain(data: Vec<u8>) -> Self {
        Self { dictionary: None, data, encoding: Encoding::PLAIN, is_compressible: false }
    }

    /// Bytes of dictionary and values.
    fn sizes(&self) -> [usize; 2] {
        [self.dictionary.as_ref().map_or(0, |(bytes, _)| bytes.len()), self.data.len()]
    }

    /// The same in other memory.
    fn copied(&self, spare: &mut Spare) -> Self {
        let copy = |bytes: &[u8], into: &mut Vec<u8>| {
            into.clear();
            into.extend_from_slice(bytes);
            std::mem::take(into)
        };
        let data = copy(&self.data, &mut spare.data);
        let dictionary = self.dictionary.as_ref();
        let dictionary = dictionary.map(|(bytes, count)| (copy(bytes, &mut spare.dictionary), *count));
        Self { data, dictionary, ..*self }
    }

    fn into_spare(self) -> Spare {
        Spare { data: self.data, dictionary: self.dictionary.map(|(bytes, _)| bytes).unwrap_or_default() }
    }

    fn size(&self) -> usize {
        self.sizes().iter().sum()
    }

    fn with_dictionary(dictionary: Vec<u8>, count: usize, data: Vec<u8>) -> Self {
        let encoding = Encoding::RLE_DICTIONARY;
        Self { dictionary: Some((dictionary, count)), encoding, ..Self::plain(data) }
    }
}

/// Appends how deep each cell is defined and, for lists, which elements go on with the list of the one before, and says
/// for how many.
fn put_levels(column: &Column, out: &mut Vec<u8>) -> usize {
    let present = &column.present;
    if !column.is_list() {
        put_sized(out, |out| {
            if present.count == 0 || present.count == present.len {
                put_run(u64::from(present.count > 0), present.len, 1, out);
            } else {
                put_packed_header(present.len, out);
                out.extend_from_slice(&present.bytes);
            }
        });
        return present.len;
    }
    if let Some(length @ (0 | 1)) = column.lengths.same().filter(|_| present.count == present.len) {
        put_sized(out, |out| put_run(0, present.len, 1, out));
        put_sized(out, |out| put_run(u64::from(length) + 1, present.len, 2, out));
        return present.len;
    }
    let (mut repeated, mut defined) = (Vec::new(), Vec::new());
    for (row, length) in column.lengths.iter().enumerate() {
        repeated.push(0);
        repeated.resize(repeated.len() + (length as usize).saturating_sub(1), 1u8);
        let depth = if length > 0 { 2 } else { u8::from(present.get(row)) };
        defined.resize(repeated.len(), depth);
    }
    put_sized(out, |out| put_equal_or_packed(&repeated, 1, out));
    put_sized(out, |out| put_equal_or_packed(&defined, 2, out));
    repeated.len()
}

fn put_equal_or_packed(levels: &[u8], width: u32, out: &mut Vec<u8>) {
    match levels.first() {
        Some(&first) if levels[1..] == levels[..levels.len() - 1] => {
            put_run(first.into(), levels.len(), width, out);
        }
        _ => put_hybrid(levels, width, out),
    }
}

/// Appends bytes behind their number.
fn put_sized(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    put(out);
    let size = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&size.to_le_bytes());
}

/// Appends the places of so many values in a dictionary of this size.
fn put_places(places: &[u32], size: usize, count: usize, out: &mut Vec<u8>) {
    let width = width_of(size as u64 - 1).max(1);
    out.push(width as u8);
    if size == 1 {
        put_run(0, count, width, out);
    } else {
        put_hybrid(places, width, out);
    }
}

fn bits(elements: &Elements, mut data: Vec<u8>) -> Pages {
    // Of equal ones only one stands there.
    let values = elements.values.iter().cycle().take(elements.count);
    let bits: Vec<u8> = values.map(|&value| u8::from(value != 0)).collect();
    pack(&bits, 1, &mut data);
    Pages { is_compressible: true, ..Pages::plain(data) }
}

/// Texts and addresses have their numbers already.
fn texts(column: &Column, mut data: Vec<u8>) -> Pages {
    let mut dictionary = Vec::new();
    let mut address = Vec::new();
    for text in column.texts.iter() {
        match text.first_chunk() {
            Some(bytes) if column.kind() == Kind::Ip => {
                address.clear();
                push_ip(&mut address, ip(*bytes));
                put_text(&address, &mut dictionary);
            }
            _ => put_text(String::from_utf8_lossy(text).as_bytes(), &mut dictionary),
        }
    }
    let places: Vec<u32> = keys::<4>(&column.elements.values).map(|number| number as u32).collect();
    put_places(&places, column.texts.len(), column.elements.count, &mut data);
    Pages { is_compressible: true, ..Pages::with_dictionary(dictionary, column.texts.len(), data) }
}

/// Appends a text behind its length.
fn put_text(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text);
}

/// Values of fixed width as numbers.
fn keys<const WIDTH: usize>(values: &[u8]) -> impl ExactSizeIterator<Item = u64> {
    values.as_chunks::<WIDTH>().0.iter().map(|value| {
        let mut key = [0; 8];
        key[..WIDTH].copy_from_slice(value);
        u64::from_le_bytes(key)
    })
}
