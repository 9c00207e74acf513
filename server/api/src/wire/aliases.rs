//! The answers of the system that came before, in its own words: an envelope with `success` and
//! `data`, and names in camel case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tocsin_domain::ports::server_status::DataSource;
use tocsin_domain::ports::{AlertCounts, TicketCounts, TrackerHealth};
use tocsin_domain::ticket::{Decision, TicketSettings, TrackerKind};
use utoipa::ToSchema;

use super::alerts::AlertItem;
use super::ticket_decisions::DecisionItem;
use super::ticket_settings::TicketCountsItem;

/// An answer in its envelope.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AliasAnswer<T> {
    /// True: what went wrong is a problem instead.
    pub(crate) success: bool,
    /// What was done; left out where something was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// What was asked.
    pub(crate) data: T,
}

impl<T> AliasAnswer<T> {
    /// The answer to a question.
    pub(crate) fn of(data: T) -> Self {
        Self {
            success: true,
            message: None,
            data,
        }
    }

    /// The answer after something was done.
    pub(crate) fn done(message: impl Into<String>, data: T) -> Self {
        Self {
            message: Some(message.into()),
            ..Self::of(data)
        }
    }
}

/// How it is with Jira, or whichever tracker tickets go to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JiraStatus {
    /// Whether tickets go to Jira.
    pub(crate) configured: bool,
    /// Where in Jira they go; null if they go elsewhere.
    pub(crate) project: Option<String>,
    /// What the tracker said, or what is wrong and what to do.
    pub(crate) message: String,
    /// Where tickets go: built_in, jira, servicenow or github.
    pub(crate) tracker: &'static str,
    /// Whether that tracker answered, and what we may do there is enough.
    pub(crate) healthy: bool,
    /// How many there are.
    pub(crate) counts: TicketCountsItem,
}

impl JiraStatus {
    pub(crate) fn new(health: TrackerHealth, counts: &TicketCounts) -> Self {
        let is_jira = health.kind == TrackerKind::Jira;
        Self {
            configured: is_jira,
            project: is_jira.then_some(health.target),
            message: health.detail,
            tracker: health.kind.name(),
            healthy: health.is_healthy,
            counts: counts.into(),
        }
    }
}

/// What was made of alerts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AutomationStatus {
    /// Whether alerts get tickets.
    pub(crate) enabled: bool,
    /// Decisions that were made; those that wait are not among them.
    pub(crate) total_processed: u64,
    /// Those that opened a ticket.
    pub(crate) tickets_created: u64,
    /// Those that told one something, opened it again or resolved it.
    pub(crate) tickets_updated: u64,
    /// Those to do nothing.
    pub(crate) skipped: u64,
    /// What a tracker could not be told and was given up.
    pub(crate) failed: u64,
    /// The newest decision and its reason; null before the first.
    pub(crate) last_action: Option<String>,
}

impl AutomationStatus {
    pub(crate) fn new(
        settings: TicketSettings,
        counts: &TicketCounts,
        last: Option<&Decision>,
    ) -> Self {
        let [create, update, reopen, resolve, skip, _] = counts.decisions;
        let [.., dead] = counts.tasks;
        let updated = update + reopen + resolve;
        let said = |last: &Decision| {
            let decided = &last.decided;
            format!("{}: {}", decided.action.name(), decided.reason)
        };
        Self {
            enabled: settings.is_enabled,
            total_processed: create + updated + skip,
            tickets_created: create,
            tickets_updated: updated,
            skipped: skip,
            failed: dead,
            last_action: last.map(said),
        }
    }
}

/// What is watched.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WatcherStatus {
    /// Whether what is detected is decided on. Lines are read and kept whether it is or not.
    pub(crate) is_watching: bool,
    /// The files that are read.
    pub(crate) watched_files: Vec<String>,
    /// The alerts that there are.
    pub(crate) total_errors: u64,
    /// When this was asked.
    #[schema(format = DateTime)]
    pub(crate) last_update: String,
    /// More on each file, by its path.
    pub(crate) file_stats: BTreeMap<String, FileStats>,
}

/// A file that is read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileStats {
    /// Its path.
    pub(crate) path: String,
    /// How many of its lines were read.
    pub(crate) last_line_count: u64,
    /// reading, waiting or error.
    pub(crate) status: &'static str,
}

impl WatcherStatus {
    pub(crate) fn new(
        settings: TicketSettings,
        sources: Vec<DataSource>,
        alerts: &AlertCounts,
        last_update: String,
    ) -> Self {
        let files = sources.into_iter().filter(|source| source.kind == "file");
        let stats = files.map(|source| {
            let path = source.name.strip_prefix("file:").unwrap_or(&source.name);
            let stats = FileStats {
                path: path.to_owned(),
                last_line_count: source.records,
                status: source.status.name(),
            };
            (path.to_owned(), stats)
        });
        let file_stats: BTreeMap<String, FileStats> = stats.collect();
        Self {
            is_watching: !settings.is_paused,
            watched_files: file_stats.keys().cloned().collect(),
            total_errors: alerts.statuses.iter().sum(),
            last_update,
            file_stats,
        }
    }
}

/// Whether alerts are to get tickets.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ToggleRequest {
    /// True or false.
    pub(crate) enabled: bool,
}

/// An event of a shop. Without one, or without a type, the samples are taken.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DemoEvent {
    /// error_detected.
    pub(crate) r#type: Option<String>,
    /// What went wrong: a text, or an object with `message` and `severity`.
    #[schema(value_type = Object)]
    pub(crate) error: Value,
    /// Which order.
    pub(crate) order_id: Option<String>,
    /// In which store.
    pub(crate) store_number: Option<String>,
    /// At which till.
    pub(crate) kiosk_number: Option<String>,
    /// When, as RFC 3339 or an epoch. Default: now.
    pub(crate) timestamp: Option<String>,
}

/// A line that stands for an error of a shop.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct DemoLine {
    /// The severity of the line.
    pub(crate) severity: &'static str,
    /// Its text.
    pub(crate) message: &'static str,
}

/// What was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DemoTaken {
    /// The lines that are kept now.
    pub(crate) accepted: usize,
    /// The source under which they are found.
    pub(crate) source: &'static str,
}

/// What goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonitoringSnapshot {
    /// The newest alerts.
    pub(crate) alerts: Vec<AlertItem>,
    /// The newest decisions.
    pub(crate) decisions: Vec<DecisionItem>,
    /// How many tickets, tasks and decisions there are.
    pub(crate) counts: TicketCountsItem,
    /// How many alerts fire.
    pub(crate) firing: u64,
    /// When this was asked.
    #[schema(format = DateTime)]
    pub(crate) at: String,
}
