//! All tools by name: what a model, or another program, may ask.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use tocsin_domain::copilot::Proposal;
use tocsin_domain::ports::{ToolAnswer, ToolSpec};

use super::error::ToolError;
use super::toolbox::{Desk, Tool};
use super::{
    FindRootCause, FindSimilarIncidents, Forecast, GetContext, GetIncident, GetRunbook, ListAlerts,
    ListAnomalies, ListAutomations, ListChanges, ListRuns, LogPatterns, LogValues,
    ProposeRemediation, QueryMetrics, SearchLogs,
};

/// The most bytes of arguments.
const ARGUMENTS_BYTES_MAX: usize = 16 << 10;
/// The most bytes of what a tool found, as JSON.
const JSON_BYTES_MAX: usize = 128 << 10;

/// Calls `$each!(Tool)` for every tool.
macro_rules! each_tool {
    ($each:ident) => {
        $each!(
            SearchLogs,
            GetContext,
            LogPatterns,
            LogValues,
            QueryMetrics,
            ListAnomalies,
            Forecast,
            ListAlerts,
            GetIncident,
            FindSimilarIncidents,
            ListChanges,
            ListRuns,
            ListAutomations,
            GetRunbook,
            ProposeRemediation,
            FindRootCause
        )
    };
}

/// What each tool is for, and the schema of its arguments.
pub(crate) fn specs() -> Vec<ToolSpec> {
    macro_rules! specs {
        ($($tool:ident),*) => { vec![$(spec::<$tool>()),*] };
    }
    each_tool!(specs)
}

fn spec<T: Tool>() -> ToolSpec {
    ToolSpec {
        name: T::NAME.into(),
        description: T::ABOUT.into(),
        parameters_json_schema: schema::<T::Arguments>(),
    }
}

/// The schema as models take it: without references.
fn schema<A: JsonSchema>() -> String {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<A>();
    schema.remove("$schema");
    schema.remove("title");
    schema.remove("description");
    serde_json::to_string(&schema).unwrap_or_else(|_| "{\"type\":\"object\"}".into())
}

/// What came of a call.
pub(crate) struct Called {
    pub(crate) answer: ToolAnswer,
    /// What could be done.
    pub(crate) proposals: Vec<Proposal>,
}

/// Asks a tool by its name.
///
/// # Errors
/// [`ToolError`].
pub(crate) async fn call(
    desk: &mut Desk<'_>,
    name: &str,
    arguments_json: &str,
) -> Result<Called, ToolError> {
    macro_rules! dispatch {
        ($($tool:ident),*) => {
            match name {
                $(<$tool as Tool>::NAME => Box::pin(run::<$tool>(desk, arguments_json)).await,)*
                _ => Err(ToolError::NotFound(format!("there is no tool `{name}`"))),
            }
        };
    }
    each_tool!(dispatch)
}

async fn run<T: Tool>(desk: &mut Desk<'_>, arguments_json: &str) -> Result<Called, ToolError> {
    let arguments: T::Arguments = arguments(arguments_json)?;
    let before = desk.book.facts().len();
    let found = T::ask(desk, &arguments).await?;
    let json = serde_json::to_string(&found.what).unwrap_or_default();
    if json.len() > JSON_BYTES_MAX {
        return Err(ToolError::Invalid(
            "that is more than one answer holds; ask for less with `limit`".into(),
        ));
    }
    let answer = ToolAnswer {
        summary: found.summary,
        facts: desk.book.facts().iter().skip(before).cloned().collect(),
        charts: found.charts,
        json,
    };
    Ok(Called {
        answer,
        proposals: found.proposals,
    })
}

/// Arguments from JSON; a field that is not known is an error that names it.
fn arguments<A: DeserializeOwned>(json: &str) -> Result<A, ToolError> {
    if json.len() > ARGUMENTS_BYTES_MAX {
        return Err(ToolError::Invalid(format!(
            "expected at most {ARGUMENTS_BYTES_MAX} bytes of arguments"
        )));
    }
    let json = if json.trim().is_empty() { "{}" } else { json };
    let wrong = |error: serde_json::Error| ToolError::Invalid(error.to_string());
    let object: serde_json::Map<_, _> = serde_json::from_str(json).map_err(wrong)?;
    serde_json::from_value(object.into()).map_err(wrong)
}
