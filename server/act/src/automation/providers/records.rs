//! What providers have in common that carry an action out in a system of records: a desk, a tracker.
//!
//! An action is a [`Job`] of steps in order. Each step is known again by the key of the run that is in
//! it, or by what it leads to, so that after a crash or a lost answer it is seen how far the job is
//! before anything is told again. A step may wait for people over there, as a change does for its
//! approval; the run goes on for so long, and then the next step is taken.

mod memory;
mod params;

use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tocsin_domain::automation::{
    CallKind, Params, Plan, Preview, PreviewKind, ProviderKind, RunId,
};
use tocsin_domain::ticket::TicketRef;

use super::{digits, is_approved};
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Certainty, Draft, Order, PlanError, Planned, Provider, Status, key,
};
use crate::trackers::TrackerError;
use crate::words::cut;
use memory::Memory;
pub(super) use params::{Reader, shown};

/// The most steps that are taken at a time: a change goes through seven states.
const STEPS_MAX: usize = 16;
/// The most characters of what is told of an end.
const DETAIL_MAX: usize = 1000;
/// The name of the artifact that binds an approval to what is sent.
const REQUEST: &str = "request";

/// By what is known again what was done under a key.
pub(super) fn marker(key: &str) -> String {
    format!("tocsin-run-{key}")
}

/// The record that a job is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::automation) enum On {
    /// One that its first step makes.
    New,
    /// One that is there.
    Named(String),
    /// The one that was made under this key.
    MadeBy(String),
}

/// The keys of a job.
#[derive(Debug, Clone)]
pub(in crate::automation) struct Keys {
    /// By which what it does is known again.
    pub(super) own: String,
    /// That of what is to be undone; none: it undoes nothing.
    pub(super) undoes: Option<String>,
}

impl Keys {
    fn of(run: RunId, kind: CallKind) -> Self {
        Self {
            own: key(run, kind),
            undoes: (kind == CallKind::Rollback).then(|| key(run, CallKind::Execute)),
        }
    }

    /// The record that a parameter names; none named: the one that the run made that is undone.
    pub(super) fn record(&self, name: &str, given: Option<String>) -> Result<On, String> {
        match (given, &self.undoes) {
            (Some(record), _) => Ok(On::Named(record)),
            (None, Some(made)) => Ok(On::MadeBy(made.clone())),
            (None, None) => Err(format!("`params.{name}`: expected the record it is about")),
        }
    }
}

/// What is to be done.
#[derive(Debug)]
pub(in crate::automation) struct Job<S> {
    pub(super) key: String,
    pub(super) on: On,
    /// The first one makes the record, if it is a new one.
    pub(super) steps: Vec<S>,
    /// What is done, for people: `create OPS`.
    pub(super) title: String,
    /// Exactly what is sent.
    pub(super) request: String,
}

/// How far a step is, and what it printed so far: what it prints later begins with that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::automation) enum Progress {
    /// It is done.
    Done(String),
    /// It is to be taken, or to be taken further.
    Ready(String),
    /// Somebody there is to do something first.
    Waits(String),
    /// It can not be done any more.
    Failed(String),
    /// It was called off there.
    Cancelled(String),
}

/// That a step was taken.
#[derive(Debug)]
pub(in crate::automation) struct Taken {
    pub(super) record: TicketRef,
    /// Whether it is done. If not, it is looked at again.
    pub(super) is_done: bool,
}

/// A system of records.
#[async_trait]
pub(in crate::automation) trait Records: Send + Sync {
    /// What its jobs consist of.
    type Step: Send + Sync;

    /// Which kind of provider it is.
    fn kind(&self) -> ProviderKind;

    /// Its address.
    fn base(&self) -> &str;

    /// How long a record may be missing from [`Self::find`] after it was asked for.
    fn lag(&self) -> Duration;

    /// Whether it is there and may do its work; what it is.
    async fn check(&self) -> Result<String, TrackerError>;

    /// What parameters say is to be done. The same for the same parameters, whatever is there.
    fn job(&self, params: &Params, keys: &Keys) -> Result<Job<Self::Step>, String>;

    /// How what a job is about is now, for people; and that it may be done.
    async fn describe(
        &self,
        job: &Job<Self::Step>,
        record: Option<&TicketRef>,
    ) -> Result<String, TrackerError>;

    /// A record that has a name, or that a job with a key made.
    async fn find(
        &self,
        job: &Job<Self::Step>,
        on: Find<'_>,
    ) -> Result<Option<TicketRef>, TrackerError>;

