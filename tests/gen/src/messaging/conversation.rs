//! What two hosts say to each other over TCP, and when → packets.

use crate::packet::flags::{ACK, FIN, PSH, SYN};
use crate::packet::{Ends, Ip, Packet, Payload, Tcp, Transport};
use crate::random::Random;

/// 2024-05-01T12:00:00Z.
pub const START_NS: i64 = 1_714_564_800_000_000_000;
/// In nanoseconds.
pub const MILLISECOND: i64 = 1_000_000;
/// In nanoseconds.
pub const SECOND: i64 = 1_000 * MILLISECOND;

/// From a segment to its answer.
const ROUND_TRIP: i64 = 20 * MILLISECOND;
/// Between segments of one write.
const SERIALISATION: i64 = MILLISECOND / 10;
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

/// A TCP connection as told by what its ends write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    line: Line,
    turns: Vec<Turn>,
    segment_len: usize,
    has_start: bool,
    has_end: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    wait_ns: i64,
    speaker: Speaker,
    bytes: Vec<u8>,
}

impl Conversation {
    /// One in which nothing is said yet.
    pub fn new(line: Line) -> Self {
        Self { line, turns: Vec::new(), segment_len: SEGMENT_LEN, has_start: true, has_end: true }
    }

    /// So long after what was written before, these bytes are written at once.
    #[must_use]
    pub fn write(mut self, wait_ns: i64, speaker: Speaker, bytes: impl Into<Vec<u8>>) -> Self {
        self.turns.push(Turn { wait_ns, speaker, bytes: bytes.into() });
        self
    }

    /// Half a round trip later the other end hears it, and answers at once.
    #[must_use]
    pub fn answer(self, speaker: Speaker, bytes: impl Into<Vec<u8>>) -> Self {
        self.write(ROUND_TRIP, speaker, bytes)
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
        let mut wire = Wire::new(self.line);
        if self.has_start {
            wire.send(Speaker::Client, SYN, &[]);
            wire.wait(ROUND_TRIP).send(Speaker::Server, SYN | ACK, &[]);
            wire.send(Speaker::Client, ACK, &[]);
        }
        for (place, turn) in self.turns.iter().enumerate() {
            wire.wait(turn.wait_ns).write(turn.speaker, &turn.bytes, self.segment_len);
            let next = self.turns.get(place + 1);
            if next.is_none_or(|next| next.speaker == turn.speaker || next.wait_ns > DELAYED_ACK) {
                wire.send(turn.speaker.other(), ACK, &[]);
            }
        }
        if self.has_end {
            wire.wait(ROUND_TRIP).send(Speaker::Client, FIN | ACK, &[]);
            wire.wait(ROUND_TRIP).send(Speaker::Server, FIN | ACK, &[]);
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

/// A connection under way.
struct Wire {
    line: Line,
    now_ns: i64,
    /// Numbers of the next bytes, by speaker.
    next: [u32; 2],
    packets: Vec<Packet>,
}

impl Wire {
    fn new(line: Line) -> Self {
        let mut random = Random::new(line.start_ns as u64 ^ u64::from(line.ports.0) << 16);
        let next = [random.bits() as u32, random.bits() as u32];
        Self { line, now_ns: line.start_ns, next, packets: Vec::new() }
    }

    fn wait(&mut self, ns: i64) -> &mut Self {
        self.now_ns += ns;
        self
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
        let (ends, (src_port, dst_port)) = match speaker {
            Speaker::Client => (ends, (client_port, server_port)),
            Speaker::Server => (ends.reversed(), (server_port, client_port)),
        };
        let [seq, heard] = [speaker, speaker.other()].map(|speaker| self.next[speaker as usize]);
        let ack = if flags & ACK == 0 { 0 } else { heard };
        let numbers = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.next[speaker as usize] = seq.wrapping_add(numbers);
        let payload = Payload::from(payload);
        let tcp = Tcp { src_port, dst_port, seq, ack, flags, window: 64_240, payload, ..Tcp::default() };
        let id = self.packets.len() as u32;
        let ip = Ip { id, ..Ip::new(ends, Transport::Tcp(tcp)) };
        self.packets.push(Packet { is_padded: true, ..Packet::ip(self.now_ns, ip) });
        self.now_ns += SERIALISATION;
    }
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
    fn the_same_words_are_the_same_packets() {
        assert_eq!(short().packets(), short().packets());
    }
}
