//! States of objects: descriptions, YAML and JSON.

use std::collections::BTreeMap;

use crate::fields::{Field, Names, plain_key};
use crate::form::{Form, Reading};
use crate::json_log;
use crate::rules::{Role, Rules, Severity};
use crate::subject::Subjects;

use super::{Observation, Origin};

/// Keys whose values are states or reasons.
const STATES: [&str; 26] = [
    "reason",
    "message",
    "status",
    "state",
    "phase",
    "exitcode",
    "lastexitcode",
    "error",
    "err",
    "lasterror",
    "errors",
    "errormessage",
    "exception",
    "failure",
    "failurereason",
    "failuremessage",
    "result",
    "health",
    "healthstatus",
    "conclusion",
    "outcome",
    "connectionstatus",
    "syncstatus",
    "laststate",
    "active",
    "warning",
];
/// From how many messages behind on a consumer is said to lag.
const LAG_MIN: u64 = 1_000;
/// Under these keys stands what people wrote, not what is.
const WRITTEN: [&str; 12] = [
    "args",
    "command",
    "annotations",
    "labels",
    "environment",
    "env",
    "volumes",
    "tolerations",
    "mounts",
    "template",
    "managedfields",
    "lastappliedconfiguration",
];
/// Values of a state that mean a fault.
const BAD: [&str; 30] = [
    "failed",
    "failure",
    "error",
    "errored",
    "crashed",
    "down",
    "unhealthy",
    "degraded",
    "offline",
    "stopped",
    "dead",
    "lost",
    "unknown",
    "notready",
    "not ready",
    "critical",
    "unreachable",
    "disconnected",
    "red",
    "expired",
    "rejected",
    "aborted",
    "broken",
    "stale",
    "missing",
    "outofsync",
    "inactive",
    "terminating",
    "timeout",
    "no_quorum",
];
/// Words within states that mean a fault: `storage-full`, `incompatible-network`.
const BAD_WORDS: [&str; 8] = [
    "full",
    "incompatible",
    "impaired",
    "stopped",
    "unavailable",
    "exceeded",
    "denied",
    "blocked",
];
/// What should be true.
const GOOD_FLAGS: [&str; 16] = [
    "running",
    "ready",
    "healthy",
    "available",
    "up",
    "ok",
    "connected",
    "alive",
    "synced",
    "success",
    "succeeded",
    "insync",
    "reachable",
    "online",
    "isready",
    "passing",
];
/// Parts of names of what should be false.
const BAD_FLAGS: [&str; 16] = [
    "partition",
    "alarm",
    "degraded",
    "splitbrain",
    "unreachable",
    "pressure",
    "expired",
    "oomkilled",
    "evicted",
    "corrupt",
    "deadlock",
    "throttled",
    "blocked",
    "dead",
    "crashed",
    "unschedulable",
];

/// What the fields of a reading say.
pub(super) fn observe<'r>(
    reading: &Reading,
    subjects: &Subjects,
    rules: &'r Rules,
    is_alert: bool,
) -> Vec<Observation<'r>> {
    if !matches!(reading.form, Form::Outline | Form::Json) {
        return Vec::new();
    }
    let names = Names::of(&reading.fields);
    let mut all = Vec::new();
    for field in &reading.fields {
        if field
            .path
            .iter()
            .any(|part| WRITTEN.contains(&plain_key(part).as_str()))
            && !is_alert
        {
            continue;
        }
        // What is read as a line of a log is not read twice.
        if !reading.log.is_empty() && json_log::is_line(field) {
            continue;
        }
        let observation = of_field(field, rules, is_alert);
        all.extend(
            observation.map(|observation| observation.about(subjects.around(field, &names))),
        );
    }
    all.extend(
        conditions(&reading.fields)
            .into_iter()
            .map(|(observation, field)| observation.about(subjects.around(field, &names))),
    );
    all
}

fn of_field<'r>(field: &Field, rules: &'r Rules, is_alert: bool) -> Option<Observation<'r>> {
    let key = field.plain_key();
    let value = field.value.trim();
    // Rows of the tables within descriptions are read as rows.
    if matches!(field.path.as_slice(), [only] if only == "Events" || only == "Conditions") {
        return None;
    }
    if value.is_empty() || matches!(value, "null" | "<none>" | "<nil>" | "none" | "{}" | "[]") {
        return None;
    }
    let line = format!("{}: {value}", field.key());
    let is_state = STATES.contains(&key.as_str())
        || ["status", "state", "health", "phase"]
            .iter()
            .any(|end| key.ends_with(end));
    let is_text = value.len() > 20 && value.contains(' ');
    let is_flag = matches!(value.to_lowercase().as_str(), "true" | "false");
    if (is_state || is_flag || is_text || key == "active")
        && !is_condition(field)
        && let Some(observation) = Observation::by_rule(
            rules,
            &line,
            field.place,
            if is_state {
                Origin::State
            } else {
                Origin::Text
            },
        )
        && (is_state || is_flag || observation.role == Role::Cause)
    {
        return Some(observation);
    }
    if is_alert {
        return None;
    }
    // The exit code beside it says more.
    if key == "reason" && value == "Error" {
        return None;
    }
    flag(field, &key, &value.to_lowercase())
        .or_else(|| counted(field, &key))
        .or_else(|| {
            let is_bad = is_state && is_bad_value(value) && !is_condition(field);
            let is_error = matches!(
                key.as_str(),
                "error" | "err" | "lasterror" | "exception" | "errormessage" | "failurereason"
            ) && !is_flag
                && value.contains(char::is_alphabetic);
            let text = if is_bad {
                format!("its {} is `{value}`", field.key().to_lowercase())
            } else {
                "an error is stated".to_owned()
            };
            (is_bad || is_error).then(|| {
                let role = if is_error { Role::Error } else { Role::Symptom };
                Observation::plain(role, Origin::State, &text, &line, field.place)
                    .rated(Severity::High)
            })
        })
}

