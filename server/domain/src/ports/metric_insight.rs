//! What Tocsin makes of a series: what it expected of it, and where it thinks it goes.

use std::sync::Arc;

use async_trait::async_trait;

use super::log_store::StoreError;
use super::metric_store::SeriesInfo;
use crate::metric::{Band, ForecastPoint, Labels, Sample, SeriesId};
use crate::time::Timestamp;

/// A series as its detector sees it, for a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesChart {
    /// Whose it is.
    pub series: Arc<SeriesInfo>,
    /// True if the series is a counter: values are its growth per second.
    pub is_rate: bool,
    /// The points in order of time; at most as many as asked for, each the most unusual of its
    /// stretch, so that nothing that stands out is lost.
    pub points: Vec<ChartPoint>,
}

/// A point of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartPoint {
    /// The value and its time.
    pub sample: Sample,
    /// What was expected of it; none while the detector knew too little.
    pub expected: Option<Band>,
}

/// How a model did on the series' own past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BackTest {
    /// Symmetric mean absolute percentage error: `[0, 200]`.
    pub smape: f64,
    /// Mean absolute scaled error; below 1 is better than repeating the season.
    pub mase: f64,
    /// Share of truths within the 80 % band: `[0, 1]`.
    pub coverage_80: f64,
    /// Share of truths within the 95 % band: `[0, 1]`.
    pub coverage_95: f64,
    /// From how many earlier times it forecast.
    pub origins: usize,
}

/// Where a series is going.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesForecast {
    /// Whose it is.
    pub series: Arc<SeriesInfo>,
    /// True if the series is a counter: values are its growth per second.
    pub is_rate: bool,
    /// When it was made, in ms.
    pub made_ms: i64,
    /// The name of the model that was chosen.
    pub model: String,
    /// The lengths of its seasons, in ms.
    pub seasons_ms: Vec<i64>,
    /// How it did on the past.
    pub back_test: BackTest,
    /// The forecast.
    pub points: Vec<ForecastPoint>,
    /// Whether the bands held on the past as often as they say; if not, nothing is alerted on it.
    pub is_calibrated: bool,
    /// Why, or why not.
    pub reason: String,
}

/// What Tocsin makes of a series.
#[async_trait]
pub trait MetricInsight: Send + Sync {
    /// The points of a series within `[from_ms, to_ms]` and what was expected of each, as a
    /// detector that had seen the time before would have said it. None for an unknown series.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn chart(
        &self,
        series: SeriesId,
        range_ms: (i64, i64),
        points_max: usize,
    ) -> Result<Option<SeriesChart>, StoreError>;

    /// A forecast of a series from `now` on. None for an unknown series.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there is too little to forecast from; says how much is needed.
    async fn forecast(
        &self,
        series: SeriesId,
        horizon_ms: i64,
        now: Timestamp,
    ) -> Result<Option<SeriesForecast>, StoreError>;
}

/// Queries in PromQL, for those who work with more than one series.
#[async_trait]
pub trait MetricQueries: Send + Sync {
    /// The values of a query at `start_ms` and every `step_ms` after it through `end_ms`, for each
    /// label set that it gives. A label set may lack a name.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the text is no query or asks for too much.
    async fn range(
        &self,
        query: &str,
        range_ms: (i64, i64),
        step_ms: i64,
    ) -> Result<Vec<QuerySeries>, StoreError>;
}

/// One series of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct QuerySeries {
    /// Its labels, sorted by name.
    pub labels: Vec<(String, String)>,
    /// Its points in order of time.
    pub samples: Vec<Sample>,
}

impl QuerySeries {
    /// Its labels with another name: what a rule calls the series that it watches.
    ///
    /// # Errors
    /// [`crate::metric::LabelError`] if the labels cannot be a series'.
    pub fn named(&self, name: &str) -> Result<Labels, crate::metric::LabelError> {
        let others = self.labels.iter();
        let others = others.filter(|(have, _)| have != crate::metric::NAME_LABEL);
        let pairs = others.map(|(name, value)| (name.as_str(), value.as_str()));
        Labels::new(std::iter::once((crate::metric::NAME_LABEL, name)).chain(pairs))
    }
}
