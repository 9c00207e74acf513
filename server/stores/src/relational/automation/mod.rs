//! Automation: runs with their plans, votes and events, rules with all their versions, switches, and
//! what chats were told.
//!
//! A step of a run flows in with its audit entries as one transaction, or not at all: if another step
//! came first, if it would hold a target that another run holds, or if there is a twin. Not here: what
//! a run does next.

mod commit;
mod notices;
mod outputs;
mod parts_json;
mod plan_json;
mod rows;
mod rule_json;
mod run_json;
mod settings;

use async_trait::async_trait;
use tocsin_domain::automation::{
    AutomationRule, Plan, Run, RunEvent, RunId, Switches, ThrottleState, Vote,
};
use tocsin_domain::ports::{
    AuditEntry, AutomationCommit, AutomationSettings, AutomationStore, Committed, RuleRecord,
    RunFilter, RunScope, StoreError,
};

use super::RelationalStore;

#[async_trait]
impl AutomationStore for RelationalStore {
    async fn automation_position(&self) -> Result<Option<u64>, StoreError> {
        settings::position(&self.pool).await
    }

    async fn commit_automation(&self, commit: AutomationCommit) -> Result<Committed, StoreError> {
        commit::keep(self, &commit).await
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        rows::one(&self.pool, id).await
    }

    async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError> {
        rows::page(&self.pool, filter, before, limit).await
    }

    async fn count_runs(&self, filter: &RunFilter) -> Result<u64, StoreError> {
        rows::count_of(&self.pool, filter).await
    }

    async fn due_runs(&self, now_ms: i64, limit: usize) -> Result<Vec<Run>, StoreError> {
        rows::due(&self.pool, now_ms, limit).await
    }

    async fn next_automation_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError> {
        rows::next_due_ms(&self.pool, now_ms).await
    }

    async fn plan(&self, run: RunId) -> Result<Option<Plan>, StoreError> {
        rows::plan(&self.pool, run).await
    }

    async fn votes(&self, run: RunId) -> Result<Vec<Vote>, StoreError> {
        rows::votes(&self.pool, run).await
    }

    async fn run_events(&self, run: RunId) -> Result<Vec<RunEvent>, StoreError> {
        rows::events(&self.pool, run).await
    }

    async fn append_run_output(&self, run: RunId, at: u64, text: &str) -> Result<(), StoreError> {
        outputs::append(self, run, at, text).await
    }

    async fn run_output(&self, run: RunId, from: u64) -> Result<(String, u64), StoreError> {
        outputs::read(&self.pool, run, from).await
    }

    async fn executed_since(&self, scope: RunScope<'_>, since_ms: i64) -> Result<u64, StoreError> {
        rows::executed_since(&self.pool, scope, since_ms).await
    }

    async fn rule_record(&self, rule: &str, version: u32) -> Result<RuleRecord, StoreError> {
        rows::record(&self.pool, rule, version).await
    }

    async fn throttles(&self) -> Result<Vec<ThrottleState>, StoreError> {
        settings::throttles(&self.pool).await
    }

    async fn forget_runs(&self, before_ms: i64) -> Result<u64, StoreError> {
        commit::forget(self, before_ms).await
    }
}

#[async_trait]
impl AutomationSettings for RelationalStore {
    async fn automation_rules(&self) -> Result<Vec<(String, Option<AutomationRule>)>, StoreError> {
        settings::rules(self).await
    }

    async fn put_automation_rule(
        &self,
        id: &str,
        rule: Option<AutomationRule>,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        settings::put_rule(self, id, rule, &audit).await
    }

    async fn automation_rule_versions(
        &self,
        id: &str,
    ) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError> {
        settings::versions(&self.pool, id).await
    }

    async fn switches(&self) -> Result<Switches, StoreError> {
        settings::switches(&self.pool).await
    }

    async fn put_switches(&self, switches: Switches, audit: AuditEntry) -> Result<(), StoreError> {
        settings::put_switches(self, &switches, &audit).await
    }
}
