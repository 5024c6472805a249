//! Chains of headers: `eth:vlan{2}:ipv4:udp`, kept once each.
//!
//! What comes in: the layers of one packet, in order, in a fixed-size [`ChainBuilder`]. What goes out: a number
//! that stands for the chain, and by [`HeaderChains::get`] its text and its count of headers.

use std::fmt::Write;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;

use super::names::{Name, TEXTS};

/// Layers a chain may have; what lies deeper is shown as `...`.
const MAX_LAYERS: usize = 64;

/// One layer of a chain: its name, and the number that its text shows (tags of a stack, an unknown number).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Layer(u32);

impl Layer {
    /// A layer with a number beside its name.
    pub(super) const fn with(name: Name, number: u16) -> Self {
        Self(name as u32 | (number as u32) << 16)
    }

    fn text(self) -> &'static str {
        TEXTS[usize::from(self.0 as u16)]
    }

    fn number(self) -> u16 {
        (self.0 >> 16) as u16
    }

    fn is(self, name: Name) -> bool {
        self.0 as u16 == name as u16
    }

    fn is_stack(self) -> bool {
        self.is(Name::Vlan) || self.is(Name::Mpls)
    }

    /// Headers this layer counts for: a stack counts its tags, `ppp:mp` counts two.
    fn headers(self) -> u16 {
        if self.is_stack() {
            return self.number().max(1);
        }
        self.text().split(':').filter(|part| !part.is_empty()).count() as u16
    }

    fn write(self, text: &mut String) {
        let (name, number) = (self.text(), self.number());
        let written = if self.is(Name::UnknownEthertype) {
            write!(text, "{name}(0x{number:04x})")
        } else if self.is(Name::UnknownDsap) {
            write!(text, "{name}(0x{number:02x})")
        } else if self.is(Name::UnknownProtocol) {
            write!(text, "{name}({number})")
        } else if self.is_stack() && number > 1 {
            write!(text, "{name}{{{number}}}")
        } else {
            text.write_str(name)
        };
        written.expect("a String takes every text");
    }
}

impl From<Name> for Layer {
    fn from(name: Name) -> Self {
        Self::with(name, 0)
    }
}

/// The layers of the packet at hand.
#[derive(Clone, Debug)]
pub(super) struct ChainBuilder {
    layers: [Layer; MAX_LAYERS],
    len: usize,
}

impl Default for ChainBuilder {
    fn default() -> Self {
        Self { layers: [Layer::default(); MAX_LAYERS], len: 0 }
    }
}

impl ChainBuilder {
    /// Adds a layer; a chain that is full ends in `...`.
    pub(super) fn push(&mut self, layer: Layer) {
        match self.layers.get_mut(self.len) {
            Some(free) => {
                *free = layer;
                self.len += 1;
            }
            None => self.layers[MAX_LAYERS - 1] = Name::Cut.into(),
        }
    }

    /// Whether no further layer has room.
    pub(super) fn is_full(&self) -> bool {
        self.len == MAX_LAYERS
    }

    fn layers(&self) -> &[Layer] {
        &self.layers[..self.len]
    }
}

/// One chain of headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain<'a> {
    /// The names, outermost first, joined with colons; never cut.
    pub text: &'a str,
    /// Number of headers: a stack of three VLAN tags counts three.
    pub count: u16,
}

/// The text and the count of a chain, for whoever did not decode it.
#[derive(Clone, Debug)]
pub struct ChainText {
    text: Arc<str>,
    count: u16,
}

impl ChainText {
    fn of(layers: &[Layer]) -> Self {
        let mut text = String::new();
        let mut count = 0u16;
        for (position, layer) in layers.iter().enumerate() {
            if position > 0 {
                text.push(':');
            }
            layer.write(&mut text);
            count = count.saturating_add(layer.headers());
        }
        Self { text: text.into(), count }
    }
}

/// Chains by their numbers.
#[derive(Clone, Debug, Default)]
pub struct ChainTexts(Vec<ChainText>);

