//! Handshakes of QUIC: in come UDP payloads, out go handshake messages; what they say is read elsewhere.
//!
//! Initial packets are protected with keys that anyone can work out from the client's first connection id (RFC 9001
//! section 5.2), so that both hellos can be read.

mod google;
mod packet;
mod protection;
mod version;

use packet::{Initial, crypto_frames};
use protection::Pair;
use version::Version;
use weir_sdk::Side;

use crate::fingerprint::hex;
use crate::hello::readable;
use crate::messages::{Messages, Next};
use crate::pieces::Pieces;

/// Whether a payload begins with a header (RFC 9000 section 17.2) of a version whose hello can be read.
pub fn may_begin(payload: &[u8]) -> bool {
    const LONG_HEADER: u8 = 0x80;
    let Some(&[first, a, b, c, d]) = payload.first_chunk::<5>() else { return false };
    first & LONG_HEADER != 0 && Version::of(u32::from_be_bytes([a, b, c, d])).is_some()
        || google::may_begin(payload)
}

/// What is kept of a connection.
pub struct Connection {
    /// As `quic_version` shows it.
    pub version: String,
    /// Destination connection id of the first packet.
    pub dcid: String,
    /// Its source connection id.
    pub scid: String,
    /// Name of the server, where the handshake is not that of TLS.
    pub server_name: Option<String>,
    /// Whether it is that of TLS.
    pub has_tls: bool,
}

impl Connection {
    /// The connection whose first message, not of TLS, stands in this payload.
    pub fn of_google(payload: &[u8]) -> Option<Self> {
        let hello = google::Hello::read(payload)?;
        Some(Self {
            version: hello.version.to_owned(),
            dcid: hex(hello.id),
            scid: String::new(),
            server_name: hello.server_name.map(readable),
            has_tls: false,
        })
    }
}

/// A connection whose first Initial packet could be opened.
pub struct Quic {
    client: Side,
    number: u32,
    first_dcid: Vec<u8>,
    keys: Pair,
    crypto: [Crypto; 2],
}

impl Quic {
    /// The connection that a client's Initial packet in this payload opens.
    pub fn begin(payload: &[u8], side: Side) -> Option<(Connection, Self)> {
        let initial = Initial::all(payload).next()?;
        let keys = Pair::of(&initial.version, initial.dcid)?;
        let frames = keys.client.open(&initial)?;
        let connection = Connection {
            version: Version::name(initial.version.number),
            dcid: hex(initial.dcid),
            scid: hex(initial.scid),
            server_name: if initial.version.has_tls() { None } else { name_of_google(&initial, &frames) },
            has_tls: initial.version.has_tls(),
        };
        let quic = Self {
            client: side,
            number: initial.version.number,
            first_dcid: initial.dcid.to_vec(),
            keys,
            crypto: Default::default(),
        };
        Some((connection, quic))
    }

    /// Gives type and body of each handshake message that a payload completes to `take` until that has enough.
    pub fn read(&mut self, payload: &[u8], side: Side, mut take: impl FnMut(u8, &[u8]) -> Next) -> Next {
        for initial in Initial::all(payload) {
            let Some(frames) = self.open(&initial, side) else { continue };
            let crypto = &mut self.crypto[side as usize];
            crypto_frames(&frames, initial.version.crypto_frame(), |offset, data| {
                crypto.pieces.keep(offset, data)
            });
            let next = crypto.read(&mut take);
            if next != Next::More {
                return next;
            }
        }
        Next::More
    }

    fn open(&mut self, initial: &Initial<'_>, side: Side) -> Option<Vec<u8>> {
        let is_client = side == self.client;
        if let Some(frames) = self.keys.of_side(is_client).open(initial) {
            return Some(frames);
        }
        if initial.version.number != self.number {
            // RFC 9369 section 4.1: a server may go on with another version, and the client follows.
            let first_dcid = self.first_dcid.clone();
            return self.reopen(initial, &first_dcid, is_client);
        }
        // RFC 9001 section 5.2: after a Retry the keys follow from the connection id that the server chose.
        if is_client { self.reopen(initial, initial.dcid, true) } else { None }
    }

    fn reopen(&mut self, initial: &Initial<'_>, dcid: &[u8], is_client: bool) -> Option<Vec<u8>> {
        let keys = Pair::of(&initial.version, dcid)?;
        let frames = keys.of_side(is_client).open(initial)?;
        (self.keys, self.number, self.first_dcid) = (keys, initial.version.number, dcid.to_vec());
        Some(frames)
    }
}

/// The name in a message of Google that one packet holds.
fn name_of_google(initial: &Initial<'_>, frames: &[u8]) -> Option<String> {
    let mut name = None;
    crypto_frames(frames, initial.version.crypto_frame(), |_, data| {
        name = name.take().or_else(|| google::server_name(data).map(readable));
    });
    name
}

/// The handshake bytes of one direction.
#[derive(Default)]
struct Crypto {
    pieces: Pieces,
    messages: Messages,
}

impl Crypto {
    fn read(&mut self, take: &mut impl FnMut(u8, &[u8]) -> Next) -> Next {
        let mut bytes = Vec::new();
        self.pieces.drain(&mut bytes);
        self.messages.read(&bytes, take)
    }
}

#[cfg(test)]
pub mod tests;
