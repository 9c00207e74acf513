//! Keeps steps of runs: all of a commit in one transaction with its audit entries, or nothing. Lets
//! old runs go.

use tocsin_domain::automation::{Run, RunEvent, RunId, RunState, Vote};
use tocsin_domain::ports::{AutomationCommit, Committed, RunStep, StoreError};

use super::notices;
use super::plan_json::PlanRow;
use super::run_json::RunRow;
use super::settings;
use crate::relational::alerts::{id_bits, id_bytes, to_text};
use crate::relational::audit;
use crate::relational::sql::{self, Area, Connection};
use crate::relational::{RelationalStore, store_error};

const SEQ: &str = "SELECT seq FROM automation_runs WHERE id = $1";

const TWIN: &str = "SELECT id FROM automation_runs WHERE alert = $1 AND since_ms = $2 \
    AND rule = $3 AND targets = $4 AND finished_ms IS NULL AND id <> $5 LIMIT 1";

const HOLDER: &str = "SELECT run FROM automation_targets WHERE target = $1 AND run <> $2";
const LET_GO: &str = "DELETE FROM automation_targets WHERE run = $1";
const HOLD: &str = "INSERT INTO automation_targets (target, run) VALUES ($1, $2)";

const PUT: &str = "INSERT INTO automation_runs (id, rule, rule_version, alert, since_ms, \
    run_group, targets, provider, state, seq, due_ms, verification, created_ms, executed_ms, \
    finished_ms, run) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
    $16) ON CONFLICT (id) DO UPDATE SET state = excluded.state, seq = excluded.seq, \
    due_ms = excluded.due_ms, verification = excluded.verification, \
    executed_ms = excluded.executed_ms, finished_ms = excluded.finished_ms, run = excluded.run";

const ADD_PLAN: &str = "INSERT INTO automation_plans (run, plan) VALUES ($1, $2)";

