//! The enrich stage: a template that was met for the first time gets its vectors.
//!
//! Only prototypes are embedded, never lines, so this runs beside the way of the lines and may lag
//! behind it without holding it up. What the queue could not take is found again by comparing the
//! register of templates with the vectors that are there.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tocsin_domain::TemplateId;
use tocsin_domain::ports::{
    Embedder, PrototypeIndex, StoreError, TemplateStore, TemplateSummary, VectorPoint, VectorStore,
};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// Hand-overs that may wait; what does not fit is found by the next comparison.
const QUEUE_MAX: usize = 256;
/// Templates that are embedded at a time: about a quarter of a second of one CPU.
const BATCH_MAX: usize = 32;
/// How long to wait after a store failed.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(2);

/// The sending side: takes new templates and never waits.
#[derive(Debug, Clone)]
pub struct EnrichQueue {
    sender: mpsc::Sender<Vec<TemplateSummary>>,
    missed: Arc<Missed>,
}

#[derive(Debug, Default)]
struct Missed {
    any: AtomicBool,
    wake: Notify,
}

impl EnrichQueue {
    /// Hands templates over to the stage.
    pub fn offer(&self, templates: Vec<TemplateSummary>) {
        if self.sender.try_send(templates).is_err() {
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

    /// Vectors that were just made, and are stored.
    fn embedded(&self, points: &[VectorPoint]);
}

/// The receiving side.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct Enricher {
    parts: EnrichParts,
    receiver: mpsc::Receiver<Vec<TemplateSummary>>,
    missed: Arc<Missed>,
    embedded: Arc<AtomicU64>,
    done: HashSet<TemplateId>,
    watch: Option<Arc<dyn TemplateWatch>>,
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
                watch: None,
            },
        )
    }

    /// Tells `watch` of every template and vector from now on.
    #[must_use]
    pub fn watched_by(mut self, watch: Arc<dyn TemplateWatch>) -> Self {
        self.watch = Some(watch);
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
        loop {
            if self.missed.any.swap(false, Ordering::AcqRel)
                && let Err(error) = self.compare(&cancel).await
            {
                tracing::warn!(%error, "templates could not be compared with their vectors");
                self.missed.any.store(true, Ordering::Release);
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = tokio::time::sleep(RETRY_AFTER) => continue,
                }
            }
            tokio::select! {
                () = cancel.cancelled() => return,
                () = self.missed.wake.notified() => {}
                templates = self.receiver.recv() => match templates {
                    Some(templates) => self.enrich_or_remember(templates).await,
                    None => return,
                },
            }
        }
    }

    /// Embeds every registered template that has no vector yet.
    async fn compare(&mut self, cancel: &CancellationToken) -> Result<(), StoreError> {
        if self.done.is_empty() {
            let points = self.parts.vectors.all(0).await?;
            self.done
                .extend(points.into_iter().map(|point| point.template));
        }
        let templates = self.parts.templates.all().await?;
        self.register(&templates);
        self.count();
        for chunk in templates.chunks(BATCH_MAX) {
            if cancel.is_cancelled() {
                return Ok(());
            }
            self.enrich(chunk.to_vec()).await?;
        }
        Ok(())
    }

    async fn enrich_or_remember(&mut self, templates: Vec<TemplateSummary>) {
        self.register(&templates);
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
            embed(embedder.as_ref(), index.as_ref(), &templates)
        })
        .await
        .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        // Without a model there is nothing to add, and the server has said so at its start.
        if let Some(points) = points {
            let made = self.watch.as_ref().map(|_| points.clone());
            self.parts.vectors.upsert(points).await?;
            if let (Some(watch), Some(points)) = (&self.watch, made) {
                watch.embedded(&points);
            }
            self.done.extend(ids);
            self.count();
        }
        Ok(())
    }

    fn count(&self) {
        self.embedded
            .store(self.done.len() as u64, Ordering::Relaxed);
    }
}

/// The vectors of all views of `templates`; none if there is no model or it fails.
fn embed(
    embedder: &dyn Embedder,
    index: &dyn PrototypeIndex,
    templates: &[TemplateSummary],
) -> Option<Vec<VectorPoint>> {
    let mut texts: Vec<String> = Vec::new();
    let mut owners: Vec<(TemplateId, u8)> = Vec::new();
    for summary in templates {
        for (view, text) in (0u8..).zip(index.views(summary)) {
            owners.push((summary.template.id, view));
            texts.push(text);
        }
    }
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    match embedder.embed(&borrowed) {
        Ok(vectors) => Some(
            owners
                .into_iter()
                .zip(vectors)
                .map(|((template, view), vector)| VectorPoint {
                    template,
                    view,
                    vector,
                })
                .collect(),
        ),
        Err(error) => {
            tracing::debug!(%error, "templates stay without vectors");
            None
        }
    }
}
