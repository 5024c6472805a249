//! MMTLS, the record protocol of WeChat: which flows carry it, over HTTP or over TCP, and their records.
//!
//! Its records look like those of TLS but for the second byte. They are counted in the reassembled stream of each
//! direction, header by header, without looking into what is encrypted. A verdict rests on records that fit each
//! other, never on the words of an HTTP head alone.

mod bits;
mod direction;
mod hello;
mod http;
mod record;

use direction::{Direction, Piece};
use hello::Hello;
use http::Http;
use record::{Kind, Walk};
use weir_sdk::{Columns, End, FlowPlugin, Interest, Packet, State, Time, export_plugin};

/// ECDHE_ECDSA with AES_128_GCM and SHA256, as in TLS.
const ECDHE: u16 = 0xc02b;
const NANOSECONDS: i64 = 1_000_000_000;

/// Flows of MMTLS and their records.
pub struct Mmtls;

/// One row. All columns are absent without verdict.
#[derive(Columns, Clone, Debug, Default, PartialEq)]
#[columns(scope = "flow", unit = "none")]
pub struct Row<'a> {
    /// How the flow carries MMTLS: `http` if the body of a request that names MMTLS, or of its answer, begins with
    /// a record; `tcp` if a direction does so; in both cases the record must go on as one: it is a hello, another
    /// record follows, or a body or segment ends with it and nothing contradicts. `claimed` if a request names
    /// MMTLS in its path or by `Upgrade: mmtls` and no record is found. Absent for all other flows.
    #[column(source = "record headers of the reassembled streams, RFC 9112 heads")]
    pub mmtls_verdict: Option<&'static str>,
    /// What speaks for MMTLS, in both directions together.
    #[column(unit = "bit mask", source = "OR of what was found", bits = bits::EVIDENCE)]
    pub mmtls_evidence: Option<u16>,
    /// Versions of the records of both directions; one flow may mix them.
    #[column(unit = "bit mask", source = "record header, version", bits = bits::VERSIONS)]
    pub mmtls_versions: Option<u16>,
    /// Kind of handshake: `ecdhe` (1-RTT with key agreement), `psk` (1-RTT with pre-shared key), `psk_0rtt` (data
    /// along with the hello, record type 19), or `rejected` (the first record of the answer is an alert). What the
    /// ServerHello chose decides; without one, `ecdhe` if the client offered 0xc02b. Absent without ClientHello.
    #[column(source = "ClientHello, ServerHello, types of the first records")]
    pub mmtls_handshake: Option<&'static str>,
    /// Cipher suites of the first ClientHello, in its order; absent without one.
    #[column(source = "ClientHello, cipher suites; numbers as in IANA TLS Cipher Suites")]
    pub mmtls_suites_offered: Option<&'a [u16]>,
    /// Cipher suite of the first ServerHello; absent without one.
    #[column(source = "ServerHello, cipher suite; numbers as in IANA TLS Cipher Suites")]
    pub mmtls_suite_chosen: Option<u16>,
    /// Time of the client's clock in the first ClientHello, whole seconds; absent without one and if it was not
    /// captured.
    #[column(unit = "ns", source = "ClientHello, 32 bits behind the random bytes, Unix seconds", tags = ["time"])]
    pub mmtls_hello_clock: Option<Time>,
    /// Id in the path of the first request `POST /mmtls/ID`, as written; absent without one.
    #[column(source = "RFC 9112 section 3, request target", tags = ["identifier"])]
    pub mmtls_request_id: Option<&'a str>,
    /// Host that the first request which names MMTLS is sent to, with its port if that is written; absent
    /// without one.
    #[column(source = "RFC 9110 section 7.2, Host", tags = ["address"])]
    pub mmtls_host: Option<&'a str>,
    /// Number of HTTP requests that name MMTLS in their path or by `Upgrade: mmtls`; absent for `tcp`.
    #[column(source = "RFC 9112 heads", tags = ["counter", "statistical"])]
    pub mmtls_requests: Option<u32>,
    /// Number of final answers to these requests, the n-th answer of a connection to its n-th request; where the
    /// requests were not seen, of all answers. Absent for `tcp`.
    #[column(source = "RFC 9112 heads", tags = ["counter", "statistical"])]
    pub mmtls_answers: Option<u32>,
    /// Status code of the last of these answers; absent without one.
    #[column(source = "RFC 9110 section 15")]
    pub mmtls_status: Option<u16>,
    /// Whether an answer is missing: there are fewer HTTP answers than requests; for `tcp` only one direction has
    /// records and the first of them is not a ServerHello.
    #[column(source = "mmtls_answers < mmtls_requests")]
    pub mmtls_is_failed: Option<bool>,
    /// Alert records (type 0x15) of this direction. A record counts when its header was seen, in HTTP bodies that
    /// answer or belong to a request which names MMTLS, and for `tcp` in the stream.
    #[column(scope = "direction", source = "record header, type", tags = ["counter", "statistical"])]
    pub mmtls_alert_records: Option<u32>,
    /// Handshake records (type 0x16) of this direction, counted as alert records are.
    #[column(scope = "direction", source = "record header, type", tags = ["counter", "statistical"])]
    pub mmtls_handshake_records: Option<u32>,
    /// Records of application data (type 0x17) of this direction, counted as alert records are.
    #[column(scope = "direction", source = "record header, type", tags = ["counter", "statistical"])]
    pub mmtls_data_records: Option<u32>,
    /// Records of a 0-RTT hello (type 0x19) of this direction, counted as alert records are.
    #[column(scope = "direction", source = "record header, type", tags = ["counter", "statistical"])]
    pub mmtls_early_records: Option<u32>,
    /// Sum of the lengths of the alert records of this direction, their headers left out.
    #[column(scope = "direction", unit = "bytes", source = "record header, length")]
    #[column(tags = ["counter", "statistical"])]
    pub mmtls_alert_bytes: Option<u64>,
    /// Sum of the lengths of the handshake records of this direction, their headers left out.
    #[column(scope = "direction", unit = "bytes", source = "record header, length")]
    #[column(tags = ["counter", "statistical"])]
    pub mmtls_handshake_bytes: Option<u64>,
    /// Sum of the lengths of the records of application data of this direction, their headers left out.
    #[column(scope = "direction", unit = "bytes", source = "record header, length")]
    #[column(tags = ["counter", "statistical"])]
    pub mmtls_data_bytes: Option<u64>,
    /// Sum of the lengths of the records of a 0-RTT hello of this direction, their headers left out.
    #[column(scope = "direction", unit = "bytes", source = "record header, length")]
    #[column(tags = ["counter", "statistical"])]
    pub mmtls_early_bytes: Option<u64>,
    /// Length of the longest record of this direction, its header left out; absent without record.
    #[column(scope = "direction", unit = "bytes", source = "record header, length", tags = ["statistical"])]
    pub mmtls_record_len_max: Option<u16>,
}

