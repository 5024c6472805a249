//! A flow in, the lines that match it out, without looking at all of them.
//!
//! Lines that ask for the same parts of a flow have a shape in common: lengths of prefixes, whether single ports, whether
//! a protocol. For each shape there is, a flow has one key for each of its two orientations, and lines with that key
//! stand together, by the time at which they begin. What is left to compare one by one are ranges of ports.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::conditions::{Address, Conditions, Endpoint, Flow, Net, Ports, Span};

/// A line of the file, without what it says of the flow.
pub(crate) struct Rule {
    pub(crate) conditions: Conditions,
    pub(crate) span: Span,
}

/// Lines by what they ask.
#[derive(Default)]
pub(crate) struct Index {
    shapes: Vec<Shape>,
    by_key: HashMap<Key, Vec<Entry>, FixedState>,
}

/// Which parts of a flow make a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shape {
    src: ShapeOfEnd,
    dst: ShapeOfEnd,
    has_l4_proto: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ShapeOfEnd {
    /// IP version and length of the prefix.
    prefix: Option<(u8, u8)>,
    has_port: bool,
}

/// The parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    shape: usize,
    src: (u128, u16),
    dst: (u128, u16),
    l4_proto: u8,
}

/// A line with a key.
#[derive(Clone, Copy, Debug)]
struct Entry {
    rule: u32,
    span: Span,
    /// The latest end of this entry and those before it.
    latest_end: i64,
}

impl Index {
    /// Of these lines, which are known by their places.
    pub(crate) fn of(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        let mut numbers: HashMap<Shape, usize, FixedState> = HashMap::default();
        for (rule, number) in rules.iter().zip(0..) {
            let shape = Shape::of(&rule.conditions);
            let place = *numbers.entry(shape).or_insert_with(|| {
                index.shapes.push(shape);
                index.shapes.len() - 1
            });
            let key = Key::of_rule(place, &rule.conditions);
            let entry = Entry { rule: number, span: rule.span, latest_end: rule.span.end };
            index.by_key.entry(key).or_default().push(entry);
        }
        index.by_key.values_mut().for_each(|entries| put_in_order(entries));
        index
    }

    /// The places of all lines that match a flow, in order.
    pub(crate) fn find(&self, rules: &[Rule], flow: &Flow, found: &mut Vec<u32>) {
        found.clear();
        for seen in [*flow, flow.swapped()] {
            let keys = self.shapes.iter().enumerate().filter_map(|(place, shape)| shape.key(place, &seen));
            for entries in keys.filter_map(|key| self.by_key.get(&key)) {
                let hits = overlapping(entries, seen.span);
                let holds = |rule: &u32| rules[*rule as usize].conditions.hold(&seen);
                found.extend(hits.map(|entry| entry.rule).filter(holds));
            }
        }
        found.sort_unstable();
        found.dedup();
    }
}

fn put_in_order(entries: &mut [Entry]) {
    entries.sort_by_key(|entry| entry.span.start);
    let mut latest = i64::MIN;
    for entry in entries {
        latest = latest.max(entry.span.end);
        entry.latest_end = latest;
    }
}

/// The entries that share a time with a span.
fn overlapping(entries: &[Entry], span: Span) -> impl Iterator<Item = &Entry> {
    let begun = &entries[..entries.partition_point(|entry| entry.span.start <= span.end)];
    let reaching = begun.iter().rev().take_while(move |entry| entry.latest_end >= span.start);
    reaching.filter(move |entry| entry.span.end >= span.start)
}

impl Shape {
    fn of(conditions: &Conditions) -> Self {
        let of_end = |net: Option<Net>, ports: Option<Ports>| ShapeOfEnd {
            prefix: net.map(|net| (net.first.version, net.len)),
            has_port: ports.and_then(|ports| ports.single()).is_some(),
        };
        let Conditions { src, dst, l4_proto } = conditions;
        Self {
            src: of_end(src.net, src.ports),
            dst: of_end(dst.net, dst.ports),
            has_l4_proto: l4_proto.is_some(),
        }
    }

    /// The key of a flow; none if it lacks a part.
    fn key(&self, shape: usize, flow: &Flow) -> Option<Key> {
        let l4_proto = if self.has_l4_proto { flow.l4_proto? } else { 0 };
        Some(Key { shape, src: self.src.parts(&flow.src)?, dst: self.dst.parts(&flow.dst)?, l4_proto })
    }
}

impl ShapeOfEnd {
    fn parts(&self, end: &Endpoint) -> Option<(u128, u16)> {
        let bits = match self.prefix {
            Some((version, len)) => end.address.filter(|address| address.version == version)?.cut(len).bits,
            None => 0,
        };
        Some((bits, if self.has_port { end.port? } else { 0 }))
    }
}

impl Key {
    fn of_rule(shape: usize, conditions: &Conditions) -> Self {
        let bits = |net: Option<Net>| net.map_or(0, |Net { first: Address { bits, .. }, .. }| bits);
        let port = |ports: Option<Ports>| ports.and_then(|ports| ports.single()).unwrap_or(0);
        let Conditions { src, dst, l4_proto } = conditions;
        Self {
            shape,
            src: (bits(src.net), port(src.ports)),
            dst: (bits(dst.net), port(dst.ports)),
            l4_proto: l4_proto.unwrap_or(0),
        }
    }
}
