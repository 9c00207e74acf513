//! The trackers: each opens, changes and finds tickets by its own API. A file each.

mod adf;
mod config;
mod jira;
mod text;
mod transitions;
mod wire;

pub use config::{ConfigSecret, GitHubConfig, JiraConfig, JiraPriorities, ServiceNowConfig};
pub use config::{GitHubSeverityLabels, TrackerConfigError};
pub(crate) use jira::Jira;

#[cfg(test)]
mod tests;
