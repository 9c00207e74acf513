//! How trackers are reached, and what a ticket looks like in each.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::alert::AlertSeverity;

use crate::trackers::ConfigSecret;

/// A word for each severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JiraPriorities {
    /// Default Highest.
    pub critical: String,
    /// Default High.
    pub high: String,
    /// Default Medium.
    pub medium: String,
    /// Default Low.
    pub low: String,
}

impl Default for JiraPriorities {
    fn default() -> Self {
        let [critical, high, medium, low] = ["Highest", "High", "Medium", "Low"].map(String::from);
        Self {
            critical,
            high,
            medium,
            low,
        }
    }
}

impl JiraPriorities {
    pub(super) fn of(&self, severity: AlertSeverity) -> &str {
        match severity {
            AlertSeverity::Critical => &self.critical,
            AlertSeverity::High => &self.high,
            AlertSeverity::Medium => &self.medium,
            AlertSeverity::Low => &self.low,
        }
    }
}

/// Tickets in Jira Cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JiraConfig {
    /// Address of the site, such as `https://example.atlassian.net`. Default none: Jira is not used.
    pub url: String,
    /// E-mail address of the account that opens tickets.
    pub email: String,
    /// An API token of that account.
    pub api_token: ConfigSecret,
    /// A file with the token, in place of `api_token`.
    pub api_token_file: Option<PathBuf>,
    /// Key of the project that tickets go to, such as `OPS`.
    pub project: String,
    /// Type of the issues that are opened. Default Bug.
    pub issue_type: String,
    /// Labels of every ticket, beside those by which it is found. Default tocsin.
    pub labels: Vec<String>,
    /// Component of every ticket. Default none.
    pub component: Option<String>,
    /// Which priority a severity has; an empty name leaves it to Jira.
    pub priorities: JiraPriorities,
    /// Status of a ticket that is resolved. Default none: the first that counts as done.
    pub resolve_status: Option<String>,
    /// Status of a ticket that is opened again. Default none: the first that does not count as done.
    pub reopen_status: Option<String>,
    /// Resolution of a ticket that is resolved, where the workflow asks for one. Default Done.
    pub resolution: String,
    /// Seconds after which an issue is surely found by a search. Default 60: Jira's index lags.
    pub lag_secs: u64,
}

impl Default for JiraConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            email: String::new(),
            api_token: ConfigSecret::default(),
            api_token_file: None,
            project: String::new(),
            issue_type: "Bug".into(),
            labels: vec!["tocsin".into()],
            component: None,
            priorities: JiraPriorities::default(),
            resolve_status: None,
            reopen_status: None,
            resolution: "Done".into(),
            lag_secs: 60,
        }
    }
}

impl JiraConfig {
    /// Whether it is to be used.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.url.is_empty()
    }
}

/// The level of a severity.
pub(super) const fn level([critical, high, medium, low]: [u8; 4], severity: AlertSeverity) -> u8 {
    match severity {
        AlertSeverity::Critical => critical,
        AlertSeverity::High => high,
        AlertSeverity::Medium => medium,
        AlertSeverity::Low => low,
    }
}

/// Tickets in ServiceNow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceNowConfig {
    /// Address of the instance, such as `https://example.service-now.com`. Default none: ServiceNow
    /// is not used.
    pub url: String,
    /// Account that opens tickets; needs the role `itil` or one that may write the table.
    pub user: String,
    /// Its password.
    pub password: ConfigSecret,
    /// A file with the password, in place of `password`.
    pub password_file: Option<PathBuf>,
    /// An OAuth token, in place of user and password.
    pub token: ConfigSecret,
    /// A file with the token, in place of `token`.
    pub token_file: Option<PathBuf>,
    /// Table that tickets go to. Default incident.
    pub table: String,
    /// Who calls: the `sys_id` of a user. Default none.
    pub caller: Option<String>,
    /// Who works on it: the `sys_id` of a group. Default none: ServiceNow assigns it.
    pub assignment_group: Option<String>,
    /// Impact of critical, high, medium and low, each from 1 (high) to 3 (low); with urgency it makes
    /// the priority. Default 1, 2, 2, 3.
    pub impact: [u8; 4],
    /// Urgency of critical, high, medium and low, each from 1 (high) to 3 (low). Default 1, 1, 2, 2.
    pub urgency: [u8; 4],
    /// Close code of a ticket that is resolved. Default Solution provided; it was
    /// `Solved (Permanently)` in old releases.
    pub close_code: String,
    /// State of a ticket that is resolved. Default 6.
    pub resolved_state: i32,
    /// State of a ticket that is opened again. Default 2.
    pub reopen_state: i32,
    /// Seconds after which a record is surely found. Default 60: ServiceNow may work on a request
    /// for so long after we gave up on it.
    pub lag_secs: u64,
}

impl Default for ServiceNowConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            user: String::new(),
            password: ConfigSecret::default(),
            password_file: None,
            token: ConfigSecret::default(),
            token_file: None,
            table: "incident".into(),
            caller: None,
            assignment_group: None,
            impact: [1, 2, 2, 3],
            urgency: [1, 1, 2, 2],
            close_code: "Solution provided".into(),
            resolved_state: 6,
            reopen_state: 2,
            lag_secs: 60,
        }
    }
}

impl ServiceNowConfig {
    /// Whether it is to be used.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.url.is_empty()
    }
}

/// A label for each severity; an empty one is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GitHubSeverityLabels {
    /// Default `severity: critical`.
    pub critical: String,
    /// Default `severity: high`.
    pub high: String,
    /// Default `severity: medium`.
    pub medium: String,
    /// Default `severity: low`.
    pub low: String,
}

impl Default for GitHubSeverityLabels {
    fn default() -> Self {
        let label = |severity: AlertSeverity| format!("severity: {}", severity.name());
        Self {
            critical: label(AlertSeverity::Critical),
            high: label(AlertSeverity::High),
            medium: label(AlertSeverity::Medium),
            low: label(AlertSeverity::Low),
        }
    }
}

impl GitHubSeverityLabels {
    pub(super) fn of(&self, severity: AlertSeverity) -> &str {
        match severity {
            AlertSeverity::Critical => &self.critical,
            AlertSeverity::High => &self.high,
            AlertSeverity::Medium => &self.medium,
            AlertSeverity::Low => &self.low,
        }
    }
}

/// Tickets as issues of a repository on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GitHubConfig {
    /// Address of the API; that of GitHub Enterprise ends in `/api/v3`. Default https://api.github.com.
    pub url: String,
    /// The repository, such as `example/shop`. Default none: GitHub is not used.
    pub repository: String,
    /// A token that may read and write issues of the repository.
    pub token: ConfigSecret,
    /// A file with the token, in place of `token`.
    pub token_file: Option<PathBuf>,
    /// Labels of every ticket. Default tocsin. By the first of them tickets are found again, so it
    /// should not be changed or taken off.
    pub labels: Vec<String>,
    /// Label of a severity.
    pub severity_labels: GitHubSeverityLabels,
    /// Seconds after which an issue is surely listed. Default 20: GitHub gives up on a request
    /// after 10.
    pub lag_secs: u64,
}

impl Default for GitHubConfig {
    fn default() -> Self {
        Self {
            url: "https://api.github.com".into(),
            repository: String::new(),
            token: ConfigSecret::default(),
            token_file: None,
            labels: vec!["tocsin".into()],
            severity_labels: GitHubSeverityLabels::default(),
            lag_secs: 20,
        }
    }
}

impl GitHubConfig {
    /// Whether it is to be used.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.repository.is_empty()
    }
}
