//! Stores of findings that tell the writer of alerts what they kept: a finding is kept first and told then.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::SeriesId;
use tocsin_domain::metric::{
    Anomaly, FindingId, Prediction, PredictionOutcome, SeriesScorecard, Verdict,
};
use tocsin_domain::ports::{
    AnomalyFilter, AnomalyStore, Clock, MetricQueries, PredictionStore, StoreError,
};
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::inbox::AlertInbox;
use super::quiet::Hearing;
use crate::alert_rules::rounds;

/// Anomalies that are caught up with at the start.
const CATCH_UP_MAX: usize = 10_000;

/// Anomalies and predictions, told as they are kept.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct Telling {
    anomalies: Arc<dyn AnomalyStore>,
    predictions: Arc<dyn PredictionStore>,
    inbox: Arc<dyn AlertInbox>,
}

impl Telling {
    /// Stands in front of both stores.
    #[must_use]
    pub fn new(
        anomalies: Arc<dyn AnomalyStore>,
        predictions: Arc<dyn PredictionStore>,
        inbox: Arc<dyn AlertInbox>,
    ) -> Self {
        Self {
            anomalies,
            predictions,
            inbox,
        }
    }

    /// Tells the writer what lasts, since the last run may have ended between keeping and telling.
    ///
    /// # Errors
    /// [`StoreError`] if the stores cannot be read.
    pub async fn catch_up(&self, desk: &Desk) -> Result<(), StoreError> {
        let filter = AnomalyFilter {
            is_open: true,
            ..AnomalyFilter::default()
        };
        let lasting = self
            .anomalies
            .anomalies(&filter, None, CATCH_UP_MAX)
            .await?;
        desk.all_anomalies(lasting).await;
        let current = self.predictions.current_predictions(CATCH_UP_MAX).await?;
        desk.predictions(current).await;
        Ok(())
    }
}

#[async_trait]
impl AnomalyStore for Telling {
    async fn record_anomalies(&self, anomalies: Vec<Anomaly>) -> Result<(), StoreError> {
        self.anomalies.record_anomalies(anomalies.clone()).await?;
        self.inbox.anomalies(anomalies).await;
        Ok(())
    }

    async fn anomalies(
        &self,
        filter: &AnomalyFilter,
        before: Option<FindingId>,
        limit: usize,
    ) -> Result<Vec<Anomaly>, StoreError> {
        self.anomalies.anomalies(filter, before, limit).await
    }

    async fn anomaly(&self, id: FindingId) -> Result<Option<Anomaly>, StoreError> {
        self.anomalies.anomaly(id).await
    }

    async fn set_feedback(&self, id: FindingId, verdict: Verdict) -> Result<bool, StoreError> {
        self.anomalies.set_feedback(id, verdict).await
    }

    async fn forget_anomalies(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.anomalies.forget_anomalies(before_ms).await
    }
}

#[async_trait]
impl PredictionStore for Telling {
    async fn record_predictions(&self, predictions: Vec<Prediction>) -> Result<(), StoreError> {
        self.predictions
            .record_predictions(predictions.clone())
            .await?;
        self.inbox.predictions(predictions).await;
        Ok(())
    }

    async fn current_predictions(&self, limit: usize) -> Result<Vec<Prediction>, StoreError> {
        self.predictions.current_predictions(limit).await
    }

    async fn predictions_of(
        &self,
        series: SeriesId,
        from_ms: i64,
        limit: usize,
    ) -> Result<Vec<Prediction>, StoreError> {
        self.predictions
            .predictions_of(series, from_ms, limit)
            .await
    }

    async fn open_predictions(&self, limit: usize) -> Result<Vec<Prediction>, StoreError> {
        self.predictions.open_predictions(limit).await
    }

    async fn settle_predictions(
        &self,
        outcomes: Vec<(FindingId, PredictionOutcome, Option<i64>)>,
        scorecards: Vec<SeriesScorecard>,
    ) -> Result<(), StoreError> {
        self.predictions
            .settle_predictions(outcomes, scorecards)
            .await
    }

    async fn scorecards(&self) -> Result<Vec<SeriesScorecard>, StoreError> {
        self.predictions.scorecards().await
    }

    async fn forget_predictions(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.predictions.forget_predictions(before_ms).await
    }
}

/// Looks at the rules on metrics at an even pace and tells what they came to, until it is cancelled.
pub async fn look_at_metrics(
    desk: Desk,
    (queries, hearing): (Arc<dyn MetricQueries>, Hearing),
    clock: Arc<dyn Clock>,
    every: Duration,
    cancel: CancellationToken,
) {
    let mut every = tokio::time::interval(every.max(Duration::from_secs(1)));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = every.tick() => {}
        }
        let set = desk.rules();
        let now = (clock.now().millis(), hearing.is_deaf());
        match rounds::look(&set, queries.as_ref(), now).await {
            Ok(rounds) => desk.rounds(rounds).await,
            Err(error) => tracing::warn!(%error, "rules on metrics were not looked at this time"),
        }
    }
}
