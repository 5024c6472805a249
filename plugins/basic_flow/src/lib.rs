//! Who a flow belongs to, when it lived, and what its frames were made of.
//!
//! These are the columns by which a row is found again: number, addresses, ports, protocol, times; besides
//! them the chains of headers, MAC addresses, VLAN tags, and the flow status, one bit mask of everything
//! unusual that its packets showed.

mod chains;
mod endpoints;
mod more;

use chains::{ChainText, Description, MAX_CHAINS};
use endpoints::Endpoints;
use more::{LaterMacs, More};
use weir_sdk::{
    ArrayVec, Columns, Duration, End, FlowPlugin, HeaderChain, Ip, Mac, Packet, Reads, Side, State, Time,
    export_plugin, flag, status,
};

/// At most so many MAC addresses of each kind are kept for a direction.
const MAX_MACS: usize = 3;
/// At most so many VLAN tags are printed.
const MAX_VLAN_TAGS: usize = 3;
/// So many of them need no box.
const VLAN_TAGS_IN_PLACE: usize = 2;

/// Who, when, and made of what.
pub struct BasicFlow;

/// What is kept of a direction.
#[derive(Default)]
pub struct Direction {
    time_first: i64,
    time_last: i64,
    status: u64,
    more: More,
    /// Key of the chain of the first packet.
    first_chain: u32,
    first_src_mac: Option<Mac>,
    first_dst_mac: Option<Mac>,
    /// Of the first packet, each plus 1; 0 where there is none.
    vlan_ids: [u16; VLAN_TAGS_IN_PLACE],
    /// Identification of the packet before; 0 as long as there is none to compare with.
    ip_id: u16,
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "direction")]
pub struct Row<'a> {
    /// Which direction the row tells of: `A` was opened by the initiator, `B` by the responder. A direction
    /// without opposite is always `A`, even if `INVERTED` in its flow status says that a server sent it; a
    /// row of a whole conversation is always `A`.
    #[column(scope = "flow", unit = "none", source = "direction rule of core", tranalyzer = "dir:C")]
    #[column(tags = ["identifier", "direction_rows"])]
    pub direction: &'static str,
    /// Number of the conversation, shared by its two directions: from 1, in the order in which conversations
    /// began.
    #[column(scope = "flow", unit = "none", source = "count of conversations", tags = ["identifier"])]
    #[column(tranalyzer = "flowInd:U64", aliases = ["flowId"])]
    pub flow_index: u64,
    /// What the packets of this direction were and what happened to the flow: OR of the bits of every packet
    /// and of those that core found for the direction. `DUPLICATE_IP_ID` compares the IPv4 identification
    /// with that of the packet before, never with that of the first packet of the direction, never an
    /// identification of 0, and passes over later fragments that belong to a known first one. `TIME_JUMP` says
    /// that time stepped back between two consecutive IP packets of the direction. `HEADER_OVERFLOW` says that
    /// a fifth distinct header chain was left out, or that one was cut to 127 characters.
    #[column(unit = "bit mask", source = "OR of packet status bits", bits = status::BITS)]
    #[column(tranalyzer = "flowStat:H64")]
    pub flow_status: u64,
    /// Time of the first packet of this direction.
    #[column(unit = "ns", source = "capture record, time stamp", tags = ["time"])]
    #[column(tranalyzer = "timeFirst:T", aliases = ["flowStartNanoseconds"])]
    pub time_first: Time,
    /// Time of the last packet of this direction in the order of the capture, even if an earlier packet bears
    /// a later time.
    #[column(unit = "ns", source = "capture record, time stamp", tags = ["time"])]
    #[column(tranalyzer = "timeLast:T", aliases = ["flowEndNanoseconds"])]
    pub time_last: Time,
    /// From the first to the last packet of this direction; negative if time stepped back.
    #[column(unit = "ns", source = "time_last - time_first", tags = ["statistical"])]
    #[column(tranalyzer = "duration:T")]
    pub duration: Duration,
    /// Number of distinct header chains of this direction, at most 4.
    #[column(unit = "none", source = "length of header_chains", tags = ["counter", "statistical"])]
    #[column(tranalyzer = "numHdrDesc:U8")]
    pub header_chain_count: u8,
    /// For each header chain, how many headers it has; `vlan{3}` counts 3, and a chain whose text
    /// was cut counts all of its headers.
    #[column(unit = "none", source = "names in header_chains", tags = ["counter"])]
    #[column(tranalyzer = "numHdrs:U16")]
    pub header_counts: ArrayVec<u16, MAX_CHAINS>,
    /// The distinct chains of headers of this direction's packets in order of appearance, outermost header
    /// first, names joined by colons; at most 4, later ones are left out. A chain of more than 127 characters
    /// is cut to 124 and three dots.
    #[column(unit = "none", source = "decoded headers")]
    #[column(tranalyzer = "hdrDesc:SC")]
    pub header_chains: ArrayVec<ChainText<'a>, MAX_CHAINS>,
    /// The distinct source MAC addresses of this direction in order of appearance, at most 3, later ones are
    /// left out; empty where the link has none. Of several Ethernet headers the innermost decoded one counts.
    #[column(unit = "none", source = "IEEE 802.3 section 3.2.3", tags = ["address"])]
    #[column(tranalyzer = "srcMac:MAC", aliases = ["sourceMacAddress"])]
    pub src_mac: ArrayVec<Mac, MAX_MACS>,
    /// The distinct destination MAC addresses of this direction in order of appearance, at most 3, later ones
    /// are left out; empty where the link has none. Of several Ethernet headers the innermost decoded one
    /// counts.
    #[column(unit = "none", source = "IEEE 802.3 section 3.2.3", tags = ["address"])]
    #[column(tranalyzer = "dstMac:MAC", aliases = ["destinationMacAddress"])]
    pub dst_mac: ArrayVec<Mac, MAX_MACS>,
    /// 0x0800 for IPv4, 0x86dd for IPv6; for a layer-2 flow the last ethertype, or DSAP and SSAP.
    #[column(scope = "flow", unit = "none", source = "IEEE 802 Numbers, ethertype")]
    #[column(tranalyzer = "ethType:H16", aliases = ["ethernetType"])]
    pub ethertype: u16,
    /// The 12-bit VLAN ids of the first packet of this direction, outermost first, at most 3, without priority
    /// and drop bits; empty if untagged. Of several stacks of tags the innermost decoded one counts.
    #[column(unit = "none", source = "IEEE 802.1Q, VID", tags = ["address"])]
    #[column(tranalyzer = "vlanID:U16", aliases = ["ethVlanID", "vlanId"])]
    pub vlan_id: ArrayVec<u16, MAX_VLAN_TAGS>,
    /// Version of the innermost decoded IP header, 4 or 6; absent for layer 2.
    #[column(scope = "flow", unit = "none", source = "RFC 791 section 3.1, RFC 8200 section 3, Version")]
    #[column(aliases = ["ipVersion"])]
    pub ip_version: Option<u8>,
    /// Source address of the direction, that of the initiator in the row of a conversation, from the innermost
    /// decoded IP header; absent for layer 2.
    #[column(scope = "flow", unit = "none", source = "RFC 791 section 3.1, RFC 8200 section 3")]
    #[column(tranalyzer = "srcIP:IP", null = "-", tags = ["address"])]
    #[column(aliases = ["sourceIPv4Address", "sourceIPv6Address"])]
    pub src_ip: Option<Ip>,
    /// Source port of the direction, that of the initiator in the row of a conversation; absent unless the
    /// flow began with the header of TCP, UDP, UDP-Lite, or SCTP.
    #[column(scope = "flow", unit = "none", source = "RFC 9293, RFC 768, RFC 3828, RFC 9260", tags = ["port"])]
    #[column(tranalyzer = "srcPort:U16", null = "0", aliases = ["sourceTransportPort"])]
    pub src_port: Option<u16>,
    /// Destination address of the direction, that of the responder in the row of a conversation, from the
    /// innermost decoded IP header; absent for layer 2.
    #[column(scope = "flow", unit = "none", source = "RFC 791 section 3.1, RFC 8200 section 3")]
    #[column(tranalyzer = "dstIP:IP", null = "-", tags = ["address"])]
    #[column(aliases = ["destinationIPv4Address", "destinationIPv6Address"])]
    pub dst_ip: Option<Ip>,
    /// Destination port of the direction, that of the responder in the row of a conversation; absent unless
    /// the flow began with the header of TCP, UDP, UDP-Lite, or SCTP.
    #[column(scope = "flow", unit = "none", source = "RFC 9293, RFC 768, RFC 3828, RFC 9260", tags = ["port"])]
    #[column(tranalyzer = "dstPort:U16", null = "0", aliases = ["destinationTransportPort"])]
    pub dst_port: Option<u16>,
    /// IP protocol, for IPv6 the last next-header value; absent for layer 2.
    #[column(scope = "flow", unit = "none", source = "IANA protocol numbers")]
    #[column(tranalyzer = "l4Proto:U8", null = "0", aliases = ["protocolIdentifier"])]
    pub l4_proto: Option<u8>,
}

