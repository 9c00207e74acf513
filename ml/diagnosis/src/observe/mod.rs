//! What the readings say that matters, before it is put in order.

mod alert;
mod lines;
mod links;
mod rows;
mod spans;
mod states;
mod trends;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::document::{LineRef, excerpt, squeezed};
use crate::form::Reading;
use crate::rules::{Role, Rule, Rules, Severity};
use crate::subject::{Subject, Subjects, stem};

pub(crate) use lines::{ErrorWords, LogView};
pub(crate) use rows::{row_state, share};
pub(crate) use trends::NumberReader;

/// The most bytes of what a line says that a finding repeats.
const QUOTE_BYTES_MAX: usize = 280;
/// The most places that an observation names.
pub(crate) const PLACES_MAX: usize = 4;

/// Where something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    State,
    Event,
    Log,
    Trace,
    /// How full or busy something is.
    Usage,
    /// How long something takes.
    Time,
    /// Two things that do not fit each other.
    Link,
    Alert,
    /// A text within an object.
    Text,
}

/// Something that matters.
#[derive(Debug, Clone)]
pub(crate) struct Observation<'r> {
    pub(crate) rule: Option<&'r Rule>,
    pub(crate) role: Role,
    pub(crate) severity: Severity,
    pub(crate) origin: Origin,
    pub(crate) subject: Option<Subject>,
    /// A clause: what is the matter.
    pub(crate) text: String,
    /// What the line says.
    pub(crate) quote: String,
    pub(crate) places: Vec<LineRef>,
    /// How many lines say it.
    pub(crate) count: usize,
    /// What its place among others adds.
    pub(crate) bonus: f64,
    /// What groups of the rule matched.
    pub(crate) groups: Vec<(String, String)>,
}

impl<'r> Observation<'r> {
    /// What a rule says of a text at a place.
    pub(crate) fn by_rule(
        rules: &'r Rules,
        text: &str,
        place: LineRef,
        origin: Origin,
    ) -> Option<Self> {
        let text = squeezed(text);
        let said = rules.say(&text)?;
        Some(Self {
            rule: Some(said.rule),
            role: said.rule.role,
            severity: said.rule.severity,
            origin,
            subject: None,
            text: said.text,
            quote: excerpt(&text, QUOTE_BYTES_MAX),
            places: vec![place],
            count: 1,
            // What is known is worth more than what is only seen.
            bonus: 0.3,
            groups: said.groups,
        })
    }

    /// Something that no rule speaks of.
    pub(crate) fn plain(
        role: Role,
        origin: Origin,
        text: &str,
        quote: &str,
        place: LineRef,
    ) -> Self {
        Self {
            rule: None,
            role,
            severity: Severity::Medium,
            origin,
            subject: None,
            text: text.to_owned(),
            quote: excerpt(&squeezed(quote), QUOTE_BYTES_MAX),
            places: vec![place],
            count: 1,
            bonus: 0.0,
            groups: Vec::new(),
        }
    }

    pub(crate) fn about(self, subject: Option<Subject>) -> Self {
        Self { subject, ..self }
    }

    pub(crate) fn rated(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    pub(crate) fn with(mut self, bonus: f64) -> Self {
        self.bonus += bonus;
        self
    }
}

/// All that matters in some readings.
pub(crate) fn observe<'r>(
    readings: &[Reading],
    log: &LogView<'_>,
    numbers: &NumberReader,
    rules: &'r Rules,
) -> Vec<Observation<'r>> {
    let mut all = Vec::new();
    for reading in readings {
        let subjects = Subjects::of(reading);
        let alert = alert::observe(reading, rules);
        let is_alert = alert.is_some();
        all.extend(alert);
        all.extend(states::observe(reading, &subjects, rules, is_alert));
        all.extend(rows::observe(reading, &subjects, rules));
        all.extend(spans::observe(&reading.spans, rules));
    }
    all.extend(lines::observe(log, rules));
    all.extend(numbers.observe(log));
    all.extend(links::observe(readings));
    merged(all)
}

/// What makes two observations the same.
type Key = (String, Option<String>, Option<String>, Option<String>);

fn key(seen: &Observation<'_>) -> Key {
    // What logs say by a rule is one, whoever logs it; an alert is one in whichever words.
    let by_rule = seen.rule.map(|rule| rule.id.clone());
    let is_shared = seen.origin == Origin::Log && by_rule.is_some() || seen.origin == Origin::Alert;
    let owner = seen.subject.as_ref().filter(|_| !is_shared);
    let quote = (by_rule.is_none() && !is_shared).then(|| seen.quote.clone());
    (
        seen.text.clone(),
        by_rule,
        owner.map(|subject| stem(&subject.name).to_owned()),
        quote,
    )
}

/// Observations that say the same of the same thing are one.
fn merged(all: Vec<Observation<'_>>) -> Vec<Observation<'_>> {
    let mut merged: Vec<Observation<'_>> = Vec::with_capacity(all.len());
    let mut places: HashMap<Key, usize> = HashMap::new();
    for observation in all {
        match places.entry(key(&observation)) {
            Entry::Occupied(at) => {
                if let Some(other) = merged.get_mut(*at.get()) {
                    join(other, observation);
                }
            }
            Entry::Vacant(at) => {
                at.insert(merged.len());
                merged.push(observation);
            }
        }
    }
    merged
}

fn join<'r>(into: &mut Observation<'r>, other: Observation<'r>) {
    into.count += other.count;
    into.bonus = into.bonus.max(other.bonus);
    into.severity = into.severity.max(other.severity);
    let tells_more = other.quote.len() > into.quote.len()
        && (other.origin == Origin::Event && into.origin != Origin::Log
            || other.origin == Origin::Alert);
    if tells_more {
        into.quote = other.quote;
        into.places.splice(0..0, other.places);
    } else {
        into.places.extend(other.places);
    }
    let mut seen = HashSet::new();
    into.places.retain(|place| seen.insert(*place));
    into.places.truncate(PLACES_MAX);
}
