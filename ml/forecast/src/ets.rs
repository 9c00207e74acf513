//! Exponential smoothing in state-space form (Hyndman, Koehler, Ord & Snyder 2008): error, trend
//! and season each additive, multiplicative or absent, the trend possibly damped, chosen by the
//! corrected Akaike criterion. A series goes in, a model that can forecast comes out.

use crate::minimise::{Bounds, minimise};

/// Points up to which the state before the first point is searched for too.
const SEARCHED_START: usize = 100;

/// How the error enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtsError {
    /// `y = ŷ + e`.
    Additive,
    /// `y = ŷ (1 + e)`; for positive series.
    Multiplicative,
}

/// How the trend continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtsTrend {
    /// The level stays.
    None,
    /// The slope stays.
    Additive,
    /// The slope fades by a factor in `[0.8, 0.98]` a step.
    Damped,
}

/// How the season enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EtsSeason {
    /// There is none.
    None,
    /// Added to the level.
    Additive,
    /// Multiplied with the level; for positive series.
    Multiplicative,
}

/// Which model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EtsSpec {
    /// The error.
    pub error: EtsError,
    /// The trend.
    pub trend: EtsTrend,
    /// The season.
    pub season: EtsSeason,
    /// Points of a season; 1 without one.
    pub period: usize,
}

impl EtsSpec {
    /// Additive error, no season.
    #[must_use]
    pub fn plain(trend: EtsTrend) -> Self {
        Self {
            error: EtsError::Additive,
            trend,
            season: EtsSeason::None,
            period: 1,
        }
    }

    fn smoothing(self) -> usize {
        let trend = match self.trend {
            EtsTrend::None => 0,
            EtsTrend::Additive => 1,
            EtsTrend::Damped => 2,
        };
        1 + trend + usize::from(self.season != EtsSeason::None)
    }
}

/// Where a model stands after some point.
#[derive(Debug, Clone, PartialEq)]
struct State {
    level: f64,
    slope: f64,
    /// Ring of seasonal terms; the next point uses `seasons[phase]`.
    seasons: Vec<f64>,
    phase: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Smoothing {
    alpha: f64,
    beta: f64,
    gamma: f64,
    phi: f64,
}

const NO_SEASON: u8 = 0;
const ADDED: u8 = 1;
const MULTIPLIED: u8 = 2;

impl State {
    /// Takes one point in; gives its one-step forecast.
    #[inline(always)]
    fn step<const SEASON: u8>(&mut self, value: f64, by: Smoothing) -> f64 {
        let base = self.level + by.phi * self.slope;
        let (season, forecast, adjusted) = match SEASON {
            ADDED => {
                let s = self.seasons[self.phase];
                (s, base + s, value - s)
            }
            MULTIPLIED => {
                let s = self.seasons[self.phase];
                (s, base * s, value / away_from_zero(s))
            }
            _ => (0.0, base, value),
        };
        let error = adjusted - base;
        self.level = base + by.alpha * error;
        self.slope = by.phi * self.slope + by.beta * error;
        if SEASON != NO_SEASON {
            let seen = if SEASON == ADDED {
                value - base
            } else {
                value / away_from_zero(base)
            };
            self.seasons[self.phase] = season + by.gamma * (seen - season);
            self.phase += 1;
            if self.phase == self.seasons.len() {
                self.phase = 0;
            }
        }
        forecast
    }

