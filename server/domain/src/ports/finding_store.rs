//! The store of findings: anomalies, predictions and how predictions turned out.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::metric::{
    Anomaly, FindingId, Prediction, PredictionOutcome, SeriesId, SeriesScorecard, Verdict,
};

/// Which anomalies are meant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnomalyFilter {
    /// Those of one series.
    pub series: Option<SeriesId>,
    /// Those that last or lasted at some time from here on, in ms.
    pub from_ms: Option<i64>,
    /// Those that began before this, in ms.
    pub to_ms: Option<i64>,
    /// Those at least so sure: `[0, 1]`.
    pub score_min: f64,
    /// Those of one detector.
    pub detector: Option<String>,
    /// Those whose labels as text contain all these words, case ignored.
    pub text: Option<String>,
    /// Only those that last.
    pub is_open: bool,
}

/// Anomalies, newest first.
#[async_trait]
pub trait AnomalyStore: Send + Sync {
    /// Keeps anomalies, each in place of the one with its id; what someone said of it stays.
    /// Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn record_anomalies(&self, anomalies: Vec<Anomaly>) -> Result<(), StoreError>;

    /// One page: the newest first by id, those with an id below `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn anomalies(
        &self,
        filter: &AnomalyFilter,
        before: Option<FindingId>,
        limit: usize,
    ) -> Result<Vec<Anomaly>, StoreError>;

    /// One anomaly.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn anomaly(&self, id: FindingId) -> Result<Option<Anomaly>, StoreError>;

    /// Notes what someone said of one, and says whether there is such an anomaly.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn set_feedback(&self, id: FindingId, verdict: Verdict) -> Result<bool, StoreError>;

    /// Forgets anomalies that ended before a time, in ms, and returns how many went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_anomalies(&self, before_ms: i64) -> Result<u64, StoreError>;
}

/// Predictions and scorecards.
#[async_trait]
pub trait PredictionStore: Send + Sync {
    /// Keeps predictions, each in place of the one with its id. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn record_predictions(&self, predictions: Vec<Prediction>) -> Result<(), StoreError>;

    /// The newest prediction of each series and rule, those raised first, then by time of crossing.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn current_predictions(&self, limit: usize) -> Result<Vec<Prediction>, StoreError>;

    /// All predictions of a series that were made at `from_ms` or later, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn predictions_of(
        &self,
        series: SeriesId,
        from_ms: i64,
        limit: usize,
    ) -> Result<Vec<Prediction>, StoreError>;

    /// Predictions that are open, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn open_predictions(&self, limit: usize) -> Result<Vec<Prediction>, StoreError>;

    /// Closes predictions (`Open` leaves one open) and keeps the scorecards that count them, as
    /// one, so that none is counted twice.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn settle_predictions(
        &self,
        outcomes: Vec<(FindingId, PredictionOutcome, Option<i64>)>,
        scorecards: Vec<SeriesScorecard>,
    ) -> Result<(), StoreError>;

    /// All scorecards, in the order of series and rule.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn scorecards(&self) -> Result<Vec<SeriesScorecard>, StoreError>;

    /// Forgets predictions that were made before a time, in ms, and are closed.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_predictions(&self, before_ms: i64) -> Result<u64, StoreError>;
}
