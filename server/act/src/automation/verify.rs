//! Whether an action helped: a condition over the alert, metrics and templates as they are now.

use std::collections::HashMap;
use std::sync::Arc;

use tocsin_domain::alert::Alert;
use tocsin_domain::automation::{Plan, VerifyMetric, VerifyRule};
use tocsin_domain::ports::log_store::LogQuery;
use tocsin_domain::ports::{AlertStore, LogStore, MetricQueries};
use tocsin_domain::{TimeRange, Timestamp};

use super::condition::{Condition, Facts};

/// What `verify.expect` may look at.
pub(super) const VERIFY_FACTS: &[&str] = &["alert", "metrics", "templates"];

/// Where what is looked at comes from.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) alerts: Arc<dyn AlertStore>,
    pub(super) metrics: Arc<dyn MetricQueries>,
    pub(super) logs: Arc<dyn LogStore>,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    pub(super) holds: bool,
    /// What was looked at, for people.
    pub(super) because: String,
}

/// Looks whether what a plan expects has come. What cannot be seen has not.
pub(super) async fn look(
    sources: &Sources,
    plan: &Plan,
    verify: &VerifyRule,
    acted_ms: i64,
    now_ms: i64,
) -> Look {
    match seen(sources, plan, verify, (acted_ms, now_ms)).await {
        Ok(look) => look,
        Err(because) => Look {
            holds: false,
            because,
        },
    }
}

async fn seen(
    sources: &Sources,
    plan: &Plan,
    verify: &VerifyRule,
    (acted_ms, now_ms): (i64, i64),
) -> Result<Look, String> {
    let alert = sources.alerts.alert(plan.episode.alert).await;
    let alert = alert.map_err(|error| error.to_string())?;
    let alert = alert.ok_or("the alert is there no longer")?;
    let mut said = vec![format!("alert {}", alert.status.name())];
    let mut metrics: HashMap<String, f64> = HashMap::new();
    for (name, metric) in &verify.metrics {
        let value = value_of(sources, metric, &alert, now_ms).await;
        let value = value.map_err(|why| format!("`metrics.{name}`: {why}"))?;
        said.push(format!("{name} = {value}"));
        metrics.insert(name.clone(), value);
    }
    let mut templates: HashMap<String, i64> = HashMap::new();
    for (name, template) in &verify.templates {
        let range = TimeRange {
            from: Timestamp::from_millis(acted_ms),
            to: Timestamp::from_millis(now_ms),
        };
        let query = LogQuery {
            templates: Some(vec![*template]),
            ..LogQuery::all(range)
        };
        let lines = sources.logs.count(&query).await;
        let lines = lines.map_err(|error| format!("`templates.{name}`: {error}"))?;
        said.push(format!("{name}: {lines} lines"));
        templates.insert(name.clone(), i64::try_from(lines).unwrap_or(i64::MAX));
    }
    let condition = Condition::compile(&verify.expect, VERIFY_FACTS)?;
    let holds = condition.holds(&facts(&alert, metrics, templates))?;
    let not = if holds { "holds" } else { "does not hold" };
    let because = format!("`{}` {not}: {}", verify.expect, said.join(", "));
    Ok(Look { holds, because })
}

/// The value of a query now: of the one series whose labels are the alert's.
async fn value_of(
    sources: &Sources,
    metric: &VerifyMetric,
    alert: &Alert,
    now_ms: i64,
) -> Result<f64, String> {
    let answer = sources
        .metrics
        .range(&metric.query, (now_ms, now_ms), 1000)
        .await;
    let answer = answer.map_err(|error| error.to_string())?;
    let is_its = |labels: &[(String, String)]| {
        metric.labels.iter().all(|wanted| {
            let value = labels.iter().find(|(name, _)| name == wanted);
            value.is_some_and(|(_, value)| value == alert.labels.get(wanted))
        })
    };
    let mut values = answer
        .iter()
        .filter(|series| is_its(&series.labels))
        .filter_map(|series| series.samples.last());
    match (values.next(), values.next()) {
        (Some(sample), None) => Ok(sample.value),
        (None, _) => Err("no series has a value now".to_owned()),
        (Some(_), Some(_)) => Err("over one series has a value: expected one".to_owned()),
    }
}

fn facts(alert: &Alert, metrics: HashMap<String, f64>, templates: HashMap<String, i64>) -> Facts {
    let labels = alert.labels.iter();
    let labels = labels.map(|(name, value)| (name.to_owned(), cel::Value::from(value)));
    let labels: HashMap<String, cel::Value> = labels.collect();
    let words: HashMap<String, cel::Value> = HashMap::from([
        ("status".to_owned(), alert.status.name().into()),
        ("severity".to_owned(), alert.severity.name().into()),
        ("firing".to_owned(), alert.is_firing().into()),
        (
            "count".to_owned(),
            i64::try_from(alert.count).unwrap_or(i64::MAX).into(),
        ),
        ("labels".to_owned(), labels.into()),
    ]);
    let mut facts = Facts::new();
    facts
        .set("alert", words)
        .set("metrics", metrics)
        .set("templates", templates);
    facts
}
