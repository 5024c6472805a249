//! Handshakes of QUIC: in come UDP payloads, out go handshake messages; what they say is read elsewhere.
//!
//! Initial packets are protected with keys that anyone can work out from the client's first connection id (RFC 9001
//! section 5.2), so that both hellos can be read.

mod packet;
mod protection;
mod version;

use packet::{Initial, crypto_frames};
use protection::Pair;
use version::Version;
use weir_sdk::Side;

use crate::fingerprint::hex;
use crate::messages::{Messages, Next};
use crate::pieces::Pieces;

/// Whether a payload begins with a long header (RFC 9000 section 17.2) of a version whose Initial packets can be opened.
pub fn may_begin(payload: &[u8]) -> bool {
    const LONG_HEADER: u8 = 0x80;
    let Some(&[first, a, b, c, d]) = payload.first_chunk::<5>() else { return false };
    first & LONG_HEADER != 0 && Version::of(u32::from_be_bytes([a, b, c, d])).is_some()
}

/// A connection whose first Initial packet could be opened.
pub struct Quic {
    /// As `quic_version` shows it.
    pub version: String,
    /// Destination connection id of that packet.
    pub dcid: String,
    /// Its source connection id.
    pub scid: String,
    client: Side,
    number: u32,
    first_dcid: Vec<u8>,
    keys: Pair,
    crypto: [Crypto; 2],
}

impl Quic {
    /// The connection that a client's Initial packet in this payload opens.
    pub fn begin(payload: &[u8], side: Side) -> Option<Self> {
        let initial = Initial::all(payload).next()?;
        let keys = Pair::of(&initial.version, initial.dcid)?;
        keys.client.open(&initial)?;
        Some(Self {
            version: Version::name(initial.version.number),
            dcid: hex(initial.dcid),
            scid: hex(initial.scid),
            client: side,
            number: initial.version.number,
            first_dcid: initial.dcid.to_vec(),
            keys,
            crypto: Default::default(),
        })
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
