//! How many there are: counts that are stated, and rows of tables.

use std::collections::BTreeMap;

use crate::diagnose::Known;
use crate::document::LineRef;
use crate::finding::{Diagnosis, FindingKind, cite};
use crate::form::Reading;
use crate::observe::{row_state, share};
use crate::table::{Row, Table};
use crate::vocabulary::is_kind;

use super::counted_lines::counted_lines;
use super::finding;

/// The most names that are listed beside a number.
const NAMES_MAX: usize = 12;

/// What the question narrows the things down to.
#[derive(Debug, Default)]
struct Filter {
    /// What is counted, as the question says it.
    noun: String,
    /// States that are asked for, as the question says them.
    states: Vec<&'static str>,
    labels: Vec<String>,
    /// Restarts above or below a number.
    restarts: Option<(std::cmp::Ordering, u64)>,
}

/// States of questions, with what they are called in tables.
const STATES: [(&str, &[&str]); 12] = [
    ("running", &["running"]),
    ("pending", &["pending"]),
    (
        "failed",
        &[
            "failed",
            "error",
            "crashloopbackoff",
            "imagepullbackoff",
            "errimagepull",
            "evicted",
            "oomkilled",
        ],
    ),
    (
        "failing",
        &[
            "failed",
            "error",
            "crashloopbackoff",
            "imagepullbackoff",
            "errimagepull",
            "evicted",
            "oomkilled",
        ],
    ),
    ("crash", &["crashloopbackoff", "error"]),
    ("completed", &["completed", "succeeded", "complete"]),
    ("succeeded", &["completed", "succeeded", "complete"]),
    ("terminating", &["terminating"]),
    ("evicted", &["evicted"]),
    ("bound", &["bound"]),
    ("error", &["error"]),
    ("exited", &["exited"]),
];

/// Answers how many there are.
pub(crate) fn count(known: &Known<'_>, diagnosis: &mut Diagnosis) {
    let filter = filter(known);
    if stated(known, &filter, diagnosis) || rows(known, &filter, diagnosis) {
        return;
    }
    counted_lines(known, diagnosis);
}

fn filter(known: &Known<'_>) -> Filter {
    let question = known.question;
    let noun = question
        .words
        .iter()
        .find(|word| is_kind(word) || word.ends_with('s') && word.len() > 3);
    let states = STATES
        .iter()
        .filter(|(state, _)| question.words.iter().any(|word| word.starts_with(state)));
    let number = question
        .words
        .iter()
        .find_map(|word| word.parse::<u64>().ok());
    let is_restarts = question.says(&["restart"]);
    let order = if question.text.contains("less than") || question.text.contains("fewer than") {
        std::cmp::Ordering::Less
    } else {
        std::cmp::Ordering::Greater
    };
    let mut filter = Filter {
        noun: noun.cloned().unwrap_or_else(|| "results".to_owned()),
        states: states.map(|(state, _)| *state).collect(),
        labels: question
            .text
            .split([' ', '`', '"', '\'', '?', ','])
            .filter(|word| is_label(word))
            .map(str::to_owned)
            .collect(),
        restarts: None,
    };
    if is_restarts {
        filter.restarts = Some((order, number.unwrap_or(0)));
    }
    filter
}

fn is_label(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
}

/// Whether a section is about the namespaces that are asked for, by its command or by a line of it.
fn speaks_of_namespace(known: &Known<'_>, reading: &Reading) -> bool {
    let namespaces = &known.question.namespaces;
    let Some(page) = known.pages.get(reading.document) else {
        return false;
    };
    namespaces.is_empty()
        || namespaces.iter().any(|namespace| {
            reading
                .section
                .about
                .to_lowercase()
                .contains(namespace.as_str())
                || page
                    .of(&reading.section)
                    .any(|(_, line)| line.to_lowercase().contains(namespace.as_str()))
        })
}

/// A number that a line states: `14 results`, `count: 3`, `(3 rows)`.
fn stated(known: &Known<'_>, filter: &Filter, diagnosis: &mut Diagnosis) -> bool {
    for reading in known
        .readings
        .iter()
        .filter(|reading| speaks_of_namespace(known, reading))
    {
        let Some(page) = known.pages.get(reading.document) else {
            continue;
        };
        for (at, line) in page.of(&reading.section) {
            let Some(number) = stated_number(line) else {
                continue;
            };
            let place = LineRef {
                document: reading.document,
                line: u32::try_from(at + 1).unwrap_or(u32::MAX),
            };
            let mut lines = vec![place];
            let text = format!(
                "There are {number} {}{}: “{}”.",
                filter.noun,
                place_of(known, filter, &mut lines),
                line.trim()
            );
            diagnosis
                .findings
                .push(finding(FindingKind::Count, text, lines));
            return true;
        }
    }
    false
}

fn stated_number(line: &str) -> Option<u64> {
    let bare = line.trim().trim_matches(['(', ')', '.']);
    let words: Vec<&str> = bare.split_whitespace().collect();
    match words.as_slice() {
        [number, noun]
            if [
                "results", "result", "rows", "row", "items", "matches", "records", "objects",
                "entries",
            ]
            .contains(noun) =>
        {
            number.parse().ok()
        }
        [key, number]
            if ["count:", "total:", "total", "count", "matches:", "items:"]
                .contains(&key.to_lowercase().as_str()) =>
        {
            number.parse().ok()
        }
        _ => None,
    }
}

