//! Does a host behave unlike itself? All series of a host as one row a minute.
//!
//! The detector of a host is trained in the background on its last day, or on what came after the
//! last change of a level within that day, again every hour, one host at a time. It finds what no
//! single series shows: values that are usual by themselves and never came together. Its state is
//! not kept: a day in the store is all it needs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::metric::{Anomaly, Band, FindingId, MatchOp, NAME_LABEL};
use tocsin_domain::ports::{SeriesInfo, SeriesSamples, StoreError};
use tocsin_domain::{Labels, SeriesId};
use tocsin_forest::{EntityConfig, EntityDetector, EntityVerdict, Matrix};
use tokio_util::sync::CancellationToken;

use super::episode::{Episode, WatchParts, left_open};
use super::regime;
use super::rows::{self, ROW_MS, matcher};

/// The label by which series belong to a host.
const ENTITY_LABEL: &str = "host";
/// The name under which findings about a host are kept.
pub const NAME: &str = "host_behaviour";
/// What the detector is called.
const DETECTOR: &str = "multivariate";
/// Rows that a detector is trained on at most: a day.
const ROWS_MAX: usize = 1440;
/// Rows that a detector needs.
const ROWS_MIN: usize = 120;
/// Rows that are left of the day at least when what was before a change is cut off.
const ROWS_AFTER_CHANGE_MIN: usize = 240;
/// Hosts that are watched.
const HOSTS_MAX: usize = 1000;
/// Series of a host that are watched; the first by their labels.
const SERIES_MAX: usize = 64;
/// How long a trained detector serves, in ms.
const TRAINED_MS: i64 = 3_600_000;
/// How long after a training that came to nothing the next one is tried, in ms.
const RETRY_MS: i64 = 10 * ROW_MS;

/// One host.
#[derive(Debug, Default)]
struct Entity {
    trained: Option<Trained>,
    episode: Episode,
    /// The next attempt to train, in ms.
    train_at_ms: i64,
}

#[derive(Debug)]
struct Trained {
    detector: EntityDetector,
    /// Whose values the columns are.
    columns: Vec<Arc<SeriesInfo>>,
}

/// The watch over all hosts.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct EntityWatch {
    parts: WatchParts,
    entities: BTreeMap<String, Entity>,
}

impl EntityWatch {
    /// A watch that takes up what the last one left open.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(parts: WatchParts) -> Result<Self, StoreError> {
        let adopted = left_open(&parts.anomalies, DETECTOR).await?;
        let entities = adopted.into_iter().map(|anomaly| {
            let entity = Entity {
                episode: Episode::adopted(anomaly.clone()),
                ..Entity::default()
            };
            (anomaly.labels.get(ENTITY_LABEL).to_owned(), entity)
        });
        Ok(Self {
            entities: entities.collect(),
            parts,
        })
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
    pub(super) async fn turn(&mut self) -> Result<(), StoreError> {
        let now_ms = self.parts.clock.now().millis();
        let mut live = self.discover(now_ms).await?;
        let due = self
            .entities
            .iter()
            .filter(|(_, entity)| entity.train_at_ms <= now_ms);
        if let Some(host) = due
            .min_by_key(|(_, e)| e.train_at_ms)
            .map(|(h, _)| h.clone())
        {
            let series = live.remove(&host).unwrap_or_default();
            self.renew(&host, series, now_ms).await?;
        }
        let hosts: Vec<String> = self.entities.keys().cloned().collect();
        for host in hosts {
            self.judge(&host, now_ms).await?;
        }
        Ok(())
    }

    /// The series of each host that sends, and a place for each host that is new.
    async fn discover(
        &mut self,
        now_ms: i64,
    ) -> Result<HashMap<String, Vec<Arc<SeriesInfo>>>, StoreError> {
        let of_a_host = matcher(MatchOp::NotEqual, ENTITY_LABEL, "")?;
        let mut live: HashMap<String, Vec<Arc<SeriesInfo>>> = HashMap::new();
        for info in rows::live(&self.parts.metrics, Some(of_a_host), now_ms).await? {
            let host = info.labels.get(ENTITY_LABEL).to_owned();
            if self.entities.len() < HOSTS_MAX {
                self.entities.entry(host.clone()).or_default();
            }
            let series = live.entry(host).or_default();
            if series.len() < SERIES_MAX {
                series.push(info);
            }
        }
        Ok(live)
    }

