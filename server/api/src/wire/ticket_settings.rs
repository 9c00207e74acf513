//! How tickets are decided on, and how that goes.

use serde::{Deserialize, Serialize};
use tocsin_domain::ports::{TicketCounts, TrackerHealth};
use tocsin_domain::ticket::{Thresholds, TicketSettings};
use utoipa::ToSchema;

use crate::errors::ApiError;

/// How tickets are decided on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketSettingsForm {
    /// Whether alerts get tickets. While they do not, what happens is decided as `skip`.
    pub(crate) enabled: bool,
    /// Whether deciding waits. What happens meanwhile is decided on once it goes on.
    pub(crate) paused: bool,
    /// How sure an alert must be.
    pub(crate) thresholds: ThresholdsForm,
    /// Whether a ticket is resolved when its alert is over.
    pub(crate) resolves: bool,
    /// Within how many hours after it was resolved a ticket is opened again rather than followed
    /// by a new one: 0 to 8760.
    pub(crate) reopen_hours: f64,
}

/// How sure an alert must be to get a ticket, by its severity: 0 to 1, or 2 for never.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThresholdsForm {
    /// Default 0: whatever is critical gets one.
    pub(crate) critical: f64,
    /// Default 0.6.
    pub(crate) high: f64,
    /// Default 0.75.
    pub(crate) medium: f64,
    /// Default 0.9.
    pub(crate) low: f64,
}

impl From<TicketSettings> for TicketSettingsForm {
    fn from(settings: TicketSettings) -> Self {
        let Thresholds {
            critical,
            high,
            medium,
            low,
        } = settings.thresholds;
        Self {
            enabled: settings.is_enabled,
            paused: settings.is_paused,
            thresholds: ThresholdsForm {
                critical,
                high,
                medium,
                low,
            },
            resolves: settings.resolves,
            reopen_hours: settings.reopen_hours,
        }
    }
}

impl TicketSettingsForm {
    pub(crate) fn read(&self) -> Result<TicketSettings, ApiError> {
        let ThresholdsForm {
            critical,
            high,
            medium,
            low,
        } = self.thresholds;
        let settings = TicketSettings {
            is_enabled: self.enabled,
            is_paused: self.paused,
            thresholds: Thresholds {
                critical,
                high,
                medium,
                low,
            },
            resolves: self.resolves,
            reopen_hours: self.reopen_hours,
        };
        let wrong = |error: tocsin_domain::ticket::SettingsError| {
            ApiError::field(error.field, error.expected, error.to_string())
        };
        settings.check().map_err(wrong)?;
        Ok(settings)
    }
}

/// How it goes with tickets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketStatusAnswer {
    /// The tracker that new tickets go to, and how it is.
    pub(crate) tracker: TrackerItem,
    /// How many there are.
    pub(crate) counts: TicketCountsItem,
    /// The settings in force.
    pub(crate) settings: TicketSettingsForm,
}

/// How a tracker is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackerItem {
    /// built_in, jira, servicenow or github.
    pub(crate) kind: &'static str,
    /// Where tickets go: a project, a table, a repository.
    pub(crate) target: String,
    /// Whether it answered, and what we may do there is enough.
    pub(crate) is_healthy: bool,
    /// What it said, or what is wrong and what to do.
    pub(crate) detail: String,
    /// How long it took to answer, in ms.
    pub(crate) took_ms: u64,
}

impl From<&TrackerHealth> for TrackerItem {
    fn from(health: &TrackerHealth) -> Self {
        Self {
            kind: health.kind.name(),
            target: health.target.clone(),
            is_healthy: health.is_healthy,
            detail: health.detail.clone(),
            took_ms: health.took_ms,
        }
    }
}

/// How many there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketCountsItem {
    /// Tickets that are open.
    pub(crate) open: u64,
    /// Tickets that are resolved.
    pub(crate) resolved: u64,
    /// What the tracker was or is to be told.
    pub(crate) tasks: TaskCountsItem,
    /// What was decided.
    pub(crate) decisions: DecisionCountsItem,
}

/// How many tasks there are by state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskCountsItem {
    /// To be done.
    pub(crate) pending: u64,
    /// The tracker has them.
    pub(crate) done: u64,
    /// Needless.
    pub(crate) skipped: u64,
    /// Given up; each can be tried again by hand.
    pub(crate) dead: u64,
}

/// How many decisions there are by what was decided.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionCountsItem {
    /// A ticket was opened.
    pub(crate) create: u64,
    /// An open one was told what is new.
    pub(crate) update: u64,
    /// A resolved one was opened again.
    pub(crate) reopen: u64,
    /// One was resolved.
    pub(crate) resolve: u64,
    /// Nothing was done.
    pub(crate) skip: u64,
    /// It is decided later.
    pub(crate) hold: u64,
}

impl From<&TicketCounts> for TicketCountsItem {
    fn from(counts: &TicketCounts) -> Self {
        let [pending, done, skipped, dead] = counts.tasks;
        let [create, update, reopen, resolve, skip, hold] = counts.decisions;
        Self {
            open: counts.open,
            resolved: counts.resolved,
            tasks: TaskCountsItem {
                pending,
                done,
                skipped,
                dead,
            },
            decisions: DecisionCountsItem {
                create,
                update,
                reopen,
                resolve,
                skip,
                hold,
            },
        }
    }
}
