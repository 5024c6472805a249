//! Packets with bytes of their own, one batch or many, and what becomes of their conversations.

use proptest::prelude::*;
use weir_sdk::packet::{PacketFacts, flag};
use weir_sdk::{Duration, Side, status};

use super::*;

const SECOND: f64 = 1e9;
const X: [u8; 4] = [10, 0, 0, 1];
const Y: [u8; 4] = [10, 0, 0, 2];

/// What a test says of a packet.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: f64,
    from: ([u8; 4], u16),
    to: ([u8; 4], u16),
    protocol: u8,
    tcp: Option<(u8, u32, u32)>,
    /// Id, offset, more.
    fragment: Option<(u32, u16, bool)>,
}

fn udp(at: f64, from: [u8; 4], to: [u8; 4]) -> Sent {
    let port = |host: [u8; 4]| if host == X { 2000 } else { 3000 };
    Sent { at, from: (from, port(from)), to: (to, port(to)), protocol: 17, tcp: None, fragment: None }
}

fn tcp(at: f64, from: [u8; 4], to: [u8; 4], flags: u8, seq: u32, ack: u32) -> Sent {
    Sent { protocol: 6, tcp: Some((flags, seq, ack)), ..udp(at, from, to) }
}

fn fragment(at: f64, id: u32, offset: u16, more: bool) -> Sent {
    let whole = udp(at, X, Y);
    let ports = if offset == 0 { (2000, 3000) } else { (0, 0) };
    Sent { from: (X, ports.0), to: (Y, ports.1), fragment: Some((id, offset, more)), ..whole }
}

/// An IPv4 header and 20 bytes of layer 4, of which only what the flow stage reads is filled in.
fn bytes_of(sent: &Sent) -> Vec<u8> {
    let mut bytes = vec![0; 40];
    bytes[12..16].copy_from_slice(&sent.from.0);
    bytes[16..20].copy_from_slice(&sent.to.0);
    if let Some((_, seq, ack)) = sent.tcp {
        bytes[24..28].copy_from_slice(&seq.to_be_bytes());
        bytes[28..32].copy_from_slice(&ack.to_be_bytes());
    }
    bytes
}

fn facts_of(sent: &Sent, ordinal: u64, start: usize) -> PacketFacts {
    let (id, offset, more) = sent.fragment.unwrap_or((0, 0, false));
    let kind = match (offset, more) {
        (0, false) => flag::HAS_L4,
        (0, true) => flag::HAS_L4 | flag::FIRST_FRAGMENT | flag::MORE_FRAGMENTS,
        (_, more) => flag::LATER_FRAGMENT | if more { flag::MORE_FRAGMENTS } else { 0 },
    };
    PacketFacts {
        time_ns: (sent.at * SECOND).round() as i64,
        ordinal,
        start: start as u64,
        captured_len: 40,
        wire_len: 40,
        l3_len: 40,
        l4_offset: 20,
        ip_version: 4,
        l4_proto: sent.protocol,
        src_port: sent.from.1,
        dst_port: sent.to.1,
        fragment_id: id,
        fragment_offset: offset,
        tcp_flags: sent.tcp.map_or(0, |tcp| tcp.0),
        flags: kind | if sent.tcp.is_some() { flag::HAS_TCP_FLAGS } else { 0 },
        ..PacketFacts::default()
    }
}

/// One ended conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ended {
    index: u64,
    /// Packets of A and B.
    packets: [u64; 2],
    /// Status of A and B: what the packets and core say.
    status: [u64; 2],
    tcp_states: Vec<u8>,
}

/// The conversations of these packets, in the order of rows, taken in batches of a size.
fn follow(sent: &[Sent], batch: usize, timeouts: &Timeouts) -> Vec<Ended> {
    follow_in(FlowTable::new(timeouts.clone(), Numbers::Own), sent, batch)
}

