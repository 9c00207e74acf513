//! Counts of verdicts, coverage and errors since the beginning, and their bytes.

use super::{Observed, Prediction, Verdict};
use crate::BandPoint;

/// Why bytes are no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are of a version that is not known.
    #[error("snapshot of unknown version {0}")]
    Version(u8),
    /// There are too few or too many.
    #[error("snapshot of wrong length")]
    Length,
}

/// What was counted since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// [`Verdict::Hit`]
    pub hits: u64,
    /// [`Verdict::Early`]
    pub early: u64,
    /// [`Verdict::Late`]
    pub late: u64,
    /// [`Verdict::Miss`]
    pub misses: u64,
    /// [`Verdict::FalseAlarm`]
    pub false_alarms: u64,
    /// [`Verdict::CorrectSilence`]
    pub correct_silences: u64,
    /// [`Verdict::Void`]
    pub void: u64,
    /// Points of forecasts that were scored.
    pub points: u64,
    /// Points within the 80 % band.
    pub points_within_80: u64,
    /// Points within the 95 % band.
    pub points_within_95: u64,
    /// Sum of the squares of probability less what happened.
    pub brier_sum: f64,
    /// Sum over the crossings that were said of |median − truth| as share of the time from the
    /// prediction to the end of its horizon.
    pub time_error_sum: f64,
    /// Sum over the points of |median − observed|, in the unit of the series.
    pub point_error_sum: f64,
}

impl Tally {
    /// Predictions that were judged.
    pub fn judged(&self) -> u64 {
        self.said_and_crossed() + self.misses + self.false_alarms + self.correct_silences
    }

    /// Crossings that were said.
    pub fn said_and_crossed(&self) -> u64 {
        self.hits + self.early + self.late
    }

    /// Mean of (probability − outcome)², in `[0, 1]`, 0 best (Brier, 1950).
    pub fn brier(&self) -> Option<f64> {
        share(self.brier_sum, self.judged())
    }

    /// Share of what was said that came, in `[0, 1]`.
    pub fn precision(&self) -> Option<f64> {
        let right = self.said_and_crossed();
        share(right as f64, right + self.false_alarms)
    }

    /// Share of what came that was said, in `[0, 1]`.
    pub fn recall(&self) -> Option<f64> {
        let right = self.said_and_crossed();
        share(right as f64, right + self.misses)
    }

    /// Share of the crossings that were said and lay within the 80 % interval.
    pub fn interval_coverage(&self) -> Option<f64> {
        share(self.hits as f64, self.said_and_crossed())
    }

    /// Mean error of the time of crossing as share of the horizon.
    pub fn time_error(&self) -> Option<f64> {
        share(self.time_error_sum, self.said_and_crossed())
    }

    /// Shares of points within the 80 % and the 95 % band.
    pub fn band_coverage(&self) -> Option<(f64, f64)> {
        let (within_80, within_95) = (self.points_within_80, self.points_within_95);
        Some((
            share(within_80 as f64, self.points)?,
            share(within_95 as f64, self.points)?,
        ))
    }

    /// Mean error of the points, in the unit of the series.
    pub fn point_error(&self) -> Option<f64> {
        share(self.point_error_sum, self.points)
    }

    pub(super) fn count(&mut self, prediction: &Prediction, observed: &Observed, verdict: Verdict) {
        let (counter, happened) = match verdict {
            Verdict::Open | Verdict::Void => return,
            Verdict::Hit => (&mut self.hits, 1.0),
            Verdict::Early => (&mut self.early, 1.0),
            Verdict::Late => (&mut self.late, 1.0),
            Verdict::Miss => (&mut self.misses, 1.0),
            Verdict::FalseAlarm => (&mut self.false_alarms, 0.0),
            Verdict::CorrectSilence => (&mut self.correct_silences, 0.0),
        };
        *counter += 1;
        self.brier_sum += (prediction.probability - happened).powi(2);
        if let (Verdict::Hit | Verdict::Early | Verdict::Late, Some(at)) =
            (verdict, observed.crossed_at_ms)
        {
            let said = prediction.crossing.t50_ms.unwrap_or(prediction.until_ms);
            let horizon = prediction
                .until_ms
                .saturating_sub(prediction.made_at_ms)
                .max(1);
            self.time_error_sum += said.abs_diff(at) as f64 / horizon as f64;
        }
    }

    pub(super) fn point(&mut self, point: &BandPoint, observed: f64) {
        let within = |low: f64, high: f64| u64::from((low..=high).contains(&observed));
        self.points += 1;
        self.points_within_80 += within(point.lower_80, point.upper_80);
        self.points_within_95 += within(point.lower_95, point.upper_95);
        self.point_error_sum += (point.median - observed).abs();
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for count in [
            self.hits,
            self.early,
            self.late,
            self.misses,
            self.false_alarms,
            self.correct_silences,
            self.void,
            self.points,
            self.points_within_80,
            self.points_within_95,
            self.brier_sum.to_bits(),
            self.time_error_sum.to_bits(),
            self.point_error_sum.to_bits(),
        ] {
            out.extend_from_slice(&count.to_le_bytes());
        }
    }

    pub(super) fn read(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(Self {
            hits: word(bytes)?,
            early: word(bytes)?,
            late: word(bytes)?,
            misses: word(bytes)?,
            false_alarms: word(bytes)?,
            correct_silences: word(bytes)?,
            void: word(bytes)?,
            points: word(bytes)?,
            points_within_80: word(bytes)?,
            points_within_95: word(bytes)?,
            brier_sum: f64::from_bits(word(bytes)?),
            time_error_sum: f64::from_bits(word(bytes)?),
            point_error_sum: f64::from_bits(word(bytes)?),
        })
    }
}

/// Takes a little-endian word off the front.
pub(super) fn word(bytes: &mut &[u8]) -> Result<u64, DecodeError> {
    let (word, rest) = bytes.split_first_chunk().ok_or(DecodeError::Length)?;
    *bytes = rest;
    Ok(u64::from_le_bytes(*word))
}

fn share(part: f64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part / whole as f64)
}
