//! The store of leases: which of several processes does what only one of them may do.

use std::time::Duration;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::time::Timestamp;

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHolder {
    /// Its name, which no other process has.
    pub holder: String,
    /// What others are to know of it, such as its address.
    pub note: String,
    /// The fence: it grows by one whenever the lease is taken anew, and stays while it is renewed.
    pub token: u64,
    /// Until when it holds, by the store's clock.
    pub until: Timestamp,
}

/// Leases by name. Any number of processes ask; the store's clock decides.
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// Takes the lease if it is free, over or ours, until `ttl` from now by the store's clock. Gives
    /// its fencing token, or none while another holds it. One that is over has a new token even if
    /// it was ours: what was begun under the old one may no longer hold. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; it may have been taken all the same, and is over after `ttl`.
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        note: &str,
        ttl: Duration,
    ) -> Result<Option<u64>, StoreError>;

    /// Gives a lease back. One that is not held under this token any more is left alone.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn release(&self, name: &str, token: u64) -> Result<(), StoreError>;

    /// Who holds a lease; none if it is free or over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn lease(&self, name: &str) -> Result<Option<LeaseHolder>, StoreError>;
}
