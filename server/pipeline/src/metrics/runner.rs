//! The loop of a partition of metrics: from the bus into the store and past the detectors.
//!
//! Points are readable once they were appended. From time to time the store writes them to disk
//! together with its position, then the detectors' state is kept with the same position, and only
//! then is the bus told. Killed anywhere, the loop reads again from the older of both positions:
//! the store passes over what it has, and the detectors see exactly what their state lacks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tocsin_domain::metric::{Anomaly, Band, FindingId};
use tocsin_domain::ports::{
    AnomalyStore, Bus, BusError, Clock, MetricStore, SeriesInfo, StoreError,
};
use tocsin_domain::{Delivery, Offset, Partition, Payload, SeriesId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::detect::{DetectStage, Finding};
use crate::config::MetricsConfig;
use crate::spans;

/// The name of the detectors' state in the store.
const STATE: &str = "detect";
/// How long to wait after a store or the bus failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often series are looked for whose data stay away.
const TICK_EVERY: Duration = Duration::from_secs(30);

/// What the loop works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct MetricPipelineParts {
    /// Where batches come from.
    pub bus: Arc<dyn Bus>,
    /// Where points go.
    pub metrics: Arc<dyn MetricStore>,
    /// Where anomalies go.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// What the loops have done since the start; shared with the metrics.
#[derive(Debug, Default)]
pub struct MetricProgress {
    /// Points stored.
    pub points: AtomicU64,
    /// Anomalies that began.
    pub anomalies: AtomicU64,
    /// Times that a step had to be tried again.
    pub retries: AtomicU64,
    /// Series that are judged, by partition.
    pub judged: [AtomicU64; tocsin_domain::metric::METRIC_SHARDS as usize],
    /// Series whose shape is watched.
    pub shapes_watched: AtomicU64,
    /// Series whose shape is not watched: those in training, those without a place, and those
    /// that do not move or have too few points.
    pub shapes_unwatched: AtomicU64,
}

/// The loop of one partition.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct MetricPipeline {
    partition: Partition,
    parts: MetricPipelineParts,
    config: MetricsConfig,
    progress: Arc<MetricProgress>,
    /// Taken out while a blocking thread judges with it.
    stage: Option<DetectStage>,
    /// The last offset that store and detectors took.
    taken: Offset,
    /// The last offset that is in the state on disk.
    kept: Offset,
    /// Bytes of points since the last flush, about.
    waiting_bytes: usize,
    waiting_since: Option<Instant>,
    tick_at: Instant,
}

impl MetricPipeline {
    /// Prepares the loop of a partition, with the detectors' state as it was last kept.
    ///
    /// # Errors
    /// [`StoreError`] if the state cannot be read.
    pub async fn open(
        partition: Partition,
        parts: MetricPipelineParts,
        config: MetricsConfig,
        progress: Arc<MetricProgress>,
    ) -> Result<Self, StoreError> {
        parts.metrics.reopen(partition).await?;
        let fresh = || DetectStage::new(config.detect.clone());
        let (kept, stage) = match parts.metrics.load_state(partition, STATE).await? {
            Some((offset, state)) => match DetectStage::restore(config.detect.clone(), &state) {
                Ok(stage) => (offset, stage),
                Err(error) => {
                    tracing::warn!(partition = partition.0, %error, "the detectors start afresh");
                    (offset, fresh())
                }
            },
            None => (Offset(0), fresh()),
        };
        let taken = kept.max(parts.bus.acknowledged(partition));
        Ok(Self {
            partition,
            parts,
            config,
            progress,
            stage: Some(stage),
            taken,
            kept,
            waiting_bytes: 0,
            waiting_since: None,
            tick_at: Instant::now() + TICK_EVERY,
        })
    }

