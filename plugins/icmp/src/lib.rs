//! The ICMP and ICMPv6 messages of a flow: their types, how echoes went, and which flow an error was about.
//!
//! An error message is not part of the flow that caused it, but quotes it: the quoted addresses, ports, and
//! protocol are those by which the row of that flow is found, in the direction of the quoted packet.

mod bits;
mod echo;

use echo::Echoes;
use weir_sdk::icmp::{Message, Quoted};
use weir_sdk::{Columns, End, FlowPlugin, Interest, Ip, Packet, Reads, State, export_plugin};

/// ICMP and ICMPv6 messages.
pub struct Icmp;

/// What is kept of a direction; nothing in all flows but those of ICMP.
#[derive(Default)]
pub struct Direction(Option<Box<Messages>>);

/// The messages of a direction.
struct Messages {
    echoes: Echoes,
    types_high: u32,
    types_low: u32,
    codes: u16,
    count: u8,
    timestamp: Option<u32>,
    quoted: Option<Quoted>,
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "direction")]
pub struct Row {
    /// What was found in this direction's messages. The sequence number expected of an echo message is one
    /// more than that of the one before, be it request or reply; of the first it is what stands in that place
    /// of the direction's first message, and 1 if the direction began with a later fragment. Absent without
    /// ICMP.
    #[column(unit = "bit mask", source = "RFC 792, RFC 4443 section 4", bits = bits::STATUS)]
    #[column(tranalyzer = "icmpStat:H8", null = "0x00")]
    pub icmp_status: Option<u8>,
    /// Messages of this direction modulo 256, without later fragments and messages whose type and code were not
    /// captured; absent without ICMP.
    #[column(unit = "packets", source = "count of messages", tags = ["counter", "statistical"])]
    #[column(tranalyzer = "icmpTCcnt:U8", null = "0")]
    pub icmp_message_count: Option<u8>,
    /// Types of this direction's messages: IPv4, those from 32 on, bit type modulo 32; IPv6, those from 128
    /// to 159, bit type - 128. The version of IP says which types they are, not the protocol number. Absent
    /// without ICMP.
    #[column(unit = "bit mask", source = "IANA ICMP and ICMPv6 parameters", bits = bits::TYPES_HIGH)]
    #[column(tranalyzer = "icmpBFTypH_TypL_Code:H32", null = "0x00000000")]
    pub icmp_types_high: Option<u32>,
    /// Types below 32 of this direction's messages, bit type; absent without ICMP.
    #[column(unit = "bit mask", source = "IANA ICMP and ICMPv6 parameters", bits = bits::TYPES_LOW)]
    #[column(tranalyzer = "icmpBFTypH_TypL_Code:H32", null = "0x00000000")]
    pub icmp_types_low: Option<u32>,
    /// Codes below 16 of this direction's messages, bit code; absent without ICMP.
    #[column(unit = "bit mask", source = "IANA ICMP and ICMPv6 parameters", bits = bits::CODES)]
    #[column(tranalyzer = "icmpBFTypH_TypL_Code:H16", null = "0x0000")]
    pub icmp_codes: Option<u16>,
    /// Identifier (high 16 bits) and sequence number (low 16 bits) of the last timestamp message or timestamp
    /// reply of this direction, in network byte order; absent without one.
    #[column(unit = "none", source = "RFC 792, Timestamp or Timestamp Reply Message", tags = ["identifier"])]
    #[column(tranalyzer = "icmpTmGtw:H32", null = "0x00000000")]
    pub icmp_timestamp_id_sequence: Option<u32>,
    /// Replies of the opposite direction for each echo request of this one, so 0 if none came. A direction
    /// without requests whose opposite sent replies has their negative number; absent without both.
    #[column(unit = "none", source = "echo replies of the opposite / echo requests", tags = ["statistical"])]
    #[column(tranalyzer = "icmpEchoSuccRatio:F", null = "0")]
    pub icmp_echo_success_ratio: Option<f32>,
    /// Number of the conversation that caused this direction's last error message with a whole IP header: the one
    /// that the quoted packet belongs to on the VLAN of the message, if it was alive when the message came; absent
    /// without one. A quotation without the ports of a protocol that has them, such as that of a later fragment,
    /// names no conversation.
    #[column(unit = "none", source = "RFC 792, RFC 4443 section 3; flow_index of the quoted packet's key")]
    #[column(tags = ["identifier"], tranalyzer = "icmpPFindex:U64", null = "0")]
    pub icmp_quoted_flow: Option<u64>,
    /// Source address of the packet quoted by this direction's last error message (destination unreachable,
    /// packet too big, source quench, redirect, time exceeded, parameter problem) that holds a whole IP
    /// header; absent without one. The quoted columns are all of that packet, so that its flow can be found.
    #[column(unit = "none", source = "RFC 792, RFC 4443 section 3", tags = ["address"])]
    pub icmp_quoted_src_ip: Option<Ip>,
    /// Source port of the quoted packet; absent unless it holds that of TCP, UDP, UDP-Lite, or SCTP.
    #[column(unit = "none", source = "RFC 792, RFC 4443 section 3", tags = ["port"])]
    pub icmp_quoted_src_port: Option<u16>,
    /// Destination address of the quoted packet; absent without one.
    #[column(unit = "none", source = "RFC 792, RFC 4443 section 3", tags = ["address"])]
    pub icmp_quoted_dst_ip: Option<Ip>,
    /// Destination port of the quoted packet; absent unless it holds that of TCP, UDP, UDP-Lite, or SCTP.
    #[column(unit = "none", source = "RFC 792, RFC 4443 section 3", tags = ["port"])]
    pub icmp_quoted_dst_port: Option<u16>,
    /// IP protocol of the quoted packet, for IPv6 the last next-header value; absent without a quoted packet or
    /// if it ends within the extension headers.
    #[column(unit = "none", source = "RFC 792, RFC 4443 section 3")]
    pub icmp_quoted_l4_proto: Option<u8>,
}

