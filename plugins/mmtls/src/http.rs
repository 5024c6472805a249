//! Bytes of an HTTP/1 direction in order in, what its heads claim and the records of its bodies out.
//!
//! Heads are read line by line and bodies are passed on, so nothing is kept but the line at hand. Only messages
//! that claim to carry MMTLS, and their answers, are looked into.

use super::bits;
use super::record::Walk;

/// A longer line is kept so far; what follows of it is left out.
const MAX_LINE: usize = 1024;
/// A head with more lines is none.
const MAX_LINES: u16 = 256;
/// The longest request id that is taken for one.
const MAX_ID: usize = 64;
const USER_AGENT: &str = "MicroMessenger Client";
const DOMAINS: [&str; 2] = ["weixin.qq.com", "wechat.com"];

/// Of the last so many requests it is known which claim to carry MMTLS.
const REMEMBERED: u32 = 64;

/// What is under way.
#[derive(Debug, Default)]
enum Part {
    #[default]
    Head,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    /// Behind a chunk, its line end.
    ChunkEnd,
    Trailer,
    /// Where the next message begins is not known.
    Lost,
}

/// What the lines of a head have said so far.
#[derive(Debug, Default)]
struct Head {
    lines: u16,
    evidence: u16,
    /// Of an answer.
    status: Option<u16>,
    id: Option<Box<str>>,
    host: Option<Box<str>>,
    content_len: Option<u64>,
    is_chunked: bool,
}

/// One direction of an HTTP connection.
#[derive(Debug, Default)]
pub struct Http {
    pub walk: Walk,
    /// Bits of [`bits::EVIDENCE`] about requests.
    pub evidence: u16,
    /// Requests that claim to carry MMTLS.
    pub requests: u32,
    /// Answers to such requests.
    pub answers: u32,
    /// Answers whose request was not seen.
    pub unasked: u32,
    /// Status of the last of these answers.
    pub status: Option<u16>,
    pub id: Option<Box<str>>,
    pub host: Option<Box<str>>,
    part: Part,
    head: Head,
    line: Vec<u8>,
    /// Messages so far, interim answers left out, and for the last of them whether they claim, newest lowest.
    messages: u32,
    claims: u64,
    /// A request came, so this is the client's direction.
    is_request: bool,
    /// A request claims to carry MMTLS, or another of the same client may follow.
    is_of_wechat: bool,
    /// The body at hand is one to look into.
    is_walking: bool,
}

/// Whether these bytes, five at most, can be the beginning of a message.
pub fn may_begin(bytes: &[u8]) -> bool {
    ["POST ", "GET /", "HTTP/"].iter().any(|start| start.as_bytes().starts_with(bytes))
}

impl Http {
    /// Whether it pays to follow the direction further; `is_opposite_followed` tells of the other one.
    pub fn is_interesting(&self, is_opposite_followed: bool) -> bool {
        let is_undecided = self.messages == 0 && !matches!(self.part, Part::Lost);
        let is_unasked = self.unasked > 0 && (!self.walk.is_broken || self.walk.begins_with_record());
        let is_answer = self.answers > 0 || is_unasked || is_opposite_followed && !self.is_request;
        is_undecided || self.is_of_wechat || is_answer
    }

    /// Takes the next bytes; `requests` is the opposite direction.
    pub fn take(&mut self, mut bytes: &[u8], requests: Option<&Self>) {
        while !bytes.is_empty() {
            let taken = match self.part {
                Part::Lost => return,
                Part::Body(left) => self.take_body(bytes, left, Part::Body),
                Part::Chunk(left) => self.take_body(bytes, left, Part::Chunk),
                Part::Head | Part::ChunkSize | Part::ChunkEnd | Part::Trailer => {
                    self.take_line(bytes, requests)
                }
            };
            bytes = &bytes[taken..];
        }
    }

    /// The next `count` bytes are missing.
    pub fn miss(&mut self, count: u64) {
        match &mut self.part {
            _ if count == 0 => {}
            Part::Body(left) | Part::Chunk(left) if count < *left => {
                *left -= count;
                if self.is_walking {
                    self.walk.miss(count);
                }
            }
            _ => self.lose(),
        }
    }

    /// Goes on with a new message, if the last one was lost or the connection is another one.
    pub fn resume(&mut self, bytes: &[u8], is_new_connection: bool) {
        let is_lost = matches!(self.part, Part::Lost) || is_new_connection;
        if is_lost && bytes.len() >= 5 && may_begin(&bytes[..5]) {
            self.begin_head();
        }
    }

    /// A segment ends here.
    pub fn end_piece(&mut self) {
        if self.is_walking && matches!(self.part, Part::Body(u64::MAX..)) {
            self.walk.end_piece();
        }
    }

    fn lose(&mut self) {
        if self.is_walking {
            self.walk.miss(u64::MAX);
        }
        self.part = Part::Lost;
    }

    fn begin_head(&mut self) {
        self.line.clear();
        (self.part, self.head, self.is_walking) = (Part::Head, Head::default(), false);
    }

    fn take_body(&mut self, bytes: &[u8], left: u64, part: fn(u64) -> Part) -> usize {
        let taken = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if self.is_walking {
            self.walk.take(&bytes[..taken]);
        }
        let left = left - taken as u64;
        self.part = part(left);
        if left == 0 {
            match self.part {
                Part::Chunk(_) => self.part = Part::ChunkEnd,
                _ => self.end_message(),
            }
        }
        taken
    }

    fn end_message(&mut self) {
        if self.is_walking {
            self.walk.end_body();
        }
        self.begin_head();
    }

