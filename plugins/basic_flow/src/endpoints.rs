//! The first packet of a conversation in, its two ends out, as either direction names them.

use weir_sdk::{Ip, Packet, Side, flag};

/// Source and destination, and the protocol between them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Endpoints {
    pub(crate) src_ip: Option<Ip>,
    pub(crate) dst_ip: Option<Ip>,
    pub(crate) src_port: Option<u16>,
    pub(crate) dst_port: Option<u16>,
    pub(crate) ethertype: u16,
    pub(crate) ip_version: Option<u8>,
    pub(crate) l4_proto: Option<u8>,
}

impl Endpoints {
    /// The ends as packets of A name them, whoever sent this one.
    pub(crate) fn of_a(packet: &Packet<'_>) -> Self {
        // The exchange undoes itself, so it leads from either side to A as from A to either side.
        Self::of(packet).seen_from(packet.side())
    }

    /// The ends as packets of `side` name them.
    pub(crate) fn seen_from(&self, side: Side) -> Self {
        match side {
            Side::A => *self,
            Side::B => Self {
                src_ip: self.dst_ip,
                dst_ip: self.src_ip,
                src_port: self.dst_port,
                dst_port: self.src_port,
                ..*self
            },
        }
    }

    fn of(packet: &Packet<'_>) -> Self {
        let is_ip = packet.ip_version != 0;
        let has_ports = packet.has(flag::HAS_L4) && uses_ports(packet.l4_proto);
        Self {
            src_ip: packet.src_ip(),
            dst_ip: packet.dst_ip(),
            src_port: has_ports.then_some(packet.src_port),
            dst_port: has_ports.then_some(packet.dst_port),
            ethertype: packet.ethertype,
            ip_version: is_ip.then_some(packet.ip_version),
            l4_proto: is_ip.then_some(packet.l4_proto),
        }
    }
}

/// TCP, UDP, SCTP, UDP-Lite.
fn uses_ports(protocol: u8) -> bool {
    matches!(protocol, 6 | 17 | 132 | 136)
}
