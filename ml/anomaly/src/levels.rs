//! Levels, scales and ranges of a series, and the scores that are read from them.
//!
//! Every number is an exponentially weighted average of what its name says, of values relative to the
//! first one and with the season taken out. While fewer points than its memory were seen it is the
//! plain mean of what was cut, so that the first minutes are useful. Residuals are cut at a multiple of
//! their scale before they are learnt (Huber), so an outlier moves no scale far, but a lasting change does.

use crate::config::Tuning;

/// Number of scores.
pub(crate) const VIEWS: usize = 8;
/// Positions of the scores.
pub(crate) const JUMP: usize = 0;
pub(crate) const Z_SCORE: usize = 1;
pub(crate) const LEVEL: usize = 2;
pub(crate) const VARIABILITY: usize = 5;
pub(crate) const BURST: usize = 6;
pub(crate) const IQR: usize = 7;
/// Residuals are cut at this multiple of their scale.
const CUT: f32 = 5.0;
/// Largest score.
const SCORE_MAX: f32 = 1e6;
/// Keeps the average surprise off zero, where its logarithm would be all noise.
pub(crate) const SURPRISE_FLOOR: f32 = 0.05;

/// One point, as it is scored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    /// The value.
    pub(crate) x: f32,
    /// What the season leaves of it.
    pub(crate) rest: f32,
    /// Smallest scale that counts.
    pub(crate) floor: f32,
    /// Points seen, this one included.
    pub(crate) count: f32,
}

/// Levels and scales of one series.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Levels {
    /// Level of the last few points.
    pub(crate) recent: f32,
    /// Level that stands for normal.
    pub(crate) slow: f32,
    /// Points the slow level stands for.
    pub(crate) slow_count: f32,
    /// Averages over three lengths.
    pub(crate) averages: [f32; 3],
    /// Mean distance of each from the slow level.
    pub(crate) average_scales: [f32; 3],
    /// Mean distance of a point from the recent level.
    pub(crate) jump_scale: f32,
    /// Mean distance of a point from the slow level.
    pub(crate) scale: f32,
    /// Mean step from point to point, lately and always.
    pub(crate) steps: f32,
    pub(crate) steps_slow: f32,
    /// Lower and upper quartile.
    pub(crate) quartiles: [f32; 2],
    /// Average surprise of a point.
    pub(crate) surprise: f32,
    /// Range of the values, slowly forgotten.
    pub(crate) low: f32,
    pub(crate) high: f32,
    /// The value before.
    pub(crate) previous: f32,
    /// Smallest step between values lately: their resolution. 0 before one was seen.
    pub(crate) quantum: f32,
    /// Largest step between values, slowly forgotten.
    pub(crate) largest_step: f32,
    /// Share of moves among the last points, its peak in the burst at hand, and the largest peak of the
    /// bursts before.
    pub(crate) density: f32,
    pub(crate) density_peak: f32,
    pub(crate) largest_density: f32,
}

impl Levels {
    /// Begins with the first value.
    pub(crate) fn begin(&mut self, x: f32, rest: f32) {
        *self = Self {
            recent: rest,
            slow: rest,
            averages: [rest; 3],
            quartiles: [rest; 2],
            low: x,
            high: x,
            previous: x,
            ..Self::default()
        };
    }

    /// Where within the values' resolution a point is taken to be: a low-discrepancy sequence of
    /// offsets (multiples of the golden ratio), since a tail that is fitted to few distinct values
    /// would take the next larger one for impossible.
    pub(crate) fn dither(&self, count: u32) -> f32 {
        let turn = count.wrapping_mul(0x9E37_79B9) as f32 / 4_294_967_296.0;
        self.quantum * (turn - 0.5)
    }

    /// Smallest scale that counts, for values of this magnitude.
    pub(crate) fn floor(&self, magnitude: f32, t: &Tuning) -> f32 {
        (0.02 * self.scale)
            .max(t.floor_share * (self.high - self.low))
            .max(1e-6 * magnitude)
            .max(1e-9)
    }

