//! When something was first and last seen.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::{lines, say_line};
use super::{alerts, status};
use crate::tools::{
    AlertArguments, AnomalyArguments, ListAlerts, ListAnomalies, LogPatterns, PatternArguments,
    SearchArguments, SearchLogs,
};
use crate::words::moment;

/// What is told of each kind.
const TOLD_MAX: usize = 3;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let is_of_lines = asked.query().is_some() || asked.reading.severity.is_some();
    let mut found = false;
    if is_of_lines {
        found = in_lines(draft, asked).await?;
    }
    if !found || !is_of_lines {
        found |= in_alerts(draft, asked).await?;
    }
    if !found {
        let text = format!(
            "Neither lines{} nor alerts tell of it{} {}.",
            asked.with_words(),
            asked.of_things(),
            asked.span()
        );
        draft.remark(text).await?;
    }
    draft.follow_up("Why?");
    draft.follow_up("What changed before?");
    Ok(())
}

async fn in_lines(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<bool, Stopped> {
    let arguments = PatternArguments {
        query: asked.query(),
        entities: asked.things(),
        severity: asked.severity(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(10),
        ..PatternArguments::default()
    };
    let Some(found) = draft.ask::<LogPatterns>(&arguments).await? else {
        return Ok(false);
    };
    let Some(first) = found.patterns.iter().min_by_key(|one| one.first_ms) else {
        return Ok(false);
    };
    let last = found
        .patterns
        .iter()
        .max_by_key(|one| one.last_ms)
        .unwrap_or(first);
    let text = format!(
        "First seen at {}, last seen at {}; {} in all.",
        moment(first.first_ms),
        moment(last.last_ms),
        lines(found.total)
    );
    draft.say(text, [&first.fact, &last.fact]).await?;
    let oldest = SearchArguments {
        query: asked.query(),
        entities: asked.things(),
        severity: asked.severity(),
        from: asked.from(),
        to: asked.to(),
        oldest_first: true,
        limit: Some(1),
        ..SearchArguments::default()
    };
    if let Some(found) = draft.ask::<SearchLogs>(&oldest).await?
        && let Some(line) = found.lines.first()
    {
        say_line(draft, "The first, at", line).await?;
    }
    Ok(true)
}

async fn in_alerts(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<bool, Stopped> {
    let arguments = AlertArguments {
        entities: asked.things(),
        failure_type: asked.reading.failure_types.first().cloned(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(TOLD_MAX),
        ..AlertArguments::default()
    };
    let found = draft.ask::<ListAlerts>(&arguments).await?;
    let found = found.map_or_else(Vec::new, |found| found.alerts);
    alerts::say(draft, &found).await?;
    let arguments = AnomalyArguments {
        entities: asked.things(),
        is_open: true,
        from: asked.from(),
        to: asked.to(),
        limit: Some(TOLD_MAX),
        ..AnomalyArguments::default()
    };
    let open = draft.ask::<ListAnomalies>(&arguments).await?;
    let open = open.map_or_else(Vec::new, |found| found.anomalies);
    status::say_anomalies(draft, &open).await?;
    Ok(!found.is_empty() || !open.is_empty())
}
