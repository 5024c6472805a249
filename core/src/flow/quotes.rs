//! The conversations that ICMP error messages quote.
//!
//! A message is about a conversation of other hosts, which may be another worker's. So there are two sides: the
//! worker of the quoted hosts answers which conversation lives at that packet ([`Query`], [`Answer`]), and the
//! worker of the message takes the answer down ([`Quotes`]).

use std::collections::HashMap;

use foldhash::fast::RandomState;
use weir_sdk::icmp::Message;
use weir_sdk::{Packet, Side};

use crate::flow::key::FlowKey;

/// Which conversation does a message quote?
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Ordinal of the message.
    pub ordinal: u64,
    /// The running clock at the message.
    pub clock: i64,
    /// Key of the conversation; none if the quotation does not tell, which is an answer, too: it takes the place
    /// of those to earlier messages.
    pub key: Option<FlowKey>,
}

impl Query {
    /// What an error message with a whole IP header asks; none of any other packet.
    #[inline]
    pub fn of(packet: &Packet<'_>, clock: i64) -> Option<Self> {
        if matches!(packet.l4_proto, 1 | 58) { Self::of_icmp(packet, clock) } else { None }
    }

    #[inline(never)]
    fn of_icmp(packet: &Packet<'_>, clock: i64) -> Option<Self> {
        let quoted = Message::of(packet)?.quoted()?;
        let key = FlowKey::of_quoted(&quoted, packet.vlan_id);
        Some(Self { ordinal: packet.ordinal, clock, key })
    }
}

/// The conversation that a message quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Ordinal of the message.
    pub ordinal: u64,
    /// Number of the conversation; 0 if none lives.
    pub conversation: u64,
}

/// What the last messages of directions quoted; few conversations have any.
#[derive(Default)]
pub(super) struct Quotes {
    by_slot: HashMap<u32, [u64; 2], RandomState>,
}

impl Quotes {
    /// A message of this direction quotes a conversation.
    pub(super) fn note(&mut self, slot: u32, side: Side, conversation: u64) {
        self.by_slot.entry(slot).or_default()[side as usize] = conversation;
    }

    /// What the directions of a conversation quoted.
    #[inline]
    pub(super) fn of(&self, slot: u32) -> [u64; 2] {
        if self.by_slot.is_empty() { [0; 2] } else { self.by_slot.get(&slot).copied().unwrap_or_default() }
    }

    /// The conversation is gone.
    #[inline]
    pub(super) fn forget(&mut self, slot: u32) {
        if !self.by_slot.is_empty() {
            self.by_slot.remove(&slot);
        }
    }
}
