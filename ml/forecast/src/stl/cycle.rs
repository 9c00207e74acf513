//! The seasonal step of STL: smooths each phase of the season over its cycles. A series goes in,
//! the season comes out, one cycle longer at both ends.

use super::StlConfig;
use crate::linear::dot;
use crate::loess::{LoessConfig, Smoother, Window};

/// Smooths every phase of the season over its cycles, one cycle beyond both ends. Without
/// robustness all phases with the same number of cycles share the weights, so whole cycles are
/// added as rows of a matrix.
pub(super) struct CycleSmoother {
    period: usize,
    /// Phases below this have one cycle more than the rest.
    longer: usize,
    long: Vec<(usize, Vec<f64>)>,
    short: Vec<(usize, Vec<f64>)>,
}

impl CycleSmoother {
    pub(super) fn new(length: usize, config: StlConfig) -> Self {
        let cycles = length / config.period;
        let longer = length % config.period;
        Self {
            period: config.period,
            longer,
            long: if longer > 0 {
                cycle_rows(cycles + 1, config)
            } else {
                Vec::new()
            },
            short: cycle_rows(cycles, config),
        }
    }

    /// `out` is two periods longer than `values`.
    pub(super) fn smooth(&self, values: &[f64], out: &mut [f64]) {
        self.part(&self.long, 0, self.longer, (values, out));
        self.part(&self.short, self.longer, self.period, (values, out));
    }

    fn part(
        &self,
        rows: &[(usize, Vec<f64>)],
        from: usize,
        to: usize,
        (values, out): (&[f64], &mut [f64]),
    ) {
        if from >= to {
            return;
        }
        for (cycle, (start, weights)) in rows.iter().enumerate() {
            let target = &mut out[cycle * self.period + from..cycle * self.period + to];
            target.fill(0.0);
            for (k, weight) in weights.iter().enumerate() {
                let base = (start + k) * self.period;
                for (cell, value) in target.iter_mut().zip(&values[base + from..base + to]) {
                    *cell += weight * value;
                }
            }
        }
    }
}

fn cycle_shape(config: StlConfig) -> LoessConfig {
    LoessConfig::new(config.seasonal_span, config.seasonal_degree)
}

/// Weights for each of `cycles + 2` points: before the first, at each, after the last.
fn cycle_rows(cycles: usize, config: StlConfig) -> Vec<(usize, Vec<f64>)> {
    let shape = cycle_shape(config);
    let mut rows = vec![(0, vec![0.0; cycles]); cycles + 2];
    // A unit impulse at each cycle shows its weight everywhere, jumps and ends included.
    for impulse in 0..cycles {
        let mut values = vec![0.0; cycles];
        values[impulse] = 1.0;
        let column = smooth_one(&values, None, shape);
        for (row, value) in rows.iter_mut().zip(column) {
            row.1[impulse] = value;
        }
    }
    for (start, weights) in &mut rows {
        let first = weights.iter().position(|w| *w != 0.0).unwrap_or(0);
        let last = weights.iter().rposition(|w| *w != 0.0).unwrap_or(0);
        *start = first;
        *weights = weights[first..=last].to_vec();
    }
    rows
}

/// Smooths one phase, and one point beyond both ends.
fn smooth_one(values: &[f64], robustness: Option<&[f64]>, shape: LoessConfig) -> Vec<f64> {
    let n = values.len();
    let mut out = vec![0.0; n + 2];
    Smoother::new(n, shape, robustness).smooth(values, &mut out[1..=n]);
    let span = shape.span.min(n);
    for (cell, start, at) in [(0, 0, -1.0), (n + 1, n - span, n as f64)] {
        let window = Window {
            start,
            length: span,
            series: n,
        };
        out[cell] = match window.weights(at, shape, robustness) {
            Some(weights) => dot(&weights, &values[start..start + span]),
            None => out[if cell == 0 { 1 } else { n }],
        };
    }
    out
}

/// As [`CycleSmoother::smooth`], with a weight for every point.
pub(super) fn smooth_cycles(values: &[f64], weights: &[f64], config: StlConfig, out: &mut [f64]) {
    let shape = cycle_shape(config);
    for phase in 0..config.period {
        let pick = |from: &[f64]| -> Vec<f64> {
            from.iter()
                .skip(phase)
                .step_by(config.period)
                .copied()
                .collect()
        };
        let smooth = smooth_one(&pick(values), Some(&pick(weights)), shape);
        for (cycle, value) in smooth.iter().enumerate() {
            out[cycle * config.period + phase] = *value;
        }
    }
}
