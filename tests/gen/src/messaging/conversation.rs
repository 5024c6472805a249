//! What two hosts say to each other over TCP or UDP, and when → packets.

use crate::packet::flags::{ACK, FIN, PSH, SYN};
use crate::packet::{Ends, Ip, Packet, Payload, Tcp, Transport, Udp};
use crate::random::Random;

/// 2024-05-01T12:00:00Z.
pub const START_NS: i64 = 1_714_564_800_000_000_000;
/// In nanoseconds.
pub const MILLISECOND: i64 = 1_000_000;
/// In nanoseconds.
pub const SECOND: i64 = 1_000 * MILLISECOND;

/// RFC 1122 section 4.2.3.2 lets an acknowledgement wait for data that goes the same way.
const DELAYED_ACK: i64 = 40 * MILLISECOND;
const SEGMENT_LEN: usize = 1_460;

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The end that opens the connection.
    Client,
    /// The other.
    Server,
}

/// Who talks to whom, from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Client and server.
    pub ends: Ends,
    /// Client and server.
    pub ports: (u16, u16),
    /// When its first packet is captured, in nanoseconds since the epoch.
    pub start_ns: i64,
}

/// What the network and the hosts' systems add to what is said; pairs are of client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// From a segment to its answer.
    pub round_trip_ns: i64,
    /// Between segments of one write.
    pub serialisation_ns: i64,
    /// Time to live as captured.
    pub ttls: [u8; 2],
    /// TCP windows.
    pub windows: [u16; 2],
}

/// A conversation as told by what its ends write: a TCP connection, or datagrams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    line: Line,
    path: Path,
    is_udp: bool,
    turns: Vec<Turn>,
    segment_len: usize,
    has_start: bool,
    has_end: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    wait: Wait,
    speaker: Speaker,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// So long after what was written before.
    Since(i64),
    /// Until this time, or not at all.
    Until(i64),
    RoundTrip,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            round_trip_ns: 20 * MILLISECOND,
            serialisation_ns: MILLISECOND / 10,
            ttls: [64, 64],
            windows: [64_240, 64_240],
        }
    }
}

impl Conversation {
    /// One in which nothing is said yet.
    pub fn new(line: Line) -> Self {
        Self {
            line,
            path: Path::default(),
            is_udp: false,
            turns: Vec::new(),
            segment_len: SEGMENT_LEN,
            has_start: true,
            has_end: true,
        }
    }

    /// Over this path.
    #[must_use]
    pub fn along(self, path: Path) -> Self {
        Self { path, ..self }
    }

    /// Each segment is a datagram, with nothing before, between, and after them.
    #[must_use]
    pub fn over_udp(self) -> Self {
        Self { is_udp: true, has_start: false, has_end: false, ..self }
    }

    /// So long after what was written before, these bytes are written at once.
    #[must_use]
    pub fn write(self, wait_ns: i64, speaker: Speaker, bytes: impl Into<Vec<u8>>) -> Self {
        self.turn(Wait::Since(wait_ns), speaker, bytes.into())
    }

    /// At this time, or as soon as what stands before is written, these bytes are written at once.
    #[must_use]
    pub fn write_at(self, time_ns: i64, speaker: Speaker, bytes: impl Into<Vec<u8>>) -> Self {
        self.turn(Wait::Until(time_ns), speaker, bytes.into())
    }

    /// Half a round trip later the other end hears it, and answers at once.
    #[must_use]
    pub fn answer(self, speaker: Speaker, bytes: impl Into<Vec<u8>>) -> Self {
        self.turn(Wait::RoundTrip, speaker, bytes.into())
    }

    fn turn(mut self, wait: Wait, speaker: Speaker, bytes: Vec<u8>) -> Self {
        self.turns.push(Turn { wait, speaker, bytes });
        self
    }

    /// Segments carry so many bytes at most.
    #[must_use]
    pub fn in_segments(self, segment_len: usize) -> Self {
        Self { segment_len, ..self }
    }

    /// The capture begins when the connection stands already.
    #[must_use]
    pub fn midway(self) -> Self {
        Self { has_start: false, ..self }
    }

    /// The capture ends before the connection.
    #[must_use]
    pub fn unfinished(self) -> Self {
        Self { has_end: false, ..self }
    }

