//! Our own format, JSON; `docs/models.md` describes it.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Names, lightgbm, xgboost};
use crate::estimator::Estimator;
use crate::estimator::bayes::GaussianBayes;
use crate::estimator::forest::{Branch, Builder, Combine, Tree};
use crate::estimator::linear::Linear;
use crate::estimator::link::Link;
use crate::estimator::mlp::{Activation, Layer, Perceptron};
use crate::estimator::neighbours::{Metric, Neighbours, Weights};
use crate::estimator::svm::{Kernel, Platt, Svm};
use crate::matrix::Matrix;
use crate::model::{Input, Missing, Model, columns_after};
use crate::step::Step;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "weir_model")]
    _version: u64,
    #[serde(rename = "about")]
    _about: Option<IgnoredAny>,
    columns: Vec<Input>,
    classes: Vec<String>,
    missing: Option<Missing>,
    #[serde(default)]
    steps: Vec<Step>,
    estimator: Parts,
}

/// The parts of an estimator.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Parts {
    Trees {
        precision: Precision,
        combine: Together,
        base: Vec<f64>,
        link: Link,
        trees: Vec<TreeParts>,
    },
    Linear {
        vectors: Vec<Vec<f64>>,
        intercepts: Vec<f64>,
        link: Link,
    },
    GaussianNaiveBayes {
        priors: Vec<f64>,
        means: Vec<Vec<f64>>,
        variances: Vec<Vec<f64>>,
    },
    Svm {
        kernel: Kernel,
        vectors: Vec<Vec<f64>>,
        counts: Vec<usize>,
        weights: Vec<Vec<f64>>,
        intercepts: Vec<f64>,
        platt: Option<Platt>,
    },
    NearestNeighbours {
        neighbours: usize,
        weights: Weights,
        metric: Metric,
        points: Vec<Vec<f64>>,
        labels: Vec<usize>,
    },
    Mlp {
        activation: Activation,
        link: Link,
        layers: Vec<LayerParts>,
    },
    Xgboost {
        model: xgboost::File,
    },
    Lightgbm {
        text: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Precision {
    Single,
    Double,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Together {
    Mean,
    Sum,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeParts {
    #[serde(default)]
    output: usize,
    columns: Vec<i64>,
    /// Null where no number is above it.
    thresholds: Vec<Option<f64>>,
    left: Vec<i64>,
    right: Vec<i64>,
    absent_left: Option<Vec<bool>>,
    values: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerParts {
    weights: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

pub(super) fn load(text: &str, names: Names) -> Result<Model, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let File { columns, classes, missing, steps, estimator, .. } = file;
    let classes = names.classes.unwrap_or(classes);
    let width = columns_after(&steps, columns.len())?;
    let knows_absent = missing == Some(Missing::Native);
    let estimator = estimator.build(width, classes.len(), knows_absent)?;
    Model::new((names.model.unwrap_or_default(), columns, classes), missing, steps, estimator)
}

impl Parts {
    fn build(self, columns: usize, classes: usize, knows_absent: bool) -> Result<Box<dyn Estimator>, String> {
        Ok(match self {
            Parts::Trees { precision, combine, base, link, trees } => {
                let combine = match combine {
                    Together::Mean => Combine::Mean,
                    Together::Sum => Combine::Sum,
                };
                let builder = Builder { combine, base, link, columns, classes, knows_absent };
                let trees: Vec<Tree> = trees.into_iter().map(TreeParts::tree).collect::<Result<_, _>>()?;
                match precision {
                    Precision::Single => builder.singles(&trees)?,
                    Precision::Double => builder.doubles(&trees)?,
                }
            }
            Parts::Linear { vectors, intercepts, link } => {
                Box::new(Linear::new(matrix(&vectors)?, intercepts, link, classes)?)
            }
            Parts::GaussianNaiveBayes { priors, means, variances } => {
                Box::new(GaussianBayes::new(&priors, matrix(&means)?, matrix(&variances)?)?)
            }
            Parts::Svm { kernel, vectors, counts, weights, intercepts, platt } => {
                let (vectors, weights) = (matrix(&vectors)?, matrix(&weights)?);
                Box::new(Svm::new(kernel, vectors, &counts, weights, intercepts, platt)?)
            }
            Parts::NearestNeighbours { neighbours, weights, metric, points, labels } => {
                let how = (weights, metric);
                Box::new(Neighbours::new(neighbours, how, matrix(&points)?, labels, classes)?)
            }
            Parts::Mlp { activation, link, layers } => {
                let layers = layers.into_iter().map(LayerParts::layer).collect::<Result<_, _>>()?;
                Box::new(Perceptron::new(layers, activation, link, classes)?)
            }
            Parts::Xgboost { model } => model.booster()?.estimator,
            Parts::Lightgbm { text } => lightgbm::booster(&text)?.estimator,
        })
    }
}

impl LayerParts {
    fn layer(self) -> Result<Layer, String> {
        Ok(Layer { weights: matrix(&self.weights)?, bias: self.bias })
    }
}

impl TreeParts {
    fn tree(self) -> Result<Tree, String> {
        let count = self.columns.len();
        let lengths = [self.thresholds.len(), self.left.len(), self.right.len(), self.values.len()];
        let absent = self.absent_left.unwrap_or_else(|| vec![false; count]);
        if lengths.iter().chain([&absent.len()]).any(|&length| length != count) {
            return Err("a tree has lists of different lengths".into());
        }
        let place = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let branch = |(at, values): (usize, Vec<f64>)| match self.left[at] {
            -1 => Branch::Leaf(values),
            left => Branch::Split {
                column: place(self.columns[at]),
                threshold: self.thresholds[at].unwrap_or(f64::INFINITY),
                left: place(left),
                right: place(self.right[at]),
                absent_left: absent[at],
            },
        };
        Ok(Tree { nodes: self.values.into_iter().enumerate().map(branch).collect(), output: self.output })
    }
}

fn matrix(rows: &[Vec<f64>]) -> Result<Matrix, String> {
    Matrix::of_rows(rows).ok_or_else(|| "a matrix has rows of different lengths".into())
}
