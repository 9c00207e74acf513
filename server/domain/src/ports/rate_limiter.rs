//! How many requests a client may make.

use std::time::Duration;

use async_trait::async_trait;

/// What one more request of a client comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many more there may be at once.
    pub remaining: u32,
    /// Until when there may be as many as ever.
    pub whole_after: Duration,
    /// If this one may not be: when the next may.
    pub refused_for: Option<Duration>,
}

/// Counts the requests of clients. A client has a bucket of so many requests a minute, which is full at
/// first and fills evenly.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one request of a client that may make `per_minute`, at least 1. One that is refused does not
    /// count. It always knows an answer, and at once: where others count, too, and cannot be asked, it is
    /// the one of this process alone.
    async fn take(&self, client: &str, per_minute: u32) -> Allowance;
}
