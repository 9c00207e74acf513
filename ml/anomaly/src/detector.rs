//! The always-on detector of one series: a point in, a verdict out, in constant time and space.
//!
//! A point is compared with the season, the levels and the scales of the points before it
//! (`season`, `levels`). Each comparison is a score whose tail says how odd it is (`tail`); the ensemble
//! makes one probability of them (`ensemble`), and the probability starts, keeps or ends an anomaly. It
//! reads no clock: times come with the points.

use crate::availability::Availability;
use crate::config::{DetectorConfig, Tuning};
use crate::ensemble::{Ensemble, Event};
use crate::judge::MONTH_DAYS;
use crate::levels::{Levels, Point, VIEWS, Z_SCORE};
use crate::novelty::Novelty;
use crate::presence::Presence;
use crate::rate::{SeriesKind, rate};
use crate::season::{Profiles, Season};
use crate::tail::Tail;
use crate::verdict::{Band, Detector, Phase, Verdict};

/// Milliseconds of a day.
const DAY_MS: f32 = 86_400_000.0;
/// Largest distance from the first value; beyond it `f32` would overflow in sums.
const FAR: f64 = 1e30;
/// Initial thresholds of the tails: a Gaussian's 99th percentile in each score.
const THRESHOLDS: [f32; VIEWS] = [3.3, 3.3, 3.3, 3.3, 3.3, 2.0, 0.5, 2.0];
/// Nats that one "not an anomaly" adds to the evidence an alarm needs, and one "missed" takes.
pub(crate) const FEEDBACK: f32 = 1.5;
/// Scores that a lone outlier raises beside its z-score: jump, quartiles and the shortest average.
const COMPANIONS: f32 = 3.0;
/// Range of what feedback adds up to.
const FEEDBACK_RANGE: (f32, f32) = (-6.0, 12.0);

/// What people say of an anomaly, or of a time without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feedback {
    /// The alarm was wrong: widen the band of this series.
    NotAnomaly,
    /// There should have been one: narrow it.
    Missed,
}

/// The detector of one series. About one KiB, none of it on the heap.
#[derive(Debug, Clone, PartialEq)]
#[repr(C)]
pub struct SeriesDetector {
    pub(crate) last_ms: i64,
    /// First value on the scale that is judged; what is kept in `f32` is relative to it.
    pub(crate) origin: f64,
    /// Last reading of a counter.
    pub(crate) reading: f64,
    /// Points judged.
    pub(crate) count: u32,
    pub(crate) kind: SeriesKind,
    pub(crate) has_reading: bool,
    /// Sum of feedback: nats that an alarm needs beyond the budget's.
    pub(crate) bias: f32,
    /// Half of the band in scales of the series.
    pub(crate) reach: f32,
    pub(crate) presence: Presence,
    pub(crate) event: Event,
    pub(crate) ensemble: Ensemble,
    pub(crate) levels: Levels,
    pub(crate) tails: [Tail; VIEWS],
    pub(crate) first_ms: i64,
    pub(crate) availability: Availability,
    pub(crate) season: Season,
    pub(crate) profiles: Profiles,
}

impl SeriesDetector {
    /// A detector that has seen nothing.
    #[must_use]
    pub fn new(kind: SeriesKind) -> Self {
        Self {
            last_ms: i64::MIN,
            origin: 0.0,
            reading: 0.0,
            count: 0,
            kind,
            has_reading: false,
            bias: 0.0,
            reach: 10.0,
            presence: Presence::new(),
            event: Event::default(),
            ensemble: Ensemble::new(),
            levels: Levels::default(),
            tails: THRESHOLDS.map(Tail::new),
            first_ms: 0,
            availability: Availability::new(),
            season: Season::new(),
            profiles: Profiles::new(),
        }
    }

    /// What the series holds.
    #[must_use]
    pub const fn kind(&self) -> SeriesKind {
        self.kind
    }

