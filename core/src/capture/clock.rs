//! Ticks of a pcapng interface → nanoseconds since the epoch.
//!
//! draft-ietf-opsawg-pcapng, section 4.2: `if_tsresol` is a negative power of 10, or of 2 if its highest bit
//! is set; `if_tsoffset` is added in seconds. All in integers; parts of a nanosecond are cut off, and what
//! does not fit into 63 bits (after the year 2262) stays at the largest value.

const NS_PER_SECOND: i64 = 1_000_000_000;

/// How an interface counts time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    tick: Tick,
    offset_ns: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tick {
    /// A tick is this many nanoseconds.
    Nanoseconds(u64),
    /// So many ticks are a nanosecond.
    PerNanosecond(u128),
    /// A tick is one second halved so often.
    HalvedSecond(u8),
}

impl Clock {
    /// A clock of the resolution `if_tsresol` and the offset `if_tsoffset`.
    pub(super) fn new(resolution: u8, offset_seconds: i64) -> Self {
        Self { tick: Tick::of(resolution), offset_ns: offset_seconds.saturating_mul(NS_PER_SECOND) }
    }

    /// The time at which the clock shows `ticks`.
    #[inline]
    pub(super) fn time_ns(self, ticks: u64) -> i64 {
        self.tick.in_ns(ticks).saturating_add(self.offset_ns)
    }
}

impl Default for Clock {
    /// Microseconds since the epoch, unless an interface says otherwise.
    fn default() -> Self {
        Self::new(6, 0)
    }
}

impl Tick {
    fn of(resolution: u8) -> Self {
        let exponent = resolution & 0x7f;
        if resolution & 0x80 != 0 {
            Self::HalvedSecond(exponent)
        } else if exponent <= 9 {
            Self::Nanoseconds(10_u64.pow(u32::from(9 - exponent)))
        } else {
            // Saturated, the divisor is still greater than any count of ticks.
            Self::PerNanosecond(10_u128.saturating_pow(u32::from(exponent - 9)))
        }
    }

    #[inline]
    fn in_ns(self, ticks: u64) -> i64 {
        let ns = match self {
            Self::Nanoseconds(ns) => u128::from(ticks) * u128::from(ns),
            Self::PerNanosecond(ticks_per_ns) => u128::from(ticks) / ticks_per_ns,
            Self::HalvedSecond(times) => (u128::from(ticks) * NS_PER_SECOND as u128) >> times,
        };
        i64::try_from(ns).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(resolution: u8, ticks: u64, time_ns: i64) {
        assert_eq!(Clock::new(resolution, 0).time_ns(ticks), time_ns);
    }

    #[test]
    fn decimal_ticks_coarser_than_a_nanosecond_are_multiplied() {
        check(0, 7, 7_000_000_000);
        check(6, 1_700_000_000_123_456, 1_700_000_000_123_456_000);
        check(9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789);
    }

    #[test]
    fn decimal_ticks_finer_than_a_nanosecond_are_cut_off() {
        check(12, 1_999, 1);
        check(12, 1_700_000_000_123_456, 1_700_000_000_123);
        check(28, u64::MAX, 1);
        check(29, u64::MAX, 0);
        check(127, u64::MAX, 0);
    }

    #[test]
    fn binary_ticks_are_exact() {
        check(0x80, 3, 3_000_000_000);
        check(0x81, 3, 1_500_000_000);
        // 2^-32: the fraction 0x80000000 is half a second.
        check(0x80 | 32, (5 << 32) | 0x8000_0000, 5_500_000_000);
        check(0x80 | 30, (1 << 30) - 1, 999_999_999);
        check(0xff, u64::MAX, 0);
    }

    #[test]
    fn times_beyond_63_bits_stay_at_the_largest() {
        check(0, u64::MAX, i64::MAX);
        check(6, u64::MAX, i64::MAX);
        check(0x80, u64::MAX, i64::MAX);
    }

    #[test]
    fn offsets_shift_in_both_directions_and_never_overflow() {
        assert_eq!(Clock::new(6, 10).time_ns(1), 10_000_001_000);
        assert_eq!(Clock::new(6, -10).time_ns(1), -9_999_999_000);
        assert_eq!(Clock::new(6, i64::MAX).time_ns(1), i64::MAX);
        assert_eq!(Clock::new(6, i64::MIN).time_ns(0), i64::MIN);
    }
}
