//! A provider that does what a test says: answers, hangs, forgets to answer, refuses. It does what it
//! is told as often as it is told, so that being told twice is seen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::automation::{Plan, Preview, PreviewKind, ProviderKind, RunId, RunState};

use super::oracle::Oracle;
use super::ports::Ports;
use super::store::Store;
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Certainty, Draft, Order, PlanError, Planned, Provider, Status,
};
use crate::outbox::tests::memory::lock;

/// What becomes of the next word to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mood {
    /// It arrives, and is answered.
    #[default]
    Answers,
    /// It arrives, and what it began is over at once.
    AtOnce,
    /// It is lost on the way.
    Lost,
    /// It arrives, and its answer is lost.
    Unanswered,
    /// It is refused for now.
    NotNow,
    /// It is refused for good.
    Never,
    /// The server is killed before it arrives.
    KilledBefore,
    /// The server is killed after it arrived.
    KilledAfter,
}

#[derive(Default)]
pub(super) struct Kept {
    pub(super) mood: Mood,
    /// How what was begun goes.
    pub(super) jobs: BTreeMap<String, Status>,
    /// How often each was begun.
    pub(super) begun: BTreeMap<String, u32>,
    /// What comes of jobs when they are looked at next.
    pub(super) ends_with: Option<Status>,
    /// Whether it says how jobs go.
    pub(super) is_silent: bool,
    /// Whether it stops what it is asked to stop.
    pub(super) is_stubborn: bool,
    /// Why it makes no plan.
    pub(super) plans_not: Option<PlanError>,
    /// How often it cannot let go of what it prepared.
    pub(super) discards_not: u32,
    /// How long a word to it may be on its way.
    pub(super) settles_within: Duration,
}

pub(super) struct Scripted {
    pub(super) kept: Mutex<Kept>,
    pub(super) store: Arc<Store>,
    pub(super) ports: Arc<Ports>,
    pub(super) oracle: Mutex<Oracle>,
}

impl Scripted {
    pub(super) fn new(store: Arc<Store>, ports: Arc<Ports>) -> Self {
        Self {
            kept: Mutex::default(),
            store,
            ports,
            oracle: Mutex::default(),
        }
    }

    fn kill(&self) -> CallError {
        lock(&self.store.0).is_dead = true;
        CallError {
            detail: "the server was killed".into(),
            certainty: Certainty::Unsure,
        }
    }

    fn arrive(&self, approval: &Approval) {
        let key = approval.key();
        let run: RunId = approval.plan().run;
        let state = match approval.kind() {
            tocsin_domain::automation::CallKind::Execute => RunState::Executing,
            tocsin_domain::automation::CallKind::Rollback => RunState::RollingBack,
        };
        {
            let kept = lock(&self.store.0);
            let of_store = &kept.runs[&run];
            assert_eq!(
                of_store.state, state,
                "{key} is told and was not written down"
            );
            assert_eq!(kept.plans[&run], *approval.plan(), "{key} is another plan");
        }
        lock(&self.oracle).arrives(approval, self.ports.now_ms());
        let mut kept = lock(&self.kept);
        *kept.begun.entry(key.clone()).or_default() += 1;
        assert_eq!(kept.begun[&key], 1, "{key} was begun twice");
        kept.jobs.insert(key, Status::Running);
    }
}

#[async_trait]
impl Provider for Scripted {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Script
    }

    fn settles_within(&self) -> Duration {
        lock(&self.kept).settles_within
    }

    async fn check(&self) -> Result<String, String> {
        Ok("scripted".into())
    }

    async fn plan(&self, _: &Draft) -> Result<Planned, PlanError> {
        if let Some(error) = lock(&self.kept).plans_not.take() {
            return Err(error);
        }
        Ok(Planned {
            template: "scripted".into(),
            preview: Preview {
                kind: PreviewKind::Plan,
                text: "it does something".into(),
                counts: None,
                hosts: Vec::new(),
                artifacts: Vec::new(),
            },
        })
    }

    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError> {
        let error = |certainty| {
            let detail = "scripted".to_owned();
            Err(CallError { detail, certainty })
        };
        let mood = std::mem::take(&mut lock(&self.kept).mood);
        match mood {
            Mood::Lost => return error(Certainty::Unsure),
            Mood::NotNow => return error(Certainty::NotNow),
            Mood::Never => return error(Certainty::Never),
            Mood::KilledBefore => return Err(self.kill()),
            Mood::Answers | Mood::AtOnce | Mood::Unanswered | Mood::KilledAfter => {}
        }
        self.arrive(approval);
        match mood {
            Mood::Unanswered => error(Certainty::Unsure),
            Mood::KilledAfter => Err(self.kill()),
            _ => {
                let key = approval.key();
                let over = (mood == Mood::AtOnce).then(|| Status::Succeeded("done".into()));
                if let Some(status) = &over {
                    lock(&self.kept).jobs.insert(key.clone(), status.clone());
                }
                Ok(Begun { handle: key, over })
            }
        }
    }

    async fn status(&self, order: &Order<'_>) -> Result<Status, String> {
        let mut kept = lock(&self.kept);
        if kept.is_silent {
            return Err("it says nothing".into());
        }
        let ends_with = kept.ends_with.clone();
        let Some(status) = kept.jobs.get_mut(&order.key()) else {
            return Ok(Status::Unknown);
        };
        if *status == Status::Running
            && let Some(end) = ends_with
        {
            *status = end;
        }
        Ok(status.clone())
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        let mut kept = lock(&self.kept);
        if kept.is_stubborn {
            return Err("it does not stop".into());
        }
        if let Some(status) = kept.jobs.get_mut(&order.key())
            && *status == Status::Running
        {
            *status = Status::Cancelled("stopped".into());
        }
        Ok(())
    }

    async fn discard(&self, run: RunId, _: Option<&Plan>) -> Result<Option<String>, String> {
        {
            let kept = lock(&self.store.0);
            let state = kept.runs[&run].state;
            assert!(
                state.is_final(),
                "{run} may still be carried out: {state:?}"
            );
        }
        let mut kept = lock(&self.kept);
        if kept.discards_not > 0 {
            kept.discards_not -= 1;
            return Err("not now".into());
        }
        let is_first = lock(&self.oracle).discarded.insert(run);
        Ok(is_first.then(|| "what was prepared".into()))
    }
}
