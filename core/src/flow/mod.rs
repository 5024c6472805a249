//! Packet → flow: which conversation and direction a packet belongs to, and when a conversation ends.
//!
//! What comes in: decoded packets, a batch at a time, with the running clock. What goes out: a slot for
//! each packet, and the conversations that ended, in the order of their rows. What plugins measure is
//! left to [`crate::plugins`].
//!
//! The clock is the packets' and never runs backwards: it is the latest time seen so far. A conversation
//! ends when the clock reaches its deadline; a packet that arrives then begins a new one.

mod conversation;
mod fragments;
mod index;
mod key;
mod limit;
mod quotes;
mod records;
mod slab;
mod stream;
pub mod tcp;
mod timeouts;
mod wheel;

#[cfg(test)]
mod tests;

pub use conversation::{Conversation, Direction};
pub use index::Index;
pub use key::{FlowKey, LinkEnds, Oriented};
pub use limit::SHARDS;
pub use quotes::{Answer, Query};
pub use slab::{ROW_ALIGN, Slab};
pub use stream::Streams;
pub use timeouts::{Lifetime, Timeouts};

use std::ops::Range;

use foldhash::fast::RandomState;
use weir_sdk::{EndFacts, Packet, PacketFacts, Side, flag, status};

use crate::memory::prefetch;
use fragments::{Ends, Holder, Registrations};
use limit::Limit;
use quotes::Quotes;
use records::Records;
use tcp::{Exchange, Segment};
use wheel::{Alarm, Wheel};

/// The running clock: what it was before some packets, and after each packet read (in a flow or not).
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    before: Option<i64>,
    after: Vec<i64>,
    first_ordinal: u64,
}

impl Clocks {
    /// Begins with packets of which the first has this ordinal, behind a clock that earlier ones have set.
    pub fn begin(&mut self, first_ordinal: u64, before: Option<i64>) {
        self.before = before;
        self.after.clear();
        self.first_ordinal = first_ordinal;
    }

    /// The clock after a packet with this time.
    #[inline]
    pub fn tick(&mut self, time_ns: i64) -> i64 {
        // So that every deadline lies behind the packet that sets it: sums of times end at the largest number.
        let time_ns = time_ns.min(i64::MAX - 1);
        let now = self.all().now().map_or(time_ns, |now| now.max(time_ns));
        self.after.push(now);
        now
    }

    /// Over all packets.
    #[inline]
    pub fn all(&self) -> ClockSpan<'_> {
        ClockSpan { before: self.before, after: &self.after, first_ordinal: self.first_ordinal }
    }
}

/// The running clock over the packets of a batch.
#[derive(Clone, Copy, Debug)]
pub struct ClockSpan<'a> {
    before: Option<i64>,
    after: &'a [i64],
    first_ordinal: u64,
}

impl<'a> ClockSpan<'a> {
    /// The clock after the last packet.
    #[inline]
    pub fn now(&self) -> Option<i64> {
        self.after.last().copied().or(self.before)
    }

    /// The ordinals of the packets.
    pub fn ordinals(&self) -> Range<u64> {
        self.first_ordinal..self.first_ordinal + self.after.len() as u64
    }

    /// Over the packets before an ordinal, and over the others.
    pub fn split(self, ordinal: u64) -> (Self, Self) {
        let count = ordinal.saturating_sub(self.first_ordinal).min(self.after.len() as u64) as usize;
        let (before, after) = self.after.split_at(count);
        let first = Self { after: before, ..self };
        (first, Self { before: first.now(), after, first_ordinal: self.first_ordinal + count as u64 })
    }

    /// The packet at which the clock reached `deadline`: its ordinal, the clock before it, and after it.
    fn noticed(&self, deadline: i64) -> (u64, i64, i64) {
        let at =
            self.after.partition_point(|&clock| clock < deadline).min(self.after.len().saturating_sub(1));
        let before = if at == 0 { self.before } else { self.after.get(at - 1).copied() };
        let after = self.after.get(at).copied().unwrap_or(deadline);
        (self.first_ordinal + at as u64, before.unwrap_or(i64::MIN), after)
    }
}

/// A conversation that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its slot.
    pub slot: u32,
    /// Its place among the rows.
    pub order: EndOrder,
}

/// Where an ended conversation stands among the rows of all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndOrder {
    /// Ordinal of the packet that noticed the end; the largest number at the end of input.
    pub noticed: u64,
    /// The timeout that found it, counted from the longest.
    class: u32,
    /// When the older of its directions was last used.
    least_recent_use: u64,
}

