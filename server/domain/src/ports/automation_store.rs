//! The store of automation: runs, plans, votes and what happened, each step in one transaction with
//! its audit entry; rules with all their versions; what people switched.

use async_trait::async_trait;

use super::audit_log::AuditEntry;
use super::log_store::StoreError;
use crate::alert::AlertId;
use crate::automation::{
    AutomationRule, Plan, Run, RunEvent, RunId, RunState, Switches, ThrottleState, Vote,
};

/// A step of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStep {
    /// The run after it.
    pub run: Run,
    /// The number of its newest event before it; 0: the run is new.
    pub after: u64,
    /// Its plan, if it was made in this step. A run's plan is never changed.
    pub plan: Option<Plan>,
    /// What someone said in this step.
    pub vote: Option<Vote>,
    /// What happened, numbered from `after` + 1 without a gap; none if only times changed.
    pub events: Vec<RunEvent>,
    /// One for each event.
    pub audit: Vec<AuditEntry>,
}

/// What one step changes, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AutomationCommit {
    /// How far the events of alerts were taken; none: it stays.
    pub position: Option<u64>,
    /// Steps of runs.
    pub steps: Vec<RunStep>,
    /// What throttles remember, each in place of the one of its rule and group.
    pub throttles: Vec<ThrottleState>,
    /// Throttles that are over, by rule and group.
    pub over: Vec<(String, String)>,
}

/// What came of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It is kept.
    Done,
    /// Nothing was kept: this run is not as the step took it to be (another step came first, or it is
    /// there already).
    Stale(RunId),
    /// Nothing was kept: a run would hold a target that this one holds.
    Held(RunId),
    /// Nothing was kept: this run of the same rule, targets and episode is not over.
    Twin(RunId),
}

/// Which runs are meant. Everything that is given must hold; an empty list is not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// In one of these states.
    pub states: Vec<RunState>,
    /// Of a rule.
    pub rule: Option<String>,
    /// About an alert.
    pub alert: Option<AlertId>,
    /// Of a provider.
    pub provider: Option<String>,
    /// Of a group of the rule.
    pub group: Option<String>,
    /// Proposed at this time or later, in ms.
    pub from_ms: Option<i64>,
    /// Proposed before this time, in ms.
    pub to_ms: Option<i64>,
}

/// Whose executions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunScope<'a> {
    /// All.
    All,
    /// Those of a provider.
    Provider(&'a str),
    /// Those of a rule.
    Rule(&'a str),
}

/// How runs of a rule went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleRecord {
    /// Runs that were executed and are over.
    pub executed: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that were seen to help.
    pub verified: u64,
    /// Those of the newest version whose help was looked for and not seen, since the last that helped.
    pub failed_in_a_row: u32,
}

/// Runs and all that belongs to them. One task of the server drives them; any number of readers.
#[async_trait]
pub trait AutomationStore: Send + Sync {
    /// The number of the last event of alerts that was taken; none before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn automation_position(&self) -> Result<Option<u64>, StoreError>;

    /// Keeps what a step changed. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was kept then.
    async fn commit_automation(&self, commit: AutomationCommit) -> Result<Committed, StoreError>;

    /// One run.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError>;

    /// One page: the newest first by id, those with an id below `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError>;

    /// How many runs are meant.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn count_runs(&self, filter: &RunFilter) -> Result<u64, StoreError>;

    /// Runs about which something is to be done at a time, in ms, that due longest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn due_runs(&self, now_ms: i64, limit: usize) -> Result<Vec<Run>, StoreError>;

    /// When something is to be done about a run or a throttle next, in ms, after `now_ms`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn next_automation_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError>;

    /// The plan of a run.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn plan(&self, run: RunId) -> Result<Option<Plan>, StoreError>;

    /// What people said about a run, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn votes(&self, run: RunId) -> Result<Vec<Vote>, StoreError>;

    /// Everything that happened to a run, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn run_events(&self, run: RunId) -> Result<Vec<RunEvent>, StoreError>;

    /// Adds to what an action printed; beyond [`OUTPUT_BYTES_MAX`] nothing is added. `at` is how many
    /// bytes there were before, so that what is added twice is there once.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn append_run_output(&self, run: RunId, at: u64, text: &str) -> Result<(), StoreError>;

    /// What an action printed, from a byte on, and how many bytes there are.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn run_output(&self, run: RunId, from: u64) -> Result<(String, u64), StoreError>;

    /// How many runs were executed at this time or later, in ms.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn executed_since(&self, scope: RunScope<'_>, since_ms: i64) -> Result<u64, StoreError>;

    /// How runs of a rule went; of `version` for those in a row.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn rule_record(&self, rule: &str, version: u32) -> Result<RuleRecord, StoreError>;

    /// What throttles remember.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn throttles(&self) -> Result<Vec<ThrottleState>, StoreError>;

    /// Forgets runs that ended before a time, in ms, with everything about them but the audit
    /// entries. Returns how many went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_runs(&self, before_ms: i64) -> Result<u64, StoreError>;
}

/// The most bytes that are kept of what an action printed.
pub const OUTPUT_BYTES_MAX: u64 = 1024 * 1024;

/// Rules that people changed, each with all its versions, and what people switched.
#[async_trait]
pub trait AutomationSettings: Send + Sync {
    /// The newest version of every rule that was changed, by id; none in place of a rule: it was
    /// deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn automation_rules(&self) -> Result<Vec<(String, Option<AutomationRule>)>, StoreError>;

    /// Keeps the next version of a rule (none: it is deleted) with its audit entry, and gives its
    /// number, which is above all that were kept and above the rule's own. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_automation_rule(
        &self,
        id: &str,
        rule: Option<AutomationRule>,
        audit: AuditEntry,
    ) -> Result<u32, StoreError>;

    /// All versions of a rule that were kept, newest first; none in place of a version: it was
    /// deleted then.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn automation_rule_versions(
        &self,
        id: &str,
    ) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError>;

    /// What people switched.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn switches(&self) -> Result<Switches, StoreError>;

    /// Keeps what people switched with its audit entry. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_switches(&self, switches: Switches, audit: AuditEntry) -> Result<(), StoreError>;
}
