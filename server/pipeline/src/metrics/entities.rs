//! Does a host behave unlike itself? All series of a host as one row a minute.
//!
//! The detector of a host is trained in the background on its last day, again every hour, one host
//! at a time. It finds what no single series shows: values that are usual by themselves and never
//! came together. Its state is not kept: a day in the store is all it needs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::metric::{
    Anomaly, Band, FindingId, MatchOp, Matcher, NAME_LABEL, Selection, is_stale,
};
use tocsin_domain::ports::{AnomalyStore, Clock, MetricStore, SeriesSamples, StoreError};
use tocsin_domain::{Labels, SeriesId};
use tocsin_forest::{EntityConfig, EntityDetector, EntityVerdict, Matrix};
use tokio_util::sync::CancellationToken;

use super::insight::is_rate;

/// The label by which series belong to a host.
const ENTITY_LABEL: &str = "host";
/// The name under which findings about a host are kept.
pub const NAME: &str = "host_behaviour";
/// A row is so long, in ms.
const ROW_MS: i64 = 60_000;
/// Rows that a detector is trained on at most: a day.
const ROWS_MAX: i64 = 1440;
/// Rows that a detector needs.
const ROWS_MIN: usize = 120;
/// Hosts that are watched.
const HOSTS_MAX: usize = 1000;
/// Series of a host that are watched; the first by their labels.
const SERIES_MAX: usize = 64;
/// How long a trained detector serves, in ms.
const TRAINED_MS: i64 = 3_600_000;
/// From this probability on, for [`ROWS_TO_BEGIN`] rows, an anomaly begins.
const BEGIN_AT: f64 = 0.9;
const ROWS_TO_BEGIN: u32 = 3;
/// Below this probability, for [`ROWS_TO_END`] rows, it ends.
const END_BELOW: f64 = 0.5;
const ROWS_TO_END: u32 = 5;

/// What the watch works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct EntityParts {
    /// Where points are.
    pub metrics: Arc<dyn MetricStore>,
    /// Where findings go.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// One host.
#[derive(Debug, Default)]
struct Entity {
    trained: Option<Trained>,
    /// Rows in turn that call for the other state.
    turning: u32,
    open: Option<Anomaly>,
    /// The next attempt to train, in ms.
    train_at_ms: i64,
}

#[derive(Debug)]
struct Trained {
    detector: EntityDetector,
    /// Whose values the columns are, and how they are called.
    columns: Vec<(SeriesId, String)>,
}

/// The watch over all hosts.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct EntityWatch {
    parts: EntityParts,
    entities: BTreeMap<String, Entity>,
}

impl EntityWatch {
    /// Knows no host yet.
    #[must_use]
    pub fn new(parts: EntityParts) -> Self {
        Self {
            parts,
            entities: BTreeMap::new(),
        }
    }

