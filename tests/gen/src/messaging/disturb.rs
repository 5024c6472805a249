//! What networks do to packets.

use crate::packet::{Content, Ends, Ip, Packet};

/// A copy of a segment comes so much later.
const REPEATED_AFTER_NS: i64 = 50_000;

/// Of each two segments of a side that follow each other the second is captured first.
pub fn reorder(mut packets: Vec<Packet>) -> Vec<Packet> {
    let mut place = 0;
    while place + 1 < packets.len() {
        let [first, second] = [&packets[place], &packets[place + 1]].map(sender_of_data);
        if first.is_some() && first == second {
            let times = [packets[place].time_ns, packets[place + 1].time_ns];
            packets.swap(place, place + 1);
            (packets[place].time_ns, packets[place + 1].time_ns) = (times[0], times[1]);
            place += 1;
        }
        place += 1;
    }
    packets
}

/// Each segment with payload is captured twice.
pub fn repeat(packets: Vec<Packet>) -> Vec<Packet> {
    let twice = packets.into_iter().flat_map(|packet| {
        let again = sender_of_data(&packet)
            .map(|_| Packet { time_ns: packet.time_ns + REPEATED_AFTER_NS, ..packet.clone() });
        [Some(packet), again].into_iter().flatten()
    });
    twice.collect()
}

/// Packets of several conversations in order of time; of those with equal times, in order of conversations.
pub fn merge(conversations: impl IntoIterator<Item = Vec<Packet>>) -> Vec<Packet> {
    let mut packets: Vec<Packet> = conversations.into_iter().flatten().collect();
    packets.sort_by_key(|packet| packet.time_ns);
    packets
}

/// The ends of a packet with payload, as it goes.
fn sender_of_data(packet: &Packet) -> Option<Ends> {
    let Content::Ip(Ip { ends, transport, .. }) = &packet.content else { return None };
    (!transport.payload().is_empty()).then_some(*ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messaging::{Conversation, Speaker, tcp_v4};

    fn payloads(packets: &[Packet]) -> Vec<Vec<u8>> {
        let payload = |packet: &Packet| match &packet.content {
            Content::Ip(ip) => ip.transport.payload().bytes().to_vec(),
            Content::Other { .. } => Vec::new(),
        };
        packets.iter().map(payload).filter(|bytes| !bytes.is_empty()).collect()
    }

    fn three_segments() -> Vec<Packet> {
        let line = tcp_v4([192, 0, 2, 1], [192, 0, 2, 2], 80);
        Conversation::new(line).write(0, Speaker::Client, *b"abc").in_segments(1).packets()
    }

    #[test]
    fn neighbours_change_places() {
        let packets = reorder(three_segments());
        assert_eq!(payloads(&packets), [b"b", b"a", b"c"]);
        assert!(packets.is_sorted_by_key(|packet| packet.time_ns));
    }

    #[test]
    fn segments_come_twice() {
        let packets = repeat(three_segments());
        assert_eq!(payloads(&packets), [b"a", b"a", b"b", b"b", b"c", b"c"]);
        assert!(packets.is_sorted_by_key(|packet| packet.time_ns));
    }

    #[test]
    fn times_decide_when_merged() {
        let packets = merge([three_segments(), three_segments()]);
        assert_eq!(packets.len(), 2 * three_segments().len());
        assert!(packets.is_sorted_by_key(|packet| packet.time_ns));
    }
}
