//! How long a direction may be silent before its conversation ends.

use weir_sdk::Duration;

const SECOND: i64 = 1_000_000_000;

/// The state of a direction's lifetime, each with a timeout of its own.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// Anything but TCP, and TCP before its first decodable packet.
    #[default]
    Idle = 0,
    /// TCP connection being opened.
    TcpNew = 1,
    /// TCP connection open.
    TcpEstablished = 2,
    /// A FIN was sent.
    TcpClosing = 3,
    /// Both FINs were acknowledged.
    TcpClosed = 4,
    /// A RST was sent.
    TcpReset = 5,
}

/// The timeouts of a run, in nanoseconds, by [`Lifetime`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    by_lifetime: [i64; 6],
    /// Longest life of a conversation, if limited.
    pub active: Option<i64>,
    /// The distinct timeouts, longest first: the order in which one packet ends flows.
    classes: Vec<i64>,
}

impl Default for Timeouts {
    fn default() -> Self {
        let by_lifetime = [182 * SECOND, 120 * SECOND, 610 * SECOND, 120 * SECOND, 10 * SECOND, SECOND / 10];
        Self { by_lifetime, active: None, classes: distinct(&by_lifetime) }
    }
}

impl Timeouts {
    /// Sets the timeout of one lifetime.
    pub fn set(&mut self, lifetime: Lifetime, timeout: Duration) {
        self.by_lifetime[lifetime as usize] = timeout.0;
        self.classes = distinct(&self.by_lifetime);
    }

    /// The timeout of a lifetime.
    #[inline]
    pub fn of(&self, lifetime: Lifetime) -> i64 {
        self.by_lifetime[lifetime as usize]
    }

    /// When a new conversation must be looked at for the first time.
    #[inline]
    pub fn first(&self) -> i64 {
        let idle = self.of(Lifetime::Idle);
        self.active.map_or(idle, |active| active.min(idle))
    }

    /// The distinct timeouts, longest first.
    pub fn classes(&self) -> &[i64] {
        &self.classes
    }
}

fn distinct(timeouts: &[i64]) -> Vec<i64> {
    let mut classes = timeouts.to_vec();
    classes.sort_unstable_by_key(|&timeout| std::cmp::Reverse(timeout));
    classes.dedup();
    classes
}
