//! Answers without a model: what is wanted decides which tools are asked, and what is said of what they find.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::{
    alerts, changes, compare, count, errors, explain, fill_up, first_seen, help, metric, remedies,
    runbook, runs, search, similar, status, top, why,
};
use crate::summary;
use crate::understand::Intent;

/// Answers a question from evidence alone.
///
/// # Errors
/// [`Stopped`] if nobody listens any more; what was said stays in the draft.
pub(crate) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    match asked.reading.intent {
        Intent::Help => help::answer(draft).await?,
        Intent::Runs => runs::answer(draft, asked).await?,
        Intent::Remedies => remedies::answer(draft, asked).await?,
        Intent::Runbook => runbook::answer(draft, asked).await?,
        Intent::FirstSeen => first_seen::answer(draft, asked).await?,
        Intent::Similar => similar::answer(draft, asked).await?,
        Intent::FillUp => fill_up::answer(draft, asked).await?,
        Intent::Compare => compare::answer(draft, asked).await?,
        Intent::Top => top::answer(draft, asked).await?,
        Intent::Count => count::answer(draft, asked).await?,
        Intent::Explain => explain::answer(draft, asked).await?,
        Intent::Cause | Intent::Why => why::answer(draft, asked).await?,
        Intent::Changes => changes::answer(draft, asked).await?,
        Intent::Patterns => errors::patterns(draft, asked).await?,
        Intent::Digest => summary::digest(draft, asked.range_ms).await?,
        Intent::Alerts => alerts::answer(draft, asked).await?,
        Intent::Status => status::answer(draft, asked).await?,
        Intent::Errors => errors::answer(draft, asked).await?,
        Intent::Metric => metric::answer(draft, asked).await?,
        Intent::Search => search::answer(draft, asked).await?,
    }
    draft.chart_what_is_cited().await?;
    if draft.is_silent() {
        failed(draft).await?;
    }
    Ok(())
}

/// Nothing could be said: tools had no answer.
async fn failed(draft: &mut Draft<'_>) -> Result<(), Stopped> {
    let failed: Vec<String> = draft
        .answer
        .steps
        .iter()
        .filter(|step| !step.is_ok)
        .map(|step| format!("`{}`: {}", step.tool, step.summary))
        .collect();
    let why = if failed.is_empty() {
        "Nothing was found that would answer this.".to_owned()
    } else {
        format!("This cannot be answered now. {}.", failed.join("; "))
    };
    draft.notice(why).await?;
    draft
        .remark("No answer was found; ask of a service, a host or a time, or with other words.")
        .await
}
