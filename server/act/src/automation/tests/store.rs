//! The store in memory, which can be killed before or after it kept something.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tocsin_domain::automation::{
    AutomationRule, Plan, Run, RunEvent, RunId, RunNotice, RunState, Switches, ThrottleState,
    Verification, Vote,
};
use tocsin_domain::ports::{
    AuditEntry, AutomationCommit, AutomationSettings, AutomationStore, Committed, RuleRecord,
    RunFilter, RunNotices, RunScope, RunStep, StoreError,
};

use crate::outbox::tests::memory::lock;

/// What is kept, whoever is killed.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) position: Option<u64>,
    pub(super) runs: BTreeMap<RunId, Run>,
    pub(super) plans: BTreeMap<RunId, Plan>,
    pub(super) votes: Vec<Vote>,
    pub(super) events: Vec<RunEvent>,
    pub(super) audit: Vec<AuditEntry>,
    throttles: BTreeMap<(String, String), ThrottleState>,
    outputs: BTreeMap<RunId, String>,
    rules: Vec<(String, u32, Option<AutomationRule>)>,
    switches: Switches,
    /// What chats were told.
    pub(super) notices: BTreeMap<RunId, RunNotice>,
    /// After how many commits the server is killed, and whether before the commit is kept.
    pub(super) dies_in: Option<(u32, bool)>,
    /// The server is dead: nothing it does counts.
    pub(super) is_dead: bool,
}

#[derive(Default)]
pub(super) struct Store(pub(super) Mutex<Kept>);

pub(super) fn dead() -> StoreError {
    StoreError::Unavailable("the server was killed".into())
}

impl Kept {
    fn check(&self, step: &RunStep) -> Option<Committed> {
        let run = &step.run;
        let before = self.runs.get(&run.id);
        if before.map_or(0, |run| run.seq) != step.after || (before.is_some() && step.after == 0) {
            return Some(Committed::Stale(run.id));
        }
        let others = || self.runs.values().filter(|other| other.id != run.id);
        if before.is_none() {
            let twin = others().find(|other| !other.state.is_final() && other.is_like(run));
            if let Some(twin) = twin {
                return Some(Committed::Twin(twin.id));
            }
        }
        if run.state.holds_targets() {
            let shares = |other: &&Run| {
                other.state.holds_targets()
                    && other
                        .targets
                        .iter()
                        .any(|target| run.targets.contains(target))
            };
            if let Some(other) = others().find(shares) {
                return Some(Committed::Held(other.id));
            }
        }
        None
    }

    fn keep(&mut self, commit: AutomationCommit) -> Committed {
        for step in &commit.steps {
            if let Some(refused) = self.check(step) {
                return refused;
            }
        }
        self.position = commit.position.or(self.position);
        for state in commit.throttles {
            self.throttles
                .insert((state.rule.clone(), state.group.clone()), state);
        }
        for key in commit.over {
            self.throttles.remove(&key);
        }
        for step in commit.steps {
            if let Some(plan) = step.plan {
                assert!(
                    self.plans.insert(step.run.id, plan).is_none(),
                    "a plan was changed"
                );
            }
            self.votes.extend(step.vote);
            self.events.extend(step.events);
            self.audit.extend(step.audit);
            self.runs.insert(step.run.id, step.run);
        }
        Committed::Done
    }
}

impl Store {
    /// The store, if the server lives.
    fn kept(&self) -> Result<std::sync::MutexGuard<'_, Kept>, StoreError> {
        let kept = lock(&self.0);
        match kept.is_dead {
            true => Err(dead()),
            false => Ok(kept),
        }
    }
}

fn is_meant(filter: &RunFilter, run: &Run) -> bool {
    (filter.states.is_empty() || filter.states.contains(&run.state))
        && filter.rule.as_ref().is_none_or(|rule| *rule == run.rule)
        && filter.alert.is_none_or(|alert| alert == run.episode.alert)
        && filter
            .provider
            .as_ref()
            .is_none_or(|provider| *provider == run.provider)
        && filter
            .group
            .as_ref()
            .is_none_or(|group| *group == run.group)
        && filter
            .from_ms
            .is_none_or(|from_ms| run.created_ms >= from_ms)
        && filter.to_ms.is_none_or(|to_ms| run.created_ms < to_ms)
}

