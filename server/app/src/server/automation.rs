//! The side that carries out what people agree to: the engine, opened and started.

use std::sync::Arc;

use anyhow::Context;
use parking_lot::Mutex;
use tocsin_act::{AutomationEngine, AutomationEngineDesk, AutomationParts};
use tocsin_domain::automation::AutomationRule;
use tocsin_domain::ports::{Clock, LogStore, MetricQueries};
use tocsin_stores::relational::SqliteStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alerts::AlertParts;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_dir::DataDir;

/// The rules that are shipped.
const RULES: &str = include_str!("../../../../rules/automations.yml");
/// The folder of programs that are run, within the data folder.
const FOLDER: &str = "automation";

/// What automation is opened with, beside the configuration.
pub(super) struct AutomationSources<'a> {
    pub(super) relational: &'a Arc<SqliteStore>,
    pub(super) logs: &'a Arc<dyn LogStore>,
    pub(super) metrics: Arc<dyn MetricQueries>,
    pub(super) alerts: &'a AlertParts,
    pub(super) clock: &'a Arc<dyn Clock>,
}

/// The engine and the desk that the API asks.
pub(super) struct AutomationSide {
    pub(super) desk: Arc<AutomationEngineDesk>,
    engine: Mutex<Option<AutomationEngine>>,
}

impl AutomationSide {
    /// Joins the parts.
    pub(super) async fn open(
        config: &Config,
        data_dir: &DataDir,
        sources: AutomationSources<'_>,
    ) -> anyhow::Result<Self> {
        let parts = AutomationParts {
            store: sources.relational.clone(),
            settings: sources.relational.clone(),
            alerts: sources.relational.clone(),
            desk: Arc::new(sources.alerts.desk.clone()),
            metrics: sources.metrics,
            logs: sources.logs.clone(),
            clock: sources.clock.clone(),
        };
        let engine = tocsin_act::AutomationConfig {
            rules: rules(config)?,
            folder: data_dir.join(FOLDER),
            ..config.automation.engine()
        };
        let opened = AutomationEngine::open(parts, engine).await;
        let (engine, desk) = opened.context("automation cannot be")?;
        Ok(Self {
            desk,
            engine: Mutex::new(Some(engine)),
        })
    }

    /// Starts to propose and to carry out, until it is cancelled.
    pub(super) fn start(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        if let Some(engine) = self.engine.lock().take() {
            let run = engine.run(cancel.clone());
            tasks.spawn(async move {
                if let Err(error) = run.await {
                    tracing::error!(%error, "nothing is automated until the next start");
                }
            });
        }
    }
}

/// The automation rules of the file that is configured, or the shipped ones.
fn rules(config: &Config) -> anyhow::Result<Vec<AutomationRule>> {
    let engine = config.automation.engine();
    let Some(path) = &config.automation.rules else {
        let read = engine.read_rules(RULES);
        return read.context("the shipped automation rules cannot be read");
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("`automation.rules`: {shown} cannot be read"))?;
    let read = engine.read_rules(&text);
    read.with_context(|| format!("`automation.rules`: {shown}"))
}

/// Whether the rules and the providers that are configured can be.
pub(crate) fn check_automation(config: &Config) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    config.automation.engine().check(&clock)?;
    rules(config).map(drop)
}
