//! The bytes of a TCP direction → the heads of its messages.

use httparse::{EMPTY_HEADER, ParserConfig, Request, Response, Status};
use weir_sdk::StreamBytes;

/// Bytes of a head that are kept until it is whole.
const LONGEST_HEAD: usize = 16 << 10;
/// Fields of a head.
const MOST_FIELDS: usize = 96;
/// Bytes that a method may have.
const LONGEST_METHOD: usize = 32;
const VERSION: &[u8] = b"HTTP/1.";

/// What is kept of a direction.
#[derive(Default)]
pub(crate) enum Reader {
    /// Nothing was seen.
    #[default]
    Unread,
    /// The next byte begins a message, if there is one.
    Head(Box<Begun>),
    /// So many bytes of a body come first.
    Body(u64),
    /// A message may begin with any segment that holds its first line.
    Anywhere,
    /// No message follows.
    Stopped,
}

/// The beginning of a head.
#[derive(Default)]
pub(crate) struct Begun {
    bytes: Vec<u8>,
    /// Something stood before it in the stream: it is no longer asked whether the stream is HTTP.
    is_later: bool,
}

/// A message whose head was found.
pub(crate) enum Found<'a, 'h, 'b> {
    Request(&'a Request<'h, 'b>),
    Response(&'a Response<'h, 'b>),
}

/// How long a body is.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    Bytes(u64),
    /// It does not say in advance.
    Unknown,
}

/// What the first line of a head shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FirstLine {
    Message,
    Other,
    /// It is not whole.
    Undecided,
}

