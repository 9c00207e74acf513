//! Is it up? Outages of series that are 1 where all is well and 0 where it is not, such as `up` and `probe_success`.
//!
//! What 0 means is known beforehand, so nothing needs to be learnt of it: a series that has been well for
//! a few points is down with the second 0 in turn. Zeros add up in a leaky sum, so that one which comes
//! and goes is down as well, and a lone lost probe is not. It is up again after a few points at 1, more
//! of them the more often it went down lately. A series that rests at 0 for most of its time says nothing with it.

use crate::detector::{FEEDBACK, SeriesDetector};
use crate::tail::SURPRISE_MAX;
use crate::verdict::{Band, Detector, Phase, Verdict};

/// Points at 1 in turn from which on a 0 is news.
const WELL_POINTS: f32 = 3.0;
/// What a 0 adds is left of it at this share with each point.
const LEAK: f32 = 0.8;
/// Sum from which on the series is down: two zeros in turn make 1.8, every third point 0 makes 1.77 with
/// the third, every fourth never does.
const DOWN: f32 = 1.7;
/// What one "not an anomaly" adds to it: then four zeros in turn are needed, five, seven, thirteen, and
/// from the fifth on it stays silent, as the sum stays below 5.
const DOWN_STEP: f32 = 0.75;
/// Least sum that can be needed: the first 0.
const DOWN_MIN: f32 = 0.95;
/// Points at 1 in turn after which it is up again, and the factor with each outage soon after another.
const HOLD_POINTS: f32 = 3.0;
const HOLD_FACTOR: f32 = 4.0;
/// Longest of these times in milliseconds.
const HOLD_MS_MAX: f32 = 3_600_000.0;
/// An outage is soon after another within this multiple of the time held.
const SOON: f32 = 20.0;
/// Points over which the share of ones is averaged, and the share below which 0 is its rest.
const MEMORY_POINTS: f32 = 2000.0;
const SHARE_MIN: f32 = 0.2;

/// Where an availability series stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Availability {
    /// Leaky sum of zeros, in `[0, 5)`.
    pub(crate) sum: f32,
    /// Points at 1 in turn.
    pub(crate) run: f32,
    /// Share of points at 1.
    pub(crate) share: f32,
    /// Points at 1 in turn that end the outage at hand.
    pub(crate) hold: f32,
    /// Points since the last outage ended.
    pub(crate) since: f32,
    /// It has been well for a few points in turn.
    pub(crate) was_well: bool,
}

/// What a point does to an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// One begins.
    Down,
    /// It is up again.
    Up,
    /// All stays as it was.
    Same,
}

impl Availability {
    pub(crate) const fn new() -> Self {
        Self {
            sum: 0.0,
            run: 0.0,
            share: 0.0,
            hold: HOLD_POINTS,
            since: f32::MAX,
            was_well: false,
        }
    }

    /// Whether a value is one that such a series may have.
    pub(crate) fn fits(value: f64) -> bool {
        value == 0.0 || value == 1.0
    }

    /// Whether 0 is news.
    pub(crate) fn is_armed(&self) -> bool {
        self.was_well && self.share >= SHARE_MIN
    }

    /// How near it is to an outage: at or above 1 it is in one. `steps` is how often people said "not an
    /// anomaly" more than "missed".
    pub(crate) fn nearness(&self, steps: f32) -> f32 {
        self.sum / (DOWN + DOWN_STEP * steps).max(DOWN_MIN)
    }

    /// Learns a point, of `count` so far; `interval_ms` is the usual time between them.
    pub(crate) fn learn(
        &mut self,
        is_up: bool,
        (count, interval_ms): (f32, f32),
        is_open: bool,
        steps: f32,
    ) -> Turn {
        let is_armed = self.is_armed();
        let value = f32::from(u8::from(is_up));
        self.share += (value - self.share) / count.clamp(1.0, MEMORY_POINTS);
        self.sum = LEAK * self.sum + 1.0 - value;
        self.run = if is_up {
            (self.run + 1.0).min(1e6)
        } else {
            0.0
        };
        self.was_well |= self.run >= WELL_POINTS;
        if is_open {
            if self.run < self.hold {
                return Turn::Same;
            }
            self.since = 0.0;
            self.sum = 0.0;
            return Turn::Up;
        }
        self.since += 1.0;
        if is_up || !is_armed || self.nearness(steps) < 1.0 {
            return Turn::Same;
        }
        self.hold = if self.since < SOON * self.hold {
            let most = HOLD_POINTS.max(HOLD_MS_MAX / interval_ms.max(1.0));
            (HOLD_FACTOR * self.hold).min(most)
        } else {
            HOLD_POINTS
        };
        Turn::Down
    }
}

