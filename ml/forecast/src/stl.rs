//! Decomposition into trend, seasons and remainder: STL (Cleveland et al. 1990) for one season,
//! MSTL (Bandara, Hyndman & Bergmeir 2021) for several. A series goes in, components that add up to
//! it come out.

mod cycle;

use crate::loess::{LoessConfig, Smoother};
use cycle::{CycleSmoother, smooth_cycles};

/// Settings of one STL pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StlConfig {
    /// Points of one season, at least 2.
    pub period: usize,
    /// Window over the years of one phase, odd, at least 7.
    pub seasonal_span: usize,
    /// Degree of the fit over one phase, 0 or 1.
    pub seasonal_degree: usize,
    /// Rounds that lower the weight of outliers; 0 for none.
    pub robust_rounds: usize,
}

impl StlConfig {
    /// Local constant seasons, two inner rounds, no robustness, as R's `stl` does by default.
    #[must_use]
    pub fn new(period: usize, seasonal_span: usize) -> Self {
        Self {
            period,
            seasonal_span,
            seasonal_degree: 0,
            robust_rounds: 0,
        }
    }
}

/// A decomposed series; `trend + Σ seasonal + remainder` is the series.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// Slow part.
    pub trend: Vec<f64>,
    /// One component for each period, in the order given.
    pub seasonal: Vec<Vec<f64>>,
    /// The periods of the components.
    pub periods: Vec<usize>,
    /// What is left.
    pub remainder: Vec<f64>,
}

impl Decomposition {
    /// The series without its seasons.
    #[must_use]
    pub fn adjusted(&self) -> Vec<f64> {
        self.trend
            .iter()
            .zip(&self.remainder)
            .map(|(t, r)| t + r)
            .collect()
    }

    /// Sum of the seasons `ahead` steps after the end (0 = the step after the last), each repeating
    /// its last cycle.
    #[must_use]
    pub fn season_ahead(&self, ahead: usize) -> f64 {
        self.seasonal
            .iter()
            .zip(&self.periods)
            .map(|(season, period)| {
                let start = season.len().saturating_sub(*period);
                season.get(start + ahead % period).copied().unwrap_or(0.0)
            })
            .sum()
    }

