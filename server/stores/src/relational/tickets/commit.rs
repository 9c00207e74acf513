//! Keeps what a step of deciding changed: all of it in one transaction, or nothing.

use std::collections::BTreeSet;

use tocsin_domain::ports::{StoreError, TicketCommit};
use tocsin_domain::ticket::{NewTask, Ticket, TicketComment, TicketId, TicketRef, TrackerKind};

use super::{decisions, tasks};
use crate::relational::alerts::{id_bytes, labels_text};
use crate::relational::sql::{self, Area, Connection};
use crate::relational::{RelationalStore, store_error};

// What the tracker calls it was settled by another task, perhaps meanwhile: it is never lost.
const PUT: &str = "INSERT INTO tickets (id, fingerprint, alert, rule, title, words, description, \
    severity, labels, failure_type, status, tracker, reference_key, reference_id, reference_url, \
    created_ms, updated_ms, resolved_ms, occurrences) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
    $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT (id) DO UPDATE SET \
    fingerprint = excluded.fingerprint, alert = excluded.alert, rule = excluded.rule, \
    title = excluded.title, words = excluded.words, description = excluded.description, \
    severity = excluded.severity, labels = excluded.labels, failure_type = excluded.failure_type, \
    status = excluded.status, tracker = excluded.tracker, \
    reference_id = CASE WHEN excluded.reference_key IS NULL THEN tickets.reference_id \
        ELSE excluded.reference_id END, \
    reference_url = CASE WHEN excluded.reference_key IS NULL THEN tickets.reference_url \
        ELSE excluded.reference_url END, \
    reference_key = coalesce(excluded.reference_key, tickets.reference_key), \
    created_ms = excluded.created_ms, updated_ms = excluded.updated_ms, \
    resolved_ms = excluded.resolved_ms, occurrences = excluded.occurrences";

const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM tickets WHERE id = $1)";

const NEXT_NUMBER: &str = "UPDATE ticket_state SET number = number + 1 WHERE id = 1 \
    RETURNING number";

// It never goes back, whoever is late.
const SET_POSITION: &str = "UPDATE ticket_state SET position = $1 \
    WHERE id = 1 AND (position IS NULL OR position < $1)";

const ADD_TASK: &str = "INSERT INTO ticket_tasks (ticket, event_seq, kind, text, due_ms, state, \
    is_ahead, attempts) SELECT $1, $2, $3, $4, $5, 'pending', TRUE, 0 \
    WHERE EXISTS (SELECT 1 FROM tickets WHERE id = $1) \
    ON CONFLICT (ticket, event_seq, kind) DO NOTHING";

const ADD_COMMENT: &str = "INSERT INTO ticket_comments (ticket, at_ms, author, text) \
    SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM tickets WHERE id = $1) \
    AND NOT EXISTS (SELECT 1 FROM ticket_comments \
    WHERE ticket = $1 AND at_ms = $2 AND author = $3 AND text = $4)";

/// Keeps a commit.
pub(super) async fn keep(store: &RelationalStore, commit: &TicketCommit) -> Result<(), StoreError> {
    let mut transaction = store.write(Area::Tickets).await?;
    let connection = &mut *transaction;
    for ticket in &commit.tickets {
        put(connection, ticket).await?;
    }
    let mut told = BTreeSet::<TicketId>::new();
    for task in &commit.tasks {
        add_task(connection, task).await?;
        told.insert(task.ticket);
    }
    for ticket in told {
        tasks::find_next(connection, ticket).await?;
    }
    for comment in &commit.comments {
        add_comment(connection, comment).await?;
    }
    decisions::keep(connection, &commit.decisions).await?;
    if let Some(position) = commit.position {
        let set = sql::query(SET_POSITION).bind(position.cast_signed());
        set.execute(&mut *connection).await.map_err(store_error)?;
    }
    transaction.commit().await.map_err(store_error)
}

async fn put(connection: &mut Connection, ticket: &Ticket) -> Result<(), StoreError> {
    let reference = match &ticket.reference {
        None if ticket.tracker == TrackerKind::BuiltIn => numbered(connection, ticket.id).await?,
        reference => reference.clone(),
    };
    let reference = reference.as_ref();
    sql::query(PUT)
        .bind(id_bytes(ticket.id.0))
        .bind(ticket.fingerprint.0.cast_signed())
        .bind(id_bytes(ticket.alert.0))
        .bind(&ticket.rule)
        .bind(&ticket.title)
        .bind(ticket.title.to_lowercase())
        .bind(&ticket.description)
        .bind(ticket.severity.name())
        .bind(labels_text(&ticket.labels)?)
        .bind(ticket.failure_type.as_deref())
        .bind(ticket.status.name())
        .bind(ticket.tracker.name())
        .bind(reference.map(|reference| &reference.key))
        .bind(reference.map(|reference| &reference.id))
        .bind(reference.map(|reference| &reference.url))
        .bind(ticket.created_ms)
        .bind(ticket.updated_ms)
        .bind(ticket.resolved_ms)
        .bind(i64::from(ticket.occurrences))
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// The key of a ticket of the built-in tracker that is new: the next number.
async fn numbered(
    connection: &mut Connection,
    id: TicketId,
) -> Result<Option<TicketRef>, StoreError> {
    let is_there: bool = sql::query_scalar(IS_THERE)
        .bind(id_bytes(id.0))
        .fetch_one(&mut *connection)
        .await
        .map_err(store_error)?;
    if is_there {
        return Ok(None);
    }
    let number: i64 = sql::query_scalar(NEXT_NUMBER)
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    Ok(Some(TicketRef {
        key: format!("T-{number}"),
        id: String::new(),
        url: String::new(),
    }))
}

async fn add_task(connection: &mut Connection, task: &NewTask) -> Result<(), StoreError> {
    sql::query(ADD_TASK)
        .bind(id_bytes(task.ticket.0))
        .bind(task.event_seq.cast_signed())
        .bind(task.kind.name())
        .bind(&task.text)
        .bind(task.due_ms)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn add_comment(
    connection: &mut Connection,
    comment: &TicketComment,
) -> Result<(), StoreError> {
    sql::query(ADD_COMMENT)
        .bind(id_bytes(comment.ticket.0))
        .bind(comment.at_ms)
        .bind(&comment.author)
        .bind(&comment.text)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}
