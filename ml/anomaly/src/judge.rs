//! From scores to an anomaly: the loudest detector, its calibrated probability, and what it starts or ends.

use crate::config::{DetectorConfig, Tuning};
use crate::detector::SeriesDetector;
use crate::levels::{BURST, IQR, JUMP, LEVEL, SURPRISE_FLOOR, VARIABILITY, VIEWS, Z_SCORE};
use crate::novelty::Novelty;
use crate::rate::SeriesKind;
use crate::verdict::{Detector, Phase};

/// Points after which the first alarm may be raised.
pub(crate) const WARM_UP_POINTS: u32 = 20;
/// Days of the month that the budget counts in.
pub(crate) const MONTH_DAYS: f32 = 30.4;
/// Which preference each score has.
const PREFERENCE: [usize; VIEWS] = [0, 1, 2, 2, 2, 3, 4, 5];
/// Surprise (nats) from which on it is asked whether the series can be that sure.
const CERTAIN_FROM: f32 = 2.0;

/// The odds of one point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged {
    pub(crate) loudest: f32,
    pub(crate) detector: Detector,
    /// The middle average is further from the slow level than it usually is.
    pub(crate) is_level_far: bool,
    /// Distance of the point from the slow level.
    pub(crate) departure: f32,
    /// What is new about it; `None` limits nothing.
    pub(crate) novelty: Option<Novelty>,
}

/// What is made of the odds of one point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conclusion {
    /// Calibrated surprise in nats.
    pub(crate) surprise: f32,
    /// Probability of an anomaly.
    pub(crate) probability: f32,
    /// Probability that one begins here.
    pub(crate) onset: f32,
    pub(crate) phase: Phase,
}

impl SeriesDetector {
    /// Surprise of the loudest detector; fills in the score of bursts.
    pub(crate) fn loudest(
        &mut self,
        scores: &mut [f32; VIEWS],
        is_seasonal: bool,
        t: &Tuning,
    ) -> Judged {
        let base = -t.tail_share.ln();
        let mut sum = 0.0;
        let mut loudest = Judged {
            loudest: 0.0,
            detector: Detector::ZScore,
            departure: 0.0,
            novelty: None,
            is_level_far: scores[LEVEL + 1] > self.tails[LEVEL + 1].threshold,
        };
        for (at, (tail, score)) in self.tails.iter().zip(*scores).enumerate() {
            if at == BURST {
                continue;
            }
            let own = tail.surprise(score, base);
            let surprise = own
                + if own > 0.0 {
                    t.preference[PREFERENCE[at]]
                } else {
                    0.0
                };
            sum += surprise;
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
        let own = self.tails[BURST].surprise(scores[BURST], base);
        let surprise = own + if own > 0.0 { t.preference[4] } else { 0.0 };
        if surprise > loudest.loudest {
            loudest.loudest = surprise;
            loudest.detector = Detector::Burst;
        }
        sum += surprise;
        loudest.loudest += t.chorus * (sum - loudest.loudest);
        if self.count < WARM_UP_POINTS {
            loudest.loudest = 0.0;
        }
        loudest
    }

    /// Calibrates the surprise and moves the anomaly on. `budget` is the chance of a false alarm that a
    /// point may have, `per_day` the number of points.
    pub(crate) fn conclude(
        &mut self,
        odds: Judged,
        (budget, per_day): (f32, f32),
        was_missing: bool,
        config: &DetectorConfig,
    ) -> Conclusion {
        let t = &config.tuning;
        if self.count == 1 {
            (self.ensemble.share, self.ensemble.mean) = t.prior;
        }
        let surprise = self.ensemble.surprise(odds.loudest);
        let event = &mut self.event;
        if event.toll > 1e-3 {
            event.toll -= event.toll / (per_day * t.repeat_days).max(20.0);
        }
        event.forget(MONTH_DAYS * per_day);
        let idle = if was_missing {
            Phase::Ended
        } else {
            Phase::Quiet
        };
        let mut conclusion = Conclusion {
            surprise,
            probability: budget / (1.0 + budget),
            onset: 0.0,
            phase: idle,
        };
        // The ceiling is asked for only where it could matter.
        let certain = match odds.novelty {
            Some(novelty) if surprise > CERTAIN_FROM => surprise.min(novelty.ceiling()),
            _ => surprise,
        };
        if surprise > 0.0 || self.bias != 0.0 {
            conclusion.probability = logistic(certain - self.bias + budget.ln());
        }
        if event.is_open {
            self.go_on(odds, surprise, t);
            conclusion.phase = if self.event.is_open {
                Phase::Ongoing
            } else {
                Phase::Ended
            };
        } else if surprise > 0.0 {
            let habit = t.habit_evidence * event.alike(odds.departure).powi(2);
            let needed = self.bias + habit + event.toll - budget.ln();
            conclusion.onset = logistic(certain - needed);
            if conclusion.onset >= config.alarm_probability {
                event.is_open = true;
                event.length = 0.0;
                event.calm = 0.0;
                event.toll += t.repeat_evidence;
                event.remember(odds.departure);
                conclusion.phase = Phase::Started;
            }
        }
        conclusion
    }

    /// One more point of an open anomaly.
    fn go_on(&mut self, odds: Judged, surprise: f32, t: &Tuning) {
        let event = &mut self.event;
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
    }

    /// Lets the tails learn the scores. Averages change slowly, so their scores are learnt now and then.
    pub(crate) fn learn_tails(
        &mut self,
        scores: &[f32; VIEWS],
        loudest: f32,
        budget: f32,
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
        let before = self.tails[Z_SCORE].shape;
        for (at, (tail, score)) in self.tails.iter_mut().zip(scores).enumerate() {
            let stride = match at {
                JUMP | Z_SCORE | IQR => 1,
                VARIABILITY => stride(t.variability_points),
                BURST => stride(t.surprise_points),
                _ => stride(t.level_points[(at - LEVEL).min(2)]),
            };
            if self.count & (stride - 1) == 0 {
                tail.learn(*score, weight, t);
            }
        }
        self.ensemble.learn(loudest, weight, t);
        if before != self.tails[Z_SCORE].shape || self.count.is_multiple_of(64) {
            self.reach = self.reach_of(budget, &config.tuning);
        }
    }
}

/// Points between those that a tail learns, for a score that is an average over `points`: a power of two.
fn stride(points: f32) -> u32 {
    match points {
        ..6.0 => 1,
        ..12.0 => 2,
        ..24.0 => 4,
        ..48.0 => 8,
        ..96.0 => 16,
        _ => 32,
    }
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

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