    /// Works until the bus is closed and read to its end, or until it is told to stop, then writes
    /// everything to disk.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            match self.turn(&stop).await {
                Ok(Turn::Done) => {}
                Ok(Turn::Last) => break,
                // Whoever holds the partition now has read it again: not a word more.
                Ok(Turn::Lost) => return,
                Err(error) => {
                    let pause = self.wait_after(&error);
                    if stop.run_until_cancelled(pause).await.is_none() {
                        break;
                    }
                }
            }
        }
        if let Err(error) = self.settle().await {
            tracing::warn!(
                partition = self.partition.0,
                %error,
                "points in memory could not be written; they will be read again at the next start"
            );
        }
    }

    async fn wait_after(&self, error: &StoreError) {
        self.progress.retries.fetch_add(1, Ordering::Relaxed);
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(partition = self.partition.0, %error, cause, "will try again");
        tokio::time::sleep(RETRY_AFTER).await;
    }

    /// Waits for deliveries or the time, and does what is due.
    async fn turn(&mut self, stop: &CancellationToken) -> Result<Turn, StoreError> {
        let flush_after = Duration::from_secs(self.config.flush_secs.max(1));
        let flush_at = self.waiting_since.map(|since| since + flush_after);
        let due = flush_at.map_or(self.tick_at, |at| at.min(self.tick_at));
        let bytes = self.config.read_bytes_max;
        let read = self.parts.bus.read(self.partition, self.taken, bytes);
        let deliveries = tokio::select! {
            () = stop.cancelled() => return Ok(Turn::Last),
            deliveries = read => deliveries,
            () = tokio::time::sleep_until(due) => {
                self.tick().await?;
                if flush_at.is_some_and(|at| at <= Instant::now()) {
                    self.settle().await?;
                }
                return Ok(Turn::Done);
            }
        };
        match deliveries {
            Ok(deliveries) => {
                for delivery in deliveries {
                    self.take(delivery).await?;
                }
                if self.waiting_bytes >= self.config.flush_bytes {
                    self.settle().await?;
                }
                Ok(Turn::Done)
            }
            Err(BusError::Closed) => Ok(Turn::Last),
            Err(BusError::Fenced) => Ok(Turn::Lost),
            Err(error) => Err(StoreError::Unavailable(Box::new(error))),
        }
    }

    async fn take(&mut self, delivery: Delivery) -> Result<(), StoreError> {
        let Delivery { offset, event } = delivery;
        let source = match &event.payload {
            Payload::Metrics(batch) => batch.source.clone(),
            _ => Arc::from(""),
        };
        let span = spans::process(event.trace, (self.partition, offset), &source);
        let done = self.process(offset, event.payload);
        let done = done.instrument(span.clone()).await;
        tocsin_trace::note(&span, &done);
        done
    }

    async fn process(&mut self, offset: Offset, payload: Payload) -> Result<(), StoreError> {
        let findings = match payload {
            Payload::Metrics(batch) => {
                let batch = Arc::new(batch);
                let append = self
                    .parts
                    .metrics
                    .append(self.partition, offset, batch.clone());
                append.instrument(spans::store_points(batch.len())).await?;
                self.waiting_bytes += batch.len() * 16 + batch.arena.len();
                let points = batch.len() as u64;
                self.progress.points.fetch_add(points, Ordering::Relaxed);
                let span = spans::detect(batch.len());
                let judged = self.judge(move |stage| stage.step(&batch));
                judged.instrument(span).await?
            }
            Payload::Feedback(feedback) => {
                let heard = self.judge(move |stage| {
                    stage.feedback(feedback);
                    Vec::new()
                });
                heard.await?
            }
            // Kinds of event that a later version adds are not ours.
            _ => Vec::new(),
        };
        // The detectors have seen it: an error from here on must not show it to them again.
        self.taken = offset;
        self.waiting_since.get_or_insert_with(Instant::now);
        self.report(findings).await;
        Ok(())
    }

    /// Lets the stage work off the async threads; it travels there and back.
    async fn judge(
        &mut self,
        work: impl FnOnce(&mut DetectStage) -> Vec<Finding> + Send + 'static,
    ) -> Result<Vec<Finding>, StoreError> {
        let Some(mut stage) = self.stage.take() else {
            return Err(StoreError::Invalid(
                "the detectors were lost to a panic".into(),
            ));
        };
        let done = tokio::task::spawn_blocking(move || {
            let findings = work(&mut stage);
            (stage, findings)
        });
        let (stage, findings) = done
            .await
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let judged = &self.progress.judged[usize::from(self.partition.0) % 4];
        judged.store(stage.series() as u64, Ordering::Relaxed);
        self.stage = Some(stage);
        Ok(findings)
    }

    async fn tick(&mut self) -> Result<(), StoreError> {
        if Instant::now() < self.tick_at {
            return Ok(());
        }
        self.tick_at = Instant::now() + TICK_EVERY;
        let now_ms = self.parts.clock.now().millis();
        let findings = self.judge(move |stage| stage.tick(now_ms)).await?;
        self.report(findings).await;
        Ok(())
    }

    /// Keeps what was found; tries until it is kept, since the detectors will not say it again.
    async fn report(&self, findings: Vec<Finding>) {
        if findings.is_empty() {
            return;
        }
        let begun = findings.iter().filter(|finding| !finding.is_end).count() as u64;
        self.progress.anomalies.fetch_add(begun, Ordering::Relaxed);
        loop {
            match self.keep(&findings).await {
                Ok(()) => return,
                Err(error) => self.wait_after(&error).await,
            }
        }
    }

    async fn keep(&self, findings: &[Finding]) -> Result<(), StoreError> {
        let ids: Vec<SeriesId> = findings.iter().map(|finding| finding.series).collect();
        let known = self.parts.metrics.describe(&ids).await?;
        let pairs = findings.iter().zip(known);
        let anomalies = pairs.filter_map(|(finding, info)| Some(anomaly(finding, &*info?)));
        self.parts
            .anomalies
            .record_anomalies(anomalies.collect())
            .await
    }

    /// Points to disk, then the detectors' state, then the bus may forget.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let durable = self.parts.metrics.flush(self.partition).await?;
        if self.taken > self.kept
            && let Some(stage) = self.stage.take()
        {
            let work = tokio::task::spawn_blocking(move || {
                let state = stage.snapshot();
                (stage, state)
            });
            let (stage, state) = work
                .await
                .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
            self.stage = Some(stage);
            let (metrics, taken) = (&self.parts.metrics, self.taken);
            metrics
                .save_state(self.partition, STATE, taken, state)
                .await?;
            self.kept = taken;
        }
        self.waiting_bytes = 0;
        self.waiting_since = None;
        let through = durable.min(self.kept);
        if through > self.parts.bus.acknowledged(self.partition) {
            let acknowledged = self.parts.bus.acknowledge(self.partition, through).await;
            acknowledged.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        }
        Ok(())
    }
}

/// How a turn of the loop ended.
enum Turn {
    Done,
    /// The bus is closed, or the loop is told to stop.
    Last,
    /// Another process works on the partition.
    Lost,
}

/// A finding as it is kept.
fn anomaly(finding: &Finding, info: &SeriesInfo) -> Anomaly {
    let verdict = &finding.verdict;
    let name = info.labels.to_string();
    let band = verdict.band;
    Anomaly {
        id: FindingId::new(finding.series, finding.started_ms),
        series: finding.series,
        labels: info.labels.clone(),
        detector: verdict.detector.name().to_owned(),
        score: f64::from(verdict.probability),
        observed: verdict.observed,
        expected: Band {
            yhat: band.yhat,
            yhat_lower: band.yhat_lower,
            yhat_upper: band.yhat_upper,
        },
        started_ms: finding.started_ms,
        ended_ms: finding.is_end.then_some(finding.at_ms),
        explanation: verdict.explain(&name).to_string(),
        feedback: None,
    }
}
