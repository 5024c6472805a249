//! Packets in, rows out, in the author's own test process: no library is loaded, no capture is read.
//!
//! [`packet`] describes a packet and makes its bytes; [`row_of`] and [`rows_of`] send packets through a
//! plugin as one conversation, and [`flow`] does so with options or with what core knows of its end;
//! [`check_columns`] asks of a plugin's columns what weir asks of every column.

mod facts;
mod frame;
mod packet;
mod reader;
mod rows;
mod table;

use crate::columns::{Column, ColumnBuffer, Columns};
use crate::options::Options;
use crate::packet::{Packet, PacketFacts, Side, StreamFacts, flag};
use crate::plugin::{End, EndFacts, FlowPlugin, HeaderChain, HeaderChains, Interest, State};
use crate::reads::Reads;
use crate::status;
use crate::tables::{Table, Tables};

pub use packet::{ACK, FIN, PSH, RST, SYN, TestPacket, packet};
pub use reader::{TestReader, check_row_columns};
pub use rows::TestRows;
pub use table::TestTable;

/// Units that a column may have.
pub const UNITS: &[&str] =
    &["bytes", "packets", "ns", "s", "1/s", "bytes/s", "ratio 0–1", "bit mask", "none"];

/// Tags that a column may carry; the crate's documentation says what they mean.
pub const TAGS: &[&str] = &[
    "address",
    "port",
    "time",
    "identifier",
    "counter",
    "statistical",
    "packet_size_timing",
    "direction_rows",
];

/// The first row that a plugin makes of these packets: that of A, or of B where A sent nothing.
///
/// # Panics
///
/// Without a packet, or if the plugin cannot be opened with its default options.
pub fn row_of<P: FlowPlugin>(packets: impl IntoIterator<Item = TestPacket>) -> P::Row<'static> {
    flow::<P>().row(packets)
}

/// One row for each direction that sent: that of A first.
///
/// # Panics
///
/// If the plugin cannot be opened with its default options.
pub fn rows_of<P: FlowPlugin>(packets: impl IntoIterator<Item = TestPacket>) -> Vec<P::Row<'static>> {
    flow::<P>().rows(packets)
}

/// One conversation for a plugin; see [`TestFlow`].
pub fn flow<P: FlowPlugin>() -> TestFlow<P> {
    TestFlow { plugin: std::marker::PhantomData, options: Vec::new(), end: [EndFacts::default(); 2] }
}

/// One conversation with options for its plugin and with what core would tell of its end.
pub struct TestFlow<P> {
    plugin: std::marker::PhantomData<P>,
    options: Vec<(&'static str, &'static str)>,
    end: [EndFacts; 2],
}

impl<P: FlowPlugin> TestFlow<P> {
    /// Opens the plugin with this option, as `-o plugin.name=value` does.
    pub fn option(mut self, name: &'static str, value: &'static str) -> Self {
        self.options.push((name, value));
        self
    }

    /// The conversation has this number; 1 unless said.
    pub fn index(mut self, flow_index: u64) -> Self {
        self.end.iter_mut().for_each(|end| end.flow_index = flow_index);
        self
    }

    /// Core found these status bits at the end of a side, besides the direction bit of B.
    pub fn end_status(mut self, side: Side, bits: u64) -> Self {
        self.end[side as usize].status |= bits;
        self
    }

    /// The TCP state machine found these anomalies in a side.
    pub fn tcp_states(mut self, side: Side, bits: u8) -> Self {
        self.end[side as usize].tcp_states = bits;
        self
    }

    /// The last ICMP error of a side quoted this conversation.
    pub fn quoted_flow(mut self, side: Side, flow_index: u64) -> Self {
        self.end[side as usize].quoted_flow = flow_index;
        self
    }

