//! How much automation may happen, how it is stopped, and where it is carried out.

use serde::{Deserialize, Serialize};
use tocsin_domain::Timestamp;
use tocsin_domain::alert::Recurrence;
use tocsin_domain::automation::{Freeze, ProviderHealth, RateLimit, SafetyBudget, Switches};
use utoipa::ToSchema;

use super::automation_runs::bounded;
use super::series::at;
use super::time;
use crate::errors::ApiError;

/// The most characters of the reason of a freeze.
const REASON_CHARS_MAX: usize = 200;

/// How much may happen, and what people switched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SafetyAnswer {
    /// How much may happen.
    pub(crate) budget: BudgetItem,
    /// That everything is stopped; null: it is not.
    pub(crate) kill: Option<KillItem>,
    /// Times in which nothing begins.
    pub(crate) freezes: Vec<FreezeItem>,
}

/// How much may happen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BudgetItem {
    /// Of all rules together.
    pub(crate) global: RateLimitItem,
    /// Of each provider.
    pub(crate) provider: RateLimitItem,
    /// Of each rule that does not say otherwise.
    pub(crate) rule: RateLimitItem,
    /// Targets or hosts of one run.
    pub(crate) targets_max: u32,
    /// Runs that wait for leave; beyond it nothing is proposed.
    pub(crate) waiting_max: u32,
    /// After how many runs of a rule in a row that did not help it may only propose.
    pub(crate) failed_verifications_max: u32,
    /// The greatest share of alerts that a rule may match, in percent.
    pub(crate) match_percent_max: u32,
}

/// So many runs within so long.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RateLimitItem {
    /// How many.
    pub(crate) runs_max: u32,
    /// Within how many seconds, up to now.
    pub(crate) window_secs: u32,
}

/// Everything is stopped.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KillItem {
    /// Who stopped it.
    pub(crate) by: String,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// Why.
    pub(crate) reason: String,
}

/// A time in which nothing begins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FreezeItem {
    /// Why.
    pub(crate) reason: String,
    /// From when on.
    #[schema(format = DateTime)]
    pub(crate) starts_at: String,
    /// Until when; for one that comes again, the end of its first time.
    #[schema(format = DateTime)]
    pub(crate) ends_at: String,
    /// When it comes again: daily, weekly, or null for never.
    pub(crate) recurrence: Option<&'static str>,
    /// Whether it holds now.
    pub(crate) is_active: bool,
}

impl SafetyAnswer {
    /// How much may happen, and what people switched, at a time, in ms.
    pub(crate) fn new(budget: &SafetyBudget, switches: &Switches, now_ms: i64) -> Self {
        let freeze = |freeze: &Freeze| FreezeItem {
            reason: freeze.reason.clone(),
            starts_at: at(freeze.starts_ms),
            ends_at: at(freeze.ends_ms),
            recurrence: freeze.recurrence.map(Recurrence::name),
            is_active: freeze.over_ms(now_ms).is_some(),
        };
        Self {
            budget: budget.into(),
            kill: switches.kill.as_ref().map(|kill| KillItem {
                by: kill.by.clone(),
                at: at(kill.at_ms),
                reason: kill.reason.clone(),
            }),
            freezes: switches.freezes.iter().map(freeze).collect(),
        }
    }
}

impl From<&SafetyBudget> for BudgetItem {
    fn from(budget: &SafetyBudget) -> Self {
        Self {
            global: budget.global.into(),
            provider: budget.provider.into(),
            rule: budget.rule.into(),
            targets_max: budget.targets_max,
            waiting_max: budget.waiting_max,
            failed_verifications_max: budget.failed_verifications_max,
            match_percent_max: budget.match_percent_max,
        }
    }
}

impl From<RateLimit> for RateLimitItem {
    fn from(limit: RateLimit) -> Self {
        Self {
            runs_max: limit.runs_max,
            window_secs: limit.window_secs,
        }
    }
}

