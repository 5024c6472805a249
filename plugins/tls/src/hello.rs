//! What the hello messages of client and server say.

use tls_parser::{
    TlsExtension, parse_tls_client_hello_extension, parse_tls_handshake_client_hello,
    parse_tls_handshake_server_hello, parse_tls_server_hello_extension,
};
use weir_sdk::ArrayVec;

use crate::fingerprint::{ja3, ja3s, ja4};
use crate::version;

/// Numbers of extensions (IANA, TLS ExtensionType Values).
pub mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const ALPN: u16 = 16;
    pub const SESSION_TICKET: u16 = 35;
    pub const PRE_SHARED_KEY: u16 = 41;
    pub const EARLY_DATA: u16 = 42;
}

/// RFC 8446 section 4.1.3: the random of a HelloRetryRequest, SHA-256 of that name.
pub const HELLO_RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What carries the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// TLS records over TCP.
    Tcp,
    /// CRYPTO frames of QUIC.
    Quic,
    /// DTLS records.
    Datagrams,
}

/// A session identifier.
type SessionId = ArrayVec<u8, 32>;

/// A client hello.
#[derive(Debug, Default)]
pub struct ClientHello {
    /// Of the record that began it; none in QUIC.
    pub record_version: Option<u16>,
    /// The version field of the message itself.
    pub version: u16,
    pub random: [u8; 32],
    pub session_id: SessionId,
    pub ciphers: Vec<u16>,
    pub offers: Extensions,
    pub ja3: String,
    pub ja4: String,
}

/// A server hello.
#[derive(Debug, Default)]
pub struct ServerHello {
    /// The version chosen.
    pub version: u16,
    pub session_id: SessionId,
    pub cipher: u16,
    pub answers: Extensions,
    pub is_retry: bool,
    pub ja3s: String,
}

/// What the extensions of a hello say; an extension whose body cannot be read is listed all the same.
#[derive(Debug, Default)]
pub struct Extensions {
    /// Their types in order.
    pub types: Vec<u16>,
    pub sni: Option<String>,
    /// The protocols, joined by semicolons.
    pub alpn: Option<String>,
    /// The first protocol's first and last byte.
    pub alpn_ends: Option<[u8; 2]>,
    pub versions: Vec<u16>,
    pub groups: Vec<u16>,
    pub point_formats: Vec<u8>,
    pub signature_algorithms: Vec<u16>,
}

impl ClientHello {
    /// Reads the body of the message.
    pub fn parse(body: &[u8], carrier: Carrier, record_version: Option<u16>) -> Option<Self> {
        if carrier == Carrier::Datagrams {
            return Self::of_tls(&without_cookie(body)?, carrier, record_version);
        }
        Self::of_tls(body, carrier, record_version)
    }

    fn of_tls(body: &[u8], carrier: Carrier, record_version: Option<u16>) -> Option<Self> {
        let (_, hello) = parse_tls_handshake_client_hello(body).ok()?;
        let mut client = Self {
            record_version,
            version: hello.version.0,
            random: hello.random.try_into().ok()?,
            session_id: session_id(hello.session_id),
            ciphers: hello.ciphers.iter().map(|cipher| cipher.0).collect(),
            offers: Extensions::parse(hello.ext, parse_tls_client_hello_extension),
            ..Self::default()
        };
        client.ja3 = ja3(&client);
        client.ja4 = ja4(&client, carrier);
        Some(client)
    }

    /// The newest version offered.
    pub fn newest_version(&self) -> u16 {
        self.offers
            .versions_without_grease()
            .max_by_key(|offered| version::rank(*offered))
            .unwrap_or(self.version)
    }
}

impl ServerHello {
    /// Reads the body of the message.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let field = u16::from_be_bytes(*body.first_chunk()?);
        let as_tls = as_tls_1_2(body)?;
        let (_, hello) = parse_tls_handshake_server_hello(&as_tls).ok()?;
        let answers = Extensions::parse(hello.ext, parse_tls_server_hello_extension);
        Some(Self {
            // RFC 8446 section 4.2.1: the extension, if there, takes the place of the field.
            version: answers.versions.first().copied().unwrap_or(field),
            session_id: session_id(hello.session_id),
            cipher: hello.cipher.0,
            is_retry: hello.random == HELLO_RETRY,
            ja3s: ja3s(field, hello.cipher.0, &answers.types),
            answers,
        })
    }
}

