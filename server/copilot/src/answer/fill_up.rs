//! What will reach its limit, and where a series is going.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use crate::quotes::inert;
use crate::tools::{Forecast, ForecastArguments, Forecasts, PredictionFound};
use crate::understand::Intent;
use crate::understand::time::HOUR_MS;
use crate::words::{moment, number, percent};

/// Predictions that are told.
const TOLD_MAX: usize = 6;
/// How far is looked ahead where nothing is said, in hours.
const HORIZON_HOURS: u32 = 24 * 7;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let Some(found) = forecast(draft, asked).await? else {
        return Ok(());
    };
    if asked.reading.metrics().next().is_some() {
        return outlooks(draft, asked, &found).await;
    }
    let until = asked.range_ms.1;
    let is_soon = |one: &&PredictionFound| {
        one.is_raised || one.crossing_ms.is_some_and(|(early, ..)| early <= until)
    };
    let soon: Vec<&PredictionFound> = found.predictions.iter().filter(is_soon).collect();
    for one in &soon {
        say(draft, one).await?;
    }
    if !soon.is_empty() {
        draft.follow_up("What should I do?");
        draft.follow_up("Why does it fill up?");
        return Ok(());
    }
    if found.watched == 0 {
        let text = format!(
            "Nothing{} is watched for reaching a limit: no series that the rules of capacity ask for is there.",
            asked.of_things()
        );
        draft.remark(text).await?;
        return draft
            .remark("Metrics of node_exporter or Telegraf, or rules of your own in `metrics.rules`, would tell.")
            .await;
    }
    let text = format!(
        "Nothing{} that is watched is predicted to reach its limit until {}.",
        asked.of_things(),
        moment(until)
    );
    draft.remark(text).await?;
    for one in found.predictions.iter().take(3) {
        let text = format!(
            "`{}` is at {}, its limit is {}.",
            inert(&one.series),
            number(one.current),
            number(one.threshold)
        );
        draft.say(text, [&one.fact]).await?;
    }
    Ok(())
}

/// Says what is predicted to reach its limit; whether there is anything.
pub(super) async fn raised(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<bool, Stopped> {
    let Some(found) = forecast(draft, asked).await? else {
        return Ok(false);
    };
    let raised: Vec<&PredictionFound> = found
        .predictions
        .iter()
        .filter(|one| one.is_raised)
        .collect();
    for one in &raised {
        say(draft, one).await?;
    }
    Ok(!raised.is_empty())
}

async fn forecast(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<Option<Forecasts>, Stopped> {
    let ahead_ms = asked.range_ms.1 - draft.asker.now_ms;
    let hours = u32::try_from(ahead_ms.div_euclid(HOUR_MS) + 1).unwrap_or(HORIZON_HOURS);
    let is_fill_up = asked.reading.intent == Intent::FillUp;
    let arguments = ForecastArguments {
        entities: asked.things(),
        subject: is_fill_up
            .then(|| asked.reading.subjects.first().cloned())
            .flatten(),
        metric: is_fill_up
            .then(|| asked.reading.metrics().next().map(str::to_owned))
            .flatten(),
        horizon_hours: Some(if ahead_ms > 0 {
            hours.clamp(1, 24 * 90)
        } else {
            HORIZON_HOURS
        }),
        limit: Some(TOLD_MAX),
    };
    draft.ask::<Forecast>(&arguments).await
}

/// Says when a limit is reached.
pub(crate) async fn say(draft: &mut Draft<'_>, one: &PredictionFound) -> Result<(), Stopped> {
    let series = inert(&one.series);
    let text = match one.crossing_ms {
        Some((early, likely, late)) => format!(
            "`{series}` reaches its limit of {} about {}, between {} and {}; it is at {} now, and the probability is {}.",
            number(one.threshold),
            moment(likely),
            moment(early),
            moment(late),
            number(one.current),
            percent(one.probability)
        ),
        None => format!(
            "`{series}` is at {}; its limit is {}, and no crossing is foreseen.",
            number(one.current),
            number(one.threshold)
        ),
    };
    draft.say(text, [&one.fact]).await
}

async fn outlooks(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
    found: &Forecasts,
) -> Result<(), Stopped> {
    for one in &found.outlooks {
        let Some(point) = &one.point else {
            let text = format!(
                "`{}` cannot be forecast: {}.",
                inert(&one.series),
                inert(&one.reason)
            );
            draft.remark(text).await?;
            continue;
        };
        let text = format!(
            "On {} `{}` is expected at {}, between {} and {} with a probability of 80 %.",
            moment(point.at_ms),
            inert(&one.series),
            number(point.likely),
            number(point.low),
            number(point.high)
        );
        draft.say(text, [&one.fact]).await?;
    }
    if found.outlooks.is_empty() {
        let text = format!(
            "No series of that metric{} has points in the last day.",
            asked.of_things()
        );
        draft.remark(text).await?;
    }
    Ok(())
}
