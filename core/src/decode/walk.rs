//! The careful path: what is known of a frame while its headers are followed one by one.
//!
//! Each protocol file takes a [`Walk`] and an offset, reads with bounds checks, notes what it found, and says
//! by [`Next`] where decoding goes on. The loop in [`Walk::run`] follows, so that nested tunnels take no stack.

use weir_sdk::packet::NO_OFFSET;
use weir_sdk::status;

use super::chain::{ChainBuilder, Layer};
use super::names::{Label, Name, ethertype};
use super::{NoFlow, ether, ipv4, ipv6};

/// Headers that may follow each other through [`Next`], tunnels included: hostile frames nest them deep.
const MAX_STEPS: u32 = 32;

/// Bytes of a frame that are looked at, so that every offset fits into 16 bits beside `NO_OFFSET`.
const MAX_FRAME: usize = NO_OFFSET as usize - 1;

/// Where decoding goes on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// What an ethertype says, its payload at an offset; not inside an IP tunnel.
    Ethertype { value: u16, at: usize },
    /// An IPv4 header; `in_gre` if it stands directly behind GRE over IPv4.
    Ipv4 { at: usize, in_gre: bool },
    /// An IPv6 header; `named` if it shows in the header chain.
    Ipv6 { at: usize, named: bool },
    /// Nowhere.
    End(End),
}

impl Next {
    /// An IPv4 header that is decoded from the start.
    pub(super) fn ipv4(at: usize) -> Self {
        Self::Ipv4 { at, in_gre: false }
    }

    /// An IPv6 header.
    pub(super) fn ipv6(at: usize) -> Self {
        Self::Ipv6 { at, named: true }
    }
}

/// How decoding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// In an IP flow: that of [`Walk::ip`].
    Ip,
    /// In a layer-2 flow: the last ethertype, and the first byte behind it.
    Layer2 { ethertype: u16, at: usize },
    /// In no flow.
    NoFlow(NoFlow),
}

/// Where the MAC addresses of a frame stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Macs {
    pub(super) src: u16,
    pub(super) dst: u16,
}

impl Macs {
    /// The link has no addresses.
    pub(super) const NONE: Self = Self { src: NO_OFFSET, dst: NO_OFFSET };

    /// Those of an Ethernet header.
    pub(super) fn of_ethernet(at: usize) -> Self {
        Self { src: at as u16 + 6, dst: at as u16 }
    }
}

/// The last stack of VLAN tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Vlans {
    /// The outermost three ids.
    pub(super) outer: [u16; 3],
    /// The id of the innermost tag.
    pub(super) innermost: u16,
    /// Number of tags.
    pub(super) count: u16,
}

impl Vlans {
    /// Adds a tag inside the ones there are.
    pub(super) fn push(&mut self, id: u16) {
        if let Some(free) = self.outer.get_mut(usize::from(self.count)) {
            *free = id;
        }
        self.innermost = id;
        self.count += 1;
    }
}

/// What an IP header says of fragmentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) id: u32,
    /// In units of 8 bytes.
    pub(super) offset: u16,
    pub(super) more: bool,
}

/// A completely captured IP header: the innermost so far, to whose flow the packet belongs if nothing follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct IpHeader {
    pub(super) version: u8,
    /// First byte of the header.
    pub(super) at: usize,
    /// Length of the packet from the header on, on the wire.
    pub(super) len: usize,
    /// First byte behind the header and its extension headers; may lie behind the captured end.
    pub(super) l4_at: usize,
    pub(super) protocol: u8,
    pub(super) fragment: Fragment,
    /// It stands directly behind GRE over IPv4.
    pub(super) in_gre: bool,
    /// A layer-4 header stands at `l4_at`.
    pub(super) has_l4: bool,
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    /// Length of the layer-4 header where the table of `lengths` does not know it.
    pub(super) l4_len: Option<usize>,
    pub(super) macs: Macs,
}

/// One frame on the careful path.
pub(super) struct Walk<'a> {
    /// The captured bytes that are looked at.
    pub(super) frame: &'a [u8],
    /// Bytes captured, as the record says.
    pub(super) captured: usize,
    /// Bytes on the wire.
    pub(super) wire: usize,
    pub(super) status: u64,
    pub(super) chain: ChainBuilder,
    pub(super) macs: Macs,
    pub(super) vlans: Vlans,
    /// The innermost IP header so far.
    pub(super) ip: Option<IpHeader>,
    /// End of the layer-2 payload where a length field tells it: what follows is padding.
    pub(super) payload_end: Option<usize>,
    steps: u32,
}