    /// Strength of the season at `index` in `[0, 1]`: `1 − Var(remainder) / Var(season + remainder)`
    /// (Wang, Smith & Hyndman 2006).
    #[must_use]
    pub fn strength(&self, index: usize) -> f64 {
        let Some(season) = self.seasonal.get(index) else {
            return 0.0;
        };
        let both: Vec<f64> = season
            .iter()
            .zip(&self.remainder)
            .map(|(s, r)| s + r)
            .collect();
        let total = variance(&both);
        if total > 0.0 {
            (1.0 - variance(&self.remainder) / total).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

fn variance(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64
}

/// Splits a series into trend, one season and remainder; `None` when it holds fewer than two
/// seasons or the period is below 2.
#[must_use]
pub fn stl(series: &[f64], config: StlConfig) -> Option<Decomposition> {
    if config.period < 2 || series.len() < 2 * config.period {
        return None;
    }
    let mut pass = Pass::new(series.len(), config);
    pass.run(series);
    for _ in 0..config.robust_rounds {
        pass.reweigh(series);
        pass.run(series);
    }
    let remainder = pass.remainder(series);
    Some(Decomposition {
        trend: pass.trend,
        seasonal: vec![pass.season],
        periods: vec![config.period],
        remainder,
    })
}

/// Splits a series into trend, one season per period and remainder. Periods below 2 or with fewer
/// than two cycles are left out; without any, the trend is a local line over a third of the series.
/// The window of the `i`-th season is `7 + 4 i` cycles and everything is done twice, as in R's
/// `mstl`.
#[must_use]
pub fn mstl(series: &[f64], periods: &[usize]) -> Decomposition {
    let mut periods: Vec<usize> = periods
        .iter()
        .copied()
        .filter(|p| *p >= 2 && 2 * p < series.len())
        .collect();
    periods.sort_unstable();
    periods.dedup();
    if periods.is_empty() {
        return trend_only(series);
    }
    let mut passes: Vec<Pass> = (1..)
        .zip(&periods)
        .map(|(i, period)| Pass::new(series.len(), StlConfig::new(*period, 7 + 4 * i)))
        .collect();
    let mut rest = series.to_vec();
    let rounds = if periods.len() == 1 { 1 } else { 2 };
    for _ in 0..rounds {
        for pass in &mut passes {
            for (r, s) in rest.iter_mut().zip(&pass.season) {
                *r += s;
            }
            pass.trend.fill(0.0);
            pass.run(&rest);
            for (r, s) in rest.iter_mut().zip(&pass.season) {
                *r -= s;
            }
        }
    }
    let trend = passes.last().map(|p| p.trend.clone()).unwrap_or_default();
    let remainder = rest.iter().zip(&trend).map(|(r, t)| r - t).collect();
    Decomposition {
        trend,
        seasonal: passes.into_iter().map(|p| p.season).collect(),
        periods,
        remainder,
    }
}

fn trend_only(series: &[f64]) -> Decomposition {
    let span = (series.len() / 3).max(3) | 1;
    let mut trend = vec![0.0; series.len()];
    Smoother::new(series.len(), LoessConfig::new(span, 1), None).smooth(series, &mut trend);
    let remainder = series.iter().zip(&trend).map(|(y, t)| y - t).collect();
    Decomposition {
        trend,
        seasonal: Vec::new(),
        periods: Vec::new(),
        remainder,
    }
}

/// One STL with its smoothers and buffers.
struct Pass {
    config: StlConfig,
    trend_shape: LoessConfig,
    trend_smoother: Smoother,
    low_smoother: Smoother,
    cycles: CycleSmoother,
    robustness: Option<Vec<f64>>,
    trend: Vec<f64>,
    season: Vec<f64>,
    detrended: Vec<f64>,
    extended: Vec<f64>,
    moving: Vec<f64>,
    low: Vec<f64>,
}

impl Pass {
    fn new(length: usize, config: StlConfig) -> Self {
        let period = config.period as f64;
        let span = 1.5 * period / (1.0 - 1.5 / config.seasonal_span as f64);
        let trend_shape = LoessConfig::new((span.ceil() as usize).max(3) | 1, 1);
        let low_shape = LoessConfig::new(config.period.max(3) | 1, 1);
        Self {
            config,
            trend_shape,
            trend_smoother: Smoother::new(length, trend_shape, None),
            low_smoother: Smoother::new(length, low_shape, None),
            cycles: CycleSmoother::new(length, config),
            robustness: None,
            trend: vec![0.0; length],
            season: vec![0.0; length],
            detrended: vec![0.0; length],
            extended: vec![0.0; length + 2 * config.period],
            moving: Vec::with_capacity(length + 2 * config.period),
            low: vec![0.0; length],
        }
    }

    /// Two inner rounds.
    fn run(&mut self, series: &[f64]) {
        let period = self.config.period;
        for _ in 0..2 {
            for ((d, y), t) in self.detrended.iter_mut().zip(series).zip(&self.trend) {
                *d = y - t;
            }
            match &self.robustness {
                None => self.cycles.smooth(&self.detrended, &mut self.extended),
                Some(weights) => {
                    smooth_cycles(&self.detrended, weights, self.config, &mut self.extended);
                }
            }
            self.moving.clear();
            self.moving.extend_from_slice(&self.extended);
            moving_average(&mut self.moving, period);
            moving_average(&mut self.moving, period);
            moving_average(&mut self.moving, 3);
            self.low_smoother.smooth(&self.moving, &mut self.low);
            for (i, season) in self.season.iter_mut().enumerate() {
                *season = self.extended[period + i] - self.low[i];
            }
            for ((d, y), s) in self.detrended.iter_mut().zip(series).zip(&self.season) {
                *d = y - s;
            }
            self.trend_smoother.smooth(&self.detrended, &mut self.trend);
        }
    }

    fn remainder(&self, series: &[f64]) -> Vec<f64> {
        series
            .iter()
            .zip(&self.trend)
            .zip(&self.season)
            .map(|((y, t), s)| y - t - s)
            .collect()
    }

    /// Bisquare weights from six median absolute remainders.
    fn reweigh(&mut self, series: &[f64]) {
        let size: Vec<f64> = self.remainder(series).iter().map(|r| r.abs()).collect();
        let mut sorted = size.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let reach = 3.0 * (sorted[n / 2] + sorted[(n - 1) / 2]);
        let weights: Vec<f64> = size
            .iter()
            .map(|r| match r {
                r if *r <= 0.001 * reach => 1.0,
                r if *r <= 0.999 * reach => (1.0 - (r / reach).powi(2)).powi(2),
                _ => 0.0,
            })
            .collect();
        self.trend_smoother = Smoother::new(series.len(), self.trend_shape, Some(&weights));
        self.robustness = Some(weights);
    }
}

/// Replaces `values` by their moving average over `span` points, which is `span − 1` shorter.
fn moving_average(values: &mut Vec<f64>, span: usize) {
    let length = values.len().saturating_sub(span - 1);
    let scale = 1.0 / span as f64;
    let mut sum: f64 = values[..span].iter().sum();
    for i in 0..length {
        let leaving = values[i];
        values[i] = sum * scale;
        if let Some(entering) = values.get(i + span) {
            sum += entering - leaving;
        }
    }
    values.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Series and results of the reference implementation (netlib `stl`), as published in the
    /// tests of its ports.
    const SERIES: [f64; 30] = [
        5.0, 9.0, 2.0, 9.0, 0.0, 6.0, 3.0, 8.0, 5.0, 8.0, 7.0, 8.0, 8.0, 0.0, 2.0, 5.0, 0.0, 5.0,
        6.0, 7.0, 3.0, 6.0, 1.0, 4.0, 4.0, 4.0, 3.0, 7.0, 5.0, 8.0,
    ];

    fn close(found: &[f64], expect: &[f64]) {
        for (a, b) in found.iter().zip(expect) {
            assert!((a - b).abs() < 2e-5, "{found:?} is not {expect:?}");
        }
    }

    #[test]
    fn equals_the_reference() {
        let found = stl(&SERIES, StlConfig::new(7, 7)).unwrap();
        close(
            &found.seasonal[0][..5],
            &[0.36926576, 0.75655484, -1.3324139, 1.9553658, -0.6044802],
        );
        close(
            &found.trend[..5],
            &[4.804099, 4.9097075, 5.015316, 5.16045, 5.305584],
        );
    }

    #[test]
    fn equals_the_reference_with_robust_rounds() {
        let mut config = StlConfig::new(7, 7);
        config.robust_rounds = 15;
        let found = stl(&SERIES, config).unwrap();
        assert!(found.trend.iter().all(|t| t.is_finite()));
    }

    #[test]
    fn takes_two_seasons_apart() {
        let series: Vec<f64> = (0..700)
            .map(|i| {
                let t = f64::from(i);
                let day = (t * std::f64::consts::TAU / 24.0).sin();
                let week = (t * std::f64::consts::TAU / 168.0).cos();
                10.0 + 0.01 * t + 3.0 * day + 2.0 * week
            })
            .collect();
        let found = mstl(&series, &[24, 168]);
        assert_eq!(found.periods, [24, 168]);
        assert!(found.strength(0) > 0.95 && found.strength(1) > 0.9);
        for (i, y) in series.iter().enumerate() {
            let sum =
                found.trend[i] + found.seasonal[0][i] + found.seasonal[1][i] + found.remainder[i];
            assert!((sum - y).abs() < 1e-9);
        }
    }
}
