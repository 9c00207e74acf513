//! An alert: what, since when, why, and what to do.

use tocsin_domain::alert::AlertId;
use tocsin_domain::copilot::RootCauseSubject;

use super::incident::{say_done, say_next};
use super::report::say_cause;
use crate::answer::{Draft, Stopped, say_alerts};
use crate::quotes::inert;
use crate::tools::{GetIncident, IncidentArguments, ProposeArguments};
use crate::words::moment;

/// Sums an alert up. False if it is not there.
pub(crate) async fn alert(draft: &mut Draft<'_>, id: AlertId) -> Result<bool, Stopped> {
    let arguments = IncidentArguments { id: id.to_string() };
    let Some(found) = draft.ask::<GetIncident>(&arguments).await? else {
        return Ok(false);
    };
    let (Some(alert), Some(told)) = (found.whole.first(), found.alerts.first()) else {
        return Ok(false);
    };
    draft.section("What");
    say_alerts(draft, &found.alerts).await?;
    for name in ["summary", "description"] {
        let text = alert.annotations.get(name);
        if !text.is_empty() {
            draft
                .say(
                    format!("Its rule says: “{}”.", inert(text)),
                    [&told.annotated],
                )
                .await?;
        }
    }
    if let Some(ends) = alert.ends_ms {
        draft
            .say(format!("It ended {}.", moment(ends)), [&told.fact])
            .await?;
    }
    if let Some(failure_type) = &alert.failure_type {
        let text = format!(
            "It speaks of a known type of failure: `{}`.",
            inert(failure_type)
        );
        draft.say(text, [&told.fact]).await?;
    }
    if let Some(incident) = &found.incident {
        let text = format!("It belongs to the incident “{}”.", inert(&incident.title));
        draft.say(text, [&incident.fact]).await?;
    }
    draft.section("Cause");
    say_cause(draft, RootCauseSubject::Alert(id)).await?;
    draft.section("What was done");
    say_done(draft, &found.timeline).await?;
    draft.section("Next");
    let arguments = ProposeArguments {
        alert: Some(id.to_string()),
        ..ProposeArguments::default()
    };
    say_next(draft, &arguments).await?;
    Ok(true)
}
