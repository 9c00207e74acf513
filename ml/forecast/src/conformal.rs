//! How wide must an interval be? As wide as the back-test's errors were: split conformal prediction
//! (Vovk, Gammerman & Shafer 2005; for series: Stankevičiūtė et al. 2021), with the errors of all
//! steps pooled after each has been divided by its expected size. That size is the product of the
//! step ahead, the phase of the season and how lively the series is at the origin.

use crate::passage::Extremes;
use crate::problem::Problem;

/// Exponent of the liveliness: 0 ignores it, 1 follows it fully.
const LIVELINESS: f64 = 0.5;
/// Prior count that pulls the size of a phase to 1.
const PHASE_PRIOR: f64 = 12.0;
/// Degrees of freedom at least; below, the expansion of the quantile does not hold.
const FREEDOM_MIN: f64 = 2.0;

/// Errors of the back-test in expected sizes, and those sizes for the forecast.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorModel {
    horizon: usize,
    /// Errors `[origin][step]` divided by their expected size; not a number where no truth is known.
    errors: Vec<f64>,
    /// The finite ones, ascending.
    sorted: Vec<f64>,
    /// Expected size of the error at each step of the forecast.
    size: Vec<f64>,
    /// How far the extremes lie from those of the forecast.
    extremes: Extremes,
    /// Degrees of freedom of the sizes.
    freedom: f64,
}

impl ErrorModel {
    /// Learns from the combined back-test; `table` is `[origin][step]`.
    pub(crate) fn learn(problem: &Problem<'_>, table: &[f64]) -> Self {
        let horizon = problem.horizon;
        let past = problem.past();
        let mut errors = vec![f64::NAN; past.len() * horizon];
        for (row, origin) in past.iter().enumerate() {
            let truths = &problem.series[*origin..];
            for (k, truth) in truths.iter().take(horizon).enumerate() {
                errors[row * horizon + k] = truth - table[row * horizon + k];
            }
        }
        let lively: Vec<f64> = problem
            .origins
            .iter()
            .map(|o| liveliness(problem, *o))
            .collect();
        divide(&mut errors, horizon, |row, _| lively[row]);
        let steps = step_sizes(&errors, horizon);
        divide(&mut errors, horizon, |_, k| steps[k]);
        let phases = PhaseSizes::learn(problem, &errors);
        divide(&mut errors, horizon, |row, k| phases.at(past[row] + k));
        let end = problem.series.len();
        let last = lively.last().copied().unwrap_or(1.0);
        let size: Vec<f64> = (0..horizon)
            .map(|k| steps[k] * last * phases.at(end + k))
            .collect();
        let extremes = Extremes::learn(problem, table, &lively, &size);
        let mut sorted: Vec<f64> = errors.iter().copied().filter(|e| e.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Self {
            horizon,
            errors,
            sorted,
            size,
            extremes,
            freedom: windows(past, horizon).max(FREEDOM_MIN),
        }
    }

    /// Probability that `threshold` has been reached by each step; see [`Extremes::reached`].
    pub(crate) fn reached(&self, middle: &[f64], threshold: f64, falling: bool) -> Vec<f64> {
        self.extremes.reached(middle, threshold, falling)
    }

    /// Errors in expected sizes of one origin of the back-test, chosen by `index`; wraps around.
    pub(crate) fn path(&self, index: usize) -> &[f64] {
        let rows = (self.errors.len() / self.horizon.max(1)).max(1);
        let row = index % rows;
        self.errors
            .get(row * self.horizon..(row + 1) * self.horizon)
            .unwrap_or_default()
    }

    /// How many origins have errors.
    pub(crate) fn origins(&self) -> usize {
        self.errors.len() / self.horizon.max(1)
    }

    /// Expected size of the error at a step from 0.
    pub(crate) fn size(&self, step: usize) -> f64 {
        self.size.get(step).copied().unwrap_or(0.0)
    }

    /// The error at a step from 0 that is not exceeded with probability `p`.
    pub(crate) fn quantile(&self, step: usize, p: f64) -> f64 {
        self.size(step) * self.shape(p) * widening(p, self.freedom)
    }

    /// Half empirical, half symmetric: the sign of the errors seen is only partly that of those to
    /// come.
    pub(crate) fn shape(&self, p: f64) -> f64 {
        let own = empirical(&self.sorted, p);
        let mirrored = -empirical(&self.sorted, 1.0 - p);
        (own + mirrored) / 2.0
    }
}

/// How many horizons that do not overlap the back-test spans.
fn windows(past: &[usize], horizon: usize) -> f64 {
    let span = past
        .last()
        .zip(past.first())
        .map_or(0, |(last, first)| last - first);
    1.0 + span as f64 / horizon as f64
}

/// Quantile of Student's distribution over the normal one (Cornish & Fisher's expansion): few
/// independent windows tell the size of the error only roughly.
fn widening(p: f64, freedom: f64) -> f64 {
    let square = normal_quantile(p).powi(2);
    1.0 + (square + 1.0) / (4.0 * freedom)
        + (5.0 * square * square + 16.0 * square + 3.0) / (96.0 * freedom * freedom)
}

/// Quantile of the normal distribution (Abramowitz & Stegun 26.2.23, error below 4.5e-4).
fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p).clamp(1e-12, 0.5);
    let t = (-2.0 * tail.ln()).sqrt();
    let above = (0.010328 * t + 0.802853) * t + 2.515517;
    let below = ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0;
    let z = t - above / below;
    if p < 0.5 { -z } else { z }
}

