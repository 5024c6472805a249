//! Later fragments find the flow of their first one.
//!
//! A later fragment has no ports. Whoever saw the start of a datagram registers its identification
//! (RFC 791: source, destination, protocol, id; RFC 8200: source, destination, id), and later fragments
//! look it up. Registrations of one datagram form a stack: the newest counts.

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
    /// Which conversation of that slot.
    pub generation: u32,
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
        if let Some((_, last_id)) = self.pending.insert(holder, (ends, id)) {
            let was_there = self.pop(ends, last_id);
            registered.is_error = !was_there || last_id != id;
        } else if let Some(former) = self.top(ends, id) {
            self.pop(ends, id);
            self.pending.remove(&former);
            registered.relieved = Some(former);
        }
        self.stacks.entry((ends, id)).or_default().push(holder);
        registered
    }

    /// The last fragment of the datagram that `holder` registered has come.
    pub fn complete(&mut self, ends: Ends, id: u32, holder: Holder) {
        self.pop(ends, id);
        self.pending.remove(&holder);
    }

    /// `holder` ends while its last datagram is not complete.
    pub fn abandon(&mut self, holder: Holder) {
        if let Some((ends, id)) = self.pending.remove(&holder) {
            self.pop(ends, id);
        }
    }

    /// Takes the newest registration away, whoever put it there; false if there was none.
    fn pop(&mut self, ends: Ends, id: u32) -> bool {
        let Some(stack) = self.stacks.get_mut(&(ends, id)) else { return false };
        let popped = stack.pop().is_some();
        if stack.is_empty() {
            self.stacks.remove(&(ends, id));
        }
        popped
    }

    /// Number of datagrams registered.
    pub fn len(&self) -> usize {
        self.stacks.len()
    }

    /// Forgets what conversations that have ended left behind.
    pub fn retain(&mut self, mut is_alive: impl FnMut(&Holder) -> bool) {
        self.stacks.retain(|_, stack| {
            stack.retain(&mut is_alive);
            !stack.is_empty()
        });
    }
}
