//! HTTP/1 in a flow: what the first requests ask for, and how they are answered.
//!
//! Ports say nothing: a direction of TCP is read if its first bytes are the beginning of a request or of a response.
//! `messages.rs` finds the heads of messages in a stream, `exchanges.rs` says what is kept of them.

mod exchanges;
mod messages;

use exchanges::Exchanges;
use messages::{Found, Reader};
use weir_sdk::{Columns, End, FlowPlugin, Interest, Packet, State, export_plugin};

/// Requests and responses of HTTP/1.
pub struct Http;

/// What is kept of a conversation; made with its first message.
#[derive(Default)]
pub struct Flow(Option<Box<Exchanges>>);

/// What is kept of a direction.
#[derive(Default)]
pub struct Direction(Reader);

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow")]
pub struct Row<'a> {
    /// Methods of the first requests of the flow, up to 4.
    ///
    /// A message is a request or a response of HTTP/1.0 or HTTP/1.1 whose head stands in the reassembled TCP stream of
    /// either side. It is looked for at the first byte of a stream, behind the message before it, and, where a body
    /// does not say its length in advance (chunks, up to the end of the connection), behind a gap or a head that
    /// cannot be read, or where the capture began within the connection, at the beginnings of segments that hold its
    /// first line whole, or a method and the beginning of a path; a body with `Content-Length` is stepped over. A
    /// stream that does not begin with a message is not read, nor is one behind a change of protocol (status 101, or
    /// 2xx to CONNECT). A head has 16384 bytes and 96 fields at most, and no zero byte; fields that cannot be read are
    /// left out. A head that a gap cuts counts as far as its first line and its whole fields go. Absent in a flow
    /// without messages, empty if none is a request.
    #[column(unit = "none", source = "RFC 9110 section 9; RFC 9112 section 3.1")]
    pub http_methods: Option<Vec<&'a str>>,
    /// `Host` fields of the requests that `http_methods` names, one for each, with the port if one is given; empty
    /// text for a request without. Here and in the other texts, what stands behind 255 bytes is cut, and bytes that
    /// are no UTF-8 are replaced by U+FFFD.
    #[column(unit = "none", source = "RFC 9110 section 7.2", aliases = ["host"])]
    pub http_hosts: Option<Vec<&'a str>>,
    /// Targets of the requests that `http_methods` names, one for each, as they stand in the first line: mostly a path
    /// with its query.
    #[column(unit = "none", source = "RFC 9112 section 3.2", aliases = ["uri", "url"])]
    pub http_paths: Option<Vec<&'a str>>,
    /// `User-Agent` fields of the requests that `http_methods` names, one for each; empty text for a request without.
    ///
    #[column(unit = "none", source = "RFC 9110 section 10.1.5")]
    pub http_user_agents: Option<Vec<&'a str>>,
    /// Status codes of the first responses of the flow, up to 4, interim ones (1xx) included. Absent in a flow
    /// without messages, empty if none is a response; `http_methods` says what a message is.
    #[column(unit = "none", source = "RFC 9110 section 15")]
    pub http_statuses: Option<&'a [u16]>,
    /// `Content-Type` fields of the responses whose codes stand in `http_statuses`, one for each; empty text for a
    /// response without.
    #[column(unit = "none", source = "RFC 9110 section 8.3")]
    pub http_content_types: Option<Vec<&'a str>>,
    /// Requests in the flow; `http_methods` says what a message is. Absent in a flow without messages.
    #[column(unit = "none", source = "RFC 9112 section 3", tags = ["counter", "statistical"])]
    pub http_request_count: Option<u64>,
    /// Responses in the flow; `http_methods` says what a message is. Absent in a flow without messages.
    #[column(unit = "none", source = "RFC 9112 section 4", tags = ["counter", "statistical"])]
    pub http_response_count: Option<u64>,
}

impl FlowPlugin for Http {
    const NAME: &'static str = "http";
    const SUMMARY: &'static str = "methods, hosts, paths, user agents, and answers of HTTP/1 on any port";
    const ORDER: u16 = 650;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::TCP.and(Interest::WITH_PAYLOAD);
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
        if state.own.0.is_stopped() {
            return;
        }
        let Some(stream) = packet.stream() else {
            return;
        };
        let exchanges = &mut state.flow.0;
        state.own.0.follow(&stream, |found| match found {
            Found::Request(head) => exchanges.get_or_insert_default().request(head),
            Found::Response(head) => exchanges.get_or_insert_default().response(head),
        });
        if exchanges.as_ref().is_some_and(|exchanges| exchanges.is_other_protocol) {
            state.own.0.stop();
            state.other.0.stop();
        }
    }

    #[inline]
    fn is_blank(&self, end: &End<'_, Self>) -> bool {
        end.flow.0.is_none()
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let exchanges = end.flow.0.as_deref();
        Row {
            http_methods: exchanges.map(|all| texts(&all.requests, |request| &request.method)),
            http_hosts: exchanges.map(|all| texts(&all.requests, |request| &request.host)),
            http_paths: exchanges.map(|all| texts(&all.requests, |request| &request.path)),
            http_user_agents: exchanges.map(|all| texts(&all.requests, |request| &request.user_agent)),
            http_statuses: exchanges.map(|all| &all.statuses[..]),
            http_content_types: exchanges.map(|all| texts(&all.content_types, |text| text)),
            http_request_count: exchanges.map(|all| all.request_count),
            http_response_count: exchanges.map(|all| all.response_count),
        }
    }
}

fn texts<T>(of: &[T], text: impl Fn(&T) -> &str) -> Vec<&str> {
    of.iter().map(text).collect()
}

export_plugin!(Http);

#[cfg(test)]
mod tests;
