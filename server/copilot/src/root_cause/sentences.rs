//! Departures, changes and dependencies in words, as facts and as sentences that cite them.
//!
//! A fact begins with the very sentence that is said of it, so that every number of the sentence stands in it.

use tocsin_domain::alert::Evidence;
use tocsin_domain::change::Change;
use tocsin_domain::copilot::Statement;
use tocsin_domain::ports::SimilarIncident;

use super::gather::{LineProof, Link, LinkProof, Proof, Seen, ValueProof, ValueSaid};
use super::window::Window;
use crate::facts::FactBook;
use crate::quotes::{inert, quote};
use crate::words::{moment, number, span};

/// The most bytes of a line in a piece of evidence.
const BODY_BYTES_MAX: usize = 1_000;

/// What a departure says in a sentence.
pub(super) fn sentence(seen: &Seen, window: &Window) -> String {
    let signal = &seen.signal;
    let (entity, since) = (inert(&signal.entity), moment(signal.onset_ms));
    match &seen.proof {
        Proof::Lines(lines) => of_lines(lines, (&entity, &since), window),
        Proof::Values(values) => of_values(values, (&entity, &since), window),
        Proof::Anomaly(anomaly) => {
            let (name, said) = (inert(anomaly.labels.name()), inert(&anomaly.explanation));
            format!("A detector found {name} of {entity} unusual from {since} on: {said}")
        }
    }
}

fn of_lines(lines: &LineProof, (entity, since): (&str, &str), window: &Window) -> String {
    let said = quote(&lines.body);
    let (now, before) = (lines.now, lines.before);
    let (within, past) = (span(window.length_ms()), span(window.baseline_ms));
    let to = moment(window.to_ms);
    match (now, before) {
        (1, 0) => format!("{entity} said “{said}” at {since}, and never in the {past} before."),
        (_, 0) => format!(
            "{entity} said “{said}”, or lines like it, {now} times from {since} on, and never in the {past} before."
        ),
        (0, _) => format!(
            "{entity} did not say “{said}”, or lines like it, in the {within} up to {to}; it did {before} times in the {past} before."
        ),
        _ => format!(
            "{entity} said “{said}”, or lines like it, {now} times in the {within} up to {to}, and {before} times in the {past} before."
        ),
    }
}

fn of_values(values: &ValueProof, (entity, since): (&str, &str), window: &Window) -> String {
    let name = inert(&values.name);
    let amount = |value: f64| amount(value, &values.unit);
    match values.said {
        ValueSaid::Moved { usual, worst } => {
            let way = if worst >= usual { "rose" } else { "fell" };
            let (worst, usual) = (amount(worst), amount(usual));
            format!(
                "{name} of {entity} {way} to {worst} from {since} on; before, {usual} was usual."
            )
        }
        ValueSaid::Counted { before, now } => {
            let (now, before) = (number(now), number(before));
            let (within, past) = (span(window.length_ms()), span(window.baseline_ms));
            let to = moment(window.to_ms);
            format!(
                "{name} of {entity} counted {now} in the {within} up to {to}, and {before} in the {past} before."
            )
        }
        ValueSaid::Stopped { usual } => {
            let usual = amount(usual);
            format!(
                "{name} of {entity} has had no values since {since}; before, {usual} was usual."
            )
        }
    }
}

/// A value with its unit; bytes in the unit that people say them in.
fn amount(value: f64, unit: &str) -> String {
    let Some(rest) = unit.strip_prefix(" bytes") else {
        return format!("{}{unit}", number(value));
    };
    let scales = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let scale = scales.iter().find(|(scale, _)| value.abs() >= *scale);
    match scale {
        Some((scale, name)) => format!("{} {name}{rest}", number(value / scale)),
        None => format!("{} bytes{rest}", number(value)),
    }
}

/// Cites a departure.
pub(super) fn cite(seen: &Seen, window: &Window, book: &mut FactBook) -> Option<String> {
    let said = sentence(seen, window);
    let onset_ms = seen.signal.onset_ms;
    let (evidence, text) = match &seen.proof {
        Proof::Lines(lines) => (
            Evidence::Template {
                id: lines.template,
                count: lines.now,
                text: lines.pattern.clone(),
            },
            format!(
                "{said} It began at {}. A line: {}",
                moment(onset_ms),
                lines.body
            ),
        ),
        Proof::Values(values) => (
            Evidence::Metric {
                query: values.query.clone(),
                from_ms: window.begin_ms(),
                to_ms: window.to_ms,
                value: match values.said {
                    ValueSaid::Moved { worst, .. } => worst,
                    ValueSaid::Counted { now, .. } => now,
                    ValueSaid::Stopped { usual } => usual,
                },
            },
            format!("{said} It began at {}. {}", moment(onset_ms), values.query),
        ),
        Proof::Anomaly(anomaly) => (
            Evidence::Anomaly {
                id: anomaly.id,
                series: anomaly.series,
                explanation: anomaly.explanation.clone(),
            },
            format!(
                "{said} It began at {}. {}",
                moment(onset_ms),
                anomaly.labels
            ),
        ),
    };
    book.cite(evidence, Some(onset_ms), &text)
}

