//! What the page shows: a line, an alert, an incident, a metric.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::{lines, say_line};
use super::{metric, why};
use crate::quotes::inert;
use crate::summary;
use crate::tools::{
    ContextArguments, GetContext, GetRunbook, LogPatterns, PatternArguments, RunbookArguments,
};
use crate::understand::time::DAY_MS;
use crate::words::moment;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let Some(page) = asked.page else {
        return Ok(());
    };
    if let Some(record) = page.record {
        return line(draft, asked, &record.to_string()).await;
    }
    if let Some(alert) = page.alert {
        summary::alert(draft, alert).await?;
        draft.follow_up("Why?");
        draft.follow_up("What should I do?");
        draft.follow_up("Has this happened before?");
        return Ok(());
    }
    if let Some(incident) = page.incident {
        summary::incident(draft, incident).await?;
        draft.follow_up("Why?");
        draft.follow_up("Similar incidents?");
        return Ok(());
    }
    if page.metric.is_some() {
        return metric::answer(draft, asked).await;
    }
    why::answer(draft, asked).await
}

/// What a line says, how often its like comes, and what to do about it.
async fn line(draft: &mut Draft<'_>, asked: Asked<'_>, record: &str) -> Result<(), Stopped> {
    let arguments = ContextArguments {
        record: record.to_owned(),
        before: Some(3),
        after: Some(3),
    };
    let Some(found) = draft.ask::<GetContext>(&arguments).await? else {
        return draft.remark("The line is no longer kept.").await;
    };
    say_line(draft, "At", &found.line).await?;
    let around = found.line.at_ms;
    let asked = asked.within((around - DAY_MS, draft.asker.now_ms.min(around + DAY_MS)));
    if let Some(pattern) = same_template(draft, asked, found.template).await? {
        let fresh = if pattern.is_new {
            "its kind was never seen before"
        } else {
            "its kind was known before"
        };
        let text = format!(
            "{} of its kind came {}, the first at {}, the last at {}; {fresh}.",
            super::lines::capital(&lines(pattern.count)),
            asked.span(),
            moment(pattern.first_ms),
            moment(pattern.last_ms)
        );
        draft.say(text, [&pattern.fact]).await?;
        if let Some(failure_type) = &pattern.failure_type {
            let text = format!(
                "It speaks of a known type of failure: `{}`.",
                inert(failure_type)
            );
            draft.say(text, [&found.line.fact]).await?;
            let arguments = RunbookArguments {
                failure_type: Some(failure_type.clone()),
                text: None,
            };
            if let Some(runbooks) = draft.ask::<GetRunbook>(&arguments).await? {
                for runbook in &runbooks.runbooks {
                    super::runbook::say(draft, runbook).await?;
                }
            }
        }
    }
    if let Some(before) = found.before.last() {
        say_line(draft, "Just before it, at", before).await?;
    }
    if let Some(after) = found.after.first() {
        say_line(draft, "Just after it, at", after).await?;
    }
    draft.follow_up("Why?");
    draft.follow_up("When was it first seen?");
    draft.follow_up("What changed?");
    Ok(())
}

async fn same_template(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    template: tocsin_domain::TemplateId,
) -> Result<Option<crate::tools::Pattern>, Stopped> {
    let arguments = PatternArguments {
        query: Some(format!("template:{template}")),
        from: asked.from(),
        to: asked.to(),
        limit: Some(1),
        ..PatternArguments::default()
    };
    let found = draft.ask::<LogPatterns>(&arguments).await?;
    Ok(found.and_then(|found| found.patterns.into_iter().next()))
}