#[async_trait]
impl AutomationStore for Store {
    async fn automation_position(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.kept()?.position)
    }

    async fn commit_automation(&self, commit: AutomationCommit) -> Result<Committed, StoreError> {
        let mut kept = self.kept()?;
        match kept.dies_in {
            Some((0, is_before)) => {
                kept.dies_in = None;
                if !is_before {
                    kept.keep(commit);
                }
                kept.is_dead = true;
                Err(dead())
            }
            dies_in => {
                kept.dies_in = dies_in.map(|(commits, is_before)| (commits - 1, is_before));
                Ok(kept.keep(commit))
            }
        }
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.kept()?.runs.get(&id).cloned())
    }

    async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError> {
        let kept = self.kept()?;
        let runs = kept.runs.values().rev();
        let runs = runs.filter(|run| before.is_none_or(|before| run.id < before));
        let runs = runs.filter(|run| is_meant(filter, run));
        Ok(runs.take(limit).cloned().collect())
    }

    async fn count_runs(&self, filter: &RunFilter) -> Result<u64, StoreError> {
        let kept = self.kept()?;
        Ok(kept
            .runs
            .values()
            .filter(|run| is_meant(filter, run))
            .count() as u64)
    }

    async fn due_runs(&self, now_ms: i64, limit: usize) -> Result<Vec<Run>, StoreError> {
        let kept = self.kept()?;
        let due = |run: &&Run| run.due_ms().is_some_and(|due_ms| due_ms <= now_ms);
        let mut runs: Vec<Run> = kept.runs.values().filter(due).cloned().collect();
        runs.sort_by_key(Run::due_ms);
        runs.truncate(limit);
        Ok(runs)
    }

    async fn next_automation_due_ms(&self, now_ms: i64) -> Result<Option<i64>, StoreError> {
        let kept = self.kept()?;
        let due = kept.runs.values().filter_map(Run::due_ms);
        Ok(due.filter(|due_ms| *due_ms > now_ms).min())
    }

    async fn plan(&self, run: RunId) -> Result<Option<Plan>, StoreError> {
        Ok(self.kept()?.plans.get(&run).cloned())
    }

    async fn votes(&self, run: RunId) -> Result<Vec<Vote>, StoreError> {
        let kept = self.kept()?;
        Ok(kept
            .votes
            .iter()
            .filter(|vote| vote.run == run)
            .cloned()
            .collect())
    }

    async fn run_events(&self, run: RunId) -> Result<Vec<RunEvent>, StoreError> {
        let kept = self.kept()?;
        Ok(kept
            .events
            .iter()
            .filter(|event| event.run == run)
            .cloned()
            .collect())
    }

    async fn append_run_output(&self, run: RunId, at: u64, text: &str) -> Result<(), StoreError> {
        let mut kept = self.kept()?;
        let output = kept.outputs.entry(run).or_default();
        if output.len() as u64 == at {
            output.push_str(text);
        }
        Ok(())
    }

    async fn run_output(&self, run: RunId, from: u64) -> Result<(String, u64), StoreError> {
        let kept = self.kept()?;
        let output = kept.outputs.get(&run).map_or("", String::as_str);
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok((
            output.get(from..).unwrap_or("").to_owned(),
            output.len() as u64,
        ))
    }

    async fn executed_since(&self, scope: RunScope<'_>, since_ms: i64) -> Result<u64, StoreError> {
        let kept = self.kept()?;
        let is_its = |run: &&Run| match scope {
            RunScope::All => true,
            RunScope::Provider(provider) => run.provider == provider,
            RunScope::Rule(rule) => run.rule == rule,
        };
        let runs = kept.runs.values().filter(is_its);
        Ok(runs
            .filter(|run| run.executed_ms.is_some_and(|at| at >= since_ms))
            .count() as u64)
    }

    async fn rule_record(&self, rule: &str, version: u32) -> Result<RuleRecord, StoreError> {
        let kept = self.kept()?;
        let mut runs: Vec<&Run> = kept.runs.values().filter(|run| run.rule == rule).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.finished_ms));
        let over = runs
            .iter()
            .filter(|run| run.executed_ms.is_some() && run.state.is_final());
        let looked = runs.iter().filter(|run| run.rule_version == version);
        let looked = looked.filter_map(|run| run.verification);
        let failed = looked.take_while(|seen| *seen == Verification::Failed);
        let held = |run: &&&Run| run.verification == Some(Verification::Held);
        Ok(RuleRecord {
            executed: over.clone().count() as u64,
            succeeded: over
                .clone()
                .filter(|run| run.state == tocsin_domain::automation::RunState::Succeeded)
                .count() as u64,
            verified: over.filter(held).count() as u64,
            failed_in_a_row: u32::try_from(failed.count()).unwrap_or(u32::MAX),
        })
    }

    async fn throttles(&self) -> Result<Vec<ThrottleState>, StoreError> {
        Ok(self.kept()?.throttles.values().cloned().collect())
    }

    async fn forget_runs(&self, _: i64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl AutomationSettings for Store {
    async fn automation_rules(&self) -> Result<Vec<(String, Option<AutomationRule>)>, StoreError> {
        let kept = self.kept()?;
        let mut newest = BTreeMap::new();
        for (id, _, rule) in &kept.rules {
            newest.insert(id.clone(), rule.clone());
        }
        Ok(newest.into_iter().collect())
    }

    async fn put_automation_rule(
        &self,
        id: &str,
        rule: Option<AutomationRule>,
        audit: AuditEntry,
    ) -> Result<u32, StoreError> {
        let mut kept = self.kept()?;
        let known = kept
            .rules
            .iter()
            .filter(|(of, _, _)| of == id)
            .map(|(_, number, _)| *number);
        let own = rule.as_ref().map_or(0, |rule| rule.version);
        let version = known.max().unwrap_or(0).max(own) + 1;
        let rule = rule.map(|rule| AutomationRule { version, ..rule });
        kept.rules.push((id.to_owned(), version, rule));
        kept.audit.push(audit);
        Ok(version)
    }

    async fn automation_rule_versions(
        &self,
        id: &str,
    ) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError> {
        let kept = self.kept()?;
        let its = kept.rules.iter().rev().filter(|(of, _, _)| of == id);
        Ok(its
            .map(|(_, version, rule)| (*version, rule.clone()))
            .collect())
    }

    async fn switches(&self) -> Result<Switches, StoreError> {
        Ok(self.kept()?.switches.clone())
    }

    async fn put_switches(&self, switches: Switches, audit: AuditEntry) -> Result<(), StoreError> {
        let mut kept = self.kept()?;
        kept.switches = switches;
        kept.audit.push(audit);
        Ok(())
    }
}

/// A store that nobody has killed yet.
pub(super) fn store() -> Arc<Store> {
    Arc::default()
}

#[async_trait]
impl RunNotices for Store {
    async fn runs_to_tell(
        &self,
        now_ms: i64,
        limit: usize,
    ) -> Result<Vec<(Run, Option<RunNotice>)>, StoreError> {
        let kept = self.kept()?;
        let mut found = Vec::new();
        for run in kept.runs.values() {
            match kept.notices.get(&run.id) {
                None if run.state == RunState::AwaitingApproval => found.push((run.clone(), None)),
                Some(notice) if notice.shown < run.seq && notice.due_ms <= now_ms => {
                    found.push((run.clone(), Some(notice.clone())));
                }
                _ => {}
            }
        }
        found.sort_by_key(|(run, notice)| (notice.as_ref().map(|one| one.due_ms), run.id));
        found.truncate(limit);
        Ok(found)
    }

    async fn put_run_notice(&self, notice: RunNotice) -> Result<(), StoreError> {
        self.kept()?.notices.insert(notice.run, notice);
        Ok(())
    }
}
