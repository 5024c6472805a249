//! The server's certificate, where it crosses the wire in the clear: up to TLS 1.2.

use tls_parser::{TlsMessageHandshake, parse_tls_handshake_msg_certificate};
use weir_sdk::Time;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

/// The first certificate of a chain.
#[derive(Debug)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    pub not_before: Option<Time>,
    pub not_after: Option<Time>,
    /// Certificates in the chain.
    pub count: u16,
}

impl Certificate {
    /// Whether the message says that there is no certificate.
    pub fn is_absent(body: &[u8]) -> bool {
        body == [0; 3]
    }

    /// Reads the body of a Certificate message of TLS 1.2 or older.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (_, message) = parse_tls_handshake_msg_certificate(body).ok()?;
        let TlsMessageHandshake::Certificate(contents) = message else { return None };
        let first = contents.cert_chain.first()?;
        let (_, certificate) = X509Certificate::from_der(first.data).ok()?;
        let validity = certificate.validity();
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_before: time(validity.not_before),
            not_after: time(validity.not_after),
            count: u16::try_from(contents.cert_chain.len()).unwrap_or(u16::MAX),
        })
    }
}

/// A time beyond what nanoseconds of 64 bits can hold is none.
fn time(time: ASN1Time) -> Option<Time> {
    time.timestamp().checked_mul(1_000_000_000).map(Time)
}
