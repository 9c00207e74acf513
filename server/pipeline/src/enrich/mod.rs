//! The enrich stage: a template that was met for the first time gets its vectors.
//!
//! Only prototypes are embedded, never lines, so this runs beside the way of the lines and may lag
//! behind it without holding it up. Of the processes that meet a template, the one that registered it
//! embeds it. What the queue could not take is found again by comparing the register of templates with
//! the vectors that are there; so is what another process registered and embedded, or did not live to
//! embed, and what a model or a store that was away left without vectors.

mod re_embed;
#[cfg(test)]
mod re_embed_tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tocsin_domain::TemplateId;
use tocsin_domain::ports::{
    Embedder, EmbedderError, PrototypeIndex, StoreError, TemplateStore, TemplateSummary,
    VectorPoint, VectorStore,
};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use re_embed::ReEmbed;

/// Hand-overs that may wait; what does not fit is found by the next comparison.
const QUEUE_MAX: usize = 256;
/// Templates that are embedded at a time: about a quarter of a second of one CPU.
const BATCH_MAX: usize = 32;
/// How long to wait after a store or the model failed; twice as long each time it fails again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The longest wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// How often the register and the vectors are compared without a reason.
const COMPARE_EVERY: Duration = Duration::from_secs(3600);

/// The sending side: takes new templates and never waits.
#[derive(Debug, Clone)]
pub struct EnrichQueue {
    sender: mpsc::Sender<Met>,
    missed: Arc<Missed>,
}

/// Templates that were met, and which of them nobody had met before.
#[derive(Debug)]
struct Met {
    templates: Vec<TemplateSummary>,
    new: Vec<TemplateId>,
}

#[derive(Debug, Default)]
struct Missed {
    any: AtomicBool,
    wake: Notify,
}

impl EnrichQueue {
    /// Hands templates over to the stage: those that were met, and which of them are `new`, as the
    /// register says.
    pub fn offer(&self, templates: Vec<TemplateSummary>, new: Vec<TemplateId>) {
        if self.sender.try_send(Met { templates, new }).is_err() {
            self.missed.any.store(true, Ordering::Release);
            self.missed.wake.notify_one();
        }
    }
}

/// What the stage works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct EnrichParts {
    /// Where templates are registered.
    pub templates: Arc<dyn TemplateStore>,
    /// Where vectors go.
    pub vectors: Arc<dyn VectorStore>,
    /// Makes the vectors.
    pub embedder: Arc<dyn Embedder>,
    /// The index of prototypes that searches use.
    pub index: Arc<dyn PrototypeIndex>,
}

/// Is told of templates and of their vectors; must not take long.
pub trait TemplateWatch: Send + Sync {
    /// Templates that are registered, known or new, with how often they came.
    fn registered(&self, summaries: &[TemplateSummary]);

    /// Vectors that were made here or by another process, and are stored.
    fn embedded(&self, points: &[VectorPoint]);
}

/// The receiving side.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct Enricher {
    parts: EnrichParts,
    receiver: mpsc::Receiver<Met>,
    missed: Arc<Missed>,
    embedded: Arc<AtomicU64>,
    done: HashSet<TemplateId>,
    /// What had no vectors when that was last looked at.
    lacked: HashSet<TemplateId>,
    /// How many templates there were, all with vectors, and when that was seen.
    complete: Option<(u64, Instant)>,
    watch: Option<Arc<dyn TemplateWatch>>,
    compare_every: Duration,
    has_others: bool,
}