/// Where conversations have their numbers from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// They are counted here: there is one worker.
    #[default]
    Own,
    /// They are told by [`FlowTable::number`], and provisional until then.
    OfAll,
}

/// Stands in a provisional number, beside the ordinal of the packet that began the conversation.
pub const PROVISIONAL: u64 = 1 << 63;

/// The packets of a batch; `clocks` go with them one by one.
pub struct Arrivals<'a> {
    /// Decoded packets.
    pub packets: &'a mut [PacketFacts],
    /// What their `start` counts in.
    pub window: &'a [u8],
    /// Another thread has read the window, so that its bytes lie in another core's cache.
    pub is_far: bool,
    /// What links tell of packets without addresses, by ordinal; of others, too.
    pub links: &'a [LinkEnds],
    /// The running clock.
    pub clocks: &'a [i64],
    /// What messages ask of this table, by ordinal.
    pub queries: &'a [Query],
}

/// Packets between the one that is looked at and the one whose bytes are asked for, where they are far.
const AHEAD: usize = 16;
/// Bytes of a packet that are asked for: what lies behind them comes by itself.
const FARTHEST: usize = 1536;
/// Packets between the one whose index entry is asked for and the one whose entry has come, so that its record can be
/// asked for.
const BEHIND: usize = 16;

#[inline]
fn prefetch_bytes(facts: &PacketFacts, window: &[u8]) {
    let bytes = Packet::new(facts, window).bytes();
    let bytes = &bytes[..bytes.len().min(FARTHEST)];
    (0..bytes.len()).step_by(64).for_each(|at| prefetch(bytes.as_ptr().wrapping_add(at)));
}

/// The conversations of one worker.
pub struct FlowTable {
    index: Index,
    conversations: Records,
    free: Vec<u32>,
    wheel: Wheel,
    registrations: Registrations,
    quotes: Quotes,
    limit: Option<Limit>,
    timeouts: Timeouts,
    hash_state: RandomState,
    numbers: Numbers,
    created: u64,
    live: usize,
    /// Slots; of those ended by the limit with the ordinal of the packet that needed room.
    ended: Vec<(u32, Option<u64>)>,
    fresh: Vec<u32>,
    arrivals: Vec<(Oriented, u64)>,
}

impl FlowTable {
    /// An empty table.
    pub fn new(timeouts: Timeouts, numbers: Numbers) -> Self {
        Self {
            index: Index::default(),
            conversations: Records::default(),
            free: Vec::new(),
            wheel: Wheel::new(),
            registrations: Registrations::default(),
            quotes: Quotes::default(),
            limit: None,
            timeouts,
            hash_state: RandomState::default(),
            numbers,
            created: 0,
            live: 0,
            ended: Vec::new(),
            fresh: Vec::new(),
            arrivals: Vec::new(),
        }
    }

    /// The same table with a limit on how many conversations of all workers live at once.
    pub fn limited(self, most: Option<usize>) -> Self {
        Self { limit: most.map(Limit::new), ..self }
    }

    /// Bytes that a live conversation takes here.
    pub const BYTES_PER_CONVERSATION: usize =
        size_of::<Conversation>() + 2 * size_of::<u64>() + 2 * size_of::<Alarm>();

    /// Gives each packet its slot, side, and flow flags, and tells slot and side to `found` at once, so that whoever keeps
    /// something there can ask for it while the next packet is looked at.
    ///
    /// Two passes, so that memory is asked for before it is needed: index entries and, a few packets later,
    /// conversations; then what is found there. Queries are answered in between, each before the packet that asks.
    pub fn assign(
        &mut self,
        arrivals: &mut Arrivals<'_>,
        slots: &mut Vec<u32>,
        answers: &mut Vec<Answer>,
        mut found: impl FnMut(u32, Side),
    ) {
        let Arrivals { packets, window, is_far, links, clocks, queries } = arrivals;
        let mut queries = queries.iter().peekable();
        self.fresh.clear();
        self.arrivals.clear();
        if *is_far {
            packets.iter().take(AHEAD).for_each(|facts| prefetch_bytes(facts, window));
        }
        for (at, facts) in packets.iter().enumerate() {
            if *is_far && let Some(ahead) = packets.get(at + AHEAD) {
                prefetch_bytes(ahead, window);
            }
            let oriented = FlowKey::of(&Packet::new(facts, window), links);
            let hash = oriented.key.hash(&self.hash_state);
            self.index.prefetch(hash);
            self.arrivals.push((oriented, hash));
            if let Some(before) = at.checked_sub(BEHIND) {
                self.prefetch_guessed(before);
            }
        }
        (packets.len().saturating_sub(BEHIND)..packets.len()).for_each(|at| self.prefetch_guessed(at));
        slots.clear();
        answers.clear();
        for (at, (facts, &clock)) in packets.iter_mut().zip(clocks.iter()).enumerate() {
            while let Some(query) = queries.next_if(|query| query.ordinal <= facts.ordinal) {
                answers.push(self.answer(query));
            }
            let slot = self.place(facts, window, at, clock);
            found(slot, Side::from_bit(facts.side));
            slots.push(slot);
        }
        answers.extend(queries.map(|query| self.answer(query)));
    }

