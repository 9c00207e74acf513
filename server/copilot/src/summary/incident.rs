//! An incident, for those who are told of it.

use std::collections::BTreeMap;

use tocsin_domain::alert::IncidentId;
use tocsin_domain::copilot::RootCauseSubject;

use super::report::say_cause;
use crate::answer::{Draft, Stopped, say_alerts};
use crate::quotes::inert;
use crate::tools::{
    GetIncident, Happened, IncidentArguments, IncidentFound, IncidentWhole, ProposeArguments,
    ProposeRemediation,
};
use crate::words::{moment, span};

/// Alerts that are told.
const ALERTS_TOLD: usize = 5;
/// Names that are told of who suffers.
const NAMES_TOLD: usize = 8;
/// Labels that name who suffers.
const WHO: [&str; 4] = ["service", "service_name", "host", "instance"];
/// What people do, as their events are named.
const BY_PEOPLE: [&str; 7] = [
    "acknowledged",
    "started",
    "assigned",
    "snoozed",
    "escalated",
    "resolved",
    "commented",
];

/// Sums an incident up. False if it is not there.
pub(crate) async fn incident(draft: &mut Draft<'_>, id: IncidentId) -> Result<bool, Stopped> {
    let arguments = IncidentArguments { id: id.to_string() };
    let Some(found) = draft.ask::<GetIncident>(&arguments).await? else {
        return Ok(false);
    };
    let Some(incident) = &found.incident else {
        return Ok(false);
    };
    draft.section("What");
    say_what(draft, incident).await?;
    say_alerts(
        draft,
        found.alerts.get(..ALERTS_TOLD).unwrap_or(&found.alerts),
    )
    .await?;
    draft.section("Impact");
    say_impact(draft, &found).await?;
    draft.section("Cause");
    say_cause(draft, RootCauseSubject::Incident(id)).await?;
    draft.section("Status");
    say_status(draft, incident).await?;
    draft.section("What was done");
    say_done(draft, &found.timeline).await?;
    draft.section("Next");
    let arguments = ProposeArguments {
        incident: Some(id.to_string()),
        ..ProposeArguments::default()
    };
    say_next(draft, &arguments).await?;
    Ok(true)
}

/// What it is, and since when.
pub(super) async fn say_what(draft: &mut Draft<'_>, found: &IncidentFound) -> Result<(), Stopped> {
    let incident = &found.incident;
    let alerts = if incident.alerts == 1 {
        "1 alert".to_owned()
    } else {
        format!("{} alerts", incident.alerts)
    };
    let text = format!(
        "“{}” ({}) began {}; {alerts} belong to it.",
        inert(&found.title),
        found.severity,
        moment(incident.starts_ms)
    );
    let text = text.replace("1 alert belong to it", "1 alert belongs to it");
    draft.say(text, [&found.fact]).await
}

/// Who suffers, by the labels of the alerts.
pub(super) async fn say_impact(
    draft: &mut Draft<'_>,
    found: &IncidentWhole,
) -> Result<(), Stopped> {
    let mut names: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (alert, told) in found.whole.iter().zip(&found.alerts) {
        for label in WHO {
            let name = alert.labels.get(label);
            if !name.is_empty() {
                names
                    .entry(inert(name))
                    .or_default()
                    .push(told.fact.clone());
            }
        }
    }
    if names.is_empty() {
        return draft
            .remark("Its alerts name no service and no host.")
            .await;
    }
    let told: Vec<String> = names
        .keys()
        .take(NAMES_TOLD)
        .map(|name| format!("`{name}`"))
        .collect();
    let facts: Vec<Option<String>> = names.values().take(NAMES_TOLD).flatten().cloned().collect();
    draft
        .say(format!("Affected: {}.", told.join(", ")), &facts)
        .await
}

/// How far it is.
pub(super) async fn say_status(
    draft: &mut Draft<'_>,
    found: &IncidentFound,
) -> Result<(), Stopped> {
    let incident = &found.incident;
    let text = match (
        incident.resolved_ms,
        incident.ends_ms,
        incident.acknowledged_ms,
    ) {
        (Some(at), ..) => format!("It was resolved {}.", moment(at)),
        (None, Some(at), _) => {
            format!("Its last alert ended {}; nobody closed it yet.", moment(at))
        }
        (None, None, Some(at)) => format!("It goes on; it was acknowledged {}.", moment(at)),
        (None, None, None) => "It goes on, and nobody took it up yet.".to_owned(),
    };
    draft.say(text, [&found.fact]).await
}

/// How long it lasted, where it ended.
pub(super) fn lasted(found: &IncidentFound) -> Option<String> {
    let ends = found.incident.ends_ms?;
    Some(span(ends - found.incident.starts_ms))
}

/// What people did.
pub(super) async fn say_done(draft: &mut Draft<'_>, timeline: &[Happened]) -> Result<(), Stopped> {
    let by_people = timeline.iter().filter(|one| BY_PEOPLE.contains(&one.what));
    let mut nothing = true;
    for one in by_people {
        nothing = false;
        say_happened(draft, one).await?;
    }
    if nothing {
        draft
            .remark("Nobody did anything with it here yet.")
            .await?;
    }
    Ok(())
}

/// Says what happened to an alert.
pub(super) async fn say_happened(draft: &mut Draft<'_>, one: &Happened) -> Result<(), Stopped> {
    let detail = one
        .detail
        .as_deref()
        .map_or_else(String::new, |detail| format!(": “{}”", inert(detail)));
    let by = if one.by == "system" {
        String::new()
    } else {
        format!(" by {}", inert(&one.by))
    };
    let text = format!(
        "At {} “{}” was {}{by}{detail}.",
        moment(one.at_ms),
        inert(&one.alert),
        one.what
    );
    let text = text
        .replace("” was started", "” was begun to work on")
        .replace("” was returned", "” returned")
        .replace("” was joined", "” joined the incident")
        .replace("” was flapping", "” began to come and go")
        .replace("” was left", "” left the incident");
    draft.say(text, [&one.fact]).await
}

/// What runbooks say is to be done.
pub(super) async fn say_next(
    draft: &mut Draft<'_>,
    arguments: &ProposeArguments,
) -> Result<(), Stopped> {
    let Some(found) = draft.ask::<ProposeRemediation>(arguments).await? else {
        return Ok(());
    };
    for one in &found.proposals {
        let facts: Vec<Option<String>> = one.facts.iter().cloned().map(Some).collect();
        let text = format!(
            "The runbook for `{}` says what to do; what shows that it helped: {}",
            one.failure_type, one.verify
        );
        draft.say(text, &facts).await?;
    }
    for name in &found.without_runbook {
        draft
            .remark(format!("Nobody wrote a runbook for `{}` yet.", inert(name)))
            .await?;
    }
    if found.proposals.is_empty() && found.without_runbook.is_empty() {
        draft
            .remark("No known type of failure was recognised, so that no runbook fits.")
            .await?;
    }
    Ok(())
}
