//! How many lines of logs say something.

use crate::diagnose::Known;
use crate::document::LineRef;
use crate::finding::{Diagnosis, FindingKind, LINES_MAX};
use crate::log::LogLine;

use super::finding;

/// Which lines are counted.
enum Wanted<'q> {
    /// Those that have all of these, in lower case.
    Phrases(Vec<String>),
    /// Those that have one of these as words.
    Codes(Vec<&'q str>),
    Errors,
}

/// Counts lines of logs: those that say what stands in quotes, have a code, or are errors.
pub(super) fn counted_lines(known: &Known<'_>, diagnosis: &mut Diagnosis) {
    let found: Vec<LineRef> = wanted(known).map_or_else(Vec::new, |wanted| {
        let is_wanted = |line: &&LogLine| is_wanted(known, line, &wanted);
        known
            .log
            .lines
            .iter()
            .filter(is_wanted)
            .map(|line| line.place)
            .collect()
    });
    if found.is_empty() {
        let notice = "No line of the attachments fits this.";
        diagnosis.notices.push(notice.to_owned());
        return;
    }
    let what = match wanted(known) {
        Some(Wanted::Phrases(_)) => format!("say “{}”", known.question.phrases.join("” and “")),
        Some(Wanted::Codes(codes)) => format!("have the code {}", codes.join(" or ")),
        Some(Wanted::Errors) | None => "are errors or warnings".to_owned(),
    };
    let text = format!("There are {} lines that {what}.", found.len());
    let lines = found.iter().take(LINES_MAX).copied().collect();
    let mut answer = finding(FindingKind::Count, text, lines);
    answer.counted.push(found.len() as u64);
    diagnosis.findings.push(answer);
}

fn wanted<'q>(known: &Known<'q>) -> Option<Wanted<'q>> {
    let question = known.question;
    if !question.phrases.is_empty() {
        let phrases = question.phrases.iter().map(|phrase| phrase.to_lowercase());
        return Some(Wanted::Phrases(phrases.collect()));
    }
    let is_code = |word: &&str| {
        word.len() == 3
            && word
                .parse::<u16>()
                .is_ok_and(|code| (100..600).contains(&code))
    };
    let codes: Vec<&str> = question
        .words
        .iter()
        .map(String::as_str)
        .filter(is_code)
        .collect();
    if !codes.is_empty() {
        return Some(Wanted::Codes(codes));
    }
    question
        .says(&["error", "fail", "warn", "exception"])
        .then_some(Wanted::Errors)
}

fn is_wanted(known: &Known<'_>, line: &LogLine, wanted: &Wanted<'_>) -> bool {
    let at = usize::try_from(line.place.line)
        .unwrap_or(0)
        .saturating_sub(1);
    let page = known.pages.get(line.place.document);
    let text = page
        .and_then(|page| page.lines.get(at))
        .map(|line| line.to_lowercase())
        .unwrap_or_default();
    match wanted {
        Wanted::Phrases(phrases) => phrases.iter().all(|phrase| text.contains(phrase.as_str())),
        Wanted::Codes(codes) => {
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
            words.any(|word| codes.contains(&word))
        }
        Wanted::Errors => known.log.is_error(line),
    }
}
