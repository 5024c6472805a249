//! Records → packets: decoded once, with the running clock, and dealt out to workers.
//!
//! What comes in: records in the order of the input. What goes out: for each worker the [`Packets`] that are its
//! own, all packets of two hosts with the same one, so that workers share nothing; and the clock, which follows
//! every record. Every record is counted here, in a flow or by the reason why it is in none.

use std::num::NonZeroU8;
use std::ops::Range;

use weir_sdk::{Packet, PacketFacts, Reads};

use crate::capture::Record;
use crate::counts::Counts;
use crate::decode::{ChainTexts, Decoded, Decoder, link_direction};
use crate::flow::{Clocks, FlowKey, LinkEnds, Query, SHARDS};

/// Packets of one worker, as lists that are used again: facts and clocks go together, the others stand by ordinal.
#[derive(Default)]
pub struct Packets {
    /// What the decoder found.
    pub facts: Vec<PacketFacts>,
    /// What links tell of packets without addresses; of those of other workers, too.
    pub links: Vec<LinkEnds>,
    /// The running clock.
    pub clocks: Vec<i64>,
    /// What messages of any worker ask this one.
    pub queries: Vec<Query>,
}

impl Packets {
    /// Forgets them, keeps the memory.
    pub fn clear(&mut self) {
        self.facts.clear();
        self.links.clear();
        self.clocks.clear();
        self.queries.clear();
    }

    /// The places of the queries of some packets.
    pub(crate) fn asked(&self, ordinals: Range<u64>) -> Range<usize> {
        let before = |ordinal| self.queries.partition_point(|query| query.ordinal < ordinal);
        before(ordinals.start)..before(ordinals.end)
    }
}

/// Packets of one worker among several.
#[derive(Default)]
pub struct Dealt {
    /// The packets.
    pub packets: Packets,
    /// Their bytes, one packet behind the other, where nobody reads payload: what was read from the capture is then needed
    /// no more. Else they stand in the window.
    pub bytes: Vec<u8>,
}

impl Dealt {
    /// Forgets them, keeps the memory.
    fn clear(&mut self) {
        self.packets.clear();
        self.bytes.clear();
    }

    fn push(&mut self, facts: &PacketFacts, clock: i64, window: &[u8], reads: Reads) {
        let Self { packets, bytes } = self;
        packets.facts.push(*facts);
        packets.clocks.push(clock);
        if let (false, Some(facts)) = (reads.payload(), packets.facts.last_mut()) {
            reads.withhold(facts, window);
            let start = bytes.len() as u64;
            bytes.extend_from_slice(Packet::new(facts, window).bytes());
            facts.start = start;
        }
    }
}

/// Decodes the records of a run, in order.
pub struct Intake {
    decoder: Decoder,
    /// Number of the next record, from 1.
    next: u64,
    /// The clock after the last one.
    clock: Option<i64>,
    counts: Counts,
    /// Decoded and not yet dealt.
    decoded: Packets,
}

/// Packets that are decoded before they are dealt: what was written a moment ago in small pieces would be waited for when
/// it is copied in large ones.
const DEALT_TOGETHER: usize = 64;

impl Default for Intake {
    fn default() -> Self {
        Self {
            decoder: Decoder::new(),
            next: 1,
            clock: None,
            counts: Counts::default(),
            decoded: Packets::default(),
        }
    }
}

impl Intake {
    /// Decodes the next records for the one worker there is. What plugins do not read is withheld, as it is from one
    /// worker among several.
    pub fn take(
        &mut self,
        records: &[Record],
        window: &[u8],
        packets: &mut Packets,
        clocks: &mut Clocks,
        reads: Reads,
    ) {
        packets.clear();
        self.begin(records, clocks);
        self.decode_all(records, window, packets, clocks);
        if !reads.payload() {
            packets.facts.iter_mut().for_each(|facts| reads.withhold(facts, window));
        }
        self.clock = clocks.all().now();
    }

    /// Decodes the next records for several workers, each packet for the worker of its two hosts. Unless plugins read
    /// payload, each has its own bytes.
    pub fn deal(
        &mut self,
        records: &[Record],
        window: &[u8],
        shares: &mut [&mut Dealt],
        clocks: &mut Clocks,
        reads: Reads,
    ) {
        shares.iter_mut().for_each(|dealt| dealt.clear());
        self.begin(records, clocks);
        let mut decoded = std::mem::take(&mut self.decoded);
        for records in records.chunks(DEALT_TOGETHER) {
            decoded.clear();
            self.decode_all(records, window, &mut decoded, clocks);
            deal_out(&decoded, window, shares, reads);
        }
        self.decoded = decoded;
        self.clock = clocks.all().now();
    }

    /// Header chains met so far, by [`PacketFacts::header_chain`].
    pub fn chains(&self) -> &ChainTexts {
        self.decoder.chains().texts()
    }

