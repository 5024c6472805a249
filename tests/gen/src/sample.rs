//! The small capture that stands in the repository: an afternoon in a small network, each scene one thing that
//! flows do. Addresses are those kept for documentation (RFC 5737, RFC 3849).

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::fragments::fragments;
use crate::packet::flags::{ACK, FIN, PSH, RST, SYN};
use crate::packet::{Content, Ends, Ip, Packet, Payload, Quotation, Tcp, Transport, Udp, Vxlan, mac};

/// 2024-05-01T12:00:00Z.
const START_NS: i64 = 1_714_564_800_000_000_000;
const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;

const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const RESOLVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 53);
const WEB: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 80);
const CLIENT_6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 10);
const TIME_6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 123);

/// The packets of the sample, in order of time.
pub fn sample() -> Vec<Packet> {
    let mut story = Story { now: START_NS, packets: Vec::new() };
    who_has_the_gateway(&mut story);
    a_name_is_looked_up(&mut story);
    a_page_is_read(&mut story);
    a_port_is_closed(&mut story);
    a_connection_is_reset(&mut story);
    the_clock_is_set_over_ipv6(&mut story);
    hosts_are_pinged(&mut story);
    nobody_listens(&mut story);
    large_datagrams_are_fragmented(&mut story);
    frames_are_tagged(&mut story);
    a_tunnel_carries_a_connection(&mut story);
    a_group_is_joined(&mut story);
    a_late_answer_stands_alone(&mut story);
    heartbeats_stop_and_begin_again(&mut story);
    story.packets
}

/// The capture so far, and its clock.
struct Story {
    now: i64,
    packets: Vec<Packet>,
}

impl Story {
    fn wait(&mut self, ns: i64) -> &mut Self {
        self.now += ns;
        self
    }

    /// A packet, a little later than the one before.
    fn push(&mut self, mut packet: Packet) -> &mut Self {
        self.now += 3_141_000;
        packet.time_ns = self.now;
        packet.is_padded = true;
        self.packets.push(packet);
        self
    }

    fn push_ip(&mut self, ends: Ends, transport: Transport) -> &mut Self {
        // Identifications count up, as many hosts do it.
        let id = 0x1000 + self.packets.len() as u32;
        self.push(Packet::ip(0, Ip { id, ..Ip::new(ends, transport) }))
    }

    fn udp(&mut self, ends: Ends, ports: (u16, u16), payload: impl Into<Payload>) -> &mut Self {
        self.push_ip(ends, udp(ports, payload))
    }
}

fn udp((src_port, dst_port): (u16, u16), payload: impl Into<Payload>) -> Transport {
    Transport::Udp(Udp { src_port, dst_port, payload: payload.into(), whole: None })
}

/// A TCP connection that keeps its numbers; `push` tells where its segments go.
struct Connection<'a> {
    ends: Ends,
    ports: (u16, u16),
    seq: [u32; 2],
    push: &'a mut dyn FnMut(Ends, Transport),
}

impl Connection<'_> {
    fn send(&mut self, from_client: bool, flags: u8, payload: impl Into<Payload>) {
        let (own, other) = if from_client { (0, 1) } else { (1, 0) };
        let (ends, (src_port, dst_port)) = match from_client {
            true => (self.ends, self.ports),
            false => (self.ends.reversed(), (self.ports.1, self.ports.0)),
        };
        let payload = payload.into();
        let (seq, ack) = (self.seq[own], if flags & ACK == 0 { 0 } else { self.seq[other] });
        let numbers = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.seq[own] = seq.wrapping_add(numbers);
        let tcp = Tcp { src_port, dst_port, seq, ack, flags, window: 64_240, payload, ..Tcp::default() };
        (self.push)(ends, Transport::Tcp(tcp));
    }

    fn open(&mut self) {
        self.send(true, SYN, Payload::default());
        self.send(false, SYN | ACK, Payload::default());
        self.send(true, ACK, Payload::default());
    }

    fn close(&mut self) {
        self.send(true, FIN | ACK, Payload::default());
        self.send(false, FIN | ACK, Payload::default());
        self.send(true, ACK, Payload::default());
    }
}

fn who_has_the_gateway(story: &mut Story) {
    let broadcast = [0xff; 6];
    story.push(Packet::other(0, (mac(10), broadcast), 0x0806, arp(1, (mac(10), CLIENT), ([0; 6], GATEWAY))));
    story.push(Packet::other(0, (mac(1), mac(10)), 0x0806, arp(2, (mac(1), GATEWAY), (mac(10), CLIENT))));
}

/// RFC 826, for Ethernet and IPv4.
fn arp(operation: u8, sender: ([u8; 6], Ipv4Addr), target: ([u8; 6], Ipv4Addr)) -> Vec<u8> {
    let mut bytes = vec![0, 1, 8, 0, 6, 4, 0, operation];
    for (mac, address) in [sender, target] {
        bytes.extend(mac);
        bytes.extend(address.octets());
    }
    bytes
}

