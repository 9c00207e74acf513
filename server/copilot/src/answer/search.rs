//! Lines that speak of something, by words and by meaning.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::{capital, lines, say_line, say_patterns};
use crate::tools::{Lines, SearchArguments, SearchLogs};
use crate::understand::time::DAY_MS;

/// How far back is looked, one after the other, until something is found, in days.
const DAYS: [i64; 3] = [1, 7, 30];
/// Lines that are told.
const LINES_TOLD: usize = 3;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let (_, to_ms) = asked.range_ms;
    let ranges: Vec<(i64, i64)> = if asked.has_time() {
        vec![asked.range_ms]
    } else {
        DAYS.iter()
            .map(|days| (to_ms - days * DAY_MS, to_ms))
            .collect()
    };
    let mut last = asked;
    for range in ranges {
        last = asked.within(range);
        let Some(found) = search(draft, last).await? else {
            return Ok(());
        };
        if let Some(notice) = &found.notice {
            draft.notice(notice.clone()).await?;
        }
        if found.total > 0 {
            return told(draft, last, &found).await;
        }
    }
    let text = format!(
        "No line{}{} was found {}.",
        asked.of_things(),
        asked.with_words(),
        last.span()
    );
    draft.remark(text).await?;
    draft
        .remark("Other words for it, fewer of them, or a longer time may find it.")
        .await?;
    draft.follow_up("Is everything ok?");
    draft.follow_up("What can I ask?");
    Ok(())
}

async fn search(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<Option<Lines>, Stopped> {
    let words = asked.reading.topic.join(" ");
    let meaning = if words.is_empty() && asked.things().is_empty() {
        asked.question.to_owned()
    } else {
        words
    };
    // What is quoted stands in a line, or it does not.
    let query = asked.query().filter(|_| asked.reading.is_quoted);
    let arguments = SearchArguments {
        meaning: (query.is_none() && !meaning.is_empty()).then_some(meaning),
        query,
        entities: asked.things(),
        severity: asked.severity(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(10),
        ..SearchArguments::default()
    };
    draft.ask::<SearchLogs>(&arguments).await
}

async fn told(draft: &mut Draft<'_>, asked: Asked<'_>, found: &Lines) -> Result<(), Stopped> {
    let best = found.patterns.first().map(|one| (&one.fact, one.total));
    if let Some((fact, total)) = best {
        let text = format!(
            "{} found{} {}.",
            capital(&lines(total)),
            asked.of_things(),
            asked.span()
        );
        draft.say(text, [fact]).await?;
    }
    say_patterns(draft, &found.patterns).await?;
    for line in found.lines.iter().take(LINES_TOLD) {
        say_line(draft, "At", line).await?;
    }
    for question in [
        "When did it start?",
        "Why?",
        "How many were there yesterday?",
    ] {
        draft.follow_up(question);
    }
    Ok(())
}
