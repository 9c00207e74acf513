//! The relational store: what is small and must not be lost, in SQLite or PostgreSQL.
//!
//! [`RelationalStore`] stands behind [`TemplateStore`], [`AuditLog`], [`JobStore`],
//! [`PositionStore`], [`AnomalyStore`], [`PredictionStore`], [`AlertStore`], [`RuleStore`],
//! [`ClassificationRuleStore`], [`SubscriptionStore`], [`SessionStore`], [`TicketStore`],
//! [`ChangeStore`], [`RootCauseStore`], [`ThreadStore`], [`ModelLedger`], [`AutomationStore`],
//! [`AutomationSettings`], [`LeaseStore`] and [`SignalStore`].
//! There is one body of SQL; `sql` has what the engines differ in. Not here: log lines, metrics and
//! vectors.
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
//! [`LeaseStore`]: tocsin_domain::ports::LeaseStore
//! [`SignalStore`]: tocsin_domain::ports::SignalStore

#[cfg(test)]
mod alert_properties;
mod alerts;
mod anomalies;
mod answer_json;
mod audit;
mod automation;
mod changes;
mod config;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod evidence_json;
mod fact_json;
mod fence;
mod jobs;
mod leases;
mod migrate;
mod model_ledger;
mod partitions;
mod positions;
mod postgres;
#[cfg(test)]
#[path = "../../../harness/src/postgres_server.rs"]
#[expect(unreachable_pub, reason = "it is a module of the test kit, too")]
mod postgres_server;
#[cfg(test)]
mod postgres_tests;
mod predictions;
mod root_cause_json;
mod root_causes;
mod rows;
mod rule_json;
mod rules;
mod session_states;
mod signal_json;
mod signals;
mod sql;
mod sqlite;
mod subscription_json;
mod subscriptions;
mod subscriptions_outbox;
mod template_blob;
mod templates;
#[cfg(test)]
mod tests;
mod threads;
mod tickets;

use sqlx::sqlite::SqliteError;
use tocsin_domain::ports::{EngineError, StoreError};

pub use config::{PostgresConfig, RelationalConfig, RelationalConfigError, RelationalEngine};
pub use rows::{OF_ONE_BUS, RowRestoration};
use sql::{Area, Pool, Transaction};

/// The relational store. Clones share its connections.
#[derive(Debug, Clone)]
pub struct RelationalStore {
    pool: Pool,
    /// For lists that may be a little old.
    lists: Pool,
    /// Under which lease it is written; none: by anyone.
    fence: Option<fence::Fence>,
}

impl RelationalStore {
    fn of(pool: Pool) -> Self {
        Self {
            lists: pool.lists(),
            pool,
            fence: None,
        }
    }

    /// The same store for lists that people look at: a replica reads them if there is one and it
    /// answers, so they may be a little old. What reads before it writes must not use it; what is
    /// written goes where it always goes.
    #[must_use]
    pub fn for_lists(&self) -> Self {
        Self {
            pool: self.lists.clone(),
            lists: self.lists.clone(),
            fence: self.fence.clone(),
        }
    }

    /// Closes all connections. SQLite folds its write-ahead log into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that may write, the only one of its area.
    async fn write(&self, area: Area) -> Result<Transaction, StoreError> {
        let mut transaction = self.pool.write(area).await.map_err(store_error)?;
        if let Some(fence) = &self.fence {
            fence.check(&mut transaction).await?;
        }
        Ok(transaction)
    }

    /// Drops what is older than a time, in ms, some at a time, so that no writer waits long. Each
    /// statement takes the time and how many at most; what the last one drops is counted.
    async fn forget_in_chunks(
        &self,
        (area, statements): (Area, &[&'static str]),
        before_ms: i64,
        chunk: u64,
    ) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let mut transaction = self.write(area).await?;
            let mut gone = 0;
            for statement in statements {
                let done = sql::query(*statement)
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
const CORRUPT_SQLITE: [i32; 2] = [11, 26];
/// PostgreSQL's codes for data or an index that is malformed.
const CORRUPT_POSTGRES: [&str; 2] = ["XX001", "XX002"];

/// What people call the engine that may be away.
const POSTGRES: &str = "PostgreSQL";

fn store_error(error: sqlx::Error) -> StoreError {
    let Some(told) = error.as_database_error() else {
        return StoreError::Unavailable(match error {
            // SQLite has errors of its own for its files.
            sqlx::Error::Io(_) => EngineError::away(POSTGRES, error).into(),
            error => error.into(),
        });
    };
    let code = told.code().unwrap_or_default();
    // The low byte is the kind, the rest its detail.
    if told.try_downcast_ref::<SqliteError>().is_some() {
        let code = code.parse::<i32>();
        return if code.is_ok_and(|code| CORRUPT_SQLITE.contains(&(code & 0xff))) {
            StoreError::Corrupt(error.to_string())
        } else {
            StoreError::Unavailable(error.into())
        };
    }
    if CORRUPT_POSTGRES.contains(&&*code) {
        return StoreError::Corrupt(error.to_string());
    }
    StoreError::Unavailable(match &*code {
        code if sql::is_of_one_away(code) => EngineError::away(POSTGRES, error).into(),
        code if sql::is_of_one_refusing(code) => EngineError::refuses(POSTGRES, error).into(),
        _ => error.into(),
    })
}

/// A page size as SQL wants it.
fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
