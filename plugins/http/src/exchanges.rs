//! What is kept of the messages of a flow.

use httparse::{Header, Request, Response};
use weir_sdk::ArrayVec;

use crate::messages::Body;

/// Requests and responses that are kept.
const MOST_KEPT: usize = 4;
/// Bytes of a text that are kept.
const LONGEST_TEXT: usize = 255;
/// Requests whose method is remembered until they are answered.
const MOST_OPEN: u64 = 64;

/// Of both directions.
#[derive(Default)]
pub(crate) struct Exchanges {
    pub(crate) requests: ArrayVec<Asked, MOST_KEPT>,
    pub(crate) statuses: ArrayVec<u16, MOST_KEPT>,
    pub(crate) content_types: ArrayVec<Box<str>, MOST_KEPT>,
    pub(crate) request_count: u64,
    pub(crate) response_count: u64,
    /// Responses that end an exchange.
    answered: u64,
    /// By the number of a request modulo 64, whether its method is HEAD; likewise CONNECT.
    heads: u64,
    connects: u64,
    /// What follows is not HTTP/1.
    pub(crate) is_other_protocol: bool,
}

/// A request.
pub(crate) struct Asked {
    pub(crate) method: Box<str>,
    pub(crate) host: Box<str>,
    pub(crate) path: Box<str>,
    pub(crate) user_agent: Box<str>,
}

impl Exchanges {
    /// Takes a request into account; gives the length of its body.
    pub(crate) fn request(&mut self, head: &Request<'_, '_>) -> Body {
        let method = head.method.unwrap_or_default();
        let bit = 1 << (self.request_count % MOST_OPEN);
        set(&mut self.heads, bit, method == "HEAD");
        set(&mut self.connects, bit, method == "CONNECT");
        self.request_count += 1;
        if !self.requests.is_full() {
            self.requests.push(Asked {
                method: text(method.as_bytes()),
                host: text(field(head.headers, "host")),
                path: text(head.path.unwrap_or_default().as_bytes()),
                user_agent: text(field(head.headers, "user-agent")),
            });
        }
        // RFC 9112 section 6.3: a request that says nothing of its body has none.
        announced(head.headers).unwrap_or(Body::Bytes(0))
    }

    /// Takes a response into account; gives the length of its body.
    pub(crate) fn response(&mut self, head: &Response<'_, '_>) -> Body {
        let status = head.code.unwrap_or_default();
        self.response_count += 1;
        if !self.statuses.is_full() {
            self.statuses.push(status);
            self.content_types.push(text(field(head.headers, "content-type")));
        }
        let bit = 1 << (self.answered % MOST_OPEN);
        let is_interim = (100..200).contains(&status);
        self.answered += u64::from(!is_interim);
        let opens_tunnel = self.connects & bit != 0 && (200..300).contains(&status);
        self.is_other_protocol |= status == 101 || opens_tunnel;
        // RFC 9112 section 6.3: these have no body, whatever their fields say.
        let is_bare = is_interim || status == 204 || status == 304 || self.heads & bit != 0;
        if is_bare { Body::Bytes(0) } else { announced(head.headers).unwrap_or(Body::Unknown) }
    }
}

fn set(bits: &mut u64, bit: u64, value: bool) {
    *bits = if value { *bits | bit } else { *bits & !bit };
}

/// The length of a body, if the fields tell of one.
fn announced(fields: &[Header<'_>]) -> Option<Body> {
    // RFC 9112 section 6.3: chunks overrule a length.
    if !field(fields, "transfer-encoding").is_empty() {
        return Some(Body::Unknown);
    }
    let length = std::str::from_utf8(field(fields, "content-length")).ok()?;
    length.trim().parse().ok().map(Body::Bytes)
}

/// The value of the first field of this name; empty without one.
fn field<'a>(fields: &[Header<'a>], name: &str) -> &'a [u8] {
    fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map_or(&[], |field| field.value)
}

fn text(bytes: &[u8]) -> Box<str> {
    let cut = &bytes[..bytes.len().min(LONGEST_TEXT)];
    String::from_utf8_lossy(cut).trim().into()
}