    fn take_line(&mut self, bytes: &[u8], requests: Option<&Self>) -> usize {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = MAX_LINE - self.line.len().min(MAX_LINE);
        self.line.extend(&part[..part.len().min(room)]);
        if end.is_none() {
            return bytes.len();
        }
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        self.line_of_part(text.trim_end_matches('\r'), requests);
        self.line = line;
        self.line.clear();
        part.len() + 1
    }

    fn line_of_part(&mut self, line: &str, requests: Option<&Self>) {
        match self.part {
            Part::Head => self.line_of_head(line, requests),
            Part::ChunkEnd => self.part = Part::ChunkSize,
            Part::ChunkSize => {
                let digits = line.split(';').next().unwrap_or_default().trim();
                self.part = match u64::from_str_radix(digits, 16) {
                    Ok(0) => Part::Trailer,
                    Ok(len) => Part::Chunk(len),
                    Err(_) => Part::Lost,
                };
            }
            Part::Trailer if line.is_empty() => self.end_message(),
            Part::Trailer | Part::Body(_) | Part::Chunk(_) | Part::Lost => {}
        }
    }

    fn line_of_head(&mut self, line: &str, requests: Option<&Self>) {
        self.head.lines += 1;
        if self.head.lines == 1 && line.is_empty() {
            // RFC 9112 section 2.2: an empty line before a request is ignored.
            self.head.lines = 0;
        } else if self.head.lines == 1 {
            if !self.head.read_start(line) {
                self.part = Part::Lost;
            }
        } else if line.is_empty() {
            self.end_head(requests);
        } else if self.head.lines > MAX_LINES {
            self.part = Part::Lost;
        } else {
            self.head.read_header(line);
        }
    }

    fn end_head(&mut self, requests: Option<&Self>) {
        let head = std::mem::take(&mut self.head);
        match head.status {
            // RFC 9110 section 15.2: an interim answer has no body, and another one follows.
            Some(100 | 102..=199) => return self.begin_head(),
            Some(status) => self.end_answer(status, requests.and_then(|http| http.claim(self.messages))),
            None => self.end_request(&head),
        }
        self.messages = self.messages.wrapping_add(1);
        self.begin_body(&head);
    }

    fn end_request(&mut self, head: &Head) {
        self.is_request = true;
        self.is_of_wechat |= head.evidence != 0;
        self.is_walking = head.claims();
        self.claims = self.claims << 1 | u64::from(self.is_walking);
        if self.is_walking {
            self.requests = self.requests.saturating_add(1);
            self.evidence |= head.evidence;
            // Those of the first request that has them.
            self.id = self.id.take().or_else(|| head.id.clone());
            self.host = self.host.take().or_else(|| head.host.clone());
        }
    }

    fn end_answer(&mut self, status: u16, is_asked: Option<bool>) {
        self.is_walking = is_asked != Some(false);
        match is_asked {
            Some(true) => self.answers = self.answers.saturating_add(1),
            None => self.unasked = self.unasked.saturating_add(1),
            Some(false) => return,
        }
        self.status = Some(status);
    }

    fn begin_body(&mut self, head: &Head) {
        let len = match (head.status, head.content_len) {
            (Some(204 | 304), _) => 0,
            (_, Some(len)) => len,
            (Some(_), None) => u64::MAX,
            (None, None) => 0,
        };
        let is_walking = self.is_walking;
        self.begin_head();
        self.is_walking = is_walking;
        if self.is_walking && (head.is_chunked || len > 0) {
            self.walk.begin(if head.is_chunked { u64::MAX } else { len }, false);
        }
        if head.is_chunked {
            self.part = Part::ChunkSize;
        } else if len > 0 {
            self.part = Part::Body(len);
        }
    }

    /// Whether the request of this number, from 0, claims to carry MMTLS; none if it was not seen.
    fn claim(&self, number: u32) -> Option<bool> {
        let back = self.messages.checked_sub(number)?.checked_sub(1)?;
        (back < REMEMBERED).then(|| self.claims >> back & 1 == 1)
    }
}

impl Head {
    /// Whether it says that MMTLS follows.
    fn claims(&self) -> bool {
        self.evidence & (bits::PATH | bits::UPGRADE) != 0
    }

    /// Whether the line is the first one of a message.
    fn read_start(&mut self, line: &str) -> bool {
        let mut words = line.split(' ');
        let (first, second, third) = (words.next().unwrap_or_default(), words.next(), words.next());
        if first.starts_with("HTTP/1.") {
            self.status = second.and_then(|code| code.parse().ok());
            return self.status.is_some();
        }
        if let (Some(id), "POST") = (second.and_then(|path| path.strip_prefix("/mmtls/")), first)
            && (1..=MAX_ID).contains(&id.len())
            && id.bytes().all(|digit| digit.is_ascii_hexdigit())
        {
            self.evidence |= bits::PATH;
            self.id = Some(id.into());
        }
        third.is_some_and(|version| version.starts_with("HTTP/1."))
    }

    fn read_header(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "upgrade" if value.eq_ignore_ascii_case("mmtls") && self.status.is_none() => {
                self.evidence |= bits::UPGRADE;
            }
            "user-agent" if value == USER_AGENT => self.evidence |= bits::USER_AGENT,
            "host" => self.read_host(value),
            "content-length" => self.content_len = value.parse().ok(),
            "transfer-encoding" => self.is_chunked = value.to_ascii_lowercase().ends_with("chunked"),
            _ => {}
        }
    }

    fn read_host(&mut self, value: &str) {
        let name = value.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let is_below = |domain: &&str| {
            name.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if DOMAINS.iter().any(is_below) {
            self.evidence |= bits::HOST;
        }
        self.host = Some(value.into());
    }
}