    fn ahead(&self, spec: EtsSpec, by: Smoothing, out: &mut [f64]) {
        let mut base = self.level;
        let mut slope = self.slope;
        for (k, cell) in out.iter_mut().enumerate() {
            slope *= by.phi;
            base += slope;
            let phase = (self.phase + k) % spec.period.max(1);
            *cell = match spec.season {
                EtsSeason::None => base,
                EtsSeason::Additive => base + self.seasons[phase],
                EtsSeason::Multiplicative => base * self.seasons[phase],
            };
        }
    }
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < 1e-10 { 1e-10 } else { value }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Ets {
    spec: EtsSpec,
    by: Smoothing,
    first: State,
    last: State,
    aicc: f64,
}

impl Ets {
    /// Fits one model by maximum likelihood; `None` when the series is shorter than the model needs
    /// (four points, or two seasons and one point) or not positive where it must be.
    #[must_use]
    pub fn fit(series: &[f64], spec: EtsSpec) -> Option<Self> {
        let needs = if spec.season == EtsSeason::None {
            4
        } else {
            2 * spec.period + 1
        };
        let multiplies =
            spec.error == EtsError::Multiplicative || spec.season == EtsSeason::Multiplicative;
        let positive = series.iter().all(|y| *y > 0.0);
        if series.len() < needs.max(4) || (multiplies && !positive) || spec.period == 0 {
            return None;
        }
        let start = initial_state(series, spec);
        // The start matters for short series only; the long ones forget it.
        let moves_start = series.len() <= SEARCHED_START;
        let scale = spread(series)
            .max(1e-12 * start.level.abs())
            .max(f64::MIN_POSITIVE);
        let (guess, bounds) = search_box(spec, moves_start);
        let place = |p: &[f64]| {
            let mut state = start.clone();
            if moves_start {
                let at = spec.smoothing();
                state.level += p[at] * scale;
                if spec.trend != EtsTrend::None {
                    state.slope += p[at + 1] * 0.2 * scale;
                }
            }
            (smoothing(p, spec), state)
        };
        let (best, _) = minimise(&guess, &bounds, 60 * guess.len(), |p| {
            let (by, mut state) = place(p);
            likelihood(series, spec, by, &mut state)
        });
        let (by, first) = place(&best);
        let mut last = first.clone();
        let fit = likelihood(series, spec, by, &mut last);
        if !fit.is_finite() && fit != f64::NEG_INFINITY {
            return None;
        }
        let n = series.len() as f64;
        let seasons = if spec.season == EtsSeason::None {
            0
        } else {
            spec.period
        };
        let slopes = usize::from(spec.trend != EtsTrend::None);
        let k = (spec.smoothing() + 2 + slopes + seasons) as f64;
        let room = (n - k - 1.0).max(0.5);
        Some(Self {
            spec,
            by,
            first,
            last,
            aicc: fit + 2.0 * k + 2.0 * k * (k + 1.0) / room,
        })
    }

    /// The best model by AICc among all that suit the series; a season only when `period` is at
    /// least 2 and the series holds two of them.
    #[must_use]
    pub fn auto(series: &[f64], period: usize) -> Option<Self> {
        let positive = series.iter().all(|y| *y > 0.0);
        let mut best: Option<Self> = None;
        for error in [EtsError::Additive, EtsError::Multiplicative] {
            for season in [
                EtsSeason::None,
                EtsSeason::Additive,
                EtsSeason::Multiplicative,
            ] {
                // The combination is numerically unstable and left out everywhere.
                let unstable = error == EtsError::Additive && season == EtsSeason::Multiplicative;
                let no_period = season != EtsSeason::None && period < 2;
                if unstable || no_period || (error == EtsError::Multiplicative && !positive) {
                    continue;
                }
                for trend in [EtsTrend::None, EtsTrend::Additive, EtsTrend::Damped] {
                    let period = if season == EtsSeason::None { 1 } else { period };
                    let spec = EtsSpec {
                        error,
                        trend,
                        season,
                        period,
                    };
                    best = better(best, Self::fit(series, spec));
                }
            }
        }
        best
    }

    /// The best model without season and with additive error by AICc.
    #[must_use]
    pub fn auto_plain(series: &[f64]) -> Option<Self> {
        [EtsTrend::None, EtsTrend::Damped, EtsTrend::Additive]
            .into_iter()
            .fold(None, |best, trend| {
                better(best, Self::fit(series, EtsSpec::plain(trend)))
            })
    }

