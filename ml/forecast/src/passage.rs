//! When does a series first reach a threshold? From how far the highest (or lowest) truth of earlier
//! horizons lay from the highest (or lowest) forecast of theirs: a maximum over many steps lies
//! above the maximum of a forecast, and by how much is seen in the back-test. Adding errors step by
//! step instead would count the noise of every step as one more chance to cross.

use crate::problem::Problem;

/// Share of the bias seen in the back-test that is believed.
const BELIEF: f64 = 0.5;
/// Standard deviation of a normal error of mean absolute size 1, `√(π / 2)`.
const DEVIATION: f64 = 1.2533;
/// Steepness at which the logistic function resembles the normal distribution.
const STEEPNESS: f64 = 1.702;

/// Bias and size of the extreme up to each step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Extremes {
    /// Truth minus forecast of the highest value up to a step, mean over the origins.
    highest: Vec<f64>,
    /// The same of the lowest.
    lowest: Vec<f64>,
    /// Standard deviation.
    deviation: Vec<f64>,
}

impl Extremes {
    /// Learns from the back-test; `table` is `[origin][step]`, `lively` how lively the series was at
    /// each origin, `size` the expected size of the error at each step.
    pub(crate) fn learn(
        problem: &Problem<'_>,
        table: &[f64],
        lively: &[f64],
        size: &[f64],
    ) -> Self {
        let horizon = problem.horizon;
        let mut highest = vec![0.0; horizon];
        let mut lowest = vec![0.0; horizon];
        let now = lively.last().copied().unwrap_or(1.0);
        let mut rows = 0.0_f64;
        for (row, origin) in problem.past().iter().enumerate() {
            let truths = &problem.series[*origin..];
            if truths.len() < horizon {
                continue;
            }
            rows += 1.0;
            let scale = now / lively.get(row).copied().unwrap_or(now);
            let forecasts = &table[row * horizon..];
            let (mut high, mut low) = (Reach::new(), Reach::new());
            for (k, (truth, forecast)) in truths.iter().zip(forecasts).take(horizon).enumerate() {
                highest[k] += scale * high.take(*truth, *forecast);
                lowest[k] -= scale * low.take(-truth, -forecast);
            }
        }
        for bias in highest.iter_mut().chain(&mut lowest) {
            *bias *= BELIEF / rows.max(1.0);
        }
        let all = size.iter().sum::<f64>() / horizon as f64;
        let mut sum = 0.0;
        let deviation = size
            .iter()
            .zip(1..)
            .map(|(s, n)| {
                sum += s;
                DEVIATION * (all + sum / f64::from(n)) / 2.0
            })
            .collect();
        Self {
            highest,
            lowest,
            deviation,
        }
    }

    /// Probability that `threshold` has been reached by each step, from below or, when `falling`,
    /// from above; never decreasing. `middle` is the forecast.
    pub(crate) fn reached(&self, middle: &[f64], threshold: f64, falling: bool) -> Vec<f64> {
        let sign = if falling { -1.0 } else { 1.0 };
        let biases = if falling { &self.lowest } else { &self.highest };
        let mut extreme = f64::NEG_INFINITY;
        let mut so_far = 0.0_f64;
        middle
            .iter()
            .zip(biases)
            .zip(&self.deviation)
            .map(|((value, bias), deviation)| {
                extreme = extreme.max(sign * value);
                let beyond = extreme + sign * bias - sign * threshold;
                let chance = if *deviation > 0.0 {
                    1.0 / (1.0 + (-STEEPNESS * beyond / deviation).exp())
                } else {
                    f64::from(u8::from(beyond >= 0.0))
                };
                so_far = so_far.max(chance);
                so_far
            })
            .collect()
    }
}

/// The highest truth and forecast so far.
struct Reach {
    truth: f64,
    forecast: f64,
}

impl Reach {
    fn new() -> Self {
        Self {
            truth: f64::NEG_INFINITY,
            forecast: f64::NEG_INFINITY,
        }
    }

    /// Distance of the highest truth from the highest forecast.
    fn take(&mut self, truth: f64, forecast: f64) -> f64 {
        self.truth = self.truth.max(truth);
        self.forecast = self.forecast.max(forecast);
        self.truth - self.forecast
    }
}
