//! Lines that were asked for: errors, lines that contain something, the last ones.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::diagnose::Known;
use crate::document::excerpt;
use crate::finding::{Diagnosis, Finding, FindingKind, LINES_MAX, cite};
use crate::log::{Group, Level, LogLine, groups};

use super::finding;

/// The most statements of such an answer.
const MAX: usize = 20;
/// So many lines are shown as they are; of more, those that say the same are put together.
const SINGLE_MAX: usize = 12;
/// The most groups of lines that are no errors.
const OTHERS_MAX: usize = 3;
/// The most bytes of a line that are repeated.
const QUOTE_BYTES_MAX: usize = 320;

/// Answers with lines.
pub(crate) fn lines(known: &Known<'_>, diagnosis: &mut Diagnosis) {
    let wants_errors =
        known
            .question
            .says(&["error", "warn", "exception", "fail", "problem", "issue"]);
    let phrases: Vec<String> = known
        .question
        .phrases
        .iter()
        .map(|phrase| phrase.to_lowercase())
        .collect();
    let has_named_log = known.log.lines.iter().any(|line| is_of_asked(known, line));
    let is_meant = |line: &&LogLine| {
        let raw = raw(known, line).to_lowercase();
        (!has_named_log || is_of_asked(known, line))
            && if phrases.is_empty() {
                !wants_errors || known.log.is_error(line)
            } else {
                phrases.iter().all(|phrase| raw.contains(phrase))
            }
    };
    let meant: Vec<&LogLine> = known.log.lines.iter().filter(is_meant).collect();
    let mut shown: Vec<Finding> = Vec::new();
    let limit = known.question.limit.unwrap_or(usize::MAX);
    let kept = meant
        .get(meant.len().saturating_sub(limit)..)
        .unwrap_or_default();
    if kept.len() <= SINGLE_MAX || kept.len() <= limit.min(MAX) && known.question.limit.is_some() {
        shown.extend(
            kept.iter()
                .filter(|line| !line.is_trace || kept.len() <= 4)
                .map(|line| single(known, line)),
        );
    } else {
        let owned: Vec<LogLine> = kept.iter().map(|line| (*line).clone()).collect();
        shown.extend(grouped(known, &owned, wants_errors || !phrases.is_empty()));
    }
    for (place, finding) in (0_u32..).zip(&mut shown) {
        finding.score = 100.0 - f64::from(place.min(99));
    }
    shown.truncate(MAX);
    if shown.is_empty() && (wants_errors || !phrases.is_empty()) {
        let what = if phrases.is_empty() {
            "is an error or a warning".to_owned()
        } else {
            format!("contains “{}”", known.question.phrases.join("” and “"))
        };
        diagnosis.notices.push(format!(
            "No line of the attachments {}: no such logs were found.",
            what
        ));
    }
    diagnosis.findings.extend(shown);
}

fn is_of_asked(known: &Known<'_>, line: &LogLine) -> bool {
    known
        .log
        .subject(line)
        .is_some_and(|subject| known.asked.is_named(&subject.name))
}

fn raw<'k>(known: &'k Known<'_>, line: &LogLine) -> &'k str {
    let at = usize::try_from(line.place.line)
        .unwrap_or(0)
        .saturating_sub(1);
    let page = known.pages.get(line.place.document);
    page.and_then(|page| page.lines.get(at))
        .map_or("", |line| line.trim())
}

/// A line as it stands, with what it means.
fn single(known: &Known<'_>, line: &LogLine) -> Finding {
    let (text, said) = told(known, line);
    let mut finding = finding(FindingKind::Line, format!("{text}."), vec![line.place]);
    finding.rule = said.map(|(rule, _)| rule);
    finding
}

/// The line in quotes with what it means, and the rule that says so with its words.
fn told(known: &Known<'_>, line: &LogLine) -> (String, Option<(String, String)>) {
    let quote = excerpt(raw(known, line), QUOTE_BYTES_MAX).replace(['“', '”'], "\"");
    let said = (line.level != Level::Info)
        .then(|| known.rules.say(&line.message))
        .flatten();
    match said {
        Some(said) => (
            format!("“{quote}”: {}", said.text),
            Some((said.rule.id.clone(), said.text)),
        ),
        None => (format!("“{quote}”"), None),
    }
}

/// Lines that say the same together: errors before all else, and what is frequent before what is rare.
fn grouped(known: &Known<'_>, kept: &[LogLine], are_all_meant: bool) -> Vec<Finding> {
    let errors = groups(kept, |line| {
        !line.is_trace && (are_all_meant || known.log.is_error(line))
    });
    let mut shown = together(known, kept, &errors);
    if !are_all_meant {
        let mut others = groups(kept, |line| !line.is_trace && !known.log.is_error(line));
        others.sort_by_key(|group| Reverse(group.count));
        others.truncate(OTHERS_MAX);
        shown.extend(together(known, kept, &others));
    }
    shown.truncate(MAX);
    for (finding, document) in &mut shown {
        let count = finding.counted.first().copied().unwrap_or(1);
        if count > 1 {
            finding.text = format!("In {count} lines, such as {}.", finding.text);
        } else {
            finding.counted.clear();
            finding.text.push('.');
        }
        if let Some(subject) = known.log.subject_of(*document)
            && cite(&subject.name, &mut finding.lines, known.pages)
        {
            finding.subject = Some(subject);
        }
    }
    shown.into_iter().map(|(finding, _)| finding).collect()
}

/// Findings of groups, the most frequent first, with the document of their first line. Lines of several services that
/// say the same by a rule are told once.
fn together(known: &Known<'_>, kept: &[LogLine], groups: &[Group]) -> Vec<(Finding, usize)> {
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut findings: Vec<(Finding, usize)> = Vec::new();
    for group in groups {
        let (Some(first), Some(last)) = (kept.get(group.first), kept.get(group.last)) else {
            continue;
        };
        let (text, said) = told(known, first);
        let key = said
            .clone()
            .unwrap_or_else(|| (String::new(), format!("{}", findings.len())));
        let at = *places.entry(key).or_insert(findings.len());
        if let Some((finding, _)) = findings.get_mut(at) {
            if let Some(counted) = finding.counted.first_mut() {
                *counted += group.count as u64;
            }
            if finding.lines.len() < LINES_MAX {
                finding.lines.push(first.place);
            }
            continue;
        }
        let mut finding = finding(FindingKind::Line, text, vec![first.place]);
        if last.place != first.place {
            finding.lines.push(last.place);
        }
        finding.rule = said.map(|(rule, _)| rule);
        finding.counted.push(group.count as u64);
        findings.push((finding, first.place.document));
    }
    findings.sort_by_key(|(finding, _)| Reverse(finding.counted.first().copied()));
    findings
}
