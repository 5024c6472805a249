//! What the models of a chain say of a batch of rows.

use weir_sdk::FinishedRows;

use crate::chain::Link;
use crate::matrix::Matrix;

/// Where an input of a model stands: the column among those wanted, and the element of a list.
pub type Place = (usize, Option<usize>);

/// What one model said of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// Place of the model in the chain.
    pub model: usize,
    /// Place of the class.
    pub class: usize,
    /// The probability of each class; empty if the model gives none.
    pub probabilities: Vec<f64>,
}

/// What all models said of one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Of those that were asked and gave a class, in the order of the chain.
    pub opinions: Vec<Opinion>,
}

impl Verdict {
    /// The class that a model gave.
    pub fn of(&self, model: usize) -> Option<usize> {
        self.opinions.iter().find(|opinion| opinion.model == model).map(|opinion| opinion.class)
    }
}

/// Asks the models about rows, those at the given places; a verdict for each.
pub fn ask(links: &[Link], inputs: &[Vec<Place>], rows: &FinishedRows<'_>, asked: &[usize]) -> Vec<Verdict> {
    let mut verdicts = vec![Verdict::default(); asked.len()];
    for (at, (link, places)) in links.iter().zip(inputs).enumerate() {
        let part: Vec<usize> =
            (0..asked.len()).filter(|&row| link.is_asked(|model| verdicts[row].of(model))).collect();
        if part.is_empty() {
            continue;
        }
        let judged = link.model.judge(matrix(places, rows, part.iter().map(|&row| asked[row])));
        let classes = link.model.classes.len();
        for (nth, (&row, label)) in part.iter().zip(judged.labels).enumerate() {
            let of_row = nth * classes..(nth + 1) * classes;
            let probabilities = judged.probabilities.get(of_row).unwrap_or_default().to_vec();
            verdicts[row].opinions.extend(label.map(|class| Opinion { model: at, class, probabilities }));
        }
    }
    verdicts
}

/// The inputs of a model for these rows; what is absent is NaN.
fn matrix(places: &[Place], rows: &FinishedRows<'_>, part: impl ExactSizeIterator<Item = usize>) -> Matrix {
    let mut matrix = Matrix::zeros(part.len(), places.len());
    for (to, from) in part.enumerate() {
        let row = rows.row(from);
        for (cell, &(column, element)) in matrix.row_mut(to).iter_mut().zip(places) {
            let value = match element {
                Some(element) => row.element(column, element),
                None => row.number(column),
            };
            *cell = value.unwrap_or(f64::NAN);
        }
    }
    matrix
}
