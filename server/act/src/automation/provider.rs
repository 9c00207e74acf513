//! What every provider can: say whether it is there, what would happen, do it, say how it goes,
//! stop, and undo it.
//!
//! A run is known to a provider by its id from the first word on, so that after a crash it can be
//! asked what became of it before anything is said again.

use std::time::Duration;

use async_trait::async_trait;
use tocsin_domain::automation::{CallKind, Params, Plan, Preview, ProviderKind, RunId};

use super::policy::Approval;

/// What is to be planned.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) run: RunId,
    pub(crate) base_url: Option<String>,
    pub(crate) params: Params,
    /// How long what is planned may take, in seconds.
    pub(crate) timeout_secs: u32,
    /// Whether it is planned only, and never carried out.
    pub(crate) is_dry_run: bool,
}

/// What would happen.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// What is run, for people.
    pub(crate) template: String,
    pub(crate) preview: Preview,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlanError {
    pub(crate) detail: String,
    /// Whether it is worth another attempt.
    pub(crate) is_temporary: bool,
}

impl PlanError {
    pub(crate) fn permanent(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            is_temporary: false,
        }
    }

    pub(crate) fn temporary(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            is_temporary: true,
        }
    }
}

/// That something began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    /// How the provider calls it.
    pub(crate) handle: String,
    /// What came of it, if it is over already.
    pub(crate) over: Option<Status>,
}

/// That something did not begin, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallError {
    pub(crate) detail: String,
    pub(crate) certainty: Certainty,
}

/// How sure it is that something did not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// It did not, and never will.
    Never,
    /// It did not; another time it may.
    NotNow,
    /// It may have begun.
    Unsure,
}

impl CallError {
    pub(crate) fn never(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            certainty: Certainty::Never,
        }
    }
}

/// How it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// The provider was never told, for certain.
    Unknown,
    /// It goes on.
    Running,
    /// A part of it is done, and the rest waits for [`Provider::advance`].
    Ready,
    /// It is done.
    Succeeded(String),
    /// It went wrong.
    Failed(String),
    /// It was stopped.
    Cancelled(String),
    /// It began, and what came of it cannot be told.
    Lost(String),
}

/// What a provider is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Order<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) kind: CallKind,
    /// How the provider calls it; none: it did not answer yet.
    pub(crate) handle: Option<&'a str>,
}

impl Order<'_> {
    /// The id by which the provider knows it.
    pub(crate) fn key(&self) -> String {
        key(self.plan.run, self.kind)
    }
}

impl Approval {
    /// The id by which the provider knows it.
    pub(crate) fn key(&self) -> String {
        key(self.plan().run, self.kind())
    }
}

/// The id by which a provider knows what a run has it do.
pub(crate) fn key(run: RunId, kind: CallKind) -> String {
    match kind {
        CallKind::Execute => run.to_string(),
        CallKind::Rollback => format!("{run}-rollback"),
    }
}

/// A provider. Nothing here is called with what did not pass [`super::policy`].
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// Which kind it is.
    fn kind(&self) -> ProviderKind;

    /// Whether it is there and may do its work; what it is.
    ///
    /// # Errors
    /// What is wrong and what to do. Nothing secret is in it.
    async fn check(&self) -> Result<String, String>;

    /// How long a word to it may be on its way after its sender gave up: until then it is not believed
    /// that it was never told.
    fn settles_within(&self) -> Duration {
        Duration::ZERO
    }

    /// What would happen. Nothing is changed, and it may be asked as often as one likes.
    ///
    /// # Errors
    /// [`PlanError`].
    async fn plan(&self, draft: &Draft) -> Result<Planned, PlanError>;

    /// What would be done, as far as that can be said without trying it: for how something is undone,
    /// which cannot be tried before it is done.
    ///
    /// # Errors
    /// [`PlanError`].
    async fn describe(&self, draft: &Draft) -> Result<Planned, PlanError> {
        self.plan(draft).await
    }

    /// Begins what is approved. The same key never begins twice.
    ///
    /// # Errors
    /// [`CallError`].
    async fn execute(&self, approval: &Approval) -> Result<Begun, CallError>;

    /// How it goes.
    ///
    /// # Errors
    /// Why that cannot be told now.
    async fn status(&self, order: &Order<'_>) -> Result<Status, String>;

    /// Goes on with what has several steps and is [`Status::Ready`]; how it goes then. It is not
    /// asked for once the run is to stop. A step that was done is not done again.
    ///
    /// # Errors
    /// Why it cannot go on now.
    async fn advance(&self, order: &Order<'_>, _approval: &Approval) -> Result<Status, String> {
        self.status(order).await
    }

    /// Asks for it to stop. It has stopped when [`Self::status`] says so.
    ///
    /// # Errors
    /// Why it cannot be asked now.
    async fn cancel(&self, order: &Order<'_>) -> Result<(), String>;

    /// Begins to undo what was done, as the plan says.
    ///
    /// # Errors
    /// [`CallError`].
    async fn rollback(&self, approval: &Approval) -> Result<Begun, CallError> {
        self.execute(approval).await
    }

    /// Lets go of what was prepared for a run that ended without being carried out; what that was, if
    /// there was anything. Without a plan it may have been prepared nevertheless. What was carried
    /// out is not touched, and it may be asked as often as one likes.
    ///
    /// # Errors
    /// Why it cannot be let go of now.
    async fn discard(&self, _run: RunId, _plan: Option<&Plan>) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// What it printed from a byte on, and the byte after it.
    ///
    /// # Errors
    /// Why that cannot be told now.
    async fn output(&self, _order: &Order<'_>, from: u64) -> Result<(String, u64), String> {
        Ok((String::new(), from))
    }
}