/// That things may begin again. It has no members.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeRequest {}

/// Times in which nothing is to begin, in place of those there were.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FreezesRequest {
    /// The times, at most 100.
    pub(crate) freezes: Vec<FreezeForm>,
}

/// A time in which nothing is to begin. Other members of one as it is shown may stand beside.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct FreezeForm {
    /// Why, 1 to 200 characters.
    pub(crate) reason: String,
    /// From when on. Default: now.
    pub(crate) starts_at: Option<String>,
    /// Until when, such as `now+2h`; for one that comes again, the end of its first time.
    pub(crate) ends_at: String,
    /// daily or weekly, at the same time (UTC). Default: never again.
    pub(crate) recurrence: Option<String>,
}

impl FreezesRequest {
    pub(crate) fn read(&self, now: Timestamp) -> Result<Vec<Freeze>, ApiError> {
        if self.freezes.len() > Switches::FREEZES_MAX {
            let expected = format!("at most {}", Switches::FREEZES_MAX);
            let detail = format!("{} were given", self.freezes.len());
            return Err(ApiError::field("freezes", &expected, detail));
        }
        self.freezes.iter().map(|form| form.read(now)).collect()
    }
}

impl FreezeForm {
    fn read(&self, now: Timestamp) -> Result<Freeze, ApiError> {
        let reason = self.reason.trim();
        bounded("freezes.reason", reason, REASON_CHARS_MAX)?;
        if reason.is_empty() {
            let detail = "nobody would know why nothing begins";
            return Err(ApiError::field("freezes.reason", "a reason", detail));
        }
        let starts = match self.starts_at.as_deref() {
            None | Some("") => now,
            Some(text) => time::parse("freezes.starts_at", text, now)?,
        };
        let ends = time::parse("freezes.ends_at", &self.ends_at, now)?;
        let recurrence = match self.recurrence.as_deref() {
            None | Some("") => None,
            Some("daily") => Some(Recurrence::Daily),
            Some("weekly") => Some(Recurrence::Weekly),
            Some(other) => {
                let shown: String = other.chars().take(40).collect();
                let detail = format!("`{shown}` is not a recurrence");
                let field = "freezes.recurrence";
                return Err(ApiError::field(field, "daily or weekly", detail));
            }
        };
        let lasts_ms = ends.millis() - starts.millis();
        let most_ms = recurrence.map_or(i64::MAX, Recurrence::period_ms);
        if !(1..=most_ms).contains(&lasts_ms) {
            let expected =
                "a time after `starts_at`, at most a day (or week) later if it comes again";
            let detail = "it would be over before it begins, or never";
            return Err(ApiError::field("freezes.ends_at", expected, detail));
        }
        Ok(Freeze {
            reason: reason.to_owned(),
            starts_ms: starts.millis(),
            ends_ms: ends.millis(),
            recurrence,
        })
    }
}

/// Where actions are carried out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderAnswer {
    /// The providers, by name.
    pub(crate) items: Vec<ProviderItem>,
}

/// How a provider is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderItem {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// script, webhook, ansible, terraform, ansible_tower, terraform_cloud, servicenow, jira or
    /// github.
    pub(crate) kind: &'static str,
    /// Whether it is there and what we may do is enough.
    pub(crate) healthy: bool,
    /// What it said, or what is wrong and what to do.
    pub(crate) detail: String,
    /// How long it took, in ms.
    pub(crate) took_ms: u64,
    /// When it was asked.
    #[schema(format = DateTime)]
    pub(crate) checked_at: String,
}

impl From<ProviderHealth> for ProviderItem {
    fn from(health: ProviderHealth) -> Self {
        Self {
            name: health.name,
            kind: health.kind.name(),
            healthy: health.is_healthy,
            detail: health.detail,
            took_ms: health.took_ms,
            checked_at: at(health.checked_ms),
        }
    }
}
