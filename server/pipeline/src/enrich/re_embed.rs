//! Embedding all prototypes anew: after the model changed, or where vectors were lost.

use std::sync::Arc;

use async_trait::async_trait;
use tocsin_domain::job::Progress;
use tocsin_domain::ports::{EmbedderError, JobError, JobHandler, JobRun, TemplateSummary};
use tocsin_domain::{TemplateId, Timestamp};

use super::{EnrichParts, TemplateWatch, points_of};

/// Templates that are embedded at a time: about a quarter of a second of one CPU.
const BATCH_MAX: usize = 32;
/// Batches between two checkpoints.
const BATCHES_PER_CHECKPOINT: usize = 8;

/// Does the jobs that embed all prototypes anew.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct ReEmbed {
    parts: EnrichParts,
    watch: Option<Arc<dyn TemplateWatch>>,
}

impl ReEmbed {
    /// A handler over the ports of the enrich stage; `watch` is told of the new vectors.
    #[must_use]
    pub fn new(parts: EnrichParts, watch: Option<Arc<dyn TemplateWatch>>) -> Self {
        Self { parts, watch }
    }

    async fn embed(&self, templates: Vec<TemplateSummary>) -> Result<(), JobError> {
        let parts = self.parts.clone();
        let work = tokio::task::spawn_blocking(move || {
            points_of(parts.embedder.as_ref(), parts.index.as_ref(), &templates)
        });
        let points = work
            .await
            .map_err(|error| JobError::Failed(error.to_string()))?
            .map_err(|error| match error {
                EmbedderError::Missing { .. } => JobError::Refused(error.to_string()),
                EmbedderError::Failed(_) => JobError::Failed(error.to_string()),
            })?;
        let made = self.watch.as_ref().map(|_| points.clone());
        self.parts.vectors.upsert(points).await?;
        if let (Some(watch), Some(points)) = (&self.watch, made) {
            watch.embedded(&points);
        }
        Ok(())
    }
}

#[async_trait]
impl JobHandler for ReEmbed {
    fn kind(&self) -> &'static str {
        "re_embed"
    }

    fn about(&self) -> &'static str {
        "Gives every kind of line its vectors anew, for search by meaning."
    }

    fn example(&self) -> String {
        "{}".to_owned()
    }

    fn check(&self, parameters: &str, _: Timestamp) -> Result<String, String> {
        let given: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(parameters).map_err(|error| error.to_string())?;
        match given.keys().next() {
            Some(key) => Err(format!("`{key}`: expected no parameters")),
            None => Ok("{}".to_owned()),
        }
    }

    async fn run(&self, run: &dyn JobRun) -> Result<String, JobError> {
        let mut templates = self.parts.templates.all().await?;
        templates.sort_by_key(|summary| summary.template.id);
        let total = templates.len() as u64;
        // Those until here have their vectors, by an attempt before this one.
        let after = run.job().checkpoint.as_deref();
        let after = after.and_then(|text| u64::from_str_radix(text, 16).ok());
        let after = after.map(TemplateId);
        templates.retain(|summary| after.is_none_or(|after| summary.template.id > after));
        let mut done = total - templates.len() as u64;
        for (at, chunk) in templates.chunks(BATCH_MAX).enumerate() {
            if run.is_stopped() {
                return Err(JobError::Stopped);
            }
            run.progress(Progress::of(done, total, "kinds of lines"));
            self.embed(chunk.to_vec()).await?;
            done += chunk.len() as u64;
            let last = chunk.last().map(|summary| summary.template.id);
            if let Some(TemplateId(last)) = last
                && (at + 1) % BATCHES_PER_CHECKPOINT == 0
            {
                run.checkpoint(format!("{last:x}")).await?;
            }
        }
        run.progress(Progress::of(done, total, "kinds of lines"));
        Ok(serde_json::json!({ "embedded": done }).to_string())
    }
}
