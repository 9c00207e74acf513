//! The ledger: the one way by which runs change. A step is made on what the store has, kept with its
//! audit entries in one transaction, and made again if another step came first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::json;
use sha2::{Digest, Sha256};
use tocsin_domain::alert::Alert;
use tocsin_domain::automation::{
    AutomationRule, Plan, Run, RunEvent, RunId, RunState, SafetyBudget, Switches, Vote,
};
use tocsin_domain::ports::{
    AuditEntry, AuditId, AutomationCommit, Committed, RuleRecord, RunFilter, RunStep, StoreError,
};
use tokio::sync::{Mutex, Notify};

use super::AutomationParts;
use super::machine::{Effect, Ground, Happened, Input, Pace, Stepped, step};
use super::matching::{Compiled, RuleSet};
use super::progress::AutomationProgress;
use super::provider::Provider;
use super::render::Renderer;
use super::verify::Sources;

/// The name under which the server itself acts.
pub(super) const SYSTEM: &str = AuditEntry::SYSTEM;
/// How often a step is made again since another one came first.
const TRIES_MAX: usize = 16;

/// What came of a step.
#[derive(Debug)]
pub(super) enum Applied {
    /// It is kept; the run as it is now, and what the provider is to be told.
    Done(Box<Run>, Option<Effect>),
    /// It makes no sense for the run as it is; says why.
    Refused(String),
    /// Another run holds one of its targets.
    Held(RunId),
    /// There is no such run.
    Unknown,
}

