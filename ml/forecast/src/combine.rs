//! How much does each candidate count? By its error in the back-test. Answers go in, weights and
//! the combined forecasts come out.

use crate::models::Answer;
use crate::problem::{Problem, Table};

/// Power of the inverse error that gives the weight.
const SHARPNESS: f64 = 3.5;
/// Candidates with more than this multiple of the best error are left out.
const WORST: f64 = 2.5;

/// Weight of the oldest origin; it rises to 1 for the newest.
const OLDEST: f64 = 0.3;

/// Combined forecasts.
#[derive(Debug)]
pub(crate) struct Combined {
    /// Weight of each answer, in `[0, 1]`, summing to 1.
    pub weights: Vec<f64>,
    /// Mean absolute error of each answer in the back-test, infinite when there was none.
    pub errors: Vec<f64>,
    /// Forecasts `[origin][step]`.
    pub table: Table,
}

/// Mean absolute error over all forecasts whose truth is known, newer origins counting more;
/// infinite when there are none.
pub(crate) fn mean_error(problem: &Problem<'_>, table: &[f64]) -> f64 {
    let mut sum = 0.0;
    let mut count = 0.0;
    let first = problem.head() as f64;
    let span = (problem.series.len() as f64 - first).max(1.0);
    for (origin, row) in problem
        .past()
        .iter()
        .zip(table.chunks_exact(problem.horizon))
    {
        let weight = OLDEST + (1.0 - OLDEST) * (*origin as f64 - first) / span;
        for (truth, forecast) in problem.series[*origin..].iter().zip(row) {
            sum += weight * (truth - forecast).abs();
            count += weight;
        }
    }
    if count > 0.0 {
        sum / count
    } else {
        f64::INFINITY
    }
}

/// Weighs the answers and averages them.
pub(crate) fn combine(problem: &Problem<'_>, answers: &[Answer]) -> Combined {
    let errors: Vec<f64> = answers
        .iter()
        .map(|a| mean_error(problem, &a.table))
        .collect();
    let best = errors.iter().copied().fold(f64::INFINITY, f64::min);
    let mut weights: Vec<f64> = errors
        .iter()
        .map(|error| match error {
            e if !best.is_finite() => f64::from(u8::from(e.is_infinite())),
            e if *e <= best => 1.0,
            e if *e > WORST * best => 0.0,
            e => (best / e).powf(SHARPNESS),
        })
        .collect();
    let total: f64 = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut table = vec![0.0; problem.origins.len() * problem.horizon];
    for (weight, answer) in weights.iter_mut().zip(answers) {
        *weight /= total;
        if *weight > 0.0 {
            for (cell, value) in table.iter_mut().zip(&answer.table) {
                *cell += *weight * value;
            }
        }
    }
    Combined {
        weights,
        errors,
        table,
    }
}
