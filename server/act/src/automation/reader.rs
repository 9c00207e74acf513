//! The reader: from the events of alerts to proposals. What it proposes, what throttles remember and
//! how far it read are one commit, so that an event that is read again proposes nothing again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tocsin_domain::alert::{Alert, AlertEvent, AlertEventKind, AlertStatus};
use tocsin_domain::automation::{AutomationRule, RunId, RunState, ThrottleState};
use tocsin_domain::ports::{
    AlertListener, AutomationCommit, Committed, Heard, RunFilter, RunStep, StoreError,
};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::driver::Driver;
use super::ledger::{Ledger, SYSTEM};
use super::machine::Input;
use super::propose::group_of;
use super::throttle::{Admission, Memory, admit};
use crate::spans;

/// The most events that are read at a time.
const PAGE: usize = 512;
/// How many events may be read without keeping how far.
const UNKEPT_MAX: u64 = 4096;
/// The longest time between two looks at what is new or due.
const ROUND: Duration = Duration::from_secs(1);
/// How often a commit is made again without what is there already.
const TRIES_MAX: usize = 64;

pub(super) struct Reader {
    ledger: Arc<Ledger>,
    driver: Driver,
    listener: Box<dyn AlertListener>,
    position: u64,
    kept: u64,
    throttles: BTreeMap<(String, String), ThrottleState>,
}

/// What an event comes to.
#[derive(Default)]
struct Found {
    steps: Vec<RunStep>,
    memories: Vec<((String, String), Memory)>,
    /// The spans of what is proposed, which end once it was kept.
    spans: Vec<Span>,
}

impl Found {
    fn proposes(&mut self, step: RunStep, alert: &Alert) {
        let span = spans::propose(&step.run.rule, alert);
        spans::made(&span, "tocsin.run.id", &step.run.id);
        self.spans.push(span);
        self.steps.push(step);
    }
}

impl Reader {
    /// Goes on where it stopped; at the very first, with what happens from now on.
    pub(super) async fn open(ledger: Arc<Ledger>, driver: Driver) -> Result<Self, StoreError> {
        // Listening begins before the store is read, so that nothing falls between.
        let listener = ledger.parts.desk.listen();
        let store = &ledger.parts.store;
        let position = match store.automation_position().await? {
            Some(position) => position,
            None => {
                let last = ledger.parts.alerts.last_seq().await?;
                let commit = AutomationCommit {
                    position: Some(last),
                    ..AutomationCommit::default()
                };
                store.commit_automation(commit).await?;
                last
            }
        };
        let throttles = store.throttles().await?;
        let named = |state: ThrottleState| ((state.rule.clone(), state.group.clone()), state);
        Ok(Self {
            throttles: throttles.into_iter().map(named).collect(),
            ledger,
            driver,
            listener,
            position,
            kept: position,
        })
    }

