//! Later fragments find the flow of their first one.
//!
//! A later fragment has no ports. Whoever saw the start of a datagram registers its identification
//! (RFC 791: source, destination, protocol, id; RFC 8200: source, destination, id), and later fragments
//! look it up. Registrations of one datagram form a stack: the newest counts. A direction has at most one
//! registration, and takes it along when it ends, so the tables are never larger than the flows are many.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use weir_sdk::{Ip, Packet, Side};

/// What identifies a fragmented datagram, beside its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ends {
    src: Ip,
    dst: Ip,
    vlan_id: u16,
    /// 0 for IPv6, where extension headers behind the fragment header hide the protocol.
    protocol: u8,
}

impl Ends {
    /// Of a packet; none for layer 2.
    pub fn of(packet: &Packet<'_>) -> Option<Self> {
        let protocol = if packet.ip_version == 4 { packet.l4_proto } else { 0 };
        Some(Self { src: packet.src_ip()?, dst: packet.dst_ip()?, vlan_id: packet.vlan_id, protocol })
    }
}

/// One direction of one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// Slot of the conversation.
    pub slot: u32,
    /// The direction.
    pub side: Side,
}

/// The registrations of a run.
#[derive(Default)]
pub struct Registrations {
    stacks: HashMap<(Ends, u32), Vec<Holder>, RandomState>,
    /// What a direction whose last datagram is not complete has registered.
    pending: HashMap<Holder, (Ends, u32), RandomState>,
}

/// What a registration does to the flow that makes it and to one that held the datagram before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// The holder began a datagram before its last one was complete.
    pub is_error: bool,
    /// This one held the same datagram and is no longer pending.
    pub relieved: Option<Holder>,
}

impl Registrations {
    /// Who registered the datagram last.
    pub fn top(&self, ends: Ends, id: u32) -> Option<Holder> {
        self.stacks.get(&(ends, id)).and_then(|stack| stack.last().copied())
    }

    /// A packet of `holder` begins the datagram, or is the first that was seen of it.
    pub fn register(&mut self, ends: Ends, id: u32, holder: Holder) -> Registered {
        let mut registered = Registered::default();
        if let Some((last_ends, last_id)) = self.pending.insert(holder, (ends, id)) {
            self.remove(last_ends, last_id, holder);
            registered.is_error = last_id != id;
        } else if let Some(former) = self.top(ends, id) {
            self.complete(former);
            registered.relieved = Some(former);
        }
        self.stacks.entry((ends, id)).or_default().push(holder);
        registered
    }

    /// The last fragment of the datagram that `holder` registered has come, or `holder` ends.
    pub fn complete(&mut self, holder: Holder) {
        if let Some((ends, id)) = self.pending.remove(&holder) {
            self.remove(ends, id, holder);
        }
    }

    fn remove(&mut self, ends: Ends, id: u32, holder: Holder) {
        if let Some(stack) = self.stacks.get_mut(&(ends, id)) {
            stack.retain(|other| *other != holder);
            if stack.is_empty() {
                self.stacks.remove(&(ends, id));
            }
        }
    }
}
