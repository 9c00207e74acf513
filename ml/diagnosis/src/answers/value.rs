//! What something is: an image, a version, a limit, a node.

use crate::diagnose::Known;
use crate::document::{LineRef, excerpt};
use crate::fields::{Field, Names, plain_key};
use crate::finding::{Diagnosis, FindingKind, cite};
use crate::observe::row_state;
use crate::subject::Subjects;

use super::finding;

/// The most values of an answer.
const MAX: usize = 8;

/// Words of questions, with the keys and columns under which the value stands, the best first.
const KEYS: [(&str, &[&str]); 30] = [
    ("image", &["image", "images", "imageid"]),
    (
        "version",
        &[
            "version",
            "image",
            "images",
            "tag",
            "apiversion",
            "appversion",
            "serverversion",
            "kubeletversion",
        ],
    ),
    ("tag", &["image", "images", "tag"]),
    ("node", &["node", "nodename"]),
    ("host", &["host", "hostname", "node", "nodename"]),
    (
        "port",
        &["port", "ports", "containerport", "targetport", "nodeport"],
    ),
    (
        "ip",
        &[
            "ip",
            "podip",
            "clusterip",
            "internalip",
            "externalip",
            "hostip",
        ],
    ),
    (
        "address",
        &["ip", "podip", "address", "clusterip", "endpoints"],
    ),
    ("label", &["labels", "label"]),
    ("annotation", &["annotations"]),
    ("replica", &["replicas", "ready"]),
    (
        "storage",
        &["storageclass", "storageclassname", "capacity", "storage"],
    ),
    ("service", &["serviceaccount", "serviceaccountname"]),
    ("command", &["command", "args"]),
    ("schedule", &["schedule"]),
    ("selector", &["selector", "nodeselectors", "nodeselector"]),
    ("capacity", &["capacity", "size", "storage"]),
    ("size", &["size", "capacity"]),
    ("owner", &["controlledby", "owner", "ownerreferences"]),
    ("runtime", &["containerruntime", "containerruntimeversion"]),
    ("kernel", &["kernelversion"]),
    ("policy", &["restartpolicy", "imagepullpolicy", "policy"]),
    ("strategy", &["strategytype", "strategy"]),
    ("qos", &["qosclass"]),
    ("uptime", &["uptime", "started", "age"]),
    ("namespace", &["namespace"]),
    ("memory", &["memory"]),
    ("cpu", &["cpu"]),
    ("restart", &["restartcount", "restarts"]),
    ("status", &["status", "phase", "state"]),
];

/// Answers with values.
pub(crate) fn value(known: &Known<'_>, diagnosis: &mut Diagnosis) {
    if !diagnosis.unknown_names.is_empty() && known.asked.names.is_empty() {
        return;
    }
    let words: Vec<&str> = known.question.words.iter().map(String::as_str).collect();
    let mut wanted: Vec<&str> = Vec::new();
    for (word, keys) in &KEYS {
        let is_asked = words
            .iter()
            .any(|asked| asked.trim_end_matches('s') == *word);
        let is_service = *word == "service" && !known.question.text.contains("service account");
        if is_asked && !is_service {
            wanted.extend(keys.iter());
        }
    }
    let under = ["limits", "requests"]
        .into_iter()
        .find(|under| known.question.says(&[under.trim_end_matches('s')]));
    if under.is_some() && !wanted.iter().any(|key| matches!(*key, "memory" | "cpu")) {
        wanted.extend(["memory", "cpu", "ephemeralstorage"]);
    }
    let found = fields(known, &wanted, under);
    let found = if found.is_empty() {
        cells(known, &wanted)
    } else {
        found
    };
    for (name, key, value, place) in found.into_iter().take(MAX) {
        let mut lines = vec![place];
        let of = name
            .filter(|name| cite(name, &mut lines, known.pages))
            .map(|name| format!(" of `{name}`"))
            .unwrap_or_default();
        let text = format!(
            "The {}{of} is `{}`.",
            key.to_lowercase(),
            excerpt(&value, 200).replace('`', "'")
        );
        diagnosis
            .findings
            .push(finding(FindingKind::Value, text, lines));
    }
    if diagnosis.findings.is_empty() {
        diagnosis
            .notices
            .push("The attachments do not say this.".to_owned());
    }
}

