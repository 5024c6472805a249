//! Random captures, small and full of what matters: few hosts and ports, so that packets meet; silences around
//! the timeouts; TCP right and wrong; fragments in any order.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use weir_traffic::packet::flags::{ACK, FIN, PSH, RST, SYN};
use weir_traffic::packet::{Ends, Fragment, Ip, Packet, Payload, Tcp, Transport, Udp, Vxlan, mac};

const START_NS: i64 = 1_700_000_000_000_000_000;
const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLISECOND;
/// Ports on both sides of what tells a server.
const PORTS: [(u16, u16); 9] = [
    (40_000, 53),
    (53, 40_000),
    (1_023, 443),
    (443, 1_023),
    (1_024, 8_090),
    (8_090, 1_024),
    (8_080, 40_000),
    (8_089, 8_081),
    (53, 53),
];
/// Which hosts talk: mostly the same two, sometimes a host to itself.
const HOSTS: [(u8, u8); 8] = [(1, 2), (2, 1), (1, 2), (2, 1), (1, 2), (2, 1), (3, 2), (1, 1)];

/// A capture; when a test fails, it prints one line for each packet.
#[derive(Clone)]
pub struct Capture(pub Vec<Packet>);

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for Packet { time_ns, src_mac, vlan_ids, is_padded, content, tunnel, .. } in &self.0 {
            let time = (time_ns - START_NS) as f64 / SECOND as f64;
            let (mac, tunnel) = (src_mac[5], if tunnel.is_some() { " in a tunnel" } else { "" });
            writeln!(f, "{time:.9} from {mac} VLAN {vlan_ids:?} padded {is_padded}{tunnel} {content:?}")?;
        }
        Ok(())
    }
}

/// Something that happens in a capture.
#[derive(Clone, Debug)]
struct Step {
    silence_ns: i64,
    frame: Frame,
    event: Event,
}

/// The frame around what happens.
#[derive(Clone, Debug)]
struct Frame {
    vlan_ids: Vec<u16>,
    is_padded: bool,
    has_tunnel: bool,
    /// The source has a second MAC address.
    is_second_mac: bool,
    has_router_alert: bool,
    ip_id: u32,
}

#[derive(Clone, Debug)]
enum Event {
    Segments(Connection, Vec<Segment>),
    Packet(Ends, Transport),
    Piece(Ends, u32, Fragment, Transport),
    Arp(u8, u8),
}

/// Which TCP connection, so that its numbers can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Connection {
    ends: Ends,
    ports: (u16, u16),
}

#[derive(Clone, Debug)]
struct Segment {
    is_reply: bool,
    flags: u8,
    /// Added to the right numbers.
    errors: (u32, u32),
    payload: u16,
    /// Time since the segment before.
    wait_ns: i64,
}

/// Captures of 2 to about 100 packets whose time never steps back.
pub fn forwards() -> impl Strategy<Value = Capture> {
    captures(silence().boxed())
}

/// The same with some steps back.
pub fn back_and_forth() -> impl Strategy<Value = Capture> {
    let back = prop_oneof![Just(-1), Just(-100 * MILLISECOND), Just(-50 * SECOND), Just(-200 * SECOND)];
    captures(prop_oneof![8 => silence(), 1 => back].boxed())
}

fn captures(silence: BoxedStrategy<i64>) -> impl Strategy<Value = Capture> {
    let step =
        (silence, frame(), event()).prop_map(|(silence_ns, frame, event)| Step { silence_ns, frame, event });
    vec(step, 2..60).prop_map(|steps| Capture(packets(&steps)))
}

fn silence() -> impl Strategy<Value = i64> {
    prop_oneof![
        12 => Just(0),
        90 => 1..60 * MILLISECOND,
        9 => around_a_timeout(),
    ]
}

fn around_a_timeout() -> impl Strategy<Value = i64> {
    let timeouts = [100 * MILLISECOND, 10 * SECOND, 120 * SECOND, 182 * SECOND, 610 * SECOND];
    (select(timeouts.to_vec()), 0..4u8).prop_map(|(timeout, which)| match which {
        0 => timeout - 1,
        1 => timeout / 2,
        _ => timeout,
    })
}

