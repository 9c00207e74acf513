//! What was decided and why: keeping it, and finding pages in a million of them.
//!
//! If only some actions or severities are meant, the newest of each pair are found through an
//! index and joined; a rare kind is so found without walking past the frequent ones.

use tocsin_domain::alert::{AlertId, AlertSeverity};
use tocsin_domain::ports::{DecisionFilter, StoreError};
use tocsin_domain::ticket::{Decision, DecisionAction, DecisionId, NewDecision, TicketId};

use super::rows::push_one_of;
use crate::relational::alerts::{count, get, id, id_bits, id_bytes, named};
use crate::relational::sql::{self, Connection, Engine, Pool, QueryBuilder, Row, within};
use crate::relational::{limit, store_error};

/// Up to so many decisions of a time are gone through rather than walking from the newest.
const BRIEF_MAX: i64 = 10_000;
/// The fewest characters that the index of words finds.
const INDEXED_CHARS_MIN: usize = 3;

const DROP_HELD: &str = "DELETE FROM ticket_decisions \
    WHERE alert = $1 AND event_seq = $2 AND action = 'hold' RETURNING id";

const ADD: &str = "INSERT INTO ticket_decisions (alert, event_seq, event, at_ms, due_ms, action, \
    reason, title, rule, failure_type, severity, confidence, threshold, ticket) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
    ON CONFLICT (alert, event_seq) DO NOTHING RETURNING id";

const ADD_WORDS: &str = "INSERT INTO ticket_decision_words (rowid, text) VALUES ($1, $2)";
const DROP_WORDS: &str = "DELETE FROM ticket_decision_words WHERE rowid = $1";

const COUNT: &str = "INSERT INTO ticket_decision_counts (action, decisions) VALUES ($1, $2) \
    ON CONFLICT (action) DO UPDATE SET decisions = ticket_decision_counts.decisions + excluded.decisions";

const WITHIN: &str = "SELECT count(*) FROM (SELECT 1 FROM ticket_decisions \
    WHERE at_ms >= $1 AND at_ms < $2 LIMIT $3) AS few";

/// All that [`decision`] reads, of `d`.
macro_rules! columns {
    () => {
        "SELECT d.id, d.alert, d.event_seq, d.event, d.at_ms, d.due_ms, d.action, d.reason, \
        d.title, d.rule, d.failure_type, d.severity, d.confidence, d.threshold, d.ticket FROM "
    };
}

const HELD: &str = concat!(
    columns!(),
    "ticket_decisions d WHERE d.action = 'hold' AND d.due_ms <= $1 ORDER BY d.due_ms, d.id LIMIT $2"
);

/// Keeps decisions, each in place of the one that was held.
pub(super) async fn keep(
    connection: &mut Connection,
    decisions: &[NewDecision],
) -> Result<(), StoreError> {
    for one in decisions {
        let held: Option<i64> = sql::query_scalar(DROP_HELD)
            .bind(id_bytes(one.alert.0))
            .bind(one.event_seq.cast_signed())
            .fetch_optional(&mut *connection)
            .await
            .map_err(store_error)?;
        if let Some(held) = held {
            drop_words(connection, held).await?;
            add_to_count(connection, DecisionAction::Hold.name(), -1).await?;
        }
        let Some(id) = add(connection, one).await? else {
            continue;
        };
        sql::query(ADD_WORDS)
            .bind(id)
            .bind(format!("{}\n{}", one.title, one.reason).to_lowercase())
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
        add_to_count(connection, one.action.name(), 1).await?;
    }
    Ok(())
}

async fn add(connection: &mut Connection, one: &NewDecision) -> Result<Option<i64>, StoreError> {
    sql::query_scalar(ADD)
        .bind(id_bytes(one.alert.0))
        .bind(one.event_seq.cast_signed())
        .bind(&one.event)
        .bind(one.at_ms)
        .bind(one.due_ms)
        .bind(one.action.name())
        .bind(&one.reason)
        .bind(&one.title)
        .bind(&one.rule)
        .bind(one.failure_type.as_deref())
        .bind(one.severity.name())
        .bind(one.confidence)
        .bind(one.threshold)
        .bind(one.ticket.map(|ticket| id_bytes(ticket.0)))
        .fetch_optional(connection)
        .await
        .map_err(store_error)
}

