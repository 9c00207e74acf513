//! The always-on detector of one series: a point in, a verdict out, in constant time and space.
//!
//! A point is compared with the season, the levels and the scales of the points before it
//! (`season`, `levels`). Each comparison is a score whose tail says how odd it is (`tail`); the ensemble
//! makes one probability of them (`ensemble`), and the probability starts, keeps or ends an anomaly. It
//! reads no clock: times come with the points.

use crate::config::{DetectorConfig, Tuning};
use crate::ensemble::{Ensemble, Event};
use crate::levels::{
    BURST, IQR, JUMP, LEVEL, Levels, Point, SURPRISE_FLOOR, VARIABILITY, VIEWS, Z_SCORE,
};
use crate::presence::Presence;
use crate::rate::{SeriesKind, rate};
use crate::season::{Profiles, Season};
use crate::tail::Tail;
use crate::verdict::{Band, Detector, Phase, Verdict};

/// Points after which the first alarm may be raised.
const WARM_UP_POINTS: u32 = 20;
/// Milliseconds of a day, and days of the month that the budget counts in.
const DAY_MS: f32 = 86_400_000.0;
const MONTH_DAYS: f32 = 30.4;
/// Largest distance from the first value; beyond it `f32` would overflow in sums.
const FAR: f64 = 1e30;
/// Initial thresholds of the tails: a Gaussian's 99th percentile in each score.
const THRESHOLDS: [f32; VIEWS] = [3.3, 3.3, 3.3, 3.3, 3.3, 2.0, 0.5, 2.0];
/// Nats that one "not an anomaly" adds to the evidence an alarm needs, and one "missed" takes.
const FEEDBACK: f32 = 1.5;
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
    pub(crate) season: Season,
    pub(crate) profiles: Profiles,
}

/// The odds of one point.
#[derive(Debug, Clone, Copy)]
struct Judged {
    loudest: f32,
    detector: Detector,
    /// The middle average is further from the slow level than it usually is.
    is_level_far: bool,
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
        let days = at_ms.saturating_sub(self.first_ms) as f32 / DAY_MS;
        self.season.turn(at_ms, days, &mut self.profiles);
        let seasonal = self.season.offset(per_day, t);
        let rest = x - seasonal.offset + self.levels.dither(self.count);
        if self.count == 1 {
            self.levels.begin(x, rest);
        }
        let magnitude = (judged.abs().min(FAR)) as f32;
        let floor = self.levels.floor(magnitude, t);
        let band = self.band_of(seasonal.offset, self.reach * self.levels.scale.max(floor));
        let is_equal = self.count > 1 && x == self.levels.previous;
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
        self.season.learn(x, count, per_day, floor);
        let flat = self.presence.flat_surprise(is_equal, count);
        if flat > odds.loudest {
            odds.loudest = flat;
            odds.detector = Detector::FlatLine;
        }
        let (surprise, onset, phase) = self.conclude(odds, per_day, was_missing, config);
        self.learn_tails(&scores, odds.loudest, per_day, config);
        let budget = budget(per_day, config).ln();
        Verdict {
            band,
            observed: value,
            score: surprise,
            probability: logistic(surprise - self.bias + budget),
            onset_probability: onset,
            phase,
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
            || !self.presence.is_overdue(elapsed_ms)
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
        self.reach = self.reach_of(self.per_day(), config);
    }

