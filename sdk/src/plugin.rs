//! What a plugin is: state per conversation and direction, a reaction to each packet, a row at the end.

use crate::columns::{ColumnBuffer, Columns};
use crate::finished::{Ahead, FinishedRow, FinishedRows};
use crate::options::Options;
use crate::packet::{Packet, PacketFacts, Side, flag};
use crate::reads::Reads;
use crate::tables::{Table, Tables};
use crate::value::Ip;

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
    /// Of the packets named, only those with a payload length above 0; for a plugin that reads streams, also those that
    /// bring bytes which had waited.
    pub const WITH_PAYLOAD: Interest = Interest(0x100);

    /// Both.
    pub const fn and(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }

    /// What a packet is: one class, and whether it has payload.
    #[inline]
    pub fn of(facts: &PacketFacts) -> Interest {
        let class = match (facts.ip_version, facts.l4_proto) {
            (0, _) => Interest::LAYER_2,
            (_, 6) => Interest::TCP,
            (_, 17 | 136) => Interest::UDP,
            (_, 1 | 58) => Interest::ICMP,
            _ => Interest::OTHER_IP,
        };
        if facts.payload_len > 0 { class.and(Interest::WITH_PAYLOAD) } else { class }
    }

    /// Whether a packet that is so is wanted.
    #[inline]
    pub const fn wants(self, packet: Interest) -> bool {
        let lacks_payload = self.0 & Interest::WITH_PAYLOAD.0 & !packet.0 != 0;
        self.0 & packet.0 & Interest::ALL.0 != 0 && !lacks_payload
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

    /// What of the bytes of packets it reads. Where no plugin of a run reads payload, less has to be moved between
    /// workers. One that asks for [streams](Self::STREAM_BYTES) reads all, whatever it says here.
    const READS: Reads = Reads::ALL;

    /// So many bytes of each direction's TCP stream it wants to see in order ([`Packet::stream`]); `u64::MAX` for
    /// all, 0 for none.
    const STREAM_BYTES: u64 = 0;

    /// Most conversations have nothing that it measures, as it says by [`is_blank`](Self::is_blank): their rows are then
    /// made together.
    const OFTEN_BLANK: bool = false;

    /// With a packet of one direction it also looks at what it kept of the other ([`State::other`]). Where it does not,
    /// and says so, memory of the other direction is not asked for.
    const READS_PEER: bool = true;

    /// Files of rows that it writes beside the flows.
    const TABLES: &'static [Table] = &[];

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

    /// Something that the user should know before the run, such as a file that was not named; one sentence.
    fn notice(&self) -> Option<String> {
        None
    }

    /// Takes one packet into account.
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>);

    /// The row of one direction of an ended conversation. Columns of flow scope are taken from the row of A; where all
    /// are, B is not asked for.
    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Self::Row<'a>;

    /// Appends that row to the buffers of its columns. Only for a plugin to which making the lists of
    /// [`finish`](Self::finish) costs more than saying the same once more, and only asked where all columns are of flow
    /// scope or rows are [often blank](Self::OFTEN_BLANK).
    #[inline]
    fn append(&self, end: &End<'_, Self>, columns: &mut [ColumnBuffer]) {
        self.finish(end).append(columns);
    }

    /// Whether nothing was found that the row of this direction would tell of; asked only if such rows are
    /// [common](Self::OFTEN_BLANK). All rows of which that is said must be
    /// the same, namely that of states as they are born: where many conversations end together, one is made for all.
    #[inline]
    fn is_blank(&self, _end: &End<'_, Self>) -> bool {
        false
    }

    /// Adds rows to its tables, for one direction of an ended conversation, after [`finish`](Self::finish).
    fn table_rows(&self, _end: &End<'_, Self>, _tables: &mut Tables<'_>) {}
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
    /// Number of the conversation that the last ICMP error of this direction quoted; 0 if it is not known.
    pub quoted_flow: u64,
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

    /// Number of the conversation that the last ICMP error message of this direction quoted, if that lived when the
    /// message came.
    pub fn quoted_flow(&self) -> Option<u64> {
        (self.facts.quoted_flow != 0).then_some(self.facts.quoted_flow)
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

/// A plugin that sees finished rows, in the order in which they are written.
///
/// For what is about many flows, or about columns of other plugins. There is one instance in a run. Its calls come one after
/// the other, but not always from the same thread.
pub trait RowPlugin: Sized + Send + 'static {
    /// Lower snake case; also the name of the library, `libweir_plugin_NAME.so`.
    const NAME: &'static str;
    /// What it measures, one line.
    const SUMMARY: &'static str;
    /// Where its columns stand: plugins are sorted by this number, then by name.
    const ORDER: u16 = 800;
    /// Whether it is loaded when no plugins are named.
    const ON_BY_DEFAULT: bool = true;
    /// Columns of other plugins that it reads, by the names of their declarations.
    const NEEDS: &'static [&'static str];

    /// Files of rows that it writes beside the flows.
    const TABLES: &'static [Table] = &[];

    /// Its options; `()` for none.
    type Options: Options;
    /// What it prints.
    type Row<'a>: Columns;

    /// The plugin, ready to work.
    ///
    /// # Errors
    ///
    /// One sentence that says which option cannot be used and why.
    fn open(options: Self::Options) -> Result<Self, String>;

    /// Columns that it reads beside [`NEEDS`](Self::NEEDS), known only from its options. They are named as in the
    /// header of the run's rows, so with `_a` or `_b` where a row is a conversation. Asked once, after `open`; a run
    /// that does not give them is refused.
    fn wants(&self) -> Vec<String> {
        Vec::new()
    }

    /// Something that the user should know when the run is over, such as what was given up; one sentence.
    fn last_notice(&self) -> Option<String> {
        None
    }

    /// Hears of the rows ahead: what each column that it reads holds, and what a row stands for.
    ///
    /// # Errors
    ///
    /// One sentence that says which column does not fit and why.
    fn prepare(&mut self, _ahead: &Ahead<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Something that the user should know before the run, such as a file that was not named; one sentence.
    fn notice(&self) -> Option<String> {
        None
    }

    /// What it counted so far, each with a name in lower case; asked after the last row, for the summary. Where each
    /// capture has rows of its own, the counts of all are added up by their names.
    fn counts(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Hears of all directions that a call tells of together, before [`started`](Self::started) is called for each of
    /// them in order, between the rows.
    fn starts<'a>(&mut self, _starts: impl Iterator<Item = &'a Start>) {}

    /// A direction of a conversation sent its first packet. Rows that ended before are finished first.
    fn started(&mut self, start: &Start);

    /// Sees all rows of a call together, before [`row`](Self::row) is asked for each of them in order.
    fn batch(&mut self, _rows: &FinishedRows<'_>) {}

    /// The cells for one direction of an ended conversation: A, then B.
    fn row<'a>(&'a mut self, row: &FinishedRow<'_>) -> Self::Row<'a>;

    /// Adds to its tables what is complete; asked after each row.
    fn table_rows(&mut self, _tables: &mut Tables<'_>) {}

    /// The same at the end of the run, when everything is complete.
    fn last_table_rows(&mut self, _tables: &mut Tables<'_>) {}
}

/// A direction that began.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Number of the packet in the run.
    pub ordinal: u64,
    /// Source address in network order; IPv4 uses the first four bytes.
    pub src_address: [u8; 16],
    /// Destination address in network order; IPv4 uses the first four bytes.
    pub dst_address: [u8; 16],
    /// Source port; 0 where there is none.
    pub src_port: u16,
    /// Destination port; 0 where there is none.
    pub dst_port: u16,
    /// 4, 6, or 0 for layer 2.
    pub ip_version: u8,
    /// IP protocol; 0 for layer 2.
    pub l4_proto: u8,
    /// 0: sent by A; 1: by B.
    pub side: u8,
    /// 1 if the conversation begins, too. Conversations are numbered in the order in which they begin, so the number of
    /// this one is how many such starts there were, with this one.
    pub starts_flow: u8,
    /// Time of the packet.
    pub time_ns: i64,
}

impl Start {
    /// Of the packet that opened the direction.
    pub fn of(packet: &Packet<'_>) -> Self {
        Self {
            ordinal: packet.ordinal,
            src_address: sixteen(packet.src_ip()),
            dst_address: sixteen(packet.dst_ip()),
            src_port: packet.src_port,
            dst_port: packet.dst_port,
            ip_version: packet.ip_version,
            l4_proto: packet.l4_proto,
            side: packet.side,
            starts_flow: u8::from(packet.has(flag::STARTS_FLOW)),
            time_ns: packet.time_ns,
        }
    }

    /// Source address; none for layer 2.
    pub fn src_ip(&self) -> Option<Ip> {
        self.ip(self.src_address)
    }

    /// Destination address; none for layer 2.
    pub fn dst_ip(&self) -> Option<Ip> {
        self.ip(self.dst_address)
    }

    /// Which side it is.
    pub fn side(&self) -> Side {
        Side::from_bit(self.side)
    }

    fn ip(&self, bytes: [u8; 16]) -> Option<Ip> {
        let [a, b, c, d, ..] = bytes;
        match self.ip_version {
            4 => Some(Ip::V4([a, b, c, d])),
            6 => Some(Ip::V6(bytes)),
            _ => None,
        }
    }
}

fn sixteen(ip: Option<Ip>) -> [u8; 16] {
    match ip {
        Some(Ip::V6(bytes)) => bytes,
        Some(Ip::V4([a, b, c, d])) => [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        None => [0; 16],
    }
}
