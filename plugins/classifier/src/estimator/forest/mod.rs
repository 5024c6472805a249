//! Forests: decision trees, averaged or summed.
//!
//! All trees stand in one list of small nodes, siblings side by side. A batch goes through tree by tree in blocks of
//! rows, eight walks at a time, so that a tree stays in the first caches and the walks wait for memory together.

mod build;

pub use build::{Branch, Builder, Tree};

use super::link::Link;
use super::{Estimator, Judged};
use crate::matrix::Matrix;

/// Rows that go through all trees together.
const BLOCK: usize = 128;
/// Walks at a time.
const LANES: usize = 8;
/// In [`Node::column`]: an absent value goes to the left.
const ABSENT_LEFT: u32 = 1 << 31;

/// A number that nodes compare: trees of single precision see their inputs rounded to it.
pub trait Number: Copy + PartialOrd + Send + Sync + 'static {
    /// Above every threshold.
    const INFINITY: Self;

    /// The nearest number.
    fn nearest(value: f64) -> Self;

    /// The largest number that is not above `value`.
    fn not_above(value: f64) -> Self;

    /// Whether it is none.
    fn is_nan(self) -> bool;
}

impl Number for f64 {
    const INFINITY: Self = f64::INFINITY;

    fn nearest(value: f64) -> Self {
        value
    }

    fn not_above(value: f64) -> Self {
        value
    }

    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

impl Number for f32 {
    const INFINITY: Self = f32::INFINITY;

    fn nearest(value: f64) -> Self {
        value as f32
    }

    fn not_above(value: f64) -> Self {
        let nearest = value as f32;
        if f64::from(nearest) > value { nearest.next_down() } else { nearest }
    }

    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

/// A node. A leaf points at itself, whatever it compares, so a walk needs no question whether it has ended.
#[derive(Clone, Copy, Debug)]
struct Node<T> {
    /// Up to and with this, a value goes to the left.
    threshold: T,
    column: u32,
    /// The left child; the right one follows.
    left: u32,
}

/// What becomes of the leaves' values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// A leaf has a value for each class; those of all trees are averaged.
    Mean,
    /// A leaf has one value, for the class of its tree; they are summed.
    Sum,
}

/// A forest.
#[derive(Clone, Debug)]
pub struct Forest<T> {
    nodes: Vec<Node<T>>,
    /// For each node, where its values begin; meant for leaves only.
    places: Vec<u32>,
    values: Vec<f64>,
    /// The root of each tree, and the score that its leaves add to.
    roots: Vec<(u32, usize)>,
    combine: Combine,
    /// What scores begin with.
    base: Vec<f64>,
    link: Link,
    columns: usize,
    classes: usize,
    knows_absent: bool,
}

impl<T: Number> Forest<T> {
    /// Adds what the trees say of a block of rows to their scores.
    fn score(&self, block: &[T], scores: &mut [f64]) {
        let outputs = self.base.len();
        for &(root, output) in &self.roots {
            let rows = block.chunks(LANES * self.columns);
            for (rows, scores) in rows.zip(scores.chunks_mut(LANES * outputs)) {
                let leaves = self.walk(root, rows);
                for (leaf, scores) in leaves.into_iter().zip(scores.chunks_exact_mut(outputs)) {
                    self.add(leaf, output, scores);
                }
            }
        }
    }

    /// The leaves that up to [`LANES`] rows come to.
    #[inline]
    fn walk(&self, root: u32, rows: &[T]) -> [u32; LANES] {
        let mut at = [root; LANES];
        let count = rows.len() / self.columns;
        loop {
            let mut moved = 0;
            for (lane, at) in at.iter_mut().enumerate().take(count) {
                let node = self.nodes[*at as usize];
                let value = rows[lane * self.columns + (node.column & !ABSENT_LEFT) as usize];
                // Not to be written as `>`: an absent value compares false with everything.
                let is_left = value <= node.threshold || (value.is_nan() & (node.column & ABSENT_LEFT != 0));
                let next = node.left + u32::from(!is_left);
                moved |= next ^ *at;
                *at = next;
            }
            if moved == 0 {
                return at;
            }
        }
    }

    #[inline]
    fn add(&self, leaf: u32, output: usize, scores: &mut [f64]) {
        let place = self.places[leaf as usize] as usize;
        match self.combine {
            Combine::Sum => scores[output] += self.values[place],
            Combine::Mean => {
                let values = &self.values[place..place + scores.len()];
                scores.iter_mut().zip(values).for_each(|(score, value)| *score += value);
            }
        }
    }
}

impl<T: Number> Estimator for Forest<T> {
    fn columns(&self) -> usize {
        self.columns
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn knows_absent(&self) -> bool {
        self.knows_absent
    }

    fn judge(&self, rows: &Matrix) -> Judged {
        let mut judged = Judged::default();
        let outputs = self.base.len();
        let divisor = if self.combine == Combine::Mean { self.roots.len() as f64 } else { 1.0 };
        for block in rows.values().chunks(BLOCK * self.columns) {
            let numbers: Vec<T> = block.iter().map(|&value| T::nearest(value)).collect();
            let mut scores = self.base.repeat(numbers.len() / self.columns);
            self.score(&numbers, &mut scores);
            scores.iter_mut().for_each(|score| *score /= divisor);
            scores.chunks_exact(outputs).for_each(|scores| self.link.judge(scores, &mut judged));
        }
        judged
    }
}

#[cfg(test)]
mod tests;