    /// The same parameters and start, run over `series`: forecasts of `horizon` steps after the
    /// first `origin` points for each origin, ascending, appended to `out`.
    pub(crate) fn roll(
        &self,
        series: &[f64],
        origins: &[usize],
        (horizon, out): (usize, &mut Vec<f64>),
    ) {
        let mut state = self.first.clone();
        let mut at = 0;
        for origin in origins {
            let origin = (*origin).min(series.len());
            run(
                &series[at.min(origin)..origin],
                self.spec,
                self.by,
                &mut state,
            );
            at = origin;
            let from = out.len();
            out.resize(from + horizon, 0.0);
            state.ahead(self.spec, self.by, &mut out[from..]);
        }
    }

    /// Point forecasts after the end of the series, `horizon` of them.
    #[must_use]
    pub fn forecast(&self, horizon: usize) -> Vec<f64> {
        let mut out = vec![0.0; horizon];
        self.last.ahead(self.spec, self.by, &mut out);
        out
    }

    /// Which model it is.
    #[must_use]
    pub fn spec(&self) -> EtsSpec {
        self.spec
    }

    /// Smoothing of level, slope, season and the damping: `(α, β, γ, φ)`, each in `[0, 1]`.
    #[must_use]
    pub fn smoothing(&self) -> (f64, f64, f64, f64) {
        (self.by.alpha, self.by.beta, self.by.gamma, self.by.phi)
    }

    /// Level before the first point.
    #[must_use]
    pub fn initial_level(&self) -> f64 {
        self.first.level
    }

