//! Automation rules as people write them: YAML in, checked rules out. Whatever is wrong is said with
//! its line, its field and what was expected.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Deserialize;
use serde_yaml_ng::Value;
use tocsin_domain::alert::{AlertKind, AlertSeverity};
use tocsin_domain::automation::{
    ActionTemplate, ApprovalNeed, ApprovalPolicy, ApprovalStage, AutomationMatch, AutomationRule,
    AutomationRuleError, FailurePolicy, Param, Params, RateLimit, Risk, RiskLevel, Throttle,
    VerifyMetric, VerifyRule,
};

use super::entry::{
    ActionEntry, ApprovalEntry, Entry, MatchEntry, Required, Span, Texts, ThrottleEntry,
    VerifyEntry,
};
use super::matching::Compiled;
use super::render::Renderer;

/// A file that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationFileError {
    /// The line, from 1; none: it is not known.
    pub line: Option<usize>,
    /// What is wrong with which field of which rule, and what was expected.
    pub detail: String,
}

impl fmt::Display for AutomationFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

impl std::error::Error for AutomationFileError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(alias = "rules")]
    automations: Vec<Entry>,
}

/// Reads the rules of a file: a list under `automations` or `rules`, or a list.
///
/// # Errors
/// [`AutomationFileError`].
pub fn parse(text: &str) -> Result<Vec<AutomationRule>, AutomationFileError> {
    parse_with(text, |_| Ok(()))
}