impl FlowPlugin for Mmtls {
    const NAME: &'static str = "mmtls";
    const SUMMARY: &'static str = "MMTLS, the record protocol of WeChat, over HTTP and over TCP";
    const ORDER: u16 = 620;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::TCP.and(Interest::WITH_PAYLOAD);
    const OFTEN_BLANK: bool = true;
    const STREAM_BYTES: u64 = u64::MAX;

    type Options = ();
    type Flow = ();
    type Direction = Direction;
    type Row<'a> = Row<'a>;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    #[inline]
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        if state.own.is_other() && !packet.follows_gap() {
            return;
        }
        if let Some(stream) = packet.stream() {
            let missing = u64::from(packet.payload_len).saturating_sub(packet.payload().len() as u64);
            state.own.take(&Piece { stream, missing }, state.other);
        }
    }

    #[inline]
    fn is_blank(&self, end: &End<'_, Self>) -> bool {
        end.own.walk().is_none() && end.other.is_none_or(|other| other.walk().is_none())
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let both = Both { own: end.own, other: end.other };
        let Some(verdict) = both.verdict() else { return Row::default() };
        let http = verdict != TCP;
        let (requests, answers) = both.requests_and_answers();
        let client = both.client();
        Row {
            mmtls_verdict: Some(verdict),
            mmtls_evidence: Some(both.evidence(verdict)),
            mmtls_versions: Some(both.walks().fold(0, |versions, walk| versions | walk.counts.versions)),
            mmtls_handshake: both.handshake(),
            mmtls_suites_offered: client.map(|(suites, _)| suites),
            mmtls_suite_chosen: both.suite_chosen(),
            mmtls_hello_clock: client
                .and_then(|(_, clock)| clock)
                .map(|clock| Time(i64::from(clock) * NANOSECONDS)),
            mmtls_request_id: both.https().find_map(|http| http.id.as_deref()),
            mmtls_host: both.https().find_map(|http| http.host.as_deref()),
            mmtls_requests: http.then_some(requests),
            mmtls_answers: http.then_some(answers),
            mmtls_status: both.https().find_map(|http| http.status),
            mmtls_is_failed: Some(if http { answers < requests } else { both.lacks_an_answer() }),
            ..Row::of_direction(end.own.walk())
        }
    }
}

