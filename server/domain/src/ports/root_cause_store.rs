//! The store of reports of causes.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::copilot::{RootCause, RootCauseId, RootCauseSubject};

/// How often an entity was confirmed as the cause of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedCause {
    /// What the report was about.
    pub subject: RootCauseSubject,
    /// The entity.
    pub entity: String,
    /// When it was confirmed, in ms since the epoch.
    pub at_ms: i64,
}

/// Reports of causes, revision by revision.
#[async_trait]
pub trait RootCauseStore: Send + Sync {
    /// Adds a revision. Its number is set to one above the last of its subject, and returned with it.
    /// Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn append_root_cause(&self, report: RootCause) -> Result<RootCause, StoreError>;

    /// The newest revisions about a subject, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn root_causes(
        &self,
        subject: RootCauseSubject,
        limit: usize,
    ) -> Result<Vec<RootCause>, StoreError>;

    /// The newest revisions about anything, newest first, made within `[from_ms, to_ms)`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn recent_root_causes(
        &self,
        range_ms: (i64, i64),
        limit: usize,
    ) -> Result<Vec<RootCause>, StoreError>;

    /// Notes that a person says which entity was the cause (none takes it back). False if there is no
    /// such revision.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn confirm_root_cause(
        &self,
        id: RootCauseId,
        entity: Option<String>,
        at_ms: i64,
    ) -> Result<bool, StoreError>;

    /// The newest causes that people confirmed, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn confirmed_causes(&self, limit: usize) -> Result<Vec<ConfirmedCause>, StoreError>;

    /// Drops revisions that were made before a time, in ms. Returns how many went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_root_causes(&self, before_ms: i64) -> Result<u64, StoreError>;
}
