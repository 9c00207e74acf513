//! What metrics learn from log lines: their counters, new templates in quiet sources, and templates
//! that stay away.
//!
//! The runner of logs shows it what it stored; it sends points to the intake of metrics and keeps
//! findings. Nothing here holds up the lines: what cannot be sent now is in the next interval's
//! counters.

use std::collections::HashSet;
use std::sync::Arc;

use tocsin_domain::metric::{Anomaly, Band, FindingId, NAME_LABEL};
use tocsin_domain::ports::{AnomalyStore, Clock, Intake, TemplateSummary};
use tocsin_domain::{Labels, ParsedBatch, TemplateId};

use super::log_series::{LogSeries, LogSeriesConfig, NAME, Vanished};
use super::novelty::Novelty;

/// From this surprise on a new template is an anomaly.
const SURPRISE_MIN: f64 = 0.9;
/// How sure an absence is, which came at least twelve mean gaps late.
const ABSENCE_SCORE: f64 = 0.95;
/// The most of a template's text that is shown, in characters.
const EXAMPLE_MAX: usize = 160;

/// What the watch works with.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "a bundle of ports, which have no Debug"
)]
pub struct LogWatchParts {
    /// Where points go.
    pub intake: Arc<dyn Intake>,
    /// Where findings go.
    pub anomalies: Arc<dyn AnomalyStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// The watch of one partition of logs.
#[expect(
    missing_debug_implementations,
    reason = "holds ports, which have no Debug"
)]
pub struct LogWatch {
    parts: LogWatchParts,
    series: LogSeries,
    novelty: Novelty,
}

impl LogWatch {
    /// A watch that remembers the templates met before: when each source began and what it said.
    #[must_use]
    pub fn new(parts: LogWatchParts, known: &[TemplateSummary]) -> Self {
        let mut novelty = Novelty::default();
        let mut past: Vec<_> = known.iter().map(|t| (t.first_seen, &t.source)).collect();
        past.sort_unstable_by_key(|(at, _)| *at);
        for (at, source) in past {
            novelty.met(source, at.millis());
        }
        Self {
            parts,
            series: LogSeries::new(LogSeriesConfig::default()),
            novelty,
        }
    }

    /// Sees a batch and the templates first met in it; gives those of them that surprise.
    pub async fn see(
        &mut self,
        batch: &ParsedBatch,
        met: &[TemplateSummary],
    ) -> HashSet<TemplateId> {
        self.series.count(batch);
        let at_ms = batch.batch.observed.millis();
        let mut surprising = HashSet::new();
        let mut found = Vec::new();
        for template in met {
            let surprise = self.novelty.met(&template.source, at_ms);
            if let Some(surprise) = surprise.filter(|surprise| *surprise >= SURPRISE_MIN) {
                surprising.insert(template.template.id);
                found.extend(new_template(template, surprise, at_ms));
            }
        }
        self.keep(found).await;
        surprising
    }

    /// Does what is due by the clock.
    pub async fn tick(&mut self) {
        let now = self.parts.clock.now();
        let random = *uuid::Uuid::new_v4().as_bytes();
        let [id @ .., _, _, _, _, _, _] = random;
        let batches = self.series.tell(now, id);
        if !batches.is_empty()
            && let Err(error) = self.parts.intake.accept_metrics(batches).await
        {
            tracing::warn!(%error, "counters of log lines were not taken; the next hold them too");
        }
        let gone = self.series.vanished(now);
        let found = gone.iter().map(vanished);
        self.keep(found.collect()).await;
    }

    async fn keep(&self, found: Vec<Anomaly>) {
        if !found.is_empty()
            && let Err(error) = self.parts.anomalies.record_anomalies(found).await
        {
            tracing::warn!(%error, "findings in log lines were not kept");
        }
    }
}

/// What is expected of something that should not be there, or be there once.
const fn exactly(value: f64) -> Band {
    Band {
        yhat: value,
        yhat_lower: value,
        yhat_upper: value,
    }
}

fn new_template(template: &TemplateSummary, surprise: f64, at_ms: i64) -> Option<Anomaly> {
    let id = template.template.id.to_string();
    let labels = Labels::new([
        (NAME_LABEL, NAME),
        ("source", &*template.source),
        ("severity", template.severity.name()),
        ("template", &id),
    ])
    .ok()?;
    let example: String = template.example.chars().take(EXAMPLE_MAX).collect();
    Some(Anomaly {
        id: FindingId::new(labels.id(), at_ms),
        series: labels.id(),
        detector: "new_template".into(),
        score: surprise,
        observed: 1.0,
        expected: exactly(0.0),
        started_ms: at_ms,
        // It is told when it happens; that it goes on is the counter's to say.
        ended_ms: Some(at_ms),
        explanation: format!(
            "{} said something new, which it rarely does: {example}",
            template.source
        ),
        labels,
        feedback: None,
    })
}

fn vanished(gone: &Vanished) -> Anomaly {
    let mean = gone.gap_ms / 1000;
    let (source, template) = (gone.labels.get("source"), gone.labels.get("template"));
    Anomaly {
        id: FindingId::new(gone.labels.id(), gone.last_ms),
        series: gone.labels.id(),
        labels: gone.labels.clone(),
        detector: "vanished_template".into(),
        score: ABSENCE_SCORE,
        observed: 0.0,
        expected: exactly(1.0),
        started_ms: gone.last_ms,
        ended_ms: gone.back_ms,
        explanation: format!(
            "{source} no longer says what it said every {mean} s on average (template {template})"
        ),
        feedback: None,
    }
}
