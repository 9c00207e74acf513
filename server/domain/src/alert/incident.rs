//! Incidents: alerts that belong together.

use super::id::{AlertId, IncidentId};
use super::lifecycle::{AlertSeverity, named};

named! {
    /// How far people are with an incident.
    IncidentStatus {
        /// Nobody took it up.
        Open = "open",
        /// Someone works on it.
        Acknowledged = "acknowledged",
        /// All its alerts ended, or someone said that it is done.
        Resolved = "resolved",
    }
}

/// Alerts that belong together. Which ones they are stands on the alerts.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Who it is.
    pub id: IncidentId,
    /// A line that says it all: that of its first and worst alert unless someone gave another.
    pub title: String,
    /// True if someone gave the title.
    pub is_titled: bool,
    /// The worst of its alerts.
    pub severity: AlertSeverity,
    /// How far people are with it.
    pub status: IncidentStatus,
    /// When its first alert began, in ms.
    pub starts_ms: i64,
    /// When its last alert ended, in ms; none while one fires.
    pub ends_ms: Option<i64>,
    /// When its newest alert joined, in ms.
    pub last_joined_ms: i64,
    /// When someone first acknowledged it, in ms.
    pub acknowledged_ms: Option<i64>,
    /// When it was resolved, in ms.
    pub resolved_ms: Option<i64>,
    /// The alert it began with.
    pub first: AlertId,
    /// How many alerts it has.
    pub alerts: u64,
    /// True if people decide alone what belongs to it: nothing is joined by itself.
    pub is_pinned: bool,
}