impl Enricher {
    /// Both sides of the stage.
    #[must_use]
    pub fn new(parts: EnrichParts) -> (EnrichQueue, Self) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let missed = Arc::<Missed>::default();
        let queue = EnrichQueue {
            sender,
            missed: missed.clone(),
        };
        let embedded = Arc::default();
        (
            queue,
            Self {
                parts,
                receiver,
                missed,
                embedded,
                done: HashSet::new(),
                lacked: HashSet::new(),
                complete: None,
                watch: None,
                compare_every: COMPARE_EVERY,
                has_others: false,
            },
        )
    }

    /// Tells `watch` of every template and vector from now on.
    #[must_use]
    pub fn watched_by(mut self, watch: Arc<dyn TemplateWatch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Works beside other processes: compares the register with the vectors so often without a
    /// reason, otherwise each hour. What another process registers is known here after so long, and
    /// what it has not embedded after twice as long is embedded here.
    #[must_use]
    pub const fn beside_others(mut self, every: Duration) -> Self {
        self.compare_every = every;
        self.has_others = true;
        self
    }

    /// How many templates have vectors; stays true while the stage runs.
    #[must_use]
    pub fn embedded(&self) -> Arc<AtomicU64> {
        self.embedded.clone()
    }

    /// Works until cancelled. Templates that wait then are found at the next start.
    pub async fn run(mut self, cancel: CancellationToken) {
        self.missed.any.store(true, Ordering::Release);
        let mut retry_after = RETRY_AFTER;
        let mut compared = Instant::now();
        loop {
            if self.missed.any.swap(false, Ordering::AcqRel) {
                if let Err(error) = self.compare(&cancel).await {
                    tracing::warn!(?error, "templates could not be compared with their vectors");
                    self.missed.any.store(true, Ordering::Release);
                    tokio::select! {
                        () = cancel.cancelled() => return,
                        () = tokio::time::sleep(retry_after) => {}
                    }
                    retry_after = (retry_after * 2).min(RETRY_AFTER_MAX);
                    continue;
                }
                (retry_after, compared) = (RETRY_AFTER, Instant::now());
            }
            tokio::select! {
                () = cancel.cancelled() => return,
                () = self.missed.wake.notified() => {}
                () = tokio::time::sleep_until(compared + self.compare_every) => {
                    self.missed.any.store(true, Ordering::Release);
                }
                met = self.receiver.recv() => match met {
                    Some(met) => self.enrich_or_remember(met).await,
                    None => return,
                },
            }
        }
    }

    /// Embeds every registered template that has no vector yet.
    async fn compare(&mut self, cancel: &CancellationToken) -> Result<(), StoreError> {
        // Fewer points than templates: the store was emptied by somebody else.
        if self.done.is_empty() || self.parts.vectors.count().await? < self.done.len() as u64 {
            self.done.clear();
            self.look().await?;
            self.complete = None;
        }
        let count = self.parts.templates.count().await?;
        // Reading all of them every few seconds would cost each process a share of a processor.
        if self
            .complete
            .is_some_and(|(known, at)| known == count && at.elapsed() < COMPARE_EVERY)
        {
            return Ok(());
        }
        let templates = self.parts.templates.all().await?;
        self.register(&templates);
        let is_known = |summary: &TemplateSummary| self.done.contains(&summary.template.id);
        if !self.done.is_empty() && !templates.iter().all(is_known) {
            // Another process may have given them vectors.
            self.look().await?;
        }
        self.count();
        for chunk in self.ours(&templates).chunks(BATCH_MAX) {
            if cancel.is_cancelled() {
                return Ok(());
            }
            self.enrich(chunk.to_vec()).await?;
        }
        let has_vectors = |summary: &TemplateSummary| self.done.contains(&summary.template.id);
        self.complete = None;
        if templates.iter().all(has_vectors) {
            self.parts.vectors.completed().await?;
            self.complete = Some((templates.len() as u64, Instant::now()));
        }
        Ok(())
    }

    /// Takes up the vectors that are stored.
    async fn look(&mut self) -> Result<(), StoreError> {
        let mut points = self.parts.vectors.all(0).await?;
        points.retain(|point| !self.done.contains(&point.template));
        if let Some(watch) = &self.watch {
            watch.embedded(&points);
        }
        self.done.extend(points.iter().map(|point| point.template));
        Ok(())
    }

    /// What of these lacks vectors and is for this process to embed. Beside others, whoever
    /// registered a template is given the time between two comparisons to do it.
    fn ours(&mut self, templates: &[TemplateSummary]) -> Vec<TemplateSummary> {
        let lacks = |summary: &&TemplateSummary| !self.done.contains(&summary.template.id);
        let mut ours: Vec<TemplateSummary> = templates.iter().filter(lacks).cloned().collect();
        let lacking = ours.iter().map(|summary| summary.template.id).collect();
        let before = std::mem::replace(&mut self.lacked, lacking);
        if self.has_others {
            ours.retain(|summary| before.contains(&summary.template.id));
        }
        ours
    }

    async fn enrich_or_remember(&mut self, Met { mut templates, new }: Met) {
        self.register(&templates);
        templates.retain(|summary| new.contains(&summary.template.id));
        for chunk in templates.chunks(BATCH_MAX) {
            if let Err(error) = self.enrich(chunk.to_vec()).await {
                tracing::warn!(%error, "new templates could not be given vectors yet");
                self.missed.any.store(true, Ordering::Release);
                return;
            }
        }
    }

    fn register(&self, templates: &[TemplateSummary]) {
        for summary in templates {
            self.parts.index.upsert(summary);
        }
        if let Some(watch) = &self.watch {
            watch.registered(templates);
        }
    }

    async fn enrich(&mut self, mut templates: Vec<TemplateSummary>) -> Result<(), StoreError> {
        templates.retain(|summary| !self.done.contains(&summary.template.id));
        if templates.is_empty() {
            return Ok(());
        }
        let embedder = self.parts.embedder.clone();
        let index = self.parts.index.clone();
        let ids: Vec<_> = templates
            .iter()
            .map(|summary| summary.template.id)
            .collect();
        let points = tokio::task::spawn_blocking(move || {
            points_of(embedder.as_ref(), index.as_ref(), &templates)
        })
        .await
        .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let points = match points {
            Ok(points) => points,
            // Without a model there is nothing to add, and the server has said so at its start.
            Err(EmbedderError::Missing { remedy }) => {
                tracing::debug!(remedy, "templates stay without vectors");
                return Ok(());
            }
            // A model that is asked elsewhere comes back.
            Err(error) => return Err(StoreError::Unavailable(Box::new(error))),
        };
        let made = self.watch.as_ref().map(|_| points.clone());
        self.parts.vectors.upsert(points).await?;
        if let (Some(watch), Some(points)) = (&self.watch, made) {
            watch.embedded(&points);
        }
        self.done.extend(ids);
        self.count();
        Ok(())
    }

    fn count(&self) {
        self.embedded
            .store(self.done.len() as u64, Ordering::Relaxed);
    }
}

/// The vectors of all views of `templates`.
fn points_of(
    embedder: &dyn Embedder,
    index: &dyn PrototypeIndex,
    templates: &[TemplateSummary],
) -> Result<Vec<VectorPoint>, EmbedderError> {
    let mut texts: Vec<String> = Vec::new();
    let mut owners: Vec<(TemplateId, u8)> = Vec::new();
    for summary in templates {
        for (view, text) in (0u8..).zip(index.views(summary)) {
            owners.push((summary.template.id, view));
            texts.push(text);
        }
    }
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = embedder.embed(&borrowed)?;
    let points = owners.into_iter().zip(vectors);
    Ok(points
        .map(|((template, view), vector)| VectorPoint {
            template,
            view,
            vector,
        })
        .collect())
}

#[cfg(test)]
mod tests;
