//! Alerts as Prometheus, Alertmanager and their like write them down.

use crate::fields::Field;
use crate::form::Reading;
use crate::rules::{Role, Rules, Severity};
use crate::subject::Subject;

use super::{Observation, Origin};

/// The alert that a document describes, if it describes one.
pub(super) fn observe<'r>(reading: &Reading, rules: &'r Rules) -> Option<Observation<'r>> {
    let first = |keys: &[&str]| {
        keys.iter().find_map(|key| {
            reading
                .fields
                .iter()
                .find(|field| field.plain_key() == *key && !is_empty(&field.value))
        })
    };
    let name = first(&["alertname", "aggregationkey"])?;
    let said = |field: &&Field| field.is_under("annotations");
    let description = reading
        .fields
        .iter()
        .find(|field| field.plain_key() == "description" && said(field) && !is_empty(&field.value))
        .or_else(|| first(&["description", "summary", "title", "message"]));
    let started = first(&["startsat", "startedat", "activeat", "starttime"]);
    let subject = first(&[
        "subjectname",
        "pod",
        "deployment",
        "job",
        "instance",
        "node",
    ])
    .filter(|field| field.plain_key() == "subjectname")
    .map(|field| Subject {
        name: field.value.clone(),
        ..Subject::default()
    });
    let known = rules
        .say(&format!("alertname: {}", name.value))
        .or_else(|| {
            description.and_then(|field| {
                rules
                    .say(&field.value)
                    .filter(|said| said.rule.role == Role::Normal)
            })
        });
    let since = started
        .map(|field| format!(", since {}", field.value))
        .unwrap_or_default();
    let text = match &known {
        Some(said) => format!("of the alert `{}`{since}: {}", name.value, said.text),
        None => format!("the alert `{}` fires{since}", name.value),
    };
    let quote = description.map_or("", |field| field.value.as_str());
    let mut observation = Observation::plain(Role::Error, Origin::Alert, &text, quote, name.place)
        .about(subject)
        .rated(Severity::Medium);
    if let Some(said) = &known {
        observation.rule = Some(said.rule);
        observation.role = said.rule.role;
    }
    let more = [description, started]
        .into_iter()
        .flatten()
        .map(|field| field.place);
    observation.places.extend(more);
    observation.places.dedup();
    Some(observation)
}

fn is_empty(value: &str) -> bool {
    value.trim().is_empty() || value == "null" || value == "{}"
}
