//! Which table finds the conversation of a packet fastest?
//!
//! All tables lead from a key to the number of a record of the size of a conversation, whose key decides and
//! whose counter is raised. All use the same seeded hash.

use std::hash::{BuildHasher, Hasher};

use criterion::{Criterion, SamplingMode, Throughput};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use weir::flow::Index;
use weir::memory::prefetch;
use weir::worker::BATCH;
use weir_traffic::random::Random;

const LOOKUPS: usize = 1_000_000;

/// An IPv4 key as [`weir::flow::FlowKey`] packs it.
type Key = [u64; 5];

/// As large as what core keeps of a conversation.
#[derive(Clone)]
struct Kept {
    key: Key,
    hash: u64,
    packets: u64,
    _rest: [u64; 18],
}

struct Setup {
    state: RandomState,
    kept: Vec<Kept>,
    packets: Vec<Key>,
}

/// Measures the tables with so many flows alive.
pub fn measure(criterion: &mut Criterion, flows: u64) {
    let mut setup = Setup::new(flows);
    let index = setup.index();
    let table = setup.table();
    let tagged = setup.tagged();
    let expected = setup.expected();
    let mut group = criterion.benchmark_group(format!("find a flow among {flows}"));
    group.throughput(Throughput::Elements(LOOKUPS as u64)).sampling_mode(SamplingMode::Flat);
    let mut check = |name: &str, find: &dyn Fn(&mut Setup)| {
        setup.kept.iter_mut().for_each(|kept| kept.packets = 0);
        find(&mut setup);
        assert!(setup.kept.iter().map(|kept| kept.packets).eq(expected.iter().copied()), "{name}");
        group.bench_function(name, |b| b.iter(|| find(&mut setup)));
    };
    check("our index, in batches", &|setup| ours_in_batches(&index, setup));
    check("our index, packet by packet", &|setup| ours_one_by_one(&index, setup));
    check("hashbrown, packet by packet", &|setup| hashbrown_one_by_one(&table, setup));
    check("hashbrown, in batches", &|setup| hashbrown_in_batches(&tagged, setup));
    group.finish();
}

impl Setup {
    fn new(flows: u64) -> Self {
        let state = RandomState::default();
        let mut random = Random::new(flows);
        let kept: Vec<Kept> = (0..flows).map(|flow| Kept::new(key(flow), &state)).collect();
        let packets = (0..LOOKUPS).map(|_| key(random.below(flows))).collect();
        Self { state, kept, packets }
    }

    fn index(&self) -> Index {
        let mut index = Index::default();
        self.kept.iter().zip(0..).for_each(|(kept, slot)| index.insert(kept.hash, slot));
        index
    }

    fn table(&self) -> HashTable<u32> {
        let mut table = HashTable::new();
        for (kept, slot) in self.kept.iter().zip(0..) {
            table.insert_unique(kept.hash, slot, |&slot| self.kept[slot as usize].hash);
        }
        table
    }

    /// Hashes beside the slots, so that a search need not look at a record.
    fn tagged(&self) -> HashTable<(u32, u32)> {
        let mut table = HashTable::new();
        for (kept, slot) in self.kept.iter().zip(0..) {
            let entry = (kept.hash as u32, slot);
            table.insert_unique(kept.hash, entry, |&(_, slot)| self.kept[slot as usize].hash);
        }
        table
    }

    /// How often each flow is looked up.
    fn expected(&self) -> Vec<u64> {
        let mut counts = vec![0; self.kept.len()];
        self.packets.iter().for_each(|key| counts[key[4] as usize >> 16] += 1);
        counts
    }
}

impl Kept {
    fn new(key: Key, state: &RandomState) -> Self {
        Self { key, hash: hash(&key, state), packets: 0, _rest: [0; 18] }
    }
}

/// Two addresses in the first word; the last one holds the number of the flow.
fn key(flow: u64) -> Key {
    [(0x0a00_0000 + flow) << 32 | 0xc633_6401, 0, 0, 0, flow << 16 | 0x0604]
}

#[inline]
fn hash(key: &Key, state: &RandomState) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write_u64(key[0]);
    hasher.write_u64(key[4]);
    hasher.finish()
}

fn ours_in_batches(index: &Index, setup: &mut Setup) {
    let Setup { state, kept, packets } = setup;
    let mut hashes = [0; BATCH];
    for keys in packets.chunks(BATCH) {
        for (key, hashed) in keys.iter().zip(&mut hashes) {
            *hashed = hash(key, state);
            index.prefetch(*hashed);
        }
        for &hash in &hashes[..keys.len()] {
            if let Some(slot) = index.guess(hash) {
                prefetch(&kept[slot as usize]);
            }
        }
        for (key, &hash) in keys.iter().zip(&hashes) {
            if let Some(slot) = index.find(hash, |slot| kept[slot as usize].key == *key) {
                kept[slot as usize].packets += 1;
            }
        }
    }
}

fn ours_one_by_one(index: &Index, setup: &mut Setup) {
    let Setup { state, kept, packets } = setup;
    for key in packets.iter() {
        if let Some(slot) = index.find(hash(key, state), |slot| kept[slot as usize].key == *key) {
            kept[slot as usize].packets += 1;
        }
    }
}

fn hashbrown_one_by_one(table: &HashTable<u32>, setup: &mut Setup) {
    let Setup { state, kept, packets } = setup;
    for key in packets.iter() {
        if let Some(&slot) = table.find(hash(key, state), |&slot| kept[slot as usize].key == *key) {
            kept[slot as usize].packets += 1;
        }
    }
}

/// What can be done without a way to prefetch a group: a first search by hash alone brings entries in, and
/// tells which records to ask for.
fn hashbrown_in_batches(table: &HashTable<(u32, u32)>, setup: &mut Setup) {
    let Setup { state, kept, packets } = setup;
    let mut hashes = [0; BATCH];
    for keys in packets.chunks(BATCH) {
        for (key, hashed) in keys.iter().zip(&mut hashes) {
            *hashed = hash(key, state);
            if let Some(&(_, slot)) = table.find(*hashed, |&(tag, _)| tag == *hashed as u32) {
                prefetch(&kept[slot as usize]);
            }
        }
        for (key, &hash) in keys.iter().zip(&hashes) {
            let is_equal = |&(tag, slot): &(u32, u32)| tag == hash as u32 && kept[slot as usize].key == *key;
            if let Some(&(_, slot)) = table.find(hash, is_equal) {
                kept[slot as usize].packets += 1;
            }
        }
    }
}