    /// Asks for the record of the packet `at` its place among those that arrive, if there is one.
    #[inline]
    fn prefetch_guessed(&self, at: usize) {
        if let Some(slot) = self.index.guess(self.arrivals[at].1) {
            self.prefetch(slot);
        }
    }

    /// The conversation that a message quotes, if its deadline has not come.
    fn answer(&self, query: &Query) -> Answer {
        let living = query.key.and_then(|key| self.living(&key, query.clock));
        Answer { ordinal: query.ordinal, conversation: living.map_or(0, |conversation| conversation.index) }
    }

    fn living(&self, key: &FlowKey, clock: i64) -> Option<&Conversation> {
        let hash = key.hash(&self.hash_state);
        let slot = self.index.find(hash, |slot| self.conversations[slot].key == *key)?;
        let conversation = &self.conversations[slot];
        (conversation.deadline(&self.timeouts) > clock).then_some(conversation)
    }

    /// Takes down what a message of a direction quoted.
    pub fn note_quoted(&mut self, slot: u32, side: Side, conversation: u64) {
        self.quotes.note(slot, side, conversation);
    }

    /// What plugins learn of the ended directions of a conversation, A first.
    pub fn end_facts(&self, slot: u32) -> impl Iterator<Item = EndFacts> + '_ {
        let quoted = self.quotes.of(slot);
        let ends = self.conversations[slot].end_facts();
        ends.map(move |end| EndFacts { quoted_flow: quoted[usize::from(end.side)], ..end })
    }

    /// Asks for the cache lines of a conversation.
    #[inline]
    pub fn prefetch(&self, slot: u32) {
        prefetch_record(&self.conversations[slot]);
    }

    fn place(&mut self, facts: &mut PacketFacts, window: &[u8], at: usize, clock: i64) -> u32 {
        if facts.has(flag::LATER_FRAGMENT)
            && let Some(slot) = self.attach_fragment(facts, window, clock)
        {
            return slot;
        }
        let slot = match self.find_live(at, clock) {
            Some(slot) => slot,
            None => self.create(facts, window, at, clock),
        };
        let swapped = self.arrivals[at].0.swapped;
        let conversation = &mut self.conversations[slot];
        let side = conversation.side_of(swapped);
        facts.side = side as u8;
        let direction = &mut conversation.directions[side as usize];
        if !direction.is_seen() {
            facts.flags |= flag::STARTS_DIRECTION;
        }
        direction.last_seen = clock;
        direction.last_used = facts.ordinal;
        let is_fragment = facts.has(flag::FIRST_FRAGMENT | flag::LATER_FRAGMENT);
        direction.fragment_error |= direction.fragment_pending && !is_fragment;
        let changed_lifetime = follow_tcp(conversation, facts, window, side);
        if is_fragment {
            self.register_fragment(facts, window, slot, side, clock);
        }
        if changed_lifetime {
            self.bring_alarm_forward(slot);
        }
        slot
    }

    /// The live conversation of the packet `at` its place among those that arrive. One whose deadline has come is ended
    /// on the spot.
    #[inline]
    fn find_live(&mut self, at: usize, clock: i64) -> Option<u32> {
        let conversations = &self.conversations;
        let (Oriented { key, .. }, hash) = &self.arrivals[at];
        let slot = self.index.find(*hash, |slot| conversations[slot].key == *key)?;
        let conversation = &conversations[slot];
        // No deadline comes before its alarm, which is at hand; the deadline must be worked out.
        if conversation.alarm <= clock && conversation.deadline(&self.timeouts) <= clock {
            self.end(slot);
            return None;
        }
        Some(slot)
    }

    #[inline(never)]
    fn create(&mut self, facts: &mut PacketFacts, window: &[u8], at: usize, clock: i64) -> u32 {
        let (oriented, hash) = self.arrivals[at];
        let shard = oriented.key.shard();
        self.make_room(shard, facts.ordinal, clock);
        self.created += 1;
        self.live += 1;
        let side = opening_side(&Packet::new(facts, window), oriented.to_itself);
        let deadline = clock.saturating_add(self.timeouts.first());
        let mut conversation = Conversation {
            key: oriented.key,
            hash: hash as u32,
            index: match self.numbers {
                Numbers::Own => self.created,
                Numbers::OfAll => PROVISIONAL | facts.ordinal,
            },
            first_seen: clock,
            alarm: deadline,
            generation: 0,
            swapped_side: if oriented.swapped { side } else { side.other() },
            only_side: oriented.to_itself.then_some(side),
            is_live: true,
            hit_active_timeout: false,
            hit_limit: false,
            shard,
            directions: Default::default(),
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                conversation.generation = self.conversations[slot].generation.wrapping_add(1);
                self.conversations[slot] = conversation;
                slot
            }
            None => self.conversations.push(conversation),
        };
        if let Some(limit) = &mut self.limit {
            limit.began(shard, slot, conversation.generation);
        }
        self.index.insert(hash, slot);
        self.wheel.set(Alarm { deadline, slot, generation: conversation.generation });
        self.fresh.push(slot);
        facts.flags |= flag::STARTS_FLOW;
        slot
    }

    /// Ends conversations of a full shard before another begins: first those whose deadline has come and nobody
    /// has noticed yet, then, if it is full without them, the least recently used.
    #[inline]
    fn make_room(&mut self, shard: u8, ordinal: u64, clock: i64) {
        if self.limit.as_ref().is_some_and(|limit| limit.is_reached(shard)) {
            self.end_outdated(shard, ordinal, clock);
        }
    }

    #[cold]
    fn end_outdated(&mut self, shard: u8, ordinal: u64, clock: i64) {
        let Some(limit) = &mut self.limit else { return };
        let mut living = limit.living(shard, &self.conversations);
        let is_over = |&slot: &u32| self.conversations[slot].deadline(&self.timeouts) <= clock;
        let over: Vec<u32> = living.extract_if(.., |slot| is_over(slot)).collect();
        over.into_iter().for_each(|slot| self.end(slot));
        let Some(limit) = self.limit.as_ref().filter(|limit| limit.is_reached(shard)) else { return };
        for slot in limit.outdated(living, &self.conversations) {
            self.conversations[slot].hit_limit = true;
            self.end_for(slot, Some(ordinal));
        }
    }

    /// A later fragment belongs to the flow that registered its datagram. It refreshes the flow's time,
    /// not its place among the recently used.
    #[inline(never)]
    fn attach_fragment(&mut self, facts: &mut PacketFacts, window: &[u8], clock: i64) -> Option<u32> {
        let ends = Ends::of(&Packet::new(facts, window))?;
        let holder = self.holder(ends, facts.fragment_id, clock)?;
        facts.side = holder.side as u8;
        let direction = &mut self.conversations[holder.slot].directions[holder.side as usize];
        direction.last_seen = clock;
        if !facts.has(flag::MORE_FRAGMENTS) {
            direction.fragment_pending = false;
            self.registrations.complete(holder);
        }
        Some(holder.slot)
    }

    /// Who registered a datagram last, of those whose deadline has not come.
    fn holder(&mut self, ends: Ends, id: u32, clock: i64) -> Option<Holder> {
        while let Some(holder) = self.registrations.top(ends, id) {
            if self.conversations[holder.slot].deadline(&self.timeouts) > clock {
                return Some(holder);
            }
            self.end(holder.slot);
        }
        None
    }

    /// Registers a datagram that begins here, and tells the flow what is wrong with its fragments.
    #[inline(never)]
    fn register_fragment(
        &mut self,
        facts: &mut PacketFacts,
        window: &[u8],
        slot: u32,
        side: Side,
        clock: i64,
    ) {
        facts.status |= status::FRAGMENTED;
        if facts.has(flag::LATER_FRAGMENT) {
            facts.status |= status::FRAGMENT_HEADLESS;
        }
        let Some(ends) = Ends::of(&Packet::new(facts, window)) else { return };
        // A flow whose deadline has come no longer holds a datagram, even if nothing has noticed its end yet.
        self.holder(ends, facts.fragment_id, clock);
        let registered = self.registrations.register(ends, facts.fragment_id, Holder { slot, side });
        let direction = &mut self.conversations[slot].directions[side as usize];
        direction.fragment_pending = true;
        direction.fragment_error |= registered.is_error;
        if let Some(former) = registered.relieved {
            self.conversations[former.slot].directions[former.side as usize].fragment_pending = false;
        }
    }

    /// Sets an earlier alarm if the deadline came closer.
    fn bring_alarm_forward(&mut self, slot: u32) {
        let conversation = &mut self.conversations[slot];
        let deadline = conversation.deadline(&self.timeouts);
        if deadline < conversation.alarm {
            conversation.alarm = deadline;
            self.wheel.set(Alarm { deadline, slot, generation: conversation.generation });
        }
    }

    fn end(&mut self, slot: u32) {
        self.end_for(slot, None);
    }

    /// Ends a conversation; `needed_by` is the packet that needed its room.
    fn end_for(&mut self, slot: u32, needed_by: Option<u64>) {
        let conversation = &mut self.conversations[slot];
        conversation.is_live = false;
        self.index.remove(conversation.hash.into(), slot);
        self.live -= 1;
        for side in [Side::A, Side::B] {
            if conversation.directions[side as usize].fragment_pending {
                self.registrations.complete(Holder { slot, side });
            }
        }
        if let Some(limit) = &mut self.limit {
            limit.ended(self.conversations[slot].shard);
        }
        self.ended.push((slot, needed_by));
    }

    /// Gives a conversation its number among those of all workers.
    pub fn number(&mut self, slot: u32, index: u64) {
        self.conversations[slot].index = index;
    }

    /// Conversations that the last batch created.
    pub fn fresh(&self) -> &[u32] {
        &self.fresh
    }

    /// Ends what the clock of the batch has overtaken, and appends everything that ended in it, in the
    /// order of rows. The slots stay untouched until [`release`](Self::release).
    pub fn expire(&mut self, clocks: ClockSpan<'_>, ended: &mut Vec<Ended>) {
        if let Some(now) = clocks.now() {
            let Self { conversations, index, wheel, .. } = &mut *self;
            // What ends leaves the index, by its hash.
            let near = |alarm: &Alarm| index.prefetch(conversations[alarm.slot].hash.into());
            wheel.advance(now, near, |alarm| prefetch_record(&conversations[alarm.slot]));
            while let Some(alarm) = self.wheel.next(now) {
                self.check_alarm(alarm, now);
            }
        }
        let mut slots = std::mem::take(&mut self.ended);
        for &(slot, _) in slots.iter().filter(|(_, needed_by)| needed_by.is_none()) {
            let conversation = &mut self.conversations[slot];
            let first_seen = conversation.first_seen;
            let limit = self.timeouts.active.map(|active| first_seen.saturating_add(active));
            conversation.hit_active_timeout = limit == Some(conversation.deadline(&self.timeouts));
        }
        let before = ended.len();
        ended.extend(slots.drain(..).map(|(slot, needed_by)| self.ended(slot, needed_by, clocks)));
        ended[before..].sort_unstable_by_key(|ended| ended.order);
        self.ended = slots;
    }

    fn ended(&self, slot: u32, needed_by: Option<u64>, clocks: ClockSpan<'_>) -> Ended {
        let order = match needed_by {
            // Behind whatever ended because its time had come.
            Some(noticed) => {
                let least_recent_use = self.conversations[slot].least_recent_use();
                EndOrder { noticed, class: u32::MAX, least_recent_use }
            }
            None => self.end_order(slot, clocks),
        };
        Ended { slot, order }
    }

    fn check_alarm(&mut self, alarm: Alarm, now: i64) {
        let conversation = &mut self.conversations[alarm.slot];
        let is_current = conversation.is_live
            && conversation.generation == alarm.generation
            && conversation.alarm == alarm.deadline;
        if !is_current {
            return;
        }
        let deadline = conversation.deadline(&self.timeouts);
        if deadline <= now {
            self.end(alarm.slot);
        } else {
            conversation.alarm = deadline;
            self.wheel.set(Alarm { deadline, ..alarm });
        }
    }

    fn end_order(&self, slot: u32, clocks: ClockSpan<'_>) -> EndOrder {
        let conversation = &self.conversations[slot];
        let (noticed, before, after) = clocks.noticed(conversation.deadline(&self.timeouts));
        let mut first = None;
        for direction in conversation.directions.iter().filter(|direction| direction.is_seen()) {
            // A class looks at a direction once: when its silence comes to that class's length.
            let silence = |clock: i64| clock.saturating_sub(direction.last_seen);
            let class =
                self.timeouts.classes().iter().position(|&t| silence(before) < t && t <= silence(after));
            if let Some(class) = class {
                let candidate = (class, direction.last_used);
                first = Some(first.map_or(candidate, |first| candidate.min(first)));
            }
        }
        let (class, least_recent_use) = first.unwrap_or((0, conversation.least_recent_use()));
        EndOrder { noticed, class: class as u32, least_recent_use }
    }

    /// At the end of input: ends everything that still lives, least recently used first.
    pub fn drain(&mut self) -> impl Iterator<Item = Ended> + use<> {
        let mut uses: Vec<(u64, u32)> = Vec::with_capacity(self.live);
        let live = self.conversations.iter_mut().zip(0..).filter(|(conversation, _)| conversation.is_live);
        uses.extend(live.map(|(conversation, slot)| {
            conversation.is_live = false;
            (conversation.least_recent_use(), slot)
        }));
        self.live = 0;
        uses.sort_unstable();
        uses.into_iter().map(|(least_recent_use, slot)| Ended {
            slot,
            order: EndOrder { noticed: u64::MAX, class: 0, least_recent_use },
        })
    }

    /// Gives the slots of ended conversations back.
    pub fn release(&mut self, ended: &[Ended]) {
        ended.iter().for_each(|ended| self.quotes.forget(ended.slot));
        self.free.extend(ended.iter().map(|ended| ended.slot));
    }

    /// The conversation in a slot.
    pub fn conversation(&self, slot: u32) -> &Conversation {
        &self.conversations[slot]
    }

    /// Conversations created so far.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// Conversations alive.
    pub fn live(&self) -> usize {
        self.live
    }
}

