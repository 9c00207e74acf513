//! Automation: from an alert to a change that people agreed to and that was seen to help.
//!
//! [`reader`] follows the events of alerts: where a rule matches ([`matching`]) it proposes a run.
//! [`driver`] does what is due about runs: it has the provider say what would happen, waits for
//! people, begins if nothing holds it back ([`budget`]), asks how it goes, looks whether it helped
//! ([`verify`]), and undoes or tells people if not. What a run does next is decided in [`machine`],
//! which is pure; who may say yes, and that a provider is never told without it, in [`policy`]. All
//! steps are kept through [`ledger`] before anything is told to anyone, so that everything may be
//! killed anywhere: what may have been told is asked for before it is told again. [`approvals`] has people
//! vote in Slack.

mod approvals;
mod budget;
mod condition;
mod desk;
mod driver;
mod entry;
mod file;
mod ledger;
mod machine;
mod matching;
mod policy;
mod progress;
mod propose;
mod provider;
mod providers;
mod reader;
mod render;
#[cfg(test)]
mod tests;
mod throttle;
mod try_out;
mod verify;
mod words;
mod writing;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::automation::{AutomationRule, AutomationRuleError, SafetyBudget};
use tocsin_domain::ports::{
    AlertDesk, AlertStore, AutomationSettings, AutomationStore, ChangeStore, Clock, LogStore,
    MetricQueries, StoreError,
};
use tokio_util::sync::CancellationToken;

pub use approvals::{
    ApprovalMessenger, ApprovalParts, SlackApprovals, SlackApprovalsConfig, SlackReplies,
};
pub use desk::Desk as AutomationEngineDesk;
use driver::Driver;
pub use file::{AutomationFileError, parse as parse_automations};
use ledger::Ledger;
use machine::Pace;
use matching::{Compiled, Probes};
pub use progress::{AutomationProgress, PROPOSE_BUCKETS_SECS};
use provider::Provider;
use providers::ansible::Ansible;
pub use providers::ansible::AnsibleConfig;
use providers::ansible_tower::AnsibleTower;
pub use providers::ansible_tower::AnsibleTowerConfig;
pub use providers::github::GitHubActionsConfig;
use providers::github::GitHubIssues;
pub use providers::jira::JiraActionsConfig;
use providers::jira::JiraIssues;
use providers::records::Desk as RecordsDesk;
use providers::script::Scripts;
pub use providers::script::{ScriptConfig, ScriptsConfig};
pub use providers::servicenow::ServiceNowActionsConfig;
use providers::servicenow::ServiceNowRecords;
use providers::terraform::Terraform;
pub use providers::terraform::TerraformConfig;
use providers::terraform_cloud::TerraformCloud;
pub use providers::terraform_cloud::TerraformCloudConfig;
use providers::webhook::Webhook;
pub use providers::webhook::WebhookConfig;
use reader::Reader;
use render::Renderer;

use crate::beginning::opened;
use crate::http::HttpConfig;
use crate::trackers::TrackerConfigError;

/// How automation works.
#[derive(Debug, Clone)]
pub struct AutomationConfig {
    /// Whether anything is proposed and begins. What was begun before is seen to its end all the same.
    pub is_enabled: bool,
    /// The rules of files.
    pub rules: Vec<AutomationRule>,
    /// How much may happen.
    pub budget: SafetyBudget,
    /// Where actions are carried out, by the name that rules use.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// The folder in which programs that are run have theirs.
    pub folder: PathBuf,
    /// How requests leave.
    pub http: HttpConfig,
    /// How many runs are worked on at the same time. Default 8.
    pub lanes_max: usize,
    /// Where the page is, without a slash at the end, for links.
    pub base_url: String,
}

/// Where actions are carried out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProviderConfig {
    /// Programs of a list.
    Script(ScriptsConfig),
    /// Signed requests.
    Webhook(WebhookConfig),
    /// Ansible on this machine.
    Ansible(AnsibleConfig),
    /// The command line of Terraform on this machine.
    Terraform(TerraformConfig),
    /// Incidents and change requests of ServiceNow.
    #[serde(rename = "servicenow")]
    ServiceNow(ServiceNowActionsConfig),
    /// Issues of Jira Cloud.
    Jira(JiraActionsConfig),
    /// Issues of GitHub.
    #[serde(rename = "github")]
    GitHub(GitHubActionsConfig),
    /// AWX, Tower, or Ansible Automation Platform.
    AnsibleTower(AnsibleTowerConfig),
    /// HCP Terraform, or Terraform Enterprise.
    TerraformCloud(TerraformCloudConfig),
}