impl<'a> Walk<'a> {
    /// A frame of which nothing is known.
    pub(super) fn new(frame: &'a [u8], wire: u32) -> Self {
        Self {
            captured: frame.len(),
            frame: &frame[..frame.len().min(MAX_FRAME)],
            wire: wire as usize,
            status: 0,
            chain: ChainBuilder::default(),
            macs: Macs::NONE,
            vlans: Vlans::default(),
            ip: None,
            payload_end: None,
            steps: 0,
        }
    }

    /// Follows the headers to the end.
    pub(super) fn run(&mut self, mut next: Next) -> End {
        loop {
            if let Next::End(end) = next {
                return end;
            }
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return self.give_up(next);
            }
            next = match next {
                Next::Ethertype { value, at } => ether::dispatch(self, value, at),
                Next::Ipv4 { at, in_gre } => ipv4::decode(self, at, in_gre),
                Next::Ipv6 { at, named } => ipv6::decode(self, at, named),
                Next::End(end) => return end,
            };
        }
    }

    /// Ends a frame that is nested too deep.
    fn give_up(&mut self, next: Next) -> End {
        self.mark(status::STOPPED);
        match (self.ip, next) {
            (Some(_), _) => End::Ip,
            (None, Next::Ethertype { value, at }) => End::Layer2 { ethertype: value, at },
            (None, Next::Ipv4 { at, .. }) => End::Layer2 { ethertype: ethertype::IPV4, at },
            (None, Next::Ipv6 { at, .. }) => End::Layer2 { ethertype: ethertype::IPV6, at },
            (None, Next::End(end)) => end,
        }
    }

    /// `N` captured bytes at an offset.
    pub(super) fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.frame.get(at..)?.first_chunk().copied()
    }

    /// The byte at an offset.
    pub(super) fn u8(&self, at: usize) -> Option<u8> {
        self.frame.get(at).copied()
    }

    /// Two bytes in network order.
    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    /// Four bytes in network order.
    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    /// The high four bits of a byte: where an IP header may stand, its version.
    pub(super) fn nibble(&self, at: usize) -> Option<u8> {
        self.u8(at).map(|byte| byte >> 4)
    }

    /// Whether a byte at an offset was captured. A tunnel header that reaches the captured end is none.
    pub(super) fn reaches(&self, at: usize) -> bool {
        at < self.frame.len()
    }

    /// Bytes captured from an offset on.
    pub(super) fn captured_from(&self, at: usize) -> usize {
        self.frame.len().saturating_sub(at)
    }

    /// Bytes on the wire from an offset on.
    pub(super) fn wire_from(&self, at: usize) -> usize {
        self.wire.saturating_sub(at)
    }

    /// Adds a name to the header chain.
    pub(super) fn name(&mut self, name: Name) {
        self.chain.push(name.into());
    }

    /// Adds a name with a number to the header chain.
    pub(super) fn layer(&mut self, layer: Layer) {
        self.chain.push(layer);
    }

    /// Adds what a protocol number is called; an unknown one stops decoding.
    pub(super) fn label(&mut self, label: Label) {
        match label {
            Label::Named(name) => self.name(name),
            Label::Silent => {}
            Label::Unknown(layer) => {
                self.layer(layer);
                self.mark(status::STOPPED);
            }
        }
    }

    /// Sets status bits.
    pub(super) fn mark(&mut self, bits: u64) {
        self.status |= bits;
    }

    /// Changes the innermost IP header, if there is one.
    pub(super) fn update_ip(&mut self, change: impl FnOnce(&mut IpHeader)) {
        if let Some(ip) = &mut self.ip {
            change(ip);
        }
    }

    /// Ends in the flow of the innermost IP header: what follows cannot be decoded.
    pub(super) fn stop(&mut self) -> Next {
        self.mark(status::STOPPED);
        Next::End(End::Ip)
    }

    /// Ends in a layer-2 flow.
    pub(super) fn layer2(&self, ethertype: u16, at: usize) -> Next {
        Next::End(End::Layer2 { ethertype, at })
    }

    /// Ends where an IP header is cut: in the flow of its carrier, else in a layer-2 flow.
    pub(super) fn cut_ip_header(&mut self, ethertype: u16, at: usize) -> Next {
        if self.ip.is_some() {
            return self.stop();
        }
        self.mark(status::L3_SNAPPED);
        self.layer2(ethertype, at)
    }

    /// The IP header that the first four bits at an offset announce.
    pub(super) fn ip_by_nibble(&self, at: usize) -> Option<Next> {
        match self.nibble(at)? {
            4 => Some(Next::ipv4(at)),
            6 => Some(Next::ipv6(at)),
            _ => None,
        }
    }
}

/// Ends in no flow.
pub(super) fn no_flow(reason: NoFlow) -> Next {
    Next::End(End::NoFlow(reason))
}
