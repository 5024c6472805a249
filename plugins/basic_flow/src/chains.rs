//! Keys of header chains in, packet by packet; their texts and header counts out, when the flow has ended.

use std::borrow::Cow;

use weir_sdk::columns::{ColumnBuffer, Element, Kind};
use weir_sdk::{ArrayVec, HeaderChain};

/// At most so many chains are kept for a direction.
pub(crate) const MAX_CHAINS: usize = 4;
/// A longer text is cut.
const MAX_TEXT: usize = 127;
/// What takes the place of the rest of a cut text.
const DOTS: &str = "...";

/// The distinct chains of a direction behind its first one, by key, in order of appearance.
#[derive(Default)]
pub(crate) struct LaterChains {
    keys: ArrayVec<u32, { MAX_CHAINS - 1 }>,
    overflow: bool,
}

/// Texts and header counts of the chains of a direction.
pub(crate) struct Description<'a> {
    pub(crate) texts: ArrayVec<ChainText<'a>, MAX_CHAINS>,
    pub(crate) counts: ArrayVec<u16, MAX_CHAINS>,
    /// A chain was left out or cut.
    pub(crate) overflow: bool,
}

/// The text of a chain, cut if it was too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainText<'a>(pub Cow<'a, str>);

impl Element for ChainText<'_> {
    const KIND: Kind = Kind::Text;

    fn write(&self, buffer: &mut ColumnBuffer) {
        self.0.as_ref().write(buffer);
    }
}

impl LaterChains {
    /// Takes the chain of a packet into account, which is not the first one.
    pub(crate) fn remember(&mut self, key: u32) {
        if !self.keys.contains(&key) {
            self.overflow |= self.keys.try_push(key).is_err();
        }
    }
}

impl<'a> Description<'a> {
    /// What the keys stand for.
    pub(crate) fn of(
        first: u32,
        later: Option<&LaterChains>,
        look_up: impl Fn(u32) -> HeaderChain<'a>,
    ) -> Self {
        let overflow = later.is_some_and(|later| later.overflow);
        let mut description = Self { texts: ArrayVec::new(), counts: ArrayVec::new(), overflow };
        description.add(look_up(first));
        for &key in later.into_iter().flat_map(|later| &later.keys) {
            description.add(look_up(key));
        }
        description
    }

    /// Adds a chain. Two long ones may have become the same text: they are one, with the count of the later.
    fn add(&mut self, HeaderChain { text, count }: HeaderChain<'a>) {
        self.overflow |= text.len() > MAX_TEXT;
        let text = ChainText(cut(text));
        match self.texts.iter().position(|known| *known == text) {
            Some(place) => self.counts[place] = count,
            None => {
                self.texts.push(text);
                self.counts.push(count);
            }
        }
    }
}

/// The text, its end replaced by dots if it is too long.
fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_TEXT {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().take(MAX_TEXT - DOTS.len());
    Cow::Owned(kept.chain(DOTS.chars()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described<'a, const N: usize>(chains: [(&'a str, u16); N]) -> Description<'a> {
        let mut later = LaterChains::default();
        (1..N as u32).for_each(|key| later.remember(key));
        let look_up = |key: u32| HeaderChain { text: chains[key as usize].0, count: chains[key as usize].1 };
        Description::of(0, Some(&later), look_up)
    }

    #[test]
    fn a_text_of_127_characters_stays_whole_and_one_of_128_is_cut_to_124_and_dots() {
        let (fits, too_long) = ("x".repeat(127), "x".repeat(128));
        assert!(!described([(&fits, 1)]).overflow);
        let description = described([(&too_long, 1)]);
        assert!(description.overflow);
        assert_eq!(description.texts[0].0, format!("{}...", "x".repeat(124)));
    }

    #[test]
    fn chains_that_differ_behind_the_cut_are_one() {
        let (udp, tcp) = (format!("{}:udp", "x".repeat(130)), format!("{}:tcp:more", "x".repeat(130)));
        let description = described([(&udp, 8), (&tcp, 9)]);
        assert_eq!((description.texts.len(), description.counts.as_slice()), (1, &[9][..]));
    }
}
