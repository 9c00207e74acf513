//! The store of what is known of sessions of log lines: a state for each source, opaque here.

use std::sync::Arc;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::event::{Offset, Partition};

/// What was kept of the sessions of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionStates {
    /// The last event of the bus that is in it.
    pub position: Offset,
    /// A state for each source.
    pub sources: Vec<(Arc<str>, Vec<u8>)>,
}

/// States of sessions. One writer for each partition.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Keeps states, each in place of that of its source; those of other sources stay. All of it or
    /// nothing. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn save_sessions(
        &self,
        partition: Partition,
        changed: SessionStates,
    ) -> Result<(), StoreError>;

    /// What was last kept of a partition.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn load_sessions(&self, partition: Partition) -> Result<SessionStates, StoreError>;
}
