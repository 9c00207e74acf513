//! Rules on metrics, looked at in rounds: queries out, signals of this moment in.

use std::sync::Arc;

use tocsin_domain::alert::{AlertKind, AlertSeverity, Evidence, RuleSeverity, RuleTrigger};
use tocsin_domain::metric::is_stale;
use tocsin_domain::ports::metric_insight::QuerySeries;
use tocsin_domain::ports::{MetricQueries, StoreError};

use super::condition::Facts;
use super::set::{CompiledRule, RuleSet};
use super::signal::{Signal, What};

/// How long a series is waited for that no longer comes, in ms: a day. After it, it is no longer
/// missed.
const MISSED_MS: i64 = 86_400_000;
/// Into how many steps that time is cut.
const MISSED_STEPS: i64 = 288;

/// What a rule on metrics finds now.
#[derive(Debug)]
pub struct Round {
    /// The rule.
    pub rule: Arc<CompiledRule>,
    /// When it was looked at, in ms.
    pub at_ms: i64,
    /// The label sets for which it holds, or why that is not known.
    pub holding: Result<Vec<Signal>, String>,
    /// How many label sets it looked at.
    pub looked_at: usize,
}

/// Looks at all rules on metrics once.
///
/// # Errors
/// [`StoreError`] if the store cannot be asked at all; a rule whose query is at fault says so in its
/// round.
pub async fn look(
    set: &RuleSet,
    queries: &dyn MetricQueries,
    now_ms: i64,
) -> Result<Vec<Round>, StoreError> {
    let mut rounds = Vec::new();
    for rule in set.enabled() {
        let found = match &rule.rule.trigger {
            RuleTrigger::Metric { query } => queries.range(query, (now_ms, now_ms), 1000).await,
            RuleTrigger::NoData { query, after_secs } => {
                silent(queries, query, i64::from(*after_secs) * 1000, now_ms).await
            }
            _ => continue,
        };
        let (holding, looked_at) = match found {
            Ok(series) => (judge(rule, &series, now_ms), series.len()),
            Err(StoreError::Invalid(detail)) => (Err(detail), 0),
            Err(error) => return Err(error),
        };
        rounds.push(Round {
            rule: rule.clone(),
            at_ms: now_ms,
            holding,
            looked_at,
        });
    }
    Ok(rounds)
}

/// Series that had points within a day and have had none for `after_ms`.
async fn silent(
    queries: &dyn MetricQueries,
    query: &str,
    after_ms: i64,
    now_ms: i64,
) -> Result<Vec<QuerySeries>, StoreError> {
    let range = (now_ms - MISSED_MS, now_ms);
    let found = queries
        .range(query, range, MISSED_MS / MISSED_STEPS)
        .await?;
    let newest = queries
        .range(
            query,
            (now_ms - after_ms, now_ms),
            (after_ms / 10).max(1000),
        )
        .await?;
    let lives = |one: &QuerySeries| newest.iter().any(|other| other.labels == one.labels);
    Ok(found.into_iter().filter(|one| !lives(one)).collect())
}

fn judge(
    rule: &Arc<CompiledRule>,
    series: &[QuerySeries],
    now_ms: i64,
) -> Result<Vec<Signal>, String> {
    let mut holding = Vec::new();
    for one in series {
        let Some(sample) = one.samples.last().filter(|sample| !is_stale(sample.value)) else {
            continue;
        };
        if holds(rule, one, sample.value)? {
            holding.push(signal(rule, one, sample.value, now_ms));
        }
    }
    Ok(holding)
}

/// Whether a rule holds for a series with a value.
///
/// # Errors
/// What of its condition cannot be computed.
pub(super) fn holds(rule: &CompiledRule, series: &QuerySeries, value: f64) -> Result<bool, String> {
    let Some(condition) = &rule.condition else {
        return Ok(true);
    };
    let mut facts = Facts::default();
    facts.labels(pairs(series));
    if matches!(rule.rule.trigger, RuleTrigger::Metric { .. }) {
        facts.number("value", value);
    }
    condition.holds_whole(&facts)
}

pub(super) fn signal(
    rule: &Arc<CompiledRule>,
    series: &QuerySeries,
    value: f64,
    at_ms: i64,
) -> Signal {
    let labels = rule.labels_of_series(pairs(series));
    let (query, is_silent) = match &rule.rule.trigger {
        RuleTrigger::Metric { query } => (query.clone(), false),
        RuleTrigger::NoData { query, .. } => (query.clone(), true),
        _ => (String::new(), false),
    };
    let otherwise = || {
        let name = rule.rule.id.replace(['_', '-'], " ");
        let groups = labels
            .iter()
            .filter(|(name, _)| *name != "alertname")
            .map(|(_, v)| v);
        let groups: Vec<&str> = groups.take(3).collect();
        if is_silent {
            format!("{name}: no data of {}", groups.join(", "))
        } else {
            format!("{name}: {value} for {}", groups.join(", "))
        }
    };
    Signal {
        kind: AlertKind::Realtime,
        severity: match rule.rule.severity {
            RuleSeverity::Fixed(severity) => severity,
            RuleSeverity::Auto => AlertSeverity::Medium,
        },
        confidence: 1.0,
        failure_type: is_silent.then(|| "no_data".to_owned()),
        title: rule.title(&labels, Some(value), otherwise),
        annotations: rule.rule.annotations.clone(),
        evidence: vec![Evidence::Metric {
            query,
            from_ms: at_ms - 3_600_000,
            to_ms: at_ms,
            value,
        }],
        at_ms,
        what: What::Began,
        trace: None,
        labels,
        rule: rule.clone(),
    }
}

fn pairs(series: &QuerySeries) -> impl Iterator<Item = (&str, &str)> {
    series
        .labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}
