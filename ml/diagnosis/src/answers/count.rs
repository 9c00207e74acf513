//! How many there are: counts that are stated, rows of tables, lines of logs.

use std::collections::BTreeSet;

use crate::diagnose::Known;
use crate::document::LineRef;
use crate::finding::{Diagnosis, FindingKind, LINES_MAX, cite};
use crate::form::Reading;
use crate::observe::{row_state, share};
use crate::table::{Row, Table};
use crate::vocabulary::is_kind;

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
    let mut names: BTreeSet<(String, String)> = BTreeSet::new();
    let mut lines: Vec<LineRef> = Vec::new();
    let mut was_table = false;
    let singular = filter.noun.trim_end_matches('s');
    let is_of_kind = |reading: &&Reading| reading.section.about.to_lowercase().contains(singular);
    let are_any_of_kind = known
        .readings
        .iter()
        .any(|reading| is_of_kind(&reading) && !reading.tables.is_empty());
    for reading in known
        .readings
        .iter()
        .filter(|reading| !are_any_of_kind || is_of_kind(reading))
    {
        let is_in_namespace = speaks_of_namespace(known, reading);
        for table in &reading.tables {
            was_table |= row_states(table) > 0;
            for row in table
                .rows
                .iter()
                .filter(|row| is_in_namespace && is_counted(known, filter, table, row))
            {
                let Some(state) = row_state(table, row) else {
                    continue;
                };
                let namespace = state.namespace.unwrap_or_default().to_owned();
                if names.insert((namespace, state.name.to_owned())) {
                    lines.push(row.place);
                }
            }
        }
    }
    if !was_table {
        return false;
    }
    if names.is_empty() {
        diagnosis
            .notices
            .push(format!("No {} in the attachments fit this.", filter.noun));
        return true;
    }
    let number = names.len();
    let listed: Vec<String> = names
        .iter()
        .take(NAMES_MAX)
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    let mut cited: Vec<LineRef> = lines.iter().take(NAMES_MAX).copied().collect();
    let place = place_of(known, filter, &mut cited);
    // All names that are listed are cited.
    cited.extend(
        lines
            .iter()
            .take(NAMES_MAX)
            .copied()
            .filter(|line| !cited.contains(line))
            .collect::<Vec<_>>(),
    );
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

fn row_states(table: &Table) -> usize {
    table
        .rows
        .iter()
        .filter(|row| row_state(table, row).is_some())
        .count()
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

/// Counts lines of logs: those that say what stands in quotes, or errors.
fn counted_lines(known: &Known<'_>, diagnosis: &mut Diagnosis) {
    let phrases: Vec<String> = known
        .question
        .phrases
        .iter()
        .map(|phrase| phrase.to_lowercase())
        .collect();
    let codes: Vec<&String> = known
        .question
        .words
        .iter()
        .filter(|word| {
            word.len() == 3
                && word
                    .parse::<u16>()
                    .is_ok_and(|code| (100..600).contains(&code))
        })
        .collect();
    let wants_errors = known.question.says(&["error", "fail", "warn", "exception"]);
    let text_of = |place: &LineRef| {
        let at = usize::try_from(place.line).unwrap_or(0).saturating_sub(1);
        known
            .pages
            .get(place.document)
            .and_then(|page| page.lines.get(at))
            .map(|line| line.to_lowercase())
            .unwrap_or_default()
    };
    let found: Vec<LineRef> = known
        .log
        .lines
        .iter()
        .filter(|line| {
            let text = text_of(&line.place);
            let has_code = |code: &&String| {
                text.split(|c: char| !c.is_ascii_alphanumeric())
                    .any(|word| word == code.as_str())
            };
            if !phrases.is_empty() {
                phrases.iter().all(|phrase| text.contains(phrase.as_str()))
            } else if !codes.is_empty() {
                codes.iter().all(has_code)
            } else {
                wants_errors && known.log.is_error(line)
            }
        })
        .map(|line| line.place)
        .collect();
    if found.is_empty() {
        diagnosis
            .notices
            .push("No line of the attachments fits this.".to_owned());
        return;
    }
    let what = match (phrases.is_empty(), codes.is_empty()) {
        (false, _) => format!(
            "lines that say “{}”",
            known.question.phrases.join("” and “")
        ),
        (true, false) => format!(
            "lines with the code {}",
            codes
                .iter()
                .map(|code| code.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ),
        (true, true) => "lines that are errors or warnings".to_owned(),
    };
    let mut answer = finding(
        FindingKind::Count,
        format!("There are {} {what}.", found.len()),
        found.iter().take(LINES_MAX).copied().collect(),
    );
    answer.counted.push(found.len() as u64);
    diagnosis.findings.push(answer);
}
