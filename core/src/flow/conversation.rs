//! What core keeps of one conversation: its key, and for each direction its lifetime.

use weir_sdk::{EndFacts, Side, status};

use crate::flow::key::FlowKey;
use crate::flow::tcp::{TcpDirection, final_anomalies};
use crate::flow::timeouts::{Lifetime, Timeouts};

/// One direction of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Direction {
    /// Clock at its last packet.
    pub last_seen: i64,
    /// Ordinal of its last packet that counts as use; 0 if it was never seen.
    pub last_used: u64,
    /// State of the TCP connection as this direction shows it.
    pub tcp: TcpDirection,
    /// Which timeout holds.
    pub lifetime: Lifetime,
    /// The datagram that it registered last is not complete.
    pub fragment_pending: bool,
    /// A datagram began before the last one was complete.
    pub fragment_error: bool,
}

impl Direction {
    /// Whether it has sent a packet.
    #[inline]
    pub fn is_seen(&self) -> bool {
        self.last_used != 0
    }

    #[inline]
    fn deadline(&self, timeouts: &Timeouts) -> i64 {
        self.last_seen.saturating_add(timeouts.of(self.lifetime))
    }
}

/// One conversation.
#[derive(Clone, Copy, Debug)]
pub struct Conversation {
    /// Endpoints and protocol.
    pub key: FlowKey,
    /// Lower half of the key's hash: as much as the index looks at.
    pub hash: u32,
    /// Number in order of creation, from 1.
    pub index: u64,
    /// Clock at its first packet.
    pub first_seen: i64,
    /// Deadline that an alarm of the wheel waits for.
    pub alarm: i64,
    /// Tells it from earlier conversations of the same slot.
    pub generation: u32,
    /// Packets with swapped endpoints are sent by this side, the others by the opposite one.
    pub swapped_side: Side,
    /// Both endpoints are the same: every packet belongs to this side.
    pub only_side: Option<Side>,
    /// Not ended yet.
    pub is_live: bool,
    /// Ended by the limit on its life.
    pub hit_active_timeout: bool,
    /// Ended by the limit on memory.
    pub hit_limit: bool,
    /// The part of all conversations that it falls into.
    pub shard: u8,
    /// A and B.
    pub directions: [Direction; 2],
}

impl Conversation {
    /// The side that sent a packet.
    #[inline]
    pub fn side_of(&self, swapped: bool) -> Side {
        match self.only_side {
            Some(side) => side,
            None if swapped => self.swapped_side,
            None => self.swapped_side.other(),
        }
    }

    /// Clock time from which on the conversation has ended: when both directions have been silent for
    /// their timeouts, or the limit on its life is reached.
    #[inline]
    pub fn deadline(&self, timeouts: &Timeouts) -> i64 {
        let seen = self.directions.iter().filter(|direction| direction.is_seen());
        let idle = seen.map(|direction| direction.deadline(timeouts)).max().unwrap_or(i64::MAX);
        match timeouts.active {
            Some(active) => idle.min(self.first_seen.saturating_add(active)),
            None => idle,
        }
    }

    /// Whether both directions were seen.
    #[inline]
    pub fn is_pair(&self) -> bool {
        self.directions.iter().all(Direction::is_seen)
    }

    /// When the older of its directions was last used: the order of rows at the end of input.
    pub fn least_recent_use(&self) -> u64 {
        let seen = self.directions.iter().filter(|direction| direction.is_seen());
        seen.map(|direction| direction.last_used).min().unwrap_or(0)
    }

    /// When it was last used.
    pub fn last_use(&self) -> u64 {
        self.directions.iter().map(|direction| direction.last_used).max().unwrap_or(0)
    }

    /// What plugins learn of the directions that were seen, A first.
    pub fn end_facts(&self) -> impl Iterator<Item = EndFacts> + '_ {
        let pair = self.is_pair();
        [Side::A, Side::B].into_iter().filter(|&side| self.directions[side as usize].is_seen()).map(
            move |side| EndFacts {
                flow_index: self.index,
                status: self.final_status(side),
                side: side as u8,
                has_other: u8::from(pair),
                tcp_states: self.tcp_states(side),
                letter: if pair { side as u8 } else { Side::A as u8 },
                quoted_flow: 0,
            },
        )
    }

    fn final_status(&self, side: Side) -> u64 {
        let direction = &self.directions[side as usize];
        let bit = |set: bool, bit: u64| if set { bit } else { 0 };
        bit(side == Side::B, status::INVERTED)
            | bit(direction.fragment_pending, status::FRAGMENT_PENDING)
            | bit(direction.fragment_error, status::FRAGMENT_ERROR)
            | bit(self.hit_active_timeout, status::ACTIVE_TIMEOUT)
            | bit(self.hit_limit, status::LIMIT_REACHED)
    }

    fn tcp_states(&self, side: Side) -> u8 {
        if !self.key.is_tcp() {
            return 0;
        }
        let other = self.is_pair().then(|| &self.directions[side.other() as usize].tcp);
        final_anomalies(&self.directions[side as usize].tcp, other)
    }
}
