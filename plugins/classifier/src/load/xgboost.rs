//! XGBoost's JSON: `booster.save_model("model.json")`.
//!
//! Its trees compare single precision numbers by `<`; here they go left up to and with the number below.

use serde::Deserialize;

use super::{Names, numbered};
use crate::estimator::Estimator;
use crate::estimator::forest::{Branch, Builder, Combine, Tree};
use crate::estimator::link::Link;
use crate::model::{Input, Missing, Model};

/// The parts of the file that count.
#[derive(Deserialize)]
pub(super) struct File {
    learner: Learner,
}

#[derive(Deserialize)]
struct Learner {
    #[serde(default)]
    feature_names: Vec<String>,
    gradient_booster: Booster,
    learner_model_param: Params,
    objective: Objective,
}

#[derive(Deserialize)]
struct Booster {
    name: String,
    model: Option<Trees>,
}

#[derive(Deserialize)]
struct Trees {
    trees: Vec<TreeParts>,
    tree_info: Vec<usize>,
}

#[derive(Deserialize)]
struct Params {
    base_score: String,
    num_class: String,
    num_feature: String,
}

#[derive(Deserialize)]
struct Objective {
    name: String,
}

#[derive(Deserialize)]
struct TreeParts {
    left_children: Vec<i64>,
    right_children: Vec<i64>,
    split_indices: Vec<usize>,
    split_conditions: Vec<f32>,
    default_left: Vec<u8>,
    #[serde(default)]
    split_type: Vec<u8>,
}

/// A booster of either kind.
pub(super) struct Boosted {
    pub(super) estimator: Box<dyn Estimator>,
    pub(super) columns: Vec<String>,
    pub(super) classes: usize,
}

impl Boosted {
    /// As a model, with the names that its file does not tell.
    pub(super) fn model(self, names: Names) -> Result<Model, String> {
        let columns = names.columns.unwrap_or(self.columns);
        if columns.is_empty() {
            return Err("it names no columns; train it on a table with names, or name them in a chain".into());
        }
        let inputs = columns.into_iter().map(|name| Input { name, kind: None }).collect();
        let classes = numbered(names.classes, self.classes);
        let parts = (names.model.unwrap_or_default(), inputs, classes);
        Model::new(parts, Some(Missing::Native), Vec::new(), self.estimator)
    }
}

pub(super) fn load(text: &str, names: Names) -> Result<Model, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    file.booster()?.model(names)
}

impl File {
    pub(super) fn booster(self) -> Result<Boosted, String> {
        let Learner { feature_names, gradient_booster, learner_model_param, objective } = self.learner;
        let Booster { name, model: Some(model) } = gradient_booster else {
            return Err(format!("its booster `{}` is none of trees", gradient_booster.name));
        };
        if name != "gbtree" {
            return Err(format!("its booster is `{name}`, and only `gbtree` is known"));
        }
        let params = learner_model_param;
        let columns = params.num_feature.parse().map_err(|_| "its number of columns is no number")?;
        let (classes, link) = match objective.name.as_str() {
            "binary:logistic" => (2, Link::Logistic),
            "multi:softprob" | "multi:softmax" => {
                (params.num_class.parse().map_err(|_| "its number of classes is no number")?, Link::Softmax)
            }
            other => return Err(format!("its objective is `{other}`, which is none of classes")),
        };
        if classes > model.trees.len().max(2) {
            return Err(format!("it has {} trees for {classes} classes", model.trees.len()));
        }
        let base = base_scores(&params.base_score, link, classes)?;
        let (combine, knows_absent) = (Combine::Sum, true);
        let builder = Builder { combine, base, link, columns, classes, knows_absent };
        if model.trees.len() != model.tree_info.len() {
            return Err("its trees and their classes are not equally many".into());
        }
        let trees = model.trees.into_iter().zip(model.tree_info).enumerate();
        let trees: Vec<Tree> =
            trees.map(|(at, (tree, output))| tree.tree(at, output)).collect::<Result<_, _>>()?;
        Ok(Boosted { estimator: builder.singles(&trees)?, columns: feature_names, classes })
    }
}

/// What scores begin with: a number, or a list of one for each class; a probability where there are two classes.
fn base_scores(text: &str, link: Link, classes: usize) -> Result<Vec<f64>, String> {
    let numbers = text.trim_matches(['[', ']']).split(',').map(|number| number.trim().parse::<f64>());
    let numbers: Vec<f64> =
        numbers.collect::<Result<_, _>>().map_err(|_| format!("its base score is `{text}`"))?;
    let count = link.scores(classes);
    let scores = match numbers[..] {
        [one] => vec![one; count],
        _ => numbers,
    };
    if scores.len() != count {
        return Err(format!("it has {} base scores instead of {count}", scores.len()));
    }
    let of_odds = |score: f64| (score / (1.0 - score)).ln();
    Ok(if link == Link::Logistic { scores.into_iter().map(of_odds).collect() } else { scores })
}

impl TreeParts {
    fn tree(self, at: usize, output: usize) -> Result<Tree, String> {
        let count = self.left_children.len();
        let lengths = [
            self.right_children.len(),
            self.split_indices.len(),
            self.split_conditions.len(),
            self.default_left.len(),
        ];
        if lengths.iter().any(|&length| length != count) {
            return Err(format!("tree {at} has lists of different lengths"));
        }
        if self.split_type.iter().any(|&kind| kind != 0) {
            return Err(format!("tree {at} splits by categories, which are not known here"));
        }
        let place = |child: i64| usize::try_from(child).unwrap_or(usize::MAX);
        let branch = |at: usize| match self.left_children[at] {
            -1 => Branch::Leaf(vec![f64::from(self.split_conditions[at])]),
            left => Branch::Split {
                column: self.split_indices[at],
                threshold: f64::from(self.split_conditions[at].next_down()),
                left: place(left),
                right: place(self.right_children[at]),
                absent_left: self.default_left[at] != 0,
            },
        };
        Ok(Tree { nodes: (0..count).map(branch).collect(), output })
    }
}