impl FlowPlugin for BasicFlow {
    const NAME: &'static str = "basic_flow";
    const SUMMARY: &'static str = "who a flow belongs to, when it lived, and what its frames were made of";
    const ORDER: u16 = 100;
    const READS: Reads = Reads::HEADERS;
    const READS_PEER: bool = false;

    type Options = ();
    type Flow = Endpoints;
    type Direction = Direction;
    type Row<'a> = Row<'a>;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        if packet.has(flag::STARTS_FLOW) {
            *state.flow = Endpoints::of_a(packet);
        }
        let starts = packet.has(flag::STARTS_DIRECTION);
        let direction = state.own;
        if starts {
            direction.begin(packet);
        }
        direction.status |= packet.status;
        direction.follow_time(packet, starts);
        direction.follow_ip_id(packet, starts);
        direction.follow_frame(packet);
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let own = end.own;
        let Description { texts, counts, overflow } = own.describe_chains(|key| end.header_chain(key));
        let ends = end.flow.seen_from(end.side());
        let (time_first, time_last) = (Time(own.time_first), Time(own.time_last));
        Row {
            direction: letter(end.letter()),
            flow_index: end.flow_index(),
            flow_status: own.status | end.status() | if overflow { status::HEADER_OVERFLOW } else { 0 },
            time_first,
            time_last,
            duration: time_last - time_first,
            header_chain_count: texts.len() as u8,
            header_counts: counts,
            header_chains: texts,
            src_mac: all_macs(own.first_src_mac, own.more.get().map(|more| &more.src_macs)),
            dst_mac: all_macs(own.first_dst_mac, own.more.get().map(|more| &more.dst_macs)),
            ethertype: ends.ethertype,
            vlan_id: own.vlan_ids(),
            ip_version: ends.ip_version,
            src_ip: ends.src_ip,
            src_port: ends.src_port,
            dst_ip: ends.dst_ip,
            dst_port: ends.dst_port,
            l4_proto: ends.l4_proto,
        }
    }
}

