//! Who has the most: kinds of lines, the hosts, services or sources they come from, or the values in them.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::{capital, lines, say_patterns, template};
use super::values;
use crate::quotes::inert;
use crate::tools::{LogPatterns, Pattern, PatternArguments};
use crate::understand::{Counted, Kind, Place};
use crate::words::moment;

/// The most hosts or services that are counted.
const COUNTED_MAX: usize = 40;
/// Those that are told.
const TOLD_MAX: usize = 5;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    if let Some(Counted::Values(of)) = &asked.reading.counted {
        if values::answer(draft, asked, of).await? {
            return Ok(());
        }
        return by_template(draft, asked).await;
    }
    match group(draft, asked) {
        Some(kind) => by_kind(draft, asked, kind).await,
        None => by_template(draft, asked).await,
    }
}

/// By what is counted: `which host`, `services by errors`.
fn group(draft: &Draft<'_>, asked: Asked<'_>) -> Option<Kind> {
    if let Some(Counted::Entities(kind)) = asked.reading.counted {
        return Some(kind);
    }
    let lower = asked.question.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let mut kinds = words.filter_map(|word| draft.tools.catalogue.kind_after(word));
    kinds.find(|kind| matches!(kind, Kind::Host | Kind::Service | Kind::Source))
}

/// Errors unless something else was asked for.
fn severity(asked: Asked<'_>) -> Option<String> {
    let is_any = asked.reading.severity.is_none() && asked.query().is_some();
    let wants_lines = [
        "line", "lines", "logs", "message", "messages", "noisiest", "noisy", "loudest",
    ]
    .iter()
    .any(|word| {
        let lower = asked.question.to_lowercase();
        lower
            .split(|c: char| !c.is_alphanumeric())
            .any(|part| part == *word)
    });
    if is_any || wants_lines {
        return asked.severity();
    }
    asked.severity_or_error()
}

fn arguments(asked: Asked<'_>, entities: Vec<String>, limit: usize) -> PatternArguments {
    PatternArguments {
        query: asked.query(),
        entities,
        severity: severity(asked),
        from: asked.from(),
        to: asked.to(),
        limit: Some(limit),
        ..PatternArguments::default()
    }
}

async fn by_template(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let arguments = arguments(asked, asked.things(), TOLD_MAX);
    let Some(found) = draft.ask::<LogPatterns>(&arguments).await? else {
        return Ok(());
    };
    if found.patterns.is_empty() {
        return nothing(draft, asked).await;
    }
    let text = format!(
        "{} in all{} {}.",
        capital(&lines(found.total)),
        asked.of_things(),
        asked.span()
    );
    draft
        .say(text, found.patterns.first().map(|one| &one.fact))
        .await?;
    say_patterns(draft, &found.patterns).await?;
    draft.follow_up("Which host has the most errors?");
    draft.follow_up("What changed?");
    Ok(())
}

async fn by_kind(draft: &mut Draft<'_>, asked: Asked<'_>, kind: Kind) -> Result<(), Stopped> {
    let in_lines = |places: &std::collections::BTreeSet<Place>| {
        places.iter().any(|place| matches!(place, Place::Lines(_)))
    };
    let all = draft.directory.entities().iter();
    let meant: Vec<String> = all
        .filter(|entity| entity.kinds.contains(&kind) && in_lines(&entity.places))
        .map(|entity| entity.name.clone())
        .collect();
    let is_more = meant.len() > COUNTED_MAX;
    let mut counted: Vec<(String, u64, Pattern)> = Vec::new();
    for name in meant.into_iter().take(COUNTED_MAX) {
        let entities = asked.things().into_iter().chain([name.clone()]).collect();
        let found = draft
            .ask::<LogPatterns>(&arguments(asked, entities, 1))
            .await?;
        if let Some(found) = found
            && let Some(first) = found.patterns.into_iter().next()
        {
            counted.push((name, found.total, first));
        }
    }
    counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if counted.is_empty() {
        return nothing(draft, asked).await;
    }
    counted.iter().for_each(|one| draft.give(&one.0));
    for (place, (name, total, pattern)) in counted.iter().take(TOLD_MAX).enumerate() {
        let lead = if place == 0 { "The most: " } else { "Then: " };
        let text = format!(
            "{lead}{} `{}` with {}, most often `{}`, the last at {}.",
            kind.name(),
            inert(name),
            lines(*total),
            template(pattern),
            moment(pattern.last_ms)
        );
        draft.say(text, [&pattern.fact]).await?;
    }
    if is_more {
        draft
            .notice("There are more than were counted; ask of some of them, or of a shorter time.")
            .await?;
    }
    if let Some((name, ..)) = counted.first() {
        draft.follow_up(format!("Why does {} have errors?", inert(name)));
        draft.follow_up(format!("Show errors of {}", inert(name)));
    }
    Ok(())
}

async fn nothing(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let text = format!(
        "Nothing was counted: no such line{}{} {}.",
        asked.of_things(),
        asked.with_words(),
        asked.span()
    );
    draft.remark(text).await
}
