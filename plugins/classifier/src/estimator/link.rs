//! From scores to probabilities.

use serde::Deserialize;

use super::{Judged, highest};

/// How the scores of a row become a class and probabilities.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Scores say which class, but are no probabilities. With one score, above 0 is the second class.
    None,
    /// Scores are probabilities.
    Identity,
    /// One score: the logarithm of the odds of the second of two classes.
    Logistic,
    /// A score for each class: logarithms of probabilities, but for a common summand.
    Softmax,
    /// A score for each class against the rest; their logistic values are divided by their sum.
    OneVsRest,
}

impl Link {
    /// How many scores a row needs for so many classes.
    pub fn scores(self, classes: usize) -> usize {
        match self {
            Link::None if classes == 2 => 1,
            Link::Logistic => 1,
            _ => classes,
        }
    }

    /// Whether it can serve so many classes.
    pub fn fits(self, classes: usize) -> bool {
        if self == Link::Logistic { classes == 2 } else { classes >= 2 }
    }

    /// Adds a row with these scores.
    pub fn judge(self, scores: &[f64], judged: &mut Judged) {
        let label = match scores {
            [score] => (!score.is_nan()).then(|| usize::from(*score > 0.0)),
            _ => highest(scores),
        };
        judged.labels.push(label);
        let probabilities = &mut judged.probabilities;
        match self {
            Link::None => {}
            Link::Identity => probabilities.extend_from_slice(scores),
            Link::Logistic => {
                let second = logistic(scores[0]);
                probabilities.extend([1.0 - second, second]);
            }
            Link::Softmax => extend_shares(probabilities, scores, |score, most| (score - most).exp()),
            Link::OneVsRest => extend_shares(probabilities, scores, |score, _| logistic(score)),
        }
    }
}

/// Adds the share of each score's weight in all weights; equal shares if there is no weight at all.
fn extend_shares(probabilities: &mut Vec<f64>, scores: &[f64], weight: impl Fn(f64, f64) -> f64) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let first = probabilities.len();
    probabilities.extend(scores.iter().map(|&score| weight(score, most)));
    let shares = &mut probabilities[first..];
    let sum: f64 = shares.iter().sum();
    let count = shares.len() as f64;
    shares.iter_mut().for_each(|share| *share = if sum == 0.0 { 1.0 / count } else { *share / sum });
}

/// The logistic function.
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: Link, scores: &[f64], label: Option<usize>, probabilities: &[f64]) {
        let mut judged = Judged::default();
        link.judge(scores, &mut judged);
        assert_eq!(judged.labels, [label]);
        assert_eq!(judged.probabilities.len(), probabilities.len());
        for (found, expected) in judged.probabilities.iter().zip(probabilities) {
            assert!((found - expected).abs() < 1e-12, "{link:?} {scores:?}: {found} is not {expected}");
        }
    }

    #[test]
    fn links_compute_what_their_formulas_say() {
        check(Link::None, &[-1.0], Some(0), &[]);
        check(Link::None, &[1.0, 2.0, 0.0], Some(1), &[]);
        check(Link::Identity, &[0.25, 0.75], Some(1), &[0.25, 0.75]);
        check(Link::Logistic, &[3f64.ln()], Some(1), &[0.25, 0.75]);
        check(Link::Softmax, &[0.0, 3f64.ln()], Some(1), &[0.25, 0.75]);
        check(Link::OneVsRest, &[0.0, 3f64.ln()], Some(1), &[0.4, 0.6]);
    }

    #[test]
    fn scores_beyond_all_bounds_still_give_probabilities() {
        check(Link::Softmax, &[1e9, 0.0], Some(0), &[1.0, 0.0]);
        check(Link::Logistic, &[-1e9], Some(0), &[1.0, 0.0]);
        check(Link::OneVsRest, &[-1e9, -1e9], Some(0), &[0.5, 0.5]);
    }

    #[test]
    fn what_is_no_number_has_no_label() {
        let mut judged = Judged::default();
        Link::Logistic.judge(&[f64::NAN], &mut judged);
        assert_eq!(judged.labels, [None]);
    }
}
