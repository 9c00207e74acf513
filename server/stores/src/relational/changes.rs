//! Changes: what people or programs did on purpose.

use async_trait::async_trait;
use tocsin_domain::RecordId;
use tocsin_domain::change::{Change, ChangeId, ChangeKind};
use tocsin_domain::ports::{ChangeFilter, ChangeStore, StoreError};

use super::alerts::{get, id, id_bits, id_bytes, labels, labels_text, named};
use super::sql::{self, Area, Connection, QueryBuilder, Row};
use super::{RelationalStore, limit, store_error};

/// How many are forgotten at once, so that no writer waits long.
const FORGET_CHUNK: u64 = 500;

const ADD: &str = "INSERT INTO changes (id, at_ms, kind, entity, title, words, labels, source, \
    actor, url, record) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
    ON CONFLICT (id) DO NOTHING";

/// All that [`change`] reads.
macro_rules! columns {
    () => {
        "SELECT id, at_ms, kind, entity, title, labels, source, actor, url, record \
        FROM changes WHERE "
    };
}

const ONE: &str = concat!(columns!(), "id = $1");

const FORGET: &str = "DELETE FROM changes WHERE id IN (SELECT id FROM changes \
    WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)";

#[async_trait]
impl ChangeStore for RelationalStore {
    async fn record_changes(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut transaction = self.write(Area::Changes).await?;
        for change in &changes {
            add(&mut transaction, change).await?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn changes(
        &self,
        filter: &ChangeFilter,
        before: Option<(i64, ChangeId)>,
        page: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let mut sql = QueryBuilder::new(self.pool.engine(), concat!(columns!(), "TRUE"));
        push_filter(&mut sql, filter);
        push_end(&mut sql, filter.to_ms, before);
        sql.push(" ORDER BY at_ms DESC, id DESC LIMIT ")
            .push_bind(limit(page));
        let rows = sql.build().fetch_all(&self.pool).await;
        rows.map_err(store_error)?.iter().map(change).collect()
    }

    async fn change(&self, id: ChangeId) -> Result<Option<Change>, StoreError> {
        let row = sql::query(ONE)
            .bind(id_bytes(id.0))
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        row.as_ref().map(change).transpose()
    }

    async fn forget_changes(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.forget_in_chunks((Area::Changes, &[FORGET]), before_ms, FORGET_CHUNK)
            .await
    }
}

async fn add(connection: &mut Connection, change: &Change) -> Result<(), StoreError> {
    let actor = change.actor.as_deref();
    let words = [&change.title, &change.entity, actor.unwrap_or_default()];
    sql::query(ADD)
        .bind(id_bytes(change.id.0))
        .bind(change.at_ms)
        .bind(change.kind.name())
        .bind(&change.entity)
        .bind(&change.title)
        .bind(words.join("\n").to_lowercase())
        .bind(labels_text(&change.labels)?)
        .bind(&change.source)
        .bind(actor)
        .bind(change.url.as_deref())
        .bind(change.record.map(|record| id_bytes(record.bits())))
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

fn push_filter(sql: &mut QueryBuilder, filter: &ChangeFilter) {
    if let Some(from_ms) = filter.from_ms {
        sql.push(" AND at_ms >= ").push_bind(from_ms);
    }
    if let Some(entity) = &filter.entity {
        sql.push(" AND entity = ").push_bind(entity.clone());
    }
    if let Some(kind) = filter.kind {
        sql.push(" AND ");
        // An entity leaves fewer than a kind, whose index is not to be used then.
        match &filter.entity {
            Some(_) => sql.push_unindexed("kind"),
            None => sql.push("kind"),
        };
        sql.push(" = ").push_bind(kind.name());
    }
    if let Some(text) = &filter.text {
        sql.push(" AND instr(words, ")
            .push_bind(text.to_lowercase())
            .push(") > 0");
    }
}

/// Adds the earlier end of the two, so that the index is entered there.
fn push_end(sql: &mut QueryBuilder, to_ms: Option<i64>, before: Option<(i64, ChangeId)>) {
    match (before, to_ms) {
        (Some((at_ms, id)), to_ms) if to_ms.is_none_or(|to_ms| at_ms < to_ms) => {
            sql.push(" AND (at_ms, id) < (").push_bind(at_ms);
            sql.push(", ").push_bind(id_bytes(id.0)).push(")");
        }
        (_, Some(to_ms)) => {
            sql.push(" AND at_ms < ").push_bind(to_ms);
        }
        _ => {}
    }
}

fn change(row: &Row) -> Result<Change, StoreError> {
    let record: Option<&[u8]> = get(row, "record")?;
    let record = record.map(|bytes| id_bits(bytes, "record")).transpose()?;
    Ok(Change {
        id: ChangeId(id(row, "id")?),
        at_ms: get(row, "at_ms")?,
        kind: named(row, "kind", ChangeKind::from_name)?,
        entity: get(row, "entity")?,
        title: get(row, "title")?,
        labels: labels(get(row, "labels")?)?,
        source: get(row, "source")?,
        actor: get(row, "actor")?,
        url: get(row, "url")?,
        record: record.map(RecordId::from_bits),
    })
}
