//! What a TLS handshake says in the clear: names, protocols, ciphers, certificates, and fingerprints.
//!
//! Over TCP a hello is looked for at the beginning of every segment of the first 128 KiB of a direction, not of the
//! first alone, so that STARTTLS, tunnels through proxies, and connections older than the capture are found, too. Of
//! QUIC the Initial packets of both sides are opened, whose keys anyone can work out. Of DTLS the first epoch is read.
//! What was found is kept for flows with a hello only.
//!
//! | file | what it does |
//! | --- | --- |
//! | `direction.rs` | finds out what a direction carries |
//! | `records.rs`, `dtls.rs`, `quic/` | give the handshake messages of TLS over TCP, of DTLS, of QUIC |
//! | `pieces.rs`, `messages.rs` | put in order what came in pieces, and cut messages from it |
//! | `conversation.rs` | takes the messages and keeps what both sides said |
//! | `hello.rs`, `certificate.rs`, `version.rs` | read one message |
//! | `fingerprint.rs` | JA3, JA3S, JA4 |

mod bits;
mod certificate;
mod conversation;
mod direction;
mod dtls;
mod fingerprint;
mod hello;
mod messages;
mod pieces;
mod quic;
mod records;
mod version;

use conversation::Conversation;
use direction::Direction;
use weir_sdk::{Columns, End, FlowPlugin, Interest, Packet, State, Time, export_plugin};

/// TLS handshakes.
pub struct Tls;

