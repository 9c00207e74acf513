//! From a history to a forecast: cleans it, asks all candidates, weighs them by their back-test and
//! puts conformal intervals around the combination. Pure: the same history gives the same forecast.

use crate::clean::{Transform, clean};
use crate::combine::{Combined, combine};
use crate::conformal::ErrorModel;
use crate::error::ForecastError;
use crate::models::{Answer, ask_all};
use crate::problem::Problem;
use crate::season::{detect_periods, present};
use crate::spec::{ForecastSpec, Seasons};

/// Origins of a back-test at most.
const ORIGINS: usize = 48;

/// A forecast with everything needed to judge it.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Name of the candidate with the largest weight, or `combination` when none has half.
    pub model: String,
    /// Periods in points that were used, ascending.
    pub periods: Vec<usize>,
    /// The forecast, `[step]`: the middle of what is expected.
    pub mean: Vec<f64>,
    /// One per level asked for, in that order.
    pub intervals: Vec<Interval>,
    /// What the candidates said and how much they count.
    pub candidates: Vec<Candidate>,
    /// How forecasts from earlier origins did.
    pub backtest: Backtest,
    middle: Vec<f64>,
    errors: ErrorModel,
    transform: Transform,
}

/// Bounds within which the truth lies with probability `level`.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// In (0, 1).
    pub level: f64,
    /// Lower bound, `[step]`, at most the mean.
    pub lower: Vec<f64>,
    /// Upper bound, `[step]`, at least the mean.
    pub upper: Vec<f64>,
}

/// One candidate's part.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub name: &'static str,
    /// Its share of the combination, in `[0, 1]`.
    pub weight: f64,
    /// Its mean absolute error in the back-test on the scale of the models; infinite when there was
    /// no back-test.
    pub error: f64,
    /// Its forecast, `[step]`.
    pub mean: Vec<f64>,
}

/// Errors of the combination at earlier origins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backtest {
    /// Symmetric mean absolute percentage error, in `[0, 200]`.
    pub smape: f64,
    /// Mean absolute error over the mean change across a season; not a number for a constant series.
    pub mase: f64,
    /// Share of truths within the 80 % interval, in `[0, 1]`.
    pub coverage80: f64,
    /// Share of truths within the 95 % interval, in `[0, 1]`.
    pub coverage95: f64,
    /// Number of origins; with 0 nothing is known of the errors.
    pub n_origins: usize,
}

/// Forecasts `history`, whose points are evenly spaced, oldest first; what is not finite is
/// interpolated.
///
/// # Errors
/// When fewer than two points are finite, or the horizon or a level is out of range.
pub fn forecast(history: &[f64], spec: &ForecastSpec) -> Result<Forecast, ForecastError> {
    spec.check()?;
    let shortest = match &spec.seasons {
        Seasons::Periods(periods) => periods.iter().copied().min().unwrap_or(1),
        Seasons::Detect => 1,
    };
    let (series, transform) = clean(history, spec.scale, shortest)?;
    let periods = match &spec.seasons {
        Seasons::Periods(periods) => present(&series, periods),
        Seasons::Detect => detect_periods(&series),
    };
    let origins = plan_origins(series.len(), spec.horizon, &periods);
    let head = origins[0];
    let periods: Vec<usize> = periods.into_iter().filter(|p| 2 * p + 2 < head).collect();
    let problem = Problem {
        series: &series,
        periods: &periods,
        horizon: spec.horizon,
        origins: &origins,
    };
    let answers = ask_all(&problem);
    let combined = combine(&problem, &answers);
    let errors = ErrorModel::learn(&problem, &combined.table);
    Ok(assemble(
        &problem,
        spec,
        Parts {
            answers,
            combined,
            errors,
            transform,
        },
    ))
}

struct Parts {
    answers: Vec<Answer>,
    combined: Combined,
    errors: ErrorModel,
    transform: Transform,
}

/// Origins of the back-test and, last, the end of the series: the newest two fifths of the points at
/// most, so that parameters rest on the older ones.
fn plan_origins(length: usize, horizon: usize, periods: &[usize]) -> Vec<usize> {
    let longest = periods.last().copied().unwrap_or(1);
    let oldest = (length * 3 / 5)
        .max(2 * longest + 3)
        .min(length.saturating_sub(1))
        .max(1);
    let mut end = length.saturating_sub(horizon);
    if end < oldest + 10 {
        end = length - 1;
    }
    let span = (8 * horizon)
        .max(4 * longest)
        .min(end.saturating_sub(oldest));
    let stride = span.div_ceil(ORIGINS).max(1);
    let count = span / stride;
    let mut origins: Vec<usize> = (0..=count).rev().map(|k| end - k * stride).collect();
    origins.push(length);
    origins
}

fn assemble(problem: &Problem<'_>, spec: &ForecastSpec, parts: Parts) -> Forecast {
    let Parts {
        answers,
        combined,
        errors,
        transform,
    } = parts;
    let last = (problem.origins.len() - 1) * problem.horizon;
    let middle = combined.table[last..].to_vec();
    let backtest = judge(problem, &combined.table, &errors, transform);
    let back = |z: &[f64]| -> Vec<f64> { z.iter().map(|v| transform.back(*v)).collect() };
    let mean = back(&middle);
    let candidates: Vec<Candidate> = answers
        .iter()
        .zip(combined.weights.iter().zip(&combined.errors))
        .map(|(answer, (weight, error))| Candidate {
            name: answer.name,
            weight: *weight,
            error: *error,
            mean: back(&answer.table[last..]),
        })
        .collect();
    let model = candidates
        .iter()
        .find(|c| c.weight >= 0.5)
        .map_or("combination", |c| c.name)
        .to_owned();
    let mut forecast = Forecast {
        model,
        periods: problem.periods.to_vec(),
        mean,
        intervals: Vec::new(),
        candidates,
        backtest,
        middle,
        errors,
        transform,
    };
    forecast.intervals = spec
        .levels
        .iter()
        .map(|level| forecast.interval(*level))
        .collect();
    forecast
}

