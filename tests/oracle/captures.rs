//! Random captures, small and full of what matters: few hosts and ports, so that packets meet; silences around
//! the timeouts; TCP right and wrong; fragments in any order; ICMP errors about packets that were sent, and about
//! others.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use weir_traffic::frame::extension_len;
use weir_traffic::packet::flags::{ACK, FIN, PSH, RST, SYN};
use weir_traffic::packet::{
    Content, Ends, Fragment, Ip, Packet, Payload, Quotation, Tcp, Transport, Udp, Vxlan, mac,
};

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
/// Hosts that talk among themselves.
const HOSTS_OF_A_GROUP: u8 = 3;
const GROUPS: u8 = 4;
/// Types of ICMP and ICMPv6 errors, the most frequent ones first.
const ERRORS: [u8; 5] = [3, 11, 5, 4, 12];
const ERRORS_V6: [u8; 4] = [1, 3, 2, 4];

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
    /// Which hosts take part.
    group: u8,
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
    Error(Error),
}

/// An ICMP error about some packet.
#[derive(Clone, Debug)]
struct Error {
    about: About,
    /// It comes from this host, not from where the packet went.
    third_host: Option<u8>,
    /// Otherwise it stands where the packet stood.
    has_own_vlan: bool,
    kind: Index,
    cut: Cut,
}

#[derive(Clone, Debug)]
enum About {
    /// One that the capture holds.
    Sent(Index),
    Other(Ends, Transport),
}

/// Where a quotation ends.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// After so many bytes of the IP header, never all.
    Header(usize),
    /// So many bytes behind the IP header and its extensions.
    Behind(usize),
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

/// Captures of 2 to about 100 packets whose time never steps back, or sometimes.
pub fn few_hosts(steps_back: bool) -> impl Strategy<Value = Capture> {
    let silence = if steps_back { forth_and_sometimes_back() } else { silence().boxed() };
    captures(silence, 1, 60)
}

/// Captures of up to about 300 packets of four times as many hosts, whose time sometimes steps back.
pub fn many_hosts() -> impl Strategy<Value = Capture> {
    captures(forth_and_sometimes_back(), GROUPS, 180)
}

fn forth_and_sometimes_back() -> BoxedStrategy<i64> {
    let back = prop_oneof![Just(-1), Just(-100 * MILLISECOND), Just(-50 * SECOND), Just(-200 * SECOND)];
    prop_oneof![8 => silence(), 1 => back].boxed()
}

fn captures(silence: BoxedStrategy<i64>, groups: u8, max_steps: usize) -> impl Strategy<Value = Capture> {
    let step = (silence, 0..groups, frame(), event()).prop_map(|(silence_ns, group, frame, event)| Step {
        silence_ns,
        group,
        frame,
        event,
    });
    vec(step, 2..max_steps).prop_map(|steps| Capture(packets(&steps)))
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
        3 => error().prop_map(Event::Error),
    ]
}

fn error() -> impl Strategy<Value = Error> {
    let about = prop_oneof![
        5 => any::<Index>().prop_map(About::Sent),
        1 => (ends(), udp()).prop_map(|(ends, udp)| About::Other(ends, udp)),
    ];
    let third_host = proptest::option::of(1..=HOSTS_OF_A_GROUP * GROUPS);
    let cut = prop_oneof![
        4 => Just(Cut::Behind(8)),
        2 => (0..600usize).prop_map(Cut::Behind),
        1 => (0..8usize).prop_map(Cut::Behind),
        1 => (0..40usize).prop_map(Cut::Header),
    ];
    (about, third_host, prop::bool::weighted(0.1), any::<Index>(), cut).prop_map(
        |(about, third_host, has_own_vlan, kind, cut)| Error { about, third_host, has_own_vlan, kind, cut },
    )
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
        let here = |ends| of_group(ends, step.group);
        match &step.event {
            Event::Segments(connection, segments) => {
                let connection = Connection { ends: here(connection.ends), ..*connection };
                for (at, segment) in segments.iter().enumerate() {
                    now += if at > 0 { segment.wait_ns } else { 0 };
                    let (ends, tcp) = numbers.segment(connection, segment);
                    packets.push(step.frame.ip(now, ends, None, Transport::Tcp(tcp)));
                }
            }
            Event::Packet(ends, transport) => {
                packets.push(step.frame.ip(now, here(*ends), None, transport.clone()))
            }
            Event::Piece(ends, id, fragment, transport) => {
                packets.push(step.frame.ip(now, here(*ends), Some((*id, *fragment)), transport.clone()));
            }
            Event::Arp(sender, target) => {
                let [sender, target] = [sender, target].map(|host| host + step.group * HOSTS_OF_A_GROUP);
                packets.push(step.frame.arp(now, sender, target));
            }
            Event::Error(error) => packets.extend(error.packet(now, step, &packets)),
        }
    }
    packets
}

/// The hosts that these are in their group.
fn of_group(ends: Ends, group: u8) -> Ends {
    let up = group * HOSTS_OF_A_GROUP;
    let (v4, v6) =
        (|host: Ipv4Addr| ipv4(host.octets()[3] + up), |host: Ipv6Addr| ipv6(host.octets()[15] + up));
    match ends {
        Ends::V4(src, dst) => Ends::V4(v4(src), v4(dst)),
        Ends::V6(src, dst) => Ends::V6(v6(src), v6(dst)),
    }
}

impl Error {
    /// Nothing if there is no packet yet that it could be about.
    fn packet(&self, now: i64, step: &Step, sent: &[Packet]) -> Option<Packet> {
        let (about, vlan_ids) = match &self.about {
            About::Sent(at) => about_sent(at, sent)?,
            About::Other(ends, transport) => {
                (Ip::new(of_group(*ends, step.group), transport.clone()), &step.frame.vlan_ids)
            }
        };
        let ends = match (about.ends, self.third_host) {
            (Ends::V4(src, dst), from) => Ends::V4(from.map_or(dst, ipv4), src),
            (Ends::V6(src, dst), from) => Ends::V6(from.map_or(dst, ipv6), src),
        };
        let kinds = if ends.version() == 4 { &ERRORS[..] } else { &ERRORS_V6 };
        let quotation = Quotation::new(&about, self.cut.len(&about));
        let error =
            Transport::Icmp { kind: *self.kind.get(kinds), code: 0, rest: [0; 4], payload: quotation.into() };
        let vlan_ids = if self.has_own_vlan { &step.frame.vlan_ids } else { vlan_ids };
        Some(Packet { vlan_ids: vlan_ids.clone(), ..step.frame.ip(now, ends, None, error) })
    }
}

fn about_sent<'a>(at: &Index, sent: &'a [Packet]) -> Option<(Ip, &'a Vec<u16>)> {
    let ip = |packet: &'a Packet| match &packet.content {
        Content::Ip(ip) => Some((ip, &packet.vlan_ids)),
        Content::Other { .. } => None,
    };
    let sent: Vec<_> = sent.iter().filter_map(ip).collect();
    let (ip, vlan_ids) = sent.get(at.index(sent.len().max(1)))?;
    Some(((*ip).clone(), vlan_ids))
}

impl Cut {
    fn len(self, ip: &Ip) -> usize {
        let header = if ip.ends.version() == 4 { 20 } else { 40 };
        match self {
            Self::Header(len) => len.min(header - 1),
            Self::Behind(len) if header == 20 => header + len,
            Self::Behind(len) => header + usize::from(extension_len(ip)) + len,
        }
    }
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
