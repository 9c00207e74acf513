//! Rules on findings: an anomaly or a prediction in, the signals of all rules that hold for it out.

use std::sync::Arc;

use tocsin_domain::alert::{
    AlertKind, AlertSeverity, Evidence, LabelSet, RuleSeverity, RuleTrigger,
};
use tocsin_domain::metric::{Anomaly, NAME_LABEL, Prediction};

use super::condition::Facts;
use super::set::{CompiledRule, RuleSet};
use super::signal::{Signal, What};

const HOUR_MS: f64 = 3_600_000.0;

/// What the rules of a set say of an anomaly that begins or goes on.
#[must_use]
pub fn of_anomaly(set: &RuleSet, anomaly: &Anomaly) -> Vec<Signal> {
    let mut facts = Facts::default();
    facts
        .text("detector", &anomaly.detector)
        .number("score", anomaly.score)
        .number("observed", anomaly.observed)
        .number("expected", anomaly.expected.yhat)
        .number("lower", anomaly.expected.yhat_lower)
        .number("upper", anomaly.expected.yhat_upper)
        .text("metric", anomaly.labels.get(NAME_LABEL))
        .labels(anomaly.labels.iter());
    let rules = holding(set, &RuleTrigger::Anomaly, &facts);
    let signal = |rule: Arc<CompiledRule>| {
        let labels = rule.labels_of_series(anomaly.labels.iter());
        Signal {
            kind: AlertKind::Anomaly,
            severity: match rule.rule.severity {
                RuleSeverity::Fixed(severity) => severity,
                RuleSeverity::Auto => by_score(anomaly.score),
            },
            confidence: anomaly.score,
            failure_type: None,
            title: rule.title(&labels, Some(anomaly.observed), || {
                departs(anomaly, &labels)
            }),
            annotations: rule.rule.annotations.clone(),
            evidence: vec![Evidence::Anomaly {
                id: anomaly.id,
                series: anomaly.series,
                explanation: anomaly.explanation.clone(),
            }],
            at_ms: anomaly.started_ms,
            what: What::Began,
            trace: None,
            labels,
            rule,
        }
    };
    rules.map(signal).collect()
}

/// What the rules of a set say of a prediction that is raised.
#[must_use]
pub fn of_prediction(set: &RuleSet, prediction: &Prediction) -> Vec<Signal> {
    let crossing = prediction
        .crossing_ms
        .map(|(_, median, _)| median - prediction.made_ms);
    let lead_hours = crossing.unwrap_or(prediction.horizon_ms) as f64 / HOUR_MS;
    let mut facts = Facts::default();
    facts
        .number("probability", prediction.probability)
        .number("lead_hours", lead_hours)
        .number("current", prediction.current)
        .number("threshold", prediction.threshold)
        .text("prediction", &prediction.rule)
        .labels(prediction.labels.iter());
    let rules = holding(set, &RuleTrigger::Predictive, &facts);
    let signal = |rule: Arc<CompiledRule>| {
        // Two predictions of the same series by other rules are two alerts.
        let series = prediction
            .labels
            .iter()
            .filter(|(name, _)| *name != NAME_LABEL);
        let series = series.chain([("prediction", prediction.rule.as_str())]);
        let labels = rule.labels_of_series(series);
        Signal {
            kind: AlertKind::Predictive,
            severity: match rule.rule.severity {
                RuleSeverity::Fixed(severity) => severity,
                RuleSeverity::Auto => by_lead(lead_hours),
            },
            confidence: prediction.probability,
            failure_type: None,
            title: rule.title(&labels, Some(prediction.current), || {
                foreseen(prediction, lead_hours)
            }),
            annotations: with_summary(&rule.rule.annotations, &prediction.explanation),
            evidence: vec![Evidence::Prediction {
                id: prediction.id,
                series: prediction.series,
                explanation: prediction.explanation.clone(),
            }],
            at_ms: prediction.made_ms,
            what: What::Began,
            trace: None,
            labels,
            rule,
        }
    };
    rules.map(signal).collect()
}

/// What is said of an anomaly, its series named by what the labels of the alert do not say already.
fn departs(anomaly: &Anomaly, labels: &LabelSet) -> String {
    let own = anomaly
        .labels
        .iter()
        .filter(|(name, value)| !matches!(*name, NAME_LABEL | "job") && labels.get(name) != *value);
    let own: Vec<String> = own
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    let name = anomaly.labels.get(NAME_LABEL);
    let series = if own.is_empty() {
        name.to_owned()
    } else {
        format!("{name}{{{}}}", own.join(","))
    };
    let whole = anomaly.labels.to_string();
    anomaly.explanation.replacen(&whole, &series, 1)
}

fn holding<'a>(
    set: &'a RuleSet,
    trigger: &'a RuleTrigger,
    facts: &'a Facts,
) -> impl Iterator<Item = Arc<CompiledRule>> + 'a {
    let of_kind = set
        .enabled()
        .filter(move |one| one.rule.trigger == *trigger);
    let holds = move |one: &&Arc<CompiledRule>| match &one.condition {
        None => true,
        Some(condition) => condition.holds_whole(facts).unwrap_or_else(|error| {
            tracing::warn!(
                rule = one.rule.id,
                error,
                "an alert rule cannot be computed"
            );
            false
        }),
    };
    of_kind.filter(holds).cloned()
}

/// An anomaly alone wakes nobody: it says that something is unusual, not that it is bad.
fn by_score(score: f64) -> AlertSeverity {
    if score >= 0.99 {
        AlertSeverity::Medium
    } else {
        AlertSeverity::Low
    }
}

fn by_lead(lead_hours: f64) -> AlertSeverity {
    match lead_hours {
        hours if hours < 6.0 => AlertSeverity::Critical,
        hours if hours < 48.0 => AlertSeverity::High,
        _ => AlertSeverity::Medium,
    }
}

fn foreseen(prediction: &Prediction, lead_hours: f64) -> String {
    let what = prediction.rule.replace('_', " ");
    let places = ["mountpoint", "path", "device", "pool", "host", "instance"];
    let place = places
        .iter()
        .map(|name| prediction.labels.get(name))
        .filter(|v| !v.is_empty());
    let place: Vec<&str> = place.take(2).collect();
    let lead = match lead_hours {
        hours if hours < 1.5 => format!("{:.0} minutes", hours * 60.0),
        hours if hours < 48.0 => format!("{hours:.0} hours"),
        hours => format!("{:.0} days", hours / 24.0),
    };
    let place = if place.is_empty() {
        String::new()
    } else {
        format!(": {}", place.join(" on "))
    };
    format!("{what} in {lead}{place}")
}

fn with_summary(annotations: &LabelSet, summary: &str) -> LabelSet {
    LabelSet::new(std::iter::once(("summary", summary)).chain(annotations.iter()))
}
