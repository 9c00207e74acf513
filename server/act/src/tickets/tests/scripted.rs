//! A tracker of issues that misbehaves as told. What it was asked for goes on in it after whoever
//! asked is gone, as it would behind a network.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tocsin_domain::ticket::{TicketRef, TicketStatus, TrackerKind};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::outbox::tests::memory::lock;
use crate::tickets::tracker::{Draft, Tracker, TrackerError};

/// What it does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Work,
    /// It says that it is broken, and did nothing.
    Broken,
    /// Nobody listens.
    Away,
    /// It asks to wait so many ms.
    Busy(u64),
    /// It does it, and the answer is lost.
    WorkAndBreak,
    /// It does it so many ms later, and never answers.
    WorkLate(u64),
    /// It never answers and does nothing.
    Hang,
    /// It refuses it for good.
    Refuse,
}

#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) draft: Draft,
    pub(super) comments: Vec<(String, String)>,
    pub(super) status: TicketStatus,
    /// How often its status was changed.
    pub(super) turns: usize,
    pub(super) is_deleted: bool,
    made: Instant,
}

type Script = dyn Fn(u64, &str) -> Mood + Send + Sync;

pub(super) struct Scripted {
    pub(super) issues: Mutex<BTreeMap<String, Issue>>,
    /// What it was asked for, in order.
    pub(super) calls: Mutex<Vec<String>>,
    script: Box<Script>,
    number: AtomicU64,
    lag: Duration,
    timeout: Duration,
    working: Mutex<JoinSet<()>>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripted").finish_non_exhaustive()
    }
}

fn later(is_unsure: bool, wait: Option<u64>, detail: &str) -> TrackerError {
    TrackerError::Later {
        is_unsure,
        wait: wait.map(Duration::from_millis),
        detail: detail.to_owned(),
    }
}

impl Scripted {
    /// `script` gives what to do with request number `n` of a name, from 0 on.
    pub(super) fn new(script: impl Fn(u64, &str) -> Mood + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            issues: Mutex::default(),
            calls: Mutex::default(),
            script: Box::new(script),
            number: AtomicU64::new(0),
            lag: Duration::from_millis(15),
            timeout: Duration::from_millis(30),
            working: Mutex::default(),
        })
    }

    pub(super) fn issues(&self) -> Vec<Issue> {
        lock(&self.issues).values().cloned().collect()
    }

    async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        name: &str,
        work: impl FnOnce(&Self) -> Result<T, TrackerError> + Send + 'static,
    ) -> Result<T, TrackerError> {
        lock(&self.calls).push(name.to_owned());
        let mood = (self.script)(self.number.fetch_add(1, Ordering::Relaxed), name);
        let (answer, answered) = oneshot::channel();
        let this = self.clone();
        lock(&self.working).spawn(async move {
            let wait = match mood {
                Mood::WorkLate(ms) => ms,
                _ => 1,
            };
            tokio::time::sleep(Duration::from_millis(wait)).await;
            let said = match mood {
                Mood::Work => work(&this),
                Mood::Broken => Err(later(true, None, "500: broken")),
                Mood::Away => Err(later(false, None, "no connection")),
                Mood::Busy(ms) => Err(later(false, Some(ms), "429: slow down")),
                Mood::Refuse => Err(TrackerError::Refused("400: no".into())),
                Mood::WorkAndBreak => {
                    drop(work(&this));
                    Err(later(true, None, "the answer broke off"))
                }
                Mood::WorkLate(_) => {
                    drop(work(&this));
                    return;
                }
                Mood::Hang => return tokio::time::sleep(Duration::from_secs(60)).await,
            };
            drop(answer.send(said));
        });
        match tokio::time::timeout(self.timeout, answered).await {
            Ok(Ok(said)) => said,
            _ => Err(later(true, None, "no answer in time")),
        }
    }

    fn change<T>(
        &self,
        reference: &TicketRef,
        change: impl FnOnce(&mut Issue) -> T,
    ) -> Result<T, TrackerError> {
        let mut issues = lock(&self.issues);
        let issue = issues.get_mut(&reference.key);
        match issue.filter(|issue| !issue.is_deleted) {
            Some(issue) => Ok(change(issue)),
            None => Err(TrackerError::Gone("404: no such issue".into())),
        }
    }
}

#[derive(Debug)]
pub(super) struct Client(pub(super) Arc<Scripted>);

#[async_trait]
impl Tracker for Client {
    fn kind(&self) -> TrackerKind {
        TrackerKind::Jira
    }
    fn target(&self) -> String {
        "OPS".into()
    }
    fn lag(&self) -> Duration {
        self.0.lag
    }
    async fn check(&self) -> Result<String, TrackerError> {
        Ok("fine".into())
    }
    async fn find(&self, marker: &str) -> Result<Option<TicketRef>, TrackerError> {
        let marker = marker.to_owned();
        let find = move |this: &Scripted| {
            let issues = lock(&this.issues);
            let known = issues.iter().rev().find(|(_, issue)| {
                !issue.is_deleted
                    && issue.made.elapsed() >= this.lag
                    && issue.draft.markers.contains(&marker)
            });
            Ok(known.map(|(key, _)| reference(key)))
        };
        self.0.call("find", find).await
    }
    async fn create(&self, draft: &Draft) -> Result<TicketRef, TrackerError> {
        let draft = draft.clone();
        let create = move |this: &Scripted| {
            let mut issues = lock(&this.issues);
            let key = format!("OPS-{:05}", issues.len() + 1);
            let issue = Issue {
                draft,
                comments: Vec::new(),
                status: TicketStatus::Open,
                turns: 0,
                is_deleted: false,
                made: Instant::now(),
            };
            issues.insert(key.clone(), issue);
            Ok(reference(&key))
        };
        self.0.call("create", create).await
    }
    async fn comment(&self, ticket: &TicketRef, text: &str, key: &str) -> Result<(), TrackerError> {
        let (ticket, said) = (ticket.clone(), (key.to_owned(), text.to_owned()));
        let comment = move |this: &Scripted| this.change(&ticket, |one| one.comments.push(said));
        self.0.call("comment", comment).await
    }
    async fn has_comment(&self, ticket: &TicketRef, key: &str) -> Result<bool, TrackerError> {
        let (ticket, key) = (ticket.clone(), key.to_owned());
        let look = move |this: &Scripted| {
            this.change(&ticket, |one| one.comments.iter().any(|said| said.0 == key))
        };
        self.0.call("has_comment", look).await
    }
    async fn status(&self, ticket: &TicketRef) -> Result<TicketStatus, TrackerError> {
        let ticket = ticket.clone();
        let look = move |this: &Scripted| this.change(&ticket, |one| one.status);
        self.0.call("status", look).await
    }
    async fn set_status(
        &self,
        ticket: &TicketRef,
        status: TicketStatus,
        _: &str,
    ) -> Result<(), TrackerError> {
        let (ticket, name) = (ticket.clone(), status.name());
        let set = move |this: &Scripted| {
            this.change(&ticket, |one| {
                one.turns += usize::from(one.status != status);
                one.status = status;
            })
        };
        self.0.call(name, set).await
    }
}

fn reference(key: &str) -> TicketRef {
    TicketRef {
        key: key.to_owned(),
        id: String::new(),
        url: format!("https://jira.test/browse/{key}"),
    }
}
