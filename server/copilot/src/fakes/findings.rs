//! The stores of anomalies and predictions.

use std::cmp::Reverse;

use async_trait::async_trait;
use tocsin_domain::SeriesId;
use tocsin_domain::metric::{
    Anomaly, FindingId, Prediction, PredictionOutcome, SeriesScorecard, Verdict,
};
use tocsin_domain::ports::{AnomalyFilter, AnomalyStore, PredictionStore, StoreError};

use super::World;

#[async_trait]
impl AnomalyStore for World {
    async fn record_anomalies(&self, anomalies: Vec<Anomaly>) -> Result<(), StoreError> {
        let mut all = self.anomalies.lock();
        all.retain(|one| !anomalies.iter().any(|new| new.id == one.id));
        all.extend(anomalies);
        Ok(())
    }

    async fn anomalies(
        &self,
        filter: &AnomalyFilter,
        before: Option<FindingId>,
        limit: usize,
    ) -> Result<Vec<Anomaly>, StoreError> {
        let words = filter.text.clone().unwrap_or_default().to_lowercase();
        let is_meant = |one: &&Anomaly| {
            let labels = one.labels.to_string().to_lowercase();
            filter.series.is_none_or(|series| one.series == series)
                && filter
                    .from_ms
                    .is_none_or(|from| one.ended_ms.is_none_or(|end| end >= from))
                && filter.to_ms.is_none_or(|to| one.started_ms < to)
                && one.score >= filter.score_min
                && filter
                    .detector
                    .as_ref()
                    .is_none_or(|name| one.detector == *name)
                && words.split_whitespace().all(|word| labels.contains(word))
                && !(filter.is_open && one.ended_ms.is_some())
                && before.is_none_or(|before| one.id < before)
        };
        let mut found: Vec<Anomaly> = self
            .anomalies
            .lock()
            .iter()
            .filter(is_meant)
            .cloned()
            .collect();
        found.sort_by_key(|one| Reverse(one.id));
        found.truncate(limit);
        Ok(found)
    }

    async fn anomaly(&self, id: FindingId) -> Result<Option<Anomaly>, StoreError> {
        Ok(self
            .anomalies
            .lock()
            .iter()
            .find(|one| one.id == id)
            .cloned())
    }

    async fn set_feedback(&self, _: FindingId, _: Verdict) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn forget_anomalies(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl PredictionStore for World {
    async fn record_predictions(&self, predictions: Vec<Prediction>) -> Result<(), StoreError> {
        let mut all = self.predictions.lock();
        all.retain(|one| !predictions.iter().any(|new| new.id == one.id));
        all.extend(predictions);
        Ok(())
    }

    async fn current_predictions(&self, limit: usize) -> Result<Vec<Prediction>, StoreError> {
        let mut all = self.predictions.lock().clone();
        all.sort_by_key(|one| (one.series, one.rule.clone(), Reverse(one.made_ms)));
        all.dedup_by(|b, a| (a.series, &a.rule) == (b.series, &b.rule));
        all.sort_by_key(|one| (!one.is_raised, one.crossing_ms));
        all.truncate(limit);
        Ok(all)
    }

    async fn predictions_of(
        &self,
        series: SeriesId,
        from_ms: i64,
        limit: usize,
    ) -> Result<Vec<Prediction>, StoreError> {
        let all = self.predictions.lock();
        let own = all
            .iter()
            .filter(|one| one.series == series && one.made_ms >= from_ms);
        let mut own: Vec<Prediction> = own.cloned().collect();
        own.sort_by_key(|one| Reverse(one.made_ms));
        own.truncate(limit);
        Ok(own)
    }

    async fn open_predictions(&self, limit: usize) -> Result<Vec<Prediction>, StoreError> {
        let all = self.predictions.lock();
        let open = all
            .iter()
            .filter(|one| one.outcome == PredictionOutcome::Open);
        Ok(open.take(limit).cloned().collect())
    }

    async fn settle_predictions(
        &self,
        _: Vec<(FindingId, PredictionOutcome, Option<i64>)>,
        _: Vec<SeriesScorecard>,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn scorecards(&self) -> Result<Vec<SeriesScorecard>, StoreError> {
        Ok(Vec::new())
    }

    async fn forget_predictions(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}
