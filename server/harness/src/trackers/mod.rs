//! Doubles of trackers of issues: strict where their vendors are, and made to fail on demand. Tests
//! hold each against its vendor's own client, so that it is not only our idea of it.

mod adf;
mod jira;
mod jira_fields;
mod web;

pub use jira::{JiraDouble, JiraIssue, JiraSettings};
pub use web::{Mood, Reply, Request};
