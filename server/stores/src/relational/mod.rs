//! The relational store: what is small and must not be lost, in SQLite.
//!
//! [`SqliteStore`] stands behind [`TemplateStore`], [`AuditLog`], [`JobStore`],
//! [`PositionStore`], [`AnomalyStore`], [`PredictionStore`], [`AlertStore`], [`RuleStore`],
//! [`ClassificationRuleStore`], [`SubscriptionStore`], [`SessionStore`], [`TicketStore`],
//! [`ChangeStore`], [`RootCauseStore`], [`ThreadStore`], [`ModelLedger`], [`AutomationStore`] and
//! [`AutomationSettings`]. The SQL is plain enough for PostgreSQL to join later behind the same suites.
//! Not here: log lines, metrics and vectors.
//!
//! [`TemplateStore`]: tocsin_domain::ports::TemplateStore
//! [`AuditLog`]: tocsin_domain::ports::AuditLog
//! [`JobStore`]: tocsin_domain::ports::JobStore
//! [`PositionStore`]: tocsin_domain::ports::PositionStore
//! [`AnomalyStore`]: tocsin_domain::ports::AnomalyStore
//! [`PredictionStore`]: tocsin_domain::ports::PredictionStore
//! [`AlertStore`]: tocsin_domain::ports::AlertStore
//! [`RuleStore`]: tocsin_domain::ports::RuleStore
//! [`ClassificationRuleStore`]: tocsin_domain::ports::ClassificationRuleStore
//! [`SubscriptionStore`]: tocsin_domain::ports::SubscriptionStore
//! [`SessionStore`]: tocsin_domain::ports::SessionStore
//! [`TicketStore`]: tocsin_domain::ports::TicketStore
//! [`ChangeStore`]: tocsin_domain::ports::ChangeStore
//! [`RootCauseStore`]: tocsin_domain::ports::RootCauseStore
//! [`ThreadStore`]: tocsin_domain::ports::ThreadStore
//! [`ModelLedger`]: tocsin_domain::ports::ModelLedger
//! [`AutomationStore`]: tocsin_domain::ports::AutomationStore
//! [`AutomationSettings`]: tocsin_domain::ports::AutomationSettings

#[cfg(test)]
mod alert_properties;
mod alerts;
mod anomalies;
mod answer_json;
mod audit;
mod automation;
mod changes;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod evidence_json;
mod fact_json;
mod jobs;
mod migrate;
mod model_ledger;
mod positions;
mod predictions;
mod root_cause_json;
mod root_causes;
mod rule_json;
mod rules;
mod session_states;
mod subscription_json;
mod subscriptions;
mod subscriptions_outbox;
mod template_blob;
mod templates;
#[cfg(test)]
mod tests;
mod threads;
mod tickets;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};
use tocsin_domain::ports::StoreError;

/// One connection writes, the others read meanwhile.
const CONNECTIONS_MAX: u32 = 3;
/// How long a writer waits for another.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Pages that a connection keeps in memory, as a negative number of KiB.
const CACHE_SIZE: &str = "-1024";

/// The embedded relational store: one file of SQLite and its write-ahead log.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
}

impl SqliteStore {
    /// Opens the store in a file, which is made if it is not there, and brings it to the newest
    /// schema.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be used, [`StoreError::Invalid`] if a newer
    /// version of Tocsin wrote it, [`StoreError::Corrupt`] if it is not a database.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| StoreError::Unavailable(Box::new(e)))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is answered as durable survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("cache_size", CACHE_SIZE);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .connect_with(options)
            .await
            .map_err(store_error)?;
        migrate::run(&pool).await?;
        Ok(Self { pool })
    }

    /// Closes all connections and folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that may write. It takes the lock at once: one that begins by reading could
    /// not wait for another writer later.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(store_error)
    }

    /// Drops what is older than a time, in ms, some at a time, so that no writer waits long. Each
    /// statement takes the time and how many at most; what the last one drops is counted.
    async fn forget_in_chunks(
        &self,
        statements: &[&'static str],
        before_ms: i64,
        chunk: u64,
    ) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let mut transaction = self.write().await?;
            let mut gone = 0;
            for sql in statements {
                let done = sqlx::query(*sql)
                    .bind(before_ms)
                    .bind(chunk.cast_signed())
                    .execute(&mut *transaction)
                    .await
                    .map_err(store_error)?;
                gone = done.rows_affected();
            }
            transaction.commit().await.map_err(store_error)?;
            forgotten += gone;
            if gone < chunk {
                return Ok(forgotten);
            }
        }
    }
}

/// SQLite's codes for a file that is malformed or not a database.
const CORRUPT_CODES: [i32; 2] = [11, 26];

fn store_error(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<i32>().ok());
    // The low byte is the kind, the rest its detail.
    if code.is_some_and(|code| CORRUPT_CODES.contains(&(code & 0xff))) {
        return StoreError::Corrupt(error.to_string());
    }
    StoreError::Unavailable(Box::new(error))
}

/// A page size as SQL wants it.
fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
