//! Automation in memory: a desk that notes what it is told, and reads rules that are one line.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tocsin_domain::alert::{AlertId, AlertSeverity};
use tocsin_domain::automation::{
    ActionTemplate, ApprovalNeed, ApprovalPolicy, ApprovalStage, AutomationMatch, AutomationRule,
    ChangeCounts, Episode, FailurePolicy, Freeze, KillSwitch, Next, Param, Params, Plan, PlanHash,
    PlannedAction, Preview, PreviewKind, ProviderHealth, ProviderKind, Risk, RiskLevel, Run,
    RunEvent, RunId, RunState, SafetyBudget, Switches, Throttle, Verdict, VerifyRule, Vote,
};
use tocsin_domain::ports::{
    AlertStore, AutomationDesk, AutomationReplay, Ballot, RuleAtWork, RuleRecord, RuleTest,
    RunDetails, RunFilter, RunOutcome, StoreError,
};

use super::{Fakes, NOW, lock};

/// The hash of every plan.
pub(crate) const HASH: PlanHash = PlanHash([0xab; 32]);

#[derive(Default)]
pub(crate) struct AutomationFakes {
    /// Rules by id.
    pub(crate) rules: BTreeMap<String, AutomationRule>,
    /// Versions that people made, newest first.
    pub(crate) versions: Vec<(u32, Option<AutomationRule>)>,
    pub(crate) runs: Vec<RunDetails>,
    pub(crate) output: String,
    pub(crate) switches: Switches,
    /// What was asked of the desk that changes something, in order.
    pub(crate) told: Vec<String>,
    pub(crate) votes: Vec<Vote>,
    pub(crate) replayed_ms: Option<(i64, i64)>,
}

/// A rule.
pub(crate) fn rule(id: &str) -> AutomationRule {
    AutomationRule {
        id: id.into(),
        name: format!("Rule {id}"),
        is_enabled: true,
        version: 3,
        matches: AutomationMatch {
            failure_types: vec!["disk_full".into()],
            confidence_min: 0.8,
            ..AutomationMatch::default()
        },
        action: ActionTemplate {
            provider: "scripts".into(),
            base_url: None,
            params: Params::from([("script".into(), Param::Text("clean".into()))]),
        },
        rollback: None,
        targets: vec!["{{ alert.labels.host }}".into()],
        group_by: vec!["host".into()],
        cooldown_secs: 600,
        throttle: Some(Throttle::OnceWithin(60)),
        is_dry_run: false,
        approval: ApprovalPolicy {
            need: ApprovalNeed::When("risk == 'high'".into()),
            stages: vec![stage(&["ana"])],
            expires_secs: 3600,
            is_two_person: false,
        },
        verify: Some(verify()),
        resolves_alert: true,
        on_failure: FailurePolicy::default(),
        risk: risk(),
        timeout_secs: 60,
        limit: None,
        targets_max: None,
    }
}

fn verify() -> VerifyRule {
    VerifyRule {
        after_secs: 30,
        timeout_secs: 300,
        expect: "!alert.firing".into(),
        metrics: BTreeMap::new(),
        templates: BTreeMap::new(),
    }
}

fn risk() -> Risk {
    Risk {
        level: RiskLevel::Medium,
        reasons: vec!["old logs are gone".into()],
    }
}

/// A stage of these people; none: of anyone.
pub(crate) fn stage(approvers: &[&str]) -> ApprovalStage {
    ApprovalStage {
        approvers: approvers.iter().map(|&name| name.into()).collect(),
        count: 1,
    }
}