/// One row.
#[derive(Columns, Clone, Debug, Default, PartialEq)]
#[columns(scope = "flow")]
pub struct Row<'a> {
    /// What of a handshake was read; absent where neither side began a hello. Of several client hellos the first
    /// counts in all columns but `tls_ja4_retry`, of several server hellos the last, up to the first that is no
    /// request for another client hello.
    #[column(unit = "bit mask", source = "RFC 8446 section 4", bits = bits::STATUS)]
    pub tls_status: Option<u8>,
    /// Version of the conversation: that which the server chose, and where no server hello was read, the highest that
    /// the client offered, without GREASE; `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2`, `TLSv1.3` (its drafts, too),
    /// `DTLSv1.0`, `DTLSv1.2`, `DTLSv1.3`, or the number as `0xNNNN`.
    #[column(unit = "none", source = "RFC 8446 section 4.2.1, supported_versions, else legacy_version")]
    pub tls_version: Option<String>,
    /// Version in the header of the first record of the client's handshake; absent without a client hello and in
    /// QUIC.
    #[column(unit = "none", source = "RFC 8446 section 5.1, legacy_record_version")]
    pub tls_record_version: Option<u16>,
    /// Version field of the client hello itself.
    #[column(unit = "none", source = "RFC 8446 section 4.1.2, legacy_version")]
    pub tls_hello_version: Option<u16>,
    /// Versions in the extension supported_versions of the client hello in order, GREASE included; empty without.
    #[column(unit = "none", source = "RFC 8446 section 4.2.1, supported_versions")]
    pub tls_versions_offered: &'a [u16],
    /// Version that the server hello chose: that of its extension supported_versions, else that of its version field.
    #[column(unit = "none", source = "RFC 8446 section 4.2.1, selected_version")]
    pub tls_version_chosen: Option<u16>,
    /// Host name that the client asked for, in the extension server_name of its hello, or in the tag SNI of the CHLO of
    /// Google's QUIC before TLS; what is not printable ASCII, a semicolon, or a backslash is written as `\xNN`.
    #[column(unit = "none", source = "RFC 6066 section 3, server_name", aliases = ["sni", "server_name"])]
    #[column(tags = ["address"])]
    pub tls_sni: Option<String>,
    /// Application protocols that the client offered, in order, joined by semicolons; written as `tls_sni` is.
    #[column(unit = "none", source = "RFC 7301 section 3.1")]
    pub tls_alpn: Option<String>,
    /// Application protocol that the server chose in its server hello; absent in TLS 1.3, which encrypts it.
    #[column(unit = "none", source = "RFC 7301 section 3.1")]
    pub tls_alpn_chosen: Option<String>,
    /// Cipher suites of the client hello in order, GREASE included.
    #[column(unit = "none", source = "IANA TLS Cipher Suites")]
    pub tls_ciphers: &'a [u16],
    /// Cipher suite that the server hello chose.
    #[column(unit = "none", source = "IANA TLS Cipher Suites")]
    pub tls_cipher: Option<u16>,
    /// Types of the extensions of the client hello in order, GREASE included.
    #[column(unit = "none", source = "IANA TLS ExtensionType Values")]
    pub tls_extensions: &'a [u16],
    /// Types of the extensions of the server hello in order.
    #[column(unit = "none", source = "IANA TLS ExtensionType Values")]
    pub tls_server_extensions: &'a [u16],
    /// Groups (elliptic curves) of the client hello in order, GREASE included.
    #[column(unit = "none", source = "RFC 8446 section 4.2.7, supported_groups")]
    pub tls_groups: &'a [u16],
    /// Point formats of the client hello in order.
    #[column(unit = "none", source = "RFC 8422 section 5.1.2, ec_point_formats")]
    pub tls_point_formats: &'a [u8],
    /// Signature algorithms of the client hello in order.
    #[column(unit = "none", source = "RFC 8446 section 4.2.3, signature_algorithms")]
    pub tls_signature_algorithms: &'a [u16],
    /// What the hellos say of an earlier session; absent without a client hello.
    #[column(unit = "bit mask", source = "RFC 5246 section 7.3, RFC 5077, RFC 8446 section 2.2")]
    #[column(bits = bits::RESUMPTION)]
    pub tls_resumption: Option<u8>,
    /// Subject of the first certificate of the server, where in the clear (up to TLS 1.2); absent in a resumed
    /// session.
    #[column(unit = "none", source = "RFC 5280 section 4.1.2.6", tags = ["address"])]
    pub tls_cert_subject: Option<String>,
    /// Issuer of that certificate.
    #[column(unit = "none", source = "RFC 5280 section 4.1.2.4")]
    pub tls_cert_issuer: Option<String>,
    /// Begin of that certificate's validity.
    #[column(unit = "ns", source = "RFC 5280 section 4.1.2.5, notBefore", tags = ["time"])]
    pub tls_cert_not_before: Option<Time>,
    /// End of that certificate's validity; absent beyond the year 2262, which nanoseconds cannot tell.
    #[column(unit = "ns", source = "RFC 5280 section 4.1.2.5, notAfter", tags = ["time"])]
    pub tls_cert_not_after: Option<Time>,
    /// Number of certificates that the server sent in that message.
    #[column(unit = "none", source = "RFC 5246 section 7.4.2, certificate_list")]
    #[column(tags = ["counter", "statistical"])]
    pub tls_cert_count: Option<u16>,
    /// MD5 in hexadecimal digits of the client hello's version field, cipher suites, extensions, groups, and point
    /// formats: decimal numbers in order without GREASE, joined by `-`, the five joined by `,`.
    #[column(unit = "none", source = "JA3")]
    pub tls_ja3: Option<String>,
    /// MD5 in hexadecimal digits of the server hello's version field, cipher suite, and extensions, written as in
    /// `tls_ja3`, without GREASE.
    #[column(unit = "none", source = "JA3S")]
    pub tls_ja3s: Option<String>,
    /// Fingerprint JA4 of the client hello: `t` for TCP, `q` for QUIC, or `d` for DTLS; two letters for the version
    /// (the highest number of supported_versions, else the version field); `d` if there is a server name, else `i`;
    /// numbers of cipher suites and extensions, at most 99; two letters for the first application protocol; `_`, then
    /// the first 12 hexadecimal digits of SHA-256 of the sorted cipher suites; `_`, then the same of the sorted
    /// extensions without server name and application protocol, followed by `_` and the signature algorithms in order.
    /// GREASE is left out. The letters of the protocol are its first and last byte; if one is neither letter nor digit,
    /// its first and last hexadecimal digit; but a byte beyond ASCII shows as `9`, as in the test data of JA4.
    #[column(unit = "none", source = "FoxIO JA4, TLS client fingerprint")]
    pub tls_ja4: Option<String>,
    /// Fingerprint JA4, as in `tls_ja4`, of the client hello that answers a HelloRetryRequest or a HelloVerifyRequest:
    /// the next one with the same random bytes. Absent without one.
    #[column(unit = "none", source = "FoxIO JA4, TLS client fingerprint; RFC 8446 section 4.1.2")]
    pub tls_ja4_retry: Option<String>,
    /// Version of QUIC in the client's first packet with a hello that could be opened: `V-1`, `V-2`, `Draft-NN` (22 to
    /// 34), `MVFST-22`, `MVFST-27`, or `MVFST-EXP` of Meta, `T050` or `T051` of Google, and `Q0NN` (up to 50) of Google
    /// before TLS, whose handshake fills `tls_sni` alone; absent without one.
    #[column(unit = "none", source = "RFC 9000 section 17.2.2, Version")]
    pub quic_version: Option<String>,
    /// Destination connection id of that packet, in hexadecimal digits.
    #[column(unit = "none", source = "RFC 9000 section 17.2.2", tags = ["identifier"])]
    pub quic_dcid: Option<String>,
    /// Source connection id of that packet, in hexadecimal digits; empty if it has no bytes or no such field.
    #[column(unit = "none", source = "RFC 9000 section 17.2.2", tags = ["identifier"])]
    pub quic_scid: Option<String>,
}

impl FlowPlugin for Tls {
    const NAME: &'static str = "tls";
    const SUMMARY: &'static str =
        "TLS handshakes over TCP, QUIC, and DTLS: names, protocols, ciphers, certificates, fingerprints";
    const ORDER: u16 = 610;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::TCP.and(Interest::UDP).and(Interest::WITH_PAYLOAD);
    const OFTEN_BLANK: bool = true;
    /// A hello of 64 KiB behind the first words of another protocol.
    const STREAM_BYTES: u64 = 128 << 10;

    type Options = ();
    type Flow = Conversation;
    type Direction = Direction;
    type Row<'a> = Row<'a>;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    #[inline]
    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        if state.own.is_done() {
            return;
        }
        if let Some(stream) = packet.stream() {
            state.own.segment(&stream, packet.side(), state.flow);
        } else if packet.l4_proto == UDP {
            state.own.datagram(packet.payload(), packet.side(), state.flow);
        }
    }

    #[inline]
    fn is_blank(&self, end: &End<'_, Self>) -> bool {
        end.flow.is_empty() && !end.own.is_cut() && !end.other.is_some_and(Direction::is_cut)
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let is_cut = end.own.is_cut() || end.other.is_some_and(Direction::is_cut);
        end.flow.row(is_cut)
    }
}

/// IANA protocol numbers.
const UDP: u8 = 17;

export_plugin!(Tls);

#[cfg(test)]
mod tests;
