//! The trackers: each opens, changes and finds tickets by its own API. A file each.

mod adf;
mod config;
pub(crate) mod github;
pub(crate) mod jira;
mod markdown;
pub(crate) mod servicenow;
mod text;
mod transitions;
mod wire;

pub(crate) use config::secret;
pub use config::{ConfigSecret, GitHubConfig, JiraConfig, JiraPriorities, ServiceNowConfig};
pub use config::{GitHubSeverityLabels, TrackerConfigError};

#[cfg(test)]
mod tests;