    /// The first row: that of A, or of B where A sent nothing.
    ///
    /// # Panics
    ///
    /// Without a packet, or if the plugin refuses its options.
    pub fn row(self, packets: impl IntoIterator<Item = TestPacket>) -> P::Row<'static> {
        self.rows(packets).into_iter().next().expect("a test gives at least one packet")
    }

    /// One row for each direction that sent: that of A first.
    ///
    /// A row may borrow from the plugin and the flow that it tells of. So that a test can hold and compare
    /// rows without thinking of that, plugin and flow are leaked: a test process ends soon.
    ///
    /// # Panics
    ///
    /// If the plugin refuses its options.
    pub fn rows(self, packets: impl IntoIterator<Item = TestPacket>) -> Vec<P::Row<'static>> {
        let plugin: &'static P = Box::leak(Box::new(self.open()));
        Box::leak(Box::new(Conversation::of(plugin, packets))).rows(plugin, self.end)
    }

    /// The rows that the conversation adds to a table, which stands at this place among those of the plugin.
    ///
    /// # Panics
    ///
    /// If the plugin refuses its options, or there is no such table.
    pub fn table(self, table: usize, packets: impl IntoIterator<Item = TestPacket>) -> TestTable {
        let plugin = self.open();
        let mut buffers = vec![ColumnBuffer::default(); Tables::buffers_of(P::TABLES)];
        Conversation::of(&plugin, packets).table_rows(
            &plugin,
            self.end,
            &mut Tables::new(P::TABLES, &mut buffers),
        );
        let first = Tables::buffers_of(&P::TABLES[..table]) + 1;
        let columns = P::TABLES[table].columns;
        TestTable::new(columns, &buffers[first..first + columns.len()])
    }

    fn open(&self) -> P {
        let options = P::Options::parse(&self.options).expect("a test gives options that the plugin knows");
        P::open(options).expect("the plugin opens")
    }
}

/// What core keeps of a conversation, for one plugin.
struct Conversation<P: FlowPlugin> {
    flow: P::Flow,
    sides: [P::Direction; 2],
    seen: [bool; 2],
    packets: u64,
    /// Payload bytes that each side has sent.
    sent: [u64; 2],
    chains: Chains,
}

impl<P: FlowPlugin> Default for Conversation<P> {
    fn default() -> Self {
        Self {
            flow: P::Flow::default(),
            sides: Default::default(),
            seen: [false; 2],
            packets: 0,
            sent: [0; 2],
            chains: Chains::default(),
        }
    }
}

impl<P: FlowPlugin> Conversation<P> {
    fn of(plugin: &P, packets: impl IntoIterator<Item = TestPacket>) -> Self {
        let mut conversation = Self::default();
        packets.into_iter().for_each(|packet| conversation.take(plugin, &packet));
        conversation
    }

    fn take(&mut self, plugin: &P, packet: &TestPacket) {
        let (mut facts, bytes) = packet.build();
        self.place(&mut facts);
        facts.header_chain = self.chains.key(packet.chain());
        if P::INTEREST.wants(Interest::of(&facts)) {
            let [a, b] = &mut self.sides;
            let (own, other) = if facts.side == 0 { (a, b) } else { (b, a) };
            // What core may leave out is left out, so that a plugin that reads more than it says is found out.
            Reads::of::<P>().withhold(&mut facts, &bytes);
            let packet = Packet::new(&facts, &bytes);
            let stream = stream_of(&packet, &mut self.sent, P::STREAM_BYTES);
            let packet = packet.with_stream(&stream, &[]);
            plugin.packet(State { flow: &mut self.flow, own, other }, &packet);
        }
    }

    /// Numbers the packet and says whether it opened its conversation or direction.
    fn place(&mut self, facts: &mut PacketFacts) {
        if self.packets == 0 {
            facts.flags |= flag::STARTS_FLOW;
        }
        if !std::mem::replace(&mut self.seen[usize::from(facts.side)], true) {
            facts.flags |= flag::STARTS_DIRECTION;
        }
        self.packets += 1;
        facts.ordinal = self.packets;
    }

    fn rows<'a>(&'a self, plugin: &'a P, told: [EndFacts; 2]) -> Vec<P::Row<'a>> {
        let row = |side| {
            let end = self.end(side, told[side as usize]);
            check_appended(plugin, &end);
            check_blank(plugin, &end);
            plugin.finish(&end)
        };
        self.seen().map(row).collect()
    }

    fn table_rows(&self, plugin: &P, told: [EndFacts; 2], tables: &mut Tables<'_>) {
        for side in self.seen() {
            plugin.table_rows(&self.end(side, told[side as usize]), tables);
            tables.end_flow();
        }
    }

