//! Where every packet went: in a flow, or in a named counter.

use crate::capture::Record;
use crate::decode::NoFlow;

/// Counts of a worker. `read` is the sum of `in_flows` and all of `not_in_flows`.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Packets read.
    pub read: u64,
    /// Packets that belong to a flow.
    pub in_flows: u64,
    /// Packets that do not, by reason, in the order of [`NoFlow::ALL`].
    pub not_in_flows: Vec<u64>,
    /// Packets of link types that are not decoded, by link type.
    pub unsupported_link_types: Vec<(u16, u64)>,
    /// Bytes captured.
    pub captured_bytes: u64,
    /// Bytes on the wire.
    pub wire_bytes: u64,
    /// Conversations that ended.
    pub conversations: u64,
    /// Directions that ended.
    pub directions: u64,
    /// Conversations that ended early because of the limit on memory.
    pub ended_by_limit: u64,
    /// Holes in TCP streams that were given up because too much waited behind them.
    pub stream_holes_given_up: u64,
    /// Earliest and latest time of a packet, nanoseconds since 1970-01-01 UTC.
    pub span: Option<(i64, i64)>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            read: 0,
            in_flows: 0,
            not_in_flows: vec![0; NoFlow::ALL.len()],
            unsupported_link_types: Vec::new(),
            captured_bytes: 0,
            wire_bytes: 0,
            conversations: 0,
            directions: 0,
            ended_by_limit: 0,
            stream_holes_given_up: 0,
            span: None,
        }
    }
}

impl Counts {
    /// Counts records that were read.
    pub fn read(&mut self, records: &[Record]) {
        self.read += records.len() as u64;
        self.captured_bytes += records.iter().map(|record| u64::from(record.captured_len)).sum::<u64>();
        self.wire_bytes += records.iter().map(|record| u64::from(record.wire_len)).sum::<u64>();
        let times = || records.iter().map(|record| record.time_ns);
        self.widen(times().min().zip(times().max()));
    }

    /// Adds what another worker counted.
    pub fn add(&mut self, other: &Counts) {
        self.read += other.read;
        self.in_flows += other.in_flows;
        self.not_in_flows.iter_mut().zip(&other.not_in_flows).for_each(|(own, other)| *own += other);
        for &(link_type, packets) in &other.unsupported_link_types {
            self.unsupported(link_type, packets);
        }
        self.captured_bytes += other.captured_bytes;
        self.wire_bytes += other.wire_bytes;
        self.conversations += other.conversations;
        self.directions += other.directions;
        self.ended_by_limit += other.ended_by_limit;
        self.stream_holes_given_up += other.stream_holes_given_up;
        self.widen(other.span);
    }

    fn widen(&mut self, span: Option<(i64, i64)>) {
        let spans = self.span.into_iter().chain(span);
        self.span = spans.reduce(|(first, last), (other_first, other_last)| {
            (first.min(other_first), last.max(other_last))
        });
    }

    /// Counts a packet that belongs to no flow.
    pub fn no_flow(&mut self, reason: NoFlow, record: &Record) {
        self.not_in_flows[reason as usize] += 1;
        if reason == NoFlow::UnsupportedLinkType {
            self.unsupported(record.link_type, 1);
        }
    }

    fn unsupported(&mut self, link_type: u16, packets: u64) {
        match self.unsupported_link_types.iter_mut().find(|(link, _)| *link == link_type) {
            Some((_, count)) => *count += packets,
            None => self.unsupported_link_types.push((link_type, packets)),
        }
    }

    /// The counters of packets in no flow that are not zero, with their names.
    pub fn reasons(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let counted = NoFlow::ALL.iter().zip(&self.not_in_flows);
        counted.filter(|&(_, &count)| count > 0).map(|(reason, &count)| (reason.name(), count))
    }
}
