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
