//! May the next prediction be trusted? The last predictions and points of a series, in a window of
//! fixed size, tested against what they promised. One-sided tests: a band that is too wide is
//! dull, one that is too narrow is false.

use std::fmt;

use super::Prediction;
use super::tally::{DecodeError, word};

/// Predictions in the window.
const PREDICTIONS_MAX: usize = 32;
/// Points in the window.
const POINTS_MAX: u32 = 64;

/// How much proof is needed.
#[derive(Debug, Clone, PartialEq)]
pub struct ScorecardConfig {
    /// Predictions and points made sooner than this after the last that counted are counted in
    /// the tally but prove nothing new, in milliseconds. Default: 12 h.
    pub spacing_ms: i64,
    /// Least points before the band is tested. Default: 10.
    pub points_min: u32,
    /// Least predictions before the probabilities are tested. Default: 4.
    pub predictions_min: u32,
    /// A result less probable than this, were the forecasts right, is proof against them, in
    /// `(0, 1)`. Default: 0.01.
    pub level: f64,
}

impl Default for ScorecardConfig {
    fn default() -> Self {
        Self {
            spacing_ms: 43_200_000,
            points_min: 10,
            predictions_min: 4,
            level: 0.01,
        }
    }
}

/// Whether forecasts of a series may be trusted.
#[derive(Debug, Clone, PartialEq)]
pub enum Calibration {
    /// What was seen agrees with what was promised.
    Proven {
        /// Predictions in the window.
        predictions: u32,
        /// Points in the window.
        points: u32,
    },
    /// Too little was seen to tell. Counts as trusted, or no series could begin.
    Unproven {
        /// Predictions in the window.
        predictions: u32,
        /// Points in the window.
        points: u32,
    },
    /// Too few values lay within the 80 % band.
    BandTooNarrow {
        /// Points in the window.
        points: u32,
        /// Those within the band.
        within: u32,
    },
    /// The limit was reached less often than the probabilities promised.
    CriesWolf {
        /// Predictions in the window.
        predictions: u32,
        /// Sum of their probabilities.
        expected: f64,
        /// Those after which the limit was reached.
        crossed: u32,
    },
    /// The limit was reached more often than the probabilities promised.
    TooQuiet {
        /// Predictions in the window.
        predictions: u32,
        /// Sum of their probabilities.
        expected: f64,
        /// Those after which the limit was reached.
        crossed: u32,
    },
}

impl Calibration {
    /// Whether the next prediction may be said.
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Proven { .. } | Self::Unproven { .. })
    }
}

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven {
                predictions,
                points,
            } => {
                write!(
                    f,
                    "{predictions} predictions and {points} values agree with the past"
                )
            }
            Self::Unproven {
                predictions,
                points,
            } => {
                write!(
                    f,
                    "only {predictions} predictions and {points} values were scored so far"
                )
            }
            Self::BandTooNarrow { points, within } => write!(
                f,
                "only {within} of the last {points} values lay within the 80 % band"
            ),
            Self::CriesWolf {
                predictions,
                expected,
                crossed,
            }
            | Self::TooQuiet {
                predictions,
                expected,
                crossed,
            } => write!(
                f,
                "the last {predictions} predictions promised {expected:.1} crossings and \
                 {crossed} came"
            ),
        }
    }
}

/// The window. Of each prediction it holds the probability in 1/255 and whether it came true.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Recent {
    probabilities: [u8; PREDICTIONS_MAX],
    /// Bit `i` is of the prediction `i` places back.
    crossed: u64,
    predictions: u32,
    last_prediction_ms: Option<i64>,
    /// Bit `i` is of the point `i` places back.
    within: u64,
    points: u32,
    last_point_ms: Option<i64>,
}

impl Recent {
    pub(super) fn prediction(
        &mut self,
        prediction: &Prediction,
        crossed: bool,
        config: &ScorecardConfig,
    ) {
        if too_soon(&mut self.last_prediction_ms, prediction.made_at_ms, config) {
            return;
        }
        self.probabilities.rotate_right(1);
        self.probabilities[0] = (prediction.probability.clamp(0.0, 1.0) * 255.0).round() as u8;
        self.crossed = self.crossed << 1 | u64::from(crossed);
        self.predictions = (self.predictions + 1).min(PREDICTIONS_MAX as u32);
    }

