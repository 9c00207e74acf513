//! What logs say is wrong: groups of lines that are errors by their level, their words, or a rule.

use regex::Regex;

use crate::form::Reading;
use crate::log::{Group, Level, LogLine, groups, without_repeats};
use crate::rules::{Role, Rules, Severity};
use crate::subject::{Subject, Subjects};
use crate::window::Window;

use super::{Observation, Origin, PLACES_MAX};

/// The lines of all logs within the time that is asked about.
#[derive(Debug)]
pub(crate) struct LogView<'a> {
    pub(crate) lines: Vec<LogLine>,
    /// For each document what its log is about.
    subjects: Vec<(usize, Option<Subject>)>,
    words: &'a ErrorWords,
}

/// Words that errors have where no level is told.
#[derive(Debug)]
pub(crate) struct ErrorWords {
    error: Regex,
    well: Regex,
}

impl ErrorWords {
    pub(crate) fn new() -> Result<Self, regex::Error> {
        Ok(Self {
            error: Regex::new(
                r"(?i)\b(?:errors?|err|fail(?:ed|ure|s|ing)?|exceptions?|fatal|panic(?:ked)?|cannot|can't|could not|couldn't|unable to|refused|time(?:d )?[- ]?out|denied|not found|killed|traceback|unavailable|unreachable|expired|violat(?:es|ion)|exceed(?:s|ed)|invalid|missing|deadlock|segfault|abort(?:ed|ing)|crash(?:ed|ing)?|rejected|corrupt(?:ed)?|lost|dropped|oom|down|terminated|unhealthy|warn(?:ing)?|[A-Z]\w+(?:Error|Exception))\b|(?:Error|Exception)\b",
            )?,
            well: Regex::new(
                r"(?i)\b(?:no|0|without(?: any)?) (?:errors?|failures?|issues?|problems?)\b|\berrors?[=: ]+0\b|\b(?:failed|failures|errors)[=:]\s*0\b|resolved|recovered|back to normal|succe(?:ss|eded)|shutting down gracefully|error[_-]?log|on_?error|handler registered",
            )?,
        })
    }
}

impl<'a> LogView<'a> {
    pub(crate) fn new(readings: &[Reading], window: Window, words: &'a ErrorWords) -> Self {
        let mut lines = Vec::new();
        let mut subjects = Vec::new();
        for reading in readings.iter().filter(|reading| !reading.log.is_empty()) {
            subjects.push((reading.document, Subjects::of(reading).at(1)));
            lines.extend(window.lines(&reading.log).into_iter().cloned());
        }
        Self {
            lines: without_repeats(lines),
            subjects,
            words,
        }
    }

    /// What the log is about in which a line stands.
    pub(crate) fn subject(&self, line: &LogLine) -> Option<Subject> {
        self.subject_of(line.place.document)
    }

    /// What the log of a document is about.
    pub(crate) fn subject_of(&self, document: usize) -> Option<Subject> {
        let found = self.subjects.iter().find(|(other, _)| *other == document);
        found.and_then(|(_, subject)| subject.clone())
    }

    /// Whether a line is an error or a warning, by its level or its words.
    pub(crate) fn is_error(&self, line: &LogLine) -> bool {
        !line.is_trace
            && match line.level {
                Level::Debug | Level::Info => false,
                Level::Unsaid => {
                    self.words.error.is_match(&line.message)
                        && !self.words.well.is_match(&line.message)
                }
                Level::Warning | Level::Error | Level::Fatal => true,
            }
    }

    /// The groups of errors and warnings.
    pub(crate) fn errors(&self) -> Vec<Group> {
        groups(&self.lines, |line| self.is_error(line))
    }
}

/// What the logs say.
pub(super) fn observe<'r>(log: &LogView<'_>, rules: &'r Rules) -> Vec<Observation<'r>> {
    let errors = log.errors();
    let (first, last) = ends(&errors, log);
    let mut all = Vec::new();
    for group in &errors {
        let Some(line) = log.lines.get(group.first) else {
            continue;
        };
        let mut observation = of_line(line, group, rules).about(log.subject(line));
        observation.count = group.count;
        if let Some(other) = log
            .lines
            .get(group.last)
            .filter(|other| other.place != line.place)
        {
            observation.places.push(other.place);
            observation.places.truncate(PLACES_MAX);
        }
        if Some(group.first) == first {
            observation.bonus += 0.4;
        }
        if Some(group.last) == last {
            observation.bonus += 0.3;
        }
        all.push(observation);
    }
    all.extend(quiet_causes(log, rules));
    all
}

/// The lines with the first and the last error, by time where lines have one.
fn ends(errors: &[Group], log: &LogView<'_>) -> (Option<usize>, Option<usize>) {
    let when = |at: usize| {
        let moment = log.lines.get(at).and_then(|line| line.at.as_ref());
        moment
            .filter(|moment| moment.has_year)
            .map(|moment| moment.secs)
    };
    let are_dated = errors.iter().all(|group| when(group.first).is_some());
    let order = |at: usize| (are_dated.then(|| when(at)).flatten(), at);
    (
        errors
            .iter()
            .map(|group| group.first)
            .min_by_key(|at| order(*at)),
        errors
            .iter()
            .map(|group| group.last)
            .max_by_key(|at| order(*at)),
    )
}

fn of_line<'r>(line: &LogLine, group: &Group, rules: &'r Rules) -> Observation<'r> {
    let by_rule = Observation::by_rule(rules, &line.message, line.place, Origin::Log);
    let level_bonus = match group.level {
        Level::Fatal => 0.5,
        Level::Error => 0.3,
        Level::Warning => -0.8,
        _ => 0.0,
    };
    let frequent = (group.count as f64).log10() * 0.2;
    if let Some(observation) = by_rule {
        return observation.with(level_bonus + frequent);
    }
    let (text, severity) = match group.level {
        Level::Fatal => ("it logs a fatal error", Severity::High),
        Level::Error => ("it logs an error", Severity::High),
        Level::Warning => ("it logs a warning", Severity::Low),
        _ => ("it logs", Severity::Medium),
    };
    Observation::plain(Role::Error, Origin::Log, text, &line.message, line.place)
        .rated(severity)
        .with(level_bonus + frequent)
}

/// Causes that are told as mere information.
fn quiet_causes<'r>(log: &LogView<'_>, rules: &'r Rules) -> Vec<Observation<'r>> {
    let is_quiet = |line: &LogLine| {
        let may_be = matches!(line.level, Level::Info | Level::Unsaid)
            && !line.is_trace
            && !log.is_error(line);
        may_be && !log.words.well.is_match(&line.message)
    };
    let mut all = Vec::new();
    for group in groups(&log.lines, is_quiet) {
        let Some(line) = log.lines.get(group.first) else {
            continue;
        };
        let observation = Observation::by_rule(rules, &line.message, line.place, Origin::Log);
        let is_meant = |found: &Observation<'_>| {
            let least = if line.level == Level::Unsaid {
                Role::Symptom
            } else {
                Role::Error
            };
            found.role >= least
        };
        if let Some(mut observation) = observation.filter(is_meant) {
            observation.count = group.count;
            let bonus = if line.level == Level::Unsaid {
                0.0
            } else {
                -2.0
            };
            all.push(observation.with(bonus).about(log.subject(line)));
        }
    }
    all
}