fn frame() -> impl Strategy<Value = Frame> {
    let vlan_ids = prop_oneof![
        50 => Just(vec![]),
        2 => Just(vec![5]),
        1 => Just(vec![7, 5]),
        1 => Just(vec![0]),
        1 => Just(vec![1, 2, 3, 4]),
    ];
    let rarely = || prop::bool::weighted(0.1);
    let ip_id = prop_oneof![3 => select(vec![0u32, 5, 6]), 2 => 0u32..65_536];
    (vlan_ids, any::<bool>(), rarely(), rarely(), rarely(), ip_id).prop_map(
        |(vlan_ids, is_padded, has_tunnel, is_second_mac, has_router_alert, ip_id)| Frame {
            vlan_ids,
            is_padded,
            has_tunnel,
            is_second_mac,
            has_router_alert,
            ip_id,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        9 => (connection(), segments()).prop_map(|(connection, segments)| Event::Segments(connection, segments)),
        4 => (ends(), udp()).prop_map(|(ends, udp)| Event::Packet(ends, udp)),
        2 => (ends(), icmp()).prop_map(|(ends, icmp)| Event::Packet(ends, icmp)),
        1 => other(),
        5 => piece(),
        1 => select(HOSTS.to_vec()).prop_map(|(sender, target)| Event::Arp(sender, target)),
    ]
}

fn ends() -> impl Strategy<Value = Ends> {
    (prop::bool::weighted(0.1), select(HOSTS.to_vec())).prop_map(|(is_ipv6, (src, dst))| match is_ipv6 {
        true => Ends::V6(ipv6(src), ipv6(dst)),
        false => Ends::V4(ipv4(src), ipv4(dst)),
    })
}

fn ipv4(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, host)
}

fn ipv6(host: u8) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host.into())
}

/// Mostly a resolver and who asks it.
fn ports() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![3 => select(PORTS[..2].to_vec()), 1 => select(PORTS.to_vec())]
}

/// Mostly one of two connections, so that their packets meet.
fn connection() -> impl Strategy<Value = Connection> {
    let usual = |client, ports| Connection { ends: Ends::V4(ipv4(client), ipv4(2)), ports };
    let any = (ends(), ports()).prop_map(|(ends, ports)| Connection { ends, ports });
    prop_oneof![
        4 => Just(usual(1, (40_000, 443))),
        4 => Just(usual(3, (8_090, 1_024))),
        1 => any,
    ]
}

/// A handshake, a close, both, or what else may come; then perhaps one more around a timeout.
fn segments() -> impl Strategy<Value = Vec<Segment>> {
    let fine =
        |is_reply, flags| Segment { is_reply, flags, errors: (0, 0), payload: 0, wait_ns: MILLISECOND };
    let handshake = [fine(false, SYN), fine(true, SYN | ACK), fine(false, ACK)];
    let close = [fine(false, FIN | ACK), fine(true, FIN | ACK), fine(false, ACK)];
    let reset = [fine(true, RST | ACK)];
    let usual = select(vec![ACK, PSH | ACK, RST, RST | ACK, FIN | ACK, SYN | ACK]);
    let begin = prop_oneof![
        3 => (1..=3usize).prop_map({ let handshake = handshake.clone(); move |len| handshake[..len].to_vec() }),
        2 => (1..=3usize).prop_map({ let close = close.clone(); move |len| close[..len].to_vec() }),
        1 => Just([handshake.clone(), close].concat()),
        1 => Just([&handshake[..], &reset[..]].concat()),
        4 => segment(usual.clone()).prop_map(|one| vec![one]),
        2 => segment(0..=u8::MAX).prop_map(|one| vec![one]),
    ];
    let late =
        (segment(usual), around_a_timeout()).prop_map(|(segment, wait_ns)| Segment { wait_ns, ..segment });
    (begin, proptest::option::weighted(0.1, late)).prop_map(|(mut segments, late)| {
        segments.extend(late);
        segments
    })
}

fn segment(flags: impl Strategy<Value = u8>) -> impl Strategy<Value = Segment> {
    let error = || prop_oneof![6 => Just(0u32), 1 => Just(1), 1 => Just(u32::MAX), 1 => any::<u32>()];
    (any::<bool>(), flags, error(), error(), 0..1460u16).prop_map(|(is_reply, flags, seq, ack, payload)| {
        Segment { is_reply, flags, errors: (seq, ack), payload, wait_ns: MILLISECOND }
    })
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![0..30u16, 0..1400u16].prop_map(Payload::Pattern)
}

fn udp() -> impl Strategy<Value = Transport> {
    (ports(), payload()).prop_map(|((src_port, dst_port), payload)| {
        Transport::Udp(Udp { src_port, dst_port, payload, whole: None })
    })
}

/// Echo and errors of both versions, also where they do not belong.
fn icmp() -> impl Strategy<Value = Transport> {
    (select(vec![8u8, 0, 3, 128, 129, 1]), payload()).prop_map(|(kind, payload)| Transport::Icmp {
        kind,
        code: 0,
        rest: [0; 4],
        payload,
    })
}

/// VRRP, and a protocol that nobody knows. What decoding makes of less than 8 bytes behind an IPv6 header is not
/// asked here.
fn other() -> impl Strategy<Value = Event> {
    (ends(), select(vec![112u8, 200]), 0..1400u16).prop_map(|(ends, protocol, len)| {
        let least = if ends.version() == 6 { 8 } else { 0 };
        Event::Packet(ends, Transport::Raw { protocol, payload: Payload::Pattern(len.max(least)) })
    })
}

