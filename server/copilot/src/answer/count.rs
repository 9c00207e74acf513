//! How many.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::{capital, lines, say_patterns};
use super::{alerts, changes};
use crate::tools::{LogPatterns, PatternArguments};
use crate::understand::Intent;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    // What is counted need not be lines.
    let topic = asked.reading.topic.join(" ").to_lowercase();
    let counted = draft.tools.catalogue.intent(&topic, |_| false);
    let counted = counted.filter(|_| !asked.reading.is_quoted);
    match counted {
        Some((Intent::Alerts, _)) => return alerts::answer(draft, asked).await,
        Some((Intent::Changes, _)) => return changes::answer(draft, asked).await,
        _ => {}
    }
    let arguments = PatternArguments {
        query: asked.query(),
        entities: asked.things(),
        severity: asked.severity(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(3),
        ..PatternArguments::default()
    };
    let Some(found) = draft.ask::<LogPatterns>(&arguments).await? else {
        return Ok(());
    };
    let severity = asked.of_severity();
    if found.total == 0 {
        let text = format!(
            "None: no line{severity}{}{} {}.",
            asked.of_things(),
            asked.with_words(),
            asked.span()
        );
        return draft.remark(text).await;
    }
    let text = format!(
        "{}{severity}{} {}; in as long a time before there were {}.",
        capital(&lines(found.total)),
        asked.of_things(),
        asked.span(),
        found.total_before
    );
    draft
        .say(text, found.patterns.first().map(|one| &one.fact))
        .await?;
    say_patterns(draft, &found.patterns).await?;
    draft.follow_up("And yesterday?");
    draft.follow_up("Which host has the most?");
    draft.follow_up("Why?");
    Ok(())
}
