//! One burst: what its packets add up to.

use weir_sdk::Packet;

/// A burst and what its deviation is made of.
pub struct Running {
    /// As of now.
    pub burst: Burst,
    /// Sum of the squares of the lengths, which are 32-bit.
    squares: u128,
}

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
    /// Population standard deviation of the lengths.
    pub deviation: f64,
    /// Largest length.
    pub longest: u32,
    /// Smallest length.
    pub shortest: u32,
}

impl Running {
    /// A burst of one packet.
    pub fn of(packet: &Packet<'_>) -> Self {
        let time = packet.time_ns;
        let burst = Burst {
            first_ns: time,
            last_ns: time,
            packets: [0; 2],
            bytes: 0,
            deviation: 0.0,
            longest: 0,
            shortest: u32::MAX,
        };
        let mut running = Self { burst, squares: 0 };
        running.take(packet);
        running
    }

    /// Adds a packet.
    pub fn take(&mut self, packet: &Packet<'_>) {
        let length = packet.payload_len;
        let burst = &mut self.burst;
        burst.last_ns = burst.last_ns.max(packet.time_ns);
        burst.packets[packet.side() as usize] += 1;
        burst.bytes += u64::from(length);
        burst.longest = burst.longest.max(length);
        burst.shortest = burst.shortest.min(length);
        self.squares += u128::from(length) * u128::from(length);
    }

    /// The burst as it would be if no packet were added any more.
    pub fn end(&self) -> Burst {
        Burst { deviation: self.deviation(), ..self.burst }
    }

    /// n times the sum of squares less the square of the sum is exact in integers, so nothing cancels.
    fn deviation(&self) -> f64 {
        let (n, sum) = (u128::from(self.burst.count()), u128::from(self.burst.bytes));
        let spread = n.saturating_mul(self.squares).saturating_sub(sum.saturating_mul(sum));
        (spread as f64).sqrt() / n as f64
    }
}

impl Burst {
    /// Packets of both sides; at least one.
    fn count(&self) -> u64 {
        self.packets[0] + self.packets[1]
    }

    /// Arithmetic mean of the lengths.
    pub fn mean(&self) -> f64 {
        self.bytes as f64 / self.count() as f64
    }
}
