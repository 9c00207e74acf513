//! Things that do not fit each other: a selector and labels, a probe and a port, a policy that lets nothing out.

use crate::fields::{Field, plain_key};
use crate::form::{Form, Reading};
use crate::rules::{Role, Severity};
use crate::subject::{Subject, Subjects};

use super::{Observation, Origin};

/// What the readings say together.
pub(super) fn observe<'r>(readings: &[Reading]) -> Vec<Observation<'r>> {
    let mut all = Vec::new();
    for reading in readings
        .iter()
        .filter(|reading| matches!(reading.form, Form::Outline | Form::Json))
    {
        let subjects = Subjects::of(reading);
        all.extend(node_selector(reading, &subjects, readings));
        all.extend(closed_policy(reading, &subjects));
        all.extend(empty_endpoints(reading, &subjects));
        all.extend(service_selector(reading, &subjects, readings));
        all.extend(memory_limit(reading, &subjects));
    }
    all
}

fn observation<'r>(text: &str, field: &Field, subject: Option<Subject>) -> Observation<'r> {
    let quote = format!("{}: {}", field.key(), field.value);
    Observation::plain(Role::Cause, Origin::Link, text, &quote, field.place)
        .about(subject)
        .rated(Severity::High)
}

/// A pod that is pending asks for a label that no node of a table has.
fn node_selector<'r>(
    reading: &Reading,
    subjects: &Subjects,
    readings: &[Reading],
) -> Vec<Observation<'r>> {
    let is_pending = |field: &&Field| {
        matches!(field.plain_key().as_str(), "status" | "phase") && field.value == "Pending"
    };
    if !reading.fields.iter().any(|field| is_pending(&field)) {
        return Vec::new();
    }
    let nodes = readings
        .iter()
        .flat_map(|reading| &reading.tables)
        .filter(|table| table.column(&["LABELS"]).is_some() && table.column(&["ROLES"]).is_some());
    let labels: Vec<&str> = nodes
        .flat_map(|table| {
            table
                .rows
                .iter()
                .filter_map(|row| table.cell(row, &["LABELS"]))
        })
        .collect();
    let mut all = Vec::new();
    for field in selector_fields(reading, "nodeselector") {
        let Some(wanted) = selector(field) else {
            continue;
        };
        let has = |labels: &&str| labels.split(',').any(|label| label == wanted);
        if is_usual(&wanted) || labels.iter().any(has) {
            continue;
        }
        let known = if labels.is_empty() {
            ""
        } else {
            ", and none of the nodes has this label"
        };
        let text = format!(
            "it is pending because its nodeSelector requires a node with the label `{wanted}`{known}"
        );
        all.push(observation(&text, field, subjects.at(field.place.line)));
    }
    all
}

/// Selectors that every node fulfils.
fn is_usual(wanted: &str) -> bool {
    wanted.ends_with("kubernetes.io/os=linux")
}

fn selector_fields<'f>(reading: &'f Reading, key: &str) -> Vec<&'f Field> {
    let is_meant = |field: &&Field| {
        let parts: Vec<String> = field.path.iter().map(|part| plain_key(part)).collect();
        let last = parts.last().map_or("", String::as_str);
        let before = parts
            .len()
            .checked_sub(2)
            .and_then(|at| parts.get(at))
            .map_or("", String::as_str);
        let is_key = |part: &str| part.trim_end_matches('s') == key;
        (is_key(last) || is_key(before)) && !field.value.is_empty() && !field.value.starts_with('<')
    };
    reading.fields.iter().filter(is_meant).collect()
}

/// `key=value` of a description, or of `key: value`.
fn selector(field: &Field) -> Option<String> {
    if field.value.contains('=') {
        return Some(field.value.clone());
    }
    let key = field.key();
    let is_pair = !matches!(
        plain_key(key).as_str(),
        "nodeselector" | "nodeselectors" | "selector"
    );
    is_pair.then(|| format!("{key}={}", field.value))
}

