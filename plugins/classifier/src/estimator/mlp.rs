//! Multi-layer perceptrons.

use serde::Deserialize;

use super::link::{Link, logistic};
use super::{Estimator, Judged};
use crate::matrix::Matrix;

/// What a hidden neuron does with its sum.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing.
    Identity,
    /// The logistic function.
    Logistic,
    /// The hyperbolic tangent.
    Tanh,
    /// Nothing below 0.
    Relu,
}

impl Activation {
    fn of(self, x: f64) -> f64 {
        match self {
            Activation::Identity => x,
            Activation::Logistic => logistic(x),
            Activation::Tanh => x.tanh(),
            Activation::Relu => x.max(0.0),
        }
    }
}

/// One layer: a row of weights for each neuron of the layer before.
#[derive(Clone, Debug)]
pub struct Layer {
    /// From each input to each neuron.
    pub weights: Matrix,
    /// One for each neuron.
    pub bias: Vec<f64>,
}

/// Layers one after the other; the last gives the scores.
#[derive(Clone, Debug)]
pub struct Perceptron {
    layers: Vec<Layer>,
    activation: Activation,
    link: Link,
    classes: usize,
}

impl Perceptron {
    /// Of these layers.
    ///
    /// # Errors
    ///
    /// What does not fit together.
    pub fn new(
        layers: Vec<Layer>,
        activation: Activation,
        link: Link,
        classes: usize,
    ) -> Result<Self, String> {
        let Some(last) = layers.last() else { return Err("has no layers".into()) };
        if !link.fits(classes) || last.bias.len() != link.scores(classes) {
            return Err(format!("has {} outputs for {classes} classes", last.bias.len()));
        }
        let is_whole = |layer: &Layer| layer.weights.columns() == layer.bias.len();
        let follows = |pair: &[Layer]| pair[0].bias.len() == pair[1].weights.rows();
        if !layers.iter().all(is_whole) || !layers.windows(2).all(follows) {
            return Err("has layers that do not follow from each other".into());
        }
        Ok(Self { layers, activation, link, classes })
    }

    fn forward(&self, row: &[f64], sums: &mut Vec<f64>, inputs: &mut Vec<f64>) {
        inputs.clear();
        inputs.extend_from_slice(row);
        for (at, layer) in self.layers.iter().enumerate() {
            sums.clear();
            sums.extend_from_slice(&layer.bias);
            for (input, weights) in inputs.iter().zip(layer.weights.iter()) {
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += input * weight);
            }
            if at + 1 < self.layers.len() {
                inputs.clear();
                inputs.extend(sums.iter().map(|&sum| self.activation.of(sum)));
            }
        }
    }
}

impl Estimator for Perceptron {
    fn columns(&self) -> usize {
        self.layers[0].weights.rows()
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn judge(&self, rows: &Matrix) -> Judged {
        let mut judged = Judged::default();
        let (mut sums, mut inputs) = (Vec::new(), Vec::new());
        for row in rows.iter() {
            self.forward(row, &mut sums, &mut inputs);
            self.link.judge(&sums, &mut judged);
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_neurons_can_tell_equal_from_different() {
        let matrix = |rows: &[Vec<f64>]| Matrix::of_rows(rows).unwrap();
        // |x - y| > 1/2, out of relu(x - y) and relu(y - x).
        let layers = vec![
            Layer { weights: matrix(&[vec![1.0, -1.0], vec![-1.0, 1.0]]), bias: vec![0.0, 0.0] },
            Layer { weights: matrix(&[vec![1.0], vec![1.0]]), bias: vec![-0.5] },
        ];
        let model = Perceptron::new(layers.clone(), Activation::Relu, Link::Logistic, 2).unwrap();
        let rows = matrix(&[vec![0.0, 0.0], vec![0.0, 1.0], vec![1.0, 0.0], vec![1.0, 1.0]]);
        assert_eq!(model.judge(&rows).labels, [Some(0), Some(1), Some(1), Some(0)]);
        assert!(Perceptron::new(layers, Activation::Relu, Link::Softmax, 3).is_err());
    }
}
