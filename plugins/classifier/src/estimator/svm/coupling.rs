//! Probabilities of classes from those of pairs of classes: the second method of Wu, Lin, and Weng, *Probability
//! Estimates for Multi-class Classification by Pairwise Coupling* (JMLR 5, 2004), with the bounds that LIBSVM sets to it.

use super::Platt;

/// No pair is ever surer than this of its other class.
const LEAST: f64 = 1e-7;

/// Adds the probabilities of the classes for these decisions of their pairs.
pub(super) fn extend(probabilities: &mut Vec<f64>, platt: &Platt, decisions: &[f64], classes: usize) {
    let mut pairs = vec![0.0; classes * classes];
    let mut next = 0;
    for first in 0..classes {
        for second in first + 1..classes {
            let score = platt.a[next] * decisions[next] + platt.b[next];
            let sure = (1.0 / (1.0 + score.exp())).clamp(LEAST, 1.0 - LEAST);
            pairs[first * classes + second] = sure;
            pairs[second * classes + first] = 1.0 - sure;
            next += 1;
        }
    }
    probabilities.extend(coupled(&pairs, classes));
}

/// Minimises the sum over all pairs of `(r_ji p_i - r_ij p_j)^2` by the paper's iteration.
fn coupled(pairs: &[f64], classes: usize) -> Vec<f64> {
    let q = quadratic(pairs, classes);
    let most_rounds = classes.max(100);
    let enough = 0.005 / classes as f64;
    let mut p = vec![1.0 / classes as f64; classes];
    let mut qp = vec![0.0; classes];
    for _ in 0..most_rounds {
        for (row, qp) in q.chunks_exact(classes).zip(&mut qp) {
            *qp = row.iter().zip(&p).map(|(q, p)| q * p).sum();
        }
        let mut pqp: f64 = p.iter().zip(&qp).map(|(p, qp)| p * qp).sum();
        if qp.iter().all(|qp| (qp - pqp).abs() < enough) {
            break;
        }
        for t in 0..classes {
            let own = q[t * classes + t];
            let step = (pqp - qp[t]) / own;
            p[t] += step;
            pqp = (pqp + step * (step * own + 2.0 * qp[t])) / (1.0 + step) / (1.0 + step);
            for j in 0..classes {
                qp[j] = (qp[j] + step * q[t * classes + j]) / (1.0 + step);
                p[j] /= 1.0 + step;
            }
        }
    }
    p
}

/// The matrix of the sum: squares of what the others are sure of on the diagonal, products beside it.
fn quadratic(pairs: &[f64], classes: usize) -> Vec<f64> {
    let r = |i: usize, j: usize| pairs[i * classes + j];
    let mut q = vec![0.0; classes * classes];
    for i in 0..classes {
        for j in (0..classes).filter(|&j| j != i) {
            q[i * classes + i] += r(j, i) * r(j, i);
            q[i * classes + j] = -r(j, i) * r(i, j);
        }
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_that_agree_give_the_probabilities_that_they_came_from() {
        let from = [0.2, 0.3, 0.5];
        let pairs: Vec<f64> =
            (0..9).map(|at| (from[at / 3], from[at % 3])).map(|(i, j)| i / (i + j)).collect();
        for (found, expected) in coupled(&pairs, 3).iter().zip(from) {
            assert!((found - expected).abs() < 0.01, "{found} is not {expected}");
        }
    }

    #[test]
    fn no_class_is_ever_impossible() {
        let platt = Platt { a: vec![-1.0], b: vec![0.0] };
        let mut found = Vec::new();
        extend(&mut found, &platt, &[1e6], 2);
        assert!(found[1] > 0.0 && found[0] > 0.99, "{found:?}");
    }
}
