//! ONNX files, which a library of ONNX Runtime works out; `ORT_DYLIB_PATH` says where it is.
//!
//! A file has one input, a tensor of floats with a row for each flow. Of its outputs one is a tensor of floats with a
//! column for each class, the probabilities; a tensor of labels is taken if there is one.

use std::path::Path;
use std::sync::Mutex;

use ort::session::{Session, SessionOutputs};
use ort::value::{Shape, Tensor, TensorElementType, ValueType};

use super::Names;
use crate::estimator::{Estimator, Judged, highest};
use crate::matrix::Matrix;
use crate::model::{Input, Missing, Model};

/// Names the library of ONNX Runtime.
const LIBRARY: &str = "ORT_DYLIB_PATH";

/// A file at work.
struct Graph {
    session: Mutex<Session>,
    is_double: bool,
    columns: usize,
    classes: Vec<String>,
}

pub(super) fn load(path: &Path, names: Names) -> Result<Model, String> {
    let (Some(columns), Some(classes)) = (names.columns, names.classes) else {
        return Err("an ONNX file names neither its columns nor its classes; name both in a chain".into());
    };
    let graph = Graph::open(path, columns.len(), classes.clone())?;
    let inputs = columns.into_iter().map(|name| Input { name, kind: None }).collect();
    let missing = names.missing.unwrap_or(Missing::Skip);
    Model::new((names.model.unwrap_or_default(), inputs, classes), Some(missing), vec![], Box::new(graph))
}

impl Graph {
    fn open(path: &Path, columns: usize, classes: Vec<String>) -> Result<Self, String> {
        let library = std::env::var_os(LIBRARY).ok_or_else(|| {
            format!(
                "it needs ONNX Runtime; name its library (libonnxruntime.so) in the environment as {LIBRARY}"
            )
        })?;
        let environment = ort::init_from(&library).map_err(|error| error.to_string())?;
        let opened = environment.build().and_then(|environment| Session::builder(&environment));
        let session = opened.and_then(|mut builder| builder.commit_from_file(path));
        let session = session.map_err(|error| format!("ONNX Runtime refuses it: {error}"))?;
        let is_double = check_input(&session, columns)?;
        let is_tensor = |kind: &ValueType| matches!(kind, ValueType::Tensor { .. });
        if !session.outputs().iter().all(|output| is_tensor(output.dtype())) {
            return Err("an output is no tensor; export it without ZipMap".into());
        }
        Ok(Self { session: Mutex::new(session), is_double, columns, classes })
    }

    fn run(&self, rows: &Matrix) -> ort::Result<Judged> {
        let mut session = self.session.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let shape = [rows.rows(), rows.columns()];
        let outputs = if self.is_double {
            session.run(ort::inputs![Tensor::from_array((shape, rows.values().to_vec()))?])?
        } else {
            let singles: Vec<f32> = rows.values().iter().map(|&value| value as f32).collect();
            session.run(ort::inputs![Tensor::from_array((shape, singles))?])?
        };
        let probabilities = self.probabilities(&outputs, rows.rows());
        let labels = self
            .labels(&outputs)
            .unwrap_or_else(|| probabilities.chunks_exact(self.classes.len()).map(highest).collect());
        Ok(Judged { labels, probabilities })
    }

    /// Of the output of floats that has a column for each class.
    fn probabilities(&self, outputs: &SessionOutputs<'_>, rows: usize) -> Vec<f64> {
        let fits = |shape: &Shape| shape.as_ref() == [rows as i64, self.classes.len() as i64];
        let singles = outputs.values().find_map(|output| {
            let (shape, values) = output.try_extract_tensor::<f32>().ok()?;
            fits(shape).then(|| values.iter().map(|&value| f64::from(value)).collect())
        });
        let doubles = || {
            outputs.values().find_map(|output| {
                let (shape, values) = output.try_extract_tensor::<f64>().ok()?;
                fits(shape).then(|| values.to_vec())
            })
        };
        singles.or_else(doubles).unwrap_or_default()
    }

    /// Of the output of whole numbers or texts, if there is one. A number is the name of a class, or else its place.
    fn labels(&self, outputs: &SessionOutputs<'_>) -> Option<Vec<Option<usize>>> {
        let named = |name: &str| self.classes.iter().position(|class| class == name);
        let numbered = |number: i64| {
            let place = usize::try_from(number).ok().filter(|&place| place < self.classes.len());
            named(&number.to_string()).or(place)
        };
        outputs.values().find_map(|output| {
            if let Ok((_, numbers)) = output.try_extract_tensor::<i64>() {
                return Some(numbers.iter().map(|&number| numbered(number)).collect());
            }
            let (_, names) = output.try_extract_strings().ok()?;
            Some(names.iter().map(|name| named(name)).collect())
        })
    }
}

/// Whether the input is of double precision; it must have a row for each flow and these columns.
fn check_input(session: &Session, columns: usize) -> Result<bool, String> {
    let [input] = session.inputs() else {
        return Err(format!("it has {} inputs instead of one", session.inputs().len()));
    };
    let ValueType::Tensor { ty, shape, .. } = input.dtype() else {
        return Err("its input is no tensor".into());
    };
    let [rows, width] = shape[..] else {
        return Err(format!("its input has {} dimensions instead of two", shape.len()));
    };
    if rows >= 0 {
        return Err(format!("it takes {rows} rows at a time instead of any number"));
    }
    if width >= 0 && width != columns as i64 {
        return Err(format!("it reads {width} columns, and {columns} are named"));
    }
    match ty {
        TensorElementType::Float32 => Ok(false),
        TensorElementType::Float64 => Ok(true),
        other => Err(format!("its input is of {other}, not of floats")),
    }
}

impl Estimator for Graph {
    fn columns(&self) -> usize {
        self.columns
    }

    fn classes(&self) -> usize {
        self.classes.len()
    }

    fn knows_absent(&self) -> bool {
        true
    }

    fn judge(&self, rows: &Matrix) -> Judged {
        // The program catches a panic and names it; rows without labels would say nothing.
        self.run(rows).unwrap_or_else(|error| panic!("ONNX Runtime gave up: {error}"))
    }
}

#[cfg(test)]
mod tests;
