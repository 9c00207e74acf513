//! What chats were told of runs.

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::automation::{Run, RunNotice};

/// Messages about runs. One task of the server writes.
#[async_trait]
pub trait RunNotices: Send + Sync {
    /// Runs of which there is something to tell at a time, in ms: first those that wait for approval and have no
    /// notice, by id, then those that went on since what their notice shows and whose notice is due, that due
    /// longest first. At most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn runs_to_tell(
        &self,
        now_ms: i64,
        limit: usize,
    ) -> Result<Vec<(Run, Option<RunNotice>)>, StoreError>;

    /// Keeps a notice in place of the one of its run. It goes when the run is forgotten. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_run_notice(&self, notice: RunNotice) -> Result<(), StoreError>;
}