    /// What was counted so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn begin(&mut self, records: &[Record], clocks: &mut Clocks) {
        clocks.begin(self.next, self.clock);
        self.counts.read(records);
    }

    /// Appends what belongs to flows.
    #[inline(always)]
    fn decode_all(&mut self, records: &[Record], window: &[u8], packets: &mut Packets, clocks: &mut Clocks) {
        for record in records {
            let clock = clocks.tick(record.time_ns);
            // Decoded where they stay: to move facts costs as much as to find half of them.
            packets.facts.push(PacketFacts::default());
            let Some(facts) = packets.facts.last_mut() else { return };
            if !self.decode(record, window, facts) {
                packets.facts.pop();
                continue;
            }
            let packet = Packet::new(facts, window);
            packets.queries.extend(Query::of(&packet, clock));
            if LinkEnds::are_needed(&packet) {
                packets.links.push(link_ends(packet.ordinal, record, window));
            }
            packets.clocks.push(clock);
        }
    }

    /// Decodes the next record, and says whether it belongs to a flow.
    #[inline(always)]
    fn decode(&mut self, record: &Record, window: &[u8], facts: &mut PacketFacts) -> bool {
        facts.ordinal = self.next;
        self.next += 1;
        match self.decoder.decode(record, window, facts) {
            Decoded::Flow => {
                self.counts.in_flows += 1;
                true
            }
            Decoded::NoFlow(reason) => {
                self.counts.no_flow(reason, record);
                false
            }
        }
    }
}

fn link_ends(ordinal: u64, record: &Record, window: &[u8]) -> LinkEnds {
    LinkEnds { ordinal, link_type: record.link_type, direction: link_direction(record, window) }
}

/// Gives each packet to the worker of its two hosts, and each query to that of the hosts it asks for.
fn deal_out(decoded: &Packets, window: &[u8], shares: &mut [&mut Dealt], reads: Reads) {
    let workers = NonZeroU8::new(shares.len() as u8).unwrap_or(NonZeroU8::MIN);
    let Packets { facts, links, clocks, queries } = decoded;
    shares.iter_mut().for_each(|dealt| dealt.packets.links.extend_from_slice(links));
    let mut queries = queries.iter().peekable();
    for (facts, &clock) in facts.iter().zip(clocks) {
        let shard = FlowKey::shard_of(&Packet::new(facts, window), links);
        if let Some(query) = queries.next_if(|query| query.ordinal == facts.ordinal) {
            let asked = query.key.map_or(shard, |key| key.shard());
            shares[owner(asked, workers)].packets.queries.push(*query);
        }
        shares[owner(shard, workers)].push(facts, clock, window, reads);
    }
}

/// Whole shards belong to a worker, as many as to any other, or one more.
#[inline]
fn owner(shard: u8, workers: NonZeroU8) -> usize {
    usize::from(shard) * usize::from(workers.get()) / SHARDS
}

#[cfg(test)]
mod tests {
    use weir_traffic::{Format, capture, sample::sample};

    use super::*;
    use crate::capture::Reader;
    use crate::decode::LinkDirection;