    /// Scores a point against what was before it, then learns it. The score of bursts is not set.
    pub(crate) fn score(&mut self, point: Point, t: &Tuning) -> [f32; VIEWS] {
        let Point {
            x,
            rest,
            floor,
            count,
        } = point;
        let mut scores = [0.0; VIEWS];
        let weight = 1.0 / count.min(t.scale_points);
        let early = count <= 5.0;
        let learn = |scale: &mut f32, distance: f32, floor: f32| -> f32 {
            let held = scale.max(floor);
            let kept = if early {
                distance
            } else {
                distance.min(CUT * held)
            };
            *scale += weight * (kept - *scale);
            (distance / held).min(SCORE_MAX)
        };
        let jump = rest - self.recent;
        scores[JUMP] = learn(&mut self.jump_scale, jump.abs(), floor);
        self.recent += jump * t.recent_weight.max(1.0 / count);

        for at in 0..3 {
            let points = t.level_points[at];
            self.averages[at] += (rest - self.averages[at]) / count.min(points);
            let distance = (self.averages[at] - self.slow).abs();
            scores[LEVEL + at] = learn(
                &mut self.average_scales[at],
                distance,
                floor / points.sqrt(),
            );
        }

        let distance = rest - self.slow;
        let held = self.scale.max(floor);
        scores[Z_SCORE] = learn(&mut self.scale, distance.abs(), floor);
        self.slow_count += 1.0;
        let limit = if early { f32::MAX } else { CUT * held };
        self.slow += distance.clamp(-limit, limit) / self.slow_count.min(t.slow_points);

        scores[IQR] = self.beyond_fences(rest, held, weight);
        scores[VARIABILITY] = self.variability(x, floor, count, t);
        self.stretch(x, t);
        scores
    }

    /// Distance from the nearer quartile in spans between them; the quartiles follow by stochastic
    /// approximation.
    fn beyond_fences(&mut self, rest: f32, scale: f32, weight: f32) -> f32 {
        let [lower, upper] = self.quartiles;
        let span = (upper - lower).max(scale);
        let beyond = (lower - rest).max(rest - upper).max(0.0);
        let step = scale * (4.0 * weight).clamp(0.01, 0.5);
        for (quartile, share) in self.quartiles.iter_mut().zip([0.25, 0.75]) {
            let is_below = f32::from(u8::from(rest < *quartile));
            *quartile += step * (share - is_below);
        }
        (beyond / span).min(SCORE_MAX)
    }

    /// Ratio of the steps lately to the steps always, or its inverse.
    fn variability(&mut self, x: f32, floor: f32, count: f32, t: &Tuning) -> f32 {
        let step = (x - self.previous).abs();
        self.previous = x;
        if step > 0.0 {
            let known = self.quantum > 0.0;
            self.quantum = if known {
                step.min(1.001 * self.quantum)
            } else {
                step
            };
        }
        let kept = (step + 0.1 * floor).min(8.0 * self.steps_slow.max(floor));
        self.steps += (kept - self.steps) / count.min(t.variability_points);
        let ratio = (self.steps + 0.2 * floor) / (self.steps_slow + 0.2 * floor);
        self.steps_slow += (kept - self.steps_slow) / count.min(t.scale_points);
        ratio.max(1.0 / ratio.max(1e-6)).min(SCORE_MAX)
    }

    /// Follows the range; its ends are drawn to the slow level over twenty of its memories.
    fn stretch(&mut self, x: f32, t: &Tuning) {
        let forget = 0.05 / t.slow_points;
        self.high = if x > self.high {
            x
        } else {
            self.high - forget * (self.high - self.slow).max(0.0)
        };
        self.low = if x < self.low {
            x
        } else {
            self.low + forget * (self.slow - self.low).max(0.0)
        };
    }

    /// Takes the average of the last points for the slow level: it has moved and is the new normal.
    /// Returns how far.
    pub(crate) fn restart(&mut self, t: &Tuning) -> f32 {
        let moved = self.averages[1] - self.slow;
        self.slow = self.averages[1];
        self.slow_count = t.level_points[1];
        self.averages = [self.slow; 3];
        self.quartiles = [self.slow - 0.8 * self.scale, self.slow + 0.8 * self.scale];
        moved
    }
}
