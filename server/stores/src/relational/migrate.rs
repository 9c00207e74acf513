//! Brings a database to the newest schema, one numbered file after the other.

use tocsin_domain::ports::StoreError;

use super::sql::{self, Area, Engine, Pool, Transaction};
use super::store_error;

/// A number, and what is to be done.
type Migration = (i64, &'static str);

/// The files of `migrations/sqlite`. A file that was released is never changed: write a new one, and
/// its twin for PostgreSQL under the same number.
const SQLITE: &[Migration] = &[
    (
        1,
        include_str!("../../../../migrations/sqlite/0001_foundation.sql"),
    ),
    (
        2,
        include_str!("../../../../migrations/sqlite/0002_findings.sql"),
    ),
    (
        3,
        include_str!("../../../../migrations/sqlite/0003_prediction_query.sql"),
    ),
    (
        4,
        include_str!("../../../../migrations/sqlite/0004_alerts.sql"),
    ),
    (
        5,
        include_str!("../../../../migrations/sqlite/0005_subscriptions.sql"),
    ),
    (
        6,
        include_str!("../../../../migrations/sqlite/0006_tickets.sql"),
    ),
    (
        7,
        include_str!("../../../../migrations/sqlite/0007_sessions.sql"),
    ),
    (
        8,
        include_str!("../../../../migrations/sqlite/0008_copilot.sql"),
    ),
    (
        9,
        include_str!("../../../../migrations/sqlite/0009_automation.sql"),
    ),
    (
        10,
        include_str!("../../../../migrations/sqlite/0010_run_notices.sql"),
    ),
    (
        11,
        include_str!("../../../../migrations/sqlite/0011_leases_and_signals.sql"),
    ),
    (
        12,
        include_str!("../../../../migrations/sqlite/0012_jobs.sql"),
    ),
    (
        13,
        include_str!("../../../../migrations/sqlite/0013_alert_traces.sql"),
    ),
];

/// The files of `migrations/postgres`.
const POSTGRES: &[Migration] = &[
    (
        1,
        include_str!("../../../../migrations/postgres/0001_foundation.sql"),
    ),
    (
        2,
        include_str!("../../../../migrations/postgres/0002_findings.sql"),
    ),
    (
        3,
        include_str!("../../../../migrations/postgres/0003_prediction_query.sql"),
    ),
    (
        4,
        include_str!("../../../../migrations/postgres/0004_alerts.sql"),
    ),
    (
        5,
        include_str!("../../../../migrations/postgres/0005_subscriptions.sql"),
    ),
    (
        6,
        include_str!("../../../../migrations/postgres/0006_tickets.sql"),
    ),
    (
        7,
        include_str!("../../../../migrations/postgres/0007_sessions.sql"),
    ),
    (
        8,
        include_str!("../../../../migrations/postgres/0008_copilot.sql"),
    ),
    (
        9,
        include_str!("../../../../migrations/postgres/0009_automation.sql"),
    ),
    (
        10,
        include_str!("../../../../migrations/postgres/0010_run_notices.sql"),
    ),
    (
        11,
        include_str!("../../../../migrations/postgres/0011_leases_and_signals.sql"),
    ),
    (
        12,
        include_str!("../../../../migrations/postgres/0012_jobs.sql"),
    ),
    (
        13,
        include_str!("../../../../migrations/postgres/0013_alert_traces.sql"),
    ),
];

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (\
    version BIGINT NOT NULL PRIMARY KEY)";

/// Applies what is missing, each file as one transaction. Of processes that start at once one applies
/// a file, and the others find it applied.
pub(super) async fn run(pool: &Pool) -> Result<(), StoreError> {
    run_through(pool, newest()).await
}

/// The newest schema there is, of either engine.
pub(super) fn newest() -> i64 {
    SQLITE.last().map_or(0, |(version, _)| *version)
}

/// The same for the files up to one of them.
pub(super) async fn run_through(pool: &Pool, last: i64) -> Result<(), StoreError> {
    let migrations = match pool.engine() {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    };
    let newest = newest();
    loop {
        let mut transaction = pool.write(Area::Schema).await.map_err(store_error)?;
        let current = current(&mut transaction).await?;
        if current > newest {
            return Err(StoreError::Invalid(format!(
                "the database has schema {current}, this version of Tocsin knows {newest}: \
                 run the version that wrote it, or a newer one"
            )));
        }
        let is_next = |version: i64| version > current && version <= last;
        let next = migrations.iter().find(|(version, _)| is_next(*version));
        if let Some(migration) = next {
            apply(&mut transaction, migration).await?;
        }
        transaction.commit().await.map_err(store_error)?;
        let Some((version, _)) = next else {
            return Ok(());
        };
        tracing::info!(version, "the relational store has a new schema");
    }
}

async fn current(transaction: &mut Transaction) -> Result<i64, StoreError> {
    let made = sql::query(VERSIONS).execute(&mut **transaction).await;
    made.map_err(store_error)?;
    let current: Option<i64> = sql::query_scalar("SELECT MAX(version) FROM schema_versions")
        .fetch_one(&mut **transaction)
        .await
        .map_err(store_error)?;
    Ok(current.unwrap_or(0))
}

async fn apply(
    transaction: &mut Transaction,
    (version, script): &Migration,
) -> Result<(), StoreError> {
    transaction.script(script).await.map_err(store_error)?;
    sql::query("INSERT INTO schema_versions (version) VALUES ($1)")
        .bind(version)
        .execute(&mut **transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}