/// A departure as a statement; none if the book is full.
pub(super) fn statement(seen: &Seen, window: &Window, book: &mut FactBook) -> Option<Statement> {
    let mut cites = vec![cite(seen, window, book)?];
    if let Proof::Lines(lines) = &seen.proof {
        let evidence = record(lines.record, &lines.body);
        cites.extend(book.cite(evidence, Some(seen.signal.onset_ms), &lines.body));
    }
    Some(Statement {
        text: sentence(seen, window),
        cites,
    })
}

/// A line as evidence, cut if it is long.
pub(super) fn record(id: tocsin_domain::RecordId, body: &str) -> Evidence {
    Evidence::Record {
        id,
        body: body[..body.floor_char_boundary(BODY_BYTES_MAX)].to_owned(),
    }
}

/// What a change is, in a phrase.
fn of_change(change: &Change) -> String {
    let (kind, entity) = (change.kind.name(), inert(&change.entity));
    let kind = match kind {
        "config" => "A change of configuration",
        "deploy" => "A deploy",
        "scaling" => "A scaling",
        "restart" => "A restart",
        "run" => "A run",
        _ => "A change",
    };
    format!(
        "{kind} of {entity} was done at {}: “{}”.",
        moment(change.at_ms),
        inert(&change.title)
    )
}

/// A change as a statement; none if the book is full.
pub(super) fn change_statement(change: &Change, book: &mut FactBook) -> Option<Statement> {
    let text = of_change(change);
    let fact = match &change.actor {
        Some(actor) => format!("{text} By {}.", inert(actor)),
        None => text.clone(),
    };
    let evidence = if change.source == crate::changes::FROM_METRICS {
        Evidence::Metric {
            query: format!("process_start_time_seconds{{{}}}", change.labels),
            from_ms: change.at_ms - 600_000,
            to_ms: change.at_ms + 600_000,
            value: change.at_ms as f64 / 1000.0,
        }
    } else {
        Evidence::Change {
            id: change.id,
            title: change.title.clone(),
        }
    };
    let cite = book.cite(evidence, Some(change.at_ms), &fact)?;
    Some(Statement {
        text,
        cites: vec![cite],
    })
}

/// An incident of the past as a statement; none if the book is full.
pub(super) fn similar_statement(
    similar: &SimilarIncident,
    book: &mut FactBook,
) -> Option<Statement> {
    let incident = &similar.incident;
    let (title, at) = (inert(&incident.title), moment(incident.starts_ms));
    let because = inert(&similar.because);
    let text = format!("An incident like this, “{title}”, began at {at}: {because}.");
    let evidence = Evidence::Incident {
        id: incident.id,
        title: incident.title.clone(),
    };
    let cite = book.cite(evidence, Some(incident.starts_ms), &text)?;
    Some(Statement {
        text,
        cites: vec![cite],
    })
}

/// Cites how a dependency is known; none if nothing can be opened that shows it.
pub(super) fn cite_link(link: &Link, window: &Window, book: &mut FactBook) -> Option<String> {
    let (caller, callee) = (inert(&link.edge.caller), inert(&link.edge.callee));
    let (evidence, text) = match &link.proof {
        LinkProof::Line(id, body) => (
            record(*id, body),
            format!("A line of {caller} says that it waits for {callee}: {body}"),
        ),
        LinkProof::Trace(id, body) => (
            record(*id, body),
            format!("In one trace {caller} speaks first and then {callee}: {body}"),
        ),
        LinkProof::Alert(id, title) => (
            Evidence::Alert {
                id: *id,
                title: title.clone(),
            },
            format!("An alert of {caller} names {callee} as its upstream: {title}"),
        ),
        LinkProof::Series(labels) => (
            Evidence::Metric {
                query: labels.clone(),
                from_ms: window.begin_ms(),
                to_ms: window.to_ms,
                value: 1.0,
            },
            format!("A series of {caller} names {callee}: {labels}"),
        ),
        LinkProof::Machine | LinkProof::Learned => return None,
    };
    book.cite(evidence, None, &text)
}

/// `a, b and c`; at most `max` of them are named.
pub(super) fn listed(names: &[&str], max: usize) -> String {
    let shown: Vec<String> = names.iter().take(max).map(|name| inert(name)).collect();
    let others = names.len() > max;
    match shown.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        all if others => format!("{} and others", all.join(", ")),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_said_in_the_unit_that_people_use() {
        assert_eq!(amount(412_345_678.0, " bytes"), "412.3 MB");
        assert_eq!(amount(12.0, " bytes per second"), "12 bytes per second");
        assert_eq!(amount(2.5e3, " bytes per second"), "2.5 kB per second");
        assert_eq!(amount(0.25, " s"), "0.25 s");
        assert_eq!(listed(&["a", "b", "c"], 5), "a, b and c");
        assert_eq!(listed(&["a", "b", "c"], 2), "a, b and others");
    }
}
