//! The order of observations: stated reasons before what follows from them, what was asked for before other things.

use crate::observe::{Observation, Origin};
use crate::question::Question;
use crate::rules::{Role, Severity};
use crate::subject::{Asked, stem};

/// The most causes, errors and symptoms of an answer.
const CAUSES_MAX: usize = 4;
const ERRORS_MAX: usize = 4;
const SYMPTOMS_MAX: usize = 3;
/// What is worth less than this share of the best is left out, by its role.
const SHARE_MIN: f64 = 0.3;
/// The same where the answer is about time, and a trace tells it.
const SHARE_MIN_SLOW: f64 = 0.6;

/// Observations with their scores, the best first, without those of other things than what was asked for.
pub(crate) fn ranked<'o, 'r>(
    seen: &'o [Observation<'r>],
    question: &Question,
    asked: &Asked,
) -> Vec<(f64, &'o Observation<'r>)> {
    let is_named = |seen: &Observation<'_>| {
        seen.subject
            .as_ref()
            .is_some_and(|subject| asked.is_named(&subject.name) || asked.is_related(&subject.name))
    };
    let are_any_named = seen
        .iter()
        .any(|seen| is_named(seen) && seen.role > Role::Normal);
    let mut ranked: Vec<(f64, &Observation<'_>)> = seen
        .iter()
        .filter(|seen| {
            asked.admits(seen.subject.as_ref()) || (!are_any_named && asked.names.is_empty())
        })
        .map(|seen| (score(seen, question, asked), seen))
        .collect();
    // Sorting is stable: of equals the first that was seen stays first.
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked
}

fn score(seen: &Observation<'_>, question: &Question, asked: &Asked) -> f64 {
    let role = match seen.role {
        Role::Cause => 4.0,
        Role::Error => 2.5,
        Role::Symptom => 1.5,
        Role::Normal => 0.2,
    };
    let severity = match seen.severity {
        Severity::Low => 0.6,
        Severity::Medium => 0.85,
        Severity::High => 1.0,
        Severity::Critical => 1.15,
    };
    let origin = match seen.origin {
        Origin::Trace if question.is_about_time() => 3.0,
        Origin::Time if question.is_about_time() => 2.0,
        Origin::Time => -1.2,
        Origin::Text => -0.8,
        // The alert says that something is wrong, seldom what.
        Origin::Alert => -1.5,
        _ => 0.0,
    };
    let named = seen.subject.as_ref().map_or(0.0, |subject| {
        if asked.is_named(&subject.name) {
            2.0
        } else if asked.is_related(&subject.name) {
            1.5
        } else {
            0.0
        }
    });
    role * severity + origin + named + seen.bonus + topic(seen, question)
}

/// How many words of the question the observation speaks of.
fn topic(seen: &Observation<'_>, question: &Question) -> f64 {
    let text = format!("{} {}", seen.text, seen.quote).to_lowercase();
    let is_shared = |word: &&String| {
        word.len() >= 3
            && !question
                .names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(word))
            && text.contains(word.as_str())
    };
    let shared = question.words.iter().filter(is_shared).count();
    (shared as f64 * 0.5).min(1.5)
}

/// The observations that answer what is wrong: a few of each role, each rule once for each thing.
pub(crate) fn telling<'o, 'r>(
    ranked: &[(f64, &'o Observation<'r>)],
    question: &Question,
) -> Vec<(f64, &'o Observation<'r>)> {
    let best = ranked.first().map_or(0.0, |(score, _)| *score);
    let is_slow = question.is_about_time()
        && ranked
            .first()
            .is_some_and(|(_, seen)| seen.origin == Origin::Trace);
    let share = if is_slow { SHARE_MIN_SLOW } else { SHARE_MIN };
    let mut told: Vec<(f64, &Observation<'_>)> = Vec::new();
    for (score, seen) in ranked.iter().filter(|(_, seen)| seen.role > Role::Normal) {
        let of_role = told
            .iter()
            .filter(|(_, other)| other.role == seen.role)
            .count();
        let room = match seen.role {
            Role::Cause => CAUSES_MAX,
            Role::Error => ERRORS_MAX,
            _ => SYMPTOMS_MAX,
        };
        let is_told = told.iter().any(|(_, other)| is_repeat(other, seen));
        if of_role < room && *score >= best * share && !is_told {
            told.push((*score, seen));
        }
    }
    told
}

/// Whether an observation adds nothing to another: the same rule for things of one owner, or the same line.
fn is_repeat(other: &Observation<'_>, seen: &Observation<'_>) -> bool {
    let owner = |seen: &Observation<'_>| {
        seen.subject
            .as_ref()
            .map(|subject| stem(&subject.name).to_owned())
    };
    let same_rule = match (other.rule, seen.rule) {
        (Some(a), Some(b)) => a.id == b.id && other.groups == seen.groups,
        _ => false,
    };
    let same_line = other.places.first() == seen.places.first()
        && other.origin == seen.origin
        && other.origin != Origin::Link;
    let same_span = other.origin == Origin::Trace
        && seen.origin == Origin::Trace
        && other.subject == seen.subject
        && other.quote == seen.quote;
    let same_plain = other.rule.is_none()
        && seen.rule.is_none()
        && other.text == seen.text
        && owner(other) == owner(seen);
    same_span || same_plain || (same_rule && owner(other) == owner(seen)) || same_line
}
