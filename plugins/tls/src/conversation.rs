//! What both sides of a conversation said, and the row that tells of it.

use weir_sdk::Side;

use crate::Row;
use crate::bits::{masked, resumption, status};
use crate::certificate::Certificate;
use crate::hello::{Carrier, ClientHello, ServerHello, extension};
use crate::messages::{Next, handshake};
use crate::quic::{Connection, Quic};
use crate::records::Item;
use crate::version;

/// What was found in a conversation; nothing in all but those with a hello.
#[derive(Default)]
pub struct Conversation(Option<Box<Found>>);

#[derive(Default)]
struct Found {
    quic: Option<Connection>,
    /// Until both hellos are read.
    opened: Option<Box<Quic>>,
    client: Option<ClientHello>,
    ja4_retry: Option<String>,
    server: Option<ServerHello>,
    certificate: Option<Certificate>,
    client_is_b: bool,
    was_retried: bool,
    is_malformed: bool,
    is_incomplete: bool,
}

/// A handshake message and what carried it.
pub struct Message<'b> {
    pub kind: u8,
    pub body: &'b [u8],
    pub side: Side,
    pub carrier: Carrier,
    pub record_version: Option<u16>,
}

impl Conversation {
    /// Takes what stands in a record of TCP.
    pub fn item(&mut self, item: &Item<'_>, side: Side) -> Next {
        match *item {
            Item::Message { kind, body, record_version } => {
                let record_version = Some(record_version);
                self.message(&Message { kind, body, side, carrier: Carrier::Tcp, record_version })
            }
            // RFC 8446 appendix D.4: between a retry and the next hello it means nothing.
            Item::ChangeCipherSpec if self.awaits_hello(side) => Next::More,
            Item::ApplicationData if self.sends_early_data(side) => Next::More,
            Item::ChangeCipherSpec | Item::ApplicationData => Next::Enough,
        }
    }

    /// Takes a handshake message.
    pub fn message(&mut self, message: &Message<'_>) -> Next {
        let is_clients = self.0.as_ref().is_some_and(|found| found.is_client(message.side));
        match message.kind {
            handshake::CLIENT_HELLO => {
                match ClientHello::parse(message.body, message.carrier, message.record_version) {
                    Some(hello) => self.found().client_hello(hello, message),
                    None => Next::Malformed,
                }
            }
            _ if is_clients => Next::Enough,
            handshake::SERVER_HELLO => match ServerHello::parse(message.body) {
                Some(hello) => self.found().server_hello(hello),
                None => Next::Malformed,
            },
            handshake::HELLO_VERIFY_REQUEST if message.carrier == Carrier::Datagrams => {
                self.found().was_retried = true;
                Next::More
            }
            handshake::CERTIFICATE => {
                let certificate = Certificate::parse(message.body);
                let is_readable = certificate.is_some() || Certificate::is_absent(message.body);
                self.found().certificate = certificate;
                if is_readable { Next::Enough } else { Next::Malformed }
            }
            handshake::SERVER_HELLO_DONE => Next::Enough,
            _ => Next::More,
        }
    }

    /// Reads what a datagram brings of a handshake of QUIC.
    pub fn initials(&mut self, payload: &[u8], side: Side) -> Next {
        let known = self.0.as_mut().and_then(|found| found.opened.take());
        let Some(mut quic) = known.or_else(|| self.connection(payload, side)) else { return Next::More };
        let next = quic.read(payload, side, |kind, body| {
            self.message(&Message { kind, body, side, carrier: Carrier::Quic, record_version: None })
        });
        let found = self.found();
        if found.client.is_none() || found.server.as_ref().is_none_or(|server| server.is_retry) {
            found.opened = Some(quic);
        }
        next
    }