/// Quantile with the conformal correction `(n + 1) p`, on as many independent errors as there are
/// values.
fn empirical(sorted: &[f64], p: f64) -> f64 {
    let n = sorted.len();
    if n == 0 {
        return 0.0;
    }
    let place = ((n as f64 + 1.0) * p - 1.0).clamp(0.0, (n - 1) as f64);
    let below = place.floor() as usize;
    let above = (below + 1).min(n - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

fn divide(errors: &mut [f64], horizon: usize, size: impl Fn(usize, usize) -> f64) {
    for (row, errors) in errors.chunks_exact_mut(horizon).enumerate() {
        for (k, error) in errors.iter_mut().enumerate() {
            let by = size(row, k);
            *error = if by > 0.0 { *error / by } else { 0.0 };
        }
    }
}

/// Mean size of recent changes over a season, to the power [`LIVELINESS`].
fn liveliness(problem: &Problem<'_>, origin: usize) -> f64 {
    let known = &problem.series[..origin];
    let lag = problem.periods.first().copied().unwrap_or(1);
    let window = (2 * lag).max(2 * problem.horizon).max(16);
    let mean = |from: usize| -> f64 {
        let part = &known[from..];
        let pairs = part.len().saturating_sub(lag);
        part.iter()
            .zip(&part[lag.min(part.len())..])
            .map(|(a, b)| (b - a).abs())
            .sum::<f64>()
            / pairs.max(1) as f64
    };
    let all = mean(known.len().saturating_sub(6 * window));
    let now = mean(known.len().saturating_sub(window + lag));
    // Some of the long run stays in, so that a still stretch does not promise stillness.
    (0.75 * now + 0.25 * all)
        .max(f64::MIN_POSITIVE)
        .powf(LIVELINESS)
}

/// Mean size of the error at each step, smoothed over neighbouring steps.
fn step_sizes(errors: &[f64], horizon: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); horizon];
    for row in errors.chunks_exact(horizon) {
        for (sum, error) in sums.iter_mut().zip(row) {
            if error.is_finite() {
                sum.0 += error.abs();
                sum.1 += 1.0;
            }
        }
    }
    let reach = horizon.div_ceil(8) as isize;
    let mut last = 0.0;
    (0..horizon as isize)
        .map(|k| {
            let from = (k - reach.min(k)).max(0) as usize;
            let to = ((k + reach + 1) as usize).min(horizon);
            let (mut sum, mut count) = (0.0, 0.0);
            for (j, (s, c)) in sums[from..to].iter().enumerate() {
                let near = 1.0 - (from as isize + j as isize - k).abs() as f64 / (reach + 1) as f64;
                sum += near * s;
                count += near * c;
            }
            // Steps beyond any truth grow as a random walk does.
            last = if count > 0.0 {
                sum / count
            } else {
                last * ((k + 1) as f64 / k.max(1) as f64).sqrt()
            };
            last
        })
        .collect()
}

/// Relative size of the error by phase of the shortest season.
struct PhaseSizes {
    period: usize,
    sizes: Vec<f64>,
}

impl PhaseSizes {
    fn learn(problem: &Problem<'_>, errors: &[f64]) -> Self {
        let period = problem.periods.first().copied().unwrap_or(1);
        let known = errors.iter().filter(|e| e.is_finite()).count();
        if !(4..=400).contains(&period) || known < 8 * period {
            return Self {
                period: 1,
                sizes: vec![1.0],
            };
        }
        let mut sums = vec![(0.0, 0.0); period];
        for (row, origin) in errors.chunks_exact(problem.horizon).zip(problem.past()) {
            for (k, error) in row.iter().enumerate().filter(|(_, e)| e.is_finite()) {
                let sum = &mut sums[(origin + k) % period];
                sum.0 += error.abs();
                sum.1 += 1.0;
            }
        }
        let sizes = (0..period)
            .map(|phase| {
                let (mut sum, mut count) = (PHASE_PRIOR, PHASE_PRIOR);
                for (shift, weight) in [(period - 1, 0.5), (0, 1.0), (1, 0.5)] {
                    let near = sums[(phase + shift) % period];
                    sum += weight * near.0;
                    count += weight * near.1;
                }
                sum / count
            })
            .collect();
        Self { period, sizes }
    }

    fn at(&self, index: usize) -> f64 {
        self.sizes[index % self.period]
    }
}
