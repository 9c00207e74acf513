//! Incidents, and what people do with them.

use serde::{Deserialize, Serialize};
use tocsin_domain::alert::Incident;
use tocsin_domain::ports::SimilarIncident;
use utoipa::{IntoParams, ToSchema};

use super::alerts::AlertItem;
use super::series::at;

/// Which incidents.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentParams {
    /// Only these, separated by commas: open, acknowledged, resolved.
    pub(crate) status: Option<String>,
    /// How many, 1 to 1000. Default 100.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// One page of incidents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentAnswer {
    /// The incidents, newest first.
    pub(crate) items: Vec<IncidentItem>,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// Alerts that belong together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentItem {
    /// A UUIDv7.
    pub(crate) id: String,
    /// A line that says it all.
    pub(crate) title: String,
    /// True if someone gave the title.
    pub(crate) is_titled: bool,
    /// The worst of its alerts: critical, high, medium or low.
    pub(crate) severity: &'static str,
    /// open, acknowledged or resolved.
    pub(crate) status: &'static str,
    /// When its first alert began.
    #[schema(format = DateTime)]
    pub(crate) starts_at: String,
    /// When its last alert ended; null while one fires.
    #[schema(format = DateTime)]
    pub(crate) ends_at: Option<String>,
    /// When its newest alert joined.
    #[schema(format = DateTime)]
    pub(crate) last_joined_at: String,
    /// When someone first acknowledged it.
    #[schema(format = DateTime)]
    pub(crate) acknowledged_at: Option<String>,
    /// When it was resolved.
    #[schema(format = DateTime)]
    pub(crate) resolved_at: Option<String>,
    /// The id of the alert it began with.
    pub(crate) first: String,
    /// How many alerts it has.
    pub(crate) alert_count: u64,
    /// True if people decide alone what belongs to it.
    pub(crate) is_pinned: bool,
}

/// How many similar incidents.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SimilarParams {
    /// How many, 1 to 50. Default 5.
    #[param(minimum = 1, maximum = 50)]
    pub(crate) limit: Option<usize>,
}

/// Incidents of the past that are like one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimilarIncidentAnswer {
    /// The likest first; empty if none is like it.
    pub(crate) items: Vec<SimilarIncidentItem>,
}

/// An incident of the past that is like another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SimilarIncidentItem {
    /// The one of the past.
    pub(crate) incident: IncidentItem,
    /// How much of what they are about is the same: above 0, at most 1.
    pub(crate) score: f64,
    /// What that is, as a phrase.
    pub(crate) because: String,
}

impl From<SimilarIncident> for SimilarIncidentItem {
    fn from(similar: SimilarIncident) -> Self {
        Self {
            incident: similar.incident.into(),
            score: similar.score,
            because: similar.because,
        }
    }
}

impl From<Incident> for IncidentItem {
    fn from(incident: Incident) -> Self {
        Self {
            id: incident.id.to_string(),
            title: incident.title,
            is_titled: incident.is_titled,
            severity: incident.severity.name(),
            status: incident.status.name(),
            starts_at: at(incident.starts_ms),
            ends_at: incident.ends_ms.map(at),
            last_joined_at: at(incident.last_joined_ms),
            acknowledged_at: incident.acknowledged_ms.map(at),
            resolved_at: incident.resolved_ms.map(at),
            first: incident.first.to_string(),
            alert_count: incident.alerts,
            is_pinned: incident.is_pinned,
        }
    }
}

/// An incident with its alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentDetail {
    /// The incident.
    #[serde(flatten)]
    pub(crate) incident: IncidentItem,
    /// Its alerts, newest first; the newest thousand. The others are at
    /// `/api/v1/alerts?incident=`.
    pub(crate) alerts: Vec<AlertItem>,
}

/// The incident that is the same.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeRequest {
    /// Its id: its alerts come here.
    pub(crate) incident: String,
}

/// Which alerts.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertIdsRequest {
    /// Their ids, 1 to 1000.
    pub(crate) alerts: Vec<String>,
}

/// Who decides what belongs to an incident.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PinRequest {
    /// True: people alone. Default true.
    pub(crate) pinned: bool,
}

impl Default for PinRequest {
    fn default() -> Self {
        Self { pinned: true }
    }
}

/// What an incident is called.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TitleRequest {
    /// 1 to 200 characters.
    pub(crate) title: String,
}
