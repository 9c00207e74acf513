//! The trackers: each opens, changes and finds tickets by its own API. A file each.

mod config;
pub(crate) mod github;
pub(crate) mod jira;
pub(crate) mod servicenow;

pub use config::{
    GitHubConfig, GitHubSeverityLabels, JiraConfig, JiraPriorities, ServiceNowConfig,
};

pub use crate::trackers::{ConfigSecret, TrackerConfigError};

#[cfg(test)]
mod tests;
