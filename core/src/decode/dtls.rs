//! DTLS records (RFC 6347, RFC 9147) in UDP, recognised by their first bytes.

use weir_sdk::status;

use super::names::Name;
use super::walk::Walk;

/// Adds a name for each record from the first byte of the payload on.
pub(super) fn decode(walk: &mut Walk<'_>, mut at: usize) {
    while let Some(name) = walk.array(at).and_then(record) {
        walk.name(name);
        walk.mark(status::DTLS);
        match walk.u16(at + 11) {
            Some(len) if !walk.chain.is_full() => at += 13 + usize::from(len),
            _ => return,
        }
    }
}

/// The version of the record that begins with these bytes.
pub(super) fn record([content_type, major, minor]: [u8; 3]) -> Option<Name> {
    if !matches!(content_type, 0x14..=0x3f) {
        return None;
    }
    match [major, minor] {
        [0xfe, 0xfd] => Some(Name::Dtls12),
        // 1.0, and the version number of early drafts.
        [0xfe, 0xff] | [0x01, 0x00] => Some(Name::Dtls10),
        _ => None,
    }
}
