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
    let wanted = wanted(known);
    if wanted.is_empty() {
        // "Are there any errors?" asks for lines.
        super::lines(known, diagnosis);
        return;
    }
    let found = places(known, &wanted);
    let Some((first, line)) = found.first() else {
        let what = if known.question.phrases.is_empty() {
            wanted.join(" ")
        } else {
            known.question.phrases.join("” and “")
        };
        diagnosis
            .notices
            .push(format!("No line of the attachments says “{what}”."));
        return;
    };
    let quote = excerpt(line, QUOTE_BYTES_MAX).replace(['“', '”'], "\"");
    let number = found.len();
    let text = if number == 1 {
        format!("Yes, there is: “{quote}”.")
    } else {
        format!("Yes, there is, in {number} lines, the first of which says: “{quote}”.")
    };
    let mut answer = finding(FindingKind::Line, text, vec![*first]);
    let others = found.iter().skip(1).map(|(place, _)| *place);
    answer.lines.extend(others.take(LINES_MAX - 1));
    if number > 1 {
        answer.counted.push(number as u64);
    }
    diagnosis.findings.push(answer);
}

/// What is looked for, in lower case: what stands in quotes, or the words that are no names.
fn wanted(known: &Known<'_>) -> Vec<String> {
    let question = known.question;
    if !question.phrases.is_empty() {
        return question
            .phrases
            .iter()
            .map(|phrase| phrase.to_lowercase())
            .collect();
    }
    let is_meant = |word: &&String| {
        let is_name = question
            .names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(word));
        let is_plain = is_stop(word) || is_kind(word) || ASKING.contains(&word.as_str());
        !is_name && !is_plain && !question.namespaces.contains(word)
    };
    let words = question.words.iter().filter(is_meant);
    words
        .map(|word| word.trim_end_matches('s').to_owned())
        .collect()
}

/// The lines that have all that is wanted.
fn places<'k>(known: &'k Known<'_>, wanted: &[String]) -> Vec<(LineRef, &'k str)> {
    let mut found = Vec::new();
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
                let place = LineRef {
                    document: reading.document,
                    line: line_number,
                };
                found.push((place, line));
            }
        }
    }
    found
}
