//! Tickets, what was said on them, and how many there are: reading.

use tocsin_domain::alert::{AlertId, AlertSeverity, Fingerprint};
use tocsin_domain::ports::{StoreError, TicketCounts, TicketFilter};
use tocsin_domain::ticket::{
    DecisionAction, TaskState, Ticket, TicketComment, TicketId, TicketRef, TicketStatus,
    TrackerKind,
};

use crate::relational::alerts::{count, get, id, id_bytes, labels, named};
use crate::relational::sql::{self, Pool, QueryBuilder, Row};
use crate::relational::{limit, store_error};

/// All that [`ticket`] reads.
macro_rules! columns {
    () => {
        "SELECT id, fingerprint, alert, rule, title, description, severity, labels, failure_type, \
        status, tracker, reference_key, reference_id, reference_url, created_ms, updated_ms, \
        resolved_ms, occurrences FROM tickets WHERE "
    };
}

const NEWEST: &str = concat!(
    columns!(),
    "tracker = $1 AND fingerprint = $2 ORDER BY id DESC LIMIT 1"
);
const ONE: &str = concat!(columns!(), "id = $1");

const COMMENTS: &str = "SELECT ticket, at_ms, author, text FROM ticket_comments \
    WHERE ticket = $1 ORDER BY id DESC LIMIT $2";

const COUNTS: &str = "SELECT 'ticket' AS what, status AS name, count(*) AS there FROM tickets \
    GROUP BY status UNION ALL \
    SELECT 'task', state, count(*) FROM ticket_tasks GROUP BY state UNION ALL \
    SELECT 'decision', action, decisions FROM ticket_decision_counts";

pub(super) async fn newest(
    pool: &Pool,
    tracker: TrackerKind,
    fingerprint: Fingerprint,
) -> Result<Option<Ticket>, StoreError> {
    let row = sql::query(NEWEST)
        .bind(tracker.name())
        .bind(fingerprint.0.cast_signed())
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    row.as_ref().map(ticket).transpose()
}

pub(super) async fn one(pool: &Pool, id: TicketId) -> Result<Option<Ticket>, StoreError> {
    let row = sql::query(ONE).bind(id_bytes(id.0)).fetch_optional(pool);
    row.await
        .map_err(store_error)?
        .as_ref()
        .map(ticket)
        .transpose()
}

pub(super) async fn page(
    pool: &Pool,
    filter: &TicketFilter,
    before: Option<TicketId>,
    page: usize,
) -> Result<Vec<Ticket>, StoreError> {
    // Longer than any id, so above them all.
    let before = before.map_or_else(|| vec![0xff; 17], |id| id_bytes(id.0));
    let mut sql = QueryBuilder::new(pool.engine(), concat!(columns!(), "id < "));
    sql.push_bind(before);
    push_one_of(
        &mut sql,
        " AND status IN (",
        filter.statuses.iter().map(|one| one.name()),
    );
    push_one_of(
        &mut sql,
        " AND severity IN (",
        filter.severities.iter().map(|one| one.name()),
    );
    if let Some(tracker) = filter.tracker {
        sql.push(" AND tracker = ").push_bind(tracker.name());
    }
    if let Some(alert) = filter.alert {
        sql.push(" AND (alert = ").push_bind(id_bytes(alert.0));
        sql.push(" OR fingerprint IN (SELECT fingerprint FROM alerts WHERE id = ");
        sql.push_bind(id_bytes(alert.0)).push("))");
    }
    if let Some(text) = &filter.text {
        let text = text.to_lowercase();
        sql.push(" AND (instr(words, ").push_bind(text.clone());
        sql.push(") > 0 OR instr(lower(reference_key), ")
            .push_bind(text);
        sql.push(") > 0)");
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit(page));
    let rows = sql.build().fetch_all(pool).await.map_err(store_error)?;
    rows.iter().map(ticket).collect()
}

/// Adds that a column is one of some names; nothing if there are none.
pub(super) fn push_one_of<'a>(
    sql: &mut QueryBuilder,
    condition: &str,
    names: impl ExactSizeIterator<Item = &'a str>,
) {
    if names.len() == 0 {
        return;
    }
    sql.push(condition).push_binds(names).push(")");
}

pub(super) async fn comments(
    pool: &Pool,
    id: TicketId,
    page: usize,
) -> Result<Vec<TicketComment>, StoreError> {
    let rows = sql::query(COMMENTS)
        .bind(id_bytes(id.0))
        .bind(limit(page))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.iter().rev().map(comment).collect()
}

pub(super) async fn counts(pool: &Pool) -> Result<TicketCounts, StoreError> {
    let rows = sql::query(COUNTS).fetch_all(pool).await;
    let mut counts = TicketCounts::default();
    for row in rows.map_err(store_error)? {
        let there = count(&row, "there")?;
        match get(&row, "what")? {
            "ticket" => match named(&row, "name", TicketStatus::from_name)? {
                TicketStatus::Open => counts.open = there,
                TicketStatus::Resolved => counts.resolved = there,
            },
            "task" => {
                let state = named(&row, "name", TaskState::from_name)?;
                let mut slots = TaskState::ALL.iter().zip(&mut counts.tasks);
                if let Some((_, slot)) = slots.find(|(one, _)| **one == state) {
                    *slot = there;
                }
            }
            _ => {
                let action = named(&row, "name", DecisionAction::from_name)?;
                let mut slots = DecisionAction::ALL.iter().zip(&mut counts.decisions);
                if let Some((_, slot)) = slots.find(|(one, _)| **one == action) {
                    *slot = there;
                }
            }
        }
    }
    Ok(counts)
}

fn ticket(row: &Row) -> Result<Ticket, StoreError> {
    let reference = match get(row, "reference_key")? {
        None => None,
        Some(key) => Some(TicketRef {
            key,
            id: get(row, "reference_id")?,
            url: get(row, "reference_url")?,
        }),
    };
    let occurrences = u32::try_from(count(row, "occurrences")?);
    Ok(Ticket {
        id: TicketId(id(row, "id")?),
        fingerprint: Fingerprint(count(row, "fingerprint")?),
        alert: AlertId(id(row, "alert")?),
        rule: get(row, "rule")?,
        title: get(row, "title")?,
        description: get(row, "description")?,
        severity: named(row, "severity", AlertSeverity::from_name)?,
        labels: labels(get(row, "labels")?)?,
        failure_type: get(row, "failure_type")?,
        status: named(row, "status", TicketStatus::from_name)?,
        tracker: named(row, "tracker", TrackerKind::from_name)?,
        reference,
        created_ms: get(row, "created_ms")?,
        updated_ms: get(row, "updated_ms")?,
        resolved_ms: get(row, "resolved_ms")?,
        occurrences: occurrences.unwrap_or(u32::MAX),
    })
}

fn comment(row: &Row) -> Result<TicketComment, StoreError> {
    Ok(TicketComment {
        ticket: TicketId(id(row, "ticket")?),
        at_ms: get(row, "at_ms")?,
        author: get(row, "author")?,
        text: get(row, "text")?,
    })
}