fn a_name_is_looked_up(story: &mut Story) {
    let to_resolver = Ends::V4(CLIENT, RESOLVER);
    story.udp(to_resolver, (53_124, 53), &dns(0x0100, &[])[..]);
    // Compressed name, type A, class IN, 300 s, 4 bytes (RFC 1035 section 4.1.3).
    let mut record = vec![0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4];
    record.extend(WEB.octets());
    story.wait(12 * MILLISECOND).udp(to_resolver.reversed(), (53, 53_124), &dns(0x8180, &record)[..]);
}

/// A message about `www.example.com`, with one answer or none (RFC 1035 section 4.1).
fn dns(flags: u16, answer: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xbe, 0xef];
    bytes.extend(flags.to_be_bytes());
    bytes.extend([0, 1, 0, u8::from(!answer.is_empty()), 0, 0, 0, 0]);
    bytes.extend(b"\x03www\x07example\x03com\0\0\x01\0\x01");
    bytes.extend(answer);
    bytes
}

fn a_page_is_read(story: &mut Story) {
    let mut push = |ends, transport| {
        story.wait(5 * MILLISECOND).push_ip(ends, transport);
    };
    let mut connection = Connection {
        ends: Ends::V4(CLIENT, WEB),
        ports: (49_812, 443),
        seq: [1_000_000, 77_000_000],
        push: &mut push,
    };
    connection.open();
    connection.send(true, PSH | ACK, tls(22, 512));
    connection.send(false, ACK, Payload::default());
    connection.send(false, ACK, tls(22, 1455));
    connection.send(false, PSH | ACK, Payload::Pattern(900));
    connection.send(true, ACK, Payload::default());
    connection.send(true, PSH | ACK, tls(20, 75));
    connection.send(true, PSH | ACK, tls(23, 210));
    for _ in 0..4 {
        connection.send(false, ACK, tls(23, 1455));
        connection.send(false, PSH | ACK, Payload::Pattern(1460));
        connection.send(true, ACK, Payload::default());
    }
    connection.close();
}

/// A record as it looks from outside: content type, version, length (RFC 8446 section 5.1).
fn tls(content_type: u8, len: u16) -> Payload {
    let mut bytes = vec![content_type, 3, 3];
    bytes.extend(len.to_be_bytes());
    bytes.extend(Payload::Pattern(len).bytes());
    Payload::Bytes(bytes)
}

fn a_port_is_closed(story: &mut Story) {
    let mut push = |ends, transport| {
        story.push_ip(ends, transport);
    };
    let ends = Ends::V4(CLIENT, WEB);
    let mut connection = Connection { ends, ports: (49_813, 8_443), seq: [5_000, 0], push: &mut push };
    connection.send(true, SYN, Payload::default());
    connection.send(false, RST | ACK, Payload::default());
}

/// The last segment comes a quarter of a second after the reset, when the flow is over.
fn a_connection_is_reset(story: &mut Story) {
    story.wait(SECOND);
    let mut number = 0;
    let mut push = |ends, transport| {
        number += 1;
        story.wait(if number == 7 { 250 * MILLISECOND } else { 0 }).push_ip(ends, transport);
    };
    let ends = Ends::V4(CLIENT, WEB);
    let mut connection = Connection { ends, ports: (49_814, 22), seq: [9_000, 300_000], push: &mut push };
    connection.open();
    connection.send(false, PSH | ACK, &b"SSH-2.0-example\r\n"[..]);
    connection.send(true, ACK, Payload::default());
    connection.send(true, RST, Payload::default());
    connection.send(false, PSH | ACK, Payload::Pattern(40));
}

fn the_clock_is_set_over_ipv6(story: &mut Story) {
    let ends = Ends::V6(CLIENT_6, TIME_6);
    for _ in 0..2 {
        story.udp(ends, (50_123, 123), Payload::Pattern(48));
        story.wait(20 * MILLISECOND).udp(ends.reversed(), (123, 50_123), Payload::Pattern(48));
        story.wait(2 * SECOND);
    }
}

fn hosts_are_pinged(story: &mut Story) {
    let v4 = Ends::V4(CLIENT, GATEWAY);
    for number in 1..=3 {
        story.push_ip(v4, echo(8, number)).push_ip(v4.reversed(), echo(0, number)).wait(SECOND);
    }
    let v6 = Ends::V6(CLIENT_6, TIME_6);
    story.push_ip(v6, echo(128, 1)).push_ip(v6.reversed(), echo(129, 1));
}

fn echo(kind: u8, number: u8) -> Transport {
    Transport::Icmp { kind, code: 0, rest: [0x12, 0x34, 0, number], payload: Payload::Pattern(56) }
}