    /// Points judged so far.
    #[must_use]
    pub const fn points(&self) -> u32 {
        self.count
    }

    /// Time of the last point in milliseconds since 1970; `None` before the first.
    #[must_use]
    pub fn last_ms(&self) -> Option<i64> {
        (self.last_ms != i64::MIN).then_some(self.last_ms)
    }

    /// Whether an anomaly has started and not ended.
    #[must_use]
    pub const fn is_anomalous(&self) -> bool {
        self.event.is_open || self.presence.is_missing
    }

    /// Judges a point and learns it. `None` when there is nothing to judge: the value is not finite (stale
    /// markers are NaN), the point is not newer than the last one, or it is a counter's first reading.
    pub fn observe(&mut self, at_ms: i64, value: f64, config: &DetectorConfig) -> Option<Verdict> {
        if !value.is_finite() || (at_ms <= self.last_ms && self.last_ms != i64::MIN) {
            return None;
        }
        let elapsed_ms = if self.last_ms == i64::MIN {
            0
        } else {
            at_ms.saturating_sub(self.last_ms)
        };
        self.last_ms = at_ms;
        let was_missing = self.presence.arrived(elapsed_ms);
        let value = match self.kind {
            SeriesKind::Availability if Availability::fits(value) => {
                return Some(self.judge_availability(at_ms, value, was_missing));
            }
            SeriesKind::Availability => {
                *self = Self {
                    last_ms: at_ms,
                    presence: self.presence,
                    bias: self.bias,
                    ..Self::new(SeriesKind::Gauge)
                };
                value
            }
            SeriesKind::Counter => {
                let before = std::mem::replace(&mut self.reading, value);
                if !std::mem::replace(&mut self.has_reading, true) {
                    return None;
                }
                rate(before, value, elapsed_ms)?
            }
            SeriesKind::Gauge | SeriesKind::Count => value,
        };
        Some(self.judge(at_ms, value, was_missing, config))
    }

    fn judge(
        &mut self,
        at_ms: i64,
        value: f64,
        was_missing: bool,
        config: &DetectorConfig,
    ) -> Verdict {
        let t = &config.tuning;
        let judged = self.kind.judged(value);
        if self.count == 0 {
            self.origin = judged;
            self.first_ms = at_ms;
        }
        self.count = self.count.saturating_add(1);
        let count = self.count as f32;
        let x = (judged - self.origin).clamp(-FAR, FAR) as f32;
        let per_day = self.per_day();
        if at_ms >= self.season.until_ms {
            let days = at_ms.saturating_sub(self.first_ms) as f32 / DAY_MS;
            self.season.turn(at_ms, days, &mut self.profiles);
            self.season.weigh(per_day, t);
        }
        let seasonal = self.season.seasonal;
        let rest = x - seasonal.offset + self.levels.dither(self.count);
        if self.count == 1 {
            self.levels.begin(x, rest);
        }
        let magnitude = (judged.abs().min(FAR)) as f32;
        let floor = self.levels.floor(magnitude, t);
        let band = self.band_of(seasonal.offset, self.reach * self.levels.scale.max(floor));
        let departure = rest - self.levels.slow;
        let is_equal = self.count > 1 && x == self.levels.previous;
        let age = at_ms.saturating_sub(self.first_ms) as f32 / DAY_MS;
        let novelty = Novelty::of(x, (count, age), &self.levels, &self.presence);
        self.levels.learn_step(x);
        let mut scores = self.levels.score(
            Point {
                x,
                rest,
                floor,
                count,
            },
            t,
        );
        let mut odds = self.loudest(&mut scores, seasonal.weight > 0.5, t);
        odds.departure = departure;
        odds.novelty = Some(novelty);
        self.season.learn(x, count, per_day, floor);
        let flat = self
            .presence
            .flat_surprise(is_equal, self.is_idle(value), count);
        if flat > odds.loudest {
            odds.loudest = flat;
            odds.detector = Detector::FlatLine;
        }
        let budget = budget(per_day, config);
        let conclusion = self.conclude(odds, (budget, per_day), was_missing, config);
        self.learn_tails(&scores, odds.loudest, budget, config);
        Verdict {
            band,
            observed: value,
            score: conclusion.surprise,
            probability: conclusion.probability,
            onset_probability: conclusion.onset,
            phase: conclusion.phase,
            detector: odds.detector,
            is_seasonal: seasonal.weight > 0.5,
        }
    }