    /// A conversation has one connection, the first.
    fn connection(&mut self, payload: &[u8], side: Side) -> Option<Box<Quic>> {
        if self.0.as_ref().is_some_and(|found| found.quic.is_some()) {
            return None;
        }
        if let Some(connection) = Connection::of_google(payload) {
            self.found().quic = Some(connection);
            return None;
        }
        let (connection, quic) = Quic::begin(payload, side)?;
        let has_tls = connection.has_tls;
        self.found().quic = Some(connection);
        has_tls.then(|| Box::new(quic))
    }

    /// Whether a hello of either side was read.
    pub fn has_hello(&self) -> bool {
        self.0.as_ref().is_some_and(|found| found.client.is_some() || found.server.is_some())
    }

    /// A handshake cannot be read.
    pub fn note_malformed(&mut self) {
        self.found().is_malformed = true;
    }

    /// The end of a hello will not be seen.
    pub fn note_incomplete(&mut self) {
        self.found().is_incomplete = true;
    }

    fn found(&mut self) -> &mut Found {
        self.0.get_or_insert_default()
    }

    /// Whether another hello of this side may follow.
    fn awaits_hello(&self, side: Side) -> bool {
        let Some(found) = &self.0 else { return false };
        if found.is_client(side) { found.may_be_asked_again() } else { found.has_asked_again() }
    }

    /// Whether what a side encrypts may come before its second hello.
    fn sends_early_data(&self, side: Side) -> bool {
        let Some(found) = &self.0 else { return false };
        let offers = found.client.as_ref().map(|client| &client.offers);
        found.is_client(side) && offers.is_some_and(|offers| offers.has(extension::EARLY_DATA))
    }

    /// Whether nothing was found.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The row; `is_cut` says whether a hello of one direction has not ended.
    pub fn row(&self, is_cut: bool) -> Row<'_> {
        match &self.0 {
            Some(found) => found.row(is_cut),
            None => Row { tls_status: is_cut.then_some(status::INCOMPLETE), ..Row::default() },
        }
    }
}

impl Found {
    fn client_hello(&mut self, hello: ClientHello, message: &Message<'_>) -> Next {
        match &self.client {
            None => {
                self.client_is_b = message.side == Side::B;
                self.client = Some(hello);
                let is_asked_again = message.carrier == Carrier::Datagrams || self.may_be_asked_again();
                if is_asked_again { Next::More } else { Next::Enough }
            }
            Some(first) => {
                // RFC 8446 section 4.1.2, RFC 6347 section 4.2.1: it repeats the random bytes.
                if first.random == hello.random {
                    self.ja4_retry = Some(hello.ja4);
                }
                Next::Enough
            }
        }
    }

    fn server_hello(&mut self, hello: ServerHello) -> Next {
        let reads_on = hello.is_retry || !version::is_1_3(hello.version);
        self.was_retried |= hello.is_retry;
        self.server = Some(hello);
        if reads_on { Next::More } else { Next::Enough }
    }

    fn is_client(&self, side: Side) -> bool {
        self.client.is_some() && self.client_is_b == (side == Side::B)
    }

    /// Whether the client offers TLS 1.3, which has the HelloRetryRequest, and no other answer came.
    fn may_be_asked_again(&self) -> bool {
        let offers_1_3 = |client: &ClientHello| version::is_1_3(client.newest_version());
        let is_answered = self.server.as_ref().is_some_and(|server| !server.is_retry);
        !is_answered && self.ja4_retry.is_none() && self.client.as_ref().is_some_and(offers_1_3)
    }

    /// Whether Initial packets were opened that do not hold the whole hello.
    fn lacks_hello_of_quic(&self) -> bool {
        self.quic.as_ref().is_some_and(|quic| quic.has_tls) && self.client.is_none() && !self.is_malformed
    }

    fn has_asked_again(&self) -> bool {
        self.server.as_ref().is_some_and(|server| server.is_retry)
    }

