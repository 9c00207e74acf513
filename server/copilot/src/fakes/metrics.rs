//! The metric store, and what is asked of it. A query is a selector with equalities (`up{job="shop"}`); its answer
//! at a step is the last point at or before it that is not older than five minutes.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::metric::{MatchOp, Matcher, MetricBatch, Sample, Selection, SeriesId};
use tocsin_domain::ports::metric_insight::{QuerySeries, SeriesChart, SeriesForecast};
use tocsin_domain::ports::{
    MetricInsight, MetricQueries, MetricStats, MetricStore, SeriesInfo, SeriesSamples, StoreError,
};
use tocsin_domain::{Labels, MetricKind, Offset, Partition, Timestamp};

use super::World;

impl World {
    /// Measures a series: its name, labels and points.
    pub(crate) fn measure(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        points: &[(i64, f64)],
    ) -> SeriesId {
        let labels = labels.iter().copied().chain([("__name__", name)]);
        let labels = Labels::new(labels).unwrap();
        let mut samples: Vec<Sample> = points
            .iter()
            .map(|(at_ms, value)| Sample {
                at_ms: *at_ms,
                value: *value,
            })
            .collect();
        samples.sort_by_key(|sample| sample.at_ms);
        let id = labels.id();
        self.series.lock().push(SeriesSamples {
            series: Arc::new(SeriesInfo {
                id,
                labels,
                kind: MetricKind::Unknown.or_by_name(name),
                source: "test".into(),
                first_ms: samples.first().map_or(0, |sample| sample.at_ms),
                last_ms: samples.last().map_or(0, |sample| sample.at_ms),
            }),
            buckets: Vec::new(),
            samples,
        });
        self.series
            .lock()
            .sort_by(|a, b| a.series.labels.cmp(&b.series.labels));
        id
    }
}

#[async_trait]
impl MetricStore for World {
    async fn append(&self, _: Partition, _: Offset, _: Arc<MetricBatch>) -> Result<(), StoreError> {
        Err(StoreError::Invalid("points are told with `measure`".into()))
    }

    async fn flush(&self, _: Partition) -> Result<Offset, StoreError> {
        Ok(Offset(0))
    }

    fn durable(&self, _: Partition) -> Offset {
        Offset(0)
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, StoreError> {
        let all = self.series.lock();
        let chosen = all.iter().filter(|one| {
            selection
                .matchers
                .iter()
                .all(|m| m.selects(&one.series.labels))
        });
        let within = selection.from_ms..=selection.to_ms;
        let mut found: Vec<SeriesSamples> = chosen.cloned().collect();
        for one in &mut found {
            one.samples.retain(|sample| within.contains(&sample.at_ms));
        }
        found.retain(|one| !one.samples.is_empty());
        let samples: usize = found.iter().map(|one| one.samples.len()).sum();
        if found.len() > selection.series_max || samples > selection.samples_max {
            return Err(StoreError::Invalid("too much is selected".into()));
        }
        Ok(found)
    }

    async fn series(
        &self,
        matchers: &[Matcher],
        range_ms: (i64, i64),
        limit: usize,
    ) -> Result<Vec<Arc<SeriesInfo>>, StoreError> {
        let all = self.series.lock();
        let within = range_ms.0..=range_ms.1;
        let found = all
            .iter()
            .filter(|one| matchers.iter().all(|m| m.selects(&one.series.labels)))
            .filter(|one| {
                one.samples
                    .iter()
                    .any(|sample| within.contains(&sample.at_ms))
            });
        Ok(found.map(|one| one.series.clone()).take(limit).collect())
    }

    async fn describe(&self, ids: &[SeriesId]) -> Result<Vec<Option<Arc<SeriesInfo>>>, StoreError> {
        let all = self.series.lock();
        let find = |id: &SeriesId| all.iter().find(|one| one.series.id == *id);
        Ok(ids
            .iter()
            .map(|id| find(id).map(|one| one.series.clone()))
            .collect())
    }

    async fn retain(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn delete(&self, matchers: &[Matcher]) -> Result<u64, StoreError> {
        let mut all = self.series.lock();
        let before = all.len();
        all.retain(|one| !matchers.iter().all(|m| m.selects(&one.series.labels)));
        Ok((before - all.len()) as u64)
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
        let all = self.series.lock();
        Ok(MetricStats {
            series: all.len() as u64,
            samples: all.iter().map(|one| one.samples.len() as u64).sum(),
            ..MetricStats::default()
        })
    }
}

#[async_trait]
impl MetricQueries for World {
    async fn range(
        &self,
        query: &str,
        range_ms: (i64, i64),
        step_ms: i64,
    ) -> Result<Vec<QuerySeries>, StoreError> {
        let matchers = selector(query)
            .ok_or_else(|| StoreError::Invalid(format!("`{query}` is no selector")))?;
        let all = self.series.lock();
        let chosen = all
            .iter()
            .filter(|one| matchers.iter().all(|m| m.selects(&one.series.labels)));
        let mut found: Vec<QuerySeries> =
            chosen.map(|one| at_steps(one, range_ms, step_ms)).collect();
        found.retain(|one| !one.samples.is_empty());
        Ok(found)
    }
}

/// `name{label="value"}` as matchers.
fn selector(query: &str) -> Option<Vec<Matcher>> {
    // The growth of a counter is told as its values.
    let query = query.strip_prefix("rate(").unwrap_or(query);
    let query = query.strip_suffix("[5m])").unwrap_or(query);
    let (name, rest) = query.split_once('{').unwrap_or((query, "}"));
    let pairs = rest.strip_suffix('}')?;
    let pairs = pairs.split(',').filter(|pair| !pair.trim().is_empty());
    let mut matchers: Vec<Matcher> = pairs
        .map(|pair| {
            let (label, value) = pair.split_once('=')?;
            Matcher::new(MatchOp::Equal, label.trim(), value.trim().trim_matches('"')).ok()
        })
        .collect::<Option<_>>()?;
    if !name.trim().is_empty() {
        matchers.push(Matcher::new(MatchOp::Equal, "__name__", name.trim()).ok()?);
    }
    Some(matchers)
}

fn at_steps(one: &SeriesSamples, (from_ms, to_ms): (i64, i64), step_ms: i64) -> QuerySeries {
    let mut samples = Vec::new();
    let mut at_ms = from_ms;
    while at_ms <= to_ms {
        let before = one
            .samples
            .iter()
            .rev()
            .find(|sample| sample.at_ms <= at_ms);
        let value = before.filter(|sample| at_ms - sample.at_ms <= 300_000);
        samples.extend(value.map(|sample| Sample { at_ms, ..*sample }));
        at_ms += step_ms.max(1);
    }
    let labels = one.series.labels.iter();
    QuerySeries {
        labels: labels
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        samples,
    }
}

#[async_trait]
impl MetricInsight for World {
    async fn chart(
        &self,
        _: SeriesId,
        _: (i64, i64),
        _: usize,
    ) -> Result<Option<SeriesChart>, StoreError> {
        Ok(None)
    }

    async fn forecast(
        &self,
        _: SeriesId,
        _: i64,
        _: Timestamp,
    ) -> Result<Option<SeriesForecast>, StoreError> {
        Ok(None)
    }
}
