//! Rows → compressed rows, block by block.
//!
//! What comes in: blocks of whole rows. What goes out: for each block the bytes of the file, which with
//! [`Encoder::end`] behind them are a valid file, so that a file can be ended at any block. A gzip file has
//! one member per block (RFC 1952 section 2.2). A zstd file is one frame, because python-zstandard, and
//! with it pandas, reads no further than the first; a frame may end with an empty last block (RFC 8878
//! section 3.1.1.2).

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use zstd::stream::write::Encoder as ZstdEncoder;

/// How the bytes of a file are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Compression {
    /// The path without the extension of a compression, and which one that was.
    pub fn split(path: &Path) -> (PathBuf, Self) {
        let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("gz") => (path.with_extension(""), Compression::Gzip),
            Some("zst") => (path.with_extension(""), Compression::Zstd),
            _ => (path.to_owned(), Compression::None),
        }
    }
}

/// A raw block of zero bytes that is the last of its frame.
const EMPTY_LAST_BLOCK: &[u8] = &[0x01, 0x00, 0x00];

/// The compressor of one file.
pub(super) enum Encoder {
    Plain,
    Gzip(Vec<u8>),
    Zstd(Box<ZstdEncoder<'static, Vec<u8>>>),
}

impl Encoder {
    pub(super) fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Encoder::Plain,
            Compression::Gzip => Encoder::Gzip(Vec::new()),
            Compression::Zstd => {
                Encoder::Zstd(Box::new(ZstdEncoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?))
            }
        })
    }

    /// What a block adds to the file.
    pub(super) fn block<'a>(&'a mut self, rows: &'a [u8]) -> io::Result<&'a [u8]> {
        match self {
            Encoder::Plain => Ok(rows),
            Encoder::Gzip(buffer) => {
                buffer.clear();
                let mut member = GzEncoder::new(buffer, flate2::Compression::default());
                member.write_all(rows)?;
                Ok(member.finish()?)
            }
            Encoder::Zstd(frame) => {
                frame.get_mut().clear();
                frame.write_all(rows)?;
                frame.flush()?;
                Ok(frame.get_ref())
            }
        }
    }

    /// What ends the file behind any block.
    pub(super) fn end(&self) -> &'static [u8] {
        match self {
            Encoder::Plain | Encoder::Gzip(_) => &[],
            Encoder::Zstd(_) => EMPTY_LAST_BLOCK,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// The file after each of three blocks, with its end behind it.
    fn files(compression: Compression) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(compression).unwrap();
        let mut bytes = Vec::new();
        let mut files = Vec::new();
        for block in ["one\n", "two\n", "three\n"] {
            bytes.extend_from_slice(encoder.block(block.as_bytes()).unwrap());
            files.push([&bytes, encoder.end()].concat());
        }
        files
    }

    const EXPECTED: [&str; 3] = ["one\n", "one\ntwo\n", "one\ntwo\nthree\n"];

    #[test]
    fn a_gzip_file_can_end_at_any_block() {
        for (file, expected) in files(Compression::Gzip).iter().zip(EXPECTED) {
            let mut text = String::new();
            flate2::read::MultiGzDecoder::new(&file[..]).read_to_string(&mut text).unwrap();
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_zstd_file_can_end_at_any_block_and_is_one_frame() {
        for (file, expected) in files(Compression::Zstd).iter().zip(EXPECTED) {
            let decoder = zstd::stream::read::Decoder::with_buffer(&file[..]).unwrap().single_frame();
            assert_eq!(io::read_to_string(decoder).unwrap(), expected);
        }
    }

    #[test]
    fn the_compression_is_split_off_in_either_case() {
        let (path, compression) = Compression::split(Path::new("a/x.csv.GZ"));
        assert_eq!((path.to_str(), compression), (Some("a/x.csv"), Compression::Gzip));
    }
}
