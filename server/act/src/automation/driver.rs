//! The driver: does what is due about runs. It keeps every step before it tells a provider anything,
//! and remembers nothing of its own: whatever is killed, another one goes on from the store.

mod start;
mod tell;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tocsin_domain::TraceContext;
use tocsin_domain::alert::{Alert, AlertStatus};
use tocsin_domain::automation::{Call, CallKind, Episode, Next, Plan, Run, RunId};
use tocsin_domain::ports::StoreError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::ledger::{Applied, Ledger, SYSTEM};
use super::machine::{Effect, Input};
use super::policy;
use super::provider::{CallError, Order, Provider, Status};
use super::verify::look;
use crate::spans;

/// How many runs are looked at at a time.
const DUE_MAX: usize = 256;
/// How long the driver sleeps at most, so that a clock that was set does not make it sleep on.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// How long what is on its way is waited for at shutdown.
const GRACE: Duration = Duration::from_secs(3);
/// How long to wait for a target that another run holds, in ms.
const HELD_RETRY_MS: i64 = 5000;
/// The most bytes of output that are taken at a time.
const OUTPUT_BYTES: u64 = 64 * 1024;

/// Does what is due about runs.
#[derive(Debug, Clone)]
pub(super) struct Driver {
    pub(super) ledger: Arc<Ledger>,
    /// Runs that are being worked on.
    busy: Arc<Mutex<HashSet<RunId>>>,
}

/// Nobody else works on a run while this is held.
struct Turn {
    id: RunId,
    busy: Arc<Mutex<HashSet<RunId>>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.id);
    }
}

