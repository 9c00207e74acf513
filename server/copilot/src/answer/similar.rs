//! What was like it before.

use super::asked::Asked;
use super::draft::{Draft, Stopped};
use crate::quotes::inert;
use crate::tools::{AlertArguments, FindSimilarIncidents, ListAlerts, SimilarArguments};
use crate::words::moment;

pub(super) async fn answer(draft: &mut Draft<'_>, asked: Asked<'_>) -> Result<(), Stopped> {
    let Some(incident) = incident(draft, asked).await? else {
        let text = format!(
            "There is no incident{} to compare with; open one, or an alert that belongs to one.",
            asked.of_things()
        );
        return draft.remark(text).await;
    };
    let arguments = SimilarArguments {
        incident,
        limit: Some(5),
    };
    let Some(found) = draft.ask::<FindSimilarIncidents>(&arguments).await? else {
        return Ok(());
    };
    if found.incidents.is_empty() {
        return draft
            .remark("No incident of the past is like it: this has not happened before as far as is kept.")
            .await;
    }
    for one in &found.incidents {
        let cause = one
            .confirmed_cause
            .as_deref()
            .map_or_else(String::new, |name| {
                format!("; its cause was confirmed: `{}`", inert(name))
            });
        let text = format!(
            "“{}” of {} is alike, because of {}{cause}.",
            inert(&one.title),
            moment(one.starts_ms),
            inert(&one.because)
        );
        draft.say(text, [&one.fact]).await?;
    }
    draft.follow_up("What caused it?");
    draft.follow_up("What should I do?");
    Ok(())
}

/// The incident of the page, or the one of the newest alert that is meant.
pub(super) async fn incident(
    draft: &mut Draft<'_>,
    asked: Asked<'_>,
) -> Result<Option<String>, Stopped> {
    if let Some(page) = asked.page {
        if let Some(incident) = page.incident {
            return Ok(Some(incident.to_string()));
        }
        if let Some(alert) = page.alert {
            let found = draft.tools.parts.alerts.alert(alert).await;
            return Ok(found
                .ok()
                .flatten()
                .and_then(|alert| alert.incident)
                .map(|id| id.to_string()));
        }
    }
    let arguments = AlertArguments {
        entities: asked.things(),
        from: asked.has_time().then(|| asked.from()).flatten(),
        to: asked.has_time().then(|| asked.to()).flatten(),
        limit: Some(10),
        ..AlertArguments::default()
    };
    let found = draft.ask::<ListAlerts>(&arguments).await?;
    let alerts = found.map_or_else(Vec::new, |found| found.alerts);
    Ok(alerts.into_iter().find_map(|alert| alert.incident))
}