/// A network policy that allows no traffic out or in.
fn closed_policy<'r>(reading: &Reading, subjects: &Subjects) -> Vec<Observation<'r>> {
    let is_policy = reading.section.about.to_lowercase().contains("netpol")
        || reading
            .section
            .about
            .to_lowercase()
            .contains("networkpolic")
        || reading
            .fields
            .iter()
            .any(|field| field.plain_key() == "kind" && field.value == "NetworkPolicy")
        || reading
            .fields
            .iter()
            .any(|field| field.plain_key() == "policytypes");
    if !is_policy {
        return Vec::new();
    }
    let mut all = Vec::new();
    let has = |key: &str| {
        reading.fields.iter().any(|field| {
            field.is_under(key) && field.key() != key && !field.is_under("policytypes")
        })
    };
    for field in &reading.fields {
        let key = field.plain_key();
        let value = field.value.to_lowercase();
        let says_none = key.starts_with("allowingegress") || key.starts_with("allowingingress");
        let is_isolating = (says_none && value.is_empty())
            || value.contains("isolating pods for egress")
            || value.contains("isolating pods for ingress")
            || (says_none && value.starts_with("<none>"));
        let is_listed = field.is_under("policytypes")
            && (value == "egress" && !has("egress") || value == "ingress" && !has("ingress"));
        if (is_isolating && !says_none) || (says_none && value.starts_with("<none>")) || is_listed {
            let way = if key.contains("egress") || value.contains("egress") {
                "out of the pods (egress), that to DNS included"
            } else {
                "into the pods (ingress)"
            };
            let name = reading
                .fields
                .iter()
                .find(|field| plain_key(field.key()) == "name" && field.path.len() <= 2);
            let subject = name.map(|name| Subject {
                kind: "network policy".into(),
                name: name.value.clone(),
                namespace: None,
            });
            let text = format!(
                "this network policy allows no traffic {way}, so that it may be the root cause where names cannot be resolved or connections fail"
            );
            let mut seen = observation(&text, field, None);
            seen.groups = subject
                .into_iter()
                .map(|subject| ("name".to_owned(), subject.name))
                .collect();
            let named = seen.groups.first().map(|(_, name)| name.clone());
            if let Some(name) = named {
                seen.text = seen.text.replacen(
                    "this network policy",
                    &format!("the network policy `{name}`"),
                    1,
                );
                seen.places.extend(
                    reading
                        .fields
                        .iter()
                        .find(|field| field.value == name)
                        .map(|field| field.place),
                );
            } else if let Some(subject) = subjects.at(field.place.line) {
                seen.text = seen.text.replacen(
                    "this network policy",
                    &format!("the network policy `{}`", subject.name),
                    1,
                );
            }
            all.push(seen);
            break;
        }
    }
    all
}

/// A service without endpoints.
fn empty_endpoints<'r>(reading: &Reading, subjects: &Subjects) -> Option<Observation<'r>> {
    let is_service = reading
        .fields
        .iter()
        .any(|field| plain_key(field.key()) == "targetport");
    let field = reading.fields.iter().find(|field| {
        field.plain_key() == "endpoints"
            && field.path.len() == 1
            && (field.value.is_empty() || field.value.starts_with("<none>"))
    })?;
    let text = "the service has no endpoints: its selector matches no pod that is ready";
    is_service.then(|| observation(text, field, subjects.at(field.place.line)))
}

/// The selector of a service that no pod of the documents fulfils.
fn service_selector<'r>(
    reading: &Reading,
    subjects: &Subjects,
    readings: &[Reading],
) -> Option<Observation<'r>> {
    let is_service = reading.fields.iter().any(|field| {
        plain_key(field.key()) == "targetport"
            || field.plain_key() == "kind" && field.value == "Service"
    });
    if !is_service {
        return None;
    }
    let field = selector_fields(reading, "selector")
        .into_iter()
        .find(|field| field.path.len() <= 3)?;
    let wanted = selector(field)?;
    let mut labels: Vec<&str> = Vec::new();
    for other in readings {
        let is_pods = other.section.about.to_lowercase().contains("pod");
        for table in other
            .tables
            .iter()
            .filter(|table| is_pods && table.column(&["READY"]).is_some())
        {
            labels.extend(
                table
                    .rows
                    .iter()
                    .filter_map(|row| table.cell(row, &["LABELS"])),
            );
        }
    }
    let fits = |labels: &&str| {
        wanted
            .split(',')
            .all(|pair| labels.split(',').any(|label| label == pair))
    };
    if labels.is_empty() || labels.iter().any(fits) {
        return None;
    }
    let text = format!("no pod has the labels that the service selects (`{wanted}`)");
    Some(observation(&text, field, subjects.at(field.place.line)))
}

/// The limit of what was killed for its memory.
fn memory_limit<'r>(reading: &Reading, subjects: &Subjects) -> Option<Observation<'r>> {
    let killed = reading
        .fields
        .iter()
        .find(|field| field.value == "OOMKilled")?;
    let limit = reading
        .fields
        .iter()
        .find(|field| field.plain_key() == "memory" && field.is_under("limits"))?;
    let text = format!(
        "its memory limit is `{}`, and it was OOM killed",
        limit.value
    );
    let mut seen = observation(&text, killed, subjects.at(killed.place.line));
    seen.places.push(limit.place);
    // It explains what the reason says already.
    Some(seen.with(-0.4))
}
