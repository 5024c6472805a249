//! Connections to the Apple Push Notification service: which flows they are, and the notifications in them.
//!
//! Addresses, ports, and the names in the ClientHello tell the connection; where it was met midway, the rhythm of
//! message lengths helps. A table of lengths, a file of the user's own, labels notifications.

mod bits;
mod family;
mod hello;
mod messages;
mod place;
mod stream;
mod table;

use family::{Constants, Family};
use hello::{Hello, Names};
use messages::{Messages, Tally};
use stream::Stream;
use table::Table;
use weir_sdk::{
    Columns, End, FlowPlugin, Interest, Options, Packet, Side, State, StreamBytes, export_plugin,
};

/// Flows of APNs and their notifications.
pub struct Apns {
    table: Option<Table>,
    /// In the order of [`Family::ALL`].
    constants: [Constants; 5],
}

/// Lengths, as TCP payload in bytes: a number or a range `a-b` each.
#[derive(Options)]
pub struct Settings {
    /// CSV file `length,label[,cipher]` that labels notifications by their length, which may be a range `a-b`; none
    /// if empty. `data/example.csv` of the plugin's sources shows the format.
    #[option(default = "")]
    table: String,
    /// TLS 1.0: acknowledgement, keep-alive, and answer of the server.
    #[option(default = "90,74,37")]
    tls10: String,
    /// The same for TLS 1.1 and 1.2 with CBC.
    #[option(default = "53,69,53")]
    cbc: String,
    /// The same for TLS 1.2 with GCM or CCM; computed from what the lengths of CBC leave open, not measured.
    #[option(default = "30-40,41-56,30-40")]
    gcm: String,
    /// The same for TLS 1.2 with ChaCha20-Poly1305; computed as for `gcm`.
    #[option(default = "22-32,33-48,22-32")]
    chacha: String,
    /// The same for TLS 1.3 without padding; computed as for `gcm`.
    #[option(default = "23-33,34-49,23-33")]
    tls13: String,
}

/// What is kept of a conversation.
#[derive(Default)]
pub enum Flow {
    /// Nothing was seen yet.
    #[default]
    New,
    /// It is something else.
    Other,
    /// It may be APNs.
    Followed(Box<Followed>),
}

/// A conversation that may be APNs.
pub struct Followed {
    server: Side,
    /// What addresses and ports say, by the side that would be the server.
    places: [u16; 2],
    /// Of the handshake, if its hello was met.
    names: Option<Names>,
    family: Option<Family>,
    messages: Messages,
}

/// One row. All columns are absent without verdict.
#[derive(Columns, Clone, Debug, Default, PartialEq)]
#[columns(scope = "flow", unit = "none")]
pub struct Row {
    /// Whether the flow is a connection to APNs. `certain`: a name of ALPN or SNI together with an address of Apple;
    /// or ALPN and SNI together; or an address of Apple and port 5223 together with the pattern or a network that
    /// push is served from. `likely`: one of ALPN and SNI alone; or an address of Apple and port 5223, or one of
    /// providers; or a network that push is served from and port 443, if records of TLS were met without their
    /// ClientHello. A stream that begins with what is no TLS has no verdict, nor has port 5223 or a name of another
    /// service alone. The server is the end that does not send the ClientHello; without one, the end whose address
    /// and port fit best. Absent without verdict.
    #[column(source = "addresses, ports, ClientHello")]
    pub apns_verdict: Option<&'static str>,
    /// What speaks for APNs.
    #[column(unit = "bit mask", source = "OR of what was found", bits = bits::EVIDENCE)]
    pub apns_evidence: Option<u16>,
    /// Cipher family by which lengths are judged: `tls10`, `cbc`, `gcm`, `chacha`, or `tls13`, of the ServerHello.
    /// Without one, by the records of application data: `tls10` if one has the version of TLS 1.0; `cbc` if the
    /// lengths of all are multiples of 16; `gcm` if the first 8 bytes of two in a row of a direction count up by
    /// one. Absent if it is not known.
    #[column(source = "ServerHello; IANA TLS Cipher Suites")]
    pub apns_cipher: Option<&'static str>,
    /// Messages of the server whose length is not that of its answers to acknowledgements and keep-alives. A message
    /// is the records of application data up to the first segment that ends where a record ends; its length
    /// includes record headers. The encrypted handshake of TLS 1.3 is left out: all messages up to the first of the
    /// client. Absent if the cipher is not known, and for providers.
    #[column(source = "TLS record headers", tags = ["counter", "statistical"])]
    pub apns_notifications: Option<u32>,
    /// Messages of the client with the length of an acknowledgement; alerts are none. Absent if the cipher is not
    /// known, and for providers.
    #[column(source = "TLS record headers", tags = ["counter", "statistical"])]
    pub apns_acknowledgements: Option<u32>,
    /// Messages of the client with the length of a keep-alive. Absent if the cipher is not known, and for
    /// providers.
    #[column(source = "TLS record headers", tags = ["counter", "statistical"])]
    pub apns_keep_alives: Option<u32>,
    /// Labels of the notifications by the table of lengths, each once, in the order of the table. Absent without
    /// table, if the cipher is not known, and for providers.
    #[column(source = "option `table`")]
    pub apns_labels: Option<Vec<String>>,
    /// For each of these labels the number of notifications whose length has it; one with several labels counts
    /// for each. Absent as `apns_labels` is.
    #[column(source = "option `table`")]
    pub apns_label_counts: Option<Vec<u32>>,
    /// Notifications whose length is not in the table. Absent as `apns_labels` is.
    #[column(source = "option `table`", tags = ["counter", "statistical"])]
    pub apns_unknown_lengths: Option<u32>,
}