impl Direction {
    /// What is that of the first packet.
    fn begin(&mut self, packet: &Packet<'_>) {
        self.time_first = packet.time_ns;
        self.first_chain = packet.header_chain;
        let tags = &packet.vlan_tags[..packet.vlan_tags.len().min(packet.vlan_count.into())];
        for (place, id) in self.vlan_ids.iter_mut().zip(tags) {
            *place = id + 1;
        }
        if let Some(rest @ [_, ..]) = tags.get(VLAN_TAGS_IN_PLACE..) {
            self.more.get_or_make().vlan_ids = rest.iter().copied().collect();
        }
    }

    fn follow_time(&mut self, packet: &Packet<'_>, starts: bool) {
        if !starts && packet.ip_version != 0 && packet.time_ns < self.time_last {
            self.status |= status::TIME_JUMP;
        }
        self.time_last = packet.time_ns;
    }

    /// RFC 6864 wants the identification unique among fragments only, so a repetition is a hint, no fault.
    fn follow_ip_id(&mut self, packet: &Packet<'_>, starts: bool) {
        // The first packet's identification is not remembered, as in Tranalyzer.
        if packet.ip_version != 4 || starts || is_attached_fragment(packet) {
            return;
        }
        let id = packet.fragment_id as u16;
        if id != 0 && id == self.ip_id {
            self.status |= status::DUPLICATE_IP_ID;
        }
        self.ip_id = id;
    }

    fn follow_frame(&mut self, packet: &Packet<'_>) {
        if packet.header_chain != self.first_chain {
            self.more.get_or_make().chains.remember(packet.header_chain);
        }
        let (src_mac, dst_mac) = packet.macs();
        if let Some(mac) = src_mac
            && *self.first_src_mac.get_or_insert(mac) != mac
        {
            self.more.get_or_make().src_macs.remember(mac);
        }
        if let Some(mac) = dst_mac
            && *self.first_dst_mac.get_or_insert(mac) != mac
        {
            self.more.get_or_make().dst_macs.remember(mac);
        }
    }

    fn describe_chains<'a>(&self, look_up: impl Fn(u32) -> HeaderChain<'a>) -> Description<'a> {
        Description::of(self.first_chain, self.more.get().map(|more| &more.chains), look_up)
    }

    fn vlan_ids(&self) -> ArrayVec<u16, MAX_VLAN_TAGS> {
        let mut ids = ArrayVec::new();
        for id in self.vlan_ids.iter().filter_map(|id| id.checked_sub(1)) {
            ids.push(id);
        }
        if let Some(more) = self.more.get() {
            ids.extend(more.vlan_ids.iter().copied());
        }
        ids
    }
}

/// A later fragment that core attached to its first one.
fn is_attached_fragment(packet: &Packet<'_>) -> bool {
    packet.has(flag::LATER_FRAGMENT) && packet.status & status::FRAGMENT_HEADLESS == 0
}

/// The first address and those behind it.
fn all_macs(first: Option<Mac>, later: Option<&LaterMacs>) -> ArrayVec<Mac, MAX_MACS> {
    let mut macs = ArrayVec::new();
    if let Some(first) = first {
        macs.push(first);
    }
    if let Some(later) = later {
        macs.extend(later.as_slice().iter().copied());
    }
    macs
}

fn letter(side: Side) -> &'static str {
    match side {
        Side::A => "A",
        Side::B => "B",
    }
}

export_plugin!(BasicFlow);

#[cfg(test)]
mod tests;