/// Whether a state means a fault, by one of its words; a sentence is no state.
fn is_bad_value(value: &str) -> bool {
    let lower = value.to_lowercase();
    let words = || {
        lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
    };
    BAD.contains(&lower.as_str())
        || words().count() <= 3
            && words().any(|word| BAD.contains(&word) || BAD_WORDS.contains(&word))
}

/// A flag that is not as it should be.
fn flag<'r>(field: &Field, key: &str, value: &str) -> Option<Observation<'r>> {
    let is_good = GOOD_FLAGS.contains(&key);
    let is_bad = BAD_FLAGS.iter().any(|part| key.contains(part));
    let text = match (value, is_good, is_bad) {
        ("false", true, _) => format!("it is not {}", field.key().to_lowercase()),
        ("true", false, true) => format!("`{}` is true", field.key()),
        _ => return None,
    };
    let role = if is_bad { Role::Error } else { Role::Symptom };
    let line = format!("{}: {}", field.key(), field.value);
    Some(Observation::plain(role, Origin::State, &text, &line, field.place).rated(Severity::High))
}

/// Numbers that say that something failed: restarts, pods that failed, replicas that are not available.
fn counted<'r>(field: &Field, key: &str) -> Option<Observation<'r>> {
    let number_before = |word: &str| {
        let at = field.value.find(word)?;
        field
            .value
            .get(..at)?
            .split(|c: char| !c.is_ascii_digit())
            .rfind(|part| !part.is_empty())?
            .parse::<u64>()
            .ok()
    };
    let line = format!("{}: {}", field.key(), field.value);
    let plain = |role, severity, text: &str| {
        Some(Observation::plain(role, Origin::State, text, &line, field.place).rated(severity))
    };
    match key {
        key if key.ends_with("lag") && field.value.parse::<u64>().ok()? >= LAG_MIN => plain(
            Role::Error,
            Severity::High,
            "its consumers do not keep up: messages wait (lag)",
        ),
        "restartcount" | "restarts" | "nrestarts" => match field.value.parse::<u64>().ok()? {
            0 => None,
            1..5 => plain(Role::Symptom, Severity::Low, "it was restarted"),
            _ => plain(
                Role::Symptom,
                Severity::Medium,
                "it was restarted many times",
            ),
        },
        "podsstatuses" if number_before(" Failed")? > 0 => plain(
            Role::Error,
            Severity::High,
            "the job failed to complete: pods of it failed",
        ),
        "replicas" if number_before(" unavailable").is_some_and(|n| n > 0) => plain(
            Role::Symptom,
            Severity::High,
            "not all of its replicas are available",
        ),
        "failed" if field.is_under("status") && field.value.parse::<u64>().ok()? > 0 => plain(
            Role::Error,
            Severity::High,
            "it failed to complete: pods of it failed",
        ),
        "unavailablereplicas" if field.value.parse::<u64>().ok()? > 0 => plain(
            Role::Symptom,
            Severity::High,
            "not all of its replicas are available",
        ),
        _ => None,
    }
}

/// Whether a field is part of a condition, which is judged as a whole.
fn is_condition(field: &Field) -> bool {
    field.is_under("conditions")
}

/// Conditions that are not as they should be, of lists with `type` and `status`.
fn conditions<'r>(fields: &[Field]) -> Vec<(Observation<'r>, &Field)> {
    let mut parts: BTreeMap<&[String], Vec<&Field>> = BTreeMap::new();
    for field in fields.iter().filter(|field| is_condition(field)) {
        if let Some((_, owner)) = field.path.split_last() {
            parts.entry(owner).or_default().push(field);
        }
    }
    let mut all = Vec::new();
    for of_condition in parts.values() {
        let part = |key: &str| {
            of_condition
                .iter()
                .copied()
                .find(|field| field.plain_key() == key)
        };
        let (Some(kind), Some(status)) = (part("type"), part("status")) else {
            continue;
        };
        let reason = part("reason").map_or("", |field| field.value.as_str());
        let Some(text) = condition(&kind.value, &status.value, reason) else {
            continue;
        };
        let message = part("message").map_or(reason, |field| field.value.as_str());
        let quote = format!("{}: {} {message}", kind.value, status.value);
        let mut seen =
            Observation::plain(Role::Symptom, Origin::State, &text, &quote, status.place)
                .rated(Severity::Medium);
        seen.places.insert(0, kind.place);
        seen.places
            .extend(part("message").or(part("reason")).map(|field| field.place));
        all.push((seen, kind));
    }
    all
}

/// What a condition says that is not as it should be.
pub(super) fn condition(kind: &str, status: &str, reason: &str) -> Option<String> {
    let lower = kind.to_lowercase();
    let is_bad_when_true = BAD_FLAGS.iter().any(|part| lower.contains(part))
        || [
            "networkunavailable",
            "replicafailure",
            "failed",
            "stalled",
            "outofdisk",
        ]
        .contains(&lower.as_str());
    let is_ended = ["PodCompleted", "Completed", "SucceededTerminal"].contains(&reason);
    match (status.to_lowercase().as_str(), is_bad_when_true) {
        ("true", true) => Some(format!("its condition `{kind}` holds")),
        ("false" | "unknown", false)
            if !is_ended && !["suspended", "complete", "succeeded"].contains(&lower.as_str()) =>
        {
            Some(format!("its condition `{kind}` does not hold"))
        }
        _ => None,
    }
}
