//! Samples in, running mean and deviation out, in the single precision of the tool we compare with.

/// Mean, and mean square of each sample's distance from the mean of those before it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Running {
    mean: f32,
    square: f32,
}

impl Running {
    /// No sample yet, and the first will be compared with `mean`.
    pub(crate) fn around(mean: f32) -> Self {
        Self { mean, square: 0.0 }
    }

    /// Takes the `n`th sample into account, counted from 1.
    #[inline]
    pub(crate) fn add(&mut self, sample: f32, n: u64) {
        let n = n as f32;
        // Welford's step would multiply the distances from the old and from the new mean; this one squares
        // the former alone, as Tranalyzer does.
        let distance = sample - self.mean;
        self.mean += distance / n;
        self.square += (distance * distance - self.square) / n;
    }

    pub(crate) fn mean(self) -> f32 {
        self.mean
    }

    pub(crate) fn deviation(self) -> f32 {
        self.square.sqrt()
    }
}

/// Seconds from one time to another, in the steps that Tranalyzer rounds in: seconds and nanoseconds are
/// subtracted apart, so a gap across the turn of a second may be off by up to 32 ns.
#[inline]
pub(crate) fn gap_seconds(before_ns: i64, now_ns: i64) -> f32 {
    let (before, now) = (split(before_ns), split(now_ns));
    let (seconds, nanoseconds) = (now.0 - before.0, now.1 - before.1);
    (f64::from(seconds as f32) + f64::from(nanoseconds as f32) / 1e9) as f32
}

/// Whole seconds, rounded down, and the nanoseconds behind them.
#[inline]
fn split(time_ns: i64) -> (i64, i64) {
    const SECOND: i64 = 1_000_000_000;
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
    fn each_sample_is_compared_with_the_mean_before_it() {
        let mut running = Running::around(0.0);
        [0.0, 604.0, 0.0].iter().zip(1..).for_each(|(&sample, n)| running.add(sample, n));
        assert!((running.deviation() - 389.8803).abs() < 1e-3);
        assert!((running.mean() - 604.0 / 3.0).abs() < 1e-3);
    }

    #[test]
    fn gaps_keep_their_sign() {
        let check = |before, now, expected: f32| {
            assert!((gap_seconds(before, now) - expected).abs() < 1e-6, "{before} {now}");
        };
        check(1_500_000_000, 4_250_000_000, 2.75);
        check(1_900_000_000, 2_100_000_000, 0.2);
        check(100_500_000_000, 99_700_000_000, -0.8);
        check(-200_000_000, 300_000_000, 0.5);
        check(7, 7, 0.0);
    }
}