/// Forgets the words of a decision that is no more.
pub(super) async fn drop_words(connection: &mut Connection, id: i64) -> Result<(), StoreError> {
    let dropped = sql::query(DROP_WORDS).bind(id);
    dropped.execute(connection).await.map_err(store_error)?;
    Ok(())
}

/// Counts decisions of an action that came, or went.
pub(super) async fn add_to_count(
    connection: &mut Connection,
    action: &str,
    decisions: i64,
) -> Result<(), StoreError> {
    let counted = sql::query(COUNT).bind(action).bind(decisions);
    counted.execute(connection).await.map_err(store_error)?;
    Ok(())
}

pub(super) async fn held(
    pool: &Pool,
    now_ms: i64,
    page: usize,
) -> Result<Vec<Decision>, StoreError> {
    let rows = sql::query(HELD).bind(now_ms).bind(limit(page));
    let rows = rows.fetch_all(pool).await.map_err(store_error)?;
    rows.iter().map(decision).collect()
}

/// One page: the newest first, those with an id below `before`.
pub(super) async fn page(
    pool: &Pool,
    filter: &DecisionFilter,
    before: Option<DecisionId>,
    page: usize,
) -> Result<Vec<Decision>, StoreError> {
    // SQLite takes a text to end where it has such a character.
    if filter.text.as_ref().is_some_and(|text| text.contains('\0')) {
        return Ok(Vec::new());
    }
    let mut connection = pool.acquire().await.map_err(store_error)?;
    let search = Search {
        filter,
        is_brief: is_brief(&mut connection, filter).await?,
        before: before.map_or(i64::MAX, |id| i64::try_from(id.0).unwrap_or(i64::MAX)),
        page: limit(page),
    };
    let mut sql = search.sql(connection.engine());
    let rows = sql.build().fetch_all(&mut connection).await;
    rows.map_err(store_error)?.iter().map(decision).collect()
}

/// Whether few decisions are of the times that are meant.
async fn is_brief(
    connection: &mut Connection,
    filter: &DecisionFilter,
) -> Result<bool, StoreError> {
    if filter.from_ms.is_none() && filter.to_ms.is_none() {
        return Ok(false);
    }
    let within: i64 = sql::query_scalar(WITHIN)
        .bind(filter.from_ms.unwrap_or(i64::MIN))
        .bind(filter.to_ms.unwrap_or(i64::MAX))
        .bind(BRIEF_MAX + 1)
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    Ok(within <= BRIEF_MAX)
}

/// Which decisions are looked for.
#[derive(Debug)]
struct Search<'a> {
    filter: &'a DecisionFilter,
    is_brief: bool,
    before: i64,
    page: i64,
}