impl AutomationConfig {
    /// Whether the providers can be.
    ///
    /// # Errors
    /// [`AutomationError::Provider`] with the setting that cannot be.
    pub fn check(&self, clock: &Arc<dyn Clock>) -> Result<(), AutomationError> {
        self.open(clock).map(drop)
    }

    /// Reads the rules of a file. Each must be about something, and one that is switched on must have
    /// its providers.
    ///
    /// # Errors
    /// [`AutomationFileError`] with the line, the field and what was expected.
    pub fn read_rules(&self, text: &str) -> Result<Vec<AutomationRule>, AutomationFileError> {
        let probes = Probes::new();
        file::parse_with(text, |compiled| {
            let rule = compiled.rule.as_ref();
            let wrong = |field: &str, expected: String| AutomationRuleError {
                rule: rule.id.clone(),
                field: field.to_owned(),
                expected,
            };
            if let Some(why) = probes.too_broad(compiled, self.budget.match_percent_max) {
                return Err(wrong("match", why));
            }
            let of_action = Some(("action.provider", rule.action.provider.as_str()));
            let rollback = rule.rollback.as_ref();
            let of_rollback = rollback.map(|one| ("rollback.provider", one.provider.as_str()));
            for (field, name) in of_action.into_iter().chain(of_rollback) {
                if rule.is_enabled && !self.providers.contains_key(name) {
                    let known: Vec<&str> = self.providers.keys().map(String::as_str).collect();
                    let expected = match known.is_empty() {
                        true => "expected it to be configured; no provider is".to_owned(),
                        false => format!("expected one of: {}", known.join(", ")),
                    };
                    return Err(wrong(field, format!("`{name}`: {expected}")));
                }
            }
            Ok(())
        })
    }

    /// Whether the rules can be, wherever they come from.
    fn check_rules(&self) -> Result<(), AutomationError> {
        let (renderer, probes) = (Renderer::default(), Probes::new());
        for rule in &self.rules {
            let compiled = Compiled::new(rule, &renderer);
            let compiled = compiled.map_err(|error| AutomationError::Rule(error.to_string()))?;
            if let Some(why) = probes.too_broad(&compiled, self.budget.match_percent_max) {
                return Err(AutomationError::Rule(format!(
                    "automation `{}`: {why}",
                    rule.id
                )));
            }
        }
        Ok(())
    }

    fn open(&self, clock: &Arc<dyn Clock>) -> Result<Providers, AutomationError> {
        let mut providers = Providers::new();
        for (name, config) in &self.providers {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            if name.is_empty() || !name.chars().all(plain) {
                return Err(AutomationError::Provider {
                    name: name.clone(),
                    detail: "expected a name of letters, digits, `_` and `-`".into(),
                });
            }
            let wrong = |error: TrackerConfigError| AutomationError::Provider {
                name: name.clone(),
                detail: format!("`{}`: expected {}", error.field, error.expected),
            };
            let folder = self.folder.join(name);
            let provider: Arc<dyn Provider> = match config.clone() {
                ProviderConfig::Script(config) => Arc::new(Scripts::new(config, folder)),
                ProviderConfig::Ansible(config) => Arc::new(Ansible::new(config, folder)),
                ProviderConfig::Terraform(config) => Arc::new(Terraform::new(config, folder)),
                ProviderConfig::Webhook(config) => {
                    let webhook = Webhook::new(config, &self.http, clock.clone());
                    Arc::new(webhook.map_err(wrong)?)
                }
                ProviderConfig::ServiceNow(config) => {
                    let records = ServiceNowRecords::new(config, &self.http).map_err(wrong)?;
                    Arc::new(RecordsDesk::new(records))
                }
                ProviderConfig::Jira(config) => {
                    let issues = JiraIssues::new(config, &self.http).map_err(wrong)?;
                    Arc::new(RecordsDesk::new(issues))
                }
                ProviderConfig::GitHub(config) => {
                    let issues = GitHubIssues::new(config, &self.http, clock.clone());
                    Arc::new(RecordsDesk::new(issues.map_err(wrong)?))
                }
                ProviderConfig::AnsibleTower(config) => {
                    let tower = AnsibleTower::new(config, &self.http);
                    Arc::new(tower.map_err(wrong)?)
                }
                ProviderConfig::TerraformCloud(config) => {
                    let cloud = TerraformCloud::new(config, &self.http, folder);
                    Arc::new(cloud.map_err(wrong)?)
                }
            };
            providers.insert(name.clone(), provider);
        }
        Ok(providers)
    }
}