/// The same if so many conversations may live in each shard.
fn follow_limited(sent: &[Sent], batch: usize, timeouts: &Timeouts, most: Option<usize>) -> Vec<Ended> {
    let table = FlowTable::new(timeouts.clone(), Numbers::Own);
    follow_in(table.limited(most.map(|most| most * SHARDS)), sent, batch)
}

fn follow_in(mut table: FlowTable, sent: &[Sent], batch: usize) -> Vec<Ended> {
    let mut clocks = Clocks::default();
    let mut open: std::collections::HashMap<u32, Ended> = std::collections::HashMap::new();
    let mut ended = Vec::new();
    let mut ordinal = 0;
    for sent in sent.chunks(batch) {
        let window: Vec<u8> = sent.iter().flat_map(bytes_of).collect();
        clocks.begin(ordinal + 1, clocks.all().now());
        let mut now = Vec::new();
        let mut facts = Vec::new();
        for (at, sent) in sent.iter().enumerate() {
            ordinal += 1;
            facts.push(facts_of(sent, ordinal, at * 40));
            now.push(clocks.tick(facts[at].time_ns));
        }
        let mut slots = Vec::new();
        let mut arrivals = Arrivals {
            packets: &mut facts,
            window: &window,
            links: &[],
            clocks: &now,
            queries: &[],
            is_far: false,
        };
        table.assign(&mut arrivals, &mut slots, &mut Vec::new(), |_, _| ());
        for (facts, &slot) in facts.iter().zip(&slots) {
            let flow = open.entry(slot).or_insert(Ended {
                index: 0,
                packets: [0; 2],
                status: [0; 2],
                tcp_states: Vec::new(),
            });
            flow.packets[usize::from(facts.side)] += 1;
            flow.status[usize::from(facts.side)] |= facts.status;
        }
        let mut over = Vec::new();
        table.expire(clocks.all(), &mut over);
        ended.extend(over.iter().map(|ended| close(&table, ended.slot, &mut open)));
        table.release(&over);
    }
    let over = table.drain();
    ended.extend(over.map(|ended| close(&table, ended.slot, &mut open)));
    assert!(open.is_empty(), "a packet belongs to no row");
    ended
}

fn close(table: &FlowTable, slot: u32, open: &mut std::collections::HashMap<u32, Ended>) -> Ended {
    let mut flow = open.remove(&slot).expect("an ended conversation has packets");
    for end in table.end_facts(slot) {
        flow.index = end.flow_index;
        flow.status[usize::from(end.side)] |= end.status;
        flow.tcp_states.push(end.tcp_states);
    }
    flow
}

fn rows(sent: &[Sent]) -> Vec<Ended> {
    follow(sent, 64, &Timeouts::default())
}

fn packets_by_row(sent: &[Sent]) -> Vec<(u64, [u64; 2])> {
    rows(sent).iter().map(|row| (row.index, row.packets)).collect()
}

#[test]
fn silence_of_182_seconds_ends_a_flow_and_a_little_less_does_not() {
    assert_eq!(packets_by_row(&[udp(0.0, X, Y), udp(181.9, X, Y)]), [(1, [2, 0])]);
    assert_eq!(packets_by_row(&[udp(0.0, X, Y), udp(182.0, X, Y)]), [(1, [1, 0]), (2, [1, 0])]);
}

#[test]
fn a_pair_lives_as_long_as_one_of_its_directions() {
    let pair = [udp(1000.0, X, Y), udp(1100.0, Y, X), udp(1250.0, Y, X), udp(1400.0, X, Y)];
    assert_eq!(packets_by_row(&pair), [(1, [2, 2])]);
    let two = [udp(1000.0, X, Y), udp(1100.0, Y, X), udp(1283.0, X, Y)];
    assert_eq!(packets_by_row(&two), [(1, [1, 1]), (2, [1, 0])]);
}

