//! Peaks over threshold, in a fixed handful of numbers: how unlikely is a score, judged by the scores before?
//!
//! After SPOT (Siffer et al., KDD 2017). The initial threshold is a high quantile that is followed by
//! stochastic approximation. What exceeds it is taken as generalised Pareto with positive shape, whose
//! logarithmic excess is exponential; its mean is Hill's estimator (1975), which is kept instead of a
//! buffer of peaks. Excesses are cut before they are learnt from, so one huge outlier does not blind the tail.

use crate::config::Tuning;

/// Mean logarithmic excess of a tail that has seen nothing: a Gaussian's behind its 99th percentile
/// is 0.13, a heavy tail's 0.3.
const PRIOR_SHAPE: f32 = 0.25;
/// Excesses the prior counts for.
const PRIOR_COUNT: f32 = 10.0;
/// Surest a tail can be, in nats.
pub(crate) const SURPRISE_MAX: f32 = 60.0;

/// The tail of one detector's score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tail {
    /// Initial threshold.
    pub(crate) threshold: f32,
    /// Mean logarithmic excess.
    pub(crate) shape: f32,
    /// Weight of the excesses seen.
    pub(crate) excesses: f32,
    /// Weight of the scores seen.
    pub(crate) seen: f32,
}

impl Tail {
    pub(crate) const fn new(threshold: f32) -> Self {
        Self {
            threshold,
            shape: PRIOR_SHAPE,
            excesses: PRIOR_COUNT,
            seen: 0.0,
        }
    }

    /// Surprise of a score in nats, `-ln P(score or more)`; 0 below the initial threshold.
    #[inline]
    pub(crate) fn surprise(&self, score: f32, base: f32) -> f32 {
        if score <= self.threshold {
            return 0.0;
        }
        let excess = (score / self.threshold).ln();
        (base + excess / self.shape).min(SURPRISE_MAX)
    }

    /// The score that has this surprise: the inverse of [`Tail::surprise`].
    pub(crate) fn score_of(&self, surprise: f32, base: f32) -> f32 {
        self.threshold * ((surprise - base).max(0.0) * self.shape).min(20.0).exp()
    }

    /// Learns a score with a weight in `(0, 1]`.
    #[inline]
    pub(crate) fn learn(&mut self, score: f32, weight: f32, t: &Tuning) {
        self.seen = (self.seen + weight).min(1e6);
        let speed = weight * (t.tail_speed / (self.seen + 10.0)).max(2.5e-4) * self.shape;
        if score <= self.threshold {
            self.threshold *= 1.0 - speed.min(0.1);
            return;
        }
        let excess = (score / self.threshold).ln();
        let step = speed * (1.0 - t.tail_share) / t.tail_share;
        self.threshold *= 1.0 + step.min(0.3);
        self.excesses = (self.excesses + weight).min(t.tail_excesses);
        // The mean of an exponential variable cut at c means is smaller by the factor 1 - exp(-c).
        let cut = excess.min(t.tail_cut * self.shape) / (1.0 - (-t.tail_cut).exp());
        self.shape += (cut - self.shape) * weight / (self.excesses + 5.0);
        self.shape = self.shape.max(0.08);
    }
}
