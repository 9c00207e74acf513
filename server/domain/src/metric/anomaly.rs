//! Anomalies and predictions: what detectors and forecasters say of series.

use std::fmt;
use std::str::FromStr;

use super::feedback::Verdict;
use super::labels::{LabelError, Labels, SeriesId};

/// The identity of an anomaly or a prediction: a UUID whose high bits are the time, so that ids
/// sort by it, and whose low bits are the series. The same finding has the same id whenever it is
/// made, so that what is delivered twice is found once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub u128);

impl FindingId {
    /// The id of what was found on a series at a time.
    #[must_use]
    pub fn new(series: SeriesId, at_ms: i64) -> Self {
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&series.0.to_le_bytes());
        let millis = u64::try_from(at_ms).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid();
        Self(uuid.as_u128())
    }

    /// The id of a prediction that a rule made for a series.
    #[must_use]
    pub fn of_prediction(series: SeriesId, rule: &str, made_ms: i64) -> Self {
        let rule = xxhash_rust::xxh3::xxh3_64(rule.as_bytes());
        Self::new(SeriesId(series.0 ^ rule), made_ms)
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", uuid::Uuid::from_u128(self.0))
    }
}

impl fmt::Debug for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FindingId({self})")
    }
}

impl FromStr for FindingId {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::parse_str(text)
            .map(|uuid| Self(uuid.as_u128()))
            .map_err(|_| LabelError::SeriesId(text.into()))
    }
}

/// What was expected of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The expected value.
    pub yhat: f64,
    /// Below this the value is unusual.
    pub yhat_lower: f64,
    /// Above this the value is unusual.
    pub yhat_upper: f64,
}

/// A scored departure of a series from what was expected of it. One departure is one anomaly,
/// however many points it lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Anomaly {
    /// Who it is.
    pub id: FindingId,
    /// The series.
    pub series: SeriesId,
    /// Its labels.
    pub labels: Labels,
    /// Which detector spoke: `seasonal`, `level_shift`, `new_template`, …
    pub detector: String,
    /// How sure it is, as a probability: `[0, 1]`.
    pub score: f64,
    /// The value at its worst; in the unit in which the band is (counters: per second).
    pub observed: f64,
    /// What was expected then.
    pub expected: Band,
    /// When it began, in ms.
    pub started_ms: i64,
    /// When it ended, in ms; none while it lasts.
    pub ended_ms: Option<i64>,
    /// A sentence that explains it.
    pub explanation: String,
    /// What someone said of it.
    pub feedback: Option<Verdict>,
}

/// Which way a series crosses a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From below.
    Rising,
    /// From above.
    Falling,
}

impl Direction {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Falling => "falling",
        }
    }

    /// The direction with a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rising, Self::Falling]
            .into_iter()
            .find(|direction| direction.name() == name)
    }
}

/// A step of a forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForecastPoint {
    /// When, in ms.
    pub at_ms: i64,
    /// The middle of what is expected.
    pub yhat: f64,
    /// The ends of the band that holds 80 % of what may come.
    pub interval_80: (f64, f64),
    /// The ends of the band that holds 95 % of what may come.
    pub interval_95: (f64, f64),
}

/// What became of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PredictionOutcome {
    /// Its time has not come.
    Open,
    /// It was said and came within the interval.
    Hit,
    /// It came before the interval.
    Early,
    /// It came after the interval, within the horizon.
    Late,
    /// It was said and did not come.
    FalseAlarm,
    /// It was not said and came.
    Miss,
    /// It was not said and did not come.
    Quiet,
}

impl PredictionOutcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Hit,
        Self::Early,
        Self::Late,
        Self::FalseAlarm,
        Self::Miss,
        Self::Quiet,
    ];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Hit => "hit",
            Self::Early => "early",
            Self::Late => "late",
            Self::FalseAlarm => "false_alarm",
            Self::Miss => "miss",
            Self::Quiet => "quiet",
        }
    }

    /// The outcome with a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// "This series crosses this threshold within the horizon with probability p, between T1 and T2".
/// Kept also when the answer is that it does not, so that silence is scored as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Who it is.
    pub id: FindingId,
    /// The series.
    pub series: SeriesId,
    /// Its labels.
    pub labels: Labels,
    /// The rule by whose threshold it was made.
    pub rule: String,
    /// The rule's query, whose answer the values are; empty for one made before queries were kept.
    pub query: String,
    /// When it was made, in ms.
    pub made_ms: i64,
    /// The threshold.
    pub threshold: f64,
    /// Which way it is crossed.
    pub direction: Direction,
    /// How far it looks ahead, in ms.
    pub horizon_ms: i64,
    /// The value when it was made.
    pub current: f64,
    /// The probability of a crossing within the horizon: `[0, 1]`.
    pub probability: f64,
    /// When the crossing comes: the 10 %, 50 % and 90 % points, in ms; none if none is foreseen.
    pub crossing_ms: Option<(i64, i64, i64)>,
    /// A point of the forecast behind it, a day ahead, by which its band is scored.
    pub point: Option<ForecastPoint>,
    /// True if it is raised: sure enough, and not cleared since. Hysteresis is in it.
    pub is_raised: bool,
    /// A sentence: why, or why it stays silent.
    pub explanation: String,
    /// What became of it.
    pub outcome: PredictionOutcome,
    /// When the series crossed, in ms, once it did.
    pub crossed_ms: Option<i64>,
}

/// How the predictions and forecasts of a series turned out so far.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesScorecard {
    /// The series.
    pub series: SeriesId,
    /// Its labels.
    pub labels: Labels,
    /// The rule its predictions are made by.
    pub rule: String,
    /// How many predictions had which outcome, in the order of [`PredictionOutcome::ALL`].
    pub outcomes: [u64; 7],
    /// Points forecast that were scored.
    pub points: u64,
    /// How many of them lay within the 80 % band.
    pub inside_80: u64,
    /// How many of them lay within the 95 % band.
    pub inside_95: u64,
    /// The mean squared difference of probability and outcome: `[0, 1]`, 0 is best.
    pub brier: f64,
    /// Whether its predictions are let out.
    pub is_calibrated: bool,
    /// Why, or why not.
    pub reason: String,
    /// The state from which it goes on counting; opaque.
    pub state: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_has_the_same_id_and_ids_sort_by_time() {
        let (one, two) = (SeriesId(1), SeriesId(2));
        let id = FindingId::new(one, 1_700_000_000_000);
        assert_eq!(id, FindingId::new(one, 1_700_000_000_000));
        assert_ne!(id, FindingId::new(two, 1_700_000_000_000));
        assert!(FindingId::new(two, 1_699_999_999_999) < id);
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
