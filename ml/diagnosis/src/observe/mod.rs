//! What the readings say that matters, before it is put in order.

mod alert;
mod lines;
mod links;
mod rows;
mod spans;
mod states;

use crate::document::{LineRef, excerpt, squeezed};
use crate::form::Reading;
use crate::rules::{Role, Rule, Rules, Severity};
use crate::subject::{Subject, Subjects};

pub(crate) use lines::{ErrorWords, LogView};
pub(crate) use rows::{row_state, share};

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
        all.extend(spans::observe(&reading.spans));
    }
    all.extend(lines::observe(log, rules));
    all.extend(links::observe(readings));
    merged(all)
}

/// Observations that say the same of the same thing are one.
fn merged(all: Vec<Observation<'_>>) -> Vec<Observation<'_>> {
    let mut merged: Vec<Observation<'_>> = Vec::with_capacity(all.len());
    for observation in all {
        let same = merged.iter_mut().find(|other| {
            let stem = |subject: &Option<Subject>| {
                subject
                    .as_ref()
                    .map(|s| crate::subject::stem(&s.name).to_owned())
            };
            other.text == observation.text
                && other.rule.map(|rule| &rule.id) == observation.rule.map(|rule| &rule.id)
                && (observation.rule.is_some() || other.quote == observation.quote)
                && (stem(&other.subject) == stem(&observation.subject)
                    || other.origin == Origin::Log && observation.origin == Origin::Log)
        });
        match same {
            Some(other) => {
                other.count += observation.count;
                let room = PLACES_MAX.saturating_sub(other.places.len());
                let new: Vec<LineRef> = observation
                    .places
                    .iter()
                    .filter(|place| !other.places.contains(place))
                    .copied()
                    .collect();
                other.places.extend(new.into_iter().take(room));
                other.bonus = other.bonus.max(observation.bonus);
                other.severity = other.severity.max(observation.severity);
                if observation.quote.len() > other.quote.len()
                    && other.origin != Origin::Log
                    && observation.origin == Origin::Event
                {
                    other.quote.clone_from(&observation.quote);
                    if let (Some(first), Some(place)) = (
                        other.places.first().copied(),
                        observation.places.first().copied(),
                    ) {
                        other.places.retain(|other| *other != place);
                        other.places.insert(0, place);
                        debug_assert!(other.places.contains(&first) || first == place);
                    }
                }
            }
            None => merged.push(observation),
        }
    }
    merged
}
