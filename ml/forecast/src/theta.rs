//! The Theta method: as Hyndman & Billah (2003) restate it, simple smoothing with half the drift of
//! a straight line, and as the dynamic optimised model of Fiorucci, Pellegrini, Louzada,
//! Petropoulos & Koehler (2016). Series without season in, forecasts out.

use crate::ets::{Ets, EtsSpec, EtsTrend};
use crate::minimise::{Bounds, minimise};

/// Forecasts by the standard method (θ = 2); `None` below four points.
#[must_use]
pub fn theta(series: &[f64], horizon: usize) -> Option<Vec<f64>> {
    let smooth = Ets::fit(series, EtsSpec::plain(EtsTrend::None))?;
    let n = series.len() as f64;
    let alpha = smooth.smoothing().0;
    let centre = (n - 1.0) / 2.0;
    let mean = series.iter().sum::<f64>() / n;
    let mut slope = 0.0;
    for (i, y) in series.iter().enumerate() {
        slope += (i as f64 - centre) * (y - mean);
    }
    slope /= n * (n * n - 1.0) / 12.0;
    let start = (1.0 - (1.0 - alpha).powf(n)) / alpha;
    let level = smooth.forecast(1).first().copied()?;
    Some(
        (0..horizon)
            .map(|h| level + slope / 2.0 * (h as f64 + start))
            .collect(),
    )
}

/// A fitted dynamic optimised Theta model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DynamicTheta {
    alpha: f64,
    theta: f64,
    first: f64,
}

#[derive(Debug, Clone, Copy)]
struct State {
    seen: f64,
    level: f64,
    mean: f64,
    intercept: f64,
    slope: f64,
    /// `(1 − α)^seen`.
    fading: f64,
}

impl DynamicTheta {
    /// Fits smoothing, θ and first level by least squares; `None` below four points.
    #[must_use]
    pub fn fit(series: &[f64]) -> Option<Self> {
        if series.len() < 4 {
            return None;
        }
        let bounds = Bounds {
            lower: vec![0.1, 1.0, -4.0],
            upper: vec![0.99, 10.0, 4.0],
        };
        let n = series.len() as f64;
        let mean_step = series.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f64>() / n;
        let model = |p: &[f64]| Self {
            alpha: p[0],
            theta: p[1],
            first: series[0] + p[2] * mean_step,
        };
        let (best, _) = minimise(&[0.5, 2.0, 0.0], &bounds, 120, |p| {
            let model = model(p);
            let mut state = model.start();
            let mut squares = 0.0;
            for (t, y) in series.iter().enumerate() {
                let e = y - model.next(&state);
                model.take(&mut state, *y);
                if t > 2 {
                    squares += e * e;
                }
            }
            series.len() as f64 * squares.ln()
        });
        Some(model(&best))
    }

    fn start(self) -> State {
        State {
            seen: 0.0,
            level: self.first,
            mean: 0.0,
            intercept: 0.0,
            slope: 0.0,
            fading: 1.0,
        }
    }

    #[inline(always)]
    fn next(self, s: &State) -> f64 {
        let share = 1.0 - 1.0 / self.theta;
        let sum = (1.0 - s.fading * (1.0 - self.alpha)) / self.alpha;
        s.level + share * (s.fading * s.intercept + sum * s.slope)
    }

    #[inline(always)]
    fn take(self, s: &mut State, value: f64) {
        s.seen += 1.0;
        let t = s.seen;
        s.level = self.alpha * value + (1.0 - self.alpha) * s.level;
        if t > 1.0 {
            s.slope = ((t - 2.0) * s.slope + 6.0 * (value - s.mean) / t) / (t + 1.0);
        }
        s.mean += (value - s.mean) / t;
        s.intercept = s.mean - s.slope * (t + 1.0) / 2.0;
        s.fading *= 1.0 - self.alpha;
    }

    /// Forecasts of `horizon` steps after the first `origin` points, for each origin, ascending,
    /// appended to `out`.
    pub(crate) fn roll(
        self,
        series: &[f64],
        origins: &[usize],
        (horizon, out): (usize, &mut Vec<f64>),
    ) {
        let mut state = self.start();
        let mut at = 0;
        for origin in origins {
            let origin = (*origin).min(series.len());
            for y in &series[at.min(origin)..origin] {
                self.take(&mut state, *y);
            }
            at = origin;
            let mut ahead = state;
            for _ in 0..horizon {
                let value = self.next(&ahead);
                out.push(value);
                self.take(&mut ahead, value);
            }
        }
    }

    /// Forecasts after the end of `series`.
    #[must_use]
    pub fn forecast(self, series: &[f64], horizon: usize) -> Vec<f64> {
        let mut out = Vec::with_capacity(horizon);
        self.roll(series, &[series.len()], (horizon, &mut out));
        out
    }
}
