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
mod list_automations;
mod list_changes;
mod list_runs;
mod log_patterns;
mod log_values;
mod outlook;
mod propose_remediation;
mod query_metrics;
mod registry;
mod scope;
mod search_logs;
#[cfg(test)]
mod tests;
mod toolbox;
mod value_tally;
mod variables;

pub(crate) use arguments::rfc3339;
pub(crate) use error::ToolError;
pub(crate) use find_root_cause::{Arguments as CauseArguments, FindRootCause};
pub(crate) use find_similar_incidents::{Arguments as SimilarArguments, FindSimilarIncidents};
pub(crate) use forecast::{Arguments as ForecastArguments, Forecast, Forecasts, PredictionFound};
pub(crate) use get_context::{Arguments as ContextArguments, GetContext};
pub(crate) use get_incident::{
    Arguments as IncidentArguments, GetIncident, Happened, IncidentFound, IncidentWhole,
};
pub(crate) use get_runbook::{Arguments as RunbookArguments, GetRunbook, RunbookFound};
pub(crate) use lines::{Line, data};
pub(crate) use list_alerts::{AlertFound, Arguments as AlertArguments, ListAlerts};
pub(crate) use list_anomalies::{AnomalyFound, Arguments as AnomalyArguments, ListAnomalies};
pub(crate) use list_automations::{
    Arguments as AutomationArguments, AutomationFound, ListAutomations,
};
pub(crate) use list_changes::{Arguments as ChangeArguments, ChangeFound, ListChanges};
pub(crate) use list_runs::{Arguments as RunArguments, ListRuns, RunFound};
pub(crate) use log_patterns::{
    Arguments as PatternArguments, LogPatterns, Pattern, Patterns, Sort,
};
pub(crate) use log_values::{Arguments as ValueArguments, CountedValue, LogValues, Values};
pub(crate) use propose_remediation::{Arguments as ProposeArguments, ProposeRemediation};
pub(crate) use query_metrics::{Arguments as MetricArguments, QueryMetrics, SeriesSummary};
pub(crate) use registry::{Called, call, specs};
pub(crate) use search_logs::{Arguments as SearchArguments, Lines, SearchLogs};
pub(crate) use toolbox::{Desk, Found, Tool, Toolbox};