/// RFC 792: destination unreachable, port unreachable, with the IP header and 8 bytes of what was sent.
fn nobody_listens(story: &mut Story) {
    let ends = Ends::V4(CLIENT, WEB);
    story.udp(ends, (50_500, 33_434), Payload::Pattern(32));
    let Some(Packet { content: Content::Ip(sent), .. }) = story.packets.last() else {
        unreachable!("an IP packet was pushed")
    };
    let payload = Quotation::new(sent, 28).into();
    let unreachable = Transport::Icmp { kind: 3, code: 3, rest: [0; 4], payload };
    story.push_ip(ends.reversed(), unreachable);
}

fn large_datagrams_are_fragmented(story: &mut Story) {
    let there = Ends::V4(CLIENT, RESOLVER);
    let whole =
        |ends, id, ports, len| Packet::ip(0, Ip { id, ..Ip::new(ends, udp(ports, Payload::Pattern(len))) });
    for piece in fragments(&whole(there, 0x0a01, (53_125, 5_000), 3_072), 1_480) {
        story.push(piece);
    }
    // The answer comes in the wrong order, so that its first two pieces find no flow with ports.
    let mut pieces = fragments(&whole(there.reversed(), 0x0a02, (5_000, 53_125), 3_072), 1_480);
    pieces.rotate_left(1);
    for piece in pieces {
        story.push(piece);
    }
}

fn frames_are_tagged(story: &mut Story) {
    let ends = Ends::V4(CLIENT, GATEWAY);
    let syslog = |ends, ports, payload: &[u8]| Packet::ip(0, Ip::new(ends, udp(ports, payload)));
    story.push(syslog(ends, (50_514, 514), b"<13>hello from VLAN 10").with_vlans(&[10]));
    story.push(syslog(ends.reversed(), (514, 50_514), b"<13>and back").with_vlans(&[10]));
    story.push(syslog(ends, (50_514, 514), b"<13>hello from VLAN 20 in 100").with_vlans(&[100, 20]));
}

fn a_tunnel_carries_a_connection(story: &mut Story) {
    let (left, right) = (Ipv4Addr::new(198, 51, 100, 201), Ipv4Addr::new(198, 51, 100, 202));
    let inner = Ends::V4(Ipv4Addr::new(192, 0, 2, 130), Ipv4Addr::new(192, 0, 2, 131));
    let mut push = |ends: Ends, transport| {
        let (src, dst) = if ends == inner { (left, right) } else { (right, left) };
        let tunnel = Some(Vxlan { src, dst, src_port: 50_789, vni: 42 });
        story.push(Packet { tunnel, ..Packet::ip(0, Ip::new(ends, transport)) });
    };
    let mut connection = Connection { ends: inner, ports: (51_000, 6_379), seq: [100, 200], push: &mut push };
    connection.open();
    connection.send(true, PSH | ACK, &b"PING\r\n"[..]);
    connection.send(false, PSH | ACK, &b"+PONG\r\n"[..]);
    connection.close();
}

/// RFC 2710: a multicast listener report, with the router alert option in a hop-by-hop header.
fn a_group_is_joined(story: &mut Story) {
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
    let report = Transport::Icmp { kind: 131, code: 0, rest: [0; 4], payload: group.octets()[..].into() };
    let ip = Ip { has_router_alert: true, ttl: 1, ..Ip::new(Ends::V6(CLIENT_6, group), report) };
    let packet = Packet { dst_mac: [0x33, 0x33, 0, 0, 0, 0xfb], ..Packet::ip(0, ip) };
    story.push(packet);
}

/// Nobody is seen to ask, but the port tells that this is an answer.
fn a_late_answer_stands_alone(story: &mut Story) {
    let ends = Ends::V4(RESOLVER, Ipv4Addr::new(192, 0, 2, 99));
    story.udp(ends, (53, 40_000), &dns(0x8183, &[])[..]);
}

/// A silence of 100 s keeps a flow alive, one of 200 s ends it.
fn heartbeats_stop_and_begin_again(story: &mut Story) {
    let ends = Ends::V4(CLIENT, WEB);
    for silence in [0, 100, 100, 200, 100] {
        story.wait(silence * SECOND).udp(ends, (40_404, 40_405), &b"alive"[..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_stand_still() {
        assert!(sample().is_sorted_by(|earlier, later| earlier.time_ns < later.time_ns));
    }

    #[test]
    fn all_addresses_are_for_documentation_or_multicast() {
        let is_fine = |address: Ipv4Addr| address.is_documentation();
        let is_fine_6 =
            |address: Ipv6Addr| address.octets()[..4] == [0x20, 1, 0x0d, 0xb8] || address.is_multicast();
        for packet in sample() {
            let Content::Ip(ip) = packet.content else { continue };
            assert!(match ip.ends {
                Ends::V4(src, dst) => is_fine(src) && is_fine(dst),
                Ends::V6(src, dst) => is_fine_6(src) && is_fine_6(dst),
            });
        }
    }
}
