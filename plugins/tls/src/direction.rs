//! What a direction of a conversation turns out to carry. Most carry something else, which costs a look at one byte.

use weir_sdk::{Side, StreamBytes};

use crate::conversation::{Conversation, Message};
use crate::dtls::{self, Fragments};
use crate::hello::Carrier;
use crate::messages::Next;
use crate::quic;
use crate::records::{self, Records};

/// Datagrams of a direction that look like QUIC and are tried to open.
const MOST_DATAGRAMS: u8 = 32;

/// Where a direction stands.
#[derive(Default)]
pub enum Direction {
    /// No hello yet.
    #[default]
    Waiting,
    /// A hello over TCP has begun.
    Records(Box<Records>),
    /// A hello of DTLS has begun.
    Fragments(Box<Fragments>),
    /// So many datagrams that look like QUIC were tried.
    Initials(u8),
    /// Nothing more is wanted.
    Done,
}

impl Direction {
    /// Whether nothing more is wanted.
    #[inline]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Whether a hello has begun and its end was not read.
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Records(records) => records.is_cut(),
            Self::Fragments(fragments) => fragments.is_cut(),
            Self::Waiting | Self::Initials(_) | Self::Done => false,
        }
    }

    /// Takes bytes of a TCP stream.
    pub fn segment(&mut self, stream: &StreamBytes<'_>, side: Side, conversation: &mut Conversation) {
        if stream.follows_gap && matches!(self, Self::Records(_)) {
            if self.is_cut() {
                conversation.note_incomplete();
            }
            *self = Self::Waiting;
        }
        let mut bytes = stream.bytes;
        if matches!(self, Self::Waiting) {
            let Some(begin) = records::find_hello(bytes, stream.offset) else { return };
            bytes = &bytes[begin..];
            *self = Self::Records(Box::default());
        }
        if let Self::Records(records) = self {
            let next = records.read(bytes, |item| conversation.item(&item, side));
            self.go_on(next, conversation);
        }
    }

    /// Takes a UDP payload.
    pub fn datagram(&mut self, payload: &[u8], side: Side, conversation: &mut Conversation) {
        if matches!(self, Self::Waiting) && dtls::may_begin(payload) {
            *self = Self::Fragments(Box::default());
        }
        if let Self::Fragments(fragments) = self {
            let next = fragments.read(payload, |kind, body, version| {
                let (carrier, record_version) = (Carrier::Datagrams, Some(version));
                conversation.message(&Message { kind, body, side, carrier, record_version })
            });
            self.go_on(next, conversation);
        } else if quic::may_begin(payload) {
            let tries = if let Self::Initials(tries) = self { *tries + 1 } else { 1 };
            *self = if tries == MOST_DATAGRAMS { Self::Done } else { Self::Initials(tries) };
            let next = conversation.initials(payload, side);
            self.go_on(next, conversation);
        }
    }

    fn go_on(&mut self, next: Next, conversation: &mut Conversation) {
        match next {
            Next::More => {}
            Next::Enough => *self = Self::Done,
            Next::Foreign => *self = Self::Waiting,
            Next::Malformed => {
                conversation.note_malformed();
                *self = if conversation.has_hello() { Self::Done } else { Self::Waiting };
            }
        }
    }
}