    /// Reports that the series has sent nothing for unusually long, once; the next point ends it. To be
    /// called now and then, with the time in milliseconds since 1970.
    pub fn check_missing(&mut self, now_ms: i64, config: &DetectorConfig) -> Option<Verdict> {
        let elapsed_ms = now_ms.saturating_sub(self.last_ms);
        if self.last_ms == i64::MIN
            || self.presence.is_missing
            || !self
                .presence
                .is_overdue(elapsed_ms, self.last_ms.saturating_sub(self.first_ms))
        {
            return None;
        }
        self.presence.is_missing = true;
        Some(Verdict {
            band: self.band(config),
            observed: f64::NAN,
            score: elapsed_ms as f32 / self.presence.interval_ms.max(1.0),
            probability: 1.0,
            onset_probability: 1.0,
            phase: Phase::Started,
            detector: Detector::Missing,
            is_seasonal: false,
        })
    }

    /// Moves the band of this series after what people said of it.
    pub fn feedback(&mut self, feedback: Feedback, config: &DetectorConfig) {
        let step = match feedback {
            Feedback::NotAnomaly => FEEDBACK,
            Feedback::Missed => -FEEDBACK,
        };
        self.bias = (self.bias + step).clamp(FEEDBACK_RANGE.0, FEEDBACK_RANGE.1);
        self.reach = self.reach_of(budget(self.per_day(), config), &config.tuning);
    }

    /// The band around what is expected at the time of the last point.
    #[must_use]
    pub fn band(&self, config: &DetectorConfig) -> Band {
        if self.kind == SeriesKind::Availability {
            return self.availability_band();
        }
        let t = &config.tuning;
        let seasonal = self.season.seasonal;
        let floor = self.levels.floor(self.origin.abs().min(FAR) as f32, t);
        self.band_of(seasonal.offset, self.reach * self.levels.scale.max(floor))
    }

    fn band_of(&self, offset: f32, half: f32) -> Band {
        let centre = self.origin + f64::from(self.levels.slow) + f64::from(offset);
        let at = |judged: f64| self.kind.restored(judged);
        Band {
            yhat: at(centre),
            yhat_lower: at(centre - f64::from(half)),
            yhat_upper: at(centre + f64::from(half)),
        }
    }

    /// Whether nothing happens, rather than that a sensor repeats itself: a counter that stands.
    fn is_idle(&self, value: f64) -> bool {
        self.kind != SeriesKind::Gauge && value == 0.0
    }

    fn per_day(&self) -> f32 {
        (DAY_MS / self.presence.interval_ms.max(1.0)).clamp(1.0, 86_400_000.0)
    }

    /// Half of the band in scales: the z-score of a lone point that would be an alarm.
    pub(crate) fn reach_of(&self, budget: f32, t: &Tuning) -> f32 {
        let loudest = self.ensemble.loudest_of(self.bias - budget.ln());
        let own = loudest / (1.0 + COMPANIONS * t.chorus) - t.preference[1];
        self.tails[Z_SCORE].score_of(own, -t.tail_share.ln())
    }
}

/// Chance of a false alarm that one point may have.
fn budget(per_day: f32, config: &DetectorConfig) -> f32 {
    config.tuning.budget_factor * config.false_alarms_per_month.max(1e-3) / (MONTH_DAYS * per_day)
}
