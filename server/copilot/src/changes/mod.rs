//! What was changed: what was told through the API, and what log lines say.

use std::sync::Arc;

use tocsin_domain::change::{Change, ChangeId};
use tocsin_domain::ports::{ChangeFilter, StoreError};

use crate::parts::CopilotParts;

/// Finds changes.
#[derive(Debug)]
pub(crate) struct ChangeFinder {
    parts: Arc<CopilotParts>,
}

impl ChangeFinder {
    /// A finder over the stores.
    pub(crate) const fn new(parts: Arc<CopilotParts>) -> Self {
        Self { parts }
    }

    /// The newest changes by when they were done, then id, below the place `before`, as of
    /// `ChangeStore::changes`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        self.parts.changes.changes(filter, before, limit).await
    }
}
