//! The automation desk: what the API, the command line and Slack ask of automation.

use async_trait::async_trait;

use super::automation_store::{RuleRecord, RunFilter};
use super::log_store::StoreError;
use crate::alert::AlertId;
use crate::automation::{
    AutomationRule, Channel, Freeze, Plan, PlanHash, PlannedAction, ProviderHealth, Run, RunEvent,
    RunId, SafetyBudget, Switches, Verdict, Vote,
};

/// A run with everything about it but its output.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDetails {
    /// The run.
    pub run: Run,
    /// Its plan; none: it is not made yet.
    pub plan: Option<Plan>,
    /// What people said.
    pub votes: Vec<Vote>,
    /// Everything that happened.
    pub events: Vec<RunEvent>,
    /// The stage whose yes it waits for, from 0; none: it waits for nobody's.
    pub open_stage: Option<u32>,
    /// Whose yes it waits for, as a sentence; none: nobody's.
    pub waits_for: Option<String>,
}

/// What came of something that someone wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum RunOutcome {
    /// It is done, or will be; the run as it is now.
    Done(Box<Run>),
    /// There is no such run, rule or alert; says which.
    Unknown(String),
    /// It may not be, or makes no sense now; says why.
    Refused(String),
}

/// What someone says about a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// The run.
    pub run: RunId,
    /// The hash of the plan that the person saw.
    pub plan: PlanHash,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub comment: String,
    /// Who.
    pub actor: String,
    /// Where it was said.
    pub channel: Channel,
}

/// What a rule makes of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTest {
    /// Whether it matches.
    pub is_match: bool,
    /// Why, or why not.
    pub because: String,
    /// What it would be done to.
    pub targets: Vec<String>,
    /// What would be done, with all values; none: it cannot be, `problem` says why.
    pub action: Option<PlannedAction>,
    /// Whether someone would have to agree, and why.
    pub approval: String,
    /// What is wrong; none: nothing.
    pub problem: Option<String>,
}

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AutomationReplay {
    /// Alerts that were looked at.
    pub looked_at: u64,
    /// Those that it matches.
    pub matched: u64,
    /// When, in ms, about which alert and to what it would have run.
    pub runs: Vec<(i64, AlertId, Vec<String>)>,
    /// Those that throttle or cooldown would have held back.
    pub held_back: u64,
    /// Those whose parameters cannot be made, with why; the first few.
    pub problems: Vec<(AlertId, String)>,
    /// Why the rule would be refused for matching too much; none: it would not.
    pub too_broad: Option<String>,
}

/// A rule as it is at work.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleAtWork {
    /// The rule.
    pub rule: AutomationRule,
    /// How its runs went.
    pub record: RuleRecord,
    /// Whether it may only propose, since it did not help too often.
    pub is_propose_only: bool,
}

/// Automation. Everything is durable on return.
#[async_trait]
pub trait AutomationDesk: Send + Sync {
    /// One page of runs: the newest first by id, those with an id below `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError>;

    /// One run with everything about it.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn run(&self, id: RunId) -> Result<Option<RunDetails>, StoreError>;

    /// What an action printed, from a byte on, and how many bytes there are.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn output(&self, id: RunId, from: u64) -> Result<(String, u64), StoreError>;

    /// Proposes what a rule says for an alert, whether it matches or not.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn propose(
        &self,
        rule: &str,
        alert: AlertId,
        actor: &str,
    ) -> Result<RunOutcome, StoreError>;

    /// Takes what someone says about a plan.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn vote(&self, ballot: Ballot) -> Result<RunOutcome, StoreError>;

    /// Calls a run off.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn cancel(&self, id: RunId, reason: &str, actor: &str) -> Result<RunOutcome, StoreError>;

    /// Undoes what a run did, as its plan says.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn roll_back(
        &self,
        id: RunId,
        reason: &str,
        actor: &str,
    ) -> Result<RunOutcome, StoreError>;

    /// All rules, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn rules(&self) -> Result<Vec<RuleAtWork>, StoreError>;

    /// One rule.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn rule(&self, id: &str) -> Result<Option<RuleAtWork>, StoreError>;

    /// One rule as people write it: by itself, or as the only one of a file of rules, in YAML or JSON.
    /// One that does not say its id has the one that is given, or one made of what it is about. Its
    /// version is 1.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with the line, the field and what was expected.
    fn read_rule(&self, text: &str, id: Option<&str>) -> Result<AutomationRule, StoreError>;

    /// A rule in YAML, as people write it. What is read of it is the rule, but for the version.
    fn write_rule(&self, rule: &AutomationRule) -> String;

    /// Takes up a rule in place of the one with its id. What was proposed by an older version and has
    /// not begun is void.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if it cannot be; says what was expected.
    async fn put_rule(
        &self,
        rule: AutomationRule,
        actor: &str,
    ) -> Result<AutomationRule, StoreError>;

    /// Drops a rule. False if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn delete_rule(&self, id: &str, actor: &str) -> Result<bool, StoreError>;

    /// All versions of a rule that people made, newest first; none in place of one: it was deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn rule_versions(
        &self,
        id: &str,
    ) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError>;

    /// What a rule makes of an alert. Nothing is done. None if there is no such alert.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the rule cannot be.
    async fn test_rule(
        &self,
        rule: AutomationRule,
        alert: AlertId,
    ) -> Result<Option<RuleTest>, StoreError>;

    /// What a rule would have done about the alerts that began within `[from_ms, to_ms)`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the rule cannot be.
    async fn replay(
        &self,
        rule: AutomationRule,
        range_ms: (i64, i64),
    ) -> Result<AutomationReplay, StoreError>;

    /// How much may happen.
    fn budget(&self) -> SafetyBudget;

    /// What people switched.
    fn switches(&self) -> Switches;

    /// Stops everything at once: nothing begins, and what goes on is called off.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn stop_all(&self, reason: &str, actor: &str) -> Result<(), StoreError>;

    /// Lets things begin again.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn allow_again(&self, actor: &str) -> Result<(), StoreError>;

    /// Sets the times in which nothing begins.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there are too many, or one ends before it begins.
    async fn set_freezes(&self, freezes: Vec<Freeze>, actor: &str) -> Result<(), StoreError>;

    /// Asks every provider whether it is there.
    async fn providers(&self) -> Vec<ProviderHealth>;

    /// Asks one provider. None if there is none of this name.
    async fn check_provider(&self, name: &str) -> Option<ProviderHealth>;
}
