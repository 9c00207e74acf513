//! The side that carries out what people agree to: the engine, opened and started.

use std::sync::Arc;

use anyhow::Context;
use parking_lot::Mutex;
use tocsin_act::{
    ApprovalMessenger, ApprovalParts, AutomationEngine, AutomationEngineDesk, AutomationParts,
    HttpConfig, SlackApprovals,
};
use tocsin_api::SlackInbound;
use tocsin_domain::automation::AutomationRule;
use tocsin_domain::ports::{Clock, LogStore, MetricQueries};
use tocsin_stores::relational::RelationalStore;
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
    pub(super) relational: &'a Arc<RelationalStore>,
    pub(super) logs: &'a Arc<dyn LogStore>,
    pub(super) metrics: Arc<dyn MetricQueries>,
    pub(super) alerts: &'a AlertParts,
    pub(super) clock: &'a Arc<dyn Clock>,
}

/// The engine and the desk that the API asks.
pub(super) struct AutomationSide {
    pub(super) desk: Arc<AutomationEngineDesk>,
    engine: Mutex<Option<AutomationEngine>>,
    /// What takes what people press in Slack, until the API has it.
    slack: Mutex<Option<SlackInbound>>,
    messenger: Mutex<Option<ApprovalMessenger>>,
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
            changes: sources.relational.clone(),
            clock: sources.clock.clone(),
        };
        let engine = tocsin_act::AutomationConfig {
            rules: rules(config)?,
            folder: data_dir.join(FOLDER),
            base_url: base_url(config),
            ..config.automation.engine()
        };
        let opened = AutomationEngine::open(parts, engine).await;
        let (engine, desk) = opened.context("automation cannot be")?;
        let parts = ApprovalParts {
            desk: desk.clone(),
            notices: sources.relational.clone(),
            clock: sources.clock.clone(),
        };
        let (messenger, slack) = match slack(config)? {
            Some(settings) => approvals(config, parts, settings),
            None => (None, None),
        };
        Ok(Self {
            desk,
            engine: Mutex::new(Some(engine)),
            slack: Mutex::new(slack),
            messenger: Mutex::new(messenger),
        })
    }

    /// What takes what people press in Slack; none: they cannot, or it was taken before.
    pub(super) fn take_slack(&self) -> Option<SlackInbound> {
        self.slack.lock().take()
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
        if let Some(messenger) = self.messenger.lock().take() {
            tasks.spawn(messenger.run(cancel.clone()));
        }
    }
}

/// Where the page is, without a slash at the end.
fn base_url(config: &Config) -> String {
    let listens = || format!("http://{}", config.server.listen);
    let url = config.notify.public_url.clone().unwrap_or_else(listens);
    url.trim_end_matches('/').to_owned()
}

/// How people approve in Slack; none: they do not.
fn slack(config: &Config) -> anyhow::Result<Option<SlackApprovals>> {
    let checked = config.automation.slack.check();
    checked.context("`automation.slack`")
}

/// What posts to Slack, and what takes what people press there.
fn approvals(
    config: &Config,
    parts: ApprovalParts,
    settings: SlackApprovals,
) -> (Option<ApprovalMessenger>, Option<SlackInbound>) {
    let http = HttpConfig {
        timeout_ms: config.notify.timeout_ms,
        proxy: config.notify.proxy.clone(),
    };
    let desk = parts.desk.clone();
    let (secret, users) = (settings.signing_secret.clone(), settings.users.clone());
    let (messenger, replies) = ApprovalMessenger::new(parts, settings, &http, base_url(config));
    let inbound = secret.map(|secret| SlackInbound::new(secret, users, desk, replies));
    (Some(messenger), inbound)
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
    slack(config)?;
    rules(config).map(drop)
}
