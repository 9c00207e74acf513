//! The alert side of the server: rules, classifier, writer and desk, opened and joined.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parking_lot::Mutex;
use tocsin_domain::ports::{AlertRules, Clock, MetricQueries};
use tocsin_pipeline::aggregate::{
    AlertInbox, AlertWriter, Desk, DeskParts, Hearing, Telling, tell,
};
use tocsin_pipeline::alert_rules::file;
use tocsin_pipeline::alert_rules::replay::Past;
use tocsin_pipeline::alert_rules::service::RuleService;
use tocsin_pipeline::classify::{Catalogue, RuleClassifier};
use tocsin_stores::relational::RelationalStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::foundation::Foundation;
use crate::config::Config;

/// How long after the start the model of the classifier is taught.
const TEACH_AFTER: Duration = Duration::from_secs(30);
/// The rules that are shipped.
const RULES: &str = include_str!("../../../../rules/alerts.yml");

/// The alert side.
pub(super) struct AlertParts {
    pub(super) desk: Desk,
    pub(super) rules: Arc<dyn AlertRules>,
    /// Findings, told as they are kept.
    pub(super) findings: Arc<Telling>,
    queries: Arc<dyn MetricQueries>,
    clock: Arc<dyn Clock>,
    writer: Mutex<Option<AlertWriter>>,
    /// Whether points are read.
    points: Hearing,
}

impl AlertParts {
    /// Opens the alert side over the rules at work.
    pub(super) async fn open(
        config: &Config,
        base: &Foundation,
        relational: &Arc<RelationalStore>,
    ) -> anyhow::Result<Self> {
        let (queries, clock) = (base.metrics.queries(), base.clock.clone());
        let desk_parts = DeskParts {
            rules: base.rules.clone(),
            listener_queue: config.alerts.listener_queue,
        };
        let with = (desk_parts, base.heard.lines.clone());
        let opened = AlertWriter::open(relational.clone(), clock.clone(), with).await;
        let (writer, desk) = opened.context("the alerts cannot be read")?;
        let past = Past {
            logs: base.engines.logs.clone(),
            templates: relational.clone(),
            classifier: base.classifier.clone(),
            queries: queries.clone(),
            anomalies: relational.clone(),
            predictions: relational.clone(),
        };
        let rules = RuleService::new(base.rules.clone(), relational.clone(), desk.clone(), past);
        let findings = telling(relational, Arc::new(desk.clone()));
        Ok(Self {
            findings: Arc::new(findings),
            desk,
            rules: Arc::new(rules),
            queries,
            clock,
            writer: Mutex::new(Some(writer)),
            points: base.heard.points.clone(),
        })
    }

    /// Starts the writer, which has to outlive everything that sends to it, and what works in the
    /// background until it is cancelled.
    pub(super) async fn start(
        &self,
        config: &Config,
        (writers, stop_writer): (&TaskTracker, &CancellationToken),
        (tasks, cancel): (&TaskTracker, &CancellationToken),
    ) -> anyhow::Result<()> {
        if let Some(writer) = self.writer.lock().take() {
            writers.spawn(writer.run(stop_writer.clone()));
        }
        let caught_up = self.findings.catch_up(&self.desk).await;
        caught_up.context("the findings cannot be read")?;
        let every = Duration::from_secs(config.alerts.every_secs);
        tasks.spawn(tell::look_at_metrics(
            self.desk.clone(),
            (self.queries.clone(), self.points.clone()),
            self.clock.clone(),
            every,
            cancel.clone(),
        ));
        Ok(())
    }
}

/// Findings, kept in the store and then told to an inbox.
pub(super) fn telling(relational: &Arc<RelationalStore>, inbox: Arc<dyn AlertInbox>) -> Telling {
    Telling::new(relational.clone(), relational.clone(), inbox)
}

/// Teaches the classifier's model. The first moments of a start belong to those who wait for it;
/// rules work at once.
pub(super) async fn teach(classifier: Arc<RuleClassifier>, cancel: CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(TEACH_AFTER) => classifier.run(cancel).await,
    }
}

/// The alert rules of the file that is configured, or the shipped ones.
pub(crate) fn alert_rules(config: &Config) -> anyhow::Result<Vec<tocsin_domain::alert::AlertRule>> {
    let Some(path) = &config.alerts.rules else {
        return file::parse(RULES).context("the shipped alert rules cannot be read");
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("`alerts.rules`: {shown} cannot be read"))?;
    file::parse(&text).with_context(|| format!("`alerts.rules`: {shown}"))
}

/// The classification rules of the file that is configured, or the shipped ones.
pub(crate) fn catalogue(config: &Config) -> anyhow::Result<Catalogue> {
    let Some(path) = &config.alerts.classification else {
        return Catalogue::built_in().context("the shipped classification rules cannot be read");
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("`alerts.classification`: {shown} cannot be read"))?;
    Catalogue::parse(&text).with_context(|| format!("`alerts.classification`: {shown}"))
}
