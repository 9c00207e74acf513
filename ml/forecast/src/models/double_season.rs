//! Exponential smoothing with two seasons and autocorrelated errors (Taylor 2010): level, day and
//! week follow the error, what is left of it fades by a constant factor.

use crate::minimise::{Bounds, minimise};
use crate::problem::{Problem, Table};

#[derive(Debug, Clone)]
struct State {
    level: f64,
    short: Vec<f64>,
    long: Vec<f64>,
    /// Ring positions.
    at: (usize, usize),
    error: f64,
}

#[derive(Debug, Clone, Copy)]
struct Smoothing {
    level: f64,
    short: f64,
    long: f64,
    fading: f64,
}

impl State {
    fn new(series: &[f64], short: usize, long: usize) -> Self {
        let cycles = (series.len() / long).clamp(1, 2);
        let used = &series[..cycles * long];
        let level = used.iter().sum::<f64>() / used.len() as f64;
        let mut shorts = vec![0.0; short];
        let mut longs = vec![0.0; long];
        let whole = used.len() / short * short;
        for (i, y) in used[..whole].iter().enumerate() {
            shorts[i % short] += (y - level) * short as f64 / whole as f64;
        }
        for (i, y) in used.iter().enumerate() {
            longs[i % long] += (y - level - shorts[i % short]) / cycles as f64;
        }
        Self {
            level,
            short: shorts,
            long: longs,
            at: (0, 0),
            error: 0.0,
        }
    }

    #[inline(always)]
    fn step(&mut self, value: f64, by: Smoothing) -> f64 {
        let (i, j) = self.at;
        let base = self.level + self.short[i] + self.long[j];
        let error = value - base;
        let surprise = error - by.fading * self.error;
        self.level += by.level * error;
        self.short[i] += by.short * error;
        self.long[j] += by.long * error;
        self.error = error;
        self.at = (
            if i + 1 == self.short.len() { 0 } else { i + 1 },
            if j + 1 == self.long.len() { 0 } else { j + 1 },
        );
        surprise
    }

    fn ahead(&self, by: Smoothing, horizon: usize, out: &mut Table) {
        let mut error = self.error;
        for k in 0..horizon {
            error *= by.fading;
            let short = self.short[(self.at.0 + k) % self.short.len()];
            let long = self.long[(self.at.1 + k) % self.long.len()];
            out.push(self.level + short + long + error);
        }
    }
}

/// See the module.
pub(super) fn double_seasonal(problem: &Problem<'_>) -> Option<Table> {
    let [short, .., long] = problem.periods else {
        return None;
    };
    let head = problem.head();
    let first = State::new(&problem.series[..head], *short, *long);
    let bounds = Bounds {
        lower: vec![0.0, 0.0, 0.0, 0.0],
        upper: vec![0.5, 0.6, 0.6, 0.99],
    };
    let place = |p: &[f64]| Smoothing {
        level: p[0],
        short: p[1],
        long: p[2],
        fading: p[3],
    };
    let (best, _) = minimise(&[0.02, 0.1, 0.1, 0.9], &bounds, 130, |p| {
        let mut state = first.clone();
        let mut squares = 0.0;
        for (t, y) in problem.series[..head].iter().enumerate() {
            let e = state.step(*y, place(p));
            if t >= *long {
                squares += e * e;
            }
        }
        head as f64 * squares.ln()
    });
    let by = place(&best);
    let mut state = first;
    let mut at = 0;
    let mut table = Table::with_capacity(problem.origins.len() * problem.horizon);
    for origin in problem.origins {
        for y in &problem.series[at..*origin] {
            state.step(*y, by);
        }
        at = *origin;
        state.ahead(by, problem.horizon, &mut table);
    }
    Some(table)
}
