//! What tables say: events, conditions, states of rows, and how full or busy things are.

use crate::document::{LineRef, excerpt};
use crate::form::Reading;
use crate::rules::{Role, Rules, Severity};
use crate::subject::{Subject, Subjects, told_by};
use crate::table::{Row, Table};

use super::states::condition;
use super::{Observation, Origin};

/// Columns that name what a row is about.
pub(crate) const NAME_COLUMNS: [&str; 12] = [
    "NAME",
    "NAMES",
    "POD",
    "UNIT",
    "NODE",
    "HOST",
    "MOUNTED ON",
    "SERVICE",
    "TOPIC",
    "QUEUE",
    "CONTAINER",
    "TARGET",
];
/// Columns that say how a row is.
pub(crate) const STATE_COLUMNS: [&str; 9] = [
    "STATUS",
    "STATE",
    "HEALTH",
    "HEALTH STATUS",
    "SYNC STATUS",
    "PHASE",
    "ACTIVE",
    "CONCLUSION",
    "RESULT",
];
/// Columns that say why.
const REASONS: [&str; 2] = ["REASON", "CONDITION"];
/// From how full or busy on something is said, in percent.
const BUSY_PERCENT: f64 = 90.0;
const FULL_PERCENT: f64 = 98.0;
/// From how many messages behind on a consumer is said to lag.
const LAG_MIN: u64 = 1_000;
/// How long after its making something may still be starting, in seconds.
const STARTING_S: u64 = 120;

/// What the tables of a reading say.
pub(super) fn observe<'r>(
    reading: &Reading,
    subjects: &Subjects,
    rules: &'r Rules,
) -> Vec<Observation<'r>> {
    let mut all = Vec::new();
    let about = told_by(&reading.section.about);
    for table in &reading.tables {
        for row in &table.rows {
            if table.column(&REASONS).is_some()
                && table.column(&["MESSAGE"]).is_some()
                && table.column(&["STATUS"]).is_none()
            {
                all.extend(event(table, row, rules).map(|seen| {
                    let object = table.cell(row, &["OBJECT"]).map(object_of);
                    seen.about(object.or_else(|| subjects.at(row.place.line)))
                }));
            } else if table.column(&["TYPE"]).is_some()
                && table.column(&["STATUS"]).is_some()
                && table.columns.len() <= 6
            {
                all.extend(
                    condition_row(table, row).map(|seen| seen.about(subjects.at(row.place.line))),
                );
            } else {
                let namespace = about.as_ref().and_then(|about| about.namespace.clone());
                all.extend(state(table, row, rules, namespace));
                all.extend(usage(table, row));
            }
        }
    }
    all
}

/// A name and state of a row, also where the header was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RowState<'r> {
    pub(crate) name: &'r str,
    pub(crate) namespace: Option<&'r str>,
    /// `0/1`.
    pub(crate) ready: Option<&'r str>,
    pub(crate) status: Option<&'r str>,
    pub(crate) restarts: Option<&'r str>,
    pub(crate) age: Option<&'r str>,
}

/// Reads a row; none if nothing in it is a name.
pub(crate) fn row_state<'r>(table: &Table, row: &'r Row) -> Option<RowState<'r>> {
    if !table.columns.is_empty() {
        return Some(RowState {
            name: bare_name(table.cell(row, &NAME_COLUMNS)?),
            namespace: table.cell(row, &["NAMESPACE"]),
            ready: table.cell(row, &["READY"]),
            status: table.cell(row, &STATE_COLUMNS),
            restarts: table.cell(row, &["RESTARTS"]),
            age: table.cell(row, &["AGE"]),
        });
    }
    let at = row.cells.iter().position(|cell| share(cell).is_some())?;
    let cell = |at: usize| row.cells.get(at).map(String::as_str);
    let status = cell(at + 1).filter(|status| status.starts_with(char::is_alphabetic));
    Some(RowState {
        name: bare_name(cell(at.checked_sub(1)?)?),
        namespace: at.checked_sub(2).and_then(cell),
        ready: cell(at),
        status,
        restarts: status.and_then(|_| cell(at + 2)),
        age: cell(if status.is_some() { at + 3 } else { at + 4 })
            .filter(|age| age_s(age).is_some()),
    })
}

