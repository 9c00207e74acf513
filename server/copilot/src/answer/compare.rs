//! Two times against each other.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::{capital, lines, template};
use super::metric;
use crate::quotes::inert;
use crate::tools::{LogPatterns, PatternArguments, Patterns};
use crate::understand::time::DAY_MS;
use crate::words::{moment, number};

/// Templates that are looked at for those that are only in one of the times.
const PATTERNS_MAX: usize = 30;
/// Those that are told.
const TOLD_MAX: usize = 3;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let (one, two) = times(draft, asked);
    let (one, two) = (asked.within(one), asked.within(two));
    let measures = asked.reading.metrics().next().is_some() || !asked.reading.subjects.is_empty();
    if measures {
        return metrics(draft, one, two).await;
    }
    let (Some(first), Some(second)) = (count(draft, one).await?, count(draft, two).await?) else {
        return Ok(());
    };
    say_total(draft, one, &first).await?;
    say_total(draft, two, &second).await?;
    let rate = |found: &Patterns, asked: Asked<'_>| {
        let (from, to) = asked.range_ms;
        found.total as f64 / (to - from).max(1) as f64
    };
    let (a, b) = (rate(&first, one), rate(&second, two));
    let verdict = if (a - b).abs() <= 0.1 * a.max(b) {
        "about as often in the former as in the latter"
    } else if a > b {
        "more often in the former than in the latter"
    } else {
        "less often in the former than in the latter"
    };
    let facts = [&first, &second].map(|found| found.patterns.first().map(|one| one.fact.clone()));
    let facts: Vec<Option<String>> = facts.into_iter().flatten().collect();
    let text = format!("For how long each time is, they came {verdict}.");
    draft.say(text, &facts).await?;
    for pattern in first
        .patterns
        .iter()
        .filter(|have| second.patterns.iter().all(|one| one.id != have.id))
        .take(TOLD_MAX)
    {
        let text = format!(
            "Only in the former: `{}`, {}, the last at {}.",
            template(pattern),
            lines(pattern.count),
            moment(pattern.last_ms)
        );
        draft.say(text, [&pattern.fact]).await?;
    }
    draft.follow_up("What changed?");
    draft.follow_up("Why?");
    Ok(())
}

/// The two times, in ms: those that were said, else what was said and as long a time before; today and
/// yesterday until this time of day where none was said.
fn times(draft: &Draft<'_>, asked: Asked<'_>) -> ((i64, i64), (i64, i64)) {
    let now = draft.asker.now_ms;
    let said = &asked.reading.times;
    let shifted = |(from, to): (i64, i64), by: i64| (from - by, to - by);
    match said.as_slice() {
        [one, two, ..] => ((one.from_ms, one.to_ms), (two.from_ms, two.to_ms)),
        [one] if one.to_ms < now => {
            // "than yesterday": today so far against it.
            let length = (one.to_ms - one.from_ms).max(1);
            ((now - length, now), (one.from_ms, one.to_ms))
        }
        [one] => {
            let range = (one.from_ms, one.to_ms);
            (range, shifted(range, DAY_MS.max(one.to_ms - one.from_ms)))
        }
        [] => ((now - DAY_MS, now), (now - 2 * DAY_MS, now - DAY_MS)),
    }
}

async fn count(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<Option<Patterns>, Stopped> {
    let arguments = PatternArguments {
        query: asked.query(),
        entities: asked.things(),
        severity: asked.severity(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(PATTERNS_MAX),
        ..PatternArguments::default()
    };
    draft.ask::<LogPatterns>(&arguments).await
}

async fn say_total(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    found: &Patterns,
) -> Result<(), Stopped> {
    let severity = asked
        .severity()
        .map_or_else(String::new, |name| format!(" of severity {name} or worse"));
    let Some(first) = found.patterns.first() else {
        let text = format!("No line{severity}{} {}.", asked.of_things(), asked.span());
        return draft.remark(text).await;
    };
    let text = format!(
        "{}{severity}{} {}.",
        capital(&lines(found.total)),
        asked.of_things(),
        asked.span()
    );
    draft.say(text, [&first.fact]).await
}

async fn metrics(draft: &mut Draft<'_>, one: Asked<'_>, two: Asked<'_>) -> Result<(), Stopped> {
    let limit = 5;
    let (Some(first), Some(second)) = (
        metric::query(draft, one, limit).await?,
        metric::query(draft, two, limit).await?,
    ) else {
        return Ok(());
    };
    let mut said = false;
    for a in &first {
        let Some(b) = second.iter().find(|b| b.series == a.series) else {
            continue;
        };
        said = true;
        let unit = if a.is_rate { " per second" } else { "" };
        let text = format!(
            "`{}`: {}{unit} on average {}, and {}{unit} {}; at most {}{unit} and {}{unit}.",
            inert(&a.series),
            number(a.mean),
            one.span(),
            number(b.mean),
            two.span(),
            number(a.max),
            number(b.max)
        );
        draft.say(text, [&a.fact, &b.fact]).await?;
    }
    if !said {
        let text = format!(
            "No series{} has points both {} and {}.",
            one.of_things(),
            one.span(),
            two.span()
        );
        draft.remark(text).await?;
    }
    Ok(())
}