impl ChainTexts {
    /// The chain with this number, if a packet had it.
    pub fn get(&self, id: u32) -> Option<Chain<'_>> {
        self.0.get(id as usize).map(|chain| Chain { text: &chain.text, count: chain.count })
    }

    /// How many chains there are; their numbers are the ones below.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no chain.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those with this number and the ones above.
    pub fn since(&self, id: usize) -> &[ChainText] {
        &self.0[id..]
    }

    /// Takes those that come next.
    pub fn extend(&mut self, next: &[ChainText]) {
        self.0.extend_from_slice(next);
    }
}

/// All header chains that a decoder has met, numbered in the order of their first appearance.
#[derive(Debug)]
pub struct HeaderChains {
    layers: Vec<Box<[Layer]>>,
    texts: ChainTexts,
    ids: HashTable<u32>,
    // Chains come from the wire: without a seed a capture could be made to collide.
    hasher: foldhash::fast::RandomState,
}

impl HeaderChains {
    /// No chain yet.
    pub(super) fn new() -> Self {
        Self {
            layers: Vec::new(),
            texts: ChainTexts::default(),
            ids: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    /// The chains by their numbers.
    pub fn texts(&self) -> &ChainTexts {
        &self.texts
    }

    /// The number of a chain; memory is taken only when it is new.
    pub(super) fn intern(&mut self, chain: &ChainBuilder) -> u32 {
        let layers = chain.layers();
        let hash = self.hasher.hash_one(layers);
        let known = self.ids.find(hash, |&id| *self.layers[id as usize] == *layers);
        known.copied().unwrap_or_else(|| self.add(hash, layers))
    }

    fn add(&mut self, hash: u64, layers: &[Layer]) -> u32 {
        let id = self.layers.len() as u32;
        self.layers.push(layers.into());
        self.texts.0.push(ChainText::of(layers));
        let Self { layers, ids, hasher, .. } = self;
        ids.insert_unique(hash, id, |&id| hasher.hash_one(&*layers[id as usize]));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(layers: &[Layer], text: &str, count: u16) {
        let mut chain = ChainBuilder::default();
        layers.iter().for_each(|&layer| chain.push(layer));
        let mut chains = HeaderChains::new();
        let id = chains.intern(&chain);
        assert_eq!(chains.intern(&chain), id);
        assert_eq!(chains.texts().get(id), Some(Chain { text, count }));
    }

    #[test]
    fn names_are_joined_and_counted() {
        check(&[Name::Eth.into(), Name::Ipv4.into(), Name::Tcp.into()], "eth:ipv4:tcp", 3);
        check(&[Name::Eth.into(), Name::FcoeFc.into()], "eth:fcoe:fc", 3);
        check(&[Name::PpiColon.into(), Name::Wlan.into()], "ppi::wlan", 2);
    }

    #[test]
    fn a_stack_shows_and_counts_its_tags() {
        check(&[Name::Eth.into(), Layer::with(Name::Vlan, 1)], "eth:vlan", 2);
        check(&[Name::Eth.into(), Layer::with(Name::Vlan, 4)], "eth:vlan{4}", 5);
    }

    #[test]
    fn unknown_numbers_stand_in_the_text() {
        check(&[Layer::with(Name::UnknownEthertype, 0x26)], "UNK(0x0026)", 1);
        check(&[Layer::with(Name::UnknownDsap, 0x12)], "UNK(0x12)", 1);
        check(&[Layer::with(Name::UnknownProtocol, 200)], "UNK(200)", 1);
    }

    #[test]
    fn a_raw_ipv4_link_begins_with_a_colon() {
        check(&[Name::Nothing.into(), Name::Ipv4.into()], ":ipv4", 1);
    }

    #[test]
    fn a_chain_that_is_too_long_ends_in_dots() {
        let mut chain = ChainBuilder::default();
        (0..100).for_each(|_| chain.push(Name::Dtls12.into()));
        let mut chains = HeaderChains::new();
        let id = chains.intern(&chain);
        assert!(chain.is_full());
        assert!(chains.texts().get(id).is_some_and(|chain| chain.text.ends_with("dtls1.2:...")));
    }
}
