//! One calibrated surprise out of those of the detectors, and the anomaly it belongs to.
//!
//! The surprise of the ensemble is that of the loudest detector, less the logarithm of how many there are
//! (Bonferroni). It has a tail of its own, exponential by construction when every detector is calibrated: its
//! rate and mean are followed, so that a series whose detectors are too loud is judged by how loud they
//! usually are.

use crate::config::Tuning;
use crate::levels::VIEWS;

/// Surprise from which on the ensemble's own tail is used.
const INITIAL: f32 = 4.0;
/// Share of points beyond it, `exp(-INITIAL)`.
const SHARE: f32 = 0.018_315_64;
/// Alarms whose departures are kept.
pub(crate) const KNOWN: usize = 6;
/// Points and excesses the prior counts for.
const PRIOR_POINTS: f32 = 500.0;
const PRIOR_EXCESSES: f32 = 10.0;

/// Tail of the ensemble's surprise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ensemble {
    /// Share of points (runs of them count once) beyond the initial surprise.
    pub(crate) share: f32,
    /// Mean excess.
    pub(crate) mean: f32,
    /// Weight of points and of excesses seen.
    pub(crate) points: f32,
    pub(crate) excesses: f32,
    /// Length of the run of excesses at hand.
    pub(crate) run: f32,
}

impl Ensemble {
    pub(crate) const fn new() -> Self {
        Self {
            share: SHARE,
            mean: 1.0,
            points: 0.0,
            excesses: 0.0,
            run: 0.0,
        }
    }

    /// Calibrated surprise of the loudest detector's surprise.
    #[inline]
    pub(crate) fn surprise(&self, loudest: f32) -> f32 {
        let corrected = (loudest - (VIEWS as f32).ln()).max(0.0);
        if corrected <= INITIAL {
            return corrected;
        }
        (corrected - INITIAL) / self.mean - self.share.ln()
    }

    /// The loudest detector's surprise that has this calibrated surprise.
    pub(crate) fn loudest_of(&self, surprise: f32) -> f32 {
        let excess = (surprise + self.share.ln()).max(0.0) * self.mean;
        INITIAL + excess + (VIEWS as f32).ln()
    }

    /// Learns the loudest detector's surprise with a weight in `(0, 1]`.
    #[inline]
    pub(crate) fn learn(&mut self, loudest: f32, weight: f32, t: &Tuning) {
        let excess = loudest - (VIEWS as f32).ln() - INITIAL;
        self.points = (self.points + weight).min(8000.0);
        let memory = self.points + PRIOR_POINTS;
        if excess <= 0.0 {
            self.run = 0.0;
            self.share -= self.share * weight / memory;
            return;
        }
        self.run += 1.0;
        let weight = weight / self.run;
        self.share += (1.0 - self.share) * weight / memory;
        self.excesses = (self.excesses + weight).min(t.tail_excesses);
        let cut = excess.min(t.ensemble_cut * self.mean) / (1.0 - (-t.ensemble_cut).exp());
        self.mean += (cut - self.mean) * weight / (self.excesses + PRIOR_EXCESSES);
        self.mean = self.mean.clamp(0.3, 20.0);
    }
}

/// Where the series stands: in an anomaly or not, and how lately there was one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Event {
    /// An anomaly has started and not ended.
    pub(crate) is_open: bool,
    /// Points since it started.
    pub(crate) length: f32,
    /// Quiet points in a row.
    pub(crate) calm: f32,
    /// Additional evidence that the next alarm needs, in nats.
    pub(crate) toll: f32,
    /// Departures of the last alarms from the slow level; 0 where there was none.
    pub(crate) known: [f32; KNOWN],
    /// Which of them is replaced next.
    pub(crate) next: u8,
    /// Points since the last alarm, or since an alarm was forgotten.
    pub(crate) idle: f32,
}

impl Event {
    /// How many of the last alarms went as far in the same direction, within a factor of two.
    pub(crate) fn alike(&self, departure: f32) -> f32 {
        let alike = |known: &&f32| {
            let ratio = departure / **known;
            ratio > 0.5 && ratio < 2.0
        };
        self.known.iter().filter(alike).count() as f32
    }

    /// Keeps the departure of an alarm.
    pub(crate) fn remember(&mut self, departure: f32) {
        if let Some(known) = self.known.get_mut(usize::from(self.next)) {
            *known = departure;
        }
        self.next = (self.next + 1) % KNOWN as u8;
        self.idle = 0.0;
    }

    /// Forgets the oldest alarm after a month without one.
    pub(crate) fn forget(&mut self, month_points: f32) {
        self.idle += 1.0;
        if self.idle > month_points {
            self.remember(0.0);
        }
    }
}