    /// Corrected Akaike criterion, lower is better; comparable between models of one series.
    #[must_use]
    pub fn aicc(&self) -> f64 {
        self.aicc
    }
}

fn better(best: Option<Ets>, next: Option<Ets>) -> Option<Ets> {
    match (best, next) {
        (Some(a), Some(b)) => Some(if b.aicc < a.aicc { b } else { a }),
        (a, b) => a.or(b),
    }
}

fn run(series: &[f64], spec: EtsSpec, by: Smoothing, state: &mut State) {
    for y in series {
        match spec.season {
            EtsSeason::None => state.step::<NO_SEASON>(*y, by),
            EtsSeason::Additive => state.step::<ADDED>(*y, by),
            EtsSeason::Multiplicative => state.step::<MULTIPLIED>(*y, by),
        };
    }
}

/// Minus twice the log likelihood up to a constant; leaves the state after the last point.
fn likelihood(series: &[f64], spec: EtsSpec, by: Smoothing, state: &mut State) -> f64 {
    let n = series.len() as f64;
    let mut squares = 0.0;
    if spec.error == EtsError::Additive && spec.season == EtsSeason::None {
        for y in series {
            let e = y - state.step::<NO_SEASON>(*y, by);
            squares += e * e;
        }
        return n * squares.ln();
    }
    let mut logs = 0.0;
    for y in series {
        let forecast = match spec.season {
            EtsSeason::None => state.step::<NO_SEASON>(*y, by),
            EtsSeason::Additive => state.step::<ADDED>(*y, by),
            EtsSeason::Multiplicative => state.step::<MULTIPLIED>(*y, by),
        };
        let mut e = y - forecast;
        if spec.error == EtsError::Multiplicative {
            let forecast = away_from_zero(forecast);
            e /= forecast;
            logs += forecast.abs().ln();
        }
        squares += e * e;
    }
    n * squares.ln() + 2.0 * logs
}

/// Guess and limits of the parameters searched: α, β/α, φ, γ/(1−α), then shifts of the start.
fn search_box(spec: EtsSpec, moves_start: bool) -> (Vec<f64>, Bounds) {
    let mut rows = vec![(0.3, 1e-4, 0.9999)];
    if spec.trend != EtsTrend::None {
        rows.push((0.1, 1e-4, 0.9999));
    }
    if spec.trend == EtsTrend::Damped {
        rows.push((0.95, 0.8, 0.98));
    }
    if spec.season != EtsSeason::None {
        rows.push((0.1, 1e-4, 0.9999));
    }
    if moves_start {
        rows.push((0.0, -3.0, 3.0));
        if spec.trend != EtsTrend::None {
            rows.push((0.0, -3.0, 3.0));
        }
    }
    let bounds = Bounds {
        lower: rows.iter().map(|r| r.1).collect(),
        upper: rows.iter().map(|r| r.2).collect(),
    };
    (rows.iter().map(|r| r.0).collect(), bounds)
}

fn smoothing(p: &[f64], spec: EtsSpec) -> Smoothing {
    let alpha = p[0];
    let (beta, phi, at) = match spec.trend {
        EtsTrend::None => (0.0, 1.0, 1),
        EtsTrend::Additive => (alpha * p[1], 1.0, 2),
        EtsTrend::Damped => (alpha * p[1], p[2], 3),
    };
    let gamma = if spec.season == EtsSeason::None {
        0.0
    } else {
        (1.0 - alpha) * p[at]
    };
    Smoothing {
        alpha,
        beta,
        gamma,
        phi,
    }
}

fn spread(series: &[f64]) -> f64 {
    let n = (series.len().saturating_sub(1)).max(1) as f64;
    series.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f64>() / n
}

/// Seasonal terms from the first cycles, level and slope from a line through the first points
/// without them (Hyndman, Koehler, Snyder & Grose 2002).
fn initial_state(series: &[f64], spec: EtsSpec) -> State {
    let seasons = match spec.season {
        EtsSeason::None => Vec::new(),
        _ => initial_seasons(series, spec),
    };
    let take = series.len().min((2 * spec.period).max(10));
    let adjusted: Vec<f64> = series[..take]
        .iter()
        .enumerate()
        .map(|(i, y)| match spec.season {
            EtsSeason::None => *y,
            EtsSeason::Additive => y - seasons[i % spec.period],
            EtsSeason::Multiplicative => y / away_from_zero(seasons[i % spec.period]),
        })
        .collect();
    let n = take as f64;
    let mean = adjusted.iter().sum::<f64>() / n;
    let centre = (n + 1.0) / 2.0;
    let mut slope = 0.0;
    if spec.trend != EtsTrend::None {
        let (mut across, mut along) = (0.0, 0.0);
        for (i, y) in adjusted.iter().enumerate() {
            let t = (i + 1) as f64 - centre;
            across += t * (y - mean);
            along += t * t;
        }
        // Long series do not search for their start, and a slope that hardly changes is that of all
        // points rather than of the first ten.
        slope = if series.len() > SEARCHED_START {
            drift(series)
        } else {
            across / along
        };
    }
    State {
        level: mean - slope * centre,
        slope,
        seasons,
        phase: 0,
    }
}

/// Mean change per step, from the first to the last tenth of the points.
fn drift(series: &[f64]) -> f64 {
    let tenth = series.len().div_ceil(10);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / tenth as f64;
    let last = series.len() - tenth;
    (mean(&series[last..]) - mean(&series[..tenth])) / last as f64
}

fn initial_seasons(series: &[f64], spec: EtsSpec) -> Vec<f64> {
    let period = spec.period;
    let multiplied = spec.season == EtsSeason::Multiplicative;
    let cycles = (series.len() / period).min(4);
    let mut sums = vec![0.0; period];
    for cycle in series.chunks_exact(period).take(cycles) {
        let mean = cycle.iter().sum::<f64>() / period as f64;
        for (sum, y) in sums.iter_mut().zip(cycle) {
            *sum += if multiplied {
                y / away_from_zero(mean)
            } else {
                y - mean
            };
        }
    }
    for sum in &mut sums {
        *sum /= cycles.max(1) as f64;
    }
    sums
}
