//! Messages of both sides in, counts and the pattern of APNs out.
//!
//! Which lengths are constants depends on the cipher, which may become known late or only at the end. So lengths
//! are counted as they are, and the pattern is looked for in each family.

use super::family::{Constants, Family, is_in};

/// Of so many different lengths of notifications the counts are kept; later ones are only counted together.
const MAX_LENGTHS: usize = 256;

/// Messages of a conversation.
#[derive(Debug, Default)]
pub struct Messages {
    client: Lengths,
    server: Lengths,
    last: Option<(bool, u32)>,
    /// What comes is the handshake, up to the client's first message.
    is_handshake: bool,
    /// Bit n: the pattern was seen with the constants of family n.
    pattern: u8,
}

/// How often each length came, in order of length.
#[derive(Debug, Default)]
struct Lengths {
    counts: Vec<(u32, u32)>,
    others: u32,
}

/// What the messages come to for one family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub notifications: u32,
    pub acknowledgements: u32,
    pub keep_alives: u32,
    /// Lengths of notifications, and how often each came.
    pub lengths: Vec<(u32, u32)>,
    /// Notifications whose length was not kept.
    pub others: u32,
}

impl Messages {
    /// RFC 8446 section 2: behind the ServerHello the rest of the handshake looks like application data; the client
    /// ends it with its Finished.
    pub fn await_finished(&mut self) {
        self.is_handshake = true;
    }

    /// Takes a message of this length.
    pub fn take(&mut self, is_client: bool, len: u32, constants: &[Constants; 5]) {
        if self.is_handshake {
            self.is_handshake = !is_client;
            return;
        }
        for (place, of) in constants.iter().enumerate() {
            self.pattern |= u8::from(self.fits(is_client, len, of)) << place;
        }
        self.last = Some((is_client, len));
        if is_client { &mut self.client } else { &mut self.server }.add(len);
    }

    /// A notification and its acknowledgement, or a keep-alive and its answer.
    fn fits(&self, is_client: bool, len: u32, of: &Constants) -> bool {
        match (self.last, is_client) {
            (Some((false, before)), true) => !is_in(before, of.answer) && is_in(len, of.acknowledgement),
            (Some((true, before)), false) => is_in(before, of.keep_alive) && is_in(len, of.answer),
            _ => false,
        }
    }

    pub fn has_pattern(&self, family: Family) -> bool {
        self.pattern >> family as u8 & 1 == 1
    }

    /// The counts by the constants of a family.
    pub fn tally(&self, of: &Constants) -> Tally {
        let client = |range| self.client.in_range(range);
        let lengths: Vec<_> =
            self.server.counts.iter().copied().filter(|&(len, _)| !is_in(len, of.answer)).collect();
        let known = lengths.iter().fold(0, |sum: u32, (_, count)| sum.saturating_add(*count));
        Tally {
            notifications: known.saturating_add(self.server.others),
            acknowledgements: client(of.acknowledgement),
            keep_alives: client(of.keep_alive),
            lengths,
            others: self.server.others,
        }
    }
}

impl Lengths {
    fn add(&mut self, len: u32) {
        match self.counts.binary_search_by_key(&len, |&(known, _)| known) {
            Ok(place) => self.counts[place].1 = self.counts[place].1.saturating_add(1),
            Err(place) if self.counts.len() < MAX_LENGTHS => self.counts.insert(place, (len, 1)),
            Err(_) => self.others = self.others.saturating_add(1),
        }
    }

    fn in_range(&self, range: (u32, u32)) -> u32 {
        let of_range = self.counts.iter().filter(|&&(len, _)| is_in(len, range));
        of_range.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}
