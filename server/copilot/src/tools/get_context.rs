//! `get_context`: the lines around a line.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tocsin_domain::{RecordId, TemplateId};

use super::arguments::id;
use super::error::ToolError;
use super::lines::{Line, line};
use super::toolbox::{Desk, Found, Tool};

/// The most lines to either side.
const LINES_MAX: usize = 20;

/// The lines around a line.
pub(crate) struct GetContext;

/// Which line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The id of the line.
    pub(crate) record: String,
    /// Lines before it: up to 20. Default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<usize>,
    /// Lines after it: up to 20. Default 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Around {
    pub(crate) before: Vec<Line>,
    pub(crate) line: Line,
    pub(crate) after: Vec<Line>,
    #[serde(skip)]
    pub(crate) template: TemplateId,
}

#[async_trait]
impl Tool for GetContext {
    const NAME: &'static str = "get_context";
    const ABOUT: &'static str = "Gives the lines before and after a log line, in its own source.";
    type Arguments = Arguments;
    type Found = Around;

    async fn ask(desk: &mut Desk<'_>, given: &Arguments) -> Result<Found<Around>, ToolError> {
        let record: RecordId = id("record", &given.record)?;
        let reach = |name: &str, count: Option<usize>| match count {
            None => Ok(5),
            Some(count) if count <= LINES_MAX => Ok(count),
            Some(_) => Err(ToolError::Invalid(format!(
                "`{name}`: expected 0 to {LINES_MAX}"
            ))),
        };
        let (before, after) = (reach("before", given.before)?, reach("after", given.after)?);
        let found = desk.tools.parts.logs.context(record, before, after).await?;
        let Some(found) = found else {
            return Err(ToolError::NotFound("there is no such line".into()));
        };
        let own = line(&found.line, desk.book);
        let around = Around {
            before: found
                .before
                .iter()
                .map(|one| line(one, desk.book))
                .collect(),
            line: own,
            after: found.after.iter().map(|one| line(one, desk.book)).collect(),
            template: found.line.template,
        };
        let summary = format!(
            "{} lines around it",
            around.before.len() + around.after.len()
        );
        Ok(Found::new(summary, around))
    }
}
