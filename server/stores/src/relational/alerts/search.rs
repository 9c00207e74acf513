//! Finds pages of alerts in a million of them.
//!
//! A page is found on one of three ways. If few alerts say what is asked for, they are gone
//! through. If few are of the states asked for (or of the person, or of the incident), those are,
//! newest first, each state on its own. Otherwise alerts are gone through newest first until the
//! page is full, which is soon since many are meant.

use tocsin_domain::alert::{Alert, AlertId, AlertStatus};
use tocsin_domain::ports::{AlertFilter, StoreError};

use super::json::id_bytes;
use super::row;
use super::subject_filter::{Listed, SubjectFilter};
use crate::relational::sql::{self, Connection, Engine, Pool, QueryBuilder, Row};
use crate::relational::{limit, store_error};

/// Up to so many alerts are gone through rather than walking from the newest.
const LISTED_ALERTS_MAX: u64 = 4000;
/// The share of alerts (one in so many) from which on states are not gone through on their own.
const COMMON: u64 = 4;
/// The bits of an id below the milliseconds of its time.
const ID_TIME_SHIFT: u32 = 80;

/// What is known of an alert from an index, before it is looked at.
#[derive(Debug)]
enum Start {
    Any,
    State(String, String, bool),
    Assignee(String, AlertStatus),
    Incident(Vec<u8>),
    /// One of these subjects.
    Subjects(String),
}

#[derive(Debug)]
struct Search<'a> {
    filter: &'a AlertFilter,
    subjects: SubjectFilter,
    from: Vec<u8>,
    before: Vec<u8>,
    page: i64,
}

/// One page: the newest first, those with an id below `before`.
pub(super) async fn page(
    pool: &Pool,
    filter: &AlertFilter,
    before: Option<AlertId>,
    page: usize,
) -> Result<Vec<Alert>, StoreError> {
    let mut connection = pool.acquire().await.map_err(store_error)?;
    let subjects = SubjectFilter::of(&mut connection, filter).await?;
    if subjects.is_impossible() || page == 0 {
        return Ok(Vec::new());
    }
    let (from, before) = id_bounds(filter, before);
    let search = Search {
        filter,
        subjects,
        from,
        before,
        page: limit(page),
    };
    let starts = search.starts(&mut connection).await?;
    if starts.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = search.sql(connection.engine(), &starts);
    let rows = sql.build().fetch_all(&mut connection).await;
    rows.map_err(store_error)?.iter().map(row::alert).collect()
}

/// The ids that a page lies between, `[from, before)`: the time in an id is when the alert began.
fn id_bounds(filter: &AlertFilter, before: Option<AlertId>) -> (Vec<u8>, Vec<u8>) {
    let at = |ms: i64| u128::try_from(ms).unwrap_or(0) << ID_TIME_SHIFT;
    let from = id_bytes(filter.from_ms.map_or(0, at));
    // Longer than any id, so above them all.
    let end = filter
        .to_ms
        .map_or_else(|| vec![0xff; 17], |to_ms| id_bytes(at(to_ms.max(1))));
    let before = before.map(|id| id_bytes(id.0));
    (from, before.map_or(end.clone(), |before| before.min(end)))
}

