//! Series, findings and what is made of them, in memory.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::metric::{
    Anomaly, Band, FindingId, ForecastPoint, Matcher, MetricBatch, Prediction, PredictionOutcome,
    Selection, SeriesScorecard, Verdict,
};
use tocsin_domain::ports::metric_insight::{
    BackTest, ChartPoint, MetricInsight, SeriesChart, SeriesForecast,
};
use tocsin_domain::ports::{
    AnomalyFilter, AnomalyStore, MetricStats, MetricStore, PredictionStore, SeriesInfo,
    SeriesSamples, StoreError,
};
use tocsin_domain::{Labels, MetricKind, Offset, Partition, Sample, SeriesId, Timestamp};

use super::{Fakes, NOW, lock};

/// A gauge with a point every minute of the last hour: 0, 1, 2, …
pub(crate) fn series(name: &str, host: &str) -> SeriesSamples {
    let labels = Labels::new([("__name__", name), ("host", host)]).unwrap();
    let samples = (0..=60).map(|minute| Sample {
        at_ms: NOW.millis() - (60 - minute) * 60_000,
        value: minute as f64,
    });
    let info = SeriesInfo {
        id: labels.id(),
        labels,
        kind: MetricKind::Gauge,
        source: "test".into(),
        first_ms: NOW.millis() - 3_600_000,
        last_ms: NOW.millis(),
    };
    SeriesSamples {
        series: Arc::new(info),
        buckets: Vec::new(),
        samples: samples.collect(),
    }
}

pub(crate) fn anomaly(series: &SeriesSamples, minutes_ago: i64) -> Anomaly {
    let started_ms = NOW.millis() - minutes_ago * 60_000;
    Anomaly {
        id: FindingId::new(series.series.id, started_ms),
        series: series.series.id,
        labels: series.series.labels.clone(),
        detector: "seasonal".into(),
        score: 0.97,
        observed: 99.0,
        expected: Band {
            yhat: 20.0,
            yhat_lower: 10.0,
            yhat_upper: f64::INFINITY,
        },
        started_ms,
        ended_ms: None,
        explanation: "cpu was 99, expected 10 to 30".into(),
        feedback: None,
    }
}

pub(crate) fn prediction(series: &SeriesSamples, is_raised: bool) -> Prediction {
    let day_ms = 86_400_000;
    Prediction {
        id: FindingId::of_prediction(series.series.id, "disk", NOW.millis()),
        series: series.series.id,
        labels: series.series.labels.clone(),
        rule: "disk".into(),
        query: "disk_used_ratio".into(),
        made_ms: NOW.millis(),
        threshold: 1.0,
        direction: tocsin_domain::metric::Direction::Rising,
        horizon_ms: 7 * day_ms,
        current: 0.8,
        probability: 0.93,
        crossing_ms: Some((
            NOW.millis() + day_ms,
            NOW.millis() + 2 * day_ms,
            i64::MAX / 2,
        )),
        point: None,
        is_raised,
        explanation: "it fills by 10 % a day".into(),
        outcome: PredictionOutcome::Open,
        crossed_ms: None,
    }
}

impl Fakes {
    fn known(&self, id: SeriesId) -> Option<SeriesSamples> {
        let all = lock(&self.series);
        all.iter().find(|one| one.series.id == id).cloned()
    }
}

#[async_trait]
impl MetricStore for Fakes {
    async fn append(&self, _: Partition, _: Offset, _: Arc<MetricBatch>) -> Result<(), StoreError> {
        Ok(())
    }
    async fn flush(&self, _: Partition) -> Result<Offset, StoreError> {
        Ok(Offset(0))
    }
    fn durable(&self, _: Partition) -> Offset {
        Offset(0)
    }
    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, StoreError> {
        let range = selection.from_ms..=selection.to_ms;
        let mut found = lock(&self.series).clone();
        found.retain(|one| {
            let labels = &one.series.labels;
            selection
                .matchers
                .iter()
                .all(|matcher| matcher.selects(labels))
        });
        for one in &mut found {
            one.samples.retain(|sample| range.contains(&sample.at_ms));
        }
        Ok(found)
    }
    async fn series(
        &self,
        matchers: &[Matcher],
        (from_ms, to_ms): (i64, i64),
        limit: usize,
    ) -> Result<Vec<Arc<SeriesInfo>>, StoreError> {
        let all = lock(&self.series);
        let chosen = all.iter().map(|one| &one.series).filter(|info| {
            matchers.iter().all(|matcher| matcher.selects(&info.labels))
                && info.last_ms >= from_ms
                && info.first_ms <= to_ms
        });
        Ok(chosen.take(limit).cloned().collect())
    }
    async fn describe(&self, ids: &[SeriesId]) -> Result<Vec<Option<Arc<SeriesInfo>>>, StoreError> {
        let known = ids.iter().map(|id| self.known(*id).map(|one| one.series));
        Ok(known.collect())
    }
    async fn retain(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
    async fn delete(&self, _: &[Matcher]) -> Result<u64, StoreError> {
        Ok(0)
    }
    async fn save_state(
        &self,
        _: Partition,
        _: &str,
        _: Offset,
        _: Vec<u8>,
    ) -> Result<(), StoreError> {
        Ok(())
    }
    async fn load_state(
        &self,
        _: Partition,
        _: &str,
    ) -> Result<Option<(Offset, Vec<u8>)>, StoreError> {
        Ok(None)
    }
    async fn stats(&self) -> Result<MetricStats, StoreError> {
        Ok(MetricStats::default())
    }
}

#[async_trait]
impl MetricInsight for Fakes {
    async fn chart(
        &self,
        series: SeriesId,
        (from_ms, to_ms): (i64, i64),
        points_max: usize,
    ) -> Result<Option<SeriesChart>, StoreError> {
        let chart = self.known(series).map(|one| {
            let within = one.samples.iter();
            let within = within.filter(|sample| (from_ms..=to_ms).contains(&sample.at_ms));
            let points = within.enumerate().map(|(at, sample)| ChartPoint {
                sample: *sample,
                expected: (at > 0).then_some(Band {
                    yhat: sample.value,
                    yhat_lower: sample.value - 1.0,
                    yhat_upper: sample.value + 1.0,
                }),
            });
            SeriesChart {
                is_rate: false,
                points: points.take(points_max).collect(),
                series: one.series,
            }
        });
        Ok(chart)
    }

