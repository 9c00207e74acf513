//! `get_incident`: an incident or an alert, whole.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{
    Alert, AlertEvent, AlertEventKind, AlertId, Evidence, Incident, IncidentId,
};
use tocsin_domain::ports::AlertFilter;

use super::arguments::{id, rfc3339};
use super::error::ToolError;
use super::lines::data;
use super::list_alerts::{AlertFound, cited};
use super::toolbox::{Desk, Found, Tool};
use crate::facts::FactBook;
use crate::words::{moment, span};

/// The most alerts of an incident that are told.
const ALERTS_MAX: usize = 20;
/// The most events of an alert that are told.
const EVENTS_MAX: usize = 30;
/// The most events of all alerts together.
const TIMELINE_MAX: usize = 40;

/// An incident or an alert, whole.
pub(crate) struct GetIncident;

/// Which one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The id of an incident, or of an alert.
    pub(crate) id: String,
}

/// The incident.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IncidentFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) severity: &'static str,
    pub(crate) status: &'static str,
    pub(crate) starts: String,
    pub(crate) ends: Option<String>,
    pub(crate) alerts: u64,
    /// The fact of how long it lasted.
    #[serde(skip)]
    pub(crate) lasted: Option<String>,
    #[serde(skip)]
    pub(crate) incident: Incident,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Happened {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) at: String,
    pub(crate) alert: String,
    pub(crate) what: &'static str,
    pub(crate) by: String,
    pub(crate) detail: Option<String>,
    #[serde(skip)]
    pub(crate) at_ms: i64,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct IncidentWhole {
    /// None where an alert was asked for that belongs to none.
    pub(crate) incident: Option<IncidentFound>,
    /// Its alerts, or the alert.
    pub(crate) alerts: Vec<AlertFound>,
    /// What happened to them, in order.
    pub(crate) timeline: Vec<Happened>,
    #[serde(skip)]
    pub(crate) whole: Vec<Alert>,
}

#[async_trait]
impl Tool for GetIncident {
    const NAME: &'static str = "get_incident";
    const ABOUT: &'static str =
        "Gives an incident with its alerts and what happened to them, or a single alert, by id.";
    type Arguments = Arguments;
    type Found = IncidentWhole;

    async fn ask(
        desk: &mut Desk<'_>,
        given: &Arguments,
    ) -> Result<Found<IncidentWhole>, ToolError> {
        let uuid: IncidentId = id("id", &given.id)?;
        let alerts = desk.tools.parts.alerts.clone();
        if let Some(incident) = alerts.incident(uuid).await? {
            let filter = AlertFilter {
                incident: Some(uuid),
                ..AlertFilter::default()
            };
            let mut own = alerts.alerts(&filter, None, ALERTS_MAX).await?;
            own.sort_by_key(|one| (one.starts_ms, one.id));
            return whole(desk, Some(incident), own).await;
        }
        let Some(alert) = alerts.alert(AlertId(uuid.0)).await? else {
            return Err(ToolError::NotFound(format!(
                "there is no incident and no alert `{uuid}`"
            )));
        };
        let incident = match alert.incident {
            Some(id) => alerts.incident(id).await?,
            None => None,
        };
        whole(desk, incident, vec![alert]).await
    }
}

async fn whole(
    desk: &mut Desk<'_>,
    incident: Option<Incident>,
    own: Vec<Alert>,
) -> Result<Found<IncidentWhole>, ToolError> {
    let mut events: Vec<AlertEvent> = Vec::new();
    for alert in &own {
        events.extend(
            desk.tools
                .parts
                .alerts
                .events_of(alert.id, EVENTS_MAX)
                .await?,
        );
    }
    events.sort_by_key(|event| (event.at_ms, event.seq));
    let timeline = events
        .iter()
        .filter(|event| !matches!(event.kind, AlertEventKind::Repeated))
        .take(TIMELINE_MAX)
        .map(|event| happened(event, &own, desk.book))
        .collect();
    let incident = incident.map(|one| cited_incident(one, desk.book));
    let alerts: Vec<AlertFound> = own.iter().map(|one| cited(one, desk.book)).collect();
    let summary = match &incident {
        Some(incident) => format!("incident of {} alerts", incident.alerts),
        None => "an alert of no incident".to_owned(),
    };
    Ok(Found::new(
        summary,
        IncidentWhole {
            incident,
            alerts,
            timeline,
            whole: own,
        },
    ))
}

/// An incident, cited.
pub(super) fn cited_incident(one: Incident, book: &mut FactBook) -> IncidentFound {
    let title = data(&one.title);
    let until = one.ends_ms.map_or_else(
        || "goes on".to_owned(),
        |ms| format!("ended {}", moment(ms)),
    );
    let acknowledged = one.acknowledged_ms.map_or_else(
        || "not acknowledged".to_owned(),
        |ms| format!("acknowledged {}", moment(ms)),
    );
    let resolved = one
        .resolved_ms
        .map_or_else(String::new, |ms| format!(", resolved {}", moment(ms)));
    let text = format!(
        "Incident ({}, {}): {title}; {} alerts; began {}, {until}; {acknowledged}{resolved}",
        one.severity.name(),
        one.status.name(),
        one.alerts,
        moment(one.starts_ms),
    );
    let evidence = Evidence::Incident {
        id: one.id,
        title: title.clone(),
    };
    let lasted = one.ends_ms.and_then(|ends| {
        let text = format!("{title} lasted {}", span(ends - one.starts_ms));
        book.cite(evidence.clone(), Some(ends), &text)
    });
    IncidentFound {
        lasted,
        fact: book.cite(evidence, Some(one.starts_ms), &text),
        id: one.id.to_string(),
        title,
        severity: one.severity.name(),
        status: one.status.name(),
        starts: rfc3339(one.starts_ms),
        ends: one.ends_ms.map(rfc3339),
        alerts: one.alerts,
        incident: one,
    }
}

fn happened(event: &AlertEvent, own: &[Alert], book: &mut FactBook) -> Happened {
    let alert = own.iter().find(|alert| alert.id == event.alert);
    let detail = match &event.kind {
        AlertEventKind::Assigned(who) => Some(who.clone().unwrap_or_else(|| "nobody".into())),
        AlertEventKind::Escalated { from, to } => {
            Some(format!("from {} to {}", from.name(), to.name()))
        }
        AlertEventKind::Commented(text) => Some(text.clone()),
        AlertEventKind::Joined { because, .. } => Some(because.clone()),
        _ => None,
    };
    let title = alert.map_or_else(|| event.alert.to_string(), |alert| data(&alert.title));
    let (by, detail) = (data(&event.actor), detail.as_deref().map(data));
    let said = detail
        .as_deref()
        .map_or_else(String::new, |detail| format!(": {detail}"));
    let text = format!(
        "{} {} by {by}{said} (alert: {title})",
        moment(event.at_ms),
        event.kind.name()
    );
    let evidence = Evidence::Alert {
        id: event.alert,
        title: title.clone(),
    };
    Happened {
        fact: book.cite(evidence, Some(event.at_ms), &text),
        at: rfc3339(event.at_ms),
        alert: title,
        what: event.kind.name(),
        by,
        detail,
        at_ms: event.at_ms,
    }
}
