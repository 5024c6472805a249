//! Estimators: prepared rows in, a class for each row out, with probabilities where the model has them.
//!
//! One file each; all of them work on a batch.

pub mod bayes;
pub mod forest;
pub mod linear;
pub mod link;
pub mod mlp;
pub mod neighbours;
pub mod svm;

use crate::matrix::Matrix;

/// What an estimator said of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// For each row its class; none where the numbers lead nowhere.
    pub labels: Vec<Option<usize>>,
    /// For each row the probability of each class; empty if the estimator gives none.
    pub probabilities: Vec<f64>,
}

/// A fitted estimator.
pub trait Estimator: Send + Sync {
    /// How many columns it reads.
    fn columns(&self) -> usize;

    /// How many classes it tells apart.
    fn classes(&self) -> usize;

    /// Whether it has a rule of its own for absent values, which are NaN.
    fn knows_absent(&self) -> bool {
        false
    }

    /// Says what each row is.
    fn judge(&self, rows: &Matrix) -> Judged;
}

/// The first of the highest numbers; none if one is no number.
pub fn highest(scores: &[f64]) -> Option<usize> {
    let mut best = 0;
    for (at, score) in scores.iter().enumerate() {
        if score.is_nan() {
            return None;
        }
        if *score > scores[best] {
            best = at;
        }
    }
    (!scores.is_empty()).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_scores_the_first_counts_and_nan_leads_nowhere() {
        assert_eq!(highest(&[1.0, 3.0, 3.0, 2.0]), Some(1));
        assert_eq!(highest(&[1.0, f64::NAN]), None);
        assert_eq!(highest(&[]), None);
    }
}