/// A run that waits for a yes, and so many seconds old.
pub(crate) fn run(secs_ago: i64, target: &str) -> RunDetails {
    let at_ms = NOW.millis() - secs_ago * 1000;
    let episode = Episode {
        alert: AlertId(7),
        since_ms: at_ms,
    };
    let targets = vec![target.to_owned()];
    let run = Run {
        id: RunId::of("clean", &targets, episode, 0),
        rule: "clean".into(),
        rule_version: 3,
        episode,
        title: format!("Disk of {target} is full"),
        group: target.into(),
        targets,
        provider: "scripts".into(),
        proposer: "system".into(),
        is_dry_run: false,
        state: RunState::AwaitingApproval,
        reason: "someone is to agree".into(),
        seq: 1,
        plan: Some(HASH),
        next: Some((Next::Expire, at_ms + 3_600_000)),
        call: None,
        tries: 0,
        executed_ms: None,
        acted_ms: None,
        verification: None,
        owed: Vec::new(),
        owed_due_ms: 0,
        created_ms: at_ms,
        updated_ms: at_ms,
        finished_ms: None,
    };
    let event = RunEvent {
        run: run.id,
        seq: 1,
        at_ms,
        actor: "system".into(),
        from: None,
        to: RunState::AwaitingApproval,
        what: "planned".into(),
        detail: run.reason.clone(),
    };
    RunDetails {
        plan: Some(plan(&run)),
        run,
        votes: Vec::new(),
        events: vec![event],
        open_stage: Some(0),
        waits_for: Some("1 of: anyone who may approve".into()),
    }
}

fn plan(run: &Run) -> Plan {
    let action = PlannedAction {
        provider: "scripts".into(),
        template: "script clean".into(),
        base_url: None,
        params: Params::from([
            ("keep_days".into(), Param::Int(7)),
            ("script".into(), Param::Text("clean".into())),
        ]),
    };
    Plan {
        run: run.id,
        rule: run.rule.clone(),
        rule_version: run.rule_version,
        episode: run.episode,
        targets: run.targets.clone(),
        rollback: Some(action.clone()),
        action,
        preview: Preview {
            kind: PreviewKind::DryRun,
            text: "- old.log".into(),
            counts: Some(ChangeCounts {
                add: 0,
                change: 1,
                destroy: 2,
            }),
            hosts: run.targets.clone(),
            artifacts: vec![("clean".into(), "00ff".into())],
        },
        risk: risk(),
        stages: vec![stage(&[])],
        is_two_person: false,
        approval_because: "the rule asks for it always".into(),
        proposer: run.proposer.clone(),
        verify: Some(verify()),
        on_failure: FailurePolicy {
            rolls_back: true,
            escalates_to: Some(AlertSeverity::Critical),
        },
        resolves_alert: true,
        timeout_secs: 60,
        made_ms: run.created_ms,
        expires_ms: run.created_ms + 3_600_000,
    }
}

impl Fakes {
    fn note_done(&self, what: String) {
        lock(&self.automating).told.push(what);
    }

    /// Changes a run; what it was in place of.
    fn change(&self, id: RunId, change: impl FnOnce(&mut Run)) -> RunOutcome {
        let all = &mut *lock(&self.automating);
        match all.runs.iter_mut().find(|one| one.run.id == id) {
            None => RunOutcome::Unknown(format!("there is no run {id}")),
            Some(one) if one.run.state.is_final() => {
                let state = one.run.state.name();
                RunOutcome::Refused(format!("the run is {state}"))
            }
            Some(one) => {
                change(&mut one.run);
                RunOutcome::Done(Box::new(one.run.clone()))
            }
        }
    }
}

fn at_work(rule: &AutomationRule) -> RuleAtWork {
    RuleAtWork {
        rule: rule.clone(),
        record: RuleRecord {
            executed: 4,
            succeeded: 3,
            verified: 2,
            failed_in_a_row: 1,
        },
        is_propose_only: false,
    }
}

fn among<T: PartialEq>(list: &[T], one: &T) -> bool {
    list.is_empty() || list.contains(one)
}

fn is<T: PartialEq>(wanted: Option<&T>, one: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == one)
}

#[async_trait]
impl AutomationDesk for Fakes {
    async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError> {
        let all = lock(&self.automating);
        let mut all: Vec<Run> = all.runs.iter().map(|one| one.run.clone()).collect();
        all.retain(|one| {
            among(&filter.states, &one.state)
                && is(filter.rule.as_ref(), &one.rule)
                && is(filter.alert.as_ref(), &one.episode.alert)
                && is(filter.provider.as_ref(), &one.provider)
                && filter
                    .from_ms
                    .is_none_or(|from_ms| one.created_ms >= from_ms)
                && filter.to_ms.is_none_or(|to_ms| one.created_ms < to_ms)
                && before.is_none_or(|before| one.id < before)
        });
        all.sort_by_key(|one| std::cmp::Reverse(one.id));
        all.truncate(limit);
        Ok(all)
    }