/// ` that are running in the `shop` namespace`, and the lines that bear it out.
fn place_of(known: &Known<'_>, filter: &Filter, lines: &mut Vec<LineRef>) -> String {
    let states = if filter.states.is_empty() {
        String::new()
    } else {
        format!(" that are {}", filter.states.join(" or "))
    };
    let namespaces: Vec<String> = known
        .question
        .namespaces
        .iter()
        .filter(|namespace| cite(namespace, lines, known.pages))
        .map(|namespace| format!("`{namespace}`"))
        .collect();
    if namespaces.is_empty() {
        states
    } else {
        format!("{states} in the {} namespace", namespaces.join(" and "))
    }
}

/// Counts rows of tables.
fn rows(known: &Known<'_>, filter: &Filter, diagnosis: &mut Diagnosis) -> bool {
    let singular = filter.noun.trim_end_matches('s');
    let is_of_kind = |reading: &Reading| reading.section.about.to_lowercase().contains(singular);
    let mut tables: Vec<&Reading> = known
        .readings
        .iter()
        .filter(|reading| has_rows(reading))
        .collect();
    if tables.is_empty() {
        return false;
    }
    if tables.iter().any(|reading| is_of_kind(reading)) {
        tables.retain(|reading| is_of_kind(reading));
    }
    let mut counted: BTreeMap<(&str, &str), LineRef> = BTreeMap::new();
    for reading in tables
        .into_iter()
        .filter(|reading| speaks_of_namespace(known, reading))
    {
        for (table, row) in reading
            .tables
            .iter()
            .flat_map(|table| table.rows.iter().map(move |row| (table, row)))
        {
            let state = row_state(table, row).filter(|_| is_counted(known, filter, table, row));
            if let Some(state) = state {
                let name = (state.namespace.unwrap_or_default(), state.name);
                counted.entry(name).or_insert(row.place);
            }
        }
    }
    if counted.is_empty() {
        let notice = format!("No {} in the attachments fit this.", filter.noun);
        diagnosis.notices.push(notice);
        return true;
    }
    let number = counted.len();
    let shown = || counted.iter().take(NAMES_MAX);
    let listed: Vec<String> = shown().map(|((_, name), _)| format!("`{name}`")).collect();
    // All names that are listed are cited.
    let mut cited: Vec<LineRef> = shown().map(|(_, place)| *place).collect();
    let place = place_of(known, filter, &mut cited);
    let missing: Vec<LineRef> = shown()
        .map(|(_, place)| *place)
        .filter(|place| !cited.contains(place))
        .collect();
    cited.extend(missing);
    let more = if number > NAMES_MAX {
        " and others"
    } else {
        ""
    };
    let text = format!(
        "There are {number} {}{place}: {}{more}.",
        filter.noun,
        listed.join(", ")
    );
    let mut answer = finding(FindingKind::Count, text, cited);
    answer.counted.push(number as u64);
    diagnosis.findings.push(answer);
    true
}

/// Whether a reading has rows that name something.
fn has_rows(reading: &Reading) -> bool {
    let is_named = |table: &Table| table.rows.iter().any(|row| row_state(table, row).is_some());
    reading.tables.iter().any(is_named)
}

fn is_counted(known: &Known<'_>, filter: &Filter, table: &Table, row: &Row) -> bool {
    let Some(state) = row_state(table, row) else {
        return false;
    };
    let status = state.status.unwrap_or_default().to_lowercase();
    let is_namespace = state.namespace.is_none_or(|namespace| {
        known.question.namespaces.is_empty()
            || known
                .question
                .namespaces
                .contains(&namespace.to_lowercase())
    });
    let has_state = filter.states.is_empty()
        || STATES.iter().any(|(name, values)| {
            filter.states.contains(name)
                && values.iter().any(|value| {
                    status
                        .split(|c: char| !c.is_alphanumeric())
                        .any(|word| word == *value)
                })
        });
    let is_ready = state
        .ready
        .and_then(share)
        .map(|(ready, all)| ready == all && all > 0);
    let text = &known.question.text;
    let is_unready = [
        "not ready",
        "unready",
        "unhealthy",
        "not running",
        "non-running",
    ]
    .iter()
    .any(|words| text.contains(words));
    let wants_ready = !is_unready && known.question.says(&["ready", "healthy"]);
    let fits_ready = match is_ready {
        Some(ready) => !(is_unready && ready || wants_ready && !ready),
        None => !is_unready || status != "ready",
    };
    let labels = row.cells.join(",");
    let has_labels = filter
        .labels
        .iter()
        .all(|label| labels.split([',', ' ']).any(|other| other == label));
    let restarts = state
        .restarts
        .and_then(|cell| cell.split_whitespace().next()?.parse::<u64>().ok());
    let fits_restarts = filter.restarts.is_none_or(|(order, number)| {
        restarts.is_some_and(|restarts| restarts.cmp(&number) == order)
    });
    let states_hold = if is_unready { true } else { has_state };
    let is_named = known.question.names.is_empty()
        || known
            .question
            .names
            .iter()
            .any(|name| labels.contains(name.as_str()));
    is_namespace && states_hold && fits_ready && has_labels && fits_restarts && is_named
}
