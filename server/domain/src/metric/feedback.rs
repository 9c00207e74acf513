//! What people say of a detector's judgement. It travels on the bus between the points, so that a
//! detector that is restored and reads them again ends in the same state.

use super::labels::SeriesId;

/// What was wrong with a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It was said to be an anomaly and is none: the band gets wider.
    NotAnomaly,
    /// It was one and nothing was said: the band gets narrower.
    Missed,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAnomaly => "not_anomaly",
            Self::Missed => "missed",
        }
    }

    /// The verdict with a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NotAnomaly, Self::Missed]
            .into_iter()
            .find(|verdict| verdict.name() == name)
    }
}

/// A verdict on a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feedback {
    /// Whose band moves.
    pub series: SeriesId,
    /// Which way.
    pub verdict: Verdict,
    /// When what is spoken of happened, in ms.
    pub at_ms: i64,
}