/// A name without the lines of a tree and without its kind.
fn bare_name(cell: &str) -> &str {
    cell.trim_start_matches(['│', '├', '└', '─', ' ', '●', '*', '×'])
}

/// `1/2` as numbers.
pub(crate) fn share(cell: &str) -> Option<(u32, u32)> {
    let (a, b) = cell.split_once('/')?;
    Some((a.parse().ok()?, b.parse().ok()?))
}

/// `3h37m` in seconds.
pub(crate) fn age_s(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'y' => 31_536_000,
            _ => return None,
        };
        total = total.saturating_add(number.parse::<u64>().ok()?.saturating_mul(unit));
        number.clear();
    }
    (number.is_empty() && !text.is_empty()).then_some(total)
}

fn object_of(cell: &str) -> Subject {
    let (kind, name) = cell.split_once('/').unwrap_or(("", cell));
    Subject {
        kind: kind.to_lowercase(),
        name: name.to_owned(),
        namespace: None,
    }
}

fn event<'r>(table: &Table, row: &Row, rules: &'r Rules) -> Option<Observation<'r>> {
    let kind = table.cell(row, &["TYPE"]).unwrap_or("Warning");
    if kind != "Warning" && kind != "Error" {
        return None;
    }
    let (reason, message) = (
        table.cell(row, &REASONS)?,
        table.cell(row, &["MESSAGE"]).unwrap_or_default(),
    );
    let text = format!("{reason}: {message}");
    let found = Observation::by_rule(rules, &text, row.place, Origin::Event);
    Some(found.unwrap_or_else(|| {
        let text = format!("a warning is told of it (`{reason}`)");
        Observation::plain(Role::Error, Origin::Event, &text, message, row.place)
    }))
}

fn condition_row<'r>(table: &Table, row: &Row) -> Option<Observation<'r>> {
    let (kind, status) = (table.cell(row, &["TYPE"])?, table.cell(row, &["STATUS"])?);
    let reason = table.cell(row, &["REASON"]).unwrap_or_default();
    let text = condition(kind, status, reason)?;
    let quote = row.cells.join(" ");
    Some(
        Observation::plain(Role::Symptom, Origin::State, &text, &quote, row.place)
            .rated(Severity::Medium),
    )
}

fn state<'r>(
    table: &Table,
    row: &Row,
    rules: &'r Rules,
    namespace: Option<String>,
) -> Option<Observation<'r>> {
    let state = row_state(table, row)?;
    let (kind, name) = match state.name.split_once('/') {
        Some((kind, name)) if kind.starts_with(char::is_uppercase) => (kind.to_lowercase(), name),
        _ => (String::new(), state.name),
    };
    if kind == "event" {
        return None;
    }
    let cells = row.cells.iter().filter(|cell| !cell.is_empty()).take(6);
    let quote = cells.cloned().collect::<Vec<_>>().join("  ");
    let seen =
        |text: &str| Observation::plain(Role::Symptom, Origin::State, text, &quote, row.place);
    let status = state.status.unwrap_or_default();
    let by_rule = || {
        let text = format!("Status: {status}");
        Observation::by_rule(rules, &text, row.place, Origin::State)
    };
    let mut observation = if state.is_starting() {
        starting(row.place)
    } else if let Some(seen) = by_rule() {
        seen
    } else if is_bad(status) {
        seen(&format!("its state is `{status}`")).rated(Severity::High)
    } else if state.is_short() {
        seen("not all of it is ready").rated(Severity::Medium)
    } else {
        return None;
    };
    observation.quote = excerpt(&quote, super::QUOTE_BYTES_MAX);
    Some(observation.about(Some(Subject {
        kind,
        name: name.to_owned(),
        namespace: state.namespace.map(str::to_owned).or(namespace),
    })))
}

