//! The watch over the sessions of a partition.

use std::collections::HashMap;
use std::sync::Arc;

use tocsin_domain::metric::Anomaly;
use tocsin_domain::ports::{
    AnomalyFilter, AnomalyStore, Clock, SessionStates, SessionStore, StoreError, TemplateSummary,
};
use tocsin_domain::{Offset, ParsedBatch, Partition};
use tocsin_sequence::{Config, Outcome};

use super::key::{SessionKeys, SessionsConfig};
use super::kinds::{DETECTOR, Kinds};
use super::source::Source;
use super::text::Events;

/// Anomalies that are taken up again at the start at most.
const ADOPTED_MAX: usize = 1000;

/// What the watch works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct SessionParts {
    /// How sessions are found.
    pub keys: Arc<SessionKeys>,
    /// How they are followed.
    pub config: SessionsConfig,
    /// Where what is known of them is kept.
    pub store: Arc<dyn SessionStore>,
    /// Where findings go.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Follows the sessions of the sources of a partition.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct SessionWatch {
    parts: SessionParts,
    partition: Partition,
    /// The last event that was taken, and that of what was last kept.
    position: Offset,
    kept: Offset,
    sources: HashMap<Arc<str>, Source>,
    kinds: Kinds,
    events: Events,
}

impl SessionWatch {
    /// A watch that goes on where it was kept. `from` is the last event of the bus that will not be
    /// given again, `known` are the templates met before.
    ///
    /// # Errors
    /// [`StoreError`] if the states cannot be read.
    pub async fn open(
        parts: SessionParts,
        (partition, from): (Partition, Offset),
        known: &[TemplateSummary],
    ) -> Result<Self, StoreError> {
        let kept = parts.store.load_sessions(partition).await?;
        let is_gapless = kept.position >= from;
        let mut sources = HashMap::new();
        for (source, state) in kept.sources {
            let opened = Source::restored(&state, tracker(&parts.config), is_gapless);
            let opened = opened.unwrap_or_else(|error| {
                tracing::warn!(%source, %error, "the sessions of a source are learned afresh");
                Source::new(tracker(&parts.config))
            });
            sources.insert(source, opened);
        }
        let now_ms = parts.clock.now().millis();
        let mut kinds = Kinds::default();
        for anomaly in lasting(parts.anomalies.as_ref()).await? {
            let source = sources.get_key_value(anomaly.labels.get("source"));
            if let Some((source, _)) = source {
                kinds.adopt(source.clone(), anomaly, now_ms);
            }
        }
        Ok(Self {
            partition,
            position: kept.position,
            kept: kept.position,
            sources,
            kinds,
            events: Events::knowing(known),
            parts,
        })
    }

    /// Takes the lines of an event of the bus; one that was taken before is passed over.
    pub async fn see(&mut self, offset: Offset, batch: &ParsedBatch) {
        if offset <= self.position || !self.parts.config.enabled {
            return;
        }
        self.position = offset;
        let now_ms = batch.batch.observed.millis();
        let idle_ms = idle_ms(&self.parts.config);
        let keys = self.parts.keys.clone();
        let keys = keys.of_batch(batch);
        let (mut name, mut out) = (Vec::new(), Vec::new());
        for (index, record) in batch.batch.records.iter().enumerate() {
            if !keys.of(index, record, &mut name) {
                continue;
            }
            let event = self.events.of(batch.template(index));
            let Some(source) = self.source(&batch.batch.source) else {
                return;
            };
            let times = (record.timestamp.millis(), now_ms, idle_ms);
            source.observe((&name, event), times, &mut out);
        }
        self.tell(&batch.batch.source, out, now_ms).await;
    }

    /// Does what is due by the clock.
    pub async fn tick(&mut self) {
        let now_ms = self.parts.clock.now().millis();
        let sources: Vec<Arc<str>> = self.sources.keys().cloned().collect();
        for name in sources {
            let mut out = Vec::new();
            if let Some(source) = self.sources.get_mut(&name) {
                source.advance(now_ms, &mut out);
            }
            self.tell(&name, out, now_ms).await;
        }
        let over = self.kinds.over(now_ms);
        self.keep(over).await;
    }

    /// Keeps what changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn save(&mut self) -> Result<(), StoreError> {
        let changed = self.sources.iter_mut().filter(|(_, one)| one.is_changed);
        let states: Vec<(Arc<str>, Vec<u8>)> = changed
            .map(|(name, source)| {
                source.is_changed = false;
                (name.clone(), source.snapshot())
            })
            .collect();
        let is_kept = states.is_empty() && self.kept == self.position;
        if is_kept || self.sources.is_empty() {
            return Ok(());
        }
        self.kept = self.position;
        let states = SessionStates {
            position: self.position,
            sources: states,
        };
        self.parts.store.save_sessions(self.partition, states).await
    }

    fn source(&mut self, name: &Arc<str>) -> Option<&mut Source> {
        let has_room = self.sources.len() < self.parts.config.sources_max;
        if !has_room && !self.sources.contains_key(name) {
            return None;
        }
        let config = &self.parts.config;
        let source = self.sources.entry(name.clone());
        Some(source.or_insert_with(|| Source::new(tracker(config))))
    }

    async fn tell(&mut self, name: &Arc<str>, outcomes: Vec<Outcome>, now_ms: i64) {
        let Some(source) = self.sources.get_mut(name) else {
            return;
        };
        let mut found = Vec::new();
        for outcome in &outcomes {
            if let Some(strange) = source.strange(outcome, (name, &self.events), now_ms) {
                found.extend(self.kinds.see(name, strange, now_ms));
            }
        }
        if found.is_empty() {
            return;
        }
        // A source whose anomalies last must be known after a restart, or nobody ends them.
        if let Err(error) = self.save().await {
            tracing::warn!(%error, "what is known of sessions was not kept");
        }
        self.keep(found).await;
    }

    async fn keep(&self, found: Vec<Anomaly>) {
        if !found.is_empty()
            && let Err(error) = self.parts.anomalies.record_anomalies(found).await
        {
            tracing::warn!(%error, "findings in sessions were not kept");
        }
    }
}

async fn lasting(anomalies: &dyn AnomalyStore) -> Result<Vec<Anomaly>, StoreError> {
    let filter = AnomalyFilter {
        detector: Some(DETECTOR.into()),
        is_open: true,
        ..AnomalyFilter::default()
    };
    anomalies.anomalies(&filter, None, ADOPTED_MAX).await
}

fn idle_ms(config: &SessionsConfig) -> i64 {
    i64::try_from(config.idle_secs.max(1).saturating_mul(1000)).unwrap_or(i64::MAX)
}

fn tracker(config: &SessionsConfig) -> Config {
    Config {
        idle_ms: idle_ms(config),
        max_open: config.open_max.max(1),
        ..Config::default()
    }
}
