//! A ClientHello or ServerHello in, what matters of it out.

use super::family::Family;
use tls_parser::{
    TlsCipherEnc, TlsCipherEncMode, TlsCipherSuite, TlsExtension, TlsMessage, TlsMessageHandshake,
    TlsVersion, parse_tls_client_hello_extensions, parse_tls_message_handshake,
    parse_tls_server_hello_extensions,
};

const TLS_1_0: u16 = 0x0301;
const TLS_1_3: u16 = 0x0304;

/// What a hello says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hello {
    /// Of the client: which of its names are those of APNs.
    Client(Names),
    /// Of the server.
    Server {
        /// The cipher family that it chose, if it is a known one.
        family: Option<Family>,
        /// The protocol that it chose is one of APNs.
        has_alpn: bool,
    },
}

/// Which names of a handshake are those of APNs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// A protocol that begins with `apns-`.
    pub has_alpn: bool,
    /// A host that devices connect to.
    pub is_courier: bool,
    /// A host that providers connect to.
    pub is_provider: bool,
}

/// The hello that a handshake message is.
pub fn parse(message: &[u8]) -> Option<Hello> {
    match parse_tls_message_handshake(message).ok()?.1 {
        TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)) => {
            let extensions = parse_tls_client_hello_extensions(hello.ext.unwrap_or_default());
            Some(Hello::Client(names(&extensions.map(|(_, list)| list).unwrap_or_default())))
        }
        TlsMessage::Handshake(TlsMessageHandshake::ServerHello(hello)) => {
            let extensions = parse_tls_server_hello_extensions(hello.ext.unwrap_or_default());
            let extensions = extensions.map(|(_, list)| list).unwrap_or_default();
            let version = selected_version(&extensions).unwrap_or(hello.version.0);
            let has_alpn = names(&extensions).has_alpn;
            Some(Hello::Server { family: family(version, hello.cipher.0), has_alpn })
        }
        _ => None,
    }
}

fn names(extensions: &[TlsExtension<'_>]) -> Names {
    let mut names = Names::default();
    for extension in extensions {
        match extension {
            TlsExtension::ALPN(protocols) => {
                names.has_alpn |= protocols.iter().any(|protocol| protocol.starts_with(b"apns-"));
            }
            TlsExtension::SNI(hosts) => hosts.iter().for_each(|(_, host)| names.read_host(host)),
            _ => {}
        }
    }
    names
}

impl Names {
    pub fn is_apns(self) -> bool {
        self.has_alpn || self.is_courier || self.is_provider
    }

    /// `1-courier.push.apple.com` and `courier2.sandbox.push.apple.com` are couriers, `init.push.apple.com` is not.
    fn read_host(&mut self, host: &[u8]) {
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(b".").unwrap_or(&host);
        let Some(below) = host.strip_suffix(b".push.apple.com") else { return };
        let first = below.split(|&byte| byte == b'.').next().unwrap_or_default();
        self.is_courier |= first.split(|&byte| byte == b'-').any(is_courier);
        self.is_provider |= matches!(first, b"api" | b"gateway" | b"feedback");
    }
}

/// `courier`, and digits behind it.
fn is_courier(word: &[u8]) -> bool {
    word.strip_prefix(b"courier").is_some_and(|rest| rest.iter().all(u8::is_ascii_digit))
}

fn selected_version(extensions: &[TlsExtension<'_>]) -> Option<u16> {
    extensions.iter().find_map(|extension| match extension {
        TlsExtension::SupportedVersions(versions) => versions.first().map(|&TlsVersion(number)| number),
        _ => None,
    })
}

fn family(version: u16, suite: u16) -> Option<Family> {
    if version >= TLS_1_3 {
        return Some(Family::Tls13);
    }
    let suite = TlsCipherSuite::from_id(suite)?;
    match (&suite.enc_mode, &suite.enc) {
        (_, TlsCipherEnc::Chacha20_Poly1305) => Some(Family::Chacha),
        (TlsCipherEncMode::Gcm | TlsCipherEncMode::Ccm, _) => Some(Family::Gcm),
        (TlsCipherEncMode::Cbc, _) if version <= TLS_1_0 => Some(Family::Tls10),
        (TlsCipherEncMode::Cbc, _) => Some(Family::Cbc),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_push_are_told_by_their_first_label() {
        let check = |host: &str, expected: (bool, bool)| {
            let mut names = Names::default();
            names.read_host(host.as_bytes());
            assert_eq!((names.is_courier, names.is_provider), expected, "{host}");
        };
        let courier = (true, false);
        check("courier.push.apple.com", courier);
        check("37-courier.push.apple.com", courier);
        check("1-COURIER.Push.Apple.com.", courier);
        check("courier.sandbox.push.apple.com", courier);
        check("2-courier.sandbox.push.apple.com", courier);
        check("4-courier2.push.apple.com", courier);
        check("courier-sandbox.push.apple.com", courier);
        let provider = (false, true);
        check("api.push.apple.com", provider);
        check("api.sandbox.push.apple.com", provider);
        check("api.development.push.apple.com", provider);
        check("gateway.push.apple.com", provider);
        check("feedback.sandbox.push.apple.com", provider);
        let other = (false, false);
        check("init.push.apple.com", other);
        check("push.apple.com", other);
        check("courier.push.apple.com.example.org", other);
        check("courier.push-apple.com", other);
        check("couriers.push.apple.com", other);
        check("gateway.icloud.com", other);
        check("", other);
    }

    #[test]
    fn suites_have_families() {
        assert_eq!(family(0x0303, 0xc02f), Some(Family::Gcm));
        assert_eq!(family(0x0303, 0xc0ac), Some(Family::Gcm), "CCM");
        assert_eq!(family(0x0303, 0xcca9), Some(Family::Chacha));
        assert_eq!(family(0x0303, 0x002f), Some(Family::Cbc));
        assert_eq!(family(0x0302, 0x002f), Some(Family::Cbc));
        assert_eq!(family(0x0301, 0x002f), Some(Family::Tls10));
        assert_eq!(family(0x0304, 0x1301), Some(Family::Tls13));
        assert_eq!(family(0x0303, 0x0005), None, "RC4");
        assert_eq!(family(0x0303, 0xfafa), None);
    }
}
