//! Futures of a series, drawn with a seed: the level moves with its slope and walks, drops and
//! jumps recur, seasons and bursts of past days lie on top. What flows out is when each future
//! reaches the limit, and the quantiles of all futures at some times. The draws do not depend on
//! the limit, so a higher limit is never reached earlier.

use crate::cycle::{Cycle, Rises, Trigger};
use crate::regime::Regime;
use crate::robust::quantile;
use crate::season::Weekly;
use crate::{Config, Random};

/// How fast belief in a slope that began within the history fades as it is carried on: it holds
/// for as long again with probability `2^-FADING`.
const FADING: f64 = 0.05;
/// Share of the futures in which a slope grows by a steady factor where that fits better.
const COMPOUND: f64 = 0.7;
/// Largest logarithm of the factor by which a slope is believed to grow.
const FASTER_MAX: f64 = 3.0;
/// Degrees of freedom of the errors: they are estimated from a history that is short.
const FREEDOM: usize = 6;
/// Normal numbers drawn once and used in random order; a power of two.
const POOL: usize = 4096;

/// All that the futures are drawn from; the unit of time is the step of the grid.
#[derive(Debug)]
pub(crate) struct Model {
    pub regime: Regime,
    /// Profile of a day, indexed by the place in the day.
    pub daily: Option<Vec<f64>>,
    /// Place in the day of step 0 of the history.
    pub place: usize,
    pub weekly: Option<Weekly>,
    /// Bursts and noise of the history.
    pub fast: Vec<f64>,
    /// Steps per day.
    pub day: usize,
    pub cycle: Option<Cycle>,
    pub rises: Option<Rises>,
}

/// Quantiles of the futures at one time: 2.5 %, 10 %, 50 %, 90 % and 97.5 %.
pub(crate) type Quantiles = [f64; 5];

/// What the futures say.
#[derive(Debug)]
pub(crate) struct Futures {
    /// Steps until each future reaches the limit, in ascending order; infinite if it does not
    /// within the steps simulated.
    pub crossings: Vec<f64>,
    /// Step and quantiles, in ascending order of steps.
    pub band: Vec<(usize, Quantiles)>,
}

/// Steps to simulate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Steps for which the band is wanted.
    pub band: usize,
    /// Steps for which crossings are wanted.
    pub crossings: usize,
}

/// Draws `config.paths` futures.
pub(crate) fn simulate(model: &Model, limit: f64, reach: Reach, config: &Config) -> Futures {
    let mut random = Random::new(config.seed);
    let pool: Vec<f64> = (0..POOL).map(|_| random.normal()).collect();
    let season = season(model, reach.crossings);
    let stride = reach.band.div_ceil(config.band_points.max(1)).max(1);
    let mut seen: Vec<Vec<f64>> = vec![Vec::with_capacity(config.paths); reach.band / stride];
    let mut crossings = Vec::with_capacity(config.paths);
    for path in 0..config.paths {
        // A path has its own generator: how long one runs does not change the next.
        let seed = config.seed ^ (path as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut future = Future::new(model, Random::new(seed), config.spread);
        let mut crossing = f64::INFINITY;
        for step in 1..=reach.crossings {
            let value = future.next(step, &pool) + season[step - 1];
            if value >= limit && crossing.is_infinite() {
                crossing = step as f64 - future.within;
            }
            if step <= reach.band && step % stride == 0 {
                seen[step / stride - 1].push(value);
            } else if step > reach.band && crossing.is_finite() {
                break;
            }
        }
        crossings.push(crossing);
    }
    crossings.sort_by(f64::total_cmp);
    let band = seen.into_iter().enumerate().map(|(place, mut values)| {
        values.sort_by(f64::total_cmp);
        let at = [0.025, 0.1, 0.5, 0.9, 0.975].map(|q| quantile(&values, q));
        ((place + 1) * stride, at)
    });
    Futures {
        crossings,
        band: band.collect(),
    }
}

/// The seasons of the steps 1 to `steps` after the history.
fn season(model: &Model, steps: usize) -> Vec<f64> {
    let last = model.fast.len().saturating_sub(1);
    (1..=steps)
        .map(|step| {
            let at = last + step;
            let daily = model
                .daily
                .as_ref()
                .and_then(|days| days.get((model.place + at) % model.day));
            let weekly = model
                .weekly
                .as_ref()
                .map_or(0.0, |weekly| weekly.at(at as f64));
            daily.copied().unwrap_or(0.0) + weekly
        })
        .collect()
}

struct Future<'a> {
    model: &'a Model,
    random: Random,
    level: f64,
    slope: f64,
    curve: f64,
    /// Whether a slope that grows does so by a steady factor.
    compound: bool,
    walk: f64,
    end: f64,
    cycle: Option<Teeth<'a>>,
    rise_rate: f64,
    /// Step of the history at which the present block of bursts begins.
    block: usize,
    /// The step of the future at which it begins.
    block_step: usize,
    /// The first step of the future after it.
    block_ends: usize,
    /// Share of the step that is left when a crossing within it happens.
    within: f64,
}

struct Teeth<'a> {
    cycle: &'a Cycle,
    trigger: &'a Trigger,
    slope: f64,
    /// The step, or the level, of the next drop.
    next: f64,
}

