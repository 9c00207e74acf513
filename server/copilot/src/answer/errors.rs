//! Which errors there are, and which kinds of lines.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::{capital, lines, say_line, say_patterns};
use crate::tools::{LogPatterns, PatternArguments, Patterns, SearchArguments, SearchLogs, Sort};
use crate::understand::time::DAY_MS;

/// Templates that are told.
const PATTERNS_MAX: usize = 5;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let mut asked = asked;
    let mut found = count(draft, asked, Sort::Frequent, true).await?;
    if is_empty(found.as_ref()) && !asked.has_time() {
        let (_, to_ms) = asked.range_ms;
        asked = asked.within((to_ms - DAY_MS, to_ms));
        draft
            .notice("Nothing in the last hour; the last day was looked at.")
            .await?;
        found = count(draft, asked, Sort::Frequent, true).await?;
    }
    let Some(found) = found else {
        return Ok(());
    };
    let what = named(asked, true);
    if found.total == 0 {
        nothing(draft, asked, &what).await?;
        return by_words(draft, asked).await;
    }
    let text = format!(
        "{} of {what}{} {}; in as long a time before there were {}.",
        capital(&lines(found.total)),
        asked.of_things(),
        asked.span(),
        found.total_before,
    );
    draft
        .say(text, found.patterns.first().map(|one| &one.fact))
        .await?;
    say_patterns(draft, &found.patterns).await?;
    newest(draft, asked, true).await?;
    for question in [
        "Why?",
        "What changed?",
        "When did it start?",
        "Which host has the most errors?",
    ] {
        draft.follow_up(question);
    }
    Ok(())
}

/// Which kinds of lines there are, or which of them are new.
pub(super) async fn patterns(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let lower = asked.question.to_lowercase();
    let wants_new = ["new", "unusual", "never", "unseen", "unknown"]
        .iter()
        .any(|word| {
            lower
                .split(|c: char| !c.is_alphanumeric())
                .any(|part| part == *word)
        });
    let sort = if wants_new { Sort::New } else { Sort::Frequent };
    let Some(found) = count(draft, asked, sort, false).await? else {
        return Ok(());
    };
    let what = named(asked, false);
    if found.patterns.is_empty() {
        if wants_new && found.total > 0 {
            let text = format!(
                "No new kind of {what}{} {}: whatever came was known before.",
                asked.of_things(),
                asked.span()
            );
            return draft.remark(text).await;
        }
        return nothing(draft, asked, &what).await;
    }
    let lead = if wants_new {
        format!(
            "There are new kinds of {what}{} {}.",
            asked.of_things(),
            asked.span()
        )
    } else {
        format!(
            "{} of {what}{} {}; these are the most frequent kinds.",
            capital(&lines(found.total)),
            asked.of_things(),
            asked.span()
        )
    };
    draft
        .say(lead, found.patterns.first().map(|one| &one.fact))
        .await?;
    say_patterns(draft, &found.patterns).await?;
    draft.follow_up("Which of them are errors?");
    draft.follow_up("What changed?");
    Ok(())
}

/// Lines that have a word for a failure, where none has the severity of one: many programs say none.
async fn by_words(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let words = draft.tools.catalogue.failure_words().join(" OR ");
    let topic = asked.query().unwrap_or_default();
    let arguments = PatternArguments {
        query: Some(format!("{topic} ({words})").trim().to_owned()),
        entities: asked.things(),
        severity: None,
        from: asked.from(),
        to: asked.to(),
        sort: Sort::Frequent,
        limit: Some(PATTERNS_MAX),
    };
    let found = draft.ask::<LogPatterns>(&arguments).await?;
    let Some(found) = found.filter(|found| found.total > 0) else {
        return Ok(());
    };
    let text = format!(
        "{}{} {} have a word for a failure.",
        capital(&lines(found.total)),
        asked.of_things(),
        asked.span()
    );
    draft
        .say(text, found.patterns.first().map(|one| &one.fact))
        .await?;
    say_patterns(draft, &found.patterns).await
}

fn is_empty(found: Option<&Patterns>) -> bool {
    found.is_some_and(|found| found.total == 0)
}

/// `severity error or worse`, or any line.
fn named(asked: Asked<'_>, is_error: bool) -> String {
    match asked.of_severity().strip_prefix(" of ") {
        Some(severity) => severity.to_owned(),
        None if is_error => "severity error or worse".into(),
        None => "any severity".into(),
    }
}

/// The least severity of lines that are errors, as an argument.
fn least(asked: Asked<'_>, is_error: bool) -> Option<String> {
    if is_error {
        asked.severity_or_error()
    } else {
        asked.severity()
    }
}

async fn count(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    sort: Sort,
    is_error: bool,
) -> Result<Option<Patterns>, Stopped> {
    let arguments = PatternArguments {
        query: asked.query(),
        entities: asked.things(),
        severity: least(asked, is_error),
        from: asked.from(),
        to: asked.to(),
        sort,
        limit: Some(PATTERNS_MAX),
    };
    draft.ask::<LogPatterns>(&arguments).await
}

/// The newest lines as facts, and what the newest says.
async fn newest(draft: &mut Draft<'_>, asked: Asked<'_>, is_error: bool) -> Result<(), Stopped> {
    let arguments = SearchArguments {
        query: asked.query(),
        entities: asked.things(),
        severity: least(asked, is_error),
        from: asked.from(),
        to: asked.to(),
        limit: Some(3),
        ..SearchArguments::default()
    };
    if let Some(found) = draft.ask::<SearchLogs>(&arguments).await?
        && let Some(line) = found.lines.first()
    {
        say_line(draft, "The newest, at", line).await?;
    }
    Ok(())
}

async fn nothing(draft: &mut Draft<'_>, asked: Asked<'_>, what: &str) -> Result<(), Stopped> {
    let text = format!(
        "No line of {what}{}{} {}.",
        asked.of_things(),
        asked.with_words(),
        asked.span()
    );
    draft.remark(text).await?;
    draft.follow_up("What about the last 7 days?");
    draft.follow_up("Is everything ok?");
    Ok(())
}