impl Search<'_> {
    /// The whole query: the newest of each kind, joined.
    fn sql(&self, engine: Engine) -> QueryBuilder {
        let mut sql = QueryBuilder::new(engine, concat!(columns!(), "(SELECT id FROM ("));
        for (index, kind) in self.kinds().into_iter().enumerate() {
            if index > 0 {
                sql.push(" UNION ALL ");
            }
            sql.push("SELECT id FROM (");
            self.push_kind(&mut sql, kind);
            sql.push(") one");
        }
        sql.push(") every ORDER BY id DESC LIMIT ")
            .push_bind(self.page);
        sql.push(") p CROSS JOIN ticket_decisions d ON d.id = p.id ORDER BY d.id DESC");
        sql
    }

    /// The pairs that are meant; none on its own if all are, or if few are left anyway.
    fn kinds(&self) -> Vec<Option<(DecisionAction, AlertSeverity)>> {
        let DecisionFilter {
            actions,
            severities,
            ..
        } = self.filter;
        let is_any = actions.is_empty() && severities.is_empty();
        if is_any || self.is_narrow() {
            return vec![None];
        }
        let all = DecisionAction::ALL.iter().flat_map(|action| {
            let pair = |severity: &AlertSeverity| (*action, *severity);
            AlertSeverity::ALL.iter().map(pair)
        });
        all.filter(|(action, severity)| is_one(actions, action) && is_one(severities, severity))
            .map(Some)
            .collect()
    }

    /// Whether an index other than that of kinds leaves few.
    fn is_narrow(&self) -> bool {
        let DecisionFilter { alert, ticket, .. } = self.filter;
        self.is_brief || alert.is_some() || ticket.is_some() || self.words().is_some()
    }

    /// The text as the index of words is asked for it; none if it is too short, or not given.
    fn words(&self) -> Option<String> {
        let text = self.filter.text.as_deref()?;
        (text.chars().count() >= INDEXED_CHARS_MIN).then(|| text.to_lowercase())
    }

    fn push_kind(&self, sql: &mut QueryBuilder, kind: Option<(DecisionAction, AlertSeverity)>) {
        let unindexed = sql.engine().unindexed();
        match self.words() {
            Some(words) => {
                sql.push("SELECT w.rowid AS id FROM ticket_decision_words w ");
                sql.push("CROSS JOIN ticket_decisions k ON k.id = w.rowid WHERE ");
                match sql.engine() {
                    Engine::Sqlite => {
                        let phrase = format!("\"{}\"", words.replace('"', "\"\""));
                        sql.push("ticket_decision_words MATCH ").push_bind(phrase)
                    }
                    Engine::Postgres => sql.push("w.text LIKE ").push_bind(within(&words)),
                };
                sql.push(" AND w.rowid < ").push_bind(self.before);
                self.push_times(sql, &format!("{unindexed}k.at_ms"));
            }
            None => {
                // The sign keeps an index away: that of time, or else that of ids, leaves fewer.
                let (of_ids, of_times) = match self.is_brief {
                    true => (unindexed, ""),
                    false => ("", unindexed),
                };
                sql.push("SELECT k.id FROM ticket_decisions k WHERE ");
                sql.push(of_ids).push("k.id < ").push_bind(self.before);
                self.push_times(sql, &format!("{of_times}k.at_ms"));
            }
        }
        if let Some((action, severity)) = kind {
            sql.push(" AND k.action = ").push_bind(action.name());
            sql.push(" AND k.severity = ").push_bind(severity.name());
        } else {
            let actions = self.filter.actions.iter().map(|one| one.name());
            push_one_of(sql, &format!(" AND {unindexed}k.action IN ("), actions);
            let severities = self.filter.severities.iter().map(|one| one.name());
            push_one_of(sql, &format!(" AND {unindexed}k.severity IN ("), severities);
        }
        self.push_rest(sql);
        sql.push(" ORDER BY 1 DESC LIMIT ").push_bind(self.page);
    }

    fn push_times(&self, sql: &mut QueryBuilder, times: &str) {
        if let Some(from_ms) = self.filter.from_ms {
            sql.push(" AND ")
                .push(times)
                .push(" >= ")
                .push_bind(from_ms);
        }
        if let Some(to_ms) = self.filter.to_ms {
            sql.push(" AND ").push(times).push(" < ").push_bind(to_ms);
        }
    }

    fn push_rest(&self, sql: &mut QueryBuilder) {
        if let Some(alert) = self.filter.alert {
            sql.push(" AND k.alert = ").push_bind(id_bytes(alert.0));
        }
        if let Some(ticket) = self.filter.ticket {
            sql.push(" AND k.ticket = ").push_bind(id_bytes(ticket.0));
        }
        if let Some(text) = self.filter.text.as_ref().filter(|_| self.words().is_none()) {
            sql.push(" AND instr(lower(k.title || '\n' || k.reason), lower(")
                .push_bind(text.clone());
            sql.push(")) > 0");
        }
    }
}

fn is_one<T: PartialEq>(meant: &[T], one: &T) -> bool {
    meant.is_empty() || meant.contains(one)
}

fn decision(row: &Row) -> Result<Decision, StoreError> {
    let ticket: Option<&[u8]> = get(row, "ticket")?;
    let ticket = ticket.map(|bytes| id_bits(bytes, "ticket")).transpose()?;
    // SQLite keeps NaN as nothing.
    let number = |column| -> Result<f64, StoreError> {
        let number: Option<f64> = row.try_get(column).map_err(store_error)?;
        Ok(number.unwrap_or(f64::NAN))
    };
    Ok(Decision {
        id: DecisionId(count(row, "id")?),
        decided: NewDecision {
            alert: AlertId(id(row, "alert")?),
            event_seq: count(row, "event_seq")?,
            event: get(row, "event")?,
            at_ms: get(row, "at_ms")?,
            due_ms: get(row, "due_ms")?,
            action: named(row, "action", DecisionAction::from_name)?,
            reason: get(row, "reason")?,
            title: get(row, "title")?,
            rule: get(row, "rule")?,
            failure_type: get(row, "failure_type")?,
            severity: named(row, "severity", AlertSeverity::from_name)?,
            confidence: number("confidence")?,
            threshold: number("threshold")?,
            ticket: ticket.map(TicketId),
        },
    })
}