    /// Trains a host anew. One that has too little is tried again soon; it keeps its detector, and
    /// without one the anomaly that lasts is ended, since nobody could.
    async fn renew(
        &mut self,
        host: &str,
        series: Vec<Arc<SeriesInfo>>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let trained = self.train(series, rows::newest_end_ms(now_ms)).await?;
        let Some(entity) = self.entities.get_mut(host) else {
            return Ok(());
        };
        let is_trained = trained.is_some();
        entity.train_at_ms = now_ms + if is_trained { TRAINED_MS } else { RETRY_MS };
        entity.trained = trained.or(entity.trained.take());
        if entity.trained.is_none()
            && let Some(ended) = entity.episode.end(now_ms)
        {
            self.parts.anomalies.record_anomalies(vec![ended]).await?;
        }
        Ok(())
    }

    async fn train(
        &self,
        series: Vec<Arc<SeriesInfo>>,
        end_ms: i64,
    ) -> Result<Option<Trained>, StoreError> {
        let from_ms = end_ms - ROWS_MAX as i64 * ROW_MS;
        let mut found = Vec::with_capacity(series.len());
        for info in series {
            found.extend(rows::read(&self.parts.metrics, &info, (from_ms, end_ms)).await?);
        }
        let work = tokio::task::spawn_blocking(move || train(&found, from_ms));
        work.await
            .map_err(|error| StoreError::Unavailable(Box::new(error)))
    }

    async fn judge(&mut self, host: &str, now_ms: i64) -> Result<(), StoreError> {
        let Some(entity) = self.entities.get_mut(host) else {
            return Ok(());
        };
        let Some(trained) = &entity.trained else {
            return Ok(());
        };
        let end_ms = rows::newest_end_ms(now_ms);
        // The row before it, from which a counter grew.
        let from_ms = end_ms - 2 * ROW_MS;
        let mut row = Vec::with_capacity(trained.columns.len());
        for info in &trained.columns {
            let found = rows::read(&self.parts.metrics, info, (from_ms, end_ms)).await?;
            let newest = found.map_or(f64::NAN, |one| rows::column(&one, from_ms, 2)[1]);
            row.push(newest as f32);
        }
        let verdict = trained.detector.score(&row);
        let begin = || begin(host, &verdict, &trained.columns, end_ms);
        if let Some(anomaly) = entity.episode.step(verdict.probability, end_ms, begin) {
            self.parts.anomalies.record_anomalies(vec![anomaly]).await?;
        }
        Ok(())
    }
}

/// A detector of what was found, from the last change on. `None` where that is too little.
fn train(found: &[SeriesSamples], from_ms: i64) -> Option<Trained> {
    if found.len() < 2 {
        return None;
    }
    let columns = found
        .iter()
        .map(|one| rows::column(one, from_ms, ROWS_MAX))
        .collect::<Vec<Vec<f64>>>();
    let known = (0..ROWS_MAX).find(|row| columns.iter().any(|c| c[*row].is_finite()))?;
    if ROWS_MAX - known < ROWS_MIN {
        return None;
    }
    // Of a wave the last change is a part of it; enough rows are left that it does no harm.
    let changes = columns
        .iter()
        .map(|column| known + regime::begins_at(&column[known..], None, ROWS_AFTER_CHANGE_MIN));
    let first = changes.max().unwrap_or(known);
    let values = (first..ROWS_MAX).flat_map(|row| columns.iter().map(move |c| c[row] as f32));
    let matrix = Matrix::new(values.collect(), columns.len())?;
    let detector = EntityDetector::train(&matrix, 1, &EntityConfig::default());
    detector.is_ready().then(|| Trained {
        detector,
        columns: found.iter().map(|one| one.series.clone()).collect(),
    })
}

/// The anomaly of a host, as it is kept.
fn begin(
    host: &str,
    verdict: &EntityVerdict,
    columns: &[Arc<SeriesInfo>],
    at_ms: i64,
) -> Option<Anomaly> {
    let labels = Labels::new([(NAME_LABEL, NAME), (ENTITY_LABEL, host)]).ok()?;
    let series: SeriesId = labels.id();
    Some(Anomaly {
        id: FindingId::new(series, at_ms),
        series,
        labels,
        detector: DETECTOR.into(),
        score: verdict.probability,
        observed: verdict.distance,
        expected: Band {
            yhat: 0.0,
            yhat_lower: 0.0,
            yhat_upper: 3.0,
        },
        started_ms: at_ms,
        ended_ms: None,
        explanation: explain(host, verdict, columns),
        feedback: None,
    })
}

fn explain(host: &str, verdict: &EntityVerdict, columns: &[Arc<SeriesInfo>]) -> String {
    let parts = verdict.contributions.iter().take(3).filter_map(|part| {
        let name = &columns.get(part.column as usize)?.labels;
        let (observed, expected) = (part.observed, part.expected);
        Some(format!(
            "{name} is {observed:.3}, beside the others {expected:.3} was expected"
        ))
    });
    let parts: Vec<String> = parts.collect();
    format!("{host} behaves unlike itself: {}", parts.join("; "))
}