    async fn forecast(
        &self,
        series: SeriesId,
        horizon_ms: i64,
        now: Timestamp,
    ) -> Result<Option<SeriesForecast>, StoreError> {
        let made = self.known(series).map(|one| SeriesForecast {
            series: one.series,
            is_rate: false,
            made_ms: now.millis(),
            model: "theta".into(),
            seasons_ms: vec![86_400_000],
            back_test: BackTest {
                smape: 1.0,
                mase: f64::NAN,
                coverage_80: 0.8,
                coverage_95: 0.95,
                origins: 20,
            },
            points: vec![ForecastPoint {
                at_ms: now.millis() + horizon_ms,
                yhat: 61.0,
                interval_80: (60.0, 62.0),
                interval_95: (59.0, 63.0),
            }],
            is_calibrated: true,
            reason: "80 % of the past lay within the band".into(),
        });
        Ok(made)
    }
}

#[async_trait]
impl AnomalyStore for Fakes {
    async fn record_anomalies(&self, anomalies: Vec<Anomaly>) -> Result<(), StoreError> {
        lock(&self.anomalies).extend(anomalies);
        Ok(())
    }
    async fn anomalies(
        &self,
        filter: &AnomalyFilter,
        before: Option<FindingId>,
        limit: usize,
    ) -> Result<Vec<Anomaly>, StoreError> {
        let mut found = lock(&self.anomalies).clone();
        found.sort_by_key(|anomaly| std::cmp::Reverse(anomaly.id));
        found.retain(|anomaly| {
            before.is_none_or(|before| anomaly.id < before)
                && filter.series.is_none_or(|series| anomaly.series == series)
                && anomaly.score >= filter.score_min
        });
        found.truncate(limit);
        Ok(found)
    }
    async fn anomaly(&self, id: FindingId) -> Result<Option<Anomaly>, StoreError> {
        let all = lock(&self.anomalies);
        Ok(all.iter().find(|anomaly| anomaly.id == id).cloned())
    }
    async fn set_feedback(&self, id: FindingId, verdict: Verdict) -> Result<bool, StoreError> {
        let mut all = lock(&self.anomalies);
        let found = all.iter_mut().find(|anomaly| anomaly.id == id);
        Ok(found
            .map(|anomaly| anomaly.feedback = Some(verdict))
            .is_some())
    }
    async fn forget_anomalies(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl PredictionStore for Fakes {
    async fn record_predictions(&self, predictions: Vec<Prediction>) -> Result<(), StoreError> {
        lock(&self.predictions).extend(predictions);
        Ok(())
    }
    async fn current_predictions(&self, limit: usize) -> Result<Vec<Prediction>, StoreError> {
        Ok(lock(&self.predictions)
            .iter()
            .take(limit)
            .cloned()
            .collect())
    }
    async fn predictions_of(
        &self,
        series: SeriesId,
        _: i64,
        limit: usize,
    ) -> Result<Vec<Prediction>, StoreError> {
        let all = lock(&self.predictions);
        let own = all.iter().filter(|prediction| prediction.series == series);
        Ok(own.take(limit).cloned().collect())
    }
    async fn open_predictions(&self, _: usize) -> Result<Vec<Prediction>, StoreError> {
        Ok(Vec::new())
    }
    async fn settle_predictions(
        &self,
        _: Vec<(FindingId, PredictionOutcome, Option<i64>)>,
        _: Vec<SeriesScorecard>,
    ) -> Result<(), StoreError> {
        Ok(())
    }
    async fn scorecards(&self) -> Result<Vec<SeriesScorecard>, StoreError> {
        let all = lock(&self.series);
        let card = |one: &SeriesSamples| SeriesScorecard {
            series: one.series.id,
            labels: one.series.labels.clone(),
            rule: "disk".into(),
            outcomes: [0, 3, 1, 0, 0, 0, 6],
            points: 10,
            inside_80: 8,
            inside_95: 10,
            brier: 0.05,
            is_calibrated: true,
            reason: "10 predictions agree with the past".into(),
            state: Vec::new(),
        };
        Ok(all.iter().map(card).collect())
    }
    async fn forget_predictions(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}
