//! Teredo (RFC 4380): IPv6 in UDP over IPv4, recognised by its content.

use weir_sdk::status;

use super::names::Name;
use super::transport::Segment;
use super::walk::{Next, Walk};

const MAX_SYSTEM_PORT: u16 = 1024;
const PORTS: [u16; 1] = [3544];
/// The prefix of Teredo addresses, 2001:0::/32 (RFC 4380 §2.6).
const PREFIX: u32 = 0x2001_0000;

/// Indicators in front of the packet (RFC 4380 §5.1.1).
mod indicator {
    pub(super) const ORIGIN: u16 = 0x0000;
    pub(super) const AUTHENTICATION: u16 = 0x0001;
}

/// Whether a datagram over IPv4 is worth a closer look.
#[inline(always)]
pub(super) fn may_be(src: u16, dst: u16, payload: &[u8]) -> bool {
    src.min(dst) > MAX_SYSTEM_PORT && matches!(payload, [0x60, ..] | [0x00, 0x00 | 0x01, ..])
}

/// The inner packet.
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    if segment.ip.version != 4 || segment.src.min(segment.dst) <= MAX_SYSTEM_PORT {
        return None;
    }
    let at = behind_indicators(walk, segment.payload)?;
    let (source, destination) = (walk.u32(at + 8)?, walk.u32(at + 24)?);
    let is_teredo = segment.has_port(&PORTS) || source == PREFIX || destination == PREFIX;
    if walk.nibble(at)? != 6 || !is_teredo {
        return None;
    }
    walk.name(Name::Teredo);
    walk.mark(status::TEREDO);
    Some(Next::ipv6(at))
}

/// Where the IPv6 header begins, if the payload begins like one or with an indicator.
fn behind_indicators(walk: &Walk<'_>, mut at: usize) -> Option<usize> {
    if walk.u8(at)? == 0x60 {
        return Some(at);
    }
    if walk.u16(at)? == indicator::AUTHENTICATION {
        let [client, authentication] = walk.array(at + 2)?;
        at += 13 + usize::from(client) + usize::from(authentication);
    } else if walk.u16(at)? != indicator::ORIGIN {
        return None;
    }
    if walk.u16(at)? == indicator::ORIGIN {
        at += 8;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type::ETHERNET;
    use super::super::testing::*;

    #[test]
    fn ipv6_behind_indicators_is_decoded() {
        let chain = "eth:ipv4:udp:teredo:ipv6:udp";
        is_inner(&check(&over_udp(3544, 40000, &inner_v6()), chain, 0x0c00000000088000));
        let origin = join(&[&[0; 8], &inner_v6()]);
        is_inner(&check(&over_udp(3544, 40000, &origin), chain, 0x0c00000000088000));
        let authenticated = join(&[&[0, 1, 1, 1], &[9; 11], &origin]);
        is_inner(&check(&over_udp(3544, 40000, &authenticated), chain, 0x0c00000000088000));
    }

    #[test]
    fn other_ports_need_a_teredo_address() {
        let mut packet = inner_v6();
        check(&over_udp(40001, 40000, &packet), "eth:ipv4:udp", 0x0400000000004000);
        packet[10..12].fill(0);
        check(&over_udp(40001, 40000, &packet), "eth:ipv4:udp:teredo:ipv6:udp", 0x0c00000000088000);
        check(&over_udp(1000, 40000, &packet), "eth:ipv4:udp", 0x0400000000004000);
    }

    #[test]
    fn other_payloads_and_an_ipv6_carrier_are_plain_udp() {
        for payload in [&[0x45; 48][..], &[0, 2, 0, 0], &[0, 0, 0, 0, 0, 0, 0, 0, 0x45]] {
            is_carrier(
                &check(&over_udp(3544, 40000, payload), "eth:ipv4:udp", 0x0400000000004000),
                3544,
                40000,
            );
        }
        let frame = over_ipv6(17, &udp(3544, 40000, &inner_v6()));
        is_carrier(&check(&frame, "eth:ipv6:udp", 0x0800000000008000), 3544, 40000);
    }

    #[test]
    fn a_cut_header_is_plain_udp() {
        let frame = over_udp(3544, 40000, &join(&[&[0, 1, 1, 1], &[9; 11], &[0; 8], &inner_v6()]));
        for captured in [43, 45, 57, 66, 92] {
            is_carrier(
                &check_cut(ETHERNET, &frame, captured, "eth:ipv4:udp", 0x0400000200004000),
                3544,
                40000,
            );
        }
        let seen = check_cut(ETHERNET, &frame, 104, "eth:ipv4:udp:teredo:ipv6", 0x0400080200084000);
        is_carrier(&seen, 3544, 40000);
    }
}