    /// How far a step is.
    async fn progress(
        &self,
        job: &Job<Self::Step>,
        step: &Self::Step,
        record: &TicketRef,
    ) -> Result<Progress, TrackerError>;

    /// Takes a step. `record` is none for the one that makes it.
    async fn take(
        &self,
        job: &Job<Self::Step>,
        step: &Self::Step,
        record: Option<&TicketRef>,
    ) -> Result<Taken, TrackerError>;

    /// Stops what waits or is in part done, as far as that needs to be told.
    async fn stop(&self, _job: &Job<Self::Step>, _record: &TicketRef) -> Result<(), TrackerError> {
        Ok(())
    }
}

/// By what a record is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::automation) enum Find<'a> {
    /// Its name, as people call it.
    Name(&'a str),
    /// The key of what made it.
    Key(&'a str),
}

/// Where a job stands.
#[derive(Debug)]
enum Place {
    /// Nothing is done.
    Nothing(Option<TicketRef>),
    /// The record that the run made which is undone is not found.
    Missing,
    /// Everything before a step is done.
    At(usize, TicketRef),
    /// Somebody there is to do something.
    Waits(TicketRef),
    Done(TicketRef),
    Failed(String),
    Cancelled(String),
}

#[derive(Debug)]
struct Seen {
    place: Place,
    /// What it printed so far.
    text: String,
}

/// How steps were taken.
struct Went {
    /// The record, if one is known.
    record: Option<TicketRef>,
    /// How many were taken.
    taken: usize,
    end: Result<Seen, TrackerError>,
}

/// Carries actions out in a system of records.
pub(in crate::automation) struct Desk<R> {
    records: R,
    memory: Memory,
}

impl<R: Records> Desk<R> {
    pub(in crate::automation) fn new(records: R) -> Self {
        Self {
            memory: Memory::new(records.lag()),
            records,
        }
    }

    fn job(
        &self,
        (base_url, params): (Option<&str>, &Params),
        keys: &Keys,
    ) -> Result<Job<R::Step>, String> {
        let base = self.records.base();
        if base_url.is_some_and(|url| url.trim_end_matches('/') != base) {
            return Err("the configuration does not know the `base_url`".into());
        }
        self.records.job(params, keys)
    }

    fn job_of(&self, plan: &Plan, kind: CallKind) -> Result<Job<R::Step>, String> {
        let action = match (kind, &plan.rollback) {
            (CallKind::Rollback, Some(rollback)) => rollback,
            _ => &plan.action,
        };
        let asked = (action.base_url.as_deref(), &action.params);
        self.job(asked, &Keys::of(plan.run, kind))
    }

    /// The job that was approved, if what is sent is what was approved.
    fn job_approved(&self, approval: &Approval) -> Result<Job<R::Step>, String> {
        let (plan, kind) = (approval.plan(), approval.kind());
        let job = self.job_of(plan, kind)?;
        is_approved(plan, kind, REQUEST, &hash(&job.request))?;
        Ok(job)
    }

    /// How far a job is.
    async fn look(&self, job: &Job<R::Step>, handle: Option<&str>) -> Result<Seen, TrackerError> {
        let handle = handle.filter(|handle| !handle.is_empty());
        let find = match (&job.on, handle) {
            (On::Named(name), _) => Find::Name(name),
            (_, Some(handle)) => Find::Name(handle),
            (On::MadeBy(key), None) => Find::Key(key),
            (On::New, None) => Find::Key(&job.key),
        };
        let Some(record) = self.records.find(job, find).await? else {
            let place = match job.on {
                On::MadeBy(_) => Place::Missing,
                _ => Place::Nothing(None),
            };
            let text = String::new();
            return Ok(Seen { place, text });
        };
        let from = usize::from(job.on == On::New);
        self.look_from(job, record, from).await
    }

    /// How far a job is of which everything before a step is done.
    async fn look_from(
        &self,
        job: &Job<R::Step>,
        record: TicketRef,
        from: usize,
    ) -> Result<Seen, TrackerError> {
        let mut text = match job.on {
            On::New => format!("{} was made: {}\n", record.key, record.url),
            _ => format!("{}: {}\n", record.key, record.url),
        };
        for (at, step) in job.steps.iter().enumerate().skip(from) {
            let progress = self.records.progress(job, step, &record).await?;
            let (place, said) = match progress {
                Progress::Done(said) => {
                    text.push_str(&said);
                    continue;
                }
                Progress::Ready(said) if at == 0 => (Place::Nothing(Some(record)), said),
                Progress::Ready(said) => (Place::At(at, record), said),
                Progress::Waits(said) => (Place::Waits(record), said),
                Progress::Failed(why) => (Place::Failed(why.clone()), format!("{why}\n")),
                Progress::Cancelled(why) => (Place::Cancelled(why.clone()), format!("{why}\n")),
            };
            text.push_str(&said);
            return Ok(Seen { place, text });
        }
        let place = Place::Done(record);
        Ok(Seen { place, text })
    }

    /// Takes steps until all are done, one waits, or one goes wrong.
    async fn go(&self, job: &Job<R::Step>, mut seen: Seen) -> Went {
        let mut taken = 0;
        let mut known = None;
        loop {
            let (at, record) = match &seen.place {
                Place::Nothing(record) => (0, record.clone()),
                Place::At(at, record) => (*at, Some(record.clone())),
                Place::Waits(record) | Place::Done(record) => {
                    let record = Some(record.clone());
                    return went(record, taken, Ok(seen));
                }
                Place::Missing | Place::Failed(_) | Place::Cancelled(_) => {
                    return went(known, taken, Ok(seen));
                }
            };
            let Some(step) = job.steps.get(at).filter(|_| taken < STEPS_MAX) else {
                let why = "it does not come to an end".to_owned();
                return went(record, taken, Err(TrackerError::Refused(why)));
            };
            if taken == 0 {
                self.memory.is_told(&job.key);
            }
            let done = match self.records.take(job, step, record.as_ref()).await {
                Ok(done) => done,
                Err(error) => return went(record.or(known), taken, Err(error)),
            };
            taken += 1;
            known = Some(done.record.clone());
            let from = at + usize::from(done.is_done);
            seen = match self.look_from(job, done.record, from).await {
                Ok(seen) => seen,
                Err(error) => return went(known, taken, Err(error)),
            };
        }
    }

    async fn planned(&self, draft: &Draft, kind: CallKind) -> Result<Planned, PlanError> {
        let asked = (draft.base_url.as_deref(), &draft.params);
        let job = self.job(asked, &Keys::of(draft.run, kind));
        let job = job.map_err(PlanError::permanent)?;
        let no_plan = |error: TrackerError| match error {
            TrackerError::Later { detail, .. } => PlanError::temporary(detail),
            TrackerError::Refused(detail) | TrackerError::Gone(detail) => {
                PlanError::permanent(detail)
            }
        };
        let record = match &job.on {
            On::Named(name) => self.records.find(&job, Find::Name(name)).await,
            _ => Ok(None),
        };
        let record = record.map_err(no_plan)?;
        let now = self.records.describe(&job, record.as_ref()).await;
        let now = now.map_err(no_plan)?;
        Ok(Planned {
            template: format!("{} {}", self.records.kind().name(), job.title),
            preview: Preview {
                kind: PreviewKind::Described,
                text: format!("{}\n\n{}", now.trim_end(), job.request),
                counts: None,
                hosts: Vec::new(),
                artifacts: vec![(REQUEST.to_owned(), hash(&job.request))],
            },
        })
    }

    fn status_of(&self, job: &Job<R::Step>, handle: Option<&str>, seen: &Seen) -> Status {
        let is_stopped = self.memory.is_stopped(&job.key);
        let said = || cut(&seen.text.trim_end().replace('\n', "; "), DETAIL_MAX);
        let stopped = || Status::Cancelled(format!("it was stopped before its end: {}", said()));
        match &seen.place {
            // It waits for what it is to undo.
            Place::Nothing(Some(_)) if handle == Some("") && !is_stopped => Status::Ready,
            Place::Nothing(_) => Status::Unknown,
            Place::Missing if is_stopped => stopped(),
            Place::Missing if self.memory.may_be_on_its_way(&job.key) => Status::Ready,
            Place::Missing => Status::Failed("nothing is found that the run made".into()),
            Place::At(..) | Place::Waits(_) if is_stopped => stopped(),
            Place::At(..) => Status::Ready,
            Place::Waits(_) => Status::Running,
            Place::Done(_) => Status::Succeeded(said()),
            Place::Failed(why) => Status::Failed(why.clone()),
            Place::Cancelled(why) => Status::Cancelled(why.clone()),
        }
    }
}

fn went(record: Option<TicketRef>, taken: usize, end: Result<Seen, TrackerError>) -> Went {
    Went { record, taken, end }
}

/// The hash of what is sent.
fn hash(request: &str) -> String {
    digits(&Sha256::digest(request))
}

/// What became of a first word that was not taken.
fn not_begun(error: TrackerError) -> CallError {
    let (detail, certainty) = match error {
        TrackerError::Later {
            is_unsure, detail, ..
        } => match is_unsure {
            true => (detail, Certainty::Unsure),
            false => (detail, Certainty::NotNow),
        },
        TrackerError::Refused(detail) | TrackerError::Gone(detail) => (detail, Certainty::Never),
    };
    CallError { detail, certainty }
}

#[async_trait]
impl<R: Records> Provider for Desk<R> {
    fn kind(&self) -> ProviderKind {
        self.records.kind()
    }

    async fn check(&self) -> Result<String, String> {
        let checked = self.records.check().await;
        checked.map_err(|error| error.to_string())
    }

    async fn plan(&self, draft: &Draft) -> Result<Planned, PlanError> {
        self.planned(draft, CallKind::Execute).await
    }

    async fn describe(&self, draft: &Draft) -> Result<Planned, PlanError> {
        self.planned(draft, CallKind::Rollback).await
    }

    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError> {
        let job = self.job_approved(approval).map_err(CallError::never)?;
        let begun = |record: Option<TicketRef>, over: Option<Status>| Begun {
            handle: record.map(|record| record.key).unwrap_or_default(),
            over,
        };
        let seen = self.look(&job, None).await.map_err(|error| {
            self.memory.is_not_told(&job.key);
            not_begun(error)
        })?;
        if matches!(seen.place, Place::Missing) {
            // It may be found later.
            self.memory.is_told(&job.key);
            return Ok(begun(None, None));
        }
        let was_begun = !matches!(seen.place, Place::Nothing(_));
        let went = self.go(&job, seen).await;
        match went.end {
            // How it is now is asked for, which is to look at it again.
            Ok(_) => Ok(begun(went.record, None)),
            Err(error) if went.taken == 0 && !was_begun => {
                let error = not_begun(error);
                if error.certainty != Certainty::Unsure {
                    self.memory.is_not_told(&job.key);
                }
                Err(error)
            }
            Err(TrackerError::Later { .. }) => Ok(begun(went.record, None)),
            Err(error) => {
                let over = Status::Failed(error.to_string());
                Ok(begun(went.record, Some(over)))
            }
        }
    }

    async fn status(&self, order: &Order<'_>) -> Result<Status, String> {
        let job = self.job_of(order.plan, order.kind)?;
        let seen = match self.look(&job, order.handle).await {
            Ok(seen) => seen,
            Err(TrackerError::Gone(why)) => return Ok(Status::Failed(why)),
            Err(error) => return Err(error.to_string()),
        };
        self.memory.print(&job.key, &seen.text);
        match self.status_of(&job, order.handle, &seen) {
            Status::Unknown if self.memory.may_be_on_its_way(&job.key) => {
                Err("it is not found, and may be on its way".into())
            }
            status => Ok(status),
        }
    }

    async fn advance(&self, order: &Order<'_>, approval: &Approval) -> Result<Status, String> {
        let job = self.job_approved(approval)?;
        let seen = self.look(&job, order.handle).await;
        let seen = seen.map_err(|error| error.to_string())?;
        if matches!(seen.place, Place::Nothing(None)) {
            return Err("what was begun is not found".into());
        }
        let went = self.go(&job, seen).await;
        match went.end {
            Ok(seen) => Ok(self.status_of(&job, order.handle, &seen)),
            Err(TrackerError::Later { detail, .. }) => Err(detail),
            Err(error) => Ok(Status::Failed(error.to_string())),
        }
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        let job = self.job_of(order.plan, order.kind)?;
        let seen = self.look(&job, order.handle).await;
        let seen = seen.map_err(|error| error.to_string())?;
        if let Place::At(_, record) | Place::Waits(record) = &seen.place {
            let stopped = self.records.stop(&job, record).await;
            stopped.map_err(|error| error.to_string())?;
        }
        self.memory.is_to_stop(&job.key);
        Ok(())
    }

    async fn output(&self, order: &Order<'_>, from: u64) -> Result<(String, u64), String> {
        Ok(self.memory.printed(&order.key(), from))
    }
}
