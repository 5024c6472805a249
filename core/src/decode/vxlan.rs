//! VXLAN (RFC 7348) on ports 4789 and 8472, VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe) on port 4790, and the
//! network service header behind it (RFC 8300).

use weir_sdk::status;

use super::inner::{self, Rules};
use super::names::Name;
use super::transport::Segment;
use super::walk::{Next, Walk};

const PORTS: [u16; 2] = [4789, 8472];
const GPE_PORTS: [u16; 1] = [4790];
const HEADER: usize = 8;
/// GPE: the next protocol field is valid.
const NEXT_PROTOCOL: u8 = 0x04;

/// Values of the next protocol field of GPE and of NSH.
mod next {
    pub(super) const IPV4: u8 = 1;
    pub(super) const IPV6: u8 = 2;
    pub(super) const ETHERNET: u8 = 3;
    pub(super) const NSH: u8 = 4;
    pub(super) const MPLS: u8 = 5;
}

/// The inner packet.
pub(super) fn decode(walk: &mut Walk<'_>, segment: &Segment) -> Option<Next> {
    let is_gpe = is_tunnel(segment, &GPE_PORTS);
    if !is_gpe && !is_tunnel(segment, &PORTS) {
        return None;
    }
    let header = walk.array::<HEADER>(segment.payload)?;
    if header[1] != 0 || header[7] != 0 || (is_gpe && header[2] != 0) {
        return None;
    }
    let at = segment.payload + HEADER;
    if !walk.reaches(at) {
        return None;
    }
    walk.name(if is_gpe { Name::VxlanGpe } else { Name::Vxlan });
    walk.mark(status::VXLAN);
    if is_gpe && header[0] & NEXT_PROTOCOL != 0 {
        return by_next_protocol(walk, header[3], at);
    }
    Some(inner::ethernet(walk, at, Rules::Pppoe))
}

/// RFC 7348 §5: the source port may be anything.
fn is_tunnel(segment: &Segment, ports: &[u16]) -> bool {
    ports.contains(&segment.dst) || segment.serves(ports)
}

fn by_next_protocol(walk: &mut Walk<'_>, mut protocol: u8, mut at: usize) -> Option<Next> {
    while protocol == next::NSH {
        walk.name(Name::Nsh);
        match service_header(walk, at) {
            Some((next, behind)) => (protocol, at) = (next, behind),
            None => return Some(walk.stop()),
        }
    }
    match protocol {
        next::IPV4 => Some(Next::ipv4(at)),
        next::IPV6 => Some(Next::ipv6(at)),
        next::ETHERNET => Some(inner::ethernet(walk, at, Rules::Pppoe)),
        next::MPLS => {
            walk.name(Name::Mpls);
            walk.mark(status::MPLS_UNICAST | status::MPLS_MULTICAST);
            None
        }
        _ => Some(walk.stop()),
    }
}

/// RFC 8300 §2.2: the length counts words of 4 bytes, the base header of two words included.
fn service_header(walk: &Walk<'_>, at: usize) -> Option<(u8, usize)> {
    let [_, length, _, next] = walk.array(at)?;
    let len = usize::from(length & 0x3f) * 4;
    (len >= 8).then_some((next, at + len))
}
