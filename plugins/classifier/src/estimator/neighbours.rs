//! Nearest neighbours: the classes of the training rows that are most like a row.

use serde::Deserialize;

use super::{Estimator, Judged, highest};
use crate::matrix::Matrix;

/// How much the vote of a neighbour counts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// As much as any other's.
    Uniform,
    /// By the inverse of its distance; if some are at distance 0, only those vote.
    Distance,
}

/// The distance between rows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The root of the sum of squares.
    Euclidean,
    /// The sum of differences.
    Manhattan,
    /// The largest difference.
    Chebyshev,
}

impl Metric {
    /// A number that grows with the distance.
    fn rank(self, a: &[f64], b: &[f64]) -> f64 {
        let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        match self {
            Metric::Euclidean => differences.map(|d| d * d).sum(),
            Metric::Manhattan => differences.sum(),
            Metric::Chebyshev => differences.fold(0.0, f64::max),
        }
    }

    fn distance(self, rank: f64) -> f64 {
        if self == Metric::Euclidean { rank.sqrt() } else { rank }
    }
}

/// Training rows with their classes.
#[derive(Clone, Debug)]
pub struct Neighbours {
    /// How many of them vote.
    pub count: usize,
    /// How much each vote counts.
    pub weights: Weights,
    /// What near means.
    pub metric: Metric,
    points: Matrix,
    labels: Vec<usize>,
    classes: usize,
}

impl Neighbours {
    /// Of these training rows and their classes.
    ///
    /// # Errors
    ///
    /// What does not fit together.
    pub fn new(
        count: usize,
        (weights, metric): (Weights, Metric),
        points: Matrix,
        labels: Vec<usize>,
        classes: usize,
    ) -> Result<Self, String> {
        if points.rows() != labels.len() || labels.iter().any(|&label| label >= classes) {
            return Err("its points and their labels do not fit together".into());
        }
        if count == 0 || count > points.rows() {
            return Err(format!("asks {count} neighbours of {} points", points.rows()));
        }
        Ok(Self { count, weights, metric, points, labels, classes })
    }

    /// Distance and class of the nearest training rows, nearest first; of equally near ones the first.
    fn nearest(&self, row: &[f64], ranks: &mut Vec<(f64, usize)>) {
        ranks.clear();
        let points = self.points.iter().enumerate();
        ranks.extend(points.map(|(at, point)| (self.metric.rank(row, point), at)));
        let nearer = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if self.count < ranks.len() {
            ranks.select_nth_unstable_by(self.count, nearer);
            ranks.truncate(self.count);
        }
        ranks.sort_unstable_by(nearer);
    }

    fn vote(&self, nearest: &[(f64, usize)], votes: &mut [f64]) {
        let meets = nearest.iter().any(|(rank, _)| *rank == 0.0);
        for &(rank, at) in nearest {
            votes[self.labels[at]] += match self.weights {
                Weights::Uniform => 1.0,
                Weights::Distance if meets => f64::from(u8::from(rank == 0.0)),
                Weights::Distance => 1.0 / self.metric.distance(rank),
            };
        }
    }
}

impl Estimator for Neighbours {
    fn columns(&self) -> usize {
        self.points.columns()
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn judge(&self, rows: &Matrix) -> Judged {
        let mut judged = Judged::default();
        let mut ranks = Vec::new();
        for row in rows.iter() {
            let mut votes = vec![0.0; self.classes];
            self.nearest(row, &mut ranks);
            if ranks.iter().any(|(rank, _)| rank.is_nan()) {
                votes.fill(f64::NAN);
            }
            self.vote(&ranks, &mut votes);
            let sum: f64 = votes.iter().sum();
            judged.labels.push(highest(&votes));
            judged.probabilities.extend(votes.iter().map(|votes| votes / sum));
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(weights: Weights, row: f64) -> Judged {
        let points = Matrix::of_rows(&[vec![0.0], vec![3.0], vec![4.0]]).unwrap();
        let model = Neighbours::new(3, (weights, Metric::Euclidean), points, vec![0, 1, 1], 2).unwrap();
        model.judge(&Matrix::of_rows(&[vec![row]]).unwrap())
    }

    #[test]
    fn every_neighbour_has_a_vote_or_one_by_its_distance() {
        assert_eq!(judge(Weights::Uniform, 0.0).labels, [Some(1)]);
        let near = judge(Weights::Distance, 1.0);
        assert_eq!(near.labels, [Some(0)]);
        assert!((near.probabilities[0] - 1.0 / (1.0 + 0.5 + 1.0 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn one_that_is_the_same_decides_alone() {
        assert_eq!(judge(Weights::Distance, 0.0).probabilities, [1.0, 0.0]);
    }

    #[test]
    fn an_absent_value_has_no_neighbours() {
        assert_eq!(judge(Weights::Uniform, f64::NAN).labels, [None]);
    }
}
