//! Two times in, the seconds between them out, in the single precision and the steps of rounding of the tool
//! we compare with.

const SECOND: i64 = 1_000_000_000;

/// Signed seconds from one time to another: seconds and nanoseconds are subtracted apart.
#[inline]
pub(crate) fn gap_seconds(before_ns: i64, now_ns: i64) -> f32 {
    let seconds = now_ns.div_euclid(SECOND) - before_ns.div_euclid(SECOND);
    let nanoseconds = now_ns.rem_euclid(SECOND) - before_ns.rem_euclid(SECOND);
    (f64::from(seconds as f32) + f64::from(nanoseconds as f32) / 1e9) as f32
}

/// Seconds between two times: the nanoseconds of each are rounded to single precision before they are
/// subtracted, so it may be off by 64 ns.
#[inline]
pub(crate) fn distance_seconds(before_ns: i64, now_ns: i64) -> f32 {
    let seconds = now_ns.div_euclid(SECOND) - before_ns.div_euclid(SECOND);
    let nanoseconds = now_ns.rem_euclid(SECOND) as f32 - before_ns.rem_euclid(SECOND) as f32;
    (f64::from(seconds as f32) + f64::from(nanoseconds) / 1e9).abs() as f32
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
}
