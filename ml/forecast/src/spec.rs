//! What to forecast and how.

use crate::error::ForecastError;

/// Longest horizon in steps.
pub const HORIZON_MAX: usize = 10_000;

/// Which seasons a series has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seasons {
    /// Found in the series.
    Detect,
    /// Periods in points to try, for example 24 and 168 for hourly points; those too long for the
    /// series are left out.
    Periods(Vec<usize>),
}

/// On which scale the models work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The logarithm where the series is positive and its changes grow with its level.
    Auto,
    /// As it is.
    Linear,
    /// The logarithm where the series is positive.
    Log,
}

/// What to forecast and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastSpec {
    /// Steps ahead, in `[1, HORIZON_MAX]`.
    pub horizon: usize,
    /// Seasons.
    pub seasons: Seasons,
    /// Levels of the intervals, each inside (0, 1).
    pub levels: Vec<f64>,
    /// Scale of the models.
    pub scale: Scale,
}

impl ForecastSpec {
    /// Seasons detected, intervals of 80 % and 95 %, scale chosen from the series.
    #[must_use]
    pub fn new(horizon: usize) -> Self {
        Self {
            horizon,
            seasons: Seasons::Detect,
            levels: vec![0.8, 0.95],
            scale: Scale::Auto,
        }
    }

    /// The same with periods to try.
    #[must_use]
    pub fn with_periods(mut self, periods: &[usize]) -> Self {
        self.seasons = Seasons::Periods(periods.to_vec());
        self
    }

    /// The seasons that a sampling interval suggests: hour, day, week and year, where they hold
    /// between 2 and 2,100 points.
    #[must_use]
    pub fn with_interval_secs(self, interval_secs: u64) -> Self {
        const DAY: u64 = 86_400;
        let periods: Vec<usize> = [3600, DAY, 7 * DAY, 365 * DAY]
            .into_iter()
            .map(|season| season / interval_secs.max(1))
            .filter(|points| (2..=2100).contains(points))
            .filter_map(|points| usize::try_from(points).ok())
            .collect();
        self.with_periods(&periods)
    }

    pub(crate) fn check(&self) -> Result<(), ForecastError> {
        if !(1..=HORIZON_MAX).contains(&self.horizon) {
            return Err(ForecastError::Horizon(self.horizon));
        }
        match self.levels.iter().find(|l| !(**l > 0.0 && **l < 1.0)) {
            Some(level) => Err(ForecastError::Level(*level)),
            None => Ok(()),
        }
    }
}
