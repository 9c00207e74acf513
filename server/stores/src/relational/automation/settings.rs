//! Rules with all their versions, switches, throttles, and how far events were taken.

use tocsin_domain::automation::{AutomationRule, Switches, ThrottleState};
use tocsin_domain::ports::{AuditEntry, StoreError};

use super::rule_json::{RuleRow, SwitchesRow};
use crate::relational::alerts::{from_text, get, parse, to_text};
use crate::relational::audit;
use crate::relational::sql::{self, Area, Connection, Pool, Row};
use crate::relational::{RelationalStore, store_error};

const POSITION: &str = "SELECT position FROM automation_state WHERE id = 1";
// It never goes back, whoever is late.
const SET_POSITION: &str = "UPDATE automation_state SET position = $1 \
    WHERE id = 1 AND (position IS NULL OR position < $1)";

const SWITCHES: &str = "SELECT switches FROM automation_state WHERE id = 1";
const SET_SWITCHES: &str = "UPDATE automation_state SET switches = $1 WHERE id = 1";

const THROTTLES: &str = "SELECT rule, run_group, since_ms, alerts, due_ms, ends_ms \
    FROM automation_throttles ORDER BY rule, run_group";
const PUT_THROTTLE: &str = "INSERT INTO automation_throttles (rule, run_group, since_ms, alerts, \
    due_ms, ends_ms) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (rule, run_group) DO UPDATE SET \
    since_ms = excluded.since_ms, alerts = excluded.alerts, due_ms = excluded.due_ms, \
    ends_ms = excluded.ends_ms";
const DROP_THROTTLE: &str = "DELETE FROM automation_throttles WHERE rule = $1 AND run_group = $2";

const NEWEST: &str = "SELECT id, version, rule FROM automation_rule_versions r WHERE version = \
    (SELECT max(version) FROM automation_rule_versions WHERE id = r.id) ORDER BY id";
const VERSIONS: &str = "SELECT id, version, rule FROM automation_rule_versions WHERE id = $1 \
    ORDER BY version DESC";
const HIGHEST: &str = "SELECT max(version) FROM automation_rule_versions WHERE id = $1";
const INSERT: &str = "INSERT INTO automation_rule_versions (id, version, rule) \
    VALUES ($1, $2, $3)";

pub(super) async fn position(pool: &Pool) -> Result<Option<u64>, StoreError> {
    let position: Option<i64> = sql::query_scalar(POSITION)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    Ok(position.map(i64::cast_unsigned))
}

pub(super) async fn set_position(
    connection: &mut Connection,
    position: u64,
) -> Result<(), StoreError> {
    let set = sql::query(SET_POSITION).bind(position.cast_signed());
    set.execute(connection).await.map_err(store_error)?;
    Ok(())
}

pub(super) async fn switches(pool: &Pool) -> Result<Switches, StoreError> {
    let text: Option<String> = sql::query_scalar(SWITCHES)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    match text {
        Some(text) => from_text::<SwitchesRow>(&text, "the switches of automation")?.read(),
        None => Ok(Switches::default()),
    }
}

pub(super) async fn put_switches(
    store: &RelationalStore,
    switches: &Switches,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    let mut transaction = store.write(Area::Automation).await?;
    let set = sql::query(SET_SWITCHES).bind(to_text(&SwitchesRow::of(switches))?);
    set.execute(&mut *transaction).await.map_err(store_error)?;
    audit::add(&mut transaction, entry).await?;
    transaction.commit().await.map_err(store_error)
}

pub(super) async fn throttles(pool: &Pool) -> Result<Vec<ThrottleState>, StoreError> {
    let rows = sql::query(THROTTLES)
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let state = |row: &Row| {
        let alerts: Vec<String> = from_text(get(row, "alerts")?, "the alerts of a throttle")?;
        let alerts = alerts.iter().map(|id| parse(id, "the alert of a throttle"));
        Ok(ThrottleState {
            rule: get(row, "rule")?,
            group: get(row, "run_group")?,
            since_ms: get(row, "since_ms")?,
            alerts: alerts.collect::<Result<_, StoreError>>()?,
            due_ms: get(row, "due_ms")?,
            ends_ms: get(row, "ends_ms")?,
        })
    };
    rows.iter().map(state).collect()
}

pub(super) async fn keep_throttles(
    connection: &mut Connection,
    states: &[ThrottleState],
    over: &[(String, String)],
) -> Result<(), StoreError> {
    for state in states {
        let alerts: Vec<String> = state.alerts.iter().map(ToString::to_string).collect();
        sql::query(PUT_THROTTLE)
            .bind(&state.rule)
            .bind(&state.group)
            .bind(state.since_ms)
            .bind(to_text(&alerts)?)
            .bind(state.due_ms)
            .bind(state.ends_ms)
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    for (rule, group) in over {
        let gone = sql::query(DROP_THROTTLE).bind(rule).bind(group);
        gone.execute(&mut *connection).await.map_err(store_error)?;
    }
    Ok(())
}

fn rule_of(
    (id, version, rule): (&str, u32, Option<String>),
) -> Result<Option<AutomationRule>, StoreError> {
    let row = rule
        .map(|text| from_text::<RuleRow>(&text, id))
        .transpose()?;
    row.map(|row| row.read(id, version)).transpose()
}

pub(super) async fn rules(
    store: &RelationalStore,
) -> Result<Vec<(String, Option<AutomationRule>)>, StoreError> {
    let versions = store.newest_versions(NEWEST).await?;
    let rule = |(id, version, rule): (String, u32, Option<String>)| {
        let rule = rule_of((&id, version, rule))?;
        Ok((id, rule))
    };
    versions.into_iter().map(rule).collect()
}

pub(super) async fn versions(
    pool: &Pool,
    id: &str,
) -> Result<Vec<(u32, Option<AutomationRule>)>, StoreError> {
    let rows = sql::query(VERSIONS)
        .bind(id)
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let version = |row: &Row| {
        let version = u32::try_from(get::<i64>(row, "version")?);
        let version = version.map_err(|_| StoreError::Corrupt(format!("automation `{id}`")))?;
        Ok((version, rule_of((id, version, get(row, "rule")?))?))
    };
    rows.iter().map(version).collect()
}

pub(super) async fn put_rule(
    store: &RelationalStore,
    id: &str,
    rule: Option<AutomationRule>,
    entry: &AuditEntry,
) -> Result<u32, StoreError> {
    let own = rule.as_ref().map_or(0, |rule| rule.version);
    let text = rule.map(|rule| to_text(&RuleRow::of(rule))).transpose()?;
    let mut transaction = store.write(Area::Automation).await?;
    let version =
        RelationalStore::add_version(&mut transaction, [HIGHEST, INSERT], (id, own), text);
    let version = version.await?;
    audit::add(&mut transaction, entry).await?;
    transaction.commit().await.map_err(store_error)?;
    Ok(version)
}
