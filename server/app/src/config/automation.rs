//! Automation: what is proposed about alerts, where it is carried out, and how much may happen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_act::{HttpConfig, ProviderConfig, SlackApprovalsConfig};
use tocsin_domain::automation::{RateLimit, SafetyBudget};

use super::ConfigError;

/// The seconds of the windows in which runs are counted.
const HOUR_SECS: u32 = 3600;

/// Automation: what is proposed about alerts, where it is carried out, and how much may happen.
/// Nothing is done without a rule that is switched on, and the shipped ones are not.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AutomationConfig {
    /// Whether anything is proposed and begins. Default true. While it is false, what was begun
    /// before is seen to its end, and everything can be looked at.
    pub enabled: bool,
    /// File with automation rules, in place of the shipped `rules/automations.yml`. What people change
    /// in the page or through the API takes the place of the rules of either. Default: the shipped
    /// rules.
    pub rules: Option<PathBuf>,
    /// Days that runs which are over are kept, with their plans and what they printed. Default 365.
    /// The audit log keeps its entries.
    pub kept_days: u32,
    /// How many runs are worked on at the same time. Default 8.
    pub lanes_max: usize,
    /// Milliseconds that a provider has to answer a request. Default 10000.
    pub timeout_ms: u64,
    /// A proxy for providers, such as `http://proxy:3128`. Default none: requests leave directly.
    pub proxy: Option<String>,
    /// Where actions are carried out, by the name that rules use: each is a
    /// `[automation.providers.NAME]` with `kind = "script"` (or another) and what that kind needs, as
    /// in docs/automation.md. Default none.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// How much may happen. What is beyond it waits, or is not proposed.
    pub budget: BudgetConfig,
    /// Approval from Slack: an app of your own that posts what waits for approval, and whose buttons
    /// count as votes, as in docs/approve-in-slack.md.
    pub slack: SlackApprovalsConfig,
}

impl Default for AutomationConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            rules: None,
            kept_days: 365,
            lanes_max: 8,
            timeout_ms: 10_000,
            proxy: None,
            providers: BTreeMap::new(),
            budget: BudgetConfig::default(),
            slack: SlackApprovalsConfig::default(),
        }
    }
}

/// How much may happen. What is beyond it waits, or is not proposed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// Runs of all rules together that may begin within an hour. Default 20.
    pub runs_per_hour: u32,
    /// Runs of one provider that may begin within an hour. Default 10.
    pub provider_runs_per_hour: u32,
    /// Runs of one rule that may begin within an hour, unless the rule has a `limit` of its own.
    /// Default 5.
    pub rule_runs_per_hour: u32,
    /// Targets, or hosts, of one run. Default 10.
    pub targets_max: u32,
    /// Runs that wait for people; beyond it nothing is proposed. Default 200.
    pub waiting_max: u32,
    /// After how many runs in a row that did not help a rule may only propose, until it is changed.
    /// Default 3.
    pub failed_verifications_max: u32,
    /// The greatest share of alerts of all kinds that a rule may match, in percent: 1 to 100. A rule
    /// that matches more is refused. Default 20.
    pub match_percent_max: u32,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        let budget = SafetyBudget::default();
        Self {
            runs_per_hour: budget.global.runs_max,
            provider_runs_per_hour: budget.provider.runs_max,
            rule_runs_per_hour: budget.rule.runs_max,
            targets_max: budget.targets_max,
            waiting_max: budget.waiting_max,
            failed_verifications_max: budget.failed_verifications_max,
            match_percent_max: budget.match_percent_max,
        }
    }
}

impl BudgetConfig {
    fn budget(&self) -> SafetyBudget {
        let hourly = |runs_max| RateLimit {
            runs_max,
            window_secs: HOUR_SECS,
        };
        SafetyBudget {
            global: hourly(self.runs_per_hour),
            provider: hourly(self.provider_runs_per_hour),
            rule: hourly(self.rule_runs_per_hour),
            targets_max: self.targets_max,
            waiting_max: self.waiting_max,
            failed_verifications_max: self.failed_verifications_max,
            match_percent_max: self.match_percent_max,
        }
    }
}

impl AutomationConfig {
    /// What the engine works with, but for its rules and its folder.
    #[must_use]
    pub fn engine(&self) -> tocsin_act::AutomationConfig {
        tocsin_act::AutomationConfig {
            is_enabled: self.enabled,
            budget: self.budget.budget(),
            providers: self.providers.clone(),
            http: HttpConfig {
                timeout_ms: self.timeout_ms,
                proxy: self.proxy.clone(),
            },
            lanes_max: self.lanes_max,
            ..tocsin_act::AutomationConfig::default()
        }
    }

    /// Whether everything is within its range.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] with the key and what was expected.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let budget = &self.budget;
        let positive = [
            (
                "lanes_max",
                u64::try_from(self.lanes_max).unwrap_or(u64::MAX),
            ),
            ("timeout_ms", self.timeout_ms),
            ("budget.targets_max", budget.targets_max.into()),
            (
                "budget.failed_verifications_max",
                budget.failed_verifications_max.into(),
            ),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, number)| *number == 0) {
            return refused(key, "a number above 0");
        }
        if !(1..=100).contains(&budget.match_percent_max) {
            return refused("budget.match_percent_max", "1 to 100");
        }
        Ok(())
    }
}

fn refused(key: &str, expected: &str) -> Result<(), ConfigError> {
    Err(ConfigError::Refused(format!(
        "`automation.{key}`: expected {expected}"
    )))
}
