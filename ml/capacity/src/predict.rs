//! The question "when will it be full?" and its answer. Points and a limit flow in, an
//! [`Outcome`] flows out; the parts (grid, seasons, jumps, regime, futures) are modules beside
//! this one. No state is kept between questions.

use crate::grid::{DAY_MS, Grid, grid};
use crate::jumps::{Levels, separate};
use crate::regime::regime;
use crate::robust::quantile;
use crate::scorecard::{Calibration, Prediction};
use crate::simulate::{Futures, Model, Reach, simulate};
use crate::{cycle, reason, season};

/// On which side of the limit is trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The limit is reached from below: bytes used, memory used.
    Rising,
    /// The limit is reached from above: bytes free, days until expiry.
    Falling,
}

/// The value that must not be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// In the unit of the series.
    pub value: f64,
    /// From which side it is reached.
    pub direction: Direction,
}

/// The points of one series.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// Unix milliseconds, best ascending. The shorter of this and `values` counts.
    pub times_ms: &'a [i64],
    /// One value per time; those that are not finite are passed over.
    pub values: &'a [f64],
    /// When the series began anew: the capacity changed, the host booted. Points before the last
    /// of these are not used.
    pub resets_ms: &'a [i64],
}

/// How to predict.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How far ahead crossings count, in milliseconds. Default: 7 days.
    pub horizon_ms: i64,
    /// Least length of the history, in milliseconds. Default: 1 day.
    pub history_min_ms: i64,
    /// Least time for which a slope has to hold before it is one. Default: 4 h.
    pub slope_min_ms: i64,
    /// A newest point older than this says nothing about now. Default: 1 h; three steps of the
    /// series where that is longer.
    pub stale_after_ms: i64,
    /// Number of futures drawn. Default: 400.
    pub paths: usize,
    /// Number of points of the band. Default: 48.
    pub band_points: usize,
    /// Factor on all errors. Default: 1.
    pub spread: f64,
    /// Least probability for which there is something to say, in `[0, 1]`. Default: 0.05.
    pub probability_min: f64,
    /// Seed of the futures: the same question has the same answer.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            horizon_ms: 7 * DAY_MS,
            history_min_ms: DAY_MS,
            slope_min_ms: DAY_MS / 6,
            stale_after_ms: 3_600_000,
            paths: 400,
            band_points: 48,
            spread: 1.0,
            probability_min: 0.05,
            seed: 0x0074_6f63_7369_6e21,
        }
    }
}

/// The time of crossing: 10 % of the futures cross before `t10_ms`, and so on. Absent where less
/// than that share crosses within what is simulated (three horizons). Unix milliseconds,
/// `t10_ms <= t50_ms <= t90_ms`, none before the question was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crossing {
    /// Early end of the 80 % interval.
    pub t10_ms: Option<i64>,
    /// Median.
    pub t50_ms: Option<i64>,
    /// Late end of the 80 % interval.
    pub t90_ms: Option<i64>,
}

/// One point of the forecast for the chart, in the unit of the series; `lower <= median <= upper`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    /// Unix milliseconds.
    pub time_ms: i64,
    /// Half of the futures are below.
    pub median: f64,
    /// 80 % of the futures are within.
    pub lower_80: f64,
    /// See `lower_80`.
    pub upper_80: f64,
    /// 95 % of the futures are within.
    pub lower_95: f64,
    /// See `lower_95`.
    pub upper_95: f64,
}

/// What is known of the future of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// When the question was asked, Unix milliseconds.
    pub made_at_ms: i64,
    /// End of the horizon, Unix milliseconds.
    pub until_ms: i64,
    /// The limit asked about.
    pub limit: Limit,
    /// Whether the newest value is at or beyond the limit already.
    pub is_full: bool,
    /// Probability that the limit is reached within the horizon, in `[0, 1]`.
    pub probability: f64,
    /// When it is reached.
    pub crossing: Crossing,
    /// Change of the level per day now, in the unit of the series.
    pub slope_per_day: f64,
    /// For how long the series has moved like this, milliseconds.
    pub slope_held_ms: i64,
    /// The forecast curve and its band up to the horizon, by time.
    pub band: Vec<BandPoint>,
    /// A sentence that says what was seen and what follows.
    pub reason: String,
}

