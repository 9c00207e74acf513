//! What people do about automation: it goes the same way as what the server does by itself.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde_json::json;
use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::{
    AutomationRule, Freeze, KillSwitch, ProviderHealth, Run, RunId, RunState, SafetyBudget,
    Switches, Verdict,
};
use tocsin_domain::ports::{
    AutomationCommit, AutomationDesk, AutomationReplay, Ballot, Committed, RuleAtWork, RuleTest,
    RunDetails, RunFilter, RunOutcome, StoreError,
};

use super::driver::Driver;
use super::file::parse_one;
use super::ledger::{Applied, Ledger};
use super::machine::Input;
use super::matching::{Compiled, too_broad, too_broad_for};
use super::policy::{self, Tally};
use super::progress::AutomationProgress;
use super::{try_out, writing};

/// The most characters of a reason that someone gives.
const REASON_CHARS_MAX: usize = 2000;
/// How often what is proposed by hand may have been proposed before.
const ATTEMPTS_MAX: u32 = 100;
/// How many of the newest alerts a rule is tried on before it is taken up.
const HISTORY: usize = 1000;

/// The desk of automation.
#[derive(Debug)]
pub struct Desk {
    pub(super) ledger: Arc<Ledger>,
    pub(super) driver: Driver,
}

impl Desk {
    /// What was counted since the start.
    #[must_use]
    pub fn progress(&self) -> Arc<AutomationProgress> {
        self.ledger.progress.clone()
    }

    async fn outcome(&self, applied: Applied, id: RunId) -> Result<RunOutcome, StoreError> {
        Ok(match applied {
            Applied::Done(run, effect) => {
                if let Some(effect) = effect
                    && let Some(answer) = self.driver.carry_out(&run, effect).await?
                {
                    self.driver.feed(id, answer).await?;
                }
                let run = self.ledger.parts.store.run(id).await?.unwrap_or(*run);
                RunOutcome::Done(Box::new(run))
            }
            Applied::Refused(why) => RunOutcome::Refused(why),
            Applied::Held(by) => {
                RunOutcome::Refused(format!("run {by} does something to the same target"))
            }
            Applied::Unknown => RunOutcome::Unknown(format!("there is no run {id}")),
        })
    }

    async fn change_switches(
        &self,
        actor: &str,
        action: &str,
        change: impl FnOnce(&mut Switches),
    ) -> Result<(), StoreError> {
        let mut switches = self.ledger.switches();
        change(&mut switches);
        let details = json!({
            "stopped_by": switches.kill.as_ref().map(|kill| &kill.by),
            "reason": switches.kill.as_ref().map(|kill| &kill.reason),
            "freezes": switches.freezes.len(),
        });
        let audit = self
            .ledger
            .audit(actor, action, "automation".into(), &details);
        self.ledger
            .parts
            .settings
            .put_switches(switches.clone(), audit)
            .await?;
        self.ledger.set_switches(switches);
        self.ledger.wake.notify_one();
        Ok(())
    }

    /// Takes up rules as they are kept by now, and voids what an older version of one proposed and has
    /// not begun.
    async fn rule_changed(&self, id: &str, actor: &str) -> Result<(), StoreError> {
        self.ledger.load().await?;
        let version = self.ledger.rules().get(id).map(|one| one.rule.version);
        let filter = RunFilter {
            states: vec![
                RunState::Proposed,
                RunState::AwaitingApproval,
                RunState::Approved,
            ],
            rule: Some(id.to_owned()),
            ..RunFilter::default()
        };
        let waiting_max = self.ledger.budget.waiting_max as usize;
        let store = &self.ledger.parts.store;
        let runs = store.runs(&filter, None, waiting_max).await?;
        for run in runs.iter().filter(|run| version != Some(run.rule_version)) {
            let void = Input::Void("the rule was changed since".into());
            self.ledger.apply(run.id, actor, void).await?;
        }
        Ok(())
    }

    /// A rule with how its runs went.
    async fn at_work(&self, rule: &AutomationRule) -> Result<RuleAtWork, StoreError> {
        let store = &self.ledger.parts.store;
        let record = store.rule_record(&rule.id, rule.version).await?;
        Ok(RuleAtWork {
            rule: rule.clone(),
            record,
            is_propose_only: self.ledger.failed_too_often(record),
        })
    }

