//! The runner: one loop a partition that moves batches from the bus through the stages.
//!
//! It owns channels, time, batching and the order of effects: templates are registered before the
//! lines that have them are stored, alerts are told once those can be opened, and the bus is
//! acknowledged only after the log store has the lines on disk and the alerts were kept. Killed anywhere, the loop resumes at the store's own position and repeats only
//! what every stage passes over the second time.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tocsin_domain::ports::{Bus, BusError, Classifier, LogStore, StoreError, TemplateStore};
use tocsin_domain::{Delivery, Offset, Partition, Payload, TraceContext};
use tocsin_templates::MinerConfig;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::aggregate::AlertInbox;
use crate::alert_rules::LogRules;
use crate::config::PipelineConfig;
use crate::enrich::EnrichQueue;
use crate::live::LiveHub;
use crate::metrics::log_watch::{LogWatch, LogWatchParts};
use crate::parse::{ParseStage, Parsed};
use crate::sessions::{SessionParts, SessionWatch};
use crate::spans;

/// How long to wait after a store or the bus failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often a miner's state is kept at most; it is kept at the end in any case.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(30);
/// How often it is looked whether counters of lines are due.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// What the pipeline works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct PipelineParts {
    /// Where batches come from.
    pub bus: Arc<dyn Bus>,
    /// Where lines go.
    pub logs: Arc<dyn LogStore>,
    /// Where templates are registered.
    pub templates: Arc<dyn TemplateStore>,
    /// Where new templates get their vectors.
    pub enrich: EnrichQueue,
    /// Who watches.
    pub live: Arc<LiveHub>,
    /// Where what lines say to metrics goes.
    pub watch: LogWatchParts,
    /// What sessions of lines are judged with.
    pub sessions: SessionParts,
    /// What lines speak of.
    pub classifier: Arc<dyn Classifier>,
    /// Where what lines say to people goes.
    pub alerts: Arc<dyn AlertInbox>,
}

/// What the pipeline has done since the start; shared with the metrics.
#[derive(Debug, Default)]
pub struct Progress {
    /// Lines stored.
    pub records: AtomicU64,
    /// Times that a stage had to be tried again.
    pub retries: AtomicU64,
    /// Templates met for the first time.
    pub templates: AtomicU64,
}

/// The loop of one partition.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct Pipeline {
    partition: Partition,
    parts: PipelineParts,
    config: PipelineConfig,
    progress: Arc<Progress>,
    /// Taken out while a blocking thread parses with it.
    stage: Option<ParseStage>,
    /// The last offset that the log store and the writer of alerts took.
    stored: Offset,
    /// What the log store had on disk at the start; it was counted and shown before.
    seen_before: Offset,
    rules: LogRules,
    /// Since when lines wait in memory; none if nothing waits.
    waiting_since: Option<Instant>,
    kept_at: Instant,
    watch: LogWatch,
    sessions: SessionWatch,
    watch_at: Instant,
}

impl Pipeline {
    /// Prepares the loop of a partition, with the miner's state as it was last kept.
    ///
    /// # Errors
    /// [`StoreError`] if the state cannot be read.
    pub async fn open(
        partition: Partition,
        parts: PipelineParts,
        config: PipelineConfig,
        progress: Arc<Progress>,
    ) -> Result<Self, StoreError> {
        let miner = || MinerConfig {
            max_templates: config.templates_max,
            ..Default::default()
        };
        let stage = match parts.templates.load_miner(partition.0).await? {
            Some(state) => ParseStage::restore(miner(), &state).unwrap_or_else(|error| {
                tracing::warn!(partition = partition.0, %error, "the miner starts afresh");
                ParseStage::new(miner())
            }),
            None => ParseStage::new(miner()),
        };
        let seen_before = parts.logs.reopen(partition).await?;
        let stored = seen_before.min(parts.alerts.reopen(partition).await?);
        let rules = LogRules::new(parts.classifier.clone());
        let known = parts.templates.all().await?;
        let watch = LogWatch::new(parts.watch.clone(), &known);
        let sessions = parts.sessions.clone();
        let sessions = SessionWatch::open(sessions, (partition, stored), &known).await?;
        Ok(Self {
            sessions,
            partition,
            parts,
            config,
            progress,
            stage: Some(stage),
            stored,
            seen_before,
            rules,
            waiting_since: None,
            kept_at: Instant::now(),
            watch,
            watch_at: Instant::now() + WATCH_EVERY,
        })
    }

