//! The tools: each reads the stores for one kind of question, and cites what it found.
//!
//! Nothing here writes. Arguments are what their schema says and nothing else; whatever is asked for has a bound;
//! words of log lines are data in what comes back: cut, and without control characters.

mod arguments;
mod error;
mod find_root_cause;
mod find_similar_incidents;
mod forecast;
mod get_context;
mod get_incident;
mod get_runbook;
mod lines;
mod list_alerts;
mod list_anomalies;
mod list_changes;
mod log_patterns;
mod propose_remediation;
mod query_metrics;
mod registry;
mod scope;
mod search_logs;
#[cfg(test)]
mod tests;
mod toolbox;

pub(crate) use error::ToolError;
pub(crate) use find_root_cause::FindRootCause;
pub(crate) use find_similar_incidents::FindSimilarIncidents;
pub(crate) use forecast::Forecast;
pub(crate) use get_context::GetContext;
pub(crate) use get_incident::GetIncident;
pub(crate) use get_runbook::GetRunbook;
pub(crate) use list_alerts::ListAlerts;
pub(crate) use list_anomalies::ListAnomalies;
pub(crate) use list_changes::ListChanges;
pub(crate) use log_patterns::LogPatterns;
pub(crate) use propose_remediation::ProposeRemediation;
pub(crate) use query_metrics::QueryMetrics;
pub(crate) use registry::{call, specs};
pub(crate) use search_logs::SearchLogs;
pub(crate) use toolbox::{Desk, Found, Tool, Toolbox};
