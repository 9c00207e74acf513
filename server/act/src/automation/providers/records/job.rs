//! Jobs: what is to be done in a system of records, and what every such system can do.

use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::automation::{CallKind, Params, ProviderKind, RunId};
use tocsin_domain::ticket::TicketRef;

use crate::automation::provider::key;
use crate::trackers::TrackerError;

/// By what is known again what was done under a key.
pub(in crate::automation::providers) fn marker(key: &str) -> String {
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
    pub(in crate::automation::providers) own: String,
    /// That of what is to be undone; none: it undoes nothing.
    pub(in crate::automation::providers) undoes: Option<String>,
}

impl Keys {
    pub(super) fn of(run: RunId, kind: CallKind) -> Self {
        Self {
            own: key(run, kind),
            undoes: (kind == CallKind::Rollback).then(|| key(run, CallKind::Execute)),
        }
    }

    /// The record that a parameter names; none named: the one that the run made that is undone.
    pub(in crate::automation::providers) fn record(
        &self,
        name: &str,
        given: Option<String>,
    ) -> Result<On, String> {
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
    pub(in crate::automation::providers) key: String,
    pub(in crate::automation::providers) on: On,
    /// The first one makes the record, if it is a new one.
    pub(in crate::automation::providers) steps: Vec<S>,
    /// What is done, for people: `create OPS`.
    pub(in crate::automation::providers) title: String,
    /// Exactly what is sent.
    pub(in crate::automation::providers) request: String,
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
    pub(in crate::automation::providers) record: TicketRef,
    /// Whether it is done. If not, it is looked at again.
    pub(in crate::automation::providers) is_done: bool,
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