impl<'a> Future<'a> {
    fn new(model: &'a Model, mut random: Random, spread: f64) -> Self {
        let regime = &model.regime;
        let freedom: f64 = (0..FREEDOM).map(|_| random.normal().powi(2)).sum();
        // A draw of Student's t: what is not known about the noise widens all errors at once.
        let heavy = spread * (FREEDOM as f64 / freedom.max(0.1)).sqrt();
        // The past hardly tells growth by a factor from growth by an amount.
        let share = if regime.compound {
            COMPOUND
        } else {
            1.0 - COMPOUND
        };
        let compound = random.unit() < share;
        let (slope, curve, stretch) = match regime.factor.filter(|_| compound) {
            Some(factor) => (factor.slope, factor.curve, factor.stretch),
            None => (regime.slope, regime.curve, 1.0),
        };
        let bent = heavy * regime.curve_error * random.normal();
        let curve = curve + stretch * bent;
        let slope = slope + regime.lever * bent + heavy * regime.slope_error * random.normal();
        let level = regime.level + heavy * regime.level_error * random.normal();
        let end = if regime.whole {
            f64::INFINITY
        } else {
            regime.age as f64 * ((1.0 - random.unit()).powf(-1.0 / FADING) - 1.0)
        };
        let rise_rate = model.rises.as_ref().map_or(0.0, |rises| {
            let drawn: f64 = (0..rises.sizes.len()).map(|_| random.exponential()).sum();
            drawn / rises.steps
        });
        let cycle = model.cycle.as_ref().map(|cycle| {
            let slope = cycle.slope + heavy * cycle.slope_error * random.normal();
            let other = cycle.other.as_ref().filter(|_| random.unit() < 0.5);
            let trigger = other.unwrap_or(&cycle.trigger);
            Teeth {
                cycle,
                slope,
                trigger,
                next: first_drop(trigger, cycle.since, &mut random),
            }
        });
        Self {
            model,
            level,
            slope,
            curve,
            compound,
            walk: spread * regime.noise.walk.sqrt(),
            end,
            cycle,
            rise_rate,
            block: 0,
            block_step: 0,
            block_ends: 0,
            within: random.unit(),
            random,
        }
    }

    /// The value without seasons at `step`, which is one more than at the last call.
    fn next(&mut self, step: usize, pool: &[f64]) -> f64 {
        let normal = pool[(self.random.word() as usize) & (POOL - 1)];
        self.level += self.rise(step as f64) + self.walk * normal;
        if let Some(rises) = &self.model.rises
            && self.random.unit() < self.rise_rate
        {
            self.level += rises.sizes[self.random.below(rises.sizes.len())];
        }
        if let Some(teeth) = &mut self.cycle {
            teeth.bite(step as f64, &mut self.level, &mut self.random);
        }
        self.level + self.burst(step)
    }

    /// What the slope adds at `step`.
    fn rise(&self, step: f64) -> f64 {
        let regime = &self.model.regime;
        if step > self.end {
            return regime.long_slope;
        }
        let bend = 2.0 * self.curve;
        if bend == 0.0 || self.slope == 0.0 {
            return self.slope;
        }
        // What speeds up is believed to do so for half as long again as it did.
        let speeding = step.min(1.5 * regime.age as f64);
        let rate = bend / self.slope;
        match rate > 0.0 {
            true if self.compound => self.slope * (rate * speeding).min(FASTER_MAX).exp(),
            true => self.slope + bend * speeding,
            // What slows down comes to rest; it does not turn round.
            false => self.slope * (rate * step).exp(),
        }
    }

    /// The bursts and noise at `step`, from a day of the past at the same time of the day.
    fn burst(&mut self, step: usize) -> f64 {
        let fast = &self.model.fast;
        if step >= self.block_ends {
            let (day, length) = (self.model.day, fast.len());
            let days = length / day;
            self.block_step = step;
            if days >= 2 {
                // Blocks begin whole days after the end of the history.
                self.block = length - day * (1 + self.random.below(days));
                self.block_ends = step + day;
            } else {
                let half = (length / 2).max(1);
                self.block = self.random.below(length - half + 1);
                self.block_ends = step + half;
            }
        }
        fast.get(self.block + step - self.block_step)
            .copied()
            .unwrap_or(0.0)
    }
}

impl Teeth<'_> {
    fn bite(&mut self, step: f64, level: &mut f64, random: &mut Random) {
        let cycle = self.cycle;
        let reached = match self.trigger {
            Trigger::Level(_) => *level >= self.next,
            Trigger::Clock(_) | Trigger::Chance(_) => step >= self.next,
        };
        if !reached {
            return;
        }
        let trough = cycle.trough + self.slope * step + cycle.spread * random.normal();
        *level = level.min(trough);
        self.next = match self.trigger {
            Trigger::Level(peaks) => peaks[random.below(peaks.len())],
            Trigger::Clock(intervals) => self.next + intervals[random.below(intervals.len())],
            Trigger::Chance(mean) => step + mean * random.exponential(),
        };
    }
}

fn first_drop(trigger: &Trigger, since: f64, random: &mut Random) -> f64 {
    match trigger {
        Trigger::Level(peaks) => peaks[random.below(peaks.len())],
        Trigger::Chance(mean) => mean * random.exponential(),
        Trigger::Clock(intervals) => {
            let interval = intervals[random.below(intervals.len())];
            // One that is overdue comes soon.
            let late = 0.1 * interval * random.exponential();
            (interval - since).max(late)
        }
    }
}
