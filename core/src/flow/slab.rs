//! The states of all plugins: one row of bytes per conversation, in chunks that never move.

/// Rows are cut from whole cache lines.
#[repr(align(64))]
#[derive(Clone, Copy, Default)]
struct Line {
    _bytes: [u64; 8],
}

const ROWS_PER_CHUNK: usize = 1024;

/// Rows of equal size, addressed by slot.
pub struct Slab {
    chunks: Vec<Box<[Line]>>,
    lines_per_row: usize,
}

impl Slab {
    /// A slab of rows with at least `row_size` bytes each, aligned to 64.
    pub fn new(row_size: usize) -> Self {
        Self { chunks: Vec::new(), lines_per_row: row_size.div_ceil(size_of::<Line>()) }
    }

    /// Where the row of a slot stands; it stays there for the life of the slab. Reading and writing
    /// through the pointer is the business of the plugins' boundary.
    #[inline]
    pub fn row(&mut self, slot: u32) -> *mut u8 {
        let (chunk, row) = (slot as usize / ROWS_PER_CHUNK, slot as usize % ROWS_PER_CHUNK);
        while self.chunks.len() <= chunk {
            self.chunks.push(vec![Line::default(); ROWS_PER_CHUNK * self.lines_per_row].into_boxed_slice());
        }
        self.chunks[chunk].as_mut_ptr().wrapping_add(row * self.lines_per_row).cast()
    }

    /// Bytes of one row.
    pub fn row_bytes(&self) -> usize {
        self.lines_per_row * size_of::<Line>()
    }
}
