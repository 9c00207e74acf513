//! What happened within a time.

use crate::answer::{Draft, Stopped, say_alerts, say_changes, say_patterns, say_prediction};
use crate::quotes::inert;
use crate::tools::{
    AlertArguments, ChangeArguments, Forecast, ForecastArguments, ListAlerts, ListChanges,
    LogPatterns, PatternArguments, Sort, rfc3339,
};

/// What is told of each kind.
const TOLD_MAX: usize = 5;

/// Says what happened within `[from, to]`, in ms.
pub(crate) async fn digest(
    draft: &mut Draft<'_>,
    (from_ms, to_ms): (i64, i64),
) -> Result<(), Stopped> {
    let (from, to) = (Some(rfc3339(from_ms)), Some(rfc3339(to_ms)));
    draft.section("Alerts");
    alerts(draft, &from, &to).await?;
    draft.section("New errors");
    patterns(draft, (&from, &to), Sort::New).await?;
    draft.section("What is going to happen");
    predictions(draft).await?;
    draft.section("Noisiest");
    patterns(draft, (&from, &to), Sort::Frequent).await?;
    draft.section("Changes");
    let arguments = ChangeArguments {
        from: from.clone(),
        to: to.clone(),
        limit: Some(TOLD_MAX),
        ..ChangeArguments::default()
    };
    match draft.ask::<ListChanges>(&arguments).await? {
        Some(found) if !found.changes.is_empty() => say_changes(draft, &found.changes).await?,
        Some(_) => draft.remark("No change is known of this time.").await?,
        None => {}
    }
    draft.follow_up("What changed?");
    draft.follow_up("What will fill up?");
    draft.follow_up("Is everything ok?");
    Ok(())
}

async fn alerts(
    draft: &mut Draft<'_>,
    from: &Option<String>,
    to: &Option<String>,
) -> Result<(), Stopped> {
    let arguments = AlertArguments {
        from: from.clone(),
        to: to.clone(),
        limit: Some(TOLD_MAX),
        ..AlertArguments::default()
    };
    let Some(found) = draft.ask::<ListAlerts>(&arguments).await? else {
        return Ok(());
    };
    let Some(first) = found.alerts.first() else {
        return draft.remark("No alert fired.").await;
    };
    let text = if found.total == 1 {
        format!("1 alert fired; {} still fire.", found.firing)
    } else {
        format!("{} alerts fired; {} still fire.", found.total, found.firing)
    };
    draft.say(text, [&first.fact]).await?;
    say_alerts(draft, &found.alerts).await?;
    if let Some(worst) = found.alerts.first() {
        draft.follow_up(format!("Why: {}?", inert(&worst.title)));
    }
    Ok(())
}

async fn patterns(
    draft: &mut Draft<'_>,
    (from, to): (&Option<String>, &Option<String>),
    sort: Sort,
) -> Result<(), Stopped> {
    let arguments = PatternArguments {
        severity: (sort == Sort::New).then(|| "error".into()),
        from: from.clone(),
        to: to.clone(),
        sort,
        limit: Some(if sort == Sort::New { TOLD_MAX } else { 3 }),
        ..PatternArguments::default()
    };
    let Some(found) = draft.ask::<LogPatterns>(&arguments).await? else {
        return Ok(());
    };
    if found.patterns.is_empty() {
        let text = if sort == Sort::New {
            "No new kind of error."
        } else {
            "No line came."
        };
        return draft.remark(text).await;
    }
    say_patterns(draft, &found.patterns).await
}

async fn predictions(draft: &mut Draft<'_>) -> Result<(), Stopped> {
    let arguments = ForecastArguments {
        limit: Some(TOLD_MAX),
        ..ForecastArguments::default()
    };
    let Some(found) = draft.ask::<Forecast>(&arguments).await? else {
        return Ok(());
    };
    let mut nothing = true;
    for one in found.predictions.iter().filter(|one| one.is_raised) {
        nothing = false;
        say_prediction(draft, one).await?;
    }
    if nothing {
        draft
            .remark("Nothing is predicted to reach its limit.")
            .await?;
    }
    Ok(())
}
