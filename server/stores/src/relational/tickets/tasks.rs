//! What trackers are to be told, in order for each ticket.
//!
//! The ticket knows which of its tasks is next and when it is due; whatever changes a task finds
//! that anew. So what is due is found without looking at what waits behind it.

use tocsin_domain::ports::StoreError;
use tocsin_domain::ticket::{
    NewTask, TaskId, TaskKind, TaskState, TicketId, TicketRef, TicketTask,
};

use crate::relational::alerts::{count, get, id, id_bytes, named};
use crate::relational::sql::{self, Area, Connection, Pool, Row};
use crate::relational::{RelationalStore, limit, store_error};

const FIND_NEXT: &str = "UPDATE tickets SET (next_task, next_due_ms) = (SELECT \
    CASE WHEN state = 'pending' THEN id END, CASE WHEN state = 'pending' THEN due_ms END \
    FROM ticket_tasks WHERE ticket = $1 AND is_ahead ORDER BY id LIMIT 1) WHERE id = $1";

const NEXT_DUE: &str = "SELECT min(due_ms) FROM (\
    SELECT min(next_due_ms) AS due_ms FROM tickets WHERE next_due_ms > $1 UNION ALL \
    SELECT min(due_ms) FROM ticket_decisions WHERE action = 'hold' AND due_ms > $1) AS next";

// A comment that was given up holds nothing back.
const SETTLE: &str = "UPDATE ticket_tasks SET state = $2, attempts = $3, due_ms = $4, \
    unsure_since_ms = $5, note = $6, settled_ms = $7, \
    is_ahead = ($2 = 'pending' OR ($2 = 'dead' AND kind <> 'comment')) WHERE id = $1 \
    RETURNING ticket";

const REFER: &str = "UPDATE tickets SET reference_key = $2, reference_id = $3, reference_url = $4 \
    WHERE id = $1";

/// All that [`task`] reads, of `t`.
macro_rules! columns {
    () => {
        "SELECT t.id, t.ticket, t.event_seq, t.kind, t.text, t.due_ms, t.state, t.attempts, \
        t.unsure_since_ms, t.note, t.settled_ms FROM "
    };
}

const DUE: &str = concat!(
    columns!(),
    "tickets n CROSS JOIN ticket_tasks t ON t.id = n.next_task WHERE n.next_due_ms <= $1 \
    ORDER BY n.next_due_ms, n.next_task LIMIT $2"
);
const OF: &str = concat!(
    columns!(),
    "ticket_tasks t WHERE t.ticket = $1 ORDER BY t.id"
);
const IN_STATE: &str = concat!(
    columns!(),
    "ticket_tasks t WHERE t.state = $1 ORDER BY t.id DESC LIMIT $2"
);
const ONE: &str = concat!(columns!(), "ticket_tasks t WHERE t.id = $1");

/// Finds which task of a ticket is next.
pub(super) async fn find_next(
    connection: &mut Connection,
    ticket: TicketId,
) -> Result<(), StoreError> {
    let found = sql::query(FIND_NEXT).bind(id_bytes(ticket.0));
    found.execute(connection).await.map_err(store_error)?;
    Ok(())
}

pub(super) async fn due(
    pool: &Pool,
    now_ms: i64,
    page: usize,
) -> Result<Vec<TicketTask>, StoreError> {
    let rows = sql::query(DUE).bind(now_ms).bind(limit(page));
    let rows = rows.fetch_all(pool).await.map_err(store_error)?;
    rows.iter().map(task).collect()
}

pub(super) async fn next_due_ms(pool: &Pool, now_ms: i64) -> Result<Option<i64>, StoreError> {
    sql::query_scalar(NEXT_DUE)
        .bind(now_ms)
        .fetch_one(pool)
        .await
        .map_err(store_error)
}

pub(super) async fn settle(
    store: &RelationalStore,
    task: &TicketTask,
    reference: Option<&TicketRef>,
) -> Result<(), StoreError> {
    let mut transaction = store.write(Area::Tickets).await?;
    let connection = &mut *transaction;
    let settled = sql::query(SETTLE)
        .bind(key(task.id))
        .bind(task.state.name())
        .bind(i64::from(task.attempts))
        .bind(task.task.due_ms)
        .bind(task.unsure_since_ms)
        .bind(task.note.as_deref())
        .bind(task.settled_ms)
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
    // One that was forgotten stays forgotten.
    let Some(row) = settled else { return Ok(()) };
    let ticket = TicketId(id(&row, "ticket")?);
    if let Some(reference) = reference {
        sql::query(REFER)
            .bind(id_bytes(ticket.0))
            .bind(&reference.key)
            .bind(&reference.id)
            .bind(&reference.url)
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    find_next(connection, ticket).await?;
    transaction.commit().await.map_err(store_error)
}

pub(super) async fn of(pool: &Pool, ticket: TicketId) -> Result<Vec<TicketTask>, StoreError> {
    let rows = sql::query(OF).bind(id_bytes(ticket.0)).fetch_all(pool);
    rows.await.map_err(store_error)?.iter().map(task).collect()
}

pub(super) async fn in_state(
    pool: &Pool,
    state: TaskState,
    page: usize,
) -> Result<Vec<TicketTask>, StoreError> {
    let rows = sql::query(IN_STATE).bind(state.name()).bind(limit(page));
    let rows = rows.fetch_all(pool).await.map_err(store_error)?;
    rows.iter().map(task).collect()
}

pub(super) async fn one(pool: &Pool, id: TaskId) -> Result<Option<TicketTask>, StoreError> {
    let row = sql::query(ONE).bind(key(id)).fetch_optional(pool).await;
    row.map_err(store_error)?.as_ref().map(task).transpose()
}

fn key(id: TaskId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

fn task(row: &Row) -> Result<TicketTask, StoreError> {
    let attempts = u32::try_from(count(row, "attempts")?);
    Ok(TicketTask {
        id: TaskId(count(row, "id")?),
        task: NewTask {
            ticket: TicketId(id(row, "ticket")?),
            event_seq: count(row, "event_seq")?,
            kind: named(row, "kind", TaskKind::from_name)?,
            text: get(row, "text")?,
            due_ms: get(row, "due_ms")?,
        },
        state: named(row, "state", TaskState::from_name)?,
        attempts: attempts.unwrap_or(u32::MAX),
        unsure_since_ms: get(row, "unsure_since_ms")?,
        note: get(row, "note")?,
        settled_ms: get(row, "settled_ms")?,
    })
}