    /// Its packets, in order of time.
    pub fn packets(&self) -> Vec<Packet> {
        let mut wire = Wire::new(self.line, self.path, self.is_udp);
        let round_trip = self.path.round_trip_ns;
        if self.has_start {
            wire.send(Speaker::Client, SYN, &[]);
            wire.wait(round_trip).send(Speaker::Server, SYN | ACK, &[]);
            wire.send(Speaker::Client, ACK, &[]);
        }
        for (place, turn) in self.turns.iter().enumerate() {
            let wait_ns = wire.until(turn.wait);
            wire.wait(wait_ns).write(turn.speaker, &turn.bytes, self.segment_len);
            let next = self.turns.get(place + 1);
            let is_late = |next: &Turn| next.speaker == turn.speaker || wire.until(next.wait) > DELAYED_ACK;
            if !self.is_udp && !turn.bytes.is_empty() && next.is_none_or(is_late) {
                wire.send(turn.speaker.other(), ACK, &[]);
            }
        }
        if self.has_end {
            wire.wait(round_trip).send(Speaker::Client, FIN | ACK, &[]);
            wire.wait(round_trip).send(Speaker::Server, FIN | ACK, &[]);
            wire.send(Speaker::Client, ACK, &[]);
        }
        wire.packets
    }
}

impl Speaker {
    /// The one who listens.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// A conversation under way.
struct Wire {
    line: Line,
    path: Path,
    is_udp: bool,
    now_ns: i64,
    /// Numbers of the next bytes, by speaker.
    next: [u32; 2],
    packets: Vec<Packet>,
}

impl Wire {
    fn new(line: Line, path: Path, is_udp: bool) -> Self {
        let mut random = Random::new(line.start_ns as u64 ^ u64::from(line.ports.0) << 16);
        let next = [random.bits() as u32, random.bits() as u32];
        Self { line, path, is_udp, now_ns: line.start_ns, next, packets: Vec::new() }
    }

    fn wait(&mut self, ns: i64) -> &mut Self {
        self.now_ns += ns;
        self
    }

    /// How long a wait is from now on.
    fn until(&self, wait: Wait) -> i64 {
        match wait {
            Wait::Since(ns) => ns,
            Wait::Until(time_ns) => (time_ns - self.now_ns).max(0),
            Wait::RoundTrip => self.path.round_trip_ns,
        }
    }

    fn write(&mut self, speaker: Speaker, bytes: &[u8], segment_len: usize) {
        let mut segments = bytes.chunks(segment_len).peekable();
        while let Some(segment) = segments.next() {
            let push = if segments.peek().is_none() { PSH } else { 0 };
            self.send(speaker, ACK | push, segment);
        }
    }

    fn send(&mut self, speaker: Speaker, flags: u8, payload: &[u8]) {
        let Line { ends, ports: (client_port, server_port), .. } = self.line;
        let (ends, ports) = match speaker {
            Speaker::Client => (ends, (client_port, server_port)),
            Speaker::Server => (ends.reversed(), (server_port, client_port)),
        };
        let transport = match self.is_udp {
            true => datagram(ports, payload),
            false => Transport::Tcp(self.segment(speaker, ports, flags, payload)),
        };
        let id = self.packets.len() as u32;
        let ip = Ip { id, ttl: self.path.ttls[speaker as usize], ..Ip::new(ends, transport) };
        self.packets.push(Packet { is_padded: true, ..Packet::ip(self.now_ns, ip) });
        self.now_ns += self.path.serialisation_ns;
    }

