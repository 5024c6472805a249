//! PPPoE (RFC 2516).
//!
//! What comes in: the first byte behind ethertype 0x8863 or 0x8864. What goes out: the IP header of a session,
//! or its end with the name of the PPP protocol.

use weir_sdk::status;

use super::names::{Name, ethertype, of_ppp, ppp_protocol};
use super::walk::{Next, Walk};

/// Length of the PPPoE header; the PPP protocol follows, never compressed (RFC 2516 §7).
const HEADER: usize = 6;

/// A session packet.
pub(super) fn session(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Pppoes);
    walk.name(Name::Ppp);
    walk.mark(status::PPPOE_SESSION);
    let behind = at + HEADER + 2;
    match walk.u16(at + HEADER) {
        Some(ppp_protocol::IPV4) => Next::ipv4(behind),
        Some(ppp_protocol::IPV6) => Next::ipv6(behind),
        Some(protocol) => {
            walk.label(of_ppp(protocol));
            ended(walk, at)
        }
        None => ended(walk, at),
    }
}

/// What carries no IP belongs to the carrier inside a tunnel, else to a layer-2 flow.
fn ended(walk: &mut Walk<'_>, at: usize) -> Next {
    if walk.ip.is_some() {
        return walk.stop();
    }
    walk.payload_end = payload_end(walk, at);
    walk.layer2(ethertype::PPPOE_SESSION, at)
}

/// Where the length field says that the payload ends.
pub(super) fn payload_end(walk: &Walk<'_>, at: usize) -> Option<usize> {
    walk.u16(at + 4).map(|len| at + HEADER + usize::from(len))
}
