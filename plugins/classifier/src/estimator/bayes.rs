//! Gaussian naive Bayes: columns are independent and normally distributed within a class.

use std::f64::consts::TAU;

use super::link::Link;
use super::{Estimator, Judged};
use crate::matrix::Matrix;

/// Mean and variance of each column in each class.
#[derive(Clone, Debug)]
pub struct GaussianBayes {
    means: Matrix,
    variances: Matrix,
    /// Logarithm of the prior probability and of the densities' factors, for each class.
    constants: Vec<f64>,
}

impl GaussianBayes {
    /// Of priors, means, and variances, a row for each class.
    ///
    /// # Errors
    ///
    /// What does not fit together.
    pub fn new(priors: &[f64], means: Matrix, variances: Matrix) -> Result<Self, String> {
        let shape = |matrix: &Matrix| (matrix.rows(), matrix.columns());
        if shape(&means) != shape(&variances) || means.rows() != priors.len() {
            return Err("its priors, means, and variances are not of the same classes and columns".into());
        }
        if variances.values().iter().any(|&variance| variance <= 0.0) {
            return Err("a variance is not above 0".into());
        }
        let constant = |(prior, variances): (&f64, &[f64])| {
            prior.ln() - 0.5 * variances.iter().map(|variance| (TAU * variance).ln()).sum::<f64>()
        };
        let constants = priors.iter().zip(variances.iter()).map(constant).collect();
        Ok(Self { means, variances, constants })
    }
}

impl Estimator for GaussianBayes {
    fn columns(&self) -> usize {
        self.means.columns()
    }

    fn classes(&self) -> usize {
        self.constants.len()
    }

    fn judge(&self, rows: &Matrix) -> Judged {
        let mut judged = Judged::default();
        let mut scores = vec![0.0; self.constants.len()];
        for row in rows.iter() {
            for (class, score) in scores.iter_mut().enumerate() {
                let normal = self.means.row(class).iter().zip(self.variances.row(class));
                let squares =
                    row.iter().zip(normal).map(|(x, (mean, variance))| (x - mean).powi(2) / variance);
                *score = self.constants[class] - 0.5 * squares.sum::<f64>();
            }
            Link::Softmax.judge(&scores, &mut judged);
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_equal_bells_the_prior_decides() {
        let matrix = |rows: &[Vec<f64>]| Matrix::of_rows(rows).unwrap();
        let model = GaussianBayes::new(
            &[0.25, 0.75],
            matrix(&[vec![-1.0], vec![1.0]]),
            matrix(&[vec![1.0], vec![1.0]]),
        );
        let judged = model.unwrap().judge(&matrix(&[vec![0.0], vec![-2.0]]));
        assert_eq!(judged.labels, [Some(1), Some(0)]);
        assert!((judged.probabilities[1] - 0.75).abs() < 1e-12);
    }
}
