//! The desk of automation. It tells what there is; whoever asks it to do anything fails the test.

use async_trait::async_trait;
use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::{
    AutomationRule, Freeze, ProviderHealth, Run, RunId, SafetyBudget, Switches,
};
use tocsin_domain::ports::{
    AutomationDesk, AutomationReplay, Ballot, RuleAtWork, RuleTest, RunDetails, RunFilter,
    RunOutcome, StoreError,
};

use super::World;

/// The copilot only reads.
fn never<T>(what: &str) -> T {
    panic!("the copilot was to {what}")
}

#[async_trait]
impl AutomationDesk for World {
    async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError> {
        let runs = self.runs.lock();
        let is_meant = |run: &Run| {
            (filter.states.is_empty() || filter.states.contains(&run.state))
                && filter.rule.as_ref().is_none_or(|rule| *rule == run.rule)
                && filter.alert.is_none_or(|alert| alert == run.episode.alert)
                && filter
                    .from_ms
                    .is_none_or(|from_ms| run.created_ms >= from_ms)
                && filter.to_ms.is_none_or(|to_ms| run.created_ms < to_ms)
                && before.is_none_or(|before| run.id < before)
        };
        let mut found: Vec<Run> = runs.iter().map(|one| one.run.clone()).collect();
        found.retain(is_meant);
        found.sort_by_key(|run| std::cmp::Reverse(run.id));
        found.truncate(limit);
        Ok(found)
    }

    async fn run(&self, id: RunId) -> Result<Option<RunDetails>, StoreError> {
        Ok(self
            .runs
            .lock()
            .iter()
            .find(|one| one.run.id == id)
            .cloned())
    }

    async fn rules(&self) -> Result<Vec<RuleAtWork>, StoreError> {
        let rules = self.automations.lock();
        Ok(rules.iter().map(|(rule, _)| rule.clone()).collect())
    }

    async fn test_rule(
        &self,
        rule: AutomationRule,
        alert: AlertId,
    ) -> Result<Option<RuleTest>, StoreError> {
        let is_known = self.alerts.lock().contains_key(&alert);
        let rules = self.automations.lock();
        let found = rules.iter().find(|(one, _)| one.rule.id == rule.id);
        Ok(found.filter(|_| is_known).map(|(_, test)| test.clone()))
    }

    async fn rule(&self, id: &str) -> Result<Option<RuleAtWork>, StoreError> {
        let rules = self.automations.lock();
        let found = rules.iter().find(|(one, _)| one.rule.id == id);
        Ok(found.map(|(rule, _)| rule.clone()))
    }
    fn read_rule(&self, _: &str, _: Option<&str>) -> Result<AutomationRule, StoreError> {
        never("read a rule")
    }
    fn write_rule(&self, _: &AutomationRule) -> String {
        never("write a rule down")
    }

    async fn output(&self, _: RunId, _: u64) -> Result<(String, u64), StoreError> {
        never("read what an action printed")
    }
    async fn propose(&self, _: &str, _: AlertId, _: &str) -> Result<RunOutcome, StoreError> {
        never("propose")
    }
    async fn vote(&self, _: Ballot) -> Result<RunOutcome, StoreError> {
        never("vote")
    }
    async fn cancel(&self, _: RunId, _: &str, _: &str) -> Result<RunOutcome, StoreError> {
        never("call something off")
    }
    async fn roll_back(&self, _: RunId, _: &str, _: &str) -> Result<RunOutcome, StoreError> {
        never("undo something")
    }
    async fn put_rule(&self, _: AutomationRule, _: &str) -> Result<AutomationRule, StoreError> {
        never("write a rule")
    }
    async fn delete_rule(&self, _: &str, _: &str) -> Result<bool, StoreError> {
        never("delete a rule")
    }
    async fn rule_versions(
        &self,
        _: &str,
    ) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError> {
        never("read versions")
    }
    async fn replay(
        &self,
        _: AutomationRule,
        _: (i64, i64),
    ) -> Result<AutomationReplay, StoreError> {
        never("replay")
    }
    fn budget(&self) -> SafetyBudget {
        SafetyBudget::default()
    }
    fn switches(&self) -> Switches {
        Switches::default()
    }
    async fn stop_all(&self, _: &str, _: &str) -> Result<(), StoreError> {
        never("stop everything")
    }
    async fn allow_again(&self, _: &str) -> Result<(), StoreError> {
        never("let things begin again")
    }
    async fn set_freezes(&self, _: Vec<Freeze>, _: &str) -> Result<(), StoreError> {
        never("set freezes")
    }
    async fn providers(&self) -> Vec<ProviderHealth> {
        Vec::new()
    }
    async fn check_provider(&self, _: &str) -> Option<ProviderHealth> {
        None
    }
}