    /// Watches until it is cancelled.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut every = tokio::time::interval(Duration::from_millis(ROW_MS as u64));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = every.tick() => {}
            }
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "hosts were not judged this minute");
            }
        }
    }

    /// Judges the newest row of each host, and trains the one that waits longest.
    async fn turn(&mut self) -> Result<(), StoreError> {
        let now_ms = self.parts.clock.now().millis();
        self.discover(now_ms).await?;
        let due = self
            .entities
            .iter()
            .filter(|(_, entity)| entity.train_at_ms <= now_ms);
        if let Some(host) = due
            .min_by_key(|(_, e)| e.train_at_ms)
            .map(|(h, _)| h.clone())
        {
            let trained = self.train(&host, now_ms).await?;
            if let Some(entity) = self.entities.get_mut(&host) {
                // One that has too little yet is tried again soon.
                let wait = if trained.is_some() {
                    TRAINED_MS
                } else {
                    10 * ROW_MS
                };
                entity.train_at_ms = now_ms + wait;
                entity.trained = trained.or(entity.trained.take());
            }
        }
        let hosts: Vec<String> = self.entities.keys().cloned().collect();
        for host in hosts {
            self.judge(&host, now_ms).await?;
        }
        Ok(())
    }

    async fn discover(&mut self, now_ms: i64) -> Result<(), StoreError> {
        let matchers = [matcher(MatchOp::NotEqual, ENTITY_LABEL, "")?];
        let range = (now_ms - 10 * ROW_MS, now_ms);
        let found = self.parts.metrics.series(&matchers, range, 200_000).await?;
        for info in found {
            let host = info.labels.get(ENTITY_LABEL);
            if self.entities.len() < HOSTS_MAX && !self.entities.contains_key(host) {
                self.entities.insert(host.to_owned(), Entity::default());
            }
        }
        Ok(())
    }

    async fn read(&self, host: &str, range: (i64, i64)) -> Result<Vec<SeriesSamples>, StoreError> {
        let matchers = vec![
            matcher(MatchOp::Equal, ENTITY_LABEL, host)?,
            matcher(
                MatchOp::MatchesNot,
                NAME_LABEL,
                "log_records_total|.*_bucket|.*_created|process_.*",
            )?,
        ];
        let series = self
            .parts
            .metrics
            .series(&matchers, range, SERIES_MAX)
            .await?;
        let mut found = Vec::with_capacity(series.len());
        for info in series {
            let labels = info.labels.iter();
            let exactly = labels.map(|(name, value)| matcher(MatchOp::Equal, name, value));
            let selection = Selection {
                matchers: exactly.collect::<Result<_, _>>()?,
                from_ms: range.0,
                to_ms: range.1,
                series_max: 1000,
                samples_max: 1_000_000,
            };
            let selected = self.parts.metrics.select(&selection).await?;
            found.extend(selected.into_iter().find(|one| one.series.id == info.id));
        }
        Ok(found)
    }

    async fn train(&self, host: &str, now_ms: i64) -> Result<Option<Trained>, StoreError> {
        let from_ms = now_ms - ROWS_MAX * ROW_MS;
        let found = self.read(host, (from_ms, now_ms)).await?;
        if found.len() < 2 {
            return Ok(None);
        }
        let work = tokio::task::spawn_blocking(move || {
            let columns: Vec<Vec<f32>> = found.iter().map(|one| column(one, from_ms)).collect();
            let rows = ROWS_MAX as usize;
            let first = (0..rows).find(|row| columns.iter().any(|c| c[*row].is_finite()))?;
            if rows - first < ROWS_MIN {
                return None;
            }
            let values = (first..rows).flat_map(|row| columns.iter().map(move |c| c[row]));
            let matrix = Matrix::new(values.collect(), columns.len())?;
            let detector = EntityDetector::train(&matrix, 1, &EntityConfig::default());
            let named = found.iter();
            let columns = named.map(|one| (one.series.id, one.series.labels.to_string()));
            detector.is_ready().then(|| Trained {
                detector,
                columns: columns.collect(),
            })
        });
        work.await
            .map_err(|error| StoreError::Unavailable(Box::new(error)))
    }

    async fn judge(&mut self, host: &str, now_ms: i64) -> Result<(), StoreError> {
        let is_trained = self.entities.get(host).is_some_and(|e| e.trained.is_some());
        if !is_trained {
            return Ok(());
        }
        // The newest whole row.
        let end_ms = now_ms.div_euclid(ROW_MS) * ROW_MS;
        let from_ms = end_ms - 2 * ROW_MS;
        let found = self.read(host, (from_ms, end_ms - 1)).await?;
        let Some(entity) = self.entities.get_mut(host) else {
            return Ok(());
        };
        let Some(trained) = &entity.trained else {
            return Ok(());
        };
        let newest: HashMap<SeriesId, f32> = found
            .iter()
            .map(|one| (one.series.id, column(one, from_ms)[1]))
            .collect();
        let columns = trained.columns.iter();
        let row: Vec<f32> = columns
            .map(|(id, _)| newest.get(id).copied().unwrap_or(f32::NAN))
            .collect();
        let verdict = trained.detector.score(&row);
        let sentence = explain(host, &verdict, &trained.columns);
        if let Some(anomaly) = entity.step(host, &verdict, &sentence, end_ms) {
            self.parts.anomalies.record_anomalies(vec![anomaly]).await?;
        }
        Ok(())
    }
}