    /// The band around what is expected at the time of the last point.
    #[must_use]
    pub fn band(&self, config: &DetectorConfig) -> Band {
        let t = &config.tuning;
        let seasonal = self.season.offset(self.per_day(), t);
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

    fn per_day(&self) -> f32 {
        (DAY_MS / self.presence.interval_ms.max(1.0)).clamp(1.0, 86_400_000.0)
    }

    /// Surprise of the loudest detector; fills in the score of bursts.
    fn loudest(&mut self, scores: &mut [f32; VIEWS], is_seasonal: bool, t: &Tuning) -> Judged {
        let base = -t.tail_share.ln();
        let mut loudest = Judged {
            loudest: 0.0,
            detector: Detector::ZScore,
            is_level_far: scores[LEVEL + 1] > self.tails[LEVEL + 1].threshold,
        };
        for (at, (tail, score)) in self.tails.iter().zip(*scores).enumerate() {
            if at == BURST {
                continue;
            }
            let surprise = tail.surprise(score, base);
            if surprise > loudest.loudest {
                loudest.loudest = surprise;
                loudest.detector = detector_of(at, is_seasonal, self.kind);
            }
            if at == Z_SCORE {
                let own = loudest.loudest.min(t.surprise_cap);
                let count = (self.count as f32).min(t.surprise_points);
                self.levels.surprise += (own - self.levels.surprise) / count;
            }
        }
        scores[BURST] = self.levels.surprise + SURPRISE_FLOOR;
        let surprise = self.tails[BURST].surprise(scores[BURST], base);
        if surprise > loudest.loudest {
            loudest.loudest = surprise;
            loudest.detector = Detector::Burst;
        }
        if self.count < WARM_UP_POINTS {
            loudest.loudest = 0.0;
        }
        loudest
    }

    /// Calibrates the surprise and moves the anomaly on: calibrated surprise, probability of a beginning, phase.
    fn conclude(
        &mut self,
        odds: Judged,
        per_day: f32,
        was_missing: bool,
        config: &DetectorConfig,
    ) -> (f32, f32, Phase) {
        let t = &config.tuning;
        let surprise = self.ensemble.surprise(odds.loudest);
        let event = &mut self.event;
        if event.toll > 1e-3 {
            event.toll -= event.toll / (per_day * t.repeat_days).max(20.0);
        }
        let needed = self.bias + event.toll - budget(per_day, config).ln();
        let mut onset = logistic(surprise - needed);
        let mut phase = if was_missing {
            Phase::Ended
        } else {
            Phase::Quiet
        };
        if event.is_open {
            event.length += 1.0;
            // An anomaly that has outlasted the average is a new level, unless the level is back.
            let is_lasting = event.length == (2.0 * t.level_points[1]).floor()
                || event.length > t.anomaly_points_max;
            if is_lasting && odds.is_level_far {
                self.season.base += self.levels.restart(t);
            }
            let is_calm = surprise < t.calm_surprise;
            event.calm = if is_calm { event.calm + 1.0 } else { 0.0 };
            event.is_open = event.calm <= t.calm_points && event.length <= t.anomaly_points_max;
            phase = if event.is_open {
                Phase::Ongoing
            } else {
                Phase::Ended
            };
            onset = 0.0;
        } else if onset >= config.alarm_probability {
            event.is_open = true;
            event.length = 0.0;
            event.calm = 0.0;
            event.toll += t.repeat_evidence;
            phase = Phase::Started;
        }
        (surprise, onset, phase)
    }

    /// Lets the tails learn the scores. Averages change slowly, so their scores are learnt now and then.
    fn learn_tails(
        &mut self,
        scores: &[f32; VIEWS],
        loudest: f32,
        per_day: f32,
        config: &DetectorConfig,
    ) {
        if self.count <= WARM_UP_POINTS {
            return;
        }
        let t = &config.tuning;
        let weight = if self.event.is_open {
            t.anomaly_weight
        } else {
            1.0
        };
        let before = self.tails[Z_SCORE];
        for (at, (tail, score)) in self.tails.iter_mut().zip(scores).enumerate() {
            let stride = match at {
                JUMP | Z_SCORE | IQR => 1,
                VARIABILITY => stride(t.variability_points),
                BURST => stride(t.surprise_points),
                _ => stride(t.level_points[(at - LEVEL).min(2)]),
            };
            if self.count.is_multiple_of(stride) {
                tail.learn(*score, weight, t);
            }
        }
        self.ensemble.learn(loudest, weight, t);
        if before.shape != self.tails[Z_SCORE].shape || self.count.is_multiple_of(64) {
            self.reach = self.reach_of(per_day, config);
        }
    }

    /// Half of the band in scales: the z-score that alone would be an alarm.
    fn reach_of(&self, per_day: f32, config: &DetectorConfig) -> f32 {
        let t = &config.tuning;
        let needed = self.bias - budget(per_day, config).ln();
        let loudest = self.ensemble.loudest_of(needed);
        self.tails[Z_SCORE].score_of(loudest, -t.tail_share.ln())
    }
}

/// Points between those that a tail learns, for a score that is an average over `points`.
fn stride(points: f32) -> u32 {
    ((0.3 * points) as u32).max(1)
}

/// Chance of a false alarm that one point may have.
fn budget(per_day: f32, config: &DetectorConfig) -> f32 {
    config.tuning.budget_factor * config.false_alarms_per_month.max(1e-3) / (MONTH_DAYS * per_day)
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn detector_of(at: usize, is_seasonal: bool, kind: SeriesKind) -> Detector {
    match at {
        JUMP if kind == SeriesKind::Count => Detector::Burst,
        JUMP => Detector::Jump,
        Z_SCORE if is_seasonal => Detector::Seasonal,
        Z_SCORE => Detector::ZScore,
        IQR => Detector::Iqr,
        VARIABILITY => Detector::Variability,
        BURST => Detector::Burst,
        _ => Detector::LevelShift,
    }
}
