//! What a plugin is: state per conversation and direction, a reaction to each packet, a row at the end.

use crate::columns::Columns;
use crate::options::Options;
use crate::packet::{Packet, Side};

/// Which packets a plugin wants to see. Core leaves the others out of its batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest(pub u32);

impl Interest {
    /// Layer-2 packets.
    pub const LAYER_2: Interest = Interest(0x01);
    /// TCP over IPv4 or IPv6.
    pub const TCP: Interest = Interest(0x02);
    /// UDP and UDP-Lite.
    pub const UDP: Interest = Interest(0x04);
    /// ICMP and ICMPv6.
    pub const ICMP: Interest = Interest(0x08);
    /// Every other IP protocol.
    pub const OTHER_IP: Interest = Interest(0x10);
    /// Every IP packet.
    pub const IP: Interest = Interest(0x1e);
    /// Every packet.
    pub const ALL: Interest = Interest(0x1f);
    /// Of the packets named, only those with a payload length above 0.
    pub const WITH_PAYLOAD: Interest = Interest(0x100);

    /// Both.
    pub const fn and(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }

    /// Whether a packet is wanted.
    #[inline]
    pub fn wants(self, facts: &crate::PacketFacts) -> bool {
        let class = match (facts.ip_version, facts.l4_proto) {
            (0, _) => Interest::LAYER_2,
            (_, 6) => Interest::TCP,
            (_, 17 | 136) => Interest::UDP,
            (_, 1 | 58) => Interest::ICMP,
            _ => Interest::OTHER_IP,
        };
        self.0 & class.0 != 0 && (self.0 & Interest::WITH_PAYLOAD.0 == 0 || facts.payload_len > 0)
    }
}

/// A plugin that follows flows.
///
/// Core keeps one `Flow` for each conversation and one `Direction` for each of its two sides, born by
/// `Default`, and calls [`packet`](FlowPlugin::packet) for each packet of interest and
/// [`finish`](FlowPlugin::finish) once for each direction that was seen.
pub trait FlowPlugin: Sized + Send + 'static {
    /// Lower snake case; also the name of the library, `libweir_plugin_NAME.so`.
    const NAME: &'static str;
    /// What it measures, one line.
    const SUMMARY: &'static str;
    /// Where its columns stand: plugins are sorted by this number, then by name.
    const ORDER: u16 = 500;
    /// Whether it is loaded when no plugins are named.
    const ON_BY_DEFAULT: bool = true;
    /// The packets it wants to see.
    const INTEREST: Interest = Interest::ALL;

    /// Its options; `()` for none.
    type Options: Options;
    /// What it keeps for each conversation; `()` for nothing.
    type Flow: Default + Send;
    /// What it keeps for each direction; `()` for nothing.
    type Direction: Default + Send;
    /// What it prints; text may be borrowed from the plugin and the ended flow.
    type Row<'a>: Columns;

    /// The plugin, ready to work. Each worker thread opens its own.
    ///
    /// # Errors
    ///
    /// One sentence that says which option cannot be used and why.
    fn open(options: Self::Options) -> Result<Self, String>;

    /// Takes one packet into account.
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>);

    /// The row of one direction of an ended conversation. Columns of flow scope are taken from the row of A.
    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Self::Row<'a>;
}

/// What a plugin kept of the conversation that a packet belongs to.
pub struct State<'s, P: FlowPlugin> {
    /// Of the conversation.
    pub flow: &'s mut P::Flow,
    /// Of the packet's direction.
    pub own: &'s mut P::Direction,
    /// Of the opposite direction, which may not have sent yet.
    pub other: &'s mut P::Direction,
}

/// What core knows of an ended direction.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndFacts {
    /// Number of the conversation, from 1, in order of creation.
    pub flow_index: u64,
    /// Status bits that core found: direction, fragments, limits.
    pub status: u64,
    /// 0: its packets were sent by A; 1: by B.
    pub side: u8,
    /// 1 if the opposite direction was seen.
    pub has_other: u8,
    /// What the TCP state machine found (`columns.md` names the bits); 0 without TCP.
    pub tcp_states: u8,
    /// The letter of the row: 0 for A, 1 for B. A direction without opposite is always A.
    pub letter: u8,
}

/// A chain of headers, for instance `eth:vlan{2}:ipv4:udp` with five headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderChain<'a> {
    /// Names joined by colons.
    pub text: &'a str,
    /// How many headers those are.
    pub count: u16,
}

/// Looks up header chains for an ended flow.
pub trait HeaderChains {
    /// The chain with this key; an empty one if the key is unknown.
    fn header_chain(&self, key: u32) -> HeaderChain<'_>;
}

/// One direction of an ended conversation.
pub struct End<'a, P: FlowPlugin> {
    /// State of the conversation.
    pub flow: &'a P::Flow,
    /// State of this direction.
    pub own: &'a P::Direction,
    /// State of the opposite direction, if it was seen.
    pub other: Option<&'a P::Direction>,
    pub(crate) facts: EndFacts,
    pub(crate) chains: &'a dyn HeaderChains,
}

impl<'a, P: FlowPlugin> End<'a, P> {
    /// Number of the conversation, from 1, in order of creation.
    pub fn flow_index(&self) -> u64 {
        self.facts.flow_index
    }

    /// Status bits that core found: direction, fragments, limits.
    pub fn status(&self) -> u64 {
        self.facts.status
    }

    /// Which side sent its packets.
    pub fn side(&self) -> Side {
        Side::from_bit(self.facts.side)
    }

    /// The letter of its row: a direction without opposite is always A.
    pub fn letter(&self) -> Side {
        Side::from_bit(self.facts.letter)
    }

    /// Anomalies that the TCP state machine found.
    pub fn tcp_states(&self) -> u8 {
        self.facts.tcp_states
    }

    /// The chain of headers with the key that a packet carried.
    pub fn header_chain(&self, key: u32) -> HeaderChain<'a> {
        self.chains.header_chain(key)
    }
}
