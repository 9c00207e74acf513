//! Lets old decisions and tickets go, some at a time.

use tocsin_domain::ports::StoreError;

use super::decisions;
use crate::relational::sql::{self, Area, Connection, Row};
use crate::relational::{RelationalStore, store_error};

/// How many are forgotten at once, so that no writer waits long.
const FORGET_CHUNK: i64 = 500;

// What is held is still to be decided.
const OLD_DECISIONS: &str = "DELETE FROM ticket_decisions WHERE id IN (SELECT id \
    FROM ticket_decisions WHERE at_ms < $1 AND action || '' <> 'hold' ORDER BY at_ms LIMIT $2) \
    RETURNING id, action";

const OLD_TICKETS: &str = "SELECT id FROM tickets n WHERE resolved_ms < $1 \
    AND status || '' = 'resolved' AND NOT EXISTS (SELECT 1 FROM ticket_tasks t \
    WHERE t.ticket = n.id AND t.is_ahead AND t.state = 'pending') ORDER BY resolved_ms LIMIT $2";

/// What is about a ticket, then the ticket.
const THEIRS: [&str; 3] = [
    "DELETE FROM ticket_tasks WHERE ticket = $1",
    "DELETE FROM ticket_comments WHERE ticket = $1",
    "DELETE FROM tickets WHERE id = $1",
];

pub(super) async fn run(store: &RelationalStore, before_ms: i64) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    loop {
        let mut transaction = store.write(Area::Tickets).await?;
        let old = sql::query(OLD_DECISIONS)
            .bind(before_ms)
            .bind(FORGET_CHUNK)
            .fetch_all(&mut *transaction)
            .await
            .map_err(store_error)?;
        for row in &old {
            let id = row.try_get("id").map_err(store_error)?;
            decisions::drop_words(&mut transaction, id).await?;
            let action = row.try_get("action").map_err(store_error)?;
            decisions::add_to_count(&mut transaction, action, -1).await?;
        }
        let tickets = sql::query(OLD_TICKETS)
            .bind(before_ms)
            .bind(FORGET_CHUNK)
            .fetch_all(&mut *transaction)
            .await
            .map_err(store_error)?;
        for row in &tickets {
            forget_one(&mut transaction, row).await?;
        }
        transaction.commit().await.map_err(store_error)?;
        forgotten += (old.len() + tickets.len()) as u64;
        let chunk = usize::try_from(FORGET_CHUNK).unwrap_or(0);
        if old.len() < chunk && tickets.len() < chunk {
            return Ok(forgotten);
        }
    }
}

async fn forget_one(connection: &mut Connection, row: &Row) -> Result<(), StoreError> {
    let id: &[u8] = row.try_get("id").map_err(store_error)?;
    for sql in THEIRS {
        let gone = sql::query(sql).bind(id);
        gone.execute(&mut *connection).await.map_err(store_error)?;
    }
    Ok(())
}
