//! LightGBM's text: `booster.save_model("model.txt")`. Lines of `key=value`, a block for each tree.

use std::collections::HashMap;
use std::str::FromStr;

use super::Names;
use super::xgboost::Boosted;
use crate::estimator::forest::{Branch, Builder, Combine, Tree};
use crate::estimator::link::Link;
use crate::model::Model;

/// Bits of a node's `decision_type`.
mod decision {
    pub(super) const BY_CATEGORY: u8 = 0x01;
    pub(super) const DEFAULT_LEFT: u8 = 0x02;
    /// What counts as absent: none 0, zero 1, no number 2.
    pub(super) const ABSENT_SHIFT: u8 = 2;
    pub(super) const ABSENT_MASK: u8 = 0x03;
    pub(super) const NOTHING: u8 = 0;
    pub(super) const NAN: u8 = 2;
}

pub(super) fn load(text: &str, names: Names) -> Result<Model, String> {
    booster(text)?.model(names)
}

pub(super) fn booster(text: &str) -> Result<Boosted, String> {
    let text = text.split("\nend of trees").next().unwrap_or(text);
    let mut blocks = text.split("\nTree=");
    let head = Block::of(blocks.next().unwrap_or_default());
    let (link, classes, scale) = objective(&head)?;
    let iteration: usize = head.number("num_tree_per_iteration")?;
    let last: usize = head.number("max_feature_idx")?;
    if iteration != link.scores(classes) {
        return Err(format!("it has {iteration} trees an iteration for {classes} classes"));
    }
    if head.line_is_there("average_output") {
        return Err(
            "its trees are averaged, which is not known here; train it with boosting by gradient".into()
        );
    }
    let trees = blocks.enumerate().map(|(at, block)| {
        let tree = tree(&Block::of(block), at % iteration, scale);
        tree.map_err(|fault| format!("tree {at}: {fault}"))
    });
    let trees: Vec<Tree> = trees.collect::<Result<_, _>>()?;
    if trees.len() < iteration {
        return Err(format!("it has {} trees for {classes} classes", trees.len()));
    }
    let builder = Builder {
        combine: Combine::Sum,
        base: vec![0.0; iteration],
        link,
        columns: last.saturating_add(1),
        classes,
        knows_absent: true,
    };
    let columns = head.text("feature_names")?.split_whitespace().map(str::to_owned).collect();
    Ok(Boosted { estimator: builder.doubles(&trees)?, columns, classes })
}

/// From scores to probabilities, the number of classes, and what scores are multiplied by.
fn objective(head: &Block<'_>) -> Result<(Link, usize, f64), String> {
    let mut words = head.text("objective")?.split_whitespace();
    let name = words.next().unwrap_or_default();
    let settings: HashMap<&str, &str> = words.filter_map(|word| word.split_once(':')).collect();
    let sigmoid = || settings.get("sigmoid").and_then(|text| text.parse().ok()).unwrap_or(1.0);
    match name {
        "binary" => Ok((Link::Logistic, 2, sigmoid())),
        "multiclass" => Ok((Link::Softmax, head.number("num_class")?, 1.0)),
        "multiclassova" => Ok((Link::OneVsRest, head.number("num_class")?, sigmoid())),
        other => Err(format!("its objective is `{other}`, which is none of classes")),
    }
}

fn tree(block: &Block<'_>, output: usize, scale: f64) -> Result<Tree, String> {
    if block.number::<usize>("num_cat").unwrap_or(0) > 0 {
        return Err("it splits by categories, which are not known here".into());
    }
    if block.number::<u8>("is_linear").unwrap_or(0) > 0 {
        return Err("its leaves are linear models, which are not known here".into());
    }
    let leaves: Vec<f64> = block.numbers("leaf_value")?;
    let leaf = |value: &f64| Branch::Leaf(vec![value * scale]);
    if leaves.len() == 1 {
        return Ok(Tree { nodes: leaves.iter().map(leaf).collect(), output });
    }
    let left: Vec<i64> = block.numbers("left_child")?;
    let right: Vec<i64> = block.numbers("right_child")?;
    let columns: Vec<usize> = block.numbers("split_feature")?;
    let thresholds: Vec<f64> = block.numbers("threshold")?;
    let decisions: Vec<u8> = block.numbers("decision_type")?;
    let splits = left.len();
    if [right.len(), columns.len(), thresholds.len(), decisions.len()].iter().any(|&length| length != splits)
    {
        return Err("it has lists of different lengths".into());
    }
    // Leaves are counted by negative numbers, from -1 on; here they stand behind the splits.
    let place = |child: i64| match usize::try_from(child) {
        Ok(split) => split,
        Err(_) => splits.saturating_add(usize::try_from(!child).unwrap_or(usize::MAX)),
    };
    let split = |at: usize| {
        let absent_left = absent_left(decisions[at], thresholds[at])?;
        let (left, right) = (place(left[at]), place(right[at]));
        Ok(Branch::Split { column: columns[at], threshold: thresholds[at], left, right, absent_left })
    };
    let mut nodes: Vec<Branch> = (0..splits).map(split).collect::<Result<_, String>>()?;
    nodes.extend(leaves.iter().map(leaf));
    Ok(Tree { nodes, output })
}

/// Where an absent value goes: where the node says, or, if it met none in training, where 0 goes.
fn absent_left(decision: u8, threshold: f64) -> Result<bool, String> {
    if decision & decision::BY_CATEGORY != 0 {
        return Err("it splits by categories, which are not known here".into());
    }
    match decision >> decision::ABSENT_SHIFT & decision::ABSENT_MASK {
        decision::NAN => Ok(decision & decision::DEFAULT_LEFT != 0),
        decision::NOTHING => Ok(0.0 <= threshold),
        _ => Err("it takes zeros for absent values, which is not known here".into()),
    }
}

/// Lines of `key=value`.
struct Block<'a> {
    values: HashMap<&'a str, &'a str>,
}

impl<'a> Block<'a> {
    fn of(text: &'a str) -> Self {
        let lines = text.lines().map(str::trim);
        Self { values: lines.map(|line| line.split_once('=').unwrap_or((line, ""))).collect() }
    }

    fn line_is_there(&self, line: &str) -> bool {
        self.values.contains_key(line)
    }

    fn text(&self, key: &str) -> Result<&'a str, String> {
        self.values.get(key).copied().ok_or_else(|| format!("it has no line `{key}=`"))
    }

    fn number<T: FromStr>(&self, key: &str) -> Result<T, String> {
        let text = self.text(key)?;
        text.parse().map_err(|_| format!("`{key}={text}` is not what stands there in a model"))
    }

    fn numbers<T: FromStr>(&self, key: &str) -> Result<Vec<T>, String> {
        let words = self.text(key)?.split_whitespace();
        let wrong = |word| format!("`{word}` in the line `{key}=` is not what stands there in a model");
        words.map(|word| word.parse().map_err(|_| wrong(word))).collect()
    }
}
