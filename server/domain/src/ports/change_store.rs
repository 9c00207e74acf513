//! The store of changes.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::change::{Change, ChangeId, ChangeKind};

/// Which changes are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeFilter {
    /// Done at or after, in ms since the epoch.
    pub from_ms: Option<i64>,
    /// Done before, in ms.
    pub to_ms: Option<i64>,
    /// To this entity.
    pub entity: Option<String>,
    /// Of this kind.
    pub kind: Option<ChangeKind>,
    /// With this text in title, entity or actor, case ignored.
    pub text: Option<String>,
}

/// What was changed, and when.
#[async_trait]
pub trait ChangeStore: Send + Sync {
    /// Keeps changes; one with a known id is passed over. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; none was kept then.
    async fn record_changes(&self, changes: Vec<Change>) -> Result<(), StoreError>;

    /// The newest changes by when they were done, then id, below the place `before`: the time, in ms,
    /// and id of the last one of the page before.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError>;

    /// One change.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn change(&self, id: ChangeId) -> Result<Option<Change>, StoreError>;

    /// Drops changes that were done before a time, in ms. Returns how many went.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_changes(&self, before_ms: i64) -> Result<u64, StoreError>;
}
