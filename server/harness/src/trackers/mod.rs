//! Doubles of trackers of issues: strict where their vendors are, and made to fail on demand. Tests
//! hold each against its vendor's own client, so that it is not only our idea of it.

mod adf;
mod github;
mod jira;
mod jira_fields;
mod jira_issue;
mod servicenow;
mod servicenow_changes;

pub use crate::web::{Mood, Reply, Request};
pub use github::{GitHubDouble, GitHubIssue, GitHubSettings};
pub use jira::{JiraDouble, JiraIssue, JiraSettings};
pub use servicenow::{ServiceNowDouble, ServiceNowRecord, ServiceNowSettings};
