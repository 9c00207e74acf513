//! Which values lines have most often: addresses, users, paths, customers.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::{capital, lines};
use crate::quotes::{inert, quote};
use crate::tools::{CountedValue, LogValues, ValueArguments, Values};

/// Those that are told where no number is said.
const TOLD: usize = 5;
/// Those that are told at most.
const TOLD_MAX: usize = 20;

/// Says which values of a kind are most frequent. Whether lines have such values at all: where they have none,
/// only that is said.
pub(super) async fn answer(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    of: &str,
) -> Result<bool, Stopped> {
    let Some(found) = find(draft, asked, of).await? else {
        return Ok(true);
    };
    if found.total == 0 {
        let text = format!(
            "Nothing was counted: no such line{}{}{} {}.",
            asked.of_severity(),
            asked.of_things(),
            asked.with_words(),
            asked.span()
        );
        draft.remark(text).await?;
        return Ok(true);
    }
    if found.values.is_empty() {
        let text = format!(
            "No value of `{}` was found in the lines{} {}.",
            inert(of),
            asked.of_things(),
            asked.span()
        );
        draft.remark(text).await?;
        return Ok(false);
    }
    told(draft, asked, &found).await?;
    Ok(true)
}

/// The values of the lines that are asked about. Where failures are asked for and no line is one by its severity,
/// lines of any severity with what was quoted are, else those that have a word for a failure.
async fn find(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    of: &str,
) -> Result<Option<Values>, Stopped> {
    let words = draft.tools.catalogue.failure_words();
    let any = format!("({})", words.join(" OR "));
    let wants_failures = asks_for_failures(asked, words);
    let mut arguments = ValueArguments {
        of: of.to_owned(),
        query: asked.query(),
        entities: asked.things(),
        severity: asked.severity(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(asked.reading.how_many.unwrap_or(TOLD).min(TOLD_MAX)),
    };
    let is_quoted = asked.reading.is_quoted;
    let is_narrow = arguments.query.is_some() || arguments.severity.is_some();
    if is_narrow || !wants_failures {
        let found = draft.ask::<LogValues>(&arguments).await?;
        let is_done = found.as_ref().is_none_or(|found| found.total > 0);
        let is_all = is_quoted && arguments.severity.is_none();
        if is_done || !wants_failures || is_all {
            return Ok(found);
        }
    }
    arguments.severity = None;
    let mut notice = "No such line has that severity; those of any severity were counted.";
    if !is_quoted {
        arguments.query = Some(any);
        notice = "Counted are the lines that have a word for a failure.";
    }
    let found = draft.ask::<LogValues>(&arguments).await?;
    if found.as_ref().is_some_and(|found| found.total > 0) {
        draft.notice(notice).await?;
    }
    Ok(found)
}

fn asks_for_failures(asked: Asked<'_>, words: &[String]) -> bool {
    let reading = asked.reading;
    let lower = asked.question.to_lowercase();
    let mut said = lower.split(|c: char| !c.is_alphanumeric());
    (reading.severity.is_some() && !asked.wants_warnings())
        || reading.subjects.iter().any(|subject| subject == "errors")
        || said.any(|word| words.iter().any(|one| one == word))
}

async fn told(draft: &mut Draft<'_>, asked: Asked<'_>, found: &Values) -> Result<(), Stopped> {
    let first = found.values.first();
    let text = format!(
        "{}{} {}, with {} of the kind `{}`.",
        capital(&lines(found.total)),
        asked.of_things(),
        asked.span(),
        at_least(found.is_at_least, found.distinct) + different(found.distinct),
        inert(&found.noun),
    );
    draft.say(text, first.map(|one| &one.fact)).await?;
    for (place, one) in found.values.iter().enumerate() {
        draft
            .say(sentence(place, one, &found.noun), [&one.fact])
            .await?;
    }
    if found.values.iter().any(|one| one.is_at_least) {
        draft
            .notice("Of kinds of lines with very many values only the most frequent were counted.")
            .await?;
    }
    if let Some(first) = first {
        draft.follow_up(format!("Show lines with \"{}\"", inert(&first.value)));
        draft.follow_up(format!("When did \"{}\" start?", inert(&first.value)));
    }
    Ok(())
}

fn sentence(place: usize, one: &CountedValue, noun: &str) -> String {
    let lead = if place == 0 { "The most: " } else { "Then: " };
    format!(
        "{lead}{} `{}` with {}{}, most often in `{}`.",
        inert(noun),
        inert(&one.value),
        if one.is_at_least { "at least " } else { "" },
        lines(one.lines),
        quote(&one.text),
    )
}

fn at_least(is_more: bool, count: u64) -> String {
    let at_least = if is_more { "at least " } else { "" };
    format!("{at_least}{count}")
}

const fn different(count: u64) -> &'static str {
    if count == 1 {
        " value"
    } else {
        " different values"
    }
}
