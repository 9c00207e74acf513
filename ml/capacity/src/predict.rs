//! The question "when will it be full?" and its answer. Points and a limit flow in, an
//! [`Outcome`] flows out; the parts (grid, seasons, jumps, regime, futures) are modules beside
//! this one. No state is kept between questions.

use crate::answer::{BandPoint, Crossing, Forecast, Outcome, Silence};
use crate::grid::{DAY_MS, Grid, grid};
use crate::jumps::{Levels, separate};
use crate::regime::regime;
use crate::robust::quantile;
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
    if length_ms < config.history_min_ms && grid.newest < limit.value * limit.direction.sign() {
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
    let slope = model.regime.slope;
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
        slope_per_day: sign * slope * grid.day() as f64,
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