/// Whether a word of a state means a fault.
fn is_bad(status: &str) -> bool {
    const BAD: [&str; 13] = [
        "failed",
        "error",
        "notready",
        "unknown",
        "lost",
        "degraded",
        "unhealthy",
        "missing",
        "dead",
        "inactive",
        "terminating",
        "down",
        "offline",
    ];
    let lower = status.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| BAD.contains(&word))
}

impl RowState<'_> {
    /// Fewer are ready than there are, and it has not come to its end.
    fn is_short(&self) -> bool {
        let lower = self.status.map(str::to_lowercase).unwrap_or_default();
        let is_over = matches!(lower.as_str(), "completed" | "succeeded" | "complete");
        let is_less = self
            .ready
            .and_then(share)
            .is_some_and(|(ready, all)| ready < all);
        is_less && !is_over
    }

    /// It is not ready since it was made a moment ago, and nothing else is said against it.
    fn is_starting(&self) -> bool {
        let lower = self.status.map(str::to_lowercase).unwrap_or_default();
        let is_young = self
            .age
            .and_then(age_s)
            .is_some_and(|age| age <= STARTING_S);
        let is_calm = self
            .restarts
            .is_none_or(|restarts| restarts.starts_with('0'));
        let may_start = [
            "",
            "pending",
            "containercreating",
            "podinitializing",
            "running",
        ];
        self.is_short() && is_young && is_calm && may_start.contains(&lower.as_str())
    }
}

fn starting<'r>(place: LineRef) -> Observation<'r> {
    Observation::plain(
        Role::Normal,
        Origin::State,
        "it was made a moment ago and is still starting, which is no fault",
        "",
        place,
    )
    .rated(Severity::Low)
}

fn usage<'r>(table: &Table, row: &Row) -> Vec<Observation<'r>> {
    let mut all = Vec::new();
    let name = table
        .cell(row, &NAME_COLUMNS)
        .or_else(|| row.cells.first().map(String::as_str))
        .unwrap_or_default();
    let subject = Subject {
        name: bare_name(name).to_owned(),
        ..Subject::default()
    };
    for (column, cell) in table.columns.iter().zip(&row.cells) {
        let percent = cell
            .strip_suffix('%')
            .and_then(|number| number.parse::<f64>().ok());
        if let Some(percent) = percent.filter(|percent| *percent >= BUSY_PERCENT) {
            let (what, role) = match column.as_str() {
                "USE%" | "CAPACITY" | "%USED" => (
                    "the disk is nearly full",
                    if percent >= FULL_PERCENT {
                        Role::Cause
                    } else {
                        Role::Error
                    },
                ),
                "IUSE%" => ("it is nearly out of inodes", Role::Error),
                name if name.contains("MEM") => ("its memory is nearly used up", Role::Error),
                name if name.contains("CPU") => ("its processors are busy", Role::Error),
                _ => continue,
            };
            let text = format!("{what} ({cell})");
            all.push(
                Observation::plain(role, Origin::Usage, &text, "", row.place)
                    .about(Some(subject.clone()))
                    .rated(Severity::High),
            );
        }
        let lag = (column == "LAG")
            .then(|| cell.parse::<u64>().ok())
            .flatten();
        if lag.is_some_and(|lag| lag >= LAG_MIN) {
            let text = format!("its consumers are behind by {cell} messages (lag)");
            let topic = table.cell(row, &["TOPIC"]).unwrap_or(name);
            let subject = Subject {
                name: topic.to_owned(),
                ..Subject::default()
            };
            all.push(
                Observation::plain(Role::Error, Origin::Usage, &text, "", row.place)
                    .about(Some(subject))
                    .rated(Severity::High),
            );
        }
    }
    all
}
