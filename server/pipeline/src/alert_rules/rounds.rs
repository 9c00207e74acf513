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
/// Why a rule on missing data is not judged.
const UNREAD: &str = "points that came in are not read yet, so that none is known to be missing";

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
    /// Whether it does not hold for all others.
    pub is_whole: bool,
}

/// Looks at all rules on metrics once. While points wait unread, what does not come says nothing:
/// no rule on missing data can be judged then, and no other is found not to hold.
///
/// # Errors
/// [`StoreError`] if the store cannot be asked at all; a rule whose query is at fault says so in its
/// round.
pub async fn look(
    set: &RuleSet,
    queries: &dyn MetricQueries,
    (now_ms, is_deaf): (i64, bool),
) -> Result<Vec<Round>, StoreError> {
    let mut rounds = Vec::new();
    for rule in set.enabled() {
        let found = match &rule.rule.trigger {
            RuleTrigger::Metric { query } => queries.range(query, (now_ms, now_ms), 1000).await,
            RuleTrigger::NoData { .. } if is_deaf => Err(StoreError::Invalid(UNREAD.to_owned())),
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
            is_whole: !is_deaf,
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

#[cfg(test)]
mod tests {
    use super::super::evaluate::Evaluator;
    use super::super::file;
    use super::*;
    use async_trait::async_trait;
    use tocsin_domain::metric::Sample;

    /// A series that has not come for an hour, or comes.
    struct Store {
        newest_ms: i64,
    }

    #[async_trait]
    impl MetricQueries for Store {
        async fn range(
            &self,
            _: &str,
            (from_ms, to_ms): (i64, i64),
            _: i64,
        ) -> Result<Vec<QuerySeries>, StoreError> {
            // A point is found for five minutes.
            let is_found = self.newest_ms + 300_000 >= from_ms && self.newest_ms <= to_ms;
            let series = QuerySeries {
                labels: vec![("host".into(), "a".into())],
                samples: vec![Sample {
                    at_ms: self.newest_ms,
                    value: 99.0,
                }],
            };
            Ok(is_found.then_some(series).into_iter().collect())
        }
    }

    const RULES: &str = "alerts:
- { id: gone, on: no_data, query: up, after: 10m, severity: high }
- { id: hot, on: metric, query: heat, when: value > 90, severity: high }
";

    #[tokio::test]
    async fn while_points_wait_unread_nothing_is_missed_and_nothing_is_over() {
        let rules = file::parse(RULES).unwrap().into_iter();
        let set = RuleSet::new(rules.map(|rule| Arc::new(CompiledRule::new(rule).unwrap())));
        let mut evaluator = Evaluator::default();
        let mut told = Vec::new();
        let hour = 3_600_000;
        for (now_ms, newest_ms, is_deaf) in [
            (hour, hour, false),
            // What comes in waits: what is there is an hour old.
            (2 * hour, hour, true),
            // It was read, and nothing had been wrong.
            (2 * hour + 60_000, 2 * hour, false),
            // It does not come any more.
            (3 * hour, 2 * hour, false),
        ] {
            let store = Store { newest_ms };
            for round in look(&set, &store, (now_ms, is_deaf)).await.unwrap() {
                let id = round.rule.rule.id.clone();
                let Ok(holding) = round.holding else {
                    told.push((now_ms / 60_000, id, None));
                    continue;
                };
                let signals = match round.is_whole {
                    true => evaluator.round(&round.rule, holding, now_ms),
                    false => evaluator.holding(&round.rule, holding, now_ms),
                };
                let signals = signals.into_iter().map(|one| Some(one.what));
                told.extend(signals.map(|what| (now_ms / 60_000, id.clone(), what)));
            }
        }
        let expected = [
            (60, "hot", Some(What::Began)),
            (120, "gone", None),
            (180, "gone", Some(What::Began)),
            (180, "hot", Some(What::Ended)),
        ];
        assert_eq!(told, expected.map(|(at, id, what)| (at, id.into(), what)));
    }
}
