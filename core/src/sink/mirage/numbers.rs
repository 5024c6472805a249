//! Numbers of a list of values, as numpy and scipy give them by default.

use serde::Serialize;

/// What MIRAGE-2019 says of the lengths and of the gaps of packets.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Numbers {
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    std: Option<f64>,
    var: Option<f64>,
    mad: Option<f64>,
    skew: Option<f64>,
    kurtosis: Option<f64>,
    #[serde(rename = "10_percentile")]
    percentile_10: Option<f64>,
    #[serde(rename = "20_percentile")]
    percentile_20: Option<f64>,
    #[serde(rename = "30_percentile")]
    percentile_30: Option<f64>,
    #[serde(rename = "40_percentile")]
    percentile_40: Option<f64>,
    #[serde(rename = "50_percentile")]
    percentile_50: Option<f64>,
    #[serde(rename = "60_percentile")]
    percentile_60: Option<f64>,
    #[serde(rename = "70_percentile")]
    percentile_70: Option<f64>,
    #[serde(rename = "80_percentile")]
    percentile_80: Option<f64>,
    #[serde(rename = "90_percentile")]
    percentile_90: Option<f64>,
}

impl Numbers {
    /// Of these values; all absent without a value.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        values.sort_unstable_by(f64::total_cmp);
        let moments = Moments::of(&values);
        let percentile = |percent| Some(percentile(&values, percent));
        Self {
            min: values.first().copied(),
            max: values.last().copied(),
            mean: Some(moments.mean),
            std: Some(moments.second.sqrt()),
            var: Some(moments.second),
            mad: Some(median_absolute_deviation(&values)),
            skew: moments.skew(),
            kurtosis: moments.kurtosis(),
            percentile_10: percentile(10),
            percentile_20: percentile(20),
            percentile_30: percentile(30),
            percentile_40: percentile(40),
            percentile_50: percentile(50),
            percentile_60: percentile(60),
            percentile_70: percentile(70),
            percentile_80: percentile(80),
            percentile_90: percentile(90),
        }
    }
}

/// The mean and the moments about it, divided by n.
struct Moments {
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let moment = |power| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
        Self { mean, second: moment(2), third: moment(3), fourth: moment(4) }
    }

    /// Values that are all equal, but for what rounding adds, have none, as in scipy.
    fn spreads(&self) -> bool {
        self.second > (f64::EPSILON * self.mean).powi(2)
    }

    fn skew(&self) -> Option<f64> {
        self.spreads().then(|| self.third / self.second.powf(1.5))
    }

    /// Fisher's: 0 for a normal distribution.
    fn kurtosis(&self) -> Option<f64> {
        self.spreads().then(|| self.fourth / self.second.powi(2) - 3.0)
    }
}

/// By rule R-7: between the values around place (n - 1) * percent / 100, counted from 0.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let scaled = (sorted.len() - 1) * percent;
    let (below, fraction) = (scaled / 100, (scaled % 100) as f64 / 100.0);
    let lower = sorted[below];
    let upper = sorted.get(below + 1).copied().unwrap_or(lower);
    lower + fraction * (upper - lower)
}

fn median_absolute_deviation(sorted: &[f64]) -> f64 {
    let median = percentile(sorted, 50);
    let mut distances: Vec<f64> = sorted.iter().map(|value| (value - median).abs()).collect();
    distances.sort_unstable_by(f64::total_cmp);
    percentile(&distances, 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out by hand for 40, 10, 20, 15, 1500: deviations from the mean 317.
    #[test]
    fn numbers_are_those_of_the_definitions() {
        let numbers = Numbers::of(vec![40.0, 10.0, 20.0, 15.0, 1500.0]);
        let near = |found: Option<f64>, expected: f64| {
            let found = found.expect("there are values");
            assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found}, not {expected}");
        };
        near(numbers.min, 10.0);
        near(numbers.max, 1500.0);
        near(numbers.mean, 317.0);
        // (277^2 + 307^2 + 297^2 + 302^2 + 1183^2) / 5
        near(numbers.var, 349_976.0);
        near(numbers.std, 349_976.0_f64.sqrt());
        // Distances 20, 10, 0, 5, 1480 from the median 20.
        near(numbers.mad, 10.0);
        let third =
            (-277_f64.powi(3) - 307_f64.powi(3) - 297_f64.powi(3) - 302_f64.powi(3) + 1183_f64.powi(3)) / 5.0;
        near(numbers.skew, third / 349_976.0_f64.powf(1.5));
        let fourth =
            (277_f64.powi(4) + 307_f64.powi(4) + 297_f64.powi(4) + 302_f64.powi(4) + 1183_f64.powi(4)) / 5.0;
        near(numbers.kurtosis, fourth / 349_976.0_f64.powi(2) - 3.0);
        near(numbers.percentile_10, 12.0);
        near(numbers.percentile_50, 20.0);
        near(numbers.percentile_90, 916.0);
    }

    #[test]
    fn equal_values_have_no_skew_and_no_values_have_nothing() {
        let equal = Numbers::of(vec![0.1; 7]);
        assert_eq!((equal.skew, equal.kurtosis), (None, None));
        assert_eq!((equal.mad, equal.percentile_90), (Some(0.0), Some(0.1)));
        assert_eq!(Numbers::of(Vec::new()), Numbers::default());
    }

    #[test]
    fn percentiles_are_named_as_in_mirage() {
        let json = serde_json::to_value(Numbers::of(vec![1.0])).unwrap();
        assert_eq!(json["10_percentile"], 1.0);
        assert_eq!(json["90_percentile"], 1.0);
        assert_eq!(json.as_object().unwrap().len(), 17);
    }
}
