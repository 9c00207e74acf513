//! The audit log: a table that is only ever added to.

use async_trait::async_trait;
use tocsin_domain::Timestamp;
use tocsin_domain::ports::{AuditEntry, AuditFilter, AuditId, AuditLog, StoreError};

use super::sql::{self, Connection, Row};
use super::{RelationalStore, limit, store_error};

const APPEND: &str = "INSERT INTO audit_entries (id, at, actor, action, subject, details) \
    VALUES ($1, $2, $3, $4, $5, $6)";

// Ids are UUIDv7 in lower case, whose order as text is their order in time; `~` is above them all.
const PAGE: &str = "SELECT id, at, actor, action, subject, details FROM audit_entries \
    WHERE id < $1 AND substr(action, 1, length($2)) = $2 AND at >= $3 AND at < $4 \
    ORDER BY id DESC LIMIT $5";

#[async_trait]
impl AuditLog for RelationalStore {
    async fn append(&self, entry: AuditEntry) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await.map_err(store_error)?;
        add(&mut connection, &entry).await
    }

    async fn page(
        &self,
        filter: &AuditFilter,
        before: Option<AuditId>,
        page: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
        let rows = sql::query(PAGE)
            .bind(before)
            .bind(filter.action.as_deref().unwrap_or_default())
            .bind(filter.from.map_or(i64::MIN, Timestamp::nanos))
            .bind(filter.to.map_or(i64::MAX, Timestamp::nanos))
            .bind(limit(page))
            .fetch_all(&self.lists)
            .await
            .map_err(store_error)?;
        rows.iter().map(entry).collect()
    }
}

/// Adds an entry in whatever transaction the connection is in.
pub(super) async fn add(connection: &mut Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    sql::query(APPEND)
        .bind(entry.id.to_string())
        .bind(entry.at.nanos())
        .bind(&entry.actor)
        .bind(&entry.action)
        .bind(&entry.subject)
        .bind(&entry.details)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    let text = |column| row.try_get::<String, _>(column).map_err(store_error);
    let id = text("id")?;
    Ok(AuditEntry {
        id: id
            .parse()
            .map_err(|_| StoreError::Corrupt(format!("audit entry {id}")))?,
        at: Timestamp(row.try_get("at").map_err(store_error)?),
        actor: text("actor")?,
        action: text("action")?,
        subject: text("subject")?,
        details: text("details")?,
    })
}