    /// Reads the sample, some records at a time.
    fn each_batch(limit: usize, mut take: impl FnMut(&[Record], &[u8])) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.pcap");
        std::fs::write(&path, capture(&sample(), Format::PcapMicros)).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let mut records = Vec::new();
        loop {
            let window = reader.next_batch(&mut records, limit).unwrap();
            if records.is_empty() {
                return;
            }
            take(&records, window);
        }
    }

    /// All packets of a run with their clocks, in order, and the worker of each.
    fn dealt(workers: usize, limit: usize) -> Vec<(PacketFacts, i64, usize)> {
        let (mut intake, mut clocks) = (Intake::default(), Clocks::default());
        let mut shares: Vec<Dealt> = (0..workers).map(|_| Dealt::default()).collect();
        let mut all = Vec::new();
        each_batch(limit, |records, window| {
            if let [only] = &mut shares[..] {
                intake.take(records, window, &mut only.packets, &mut clocks, Reads::ALL);
            } else {
                intake.deal(
                    records,
                    window,
                    &mut shares.iter_mut().collect::<Vec<_>>(),
                    &mut clocks,
                    Reads::ALL,
                );
            }
            for (worker, Dealt { packets: share, .. }) in shares.iter().enumerate() {
                assert!(share.facts.is_sorted_by_key(|facts| facts.ordinal));
                // Where a frame begins depends on the window that it is in.
                let facts = share.facts.iter().map(|&facts| PacketFacts { start: 0, ..facts });
                all.extend(facts.zip(&share.clocks).map(|(facts, &clock)| (facts, clock, worker)));
            }
        });
        assert_eq!(intake.counts().in_flows, all.len() as u64);
        all.sort_by_key(|(facts, ..)| facts.ordinal);
        all
    }

    #[test]
    fn packets_are_the_same_for_any_number_of_workers_and_records() {
        let alone = dealt(1, 1000);
        assert!(!alone.is_empty());
        for (workers, limit) in [(1, 1), (2, 7), (3, 1000), (200, 3)] {
            let several = dealt(workers, limit);
            let same = |(own, of_all): (&(PacketFacts, i64, usize), &(PacketFacts, i64, usize))| {
                (own.0, own.1) == (of_all.0, of_all.1)
            };
            assert_eq!(several.len(), alone.len());
            assert!(several.iter().zip(&alone).all(same), "{workers} workers, {limit} records");
        }
        assert!(dealt(2, 1000).iter().any(|&(.., worker)| worker == 1));
    }

    /// Their bytes are those of the frame from its start on, as far as they go, and lead to the same flow. One worker is
    /// withheld as much as several.
    #[test]
    fn packets_with_bytes_of_their_own_are_the_same_packets() {
        for reads in [Reads::HEADERS, Reads::CHECKSUMS] {
            let [mut whole, mut alone, mut several] = [(); 3].map(|()| Intake::default());
            let [mut all, mut of_one] = [(); 2].map(|()| Packets::default());
            let mut shares = [Dealt::default(), Dealt::default()];
            let (mut packets, mut withheld) = (0, 0);
            each_batch(1000, |records, window| {
                whole.take(records, window, &mut all, &mut Clocks::default(), Reads::ALL);
                alone.take(records, window, &mut of_one, &mut Clocks::default(), reads);
                several.deal(records, window, &mut shares.each_mut(), &mut Clocks::default(), reads);
                for Dealt { packets: share, bytes } in &shares {
                    for own in &share.facts {
                        let at = all.facts.iter().position(|facts| facts.ordinal == own.ordinal).unwrap();
                        let one = &of_one.facts[at];
                        assert_eq!(PacketFacts { start: 0, ..*own }, PacketFacts { start: 0, ..*one });
                        let (own, whole) = (Packet::new(own, bytes), Packet::new(&all.facts[at], window));
                        let len = (own.captured_len - own.withheld_len) as usize;
                        assert_eq!(own.bytes(), &whole.bytes()[..len]);
                        let keys = [FlowKey::of(&own, &share.links), FlowKey::of(&whole, &all.links)];
                        assert_eq!(keys[0].key, keys[1].key);
                        packets += 1;
                        withheld += own.withheld_len;
                    }
                }
            });
            assert_eq!(packets, several.counts().in_flows);
            assert!(withheld > 0, "the sample has payload that is not read");
        }
    }

    #[test]
    fn a_packet_falls_into_the_shard_of_its_key() {
        let (mut intake, mut clocks, mut packets) =
            (Intake::default(), Clocks::default(), Packets::default());
        let mut shards = std::collections::HashSet::new();
        each_batch(1000, |records, window| {
            intake.take(records, window, &mut packets, &mut clocks, Reads::ALL);
            for facts in &packets.facts {
                let packet = Packet::new(facts, window);
                let shard = FlowKey::of(&packet, &packets.links).key.shard();
                assert_eq!(FlowKey::shard_of(&packet, &packets.links), shard);
                shards.insert(shard);
            }
        });
        assert!(shards.len() > 3);
    }

    /// Cooked frames of ARP from an interface without addresses, one received and one sent.
    #[test]
    fn a_packet_without_addresses_is_known_by_the_ends_of_its_link() {
        const LINUX_SLL: u16 = 113;
        let frame = |packet_type: u8| {
            let header = [0, packet_type, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x06];
            [&header[..], &[0; 28]].concat()
        };
        let window = [frame(0), frame(4)].concat();
        let record =
            |start| Record { time_ns: 0, start, captured_len: 44, wire_len: 44, link_type: LINUX_SLL };
        let mut shares = [Dealt::default(), Dealt::default(), Dealt::default()];
        let records = [record(0), record(44)];
        Intake::default().deal(&records, &window, &mut shares.each_mut(), &mut Clocks::default(), Reads::ALL);
        let links = [(1, LinkDirection::Received), (2, LinkDirection::Sent)].map(|(ordinal, direction)| {
            LinkEnds { ordinal, link_type: LINUX_SLL, direction: Some(direction) }
        });
        for Dealt { packets: share, .. } in &shares {
            assert_eq!(share.links, links);
            for facts in &share.facts {
                let packet = Packet::new(facts, &window);
                let key = FlowKey::of(&packet, &share.links).key;
                assert_ne!(key, FlowKey::of(&packet, &[]).key);
            }
        }
        assert_eq!(shares.iter().map(|share| share.packets.facts.len()).sum::<usize>(), 2);
    }

    #[test]
    fn what_is_asked_is_found_by_ordinal() {
        let query = |ordinal| Query { ordinal, clock: 0, key: None };
        let packets = Packets { queries: [3, 7, 7, 9].map(query).into(), ..Packets::default() };
        assert_eq!(packets.asked(0..3), 0..0);
        assert_eq!(packets.asked(3..8), 0..3);
        assert_eq!(packets.asked(8..100), 3..4);
    }
}
