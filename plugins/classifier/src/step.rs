//! What is done to the inputs before the estimator sees them, in the order and arithmetic of scikit-learn.

use serde::Deserialize;

use crate::matrix::Matrix;

/// A step of preparation. Lists have a number for each column; an absent list leaves its part out.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// An absent value becomes that of its column.
    Impute {
        /// Instead of absent values.
        values: Vec<f64>,
    },
    /// `(x - mean) / scale`.
    Standard {
        /// Subtracted first.
        mean: Option<Vec<f64>>,
        /// Divided by then.
        scale: Option<Vec<f64>>,
    },
    /// `(x - center) / scale`.
    Robust {
        /// Subtracted first.
        center: Option<Vec<f64>>,
        /// Divided by then.
        scale: Option<Vec<f64>>,
    },
    /// `x * scale + min`, and within the bounds if there are some.
    Minmax {
        /// Multiplied by first.
        scale: Vec<f64>,
        /// Added then.
        min: Vec<f64>,
        /// Lowest and highest value.
        clip: Option<(f64, f64)>,
    },
    /// `x / scale`.
    Maxabs {
        /// Divided by.
        scale: Vec<f64>,
    },
    /// Only some columns go on.
    Select {
        /// Their places among those that came in, from 0.
        columns: Vec<usize>,
    },
}

impl Step {
    /// How many columns go out of so many.
    ///
    /// # Errors
    ///
    /// What is wrong with the step.
    pub fn columns_out(&self, columns_in: usize) -> Result<usize, String> {
        if let Step::Select { columns } = self {
            return match columns.iter().find(|&&column| column >= columns_in) {
                Some(column) => Err(format!("selects column {column} of {columns_in}")),
                None => Ok(columns.len()),
            };
        }
        match self.lists().into_iter().find(|list| list.len() != columns_in) {
            Some(list) => Err(format!("has {} numbers for {columns_in} columns", list.len())),
            None => Ok(columns_in),
        }
    }

    /// What it is called in a model file.
    pub fn name(&self) -> &'static str {
        match self {
            Step::Impute { .. } => "impute",
            Step::Standard { .. } => "standard",
            Step::Robust { .. } => "robust",
            Step::Minmax { .. } => "minmax",
            Step::Maxabs { .. } => "maxabs",
            Step::Select { .. } => "select",
        }
    }

    fn lists(&self) -> Vec<&[f64]> {
        match self {
            Step::Impute { values } => vec![values],
            Step::Standard { mean: shift, scale } | Step::Robust { center: shift, scale } => {
                [shift, scale].into_iter().flatten().map(Vec::as_slice).collect()
            }
            Step::Minmax { scale, min, .. } => vec![scale, min],
            Step::Maxabs { scale } => vec![scale],
            Step::Select { .. } => vec![],
        }
    }

    /// Does it to all rows.
    pub fn apply(&self, matrix: &mut Matrix) {
        let mut each = |list: &[f64], change: fn(&mut f64, f64)| {
            for row in 0..matrix.rows() {
                matrix.row_mut(row).iter_mut().zip(list).for_each(|(x, &number)| change(x, number));
            }
        };
        match self {
            Step::Impute { values } => each(values, |x, value| {
                if x.is_nan() {
                    *x = value;
                }
            }),
            Step::Standard { mean: shift, scale } | Step::Robust { center: shift, scale } => {
                shift.iter().for_each(|shift| each(shift, |x, shift| *x -= shift));
                scale.iter().for_each(|scale| each(scale, |x, scale| *x /= scale));
            }
            Step::Minmax { scale, min, clip } => {
                each(scale, |x, scale| *x *= scale);
                each(min, |x, min| *x += min);
                if let Some((low, high)) = *clip {
                    matrix.values_mut().iter_mut().for_each(|x| *x = x.max(low).min(high));
                }
            }
            Step::Maxabs { scale } => each(scale, |x, scale| *x /= scale),
            Step::Select { columns } => *matrix = matrix.select(columns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(step: Step, row: &[f64], expected: &[f64]) {
        assert_eq!(step.columns_out(row.len()), Ok(expected.len()));
        let mut matrix = Matrix::of_rows(&[row.to_vec(), row.to_vec()]).unwrap();
        step.apply(&mut matrix);
        assert_eq!((matrix.row(0), matrix.row(1)), (expected, expected));
    }

    #[test]
    fn steps_compute_what_their_formulas_say() {
        check(Step::Impute { values: vec![5.0, 6.0] }, &[f64::NAN, 1.0], &[5.0, 1.0]);
        let scale = || Some(vec![2.0, 4.0]);
        check(Step::Standard { mean: Some(vec![1.0, 2.0]), scale: scale() }, &[3.0, 4.0], &[1.0, 0.5]);
        check(Step::Standard { mean: None, scale: scale() }, &[3.0, 4.0], &[1.5, 1.0]);
        check(Step::Robust { center: Some(vec![1.0, 2.0]), scale: None }, &[3.0, 4.0], &[2.0, 2.0]);
        let minmax = |clip| Step::Minmax { scale: vec![2.0, 3.0], min: vec![1.0, -1.0], clip };
        check(minmax(None), &[3.0, 0.0], &[7.0, -1.0]);
        check(minmax(Some((0.0, 1.0))), &[3.0, 0.0], &[1.0, 0.0]);
        check(Step::Maxabs { scale: vec![2.0, 4.0] }, &[1.0, 1.0], &[0.5, 0.25]);
        check(Step::Select { columns: vec![2, 0] }, &[1.0, 2.0, 3.0], &[3.0, 1.0]);
    }

    #[test]
    fn lists_of_another_length_are_refused() {
        assert!(Step::Maxabs { scale: vec![1.0] }.columns_out(2).is_err());
        assert!(Step::Select { columns: vec![2] }.columns_out(2).is_err());
    }

    #[test]
    fn an_absent_value_stays_absent_without_an_imputer() {
        let mut matrix = Matrix::of_rows(&[vec![f64::NAN]]).unwrap();
        Step::Standard { mean: Some(vec![1.0]), scale: Some(vec![2.0]) }.apply(&mut matrix);
        assert!(matrix.row(0)[0].is_nan());
    }
}
