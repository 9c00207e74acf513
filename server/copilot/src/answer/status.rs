//! Whether all is well.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use super::lines::say_patterns;
use super::{alerts, fill_up};
use crate::quotes::inert;
use crate::tools::{
    AlertArguments, AnomalyArguments, AnomalyFound, ListAlerts, ListAnomalies, LogPatterns,
    PatternArguments, Sort,
};
use crate::words::{moment, number};

/// What is told of each kind.
const TOLD_MAX: usize = 4;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let arguments = AlertArguments {
        entities: asked.things(),
        is_firing: Some(true),
        limit: Some(TOLD_MAX),
        ..AlertArguments::default()
    };
    let firing = draft.ask::<ListAlerts>(&arguments).await?;
    let firing = firing.map_or_else(Vec::new, |found| found.alerts);
    alerts::say(draft, &firing).await?;
    let errors = rising(draft, asked).await?;
    let anomalies = open_anomalies(draft, asked).await?;
    let predicted = fill_up::raised(draft, asked).await?;
    let is_well = firing.is_empty() && errors == 0 && anomalies == 0 && !predicted;
    if is_well && draft.answer.steps.iter().all(|step| step.is_ok) {
        let text = format!(
            "Nothing is wrong{} as far as is seen: no alert fires, no anomaly lasts, no kind of error rises and none is new {}, and nothing is predicted to reach its limit.",
            asked.of_things(),
            asked.span()
        );
        draft.remark(text).await?;
        draft.follow_up("What happened in the last 24 hours?");
        draft.follow_up("What changed?");
        return Ok(());
    }
    if let Some(worst) = firing.first() {
        draft.follow_up(format!("Why: {}?", inert(&worst.title)));
    }
    for question in ["Why?", "What changed?", "What should I do?"] {
        draft.follow_up(question);
    }
    Ok(())
}

/// Kinds of errors that come more often than before.
async fn rising(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<usize, Stopped> {
    let arguments = PatternArguments {
        entities: asked.things(),
        severity: Some("error".into()),
        from: asked.from(),
        to: asked.to(),
        sort: Sort::Rising,
        limit: Some(TOLD_MAX),
        ..PatternArguments::default()
    };
    let Some(found) = draft.ask::<LogPatterns>(&arguments).await? else {
        return Ok(0);
    };
    say_patterns(draft, &found.patterns).await?;
    Ok(found.patterns.len())
}

async fn open_anomalies(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<usize, Stopped> {
    let arguments = AnomalyArguments {
        entities: asked.things(),
        is_open: true,
        from: asked.from(),
        to: asked.to(),
        limit: Some(TOLD_MAX),
        ..AnomalyArguments::default()
    };
    let Some(found) = draft.ask::<ListAnomalies>(&arguments).await? else {
        return Ok(0);
    };
    say_anomalies(draft, &found.anomalies).await?;
    Ok(found.anomalies.len())
}

/// Says what anomalies say.
pub(crate) async fn say_anomalies(
    draft: &mut Draft<'_>,
    anomalies: &[AnomalyFound],
) -> Result<(), Stopped> {
    for one in anomalies {
        let text = format!(
            "Since {} `{}` is unusual: {} where {} was expected.",
            moment(one.started_ms),
            inert(&one.series),
            number(one.observed),
            number(one.expected)
        );
        draft.say(text, [&one.fact]).await?;
    }
    Ok(())
}
