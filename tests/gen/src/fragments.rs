//! One datagram → its fragments (RFC 791 section 3.2, RFC 8200 section 4.5).

use crate::frame::{udp_checksum, write_transport};
use crate::packet::{Content, Fragment, Ip, Packet, Payload, Transport, Udp};

/// Cuts an unfragmented packet that carries UDP into fragments with at most `max` bytes behind the IP header,
/// all with the same time. `max` is a multiple of 8 and leaves room for more than the UDP header.
///
/// # Panics
///
/// If the packet carries anything else.
pub fn fragments(packet: &Packet, max: usize) -> Vec<Packet> {
    let Packet { content: Content::Ip(ip), .. } = packet else { panic!("only IP packets have fragments") };
    let Transport::Udp(udp) = &ip.transport else { panic!("only UDP datagrams are cut here") };
    let mut bytes = Vec::new();
    write_transport(&ip.transport, ip.ends, &mut bytes);
    let pieces: Vec<&[u8]> = bytes.chunks(max).collect();
    let mut packets = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let transport = match at {
            0 => Transport::Udp(first(udp, ip, bytes.len(), piece)),
            _ => Transport::Raw { protocol: 17, payload: Payload::Bytes(piece.to_vec()) },
        };
        let offset = (at * max / 8) as u16;
        let fragment = Some(Fragment { offset, has_more: at + 1 < pieces.len() });
        packets.push(Packet {
            content: Content::Ip(Ip { fragment, transport, ..ip.clone() }),
            ..packet.clone()
        });
    }
    packets
}

fn first(udp: &Udp, ip: &Ip, len: usize, piece: &[u8]) -> Udp {
    let whole = Some((len as u16, udp_checksum(udp, ip.ends)));
    Udp { payload: piece[8..].into(), whole, ..udp.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Ends;
    use std::net::Ipv4Addr;

    #[test]
    fn fragments_put_together_are_the_datagram() {
        let ends = Ends::V4(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
        let udp = Udp { src_port: 1, dst_port: 2, payload: Payload::Pattern(3000), whole: None };
        let packet = Packet::ip(0, Ip::new(ends, Transport::Udp(udp)));
        let mut whole = Vec::new();
        let mut together = Vec::new();
        for piece in [packet.clone()].iter().chain(&fragments(&packet, 1480)) {
            let Content::Ip(ip) = &piece.content else { unreachable!("fragments are IP packets") };
            let bytes = if ip.fragment.is_some() { &mut together } else { &mut whole };
            write_transport(&ip.transport, ip.ends, bytes);
        }
        assert_eq!(together, whole);
    }
}
