//! EtherIP (RFC 3378): Ethernet frames in IP.

use weir_sdk::status;

use super::NoFlow;
use super::inner::{self, Rules};
use super::names::Name;
use super::walk::{End, IpHeader, Next, Walk, no_flow};

const VERSION: u8 = 3;
const HEADER: usize = 2;

/// The inner frame.
pub(super) fn decode(walk: &mut Walk<'_>, ip: IpHeader) -> Next {
    walk.name(Name::Etherip);
    walk.update_ip(|ip| ip.has_l4 = true);
    match walk.nibble(ip.l4_at) {
        Some(VERSION..) => {
            walk.mark(status::ETHERIP);
            inner::ethernet(walk, ip.l4_at + HEADER, Rules::Ip)
        }
        Some(_) if ip.version == 6 => no_flow(NoFlow::BadEtherIpVersion),
        _ => Next::End(End::Ip),
    }
}

#[cfg(test)]
mod tests {
    use super::super::link::link_type;
    use super::super::testing::*;
    use crate::decode::NoFlow;

    #[test]
    fn the_inner_frame_is_decoded() {
        let payload = join(&[&[0x30, 0], &tagged(&[5], 0x0800, &inner_v4())]);
        let facts = check(&over_ip(97, &payload), "eth:ipv4:etherip:eth:vlan:ipv4:udp", 0x0400000000044100);
        is_inner(&facts);
        assert_eq!(facts.dst_mac_offset, 36);
        let frame = eth(0x86dd, &ipv6(97, &join(&[&[0x30, 0], &eth(0x86dd, &inner_v6())])));
        is_inner(&check(&frame, "eth:ipv6:etherip:eth:ipv6:udp", 0x0800000000048000));
    }

    #[test]
    fn a_low_version_has_no_flow_over_ipv6() {
        check(&over_ip(97, &[0x20; 16]), "eth:ipv4:etherip", 0x0400000000004000);
        let frame = eth(0x86dd, &ipv6(97, &[0x20; 16]));
        assert_eq!(decode_on(link_type::ETHERNET, &frame).err(), Some(NoFlow::BadEtherIpVersion));
    }

    #[test]
    fn other_frames_are_named_in_the_flow_of_the_carrier() {
        let frame = over_ip(97, &join(&[&[0x30, 0], &eth(0x0806, &[0; 28])]));
        let seen = check(&frame, "eth:ipv4:etherip:eth:arp", 0x0400080000044000);
        assert_eq!((seen.l4_proto, seen.ethertype, seen.payload_len), (97, 0x0800, 36));
        is_carrier(&seen, 0, 0);
    }

    #[test]
    fn a_cut_frame_stays_with_the_carrier() {
        let frame = over_ip(97, &join(&[&[0x30, 0], &eth(0x0800, &inner_v4())]));
        for (captured, chain) in
            [(35, "eth:ipv4:etherip:eth"), (49, "eth:ipv4:etherip:eth"), (60, "eth:ipv4:etherip:eth:ipv4")]
        {
            let seen = decode_cut(link_type::ETHERNET, &frame[..captured], frame.len()).expect("a flow");
            assert_eq!((seen.chain.as_str(), seen.l4_proto), (chain, 97));
            assert_ne!(seen.status & weir_sdk::status::STOPPED, 0);
            is_carrier(&seen, 0, 0);
        }
        check(&over_ip(97, &[]), "eth:ipv4:etherip", 0x0400000800004000);
    }
}