    fn seen(&self) -> impl Iterator<Item = Side> {
        [Side::A, Side::B].into_iter().filter(|&side| self.seen[side as usize])
    }

    fn end(&self, side: Side, told: EndFacts) -> End<'_, P> {
        let has_other = self.seen[side.other() as usize];
        let inverted = if side == Side::B { status::INVERTED } else { 0 };
        End {
            flow: &self.flow,
            own: &self.sides[side as usize],
            other: has_other.then(|| &self.sides[side.other() as usize]),
            facts: EndFacts {
                flow_index: told.flow_index.max(1),
                status: told.status | inverted,
                side: side as u8,
                has_other: u8::from(has_other),
                tcp_states: told.tcp_states,
                letter: if has_other { side as u8 } else { Side::A as u8 },
                quoted_flow: told.quoted_flow,
            },
            chains: &self.chains,
        }
    }
}

/// What a plugin appends must be the row that it gives.
fn check_appended<P: FlowPlugin>(plugin: &P, end: &End<'_, P>) {
    let mut buffers = buffers_of::<P>();
    plugin.append(end, &mut buffers);
    assert_eq!(buffers, cells(plugin, end), "`{}` appends another row than it gives", P::NAME);
}

/// A blank row must be that of a conversation that was just born.
fn check_blank<P: FlowPlugin>(plugin: &P, end: &End<'_, P>) {
    if plugin.is_blank(end) {
        let (flow, own, other) = (P::Flow::default(), P::Direction::default(), P::Direction::default());
        let born = End { flow: &flow, own: &own, other: end.other.map(|_| &other), ..*end };
        assert_eq!(cells(plugin, end), cells(plugin, &born), "a row of `{}` is not blank", P::NAME);
    }
}

fn cells<P: FlowPlugin>(plugin: &P, end: &End<'_, P>) -> Vec<ColumnBuffer> {
    let mut buffers = buffers_of::<P>();
    plugin.finish(end).append(&mut buffers);
    buffers
}

fn buffers_of<P: FlowPlugin>() -> Vec<ColumnBuffer> {
    vec![ColumnBuffer::default(); <P::Row<'static> as Columns>::COLUMNS.len()]
}

/// A test gives segments in order: each brings its captured payload.
fn stream_of(packet: &Packet<'_>, sent: &mut [u64; 2], wanted: u64) -> StreamFacts {
    let sent = &mut sent[usize::from(packet.side)];
    let offset = *sent;
    if packet.l4_proto != 6 {
        return StreamFacts::default();
    }
    *sent += u64::from(packet.payload_len);
    let len = (packet.payload().len() as u64).min(wanted.saturating_sub(offset)) as u32;
    let start = packet.start + u64::from(packet.payload_offset);
    StreamFacts { start, offset, len, flags: 0 }
}

/// The chains of a conversation; the key of a chain is its place.
#[derive(Default)]
struct Chains(Vec<String>);

impl Chains {
    fn key(&mut self, text: String) -> u32 {
        let place = self.0.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.0.push(text);
            self.0.len() - 1
        });
        place as u32
    }
}

impl HeaderChains for Chains {
    fn header_chain(&self, key: u32) -> HeaderChain<'_> {
        let text = self.0.get(key as usize).map_or("", String::as_str);
        let names = text.split(':').filter(|name| !name.is_empty());
        HeaderChain { text, count: names.map(headers_in).sum() }
    }
}

