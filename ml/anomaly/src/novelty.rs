//! How much can be known from what a series has shown so far? A ceiling on the surprise of a point.
//!
//! Of `n` points nothing is known about what happens less often than about once in `n + 1` (Laplace 1774), so
//! a young series can only surprise by going far beyond everything it has shown. The same holds, at any age,
//! for a series that idles: its scales are those of its rest, so each of its bursts looks impossible to them;
//! a burst is compared with the bursts before instead. Scores are not touched: this only limits alarms.

use crate::levels::Levels;
use crate::presence::Presence;

/// A series is young for a day: until then it has not shown all hours.
const YOUNG_DAYS: f32 = 1.0;
/// Share of points equal to the one before from which on a series idles.
const IDLE_SHARE: f32 = 0.95;
/// Shape of the Pareto tail that is assumed beyond the largest departure seen: heavy, with a finite mean.
const SHAPE: f32 = 0.5;
/// Points over which the largest step is forgotten.
const MEMORY_POINTS: f32 = 100_000.0;
/// A step or a burst is the largest so far when it exceeds the others by this factor.
const RECORD: f32 = 1.25;
/// Points over which moves are counted.
const DENSITY_POINTS: f32 = 44.0;
/// The ceiling of a series that is neither young nor idle.
const NONE: f32 = f32::MAX;

/// What a point is, beside all that was seen before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Novelty {
    /// Points seen, this one included.
    pub(crate) points: f32,
    /// Age of the series.
    pub(crate) days: f32,
    /// Distance from the range seen, and that range. What is divided is so only for the odd points.
    pub(crate) beyond: (f32, f32),
    /// The step to this point, and the largest step seen.
    pub(crate) step: (f32, f32),
    /// Share of moves among the last points, and the largest of the bursts before.
    pub(crate) density: (f32, f32),
    /// Times the value had moved before.
    pub(crate) moves: f32,
    /// Share of points equal to the one before.
    pub(crate) equal_share: f32,
}

impl Novelty {
    /// Of the value `x`, before it is learnt.
    #[inline]
    pub(crate) fn of(
        x: f32,
        (points, days): (f32, f32),
        levels: &Levels,
        presence: &Presence,
    ) -> Self {
        let range = levels.high - levels.low;
        let outside = (x - levels.high).max(levels.low - x).max(0.0);
        let step = (x - levels.previous).abs();
        Self {
            points,
            days,
            beyond: (outside, range),
            step: (step, levels.largest_step),
            density: (levels.density, levels.largest_density),
            moves: presence.moves,
            equal_share: presence.equal_share,
        }
    }

    /// Most nats by which the point can surprise.
    pub(crate) fn ceiling(&self) -> f32 {
        let share = |(part, of): (f32, f32)| if of > 0.0 { part / of } else { 0.0 };
        let seen = self.points.max(1.0);
        let mut ceiling = NONE;
        if self.days < YOUNG_DAYS {
            ceiling = seen.ln() + (1.0 + 2.0 * share(self.beyond)).ln() / SHAPE;
        }
        if self.equal_share > IDLE_SHARE {
            let record = share(self.step).max(share(self.density));
            let own = if record > RECORD {
                seen.ln() + record.ln() / SHAPE
            } else {
                (seen / (self.moves + 1.0)).max(1.0).ln()
            };
            ceiling = ceiling.min(own);
        }
        ceiling
    }
}

impl Levels {
    /// Learns the step to `x`: how large it is, and how many there are lately.
    #[inline]
    pub(crate) fn learn_step(&mut self, x: f32) {
        let step = (x - self.previous).abs();
        let keep = 1.0 - 1.0 / MEMORY_POINTS;
        self.largest_step = (self.largest_step * keep).max(step);
        let moved = f32::from(u8::from(step > 0.0));
        self.density += (moved - self.density) * (1.0 / DENSITY_POINTS);
        self.density_peak = self.density_peak.max(self.density);
        // A burst is over, and known, when its peak has halved.
        if self.density < 0.5 * self.density_peak {
            self.largest_density = (self.largest_density * keep).max(self.density_peak);
            self.density_peak = self.density;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Novelty;

    fn novelty(points: f32, days: f32, beyond: f32) -> Novelty {
        Novelty {
            points,
            days,
            beyond: (beyond, 1.0),
            step: (0.0, 1.0),
            density: (0.0, 1.0),
            moves: points,
            equal_share: 0.0,
        }
    }

    #[test]
    fn a_young_series_surprises_only_beyond_its_range() {
        assert!(novelty(230.0, 0.03, 0.0).ceiling() < 6.0);
        assert!(novelty(230.0, 0.03, 20.0).ceiling() > 11.1);
        assert!(novelty(8000.0, 0.9, 1.0).ceiling() > 11.1);
        assert!(novelty(9000.0, 1.1, 0.0).ceiling() > 60.0);
    }

    #[test]
    fn the_burst_of_an_idle_series_is_compared_with_its_bursts() {
        let burst = |step, moves| Novelty {
            step: (step, 1.0),
            moves,
            equal_share: 0.99,
            ..novelty(100_000.0, 10.0, 0.0)
        };
        assert!(burst(0.5, 500.0).ceiling() < 6.0);
        assert!(burst(20.0, 500.0).ceiling() > 15.0);
        assert!(burst(0.0, 0.0).ceiling() > 11.0, "the first for ten days");
    }
}
