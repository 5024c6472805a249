//! Linear models: logistic regression, linear support vector machines, and whatever else has one vector a class.

use super::link::Link;
use super::{Estimator, Judged};
use crate::matrix::Matrix;

/// A vector and an intercept for each score.
#[derive(Clone, Debug)]
pub struct Linear {
    vectors: Matrix,
    intercepts: Vec<f64>,
    link: Link,
    classes: usize,
}

impl Linear {
    /// Of these parts.
    ///
    /// # Errors
    ///
    /// What does not fit together.
    pub fn new(vectors: Matrix, intercepts: Vec<f64>, link: Link, classes: usize) -> Result<Self, String> {
        if !link.fits(classes) {
            return Err(format!("its link does not fit {classes} classes"));
        }
        let wanted = link.scores(classes);
        if vectors.rows() != wanted || intercepts.len() != wanted {
            let (vectors, intercepts) = (vectors.rows(), intercepts.len());
            return Err(format!("has {vectors} vectors and {intercepts} intercepts instead of {wanted}"));
        }
        Ok(Self { vectors, intercepts, link, classes })
    }
}

impl Estimator for Linear {
    fn columns(&self) -> usize {
        self.vectors.columns()
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn judge(&self, rows: &Matrix) -> Judged {
        let mut judged = Judged::default();
        let mut scores = vec![0.0; self.intercepts.len()];
        for row in rows.iter() {
            for (score, (vector, intercept)) in
                scores.iter_mut().zip(self.vectors.iter().zip(&self.intercepts))
            {
                *score = dot(vector, row) + intercept;
            }
            self.link.judge(&scores, &mut judged);
        }
        judged
    }
}

/// The sum of products.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_product_with_the_vector_and_the_intercept() {
        let vectors = Matrix::of_rows(&[vec![1.0, -2.0]]).unwrap();
        let model = Linear::new(vectors, vec![0.5], Link::None, 2).unwrap();
        let rows = Matrix::of_rows(&[vec![2.0, 1.0], vec![1.0, 1.0]]).unwrap();
        assert_eq!(model.judge(&rows).labels, [Some(1), Some(0)]);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let vectors = || Matrix::of_rows(&[vec![1.0], vec![2.0]]).unwrap();
        assert!(Linear::new(vectors(), vec![0.0], Link::Softmax, 2).is_err());
        assert!(Linear::new(vectors(), vec![0.0; 2], Link::Softmax, 3).is_err());
        assert!(Linear::new(vectors(), vec![0.0; 2], Link::Logistic, 3).is_err());
    }
}