    async fn run(&self, id: RunId) -> Result<Option<RunDetails>, StoreError> {
        let all = lock(&self.automating);
        Ok(all.runs.iter().find(|one| one.run.id == id).cloned())
    }

    async fn output(&self, _: RunId, from: u64) -> Result<(String, u64), StoreError> {
        let output = lock(&self.automating).output.clone();
        let size = output.len() as u64;
        let from = usize::try_from(from)
            .unwrap_or(usize::MAX)
            .min(output.len());
        Ok((output[output.ceil_char_boundary(from)..].to_owned(), size))
    }

    async fn propose(
        &self,
        rule: &str,
        alert: AlertId,
        actor: &str,
    ) -> Result<RunOutcome, StoreError> {
        if !lock(&self.automating).rules.contains_key(rule) {
            return Ok(RunOutcome::Unknown(format!("there is no rule `{rule}`")));
        }
        match AlertStore::alert(self, alert).await? {
            None => Ok(RunOutcome::Unknown("there is no such alert".into())),
            Some(alert) if !alert.is_firing() => {
                Ok(RunOutcome::Refused("the alert is over".into()))
            }
            Some(alert) => {
                self.note_done(format!("propose {rule} {actor}"));
                let mut proposed = run(0, "web-1");
                proposed.run.proposer = actor.into();
                proposed.run.episode.alert = alert.id;
                let run = proposed.run.clone();
                lock(&self.automating).runs.push(proposed);
                Ok(RunOutcome::Done(Box::new(run)))
            }
        }
    }

    async fn vote(&self, ballot: Ballot) -> Result<RunOutcome, StoreError> {
        if ballot.plan != HASH {
            let why = "the plan is another one than the one that was seen";
            return Ok(RunOutcome::Refused(why.into()));
        }
        let state = match ballot.verdict {
            Verdict::Approve => RunState::Approved,
            Verdict::Reject => RunState::Rejected,
        };
        let vote = Vote {
            run: ballot.run,
            plan: ballot.plan,
            stage: 0,
            actor: ballot.actor,
            verdict: ballot.verdict,
            comment: ballot.comment,
            channel: ballot.channel,
            at_ms: NOW.millis(),
        };
        self.note_done(format!("{} {}", vote.verdict.name(), vote.actor));
        lock(&self.automating).votes.push(vote);
        Ok(self.change(ballot.run, |run| run.state = state))
    }

    async fn cancel(&self, id: RunId, reason: &str, actor: &str) -> Result<RunOutcome, StoreError> {
        self.note_done(format!("cancel {actor} {reason}"));
        Ok(self.change(id, |run| run.state = RunState::Cancelled))
    }

    async fn roll_back(
        &self,
        id: RunId,
        reason: &str,
        actor: &str,
    ) -> Result<RunOutcome, StoreError> {
        self.note_done(format!("rollback {actor} {reason}"));
        Ok(self.change(id, |run| run.state = RunState::RollingBack))
    }

    async fn rules(&self) -> Result<Vec<RuleAtWork>, StoreError> {
        Ok(lock(&self.automating).rules.values().map(at_work).collect())
    }

    async fn rule(&self, id: &str) -> Result<Option<RuleAtWork>, StoreError> {
        Ok(lock(&self.automating).rules.get(id).map(at_work))
    }

    /// Reads `id: NAME`, or a line that says no id.
    fn read_rule(&self, text: &str, id: Option<&str>) -> Result<AutomationRule, StoreError> {
        if text.contains("wrong") {
            let detail = "line 2: automation `x`: `match.when`: expected a condition";
            return Err(StoreError::Invalid(detail.into()));
        }
        let said = text.lines().find_map(|line| line.strip_prefix("id: "));
        let mut rule = rule(said.or(id).unwrap_or("unnamed"));
        rule.version = 1;
        Ok(rule)
    }

