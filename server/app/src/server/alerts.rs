//! The alert side of the server: rules, classifier, writer and desk, opened and joined.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parking_lot::{Mutex, RwLock};
use tocsin_domain::ports::{
    AlertRules, AnomalyStore, Classifier, Clock, Embedder, LogStore, MetricQueries,
    PredictionStore, VectorStore,
};
use tocsin_pipeline::aggregate::{AlertWriter, Desk, DeskParts, Telling, tell};
use tocsin_pipeline::alert_rules::replay::Past;
use tocsin_pipeline::alert_rules::service::{self, RuleService};
use tocsin_pipeline::alert_rules::{RuleSet, file};
use tocsin_pipeline::classify::{Catalogue, ClassifyParts, RuleClassifier};
use tocsin_pipeline::enrich::TemplateWatch;
use tocsin_stores::relational::SqliteStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;

/// How long after the start the model of the classifier is taught.
const TEACH_AFTER: Duration = Duration::from_secs(30);
/// The rules that are shipped.
const RULES: &str = include_str!("../../../../rules/alerts.yml");

/// What the alert side is opened with.
pub(super) struct AlertSources {
    pub(super) relational: Arc<SqliteStore>,
    pub(super) logs: Arc<dyn LogStore>,
    pub(super) vectors: Arc<dyn VectorStore>,
    pub(super) embedder: Arc<dyn Embedder>,
    pub(super) queries: Arc<dyn MetricQueries>,
    pub(super) clock: Arc<dyn Clock>,
}

/// The alert side.
pub(super) struct AlertParts {
    pub(super) store: Arc<SqliteStore>,
    pub(super) desk: Desk,
    pub(super) rules: Arc<dyn AlertRules>,
    pub(super) classifier: Arc<RuleClassifier>,
    /// Findings, told as they are kept.
    pub(super) findings: Arc<Telling>,
    queries: Arc<dyn MetricQueries>,
    clock: Arc<dyn Clock>,
    writer: Mutex<Option<AlertWriter>>,
}

impl AlertParts {
    /// Opens the alert side.
    pub(super) async fn open(config: &Config, sources: AlertSources) -> anyhow::Result<Self> {
        let AlertSources {
            relational,
            logs,
            vectors,
            embedder,
            queries,
            clock,
        } = sources;
        let parts = ClassifyParts {
            store: relational.clone(),
            vectors,
            embedder,
        };
        let classifier = RuleClassifier::open(catalogue(config)?, parts).await;
        let classifier = Arc::new(classifier.context("the classification rules cannot be read")?);
        let set = service::load(alert_rules(config)?, relational.as_ref()).await;
        let set: RuleSet = set.context("the alert rules cannot be read")?;
        let set = Arc::new(RwLock::new(Arc::new(set)));
        let desk_parts = DeskParts {
            rules: set.clone(),
            listener_queue: config.alerts.listener_queue,
        };
        let opened = AlertWriter::open(relational.clone(), clock.clone(), desk_parts).await;
        let (writer, desk) = opened.context("the alerts cannot be read")?;
        let (anomalies, predictions): (Arc<dyn AnomalyStore>, Arc<dyn PredictionStore>) =
            (relational.clone(), relational.clone());
        let past = Past {
            logs,
            templates: relational.clone(),
            classifier: classifier.clone(),
            queries: queries.clone(),
            anomalies: anomalies.clone(),
            predictions: predictions.clone(),
        };
        let rules = RuleService::new(set, relational.clone(), desk.clone(), past);
        Ok(Self {
            findings: Arc::new(Telling::new(anomalies, predictions, desk.clone())),
            store: relational,
            desk,
            rules: Arc::new(rules),
            classifier,
            queries,
            clock,
            writer: Mutex::new(Some(writer)),
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
        let caught_up = self.findings.catch_up().await;
        caught_up.context("the findings cannot be read")?;
        tasks.spawn(teach(self.classifier.clone(), cancel.clone()));
        let every = Duration::from_secs(config.alerts.every_secs);
        let (queries, clock) = (self.queries.clone(), self.clock.clone());
        tasks.spawn(tell::look_at_metrics(
            self.desk.clone(),
            queries,
            clock,
            every,
            cancel.clone(),
        ));
        Ok(())
    }

    /// What hears of each template's embedding.
    pub(super) fn template_watch(&self) -> Arc<dyn TemplateWatch> {
        self.classifier.clone()
    }

    /// What lines speak of.
    pub(super) fn classifier(&self) -> Arc<dyn Classifier> {
        self.classifier.clone()
    }
}

/// Teaches the classifier's model. The first moments of a start belong to those who wait for it;
/// rules work at once.
async fn teach(classifier: Arc<RuleClassifier>, cancel: CancellationToken) {
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
