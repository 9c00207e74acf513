//! The ledger of models: what left the machine, when, where to, how much of it, and what was cut
//! out before. Never the text itself. Entries are only ever added.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use super::log_store::StoreError;
use crate::time::Timestamp;

/// The identity of an entry: a `UUIDv7`, so entries sort by when they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerId(pub u128);

impl LedgerId {
    /// Makes an id from the time and 10 random bytes.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self(uuid.as_u128())
    }
}

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", uuid::Uuid::from_u128(self.0))
    }
}

impl FromStr for LedgerId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        uuid::Uuid::parse_str(text).map(|uuid| Self(uuid.as_u128()))
    }
}

/// One call of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Who it is.
    pub id: LedgerId,
    /// When the text left, in ms since the epoch.
    pub at_ms: i64,
    /// The provider's name, as of `ModelProvider::name`.
    pub provider: String,
    /// The model's name.
    pub model: String,
    /// The host (and port) it was sent to.
    pub destination: String,
    /// On whose behalf.
    pub user: String,
    /// Part of which question; a `UUIDv7`.
    pub question_id: u128,
    /// Name of the prompt.
    pub task: String,
    /// Hash of prompt, model and settings.
    pub prompt_hash: String,
    /// Tokens sent; an estimate where the provider did not say.
    pub tokens_in: u64,
    /// Tokens that came back; an estimate where the provider did not say.
    pub tokens_out: u64,
    /// What it cost, in millionths of a US dollar, by the prices of the configuration.
    pub micro_usd: u64,
    /// How many different values of a kind were cut out, such as `("EMAIL", 2)`; by kind.
    pub redactions: Vec<(String, u32)>,
    /// `ok`, `cut` (given up by the reader), or the kind of the error.
    pub outcome: String,
    /// From sending to the end of the answer, in ms.
    pub took_ms: u64,
    /// SHA-256 of the body that was sent, in lowercase hexadecimal.
    pub sent_sha256: String,
}

/// Whose spending is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpendScope {
    /// Of one question.
    Question {
        /// Its id.
        question_id: u128,
    },
    /// Of a user, from an instant on.
    User {
        /// The user.
        user: String,
        /// In ms since the epoch, inclusive.
        since_ms: i64,
    },
    /// Of everybody, from an instant on.
    Month {
        /// In ms since the epoch, inclusive.
        since_ms: i64,
    },
}

/// What was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Tokens in and out together.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub micro_usd: u64,
}

/// What left the machine.
#[async_trait]
pub trait ModelLedger: Send + Sync {
    /// Adds an entry; durable on return.
    ///
    /// # Errors
    /// [`StoreError`]; the answer that the entry stands for is given up then.
    async fn record(&self, entry: LedgerEntry) -> Result<(), StoreError>;

    /// The sum of what was spent.
    ///
    /// # Errors
    /// [`StoreError`]; the call that asked must not be made then.
    async fn spent(&self, scope: SpendScope) -> Result<Spent, StoreError>;

    /// The `limit` last entries before `before` (or of all), newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn page(
        &self,
        before: Option<LedgerId>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError>;
}