#[test]
fn a_well_known_source_port_tells_a_responder() {
    let answer = Sent { from: (X, 53), to: (Y, 4000), ..udp(0.0, X, Y) };
    let row = &rows(&[answer])[0];
    assert_eq!((row.packets, row.status), ([0, 1], [0, status::INVERTED]));
}

#[test]
fn a_reset_leaves_a_tenth_of_a_second() {
    use tcp::flags::{ACK, RST, SYN};
    let row = rows(&[
        tcp(0.0, X, Y, SYN, 100, 0),
        tcp(0.01, Y, X, SYN | ACK, 500, 101),
        tcp(0.02, X, Y, ACK, 101, 501),
        tcp(0.03, Y, X, RST | ACK, 501, 101),
        tcp(0.08, X, Y, ACK, 101, 501),
        tcp(0.33, X, Y, ACK, 101, 501),
    ]);
    assert_eq!(row.len(), 2);
    assert_eq!((row[0].packets, row[0].tcp_states.as_slice()), ([3, 2], &[0x12, 0x42][..]));
    assert_eq!((row[1].packets, row[1].tcp_states.as_slice()), ([1, 0], &[0x03][..]));
}

#[test]
fn a_closed_connection_lives_ten_seconds_more() {
    use tcp::flags::{ACK, FIN, SYN};
    let row = rows(&[
        tcp(0.0, X, Y, SYN, 100, 0),
        tcp(0.1, Y, X, SYN | ACK, 500, 101),
        tcp(0.2, X, Y, ACK, 101, 501),
        tcp(0.3, X, Y, FIN | ACK, 101, 501),
        tcp(0.4, Y, X, FIN | ACK, 501, 102),
        tcp(0.5, X, Y, ACK, 102, 502),
        tcp(5.0, X, Y, ACK, 102, 502),
        tcp(16.0, X, Y, ACK, 102, 502),
    ]);
    assert_eq!(row.len(), 2);
    assert_eq!(row[0].tcp_states, [0x08, 0x00]);
}

#[test]
fn a_syn_with_the_last_number_can_be_acknowledged() {
    use tcp::flags::{ACK, SYN};
    let row = rows(&[
        tcp(0.0, X, Y, SYN, u32::MAX, 0),
        tcp(0.1, Y, X, SYN | ACK, 500, 0),
        tcp(0.2, X, Y, ACK, 0, 501),
    ]);
    // RFC 9293 3.4: numbers are counted modulo 2^32, so the connection is open and only its end is missing.
    assert_eq!(row[0].tcp_states, [0x02, 0x02]);
}

#[test]
fn single_odd_segments_are_called_scans() {
    use tcp::flags::{FIN, PSH, RST, SYN, URG};
    let states = |flags: u8| rows(&[tcp(0.0, X, Y, flags, 1, 0)])[0].tcp_states.clone();
    assert_eq!(states(FIN | PSH | URG), [0x83]);
    assert_eq!(states(0), [0x83]);
    assert_eq!(states(FIN), [0x83]);
    assert_eq!(states(SYN | FIN), [0x03]);
    assert_eq!(states(RST | FIN), [0xc3]);
}

#[test]
fn fragments_in_order_are_one_flow() {
    let row = rows(&[fragment(0.0, 7, 0, true), fragment(0.1, 7, 185, true), fragment(0.2, 7, 370, false)]);
    assert_eq!(row.len(), 1);
    assert_eq!((row[0].packets, row[0].status), ([3, 0], [status::FRAGMENTED, 0]));
}

#[test]
fn a_first_fragment_that_comes_last_makes_two_flows() {
    let row = rows(&[fragment(0.0, 7, 185, true), fragment(0.1, 7, 370, false), fragment(0.2, 7, 0, true)]);
    assert_eq!(row.len(), 2);
    assert_eq!(row[0].status[0], status::FRAGMENTED | status::FRAGMENT_HEADLESS);
    assert_eq!(row[1].status[0], status::FRAGMENTED | status::FRAGMENT_PENDING);
}