/// A fragment of one of few datagrams between few hosts; the first one carries ports.
fn piece() -> impl Strategy<Value = Event> {
    let fragment = (select(vec![0u16, 0, 2, 4, 32]), any::<bool>());
    let first = prop_oneof![4 => udp(), 1 => icmp(), 1 => Just(Transport::Tcp(Tcp {
        src_port: 40_000,
        dst_port: 443,
        flags: ACK,
        payload: Payload::Pattern(12),
        ..Tcp::default()
    }))];
    let to_one_host = (any::<bool>(), 1..=2u8).prop_map(|(is_ipv6, src)| match is_ipv6 {
        true => Ends::V6(ipv6(src), ipv6(3)),
        false => Ends::V4(ipv4(src), ipv4(3)),
    });
    (to_one_host, 1..4u32, fragment, first, 0..100u16).prop_map(
        |(ends, id, (offset, has_more), first, units)| {
            let protocol = first.protocol(ends.version());
            let later = Transport::Raw { protocol, payload: Payload::Pattern(8 * units) };
            let transport = if offset == 0 { first } else { later };
            Event::Piece(ends, id, Fragment { offset, has_more }, transport)
        },
    )
}

/// What the steps put on the wire.
fn packets(steps: &[Step]) -> Vec<Packet> {
    let mut now = START_NS;
    let mut numbers = Numbers::default();
    let mut packets = Vec::new();
    for step in steps {
        now += step.silence_ns;
        match &step.event {
            Event::Segments(connection, segments) => {
                for (at, segment) in segments.iter().enumerate() {
                    now += if at > 0 { segment.wait_ns } else { 0 };
                    let (ends, tcp) = numbers.segment(*connection, segment);
                    packets.push(step.frame.ip(now, ends, None, Transport::Tcp(tcp)));
                }
            }
            Event::Packet(ends, transport) => {
                packets.push(step.frame.ip(now, *ends, None, transport.clone()))
            }
            Event::Piece(ends, id, fragment, transport) => {
                packets.push(step.frame.ip(now, *ends, Some((*id, *fragment)), transport.clone()));
            }
            Event::Arp(sender, target) => packets.push(step.frame.arp(now, *sender, *target)),
        }
    }
    packets
}

impl Frame {
    fn ip(&self, now: i64, ends: Ends, piece: Option<(u32, Fragment)>, transport: Transport) -> Packet {
        let (id, fragment) = piece.map_or((self.ip_id, None), |(id, fragment)| (id, Some(fragment)));
        let has_router_alert = self.has_router_alert && ends.version() == 6;
        let ip = Ip { id, fragment, has_router_alert, ..Ip::new(ends, transport) };
        let packet = Packet::ip(now, ip);
        let carrier = Vxlan {
            src: Ipv4Addr::new(10, 0, 0, 1),
            dst: Ipv4Addr::new(10, 0, 0, 2),
            src_port: 50_000,
            vni: 7,
        };
        Packet {
            vlan_ids: self.vlan_ids.clone(),
            is_padded: self.is_padded,
            tunnel: self.has_tunnel.then_some(carrier),
            src_mac: if self.is_second_mac { mac(200) } else { packet.src_mac },
            ..packet
        }
    }

    fn arp(&self, now: i64, sender: u8, target: u8) -> Packet {
        let mut bytes = vec![0, 1, 8, 0, 6, 4, 0, 1];
        bytes.resize(28, 0);
        let packet = Packet::other(now, (mac(sender), mac(target)), 0x0806, bytes);
        Packet { vlan_ids: self.vlan_ids.clone(), is_padded: self.is_padded, ..packet }
    }
}

/// The next number of each connection in each direction.
#[derive(Default)]
struct Numbers(Vec<(Connection, [u32; 2])>);

impl Numbers {
    fn segment(&mut self, connection: Connection, segment: &Segment) -> (Ends, Tcp) {
        let next = self.of(connection);
        let (own, other) = if segment.is_reply { (1, 0) } else { (0, 1) };
        let (seq, ack) =
            (next[own].wrapping_add(segment.errors.0), next[other].wrapping_add(segment.errors.1));
        let numbered = u32::from(segment.payload) + u32::from(segment.flags & (SYN | FIN) != 0);
        next[own] = seq.wrapping_add(numbered);
        let Connection { ends, ports: (client, server) } = connection;
        let (ends, src_port, dst_port) =
            if segment.is_reply { (ends.reversed(), server, client) } else { (ends, client, server) };
        let payload = Payload::Pattern(segment.payload);
        (
            ends,
            Tcp {
                src_port,
                dst_port,
                seq,
                ack,
                flags: segment.flags,
                window: 1000,
                payload,
                ..Tcp::default()
            },
        )
    }

    fn of(&mut self, connection: Connection) -> &mut [u32; 2] {
        let at = match self.0.iter().position(|(known, _)| *known == connection) {
            Some(at) => at,
            None => {
                self.0.push((connection, [100, u32::MAX - 1]));
                self.0.len() - 1
            }
        };
        &mut self.0[at].1
    }
}
