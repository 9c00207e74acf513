//! Brings a database to the newest schema, one numbered file after the other.

use sqlx::SqlitePool;
use tocsin_domain::ports::StoreError;

use super::store_error;

/// The files of `migrations/sqlite`. A file that was released is never changed: write a new one.
const MIGRATIONS: &[(i64, &str)] = &[
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
];

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (\
    version BIGINT NOT NULL PRIMARY KEY)";

/// Applies what is missing, each file as one transaction.
pub(super) async fn run(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(store_error)?;
    sqlx::query(VERSIONS)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    let current: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM schema_versions")
        .fetch_one(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    let current = current.unwrap_or(0);
    let newest = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if current > newest {
        return Err(StoreError::Invalid(format!(
            "the database has schema {current}, this version of Tocsin knows {newest}: \
             run the version that wrote it, or a newer one"
        )));
    }
    for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| *version > current) {
        apply(pool, *version, sql).await?;
        tracing::info!(version, "the relational store has a new schema");
    }
    Ok(())
}

async fn apply(pool: &SqlitePool, version: i64, sql: &'static str) -> Result<(), StoreError> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(store_error)?;
    sqlx::raw_sql(sql)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    sqlx::query("INSERT INTO schema_versions (version) VALUES ($1)")
        .bind(version)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}