/// The same, with what else must hold for each rule.
pub(super) fn parse_with(
    text: &str,
    check: impl Fn(&Compiled) -> Result<(), AutomationRuleError>,
) -> Result<Vec<AutomationRule>, AutomationFileError> {
    let renderer = Renderer::default();
    let mut ids = HashSet::new();
    let mut rules = Vec::new();
    for (at, entry) in entries(text)?.into_iter().enumerate() {
        let at_fault = at_fault(text, Some(at));
        let rule = rule(entry).map_err(&at_fault)?;
        let compiled = Compiled::new(&rule, &renderer).map_err(&at_fault)?;
        check(&compiled).map_err(&at_fault)?;
        if !ids.insert(rule.id.clone()) {
            let expected = "expected one that no other rule has";
            return Err(at_fault(wrong(&rule.id, "id", expected)));
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// Reads one rule: by itself, or as the only one of a file. One that does not say its id has this.
///
/// # Errors
/// [`AutomationFileError`].
pub(super) fn parse_one(
    text: &str,
    id: Option<&str>,
) -> Result<AutomationRule, AutomationFileError> {
    let is_alone = match serde_yaml_ng::from_str(text) {
        Ok(Value::Mapping(names)) => !["automations", "rules"]
            .iter()
            .any(|list| names.contains_key(*list)),
        _ => false,
    };
    let (mut entry, at) = if is_alone {
        (read::<Entry>(text, is_alone)?, None)
    } else {
        let mut entries = entries(text)?;
        let entry = entries.pop().filter(|_| entries.is_empty());
        let one = entry.ok_or_else(|| AutomationFileError {
            line: None,
            detail: "expected one rule".into(),
        })?;
        (one, Some(0))
    };
    entry.id = entry.id.or_else(|| id.map(str::to_owned));
    let rule = rule(entry).map_err(at_fault(text, at))?;
    Compiled::new(&rule, &Renderer::default()).map_err(at_fault(text, at))?;
    Ok(rule)
}

fn entries(text: &str) -> Result<Vec<Entry>, AutomationFileError> {
    let is_list = matches!(serde_yaml_ng::from_str(text), Ok(Value::Sequence(_)));
    if is_list {
        return read(text, false);
    }
    Ok(read::<File>(text, false)?.automations)
}

/// Says where in a text the fault of the rule at a place is; none: the rule is the whole text.
fn at_fault(
    text: &str,
    at: Option<usize>,
) -> impl Fn(AutomationRuleError) -> AutomationFileError + '_ {
    move |error| AutomationFileError {
        line: line_of(text, at, &error.field),
        detail: error.to_string(),
    }
}

/// Reads a file, or a rule that is alone; what cannot be is said with the field that it was found in.
fn read<T: serde::de::DeserializeOwned>(
    text: &str,
    is_alone: bool,
) -> Result<T, AutomationFileError> {
    let read = serde_path_to_error::deserialize(serde_yaml_ng::Deserializer::from_str(text));
    read.map_err(|error| {
        let path = error.path().to_string();
        let place = path
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'));
        let field = match place {
            _ if is_alone => line_of(text, None, &path),
            Some((at, field)) => at
                .parse()
                .ok()
                .and_then(|at| line_of(text, Some(at), field.trim_start_matches('.'))),
            None => None,
        };
        let said = error.inner().location().map(|place| place.line());
        AutomationFileError {
            line: field.or(said),
            detail: format!("`{path}`: {}", error.inner()),
        }
    })
}

/// The line of a field of the rule at a place, from 1, or of the rule if the field is not found. A
/// rule without a place is the whole text.
fn line_of(text: &str, at: Option<usize>, field: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let (first, end) = match at {
        Some(at) => item(&lines, at)?,
        None => (0, lines.len()),
    };
    let mut found = first;
    // Each part of `verify.expect` is looked for below the one before it.
    for part in field
        .split('.')
        .map(|part| part.split('[').next().unwrap_or(part))
    {
        let names = |line: &&str| {
            let line = line.trim_start().trim_start_matches("- ").trim_start();
            let rest = line.strip_prefix('"').unwrap_or(line).strip_prefix(part);
            rest.is_some_and(|rest| rest.starts_with(':') || rest.starts_with("\":"))
                || line.contains(&format!("{{ {part}:"))
                || line.contains(&format!("{{{part}:"))
                || line.contains(&format!(", {part}:"))
        };
        let below = lines.get(found..end)?;
        match below.iter().position(names) {
            Some(offset) => found += offset,
            None => break,
        }
    }
    Some(found + 1)
}

/// The lines of the rule at a place of a list: its first, and the one after its last.
fn item(lines: &[&str], at: usize) -> Option<(usize, usize)> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_item = |line: &str| line.trim_start().starts_with("- ") || line.trim() == "-";
    let of_list = indent(lines.iter().find(|line| is_item(line))?);
    let mut items = (0..lines.len())
        .filter(|&line| is_item(lines[line]) && indent(lines[line]) == of_list)
        .skip(at);
    let first = items.next()?;
    Some((first, items.next().unwrap_or(lines.len())))
}

fn wrong(rule: &str, field: &str, expected: &str) -> AutomationRuleError {
    AutomationRuleError {
        rule: rule.to_owned(),
        field: field.to_owned(),
        expected: expected.to_owned(),
    }
}

/// A rule's own name, or one made of what it is about.
fn id_of(entry: &Entry) -> String {
    let about = entry.matches.failure_type.0.join("-");
    let made = || format!("{about}-{}", entry.action.provider);
    let text = entry.id.clone().or_else(|| {
        let slug = |name: &String| {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            name.to_ascii_lowercase().chars().map(plain).collect()
        };
        entry.name.as_ref().map(slug)
    });
    text.unwrap_or_else(made)
}

fn rule(entry: Entry) -> Result<AutomationRule, AutomationRuleError> {
    let id = id_of(&entry);
    let said = |(field, expected): (&str, String)| wrong(&id, field, &expected);
    let escalates_to = entry.on_failure.escalate.as_deref();
    let escalates_to = escalates_to.map(|name| severity(name, "on_failure.escalate"));
    let level = entry
        .risk
        .level
        .as_deref()
        .map_or(Ok(RiskLevel::Medium), |name| {
            let expected = || ("risk.level", "expected low, medium or high".to_owned());
            RiskLevel::from_name(name).ok_or_else(expected)
        });
    let mut reasons = entry.risk.reasons.0;
    if entry.risk.level.is_none() {
        reasons.push("the rule does not say how dangerous it is".to_owned());
    }
    let rollback = entry.rollback.map(|one| action(one, "rollback.params"));
    let rule = AutomationRule {
        name: entry.name.unwrap_or_else(|| id.clone()),
        is_enabled: entry.enabled,
        version: 1,
        matches: matches(entry.matches).map_err(said)?,
        action: action(entry.action, "action.params").map_err(said)?,
        rollback: rollback.transpose().map_err(said)?,
        targets: entry.targets.0,
        group_by: entry.group_by.0,
        cooldown_secs: entry.cooldown.0,
        throttle: entry.throttle.map(throttle).transpose().map_err(said)?,
        is_dry_run: entry.dry_run,
        approval: approval(entry.approval).map_err(said)?,
        verify: entry.verify.map(verify).transpose().map_err(said)?,
        resolves_alert: entry.on_success.resolve,
        on_failure: FailurePolicy {
            rolls_back: entry.on_failure.rollback,
            escalates_to: escalates_to.transpose().map_err(said)?,
        },
        risk: Risk {
            level: level.map_err(said)?,
            reasons,
        },
        timeout_secs: entry
            .timeout
            .map_or(AutomationRule::TIMEOUT_SECS, |span| span.0),
        limit: entry.limit.map(|limit| RateLimit {
            runs_max: limit.runs,
            window_secs: limit.within.0,
        }),
        targets_max: entry.max_targets,
        id: id.clone(),
    };
    rule.check()?;
    Ok(rule)
}

/// What is wrong: the field and what was expected.
type Wrong = (&'static str, String);

fn severity(name: &str, field: &'static str) -> Result<AlertSeverity, Wrong> {
    let expected = || (field, "expected critical, high, medium or low".to_owned());
    AlertSeverity::from_name(name).ok_or_else(expected)
}

fn matches(entry: MatchEntry) -> Result<AutomationMatch, Wrong> {
    let severities = entry.severity.0.iter();
    let severities = severities.map(|name| severity(name, "match.severity"));
    let kinds = entry.kind.0.iter().map(|name| {
        let expected = "expected realtime, anomaly or predictive".to_owned();
        AlertKind::from_name(name).ok_or(("match.kind", expected))
    });
    Ok(AutomationMatch {
        failure_types: entry.failure_type.0,
        severities: severities.collect::<Result<_, _>>()?,
        kinds: kinds.collect::<Result<_, _>>()?,
        labels: entry
            .labels
            .into_iter()
            .map(|(name, Texts(values))| (name, values))
            .collect(),
        confidence_min: entry.min_confidence,
        condition: entry.when,
    })
}

fn action(entry: ActionEntry, field: &'static str) -> Result<ActionTemplate, Wrong> {
    let params = entry.params.into_iter().map(|(name, value)| {
        let value = param(value).map_err(|why| (field, format!("`{name}`: {why}")))?;
        Ok((name, value))
    });
    Ok(ActionTemplate {
        provider: entry.provider,
        base_url: entry.base_url,
        params: params.collect::<Result<_, Wrong>>()?,
    })
}

/// A value of YAML as a parameter.
fn param(value: Value) -> Result<Param, String> {
    Ok(match value {
        Value::Null => Param::Null,
        Value::Bool(truth) => Param::Bool(truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Param::Int(number),
            (None, Some(number)) if number.is_finite() => Param::Number(number),
            _ => return Err("expected a finite number".into()),
        },
        Value::String(text) => Param::Text(text),
        Value::Sequence(values) => {
            Param::List(values.into_iter().map(param).collect::<Result<_, _>>()?)
        }
        Value::Mapping(values) => {
            let values = values.into_iter().map(|(name, value)| match name {
                Value::String(name) => Ok((name, param(value)?)),
                _ => Err("expected names that are texts".to_owned()),
            });
            Param::Map(values.collect::<Result<Params, _>>()?)
        }
        Value::Tagged(_) => return Err("expected a value without a tag".into()),
    })
}

fn throttle(entry: ThrottleEntry) -> Result<Throttle, Wrong> {
    let ThrottleEntry {
        once_within,
        once_after,
        accumulate_within,
        threshold,
    } = entry;
    match (once_within, once_after, accumulate_within, threshold) {
        (Some(Span(secs)), None, None, None) => Ok(Throttle::OnceWithin(secs)),
        (None, Some(Span(secs)), None, None) => Ok(Throttle::OnceAfter(secs)),
        (None, None, Some(Span(secs)), Some(threshold)) => {
            Ok(Throttle::AccumulateWithin { secs, threshold })
        }
        _ => {
            let expected = "expected `once_within`, or `once_after`, or `accumulate_within` with \
                `threshold`";
            Err(("throttle", expected.to_owned()))
        }
    }
}

fn approval(entry: ApprovalEntry) -> Result<ApprovalPolicy, Wrong> {
    let stages = match (entry.stages, entry.approvers.0) {
        (stages, approvers) if !stages.is_empty() && !approvers.is_empty() => {
            let expected = "expected either `approvers` or `stages`".to_owned();
            return Err(("approval.stages", expected));
        }
        (stages, _) if !stages.is_empty() => {
            let stage = |stage: super::entry::StageEntry| ApprovalStage {
                approvers: stage.approvers.0,
                count: stage.count,
            };
            stages.into_iter().map(stage).collect()
        }
        (_, approvers) => vec![ApprovalStage {
            approvers,
            count: 1,
        }],
    };
    let expires_secs = entry.expires_after;
    Ok(ApprovalPolicy {
        need: match entry.required {
            Required::Always => ApprovalNeed::Always,
            Required::Never => ApprovalNeed::Never,
            Required::When(condition) => ApprovalNeed::When(condition),
        },
        stages,
        expires_secs: expires_secs.map_or(AutomationRule::EXPIRES_SECS, |span| span.0),
        is_two_person: entry.two_person,
    })
}

fn verify(entry: VerifyEntry) -> Result<VerifyRule, Wrong> {
    /// How long help may take to be seen, unless the rule says, in seconds.
    const TIMEOUT_SECS: u32 = 300;
    let templates = entry.templates.into_iter().map(|(name, id)| {
        let expected = |_| ("verify.templates", format!("`{id}` is not a template's id"));
        Ok((name, id.parse().map_err(expected)?))
    });
    let metrics = entry.metrics.into_iter().map(|(name, metric)| {
        let query = metric.query;
        (
            name,
            VerifyMetric {
                query,
                labels: metric.labels.0,
            },
        )
    });
    Ok(VerifyRule {
        after_secs: entry.after.0,
        timeout_secs: entry.timeout.map_or(TIMEOUT_SECS, |span| span.0),
        expect: entry.expect,
        metrics: metrics.collect::<BTreeMap<_, _>>(),
        templates: templates.collect::<Result<_, Wrong>>()?,
    })
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
