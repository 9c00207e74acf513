//! What providers have in common that carry an action out in a system of records: a desk, a tracker.
//!
//! An action is a [`Job`] of steps in order. Each step is known again by the key of the run that is in
//! it, or by what it leads to, so that after a crash or a lost answer it is seen how far the job is
//! before anything is told again. A step may wait for people over there, as a change does for its
//! approval; the run goes on for so long, and then the next step is taken.

mod job;
mod memory;
mod params;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tocsin_domain::automation::{CallKind, Params, Plan, Preview, PreviewKind, ProviderKind};
use tocsin_domain::ticket::TicketRef;

use super::{digits, is_approved};
use crate::automation::policy::Approval;
use crate::automation::provider::{
    Begun, CallError, Certainty, Draft, Order, PlanError, Planned, Provider, Status,
};
use crate::trackers::TrackerError;
use crate::words::cut;
pub(super) use job::marker;
pub(in crate::automation) use job::{Find, Job, Keys, On, Progress, Records, Taken};
use memory::Memory;
pub(super) use params::{Reader, shown};

/// The most steps that are taken at a time: a change goes through seven states.
const STEPS_MAX: usize = 16;
/// The most characters of what is told of an end.
const DETAIL_MAX: usize = 1000;
/// The name of the artifact that binds an approval to what is sent.
const REQUEST: &str = "request";

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
            if self.memory.is_to_stop(&job.key) {
                let error = TrackerError::Later {
                    is_unsure: false,
                    wait: None,
                    detail: "it is to stop".to_owned(),
                };
                return went(record, taken, Err(error));
            }
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
            // It waited for what it is to undo.
            Place::Nothing(Some(_)) if handle == Some("") => match is_stopped {
                true => stopped(),
                false => Status::Ready,
            },
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
            Ok(seen) if went.taken == 0 => Ok(self.status_of(&job, order.handle, &seen)),
            // All of it is looked at again.
            Ok(_) => {
                let handle = went.record.map(|record| record.key);
                let handle = handle.as_deref().or(order.handle);
                self.status(&Order {
                    handle,
                    ..order.clone()
                })
                .await
            }
            Err(TrackerError::Later { detail, .. }) => Err(detail),
            Err(error) => Ok(Status::Failed(error.to_string())),
        }
    }

    async fn cancel(&self, order: &Order<'_>) -> Result<(), String> {
        let job = self.job_of(order.plan, order.kind)?;
        // Whoever is taking steps takes no more.
        self.memory.stop(&job.key);
        let seen = self.look(&job, order.handle).await;
        let seen = seen.map_err(|error| error.to_string())?;
        match &seen.place {
            Place::At(_, record) | Place::Waits(record) => {
                let stopped = self.records.stop(&job, record).await;
                stopped.map_err(|error| error.to_string())?;
            }
            Place::Missing => {}
            Place::Nothing(Some(_)) if order.handle == Some("") => {}
            _ => return Ok(()),
        }
        self.memory.has_stopped(&job.key);
        Ok(())
    }

    async fn output(&self, order: &Order<'_>, from: u64) -> Result<(String, u64), String> {
        Ok(self.memory.printed(&order.key(), from))
    }
}