    pub(super) fn point(&mut self, made_at_ms: i64, within: bool, config: &ScorecardConfig) {
        if too_soon(&mut self.last_point_ms, made_at_ms, config) {
            return;
        }
        self.within = self.within << 1 | u64::from(within);
        self.points = (self.points + 1).min(POINTS_MAX);
    }

    pub(super) fn calibration(&self, config: &ScorecardConfig) -> Calibration {
        let (predictions, points) = (self.predictions, self.points);
        let within = ones(self.within, points);
        let enough_points = points >= config.points_min.max(1);
        if enough_points && at_most(within, points, 0.8) < config.level {
            return Calibration::BandTooNarrow { points, within };
        }
        let enough = predictions >= config.predictions_min.max(1);
        if enough {
            let expected: f64 = self
                .probabilities
                .iter()
                .take(predictions as usize)
                .map(|&probability| f64::from(probability) / 255.0)
                .sum();
            let crossed = ones(self.crossed, predictions);
            // Probabilities of 0 and 1 come from a limited number of futures: they are not exact.
            let mean = (expected / f64::from(predictions)).clamp(0.01, 0.99);
            if at_most(crossed, predictions, mean) < config.level {
                return Calibration::CriesWolf {
                    predictions,
                    expected,
                    crossed,
                };
            }
            if at_most(predictions - crossed, predictions, 1.0 - mean) < config.level {
                return Calibration::TooQuiet {
                    predictions,
                    expected,
                    crossed,
                };
            }
        }
        if enough || enough_points {
            Calibration::Proven {
                predictions,
                points,
            }
        } else {
            Calibration::Unproven {
                predictions,
                points,
            }
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.probabilities);
        for value in [
            self.crossed,
            self.within,
            self.predictions.into(),
            self.points.into(),
        ] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        for time in [self.last_prediction_ms, self.last_point_ms] {
            out.extend_from_slice(&u64::from(time.is_some()).to_le_bytes());
            out.extend_from_slice(&time.unwrap_or(0).to_le_bytes());
        }
    }

    pub(super) fn read(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let (&probabilities, rest) = bytes.split_first_chunk().ok_or(DecodeError::Length)?;
        *bytes = rest;
        let (crossed, within) = (word(bytes)?, word(bytes)?);
        let predictions = word(bytes)?.min(PREDICTIONS_MAX as u64) as u32;
        let points = word(bytes)?.min(u64::from(POINTS_MAX)) as u32;
        let mut time = || {
            let is_some = word(bytes)? != 0;
            let time = word(bytes)?.cast_signed();
            Ok(is_some.then_some(time))
        };
        let (last_prediction_ms, last_point_ms) = (time()?, time()?);
        Ok(Self {
            probabilities,
            crossed,
            predictions,
            last_prediction_ms,
            within,
            points,
            last_point_ms,
        })
    }
}

/// Whether `at_ms` is too close after the last that counted; it becomes the last if not.
fn too_soon(last_ms: &mut Option<i64>, at_ms: i64, config: &ScorecardConfig) -> bool {
    if last_ms.is_some_and(|last| at_ms.saturating_sub(last) < config.spacing_ms) {
        return true;
    }
    *last_ms = Some(at_ms);
    false
}

/// The ones among the last `count` bits, at most 64.
fn ones(bits: u64, count: u32) -> u32 {
    match 64u32.checked_sub(count) {
        Some(unused @ 1..=63) => (bits << unused).count_ones(),
        Some(64) => 0,
        _ => bits.count_ones(),
    }
}

/// The probability of `successes` or fewer in `trials`, each with `chance` in `(0, 1)`.
fn at_most(successes: u32, trials: u32, chance: f64) -> f64 {
    let mut term = (1.0 - chance).powi(trials as i32);
    let mut sum = 0.0;
    for count in 0..=successes {
        sum += term;
        term *= f64::from(trials.saturating_sub(count)) / f64::from(count + 1) * chance
            / (1.0 - chance);
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_tails_are_exact() {
        assert!((at_most(1, 2, 0.5) - 0.75).abs() < 1e-12);
        assert!((at_most(0, 3, 0.2) - 0.512).abs() < 1e-12);
        assert!((at_most(64, 64, 0.8) - 1.0).abs() < 1e-9);
        assert_eq!(
            (ones(0b1011, 2), ones(0b1011, 4), ones(u64::MAX, 64)),
            (2, 3, 64)
        );
        assert_eq!(ones(u64::MAX, 0), 0);
    }
}
