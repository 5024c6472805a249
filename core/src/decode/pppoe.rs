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

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    fn session_frame(protocol: u16, payload: &[u8]) -> Vec<u8> {
        let len = (payload.len() as u16 + 2).to_be_bytes();
        eth(0x8864, &join(&[&[0x11, 0, 0, 1], &len, &protocol.to_be_bytes(), payload]))
    }

    #[test]
    fn a_session_leads_to_ip() {
        is_inner(&check(&session_frame(0x0021, &inner_v4()), "eth:pppoes:ppp:ipv4:udp", 0x0400000000004010));
        is_inner(&check(&session_frame(0x0057, &inner_v6()), "eth:pppoes:ppp:ipv6:udp", 0x0800000000008010));
    }

    #[test]
    fn other_ppp_protocols_are_layer_2_flows() {
        let facts =
            check(&padded(session_frame(0x8057, &[0; 4])), "eth:pppoes:ppp:UNK(0x8057)", 0x80000000014);
        assert_eq!((facts.ethertype, facts.payload_len, facts.padding_len), (0x8864, 46, 34));
        check(&session_frame(0xc021, &[0; 4]), "eth:pppoes:ppp:lcp", 0x14);
    }

    #[test]
    fn discovery_has_a_bit_of_its_own() {
        let facts = check(&padded(eth(0x8863, &[0x11, 9, 0, 0, 0, 4])), "eth:pppoed", 0xc);
        assert_eq!(facts.padding_len, 36);
    }
}
