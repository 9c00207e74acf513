//! Whether something was there.

use crate::diagnose::Known;
use crate::document::{LineRef, excerpt};
use crate::finding::{Diagnosis, FindingKind, LINES_MAX};
use crate::form::Form;
use crate::vocabulary::{is_kind, is_stop};

use super::finding;

/// The most bytes of a line that are repeated.
const QUOTE_BYTES_MAX: usize = 280;
/// Words that ask, and do not say after what.
const ASKING: [&str; 20] = [
    "problem", "problems", "issue", "issues", "error", "errors", "log", "logs", "line", "lines",
    "sign", "signs", "evidence", "message", "messages", "mention", "reports", "ever", "happen",
    "occur",
];

/// Answers whether what the question names stands anywhere.
pub(crate) fn exists(known: &Known<'_>, diagnosis: &mut Diagnosis) {
    let wanted: Vec<String> = if known.question.phrases.is_empty() {
        known
            .question
            .words
            .iter()
            .filter(|word| {
                let is_name = known
                    .question
                    .names
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(word));
                !is_stop(word)
                    && !is_kind(word)
                    && !ASKING.contains(&word.as_str())
                    && !is_name
                    && !known.question.namespaces.contains(word)
            })
            .map(|word| word.trim_end_matches('s').to_owned())
            .collect()
    } else {
        known
            .question
            .phrases
            .iter()
            .map(|phrase| phrase.to_lowercase())
            .collect()
    };
    if wanted.is_empty() {
        // "Are there any errors?" asks what is wrong.
        super::lines(known, diagnosis);
        if diagnosis.findings.is_empty() {
            diagnosis
                .notices
                .push("No line of the attachments is an error.".to_owned());
        }
        return;
    }
    let mut found: Vec<(LineRef, String)> = Vec::new();
    for reading in known
        .readings
        .iter()
        .filter(|reading| reading.form != Form::Prose)
    {
        let Some(page) = known.pages.get(reading.document) else {
            continue;
        };
        for (at, line) in page.of(&reading.section) {
            let lower = line.to_lowercase();
            if wanted.iter().all(|word| lower.contains(word.as_str())) {
                let line_number = u32::try_from(at + 1).unwrap_or(u32::MAX);
                found.push((
                    LineRef {
                        document: reading.document,
                        line: line_number,
                    },
                    line.to_owned(),
                ));
            }
        }
    }
    let what = if known.question.phrases.is_empty() {
        wanted.join(" ")
    } else {
        known.question.phrases.join("” and “")
    };
    let Some((first, line)) = found.first() else {
        diagnosis
            .notices
            .push(format!("No line of the attachments says “{}”.", what));
        return;
    };
    let quote = excerpt(line, QUOTE_BYTES_MAX).replace(['“', '”'], "\"");
    let text = if found.len() == 1 {
        format!("Yes, there is: “{quote}”.")
    } else {
        format!(
            "Yes, there is, in {} lines, the first of which says: “{quote}”.",
            found.len()
        )
    };
    let mut answer = finding(FindingKind::Line, text, vec![*first]);
    answer.lines.extend(
        found
            .iter()
            .skip(1)
            .map(|(place, _)| *place)
            .take(LINES_MAX - 1),
    );
    if found.len() > 1 {
        answer.counted.push(found.len() as u64);
    }
    diagnosis.findings.push(answer);
}
