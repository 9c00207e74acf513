//! Things that do not fit each other: a selector and labels, a probe and a port, a policy that lets nothing out.

use std::collections::{BTreeMap, HashSet};

use crate::fields::{Field, Names, plain_key};
use crate::form::{Form, Reading};
use crate::rules::{Role, Severity};
use crate::subject::{Subject, Subjects};

use super::{Observation, Origin};

/// What the readings say together.
pub(super) fn observe<'r>(readings: &[Reading]) -> Vec<Observation<'r>> {
    let listed = listed(readings);
    let mut all = Vec::new();
    for reading in readings
        .iter()
        .filter(|reading| matches!(reading.form, Form::Outline | Form::Json))
    {
        let subjects = Subjects::of(reading);
        all.extend(node_selector(reading, &subjects, readings));
        all.extend(closed_policies(reading, &subjects));
        all.extend(empty_endpoints(reading, &subjects));
        all.extend(service_selector(reading, &subjects, readings));
        all.extend(memory_limit(reading, &subjects));
        all.extend(missing_references(reading, &subjects, &listed));
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
            ", which none of the listed nodes has"
        };
        let text = format!(
            "it stays pending, since its node selector asks for the label `{wanted}`{known}"
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

/// Network policies that allow no traffic out or in.
fn closed_policies<'r>(reading: &Reading, subjects: &Subjects) -> Vec<Observation<'r>> {
    let names = Names::of(&reading.fields);
    let mut all: Vec<Observation<'_>> = Vec::new();
    for field in &reading.fields {
        let Some(way) = closed_way(field, reading) else {
            continue;
        };
        let described = subjects.at(field.place.line).map(|subject| subject.name);
        let Some(name) = names.around(field).map(str::to_owned).or(described) else {
            continue;
        };
        let text = format!(
            "the network policy `{name}` allows no traffic {way}, so that it may be the root cause where names cannot be \
             resolved or connections fail"
        );
        if all.iter().all(|seen| seen.text != text) {
            // The policy is not what was asked for, but what may stand in its way.
            let mut seen = observation(&text, field, None);
            let at = reading.fields.iter().find(|field| field.value == name);
            seen.places.extend(at.map(|field| field.place));
            all.push(seen);
        }
    }
    all
}

/// Which way a field of a network policy closes, if it closes any.
fn closed_way(field: &Field, reading: &Reading) -> Option<&'static str> {
    const OUT: &str = "out of the pods (egress), that to DNS included";
    const IN: &str = "into the pods (ingress)";
    let key = field.plain_key();
    let value = field.value.to_lowercase();
    if value.starts_with("<none>") {
        let is = |start: &str| key.starts_with(start);
        return is("allowingegress")
            .then_some(OUT)
            .or_else(|| is("allowingingress").then_some(IN));
    }
    let at = field.path.iter().position(|part| part == "policyTypes")?;
    let owner = field.path.get(..at)?;
    let allows = reading.fields.iter().any(|other| {
        let is_rule = other.path.starts_with(owner)
            && other
                .path
                .get(at)
                .is_some_and(|part| part.to_lowercase() == value);
        is_rule && !matches!(other.value.as_str(), "" | "[]" | "{}")
    });
    match value.as_str() {
        "egress" if !allows => Some(OUT),
        "ingress" if !allows => Some(IN),
        _ => None,
    }
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

/// Keys that name another object, and the kind whose list would have it.
const REFERENCES: [(&str, &str); 10] = [
    ("ingressclass", "ingressclass"),
    ("ingressclassname", "ingressclass"),
    ("storageclass", "storageclass"),
    ("storageclassname", "storageclass"),
    ("serviceaccount", "serviceaccount"),
    ("serviceaccountname", "serviceaccount"),
    ("claimname", "pvc"),
    ("configmapname", "configmap"),
    ("secretname", "secret"),
    ("runtimeclassname", "runtimeclass"),
];

/// Objects that are named and are not in the list of their kind.
fn missing_references<'r>(
    reading: &Reading,
    subjects: &Subjects,
    listed: &BTreeMap<&str, HashSet<&str>>,
) -> Vec<Observation<'r>> {
    let mut all = Vec::new();
    for field in &reading.fields {
        let key = field.plain_key();
        let Some((_, kind)) = REFERENCES.iter().find(|(name, _)| *name == key) else {
            continue;
        };
        let is_name = !field.value.is_empty() && !field.value.starts_with('<');
        let is_missing = listed
            .get(kind)
            .is_some_and(|names| !names.contains(field.value.as_str()));
        if is_name && is_missing {
            let text = format!(
                "the {kind} `{}`, which it names, does not exist: it is not among those that are listed",
                field.value
            );
            all.push(observation(&text, field, subjects.at(field.place.line)));
        }
    }
    all
}

/// The cells of the lists of each kind that can be referred to.
fn listed(readings: &[Reading]) -> BTreeMap<&'static str, HashSet<&str>> {
    let mut listed: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for reading in readings.iter().filter(|reading| !reading.tables.is_empty()) {
        let about = reading.section.about.to_lowercase();
        let words: Vec<&str> = about.split([' ', '_']).collect();
        let kinds = REFERENCES.iter().map(|(_, kind)| *kind);
        let kind = kinds
            .filter(|_| words.contains(&"get"))
            .find(|kind| words.iter().any(|word| is_kind_of(word, kind)));
        if let Some(kind) = kind {
            let rows = reading.tables.iter().flat_map(|table| &table.rows);
            let cells = rows.flat_map(|row| row.cells.iter().map(String::as_str));
            listed.entry(kind).or_default().extend(cells);
        }
    }
    listed
}

/// Whether a word of a command is a kind, in the singular, the plural or short.
fn is_kind_of(word: &str, kind: &str) -> bool {
    let short = match kind {
        "storageclass" => "sc",
        "serviceaccount" => "sa",
        "pvc" => "persistentvolumeclaim",
        "configmap" => "cm",
        _ => kind,
    };
    let bare = word
        .strip_suffix("es")
        .filter(|bare| bare.ends_with("ss"))
        .unwrap_or(word);
    let bare = if bare.ends_with("ss") {
        bare
    } else {
        bare.trim_end_matches('s')
    };
    bare == kind || bare == short || word == short
}