    fn row(&self, is_cut: bool) -> Row<'_> {
        let quic = self.quic.as_ref();
        let row = Row {
            tls_status: Some(self.status(is_cut)).filter(|status| *status != 0),
            tls_version: self.version(),
            tls_sni: quic.and_then(|quic| quic.server_name.clone()),
            quic_version: quic.map(|quic| quic.version.clone()),
            quic_dcid: quic.map(|quic| quic.dcid.clone()),
            quic_scid: quic.map(|quic| quic.scid.clone()),
            ..Row::default()
        };
        self.certificate_columns(self.server_columns(self.client_columns(row)))
    }

    fn client_columns<'a>(&'a self, row: Row<'a>) -> Row<'a> {
        let Some(client) = &self.client else { return row };
        let offers = &client.offers;
        Row {
            tls_record_version: client.record_version,
            tls_hello_version: Some(client.version),
            tls_versions_offered: &offers.versions,
            tls_sni: offers.sni.clone(),
            tls_alpn: offers.alpn.clone(),
            tls_ciphers: &client.ciphers,
            tls_extensions: &offers.types,
            tls_groups: &offers.groups,
            tls_point_formats: &offers.point_formats,
            tls_signature_algorithms: &offers.signature_algorithms,
            tls_resumption: Some(self.resumption(client)),
            tls_ja3: Some(client.ja3.clone()),
            tls_ja4: Some(client.ja4.clone()),
            tls_ja4_retry: self.ja4_retry.clone(),
            ..row
        }
    }

    fn server_columns<'a>(&'a self, row: Row<'a>) -> Row<'a> {
        let Some(server) = &self.server else { return row };
        Row {
            tls_version_chosen: Some(server.version),
            tls_alpn_chosen: server.answers.alpn.clone(),
            tls_cipher: Some(server.cipher),
            tls_server_extensions: &server.answers.types,
            tls_ja3s: Some(server.ja3s.clone()),
            ..row
        }
    }

    fn certificate_columns<'a>(&'a self, row: Row<'a>) -> Row<'a> {
        let Some(certificate) = &self.certificate else { return row };
        Row {
            tls_cert_subject: Some(certificate.subject.clone()),
            tls_cert_issuer: Some(certificate.issuer.clone()),
            tls_cert_not_before: certificate.not_before,
            tls_cert_not_after: certificate.not_after,
            tls_cert_count: Some(certificate.count),
            ..row
        }
    }

    fn status(&self, is_cut: bool) -> u8 {
        masked(&[
            (status::CLIENT_HELLO, self.client.is_some()),
            (status::SERVER_HELLO, self.server.is_some()),
            (status::HELLO_RETRY, self.was_retried),
            (status::CERTIFICATE, self.certificate.is_some()),
            (status::CLIENT_IS_B, self.client_is_b),
            (status::MALFORMED, self.is_malformed),
            (status::INCOMPLETE, self.is_incomplete || is_cut || self.lacks_hello_of_quic()),
        ])
    }

    fn version(&self) -> Option<String> {
        let chosen = self.server.as_ref().map(|server| server.version);
        let version = chosen.or_else(|| self.client.as_ref().map(ClientHello::newest_version))?;
        Some(version::name(version))
    }

    fn resumption(&self, client: &ClientHello) -> u8 {
        let offers = &client.offers;
        let echoed = |server: &ServerHello| {
            !version::is_1_3(server.version)
                && !client.session_id.is_empty()
                && server.session_id == client.session_id
        };
        let chose_psk = |server: &ServerHello| server.answers.has(extension::PRE_SHARED_KEY);
        masked(&[
            (resumption::SESSION_ID_OFFERED, !client.session_id.is_empty()),
            (resumption::TICKET_SUPPORTED, offers.has(extension::SESSION_TICKET)),
            (resumption::PSK_OFFERED, offers.has(extension::PRE_SHARED_KEY)),
            (resumption::EARLY_DATA_OFFERED, offers.has(extension::EARLY_DATA)),
            (resumption::SESSION_ID_ECHOED, self.server.as_ref().is_some_and(echoed)),
            (resumption::PSK_CHOSEN, self.server.as_ref().is_some_and(chose_psk)),
        ])
    }
}
