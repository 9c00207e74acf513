//! The part of a filter that is about what alerts say: kind, rule, type of failure, labels, words.
//!
//! It is written once as SQL about a subject `s`. If one of its conditions has an index and few
//! subjects satisfy it, all the subjects meant are listed; otherwise each alert met is checked.

use tocsin_domain::ports::{AlertFilter, StoreError};

use super::{json, subjects};
use crate::relational::sql::{Connection, Engine, QueryBuilder, within};
use crate::relational::store_error;

/// The most subjects that are looked at to list those that are meant.
const LISTED_MAX: i64 = 2000;
/// Characters that the index of words is made of.
const GRAM_CHARS: usize = 3;
/// The most parts of a word that are asked for; what is found is checked against the whole word.
const GRAMS_MAX: usize = 8;

/// What a subject must be. All of them hold.
#[derive(Debug)]
enum Condition {
    Rule(String),
    FailureType(String),
    /// One of these kinds, as a JSON list.
    Kinds(String),
    /// The words it has, in lower case.
    Words(Vec<String>),
    /// A label (as a JSON path) whose value is (or is not) one of a JSON list.
    Label {
        name: String,
        values: String,
        is_in: bool,
    },
}

/// The subjects that are meant.
#[derive(Debug)]
pub(super) struct Listed {
    /// Their ids, a JSON list.
    pub(super) ids: String,
    /// How many they are.
    pub(super) subjects: u64,
    /// How many alerts they have.
    pub(super) alerts: u64,
}

/// What subjects must be.
#[derive(Debug, Default)]
pub(super) struct SubjectFilter {
    conditions: Vec<Condition>,
    is_impossible: bool,
}

impl SubjectFilter {
    /// The part of a filter that is about subjects.
    pub(super) async fn of(
        connection: &mut Connection,
        filter: &AlertFilter,
    ) -> Result<Self, StoreError> {
        let mut this = Self::default();
        if let Some(rule) = &filter.rule {
            this.conditions.push(Condition::Rule(rule.clone()));
        }
        if let Some(failure_type) = &filter.failure_type {
            this.conditions
                .push(Condition::FailureType(failure_type.clone()));
        }
        if !filter.kinds.is_empty() {
            let names = filter.kinds.iter().map(|kind| kind.name());
            let names = json::to_text(&names.collect::<Vec<_>>())?;
            this.conditions.push(Condition::Kinds(names));
        }
        let words = subjects::folded(filter.text.as_deref().unwrap_or_default());
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        if !words.is_empty() {
            this.conditions.push(Condition::Words(words));
        }
        for matcher in &filter.matchers {
            let mut values = subjects::values(connection, &matcher.name).await?;
            // Those with an empty value have no row, so a matcher that they satisfy is told by
            // the values that do not.
            let is_in = !matcher.is_match("");
            values.retain(|value| matcher.is_match(value) == is_in);
            if values.is_empty() {
                this.is_impossible |= is_in;
                continue;
            }
            this.conditions.push(Condition::Label {
                name: matcher.name.clone(),
                values: json::to_text(&values)?,
                is_in,
            });
        }
        Ok(this)
    }