impl Reader {
    /// Shows each message whose head these bytes complete; `take` gives the length of its body.
    pub(crate) fn follow(
        &mut self,
        stream: &StreamBytes<'_>,
        mut take: impl FnMut(Found<'_, '_, '_>) -> Body,
    ) {
        self.begin(stream, &mut take);
        let mut rest = stream.bytes;
        while !rest.is_empty() {
            rest = self.step(rest, &mut take);
        }
    }

    /// Whether no message follows.
    #[inline]
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped)
    }

    /// No message follows.
    pub(crate) fn stop(&mut self) {
        *self = Self::Stopped;
    }

    /// What a first piece and a gap change.
    fn begin(&mut self, stream: &StreamBytes<'_>, take: &mut impl FnMut(Found<'_, '_, '_>) -> Body) {
        match self {
            Self::Stopped => return,
            Self::Unread if !stream.is_mid_stream && !stream.follows_gap => self.begin_stream(stream.bytes),
            Self::Unread => *self = Self::Anywhere,
            _ => {}
        }
        if stream.follows_gap {
            if let Self::Head(begun) = self {
                parse(&begun.bytes, true, take);
            }
            *self = Self::Anywhere;
        }
        self.look_for_start(stream.bytes);
    }

    /// Most streams are something else, and are known by their first bytes, which then need not be kept.
    fn begin_stream(&mut self, bytes: &[u8]) {
        let is_other = first_line(&bytes[..bytes.len().min(LONGEST_HEAD)]) == FirstLine::Other;
        *self = if is_other { Self::Stopped } else { Self::Head(Box::default()) };
    }

    /// Between messages a segment may begin one.
    fn look_for_start(&mut self, bytes: &[u8]) {
        if !matches!(self, Self::Anywhere) {
            return;
        }
        let begins = match first_line(bytes) {
            FirstLine::Message => true,
            FirstLine::Undecided => begins_request_for_path(bytes),
            FirstLine::Other => false,
        };
        if begins {
            *self = Self::next_head();
        }
    }

    fn next_head() -> Self {
        Self::Head(Box::new(Begun { bytes: Vec::new(), is_later: true }))
    }

    /// Takes some of these bytes, at least one; gives the rest.
    fn step<'b>(&mut self, bytes: &'b [u8], take: &mut impl FnMut(Found<'_, '_, '_>) -> Body) -> &'b [u8] {
        let used = match self {
            Self::Unread | Self::Anywhere | Self::Stopped => bytes.len(),
            Self::Body(missing) => {
                let own = bytes.len().min(usize::try_from(*missing).unwrap_or(usize::MAX));
                *missing -= own as u64;
                if *missing == 0 {
                    *self = Self::next_head();
                }
                own
            }
            // RFC 9112 section 2.2: empty lines before a message are passed over.
            Self::Head(begun) if begun.bytes.is_empty() && b"\r\n".contains(&bytes[0]) => 1,
            Self::Head(begun) => {
                let before = begun.bytes.len();
                let fits = bytes.len().min(LONGEST_HEAD - before);
                begun.bytes.extend_from_slice(&bytes[..fits]);
                self.head(before, take).map_or(fits, |len| len.saturating_sub(before))
            }
        };
        &bytes[used.clamp(1, bytes.len())..]
    }

    /// Looks at the head that has begun, of which the bytes from `new` on are new; gives its length once it is whole.
    fn head(&mut self, new: usize, take: &mut impl FnMut(Found<'_, '_, '_>) -> Body) -> Option<usize> {
        let Self::Head(begun) = self else {
            return None;
        };
        let line = first_line(&begun.bytes);
        let is_whole = line == FirstLine::Message && has_empty_line(&begun.bytes, new);
        if is_whole && let Some((len, body)) = parse(&begun.bytes, false, take) {
            *self = match body {
                Body::Bytes(0) => Self::next_head(),
                Body::Bytes(missing) => Self::Body(missing),
                Body::Unknown => Self::Anywhere,
            };
            return Some(len);
        }
        if is_whole || line == FirstLine::Other || begun.bytes.len() >= LONGEST_HEAD {
            let is_http = begun.is_later || line == FirstLine::Message;
            *self = if is_http { Self::Anywhere } else { Self::Stopped };
        }
        None
    }
}

/// What the first line of these bytes is, empty lines before it aside (RFC 9112 section 2.2).
fn first_line(bytes: &[u8]) -> FirstLine {
    let begin = bytes.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(bytes.len());
    let line = &bytes[begin..];
    let response = line.len().min(VERSION.len());
    let is_response = line[..response] == VERSION[..response];
    if !is_response && !begins_request(line) {
        return FirstLine::Other;
    }
    let Some(end) = line.iter().position(|&byte| byte == b'\n') else {
        return FirstLine::Undecided;
    };
    let line = line[..end].trim_ascii_end();
    let has_version = line.len() > VERSION.len() && line[..line.len() - 1].ends_with(VERSION);
    if is_response || has_version { FirstLine::Message } else { FirstLine::Other }
}

/// Whether a line begins with a method and a space, as far as it goes.
fn begins_request(line: &[u8]) -> bool {
    let is_of_method = |byte: &u8| byte.is_ascii_uppercase() || b"-_".contains(byte);
    match line.iter().position(|byte| !is_of_method(byte)) {
        Some(end) => (1..=LONGEST_METHOD).contains(&end) && line[end] == b' ',
        None => line.len() <= LONGEST_METHOD,
    }
}

/// Whether a line begins with a method and a path, which other text hardly does.
fn begins_request_for_path(line: &[u8]) -> bool {
    let space = line.iter().position(|&byte| byte == b' ');
    space.is_some_and(|space| space >= 3 && line[space + 1..].starts_with(b"/"))
}

/// Whether an empty line ends at or behind `new`.
fn has_empty_line(bytes: &[u8], new: usize) -> bool {
    let tail = &bytes[new.saturating_sub(3)..];
    tail.windows(2).any(|two| two == b"\n\n") || tail.windows(3).any(|three| three == b"\n\r\n")
}

/// What is not quite as it should be, but was understood by someone.
fn lenient() -> ParserConfig {
    let mut config = ParserConfig::default();
    config
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_requests(true)
        .ignore_invalid_headers_in_responses(true);
    config
}

/// Shows the message that begins with these bytes; gives the lengths of its head and its body. Of a head that is cut,
/// it shows what is there, if its first line is.
fn parse(
    bytes: &[u8],
    is_cut: bool,
    take: &mut impl FnMut(Found<'_, '_, '_>) -> Body,
) -> Option<(usize, Body)> {
    let mut fields = [EMPTY_HEADER; MOST_FIELDS];
    if bytes.trim_ascii_start().starts_with(VERSION) {
        let mut response = Response::new(&mut fields);
        let parsed = lenient().parse_response(&mut response, bytes).ok()?;
        let len = len_of(parsed, is_cut && response.code.is_some())?;
        Some((len, take(Found::Response(&response))))
    } else {
        let mut request = Request::new(&mut fields);
        let parsed = lenient().parse_request(&mut request, bytes).ok()?;
        let len = len_of(parsed, is_cut && request.version.is_some())?;
        Some((len, take(Found::Request(&request))))
    }
}

/// The length of a head; 0 for a cut one that counts.
fn len_of(parsed: Status<usize>, counts_if_cut: bool) -> Option<usize> {
    match parsed {
        Status::Complete(len) => Some(len),
        Status::Partial => counts_if_cut.then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_http_from_all_else() {
        let check = |bytes: &[u8], expected| assert_eq!(first_line(bytes), expected, "{bytes:?}");
        check(b"GET / HTTP/1.1\r\n", FirstLine::Message);
        check(b"\r\nM-SEARCH * HTTP/1.0\n", FirstLine::Message);
        check(b"HTTP/1.1 200 OK\r\n", FirstLine::Message);
        check(b"", FirstLine::Undecided);
        check(b"HTT", FirstLine::Undecided);
        check(b"GET /index", FirstLine::Undecided);
        check(b"PRI * HTTP/2.0\r\n", FirstLine::Other);
        check(b"DESCRIBE rtsp://a RTSP/1.0\r\n", FirstLine::Other);
        check(b"EHLO example.org\r\n", FirstLine::Other);
        check(b"SSH-2.0-OpenSSH\r\n", FirstLine::Other);
        check(&[0x16, 3, 1], FirstLine::Other);
        check(&[b'A'; 40], FirstLine::Other);
    }

    #[test]
    fn a_request_for_a_path_is_known_by_its_beginning() {
        assert!(begins_request_for_path(b"GET /") && begins_request_for_path(b"POST /a?b"));
        assert!(!begins_request_for_path(b"GET ") && !begins_request_for_path(b"A /b"));
        assert!(!begins_request_for_path(b"TEXT") && !begins_request_for_path(b"NOT a/b"));
    }

    #[test]
    fn an_empty_line_is_found_where_it_ends() {
        assert!(has_empty_line(b"a\r\n\r\n", 4) && has_empty_line(b"a\n\n", 2));
        assert!(!has_empty_line(b"a\r\nb\r\n", 0) && !has_empty_line(b"a\n\nbcdef", 7));
    }
}
