//! Lag regression: the next value is regressed on chosen lags around one, each season and its
//! multiples, and the forecast is fed back as input for the next step. A ridge penalty pulls it to
//! "the next value is the last one".

use crate::linear::{Regression, predict};
use crate::problem::{Problem, Table};

/// Penalty per row on standardised coefficients.
const PENALTY: f64 = 0.0001;
/// Rows of a fit at most; the newest are taken.
const ROWS: usize = 1000;

/// See the module.
pub(super) fn lag_regression(problem: &Problem<'_>) -> Option<Table> {
    let lags = choose_lags(problem.periods, problem.head());
    let longest = lags.last().copied()?;
    let head = problem.head();
    let first = longest.max(head.saturating_sub(ROWS));
    if head < first + 3 * lags.len() {
        return None;
    }
    let mut regression = Regression::new(lags.len());
    let mut features = vec![0.0; lags.len()];
    let mut row = vec![0.0; lags.len()];
    let mut add = |regression: &mut Regression, from: usize, to: usize| {
        for at in from..to {
            let last = fill(problem.series, at, &lags, &mut row);
            regression.add(&row, problem.series[at] - last, 1.0);
        }
    };
    let mut table = Table::with_capacity(problem.origins.len() * problem.horizon);
    let mut path = Vec::with_capacity(longest + problem.horizon);
    let mut seen = first;
    for origin in problem.origins {
        add(&mut regression, seen, *origin);
        seen = *origin;
        let coefficients = regression.solve(PENALTY)?;
        path.clear();
        path.extend_from_slice(&problem.series[origin - longest..*origin]);
        let limit = 20.0 * reach(&path);
        for _ in 0..problem.horizon {
            let last = fill(&path, path.len(), &lags, &mut features);
            let change = predict(&coefficients, &features);
            path.push(last + change.clamp(-limit, limit));
        }
        table.extend_from_slice(&path[longest..]);
    }
    Some(table)
}

/// Largest distance of a value from the last one; an explosive recursion is stopped by it.
fn reach(path: &[f64]) -> f64 {
    let last = path.last().copied().unwrap_or(0.0);
    path.iter().map(|y| (y - last).abs()).fold(0.0, f64::max)
}

/// Differences to the last value before `at`, which is given back.
fn fill(series: &[f64], at: usize, lags: &[usize], out: &mut [f64]) -> f64 {
    let last = series[at - 1];
    for (cell, lag) in out.iter_mut().zip(lags) {
        *cell = series[at - lag] - last;
    }
    last
}

/// Lags from 2 on, ascending, as far as the points allow.
fn choose_lags(periods: &[usize], known: usize) -> Vec<usize> {
    let mut lags = vec![2, 3, 4, 6];
    if periods.len() < 2 {
        lags.extend([9, 13]);
    }
    for period in periods {
        for multiple in [
            period - 1,
            *period,
            period + 1,
            period + 2,
            2 * period,
            2 * period + 1,
        ] {
            lags.push(multiple);
        }
    }
    if let [short, .., long] = periods {
        lags.extend([
            3 * short,
            long - short,
            long - short + 1,
            long + short,
            long + short + 1,
        ]);
    }
    lags.sort_unstable();
    lags.dedup();
    // Half of the points must stay for the fit.
    lags.retain(|lag| *lag >= 2 && 2 * lag <= known && lag + 4 * 6 <= known);
    lags
}