pub(super) struct Ledger {
    pub(super) parts: AutomationParts,
    pub(super) budget: SafetyBudget,
    pub(super) pace: Pace,
    pub(super) providers: BTreeMap<String, Arc<dyn Provider>>,
    pub(super) renderer: Renderer,
    /// That something is to be done about a run.
    pub(super) wake: Notify,
    /// One begins at a time, so that the budget is counted right.
    pub(super) beginning: Mutex<()>,
    /// The rules of files; what people changed takes their place.
    pub(super) of_files: Vec<AutomationRule>,
    /// Whether the configuration lets anything be proposed and begin.
    pub(super) is_enabled: bool,
    pub(super) progress: Arc<AutomationProgress>,
    /// Where the page is, without a slash at the end.
    pub(super) base_url: String,
    rules: RwLock<Arc<RuleSet>>,
    switches: RwLock<Switches>,
    noted: AtomicU64,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl Ledger {
    pub(super) fn new(
        parts: AutomationParts,
        (budget, pace): (SafetyBudget, Pace),
        providers: BTreeMap<String, Arc<dyn Provider>>,
        of_files: Vec<AutomationRule>,
    ) -> Self {
        Self {
            parts,
            budget,
            pace,
            providers,
            renderer: Renderer::default(),
            wake: Notify::new(),
            beginning: Mutex::new(()),
            of_files,
            is_enabled: true,
            progress: Arc::default(),
            base_url: String::new(),
            rules: RwLock::default(),
            switches: RwLock::default(),
            noted: AtomicU64::new(0),
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.parts.clock.now().millis()
    }

    /// Where people see a run.
    pub(super) fn link(&self, run: RunId) -> String {
        format!("{}/automation/runs/{run}", self.base_url)
    }

    pub(super) fn rules(&self) -> Arc<RuleSet> {
        self.rules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn switches(&self) -> Switches {
        self.switches
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Why nothing is proposed and begins; none: it may.
    pub(super) fn off_because(&self) -> Option<String> {
        if !self.is_enabled {
            return Some("automation is switched off in the configuration".to_owned());
        }
        let kill = self.switches().kill?;
        Some(format!("{} stopped everything: {}", kill.by, kill.reason))
    }

    pub(super) fn set_switches(&self, switches: Switches) {
        *self
            .switches
            .write()
            .unwrap_or_else(PoisonError::into_inner) = switches;
    }

    /// What people switched, as the store has it: someone may have stopped everything from another
    /// process.
    pub(super) async fn newest_switches(&self) -> Result<Switches, StoreError> {
        let switches = self.parts.settings.switches().await?;
        self.set_switches(switches.clone());
        Ok(switches)
    }

    pub(super) fn sources(&self) -> Sources {
        Sources {
            alerts: self.parts.alerts.clone(),
            metrics: self.parts.metrics.clone(),
            logs: self.parts.logs.clone(),
        }
    }

    /// Takes up rules and switches as they are kept.
    pub(super) async fn load(&self) -> Result<(), StoreError> {
        self.set_switches(self.parts.settings.switches().await?);
        let mut rules: BTreeMap<String, AutomationRule> = self
            .of_files
            .iter()
            .map(|rule| (rule.id.clone(), rule.clone()))
            .collect();
        for (id, changed) in self.parts.settings.automation_rules().await? {
            match changed {
                Some(rule) => drop(rules.insert(id, rule)),
                None => drop(rules.remove(&id)),
            }
        }
        let mut compiled = Vec::with_capacity(rules.len());
        for rule in rules.into_values() {
            match Compiled::new(&rule, &self.renderer) {
                Ok(rule) => compiled.push(rule),
                // What an earlier version took and this one does not is not to stop the others.
                Err(error) => tracing::error!(%error, "an automation rule is left out"),
            }
        }
        let set = Arc::new(RuleSet::new(compiled));
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = set;
        Ok(())
    }

    /// Counts the runs that wait for people; from then on their number is kept.
    pub(super) async fn count_waiting(&self) -> Result<(), StoreError> {
        let waiting = RunFilter {
            states: vec![RunState::AwaitingApproval],
            ..RunFilter::default()
        };
        let count = self.parts.store.count_runs(&waiting).await?;
        self.progress.waits(count);
        Ok(())
    }

    /// Makes a step of a run.
    pub(super) async fn apply(
        &self,
        id: RunId,
        actor: &str,
        input: Input,
    ) -> Result<Applied, StoreError> {
        self.apply_with(id, actor, |_, _, _| Ok((input.clone(), None)))
            .await
    }

    /// Makes a step that follows from the run, its plan and what people said of it.
    pub(super) async fn apply_with(
        &self,
        id: RunId,
        actor: &str,
        mut input: impl FnMut(&Run, Option<&Plan>, &[Vote]) -> Result<(Input, Option<Vote>), String>,
    ) -> Result<Applied, StoreError> {
        for _ in 0..TRIES_MAX {
            let store = &self.parts.store;
            let Some(run) = store.run(id).await? else {
                return Ok(Applied::Unknown);
            };
            let plan = store.plan(id).await?;
            let votes = store.votes(id).await?;
            let (input, vote) = match input(&run, plan.as_ref(), &votes) {
                Ok(input) => input,
                Err(why) => return Ok(Applied::Refused(why)),
            };
            let made = match &input {
                Input::Planned(plan, _) => Some(plan.as_ref().clone()),
                _ => None,
            };
            let ground = Ground {
                pace: &self.pace,
                plan: plan.as_ref().or(made.as_ref()),
                now_ms: self.now_ms(),
            };
            let stepped = match step(&run, input, ground) {
                Ok(stepped) => stepped,
                Err(why) => return Ok(Applied::Refused(why)),
            };
            let (run_after, effect) = (stepped.run.clone(), stepped.effect);
            let mut step = self.step_of(stepped, run.seq, actor);
            step.plan = made;
            step.vote = vote;
            let seq = step.run.seq;
            let commit = AutomationCommit {
                steps: vec![step],
                ..AutomationCommit::default()
            };
            match store.commit_automation(commit).await? {
                Committed::Done => {
                    self.progress.stepped(&run, &run_after);
                    self.wake.notify_one();
                    let run = Run { seq, ..run_after };
                    return Ok(Applied::Done(Box::new(run), effect));
                }
                Committed::Held(by) => return Ok(Applied::Held(by)),
                Committed::Twin(by) => return Ok(Applied::Refused(format!("run {by} goes on"))),
                Committed::Stale(_) => {}
            }
        }
        Err(StoreError::Unavailable("a run changes all the time".into()))
    }

    /// A step with its events and audit entries, numbered after `seq`.
    pub(super) fn step_of(&self, stepped: Stepped, seq: u64, actor: &str) -> RunStep {
        let at_ms = self.now_ms();
        let mut run = stepped.run;
        let mut events = Vec::with_capacity(stepped.happened.len());
        let mut audit = Vec::with_capacity(stepped.happened.len());
        for (happened, number) in stepped.happened.into_iter().zip(seq + 1..) {
            let Happened {
                from,
                to,
                what,
                detail,
            } = happened;
            let event = RunEvent {
                run: run.id,
                seq: number,
                at_ms,
                actor: actor.to_owned(),
                from: (number > 1).then_some(from),
                to,
                what: what.to_owned(),
                detail,
            };
            audit.push(self.audit_of(&run, &event));
            events.push(event);
            run.seq = number;
        }
        RunStep {
            run,
            after: seq,
            plan: None,
            vote: None,
            events,
            audit,
        }
    }

    fn audit_of(&self, run: &Run, event: &RunEvent) -> AuditEntry {
        let details = json!({
            "rule": run.rule,
            "rule_version": run.rule_version,
            "alert": run.episode.alert.to_string(),
            "targets": run.targets,
            "provider": run.provider,
            "plan": run.plan.map(|plan| plan.to_string()),
            "seq": event.seq,
            "from": event.from.map(RunState::name),
            "to": event.to.name(),
            "detail": event.detail,
        });
        let now = self.parts.clock.now();
        // The same step has the same id, whenever it is made.
        let name = format!("{} {}", run.id, event.seq);
        AuditEntry {
            id: AuditId::new(now, ten_bytes(&name)),
            at: now,
            actor: event.actor.clone(),
            action: format!("automation.run.{}", event.what),
            subject: format!("run:{}", run.id),
            details: details.to_string(),
        }
    }

    /// An audit entry about something that is no run.
    pub(super) fn audit(
        &self,
        actor: &str,
        action: &str,
        subject: String,
        details: &serde_json::Value,
    ) -> AuditEntry {
        let now = self.parts.clock.now();
        let number = self.noted.fetch_add(1, Ordering::Relaxed);
        let name = format!(
            "{} {number} {actor} {action} {subject} {details}",
            now.nanos()
        );
        AuditEntry {
            id: AuditId::new(now, ten_bytes(&name)),
            at: now,
            actor: actor.to_owned(),
            action: action.to_owned(),
            subject,
            details: details.to_string(),
        }
    }

    /// Whether a rule did not help so often that it may only propose.
    pub(super) async fn is_propose_only(&self, rule: &AutomationRule) -> Result<bool, StoreError> {
        let record = self.parts.store.rule_record(&rule.id, rule.version).await?;
        Ok(self.failed_too_often(record))
    }

    pub(super) fn failed_too_often(&self, record: RuleRecord) -> bool {
        record.failed_in_a_row >= self.budget.failed_verifications_max.max(1)
    }

    /// The silence that holds automation of an alert back; none: none does.
    pub(super) fn silenced_because(&self, alert: &Alert) -> Option<String> {
        let now_ms = self.now_ms();
        let silences = self.parts.desk.silences();
        let silence = silences
            .into_iter()
            .find(|one| one.holds(&alert.labels, now_ms))?;
        Some(format!(
            "a silence of {} holds it back: {}",
            silence.created_by, silence.comment
        ))
    }
}

/// Ten bytes that follow from a name, for ids.
pub(super) fn ten_bytes(name: &str) -> [u8; 10] {
    let hash: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&hash[..10]);
    bytes
}