impl Driver {
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            ledger,
            busy: Arc::default(),
        }
    }

    /// Does what is due until `shutdown` is cancelled.
    pub(super) async fn run(&self, lanes_max: usize, shutdown: &CancellationToken) {
        let mut lanes = JoinSet::new();
        // What is due may seem to be far away at the start too, since the clock was set back before.
        let mut last_ms = i64::MAX;
        while !shutdown.is_cancelled() {
            let now_ms = self.ledger.now_ms();
            // After the clock was set back, what is due seems to be far away.
            let until_ms = if now_ms < last_ms { i64::MAX } else { now_ms };
            last_ms = now_ms;
            let sleep = match self
                .due(until_ms, lanes_max.saturating_sub(lanes.len()))
                .await
            {
                Ok(runs) => {
                    for run in runs {
                        let (driver, shutdown) = (self.clone(), shutdown.clone());
                        lanes.spawn(async move { driver.lane(run.id, &shutdown).await });
                    }
                    self.sleep(now_ms).await
                }
                Err(error) => {
                    tracing::error!(%error, "runs cannot be read");
                    SLEEP_MAX
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.ledger.wake.notified() => {}
                () = tokio::time::sleep(sleep) => {}
                Some(done) = lanes.join_next() => log(done),
            }
        }
        // What a provider is being told is waited for, so that its answer is kept; of one that takes
        // longer the provider is asked at the next start.
        let end = async {
            while let Some(done) = lanes.join_next().await {
                log(done);
            }
        };
        let _ = tokio::time::timeout(GRACE, end).await;
    }

    async fn due(&self, until_ms: i64, room: usize) -> Result<Vec<Run>, StoreError> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let mut runs = self.ledger.parts.store.due_runs(until_ms, DUE_MAX).await?;
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|run| !busy.contains(&run.id));
        runs.truncate(room);
        Ok(runs)
    }

    async fn sleep(&self, now_ms: i64) -> Duration {
        let next = self.ledger.parts.store.next_automation_due_ms(now_ms).await;
        let wait_ms = next
            .ok()
            .flatten()
            .map_or(i64::MAX, |due_ms| due_ms - now_ms);
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        wait.clamp(Duration::from_millis(5), SLEEP_MAX)
    }

    /// Does what is due about a run; what cannot be done is not tried again at once.
    async fn lane(&self, id: RunId, shutdown: &CancellationToken) {
        let Some(_turn) = self.take(id) else { return };
        let store = &self.ledger.parts.store;
        let before = store.run(id).await;
        let done = self.work_on(id).await;
        let after = store.run(id).await;
        let is_stuck = match (&done, before, after) {
            (Ok(()), Ok(before), Ok(after)) => before == after,
            _ => true,
        };
        if let Err(error) = done {
            tracing::error!(run = %id, %error, "a run could not be taken further");
        }
        if is_stuck {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(SLEEP_MAX) => {}
            }
        }
    }

    /// One's turn to work on a run; none while someone else does.
    fn take(&self, id: RunId) -> Option<Turn> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        // Made only if it is: dropping one gives the run back.
        busy.insert(id).then(|| Turn {
            id,
            busy: self.busy.clone(),
        })
    }

    /// Does what is due about a run. Nobody else works on it meanwhile.
    #[cfg(test)]
    pub(super) async fn work(&self, id: RunId) -> Result<(), StoreError> {
        match self.take(id) {
            Some(_turn) => self.work_on(id).await,
            None => Ok(()),
        }
    }

    async fn work_on(&self, id: RunId) -> Result<(), StoreError> {
        let Some(run) = self.ledger.parts.store.run(id).await? else {
            return Ok(());
        };
        let now_ms = self.ledger.now_ms();
        // The clock was set back: what may be done more than once is done now.
        let is_back = now_ms < run.updated_ms;
        if !run.owed.is_empty() && (is_back || run.owed_due_ms <= now_ms) {
            return self.tell_people(&run).await;
        }
        let (next, due_ms) = match run.next {
            Some(next) => next,
            None => return Ok(()),
        };
        if due_ms > now_ms && !(is_back && next != Next::Expire) {
            return Ok(());
        }
        match next {
            Next::Plan => self.plan(&run).await,
            Next::Expire => self.feed(id, Input::Time).await,
            Next::Start => self.start(&run).await,
            Next::Ask => self.ask(&run).await,
            Next::Verify => self.verify(&run).await,
        }
    }

    /// Makes a step and does what follows from it, until nothing does.
    pub(super) async fn feed(&self, id: RunId, input: Input) -> Result<(), StoreError> {
        let mut applied = self.ledger.apply(id, SYSTEM, input).await?;
        while let Applied::Done(run, Some(effect)) = applied {
            applied = match self.carry_out(&run, effect).await? {
                Some(answer) => self.ledger.apply(id, SYSTEM, answer).await?,
                None => return Ok(()),
            };
        }
        Ok(())
    }

    /// Tells the provider what was written down; what it answered.
    pub(super) async fn carry_out(
        &self,
        run: &Run,
        effect: Effect,
    ) -> Result<Option<Input>, StoreError> {
        let what = match effect {
            Effect::Execute => "execute",
            Effect::Rollback => "roll back",
            Effect::Cancel(_) => "cancel",
        };
        let span = spans::run(what, run, self.opened_in(run).await?);
        let answer = self.tell(run, effect).instrument(span.clone()).await;
        tocsin_trace::note(&span, &answer);
        if let Ok(Some(Input::NotBegun(_, error))) = &answer {
            tocsin_trace::failed(&span, &error.detail);
        }
        answer
    }

    /// The span in which the alert of a run opened; not looked for if nobody wants it.
    async fn opened_in(&self, run: &Run) -> Result<Option<TraceContext>, StoreError> {
        if !tocsin_trace::is_on() {
            return Ok(None);
        }
        let alert = self.ledger.parts.alerts.alert(run.episode.alert).await?;
        Ok(alert.and_then(|alert| alert.trace))
    }

    async fn tell(&self, run: &Run, effect: Effect) -> Result<Option<Input>, StoreError> {
        let Some(plan) = self.ledger.parts.store.plan(run.id).await? else {
            return Err(StoreError::Corrupt(format!("the plan of run {}", run.id)));
        };
        let kind = match effect {
            Effect::Cancel(kind) => {
                let provider = self.provider(&plan, kind);
                let handle = run.call.as_ref().and_then(|call| call.handle.as_deref());
                let order = Order {
                    plan: &plan,
                    kind,
                    handle,
                };
                let asked = match provider {
                    Ok(provider) => provider.cancel(&order).await,
                    Err(why) => Err(why),
                };
                if let Err(error) = asked {
                    // It is asked again as long as it goes on.
                    tracing::warn!(run = %run.id, %error, "a run cannot be stopped yet");
                }
                return Ok(None);
            }
            Effect::Execute => CallKind::Execute,
            Effect::Rollback => CallKind::Rollback,
        };
        let never = |why: String| Ok(Some(Input::NotBegun(kind, CallError::never(why))));
        if let Some(kill) = self.ledger.newest_switches().await?.kill {
            return never(format!("{} stopped everything: {}", kill.by, kill.reason));
        }
        let votes = self.ledger.parts.store.votes(run.id).await?;
        let approval = match kind {
            CallKind::Execute => {
                policy::leave_to_execute((run, &plan), &votes, self.ledger.now_ms())
            }
            CallKind::Rollback => policy::leave_to_roll_back((run, &plan), &votes),
        };
        let approval = match approval {
            Ok(approval) => approval,
            Err(why) => return never(why),
        };
        let provider = match self.provider(&plan, kind) {
            Ok(provider) => provider,
            Err(why) => return never(why),
        };
        let begun = match kind {
            CallKind::Execute => provider.execute(&approval).await,
            CallKind::Rollback => provider.rollback(&approval).await,
        };
        Ok(Some(match begun {
            Ok(begun) => Input::Begun(kind, begun),
            Err(error) => Input::NotBegun(kind, error),
        }))
    }

    fn provider(&self, plan: &Plan, kind: CallKind) -> Result<Arc<dyn Provider>, String> {
        let action = match (kind, &plan.rollback) {
            (CallKind::Rollback, Some(rollback)) => rollback,
            _ => &plan.action,
        };
        self.ledger
            .provider_of(&action.provider)
            .map_err(|error| error.detail)
    }

    async fn plan(&self, run: &Run) -> Result<(), StoreError> {
        let rules = self.ledger.rules();
        let compiled = rules
            .get(&run.rule)
            .filter(|one| one.rule.version == run.rule_version);
        let Some(compiled) = compiled else {
            return self
                .feed(run.id, Input::Void("the rule was changed since".into()))
                .await;
        };
        let Some(alert) = self.alert_of(run).await? else {
            return self
                .feed(run.id, Input::Void("the alert is over".into()))
                .await;
        };
        let input = match self.ledger.plan_of(run, compiled, &alert).await? {
            Ok(plan) => {
                let hash = policy::hash(&plan);
                Input::Planned(Box::new(plan), hash)
            }
            Err(error) => Input::NotPlanned {
                why: error.detail,
                is_temporary: error.is_temporary,
            },
        };
        self.feed(run.id, input).await
    }

    /// The alert of a run, as long as what it speaks of goes on.
    async fn alert_of(&self, run: &Run) -> Result<Option<Alert>, StoreError> {
        let alert = self.ledger.parts.alerts.alert(run.episode.alert).await?;
        Ok(alert.filter(|alert| {
            let goes_on = alert.is_firing() && alert.status != AlertStatus::Resolved;
            goes_on && Episode::of(alert) == run.episode
        }))
    }

    /// Asks the provider how it goes.
    async fn ask(&self, run: &Run) -> Result<(), StoreError> {
        let Some(call) = &run.call else {
            return Err(StoreError::Corrupt(format!("run {}", run.id)));
        };
        let Some(plan) = self.ledger.parts.store.plan(run.id).await? else {
            return Err(StoreError::Corrupt(format!("the plan of run {}", run.id)));
        };
        let order = Order {
            plan: &plan,
            kind: call.kind,
            handle: call.handle.as_deref(),
        };
        let provider = match self.provider(&plan, call.kind) {
            Ok(provider) => provider,
            Err(why) => return self.feed(run.id, Input::Silent(call.kind, why)).await,
        };
        let status = provider.status(&order).await;
        let mut status = self.believed(status, call, provider.settles_within());
        let may_go_on = call.cancel.is_none() && self.ledger.now_ms() < call.deadline_ms;
        if status == Ok(Status::Ready) && may_go_on {
            status = self.go_on(run, &order, provider.as_ref()).await?;
        }
        if call.kind == CallKind::Execute {
            self.keep_output(run.id, provider.as_ref(), &order).await?;
        }
        let input = match status {
            Ok(status) => Input::Answered(call.kind, status),
            Err(why) => Input::Silent(call.kind, why),
        };
        self.feed(run.id, input).await
    }

    /// Has a provider go on with what has several steps, unless everything is stopped.
    async fn go_on(
        &self,
        run: &Run,
        order: &Order<'_>,
        provider: &dyn Provider,
    ) -> Result<Result<Status, String>, StoreError> {
        if self.ledger.newest_switches().await?.kill.is_some() {
            return Ok(Ok(Status::Ready));
        }
        let votes = self.ledger.parts.store.votes(run.id).await?;
        Ok(
            match policy::leave_to_go_on((run, order.plan), &votes, order.kind) {
                Ok(approval) => provider.advance(order, &approval).await,
                Err(why) => Err(why),
            },
        )
    }

    /// What a provider never heard of may still be on its way to it.
    fn believed(
        &self,
        status: Result<Status, String>,
        call: &Call,
        settles_within: Duration,
    ) -> Result<Status, String> {
        let since_ms = self.ledger.now_ms().saturating_sub(call.told_ms);
        let is_early = u128::from(since_ms.unsigned_abs()) < settles_within.as_millis();
        match status {
            Ok(Status::Unknown) if is_early => {
                Err("what it was told may still be on its way to it".into())
            }
            status => status,
        }
    }

    async fn keep_output(
        &self,
        run: RunId,
        provider: &dyn Provider,
        order: &Order<'_>,
    ) -> Result<(), StoreError> {
        let store = &self.ledger.parts.store;
        let (_, mut have) = store.run_output(run, u64::MAX).await?;
        while have < tocsin_domain::ports::OUTPUT_BYTES_MAX {
            let Ok((text, end)) = provider.output(order, have).await else {
                return Ok(());
            };
            if text.is_empty() {
                return Ok(());
            }
            store.append_run_output(run, have, &text).await?;
            have = end;
            if (text.len() as u64) < OUTPUT_BYTES {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn verify(&self, run: &Run) -> Result<(), StoreError> {
        let plan = self.ledger.parts.store.plan(run.id).await?;
        let Some((plan, verify)) = plan.as_ref().and_then(|p| Some((p, p.verify.as_ref()?))) else {
            return Err(StoreError::Corrupt(format!("the plan of run {}", run.id)));
        };
        let now_ms = self.ledger.now_ms();
        let acted_ms = run.acted_ms.unwrap_or(now_ms);
        let seen = look(&self.ledger.sources(), plan, verify, acted_ms, now_ms).await;
        let looked = Input::Looked {
            holds: seen.holds,
            because: seen.because,
        };
        self.feed(run.id, looked).await
    }
}

fn log(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done {
        tracing::error!(%error, "the work on a run broke off");
    }
}
