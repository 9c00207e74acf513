//! Automation rules as people would write them: rules in, YAML out. What [`super::file`] reads of it
//! is the rule, but for its version.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;
use tocsin_domain::automation::{
    ActionTemplate, ApprovalNeed, ApprovalPolicy, ApprovalStage, AutomationMatch, AutomationRule,
    Param, Params, RateLimit, Risk, Throttle, VerifyRule,
};

use super::entry::{
    ActionEntry, ApprovalEntry, Entry, FailureEntry, LimitEntry, MatchEntry, MetricEntry, Required,
    RiskEntry, Span, StageEntry, SuccessEntry, Texts, ThrottleEntry, VerifyEntry,
};

/// A rule in YAML, by itself. What is as usual is left out.
pub(super) fn write(rule: &AutomationRule) -> String {
    // An entry has nothing that YAML cannot say: its names are texts and its values plain.
    serde_yaml_ng::to_string(&entry(rule)).unwrap_or_default()
}

fn entry(rule: &AutomationRule) -> Entry {
    Entry {
        id: Some(rule.id.clone()),
        name: (rule.name != rule.id).then(|| rule.name.clone()),
        enabled: rule.is_enabled,
        matches: matches(&rule.matches),
        action: action(&rule.action),
        targets: Texts(rule.targets.clone()),
        cooldown: Span(rule.cooldown_secs),
        group_by: Texts(rule.group_by.clone()),
        throttle: rule.throttle.map(throttle),
        dry_run: rule.is_dry_run,
        approval: approval(&rule.approval),
        verify: rule.verify.as_ref().map(verify),
        on_success: SuccessEntry {
            resolve: rule.resolves_alert,
        },
        on_failure: FailureEntry {
            rollback: rule.on_failure.rolls_back,
            escalate: rule
                .on_failure
                .escalates_to
                .map(|severity| severity.name().to_owned()),
        },
        rollback: rule.rollback.as_ref().map(action),
        risk: risk(&rule.risk),
        timeout: (rule.timeout_secs != AutomationRule::TIMEOUT_SECS)
            .then_some(Span(rule.timeout_secs)),
        limit: rule.limit.map(limit),
        max_targets: rule.targets_max,
    }
}

fn matches(matches: &AutomationMatch) -> MatchEntry {
    let severities = matches.severities.iter().map(|one| one.name().to_owned());
    let kinds = matches.kinds.iter().map(|one| one.name().to_owned());
    let labels = matches.labels.iter();
    MatchEntry {
        failure_type: Texts(matches.failure_types.clone()),
        severity: Texts(severities.collect()),
        kind: Texts(kinds.collect()),
        labels: labels
            .map(|(name, values)| (name.clone(), Texts(values.clone())))
            .collect(),
        min_confidence: matches.confidence_min,
        when: matches.condition.clone(),
    }
}

fn action(action: &ActionTemplate) -> ActionEntry {
    ActionEntry {
        provider: action.provider.clone(),
        base_url: action.base_url.clone(),
        params: values(&action.params),
    }
}

fn values<T: FromIterator<(K, Value)>, K: From<String>>(params: &Params) -> T {
    let values = params.iter();
    values
        .map(|(name, value_of)| (name.clone().into(), value(value_of)))
        .collect()
}

fn value(param: &Param) -> Value {
    match param {
        Param::Null => Value::Null,
        Param::Bool(truth) => Value::Bool(*truth),
        Param::Int(number) => Value::Number((*number).into()),
        Param::Number(number) => Value::Number((*number).into()),
        Param::Text(text) => Value::String(text.clone()),
        Param::List(values) => Value::Sequence(values.iter().map(value).collect()),
        Param::Map(params) => Value::Mapping(values::<_, Value>(params)),
    }
}

fn throttle(throttle: Throttle) -> ThrottleEntry {
    let mut entry = ThrottleEntry {
        once_within: None,
        once_after: None,
        accumulate_within: None,
        threshold: None,
    };
    match throttle {
        Throttle::OnceWithin(secs) => entry.once_within = Some(Span(secs)),
        Throttle::OnceAfter(secs) => entry.once_after = Some(Span(secs)),
        Throttle::AccumulateWithin { secs, threshold } => {
            entry.accumulate_within = Some(Span(secs));
            entry.threshold = Some(threshold);
        }
    }
    entry
}

fn approval(policy: &ApprovalPolicy) -> ApprovalEntry {
    let (approvers, stages) = match policy.stages.as_slice() {
        [only] if only.count == 1 => (only.approvers.clone(), Vec::new()),
        stages => (Vec::new(), stages.iter().map(stage).collect()),
    };
    ApprovalEntry {
        required: match &policy.need {
            ApprovalNeed::Always => Required::Always,
            ApprovalNeed::Never => Required::Never,
            ApprovalNeed::When(condition) => Required::When(condition.clone()),
        },
        approvers: Texts(approvers),
        stages,
        expires_after: Some(Span(policy.expires_secs)),
        two_person: policy.is_two_person,
    }
}

fn stage(stage: &ApprovalStage) -> StageEntry {
    StageEntry {
        approvers: Texts(stage.approvers.clone()),
        count: stage.count,
    }
}

fn verify(verify: &VerifyRule) -> VerifyEntry {
    let metrics = verify.metrics.iter().map(|(name, metric)| {
        let entry = MetricEntry {
            query: metric.query.clone(),
            labels: Texts(metric.labels.clone()),
        };
        (name.clone(), entry)
    });
    let templates = verify.templates.iter();
    VerifyEntry {
        after: Span(verify.after_secs),
        timeout: Some(Span(verify.timeout_secs)),
        expect: verify.expect.clone(),
        metrics: metrics.collect::<BTreeMap<_, _>>(),
        templates: templates
            .map(|(name, id)| (name.clone(), id.to_string()))
            .collect(),
    }
}

fn risk(risk: &Risk) -> RiskEntry {
    RiskEntry {
        level: Some(risk.level.name().to_owned()),
        reasons: Texts(risk.reasons.clone()),
    }
}

fn limit(limit: RateLimit) -> LimitEntry {
    LimitEntry {
        runs: limit.runs_max,
        within: Span(limit.window_secs),
    }
}

#[cfg(test)]
#[path = "writing_tests.rs"]
mod tests;
