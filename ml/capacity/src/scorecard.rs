//! What became of past predictions. Predictions and what then happened flow in; verdicts, counts
//! and the question whether the next prediction may be trusted flow out. A scorecard is of one
//! series and of fixed size. Where predictions wait for their end is not decided here.

mod tally;
mod trust;

pub use tally::{DecodeError, Tally};
pub use trust::{Calibration, ScorecardConfig};

use crate::{BandPoint, Crossing, Limit};
use trust::Recent;

/// What was predicted; what [`crate::Forecast::prediction`] keeps of a forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// When it was made, Unix milliseconds.
    pub made_at_ms: i64,
    /// End of its horizon, Unix milliseconds.
    pub until_ms: i64,
    /// The limit.
    pub limit: Limit,
    /// Probability that the limit is reached by `until_ms`, in `[0, 1]`.
    pub probability: f64,
    /// When it is reached.
    pub crossing: Crossing,
}

/// What happened after a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// When the limit was first reached after the prediction, Unix milliseconds.
    pub crossed_at_ms: Option<i64>,
    /// Until when the series is known, Unix milliseconds.
    pub seen_until_ms: i64,
    /// Whether the capacity changed or the series began anew meanwhile.
    pub was_reset: bool,
}

/// What a prediction was worth. One with probability 0.5 or more says "will be reached".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Its time has not come.
    Open,
    /// The limit was reached within the horizon and within the 80 % interval.
    Hit,
    /// The limit was reached within the horizon, later than the interval said.
    Early,
    /// The limit was reached within the horizon, sooner than the interval said.
    Late,
    /// The limit was reached within the horizon and it was not said.
    Miss,
    /// The limit was not reached within the horizon although it was said.
    FalseAlarm,
    /// The limit was not reached, as was said.
    CorrectSilence,
    /// The series began anew meanwhile, so that nothing can be said.
    Void,
}

/// Judges a prediction by what happened.
pub fn verdict(prediction: &Prediction, observed: &Observed) -> Verdict {
    let said = prediction.probability >= 0.5;
    let crossed = observed
        .crossed_at_ms
        .filter(|&at| at <= prediction.until_ms);
    match crossed {
        Some(at) if said => {
            let crossing = &prediction.crossing;
            if crossing.t10_ms.is_some_and(|t10| at < t10) {
                Verdict::Late
            } else if crossing.t90_ms.is_some_and(|t90| at > t90) {
                Verdict::Early
            } else {
                Verdict::Hit
            }
        }
        Some(_) => Verdict::Miss,
        None if observed.was_reset => Verdict::Void,
        None if observed.seen_until_ms < prediction.until_ms => Verdict::Open,
        None if said => Verdict::FalseAlarm,
        None => Verdict::CorrectSilence,
    }
}

/// The scorecard of one series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scorecard {
    tally: Tally,
    recent: Recent,
}

const VERSION: u8 = 1;

impl Scorecard {
    /// Judges a prediction, counts it unless it is open, and gives the verdict. Call it once for
    /// each prediction whose verdict is not [`Verdict::Open`], by the time they were made.
    pub fn record(
        &mut self,
        prediction: &Prediction,
        observed: &Observed,
        config: &ScorecardConfig,
    ) -> Verdict {
        let verdict = verdict(prediction, observed);
        let crossed = match verdict {
            Verdict::Open | Verdict::Void => {
                self.tally.void += u64::from(verdict == Verdict::Void);
                return verdict;
            }
            Verdict::Hit | Verdict::Early | Verdict::Late | Verdict::Miss => true,
            Verdict::FalseAlarm | Verdict::CorrectSilence => false,
        };
        self.tally.count(prediction, observed, verdict);
        self.recent.prediction(prediction, crossed, config);
        verdict
    }

    /// Scores one point of a forecast made at `made_at_ms` against the value observed then.
    pub fn record_point(
        &mut self,
        made_at_ms: i64,
        point: &BandPoint,
        observed: f64,
        config: &ScorecardConfig,
    ) {
        if !observed.is_finite() {
            return;
        }
        self.tally.point(point, observed);
        let within = (point.lower_80..=point.upper_80).contains(&observed);
        self.recent.point(made_at_ms, within, config);
    }

    /// All that was counted since the beginning.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether the next prediction may be trusted, and why not.
    pub fn calibration(&self, config: &ScorecardConfig) -> Calibration {
        self.recent.calibration(config)
    }

    /// Whether the next prediction may be trusted. One of which too little is known may be.
    pub fn is_calibrated(&self, config: &ScorecardConfig) -> bool {
        self.calibration(config).is_trusted()
    }

    /// The scorecard as bytes, for a snapshot.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        self.tally.write(&mut out);
        self.recent.write(&mut out);
        out
    }

    /// The scorecard that [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are of another version or length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let Some((&version, mut rest)) = bytes.split_first() else {
            return Err(DecodeError::Length);
        };
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let out = Self {
            tally: Tally::read(&mut rest)?,
            recent: Recent::read(&mut rest)?,
        };
        if rest.is_empty() {
            Ok(out)
        } else {
            Err(DecodeError::Length)
        }
    }
}

#[cfg(test)]
mod tests;
