//! What rules see of an alert: facts for conditions, and names for the templates of parameters.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use tocsin_domain::alert::{Alert, LabelSet};
use tocsin_domain::automation::RunId;

use super::condition::Facts;
use crate::civil::rfc3339;

/// What a `when` may look at.
pub(super) const ALERT_FACTS: &[&str] = &[
    "title",
    "rule",
    "kind",
    "severity",
    "status",
    "failure_type",
    "confidence",
    "count",
    "labels",
    "annotations",
];

/// The facts of an alert.
pub(super) fn facts(alert: &Alert) -> Facts {
    let mut facts = Facts::new();
    facts
        .set("title", alert.title.as_str())
        .set("rule", alert.rule.as_str())
        .set("kind", alert.kind.name())
        .set("severity", alert.severity.name())
        .set("status", alert.status.name())
        .set("failure_type", alert.failure_type.as_deref().unwrap_or(""))
        .set("confidence", alert.confidence)
        .set("count", i64::try_from(alert.count).unwrap_or(i64::MAX))
        .set("labels", map(&alert.labels))
        .set("annotations", map(&alert.annotations));
    facts
}

fn map(set: &LabelSet) -> HashMap<String, cel::Value> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.into());
    set.iter().map(owned).collect()
}

/// What a template sees as `alert`. What an alert lacks is not there, so that asking for it is an
/// error and never an empty text.
#[derive(Debug, Serialize)]
struct AlertWords<'a> {
    id: String,
    title: &'a str,
    rule: &'a str,
    kind: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_type: Option<&'a str>,
    confidence: f64,
    count: u64,
    labels: BTreeMap<&'a str, &'a str>,
    annotations: BTreeMap<&'a str, &'a str>,
    starts_at: String,
}

#[derive(Debug, Serialize)]
struct RunWords {
    id: String,
}

#[derive(Debug, Serialize)]
struct Words<'a> {
    alert: AlertWords<'a>,
    run: RunWords,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    targets: &'a [String],
}

/// The names that templates see: `alert`, `run`, and, once they are known, `target` (the first) and
/// `targets`.
pub(super) fn names(alert: &Alert, run: Option<RunId>, targets: &[String]) -> minijinja::Value {
    minijinja::Value::from_serialize(Words {
        alert: AlertWords {
            id: alert.id.to_string(),
            title: &alert.title,
            rule: &alert.rule,
            kind: alert.kind.name(),
            severity: alert.severity.name(),
            failure_type: alert.failure_type.as_deref(),
            confidence: alert.confidence,
            count: alert.count,
            labels: alert.labels.iter().collect(),
            annotations: alert.annotations.iter().collect(),
            starts_at: rfc3339(alert.starts_ms),
        },
        run: RunWords {
            id: run.map(|run| run.to_string()).unwrap_or_default(),
        },
        target: targets.first().map(String::as_str),
        targets,
    })
}
