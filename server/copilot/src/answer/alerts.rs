//! Which alerts there are.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use crate::quotes::inert;
use crate::tools::{AlertArguments, AlertFound, ListAlerts};
use crate::words::moment;

/// Alerts that are told.
const TOLD_MAX: usize = 8;
/// Words that ask for those that ended as well.
const ENDED: [&str; 6] = ["all", "resolved", "closed", "ended", "past", "were"];

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let lower = asked.question.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let with_ended = asked.has_time() || ENDED.iter().any(|word| words.contains(word));
    let severity = ["critical", "high", "medium", "low"]
        .into_iter()
        .find(|name| words.contains(name));
    let arguments = AlertArguments {
        entities: asked.things(),
        is_firing: (!with_ended).then_some(true),
        severity: severity.map(str::to_owned),
        from: asked.has_time().then(|| asked.from()).flatten(),
        to: asked.has_time().then(|| asked.to()).flatten(),
        limit: Some(TOLD_MAX),
        ..AlertArguments::default()
    };
    let Some(found) = draft.ask::<ListAlerts>(&arguments).await? else {
        return Ok(());
    };
    if found.alerts.is_empty() {
        let text = if with_ended {
            format!("No alert{} {}.", asked.of_things(), asked.span())
        } else {
            format!("No alert{} fires now.", asked.of_things())
        };
        draft.remark(text).await?;
        draft.follow_up("Alerts in the last 7 days");
        draft.follow_up("What will fill up?");
        return Ok(());
    }
    let first = found.alerts.first().map(|one| &one.fact);
    let text = format!(
        "{} found{}, {} of them firing.",
        if found.total == 1 {
            "1 alert was".into()
        } else {
            format!("{} alerts were", found.total)
        },
        asked.of_things(),
        found.firing
    );
    draft.say(text, first).await?;
    say(draft, &found.alerts).await?;
    if let Some(worst) = found.alerts.first() {
        draft.follow_up(format!("Why: {}?", inert(&worst.title)));
    }
    draft.follow_up("What should I do?");
    draft.follow_up("What changed?");
    Ok(())
}

/// Says what alerts say.
pub(crate) async fn say(draft: &mut Draft<'_>, alerts: &[AlertFound]) -> Result<(), Stopped> {
    for alert in alerts {
        let state = if alert.is_firing {
            "fires since"
        } else {
            "began"
        };
        let times = if alert.count == 1 {
            String::new()
        } else {
            format!(", fired {} times", alert.count)
        };
        let text = format!(
            "{}: “{}” {state} {}{times}.",
            super::lines::capital(alert.severity),
            inert(&alert.title),
            moment(alert.starts_ms)
        );
        draft.say(text, [&alert.fact]).await?;
    }
    Ok(())
}
