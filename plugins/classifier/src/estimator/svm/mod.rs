//! Support vector machines with kernels, as LIBSVM trains them: each pair of classes has a decision of its own, the
//! class with most votes wins, and probabilities are coupled from those of the pairs.

mod coupling;

use serde::Deserialize;

use super::linear::dot;
use super::{Estimator, Judged, highest};
use crate::matrix::Matrix;

/// The likeness of two rows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kernel {
    /// The sum of products.
    Linear {},
    /// `exp(-gamma * squared distance)`.
    Rbf {
        /// Above 0.
        gamma: f64,
    },
    /// `(gamma * sum of products + coef0) ^ degree`.
    Poly {
        /// Above 0.
        gamma: f64,
        /// Added.
        coef0: f64,
        /// A whole number.
        degree: i32,
    },
    /// `tanh(gamma * sum of products + coef0)`.
    Sigmoid {
        /// Above 0.
        gamma: f64,
        /// Added.
        coef0: f64,
    },
}

impl Kernel {
    fn of(self, a: &[f64], b: &[f64]) -> f64 {
        match self {
            Kernel::Linear {} => dot(a, b),
            Kernel::Rbf { gamma } => {
                let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                (-gamma * square).exp()
            }
            Kernel::Poly { gamma, coef0, degree } => (gamma * dot(a, b) + coef0).powi(degree),
            Kernel::Sigmoid { gamma, coef0 } => (gamma * dot(a, b) + coef0).tanh(),
        }
    }
}

/// Platt's scaling: the probability of a pair's first class is `1 / (1 + exp(a * decision + b))`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Platt {
    /// For each pair.
    pub a: Vec<f64>,
    /// For each pair.
    pub b: Vec<f64>,
}

/// Support vectors and the decisions of all pairs of classes: 0 and 1, 0 and 2, and so on.
#[derive(Clone, Debug)]
pub struct Svm {
    kernel: Kernel,
    /// Those of the first class first.
    vectors: Matrix,
    /// Where the vectors of each class begin, and where the last end.
    starts: Vec<usize>,
    /// Row `k`: for a vector, its weight against the `k`-th of the other classes.
    weights: Matrix,
    intercepts: Vec<f64>,
    platt: Option<Platt>,
}

impl Svm {
    /// Of these parts; `counts` says how many vectors each class has.
    ///
    /// # Errors
    ///
    /// What does not fit together.
    pub fn new(
        kernel: Kernel,
        vectors: Matrix,
        counts: &[usize],
        weights: Matrix,
        intercepts: Vec<f64>,
        platt: Option<Platt>,
    ) -> Result<Self, String> {
        let classes = counts.len();
        let pairs = classes * classes.saturating_sub(1) / 2;
        let starts: Vec<usize> = std::iter::once(0)
            .chain(counts.iter().scan(0usize, |sum, &count| {
                *sum = sum.saturating_add(count);
                Some(*sum)
            }))
            .collect();
        let fits = classes >= 2
            && starts[classes] == vectors.rows()
            && (weights.rows(), weights.columns()) == (classes - 1, vectors.rows())
            && intercepts.len() == pairs
            && platt.as_ref().is_none_or(|platt| (platt.a.len(), platt.b.len()) == (pairs, pairs));
        if !fits {
            return Err("its vectors, weights, and intercepts are not of the same classes".into());
        }
        Ok(Self { kernel, vectors, starts, weights, intercepts, platt })
    }

    /// The decision of each pair; above 0 for the first of the two.
    fn decisions(&self, likeness: &[f64], decisions: &mut Vec<f64>) {
        decisions.clear();
        let classes = self.classes();
        for first in 0..classes {
            for second in first + 1..classes {
                let of = |own: usize, other: usize| {
                    let part = self.starts[own]..self.starts[own + 1];
                    dot(&self.weights.row(other)[part.clone()], &likeness[part])
                };
                // A class counts the others without itself.
                let sum = of(first, second - 1) + of(second, first);
                decisions.push(sum + self.intercepts[decisions.len()]);
            }
        }
    }

    fn votes(&self, decisions: &[f64], votes: &mut [f64]) {
        votes.fill(0.0);
        let classes = votes.len();
        let pairs = (0..classes).flat_map(|first| (first + 1..classes).map(move |second| (first, second)));
        for ((first, second), &decision) in pairs.zip(decisions) {
            if decision.is_nan() {
                votes.fill(f64::NAN);
                return;
            }
            votes[if decision > 0.0 { first } else { second }] += 1.0;
        }
    }
}

impl Estimator for Svm {
    fn columns(&self) -> usize {
        self.vectors.columns()
    }

    fn classes(&self) -> usize {
        self.starts.len() - 1
    }

    fn judge(&self, rows: &Matrix) -> Judged {
        let mut judged = Judged::default();
        let mut votes = vec![0.0; self.classes()];
        let (mut likeness, mut decisions) = (Vec::new(), Vec::new());
        for row in rows.iter() {
            likeness.clear();
            likeness.extend(self.vectors.iter().map(|vector| self.kernel.of(vector, row)));
            self.decisions(&likeness, &mut decisions);
            self.votes(&decisions, &mut votes);
            judged.labels.push(highest(&votes));
            if let Some(platt) = &self.platt {
                coupling::extend(&mut judged.probabilities, platt, &decisions, votes.len());
            }
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[Vec<f64>]) -> Matrix {
        Matrix::of_rows(rows).unwrap()
    }

    #[test]
    fn the_class_with_most_votes_wins() {
        // Three points on a line, one vector a class, equal weights.
        let weights = matrix(&[vec![1.0, -1.0, -1.0], vec![1.0, 1.0, -1.0]]);
        let vectors = matrix(&[vec![0.0], vec![1.0], vec![2.0]]);
        let kernel = Kernel::Rbf { gamma: 1.0 };
        let model = Svm::new(kernel, vectors, &[1, 1, 1], weights, vec![0.0; 3], None).unwrap();
        let judged = model.judge(&matrix(&[vec![-0.5], vec![1.1], vec![3.0], vec![f64::NAN]]));
        assert_eq!(judged.labels, [Some(0), Some(1), Some(2), None]);
    }

    #[test]
    fn kernels_compute_what_their_formulas_say() {
        let (a, b) = (&[1.0, 2.0][..], &[3.0, 1.0][..]);
        assert_eq!(Kernel::Linear {}.of(a, b), 5.0);
        assert_eq!(Kernel::Rbf { gamma: 0.2 }.of(a, b), (-1.0f64).exp());
        assert_eq!(Kernel::Poly { gamma: 2.0, coef0: 1.0, degree: 2 }.of(a, b), 121.0);
        assert_eq!(Kernel::Sigmoid { gamma: 0.5, coef0: -2.0 }.of(a, b), 0.5f64.tanh());
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let vectors = matrix(&[vec![0.0], vec![1.0]]);
        let weights = matrix(&[vec![1.0, -1.0]]);
        let kernel = Kernel::Linear {};
        assert!(Svm::new(kernel, vectors.clone(), &[1, 2], weights.clone(), vec![0.0], None).is_err());
        assert!(Svm::new(kernel, vectors.clone(), &[2], weights.clone(), vec![], None).is_err());
        assert!(Svm::new(kernel, vectors, &[1, usize::MAX], weights, vec![0.0], None).is_err());
    }
}
