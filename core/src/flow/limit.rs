//! A limit on how many conversations live at once: the least recently used ones end to make room.
//!
//! Conversations are counted by shard, a part of all of them that is the same however many workers there are, so
//! that who must end does not depend on threads.

use crate::flow::records::Records;

/// Parts that conversations fall into by their hosts. Each worker has whole parts.
pub const SHARDS: usize = 256;

/// So many of a full shard end together, as a part of it: the search for them is worth its time then.
const SHARE: usize = 8;

/// The conversations of one worker, by shard.
pub(super) struct Limit {
    /// How many may live in a shard.
    most: usize,
    shards: Vec<Shard>,
}

#[derive(Clone, Default)]
struct Shard {
    live: usize,
    /// Slots and generations of conversations that were created; some may have ended since.
    created: Vec<(u32, u32)>,
}

impl Limit {
    /// A limit on all shards together; each has its part of it.
    pub(super) fn new(most: usize) -> Self {
        Self { most: (most / SHARDS).max(1), shards: vec![Shard::default(); SHARDS] }
    }

    /// Whether a conversation more would be too many.
    #[inline]
    pub(super) fn is_reached(&self, shard: u8) -> bool {
        self.shards[usize::from(shard)].live >= self.most
    }

    /// A conversation of the shard began.
    pub(super) fn began(&mut self, shard: u8, slot: u32, generation: u32) {
        let shard = &mut self.shards[usize::from(shard)];
        shard.live += 1;
        shard.created.push((slot, generation));
    }

    /// A conversation of the shard ended.
    pub(super) fn ended(&mut self, shard: u8) {
        self.shards[usize::from(shard)].live -= 1;
    }

    /// The slots of the conversations that live in a shard.
    pub(super) fn living(&mut self, shard: u8, conversations: &Records) -> Vec<u32> {
        let created = &mut self.shards[usize::from(shard)].created;
        created.retain(|&(slot, generation)| {
            let conversation = &conversations[slot];
            conversation.is_live && conversation.generation == generation
        });
        created.iter().map(|&(slot, _)| slot).collect()
    }

    /// Those of the living that must end to make room, least recently used first.
    pub(super) fn outdated(&self, mut living: Vec<u32>, conversations: &Records) -> Vec<u32> {
        let last_use = |slot: &u32| conversations[*slot].last_use();
        let count = living.len().div_ceil(SHARE).max(living.len() + 1 - self.most.min(living.len()));
        let count = count.min(living.len());
        if count < living.len() {
            living.select_nth_unstable_by_key(count, last_use);
            living.truncate(count);
        }
        living.sort_unstable_by_key(last_use);
        living
    }
}
