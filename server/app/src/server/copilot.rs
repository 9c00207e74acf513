//! The side that answers questions: the language model and the copilot, opened and started.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parking_lot::{Mutex, RwLock};
use tocsin_copilot::{
    ChangeRules, CopilotParts, CopilotRules, CopilotService, DiagnosisRules, Runbooks,
};
use tocsin_domain::ports::{Clock, LogStore};
use tocsin_llm::{Connected, ModelKeeper, ModelParts};
use tocsin_stores::relational::RelationalStore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::config::Config;

/// How often the names of machines are looked up that are cut out of what a model is sent.
const HOSTS_EVERY: Duration = Duration::from_secs(60);

/// The copilot, its model, and what has to run for both.
pub(super) struct CopilotSide {
    pub(super) service: Arc<CopilotService>,
    pub(super) llm: Arc<tocsin_llm::ModelTelemetry>,
    keeper: Mutex<Option<ModelKeeper>>,
    hosts: Arc<HostNames>,
}

/// The language model that is configured, which nobody has asked yet.
pub(super) struct Model {
    connected: Connected,
    hosts: Arc<HostNames>,
}

impl Model {
    /// The model behind its redaction, budgets and ledger.
    pub(super) fn open(
        config: &Config,
        relational: &Arc<RelationalStore>,
        logs: &Arc<dyn LogStore>,
        (clock, names): (&Arc<dyn Clock>, &Arc<RwLock<Vec<String>>>),
    ) -> anyhow::Result<Self> {
        let hosts = Arc::new(HostNames {
            names: names.clone(),
            logs: logs.clone(),
        });
        let known = hosts.clone();
        let parts = ModelParts {
            ledger: relational.clone(),
            clock: clock.clone(),
            random: Arc::new(clock::random),
            hosts: Arc::new(move || known.names.read().clone()),
        };
        let connected = tocsin_llm::connect(&config.llm, parts).context("`llm`")?;
        Ok(Self { connected, hosts })
    }

    /// What the copilot asks.
    pub(super) fn language_model(&self) -> Arc<dyn tocsin_domain::ports::LanguageModel> {
        self.connected.model.clone()
    }
}

impl CopilotSide {
    /// Joins the parts.
    pub(super) fn open(config: &Config, parts: CopilotParts, model: Model) -> anyhow::Result<Self> {
        let (changes, runbooks, diagnosis) = copilot_rules(config)?;
        let rules = CopilotRules {
            changes,
            runbooks,
            diagnosis,
            prompts: model.connected.prompts,
        };
        let service = CopilotService::new(Arc::new(parts), rules, config.copilot.clone());
        Ok(Self {
            service: Arc::new(service.context("the rules of questions")?),
            llm: model.connected.telemetry,
            keeper: Mutex::new(Some(model.connected.keeper)),
            hosts: model.hosts,
        })
    }

    /// Starts to make reports by itself, until it is cancelled.
    pub(super) fn start(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        tasks.spawn(self.service.watch().run(cancel.clone()));
    }

    /// Starts to write the model's ledger, and to look up the names of machines. Both have to run for
    /// as long as answers are given.
    pub(super) fn start_keeper(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        tasks.spawn(self.hosts.clone().keep(cancel.clone()));
        if let Some(keeper) = self.keeper.lock().take() {
            tasks.spawn(keeper.run(cancel.clone()));
        }
    }
}

/// The names of machines that logs come from.
struct HostNames {
    /// Shared with the server of embeddings, if there is one.
    names: Arc<RwLock<Vec<String>>>,
    logs: Arc<dyn LogStore>,
}

impl HostNames {
    /// Looks them up until cancelled.
    async fn keep(self: Arc<Self>, cancel: CancellationToken) {
        let mut ticks = tokio::time::interval(HOSTS_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = ticks.tick() => {}
            }
            match self.logs.stats().await {
                Ok(stats) => *self.names.write() = names(&stats.sources),
                Err(error) => tracing::warn!(%error, "names of hosts could not be looked up"),
            }
        }
    }
}

fn names(sources: &[tocsin_domain::ports::log_store::SourceStats]) -> Vec<String> {
    let hosts = sources.iter().flat_map(|source| &source.hosts);
    let mut names: Vec<String> = hosts.map(ToString::to_string).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

/// The rules by which changes are found in lines, what to do about failures, and what words in attachments
/// mean.
pub(crate) fn copilot_rules(
    config: &Config,
) -> anyhow::Result<(ChangeRules, Runbooks, DiagnosisRules)> {
    let settings = &config.copilot;
    settings.check().context("`copilot`")?;
    let changes = match &settings.changes {
        Some(path) => ChangeRules::load(&read(path, "copilot.changes")?, &named(path))?,
        None => ChangeRules::built_in()?,
    };
    let runbooks = match &settings.runbooks {
        Some(path) => Runbooks::load(&read(path, "copilot.runbooks")?, &named(path))?,
        None => Runbooks::built_in()?,
    };
    let diagnosis = match &settings.diagnosis {
        Some(path) => {
            DiagnosisRules::parse(&read(path, "copilot.diagnosis")?).with_context(|| named(path))?
        }
        None => DiagnosisRules::built_in()?,
    };
    Ok((changes, runbooks, diagnosis))
}

fn read(path: &Path, key: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path);
    text.with_context(|| format!("cannot read `{}` (`{key}`)", path.display()))
}

fn named(path: &Path) -> String {
    path.display().to_string()
}
