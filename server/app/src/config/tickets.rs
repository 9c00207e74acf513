//! Tickets: which alerts get one, and which tracker keeps them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_act::{GitHubConfig, HttpConfig, JiraConfig, ServiceNowConfig, TrackerConfig};
use tocsin_domain::ticket::{Thresholds, TicketSettings};

use super::ConfigError;

/// Which tracker keeps tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrackerChoice {
    /// Tocsin itself.
    #[default]
    #[serde(rename = "built_in")]
    BuiltIn,
    /// Jira Cloud.
    Jira,
    /// ServiceNow.
    ServiceNow,
    /// Issues of a repository on GitHub.
    GitHub,
}

/// How sure an alert must be to get a ticket, by its severity: 0 to 1, or 2 for never. What people
/// set in the page takes the place of this.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ThresholdsConfig {
    /// Default 0: whatever is critical gets a ticket.
    pub critical: f64,
    /// Default 0.6.
    pub high: f64,
    /// Default 0.75.
    pub medium: f64,
    /// Default 0.9.
    pub low: f64,
}

impl Default for ThresholdsConfig {
    fn default() -> Self {
        let Thresholds {
            critical,
            high,
            medium,
            low,
        } = Thresholds::default();
        Self {
            critical,
            high,
            medium,
            low,
        }
    }
}

/// Tickets: which alerts get one, and which tracker keeps them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TicketsConfig {
    /// Where tickets are kept: `built_in`, `jira`, `servicenow` or `github`; each but the first has a
    /// section of its own. Default `built_in`: Tocsin itself, so that nothing has to be set up.
    pub tracker: TrackerChoice,
    /// Whether alerts get tickets. Default true. What people set in the page takes the place of this
    /// and of the next two.
    pub enabled: bool,
    /// Whether a ticket is resolved when its alert is over. Default true.
    pub resolves: bool,
    /// Hours after it was resolved within which a ticket is opened again rather than followed by a
    /// new one; 0: it never is. Default 72.
    pub reopen_hours: f64,
    /// Days that decisions and tickets which are resolved are kept. Default 365.
    pub kept_days: u32,
    /// How often a request is tried before it is given up and waits for a person. Default 1000: about
    /// a week, so that a tracker that is away over a weekend loses nothing.
    pub attempts_max: u32,
    /// The most seconds between two attempts; the first wait is one, and it doubles. Default 600.
    pub retry_secs_max: u64,
    /// Milliseconds that a tracker has to answer. Default 10000.
    pub timeout_ms: u64,
    /// A proxy for trackers, such as `http://proxy:3128`. Default none: requests leave directly.
    pub proxy: Option<String>,
    /// How sure an alert must be to get a ticket, by its severity: 0 to 1, or 2 for never. What
    /// people set in the page takes the place of this.
    pub thresholds: ThresholdsConfig,
    /// Tickets in Jira Cloud, if `tracker` is `jira`.
    pub jira: JiraConfig,
    /// Tickets in ServiceNow, if `tracker` is `servicenow`.
    pub servicenow: ServiceNowConfig,
    /// Tickets as issues of a repository on GitHub, if `tracker` is `github`.
    pub github: GitHubConfig,
}

impl Default for TicketsConfig {
    fn default() -> Self {
        let settings = TicketSettings::default();
        Self {
            tracker: TrackerChoice::BuiltIn,
            enabled: settings.is_enabled,
            resolves: settings.resolves,
            reopen_hours: settings.reopen_hours,
            kept_days: 365,
            attempts_max: 1000,
            retry_secs_max: 600,
            timeout_ms: 10_000,
            proxy: None,
            thresholds: ThresholdsConfig::default(),
            jira: JiraConfig::default(),
            servicenow: ServiceNowConfig::default(),
            github: GitHubConfig::default(),
        }
    }
}

impl TicketsConfig {
    /// The settings until people make others.
    #[must_use]
    pub fn settings(&self) -> TicketSettings {
        let ThresholdsConfig {
            critical,
            high,
            medium,
            low,
        } = self.thresholds;
        TicketSettings {
            is_enabled: self.enabled,
            is_paused: false,
            thresholds: Thresholds {
                critical,
                high,
                medium,
                low,
            },
            resolves: self.resolves,
            reopen_hours: self.reopen_hours,
        }
    }

    /// The tracker that is chosen.
    #[must_use]
    pub fn tracker(&self) -> TrackerConfig {
        match self.tracker {
            TrackerChoice::BuiltIn => TrackerConfig::BuiltIn,
            TrackerChoice::Jira => TrackerConfig::Jira(self.jira.clone()),
            TrackerChoice::ServiceNow => TrackerConfig::ServiceNow(self.servicenow.clone()),
            TrackerChoice::GitHub => TrackerConfig::GitHub(self.github.clone()),
        }
    }

    /// How requests to it leave.
    #[must_use]
    pub fn http(&self) -> HttpConfig {
        HttpConfig {
            timeout_ms: self.timeout_ms,
            proxy: self.proxy.clone(),
        }
    }

    /// Whether everything is within its range.
    ///
    /// # Errors
    /// [`ConfigError::Refused`] with the key and what was expected.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |error: tocsin_domain::ticket::SettingsError| {
            let (field, expected) = (error.field, error.expected);
            ConfigError::Refused(format!("`tickets.{field}`: expected {expected}"))
        };
        self.settings().check().map_err(wrong)
    }
}