impl Forecast {
    /// What the scorecard has to remember of this forecast.
    pub fn prediction(&self) -> Prediction {
        Prediction {
            made_at_ms: self.made_at_ms,
            until_ms: self.until_ms,
            limit: self.limit,
            probability: self.probability,
            crossing: self.crossing,
        }
    }
}

/// Why nothing is said.
#[derive(Debug, Clone, PartialEq)]
pub enum Silence {
    /// There is no point, or none after the last reset.
    NoPoints,
    /// There are too few points.
    FewPoints {
        /// Points there are.
        points: usize,
        /// Points needed.
        needed: usize,
    },
    /// Most of the history is missing.
    Gaps {
        /// Share that is missing, in `[0, 1]`.
        share: f64,
    },
    /// The newest point is too old.
    Stale {
        /// Its age in milliseconds.
        age_ms: i64,
    },
    /// The history is too short.
    ShortHistory {
        /// Its length in milliseconds.
        length_ms: i64,
        /// The length needed in milliseconds.
        needed_ms: i64,
    },
    /// The limit is no number.
    NoLimit,
    /// It does not move towards the limit.
    NotFilling,
    /// It moves towards the limit, but is not expected to reach it within the horizon.
    TooFar,
    /// Past predictions of this series were wrong too often.
    NotCalibrated(Calibration),
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// There is something to say.
    Forecast(Box<Forecast>),
    /// There is nothing to say.
    Silent {
        /// Why.
        why: Silence,
        /// What would have been said, for the chart and the scorecard: silent predictions are
        /// scored as well, so that a series can win trust back.
        unsaid: Option<Box<Forecast>>,
    },
}

impl Outcome {
    /// The forecast, said or unsaid.
    pub fn forecast(&self) -> Option<&Forecast> {
        match self {
            Self::Forecast(forecast) => Some(forecast),
            Self::Silent { unsaid, .. } => unsaid.as_deref(),
        }
    }

    /// The probability to act upon, in `[0, 1]`: 0 where there is silence.
    pub fn probability(&self) -> f64 {
        match self {
            Self::Forecast(forecast) => forecast.probability,
            Self::Silent { .. } => 0.0,
        }
    }

    /// The same outcome, silent if past predictions may not be trusted. That a series is full now
    /// is no prediction and is never silenced.
    #[must_use]
    pub fn judged(self, calibration: &Calibration) -> Self {
        match self {
            Self::Forecast(forecast) if !calibration.is_trusted() && !forecast.is_full => {
                let why = Silence::NotCalibrated(calibration.clone());
                Self::Silent {
                    why,
                    unsaid: Some(forecast),
                }
            }
            other => other,
        }
    }
}

/// Horizons that are simulated, so that crossings after the horizon have a time as well.
const HORIZONS: usize = 3;
/// Most steps that are simulated.
const STEPS_MAX: usize = 4096;

/// Predicts when `limit` is reached, as seen at `now_ms` (Unix milliseconds); later points are not
/// used. Never panics; takes a few milliseconds for two weeks of points every five minutes.
pub fn predict(history: &History<'_>, limit: &Limit, now_ms: i64, config: &Config) -> Outcome {
    match forecast(history, limit, now_ms, config) {
        Ok(forecast) => {
            let why = if forecast.is_full || forecast.probability >= config.probability_min {
                return Outcome::Forecast(Box::new(forecast));
            } else if forecast.crossing.t50_ms.is_none() {
                Silence::NotFilling
            } else {
                Silence::TooFar
            };
            Outcome::Silent {
                why,
                unsaid: Some(Box::new(forecast)),
            }
        }
        Err(why) => Outcome::Silent { why, unsaid: None },
    }
}

