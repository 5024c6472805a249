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

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    fn ayiya(next: u8, packet: &[u8]) -> Vec<u8> {
        join(&[&[0x44, 0x52, 0x11, next], &[0; 40], packet])
    }

    #[test]
    fn the_next_header_says_what_is_inside() {
        is_inner(&check(
            &over_udp(40000, 5072, &ayiya(41, &inner_v6())),
            "eth:ipv4:udp:ayiya:ipv6:udp",
            0x0c00000000108000,
        ));
        check(&over_udp(40000, 5072, &ayiya(59, &[0])), "eth:ipv4:udp:ayiya", 0x0400080000104000);
        check(&over_udp(40000, 5072, &ayiya(17, &[0])), "eth:ipv4:udp", 0x0400080000004000);
    }

    #[test]
    fn a_header_that_reaches_the_end_is_none() {
        check(&over_udp(40000, 5072, &ayiya(59, &[])), "eth:ipv4:udp", 0x0400000000004000);
    }

    #[test]
    fn tcp_may_carry_it_too() {
        is_inner(&check(
            &over_ip(6, &tcp(5072, 40000, &ayiya(4, &inner_v4()))),
            "eth:ipv4:tcp:ayiya:ipv4:udp",
            0x0400000000104000,
        ));
    }

    #[test]
    fn udplite_carries_it_and_sctp_stops_at_it() {
        let lite = over_ip(136, &udp(40000, 5072, &ayiya(41, &inner_v6())));
        is_inner(&check(&lite, "eth:ipv4:udplite:ayiya:ipv6:udp", 0x0c00000000108000));
        let sctp = join(&[&udp(40000, 5072, &[0; 4]), &ayiya(41, &inner_v6())]);
        let seen = check(&over_ip(132, &sctp), "eth:ipv4:sctp:ayiya", 0x0400080000104000);
        is_carrier(&seen, 40000, 5072);
    }

    #[test]
    fn a_next_header_that_does_not_fit_stops_decoding() {
        let seen = check(&over_udp(40000, 5072, &ayiya(41, &inner_v4())), "eth:ipv4:udp", 0x0400080000004000);
        is_carrier(&seen, 40000, 5072);
        let low = over_udp(53, 5072, &ayiya(41, &inner_v6()));
        is_carrier(&check(&low, "eth:ipv4:udp", 0x0400000000004000), 53, 5072);
    }

    #[test]
    fn a_cut_inner_header_stays_with_the_carrier() {
        let frame = over_udp(40000, 5072, &ayiya(41, &inner_v6()));
        let seen = check_cut(ETHERNET, &frame, 100, "eth:ipv4:udp:ayiya:ipv6", 0x0400080200104000);
        is_carrier(&seen, 40000, 5072);
        is_carrier(&check_cut(ETHERNET, &frame, 45, "eth:ipv4:udp", 0x0400000200004000), 40000, 5072);
    }
}
