//! Live logs: records as they pass, for those who watch.

use std::sync::Arc;

use async_trait::async_trait;

use crate::query::Expression;
use crate::record::LogRecord;

/// What a watcher sees next.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveItem {
    /// A record that satisfies the filter.
    Record(Arc<LogRecord>),
    /// The watcher was too slow: so many records that satisfy the filter were left out since the
    /// subscription began, all told.
    Skipped(u64),
}

/// One watcher's queue. It is bounded: a slow watcher misses records and never slows others.
/// Dropping it ends the subscription.
#[async_trait]
pub trait LiveSubscription: Send {
    /// The next item in the order of arrival; waits while there is none. `None` once the server is
    /// shutting down.
    ///
    /// # Cancel safety
    /// Safe: a dropped call takes nothing out of the queue.
    async fn next(&mut self) -> Option<LiveItem>;
}

/// Records as they pass.
pub trait LiveLogs: Send + Sync {
    /// Begins to watch the records that satisfy `filter` and arrive from now on.
    fn subscribe(&self, filter: Expression) -> Box<dyn LiveSubscription>;
}