impl Search<'_> {
    /// Where to begin; nowhere if nothing can be found.
    async fn starts(&self, connection: &mut Connection) -> Result<Vec<Start>, StoreError> {
        if let Some(incident) = self.filter.incident {
            return Ok(vec![Start::Incident(id_bytes(incident.0))]);
        }
        let states = self.states(connection).await?;
        let all: u64 = states.iter().map(|(_, alerts, _)| alerts).sum();
        let meant: u64 = states
            .iter()
            .filter(|(.., is_meant)| *is_meant)
            .map(|one| one.1)
            .sum();
        if meant == 0 {
            return Ok(Vec::new());
        }
        if let Some(listed) = self.subjects.list(connection).await? {
            if listed.subjects == 0 {
                return Ok(Vec::new());
            }
            if self.is_cheap(&listed) {
                return Ok(vec![Start::Subjects(listed.ids)]);
            }
        }
        if let Some(assignee) = self
            .filter
            .assignee
            .as_ref()
            .filter(|name| !name.is_empty())
        {
            let statuses = AlertStatus::ALL.iter();
            let meant = statuses.filter(|one| is_one(&self.filter.statuses, one));
            return Ok(meant
                .map(|one| Start::Assignee(assignee.clone(), *one))
                .collect());
        }
        if meant.saturating_mul(COMMON) > all {
            return Ok(vec![Start::Any]);
        }
        let meant = states.into_iter().filter(|(.., is_meant)| *is_meant);
        Ok(meant.map(|(start, ..)| start).collect())
    }

    /// Whether going through the alerts of some subjects is little work.
    fn is_cheap(&self, listed: &Listed) -> bool {
        let page = self.page.cast_unsigned();
        listed.alerts.min(listed.subjects.saturating_mul(page)) <= LISTED_ALERTS_MAX
    }

    /// All states that there are, how many alerts each has, and whether it is meant.
    async fn states(
        &self,
        connection: &mut Connection,
    ) -> Result<Vec<(Start, u64, bool)>, StoreError> {
        let rows = sql::query(
            "SELECT status, severity, is_firing, alerts FROM alert_counts WHERE alerts > 0",
        );
        let rows = rows.fetch_all(connection).await.map_err(store_error)?;
        let state = |row: &Row| {
            let status: String = row.try_get(0)?;
            let severity: String = row.try_get(1)?;
            let is_firing: bool = row.try_get(2)?;
            let alerts: i64 = row.try_get(3)?;
            let is_meant = is_named(self.filter.statuses.iter().map(|one| one.name()), &status)
                && is_named(
                    self.filter.severities.iter().map(|one| one.name()),
                    &severity,
                )
                && self.filter.is_firing.is_none_or(|meant| meant == is_firing);
            let start = Start::State(status, severity, is_firing);
            Ok((start, alerts.cast_unsigned(), is_meant))
        };
        rows.iter()
            .map(state)
            .collect::<Result<_, _>>()
            .map_err(store_error)
    }

    /// The whole query: the newest of what is found from each start.
    fn sql(&self, engine: Engine, starts: &[Start]) -> QueryBuilder {
        let mut sql = QueryBuilder::new(engine, "SELECT ");
        sql.push(row::COLUMNS).push(" FROM (SELECT number FROM (");
        for (index, start) in starts.iter().enumerate() {
            if index > 0 {
                sql.push(" UNION ALL ");
            }
            sql.push("SELECT number, id FROM (");
            self.push_start(&mut sql, start);
            sql.push(") one");
        }
        sql.push(") every ORDER BY id DESC LIMIT ")
            .push_bind(self.page);
        sql.push(") p CROSS JOIN alerts a ON a.number = p.number ");
        sql.push("CROSS JOIN alert_subjects s ON s.id = a.subject ORDER BY a.id DESC");
        sql
    }

    fn push_start(&self, sql: &mut QueryBuilder, start: &Start) {
        if let Start::Subjects(ids) = start {
            self.push_subjects(sql, ids);
            return;
        }
        sql.push("SELECT a.number, a.id FROM alerts a");
        if !self.subjects.is_any() {
            sql.push(" CROSS JOIN alert_subjects s ON s.id = a.subject");
        }
        sql.push(" WHERE ");
        match start {
            Start::Any | Start::Subjects(_) => sql.push("TRUE"),
            Start::State(status, severity, is_firing) => {
                sql.push("a.status = ").push_bind(status.clone());
                sql.push(" AND a.severity = ").push_bind(severity.clone());
                sql.push(" AND a.is_firing = ").push_bind(*is_firing)
            }
            Start::Assignee(assignee, status) => {
                sql.push("a.assignee = ").push_bind(assignee.clone());
                sql.push(" AND a.status = ").push_bind(status.name())
            }
            Start::Incident(incident) => sql.push("a.incident = ").push_bind(incident.clone()),
        };
        self.push_rest(sql);
        self.subjects.push(sql);
        sql.push(" ORDER BY a.id DESC LIMIT ").push_bind(self.page);
    }

    /// The newest alerts of each of some subjects.
    fn push_subjects(&self, sql: &mut QueryBuilder, ids: &str) {
        let (join, end) = match sql.engine() {
            Engine::Sqlite => (
                "CROSS JOIN alerts a ON a.number IN (SELECT a.number FROM alerts a ",
                ")",
            ),
            // What is joined may look at what it is joined to.
            Engine::Postgres => (", LATERAL (SELECT a.number, a.id FROM alerts a ", ") a"),
        };
        sql.push("SELECT a.number, a.id FROM json_each(");
        sql.push_bind(ids).push(") j ").push(join);
        sql.push("WHERE a.subject = CAST(j.value AS BIGINT)");
        self.push_rest(sql);
        sql.push(" ORDER BY a.id DESC LIMIT ")
            .push_bind(self.page)
            .push(end);
    }

    /// Adds ` AND …` about the alert `a` for what the filter says of alerts, by no other index than
    /// the one that has the order.
    fn push_rest(&self, sql: &mut QueryBuilder) {
        let filter = self.filter;
        sql.push(" AND a.id < ").push_bind(self.before.clone());
        if let Some(from_ms) = filter.from_ms {
            sql.push(" AND a.id >= ").push_bind(self.from.clone());
            sql.push(" AND a.starts_ms >= ").push_bind(from_ms);
        }
        if let Some(to_ms) = filter.to_ms {
            sql.push(" AND a.starts_ms < ").push_bind(to_ms);
        }
        push_names(sql, "status", filter.statuses.iter().map(|one| one.name()));
        push_names(
            sql,
            "severity",
            filter.severities.iter().map(|one| one.name()),
        );
        if let Some(is_firing) = filter.is_firing {
            sql.push(" AND ").push_unindexed("a.is_firing = ");
            sql.push_bind(is_firing);
        }
        if let Some(incident) = filter.incident {
            sql.push(" AND ").push_unindexed("a.incident = ");
            sql.push_bind(id_bytes(incident.0));
        }
        match filter.assignee.as_deref() {
            None => {}
            Some("") => {
                sql.push(" AND ").push_unindexed("a.assignee IS NULL");
            }
            Some(assignee) => {
                sql.push(" AND ").push_unindexed("a.assignee = ");
                sql.push_bind(assignee);
            }
        }
    }
}

fn is_one<T: PartialEq>(meant: &[T], one: &T) -> bool {
    meant.is_empty() || meant.contains(one)
}

fn is_named<'a>(mut meant: impl ExactSizeIterator<Item = &'a str>, name: &str) -> bool {
    meant.len() == 0 || meant.any(|one| one == name)
}

fn push_names<'a>(
    sql: &mut QueryBuilder,
    column: &str,
    names: impl ExactSizeIterator<Item = &'a str>,
) {
    if names.len() == 0 {
        return;
    }
    sql.push(" AND ").push_unindexed("a.").push(column);
    sql.push(" IN (").push_binds(names).push(")");
}