/// How many headers a name of a chain stands for: `vlan{3}` for 3.
fn headers_in(name: &str) -> u16 {
    let times = name.split_once('{').and_then(|(_, times)| times.strip_suffix('}'));
    times.and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Asks of a plugin's columns what weir asks of every column: a unique name in lower snake case, a known
/// unit, known tags, a definition that ends with a full stop, a source, and names for the bits of a bit mask.
///
/// # Panics
///
/// With a sentence that names the column and what it lacks.
pub fn check_columns<P: FlowPlugin>() {
    check_declared(<P::Row<'static> as Columns>::COLUMNS, P::TABLES);
}

fn check_declared(columns: &[Column], tables: &[Table]) {
    for (place, column) in columns.iter().enumerate() {
        let is_new = columns[..place].iter().all(|earlier| earlier.name != column.name);
        assert!(is_new, "column `{}` is declared twice", column.name);
        assert_sound(column);
    }
    tables.iter().flat_map(|table| table.columns).for_each(assert_sound);
}

fn assert_sound(column: &Column) {
    if let Some(fault) = fault_of(column) {
        panic!("column `{}` {fault}", column.name);
    }
}

fn fault_of(column: &Column) -> Option<String> {
    let is_snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let unknown_tag = column.tags.iter().find(|tag| !TAGS.contains(tag));
    let is_mask = column.unit == "bit mask";
    if !column.name.chars().all(is_snake) || !column.name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("must be named in lower snake case".into())
    } else if !UNITS.contains(&column.unit) {
        Some(format!("has the unit `{}`, which is none of {UNITS:?}", column.unit))
    } else if let Some(tag) = unknown_tag {
        Some(format!("has the tag `{tag}`, which is none of {TAGS:?}"))
    } else if !column.definition.ends_with('.') {
        Some("needs a definition that ends with a full stop".into())
    } else if column.source.is_empty() {
        Some("needs a source: RFC, registry, or formula".into())
    } else if is_mask == column.bits.is_empty() {
        Some("must name its bits if, and only if, its unit is `bit mask`".into())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ip, Mac};

    #[test]
    fn the_default_packet_is_a_udp_datagram_between_two_hosts() {
        let (facts, bytes) = packet().payload(*b"hi").build();
        let packet = Packet::new(&facts, &bytes);
        assert_eq!(packet.src_ip(), Some(Ip::V4([10, 0, 0, 1])));
        assert_eq!(packet.dst_ip(), Some(Ip::V4([10, 0, 0, 2])));
        assert_eq!((packet.src_port, packet.dst_port, packet.l4_proto), (2000, 3000, 17));
        assert_eq!(packet.dst_mac(), Some(Mac([2, 0, 0, 0, 0, 2])));
        assert_eq!((packet.payload(), packet.wire_len, packet.padding_len), (&b"hi"[..], 44, 0));
    }

    #[test]
    fn an_answer_has_the_endpoints_the_other_way_round() {
        let (facts, bytes) = packet().side(Side::B).ips("2001:db8::1", "2001:db8::2").build();
        let packet = Packet::new(&facts, &bytes);
        assert_eq!((packet.src_port, packet.dst_port), (3000, 2000));
        assert_eq!(packet.src_ip().map(|ip| ip.to_string()).as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn layers_make_bytes_facts_and_chain() {
        let syn = packet().vlan(&[0x6005, 7]).tcp(1, 2).tcp_flags(SYN | ACK).tcp_options(&[2, 4, 5, 180, 1]);
        let facts = syn.facts();
        assert_eq!((facts.l3_offset, facts.l4_offset, facts.payload_offset), (22, 42, 70));
        assert_eq!((facts.vlan_id, facts.vlan_tags, facts.vlan_count), (7, [5, 7, 0], 2));
        assert_eq!((facts.tcp_flags, facts.payload_len), (0x12, 0));
        assert_eq!(syn.chain(), "eth:vlan{2}:ipv4:tcp");
        assert_eq!(syn.frame()[54], 0x70, "data offset of seven words");
    }

    #[test]
    fn a_padded_frame_keeps_its_payload_and_a_cut_one_its_lengths() {
        let padded = packet().payload(*b"x").padded().facts();
        assert_eq!((padded.wire_len, padded.payload_len, padded.padding_len), (60, 1, 17));
        let cut = packet().payload_len(1000).captured(96).facts();
        assert_eq!((cut.wire_len, cut.captured_len, cut.payload_len), (1042, 96, 1000));
    }

    #[test]
    fn a_later_fragment_has_no_layer_4_header() {
        let (facts, bytes) = packet().fragment(185, false).payload(*b"tail").build();
        assert!(!facts.has(flag::HAS_L4) && facts.has(flag::LATER_FRAGMENT));
        assert_eq!(Packet::new(&facts, &bytes).l4_bytes(), b"tail");
    }

    #[test]
    fn chains_count_each_vlan_tag() {
        let mut chains = Chains::default();
        let key = chains.key("eth:vlan{4}:ipv4:udp".into());
        assert_eq!(chains.header_chain(key).count, 7);
    }
}