type Found = (Option<String>, String, String, LineRef);

/// Values of objects.
fn fields(known: &Known<'_>, wanted: &[&str], under: Option<&str>) -> Vec<Found> {
    let mut found: Vec<(usize, Found)> = Vec::new();
    for reading in known.readings {
        let subjects = Subjects::of(reading);
        let names = Names::of(&reading.fields);
        for field in &reading.fields {
            let key = field.plain_key();
            let Some(rank) = wanted
                .iter()
                .position(|wanted| *wanted == key || is_list_of(field, wanted))
            else {
                continue;
            };
            let is_empty = field.value.is_empty()
                || field.value.starts_with("<none>")
                || field.value == "null";
            let fits = under.is_none_or(|under| field.is_under(under))
                && !field.is_under("managedfields")
                && !field.is_under("annotations");
            let whole = subjects.at(field.place.line);
            let inner = subjects.around(field, &names);
            let is_meant = known.asked.names.is_empty()
                || [&whole, &inner]
                    .into_iter()
                    .flatten()
                    .any(|subject| known.asked.is_named(&subject.name))
                || names.all().any(|name| known.asked.is_named(name)) && whole.is_none();
            if is_empty || !fits || !is_meant {
                continue;
            }
            let name = whole.or(inner).map(|subject| subject.name);
            let label = under.map_or_else(
                || field.key().to_owned(),
                |under| format!("{} {}", field.key(), under.trim_end_matches('s')),
            );
            let label = if label.starts_with('[') {
                wanted.get(rank).map_or(label, |key| (*key).to_owned())
            } else {
                label
            };
            found.push((rank, (name, label, field.value.clone(), field.place)));
        }
    }
    best(found)
}

/// Whether a field is an item of a list, or a loose line, of a key.
fn is_list_of(field: &Field, wanted: &str) -> bool {
    let before = field
        .path
        .len()
        .checked_sub(2)
        .and_then(|at| field.path.get(at));
    field.key().starts_with('[') && before.is_some_and(|key| plain_key(key) == wanted)
}

/// Values of rows of tables.
fn cells(known: &Known<'_>, wanted: &[&str]) -> Vec<Found> {
    let mut found: Vec<(usize, Found)> = Vec::new();
    for table in known.readings.iter().flat_map(|reading| &reading.tables) {
        for row in &table.rows {
            let Some(state) = row_state(table, row) else {
                continue;
            };
            if !known.asked.names.is_empty() && !known.asked.is_named(state.name) {
                continue;
            }
            for (column, cell) in table.columns.iter().zip(&row.cells) {
                let rank = wanted
                    .iter()
                    .position(|wanted| *wanted == plain_key(column));
                if let Some(rank) = rank.filter(|_| !cell.is_empty() && !cell.starts_with('<')) {
                    found.push((
                        rank,
                        (
                            Some(state.name.to_owned()),
                            column.clone(),
                            cell.clone(),
                            row.place,
                        ),
                    ));
                }
            }
        }
    }
    best(found)
}

/// The values of the best key that has any, each once.
fn best(mut found: Vec<(usize, Found)>) -> Vec<Found> {
    found.sort_by_key(|(rank, _)| *rank);
    let best = found.first().map(|(rank, _)| *rank);
    let mut kept: Vec<Found> = Vec::new();
    for (rank, value) in found {
        let is_new = kept
            .iter()
            .all(|other| (&other.0, &other.1, &other.2) != (&value.0, &value.1, &value.2));
        if Some(rank) == best && is_new {
            kept.push(value);
        }
    }
    kept
}