const HTTP: &str = "http";
const TCP: &str = "tcp";
const CLAIMED: &str = "claimed";

impl Row<'_> {
    /// The columns of one direction.
    fn of_direction(walk: Option<&Walk>) -> Self {
        let none = record::Counts::default();
        let record::Counts { records, bytes, len_max, .. } = walk.map_or(&none, |walk| &walk.counts);
        let records = |kind: Kind| Some(records[kind as usize]);
        let bytes = |kind: Kind| Some(bytes[kind as usize]);
        Self {
            mmtls_alert_records: records(Kind::Alert),
            mmtls_handshake_records: records(Kind::Handshake),
            mmtls_data_records: records(Kind::Data),
            mmtls_early_records: records(Kind::Early),
            mmtls_alert_bytes: bytes(Kind::Alert),
            mmtls_handshake_bytes: bytes(Kind::Handshake),
            mmtls_data_bytes: bytes(Kind::Data),
            mmtls_early_bytes: bytes(Kind::Early),
            mmtls_record_len_max: (*len_max > 0).then_some(*len_max),
            ..Self::default()
        }
    }
}

/// Both directions of an ended conversation, whichever is the client's.
struct Both<'a> {
    own: &'a Direction,
    other: Option<&'a Direction>,
}

impl<'a> Both<'a> {
    fn directions(&self) -> impl Iterator<Item = &'a Direction> {
        [Some(self.own), self.other].into_iter().flatten()
    }

    fn walks(&self) -> impl Iterator<Item = &'a Walk> {
        self.directions().filter_map(Direction::walk)
    }

    fn https(&self) -> impl Iterator<Item = &'a Http> {
        self.directions().filter_map(Direction::http)
    }

    fn verdict(&self) -> Option<&'static str> {
        let has_both = self.records().filter(|walk| walk.begins_with_record()).count() == 2;
        if self.https().any(|http| http.walk.is_confirmed()) {
            Some(HTTP)
        } else if has_both || self.records().any(Walk::is_confirmed) {
            Some(TCP)
        } else {
            self.https().any(|http| http.requests > 0).then_some(CLAIMED)
        }
    }

    /// Walks over streams that are records from the first byte on.
    fn records(&self) -> impl Iterator<Item = &'a Walk> {
        self.directions().filter(|direction| direction.http().is_none()).filter_map(Direction::walk)
    }

    fn evidence(&self, verdict: &str) -> u16 {
        let of_records = self.walks().fold(0, |all, walk| all | walk.evidence);
        let of_heads = self.https().fold(0, |all, http| all | http.evidence);
        let is_answered = if verdict == TCP {
            self.records().filter(|walk| walk.begins_with_record()).count() == 2
        } else {
            self.https().any(|http| http.answers + http.unasked > 0 && http.walk.begins_with_record())
        };
        of_records | of_heads | if is_answered { bits::ANSWERED } else { 0 }
    }

    /// Suites and clock of the ClientHello.
    fn client(&self) -> Option<(&'a [u16], Option<u32>)> {
        self.walks().find_map(|walk| match &walk.hello {
            Some(Hello::Client { suites, clock }) => Some((suites.as_slice(), *clock)),
            _ => None,
        })
    }

    fn suite_chosen(&self) -> Option<u16> {
        self.walks().find_map(|walk| match walk.hello {
            Some(Hello::Server { suite }) => Some(suite),
            _ => None,
        })
    }

    fn handshake(&self) -> Option<&'static str> {
        let (offered, _) = self.client()?;
        let is_early = self.walks().any(|walk| walk.first == Some(Kind::Early));
        let is_ecdhe = match self.suite_chosen() {
            Some(suite) => suite == ECDHE,
            None => offered.contains(&ECDHE),
        };
        Some(match (self.walks().any(|walk| walk.first == Some(Kind::Alert)), is_early, is_ecdhe) {
            (true, ..) => "rejected",
            (_, true, _) => "psk_0rtt",
            (_, _, true) => "ecdhe",
            _ => "psk",
        })
    }

    fn requests_and_answers(&self) -> (u32, u32) {
        let sum = |count: fn(&Http) -> u32| self.https().map(count).fold(0, u32::saturating_add);
        (sum(|http| http.requests), sum(|http| http.answers.saturating_add(http.unasked)))
    }

    fn lacks_an_answer(&self) -> bool {
        self.records().count() == 1 && self.suite_chosen().is_none()
    }
}

export_plugin!(Mmtls);

#[cfg(test)]
mod tests;