impl FlowPlugin for Apns {
    const NAME: &'static str = "apns";
    const SUMMARY: &'static str =
        "connections to the Apple Push Notification service, and their notifications";
    const ORDER: u16 = 630;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::TCP.and(Interest::WITH_PAYLOAD);
    const OFTEN_BLANK: bool = true;
    const STREAM_BYTES: u64 = u64::MAX;

    type Options = Settings;
    type Flow = Flow;
    type Direction = Option<Box<Stream>>;
    type Row<'a> = Row;

    fn open(settings: Settings) -> Result<Self, String> {
        let Settings { table, tls10, cbc, gcm, chacha, tls13 } = settings;
        Ok(Self {
            table: (!table.is_empty()).then(|| Table::read(&table)).transpose()?,
            constants: [
                Constants::parse("tls10", &tls10)?,
                Constants::parse("cbc", &cbc)?,
                Constants::parse("gcm", &gcm)?,
                Constants::parse("chacha", &chacha)?,
                Constants::parse("tls13", &tls13)?,
            ],
        })
    }

    #[inline]
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        match state.flow {
            Flow::Other => {}
            Flow::New => self.begin(state, packet),
            Flow::Followed(flow) => {
                let Some(bytes) = packet.stream() else { return };
                let stream = state.own.get_or_insert_default();
                if !self.follow(flow, stream, &bytes, packet) {
                    (*state.flow, *state.own, *state.other) = (Flow::Other, None, None);
                }
            }
        }
    }

    #[inline]
    fn is_blank(&self, end: &End<'_, Self>) -> bool {
        !matches!(end.flow, Flow::Followed(_))
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        let Flow::Followed(flow) = end.flow else { return Row::default() };
        let streams = [end.own.as_deref(), end.other.and_then(|other| other.as_deref())];
        let streams: Vec<&Stream> = streams.into_iter().flatten().collect();
        let family = flow.family.or_else(|| family_of(&streams));
        let evidence = flow.evidence(family);
        let has_records = streams.iter().any(|stream| stream.has_records);
        let Some(verdict) = flow.verdict(evidence, has_records) else { return Row::default() };
        // Providers send requests, whose lengths mean something else.
        let judged = family.filter(|_| evidence & bits::PROVIDER == 0);
        let tally = judged.map(|family| flow.messages.tally(&self.constants[family as usize]));
        let row = Row {
            apns_verdict: Some(verdict),
            apns_evidence: Some(evidence),
            apns_cipher: family.map(Family::name),
            apns_notifications: tally.as_ref().map(|tally| tally.notifications),
            apns_acknowledgements: tally.as_ref().map(|tally| tally.acknowledgements),
            apns_keep_alives: tally.as_ref().map(|tally| tally.keep_alives),
            ..Row::default()
        };
        match (&self.table, tally) {
            (Some(table), Some(tally)) => labelled(row, table, &tally, family),
            _ => row,
        }
    }
}

impl Apns {
    /// Takes the first packet. Nearly all flows turn out to be something else with it, so nothing is put into boxes
    /// before.
    fn begin(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        let mut flow = Followed::begin(packet);
        if let Some(bytes) = packet.stream() {
            let mut stream = Stream::default();
            if !self.follow(&mut flow, &mut stream, &bytes, packet) {
                *state.flow = Flow::Other;
                return;
            }
            *state.own = Some(Box::new(stream));
        }
        *state.flow = Flow::Followed(Box::new(flow));
    }

    /// Takes what a packet brings; whether the flow may still be APNs.
    fn follow(
        &self,
        flow: &mut Followed,
        stream: &mut Stream,
        bytes: &StreamBytes<'_>,
        packet: &Packet<'_>,
    ) -> bool {
        let missing = u64::from(packet.payload_len).saturating_sub(packet.payload().len() as u64);
        let message = stream.take(bytes, missing);
        flow.learn(stream.hello.take(), packet.side());
        if let Some(len) = message {
            flow.messages.take(packet.side() != flow.server, len, &self.constants);
        }
        !flow.is_hopeless(stream)
    }
}