#[inline]
fn prefetch_record(conversation: *const Conversation) {
    for line in 0..size_of::<Conversation>().div_ceil(64) {
        prefetch(conversation.cast::<u8>().wrapping_add(64 * line));
    }
}

/// The side that the first packet of a conversation comes from: A unless something tells a responder.
fn opening_side(packet: &Packet<'_>, to_itself: bool) -> Side {
    let by_port = packet.src_port < 1024 && packet.src_port < packet.dst_port;
    // 8080, 8081, 8088, 8089.
    let by_proxy_port = packet.src_port & 0xfff6 == 8080;
    let syn_ack = tcp::flags::SYN | tcp::flags::ACK;
    let by_handshake =
        packet.l4_proto == 6 && packet.has(flag::HAS_TCP_FLAGS) && packet.tcp_flags & syn_ack == syn_ack;
    let responds = match icmp_type(packet) {
        Some(icmp_type) => icmp_type != echo_request(packet.ip_version),
        None => !to_itself && (by_port || by_proxy_port || by_handshake),
    };
    if responds { Side::B } else { Side::A }
}

/// The type of an ICMP or ICMPv6 message.
fn icmp_type(packet: &Packet<'_>) -> Option<u8> {
    let is_icmp = packet.ip_version != 0 && matches!(packet.l4_proto, 1 | 58) && packet.has(flag::HAS_L4);
    if is_icmp { packet.l4_bytes().first().copied() } else { None }
}

