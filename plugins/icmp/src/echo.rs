//! Echo messages of one direction in, what is odd about their numbers and data out.

use super::bits;
use weir_sdk::icmp::{Echo, Message};

/// The sequence number by which the covert channel of Loki (Phrack 49, article 6) is known.
const LOKI_SEQUENCE: u16 = 0x01f0;
/// A mark of tunnels through echo requests, and where it stands.
const WANG: (usize, &[u8]) = (6, b"WANG2");
/// A word of the banner of SSH, and from where on it is looked for.
const SSH: (usize, &[u8]) = (40, b"OpenSSH");

/// What is kept of a direction.
#[derive(Debug)]
pub struct Echoes {
    pub(crate) requests: u32,
    pub(crate) replies: u32,
    expected: u16,
    may_be_loki: bool,
    found: u8,
}

impl Echoes {
    /// Before the first message of a direction, which says where numbers begin even if it is no echo; nothing
    /// for a direction that began without one.
    pub fn before(first: Option<&Message<'_>>) -> Self {
        let sequence = first.and_then(Message::sequence);
        Self {
            requests: 0,
            replies: 0,
            expected: sequence.unwrap_or(1),
            may_be_loki: sequence == Some(LOKI_SEQUENCE),
            found: 0,
        }
    }

    /// Takes an echo message into account.
    pub fn take(&mut self, echo: Echo, message: &Message<'_>) {
        match echo {
            Echo::Request => self.requests += 1,
            Echo::Reply => self.replies += 1,
        }
        if let Some(sequence) = message.sequence() {
            self.follow(sequence);
        }
        self.look_into(echo, message.body());
    }

    /// What was found, as bits of the status.
    pub fn status(&self) -> u8 {
        self.found | if self.may_be_loki { bits::LOKI } else { 0 }
    }

    /// Requests and replies share one count.
    fn follow(&mut self, sequence: u16) {
        if sequence != self.expected {
            self.found |= bits::SEQUENCE;
        }
        self.expected = sequence.wrapping_add(1);
        self.may_be_loki &= sequence == LOKI_SEQUENCE;
    }

    fn look_into(&mut self, echo: Echo, body: &[u8]) {
        if echo == Echo::Request && body.get(WANG.0..).is_some_and(|rest| rest.starts_with(WANG.1)) {
            self.found |= bits::WANG;
        }
        if self.found & bits::SSH == 0 && body.get(SSH.0..).is_some_and(|rest| contains(rest, SSH.1)) {
            self.found |= bits::SSH;
        }
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