    fn compiled(&self, rule: &AutomationRule) -> Result<Compiled, StoreError> {
        let compiled = Compiled::new(rule, &self.ledger.renderer);
        compiled.map_err(|error| StoreError::Invalid(error.to_string()))
    }
}

fn reason(text: &str, otherwise: &str) -> Result<String, RunOutcome> {
    if text.chars().count() > REASON_CHARS_MAX {
        let why = format!("expected a reason of at most {REASON_CHARS_MAX} characters");
        return Err(RunOutcome::Refused(why));
    }
    Ok(match text.trim() {
        "" => otherwise.to_owned(),
        text => text.to_owned(),
    })
}

#[async_trait]
impl AutomationDesk for Desk {
    async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError> {
        self.ledger.parts.store.runs(filter, before, limit).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunDetails>, StoreError> {
        let store = &self.ledger.parts.store;
        let Some(run) = store.run(id).await? else {
            return Ok(None);
        };
        let (plan, votes) = (store.plan(id).await?, store.votes(id).await?);
        let waits_for = plan
            .as_ref()
            .filter(|_| run.state == RunState::AwaitingApproval);
        let waits_for = waits_for.map(|plan| policy::tally(plan, policy::hash(plan), &votes));
        let waits_for = waits_for.and_then(|tally| match tally {
            Tally::Waiting { stage, who } => Some((stage, who)),
            Tally::Granted(_) | Tally::Refused(_) => None,
        });
        let (open_stage, waits_for) = waits_for.unzip();
        Ok(Some(RunDetails {
            events: store.run_events(id).await?,
            run,
            plan,
            votes,
            open_stage,
            waits_for,
        }))
    }

    async fn output(&self, id: RunId, from: u64) -> Result<(String, u64), StoreError> {
        self.ledger.parts.store.run_output(id, from).await
    }

    async fn propose(
        &self,
        rule: &str,
        alert: AlertId,
        actor: &str,
    ) -> Result<RunOutcome, StoreError> {
        let rules = self.ledger.rules();
        let Some(compiled) = rules.get(rule) else {
            return Ok(RunOutcome::Unknown(format!("there is no rule `{rule}`")));
        };
        let Some(alert) = self.ledger.parts.alerts.alert(alert).await? else {
            return Ok(RunOutcome::Unknown("there is no such alert".into()));
        };
        if let Some(why) = self.ledger.off_because() {
            return Ok(RunOutcome::Refused(why));
        }
        if !alert.is_firing() {
            return Ok(RunOutcome::Refused("the alert is over".into()));
        }
        if let Err(error) = self.ledger.provider_of(&compiled.rule.action.provider) {
            return Ok(RunOutcome::Refused(error.detail));
        }
        for attempt in 1..ATTEMPTS_MAX {
            let step = self.ledger.proposal(&compiled.rule, &alert, actor, attempt);
            let run = step.run.clone();
            let commit = AutomationCommit {
                steps: vec![step],
                ..AutomationCommit::default()
            };
            match self.ledger.parts.store.commit_automation(commit).await? {
                Committed::Done => {
                    self.ledger.progress.proposed(1);
                    self.ledger.wake.notify_one();
                    return Ok(RunOutcome::Done(Box::new(run)));
                }
                Committed::Twin(by) | Committed::Held(by) => {
                    return Ok(RunOutcome::Refused(format!("run {by} is about the same")));
                }
                // It was proposed so often before.
                Committed::Stale(_) => {}
            }
        }
        Ok(RunOutcome::Refused(format!(
            "it was proposed {ATTEMPTS_MAX} times already"
        )))
    }

    async fn vote(&self, ballot: Ballot) -> Result<RunOutcome, StoreError> {
        let is_yes = ballot.verdict == Verdict::Approve;
        if let Some(why) = self.ledger.off_because().filter(|_| is_yes) {
            return Ok(RunOutcome::Refused(why));
        }
        let now_ms = self.ledger.now_ms();
        let applied = self
            .ledger
            .apply_with(ballot.run, &ballot.actor, |run, plan, votes| {
                let plan = plan.ok_or("its plan is not made yet")?;
                let vote = policy::hear((run, plan), votes, &ballot, now_ms)?;
                let mut votes = votes.to_vec();
                votes.push(vote.clone());
                let input = Input::Voted {
                    yes: is_yes,
                    comment: ballot.comment.clone(),
                    tally: policy::tally(plan, vote.plan, &votes),
                };
                Ok((input, Some(vote)))
            });
        let applied = applied.await?;
        self.outcome(applied, ballot.run).await
    }

    async fn cancel(&self, id: RunId, text: &str, actor: &str) -> Result<RunOutcome, StoreError> {
        let why = match reason(text, "no reason was given") {
            Ok(why) => format!("{actor} called it off: {why}"),
            Err(refused) => return Ok(refused),
        };
        let applied = self.ledger.apply(id, actor, Input::CalledOff(why)).await?;
        self.outcome(applied, id).await
    }

    async fn roll_back(
        &self,
        id: RunId,
        text: &str,
        actor: &str,
    ) -> Result<RunOutcome, StoreError> {
        let why = match reason(text, "no reason was given") {
            Ok(why) => format!("{actor} wants it undone: {why}"),
            Err(refused) => return Ok(refused),
        };
        if let Some(kill) = self.ledger.switches().kill {
            let why = format!("{} stopped everything: {}", kill.by, kill.reason);
            return Ok(RunOutcome::Refused(why));
        }
        let applied = self.ledger.apply(id, actor, Input::RollBack(why)).await?;
        self.outcome(applied, id).await
    }

    async fn rules(&self) -> Result<Vec<RuleAtWork>, StoreError> {
        let mut rules = Vec::new();
        for compiled in self.ledger.rules().iter() {
            rules.push(self.at_work(compiled.rule.as_ref()).await?);
        }
        rules.sort_by(|left, right| left.rule.id.cmp(&right.rule.id));
        Ok(rules)
    }

    async fn rule(&self, id: &str) -> Result<Option<RuleAtWork>, StoreError> {
        match self.ledger.rules().get(id) {
            Some(compiled) => self.at_work(compiled.rule.as_ref()).await.map(Some),
            None => Ok(None),
        }
    }

    fn read_rule(&self, text: &str, id: Option<&str>) -> Result<AutomationRule, StoreError> {
        parse_one(text, id).map_err(|error| StoreError::Invalid(error.to_string()))
    }

    fn write_rule(&self, rule: &AutomationRule) -> String {
        writing::write(rule)
    }

    async fn put_rule(
        &self,
        mut rule: AutomationRule,
        actor: &str,
    ) -> Result<AutomationRule, StoreError> {
        let compiled = self.compiled(&rule)?;
        let percent_max = self.ledger.budget.match_percent_max;
        let refused = |why: String| {
            Err(StoreError::Invalid(format!(
                "automation `{}`: {why}",
                rule.id
            )))
        };
        if let Some(why) = too_broad(&compiled, percent_max) {
            return refused(why);
        }
        let filter = tocsin_domain::ports::AlertFilter::default();
        let past = self
            .ledger
            .parts
            .alerts
            .alerts(&filter, None, HISTORY)
            .await?;
        if let Some(why) = too_broad_for(&compiled, &past, percent_max) {
            return refused(why);
        }
        if let Err(error) = self.ledger.provider_of(&rule.action.provider) {
            return refused(error.detail);
        }
        let known = self
            .ledger
            .rules()
            .get(&rule.id)
            .map(|one| one.rule.version);
        rule.version = rule.version.max(known.unwrap_or(0));
        let details =
            json!({ "name": rule.name, "enabled": rule.is_enabled, "dry_run": rule.is_dry_run });
        let subject = format!("automation_rule:{}", rule.id);
        let audit = self
            .ledger
            .audit(actor, "automation.rule.put", subject, &details);
        let settings = &self.ledger.parts.settings;
        rule.version = settings
            .put_automation_rule(&rule.id, Some(rule.clone()), audit)
            .await?;
        self.rule_changed(&rule.id, actor).await?;
        Ok(rule)
    }

    async fn delete_rule(&self, id: &str, actor: &str) -> Result<bool, StoreError> {
        if self.ledger.rules().get(id).is_none() {
            return Ok(false);
        }
        let subject = format!("automation_rule:{id}");
        let audit = self
            .ledger
            .audit(actor, "automation.rule.delete", subject, &json!({}));
        self.ledger
            .parts
            .settings
            .put_automation_rule(id, None, audit)
            .await?;
        self.rule_changed(id, actor).await?;
        Ok(true)
    }

    async fn rule_versions(
        &self,
        id: &str,
    ) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError> {
        self.ledger
            .parts
            .settings
            .automation_rule_versions(id)
            .await
    }

    async fn test_rule(
        &self,
        rule: AutomationRule,
        alert: AlertId,
    ) -> Result<Option<RuleTest>, StoreError> {
        let compiled = self.compiled(&rule)?;
        let alert = self.ledger.parts.alerts.alert(alert).await?;
        Ok(alert.map(|alert| try_out::test(&self.ledger, &compiled, &alert)))
    }

    async fn replay(
        &self,
        rule: AutomationRule,
        range_ms: (i64, i64),
    ) -> Result<AutomationReplay, StoreError> {
        let compiled = self.compiled(&rule)?;
        try_out::replay(&self.ledger, &compiled, range_ms).await
    }

    fn budget(&self) -> SafetyBudget {
        self.ledger.budget.clone()
    }

    fn switches(&self) -> Switches {
        self.ledger.switches()
    }

    async fn stop_all(&self, text: &str, actor: &str) -> Result<(), StoreError> {
        let Ok(text) = reason(text, "no reason was given") else {
            let expected = format!("expected a reason of at most {REASON_CHARS_MAX} characters");
            return Err(StoreError::Invalid(expected));
        };
        let kill = KillSwitch {
            by: actor.to_owned(),
            at_ms: self.ledger.now_ms(),
            reason: text.clone(),
        };
        let stopped = self.change_switches(actor, "automation.stop", |s| s.kill = Some(kill));
        stopped.await?;
        let why = format!("{actor} stopped everything: {text}");
        let going_on = RunFilter {
            states: vec![
                RunState::Approved,
                RunState::Executing,
                RunState::RollingBack,
            ],
            ..RunFilter::default()
        };
        let mut before = None;
        loop {
            let page = self.ledger.parts.store.runs(&going_on, before, 100).await?;
            for run in &page {
                let applied = self
                    .ledger
                    .apply(run.id, actor, Input::Stopped(why.clone()))
                    .await?;
                self.outcome(applied, run.id).await?;
            }
            match page.last() {
                Some(last) => before = Some(last.id),
                None => return Ok(()),
            }
        }
    }

    async fn allow_again(&self, actor: &str) -> Result<(), StoreError> {
        self.change_switches(actor, "automation.allow", |switches| switches.kill = None)
            .await
    }

    async fn set_freezes(&self, freezes: Vec<Freeze>, actor: &str) -> Result<(), StoreError> {
        if freezes.len() > Switches::FREEZES_MAX {
            let most = Switches::FREEZES_MAX;
            return Err(StoreError::Invalid(format!(
                "expected at most {most} freezes"
            )));
        }
        if freezes
            .iter()
            .any(|freeze| freeze.ends_ms <= freeze.starts_ms)
        {
            return Err(StoreError::Invalid(
                "expected a freeze to end after it begins".into(),
            ));
        }
        self.change_switches(actor, "automation.freeze", |switches| {
            switches.freezes = freezes
        })
        .await
    }

    async fn providers(&self) -> Vec<ProviderHealth> {
        let names: Vec<String> = self.ledger.providers.keys().cloned().collect();
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            all.extend(self.check_provider(&name).await);
        }
        all
    }

    async fn check_provider(&self, name: &str) -> Option<ProviderHealth> {
        let provider = self.ledger.providers.get(name)?;
        let began = Instant::now();
        let said = provider.check().await;
        Some(ProviderHealth {
            name: name.to_owned(),
            kind: provider.kind(),
            is_healthy: said.is_ok(),
            detail: said.unwrap_or_else(|why| why),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            checked_ms: self.ledger.now_ms(),
        })
    }
}