    fn write_rule(&self, rule: &AutomationRule) -> String {
        format!("id: {}\n", rule.id)
    }

    async fn put_rule(
        &self,
        mut rule: AutomationRule,
        actor: &str,
    ) -> Result<AutomationRule, StoreError> {
        if rule.id == "broad" {
            return Err(StoreError::Invalid("it matches too much".into()));
        }
        self.note_done(format!("put {} {actor}", rule.id));
        let all = &mut *lock(&self.automating);
        let known = all.rules.get(&rule.id).map_or(0, |rule| rule.version);
        rule.version = rule.version.max(known) + 1;
        all.versions.insert(0, (rule.version, Some(rule.clone())));
        all.rules.insert(rule.id.clone(), rule.clone());
        Ok(rule)
    }

    async fn delete_rule(&self, id: &str, actor: &str) -> Result<bool, StoreError> {
        let all = &mut *lock(&self.automating);
        let Some(rule) = all.rules.remove(id) else {
            return Ok(false);
        };
        all.told.push(format!("delete {id} {actor}"));
        all.versions.insert(0, (rule.version + 1, None));
        Ok(true)
    }

    async fn rule_versions(
        &self,
        id: &str,
    ) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError> {
        let of_it = |rule: &AutomationRule| rule.id == id;
        let all = lock(&self.automating).versions.clone();
        let is_its = all.iter().any(|(_, rule)| rule.as_ref().is_some_and(of_it));
        Ok(if is_its { all } else { Vec::new() })
    }

    async fn test_rule(
        &self,
        rule: AutomationRule,
        alert: AlertId,
    ) -> Result<Option<RuleTest>, StoreError> {
        let alert = AlertStore::alert(self, alert).await?;
        Ok(alert.map(|alert| RuleTest {
            is_match: true,
            because: format!("{} of rule {}", alert.title, rule.id),
            targets: vec!["web-1".into()],
            action: run(0, "web-1").plan.map(|plan| plan.action),
            approval: "someone is to agree".into(),
            problem: None,
        }))
    }

    async fn replay(
        &self,
        _: AutomationRule,
        range_ms: (i64, i64),
    ) -> Result<AutomationReplay, StoreError> {
        lock(&self.automating).replayed_ms = Some(range_ms);
        Ok(AutomationReplay {
            looked_at: 9,
            matched: 4,
            runs: vec![(NOW.millis(), AlertId(7), vec!["web-1".into()])],
            held_back: 2,
            problems: vec![(AlertId(8), "undefined value".into())],
            too_broad: None,
        })
    }

    fn budget(&self) -> SafetyBudget {
        SafetyBudget::default()
    }

    fn switches(&self) -> Switches {
        lock(&self.automating).switches.clone()
    }

    async fn stop_all(&self, reason: &str, actor: &str) -> Result<(), StoreError> {
        self.note_done(format!("stop {actor} {reason}"));
        lock(&self.automating).switches.kill = Some(KillSwitch {
            by: actor.into(),
            at_ms: NOW.millis(),
            reason: reason.into(),
        });
        Ok(())
    }

    async fn allow_again(&self, actor: &str) -> Result<(), StoreError> {
        self.note_done(format!("allow {actor}"));
        lock(&self.automating).switches.kill = None;
        Ok(())
    }

    async fn set_freezes(&self, freezes: Vec<Freeze>, actor: &str) -> Result<(), StoreError> {
        self.note_done(format!("freeze {actor}"));
        lock(&self.automating).switches.freezes = freezes;
        Ok(())
    }

    async fn providers(&self) -> Vec<ProviderHealth> {
        self.check_provider("scripts").await.into_iter().collect()
    }

    async fn check_provider(&self, name: &str) -> Option<ProviderHealth> {
        (name == "scripts").then(|| ProviderHealth {
            name: name.into(),
            kind: ProviderKind::Script,
            is_healthy: false,
            detail: "clean is not owned by root".into(),
            took_ms: 3,
            checked_ms: NOW.millis(),
        })
    }
}