impl FlowPlugin for Icmp {
    const NAME: &'static str = "icmp";
    const SUMMARY: &'static str = "ICMP messages, echoes, and the flow that an error quotes";
    const ORDER: u16 = 140;
    const INTEREST: Interest = Interest::ICMP;
    const READS: Reads = Reads::HEADERS;
    const READS_PEER: bool = false;

    type Options = ();
    type Flow = ();
    type Direction = Direction;
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        let message = Message::of(packet);
        let messages = state.own.0.get_or_insert_with(|| Messages::before(message.as_ref()));
        if let Some(message) = message {
            messages.take(&message);
        }
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        let own = end.own.0.as_deref();
        let other = end.other.and_then(|other| other.0.as_deref());
        let quoted = own.and_then(|own| own.quoted);
        let ports = quoted.and_then(|quoted| quoted.ports);
        Row {
            icmp_status: own.map(|own| bits::ICMP | own.echoes.status()),
            icmp_message_count: own.map(|own| own.count),
            icmp_types_high: own.map(|own| own.types_high),
            icmp_types_low: own.map(|own| own.types_low),
            icmp_codes: own.map(|own| own.codes),
            icmp_timestamp_id_sequence: own.and_then(|own| own.timestamp),
            icmp_echo_success_ratio: own.and_then(|own| own.echo_success_ratio(other)),
            icmp_quoted_flow: end.quoted_flow(),
            icmp_quoted_src_ip: quoted.map(|quoted| quoted.src_ip),
            icmp_quoted_src_port: ports.map(|(src, _)| src),
            icmp_quoted_dst_ip: quoted.map(|quoted| quoted.dst_ip),
            icmp_quoted_dst_port: ports.map(|(_, dst)| dst),
            icmp_quoted_l4_proto: quoted.and_then(|quoted| quoted.l4_proto),
        }
    }
}

impl Messages {
    /// Before the first message of a direction.
    fn before(first: Option<&Message<'_>>) -> Box<Self> {
        Box::new(Self {
            echoes: Echoes::before(first),
            types_high: 0,
            types_low: 0,
            codes: 0,
            count: 0,
            timestamp: None,
            quoted: None,
        })
    }

    fn take(&mut self, message: &Message<'_>) {
        self.count = self.count.wrapping_add(1);
        self.mark_type(message);
        self.codes |= 1u16.checked_shl(message.code.into()).unwrap_or(0);
        if let Some(echo) = message.echo() {
            self.echoes.take(echo, message);
        } else if message.is_timestamp() {
            self.timestamp = message.identifier_and_sequence().or(self.timestamp);
        } else {
            self.quoted = message.quoted().or(self.quoted);
        }
    }

    fn mark_type(&mut self, message: &Message<'_>) {
        match (message.is_v6, message.kind) {
            (_, kind @ 0..32) => self.types_low |= 1 << kind,
            (false, kind) => self.types_high |= 1 << (kind % 32),
            (true, kind @ 128..160) => self.types_high |= 1 << (kind - 128),
            (true, _) => {}
        }
    }

    fn echo_success_ratio(&self, other: Option<&Self>) -> Option<f32> {
        let requests = self.echoes.requests as f32;
        let replies = other.map_or(0, |other| other.echoes.replies) as f32;
        if requests > 0.0 { Some(replies / requests) } else { (replies > 0.0).then_some(-replies) }
    }
}

export_plugin!(Icmp);

#[cfg(test)]
mod tests;
