//! Ethernet frames inside IP tunnels.
//!
//! What comes in: the offset of the inner Ethernet header. What goes out: an inner IP header, or the layer-2
//! flow of PPPoE without IP; everything else stays in the flow of the carrier, with its MAC addresses.

use super::ether::{self, HEADER, MAX_LENGTH};
use super::names::{Name, ethertype, of_ethertype};
use super::pppoe;
use super::walk::{Macs, Next, Walk};

/// What an inner frame may carry beside IP, by the tunnel it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// Nothing: EtherIP, CAPWAP, LWAPP.
    Ip,
    /// PPPoE: VXLAN, GENEVE.
    Pppoe,
    /// IP behind LLC and SNAP: GRE.
    Llc,
}

/// An Ethernet header.
pub(super) fn ethernet(walk: &mut Walk<'_>, at: usize, rules: Rules) -> Next {
    walk.name(Name::Eth);
    let Some(value) = walk.u16(at + 12) else {
        return walk.stop();
    };
    walk.macs = Macs::of_ethernet(at);
    typed(walk, value, at + HEADER, rules)
}

/// The payload of an inner frame whose type value is known.
pub(super) fn typed(walk: &mut Walk<'_>, value: u16, at: usize, rules: Rules) -> Next {
    let (value, at) = ether::vlan_tags(walk, value, at);
    match value {
        ethertype::IPV4 => Next::Ipv4 { at, in_gre: is_in_gre(walk, rules) },
        ethertype::IPV6 => Next::ipv6(at),
        ethertype::PPPOE_SESSION if rules == Rules::Pppoe => pppoe::session(walk, at),
        ethertype::PPPOE_DISCOVERY if rules == Rules::Pppoe => ether::layer2_protocol(walk, value, at),
        ..=MAX_LENGTH | ethertype::JUMBO_LLC if rules == Rules::Llc => llc(walk, at),
        other => {
            walk.label(of_ethertype(other));
            walk.stop()
        }
    }
}

/// Whether the frame stands in GRE over IPv4.
fn is_in_gre(walk: &Walk<'_>, rules: Rules) -> bool {
    rules == Rules::Llc && walk.ip.is_some_and(|ip| ip.version == 4)
}

/// LLC inside GRE: the two bytes where SNAP has its ethertype are taken for one, SNAP or not.
fn llc(walk: &mut Walk<'_>, at: usize) -> Next {
    walk.name(Name::Llc);
    match walk.u16(at + 6) {
        Some(value) => typed(walk, value, at + 8, Rules::Ip),
        None => walk.stop(),
    }
}
