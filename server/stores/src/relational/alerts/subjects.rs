//! Subjects: what alerts say and are found by, kept once for all alerts that say the same.
//!
//! The words and labels of a subject are indexed when its first alert comes and dropped with its
//! last, so counting on an alert costs no index a write.

use tocsin_domain::alert::Alert;
use tocsin_domain::ports::StoreError;

use super::json;
use crate::relational::sql::{self, Connection, Engine};
use crate::relational::store_error;

const FIND: &str = "SELECT id FROM alert_subjects WHERE hash = $1 AND kind = $2 AND rule = $3 \
    AND failure_type IS NOT DISTINCT FROM $4 AND title = $5 AND labels = $6";

const INSERT: &str = "INSERT INTO alert_subjects (hash, kind, rule, failure_type, title, labels, \
    text, alerts) VALUES ($1, $2, $3, $4, $5, $6, $7, 0) RETURNING id";

const LABEL: &str = "INSERT INTO alert_labels (name, value) VALUES ($1, $2) \
    ON CONFLICT (name, value) DO NOTHING";

const LINK: &str = "INSERT INTO alert_subject_labels (label, subject) \
    SELECT id, $3 FROM alert_labels WHERE name = $1 AND value = $2";

const COUNT: &str = "UPDATE alert_subjects SET alerts = alerts + $2 WHERE id = $1";

const DROP: &str = "DELETE FROM alert_subjects WHERE id = $1 AND alerts <= 0";

/// Labels that no subject has any more.
const SWEEP: &str = "DELETE FROM alert_labels WHERE NOT EXISTS \
    (SELECT 1 FROM alert_subject_labels WHERE label = alert_labels.id)";

// One text is much faster to get than thousands of rows.
const VALUES_SQLITE: &str = "SELECT json_group_array(value) FROM alert_labels WHERE name = $1";
const VALUES_POSTGRES: &str = "SELECT coalesce(CAST(json_agg(value) AS TEXT), '[]') \
    FROM alert_labels WHERE name = $1";

/// What words are looked for in: the title, then the labels, in lower case.
fn text(alert: &Alert) -> String {
    let mut text = alert.title.clone();
    for (name, value) in alert.labels.iter() {
        text.extend(["\n", name, "=", value]);
    }
    folded(&text)
}

/// A text as it is looked in, and for. NUL ends a text for the index of words.
pub(super) fn folded(text: &str) -> String {
    text.replace('\0', "\u{fffd}").to_lowercase()
}

/// What makes a subject.
#[derive(Debug, PartialEq)]
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) rule: String,
    pub(super) failure_type: Option<String>,
    pub(super) title: String,
    /// A JSON object, sorted by name.
    pub(super) labels: String,
}

impl Subject {
    /// The subject of an alert.
    pub(super) fn of(alert: &Alert) -> Result<Self, StoreError> {
        Ok(Self {
            kind: alert.kind.name().to_owned(),
            rule: alert.rule.clone(),
            failure_type: alert.failure_type.clone(),
            title: alert.title.clone(),
            labels: json::labels_text(&alert.labels)?,
        })
    }

    fn hash(&self) -> i64 {
        let failure_type = self.failure_type.as_deref().unwrap_or_default();
        let parts = [
            self.kind.as_str(),
            &self.rule,
            failure_type,
            &self.title,
            &self.labels,
        ];
        xxhash_rust::xxh3::xxh3_64(parts.join("\n").as_bytes()).cast_signed()
    }
}

/// The number of a subject, that of an alert, which is made if there is none.
pub(super) async fn number(
    connection: &mut Connection,
    subject: &Subject,
    alert: &Alert,
) -> Result<i64, StoreError> {
    let hash = subject.hash();
    let found: Option<i64> = sql::query_scalar(FIND)
        .bind(hash)
        .bind(&subject.kind)
        .bind(&subject.rule)
        .bind(&subject.failure_type)
        .bind(&subject.title)
        .bind(&subject.labels)
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
    if let Some(found) = found {
        return Ok(found);
    }
    let text = text(alert);
    let number: i64 = sql::query_scalar(INSERT)
        .bind(hash)
        .bind(&subject.kind)
        .bind(&subject.rule)
        .bind(&subject.failure_type)
        .bind(&subject.title)
        .bind(&subject.labels)
        .bind(&text)
        .fetch_one(&mut *connection)
        .await
        .map_err(store_error)?;
    sql::query("INSERT INTO alert_words (rowid, text) VALUES ($1, $2)")
        .bind(number)
        .bind(&text)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    for (name, value) in alert.labels.iter() {
        let label = sql::query(LABEL).bind(name).bind(value);
        label.execute(&mut *connection).await.map_err(store_error)?;
        let link = sql::query(LINK).bind(name).bind(value).bind(number);
        link.execute(&mut *connection).await.map_err(store_error)?;
    }
    Ok(number)
}

/// Counts alerts of a subject; it goes with the last of them.
pub(super) async fn count(
    connection: &mut Connection,
    subject: i64,
    change: i64,
) -> Result<(), StoreError> {
    let counted = sql::query(COUNT).bind(subject).bind(change);
    counted
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    if change > 0 {
        return Ok(());
    }
    let dropped = sql::query(DROP)
        .bind(subject)
        .execute(&mut *connection)
        .await;
    if dropped.map_err(store_error)?.rows_affected() == 0 {
        return Ok(());
    }
    for forget in [
        "DELETE FROM alert_words WHERE rowid = $1",
        "DELETE FROM alert_subject_labels WHERE subject = $1",
    ] {
        let done = sql::query(forget).bind(subject).execute(&mut *connection);
        done.await.map_err(store_error)?;
    }
    Ok(())
}

/// Drops labels that no subject has any more.
pub(super) async fn sweep(connection: &mut Connection) -> Result<(), StoreError> {
    let swept = sql::query(SWEEP).execute(connection).await;
    swept.map(|_| ()).map_err(store_error)
}

/// All values of a label.
pub(super) async fn values(
    connection: &mut Connection,
    name: &str,
) -> Result<Vec<String>, StoreError> {
    let sql = match connection.engine() {
        Engine::Sqlite => VALUES_SQLITE,
        Engine::Postgres => VALUES_POSTGRES,
    };
    let values: String = sql::query_scalar(sql)
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    json::from_text(&values, "the values of a label")
}