fn judge(
    problem: &Problem<'_>,
    table: &[f64],
    errors: &ErrorModel,
    transform: Transform,
) -> Backtest {
    let (mut smape, mut absolute, mut count) = (0.0, 0.0, 0.0);
    let (mut in80, mut in95) = (0.0, 0.0);
    let bounds = [0.1, 0.9, 0.025, 0.975].map(|p| errors.shape(p));
    for (row, origin) in problem.past().iter().enumerate() {
        let sizes = errors.path(row);
        for (k, truth) in problem.series[*origin..]
            .iter()
            .take(problem.horizon)
            .enumerate()
        {
            let a = transform.back(*truth);
            let b = transform.back(table[row * problem.horizon + k]);
            let sum = a.abs() + b.abs();
            smape += if sum > 0.0 {
                200.0 * (a - b).abs() / sum
            } else {
                0.0
            };
            absolute += (a - b).abs();
            let size = sizes[k];
            in80 += f64::from(u8::from(bounds[0] <= size && size <= bounds[1]));
            in95 += f64::from(u8::from(bounds[2] <= size && size <= bounds[3]));
            count += 1.0;
        }
    }
    let lag = problem.periods.first().copied().unwrap_or(1);
    let pairs = problem.series.len().saturating_sub(lag).max(1) as f64;
    let change: f64 = problem
        .series
        .iter()
        .zip(&problem.series[lag.min(problem.series.len())..])
        .map(|(a, b)| (transform.back(*a) - transform.back(*b)).abs())
        .sum();
    Backtest {
        smape: smape / count,
        mase: absolute / count / (change / pairs),
        coverage80: in80 / count,
        coverage95: in95 / count,
        n_origins: problem.past().len(),
    }
}

impl Forecast {
    /// The value at `step`, from 0, that is not exceeded with probability `p` in (0, 1).
    #[must_use]
    pub fn quantile(&self, step: usize, p: f64) -> f64 {
        let middle = self.middle.get(step).copied().unwrap_or(f64::NAN);
        self.transform
            .back(middle + self.errors.quantile(step, p.clamp(0.0, 1.0)))
    }

    /// Bounds that hold the truth with probability `level` in (0, 1).
    #[must_use]
    pub fn interval(&self, level: f64) -> Interval {
        let tail = (1.0 - level) / 2.0;
        let bound =
            |p: f64| -> Vec<f64> { (0..self.mean.len()).map(|k| self.quantile(k, p)).collect() };
        let mut lower = bound(tail);
        let mut upper = bound(1.0 - tail);
        for ((low, high), mean) in lower.iter_mut().zip(&mut upper).zip(&self.mean) {
            *low = low.min(*mean);
            *high = high.max(*mean);
        }
        Interval {
            level,
            lower,
            upper,
        }
    }

    /// Ways the series may go, `[path][step]`: the forecast plus the errors of an earlier origin, so
    /// that neighbouring steps err together as they did. The same seed gives the same paths.
    #[must_use]
    pub fn sample_paths(&self, count: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut state = seed;
        (0..count)
            .map(|_| {
                let draw = split_mix(&mut state);
                let sign = if draw & 1 == 0 { 1.0 } else { -1.0 };
                let rows = self.errors.origins().max(1) as u64;
                let row = ((draw >> 1) % rows) as usize;
                self.path(row, sign)
            })
            .collect()
    }

    fn path(&self, row: usize, sign: f64) -> Vec<f64> {
        let errors = self.errors.path(row);
        let mut carried = 0.0;
        self.middle
            .iter()
            .enumerate()
            .map(|(k, middle)| {
                // Where the truth was not yet known, the last error lasts.
                carried = errors
                    .get(k)
                    .copied()
                    .filter(|e| e.is_finite())
                    .unwrap_or(carried);
                self.transform
                    .back(middle + sign * carried * self.errors.size(k))
            })
            .collect()
    }

    /// When the series first reaches `threshold` from below, or from above when `falling`.
    #[must_use]
    pub fn crossing(&self, threshold: f64, falling: bool) -> Crossing {
        let threshold = self.transform.forward(threshold);
        let reached = self.errors.reached(&self.middle, threshold, falling);
        let probability = reached.last().copied().unwrap_or(0.0);
        // The step by which this share of all that cross have crossed.
        let pick = |share: f64| {
            let step = reached.iter().position(|p| *p >= share * probability)?;
            (probability > 0.0).then_some(step + 1)
        };
        Crossing {
            probability,
            median_step: pick(0.5),
            interval80: pick(0.1).zip(pick(0.9)),
            reached,
        }
    }
}

/// Whether and when a threshold is reached within the horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// Probability that it is reached within the horizon, in `[0, 1]`.
    pub probability: f64,
    /// The middle first step, from 1, given that it is reached.
    pub median_step: Option<usize>,
    /// Steps, from 1, between which the first crossing lies with 80 %, given that it is reached.
    pub interval80: Option<(usize, usize)>,
    /// Probability that it has been reached by each step, `[step]`, never decreasing.
    pub reached: Vec<f64>,
}

/// SplitMix64 (Steele, Lea & Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
