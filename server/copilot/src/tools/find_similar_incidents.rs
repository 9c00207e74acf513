//! `find_similar_incidents`: what was like it before.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::{Evidence, IncidentId};
use tocsin_domain::copilot::RootCauseSubject;

use super::arguments::{id, limit, rfc3339};
use super::error::ToolError;
use super::lines::data;
use super::toolbox::{Desk, Found, Tool};
use crate::words::{moment, percent, span};

/// The most incidents of an answer.
const INCIDENTS_MAX: usize = 10;

/// What was like it before.
pub(crate) struct FindSimilarIncidents;

/// Like which one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The id of the incident.
    pub(crate) incident: String,
    /// How many: 1 to 10. Default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
}

/// An incident of the past.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SimilarFound {
    /// The fact; none if the answer cites as many as it may.
    pub(crate) fact: Option<String>,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) score: f64,
    pub(crate) because: String,
    pub(crate) starts: String,
    /// The entity that someone confirmed as its cause.
    pub(crate) confirmed_cause: Option<String>,
    #[serde(skip)]
    pub(crate) starts_ms: i64,
}

/// What was found, the likest first.
#[derive(Debug, Serialize)]
pub(crate) struct Similar {
    pub(crate) incidents: Vec<SimilarFound>,
}

#[async_trait]
impl Tool for FindSimilarIncidents {
    const NAME: &'static str = "find_similar_incidents";
    const ABOUT: &'static str = "Finds incidents of the past that are like an incident, and what caused them if that is known.";
    type Arguments = Arguments;
    type Found = Similar;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Similar>, ToolError> {
        let incident: IncidentId = id("incident", &given.incident)?;
        let limit = limit(given.limit, 5, INCIDENTS_MAX)?;
        let parts = desk.tools.parts.clone();
        let Some(found) = parts.desk.similar_incidents(incident, limit).await? else {
            return Err(ToolError::NotFound(format!(
                "there is no incident `{incident}`"
            )));
        };
        let mut incidents = Vec::new();
        for one in found {
            let subject = RootCauseSubject::Incident(one.incident.id);
            let reports = parts.root_causes.root_causes(subject, 5).await?;
            let confirmed = reports.into_iter().find_map(|report| report.confirmed);
            let (title, because) = (data(&one.incident.title), data(&one.because));
            let lasted = one.incident.ends_ms.map_or_else(
                || "goes on".to_owned(),
                |ends| format!("lasted {}", span(ends - one.incident.starts_ms)),
            );
            let cause = confirmed.as_deref().map_or_else(String::new, |name| {
                format!("; its cause was confirmed: {}", data(name))
            });
            let text = format!(
                "Incident: {title}; began {}, {lasted}; {} alike ({because}){cause}",
                moment(one.incident.starts_ms),
                percent(one.score),
            );
            let evidence = Evidence::Incident {
                id: one.incident.id,
                title: title.clone(),
            };
            incidents.push(SimilarFound {
                fact: desk
                    .book
                    .cite(evidence, Some(one.incident.starts_ms), &text),
                id: one.incident.id.to_string(),
                title,
                score: one.score,
                because,
                starts: rfc3339(one.incident.starts_ms),
                confirmed_cause: confirmed,
                starts_ms: one.incident.starts_ms,
            });
        }
        let summary = format!("{} incidents", incidents.len());
        Ok(Found::new(summary, Similar { incidents }))
    }
}