impl SeriesDetector {
    /// Judges a point of a series of which it is known what its values mean.
    pub(crate) fn judge_availability(
        &mut self,
        at_ms: i64,
        value: f64,
        was_missing: bool,
    ) -> Verdict {
        if self.count == 0 {
            self.first_ms = at_ms;
        }
        self.count = self.count.saturating_add(1);
        let band = self.availability_band();
        let (was_open, steps) = (self.event.is_open, self.bias / FEEDBACK);
        let seen = (self.count as f32, self.presence.interval_ms);
        let turn = self.availability.learn(value > 0.5, seen, was_open, steps);
        self.event.is_open = turn == Turn::Down || was_open && turn == Turn::Same;
        let (phase, probability) = match turn {
            Turn::Down => (Phase::Started, 1.0),
            Turn::Up => (Phase::Ended, 0.0),
            Turn::Same if was_open => (Phase::Ongoing, 1.0),
            Turn::Same if was_missing => (Phase::Ended, 0.0),
            // A first 0 is no alarm yet, whatever the threshold.
            Turn::Same if self.availability.is_armed() => {
                let near = self.availability.nearness(steps).min(1.0);
                (Phase::Quiet, 0.5 * near)
            }
            Turn::Same => (Phase::Quiet, 0.0),
        };
        Verdict {
            band,
            observed: value,
            score: probability * SURPRISE_MAX,
            probability,
            onset_probability: if turn == Turn::Down { 1.0 } else { 0.0 },
            phase,
            detector: Detector::Down,
            is_seasonal: false,
        }
    }

    pub(crate) fn availability_band(&self) -> Band {
        let is_armed = self.availability.is_armed();
        Band {
            yhat: if is_armed {
                1.0
            } else {
                f64::from(self.availability.share)
            },
            yhat_lower: if is_armed { 1.0 } else { 0.0 },
            yhat_upper: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Availability, Turn};

    /// Points at which an outage begins and ends, of a series with a point each `interval_ms`.
    fn turns(
        values: impl Iterator<Item = bool>,
        interval_ms: f32,
        steps: f32,
    ) -> Vec<(usize, Turn)> {
        let mut state = Availability::new();
        let mut is_open = false;
        let mut turns = Vec::new();
        for (at, is_up) in values.enumerate() {
            let turn = state.learn(is_up, (at as f32 + 1.0, interval_ms), is_open, steps);
            if turn != Turn::Same {
                is_open = turn == Turn::Down;
                turns.push((at, turn));
            }
        }
        turns
    }

    fn pattern(text: &str) -> impl Iterator<Item = bool> + Clone {
        text.bytes().map(|byte| byte == b'1')
    }

    #[test]
    fn the_second_zero_in_turn_is_an_outage_once_it_was_well() {
        let found = turns(pattern("111110000111111"), 6e4, 0.0);
        assert_eq!(found, [(6, Turn::Down), (11, Turn::Up)]);
        assert_eq!(turns(pattern("11101111110111"), 6e4, 0.0), []);
        assert_eq!(turns(pattern("00000000110000"), 6e4, 0.0), []);
    }

    #[test]
    fn one_that_comes_and_goes_is_down_once() {
        let found = turns(
            pattern("11111").chain(pattern("01").cycle().take(500)),
            6e4,
            0.0,
        );
        assert_eq!(found, [(9, Turn::Down)]);
        // Down for 30 s every 5 minutes.
        let flaps = (0..10_000).map(|at| at % 30 > 2);
        let found = turns(pattern("111111").chain(flaps), 1e4, 0.0);
        assert!(found.len() <= 5, "{found:?}");
    }

    #[test]
    fn one_that_rests_at_zero_is_not_down() {
        let visits = (0..20_000).map(|at| at % 1000 < 100);
        let found = turns(visits, 6e4, 0.0);
        assert!(found.len() <= 4, "{found:?}");
    }

    #[test]
    fn what_people_said_moves_how_many_zeros_are_needed() {
        let down = |steps| {
            turns(
                pattern("11111").chain(pattern("0").cycle().take(99)),
                6e4,
                steps,
            )
        };
        assert_eq!(down(-1.0), [(5, Turn::Down)]);
        assert_eq!(down(1.0), [(8, Turn::Down)]);
        assert_eq!(down(5.0), []);
    }
}