/// The row with the labels of its notifications.
fn labelled(row: Row, table: &Table, tally: &Tally, family: Option<Family>) -> Row {
    let mut counts = vec![0u32; table.labels.len()];
    let mut unknown = tally.others;
    for &(len, count) in &tally.lengths {
        let places = table.of(len, family);
        if places.is_empty() {
            unknown = unknown.saturating_add(count);
        }
        places.into_iter().for_each(|place| counts[place] = counts[place].saturating_add(count));
    }
    let seen = table.labels.iter().zip(counts).filter(|&(_, count)| count > 0);
    let (labels, counts) = seen.map(|(label, count)| (label.clone(), count)).unzip();
    Row {
        apns_labels: Some(labels),
        apns_label_counts: Some(counts),
        apns_unknown_lengths: Some(unknown),
        ..row
    }
}

/// The family as records of application data show it.
fn family_of(streams: &[&Stream]) -> Option<Family> {
    let any = |test: fn(&Stream) -> bool| streams.iter().any(|stream| test(stream));
    if any(|stream| stream.is_tls_1_0) {
        Some(Family::Tls10)
    } else if !any(|stream| stream.has_odd_lengths) {
        any(|stream| stream.data_records > 0).then_some(Family::Cbc)
    } else {
        any(|stream| stream.has_nonces).then_some(Family::Gcm)
    }
}

impl Followed {
    fn begin(packet: &Packet<'_>) -> Self {
        let places = place::evidence(packet);
        let server = place::server(packet, places);
        Self { server, places, names: None, family: None, messages: Messages::default() }
    }

    fn learn(&mut self, hello: Option<Hello>, side: Side) {
        match hello {
            Some(Hello::Client(names)) => {
                let has_alpn = names.has_alpn || self.names.is_some_and(|known| known.has_alpn);
                (self.server, self.names) = (side.other(), Some(Names { has_alpn, ..names }));
            }
            Some(Hello::Server { family, has_alpn }) => {
                (self.server, self.family) = (side, family);
                if family == Some(Family::Tls13) {
                    self.messages.await_finished();
                }
                if has_alpn {
                    self.names.get_or_insert_default().has_alpn = true;
                }
            }
            None => {}
        }
    }

    fn place(&self) -> u16 {
        self.places[self.server as usize]
    }

    fn is_at(&self, bits: u16) -> bool {
        self.place() & bits == bits
    }

    /// Address and port are those of APNs, whatever its names are.
    fn is_at_home(&self) -> bool {
        self.is_at(bits::ADDRESS) && self.place() & (bits::PORT | bits::PROVIDER) != 0
    }

    /// Nothing that may come can make it APNs.
    fn is_hopeless(&self, stream: &Stream) -> bool {
        let is_named = self.names.is_some_and(Names::is_apns);
        let may_be_midway = self.is_at(bits::PUSH_NETWORK | bits::FALLBACK_PORT);
        let is_past_its_hello = stream.data_records > 0 && !may_be_midway;
        let is_elsewhere = stream.is_unknown() && !self.is_at(bits::ADDRESS);
        let is_decided = self.names.is_some() || is_past_its_hello || is_elsewhere;
        stream.is_other || !is_named && is_decided && !self.is_at_home()
    }

    fn evidence(&self, family: Option<Family>) -> u16 {
        let Names { has_alpn, is_courier, is_provider } = self.names.unwrap_or_default();
        let bit = |is_set: bool, bit: u16| if is_set { bit } else { 0 };
        let evidence = self.place()
            | bit(has_alpn, bits::ALPN)
            | bit(is_courier || is_provider, bits::SNI)
            | bit(is_provider, bits::PROVIDER);
        let is_of_device = evidence & bits::PROVIDER == 0;
        let has_pattern = family.is_some_and(|family| self.messages.has_pattern(family));
        evidence | bit(is_of_device && has_pattern, bits::PATTERN)
    }

    fn verdict(&self, evidence: u16, has_records: bool) -> Option<&'static str> {
        let has = |bits: u16| evidence & bits == bits;
        let is_named = has(bits::ALPN) || has(bits::SNI);
        let is_midway = self.names.is_none() && has_records;
        let is_certain = is_named && has(bits::ADDRESS)
            || has(bits::ALPN | bits::SNI)
            || has(bits::ADDRESS | bits::PORT) && (has(bits::PATTERN) || has(bits::PUSH_NETWORK));
        let is_likely =
            is_named || self.is_at_home() || has(bits::PUSH_NETWORK | bits::FALLBACK_PORT) && is_midway;
        if is_certain { Some("certain") } else { is_likely.then_some("likely") }
    }
}

export_plugin!(Apns);

#[cfg(test)]
mod tests;
