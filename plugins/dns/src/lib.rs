//! DNS in a flow: the first question, the first response code, and what the answers name.
//!
//! Read are the ports of DNS, of multicast DNS, and of LLMNR: a datagram is a message, and a TCP stream is a row of
//! messages behind their lengths (`framing.rs`). The crate `domain` reads a message; what of it is kept stands in
//! `messages.rs`.

mod framing;
mod messages;

use framing::Framing;
use messages::Messages;
use weir_sdk::{Columns, End, FlowPlugin, Interest, Ip, Packet, State, export_plugin, flag};

const TCP: u8 = 6;
/// DNS, multicast DNS, LLMNR.
const PORTS: [u16; 3] = [53, 5353, 5355];

/// Questions and answers of DNS.
pub struct Dns;

/// What is kept of a conversation; made with its first message.
#[derive(Default)]
pub struct Flow(Option<Box<Messages>>);

/// What is kept of a direction; made with the first bytes of a TCP stream.
#[derive(Default)]
pub struct Direction(Option<Box<Framing>>);

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow")]
pub struct Row<'a> {
    /// Name of the first question of the flow, of a query or of a response, as text without the dot at its end (the
    /// root is a dot alone); spaces, dots and backslashes in a label stand behind a backslash, bytes that are no
    /// printable ASCII as a backslash and three decimal digits. Absent without a question.
    ///
    /// A message counts here and in the other columns of this plugin if it goes from or to port 53, 5353, or 5355, is
    /// a UDP datagram (not a later fragment) or, in the order of the reassembled TCP stream, stands behind its length
    /// of two bytes, if its header is captured whole with an opcode of 0, 1, 2, 4, 5, or 6, and if its first question,
    /// where it announces one, can be read. A direction of TCP is read up to its first missing byte and its first
    /// message that does not count.
    #[column(unit = "none", source = "RFC 1035 section 4.1.2, QNAME, and section 5.1; RFC 6762; RFC 4795")]
    pub dns_query_name: Option<&'a str>,
    /// Type of the question that `dns_query_name` is of, by its number: 1 for A, 28 for AAAA. Absent without a
    /// question.
    #[column(
        unit = "none",
        source = "RFC 1035 section 4.1.2, QTYPE; IANA DNS parameters, resource record types"
    )]
    pub dns_query_type: Option<u16>,
    /// Response code of the first response of the flow: the four bits of its header, so 0 for no error and 3 for a
    /// name that does not exist. Absent without a response.
    #[column(unit = "none", source = "RFC 1035 section 4.1.1, RCODE; IANA DNS parameters, RCODEs")]
    pub dns_response_code: Option<u8>,
    /// Addresses in A and AAAA records of the answer sections of all responses of the flow, in their order, each
    /// once, up to 16. A section is read up to its first record that cannot be read. Absent without a response, empty
    /// if none has an address.
    #[column(unit = "none", source = "RFC 1035 section 3.4.1; RFC 3596 section 2.2", tags = ["address"])]
    pub dns_answer_addresses: Option<&'a [Ip]>,
    /// Names that CNAME records of the answer sections of all responses of the flow lead to, in their order, each
    /// once, up to 8, written as `dns_query_name`. Absent without a response, empty if none has a CNAME record.
    #[column(unit = "none", source = "RFC 1035 section 3.3.1")]
    pub dns_answer_cnames: Option<Vec<&'a str>>,
    /// Time to live of the first record in an answer section of a response of the flow. Absent without one.
    #[column(unit = "s", source = "RFC 1035 section 4.1.3, TTL; RFC 2181 section 8", tags = ["statistical"])]
    pub dns_first_ttl: Option<u32>,
    /// Messages of the flow that are queries: QR is 0. Absent in a flow without messages.
    #[column(unit = "none", source = "RFC 1035 section 4.1.1, QR", tags = ["counter", "statistical"])]
    pub dns_query_count: Option<u64>,
    /// Messages of the flow that are responses: QR is 1. Absent in a flow without messages.
    #[column(unit = "none", source = "RFC 1035 section 4.1.1, QR", tags = ["counter", "statistical"])]
    pub dns_response_count: Option<u64>,
    /// Records in the answer sections of all responses of the flow, as their headers announce them. Absent in a flow
    /// without messages.
    #[column(unit = "none", source = "RFC 1035 section 4.1.1, ANCOUNT", tags = ["counter", "statistical"])]
    pub dns_answer_count: Option<u64>,
    /// Whether a message of the flow says that it was truncated. Absent in a flow without messages.
    #[column(unit = "none", source = "RFC 1035 section 4.1.1, TC")]
    pub dns_truncated: Option<bool>,
}

impl FlowPlugin for Dns {
    const NAME: &'static str = "dns";
    const SUMMARY: &'static str = "first question, response code, and answers of DNS, mDNS, and LLMNR";
    const ORDER: u16 = 640;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::TCP.and(Interest::UDP).and(Interest::WITH_PAYLOAD);
    const OFTEN_BLANK: bool = true;
    const STREAM_BYTES: u64 = u64::MAX;

    type Options = ();
    type Flow = Flow;
    type Direction = Direction;
    type Row<'a> = Row<'a>;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    #[inline]
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        if PORTS.contains(&packet.src_port) || PORTS.contains(&packet.dst_port) {
            take(state, packet);
        }
    }

    #[inline]
    fn is_blank(&self, end: &End<'_, Self>) -> bool {
        end.flow.0.is_none()
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let messages = end.flow.0.as_deref();
        let answered = messages.filter(|messages| messages.responses > 0);
        let question = messages.and_then(|messages| messages.question.as_ref());
        Row {
            dns_query_name: question.map(|question| &*question.name),
            dns_query_type: question.map(|question| question.kind),
            dns_response_code: messages.and_then(|messages| messages.response_code),
            dns_answer_addresses: answered.map(|messages| &messages.addresses[..]),
            dns_answer_cnames: answered.map(|messages| messages.cnames.iter().map(|name| &**name).collect()),
            dns_first_ttl: messages.and_then(|messages| messages.first_ttl),
            dns_query_count: messages.map(|messages| messages.queries),
            dns_response_count: messages.map(|messages| messages.responses),
            dns_answer_count: messages.map(|messages| messages.answers),
            dns_truncated: messages.map(|messages| messages.is_truncated),
        }
    }
}

/// Takes a packet from or to a port of DNS.
fn take(state: State<'_, Dns>, packet: &Packet<'_>) {
    let flow = &mut state.flow.0;
    if packet.l4_proto != TCP {
        if packet.has(flag::HAS_L4) && packet.payload_len > 0 {
            messages::take(flow, packet.payload());
        }
    } else if let Some(stream) = packet.stream() {
        let framing = state.own.0.get_or_insert_default();
        framing.follow(&stream, |message| messages::take(flow, message));
    }
}

export_plugin!(Dns);

#[cfg(test)]
mod tests;
