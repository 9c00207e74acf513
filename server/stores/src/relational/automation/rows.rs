//! Runs and what belongs to them: reading.

use tocsin_domain::alert::AlertId;
use tocsin_domain::automation::{
    Channel, Episode, Plan, Run, RunEvent, RunId, RunState, Verdict, Verification, Vote,
};
use tocsin_domain::ports::{RuleRecord, RunFilter, RunScope, StoreError};

use super::parts_json::one_of;
use super::plan_json::PlanRow;
use super::run_json::RunRow;
use crate::relational::alerts::{count, from_text, get, id, id_bytes, named, parse};
use crate::relational::sql::{self, Pool, QueryBuilder, Row};
use crate::relational::{limit, store_error};

/// All that [`run`] reads.
macro_rules! columns {
    () => {
        "SELECT id, rule, rule_version, alert, since_ms, run_group, targets, provider, state, seq, \
        verification, created_ms, executed_ms, finished_ms, run FROM automation_runs WHERE "
    };
}

const ONE: &str = concat!(columns!(), "id = $1");
const WITHOUT_NOTICE: &str = concat!(
    columns!(),
    "state = $1 AND NOT EXISTS (SELECT 1 FROM automation_notices \
     WHERE automation_notices.run = automation_runs.id) ORDER BY id LIMIT $2"
);
const DUE: &str = concat!(columns!(), "due_ms <= $1 ORDER BY due_ms, id LIMIT $2");

const NEXT_DUE: &str = "SELECT min(due_ms) FROM (SELECT min(due_ms) AS due_ms \
    FROM automation_runs WHERE due_ms > $1 UNION ALL \
    SELECT min(due_ms) FROM automation_throttles WHERE due_ms > $1) AS next";

const PLAN: &str = "SELECT plan FROM automation_plans WHERE run = $1";

const VOTES: &str = "SELECT plan, stage, actor, verdict, comment, channel, at_ms \
    FROM automation_votes WHERE run = $1 ORDER BY id";

const EVENTS: &str = "SELECT seq, at_ms, actor, from_state, to_state, what, detail \
    FROM automation_events WHERE run = $1 ORDER BY seq";

const RECORD: &str = "SELECT count(*) AS executed, \
    coalesce(sum(CASE WHEN state = 'succeeded' THEN 1 ELSE 0 END), 0) AS succeeded, \
    coalesce(sum(CASE WHEN verification = 'held' THEN 1 ELSE 0 END), 0) AS verified FROM automation_runs \
    WHERE rule = $1 AND executed_ms IS NOT NULL AND finished_ms IS NOT NULL";

// What is being undone failed just now.
const SEEN: &str = "SELECT verification FROM automation_runs WHERE rule = $1 \
    AND rule_version = $2 AND verification IS NOT NULL \
    ORDER BY finished_ms IS NULL DESC, finished_ms DESC, id DESC LIMIT 1000";

pub(super) async fn one(pool: &Pool, id: RunId) -> Result<Option<Run>, StoreError> {
    let row = sql::query(ONE).bind(id_bytes(id.0)).fetch_optional(pool);
    row.await
        .map_err(store_error)?
        .as_ref()
        .map(run)
        .transpose()
}

pub(super) async fn page(
    pool: &Pool,
    filter: &RunFilter,
    before: Option<RunId>,
    page: usize,
) -> Result<Vec<Run>, StoreError> {
    // Longer than any id, so above them all.
    let before = before.map_or_else(|| vec![0xff; 17], |id| id_bytes(id.0));
    let mut sql = QueryBuilder::new(pool.engine(), concat!(columns!(), "id < "));
    sql.push_bind(before);
    push_filter(&mut sql, filter);
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit(page));
    let rows = sql.build().fetch_all(pool).await.map_err(store_error)?;
    rows.iter().map(run).collect()
}

pub(super) async fn count_of(pool: &Pool, filter: &RunFilter) -> Result<u64, StoreError> {
    let mut sql = QueryBuilder::new(
        pool.engine(),
        "SELECT count(*) FROM automation_runs WHERE true",
    );
    push_filter(&mut sql, filter);
    let count: i64 = sql
        .build_query_scalar()
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    Ok(count.cast_unsigned())
}

/// Adds what a filter asks for.
fn push_filter(sql: &mut QueryBuilder, filter: &RunFilter) {
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(|state| state.name());
        sql.push(" AND state IN (").push_binds(states).push(")");
    }
    if let Some(rule) = &filter.rule {
        sql.push(" AND rule = ").push_bind(rule);
    }
    if let Some(alert) = filter.alert {
        sql.push(" AND alert = ").push_bind(id_bytes(alert.0));
    }
    if let Some(provider) = &filter.provider {
        sql.push(" AND provider = ").push_bind(provider);
    }
    if let Some(group) = &filter.group {
        sql.push(" AND run_group = ").push_bind(group);
    }
    if let Some(from_ms) = filter.from_ms {
        sql.push(" AND created_ms >= ").push_bind(from_ms);
    }
    if let Some(to_ms) = filter.to_ms {
        sql.push(" AND created_ms < ").push_bind(to_ms);
    }
}

pub(super) async fn due(pool: &Pool, now_ms: i64, page: usize) -> Result<Vec<Run>, StoreError> {
    let rows = sql::query(DUE)
        .bind(now_ms)
        .bind(limit(page))
        .fetch_all(pool);
    rows.await.map_err(store_error)?.iter().map(run).collect()
}

