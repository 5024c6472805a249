//! The records of conversations, by slot, in chunks that never move: growing copies nothing.

use std::ops::{Index, IndexMut};

use crate::flow::Conversation;
use crate::memory::want_huge_pages;

const RECORDS_PER_CHUNK: usize = 1 << 16;
/// So many records have to do with small pages: most captures have no more.
const FIRST_RECORDS: usize = 1 << 13;

/// Records that are added one by one, and used again by their owner.
#[derive(Default)]
pub(super) struct Records {
    chunks: Vec<Vec<Conversation>>,
    len: usize,
}

impl Records {
    /// Adds a record; gives its slot.
    pub(super) fn push(&mut self, conversation: Conversation) -> u32 {
        if self.len.is_multiple_of(RECORDS_PER_CHUNK) {
            self.grow();
        }
        let slot = self.len as u32;
        self.chunks[self.len / RECORDS_PER_CHUNK].push(conversation);
        self.len += 1;
        slot
    }

    fn grow(&mut self) {
        let mut chunk = Vec::with_capacity(RECORDS_PER_CHUNK);
        let first = if self.chunks.is_empty() { FIRST_RECORDS } else { 0 };
        want_huge_pages(&chunk.spare_capacity_mut()[first..]);
        self.chunks.push(chunk);
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conversation> {
        self.chunks.iter_mut().flatten()
    }
}

impl Index<u32> for Records {
    type Output = Conversation;

    #[inline]
    fn index(&self, slot: u32) -> &Conversation {
        &self.chunks[slot as usize / RECORDS_PER_CHUNK][slot as usize % RECORDS_PER_CHUNK]
    }
}

impl IndexMut<u32> for Records {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut Conversation {
        &mut self.chunks[slot as usize / RECORDS_PER_CHUNK][slot as usize % RECORDS_PER_CHUNK]
    }
}