/// A setting of a provider that cannot be.
type Providers = BTreeMap<String, Arc<dyn Provider>>;

impl Default for AutomationConfig {
    fn default() -> Self {
        Self {
            is_enabled: true,
            rules: Vec::new(),
            budget: SafetyBudget::default(),
            providers: BTreeMap::new(),
            folder: PathBuf::from("automation"),
            http: HttpConfig::default(),
            lanes_max: 8,
            base_url: "http://127.0.0.1:8080".into(),
        }
    }
}

/// What stands behind automation. `app` fills it in.
#[derive(Clone)]
pub struct AutomationParts {
    /// Runs and all that belongs to them.
    pub store: Arc<dyn AutomationStore>,
    /// Rules and switches that people changed.
    pub settings: Arc<dyn AutomationSettings>,
    /// Alerts and their events.
    pub alerts: Arc<dyn AlertStore>,
    /// Where alerts are resolved and told; it knows the silences.
    pub desk: Arc<dyn AlertDesk>,
    /// Where it is seen whether an action helped.
    pub metrics: Arc<dyn MetricQueries>,
    /// Where lines are counted.
    pub logs: Arc<dyn LogStore>,
    /// Where it is kept what was done.
    pub changes: Arc<dyn ChangeStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for AutomationParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutomationParts").finish_non_exhaustive()
    }
}

/// Why automation cannot be.
#[derive(Debug, thiserror::Error)]
pub enum AutomationError {
    /// A rule cannot be, or matches too much; says which and what was expected.
    #[error("{0}")]
    Rule(String),
    /// A provider cannot be; says what was expected.
    #[error("`automation.providers.{name}`: {detail}")]
    Provider {
        /// Its name.
        name: String,
        /// What is wrong, and what was expected.
        detail: String,
    },
    /// The store cannot be read.
    #[error("automation cannot be read")]
    Store(#[from] StoreError),
}

/// Proposes, and carries out what people agreed to.
#[derive(Debug)]
pub struct AutomationEngine {
    driver: Driver,
    lanes_max: usize,
    folder: PathBuf,
}

impl AutomationEngine {
    /// An engine over its parts, and the desk that the API asks.
    ///
    /// # Errors
    /// [`AutomationError`].
    pub async fn open(
        parts: AutomationParts,
        config: AutomationConfig,
    ) -> Result<(Self, Arc<AutomationEngineDesk>), AutomationError> {
        let providers = config.open(&parts.clock)?;
        Self::over(parts, config, Pace::default(), providers).await
    }

    async fn over(
        parts: AutomationParts,
        config: AutomationConfig,
        pace: Pace,
        providers: Providers,
    ) -> Result<(Self, Arc<AutomationEngineDesk>), AutomationError> {
        config.check_rules()?;
        let folder = config.folder;
        let mut ledger = Ledger::new(parts, (config.budget, pace), providers, config.rules);
        ledger.is_enabled = config.is_enabled;
        ledger.base_url = config.base_url;
        ledger.load().await?;
        ledger.count_waiting().await?;
        let ledger = Arc::new(ledger);
        let driver = Driver::new(ledger.clone());
        let desk = desk::Desk {
            ledger,
            driver: driver.clone(),
        };
        let engine = Self {
            driver,
            lanes_max: config.lanes_max.max(1),
            folder,
        };
        Ok((engine, Arc::new(desk)))
    }

    /// Proposes and carries out until `shutdown` is cancelled; what a provider is being told is
    /// waited for.
    ///
    /// # Errors
    /// [`StoreError`] if what is stored cannot be read at the beginning. A store that is away is waited
    /// for; later errors are logged and tried again.
    ///
    /// # Cancel safety
    /// Safe: of what a provider may have been told, it is asked before it is told again.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), StoreError> {
        let open = || Reader::open(self.driver.ledger.clone(), self.driver.clone());
        let Some(mut reader) = opened("runs of automation", &shutdown, open).await? else {
            return Ok(());
        };
        tokio::join!(
            reader.run(&shutdown),
            self.driver.run(self.lanes_max, &shutdown),
            providers::sweep(self.folder, &shutdown),
        );
        Ok(())
    }
}
