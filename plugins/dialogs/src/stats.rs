//! Numbers of a list of values: sum, range, mean, variance, quartiles.

/// What a list of values adds up to; of lengths in bytes or of gaps in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    pub sum: u64,
    pub min: u64,
    pub max: u64,
    pub mean: f64,
    /// Divided by n.
    pub variance: f64,
    /// By rule R-7.
    pub quartiles: [f64; 3],
}

impl Stats {
    /// Of these values, which are put in order; none without a value.
    pub fn of(values: &mut [u64]) -> Option<Self> {
        if let [only] = *values {
            let (mean, quartiles) = (only as f64, [only as f64; 3]);
            return Some(Self { sum: only, min: only, max: only, mean, variance: 0.0, quartiles });
        }
        values.sort_unstable();
        let (&min, &max) = (values.first()?, values.last()?);
        let sum = values.iter().fold(0, |sum: u64, &value| sum.saturating_add(value));
        let mean = sum as f64 / values.len() as f64;
        let squares: f64 = values.iter().map(|&value| (value as f64 - mean).powi(2)).sum();
        let quartiles = [1, 2, 3].map(|quarter| quartile(values, quarter));
        Some(Self { sum, min, max, mean, variance: squares / values.len() as f64, quartiles })
    }
}

/// Between the values around place (n - 1) * quarter / 4, counted from 0, as far as its fraction says.
fn quartile(sorted: &[u64], quarter: usize) -> f64 {
    let scaled = (sorted.len() - 1) as u128 * quarter as u128;
    let (below, fraction) = ((scaled / 4) as usize, (scaled % 4) as f64 / 4.0);
    let lower = sorted[below] as f64;
    let upper = sorted.get(below + 1).map_or(lower, |&upper| upper as f64);
    lower + fraction * (upper - lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from `numpy.quantile(x, [.25, .5, .75])`, `numpy.mean`, and `numpy.var`.
    #[test]
    fn values_are_those_of_numpy() {
        let stats = Stats::of(&mut [40, 10, 20, 15]).expect("there are values");
        assert_eq!((stats.sum, stats.min, stats.max), (85, 10, 40));
        assert_eq!((stats.mean, stats.variance), (21.25, 129.6875));
        assert_eq!(stats.quartiles, [13.75, 17.5, 25.0]);
        assert_eq!(Stats::of(&mut [7]).map(|stats| stats.quartiles), Some([7.0; 3]));
        assert_eq!(Stats::of(&mut [7]).map(|stats| (stats.mean, stats.variance)), Some((7.0, 0.0)));
        assert_eq!(Stats::of(&mut []), None);
    }

    #[test]
    fn huge_values_do_not_overflow() {
        let stats = Stats::of(&mut [u64::MAX, u64::MAX]).expect("there are values");
        assert!(stats.sum == u64::MAX && stats.variance.is_finite());
    }
}