#[test]
fn datagrams_that_overlap_are_an_error_of_the_flow() {
    let row = rows(&[
        fragment(0.0, 1, 0, true),
        fragment(0.1, 2, 0, true),
        fragment(0.2, 2, 16, false),
        fragment(0.3, 1, 16, false),
        udp(0.4, X, Y),
        fragment(0.5, 8, 0, true),
        udp(0.6, X, Y),
    ]);
    let by_packets: Vec<_> = row.iter().map(|row| (row.packets[0], row.status[0])).collect();
    let pending = status::FRAGMENTED | status::FRAGMENT_PENDING;
    assert!(by_packets.contains(&(6, pending | status::FRAGMENT_ERROR)), "{by_packets:x?}");
    assert!(by_packets.contains(&(1, pending | status::FRAGMENT_HEADLESS)), "{by_packets:x?}");
}

#[test]
fn time_that_goes_back_does_not_turn_the_clock_back() {
    let at = |at: f64, port: u16| Sent { from: (X, port), ..udp(at, X, Y) };
    let order =
        |sent: &[Sent]| packets_by_row(sent).iter().map(|(index, p)| (*index, p[0])).collect::<Vec<_>>();
    let (a, b, c, d) = (2001, 2002, 2003, 2004);
    let shielded = [at(1000.0, a), at(500.0, b), at(700.0, c), at(701.0, b), at(1300.0, d)];
    assert_eq!(order(&shielded), [(1, 1), (3, 1), (2, 2), (4, 1)]);
    let not = [at(500.0, b), at(1000.0, a), at(600.0, c), at(701.0, b), at(1300.0, d)];
    assert_eq!(order(&not), [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]);
}

#[test]
fn at_the_end_of_input_the_older_direction_of_a_pair_counts() {
    let one = |at: f64, port: u16| Sent { from: (X, port), ..udp(at, X, Y) };
    let back = |at: f64, port: u16| Sent { to: (X, port), ..udp(at, Y, X) };
    let sent =
        [one(1.0, 2001), one(2.0, 2002), one(3.0, 2003), back(4.0, 2002), one(5.0, 2001), one(6.0, 2004)];
    let order: Vec<u64> = rows(&sent).iter().map(|row| row.index).collect();
    assert_eq!(order, [2, 3, 1, 4]);
}

#[test]
fn a_limit_on_life_cuts_an_active_conversation_and_says_so() {
    let mut timeouts = Timeouts::default();
    timeouts.active = Some(Duration(60_000_000_000).0);
    let sent: Vec<Sent> = (0..10).map(|step| udp(f64::from(step) * 10.0, X, Y)).collect();
    let row = follow(&sent, 4, &timeouts);
    assert_eq!(row.iter().map(|row| row.packets[0]).collect::<Vec<_>>(), [6, 4]);
    assert_eq!(row[0].status[0], status::ACTIVE_TIMEOUT);
    assert_eq!(row[1].status[0], 0);
}

#[test]
fn a_limit_on_conversations_ends_the_least_recently_used_one() {
    let from = |port: u16, at: f64| Sent { from: (X, port), ..udp(at, X, Y) };
    let sent = [from(5001, 0.0), from(5002, 1.0), from(5001, 2.0), from(5003, 3.0), from(5002, 4.0)];
    let rows = follow_limited(&sent, 4, &Timeouts::default(), Some(2));
    let seen: Vec<_> = rows.iter().map(|row| (row.index, row.packets[0], row.status[0])).collect();
    // Of 5001 and 5002 the latter is silent for longer when 5003 comes; it begins anew when 5001 has made room.
    let early = status::LIMIT_REACHED;
    assert_eq!(seen, [(2, 1, early), (1, 2, early), (3, 1, 0), (4, 1, 0)]);
}

