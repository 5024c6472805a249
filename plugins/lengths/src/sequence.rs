//! Sequence numbers of one direction: which of its segments bring something new.

use weir_sdk::{Packet, flag};

const TCP: u8 = 6;
/// Where the sequence number stands in a TCP header (RFC 9293 section 3.1).
const SEQUENCE: usize = 4;
const SYN: u8 = 0x02;

/// The numbers that a direction has used, as far as they were seen.
#[derive(Default)]
pub struct Sequence {
    /// The number behind the last byte.
    highest: Option<u32>,
    /// The number of the last SYN.
    initial: Option<u32>,
}

impl Sequence {
    /// Whether the packet brings bytes that its direction has not sent before; always so for other protocols and
    /// without a captured sequence number.
    #[inline]
    pub(crate) fn brings_new(&mut self, packet: &Packet<'_>) -> bool {
        let is_syn = packet.has(flag::HAS_TCP_FLAGS) && packet.tcp_flags & SYN != 0;
        if packet.payload_len == 0 && !is_syn {
            // It neither uses a number nor opens a connection.
            return true;
        }
        let Some(number) = sequence_of(packet) else {
            return true;
        };
        if is_syn {
            self.open(number);
            // RFC 9293 section 3.4: the SYN stands before the first byte.
            self.use_from(number.wrapping_add(1), packet.payload_len)
        } else {
            self.use_from(number, packet.payload_len)
        }
    }

    /// A SYN of another number opens a new connection between the same ports.
    fn open(&mut self, number: u32) {
        if self.initial.replace(number) != Some(number) {
            self.highest = None;
        }
    }

    /// Takes so many bytes from this number on; whether their end is new.
    fn use_from(&mut self, number: u32, len: u32) -> bool {
        let end = number.wrapping_add(len);
        let is_new = self.highest.is_none_or(|highest| is_behind(end, highest));
        if is_new && len > 0 {
            self.highest = Some(end);
        }
        is_new
    }
}

fn sequence_of(packet: &Packet<'_>) -> Option<u32> {
    let is_tcp = packet.l4_proto == TCP && packet.has(flag::HAS_L4);
    let number = is_tcp.then(|| packet.array(usize::from(packet.l4_offset) + SEQUENCE))?;
    number.map(u32::from_be_bytes)
}

/// Whether `number` follows `earlier` (RFC 1982 section 3.2).
fn is_behind(number: u32, earlier: u32) -> bool {
    number.wrapping_sub(earlier).wrapping_sub(1) < i32::MAX as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_each_other_around_the_end() {
        let check = |number, earlier, expected| assert_eq!(is_behind(number, earlier), expected, "{number}");
        check(5, 5, false);
        check(6, 5, true);
        check(4, 5, false);
        check(2, u32::MAX, true);
        check(u32::MAX, 2, false);
        check(0x7fff_ffff, 0, true);
        check(0x8000_0000, 0, false);
    }
}
