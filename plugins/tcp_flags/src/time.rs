//! Two times in, the seconds between them out, in the single precision and the steps of rounding of the tool
//! we compare with.

const SECOND: i64 = 1_000_000_000;

/// Two times. The seconds between them are worked out where they are asked for, which is seldom.
#[derive(Clone, Copy)]
pub(crate) struct Gap {
    pub(crate) before: i64,
    pub(crate) now: i64,
}

impl Gap {
    /// Signed seconds.
    pub(crate) fn seconds(self) -> f32 {
        gap_seconds(self.before, self.now)
    }
}

/// Signed seconds from one time to another: seconds and nanoseconds are subtracted apart.
fn gap_seconds(before_ns: i64, now_ns: i64) -> f32 {
    let (before, now) = (split(before_ns), split(now_ns));
    let (seconds, nanoseconds) = (now.0 - before.0, now.1 - before.1);
    (f64::from(seconds as f32) + f64::from(nanoseconds as f32) / 1e9) as f32
}

/// Seconds between two times: the nanoseconds of each are rounded to single precision before they are
/// subtracted, so it may be off by 64 ns.
#[inline]
pub(crate) fn distance_seconds(before_ns: i64, now_ns: i64) -> f32 {
    let (before, now) = (split(before_ns), split(now_ns));
    let (seconds, nanoseconds) = (now.0 - before.0, now.1 as f32 - before.1 as f32);
    (f64::from(seconds as f32) + f64::from(nanoseconds) / 1e9).abs() as f32
}

/// Whole seconds, rounded down, and the nanoseconds behind them.
#[inline]
fn split(time_ns: i64) -> (i64, i64) {
    // Times before 1970 are rare, and a division without sign is the cheaper one.
    match u64::try_from(time_ns) {
        Ok(time_ns) => ((time_ns / SECOND as u64) as i64, (time_ns % SECOND as u64) as i64),
        Err(_) => (time_ns.div_euclid(SECOND), time_ns.rem_euclid(SECOND)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_keep_their_sign_and_distances_do_not() {
        assert_eq!(gap_seconds(1_500_000_000, 4_250_000_000), 2.75);
        assert_eq!(gap_seconds(4_250_000_000, 1_500_000_000), -2.75);
        assert_eq!(distance_seconds(4_250_000_000, 1_500_000_000), 2.75);
    }

    #[test]
    fn nanoseconds_are_those_behind_whole_seconds_also_before_1970() {
        assert_eq!(split(4_250_000_000), (4, 250_000_000));
        assert_eq!(split(-250_000_000), (-1, 750_000_000));
        assert_eq!(split(i64::MIN), (-9_223_372_037, 145_224_192));
        assert_eq!(gap_seconds(-250_000_000, 250_000_000), 0.5);
    }
}
