//! What a direction of a conversation turns out to be, and the bytes that it brings.
//!
//! Five bytes decide. Most directions turn out to be something else, and from then on cost nothing.

use super::http::{self, Http};
use super::record::{self, HEADER_LEN, Walk};
use weir_sdk::{ArrayVec, StreamBytes};

/// At the start of so many segments a record or a message may be met, where the stream's own start was not seen.
const MAX_TRIES: u8 = 16;

/// A direction of a conversation.
#[derive(Debug)]
pub enum Direction {
    /// It is not known yet.
    Start(Start),
    /// Nothing that concerns us, and how many times that was found.
    Other(u8),
    /// Records from the first byte on.
    Records(Box<Followed<Walk>>),
    /// HTTP.
    Http(Box<Followed<Http>>),
}

/// The first bytes of a direction.
#[derive(Debug, Default)]
pub struct Start {
    bytes: ArrayVec<u8, HEADER_LEN>,
    tries: u8,
}

/// A direction that is followed, and where its next byte stands in the stream.
#[derive(Debug)]
pub struct Followed<T> {
    pub inner: T,
    next: u64,
}

/// A piece of a stream.
pub struct Piece<'a> {
    pub stream: StreamBytes<'a>,
    /// Bytes behind it that were not captured.
    pub missing: u64,
}

impl Default for Direction {
    fn default() -> Self {
        Self::Start(Start::default())
    }
}

impl Direction {
    /// The records, if there are any by which the direction is followed.
    pub fn walk(&self) -> Option<&Walk> {
        match self {
            Self::Records(records) => Some(&records.inner),
            Self::Http(http) => Some(&http.inner.walk),
            Self::Start(_) | Self::Other(_) => None,
        }
    }

    /// The HTTP messages, if that is what it is.
    pub fn http(&self) -> Option<&Http> {
        if let Self::Http(http) = self { Some(&http.inner) } else { None }
    }

    /// Whether bytes are of no concern, unless they follow a gap.
    #[inline]
    pub fn is_other(&self) -> bool {
        matches!(self, Self::Other(_))
    }

    /// Takes what a packet brought.
    pub fn take(&mut self, piece: &Piece<'_>, opposite: &Self) {
        match self {
            Self::Other(tries) if piece.stream.follows_gap && *tries < MAX_TRIES => {
                *self = Self::Start(Start { tries: *tries, ..Start::default() });
                self.take_start(piece, opposite);
            }
            Self::Other(_) => {}
            Self::Start(_) => self.take_start(piece, opposite),
            Self::Records(records) => records.take_records(piece),
            Self::Http(http) => http.take_http(piece, opposite.http()),
        }
        if !self.is_worth_following(opposite) {
            *self = Self::Other(1);
        }
    }

    fn is_worth_following(&self, opposite: &Self) -> bool {
        match self {
            Self::Records(records) => !records.inner.is_broken || records.inner.is_confirmed(),
            Self::Http(http) => http.inner.is_interesting(opposite.http().is_some()),
            Self::Start(_) | Self::Other(_) => true,
        }
    }

    fn take_start(&mut self, piece: &Piece<'_>, opposite: &Self) {
        let Self::Start(start) = self else { return };
        if piece.stream.follows_gap {
            start.bytes.clear();
        }
        let held = start.bytes.clone();
        let room = start.bytes.remaining_capacity().min(piece.stream.bytes.len());
        start.bytes.extend(piece.stream.bytes[..room].iter().copied());
        let (is_record, is_http) = (record::may_begin(&start.bytes), http::may_begin(&start.bytes));
        let is_midway = piece.stream.is_mid_stream || piece.stream.offset > held.len() as u64;
        match (start.bytes.is_full(), is_record, is_http) {
            (true, true, _) => self.begin_records(&held, piece, is_midway),
            (true, _, true) => self.begin_http(&held, piece, opposite),
            (false, true, _) | (false, _, true) if piece.missing == 0 => {}
            _ if is_midway && start.tries < MAX_TRIES => {
                *self = Self::Start(Start { tries: start.tries + 1, ..Start::default() });
            }
            _ => *self = Self::Other(start.tries + 1),
        }
    }

    fn begin_records(&mut self, held: &[u8], piece: &Piece<'_>, is_midway: bool) {
        let mut records = Box::new(Followed { inner: Walk::default(), next: piece.stream.offset });
        records.inner.begin(u64::MAX, is_midway);
        records.inner.take(held);
        records.take_records(piece);
        *self = Self::Records(records);
    }

    fn begin_http(&mut self, held: &[u8], piece: &Piece<'_>, opposite: &Self) {
        let mut http = Box::new(Followed { inner: Http::default(), next: piece.stream.offset });
        http.inner.take(held, None);
        http.take_http(piece, opposite.http());
        *self = Self::Http(http);
    }
}

impl<T> Followed<T> {
    /// How many bytes are missing before the piece, and whether another connection begins with it.
    fn gap(&mut self, piece: &Piece<'_>) -> (u64, bool) {
        let StreamBytes { offset, bytes, follows_gap, .. } = piece.stream;
        let missing = offset.saturating_sub(self.next);
        let is_new_connection = follows_gap && offset <= self.next && self.next > 0;
        self.next = offset + bytes.len() as u64 + piece.missing;
        (missing, is_new_connection)
    }
}

impl Followed<Walk> {
    fn take_records(&mut self, piece: &Piece<'_>) {
        let (missing, is_new_connection) = self.gap(piece);
        self.inner.miss(missing);
        self.inner.resume(piece.stream.bytes, is_new_connection);
        self.inner.take(piece.stream.bytes);
        self.inner.miss(piece.missing);
        self.inner.end_piece();
    }
}

impl Followed<Http> {
    fn take_http(&mut self, piece: &Piece<'_>, requests: Option<&Http>) {
        let (missing, is_new_connection) = self.gap(piece);
        self.inner.miss(missing);
        self.inner.resume(piece.stream.bytes, is_new_connection);
        self.inner.take(piece.stream.bytes, requests);
        self.inner.miss(piece.missing);
        self.inner.end_piece();
    }
}
