//! Alert rules: kept, checked, explained, and tried on the past.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::alert::{AlertRule, LabelSet};

/// Rules that people changed; those that were not are in the files. Every change is kept.
#[async_trait]
pub trait RuleStore: Send + Sync {
    /// The newest version of every rule that was changed, by id; none in place of a rule: it was
    /// deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn changed_rules(&self) -> Result<Vec<(String, Option<AlertRule>)>, StoreError>;

    /// Keeps the next version of a rule (none: it is deleted), and gives its number, which is
    /// above all that were kept and above the rule's own. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_rule(&self, id: &str, rule: Option<AlertRule>) -> Result<u32, StoreError>;
}

/// How often and when a rule would have fired.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleReplay {
    /// What it would have told, in order of time.
    pub alerts: Vec<ReplayedAlert>,
    /// How many lines, points or findings it looked at.
    pub looked_at: u64,
    /// For how many of them the condition held.
    pub held: u64,
    /// True if there was more than could be looked at; says which part was.
    pub cut: Option<String>,
}

/// An alert that would have been.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedAlert {
    /// When it would have begun, in ms.
    pub starts_ms: i64,
    /// When it would have ended, in ms; none: not within the time looked at.
    pub ends_ms: Option<i64>,
    /// Its labels.
    pub labels: LabelSet,
    /// How often it would have fired.
    pub count: u64,
    /// Its title.
    pub title: String,
}

/// What came of looking at a rule at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluation {
    /// It held, and an alert fired.
    Fired,
    /// It held, but not for long enough, or not often enough.
    Pending,
    /// It did not hold.
    NotMet,
    /// There was nothing to look at.
    NoData,
    /// It could not be looked at.
    Failed,
    /// The rule was switched off.
    Disabled,
}

impl Evaluation {
    /// The name in API and page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Pending => "pending",
            Self::NotMet => "not_met",
            Self::NoData => "no_data",
            Self::Failed => "failed",
            Self::Disabled => "disabled",
        }
    }
}

/// Why a rule fired, or did not.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleExplanation {
    /// What came of it.
    pub evaluation: Evaluation,
    /// The time that was asked for, in ms.
    pub at_ms: i64,
    /// For each label set that was looked at, what came of it and why; those that fired first.
    pub groups: Vec<(LabelSet, Evaluation, String)>,
    /// A sentence.
    pub detail: String,
    /// What holds its notifications back, if something does.
    pub suppressed_by: Vec<String>,
}

/// Rules as they are at work.
#[async_trait]
pub trait AlertRules: Send + Sync {
    /// All rules, by id.
    fn rules(&self) -> Vec<AlertRule>;

    /// Takes up a rule, in place of the one with its id, from the next event on.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if it cannot be; says what was expected.
    async fn put(&self, rule: AlertRule) -> Result<AlertRule, StoreError>;

    /// Drops a rule. False if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn delete(&self, id: &str) -> Result<bool, StoreError>;

    /// How often and when a rule would have fired within `[from_ms, to_ms)`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the rule cannot be.
    async fn replay(&self, rule: AlertRule, range_ms: (i64, i64))
    -> Result<RuleReplay, StoreError>;

    /// Why a rule fired at a time, or did not. None if there is no such rule.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn explain(&self, id: &str, at_ms: i64) -> Result<Option<RuleExplanation>, StoreError>;
}
