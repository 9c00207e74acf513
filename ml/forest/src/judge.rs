//! Is a stretch so odd that someone should be told? The scores of a [`ShapeDetector`] as
//! probabilities, within a budget of false alarms.
//!
//! Scores of neighbouring points share most of their window, so what counts is the peak of each
//! block of points. The peaks of at most a month make a distribution with a generalised Pareto tail
//! (peaks over threshold: Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory",
//! KDD 2017), fitted again with every block. It is one of logarithms, since series that idle and
//! burst have scores over many magnitudes. Knows no time; what a point is, is the caller's.

use std::collections::VecDeque;

use crate::shape::{Closest, LONG, ShapeDetector, ShapeSettings};
use crate::tail::Tail;

/// Points of a block: those of the longest window.
const BLOCK: usize = LONG;
/// Most peaks that are kept: a month of minutes.
const PEAKS_MAX: usize = 720;
/// Odds of an anomaly where a score is just as rare as the budget allows false alarms to be.
const ODDS_AT_BUDGET: f64 = 9.0;
/// A peak is learnt as one that is so many times as rare as the budget at most. More, and what was
/// told blinds the tail for the next one like it; less, and a tail that tells too much is slow to
/// widen.
const LEARNT_RARITY: f64 = 2.0;

/// What is said of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShapeVerdict {
    /// By how many times the usual distance to the past the point is further off than usual.
    pub score: f64,
    /// Probability of an anomaly, in `(0, 1)`: 0.9 where scores so high come as often as the budget
    /// allows false alarms.
    pub probability: f64,
}

/// A detector of odd stretches with a budget of false alarms.
#[derive(Debug, Clone)]
pub struct ShapeJudge {
    detector: ShapeDetector,
    /// Share of blocks that may raise a false alarm.
    budget: f64,
    /// Logarithms of the peaks, oldest first.
    peaks: VecDeque<f64>,
    tail: Tail,
    /// Points in the current block, and the largest logarithm of their scores.
    block: usize,
    peak: f64,
}

impl ShapeJudge {
    /// A judge that has seen nothing; `budget` is how many false alarms a point may raise on
    /// average, brought into `[1e-9, 1e-3]`.
    #[must_use]
    pub fn new(settings: ShapeSettings, budget: f64) -> Self {
        Self {
            detector: ShapeDetector::new(settings),
            budget: budget.clamp(1e-9, 1e-3) * BLOCK as f64,
            peaks: VecDeque::new(),
            tail: Tail::UNKNOWN,
            block: 0,
            peak: 0.0,
        }
    }

    /// Takes the next point. `None` while the detector or, for another 40 blocks of 64 points, the
    /// tail learns, and for values that are not finite, which are passed over.
    pub fn observe(&mut self, value: f64) -> Option<ShapeVerdict> {
        let score = self.detector.observe(value)?.raw;
        let is_known = self.tail.is_known();
        let rare = self.tail.probability(score.ln_1p());
        self.learn(score.ln_1p());
        is_known.then(|| ShapeVerdict {
            score,
            probability: 1.0 / (1.0 + rare / (ODDS_AT_BUDGET * self.budget)),
        })
    }

    /// Compares the newest stretch with the one in the past that is most like it; `None` while the
    /// detector learns.
    #[must_use]
    pub fn closest(&self) -> Option<Closest> {
        self.detector.closest()
    }

    fn learn(&mut self, score: f64) {
        self.peak = self.peak.max(score);
        self.block += 1;
        if self.block < BLOCK {
            return;
        }
        let most = self.tail.score_of(self.budget / LEARNT_RARITY);
        self.peaks
            .push_back(self.peak.min(most.unwrap_or(f64::INFINITY)));
        if self.peaks.len() > PEAKS_MAX {
            self.peaks.pop_front();
        }
        self.tail = Tail::fit(self.peaks.make_contiguous());
        (self.block, self.peak) = (0, 0.0);
    }
}
