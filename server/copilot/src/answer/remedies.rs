//! What can be done about an alert: by rules that people wrote, each with the place where a person proposes it.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use crate::quotes::inert;
use crate::tools::{
    AlertArguments, AutomationArguments, AutomationFound, ListAlerts, ListAutomations,
    ProposeArguments, ProposeRemediation,
};

/// Alerts that are looked at if none is open on the page.
const ALERTS_MAX: usize = 3;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let open = asked.page.and_then(|page| page.alert);
    let alerts = match open {
        Some(id) => vec![id.to_string()],
        None => firing(draft, asked).await?,
    };
    if alerts.is_empty() {
        let text = format!(
            "No alert{} fires now: there is nothing to do.",
            asked.of_things()
        );
        draft.remark(text).await?;
        draft.follow_up("What will fill up?");
        return Ok(());
    }
    let mut is_any = false;
    for alert in &alerts {
        is_any |= of_alert(draft, alert).await?;
    }
    if !is_any {
        draft
            .remark("No rule of automation matches; runbooks may say what to do.")
            .await?;
    }
    draft
        .remark(
            "Nothing was proposed or begun by asking: a person does that, and people approve it.",
        )
        .await?;
    draft.follow_up("What should I do?");
    draft.follow_up("Which runs wait for approval?");
    Ok(())
}

/// The alerts that fire, the worst first.
async fn firing(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<Vec<String>, Stopped> {
    let arguments = AlertArguments {
        entities: asked.things(),
        is_firing: Some(true),
        limit: Some(ALERTS_MAX),
        ..AlertArguments::default()
    };
    let found = draft.ask::<ListAlerts>(&arguments).await?;
    let alerts = found.map_or_else(Vec::new, |found| found.alerts);
    Ok(alerts.into_iter().map(|one| one.id).collect())
}

/// Says which rules match an alert; true if there are any.
async fn of_alert(draft: &mut Draft<'_>, alert: &str) -> Result<bool, Stopped> {
    let arguments = AutomationArguments {
        alert: alert.to_owned(),
        limit: Some(5),
    };
    let Some(found) = draft.ask::<ListAutomations>(&arguments).await? else {
        return Ok(false);
    };
    for one in &found.automations {
        say(draft, &found.alert, (one, &found.alert_fact)).await?;
    }
    // What people wrote down for it, beside.
    let runbooks = ProposeArguments {
        alert: Some(alert.to_owned()),
        ..ProposeArguments::default()
    };
    draft.ask::<ProposeRemediation>(&runbooks).await?;
    Ok(!found.automations.is_empty())
}

async fn say(
    draft: &mut Draft<'_>,
    title: &str,
    (one, alert): (&AutomationFound, &Option<String>),
) -> Result<(), Stopped> {
    let rule = inert(&one.rule);
    let text = match (&one.action, &one.problem) {
        (Some(action), None) => format!(
            "About “{}” automation `{rule}` would do “{}”: {} risk, {}.",
            inert(title),
            inert(action),
            one.risk,
            inert(&one.approval)
        ),
        (_, problem) => {
            let why = problem.as_deref().unwrap_or("its values cannot be made");
            format!(
                "Automation `{rule}` matches and cannot be done: {}.",
                inert(why)
            )
        }
    };
    draft.say(text, [&one.fact, alert]).await?;
    let state = match (one.is_enabled, one.is_dry_run) {
        (false, _) => "It is switched off, so it proposes nothing by itself",
        (true, true) => "It is a dry run: it only plans",
        (true, false) => "It proposes by itself what it may",
    };
    let text = format!("{state}; a person can propose it at {}", one.link);
    draft.say(text, [&one.fact]).await
}
