//! Raw packet → packet: which layers a frame has, where they stand, and why decoding stopped.
//!
//! What comes in: a [`Record`] and the window that holds its bytes. What goes out: [`PacketFacts`], or the reason
//! why the frame belongs to no flow. Flows, fragments of one datagram, and direction are left to the flow stage.
//!
//! Decoding never fails and never reads beyond the captured bytes. Common frames take the straight line of
//! `fast`; all others walk from header to header (`walk`), one file a protocol:
//!
//! * links: `link`, `ether`, `llc`, `wlan`, `ppi`, `frame_relay`, `juniper`, `mpls`, `pppoe`, `ppp`
//! * IP: `ipv4`, `ipv6`, `ext`, `protocol`, `transport`, `lengths`
//! * tunnels: `gre`, `etherip`, `inner`, `ayiya`, `gtp`, `vxlan`, `geneve`, `capwap`, `lwapp`, `l2tp`, `teredo`, `dtls`

mod ayiya;
mod capwap;
mod chain;
mod dtls;
mod ether;
mod etherip;
mod ext;
mod facts;
mod fast;
mod frame_relay;
mod geneve;
mod gre;
mod gtp;
mod inner;
mod ipv4;
mod ipv6;
mod juniper;
mod l2tp;
mod lengths;
mod link;
mod llc;
mod lwapp;
mod mpls;
mod names;
mod no_flow;
mod ppi;
mod ppp;
mod pppoe;
#[cfg(test)]
mod properties;
mod protocol;
#[cfg(test)]
mod second_opinion;
mod teredo;
#[cfg(test)]
mod testing;
mod transport;
mod vxlan;
mod walk;
mod wlan;

pub use chain::{Chain, ChainText, ChainTexts, HeaderChains};
pub use link::LinkDirection;
pub use no_flow::NoFlow;

use weir_sdk::PacketFacts;

use crate::capture::Record;
use walk::{End, Walk};

/// What a frame gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A packet of an IP or layer-2 flow.
    Flow,
    /// A frame without a flow, and why.
    NoFlow(NoFlow),
}

/// Decodes frames; each worker has its own.
#[derive(Debug)]
pub struct Decoder {
    chains: HeaderChains,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder that has met no frame.
    pub fn new() -> Self {
        let mut chains = HeaderChains::new();
        fast::seed(&mut chains);
        Self { chains }
    }

    /// Decodes one frame: fills in all facts but its ordinal and side, the `STARTS_*` flags, and the status bits that
    /// only the flow knows.
    #[inline]
    pub fn decode(&mut self, record: &Record, window: &[u8], facts: &mut PacketFacts) -> Decoded {
        let frame = frame_of(record, window);
        if record.link_type == link::link_type::ETHERNET && fast::decode(record, frame, facts).is_some() {
            return Decoded::Flow;
        }
        self.decode_carefully(record, frame, facts)
    }

    /// Header chains seen so far, by [`PacketFacts::header_chain`].
    pub fn chains(&self) -> &HeaderChains {
        &self.chains
    }

    #[inline(never)]
    fn decode_carefully(&mut self, record: &Record, frame: &[u8], facts: &mut PacketFacts) -> Decoded {
        reset(record, facts);
        let mut walk = Walk::new(frame, record.wire_len);
        let first = link::decode(&mut walk, record.link_type);
        match (walk.run(first), walk.ip) {
            (End::NoFlow(reason), _) => return Decoded::NoFlow(reason),
            (End::Layer2 { ethertype, at }, _) => facts::of_layer2(&mut walk, ethertype, at, facts),
            (End::Ip, Some(ip)) => facts::of_ip(&mut walk, &ip, facts),
            // Every branch that ends in an IP flow stands behind an IP header.
            (End::Ip, None) => return Decoded::NoFlow(NoFlow::ShortLinkHeader),
        }
        facts.header_chain = self.chains.intern(&walk.chain);
        Decoded::Flow
    }
}

/// The direction of a frame past the capturing host, where its link header tells it.
#[inline]
pub fn link_direction(record: &Record, window: &[u8]) -> Option<LinkDirection> {
    link::direction(record.link_type, frame_of(record, window))
}

/// The captured bytes; none if the record points outside the window.
#[inline]
fn frame_of<'a>(record: &Record, window: &'a [u8]) -> &'a [u8] {
    let end = record.start.saturating_add(record.captured_len as usize);
    window.get(record.start..end).unwrap_or(&[])
}

/// The facts of the record alone; the number of the packet and its side stay.
fn reset(record: &Record, facts: &mut PacketFacts) {
    *facts = PacketFacts {
        time_ns: record.time_ns,
        ordinal: facts.ordinal,
        start: record.start as u64,
        captured_len: record.captured_len,
        wire_len: record.wire_len,
        side: facts.side,
        ..PacketFacts::default()
    };
}