impl Extensions {
    fn parse(
        block: Option<&[u8]>,
        one: for<'b> fn(&'b [u8]) -> tls_parser::IResult<&'b [u8], TlsExtension<'b>>,
    ) -> Self {
        let mut extensions = Self::default();
        let mut rest = block.unwrap_or_default();
        while let Some(&[a, b, c, d]) = rest.first_chunk::<4>() {
            let length = 4 + usize::from(u16::from_be_bytes([c, d]));
            let Some((whole, behind)) = rest.split_at_checked(length) else { break };
            extensions.types.push(u16::from_be_bytes([a, b]));
            if let Ok((_, extension)) = one(whole) {
                extensions.keep(extension);
            }
            rest = behind;
        }
        extensions
    }

    fn keep(&mut self, extension: TlsExtension<'_>) {
        match extension {
            TlsExtension::SNI(names) => {
                // RFC 6066 section 3: the only type is host_name, 0.
                self.sni = names.iter().find(|(kind, _)| kind.0 == 0).map(|(_, name)| readable(name));
            }
            TlsExtension::ALPN(protocols) => {
                let names: Vec<String> = protocols.iter().map(|name| readable(name)).collect();
                self.alpn = Some(names.join(";"));
                self.alpn_ends = protocols.first().and_then(|name| Some([*name.first()?, *name.last()?]));
            }
            TlsExtension::SupportedVersions(versions) => {
                self.versions = versions.iter().map(|version| version.0).collect();
            }
            TlsExtension::EllipticCurves(groups) => {
                self.groups = groups.iter().map(|group| group.0).collect();
            }
            TlsExtension::EcPointFormats(formats) => self.point_formats = formats.to_vec(),
            TlsExtension::SignatureAlgorithms(algorithms) => self.signature_algorithms = algorithms,
            _ => {}
        }
    }

    /// The versions of supported_versions, without those that are no versions.
    pub fn versions_without_grease(&self) -> impl Iterator<Item = u16> {
        self.versions.iter().copied().filter(|version| !is_grease(*version))
    }

    /// Whether there is an extension of this type.
    pub fn has(&self, kind: u16) -> bool {
        self.types.contains(&kind)
    }
}

/// A server hello as TLS 1.2 has it, whose numbers alone the parser knows. DTLS has the same message; the drafts of
/// TLS 1.3, 0x7fNN, left session identifier and compression out.
fn as_tls_1_2(body: &[u8]) -> Option<Vec<u8>> {
    const TLS_1_2: [u8; 2] = [3, 3];
    let (version, rest) = body.split_first_chunk::<2>()?;
    Some(match version[0] {
        3 => body.to_vec(),
        0x7f => {
            let (random, rest) = rest.split_first_chunk::<32>()?;
            let (cipher, rest) = rest.split_first_chunk::<2>()?;
            [&TLS_1_2[..], random, &[0], cipher, &[0], rest].concat()
        }
        _ => [&TLS_1_2, rest].concat(),
    })
}

/// A client hello of DTLS without its cookie (RFC 6347 section 4.2.1), so that it reads as one of TLS.
fn without_cookie(body: &[u8]) -> Option<Vec<u8>> {
    const VERSION_AND_RANDOM: usize = 34;
    let cookie_at = VERSION_AND_RANDOM + 1 + usize::from(*body.get(VERSION_AND_RANDOM)?);
    let behind = cookie_at + 1 + usize::from(*body.get(cookie_at)?);
    Some([&body[..cookie_at], body.get(behind..)?].concat())
}

/// RFC 8701: values that clients send so that servers learn to ignore what they do not know.
pub fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Text of printable ASCII; other bytes, semicolons, and backslashes are written `\xNN`.
pub fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        let is_plain = matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b';');
        if is_plain { text.push(char::from(byte)) } else { text.push_str(&format!("\\x{byte:02x}")) }
    }
    text
}

fn session_id(bytes: Option<&[u8]>) -> SessionId {
    bytes.unwrap_or_default().iter().copied().take(32).collect()
}