impl Entity {
    /// The state machine of a host's anomaly; gives what is to be kept.
    fn step(
        &mut self,
        host: &str,
        verdict: &EntityVerdict,
        sentence: &str,
        at_ms: i64,
    ) -> Option<Anomaly> {
        let turns = match &self.open {
            None => verdict.probability >= BEGIN_AT,
            Some(_) => verdict.probability < END_BELOW,
        };
        self.turning = if turns { self.turning + 1 } else { 0 };
        if let Some(mut anomaly) = self.open.take() {
            if self.turning < ROWS_TO_END {
                self.open = Some(anomaly);
                return None;
            }
            self.turning = 0;
            anomaly.ended_ms = Some(at_ms);
            return Some(anomaly);
        }
        if self.turning < ROWS_TO_BEGIN {
            return None;
        }
        self.turning = 0;
        let labels = Labels::new([(NAME_LABEL, NAME), (ENTITY_LABEL, host)]).ok()?;
        let anomaly = Anomaly {
            id: FindingId::new(labels.id(), at_ms),
            series: labels.id(),
            labels,
            detector: "multivariate".into(),
            score: verdict.probability,
            observed: verdict.distance,
            expected: Band {
                yhat: 0.0,
                yhat_lower: 0.0,
                yhat_upper: 3.0,
            },
            started_ms: at_ms,
            ended_ms: None,
            explanation: sentence.to_owned(),
            feedback: None,
        };
        self.open = Some(anomaly.clone());
        Some(anomaly)
    }
}

fn explain(host: &str, verdict: &EntityVerdict, columns: &[(SeriesId, String)]) -> String {
    let parts = verdict.contributions.iter().take(3).filter_map(|part| {
        let (_, name) = columns.get(part.column as usize)?;
        let (observed, expected) = (part.observed, part.expected);
        Some(format!(
            "{name} is {observed:.3}, beside the others {expected:.3} was expected"
        ))
    });
    let parts: Vec<String> = parts.collect();
    format!("{host} behaves unlike itself: {}", parts.join("; "))
}

/// A value for each row from `from_ms` on: the mean of gauges, the growth per second of counters.
fn column(found: &SeriesSamples, from_ms: i64) -> Vec<f32> {
    let mut sums = vec![(0.0f64, 0u32); ROWS_MAX as usize];
    let as_rate = is_rate(&found.series);
    let mut last: Option<(i64, f64)> = None;
    for sample in found
        .samples
        .iter()
        .filter(|sample| !is_stale(sample.value))
    {
        let before = last.replace((sample.at_ms, sample.value));
        let value = match before {
            _ if !as_rate => sample.value,
            Some((at, value)) if sample.at_ms > at => {
                let grown = if sample.value < value {
                    sample.value
                } else {
                    sample.value - value
                };
                grown / ((sample.at_ms - at) as f64 / 1000.0)
            }
            _ => continue,
        };
        let row = usize::try_from((sample.at_ms - from_ms) / ROW_MS).unwrap_or(usize::MAX);
        if let Some((sum, count)) = sums.get_mut(row).filter(|_| value.is_finite()) {
            *sum += value;
            *count += 1;
        }
    }
    let mean = |(sum, count): (f64, u32)| (sum / f64::from(count)) as f32;
    sums.into_iter().map(mean).collect()
}

fn matcher(op: MatchOp, name: &str, value: &str) -> Result<Matcher, StoreError> {
    Matcher::new(op, name, value).map_err(|error| StoreError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(probability: f64) -> EntityVerdict {
        EntityVerdict {
            score: 5.0,
            tail_probability: 1e-5,
            probability,
            forest_score: 0.7,
            distance: 9.0,
            contributions: Vec::new(),
            missing: Vec::new(),
            unjudged: Vec::new(),
        }
    }

    #[test]
    fn a_host_is_told_after_three_odd_rows_and_let_go_after_five_usual_ones() {
        let mut entity = Entity::default();
        let mut told = Vec::new();
        let rows = [
            0.95, 0.95, 0.1, 0.95, 0.95, 0.95, 0.95, 0.2, 0.2, 0.95, 0.2, 0.2, 0.2, 0.2, 0.2,
        ];
        for (minute, probability) in (1..).zip(rows) {
            told.extend(entity.step("web-1", &verdict(probability), "odd", minute * ROW_MS));
        }
        let times: Vec<_> = told
            .iter()
            .map(|a| (a.started_ms / ROW_MS, a.ended_ms.map(|e| e / ROW_MS)))
            .collect();
        assert_eq!(times, [(6, None), (6, Some(15))]);
    }
}
