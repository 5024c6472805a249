//! One burst: what its packets add up to.

use weir_sdk::Packet;

/// What is kept of a burst.
#[derive(Clone, Copy)]
pub struct Burst {
    /// Time of the first packet.
    pub first_ns: i64,
    /// Latest time of a packet.
    pub last_ns: i64,
    /// Packets by the side that sent them.
    pub packets: [u64; 2],
    /// Sum of the lengths.
    pub bytes: u64,
    /// Sum of the squares of the lengths, which are 32-bit.
    squares: u128,
    /// Largest length.
    pub longest: u32,
    /// Smallest length.
    pub shortest: u32,
}

impl Burst {
    /// A burst of one packet.
    #[inline]
    pub fn of(packet: &Packet<'_>) -> Self {
        let mut burst = Self {
            first_ns: packet.time_ns,
            last_ns: packet.time_ns,
            packets: [0; 2],
            bytes: 0,
            squares: 0,
            longest: 0,
            shortest: u32::MAX,
        };
        burst.take(packet);
        burst
    }

    /// Adds a packet.
    #[inline]
    pub fn take(&mut self, packet: &Packet<'_>) {
        let length = packet.payload_len;
        self.last_ns = self.last_ns.max(packet.time_ns);
        self.packets[packet.side() as usize] += 1;
        self.bytes += u64::from(length);
        self.squares += u128::from(u64::from(length) * u64::from(length));
        self.longest = self.longest.max(length);
        self.shortest = self.shortest.min(length);
    }

    /// Packets of both sides; at least one.
    fn count(&self) -> u64 {
        self.packets[0] + self.packets[1]
    }

    /// Arithmetic mean of the lengths.
    pub fn mean(&self) -> f64 {
        self.bytes as f64 / self.count() as f64
    }

    /// Population standard deviation of the lengths. n times the sum of squares less the square of the sum is exact in
    /// integers, so nothing cancels.
    pub fn deviation(&self) -> f64 {
        let (n, sum) = (u128::from(self.count()), u128::from(self.bytes));
        let spread = n.saturating_mul(self.squares).saturating_sub(sum.saturating_mul(sum));
        // What 64 bits hold, which is nearly all, is turned into a float without a call.
        let spread = u64::try_from(spread).map_or_else(|_| spread as f64, |short| short as f64);
        spread.sqrt() / self.count() as f64
    }
}