/// RFC 792 and RFC 4443.
fn echo_request(ip_version: u8) -> u8 {
    if ip_version == 4 { 8 } else { 128 }
}

/// Lets the TCP state machine set the timeouts of both directions; says whether one changed.
#[inline]
fn follow_tcp(conversation: &mut Conversation, facts: &PacketFacts, window: &[u8], side: Side) -> bool {
    if facts.l4_proto != 6 || !facts.has(flag::HAS_TCP_FLAGS) {
        return false;
    }
    let Some(segment) = segment_of(&Packet::new(facts, window)) else { return false };
    let [a, b] = &mut conversation.directions;
    let (own, other) = if side == Side::A { (a, b) } else { (b, a) };
    let before = (own.lifetime, other.lifetime);
    let has_other = other.is_seen();
    Exchange {
        own: (&mut own.tcp, &mut own.lifetime),
        other: has_other.then_some((&mut other.tcp, &mut other.lifetime)),
    }
    .segment(segment);
    before != (own.lifetime, other.lifetime)
}

#[inline]
fn segment_of(packet: &Packet<'_>) -> Option<Segment> {
    let [s0, s1, s2, s3, a0, a1, a2, a3] = packet.array(usize::from(packet.l4_offset) + 4)?;
    Some(Segment {
        flags: packet.tcp_flags,
        seq: u32::from_be_bytes([s0, s1, s2, s3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
    })
}
