//! The states of all plugins: one row of bytes per conversation, in chunks that never move.
//!
//! Lines are [`Cell`]s, since a batch holds pointers to many rows at once: asking for the next row must not
//! claim the whole chunk, which would end the right of the earlier pointers to be written through.

use std::cell::Cell;
use std::mem::MaybeUninit;

use crate::memory::want_huge_pages;

/// The most that a row can be aligned to.
pub const ROW_ALIGN: usize = align_of::<Line>();

/// Chunks begin at a cache line; rows follow each other without gaps, so that a million of them waste nothing.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line {
    _bytes: [u64; 8],
}

/// A chunk takes memory as its rows are used.
const ROWS_PER_CHUNK: usize = 1 << 14;
/// So many rows have to do with small pages: most captures have no more.
const FIRST_ROWS: usize = 1 << 11;

/// Rows of equal size, addressed by slot.
pub struct Slab {
    chunks: Vec<Box<[MaybeUninit<Cell<Line>>]>>,
    row_bytes: usize,
}

impl Slab {
    /// A slab of rows with at least `row_size` bytes each, aligned to `row_align`, a power of two up to
    /// [`ROW_ALIGN`].
    pub fn new(row_size: usize, row_align: usize) -> Self {
        Self { chunks: Vec::new(), row_bytes: row_size.next_multiple_of(row_align) }
    }

    /// Where the row of a slot stands; it stays there for the life of the slab. Nothing stands in it before it is
    /// written. Reading and writing through the pointer is the business of the plugins' boundary.
    #[inline]
    pub fn row(&mut self, slot: u32) -> *mut u8 {
        let (chunk, row) = (slot as usize / ROWS_PER_CHUNK, slot as usize % ROWS_PER_CHUNK);
        while self.chunks.len() <= chunk {
            self.grow();
        }
        self.chunks[chunk].as_ptr().cast_mut().cast::<u8>().wrapping_add(row * self.row_bytes)
    }

    #[cold]
    fn grow(&mut self) {
        let lines = |rows: usize| (rows * self.row_bytes).div_ceil(size_of::<Line>());
        let chunk = Box::new_uninit_slice(lines(ROWS_PER_CHUNK));
        let first = if self.chunks.is_empty() { lines(FIRST_ROWS) } else { 0 };
        want_huge_pages(&chunk[first..]);
        self.chunks.push(chunk);
    }

    /// Bytes of one row.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes
    }
}
