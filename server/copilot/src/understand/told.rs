//! How a question was understood, as a sentence for people.

use tocsin_domain::copilot::Understood;

use super::directory::Fit;
use super::intent::Intent;
use super::reading::{FoundEntity, Reading};
use super::time::Asker;
use super::variable::Counted;
use crate::quotes::inert;
use crate::words::moment;

/// What is shown before the answer.
pub(crate) fn understood(reading: &Reading, asker: Asker) -> Understood {
    let (from_ms, to_ms) = reading.range_ms(asker);
    let mut text = format!("Read as: {}", reading.intent.phrase());
    if let Some(Counted::Values(of)) = &reading.counted {
        text.push_str(&format!(", by values of `{}`", inert(of)));
    }
    let names: Vec<String> = reading.entities.iter().map(named).collect();
    if !names.is_empty() {
        text.push_str(&format!(", of {}", names.join(" and ")));
    }
    if uses_time(reading.intent) {
        text.push_str(&format!(", from {} to {}", moment(from_ms), moment(to_ms)));
        if reading.stored_ms.is_some() {
            text.push_str(" (no time was said, and nothing newer is stored)");
        } else if reading.time_words.is_none() {
            text.push_str(" (no time was said)");
        }
    }
    text.push('.');
    if reading.is_follow_up {
        text.push_str(" The rest is taken from the question before.");
    }
    let topic = reading
        .topic
        .iter()
        .map(|word| format!("`{}`", inert(word)));
    let topic = topic.collect::<Vec<_>>().join(", ");
    if !topic.is_empty() {
        let use_of = if uses_topic(reading.intent) {
            "Looked for"
        } else {
            "Passed over"
        };
        text.push_str(&format!(" {use_of}: {topic}."));
    }
    for found in &reading.entities {
        text.push_str(&note(found));
    }
    for (kind, word) in &reading.unknown {
        text.push_str(&format!(" No {} `{}` is known.", kind.name(), inert(word)));
    }
    Understood {
        intent: reading.intent.name().into(),
        text,
        entities: reading
            .entities
            .iter()
            .map(|found| found.entity.name.clone())
            .collect(),
        from_ms,
        to_ms,
        time_words: reading.time_words.clone(),
    }
}

fn named(found: &FoundEntity) -> String {
    format!(
        "{} `{}`",
        found.entity.kind().name(),
        inert(&found.entity.name)
    )
}

/// What one should know of how a name was found; empty where it was written in full.
fn note(found: &FoundEntity) -> String {
    let (words, name) = (inert(&found.words), inert(&found.entity.name));
    let how = match found.fit {
        _ if found.words.is_empty() => return String::new(),
        Fit::Exact | Fit::Loose if found.others.is_empty() => return String::new(),
        Fit::Misspelt => format!(" `{words}` is not known; `{name}` was taken for it"),
        _ => format!(" `{words}` was taken for `{name}`"),
    };
    let others: Vec<String> = found
        .others
        .iter()
        .map(|name| format!("`{}`", inert(name)))
        .collect();
    if others.is_empty() {
        format!("{how}.")
    } else {
        format!("{how}; it could also be {}.", others.join(", "))
    }
}

/// Whether the words that are left narrow what lines are looked for.
pub(crate) const fn uses_topic(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::Search
            | Intent::Errors
            | Intent::Count
            | Intent::Top
            | Intent::FirstSeen
            | Intent::Patterns
            | Intent::Compare
            | Intent::Runbook
    )
}

const fn uses_time(intent: Intent) -> bool {
    !matches!(intent, Intent::Help | Intent::Runbook | Intent::Explain)
}
