//! The audit log: who did what, when. Entries are only ever added.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::time::Timestamp;

/// The identity of an entry: a UUIDv7, so entries sort by when they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId(pub u128);

impl AuditId {
    /// Makes an id from the time and 10 random bytes.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self(uuid.as_u128())
    }
}

impl fmt::Display for AuditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", uuid::Uuid::from_u128(self.0))
    }
}

impl FromStr for AuditId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::parse_str(text).map(|uuid| Self(uuid.as_u128()))
    }
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who it is.
    pub id: AuditId,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it: a user, `system`, or `anonymous` while there is no authentication.
    pub actor: String,
    /// What was done, such as `logs.delete.requested`.
    pub action: String,
    /// What it was done to, such as `job:0190…`.
    pub subject: String,
    /// More on it, as a JSON object.
    pub details: String,
}

impl AuditEntry {
    /// Who acts while nobody says who it is.
    pub const ANONYMOUS: &'static str = "anonymous";
    /// Who acts when nobody asked.
    pub const SYSTEM: &'static str = "system";
}

/// Which entries are meant. Everything that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Of actions that begin so, such as `automation.`.
    pub action: Option<String>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

/// Who did what, when.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry; durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; what was to be audited must not happen then.
    async fn append(&self, entry: AuditEntry) -> Result<(), StoreError>;

    /// The `limit` last entries before `before` (or of all), newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn page(
        &self,
        filter: &AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError>;
}