/// Runs in a state of which no chat was told anything, by id.
pub(super) async fn without_notice(
    pool: &Pool,
    state: RunState,
    page: usize,
) -> Result<Vec<Run>, StoreError> {
    let rows = sql::query(WITHOUT_NOTICE)
        .bind(state.name())
        .bind(limit(page))
        .fetch_all(pool);
    rows.await.map_err(store_error)?.iter().map(run).collect()
}

pub(super) async fn next_due_ms(pool: &Pool, now_ms: i64) -> Result<Option<i64>, StoreError> {
    let next = sql::query_scalar(NEXT_DUE).bind(now_ms).fetch_one(pool);
    next.await.map_err(store_error)
}

fn run(row: &Row) -> Result<Run, StoreError> {
    let mut rest: RunRow = from_text(get(row, "run")?, "a run")?;
    let verification: Option<&str> = get(row, "verification")?;
    let verification =
        verification.map(|name| one_of("the verification", name, Verification::from_name));
    let rule_version = u32::try_from(get::<i64>(row, "rule_version")?);
    let plan = rest.plan.take();
    let plan = plan
        .map(|plan| parse(&plan, "the hash of a plan"))
        .transpose()?;
    Ok(Run {
        id: RunId(id(row, "id")?),
        rule: get(row, "rule")?,
        rule_version: rule_version.map_err(|_| StoreError::Corrupt("a version".into()))?,
        episode: Episode {
            alert: AlertId(id(row, "alert")?),
            since_ms: get(row, "since_ms")?,
        },
        group: get(row, "run_group")?,
        targets: from_text(get(row, "targets")?, "the targets of a run")?,
        provider: get(row, "provider")?,
        state: named(row, "state", RunState::from_name)?,
        seq: count(row, "seq")?,
        plan,
        next: rest.next()?,
        call: rest.call()?,
        verification: verification.transpose()?,
        owed: rest.owed()?,
        created_ms: get(row, "created_ms")?,
        executed_ms: get(row, "executed_ms")?,
        finished_ms: get(row, "finished_ms")?,
        title: rest.title,
        proposer: rest.proposer,
        is_dry_run: rest.is_dry_run,
        reason: rest.reason,
        tries: rest.tries,
        acted_ms: rest.acted_ms,
        owed_due_ms: rest.owed_due_ms,
        updated_ms: rest.updated_ms,
    })
}

pub(super) async fn plan(pool: &Pool, run: RunId) -> Result<Option<Plan>, StoreError> {
    let text: Option<String> = sql::query_scalar(PLAN)
        .bind(id_bytes(run.0))
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    let row = text
        .map(|text| from_text::<PlanRow>(&text, "a plan"))
        .transpose()?;
    row.map(|row| row.read(run)).transpose()
}

pub(super) async fn votes(pool: &Pool, run: RunId) -> Result<Vec<Vote>, StoreError> {
    let rows = sql::query(VOTES).bind(id_bytes(run.0)).fetch_all(pool);
    let vote = |row: &Row| {
        let stage = u32::try_from(get::<i64>(row, "stage")?);
        Ok(Vote {
            run,
            plan: parse(get(row, "plan")?, "the hash of a plan")?,
            stage: stage.map_err(|_| StoreError::Corrupt("a stage".into()))?,
            actor: get(row, "actor")?,
            verdict: named(row, "verdict", Verdict::from_name)?,
            comment: get(row, "comment")?,
            channel: named(row, "channel", Channel::from_name)?,
            at_ms: get(row, "at_ms")?,
        })
    };
    rows.await.map_err(store_error)?.iter().map(vote).collect()
}

pub(super) async fn events(pool: &Pool, run: RunId) -> Result<Vec<RunEvent>, StoreError> {
    let rows = sql::query(EVENTS).bind(id_bytes(run.0)).fetch_all(pool);
    let event = |row: &Row| {
        let from: Option<&str> = get(row, "from_state")?;
        let from = from.map(|name| one_of("the state", name, RunState::from_name));
        Ok(RunEvent {
            run,
            seq: count(row, "seq")?,
            at_ms: get(row, "at_ms")?,
            actor: get(row, "actor")?,
            from: from.transpose()?,
            to: named(row, "to_state", RunState::from_name)?,
            what: get(row, "what")?,
            detail: get(row, "detail")?,
        })
    };
    rows.await.map_err(store_error)?.iter().map(event).collect()
}

pub(super) async fn executed_since(
    pool: &Pool,
    scope: RunScope<'_>,
    since_ms: i64,
) -> Result<u64, StoreError> {
    let mut sql = QueryBuilder::new(
        pool.engine(),
        "SELECT count(*) FROM automation_runs WHERE executed_ms >= ",
    );
    sql.push_bind(since_ms);
    match scope {
        RunScope::All => {}
        RunScope::Provider(provider) => {
            sql.push(" AND provider = ").push_bind(provider.to_owned());
        }
        RunScope::Rule(rule) => {
            sql.push(" AND rule = ").push_bind(rule.to_owned());
        }
    }
    let runs: i64 = sql
        .build_query_scalar()
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    Ok(runs.cast_unsigned())
}

pub(super) async fn record(
    pool: &Pool,
    rule: &str,
    version: u32,
) -> Result<RuleRecord, StoreError> {
    let row = sql::query(RECORD)
        .bind(rule)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    let seen: Vec<String> = sql::query_scalar(SEEN)
        .bind(rule)
        .bind(i64::from(version))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let failed = seen
        .iter()
        .take_while(|seen| *seen == Verification::Failed.name());
    Ok(RuleRecord {
        executed: count(&row, "executed")?,
        succeeded: count(&row, "succeeded")?,
        verified: count(&row, "verified")?,
        failed_in_a_row: u32::try_from(failed.count()).unwrap_or(u32::MAX),
    })
}