fn forecast(
    history: &History<'_>,
    limit: &Limit,
    now_ms: i64,
    config: &Config,
) -> Result<Forecast, Silence> {
    if !limit.value.is_finite() {
        return Err(Silence::NoLimit);
    }
    let grid = grid(history, limit, now_ms, config.horizon_ms)?;
    let age_ms = now_ms.saturating_sub(grid.newest_ms);
    if age_ms > config.stale_after_ms.max(3 * grid.step_ms) {
        return Err(Silence::Stale { age_ms });
    }
    let length_ms = grid.newest_ms - grid.oldest_ms;
    if length_ms < config.history_min_ms {
        return Err(Silence::ShortHistory {
            length_ms,
            needed_ms: config.history_min_ms,
        });
    }
    let model = model(&grid, config);
    let sign = limit.direction.sign();
    let ahead = grid.steps(config.horizon_ms.max(0), 1).min(STEPS_MAX);
    let far = (ahead * HORIZONS).min(STEPS_MAX).max(ahead);
    let reach = Reach {
        band: ahead,
        crossings: far,
    };
    let futures = simulate(&model, limit.value * sign, reach, config);
    let is_full = grid.newest >= limit.value * sign;
    let clock = Clock {
        grid: &grid,
        now_ms,
    };
    let until_ms = now_ms.saturating_add(config.horizon_ms.max(0));
    let mut made = Forecast {
        made_at_ms: now_ms,
        until_ms,
        limit: *limit,
        is_full,
        probability: clock.probability(&futures, until_ms),
        crossing: clock.crossing(&futures),
        slope_per_day: sign * model.regime.slope * grid.day() as f64,
        slope_held_ms: model.regime.age as i64 * grid.step_ms,
        band: clock.band(&futures, sign),
        reason: String::new(),
    };
    if is_full {
        made.probability = 1.0;
        let now = Some(now_ms);
        made.crossing = Crossing {
            t10_ms: now,
            t50_ms: now,
            t90_ms: now,
        };
    }
    made.reason = reason::sentence(&made, &model, grid.newest * sign);
    Ok(made)
}

/// Takes the series apart.
fn model(grid: &Grid, config: &Config) -> Model {
    let daily = season::daily(grid, &grid.values);
    let mut values = grid.values.clone();
    if let Some(profile) = &daily {
        for (at, value) in values.iter_mut().enumerate() {
            *value -= profile[grid.place_in_day(at)];
        }
    }
    let Levels {
        mut steady,
        fast,
        jumps,
    } = separate(grid, &values);
    let weekly = season::weekly(grid, &steady);
    if let Some(weekly) = &weekly {
        for (at, value) in steady.iter_mut().enumerate() {
            *value -= weekly.at(at as f64);
        }
    }
    let shortest = grid.steps(config.slope_min_ms, 6);
    let cycle = cycle::cycle(&jumps, fast.len());
    let anew = if cycle.is_none() {
        cycle::anew(&jumps, fast.len(), grid.day())
    } else {
        0
    };
    // A grid has at least twelve points, so there is a regime.
    let regime =
        regime(&steady[anew..], shortest, grid.day()).unwrap_or(crate::regime::Regime::FLAT);
    Model {
        regime,
        daily,
        place: grid.place_in_day(0),
        weekly,
        day: grid.day(),
        cycle,
        rises: cycle::rises(&jumps, fast.len()),
        fast,
    }
}

/// Turns steps into times.
struct Clock<'a> {
    grid: &'a Grid,
    now_ms: i64,
}

impl Clock<'_> {
    /// The time `steps` after the end of the history, not before now.
    fn time_ms(&self, steps: f64) -> i64 {
        let end = self.grid.start_ms + self.grid.values.len() as i64 * self.grid.step_ms;
        end.saturating_add((steps * self.grid.step_ms as f64) as i64)
            .max(self.now_ms)
    }

    fn probability(&self, futures: &Futures, until_ms: i64) -> f64 {
        let within = |steps: &&f64| steps.is_finite() && self.time_ms(**steps) <= until_ms;
        let crossed = futures.crossings.iter().filter(within).count();
        crossed as f64 / futures.crossings.len().max(1) as f64
    }

    fn crossing(&self, futures: &Futures) -> Crossing {
        let at = |q: f64| {
            let steps = quantile(&futures.crossings, q);
            steps.is_finite().then(|| self.time_ms(steps))
        };
        Crossing {
            t10_ms: at(0.1),
            t50_ms: at(0.5),
            t90_ms: at(0.9),
        }
    }

    fn band(&self, futures: &Futures, sign: f64) -> Vec<BandPoint> {
        let point = |&(step, mut at): &(usize, [f64; 5])| {
            if sign < 0.0 {
                at.reverse();
            }
            let [lower_95, lower_80, median, upper_80, upper_95] = at.map(|value| value * sign);
            let time_ms = self.time_ms(step as f64);
            BandPoint {
                time_ms,
                median,
                lower_80,
                upper_80,
                lower_95,
                upper_95,
            }
        };
        futures.band.iter().map(point).collect()
    }
}

#[cfg(test)]
mod tests;