    /// Whether any subject will do.
    pub(super) fn is_any(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether none will.
    pub(super) fn is_impossible(&self) -> bool {
        self.is_impossible
    }

    /// Adds ` AND …` about the subject `s` for every condition.
    pub(super) fn push(&self, sql: &mut QueryBuilder) {
        for condition in &self.conditions {
            match condition {
                Condition::Rule(rule) => {
                    sql.push(" AND ")
                        .push_unindexed("s.rule = ")
                        .push_bind(rule);
                }
                Condition::FailureType(failure_type) => {
                    sql.push(" AND ").push_unindexed("s.failure_type = ");
                    sql.push_bind(failure_type);
                }
                Condition::Kinds(names) => {
                    sql.push(" AND s.kind IN (SELECT value FROM json_each(");
                    sql.push_bind(names.clone()).push("))");
                }
                Condition::Words(words) => {
                    for word in words {
                        sql.push(" AND instr(s.text, ");
                        sql.push_bind(word.clone()).push(") > 0");
                    }
                }
                Condition::Label {
                    name,
                    values,
                    is_in,
                } => {
                    // The name of a label has no character that means something in a path.
                    let labels = sql.engine().json("s.labels");
                    sql.push(" AND coalesce(").push(&labels);
                    sql.push(" ->> ").push_bind(name);
                    sql.push(", '')")
                        .push(if *is_in { " IN (" } else { " NOT IN (" });
                    sql.push("SELECT value FROM json_each(");
                    sql.push_bind(values.clone()).push("))");
                }
            }
        }
    }

    /// Lists the subjects that are meant, if they can be found through an index and are few.
    pub(super) async fn list(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<Listed>, StoreError> {
        let mut best: Option<(i64, &Condition)> = None;
        for condition in &self.conditions {
            let Some(found) = candidates(connection, condition).await? else {
                continue;
            };
            if found < best.map_or(LISTED_MAX, |(least, _)| least) {
                best = Some((found, condition));
            }
        }
        let Some((_, condition)) = best else {
            return Ok(None);
        };
        let mut sql = QueryBuilder::new(
            connection.engine(),
            "SELECT '[' || coalesce(string_agg(CAST(s.id AS TEXT), ','), '') || ']', count(*), \
            CAST(coalesce(sum(s.alerts), 0) AS BIGINT) FROM (",
        );
        push_candidates(&mut sql, condition);
        sql.push(") c CROSS JOIN alert_subjects s ON s.id = c.subject WHERE TRUE");
        self.push(&mut sql);
        let row = sql
            .build()
            .fetch_one(connection)
            .await
            .map_err(store_error)?;
        let number = |index| row.try_get::<i64, _>(index).map_err(store_error);
        Ok(Some(Listed {
            ids: row.try_get(0).map_err(store_error)?,
            subjects: number(1)?.cast_unsigned(),
            alerts: number(2)?.cast_unsigned(),
        }))
    }
}

/// How many subjects an index gives for a condition, at most [`LISTED_MAX`]; none if there is no
/// index for it.
async fn candidates(
    connection: &mut Connection,
    condition: &Condition,
) -> Result<Option<i64>, StoreError> {
    let mut sql = QueryBuilder::new(connection.engine(), "SELECT count(*) FROM (");
    if !push_candidates(&mut sql, condition) {
        return Ok(None);
    }
    sql.push(" LIMIT ").push_bind(LISTED_MAX).push(") c");
    let row = sql
        .build()
        .fetch_one(connection)
        .await
        .map_err(store_error)?;
    row.try_get(0).map(Some).map_err(store_error)
}

/// Adds a query for the subjects that satisfy a condition, or more. False if there is no index.
fn push_candidates(sql: &mut QueryBuilder, condition: &Condition) -> bool {
    match condition {
        Condition::Rule(rule) => {
            sql.push("SELECT id AS subject FROM alert_subjects WHERE rule = ");
            sql.push_bind(rule.clone());
        }
        Condition::FailureType(failure_type) => {
            sql.push("SELECT id AS subject FROM alert_subjects WHERE failure_type = ");
            sql.push_bind(failure_type.clone());
        }
        Condition::Words(words) => {
            return push_words(sql, words);
        }
        Condition::Label {
            name,
            values,
            is_in: true,
        } => {
            sql.push("SELECT subject FROM alert_labels l CROSS JOIN alert_subject_labels k ");
            sql.push("ON k.label = l.id WHERE l.name = ")
                .push_bind(name.clone());
            sql.push(" AND l.value IN (SELECT value FROM json_each(");
            sql.push_bind(values.clone()).push("))");
        }
        Condition::Label { is_in: false, .. } | Condition::Kinds(_) => return false,
    }
    true
}

/// Adds a query for the subjects that have some words. False if all are too short for the index.
fn push_words(sql: &mut QueryBuilder, words: &[String]) -> bool {
    let Some(grams) = grams(words) else {
        return false;
    };
    match sql.engine() {
        Engine::Sqlite => {
            sql.push("SELECT rowid AS subject FROM alert_words WHERE alert_words MATCH ");
            sql.push_bind(grams);
        }
        Engine::Postgres => {
            sql.push("SELECT rowid AS subject FROM alert_words WHERE TRUE");
            for word in words {
                sql.push(" AND text LIKE ").push_bind(within(word));
            }
        }
    }
    true
}

/// A query of the index of words; none if all words are too short for it.
fn grams(words: &[String]) -> Option<String> {
    let mut grams = Vec::new();
    for word in words {
        let chars: Vec<char> = word.chars().collect();
        let Some(last) = chars.len().checked_sub(GRAM_CHARS) else {
            continue;
        };
        let starts = (0..last)
            .step_by(GRAM_CHARS)
            .take(GRAMS_MAX - 1)
            .chain([last]);
        for start in starts {
            let gram: String = chars.iter().skip(start).take(GRAM_CHARS).collect();
            grams.push(format!("\"{}\"", gram.replace('"', "\"\"")));
        }
    }
    (!grams.is_empty()).then(|| grams.join(" AND "))
}
