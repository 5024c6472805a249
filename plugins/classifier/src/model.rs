//! A model: the columns that it reads, what is done to them, the estimator, and the names of its classes.

use serde::Deserialize;

use crate::estimator::{Estimator, Judged};
use crate::matrix::Matrix;
use crate::step::Step;

/// A column that a model reads.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// As the header has it; `name.3` is the fourth element of a list.
    pub name: String,
    /// The type that it had in training, if the file says it.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

impl Input {
    /// The column, and the element of it if it is a list.
    pub fn place(&self) -> (&str, Option<usize>) {
        let element = self.name.rsplit_once('.').and_then(|(name, at)| Some((name, at.parse().ok()?)));
        element.map_or((&self.name, None), |(name, at)| (name, Some(at)))
    }
}

/// What an absent value means.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The estimator has a rule of its own.
    Native,
    /// A step puts something in its place.
    Impute,
    /// The row gets no label.
    Skip,
    /// This number.
    Constant(f64),
}

/// A model, ready to work.
pub struct Model {
    /// What chains and rows call it.
    pub name: String,
    /// What it reads, in order.
    pub inputs: Vec<Input>,
    /// Names of the classes, in the estimator's order.
    pub classes: Vec<String>,
    missing: Missing,
    steps: Vec<Step>,
    estimator: Box<dyn Estimator>,
}

impl Model {
    /// Of these parts.
    ///
    /// # Errors
    ///
    /// What does not fit together.
    pub fn new(
        (name, inputs, classes): (String, Vec<Input>, Vec<String>),
        missing: Option<Missing>,
        steps: Vec<Step>,
        estimator: Box<dyn Estimator>,
    ) -> Result<Self, String> {
        let columns = columns_after(&steps, inputs.len())?;
        if estimator.columns() != columns {
            return Err(format!("its estimator reads {} columns of {columns}", estimator.columns()));
        }
        if estimator.classes() != classes.len() {
            return Err(format!("its estimator tells {} classes of {}", estimator.classes(), classes.len()));
        }
        if let Some(at) = (1..classes.len()).find(|&at| classes[..at].contains(&classes[at])) {
            return Err(format!("it has two classes `{}`", classes[at]));
        }
        let imputes = steps.iter().any(|step| matches!(step, Step::Impute { .. }));
        let missing = missing.ok_or(
            "it does not say what an absent value means; give it `missing`: \"skip\", a constant, or an imputer",
        )?;
        match missing {
            Missing::Native if !estimator.knows_absent() => {
                Err("it leaves absent values to its estimator, which has no rule for them".into())
            }
            Missing::Impute if !imputes => {
                Err("it leaves absent values to a step that it does not have".into())
            }
            _ => Ok(Self { name, inputs, classes, missing, steps, estimator }),
        }
    }

    /// Says what each row is.
    pub fn judge(&self, mut rows: Matrix) -> Judged {
        if let Missing::Constant(constant) = self.missing {
            let absent = rows.values_mut().iter_mut().filter(|value| value.is_nan());
            absent.for_each(|value| *value = constant);
        }
        let is_whole = |row: &[f64]| !row.iter().any(|value| value.is_nan());
        let whole: Vec<bool> = match self.missing {
            Missing::Skip => rows.iter().map(is_whole).collect(),
            _ => Vec::new(),
        };
        self.steps.iter().for_each(|step| step.apply(&mut rows));
        let mut judged = self.estimator.judge(&rows);
        for (label, whole) in judged.labels.iter_mut().zip(whole) {
            *label = label.filter(|_| whole);
        }
        judged
    }
}

/// How many columns the steps make of so many.
///
/// # Errors
///
/// Which step cannot be done.
pub fn columns_after(steps: &[Step], inputs: usize) -> Result<usize, String> {
    steps.iter().enumerate().try_fold(inputs, |columns, (at, step)| {
        step.columns_out(columns).map_err(|fault| format!("step {at} (`{}`) {fault}", step.name()))
    })
}
