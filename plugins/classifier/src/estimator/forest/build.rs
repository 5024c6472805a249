//! Trees as files tell them → the flat nodes of a forest. Whatever a file says, walks end and stay inside.

use super::{ABSENT_LEFT, Combine, Forest, Node, Number};
use crate::estimator::Estimator;
use crate::estimator::link::Link;

/// Where a node leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Branch {
    /// On to one of two others.
    Split {
        /// The column that is compared.
        column: usize,
        /// Up to and with this, a value goes to the left.
        threshold: f64,
        /// Place of the left child.
        left: usize,
        /// Place of the right child.
        right: usize,
        /// Whether an absent value goes to the left.
        absent_left: bool,
    },
    /// Nowhere: its values.
    Leaf(Vec<f64>),
}

/// A tree, its root first.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The nodes.
    pub nodes: Vec<Branch>,
    /// The score that its leaves add to; meant for sums.
    pub output: usize,
}

/// What is known of a forest beside its trees.
#[derive(Clone, Debug, PartialEq)]
pub struct Builder {
    /// What becomes of the leaves' values.
    pub combine: Combine,
    /// What scores begin with.
    pub base: Vec<f64>,
    /// From scores to probabilities.
    pub link: Link,
    /// Columns of a row.
    pub columns: usize,
    /// Classes.
    pub classes: usize,
    /// Whether nodes know where an absent value goes.
    pub knows_absent: bool,
}

impl Builder {
    /// A forest that compares single precision numbers.
    ///
    /// # Errors
    ///
    /// What is wrong with which tree.
    pub fn singles(self, trees: &[Tree]) -> Result<Box<dyn Estimator>, String> {
        Ok(Box::new(self.build::<f32>(trees)?))
    }

    /// A forest that compares double precision numbers.
    ///
    /// # Errors
    ///
    /// What is wrong with which tree.
    pub fn doubles(self, trees: &[Tree]) -> Result<Box<dyn Estimator>, String> {
        Ok(Box::new(self.build::<f64>(trees)?))
    }

    pub(super) fn build<T: Number>(self, trees: &[Tree]) -> Result<Forest<T>, String> {
        if trees.is_empty() || self.columns == 0 {
            return Err("has no trees or no columns".into());
        }
        let outputs = self.base.len();
        if !self.link.fits(self.classes) || outputs != self.link.scores(self.classes) {
            return Err(format!("has {outputs} scores for {} classes", self.classes));
        }
        let mut forest = Forest {
            nodes: Vec::new(),
            places: Vec::new(),
            values: Vec::new(),
            roots: Vec::new(),
            combine: self.combine,
            base: self.base,
            link: self.link,
            columns: self.columns,
            classes: self.classes,
            knows_absent: self.knows_absent,
        };
        for (at, tree) in trees.iter().enumerate() {
            plant(&mut forest, tree).map_err(|fault| format!("tree {at}: {fault}"))?;
        }
        Ok(forest)
    }
}

/// Adds a tree: nodes in the order in which they are met, the two children of one side by side.
fn plant<T: Number>(forest: &mut Forest<T>, tree: &Tree) -> Result<(), String> {
    if tree.output >= forest.base.len() {
        return Err(format!("adds to score {} of {}", tree.output, forest.base.len()));
    }
    let root = new_node(forest)?;
    forest.roots.push((root, tree.output));
    let mut waiting = vec![(0, root)];
    // A tree of n nodes has n visits; more say that nodes are shared or go in a circle.
    let mut visits = 0;
    while let Some((from, to)) = waiting.pop() {
        visits += 1;
        let branch = tree.nodes.get(from).ok_or_else(|| format!("node {from} is not there"))?;
        if visits > tree.nodes.len() {
            return Err("its nodes go in a circle".into());
        }
        match branch {
            Branch::Leaf(values) => leaf(forest, to, values)?,
            &Branch::Split { column, threshold, left, right, absent_left } => {
                if column >= forest.columns {
                    return Err(format!("node {from} compares column {column} of {}", forest.columns));
                }
                let child = new_node(forest)?;
                new_node(forest)?;
                forest.nodes[to as usize] = Node {
                    threshold: T::not_above(threshold),
                    column: column as u32 | if absent_left { ABSENT_LEFT } else { 0 },
                    left: child,
                };
                waiting.extend([(right, child + 1), (left, child)]);
            }
        }
    }
    Ok(())
}

fn new_node<T: Number>(forest: &mut Forest<T>) -> Result<u32, String> {
    let place = u32::try_from(forest.nodes.len()).map_err(|_| "there are too many nodes")?;
    forest.nodes.push(Node { threshold: T::INFINITY, column: ABSENT_LEFT, left: place });
    forest.places.push(0);
    Ok(place)
}

fn leaf<T: Number>(forest: &mut Forest<T>, at: u32, values: &[f64]) -> Result<(), String> {
    let wanted = if forest.combine == Combine::Sum { 1 } else { forest.base.len() };
    if values.len() != wanted {
        return Err(format!("a leaf has {} values instead of {wanted}", values.len()));
    }
    let place = u32::try_from(forest.values.len()).map_err(|_| "there are too many leaves")?;
    forest.places[at as usize] = place;
    forest.values.extend_from_slice(values);
    Ok(())
}
