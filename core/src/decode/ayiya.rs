//! AYIYA, anything in anything (draft-massar-v6ops-ayiya), on port 5072.

use weir_sdk::status;

use super::names::{Name, protocol};
use super::transport::Segment;
use super::walk::{Next, Walk};

const PORTS: [u16; 1] = [5072];

/// The inner packet.
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    if !segment.serves(&PORTS) {
        return None;
    }
    let [lengths, signature, _, next_header] = walk.array(segment.payload)?;
    let inner = segment.payload + header_len(lengths, signature);
    let version = walk.nibble(inner)?;
    if segment.ip.protocol == protocol::SCTP || next_header == protocol::NO_NEXT {
        named(walk);
        return Some(walk.stop());
    }
    match (next_header, version) {
        (protocol::IPV6, 6) => {
            named(walk);
            Some(Next::ipv6(inner))
        }
        (protocol::IPV4, 4) => {
            named(walk);
            Some(Next::ipv4(inner))
        }
        _ => Some(walk.stop()),
    }
}

fn named(walk: &mut Walk<'_>) {
    walk.name(Name::Ayiya);
    walk.mark(status::AYIYA);
}

/// 8 bytes, an identity of 2^n bytes, a signature of 4n bytes.
fn header_len(lengths: u8, signature: u8) -> usize {
    8 + (1 << (lengths >> 4)) + 4 * usize::from(signature >> 4)
}
