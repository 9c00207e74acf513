//! The words of tickets: plain paragraphs, apart by an empty line, that every tracker can show.

use tocsin_domain::alert::{Alert, AlertSeverity, Evidence};
use tocsin_domain::ticket::Ticket;

use super::decide::Kind;
use crate::civil::rfc3339;
use crate::words::{cut, evidence};

/// The most characters of a title, of a description, of a comment and of a line of evidence.
const TITLE_MAX: usize = 200;
const DESCRIPTION_MAX: usize = 8000;
const COMMENT_MAX: usize = 4000;
const LINE_MAX: usize = 500;
/// How many pieces of evidence a description names, and a comment.
const EVIDENCE: usize = 5;
const EVIDENCE_NEW: usize = 2;
/// How many lines of a piece of evidence are shown: the head of a trace says what happened.
const PIECE_LINES: usize = 10;
const SUMMARY_MAX: usize = 1000;
const LABELS_MAX: usize = 1500;

/// Why a ticket is opened, and what came before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Why<'a> {
    pub(super) reason: &'a str,
    /// An older ticket about the same.
    pub(super) follows: Option<&'a Ticket>,
}

/// Where an alert can be seen. `base_url` has no slash at its end.
pub(super) fn link(base_url: &str, alert: tocsin_domain::alert::AlertId) -> String {
    format!("{base_url}/alerts?alert={alert}")
}

/// By what people know a ticket.
pub(super) fn key(ticket: &Ticket) -> String {
    match &ticket.reference {
        Some(reference) if !reference.key.is_empty() => reference.key.clone(),
        _ => "its ticket".into(),
    }
}

/// The line that says it all.
pub(super) fn title(alert: &Alert) -> String {
    let words: Vec<&str> = alert.title.split_whitespace().collect();
    match words.is_empty() {
        true => cut(&alert.rule, TITLE_MAX),
        false => cut(&words.join(" "), TITLE_MAX),
    }
}

/// What a ticket says when it is opened.
pub(super) fn description(alert: &Alert, why: Why<'_>, base_url: &str) -> String {
    let mut paragraphs = Vec::new();
    let summary = alert.annotations.get("summary").trim();
    let more = alert.annotations.get("description").trim();
    paragraphs.push(cut(summary, SUMMARY_MAX));
    if more != summary {
        paragraphs.push(cut(more, SUMMARY_MAX));
    }
    let failure = match &alert.failure_type {
        Some(failure) => format!(", failure type {failure}"),
        None => String::new(),
    };
    paragraphs.push(format!(
        "Severity {}{failure}. Since {}, {}. Found by the rule {}.",
        alert.severity.name(),
        rfc3339(alert.starts_ms),
        times(alert.count),
        alert.rule,
    ));
    paragraphs.push(labels(alert));
    paragraphs.push(lines("Evidence:", &alert.evidence, EVIDENCE));
    let runbook = alert.annotations.get("runbook_url");
    if !runbook.is_empty() {
        paragraphs.push(format!("Runbook: {}", cut(runbook, LINE_MAX)));
    }
    if let Some(before) = why.follows {
        let ended = before.resolved_ms.map(rfc3339);
        let ended = ended.map_or_else(String::new, |at| format!(", which was resolved at {at}"));
        paragraphs.push(match before.is_gone() {
            true => "The ticket before it is not in the tracker any more.".to_owned(),
            false => format!("It follows {}{ended}.", key(before)),
        });
    }
    paragraphs.push(format!("Why there is a ticket: {}.", why.reason));
    paragraphs.push(format!("In Tocsin: {}", link(base_url, alert.id)));
    joined(paragraphs, DESCRIPTION_MAX)
}

/// What a ticket is told while its alert goes on. `before` is how bad it was when it was last told.
pub(super) fn news(alert: &Alert, kind: Kind, before: AlertSeverity, base_url: &str) -> String {
    let mut first = sentence(happened(kind));
    if before != alert.severity {
        let (from, to) = (before.name(), alert.severity.name());
        first.push_str(&format!(" Its severity was {from} and is {to}."));
    }
    let newest = alert.evidence.len().saturating_sub(EVIDENCE_NEW);
    let newest = alert.evidence.get(newest..).unwrap_or_default();
    let paragraphs = vec![
        first,
        format!(
            "{}. Since {}, {}; the last time at {}.",
            title(alert),
            rfc3339(alert.starts_ms),
            times(alert.count),
            rfc3339(alert.last_ms),
        ),
        lines("Newest evidence:", newest, EVIDENCE_NEW),
        format!("In Tocsin: {}", link(base_url, alert.id)),
    ];
    joined(paragraphs, COMMENT_MAX)
}

/// What a ticket is told when its alert is over.
pub(super) fn ending(alert: &Alert, kind: Kind) -> String {
    let ended_ms = alert.ends_ms.unwrap_or(alert.last_ms);
    let paragraphs = vec![
        sentence(happened(kind)),
        format!(
            "It lasted from {} to {} ({}), {}.",
            rfc3339(alert.starts_ms),
            rfc3339(ended_ms),
            span(ended_ms - alert.starts_ms),
            times(alert.count),
        ),
    ];
    joined(paragraphs, COMMENT_MAX)
}

/// What someone said, as it stands in a tracker that knows only Tocsin.
pub(super) fn said(actor: &str, text: &str) -> String {
    let paragraphs = vec![format!("{actor} wrote in Tocsin:"), text.trim().to_owned()];
    joined(paragraphs, COMMENT_MAX)
}

/// What happened to the alert, as part of a sentence.
pub(super) const fn happened(kind: Kind) -> &'static str {
    match kind {
        Kind::Fired => "the alert fires",
        Kind::Returned => "the alert came back after it had ended",
        Kind::Flapping => "the alert comes and goes again and again",
        Kind::Escalated => "the alert was given another severity",
        Kind::Cleared => "the alert is over",
        Kind::Resolved => "someone said that the alert is done",
        Kind::Asked => "someone asked for a ticket",
    }
}

/// A length of time in words, from ms: `3 d 4 h`, `12 min`.
pub(super) fn span(ms: i64) -> String {
    let secs = ms.max(0) / 1000;
    let (days, hours, minutes) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, ..) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".into(),
        _ => format!("{count} times"),
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase());
    first
        .into_iter()
        .flatten()
        .chain(letters)
        .chain(['.'])
        .collect()
}

fn labels(alert: &Alert) -> String {
    let pairs = alert.labels.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    match pairs.is_empty() {
        true => String::new(),
        false => cut(&format!("Labels: {}", pairs.join(", ")), LABELS_MAX),
    }
}

/// Pieces of evidence under a heading. Lines that begin with four spaces are kept as they are by
/// every tracker.
fn lines(heading: &str, shown: &[Evidence], most: usize) -> String {
    if shown.is_empty() {
        return String::new();
    }
    let mut text = vec![format!("{heading}\n")];
    for piece in shown.iter().take(most) {
        let piece = evidence(piece);
        let kept = piece.lines().filter(|line| !line.trim().is_empty());
        let kept = kept.take(PIECE_LINES);
        text.extend(kept.map(|line| format!("    {}", cut(line.trim_end(), LINE_MAX))));
    }
    text.join("\n")
}

fn joined(mut paragraphs: Vec<String>, most: usize) -> String {
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    cut(&paragraphs.join("\n\n"), most)
}
