//! The answer to "when will it be full?": a forecast, or a silence and why. Made by
//! [`crate::predict`]; nothing is computed here.

use crate::Limit;
use crate::scorecard::{Calibration, Prediction};

/// The time of crossing: 10 % of the futures cross before `t10_ms`, and so on. Absent where less
/// than that share crosses within what is simulated (three horizons). Unix milliseconds,
/// `t10_ms <= t50_ms <= t90_ms`, none before the question was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crossing {
    /// Early end of the 80 % interval.
    pub t10_ms: Option<i64>,
    /// Median.
    pub t50_ms: Option<i64>,
    /// Late end of the 80 % interval.
    pub t90_ms: Option<i64>,
}

/// One point of the forecast for the chart, in the unit of the series; `lower <= median <= upper`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    /// Unix milliseconds.
    pub time_ms: i64,
    /// Half of the futures are below.
    pub median: f64,
    /// 80 % of the futures are within.
    pub lower_80: f64,
    /// See `lower_80`.
    pub upper_80: f64,
    /// 95 % of the futures are within.
    pub lower_95: f64,
    /// See `lower_95`.
    pub upper_95: f64,
}

/// What is known of the future of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// When the question was asked, Unix milliseconds.
    pub made_at_ms: i64,
    /// End of the horizon, Unix milliseconds.
    pub until_ms: i64,
    /// The limit asked about.
    pub limit: Limit,
    /// Whether the newest value is at or beyond the limit already.
    pub is_full: bool,
    /// Probability that the limit is reached within the horizon, in `[0, 1]`.
    pub probability: f64,
    /// When it is reached.
    pub crossing: Crossing,
    /// Change of the level per day now, in the unit of the series.
    pub slope_per_day: f64,
    /// For how long the series has moved like this, milliseconds.
    pub slope_held_ms: i64,
    /// The forecast curve and its band up to the horizon, by time.
    pub band: Vec<BandPoint>,
    /// A sentence that says what was seen and what follows.
    pub reason: String,
}

impl Forecast {
    /// What the scorecard has to remember of this forecast.
    pub fn prediction(&self) -> Prediction {
        Prediction {
            made_at_ms: self.made_at_ms,
            until_ms: self.until_ms,
            limit: self.limit,
            probability: self.probability,
            crossing: self.crossing,
        }
    }
}

/// Why nothing is said.
#[derive(Debug, Clone, PartialEq)]
pub enum Silence {
    /// There is no point, or none after the last reset.
    NoPoints,
    /// There are too few points.
    FewPoints {
        /// Points there are.
        points: usize,
        /// Points needed.
        needed: usize,
    },
    /// Most of the history is missing.
    Gaps {
        /// Share that is missing, in `[0, 1]`.
        share: f64,
    },
    /// The newest point is too old.
    Stale {
        /// Its age in milliseconds.
        age_ms: i64,
    },
    /// The history is too short.
    ShortHistory {
        /// Its length in milliseconds.
        length_ms: i64,
        /// The length needed in milliseconds.
        needed_ms: i64,
    },
    /// The limit is no number.
    NoLimit,
    /// It does not move towards the limit.
    NotFilling,
    /// It moves towards the limit, but is not expected to reach it within the horizon.
    TooFar,
    /// Past predictions of this series were wrong too often.
    NotCalibrated(Calibration),
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// There is something to say.
    Forecast(Box<Forecast>),
    /// There is nothing to say.
    Silent {
        /// Why.
        why: Silence,
        /// What would have been said, for the chart and the scorecard: silent predictions are
        /// scored as well, so that a series can win trust back.
        unsaid: Option<Box<Forecast>>,
    },
}

impl Outcome {
    /// Whether it says anything about the present: not where points are missing or too old.
    #[must_use]
    pub const fn tells_of_now(&self) -> bool {
        !matches!(
            self,
            Self::Silent {
                why: Silence::Stale { .. }
                    | Silence::Gaps { .. }
                    | Silence::NoPoints
                    | Silence::NoLimit,
                ..
            }
        )
    }

    /// The forecast, said or unsaid.
    pub fn forecast(&self) -> Option<&Forecast> {
        match self {
            Self::Forecast(forecast) => Some(forecast),
            Self::Silent { unsaid, .. } => unsaid.as_deref(),
        }
    }

    /// The probability to act upon, in `[0, 1]`: 0 where there is silence.
    pub fn probability(&self) -> f64 {
        match self {
            Self::Forecast(forecast) => forecast.probability,
            Self::Silent { .. } => 0.0,
        }
    }

    /// The same outcome, silent if past predictions may not be trusted. That a series is full now
    /// is no prediction and is never silenced.
    #[must_use]
    pub fn judged(self, calibration: &Calibration) -> Self {
        match self {
            Self::Forecast(forecast) if !calibration.is_trusted() && !forecast.is_full => {
                let why = Silence::NotCalibrated(calibration.clone());
                Self::Silent {
                    why,
                    unsaid: Some(forecast),
                }
            }
            other => other,
        }
    }
}