const ADD_VOTE: &str = "INSERT INTO automation_votes (run, plan, stage, actor, verdict, comment, \
    channel, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const ADD_EVENT: &str = "INSERT INTO automation_events (run, seq, at_ms, actor, from_state, \
    to_state, what, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const OLD: &str = "SELECT id FROM automation_runs WHERE finished_ms < $1 ORDER BY finished_ms \
    LIMIT $2";

/// How many are forgotten at once, so that no writer waits long.
const FORGET_CHUNK: i64 = 500;

/// What is about a run, then the run.
const THEIRS: [&str; 7] = [
    "DELETE FROM automation_plans WHERE run = $1",
    "DELETE FROM automation_votes WHERE run = $1",
    "DELETE FROM automation_events WHERE run = $1",
    "DELETE FROM automation_targets WHERE run = $1",
    "DELETE FROM automation_outputs WHERE run = $1",
    "DELETE FROM automation_notices WHERE run = $1",
    "DELETE FROM automation_runs WHERE id = $1",
];

/// Keeps a commit. A transaction that is not committed is as if it had not been.
pub(super) async fn keep(
    store: &RelationalStore,
    commit: &AutomationCommit,
) -> Result<Committed, StoreError> {
    let mut transaction = store.write(Area::Automation).await?;
    for step in &commit.steps {
        let refused = keep_step(&mut transaction, step).await?;
        if refused != Committed::Done {
            return Ok(refused);
        }
    }
    settings::keep_throttles(&mut transaction, &commit.throttles, &commit.over).await?;
    if let Some(position) = commit.position {
        settings::set_position(&mut transaction, position).await?;
    }
    transaction.commit().await.map_err(store_error)?;
    Ok(Committed::Done)
}

async fn keep_step(connection: &mut Connection, step: &RunStep) -> Result<Committed, StoreError> {
    let run = &step.run;
    let seq: Option<i64> = sql::query_scalar(SEQ)
        .bind(id_bytes(run.id.0))
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
    let is_new = seq.is_none();
    if seq.map_or(0, i64::cast_unsigned) != step.after || (!is_new && step.after == 0) {
        return Ok(Committed::Stale(run.id));
    }
    if is_new && let Some(twin) = twin_of(connection, run).await? {
        return Ok(Committed::Twin(twin));
    }
    if let Some(holder) = hold_targets(connection, run).await? {
        return Ok(Committed::Held(holder));
    }
    put(connection, run).await?;
    notices::fall_behind(connection, run).await?;
    if let Some(plan) = &step.plan {
        let added = sql::query(ADD_PLAN)
            .bind(id_bytes(run.id.0))
            .bind(to_text(&PlanRow::of(plan))?);
        added.execute(&mut *connection).await.map_err(store_error)?;
    }
    if let Some(vote) = &step.vote {
        add_vote(connection, vote).await?;
    }
    for event in &step.events {
        add_event(connection, event).await?;
    }
    for entry in &step.audit {
        audit::add(connection, entry).await?;
    }
    Ok(Committed::Done)
}

async fn twin_of(connection: &mut Connection, run: &Run) -> Result<Option<RunId>, StoreError> {
    let twin: Option<Vec<u8>> = sql::query_scalar(TWIN)
        .bind(id_bytes(run.episode.alert.0))
        .bind(run.episode.since_ms)
        .bind(&run.rule)
        .bind(to_text(&run.targets)?)
        .bind(id_bytes(run.id.0))
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    twin.map(|id| id_bits(&id, "a run").map(RunId)).transpose()
}

/// Takes a run's targets, or lets them go; the run that holds one of them, if it cannot have them.
async fn hold_targets(connection: &mut Connection, run: &Run) -> Result<Option<RunId>, StoreError> {
    let own = id_bytes(run.id.0);
    let gone = sql::query(LET_GO).bind(own.clone());
    gone.execute(&mut *connection).await.map_err(store_error)?;
    if !run.state.holds_targets() {
        return Ok(None);
    }
    for target in &run.targets {
        let holder: Option<Vec<u8>> = sql::query_scalar(HOLDER)
            .bind(target)
            .bind(own.clone())
            .fetch_optional(&mut *connection)
            .await
            .map_err(store_error)?;
        if let Some(holder) = holder {
            return id_bits(&holder, "a run").map(|id| Some(RunId(id)));
        }
        let held = sql::query(HOLD).bind(target).bind(own.clone());
        held.execute(&mut *connection).await.map_err(store_error)?;
    }
    Ok(None)
}

async fn put(connection: &mut Connection, run: &Run) -> Result<(), StoreError> {
    sql::query(PUT)
        .bind(id_bytes(run.id.0))
        .bind(&run.rule)
        .bind(i64::from(run.rule_version))
        .bind(id_bytes(run.episode.alert.0))
        .bind(run.episode.since_ms)
        .bind(&run.group)
        .bind(to_text(&run.targets)?)
        .bind(&run.provider)
        .bind(run.state.name())
        .bind(run.seq.cast_signed())
        .bind(run.due_ms())
        .bind(run.verification.map(|seen| seen.name()))
        .bind(run.created_ms)
        .bind(run.executed_ms)
        .bind(run.finished_ms)
        .bind(to_text(&RunRow::of(run))?)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn add_vote(connection: &mut Connection, vote: &Vote) -> Result<(), StoreError> {
    sql::query(ADD_VOTE)
        .bind(id_bytes(vote.run.0))
        .bind(vote.plan.to_string())
        .bind(i64::from(vote.stage))
        .bind(&vote.actor)
        .bind(vote.verdict.name())
        .bind(&vote.comment)
        .bind(vote.channel.name())
        .bind(vote.at_ms)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn add_event(connection: &mut Connection, event: &RunEvent) -> Result<(), StoreError> {
    sql::query(ADD_EVENT)
        .bind(id_bytes(event.run.0))
        .bind(event.seq.cast_signed())
        .bind(event.at_ms)
        .bind(&event.actor)
        .bind(event.from.map(RunState::name))
        .bind(event.to.name())
        .bind(&event.what)
        .bind(&event.detail)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// Forgets runs that ended before a time; the audit log keeps its entries.
pub(super) async fn forget(store: &RelationalStore, before_ms: i64) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    loop {
        let mut transaction = store.write(Area::Automation).await?;
        let old = sql::query(OLD)
            .bind(before_ms)
            .bind(FORGET_CHUNK)
            .fetch_all(&mut *transaction)
            .await
            .map_err(store_error)?;
        for row in &old {
            let id: &[u8] = row.try_get("id").map_err(store_error)?;
            for sql in THEIRS {
                let gone = sql::query(sql).bind(id);
                gone.execute(&mut *transaction).await.map_err(store_error)?;
            }
        }
        transaction.commit().await.map_err(store_error)?;
        forgotten += old.len() as u64;
        if old.len() < usize::try_from(FORGET_CHUNK).unwrap_or(0) {
            return Ok(forgotten);
        }
    }
}