    pub(super) async fn run(&mut self, shutdown: &CancellationToken) {
        let mut is_open = true;
        while !shutdown.is_cancelled() {
            if let Err(error) = self.round(shutdown).await {
                tracing::warn!(%error, "events of alerts cannot be taken for automation");
            }
            let wait = self.wait();
            let position = self.position;
            let heard = async {
                loop {
                    match self.listener.next().await {
                        // A change that was read from the store already.
                        Some(Heard::Change(change)) if change.event.seq <= position => {}
                        other => return other.is_some(),
                    }
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                still = heard, if is_open => is_open = still,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn wait(&self) -> Duration {
        let now_ms = self.ledger.now_ms();
        let due_ms = self
            .throttles
            .values()
            .filter_map(|state| state.due_ms)
            .min();
        let wait_ms = due_ms.map(|due_ms| u64::try_from(due_ms - now_ms).unwrap_or(0));
        wait_ms.map_or(ROUND, |ms| {
            Duration::from_millis(ms).clamp(Duration::from_millis(5), ROUND)
        })
    }

    async fn round(&mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        while !shutdown.is_cancelled() && self.step().await? {}
        self.propose_due().await
    }

    /// Takes one page of events; false if there is none.
    pub(super) async fn step(&mut self) -> Result<bool, StoreError> {
        let events = self
            .ledger
            .parts
            .alerts
            .events_after(self.position, PAGE)
            .await?;
        let Some(last) = events.last().map(|event| event.seq) else {
            return Ok(false);
        };
        for event in events {
            let seq = event.seq;
            let found = self.take(&event).await?;
            let proposes = !found.steps.is_empty();
            if proposes || !found.memories.is_empty() {
                self.keep(Some(seq), found).await?;
                self.kept = seq;
            }
            if proposes {
                let took_ms = self.ledger.now_ms() - event.at_ms;
                self.ledger.progress.took(took_ms);
            }
            self.position = seq;
        }
        if last - self.kept >= UNKEPT_MAX {
            self.keep(Some(last), Found::default()).await?;
            self.kept = last;
        }
        Ok(true)
    }

    async fn take(&mut self, event: &AlertEvent) -> Result<Found, StoreError> {
        match event.kind {
            AlertEventKind::Fired | AlertEventKind::Returned => {}
            AlertEventKind::Cleared | AlertEventKind::Resolved => {
                self.call_off(event).await?;
                return Ok(Found::default());
            }
            _ => return Ok(Found::default()),
        }
        let Some(alert) = self.ledger.parts.alerts.alert(event.alert).await? else {
            return Ok(Found::default());
        };
        if !self.is_to_be_helped(&alert) {
            return Ok(Found::default());
        }
        let mut found = Found::default();
        let rules = self.ledger.rules();
        for compiled in rules.matching(&alert) {
            self.consider(&compiled.rule, &alert, &mut found).await?;
        }
        Ok(found)
    }

    fn is_to_be_helped(&self, alert: &Alert) -> bool {
        alert.is_firing()
            && alert.status != AlertStatus::Resolved
            && self.ledger.off_because().is_none()
            && self.ledger.silenced_because(alert).is_none()
    }

    /// Runs that have not begun have nothing to do once their alert is over.
    async fn call_off(&mut self, event: &AlertEvent) -> Result<(), StoreError> {
        let filter = RunFilter {
            states: vec![
                RunState::Proposed,
                RunState::AwaitingApproval,
                RunState::Approved,
            ],
            alert: Some(event.alert),
            ..RunFilter::default()
        };
        let alert = self.ledger.parts.alerts.alert(event.alert).await?;
        if alert.is_some_and(|alert| alert.is_firing() && alert.status != AlertStatus::Resolved) {
            return Ok(());
        }
        for run in self.ledger.parts.store.runs(&filter, None, PAGE).await? {
            self.driver
                .feed(run.id, Input::Void("the alert is over".into()))
                .await?;
        }
        Ok(())
    }

    /// Whether a rule that matches proposes for an alert now.
    async fn consider(
        &mut self,
        rule: &AutomationRule,
        alert: &Alert,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        if !self.ledger.providers.contains_key(&rule.action.provider) {
            tracing::warn!(rule = %rule.id, "a rule proposes nothing: its provider is not there");
            return Ok(());
        }
        let group = group_of(rule, alert);
        if let Some(why) = self.held_back(rule, &group).await? {
            tracing::debug!(rule = %rule.id, %why, "nothing is proposed");
            return Ok(());
        }
        if let Some(throttle) = rule.throttle {
            let key = (rule.id.clone(), group);
            let remembered = found.memories.iter().rev().find(|(of, _)| *of == key);
            let state = match remembered {
                Some((_, Memory::Kept(state))) => Some(state),
                Some((_, Memory::Over)) => None,
                None => self.throttles.get(&key),
            };
            let now_ms = self.ledger.now_ms();
            let (admission, memory) = admit(throttle, state, (&key.0, &key.1), alert.id, now_ms);
            found.memories.push((key, memory));
            if let Admission::Hold(why) = admission {
                tracing::debug!(rule = %rule.id, %why, "nothing is proposed yet");
                return Ok(());
            }
        }
        found.proposes(self.ledger.proposal(rule, alert, SYSTEM, 0), alert);
        Ok(())
    }

    /// Why a rule proposes nothing more for a group, or at all, now; none: it may.
    async fn held_back(
        &mut self,
        rule: &AutomationRule,
        group: &str,
    ) -> Result<Option<String>, StoreError> {
        let store = &self.ledger.parts.store;
        let waiting_max = self.ledger.budget.waiting_max;
        let waiting = RunFilter {
            states: vec![
                RunState::Proposed,
                RunState::AwaitingApproval,
                RunState::Approved,
            ],
            ..RunFilter::default()
        };
        if store.count_runs(&waiting).await? >= u64::from(waiting_max) {
            return Ok(Some(format!("{waiting_max} runs wait already")));
        }
        if rule.cooldown_secs == 0 {
            return Ok(None);
        }
        let last = RunFilter {
            rule: Some(rule.id.clone()),
            group: Some(group.to_owned()),
            ..RunFilter::default()
        };
        let last = store.runs(&last, None, 1).await?;
        let Some(last) = last.first() else {
            return Ok(None);
        };
        let cooldown_ms = i64::from(rule.cooldown_secs) * 1000;
        let since_ms = last.finished_ms.map(|ended| self.ledger.now_ms() - ended);
        let is_cool = since_ms.is_some_and(|since_ms| since_ms >= cooldown_ms);
        Ok((!is_cool).then(|| format!("run {} is within its cooldown", last.id)))
    }

    /// Proposes for what a throttle held back until now.
    pub(super) async fn propose_due(&mut self) -> Result<(), StoreError> {
        let now_ms = self.ledger.now_ms();
        let is_due = |state: &&ThrottleState| state.due_ms.is_some_and(|due| due <= now_ms);
        let due: Vec<ThrottleState> = self.throttles.values().filter(is_due).cloned().collect();
        for state in due {
            let mut found = Found::default();
            found
                .memories
                .push(((state.rule.clone(), state.group.clone()), Memory::Over));
            let rules = self.ledger.rules();
            let rule = rules.get(&state.rule).filter(|one| one.rule.is_enabled);
            let alert = match state.alerts.last() {
                Some(id) => self.ledger.parts.alerts.alert(*id).await?,
                None => None,
            };
            if let (Some(compiled), Some(alert)) = (rule, alert)
                && self.is_to_be_helped(&alert)
            {
                let step = self.ledger.proposal(&compiled.rule, &alert, SYSTEM, 0);
                found.proposes(step, &alert);
            }
            self.keep(None, found).await?;
        }
        Ok(())
    }

    /// Keeps what was found. What is there already is left out.
    async fn keep(&mut self, position: Option<u64>, found: Found) -> Result<(), StoreError> {
        let Found {
            mut steps,
            memories,
            spans: _until_kept,
        } = found;
        let mut throttles = BTreeMap::new();
        for (key, memory) in &memories {
            throttles.insert(key.clone(), memory.clone());
        }
        let mut kept = Vec::new();
        let mut over = Vec::new();
        for (key, memory) in &throttles {
            match memory {
                Memory::Kept(state) => kept.push(state.clone()),
                Memory::Over => over.push(key.clone()),
            }
        }
        for _ in 0..TRIES_MAX {
            let commit = AutomationCommit {
                position,
                steps: steps.clone(),
                throttles: kept.clone(),
                over: over.clone(),
            };
            let known: RunId = match self.ledger.parts.store.commit_automation(commit).await? {
                Committed::Done => {
                    self.ledger.progress.proposed(steps.len());
                    for (key, memory) in throttles {
                        match memory {
                            Memory::Kept(state) => drop(self.throttles.insert(key, state)),
                            Memory::Over => drop(self.throttles.remove(&key)),
                        }
                    }
                    self.ledger.wake.notify_one();
                    return Ok(());
                }
                Committed::Stale(run) | Committed::Held(run) | Committed::Twin(run) => run,
            };
            let before = steps.len();
            steps.retain(|step| step.run.id != known);
            if steps.len() == before {
                // A twin: it is another run than the one that was proposed.
                let twin = self.ledger.parts.store.run(known).await?;
                steps.retain(|step| !twin.as_ref().is_some_and(|twin| twin.is_like(&step.run)));
            }
        }
        Err(StoreError::Unavailable(
            "what is proposed changes all the time".into(),
        ))
    }
}