#[test]
fn what_has_ended_by_its_timeout_makes_room_first() {
    let from = |port: u16, at: f64| Sent { from: (X, port), ..udp(at, X, Y) };
    let sent = [from(5001, 0.0), from(5002, 100.0), from(5003, 200.0)];
    let rows = follow_limited(&sent, 3, &Timeouts::default(), Some(2));
    assert!(rows.iter().all(|row| row.status[0] & status::LIMIT_REACHED == 0));
}

#[test]
fn packets_of_a_host_to_itself_are_one_direction() {
    let own = Sent { from: (X, 9000), to: (X, 9000), ..udp(0.0, X, X) };
    assert_eq!(packets_by_row(&[own, own]), [(1, [2, 0])]);
}

fn any_packet() -> impl Strategy<Value = Sent> {
    let gap = prop::sample::select(vec![0.0, 0.05, 0.1, 3.0, 10.0, 119.9, 120.0, 182.0, 610.0, -1.0, -200.0]);
    let fragment =
        prop::option::weighted(0.2, (0u32..3, prop::sample::select(vec![0u16, 16, 32]), any::<bool>()));
    (gap, 0u8..3, 0u8..3, 0u16..3, any::<bool>(), 0u8..64, fragment).prop_map(
        |(at, from, to, port, is_tcp, flags, fragment)| Sent {
            at,
            from: ([10, 0, 0, from], if matches!(fragment, Some((_, 1.., _))) { 0 } else { 500 + port }),
            to: ([10, 0, 0, to], if matches!(fragment, Some((_, 1.., _))) { 0 } else { 1500 }),
            protocol: if is_tcp { 6 } else { 17 },
            tcp: (is_tcp && fragment.is_none()).then_some((flags, 1, 2)),
            fragment,
        },
    )
}

proptest! {
    /// Batches are a matter of speed: rows and their order are the same for any size.
    #[test]
    fn batch_size_is_invisible(
        mut sent in prop::collection::vec(any_packet(), 1..120),
        batch in 1usize..50,
        active in prop::option::of(1i64..300),
        most in prop::option::of(1usize..4),
    ) {
        let mut at = 1000.0;
        for packet in &mut sent {
            at += packet.at;
            packet.at = at;
        }
        let mut timeouts = Timeouts::default();
        timeouts.active = active.map(|seconds| seconds * 1_000_000_000);
        let one_by_one = follow_limited(&sent, 1, &timeouts, most);
        prop_assert_eq!(one_by_one, follow_limited(&sent, batch, &timeouts, most));
    }
}

#[test]
fn sides_and_letters_follow_the_direction_rule() {
    let syn_ack = tcp(0.0, X, Y, tcp::flags::SYN | tcp::flags::ACK, 5, 6);
    let high_ports = Sent { from: (X, 40000), to: (Y, 50000), ..syn_ack };
    assert_eq!(rows(&[high_ports])[0].packets, [0, 1]);
    let proxy = Sent { from: (X, 8080), to: (Y, 3000), ..udp(0.0, X, Y) };
    assert_eq!(rows(&[proxy])[0].packets, [0, 1]);
    assert_eq!(Side::A.other(), Side::B);
}

#[test]
fn a_clock_that_is_split_notices_at_the_same_packets() {
    let mut clocks = Clocks::default();
    clocks.begin(11, Some(5));
    [7, 3, 9, 20].into_iter().for_each(|time| assert!(clocks.tick(time) >= time));
    let noticed = |clocks: ClockSpan<'_>, deadline| clocks.noticed(deadline);
    assert_eq!(noticed(clocks.all(), 8), (13, 7, 9));
    for at in 0..30 {
        let (first, second) = clocks.all().split(at);
        assert_eq!(first.ordinals().end, second.ordinals().start);
        assert_eq!((first.ordinals().start, second.ordinals().end), (11, 15));
        for deadline in 6..=20 {
            let part = if first.now().is_some_and(|now| now >= deadline) { first } else { second };
            assert_eq!(noticed(part, deadline), noticed(clocks.all(), deadline), "{at} {deadline}");
        }
    }
}
