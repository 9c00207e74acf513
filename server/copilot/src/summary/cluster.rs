//! A group of lines that mean the same.

use tocsin_domain::TimeRange;
use tocsin_domain::ports::log_store::LogQuery;

use crate::answer::{Draft, Stopped, say_line, say_patterns};
use crate::quotes::inert;
use crate::tools::{
    GetRunbook, LogPatterns, Pattern, PatternArguments, RunbookArguments, SearchArguments,
    SearchLogs, rfc3339,
};

/// Templates that are told.
const TOLD_MAX: usize = 5;
/// Templates that are counted.
const COUNTED_MAX: usize = 30;

/// Sums a cluster up. False if there is none of that id within the time.
pub(crate) async fn cluster(
    draft: &mut Draft<'_>,
    id: &str,
    range: TimeRange,
) -> Result<bool, Stopped> {
    let clusters = draft
        .tools
        .parts
        .search
        .clusters(&LogQuery::all(range))
        .await;
    let Some(found) = clusters
        .ok()
        .and_then(|all| all.into_iter().find(|one| one.id == id))
    else {
        return Ok(false);
    };
    let templates = found.templates.iter().take(COUNTED_MAX);
    let query: Vec<String> = templates.map(|id| format!("template:{id}")).collect();
    let query = Some(query.join(" OR "));
    let (from, to) = bounds(&found, range);
    let arguments = PatternArguments {
        query: query.clone(),
        from: from.clone(),
        to: to.clone(),
        limit: Some(TOLD_MAX),
        ..PatternArguments::default()
    };
    draft.section("");
    let Some(counted) = draft.ask::<LogPatterns>(&arguments).await? else {
        return Ok(true);
    };
    if let Some(first) = counted.patterns.first() {
        let text = format!(
            "{} lines about “{}”; in as long a time before there were {}.",
            counted.total,
            inert(&found.label),
            counted.total_before
        );
        // The label is made of words of the lines.
        draft.say(text, [&first.fact]).await?;
    }
    say_patterns(draft, &counted.patterns).await?;
    say_newest(draft, query, (from, to)).await?;
    say_failure(draft, &counted.patterns).await?;
    Ok(true)
}

/// What the newest line says.
async fn say_newest(
    draft: &mut Draft<'_>,
    query: Option<String>,
    (from, to): (Option<String>, Option<String>),
) -> Result<(), Stopped> {
    let newest = SearchArguments {
        query,
        from,
        to,
        limit: Some(1),
        ..SearchArguments::default()
    };
    if let Some(lines) = draft.ask::<SearchLogs>(&newest).await?
        && let Some(line) = lines.lines.first()
    {
        say_line(draft, "The newest, at", line).await?;
    }
    Ok(())
}

/// Which type of failure they speak of, and where it stands what to do.
async fn say_failure(draft: &mut Draft<'_>, patterns: &[Pattern]) -> Result<(), Stopped> {
    let Some((pattern, failure_type)) = patterns
        .iter()
        .find_map(|one| Some((one, one.failure_type.clone()?)))
    else {
        return Ok(());
    };
    let text = format!(
        "They speak of a known type of failure: `{}`.",
        inert(&failure_type)
    );
    draft.say(text, [&pattern.fact]).await?;
    let arguments = RunbookArguments {
        failure_type: Some(failure_type),
        text: None,
    };
    if let Some(found) = draft.ask::<GetRunbook>(&arguments).await? {
        for runbook in &found.runbooks {
            let text = format!("A runbook says what to do: {}.", runbook.title);
            draft.say(text, [&runbook.fact]).await?;
        }
    }
    Ok(())
}

/// The time of the question, or that of the lines where it has no ends.
fn bounds(
    found: &tocsin_domain::ports::log_search::ClusterSummary,
    range: TimeRange,
) -> (Option<String>, Option<String>) {
    let from = range.from.max(found.first_seen).millis();
    let to = range
        .to
        .millis()
        .saturating_sub(1)
        .min(found.last_seen.millis());
    (Some(rfc3339(from)), Some(rfc3339(to.max(from))))
}
