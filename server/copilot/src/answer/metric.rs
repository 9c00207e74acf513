//! The values of a metric.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use crate::quotes::inert;
use crate::tools::{MetricArguments, QueryMetrics, SeriesSummary};
use crate::words::{moment, number};

/// Series that are told.
const TOLD_MAX: usize = 6;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let Some(found) = query(draft, asked, TOLD_MAX).await? else {
        return Ok(());
    };
    if found.is_empty() {
        let what = asked
            .reading
            .subjects
            .first()
            .map_or("such a metric", String::as_str);
        let text = format!(
            "No series of {what}{} has points {}.",
            asked.of_things(),
            asked.span()
        );
        draft.remark(text).await?;
        draft
            .remark("The name of a metric, as `node_load1` in backticks, or a query in PromQL on the page of metrics finds what this did not.")
            .await?;
        return Ok(());
    }
    for one in &found {
        say(draft, one).await?;
    }
    draft.follow_up("And yesterday?");
    draft.follow_up("What will fill up?");
    draft.follow_up("Why?");
    Ok(())
}

/// The series that are meant, summed up.
pub(super) async fn query(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    limit: usize,
) -> Result<Option<Vec<SeriesSummary>>, Stopped> {
    let metric = asked.reading.metrics().next().map(str::to_owned);
    let page = asked.page.and_then(|page| page.metric.clone());
    let named = metric.is_some() || !asked.reading.subjects.is_empty();
    let arguments = MetricArguments {
        query: if named { None } else { page },
        subject: if metric.is_some() {
            None
        } else {
            asked.reading.subjects.first().cloned()
        },
        metric,
        entities: asked.things(),
        from: asked.from(),
        to: asked.to(),
        limit: Some(limit),
    };
    let found = draft.ask::<QueryMetrics>(&arguments).await?;
    Ok(found.map(|found| found.series))
}

/// Says what a series did.
pub(super) async fn say(draft: &mut Draft<'_>, one: &SeriesSummary) -> Result<(), Stopped> {
    let unit = if one.is_rate { " per second" } else { "" };
    let text = format!(
        "`{}`: {}{unit} at last, {}{unit} on average, at most {}{unit} at {}.",
        inert(&one.series),
        number(one.last),
        number(one.mean),
        number(one.max),
        moment(one.max_at_ms)
    );
    draft.say(text, [&one.fact]).await
}
