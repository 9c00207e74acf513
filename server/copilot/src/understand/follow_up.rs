//! What a question takes from the one before.

use super::catalogue::Catalogue;
use super::directory::Kind;
use super::intent::Intent;
use super::reading::{FoundEntity, Reading};

/// From how few words on a question without words of its own goes on from the one before.
const SHORT_WORDS_MAX: usize = 4;

/// The words of a question that decide whether it goes on.
#[derive(Debug)]
pub(super) struct Said<'a> {
    /// The question.
    pub(super) question: &'a str,
    /// How many words it has.
    pub(super) words: usize,
    /// Whether one of them stands for what was spoken of.
    pub(super) has_pronoun: bool,
    /// Whether none of them says what is wanted.
    pub(super) has_no_intent: bool,
}

/// Takes from the question before what this one leaves open, if it goes on from it.
pub(super) fn go_on(
    reading: &mut Reading,
    previous: &Reading,
    said: &Said<'_>,
    catalogue: &Catalogue,
) {
    let says_so = catalogue.goes_on(&said.question.trim().to_lowercase());
    let is_bare = reading.topic.is_empty() && (said.words <= SHORT_WORDS_MAX || says_so);
    let takes_intent = said.has_no_intent && (says_so || is_bare);
    let names_nothing = reading.things().next().is_none();
    let is_open = said.has_pronoun || (is_bare && !is_broad(reading.intent));
    let goes_on = takes_intent || (names_nothing && is_open);
    if !goes_on {
        return;
    }
    reading.is_follow_up = true;
    if takes_intent {
        reading.intent = previous.intent;
        reading.severity = reading.severity.or(previous.severity);
        if reading.counted.is_none() {
            reading.counted.clone_from(&previous.counted);
        }
        if reading.topic.is_empty() {
            reading.topic.clone_from(&previous.topic);
        }
    }
    if reading.subjects.is_empty() {
        reading.subjects.clone_from(&previous.subjects);
    }
    if reading.failure_types.is_empty() {
        reading.failure_types.clone_from(&previous.failure_types);
    }
    if reading.times.is_empty() {
        reading.times.clone_from(&previous.times);
        reading.time_words.clone_from(&previous.time_words);
    }
    let kinds: Vec<Kind> = reading
        .entities
        .iter()
        .map(|one| one.entity.kind())
        .collect();
    let kept = previous.entities.iter();
    let kept = kept.filter(|one| !kinds.contains(&one.entity.kind()));
    reading.entities.extend(kept.map(|one| FoundEntity {
        words: String::new(),
        others: Vec::new(),
        ..one.clone()
    }));
}

/// Questions that are about everything where they name nothing.
const fn is_broad(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::Help | Intent::Status | Intent::Digest | Intent::Alerts | Intent::FillUp
    )
}