    /// Works until the bus is closed and read to its end, or until it is told to stop, then writes
    /// everything to disk.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            match self.turn(&stop).await {
                Ok(()) => {}
                Err(TurnError::Closed) => break,
                // Whoever holds the partition now has read it again: not a word more.
                Err(TurnError::Lost) => return,
                Err(TurnError::Store(error)) => {
                    self.progress.retries.fetch_add(1, Ordering::Relaxed);
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(partition = self.partition.0, %error, cause, "will try again");
                    let pause = tokio::time::sleep(RETRY_AFTER);
                    if stop.run_until_cancelled(pause).await.is_none() {
                        break;
                    }
                }
            }
        }
        if let Err(error) = self.settle(true).await {
            tracing::warn!(
                partition = self.partition.0,
                %error,
                "lines in memory could not be written; they will be read again at the next start"
            );
        }
    }

    /// Waits for deliveries or for the time to flush, and does what is due.
    async fn turn(&mut self, stop: &CancellationToken) -> Result<(), TurnError> {
        let flush_after = Duration::from_secs(self.config.flush_secs.max(1));
        let due = self.waiting_since.map(|since| since + flush_after);
        let read = self
            .parts
            .bus
            .read(self.partition, self.stored, self.config.read_bytes_max);
        let deliveries = tokio::select! {
            () = stop.cancelled() => return Err(TurnError::Closed),
            deliveries = read => deliveries,
            () = sleep_until(due) => {
                self.parts.alerts.settle(self.partition, self.stored).await;
                self.parts.logs.flush(self.partition).await.map_err(TurnError::Store)?;
                return self.settle(false).await.map_err(TurnError::Store);
            }
            () = tokio::time::sleep_until(self.watch_at) => {
                self.watch.tick().await;
                self.sessions.tick().await;
                self.watch_at = Instant::now() + WATCH_EVERY;
                return Ok(());
            }
        };
        match deliveries {
            Ok(deliveries) => self.store(deliveries).await.map_err(TurnError::Store),
            Err(BusError::Closed) => Err(TurnError::Closed),
            Err(BusError::Fenced) => Err(TurnError::Lost),
            Err(error) => Err(TurnError::Store(StoreError::Unavailable(Box::new(error)))),
        }
    }

    async fn store(&mut self, deliveries: Vec<Delivery>) -> Result<(), StoreError> {
        for Step {
            offset,
            span,
            parsed,
        } in self.parse(deliveries).await?
        {
            let done = self
                .take(offset, parsed, tocsin_trace::context(&span))
                .instrument(span.clone())
                .await;
            tocsin_trace::note(&span, &done);
            done?;
        }
        self.settle(false).await
    }

    /// Has every stage see a batch. What it says to people follows from the span `trace`.
    async fn take(
        &mut self,
        offset: Offset,
        Parsed { batch, met }: Parsed,
        trace: Option<TraceContext>,
    ) -> Result<(), StoreError> {
        let is_again = offset <= self.seen_before;
        let surprising = if is_again {
            HashSet::new()
        } else {
            self.watch.see(&batch, &met).await
        };
        self.sessions.see(offset, &batch).await;
        let (rules, alerts) = (&mut self.rules, &self.parts.alerts);
        let mut signals =
            spans::classify(&batch).in_scope(|| rules.see(&batch, &alerts.rules(), &surprising));
        signals.iter_mut().for_each(|signal| signal.trace = trace);
        if !met.is_empty() {
            let new = self.parts.templates.register(met.clone()).await?;
            let count = met.len() as u64;
            self.progress.templates.fetch_add(count, Ordering::Relaxed);
            self.parts.enrich.offer(met, new);
        }
        let records = batch.lines.len() as u64;
        if !is_again {
            self.parts.live.publish(&batch);
        }
        let stored = spans::store(batch.lines.len());
        let append = self.parts.logs.append(self.partition, offset, batch);
        append.instrument(stored).await?;
        // After the store, so that the lines an alert rests on can be opened.
        if !signals.is_empty() {
            let told = spans::tell(signals.len());
            let alerts = self.parts.alerts.lines(self.partition, offset, signals);
            alerts.instrument(told).await;
        }
        self.stored = offset;
        self.waiting_since.get_or_insert_with(Instant::now);
        self.progress.records.fetch_add(records, Ordering::Relaxed);
        Ok(())
    }

    /// Parses off the async threads; the stage travels there and back.
    async fn parse(&mut self, deliveries: Vec<Delivery>) -> Result<Vec<Step>, StoreError> {
        let Some(mut stage) = self.stage.take() else {
            return Err(StoreError::Invalid(
                "the parse stage was lost to a panic".into(),
            ));
        };
        let partition = self.partition;
        let work = tokio::task::spawn_blocking(move || {
            let mut parsed = Vec::with_capacity(deliveries.len());
            for Delivery { offset, event } in deliveries {
                // Kinds of event that a later version adds are not ours to parse.
                if let Payload::Logs(batch) = event.payload {
                    let span = spans::process(event.trace, (partition, offset), &batch.source);
                    let step = spans::parse(&span, batch.records.len());
                    let parsed_one = step.in_scope(|| stage.step(batch));
                    parsed.push(Step {
                        offset,
                        span,
                        parsed: parsed_one,
                    });
                }
            }
            (stage, parsed)
        });
        let (stage, parsed) = work
            .await
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        self.stage = Some(stage);
        Ok(parsed)
    }

    /// Tells the bus what is on disk, and keeps the miner's state from time to time.
    async fn settle(&mut self, is_end: bool) -> Result<(), StoreError> {
        if is_end {
            self.parts.alerts.settle(self.partition, self.stored).await;
            self.parts.logs.flush(self.partition).await?;
        }
        let durable = self.parts.logs.durable(self.partition);
        if durable >= self.stored {
            self.waiting_since = None;
        }
        let through = durable.min(self.parts.alerts.taken(self.partition));
        if through > self.parts.bus.acknowledged(self.partition) {
            let acknowledged = self.parts.bus.acknowledge(self.partition, through).await;
            acknowledged.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        }
        if (is_end || self.kept_at.elapsed() >= SNAPSHOT_EVERY)
            && let Some(stage) = &self.stage
        {
            self.parts
                .templates
                .save_miner(self.partition.0, stage.snapshot())
                .await?;
            self.sessions.save().await?;
            self.kept_at = Instant::now();
        }
        Ok(())
    }
}

/// A batch between its parsing and the other stages.
struct Step {
    offset: Offset,
    /// What is done with it.
    span: Span,
    parsed: Parsed,
}

/// Why a turn of the loop ended early.
enum TurnError {
    Closed,
    /// Another process works on the partition.
    Lost,
    Store(StoreError),
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