    fn segment(
        &mut self,
        speaker: Speaker,
        (src_port, dst_port): (u16, u16),
        flags: u8,
        payload: &[u8],
    ) -> Tcp {
        let [seq, heard] = [speaker, speaker.other()].map(|speaker| self.next[speaker as usize]);
        let ack = if flags & ACK == 0 { 0 } else { heard };
        let numbers = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.next[speaker as usize] = seq.wrapping_add(numbers);
        let (window, payload) = (self.path.windows[speaker as usize], Payload::from(payload));
        Tcp { src_port, dst_port, seq, ack, flags, window, payload, ..Tcp::default() }
    }
}

fn datagram((src_port, dst_port): (u16, u16), payload: &[u8]) -> Transport {
    Transport::Udp(Udp { src_port, dst_port, payload: Payload::from(payload), whole: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messaging::tcp_v4;
    use crate::packet::Content;

    fn segments(conversation: &Conversation) -> Vec<(u8, u32, u32, usize)> {
        let tcp = |packet: &Packet| match &packet.content {
            Content::Ip(Ip { transport: Transport::Tcp(tcp), .. }) => {
                (tcp.flags, tcp.seq, tcp.ack, tcp.payload.len())
            }
            _ => unreachable!("a conversation is of TCP"),
        };
        conversation.packets().iter().map(tcp).collect()
    }

    fn short() -> Conversation {
        Conversation::new(tcp_v4([192, 0, 2, 1], [192, 0, 2, 2], 80))
            .write(SECOND, Speaker::Client, [1; 1_500])
            .answer(Speaker::Server, [2; 10])
    }

    #[test]
    fn numbers_go_on_where_they_stood() {
        let sent = segments(&short());
        let flags: Vec<u8> = sent.iter().map(|(flags, ..)| *flags).collect();
        let data = PSH | ACK;
        assert_eq!(flags, [SYN, SYN | ACK, ACK, ACK, data, data, ACK, FIN | ACK, FIN | ACK, ACK]);
        let [(_, syn, ..), (_, syn_ack, ..), .., (_, last_seq, last_ack, _)] = sent[..] else {
            unreachable!("ten segments were counted")
        };
        assert_eq!(last_seq, syn.wrapping_add(1 + 1_500 + 1));
        assert_eq!(last_ack, syn_ack.wrapping_add(1 + 10 + 1));
        assert_eq!(
            sent.iter().map(|(.., len)| len).collect::<Vec<_>>(),
            [&0, &0, &0, &1460, &40, &10, &0, &0, &0, &0]
        );
    }

    #[test]
    fn a_capture_may_begin_late_and_end_early() {
        let sent = segments(&short().midway().unfinished().in_segments(500));
        assert_eq!(sent.iter().map(|(.., len)| *len).collect::<Vec<_>>(), [500, 500, 500, 10, 0]);
        let times: Vec<i64> = short().packets().iter().map(|packet| packet.time_ns).collect();
        assert!(times.is_sorted_by(|earlier, later| earlier < later));
    }

    #[test]
    fn datagrams_have_neither_start_nor_end() {
        let packets = short().over_udp().packets();
        let lens: Vec<usize> = packets
            .iter()
            .map(|packet| match &packet.content {
                Content::Ip(Ip { transport: Transport::Udp(udp), .. }) => udp.payload.len(),
                _ => unreachable!("these are datagrams"),
            })
            .collect();
        assert_eq!(lens, [1_460, 40, 10]);
    }

    #[test]
    fn a_path_says_how_far_the_other_end_is() {
        let path =
            Path { round_trip_ns: SECOND, ttls: [128, 50], windows: [1_000, 2_000], ..Path::default() };
        let packets = short().along(path).packets();
        assert_eq!(packets[1].time_ns - packets[0].time_ns, SECOND + path.serialisation_ns);
        let seen = |packet: &Packet| match &packet.content {
            Content::Ip(Ip { ttl, transport: Transport::Tcp(tcp), .. }) => (*ttl, tcp.window),
            _ => unreachable!("a conversation is of TCP"),
        };
        assert_eq!((seen(&packets[0]), seen(&packets[1])), ((128, 1_000), (50, 2_000)));
    }

    #[test]
    fn what_is_said_at_a_time_is_said_then_or_at_once() {
        let late = START_NS + 5 * SECOND;
        let conversation = Conversation::new(tcp_v4([192, 0, 2, 1], [192, 0, 2, 2], 80))
            .write_at(late, Speaker::Client, [1])
            .write_at(START_NS, Speaker::Client, [2]);
        let times: Vec<i64> = conversation.over_udp().packets().iter().map(|packet| packet.time_ns).collect();
        assert_eq!(times, [late, late + Path::default().serialisation_ns]);
    }

    #[test]
    fn the_same_words_are_the_same_packets() {
        assert_eq!(short().packets(), short().packets());
    }
}
