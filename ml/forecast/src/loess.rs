//! Local regression (LOESS) on evenly spaced points, as in STL (Cleveland, Cleveland, McRae &
//! Terpenning 1990). The smoother is a fixed linear filter for a given length, so its weights are
//! worked out once and applied to as many series as there are; inner points share one row.

use crate::linear::dot;

/// Shape of one smoother.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoessConfig {
    /// Points in the window; odd, at least 3.
    pub span: usize,
    /// Degree of the local polynomial, 0 or 1.
    pub degree: usize,
    /// Every how many points the fit is made; between them it is interpolated. At least 1.
    pub jump: usize,
}

impl LoessConfig {
    /// The usual jump: a tenth of the span.
    #[must_use]
    pub fn new(span: usize, degree: usize) -> Self {
        Self {
            span,
            degree,
            jump: span.div_ceil(10).max(1),
        }
    }
}

/// A row of the filter: value at one point = weights · values from `start` on.
#[derive(Debug, Clone, Copy)]
struct Row {
    at: usize,
    start: usize,
    offset: usize,
    length: usize,
}

/// A local regression made ready for series of one length.
#[derive(Debug, Clone)]
pub struct Smoother {
    length: usize,
    rows: Vec<Row>,
    weights: Vec<f64>,
}

impl Smoother {
    /// Works out the weights for series of `length` points; `robustness` gives each point a weight
    /// in `[0, 1]`.
    #[must_use]
    pub fn new(length: usize, config: LoessConfig, robustness: Option<&[f64]>) -> Self {
        let mut smoother = Self {
            length,
            rows: Vec::new(),
            weights: Vec::new(),
        };
        let jump = config.jump.clamp(1, length.saturating_sub(1).max(1));
        let mut inner = None;
        let mut at = 0;
        while at < length {
            smoother.push(at, config, robustness, &mut inner);
            if at + 1 == length {
                break;
            }
            at = (at + jump).min(length - 1);
        }
        smoother
    }

    fn push(
        &mut self,
        at: usize,
        config: LoessConfig,
        robustness: Option<&[f64]>,
        inner: &mut Option<usize>,
    ) {
        let span = config.span.min(self.length);
        let half = config.span / 2;
        let start = at.saturating_sub(half).min(self.length - span);
        let symmetric = config.span <= self.length && start + half == at && config.span % 2 == 1;
        let shared = if symmetric && robustness.is_none() {
            *inner
        } else {
            None
        };
        let offset = shared.unwrap_or(self.weights.len());
        if shared.is_none() {
            let window = Window {
                start,
                length: span,
                series: self.length,
            };
            let found = window.weights(at as f64, config, robustness);
            match found {
                Some(weights) => self.weights.extend(weights),
                None => self
                    .weights
                    .extend((start..start + span).map(|j| f64::from(u8::from(j == at)))),
            }
            if symmetric {
                *inner = Some(offset);
            }
        }
        self.rows.push(Row {
            at,
            start,
            offset,
            length: span,
        });
    }

    /// Smooths `values` into `out`; both hold the length the smoother was made for.
    pub fn smooth(&self, values: &[f64], out: &mut [f64]) {
        if values.len() != self.length || out.len() != self.length {
            return;
        }
        let mut last: Option<(usize, f64)> = None;
        for row in &self.rows {
            let weights = &self.weights[row.offset..row.offset + row.length];
            let value = dot(weights, &values[row.start..row.start + row.length]);
            if let Some((from, start)) = last {
                let step = (value - start) / (row.at - from) as f64;
                for (k, cell) in out[from + 1..row.at].iter_mut().enumerate() {
                    *cell = start + step * (k + 1) as f64;
                }
            }
            out[row.at] = value;
            last = Some((row.at, value));
        }
    }
}

/// The points a local fit sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub start: usize,
    pub length: usize,
    pub series: usize,
}

impl Window {
    /// Weights of the window's points for the fit at `at`, which may lie outside the series; `None`
    /// when all weights vanish.
    pub(crate) fn weights(
        self,
        at: f64,
        config: LoessConfig,
        robustness: Option<&[f64]>,
    ) -> Option<Vec<f64>> {
        let first = self.start as f64;
        let last = (self.start + self.length - 1) as f64;
        let mut reach = (at - first).max(last - at);
        if config.span > self.series {
            reach += ((config.span - self.series) / 2) as f64;
        }
        let mut weights: Vec<f64> = (0..self.length)
            .map(|k| {
                let distance = (first + k as f64 - at).abs();
                let tricube = if distance > 0.999 * reach {
                    0.0
                } else if distance <= 0.001 * reach {
                    1.0
                } else {
                    (1.0 - (distance / reach).powi(3)).powi(3)
                };
                let index = self.start + k;
                tricube * robustness.map_or(1.0, |r| r.get(index).copied().unwrap_or(1.0))
            })
            .collect();
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        for weight in &mut weights {
            *weight /= total;
        }
        if config.degree > 0 && reach > 0.0 {
            let place = |k: usize| first + k as f64;
            let centre: f64 = weights.iter().enumerate().map(|(k, w)| w * place(k)).sum();
            let spread: f64 = weights
                .iter()
                .enumerate()
                .map(|(k, w)| w * (place(k) - centre).powi(2))
                .sum();
            if spread.sqrt() > 0.001 * (self.series as f64 - 1.0) {
                let slope = (at - centre) / spread;
                for (k, weight) in weights.iter_mut().enumerate() {
                    *weight *= slope * (place(k) - centre) + 1.0;
                }
            }
        }
        Some(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_line_leaves_a_line_as_it_is() {
        let line: Vec<f64> = (0..50).map(|i| 3.0 + 0.5 * f64::from(i)).collect();
        let mut out = vec![0.0; 50];
        Smoother::new(50, LoessConfig::new(21, 1), None).smooth(&line, &mut out);
        for (a, b) in line.iter().zip(&out) {
            assert!((a - b).abs() < 1e-9);
        }
    }
}
